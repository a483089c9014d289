# TPLINK-SYSMONITOR-MIB: a row a unit of a stack; TPLINK-DDMSTATUS-MIB: a text in milliwatts
device 1.3.6.1.4.1.11863 TP-Link
cpu_pct      1.3.6.1.4.1.11863.6.4.1.1.1.1.3 highest from=0 to=100   # of one minute
cpu_pct      1.3.6.1.4.1.11863.6.4.1.1.1.1.2 highest from=0 to=100   # of five seconds
mem_used_pct 1.3.6.1.4.1.11863.6.4.1.2.1.1.2 highest from=1 to=100
rx_power_dbm 1.3.6.1.4.1.11863.6.96.1.7.1.1.6 port text mw from=-60 to=100
