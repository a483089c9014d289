# airMAX, airFiber, airFiber 60, UniFi of before, under the number of FROGFOOT-RESOURCES-MIB
device 1.3.6.1.4.1.10002.1 Ubiquiti airOS
cpu_pct   1.3.6.1.4.1.41112.1.4.8.3   first x0.01 from=0 to=10000   # hundredths
temp_c    1.3.6.1.4.1.41112.1.4.8.4   first from=1 to=150
temp_c    1.3.6.1.4.1.41112.1.4.8.4   first x0.0000001 from=10000000 to=1500000000   # airOS 8.7.4
mem_total   1.3.6.1.4.1.10002.1.1.1.1.1 first from=1
mem_free    1.3.6.1.4.1.10002.1.1.1.1.2 first
mem_buffers 1.3.6.1.4.1.10002.1.1.1.1.3 first from=0
mem_cached  1.3.6.1.4.1.10002.1.1.1.1.4 first from=0
temp_c    1.3.6.1.4.1.41112.1.3.2.1.8   highest from=1 to=150   # airFiber: radio 0, radio 1
temp_c    1.3.6.1.4.1.41112.1.3.2.1.10  highest from=1 to=150
cpu_pct   1.3.6.1.4.1.41112.1.11.1.2.6  first from=0 to=100     # UI-AF60-MIB
