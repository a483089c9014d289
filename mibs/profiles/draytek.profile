# DrayTek Vigor: memory alone, and that by late firmware only.
device 1.3.6.1.4.1.7367 DrayTek
mem_used_pct 1.3.6.1.4.1.7367.3.7 first from=1 to=100
