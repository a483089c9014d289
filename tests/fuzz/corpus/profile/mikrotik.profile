# MIKROTIK-MIB; RouterOS and SwOS. Tenths of a degree and of a volt, thousandths of a dBm.
# Systems of today have a table of gauges instead, with the unit beside: 1 degrees, 3 tenths
# of a volt.
device 1.3.6.1.4.1.14988 MikroTik
temp_c       1.3.6.1.4.1.14988.1.1.3.10     highest x0.1 from=-400 to=1500
temp_c       1.3.6.1.4.1.14988.1.1.3.11     highest x0.1 from=-400 to=1500
temp_c       1.3.6.1.4.1.14988.1.1.3.100.1.3 highest with=4:1 from=1 to=150
voltage_v    1.3.6.1.4.1.14988.1.1.3.8      first x0.1 from=1
voltage_v    1.3.6.1.4.1.14988.1.1.3.100.1.3 first x0.1 with=4:3 from=1
rx_power_dbm 1.3.6.1.4.1.14988.1.1.19.1.1.10 port x0.001 from=-60000 to=20000 not=0   # 0: no module
mem_used     1.3.6.1.2.1.25.2.3.1.6         first at=65536
mem_total    1.3.6.1.2.1.25.2.3.1.5         first at=65536
