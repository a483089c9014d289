# AGENT-GENERAL-MIB, EQUIPMENT-MIB, DDM-MGMT-MIB; DLINKSW-ENTITY-EXT-MIB, -DDM-MIB of the DGS-1510 and
# later; the DGS-1210 and DES-1210 have theirs below their own numbers. Optical power is a text, in
# milliwatts or, as it is set, in dBm; with the later ones tenths of a microwatt.
device 1.3.6.1.4.1.171 D-Link
cpu_pct 1.3.6.1.4.1.171.12.1.1.6.2      first from=0 to=100   # of one minute
temp_c  1.3.6.1.4.1.171.12.11.1.8.1.2   highest from=1 to=150
cpu_pct 1.3.6.1.4.1.171.12.1.1.6.3      first from=0 to=100
cpu_pct 1.3.6.1.4.1.171.12.1.1.6.1      first from=0 to=100   # of five seconds
mem_used_pct 1.3.6.1.4.1.171.12.1.1.9.1.4 highest from=1 to=100
cpu_pct   1.3.6.1.4.1.171.14.5.1.7.1.4  highest from=0 to=100
temp_c    1.3.6.1.4.1.171.14.5.1.1.1.1.4 highest from=1 to=150
mem_total 1.3.6.1.4.1.171.14.5.1.4.1.3  first from=1          # dram(1) comes before flash(2)
mem_used  1.3.6.1.4.1.171.14.5.1.4.1.4  first
rx_power_dbm 1.3.6.1.4.1.171.14.72.1.4.1.1.25 port x0.0001 mw from=0 to=1000000
cpu_pct   1.3.6.1.4.1.171.17.5.1.7.1.4  highest from=0 to=100   # the same under a later number
temp_c    1.3.6.1.4.1.171.17.5.1.1.1.1.4 highest from=1 to=150
mem_total 1.3.6.1.4.1.171.17.5.1.4.1.3  first from=1
mem_used  1.3.6.1.4.1.171.17.5.1.4.1.4  first
rx_power_dbm 1.3.6.1.4.1.171.17.72.1.4.1.1.25 port x0.0001 mw from=0 to=1000000
cpu_pct   1.3.6.1.4.1.171.11.165.1000.5.1.7.1.4 highest from=0 to=100   # and under the DGS-1250's
cpu_pct   1.3.6.1.4.1.171.11.165.1000.5.1.7.1.5 highest from=0 to=100   # of five minutes
temp_c    1.3.6.1.4.1.171.11.165.1000.5.1.1.1.1.4 highest from=1 to=150
mem_total 1.3.6.1.4.1.171.11.165.1000.5.1.4.1.3 first from=1
mem_used  1.3.6.1.4.1.171.11.165.1000.5.1.4.1.4 first
rx_power_dbm 1.3.6.1.4.1.171.11.165.1000.72.1.4.1.1.25 port x0.0001 mw from=0 to=1000000
rx_power_dbm 1.3.6.1.4.1.171.12.72.2.1.1.1.6 port text mw from=-60 to=100
cpu_pct      *.100.1.2                       first from=0 to=100   # of one minute
rx_power_dbm *.105.2.1.1.1.6                 port text mw from=-60 to=100
