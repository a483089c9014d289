# Cards of Sinetica, that other makers of UPS sell: UPS-MIB below a number of their own
device 1.3.6.1.4.1.13891.101 Sinetica UPS
on_battery 1.3.6.1.4.1.13891.101.4.1       first is=5 from=2
charge_pct 1.3.6.1.4.1.13891.101.2.4       first from=0 to=100
runtime_s  1.3.6.1.4.1.13891.101.2.3       first x60 from=1     # minutes; 0 it does not know
input_v    1.3.6.1.4.1.13891.101.3.3.1.3   highest from=0 to=1000
temp_c     1.3.6.1.4.1.13891.101.2.7       first from=1 to=120
