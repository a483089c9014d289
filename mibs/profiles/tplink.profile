# TPLINK-SYSMONITOR-MIB: a row a unit of a stack
device 1.3.6.1.4.1.11863 TP-Link
cpu_pct      1.3.6.1.4.1.11863.6.4.1.1.1.1.3 highest from=0 to=100   # of one minute
mem_used_pct 1.3.6.1.4.1.11863.6.4.1.2.1.1.2 highest from=1 to=100
