/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outbox.c - which message goes when, by which channel, and what is written of it */
#include "collector/outbox.h"
#include "collector/notifiers/notifier.h"
#include "libnhip/clock.h"
#include "libnhip/curl_loop.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    UNDER_WAY_MAX = 8,
    TRIES_A_CHANNEL = 3,
    FIRST_WAIT_MS = 30 * 1000,
    LONGEST_WAIT_MS = 30 * 60 * 1000,
    GIVE_UP_MS = 24 * 3600 * 1000,
};

struct task { /* `job` first: the notifier gives it back */
    struct notify_job job;
    struct outbox *o;
    const struct notifier *by; /* NULL: free */
    struct outbox_row row;
    struct nh_buf link;
    struct incident *incidents; /* owned, where the notifier asks for them */
    size_t incident_count;
};

struct outbox {
    struct outbox_options opt;
    struct nh_curl *curl;
    struct task tasks[UNDER_WAY_MAX];
    struct outbox_stats stats;
};

int64_t
outbox_backoff_ms(int tries)
{
    int64_t ms = FIRST_WAIT_MS;

    while (--tries > 0 && ms < LONGEST_WAIT_MS)
        ms *= 2;
    return ms < LONGEST_WAIT_MS ? ms : LONGEST_WAIT_MS;
}

static const struct inv_contact *
contact_of(const struct inventory *inv, const char *id)
{
    for (size_t i = 0; i < inv->contact_count; i++)
        if (strcmp(inv->contacts[i].id, id) == 0)
            return &inv->contacts[i];
    return NULL;
}

static int
channels_of(const struct inventory *inv, const struct inv_contact *to)
{
    int n = 0;

    for (size_t i = 0; notifiers[i] != NULL; i++)
        n += notifiers[i]->serves(inv, to);
    return n;
}

/* The channel after `name` that serves the contact, round and round; NULL: none does. */
static const struct notifier *
channel_after(const struct inventory *inv, const struct inv_contact *to, const char *name)
{
    size_t count = 0, at = 0;

    while (notifiers[count] != NULL)
        count++;
    for (size_t i = 0; i < count; i++)
        if (strcmp(notifiers[i]->name, name) == 0)
            at = i + 1;
    for (size_t i = 0; i < count; i++)
        if (notifiers[(at + i) % count]->serves(inv, to))
            return notifiers[(at + i) % count];
    return NULL;
}

static void
write_row(struct outbox *o, const struct outbox_row *row, enum outbox_state state,
    const char *channel, int tries, int64_t next_ms, const char *error, int64_t now_ms)
{
    if (incidents_outbox_set(
            o->opt.db, row->id, state, channel, tries, next_ms, error, now_ms) != NH_OK)
        nh_log_limited(NH_LOG_ERROR,
            "outbox: what became of %s is not written: "
            "it is unclear until the next start",
            row->key);
}

static void
give_up(struct outbox *o, const struct outbox_row *row, const char *why, int64_t now_ms)
{
    o->stats.failed++;
    nh_log_limited(NH_LOG_ERROR, "outbox: %s to %s did not arrive: %s, given up",
        row->key, row->contact, why);
    write_row(o, row, OUTBOX_FAILED, row->channel, row->tries, 0, why, now_ms);
}

/* After a try that failed: the same channel later, the next one, or none any more. */
static void
go_on(struct outbox *o, const struct outbox_row *row, const struct inv_contact *to,
    bool refused, const char *why, int64_t now_ms)
{
    const struct inventory *inv = o->opt.inv;
    int channels = channels_of(inv, to), tries = row->tries;
    const struct notifier *next = channel_after(inv, to, row->channel);
    int64_t wait_ms;

    if (refused) /* the tries that this channel had left are not made */
        tries += (TRIES_A_CHANNEL - tries % TRIES_A_CHANNEL) % TRIES_A_CHANNEL;
    if (next == NULL || now_ms - row->at_ms >= GIVE_UP_MS ||
        (refused && tries >= TRIES_A_CHANNEL * channels)) {
        give_up(o, row, why, now_ms);
        return;
    }
    wait_ms = outbox_backoff_ms(tries);
    if (tries % TRIES_A_CHANNEL != 0) {
        o->stats.again++;
        write_row(
            o, row, OUTBOX_WAITING, row->channel, tries, now_ms + wait_ms, why, now_ms);
        nh_log_limited(NH_LOG_WARN, "outbox: %s to %s by %s: %s, next try in %lld s",
            row->key, row->contact, row->channel, why, (long long)wait_ms / 1000);
        return;
    }
    o->stats.fallen++;
    if (tries < TRIES_A_CHANNEL * channels)
        wait_ms = 0;
    write_row(o, row, OUTBOX_WAITING, next->name, tries, now_ms + wait_ms, why, now_ms);
    nh_log_limited(NH_LOG_WARN, "outbox: %s to %s by %s: %s, goes by %s now", row->key,
        row->contact, row->channel, why, next->name);
}

