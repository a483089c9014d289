# CISCO-PROCESS-MIB, -MEMORY-POOL-MIB, -ENHANCED-MEMPOOL-MIB, -ENVMON-MIB: IOS and IOS-XE;
# OLD-CISCO-CPU-MIB of IOS before 12; CISCO-SYSTEM-EXT-MIB of NX-OS; AIRESPACE-SWITCHING-MIB of controllers.
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
cpu_pct   1.3.6.1.4.1.9.9.305.1.1.1      first from=0 to=100
mem_used_pct 1.3.6.1.4.1.9.9.305.1.1.2   first from=1 to=100
cpu_pct   1.3.6.1.4.1.14179.1.1.5.1      first from=0 to=100
mem_total 1.3.6.1.4.1.14179.1.1.5.2      first from=1
mem_free  1.3.6.1.4.1.14179.1.1.5.3      first
# CISCOSB-rndMng, -HWENVIROMENT, -Physicaldescription-MIB, -PHY-MIB: the switches for small business, those
# of them that count as Catalyst (1200, 1300, Express), too. 101 is "not measured"; a small number
# of degrees is a state, as the SG300 has it.
cpu_pct   1.3.6.1.4.1.9.6.1.101.1.8         first from=0 to=100   # of one minute
temp_c    1.3.6.1.4.1.9.6.1.101.53.15.1.10  highest from=5 to=150
temp_c    1.3.6.1.4.1.9.6.1.101.83.5.1.1.2  highest from=1 to=150
rx_power_dbm 1.3.6.1.4.1.9.6.1.101.90.1.2.1.3 port at=9 x0.001 from=-60000 to=20000 not=0   # rlPhyTestTableRxOpticalPower
