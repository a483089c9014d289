# HUAWEI-DEVICE-MIB: a row a board; a board without a processor says -1.
device 1.3.6.1.4.1.2011.2.123 Huawei OLT
cpu_pct      1.3.6.1.4.1.2011.2.6.7.1.1.2.1.5  highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.2011.2.6.7.1.1.2.1.6  highest from=1 to=100
temp_c       1.3.6.1.4.1.2011.2.6.7.1.1.2.1.10 highest from=1 to=150
