# XUPS-MIB: UPSs of Eaton, formerly Powerware. Time is in seconds; UPS-MIB, where it is
# there, has what is not here.
device 1.3.6.1.4.1.534 Eaton UPS
on_battery 1.3.6.1.4.1.534.1.4.5     first is=5 from=2 to=10   # xupsOutputSource battery(5)
on_battery 1.3.6.1.4.1.534.1.2.5     first is=2 from=1 to=4    # xupsBatteryAbmStatus discharging(2)
charge_pct 1.3.6.1.4.1.534.1.2.4     first from=0 to=100
runtime_s  1.3.6.1.4.1.534.1.2.1     first from=0 to=65534
input_v    1.3.6.1.4.1.534.1.3.4.1.2 highest from=0 to=1000
temp_c     1.3.6.1.4.1.534.1.6.1     first from=1 to=120