static void
task_fini(struct task *t)
{
    outbox_row_fini(&t->row);
    nh_buf_fini(&t->link);
    for (size_t i = 0; i < t->incident_count; i++)
        incident_fini(&t->incidents[i]);
    free(t->incidents);
    t->by = NULL;
    t->o->stats.under_way--;
}

static void
on_notified(struct notify_job *job, enum notify_end end, const char *why)
{
    struct task *t = (struct task *)job;
    struct outbox *o = t->o;
    int64_t now_ms = nh_clock_wall_ms();

    if (end == NOTIFY_SENT) {
        o->stats.sent++;
        write_row(o, &t->row, OUTBOX_SENT, t->row.channel, t->row.tries, 0, "", now_ms);
    } else {
        go_on(o, &t->row, job->to, end == NOTIFY_REFUSED, why, now_ms);
    }
    task_fini(t);
}

static struct task *
free_task(struct outbox *o)
{
    for (size_t i = 0; i < UNDER_WAY_MAX; i++)
        if (o->tasks[i].by == NULL)
            return &o->tasks[i];
    return NULL;
}

/* What the message is about, as it stands; one that is not there any more is left out. */
static enum nh_err
take_incidents(struct outbox *o, struct task *t)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    enum nh_err err = incidents_outbox_about(o->opt.db, &t->row, &numbers, &count);

    if (err == NH_OK && count > 0) {
        t->incidents = calloc(count, sizeof(*t->incidents));
        err = t->incidents == NULL ? NH_ENOMEM : NH_OK;
    }
    for (size_t i = 0; err == NH_OK && i < count; i++) {
        err = incidents_get(o->opt.db, numbers[i], &t->incidents[t->incident_count]);
        if (err == NH_OK)
            t->incident_count++;
        else if (err == NH_ENOTFOUND)
            err = NH_OK;
    }
    free(numbers);
    return err;
}

/* Takes the row. It is on the disk as "sending" before anything leaves. */
static void
send_row(struct outbox *o, struct outbox_row *row, const struct inv_contact *to,
    const struct notifier *by, int64_t now_ms)
{
    struct task *t = free_task(o);
    char why[128] = "";
    enum nh_err err;

    row->tries++;
    snprintf(row->channel, sizeof(row->channel), "%s", by->name);
    if (t == NULL || incidents_outbox_set(o->opt.db, row->id, OUTBOX_SENDING, by->name,
                         row->tries, now_ms, "", now_ms) != NH_OK) {
        outbox_row_fini(row); /* stays due */
        return;
    }
    *t = (struct task){ .o = o, .by = by, .row = *row };
    nh_buf_init(&t->link, 2048);
    if (o->opt.link != NULL &&
        (row->about == MESSAGE_OPENED || row->about == MESSAGE_ESCALATED))
        o->opt.link(o->opt.arg, row->incident, row->contact, &t->link);
    nh_buf_put_u8(&t->link, 0);
    t->job = (struct notify_job){ .row = &t->row,
        .inv = o->opt.inv,
        .to = to,
        .link = nh_buf_err(&t->link) == NH_OK ? (const char *)t->link.data : "",
        .now_ms = now_ms,
        .base = o->opt.base,
        .curl = o->curl,
        .ended = on_notified };
    o->stats.under_way++;
    err = by->by_incident ? take_incidents(o, t) : NH_OK;
    t->job.incidents = t->incidents;
    t->job.incident_count = t->incident_count;
    if (err == NH_OK)
        err = by->start(&t->job, why);
    if (err == NH_OK)
        return;
    go_on(o, &t->row, to, err == NH_EINVAL, why[0] != '\0' ? why : nh_strerror(err),
        now_ms);
    task_fini(t);
}

