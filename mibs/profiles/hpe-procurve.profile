# HP-SWITCH-MIB, STATISTICS-MIB, HP-ICF-TRANSCEIVER-MIB: ProCurve and ArubaOS-Switch. No light
# is -99999999.
device 1.3.6.1.4.1.11 HPE ProCurve
cpu_pct   1.3.6.1.4.1.11.2.14.11.5.1.9.6.1       first from=0 to=100
cpu_pct   1.3.6.1.4.1.11.2.1.9                   first from=0 to=100   # Instant On
mem_total 1.3.6.1.4.1.11.2.14.11.5.1.1.2.2.1.1.5 sum
mem_free  1.3.6.1.4.1.11.2.14.11.5.1.1.2.2.1.1.6 sum
mem_total 1.3.6.1.4.1.11.2.14.11.5.1.1.2.1.1.1.5 sum
mem_free  1.3.6.1.4.1.11.2.14.11.5.1.1.2.1.1.1.6 sum
temp_c    1.3.6.1.4.1.11.2.14.11.1.2.8.1.1.3     highest text from=1 to=150   # "28C"
rx_power_dbm 1.3.6.1.4.1.11.2.14.11.5.1.82.1.1.1.1.15 port x0.001 from=-60000 to=20000
