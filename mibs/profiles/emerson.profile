# Emerson, Liebert, Vertiv: capacity, and tenths of a volt; whether it runs on battery UPS-MIB tells, where
# it has it. VERTIV-ITA2-MIB of the ITA2 has all: tenths of a minute and of a degree, 65535 is no sensor.
device 1.3.6.1.4.1.13400 Emerson UPS
charge_pct 1.3.6.1.4.1.13400.2.1.3.1.2.2.1 first from=0 to=100
input_v    1.3.6.1.4.1.13400.2.1.3.1.3.2.1 first x0.1 from=0 to=5000
on_battery 1.3.6.1.4.1.13400.2.54.2.1.2    first is=2 from=1 to=4   # UPSOnBattery(2), 0 no output
charge_pct 1.3.6.1.4.1.13400.2.54.2.5.10   first from=0 to=100
runtime_s  1.3.6.1.4.1.13400.2.54.2.5.7    first x6 from=0 to=65534
input_v    1.3.6.1.4.1.13400.2.54.2.2.1    first x0.1 from=0 to=5000
temp_c     1.3.6.1.4.1.13400.2.54.2.5.8    first x0.1 from=1 to=1200
temp_c     1.3.6.1.4.1.13400.2.54.2.5.9    first x0.1 from=1 to=1200   # beside the battery
