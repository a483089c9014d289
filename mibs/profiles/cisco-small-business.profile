# What they have is among Cisco's rows.
device 1.3.6.1.4.1.9.6.1 Cisco Small Business
