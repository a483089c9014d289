# Emerson, Liebert, Vertiv: capacity, and tenths of a volt; whether it runs on battery UPS-MIB tells, where
# it has it. The ITA2 has a table of its own.
device 1.3.6.1.4.1.13400 Emerson UPS
charge_pct 1.3.6.1.4.1.13400.2.1.3.1.2.2.1 first from=0 to=100
input_v    1.3.6.1.4.1.13400.2.1.3.1.3.2.1 first x0.1 from=0 to=5000
on_battery 1.3.6.1.4.1.13400.2.54.2.1.2    first is=2 from=1 to=2   # 0 no output, 1 mains
input_v    1.3.6.1.4.1.13400.2.54.2.2.1    first x0.1 from=0 to=5000
