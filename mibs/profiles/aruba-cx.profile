# ARUBAWIRED-TEMPSENSOR-MIB, -PM-MIB: ArubaOS-CX. Processor and memory it tells by HOST-RESOURCES.
device 1.3.6.1.4.1.47196 Aruba CX
temp_c       1.3.6.1.4.1.47196.4.1.1.3.11.3.1.1.7  highest x0.001 from=1000 to=150000
rx_power_dbm 1.3.6.1.4.1.47196.4.1.1.3.27.1.2.2.1.12 port text mw from=-60 to=100
