# RUIJIE-PROCESS-MIB, -MEMORY-MIB, -SYSTEM-MIB, -FIBER-MIB. No light is -10000.
device 1.3.6.1.4.1.4881 Ruijie
cpu_pct      1.3.6.1.4.1.4881.1.1.10.2.36.1.1.2     first from=0 to=100   # of one minute
cpu_pct      1.3.6.1.4.1.4881.1.1.10.2.36.1.2.1.4   highest from=0 to=100 # by node
cpu_pct      1.3.6.1.4.1.4881.1.1.10.2.36.1.2.1.5   highest from=0 to=100 # of five minutes
mem_used_pct 1.3.6.1.4.1.4881.1.1.10.2.35.1.1.1.3   highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.4881.1.1.10.2.35.1.2.1.3   highest from=1 to=100
mem_total    1.3.6.1.4.1.4881.1.1.10.2.35.1.1.1.6   first from=1
mem_used     1.3.6.1.4.1.4881.1.1.10.2.35.1.1.1.7   first
temp_c       1.3.6.1.4.1.4881.1.1.10.2.1.1.16       first from=1 to=150
temp_c       1.3.6.1.4.1.4881.1.1.10.2.1.1.44.1.5   highest from=1 to=150
temp_c       1.3.6.1.4.1.4881.1.1.10.2.1.1.23.1.3   highest from=1 to=150
rx_power_dbm 1.3.6.1.4.1.4881.1.1.10.2.105.1.1.1.76 port x0.01 from=-6000 to=2000 not=0
