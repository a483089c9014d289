# PowerNet-MIB: UPSs of APC by Schneider Electric. Time is in hundredths of a second; what a
# model does not measure is -1. Tenths, where it has them, are the finer ones.
device 1.3.6.1.4.1.318 APC
on_battery 1.3.6.1.4.1.318.1.1.1.4.1.1 first is=3 from=2        # upsBasicOutputStatus onBattery(3), 1 unknown
charge_pct 1.3.6.1.4.1.318.1.1.1.2.3.1 first x0.1 from=0 to=1000
charge_pct 1.3.6.1.4.1.318.1.1.1.2.2.1 first from=0 to=100
runtime_s  1.3.6.1.4.1.318.1.1.1.2.2.3 first x0.01 from=0
input_v    1.3.6.1.4.1.318.1.1.1.3.3.1 first x0.1 from=0 to=10000
input_v    1.3.6.1.4.1.318.1.1.1.3.2.1 first from=0 to=1000
input_v    1.3.6.1.4.1.318.1.1.1.9.2.3.1.3 highest from=0 to=1000   # of three phases
temp_c     1.3.6.1.4.1.318.1.1.1.2.3.2 first x0.1 from=1 to=1200
temp_c     1.3.6.1.4.1.318.1.1.1.2.2.2 first from=1 to=120
