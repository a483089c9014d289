# AGENT-GENERAL-MIB, EQUIPMENT-MIB
device 1.3.6.1.4.1.171 D-Link
cpu_pct 1.3.6.1.4.1.171.12.1.1.6.2      first from=0 to=100   # of one minute
temp_c  1.3.6.1.4.1.171.12.11.1.8.1.2   highest from=1 to=150
cpu_pct 1.3.6.1.4.1.171.12.1.1.6.3      first from=0 to=100
mem_used_pct 1.3.6.1.4.1.171.12.1.1.9.1.4 highest from=1 to=100
