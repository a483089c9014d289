/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - the ways of telling, in the order in which a message falls from one to the
 * next */
#define NOTIFIERS(ROW)                                                                   \
    ROW(sms)                                                                             \
    ROW(email)                                                                           \
    ROW(webhook)                                                                         \
    ROW(snmp)                                                                            \
    ROW(command)
