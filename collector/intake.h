/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake.h - the agents' port: sessions from the first byte to the journal
 *
 * docs/PROTOCOL.md is the law. Before a peer has shown that it knows a key it costs
 * little: no TLS before five bytes, ten seconds for the handshake, five to HELLO, 256
 * half-open at most, and a source that fails too often is turned away. After that it gets
 * what is due to it: each record once in the journal, acknowledged when it is on the
 * disk.
 *
 * Whatever a peer does wrong ends its own session with the protocol's code, is counted,
 * and disturbs nobody else. Threads: the loop's only.
 */
#ifndef INTAKE_H
#define INTAKE_H

#include "libnhip/wire.h"

struct collector;
struct intake;
struct store_source;

/* Why peers were turned away or let go: the wire's codes, and what happens before it. */
enum intake_count {
    INTAKE_HANDSHAKE = NH_WIRE_INTERNAL + 1, /* TLS failed: wrong key, garbage */
    INTAKE_HALF_OPEN,                        /* too many at once */
    INTAKE_RATE,                             /* this source failed too often */
    INTAKE_BURNT_TOKEN,                      /* a join token used a second time */
    INTAKE_COUNTS
};
const char *intake_count_name(int count); /* "syntax"; NULL for 0 */

/* What is known of a site's agent, kept when its session ends. */
struct intake_agent {
    char site[NH_SITE_ID_MAX];
    struct session *session; /* NULL: not connected */
    int64_t since_ms;        /* wall: the session's begin, or its end */
    int64_t last_seen_ms;
    char version[32];
    int64_t uptime_s;
    uint64_t backlog; /* records not yet received, at most */
    int64_t oldest_ms;
    unsigned fill_pct;
    uint64_t lost;
    int64_t clock_offset_ms; /* agent's wall clock - ours */
    char via[64];
    int64_t takeovers_ms[4]; /* the latest, of another boot */
    int64_t hold_off_ms;     /* mono: until then nobody takes over */
};

enum nh_err intake_open(struct intake **out, struct collector *c) NH_MUST_CHECK;
void intake_close(struct intake *in); /* tells agents to come back */
void intake_tick(struct intake *in, int64_t mono_ms);

/* The inventory is another one now: assignments again, and sites that are gone. */
void intake_reloaded(struct intake *in);
/* End the live session of `site`, if there is one. */
void intake_revoke(struct intake *in, const char *site);
/* Offer the connected agent of `site` a fresh key. NH_ENOTFOUND: it is not connected;
 * else as keys_offer(). */
enum nh_err intake_rotate(struct intake *in, const char *site) NH_MUST_CHECK;
/* Say `msg` to the agent of `site`; false: it is not connected. */
bool intake_send(struct intake *in, const char *site, const struct nh_msg *msg);
/* NULL: no agent of this site was ever here since the start. */
const struct intake_agent *intake_agent(const struct intake *in, const char *site);
size_t intake_live(const struct intake *in);
uint64_t intake_counted(const struct intake *in, int count);
uint16_t intake_port(const struct intake *in);

/* From the store. */
void intake_durable(struct intake *in, struct store_source *src);
void intake_lost(struct intake *in, struct store_source *src);
void intake_space(struct intake *in);

#endif
