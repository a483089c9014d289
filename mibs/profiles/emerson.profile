# Emerson, Liebert: capacity, and tenths of a volt; whether it runs on battery UPS-MIB tells, where it has it.
device 1.3.6.1.4.1.13400 Emerson UPS
charge_pct 1.3.6.1.4.1.13400.2.1.3.1.2.2.1 first from=0 to=100
input_v    1.3.6.1.4.1.13400.2.1.3.1.3.2.1 first x0.1 from=0 to=5000
