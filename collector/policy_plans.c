/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_plans.c - meetings and planned work: told of beforehand
 *
 * Once a minute meetings and planned work are laid side by side. What was told of is
 * kept until the meeting is over, by a hash of both ids and the meeting's time, so that
 * it is told once whatever restarts or reloads come between.
 */
#include "collector/policy_model.h"
#include "collector/policy_words.h"
#include "libnhip/crc32c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEETING_NEAR_MS = 3600000 }; /* so near that no night holds it */
#define MEETING_AHEAD_MS (INT64_C(7) * 86400000)
#define WORK_AHEAD_MS (INT64_C(86400000))

static uint32_t
hash_of(const struct meeting_clash *c)
{
    char text[2 * NH_SITE_ID_MAX + 32];
    int n = snprintf(text, sizeof(text), "%s %s %lld", c->meeting->id, c->planned->id,
        (long long)c->start_ms);

    return nh_crc32c(0, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* true: it was not told of before, and now counts as told. */
static bool
is_first(struct policy *p, uint32_t hash, int64_t until_ms)
{
    struct clash *more;

    for (size_t i = 0; i < p->clash_count; i++)
        if (p->clashes[i].hash == hash)
            return false;
    if (p->clash_count == p->clash_cap) {
        size_t cap = p->clash_cap == 0 ? 8 : p->clash_cap * 2;

        more = cap > POLICY_CLASHES_MAX ? NULL : realloc(p->clashes, cap * sizeof(*more));
        if (more == NULL)
            return false;
        p->clashes = more;
        p->clash_cap = cap;
    }
    p->clashes[p->clash_count++] = (struct clash){ hash, until_ms };
    return true;
}

/* Whoever runs the meetings, and the duty officer. */
static size_t
whom_of_meeting(const struct inventory *inv, const struct inv_meeting *m,
    const struct inv_contact **out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < m->service->tell_count; i++)
        n = policy_add_contact(out, n, max, m->service->tell[i]);
    for (size_t i = 0; i < inv->centre.tell_count; i++)
        n = policy_add_contact(out, n, max, inv->centre.tell[i]);
    if (n == 0 && inv->alerts.step_count > 0)
        n = policy_add_contact(out, n, max, inv->alerts.steps[0].contact);
    return n;
}

static void
on_clash(void *arg, const struct meeting_clash *c)
{
    struct policy *p = arg;
    const struct inv_contact *to[POLICY_TOLD_MAX];
    uint32_t hash = hash_of(c);
    bool wait = policy_is_quiet(p, p->now_ms);
    size_t n;

    n = whom_of_meeting(p->inv, c->meeting, to, POLICY_TOLD_MAX);
    for (size_t i = 0; i < n; i++)
        wait |= policy_on_from(p, to[i], p->now_ms) > p->now_ms;
    if ((wait && c->start_ms - p->now_ms > MEETING_NEAR_MS) ||
        !is_first(p, hash, c->end_ms))
        return;
    for (size_t i = 0; i < n; i++) {
        struct message m = { .about = MESSAGE_MEETING,
            .to = to[i],
            .channel = policy_channel(to[i]),
            .at_ms = p->now_ms };
        struct nh_buf sms, subject, text;

        nh_buf_init(&sms, 1000);
        nh_buf_init(&subject, 1000);
        nh_buf_init(&text, 1 << 20);
        policy_meeting_sms(p->inv, c, &sms);
        policy_meeting_text(p->inv, c, to[i]->language, &subject, &text);
        snprintf(m.key, sizeof(m.key), "meeting:%08lx:%.40s:%lld", (unsigned long)hash,
            to[i]->id, (long long)(c->start_ms / 1000));
        policy_put_message(p, &m, &sms, &subject, &text);
    }
}

/* A message about no incident, its words already in the buffers. */
static void
put_notice(struct policy *p, enum message_about about, uint32_t hash, int64_t at_s,
    const struct inv_contact *to, struct nh_buf *sms, struct nh_buf *subject,
    struct nh_buf *text)
{
    struct message m = {
        .about = about, .to = to, .channel = policy_channel(to), .at_ms = p->now_ms
    };

    snprintf(m.key, sizeof(m.key), "%s:%08lx:%.40s:%lld", message_about_name(about),
        (unsigned long)hash, to->id, (long long)at_s);
    policy_put_message(p, &m, sms, subject, text);
}

static uint32_t
hash_of_text(const char *kind, const char *id, int64_t at)
{
    char text[NH_SITE_ID_MAX + 64];
    int n = snprintf(text, sizeof(text), "%s %s %lld", kind, id, (long long)at);

    return nh_crc32c(0, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Those at whose place the work is, and the duty officer. */
static size_t
whom_of_work(const struct inventory *inv, const struct inv_planned *work,
    const struct inv_contact **out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < inv->site_count; i++)
        for (size_t k = 0; meetings_works_at(work, &inv->sites[i]) &&
                           k < inv->sites[i].technician_count;
             k++)
            n = policy_add_contact(out, n, max, inv->sites[i].technicians[k]);
    for (size_t i = 0; i < inv->centre.tell_count; i++)
        n = policy_add_contact(out, n, max, inv->centre.tell[i]);
    return n;
}

static void
look_at_work(struct policy *p, const struct inv_planned *work)
{
    int64_t from_ms = work->from_s * 1000;
    const struct inv_contact *to[POLICY_TOLD_MAX];
    uint32_t hash;
    size_t n;

    if (from_ms <= p->now_ms || from_ms > p->now_ms + WORK_AHEAD_MS ||
        work->to_s <= work->from_s || policy_is_quiet(p, p->now_ms))
        return;
    hash = hash_of_text("planned", work->id, work->from_s);
    if (!is_first(p, hash, work->to_s * 1000))
        return;
    n = whom_of_work(p->inv, work, to, POLICY_TOLD_MAX);
    for (size_t i = 0; i < n; i++) {
        struct nh_buf sms, subject, text;

        nh_buf_init(&sms, 1000);
        nh_buf_init(&subject, 1000);
        nh_buf_init(&text, 1 << 20);
        policy_planned_sms(p->inv, work, &sms);
        policy_planned_text(p->inv, work, to[i]->language, &subject, &text);
        put_notice(p, MESSAGE_PLANNED, hash, work->from_s, to[i], &sms, &subject, &text);
    }
}

/* A site is ready with a link that no open incident has. */
static bool
is_ready(const struct policy *p, const struct inv_meeting *m, const struct inv_site *s)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->cases[i].in.kind == INCIDENT_SERVICE && p->cases[i].in.closed_ms == 0 &&
            strcmp(p->cases[i].in.object, m->service->id) == 0)
            return false;
    for (size_t i = 0; i < s->link_count; i++)
        if (!policy_is_covered(p, s->links[i].id))
            return true;
    return s->link_count == 0;
}

