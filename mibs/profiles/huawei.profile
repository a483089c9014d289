# HUAWEI-ENTITY-EXTENT-MIB; parts without a processor say 0, absent sensors 2147483647.
device 1.3.6.1.4.1.2011 Huawei VRP
cpu_pct      1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5  highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.7  highest from=1 to=100
temp_c       1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11 highest from=1 to=150
cpu_pct      1.3.6.1.4.1.2011.6.3.4.1.2          highest from=0 to=100
