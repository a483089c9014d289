# PPC-MIB, and EPPC-MIB of later cards: Phoenixtec, Voltronic and those that sell them. Tenths of a volt and of a
# degree; UPS-MIB, where it is there, has what is not here. 0 seconds are not known; -1 is not measured.
device 1.3.6.1.4.1.935 Phoenixtec UPS
on_battery 1.3.6.1.4.1.935.1.1.1.4.1.1 first is=3 from=2        # onBattery(3), 1 unknown
charge_pct 1.3.6.1.4.1.935.1.1.1.2.2.1 first from=0 to=100
runtime_s  1.3.6.1.4.1.935.1.1.1.2.2.4 first from=1
input_v    1.3.6.1.4.1.935.1.1.1.3.2.1 first x0.1 from=0 to=10000
temp_c     1.3.6.1.4.1.935.1.1.1.2.2.3 first x0.1 from=1 to=1200
on_battery 1.3.6.1.4.1.935.10.1.1.2.1      first is=5 from=2 to=12  # battery(5), 6 is its test, 13 other
charge_pct 1.3.6.1.4.1.935.10.1.1.3.4      first from=0 to=100
runtime_s  1.3.6.1.4.1.935.10.1.1.3.3      first x60 from=0         # minutes
input_v    1.3.6.1.4.1.935.10.1.1.2.16.1.3 highest x0.1 from=0 to=10000
temp_c     1.3.6.1.4.1.935.10.1.1.3.8      first x0.1 from=1 to=1200
temp_c     1.3.6.1.4.1.935.10.1.1.2.2      first x0.1 from=1 to=1200
