/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - the sensors that exist, in alphabetical order: ROW(name), file name.c */
#define SENSORS(ROW)                                                                     \
    ROW(host)                                                                            \
    ROW(icmp)                                                                            \
    ROW(port)
