/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - the sensors that exist, in alphabetical order: ROW(name), file name.c */
#define SENSORS(ROW)                                                                     \
    ROW(dns)                                                                             \
    ROW(host)                                                                            \
    ROW(http)                                                                            \
    ROW(icmp)                                                                            \
    ROW(port)                                                                            \
    ROW(snmp)                                                                            \
    ROW(tcp)
