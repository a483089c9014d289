# HH3C-ENTITY-EXT-MIB, HH3C-TRANSCEIVER-INFO-MIB, and their number of before 2007; also HPE
# with Comware. Parts without a sensor say 65535, ports without a module 2147483647; modules of
# several lanes tell their power by lane.
device 1.3.6.1.4.1.25506 H3C
cpu_pct      1.3.6.1.4.1.25506.2.6.1.1.1.1.6   highest from=1 to=100
cpu_pct      1.3.6.1.4.1.2011.10.2.6.1.1.1.1.6 highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.25506.2.6.1.1.1.1.8   highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2011.10.2.6.1.1.1.1.8 highest from=1 to=100
temp_c       1.3.6.1.4.1.25506.2.6.1.1.1.1.12  highest from=1 to=150
temp_c       1.3.6.1.4.1.2011.10.2.6.1.1.1.1.12 highest from=1 to=150
rx_power_dbm 1.3.6.1.4.1.25506.2.70.1.1.1.12   port x0.01 from=-6000 to=2000
rx_power_dbm 1.3.6.1.4.1.2011.10.2.70.1.1.1.12 port x0.01 from=-6000 to=2000
rx_power_dbm 1.3.6.1.4.1.25506.2.70.1.2.1.3    port x0.01 from=-6000 to=2000
