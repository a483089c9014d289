# NMS-PROCESS-MIB and its neighbours; NMS-CHASSIS where it lacks them. A module that is not
# there receives -65535. An ONU is a port, and tells in tenths what it receives.
device 1.3.6.1.4.1.3320 BDCOM
cpu_pct      1.3.6.1.4.1.3320.9.109.1.1.1.1.5 highest from=0 to=100   # of five minutes
cpu_pct      1.3.6.1.4.1.3320.3.6.10.1.11     highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.3320.9.48.1          first from=1 to=100
mem_used_pct 1.3.6.1.4.1.3320.3.6.10.1.12     highest from=1 to=100
temp_c       1.3.6.1.4.1.3320.9.181.1.1.7     highest from=1 to=150
temp_c       1.3.6.1.4.1.3320.3.6.10.1.13     highest from=1 to=150
rx_power_dbm 1.3.6.1.4.1.3320.9.63.1.7.1.3    port x0.01 from=-6000 to=2000
rx_power_dbm 1.3.6.1.4.1.3320.101.10.5.1.5    port x0.1 from=-600 to=200 not=0   # EPON
rx_power_dbm 1.3.6.1.4.1.3320.10.3.4.1.2      port x0.1 from=-600 to=200 not=0   # GPON
