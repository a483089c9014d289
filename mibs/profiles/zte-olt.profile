# ZTE C300, C320: a row a card
device 1.3.6.1.4.1.3902.1082 ZTE OLT
cpu_pct   1.3.6.1.4.1.3902.1082.10.1.2.4.1.9 highest from=0 to=100
mem_used_pct 1.3.6.1.4.1.3902.1082.10.1.2.4.1.11 highest from=1 to=100
