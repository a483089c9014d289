# HP-SWITCH-MIB, STATISTICS-MIB: ProCurve and ArubaOS-Switch
device 1.3.6.1.4.1.11 HPE ProCurve
cpu_pct   1.3.6.1.4.1.11.2.14.11.5.1.9.6.1       first from=0 to=100
mem_total 1.3.6.1.4.1.11.2.14.11.5.1.1.2.2.1.1.5 sum
mem_free  1.3.6.1.4.1.11.2.14.11.5.1.1.2.2.1.1.6 sum
