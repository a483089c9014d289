# ZTE C300, C320, C600: a row a card, in the tables of today and those of before. Optical power is
# in thousandths; a port without a module says less than -60000 or a very large number. The C600 says
# 0 of every card there, and tells of its processors in the table of the routers.
device 1.3.6.1.4.1.3902.1082 ZTE OLT
cpu_pct      1.3.6.1.4.1.3902.1082.10.1.2.4.1.9    highest from=1 to=100
cpu_pct      1.3.6.1.4.1.3902.3.6002.2.1.1.8       highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.3902.1082.10.1.2.4.1.11   highest from=1 to=100
temp_c       1.3.6.1.4.1.3902.1082.10.10.2.1.6.1.2 highest from=1 to=150
cpu_pct      1.3.6.1.4.1.3902.1015.2.1.1.3.1.9     highest from=0 to=100
cpu_pct      1.3.6.1.4.1.3902.1082.10.1.2.4.1.9    highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.3902.1015.2.1.1.3.1.11    highest from=1 to=100
temp_c       1.3.6.1.4.1.3902.1015.2.1.3.2         first from=1 to=150
rx_power_dbm 1.3.6.1.4.1.3902.1082.30.40.2.4.1.2   port x0.001 from=-60000 to=20000 not=0
rx_power_dbm 1.3.6.1.4.1.3902.1015.3.1.13.1.1      port x0.001 from=-60000 to=20000 not=0
