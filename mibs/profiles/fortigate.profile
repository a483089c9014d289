# FORTINET-FORTIGATE-MIB
device 1.3.6.1.4.1.12356.101 FortiGate
cpu_pct      1.3.6.1.4.1.12356.101.4.1.3     first from=0 to=100
cpu_pct      1.3.6.1.4.1.12356.101.4.4.2.1.2 average from=0 to=100   # by processor
mem_used_pct 1.3.6.1.4.1.12356.101.4.1.4     first from=0 to=100
# One table has temperatures, voltages and fans as text, under names of every kind; only
# temperatures are from 20 to 100.
temp_c       1.3.6.1.4.1.12356.101.4.3.2.1.3 highest text from=20 to=100
