# UCD-SNMP-MIB, LM-SENSORS-MIB: net-snmp on Linux, OpenWrt
device 1.3.6.1.4.1.8072.3.2.10 net-snmp on Linux
cpu_pct   1.3.6.1.4.1.2021.11.11        first x-1 +100 from=0 to=100   # what is not idle
mem_total 1.3.6.1.4.1.2021.4.5          first from=1
mem_free  1.3.6.1.4.1.2021.4.6          first
temp_c    1.3.6.1.4.1.2021.13.16.2.1.3  highest x0.001 from=1 to=150000
