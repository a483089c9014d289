# Broadcom FASTPATH, as EdgeSwitch has it
device 1.3.6.1.4.1.4413 Ubiquiti EdgeSwitch
mem_free  1.3.6.1.4.1.4413.1.1.1.1.4.1    first
mem_total 1.3.6.1.4.1.4413.1.1.1.1.4.2    first
temp_c    1.3.6.1.4.1.4413.1.1.43.1.8.1.5 highest from=1 to=150
