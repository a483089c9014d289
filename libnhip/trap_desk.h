/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap_desk.h - traps and informs of devices become events of a journal
 *
 * The same at both ends: the collector takes those of the devices that it reaches, an
 * agent those of the devices behind it.
 *
 * The sender is one of the devices that the owner has named and shows its credential; the
 * event is of that device, or of another one of the same place that the trap names
 * (agent-addr, snmpTrapAddress: RFC 3584). What the replay format has an event for
 * becomes that one; anything else is a `trap` with its words. Authentication failures are
 * counted, and told once an hour with their number; a UPS that repeats itself is told
 * once; a device that floods is cut to a rate, what has a meaning apart from the rest.
 *
 * An inform is answered when its event is safe: the owner says when.
 * Threads: the loop's only.
 */
#ifndef NH_TRAP_DESK_H
#define NH_TRAP_DESK_H

#include "libnhip/snmp_listen.h"

struct nh_trap_desk;

enum { NH_TRAP_PORTS_MAX = 8 };

/* A device that may send; all of it is copied. */
struct nh_trap_device {
    const char *address, *credential; /* credential: its name, "" when it has none */
    const char *place, *id;           /* "bao-lac" or "centre"; "router" */
    bool ours; /* of devices at one address this is the one whose traps come here */
    size_t port_count;
    struct {
        const char *link, *port; /* "bao-lac/vnpt" leaves by "ether1" */
    } ports[NH_TRAP_PORTS_MAX];
};

struct nh_trap_desk_events {
    /* Into the journal; *pos is where it went. What is not NH_OK has been logged. */
    enum nh_err (*tell)(void *arg, const struct nh_event *event, uint64_t *pos);
    /* An inform waits for an event that was told before and is not known to be safe; may
     * be NULL. */
    void (*waits)(void *arg);
    void *arg;
};

/* Bind `address` ("0.0.0.0:162"), while privileges last. Errors: as
 * nh_snmp_listen_open(). */
enum nh_err nh_trap_desk_open(struct nh_trap_desk **out, const char *address,
    const struct nh_trap_desk_events *events) NH_MUST_CHECK;
/* Read from now on, before the first device of the process is asked; as
 * nh_snmp_listen_start(). */
enum nh_err nh_trap_desk_start(struct nh_trap_desk *t, struct event_base *base,
    const char *engine_file) NH_MUST_CHECK;
void nh_trap_desk_close(struct nh_trap_desk *t);

/* The devices, whole: begin, put each, end. One that was there before, of the same
 * address, place and id, is known as it was. Without memory nobody may send. */
enum nh_err nh_trap_desk_begin(struct nh_trap_desk *t, size_t count) NH_MUST_CHECK;
void nh_trap_desk_put(struct nh_trap_desk *t, const struct nh_trap_device *device);
void nh_trap_desk_end(struct nh_trap_desk *t);

/* What is safe up to `pos`; and that what is not is lost: its informs come again. */
void nh_trap_desk_durable(struct nh_trap_desk *t, uint64_t pos);
void nh_trap_desk_lost(struct nh_trap_desk *t);
size_t nh_trap_desk_waiting(const struct nh_trap_desk *t); /* informs */

/* What came of them, beyond what the listener counts. */
enum nh_trap_count {
    NH_TRAPS_EVENTS,        /* in the journal */
    NH_TRAPS_AUTH_FAILURES, /* that devices told of */
    NH_TRAPS_AGAIN,         /* of a UPS that says the same again */
    NH_TRAPS_LIMITED,       /* beyond a device's rate */
    NH_TRAPS_LOST,          /* the disk was full */
    NH_TRAPS_COUNTS
};
const char *nh_trap_count_name(int count);
uint64_t nh_trap_desk_counted(const struct nh_trap_desk *t, int count);
const struct nh_snmp_listen *nh_trap_desk_listener(const struct nh_trap_desk *t);

#endif
