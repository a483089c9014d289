# PowerNet-MIB: UPSs of APC by Schneider Electric. Time is in hundredths of a second.
device 1.3.6.1.4.1.318 APC
on_battery 1.3.6.1.4.1.318.1.1.1.4.1.1 first is=3        # upsBasicOutputStatus onBattery(3)
charge_pct 1.3.6.1.4.1.318.1.1.1.2.3.1 first x0.1 from=0 to=1000
charge_pct 1.3.6.1.4.1.318.1.1.1.2.2.1 first from=0 to=100
runtime_s  1.3.6.1.4.1.318.1.1.1.2.2.3 first x0.01
input_v    1.3.6.1.4.1.318.1.1.1.3.2.1 first from=0 to=1000
temp_c     1.3.6.1.4.1.318.1.1.1.2.2.2 first from=-40 to=120
