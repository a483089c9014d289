# MG-SNMP-UPS-MIB: UPSs of MGE, of Eaton and of APC with its cards; tenths of a volt. The
# cards of Eaton have XUPS-MIB and UPS-MIB, too.
device 1.3.6.1.4.1.705 MGE UPS
on_battery 1.3.6.1.4.1.705.1.7.3     first is=1 from=1 to=2    # upsmgOutputOnBattery yes(1)
charge_pct 1.3.6.1.4.1.705.1.5.2     first from=0 to=100
runtime_s  1.3.6.1.4.1.705.1.5.1     first from=0 to=65534
input_v    1.3.6.1.4.1.705.1.6.2.1.2 highest x0.1 from=0 to=10000
temp_c     1.3.6.1.4.1.705.1.5.7     first from=1 to=120
