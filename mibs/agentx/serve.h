/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * serve.h - net-snmp's AgentX side on the loop: rows are answered, notifications sent
 *
 * An snmpd that is not there, goes and comes back, or speaks nonsense costs log lines; it
 * is tried again by itself. One that hangs stalls this process for seconds, which is why
 * this is a process of its own: nobody waits for it.
 *
 * Threads: the loop's, and net-snmp is touched by nobody else. One a process.
 */
#ifndef AGENTX_SERVE_H
#define AGENTX_SERVE_H

#include "mibs/agentx/rows.h"

struct event_base;
struct serve;

/* `address`: snmpd's AgentX socket ("/var/agentx/master", "tcp:localhost:705"). `rows`
 * is borrowed and asked at each request; `with_ping`: pingResultsTable too. */
enum nh_err serve_new(struct serve **out, struct event_base *base, const char *address,
    struct rows *rows, bool with_ping) NH_MUST_CHECK;
void serve_free(struct serve *s);

/* Send a notification with these objects, as snmpd's trapsink and trapsess lines say. One
 * of which an object is not known is not sent. */
struct serve_object {
    enum table table;
    int column;
    const struct row_index *index;
};
void serve_notify(struct serve *s, enum notification number,
    const struct serve_object *objects, size_t count);

#endif
