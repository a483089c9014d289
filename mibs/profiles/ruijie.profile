# RUIJIE-PROCESS-MIB, -MEMORY-MIB, -SYSTEM-MIB
device 1.3.6.1.4.1.4881 Ruijie
cpu_pct      1.3.6.1.4.1.4881.1.1.10.2.36.1.1.2   first from=0 to=100   # of one minute
mem_used_pct 1.3.6.1.4.1.4881.1.1.10.2.35.1.1.1.3 highest from=1 to=100
temp_c       1.3.6.1.4.1.4881.1.1.10.2.1.1.16     first from=1 to=150
