# WLSX-SYSTEMEXT-MIB, -SWITCH-MIB of the controllers, AI-AP-MIB of the Instant access points,
# which speak for all of their cluster
device 1.3.6.1.4.1.14823 Aruba
cpu_pct   1.3.6.1.4.1.14823.2.2.1.2.1.13.1.3  average from=0 to=100
cpu_pct   1.3.6.1.4.1.14823.2.3.3.1.2.1.1.7   highest from=0 to=100
mem_total 1.3.6.1.4.1.14823.2.2.1.1.1.11.1.2  first from=1
mem_free  1.3.6.1.4.1.14823.2.2.1.1.1.11.1.4  first
mem_total 1.3.6.1.4.1.14823.2.3.3.1.2.1.1.10  sum   from=1
mem_free  1.3.6.1.4.1.14823.2.3.3.1.2.1.1.8   sum
temp_c    1.3.6.1.4.1.14823.2.2.1.2.1.10      first text from=1 to=150
