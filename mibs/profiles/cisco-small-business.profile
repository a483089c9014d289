# CISCOSB-rndMng, -HWENVIROMENT, -Physicaldescription-MIB; 101 is "not measured"
device 1.3.6.1.4.1.9.6.1 Cisco Small Business
cpu_pct 1.3.6.1.4.1.9.6.1.101.1.8         first from=0 to=100   # of one minute
temp_c  1.3.6.1.4.1.9.6.1.101.53.15.1.10  highest from=1 to=150
temp_c  1.3.6.1.4.1.9.6.1.101.83.5.1.1.2  highest from=1 to=150