static void
take_row(struct outbox *o, struct outbox_row *row, int64_t now_ms)
{
    const struct inv_contact *to = contact_of(o->opt.inv, row->contact);
    const struct notifier *by = notify_find(row->channel);

    if (to == NULL) {
        give_up(o, row, "the contact is not in the inventory any more", now_ms);
        outbox_row_fini(row);
        return;
    }
    if (by == NULL || !by->serves(o->opt.inv, to))
        by = channel_after(o->opt.inv, to, row->channel);
    if (by == NULL) {
        give_up(o, row, "the contact has no channel that is set up", now_ms);
        outbox_row_fini(row);
        return;
    }
    send_row(o, row, to, by, now_ms);
}

void
outbox_tick(struct outbox *o, int64_t now_ms)
{
    struct outbox_row rows[UNDER_WAY_MAX];
    size_t room = UNDER_WAY_MAX - o->stats.under_way, count;

    if (room == 0 || incidents_outbox_due(o->opt.db, now_ms, rows, room, &count) != NH_OK)
        return; /* logged; the next tick tries again */
    for (size_t i = 0; i < count; i++)
        take_row(o, &rows[i], now_ms);
}

/* A row whose end nobody knows waits again, by the channel that its rule names. */
static void
settle(struct outbox *o, const struct outbox_row *row, int64_t now_ms)
{
    const struct notifier *by = notify_find(row->channel), *next = by;
    const struct inv_contact *to = contact_of(o->opt.inv, row->contact);

    o->stats.unclear++;
    if (to != NULL && by != NULL && !by->again_if_unclear)
        next = channel_after(o->opt.inv, to, row->channel);
    nh_log_limited(NH_LOG_WARN, "outbox: whether %s left by %s is not known: goes by %s",
        row->key, row->channel, next != NULL ? next->name : row->channel);
    write_row(o, row, OUTBOX_WAITING, next != NULL ? next->name : row->channel,
        row->tries, now_ms, "the collector ended while it was under way", now_ms);
}

static enum nh_err
settle_unclear(struct outbox *o)
{
    struct outbox_row rows[UNDER_WAY_MAX];
    int64_t now_ms = nh_clock_wall_ms();
    enum nh_err err;
    uint64_t before;
    size_t count;

    do {
        before = o->stats.unclear;
        err = incidents_outbox_unclear(o->opt.db, rows, UNDER_WAY_MAX, &count);
        for (size_t i = 0; err == NH_OK && i < count; i++) {
            settle(o, &rows[i], now_ms);
            outbox_row_fini(&rows[i]);
        }
    } while (err == NH_OK && count == UNDER_WAY_MAX && before < 100000);
    return err;
}

enum nh_err
outbox_open(struct outbox **out, const struct outbox_options *options)
{
    struct outbox *o = calloc(1, sizeof(*o));
    enum nh_err err;

    *out = NULL;
    if (o == NULL)
        return NH_ENOMEM;
    o->opt = *options;
    err = nh_curl_new(&o->curl, options->base);
    if (err == NH_OK)
        err = settle_unclear(o);
    if (err != NH_OK) {
        outbox_close(o);
        return err;
    }
    *out = o;
    return NH_OK;
}

static void
end_tasks(struct outbox *o)
{
    for (size_t i = 0; i < UNDER_WAY_MAX; i++)
        if (o->tasks[i].by != NULL) {
            o->tasks[i].by->cancel(&o->tasks[i].job);
            task_fini(&o->tasks[i]);
        }
}

void
outbox_close(struct outbox *o)
{
    if (o == NULL)
        return;
    end_tasks(o);
    nh_curl_free(o->curl);
    free(o);
}

void
outbox_reload(struct outbox *o, const struct inventory *inv)
{
    end_tasks(o);
    o->opt.inv = inv;
    if (settle_unclear(o) != NH_OK)
        nh_log(
            NH_LOG_ERROR, "outbox: messages under way stay unclear until the next start");
}

void
outbox_stats(const struct outbox *o, struct outbox_stats *out)
{
    *out = o->stats;
}
