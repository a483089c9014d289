# VyOS of today
device 1.3.6.1.4.1.44641 VyOS
cpu_pct   1.3.6.1.4.1.2021.11.11 first x-1 +100 from=0 to=100
mem_total   1.3.6.1.4.1.2021.4.5   first from=1
mem_free    1.3.6.1.4.1.2021.4.6   first
mem_buffers 1.3.6.1.4.1.2021.4.14  first from=0
mem_cached  1.3.6.1.4.1.2021.4.15  first from=0
