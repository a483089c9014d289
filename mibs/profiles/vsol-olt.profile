# V-SOL EPON and GPON OLTs
device 1.3.6.1.4.1.37950 V-SOL OLT
cpu_pct      1.3.6.1.4.1.37950.1.1.5.10.12.3   first from=0 to=100
mem_used_pct 1.3.6.1.4.1.37950.1.1.5.10.12.4   first from=1 to=100
temp_c       1.3.6.1.4.1.37950.1.1.5.10.12.5.9 first from=1 to=150
