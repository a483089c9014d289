/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outbox.h - messages on their way: from the database to the people
 *
 * A row that is due is marked "sending" on the disk, then given to the notifier of its
 * channel; how that ended is written back. A failure is tried again after 30 s, doubled
 * each time up to 30 min. After three tries by one channel, or a refusal, the message
 * falls to the contact's next one, at once while that one has not been tried, round and
 * round until it is a day old.
 *
 * Never twice: the message's key goes with it in each channel's own form. A row still
 * "sending" at a start has an unclear end: it goes again where the receiver can tell by
 * the key (e-mail: Message-ID, webhook: X-Nhip-Event, command: id); a text message falls
 * to the next channel instead, and goes again only where there is no other, for a message
 * that nobody gets is worse than one that comes twice.
 *
 * Threads: the loop's only; nothing here waits.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "collector/incidents.h"

struct event_base;
struct outbox;

struct outbox_options {
    struct event_base *base;
    struct incidents *db;        /* borrowed */
    const struct inventory *inv; /* borrowed until outbox_reload() */
    /* The address to acknowledge without login; puts "" where there is none. NULL: none.
     */
    void (*link)(void *arg, uint32_t incident, const char *contact, struct nh_buf *out);
    void *arg;
};
enum nh_err outbox_open(
    struct outbox **out, const struct outbox_options *options) NH_MUST_CHECK;
void outbox_close(struct outbox *o); /* what is under way is unclear at the next start */
/* Ends what is under way first: a job holds its inventory. */
void outbox_reload(struct outbox *o, const struct inventory *inv);

/* Start what is due; about once a second. */
void outbox_tick(struct outbox *o, int64_t now_ms);

struct outbox_stats { /* since the start; rows by state: incidents_outbox_counts() */
    uint64_t sent, failed, again, fallen, unclear;
    size_t under_way;
};
void outbox_stats(const struct outbox *o, struct outbox_stats *out);

/* When to try again after `tries` tries, ms from then. */
int64_t outbox_backoff_ms(int tries);

#endif
