# SOCOMECUPS-MIB: UPSs of Socomec with Net Vision cards. Minutes that are not known are 65535;
# tenths of a volt and of a degree.
device 1.3.6.1.4.1.4555 Socomec UPS
on_battery 1.3.6.1.4.1.4555.1.1.7.1.6.3.15  first from=0 to=1   # upsAlarmOnBattery
charge_pct 1.3.6.1.4.1.4555.1.1.7.1.2.4     first from=0 to=100
runtime_s  1.3.6.1.4.1.4555.1.1.7.1.2.3     first x60 from=0 to=65534
input_v    1.3.6.1.4.1.4555.1.1.7.1.3.3.1.2 highest x0.1 from=0 to=10000
temp_c     1.3.6.1.4.1.4555.1.1.7.1.2.6     first x0.1 from=1 to=1200
temp_c     1.3.6.1.4.1.4555.1.1.7.1.2.7     first x0.1 from=1 to=1200   # of the room
