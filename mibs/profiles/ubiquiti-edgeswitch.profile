# Broadcom FASTPATH, as EdgeSwitch and UniFi switches have it. The processor's load is a text:
# "5 Secs (31.1%) 60 Secs (16.7%) 300 Secs (14.3%)".
device 1.3.6.1.4.1.4413 Ubiquiti EdgeSwitch
cpu_pct   1.3.6.1.4.1.4413.1.1.1.1.4.9    first percent=2 from=0 to=100
mem_free  1.3.6.1.4.1.4413.1.1.1.1.4.1    first
mem_total 1.3.6.1.4.1.4413.1.1.1.1.4.2    first
temp_c    1.3.6.1.4.1.4413.1.1.43.1.8.1.5 highest from=1 to=150
