/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap.h - what a trap means
 *
 * A trap of any version in one form (RFC 3584 section 3 makes a v1 trap a v2 one), and
 * what it says: one of the few things that a judge can use, or a sentence for people.
 * Pure functions; nothing is looked up.
 */
#ifndef NH_TRAP_H
#define NH_TRAP_H

#include "libnhip/record.h"
#include "libnhip/snmp.h"

enum { NH_TRAP_VARS_MAX = 64, NH_TRAP_PORT_MAX = 64 };

struct nh_trap {
    unsigned long oid[NH_OID_MAX]; /* snmpTrapOID */
    size_t oid_len;
    bool has_address; /* whom it is about, where the sender says so: agent-addr of v1, */
    uint8_t address[4]; /* or snmpTrapAddress.0 that a proxy has put in */
    size_t var_count;   /* the objects that it brings */
    struct nh_snmp_var vars[NH_TRAP_VARS_MAX]; /* lent as nh_snmp_var says */
};

enum nh_trap_kind {
    NH_TRAP_LINK_DOWN,
    NH_TRAP_LINK_UP,
    NH_TRAP_COLD_START,
    NH_TRAP_AUTH_FAILURE, /* somebody asked the device with a wrong community or key */
    NH_TRAP_ON_BATTERY,
    NH_TRAP_ON_MAINS,
    NH_TRAP_BATTERY_LOW,
    NH_TRAP_OTHER,
    NH_TRAP_KINDS
};
/* The event's name in the journal: the replay format's, "trap" for the others. */
const char *nh_trap_event(enum nh_trap_kind kind);

struct nh_trap_meaning {
    enum nh_trap_kind kind;
    uint32_t if_index;                /* of a link trap; 0: not said */
    char port[3][NH_TRAP_PORT_MAX];   /* ifName, ifDescr, ifAlias; "" where not said */
    char text[NH_EVENT_TEXT_MAX + 1]; /* "linkDown ifIndex.3=3 ...": UTF-8, cut to fit */
};

/* The trap OID of a v1 trap, by RFC 3584 section 3.1; false: no such generic trap, or it
 * is too long. */
bool nh_trap_from_v1(struct nh_trap *t, const unsigned long *enterprise,
    size_t enterprise_len, long generic, long specific);
/* Add an object; the trap's own (snmpTrapOID, sysUpTime and those that a proxy adds) are
 * taken for what they are. False: no room. */
bool nh_trap_put(struct nh_trap *t, const struct nh_snmp_var *var);
void nh_trap_mean(const struct nh_trap *t, struct nh_trap_meaning *out);

#endif
