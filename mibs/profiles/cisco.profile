# CISCO-PROCESS-MIB, -MEMORY-POOL-MIB, -ENHANCED-MEMPOOL-MIB, -ENVMON-MIB: IOS and IOS-XE;
# OLD-CISCO-CPU-MIB of IOS before 12.
device 1.3.6.1.4.1.9 Cisco
cpu_pct   1.3.6.1.4.1.9.9.109.1.1.1.1.8  highest from=0 to=100
cpu_pct   1.3.6.1.4.1.9.9.109.1.1.1.1.5  highest from=0 to=100
mem_used  1.3.6.1.4.1.9.9.48.1.1.1.5     first at=1
mem_free  1.3.6.1.4.1.9.9.48.1.1.1.6     first at=1
mem_used  1.3.6.1.4.1.9.9.109.1.1.1.1.12 sum
mem_free  1.3.6.1.4.1.9.9.109.1.1.1.1.13 sum
temp_c    1.3.6.1.4.1.9.9.13.1.3.1.3     highest from=1 to=150
cpu_pct   1.3.6.1.4.1.9.9.109.1.1.1.1.7  highest from=0 to=100
cpu_pct   1.3.6.1.4.1.9.2.1.58           first from=0 to=100
mem_used  1.3.6.1.4.1.9.9.221.1.1.1.1.18 first
mem_free  1.3.6.1.4.1.9.9.221.1.1.1.1.20 first
mem_used  1.3.6.1.4.1.9.9.221.1.1.1.1.7  first
mem_free  1.3.6.1.4.1.9.9.221.1.1.1.1.8  first
