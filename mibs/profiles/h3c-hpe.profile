# HPE with Comware: under its own number below H3C's, in H3C's tables
device 1.3.6.1.4.1.25506.11 HPE Comware
