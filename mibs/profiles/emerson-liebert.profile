# LIEBERT-GP-POWER-MIB, -ENVIRONMENTAL-MIB: cards of Liebert, Emerson, Vertiv. Minutes that
# are not known are 65535.
device 1.3.6.1.4.1.476 Liebert
on_battery 1.3.6.1.4.1.476.1.42.3.5.1.14         first is=4 from=1 to=4   # discharging(4)
charge_pct 1.3.6.1.4.1.476.1.42.3.5.1.19         first from=0 to=100
runtime_s  1.3.6.1.4.1.476.1.42.3.5.1.18         first x60 from=0 to=65534
temp_c     1.3.6.1.4.1.476.1.42.3.4.1.3.3.1.50   highest x0.1 from=1 to=1200
temp_c     1.3.6.1.4.1.476.1.42.3.4.1.3.3.1.3    highest from=1 to=120
