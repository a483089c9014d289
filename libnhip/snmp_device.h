/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_device.h - what is learnt of one device by SNMP, round by round
 *
 * A round asks for the uptime, for the interfaces' states and counters, and for the
 * figures of its profile; for the system group and the interfaces' names when they may
 * have changed. Counters become rates here, between two rounds, and only where nothing
 * happened in between that restarts them: a reboot (sysUpTime, snmpEngineBoots), an
 * ifCounterDiscontinuityTime that moved, another interface under the same ifIndex. An
 * interface that got another ifIndex is followed by its name.
 */
#ifndef NH_SNMP_DEVICE_H
#define NH_SNMP_DEVICE_H

#include "libnhip/snmp_detail.h"
#include "libnhip/snmp_profile.h"
#include "libnhip/snmp_walk.h"

enum {
    NH_SNMP_INTERFACES_MAX = 16384, /* a device; what is beyond is left out and said */
    NH_SNMP_TEXT_MAX = 256,
};

/* Counters in the order of the rates. */
enum nh_snmp_counter {
    NH_SNMP_IN_OCTETS,
    NH_SNMP_OUT_OCTETS,
    NH_SNMP_IN_ERRORS,
    NH_SNMP_OUT_ERRORS,
    NH_SNMP_IN_DISCARDS,
    NH_SNMP_OUT_DISCARDS,
    NH_SNMP_COUNTERS
};

struct nh_snmp_sample { /* one counter as read; there are many */
    uint64_t value;
    int64_t mono_us : 63; /* when; 0: not read */
    uint64_t wide : 1;    /* 64 bits */
};

struct nh_snmp_interface {
    uint32_t index;
    char *name, *alias,
        *descr;          /* owned by the device, never NULL; made printable UTF-8 */
    uint32_t type;       /* IANAifType, 0 unknown */
    uint64_t speed_bps;  /* 0 unknown */
    uint8_t admin, oper; /* ifAdminStatus, ifOperStatus; 0 unknown */
    uint8_t is_read;     /* bits: counters that pass number `pass` has read */
    uint32_t pass;
    uint32_t discontinuity; /* ifCounterDiscontinuityTime */
    uint32_t round;         /* of the device, when its state was last read */
    struct nh_snmp_sample now[NH_SNMP_COUNTERS], before[NH_SNMP_COUNTERS];
    double rate[NH_SNMP_COUNTERS]; /* octets or packets a second; NAN unknown */
    double rx_power_dbm, rx_next;  /* NAN unknown; read in this round */
};

struct nh_snmp_facts {
    enum nh_snmp_result result; /* of the last round */
    uint32_t round;             /* counts from 1 */
    int version;                /* spoken */
    char object_id[128];        /* sysObjectID */
    char descr[NH_SNMP_TEXT_MAX], name[NH_SNMP_TEXT_MAX];
    const char *profile; /* name of the vendor's profile, "" before the first round */
    double value[NH_SNMP_FACTS]; /* by nh_snmp_metric_id; NAN unknown */
    bool has_uptime;
    double uptime_s;
    uint32_t reboots; /* seen since it was opened */
    bool backwards;   /* some table repeats itself or goes back: it was cut there */
    bool bounded;     /* it has more interfaces than are kept */
    bool complained;  /* it could not read some object: the column is cut there */
    const struct nh_snmp_interface *interfaces; /* by ifIndex */
    size_t interface_count;
    const struct nh_snmp_details *details; /* never NULL */
};

struct nh_snmp_device;

/* Borrows `s`; closing it is the caller's, after this. Errors: NH_ENOMEM. */
enum nh_err nh_snmp_device_new(
    struct nh_snmp_device **out, struct nh_snmp *s) NH_MUST_CHECK;
void nh_snmp_device_free(struct nh_snmp_device *d);
/* Borrow `s` from now on, in the place of the session of before; between two rounds. */
void nh_snmp_device_use(struct nh_snmp_device *d, struct nh_snmp *s);
/* Begin a round; `done` comes once, from the loop. NH_EEXIST while one is under way. The
 * device may be freed from `done`. */
enum nh_err nh_snmp_device_round(
    struct nh_snmp_device *d, void (*done)(void *arg), void *arg) NH_MUST_CHECK;
/* Lent until the loop runs on; while a round is under way, what the last one has learnt,
 * with counters that may already be of this one. */
const struct nh_snmp_facts *nh_snmp_device_facts(struct nh_snmp_device *d);
/* The interface whose ifName, ifDescr or ifAlias is `port`, in this order, or NULL. */
const struct nh_snmp_interface *nh_snmp_device_port(
    const struct nh_snmp_device *d, const char *port);

#endif