static void
on_soon(void *arg, const struct inv_meeting *m, int64_t start_ms)
{
    struct policy *p = arg;
    uint32_t hash = hash_of_text("check", m->id, start_ms);
    const struct inv_site **bad;
    struct meeting_check c = { .meeting = m, .start_ms = start_ms };
    const struct inv_contact *to[POLICY_TOLD_MAX];
    size_t n;

    if (!is_first(p, hash, start_ms))
        return;
    bad = calloc(p->inv->site_count + 1, sizeof(struct inv_site *));
    for (size_t i = 0; bad != NULL && i < p->inv->site_count; i++) {
        if (!meetings_takes_part(m, &p->inv->sites[i]))
            continue;
        c.count++;
        if (!is_ready(p, m, &p->inv->sites[i]))
            bad[c.not_ready_count++] = &p->inv->sites[i];
    }
    c.not_ready = bad;
    n = bad == NULL ? 0 : whom_of_meeting(p->inv, m, to, POLICY_TOLD_MAX);
    for (size_t i = 0; i < n; i++) {
        struct nh_buf sms, subject, text;

        nh_buf_init(&sms, 1000);
        nh_buf_init(&subject, 1000);
        nh_buf_init(&text, 1 << 20);
        policy_check_sms(p->inv, &c, &sms);
        policy_check_text(p->inv, &c, to[i]->language, &subject, &text);
        put_notice(p, MESSAGE_CHECK, hash, start_ms / 1000, to[i], &sms, &subject, &text);
    }
    free(bad);
}

void
policy_look_at_plans(struct policy *p)
{
    size_t keep = 0;

    if (p->now_ms / POLICY_MINUTE_MS == p->looked_minute ||
        p->inv->meeting_count + p->inv->planned_count == 0)
        return;
    p->looked_minute = p->now_ms / POLICY_MINUTE_MS;
    for (size_t i = 0; i < p->clash_count; i++)
        if (p->clashes[i].until_ms > p->now_ms)
            p->clashes[keep++] = p->clashes[i];
    p->clash_count = keep;
    meetings_clashes(p->inv, p->now_ms, p->now_ms + MEETING_AHEAD_MS, on_clash, p);
    meetings_soon(p->inv, p->now_ms, on_soon, p);
    for (size_t i = 0; i < p->inv->planned_count; i++)
        look_at_work(p, &p->inv->planned[i]);
}
