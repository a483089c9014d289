# EdgeRouter (net-snmp), airMAX
device 1.3.6.1.4.1.41112 Ubiquiti
cpu_pct   1.3.6.1.4.1.2021.11.11 first x-1 +100 from=0 to=100
mem_total 1.3.6.1.4.1.2021.4.5   first from=1
mem_free  1.3.6.1.4.1.2021.4.6   first
cpu_pct   1.3.6.1.4.1.41112.1.4.8.3   first from=0 to=100
temp_c    1.3.6.1.4.1.41112.1.4.8.4   first from=1 to=150
mem_total 1.3.6.1.4.1.10002.1.1.1.1.1 first from=1
mem_free  1.3.6.1.4.1.10002.1.1.1.1.2 first
