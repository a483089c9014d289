# UCD-SNMP-MIB (its memory is among the standard's rows), LM-SENSORS-MIB: net-snmp on Linux,
# OpenWrt
device 1.3.6.1.4.1.8072.3.2.10 net-snmp on Linux
cpu_pct   1.3.6.1.4.1.2021.11.11        first x-1 +100 from=0 to=100   # what is not idle
temp_c    1.3.6.1.4.1.2021.13.16.2.1.3  highest x0.001 from=1 to=150000 not=100000   # what a virtual machine says
# under the same number: UniFi (FROGFOOT-RESOURCES-MIB), Huawei UPS (HUAWEI-UPS-MIB)
mem_total   1.3.6.1.4.1.10002.1.1.1.1.1 first from=1
mem_free    1.3.6.1.4.1.10002.1.1.1.1.2 first
mem_buffers 1.3.6.1.4.1.10002.1.1.1.1.3 first from=0
mem_cached  1.3.6.1.4.1.10002.1.1.1.1.4 first from=0
on_battery 1.3.6.1.4.1.2011.6.174.1.2.101.1.1 first is=4 from=2 to=4
charge_pct 1.3.6.1.4.1.2011.6.174.1.6.100.1.3 first from=0 to=100
runtime_s  1.3.6.1.4.1.2011.6.174.1.6.100.1.4 first from=0
input_v    1.3.6.1.4.1.2011.6.174.1.3.100.1.1 highest x0.1 from=0 to=5000
