# FORTINET-FORTISWITCH-MIB
device 1.3.6.1.4.1.12356.106 FortiSwitch
cpu_pct   1.3.6.1.4.1.12356.106.4.1.2 first from=0 to=100
mem_used  1.3.6.1.4.1.12356.106.4.1.3 first from=1
mem_total 1.3.6.1.4.1.12356.106.4.1.4 first from=1
