# CPS-MIB: UPSs of CyberPower. Time is in hundredths of a second; tenths of a volt.
device 1.3.6.1.4.1.3808 CyberPower
on_battery 1.3.6.1.4.1.3808.1.1.1.4.1.1 first is=3 from=2        # upsBaseOutputStatus onBattery(3), 1 unknown
charge_pct 1.3.6.1.4.1.3808.1.1.1.2.2.1 first from=0 to=100
runtime_s  1.3.6.1.4.1.3808.1.1.1.2.2.4 first x0.01 from=0
input_v    1.3.6.1.4.1.3808.1.1.1.3.2.1 first x0.1 from=0 to=10000
temp_c     1.3.6.1.4.1.3808.1.1.1.2.2.3 first from=1 to=120
