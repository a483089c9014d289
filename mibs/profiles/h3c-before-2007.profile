# H3C under the number that it had from Huawei
device 1.3.6.1.4.1.2011.10 H3C
cpu_pct      1.3.6.1.4.1.2011.10.2.6.1.1.1.1.6 highest from=1 to=100
mem_used_pct 1.3.6.1.4.1.2011.10.2.6.1.1.1.1.8 highest from=1 to=100
temp_c       1.3.6.1.4.1.2011.10.2.6.1.1.1.1.12 highest from=1 to=150
rx_power_dbm 1.3.6.1.4.1.2011.10.2.70.1.1.1.12 port x0.01 from=-6000 to=2000
