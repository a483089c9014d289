# HH3C-ENTITY-EXT-MIB, and the number of before 2007; parts without a sensor say 65535.
device 1.3.6.1.4.1.25506 H3C
cpu_pct      1.3.6.1.4.1.25506.2.6.1.1.1.1.6   highest from=1 to=100
cpu_pct      1.3.6.1.4.1.2011.10.2.6.1.1.1.1.6 highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.25506.2.6.1.1.1.1.8   highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2011.10.2.6.1.1.1.1.8 highest from=1 to=100
temp_c       1.3.6.1.4.1.25506.2.6.1.1.1.1.12  highest from=1 to=150
temp_c       1.3.6.1.4.1.2011.10.2.6.1.1.1.1.12 highest from=1 to=150
