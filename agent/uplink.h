/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uplink.h - the line to one collector: over whichever way out works, for ever
 *
 * Threads: the loop's only.
 */
#ifndef AGENT_UPLINK_H
#define AGENT_UPLINK_H

#include "agent/assignments.h"
#include "agent/config.h"
#include "agent/spool.h"
#include "libnhip/session.h"

struct uplink;

/* What all uplinks of an agent share; borrowed. */
struct uplink_host {
    struct event_base *base;
    const struct agent_config *config;
    struct spool *spool;
    struct assignments *assignments;
    /* The newest reading of each check newer than since_ms. */
    size_t (*newest)(void *arg, int64_t since_ms, struct nh_reading *out, size_t max);
    /* The collector has more records on its disk. */
    void (*on_released)(void *arg);
    /* The stream was left for a new one: every uplink has to begin again. */
    void (*on_new_stream)(void *arg);
    /* A session runs on a key that is not a token's (for `join`); may be NULL. */
    void (*on_joined)(void *arg);
    void *arg;
};

struct uplink_facts {
    const char *name, *address, *interface; /* interface "": the default route */
    const char *why;                        /* of the last failure, "" */
    enum nh_agent_state state;
    int64_t retry_at_ms; /* mono, in BACKOFF */
    unsigned failures;
    uint64_t sessions, waiting; /* records not yet durable at the collector */
    bool have_key;
    struct nh_session_facts session;
};

/* Opens its cursor and key, and connects at once. Errors: the cursor's. */
enum nh_err uplink_new(
    struct uplink **out, const struct uplink_host *host, size_t collector) NH_MUST_CHECK;
void uplink_free(struct uplink *up);
void uplink_kick(struct uplink *up);    /* there are new records */
void uplink_restart(struct uplink *up); /* keys or stream changed: connect again now */
void uplink_facts(const struct uplink *up, struct uplink_facts *out);

/*
 * The n-th try: which address and which way out. Ways are the default route, then each
 * interface of the assignments; addresses go round fastest.
 */
struct uplink_way {
    size_t address, way; /* way 0: the default route, else interface way - 1 */
};
struct uplink_way uplink_way_of(uint64_t attempt, size_t addresses, size_t interfaces);

#endif
