# What IETF MIBs say, for every device: HOST-RESOURCES and UPS-MIB (RFC 2790, RFC 1628); and
# UCD-SNMP-MIB, which much that runs Linux has under whatever number it calls itself.
device 1 Standard MIBs
cpu_pct    1.3.6.1.2.1.25.3.3.1.2   average from=0 to=100
on_battery 1.3.6.1.2.1.33.1.4.1     first is=5 from=2     # upsOutputSource battery(5), 1 other
charge_pct 1.3.6.1.2.1.33.1.2.4     first from=0 to=100
runtime_s  1.3.6.1.2.1.33.1.2.3     first x60 from=0      # minutes
input_v    1.3.6.1.2.1.33.1.3.3.1.3 highest from=0 to=1000
input_v    1.3.6.1.2.1.33.1.3.3.1.3 highest x0.1 from=1001 to=9999   # some say tenths
temp_c     1.3.6.1.2.1.33.1.2.7     first from=1 to=120   # 0: no sensor
cpu_pct     1.3.6.1.4.1.2021.11.11  first x-1 +100 from=0 to=100
mem_total   1.3.6.1.4.1.2021.4.5    first from=1
mem_free    1.3.6.1.4.1.2021.4.6    first
mem_buffers 1.3.6.1.4.1.2021.4.14   first from=0
mem_cached  1.3.6.1.4.1.2021.4.15   first from=0
