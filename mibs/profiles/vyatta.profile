# Vyatta, VyOS: net-snmp under a number of its own
device 1.3.6.1.4.1.30803 Vyatta
cpu_pct   1.3.6.1.4.1.2021.11.11 first x-1 +100 from=0 to=100
