/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traps.h - traps and informs of devices become events of the journal
 *
 * The sender is a device of the inventory and shows the credential of its snmp section;
 * the event is of that device, or of another one of the same place that the trap names
 * (agent-addr, snmpTrapAddress: RFC 3584). What the replay format has an event for
 * becomes that one; anything else is a `trap` with its words. Authentication failures are
 * counted, and told once an hour with their number; a UPS that repeats itself is told
 * once; a device that floods is cut to a rate.
 *
 * An inform is answered when its event is on the disk. In a drill nobody may send.
 * Threads: the loop's only.
 */
#ifndef TRAPS_H
#define TRAPS_H

#include "libnhip/snmp_listen.h"

struct collector;
struct traps;

/* Bind the port of the configuration, while privileges last; nothing is made where none
 * is named. A port that cannot be had is logged, and the collector runs on without. */
enum nh_err traps_open(struct traps **out, struct collector *c) NH_MUST_CHECK;
/* Read from now on, before the first device is asked. */
void traps_start(struct traps *t);
void traps_close(struct traps *t);
void traps_reloaded(struct traps *t); /* the inventory is another one */

/* From the store: what is on the disk, and that what is not is lost. */
void traps_durable(struct traps *t, uint64_t pos);
void traps_lost(struct traps *t);

/* What came of them, beyond what the listener counts. */
enum traps_count {
    TRAPS_EVENTS,        /* in the journal */
    TRAPS_AUTH_FAILURES, /* that devices told of */
    TRAPS_AGAIN,         /* of a UPS that says the same again */
    TRAPS_LIMITED,       /* beyond a device's rate */
    TRAPS_LOST,          /* the disk was full */
    TRAPS_COUNTS
};
const char *traps_count_name(int count);
uint64_t traps_counted(const struct traps *t, int count);
/* NULL: nothing listens. Lent. */
const struct nh_snmp_listen *traps_listener(const struct traps *t);

#endif
