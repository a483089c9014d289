/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_library.h - net-snmp, for the files that touch it: snmp_library.c, snmp.c, which
 * asks, snmp_listen.c, which is told, and nhip-agentx, which answers
 *
 * One process has one library: one USM table, one engine of its own, one thread. Nobody
 * else includes this.
 */
#ifndef NH_SNMP_LIBRARY_H
#define NH_SNMP_LIBRARY_H

#include "libnhip/snmp.h"

/* net-snmp's headers are not written for these warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/library/snmpusm.h>
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#pragma GCC diagnostic pop

_Static_assert(sizeof(oid) == sizeof(unsigned long), "net-snmp counts in other words");

/* Before its start: it reads no configuration, keeps no state, and speaks to our log. */
void nh_snmp_library_prepare(void);
/* Start it, once; false: out of memory. */
bool nh_snmp_library_start(void);
bool nh_snmp_library_is_started(void);
/* One set for the process, large enough for any descriptor: set one bit, read, clear. */
netsnmp_large_fd_set *nh_snmp_library_fds(void);
/* Fill in the USM part of `ss`, which borrows the user's name. NH_EINVAL: `why`. */
enum nh_err nh_snmp_library_user(
    netsnmp_session *ss, struct nh_snmp_credential *c, char why[128]) NH_MUST_CHECK;
/*
 * The library looks a user up in one list of all engines, several times a message, and
 * has one clock for an engine's id, whoever comes by it. So a session's user is its own
 * and in the list while it is lent there, one at a time, and with it the clock, where it
 * has one of its own: lend it (NULL: none) before the session sends, reads or tries
 * again. A user that the list has of the same name and engine is lost to it then.
 */
struct nh_snmp_lent {
    struct usmUser *user; /* NULL: none is made */
    bool own_clock;       /* else the library's for that engine */
    struct nh_snmp_clock {
        unsigned boots, time_s, at_s; /* `time_s` was so at `at_s` of our own */
    } clock;
};
void nh_snmp_library_lend(struct nh_snmp_lent *lent);
/* Make the user of a session whose engine is known; it is lent already. A clock of its
 * own begins unknown. Errors: NH_ENOMEM. */
enum nh_err nh_snmp_library_make_user(
    struct nh_snmp_lent *lent, bool own_clock, netsnmp_session *ss) NH_MUST_CHECK;
void nh_snmp_library_free_user(struct nh_snmp_lent *lent);
/* Users that stay in the list, and do not meet those of sessions there: the user of this
 * credential at that engine, in place of one of the same name. */
enum nh_err nh_snmp_library_add_user(const struct nh_snmp_credential *c,
    const uint8_t *engine, size_t engine_len, char why[128]) NH_MUST_CHECK;
bool nh_snmp_library_has_user(const char *user, const uint8_t *engine, size_t engine_len);
void nh_snmp_library_remove_user(
    const char *user, const uint8_t *engine, size_t engine_len);
/* What an engine complains of by a report (usmStats of RFC 3414); what an answer says. */
enum nh_snmp_result nh_snmp_library_report(const netsnmp_pdu *pdu);
enum nh_snmp_result nh_snmp_library_error(const netsnmp_pdu *pdu);
/* Lend one of the library's objects in our form. */
void nh_snmp_library_var(const netsnmp_variable_list *v, struct nh_snmp_var *out);

#endif
