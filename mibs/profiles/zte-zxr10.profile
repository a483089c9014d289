# ZTE ZXR10 switches and routers, a row a processor: the 9900's own table, that of later
# systems, and ZXR10-MIB of the small ones.
device 1.3.6.1.4.1.3902.3 ZTE ZXR10
cpu_pct      1.3.6.1.4.1.3902.3.600.2.1.1.6  highest from=0 to=100   # of a minute
mem_used_pct 1.3.6.1.4.1.3902.3.600.2.1.1.4  highest from=1 to=100
temp_c       1.3.6.1.4.1.3902.3.600.2.4.1.3  highest from=1 to=150
cpu_pct      1.3.6.1.4.1.3902.3.6002.2.1.1.8 highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.3902.3.6002.2.1.1.6 highest from=1 to=100
temp_c       1.3.6.1.4.1.3902.3.6002.2.4.1.3 highest from=1 to=150
cpu_pct      1.3.6.1.4.1.3902.3.3.1.1.12     highest from=0 to=100   # of five minutes
cpu_pct      1.3.6.1.4.1.3902.3.3.1.1.5      highest from=0 to=100   # of two
mem_used_pct 1.3.6.1.4.1.3902.3.3.1.1.4      highest from=1 to=100
temp_c       1.3.6.1.4.1.3902.3.2.3.1.10    highest from=1 to=150   # of each board
rx_power_dbm 1.3.6.1.4.1.3902.3.126.1.2.1.4  port text from=-60 to=20   # "-5.3", "N/A"
