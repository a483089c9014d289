# JUNIPER-MIB, JUNIPER-DOM-MIB; parts without a sensor say 0. Modules of several lanes tell
# their power by lane. The SRX's packet processors have a table of their own.
device 1.3.6.1.4.1.2636 Juniper
cpu_pct      1.3.6.1.4.1.2636.3.1.13.1.8      highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2636.3.1.13.1.11     highest from=1 to=100
temp_c       1.3.6.1.4.1.2636.3.1.13.1.7      highest from=1 to=150
cpu_pct      1.3.6.1.4.1.2636.3.39.1.12.1.1.1.4 highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.2636.3.39.1.12.1.1.1.5 highest from=1 to=100
rx_power_dbm 1.3.6.1.4.1.2636.3.60.1.1.1.1.5  port x0.01 from=-6000 to=3000 not=0
rx_power_dbm 1.3.6.1.4.1.2636.3.60.1.2.1.1.6  port x0.01 from=-6000 to=3000 not=0
