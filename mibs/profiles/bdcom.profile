# NMS-PROCESS-MIB and its neighbours
device 1.3.6.1.4.1.3320 BDCOM
cpu_pct      1.3.6.1.4.1.3320.9.109.1.1.1.1.5 highest from=0 to=100   # of five minutes
mem_used_pct 1.3.6.1.4.1.3320.9.48.1          first from=1 to=100
temp_c       1.3.6.1.4.1.3320.9.181.1.1.7     highest from=1 to=150
