# HUAWEI-ENTITY-EXTENT-MIB; parts without a processor say 0, absent sensors 2147483647. Its
# optical modules are read with the entities' sensors. What lacks it: HUAWEI-CPU-MIB,
# HUAWEI-MEMORY-MIB of small routers, the boards of OLTs (HUAWEI-DEVICE-MIB), HUAWEI-UPS-MIB.
device 1.3.6.1.4.1.2011 Huawei VRP
cpu_pct      1.3.6.1.4.1.2011.5.25.31.1.1.1.1.5  highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2011.5.25.31.1.1.1.1.7  highest from=1 to=100
temp_c       1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11 highest from=1 to=150
temp_c       1.3.6.1.4.1.2011.5.25.31.1.1.8.1.6  highest from=1 to=150
cpu_pct      1.3.6.1.4.1.2011.6.3.4.1.2          highest from=0 to=100
mem_total    1.3.6.1.4.1.2011.6.3.5.1.1.2        sum
mem_free     1.3.6.1.4.1.2011.6.3.5.1.1.3        sum
cpu_pct      1.3.6.1.4.1.2011.2.6.7.1.1.2.1.5    highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.2011.2.6.7.1.1.2.1.6    highest from=1 to=100
temp_c       1.3.6.1.4.1.2011.2.6.7.1.1.2.1.10   highest from=1 to=150
on_battery   1.3.6.1.4.1.2011.6.174.1.2.101.1.1  first is=4 from=2 to=4
charge_pct   1.3.6.1.4.1.2011.6.174.1.6.100.1.3  first from=0 to=100
runtime_s    1.3.6.1.4.1.2011.6.174.1.6.100.1.4  first from=0
input_v      1.3.6.1.4.1.2011.6.174.1.3.100.1.1  highest x0.1 from=0 to=5000
