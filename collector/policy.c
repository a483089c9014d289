/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.c - who is told, when: a case an incident, looked at with each change and second
 *
 * An incident is told once it has lasted outage_after_s, or at once when `together` sites
 * fell together; never after it ended, never when it is planned or was past when found.
 * At night only a whole carrier or the centre is told; the rest waits until morning and
 * is told then if it still lasts. What changes goes to those who were told, once a
 * revision of cause at most every ten minutes; its end goes to the same.
 *
 * Three messages of one sort in a minute reach a contact each by itself; further ones
 * wait until the minute is over and go as one, a digest. So does what the night has held
 * back, in the morning at once. What ended while it waited is told to nobody.
 *
 * A contact has hours of his own. Outside them he is told of a whole carrier or the
 * centre alone; the duty officer stands in for him, or else the first of the escalation
 * who is on. What he has missed and still lasts goes to him as his hours begin, as one.
 *
 * Once a minute meetings and planned work are laid side by side. What was told of is
 * kept until the meeting is over, by a hash of both ids and the meeting's time, so that
 * it is told once whatever restarts or reloads come between.
 */
#include "collector/policy.h"
#include "collector/calendar.h"
#include "collector/policy_words.h"
#include "libnhip/crc32c.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOLD_MAX = 48,
    REVISE_EVERY_MS = 600000,
    FORGET_MS = 12 * 3600000,
    REVISIONS_MAX = 2,
    BLAME_AFTER_MS = 60000,
    MINUTE_MS = 60000,
    MEETING_NEAR_MS = 3600000, /* so near that no night holds it */
    CLASHES_MAX = 4096
};
#define MEETING_AHEAD_MS (INT64_C(7) * 86400000)
#define WORK_AHEAD_MS (INT64_C(86400000))
#define HOURS_AHEAD_MS (INT64_C(8) * 86400000) /* hours come again within a week */

enum { SINGLE_MAX = 3, WINDOW_MS = 60000, HELD_MAX = 100000 };

/* What one contact got of one sort since a moment. */
struct window {
    const struct inv_contact *to;
    enum message_about about;
    int64_t from_ms;
    unsigned count;
};
struct held {
    const struct inv_contact *to;
    enum message_about about;
    uint32_t number;
    unsigned step;    /* of its key */
    int64_t after_ms; /* goes out then */
};

struct clash {
    uint32_t hash;
    int64_t until_ms; /* the meeting's end */
};

struct casefile {
    struct incident in;
    bool opened, acknowledged, done, told_low;
    size_t step; /* of the escalation, the next one */
    int64_t told_ms, revised_ms;
    unsigned revisions;
    enum cause told_cause;
    char told_party[INCIDENT_PARTY_MAX];
    size_t told_count;
    const struct inv_contact *told[TOLD_MAX];
};

struct policy {
    const struct inventory *inv;
    struct policy_events events;
    int64_t now_ms;
    size_t count, cap;
    struct casefile *cases; /* owned */
    int64_t looked_minute;  /* at meetings */
    size_t clash_count, clash_cap;
    struct clash *clashes; /* owned: told of */
    size_t window_count, window_cap, held_count, held_cap;
    struct window *windows; /* owned */
    struct held *held;      /* owned, in the order of being held */
};

static const char *const abouts[MESSAGE_ABOUTS] = {
    [MESSAGE_OPENED] = "opened",
    [MESSAGE_REVISED] = "revised",
    [MESSAGE_CLOSED] = "closed",
    [MESSAGE_ESCALATED] = "escalated",
    [MESSAGE_MEETING] = "meeting",
    [MESSAGE_PLANNED] = "planned",
    [MESSAGE_CHECK] = "check",
};

const char *
message_about_name(enum message_about about)
{
    return abouts[about];
}

enum nh_err
policy_new(
    struct policy **out, const struct inventory *inv, const struct policy_events *events)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return NH_ENOMEM;
    (*out)->inv = inv;
    (*out)->events = *events;
    return NH_OK;
}

void
policy_free(struct policy *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        incident_fini(&p->cases[i].in);
    free(p->cases);
    free(p->clashes);
    free(p->windows);
    free(p->held);
    free(p);
}

/* ---- whom ---- */

static size_t
add(const struct inv_contact **out, size_t n, size_t max, const struct inv_contact *c)
{
    for (size_t i = 0; i < n; i++)
        if (out[i] == c)
            return n;
    if (c != NULL && n < max)
        out[n++] = c;
    return n;
}

/* The technician for what he can do something about; the carrier for its own circuits;
 * the duty officer for all that is more than one site. */
size_t
policy_whom(const struct inventory *inv, const struct incident *in,
    const struct inv_contact **out, size_t max)
{
    bool local = in->cause == CAUSE_POWER || in->cause == CAUSE_SITE_LAN ||
                 in->cause == CAUSE_LAST_MILE || in->cause == CAUSE_CONGESTION ||
                 in->cause == CAUSE_MONITORING || in->cause == CAUSE_UNKNOWN;
    size_t n = 0;

    if (in->cause == CAUSE_SERVICE) {
        const struct inv_service *v = inventory_service(inv, in->object);

        for (size_t i = 0; v != NULL && i < v->tell_count; i++)
            n = add(out, n, max, v->tell[i]);
    }
    for (size_t i = 0; local && i < in->site_count; i++) {
        const struct inv_site *s = inventory_site(inv, in->sites[i]);

        for (size_t k = 0; s != NULL && k < s->technician_count; k++)
            n = add(out, n, max, s->technicians[k]);
    }
    if (strncmp(in->party, "carrier:", 8) == 0 && in->confidence != CONFIDENCE_SUSPECTED)
        for (size_t i = 0; i < inv->carrier_count; i++)
            for (size_t k = 0; strcmp(inv->carriers[i].id, in->party + 8) == 0 &&
                               k < inv->carriers[i].tell_count;
                 k++)
                n = add(out, n, max, inv->carriers[i].tell[k]);
    if (n == 0 || in->site_count > 1 || !local)
        for (size_t i = 0; i < inv->centre.tell_count; i++)
            n = add(out, n, max, inv->centre.tell[i]);
    if (n == 0 && inv->alerts.step_count > 0)
        n = add(out, n, max, inv->alerts.steps[0].contact);
    return n;
}

static int
minute_of_day(const char *text)
{
    return ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] -
           '0';
}

static bool
is_quiet(const struct policy *p, int64_t at_ms)
{
    const char *q = p->inv->alerts.quiet;
    int from, to, now;

    if (q == NULL || strlen(q) < 11)
        return false;
    from = minute_of_day(q);
    to = minute_of_day(q + 6);
    now = (int)((at_ms / 1000 + nh_zone_offset_s(p->inv->timezone, at_ms / 1000)) / 60 %
                1440);
    return from <= to ? now >= from && now < to : now >= from || now < to;
}

/* ---- hours of a contact ---- */

struct first_span {
    int64_t from_ms; /* 0: none yet */
};

static void
on_span(void *arg, int64_t from_ms, int64_t to_ms)
{
    struct first_span *f = arg;

    (void)to_ms;
    if (f->from_ms == 0)
        f->from_ms = from_ms;
}

/* The first moment at or after one at which he may be told; that one: he is on. */
static int64_t
on_from(const struct policy *p, const struct inv_contact *to, int64_t at_ms)
{
    const char *hours = to->hours;
    struct first_span first = { 0 };

    if (hours == NULL || strcmp(hours, "always") == 0)
        return at_ms;
    if (strcmp(hours, "office_hours") == 0)
        hours = p->inv->office_hours;
    calendar_hours(hours, p->inv->timezone, at_ms, at_ms + 1, on_span, &first);
    if (first.from_ms == 0)
        calendar_hours(
            hours, p->inv->timezone, at_ms, at_ms + HOURS_AHEAD_MS, on_span, &first);
    return first.from_ms == 0 ? at_ms + HOURS_AHEAD_MS : first.from_ms;
}

static bool
is_on(const struct policy *p, const struct inv_contact *to, const struct incident *in)
{
    return in->whole_carrier || on_from(p, to, p->now_ms) <= p->now_ms;
}

/* When he is told what he misses now: his hours have begun, and it is no night. */
static int64_t
told_from(const struct policy *p, const struct inv_contact *to)
{
    int64_t at_ms = on_from(p, to, p->now_ms);

    for (int i = 0; i < 1440 && is_quiet(p, at_ms); i++)
        at_ms += MINUTE_MS;
    return at_ms;
}

/* Who stands in for those who are not on. */
static size_t
add_stand_ins(const struct policy *p, const struct incident *in,
    const struct inv_contact **out, size_t n, size_t max)
{
    const struct inv_alerts *a = &p->inv->alerts;
    size_t on = 0, named = n;

    for (size_t i = 0; i < n; i++)
        on += is_on(p, out[i], in);
    if (on == n)
        return n;
    for (size_t i = 0; i < p->inv->centre.tell_count; i++)
        if (is_on(p, p->inv->centre.tell[i], in))
            n = add(out, n, max, p->inv->centre.tell[i]);
    for (size_t i = 0; i < a->step_count && on == 0 && n == named; i++)
        if (is_on(p, a->steps[i].contact, in))
            n = add(out, n, max, a->steps[i].contact);
    return n;
}

/* ---- telling ---- */

static const char *
channel_of(const struct inv_contact *c)
{
    if (c->sms != NULL && *c->sms != '\0')
        return "sms";
    if (c->email != NULL && *c->email != '\0')
        return "email";
    if (c->webhook != NULL && *c->webhook != '\0')
        return "webhook";
    return c->snmp != NULL && *c->snmp != '\0' ? "snmp" : "page";
}

/* A management system does not sleep, and shows a trouble until it is told of its end. */
static bool
is_machine(const struct inv_contact *c)
{
    return strcmp(channel_of(c), "snmp") == 0;
}

static bool
was_told(const struct casefile *c, const struct inv_contact *to)
{
    for (size_t i = 0; i < c->told_count; i++)
        if (c->told[i] == to)
            return true;
    return false;
}

/* Ends the texts and gives the message away with them. */
static void
put_message(struct policy *p, struct message *m, struct nh_buf *sms,
    struct nh_buf *subject, struct nh_buf *text)
{
    nh_buf_put_u8(sms, 0);
    nh_buf_put_u8(subject, 0);
    nh_buf_put_u8(text, 0);
    m->sms = (const char *)sms->data;
    m->subject = (const char *)subject->data;
    m->text = (const char *)text->data;
    if (nh_buf_err(sms) == NH_OK && nh_buf_err(subject) == NH_OK &&
        nh_buf_err(text) == NH_OK)
        p->events.on_message(p->events.arg, m);
    nh_buf_fini(sms);
    nh_buf_fini(subject);
    nh_buf_fini(text);
}

static struct casefile *
case_of(struct policy *p, uint32_t number, bool make)
{
    struct casefile *more;

    for (size_t i = 0; i < p->count; i++)
        if (p->cases[i].in.number == number)
            return &p->cases[i];
    if (!make)
        return NULL;
    if (p->count == p->cap) {
        size_t cap = p->cap == 0 ? 16 : p->cap * 2;

        more = realloc(p->cases, cap * sizeof(*more));
        if (more == NULL)
            return NULL;
        p->cases = more;
        p->cap = cap;
    }
    p->cases[p->count] = (struct casefile){ .in.number = number };
    return &p->cases[p->count++];
}

static void
now_told(struct casefile *c, const struct inv_contact *to)
{
    if (!was_told(c, to) && c->told_count < TOLD_MAX)
        c->told[c->told_count++] = to;
}

static bool
is_covered(const struct policy *p, const char *link)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct incident *in = &p->cases[i].in;

        for (size_t k = 0; in->closed_ms == 0 && in->merged_into == 0 && !in->note &&
                           k < in->link_count;
             k++)
            if (strcmp(in->links[k].id, link) == 0)
                return true;
    }
    return false;
}

/* The one link that is down is a primary, and another one of its site has no incident. */
static bool
is_on_backup(const struct policy *p, const struct incident *in)
{
    const struct inv_site *s =
        in->site_count == 1 ? inventory_site(p->inv, in->sites[0]) : NULL;

    if (s == NULL || in->link_count != 1 || in->links[0].standby ||
        in->kind != INCIDENT_OUTAGE || in->closed_ms != 0)
        return false;
    for (size_t i = 0; i < s->link_count; i++)
        if (!is_covered(p, s->links[i].id) &&
            strcmp(s->links[i].id, in->links[0].id) != 0)
            return true;
    return false;
}

static void
send(struct policy *p, struct casefile *c, enum message_about about, unsigned step,
    const struct inv_contact *to)
{
    struct message m = { .incident = c->in.number,
        .about = about,
        .to = to,
        .channel = channel_of(to),
        .at_ms = p->now_ms };
    struct message_view view = { .about = about, .to = to, .now_ms = p->now_ms };
    struct nh_buf sms, subject, text;

    nh_buf_init(&sms, 1000);
    nh_buf_init(&subject, 1000);
    nh_buf_init(&text, 1 << 20);
    view.on_backup = is_on_backup(p, &c->in);
    policy_sms(p->inv, &c->in, &view, &sms);
    policy_text(p->inv, &c->in, &view, &subject, &text);
    snprintf(m.key, sizeof(m.key), "%u:%s:%.40s:%u", c->in.number, abouts[about], to->id,
        step);
    put_message(p, &m, &sms, &subject, &text);
    now_told(c, to);
}

/* ---- many at once ---- */

static struct window *
window_of(struct policy *p, const struct inv_contact *to, enum message_about about)
{
    struct window *more;

    for (size_t i = 0; i < p->window_count; i++)
        if (p->windows[i].to == to && p->windows[i].about == about)
            return &p->windows[i];
    if (p->window_count == p->window_cap) {
        size_t cap = p->window_cap == 0 ? 16 : p->window_cap * 2;

        more = realloc(p->windows, cap * sizeof(*more));
        if (more == NULL)
            return NULL;
        p->windows = more;
        p->window_cap = cap;
    }
    p->windows[p->window_count] = (struct window){ .to = to, .about = about };
    return &p->windows[p->window_count++];
}

static bool
hold(struct policy *p, const struct held *h)
{
    if (p->held_count == p->held_cap) {
        size_t cap = p->held_cap == 0 ? 16 : p->held_cap * 2;
        struct held *more = cap > HELD_MAX ? NULL : realloc(p->held, cap * sizeof(*more));

        if (more == NULL)
            return false;
        p->held = more;
        p->held_cap = cap;
    }
    p->held[p->held_count++] = *h;
    return true;
}

/* Now, or with others; `late`: the night held it back. */
static void
say(struct policy *p, struct casefile *c, enum message_about about, unsigned step,
    const struct inv_contact *to, bool late)
{
    struct held h = { to, about, c->in.number, step, p->now_ms };
    struct window *w;

    if (!is_on(p, to, &c->in)) {
        h.after_ms = told_from(p, to);
        if (hold(p, &h))
            return;
    }
    w = window_of(p, to, about);
    if (w != NULL && !late) {
        if (p->now_ms - w->from_ms >= WINDOW_MS) {
            w->from_ms = p->now_ms;
            w->count = 0;
        }
        late = w->count++ >= SINGLE_MAX;
        h.after_ms = w->from_ms + WINDOW_MS;
    }
    if (!late || !hold(p, &h))
        send(p, c, about, step, to);
}

/* Nobody is told of the past. */
static bool
still_holds(const struct casefile *c, enum message_about about)
{
    if (c == NULL || c->in.merged_into != 0)
        return false;
    return about == MESSAGE_CLOSED || c->in.closed_ms == 0;
}

static void
send_digest(struct policy *p, const struct held *first, struct casefile *const *cases,
    size_t count)
{
    const struct incident **in = calloc(count, sizeof(struct incident *));
    uint32_t *numbers = calloc(count, sizeof(*numbers));
    struct message m = { .incident = cases[0]->in.number,
        .also_count = count - 1,
        .about = first->about,
        .to = first->to,
        .channel = channel_of(first->to),
        .at_ms = p->now_ms };
    struct nh_buf sms, subject, text;

    nh_buf_init(&sms, 1000);
    nh_buf_init(&subject, 1000);
    nh_buf_init(&text, 1 << 20);
    for (size_t i = 0; in != NULL && numbers != NULL && i < count; i++) {
        in[i] = &cases[i]->in;
        numbers[i] = cases[i]->in.number;
        now_told(cases[i], first->to);
    }
    if (in != NULL && numbers != NULL) {
        m.also = numbers + 1;
        policy_digest_sms(p->inv, in, count, first->about, &sms);
        policy_digest_text(
            p->inv, in, count, first->about, first->to->language, &subject, &text);
        snprintf(m.key, sizeof(m.key), "%u:%s:%.40s:%u", m.incident, abouts[m.about],
            m.to->id, first->step);
        put_message(p, &m, &sms, &subject, &text);
    } else {
        nh_buf_fini(&sms);
        nh_buf_fini(&subject);
        nh_buf_fini(&text);
    }
    free(in);
    free(numbers);
}

/* All that is held for the contact of the `at`th one, of its sort. */
static void
let_go(struct policy *p, size_t at)
{
    const struct held first = p->held[at];
    struct casefile **cases = calloc(p->held_count, sizeof(struct casefile *));
    size_t count = 0, keep = 0;
    unsigned step = first.step;

    for (size_t i = 0; i < p->held_count; i++) {
        const struct held h = p->held[i];
        struct casefile *c;

        if (h.to != first.to || h.about != first.about ||
            h.after_ms > p->now_ms + WINDOW_MS) {
            p->held[keep++] = h;
            continue;
        }
        c = case_of(p, h.number, false);
        if (cases == NULL || !still_holds(c, h.about))
            continue;
        step = count == 0 ? h.step : step;
        cases[count++] = c;
    }
    p->held_count = keep;
    if (count == 1)
        send(p, cases[0], first.about, step, first.to);
    else if (count > 1)
        send_digest(p, &(struct held){ first.to, first.about, 0, step, 0 }, cases, count);
    free(cases);
}

static void
let_go_what_is_due(struct policy *p)
{
    for (size_t i = 0; i < p->held_count;) {
        if (p->held[i].after_ms <= p->now_ms) {
            let_go(p, i);
            i = 0;
        } else {
            i++;
        }
    }
}

/* When it could have been told first, had it been day. */
static int64_t
due_ms(const struct policy *p, const struct casefile *c)
{
    int64_t begin_ms = c->in.started_ms;

    if (c->in.kind == INCIDENT_DEGRADED || c->in.kind == INCIDENT_SILENT)
        begin_ms = c->in.opened_ms;
    return begin_ms + p->inv->alerts.outage_after_s * 1000;
}

static void
open_case(struct policy *p, struct casefile *c)
{
    const struct inv_contact *to[TOLD_MAX];
    size_t n = policy_whom(p->inv, &c->in, to, TOLD_MAX);
    bool late = is_quiet(p, due_ms(p, c)) && !is_quiet(p, p->now_ms);

    n = add_stand_ins(p, &c->in, to, n, TOLD_MAX);
    c->opened = true;
    c->told_low = c->in.figures.battery_low;
    c->told_ms = p->now_ms;
    c->told_cause = c->in.cause;
    memcpy(c->told_party, c->in.party, sizeof(c->told_party));
    for (size_t i = 0; i < n; i++)
        say(p, c, MESSAGE_OPENED, 1, to[i], late);
}

static bool
is_due(const struct policy *p, const struct casefile *c)
{
    int64_t age = p->now_ms - c->in.started_ms;

    if (!c->in.may_be_told || c->in.closed_ms != 0 || c->in.merged_into != 0 ||
        c->in.cause == CAUSE_PLANNED)
        return false;
    if (is_quiet(p, p->now_ms) && !c->in.whole_carrier)
        return false;
    if (c->in.kind == INCIDENT_DEGRADED || c->in.kind == INCIDENT_SILENT)
        return p->now_ms - c->in.opened_ms >= p->inv->alerts.outage_after_s * 1000;
    if (p->inv->alerts.together > 0 &&
        c->in.site_count >= (size_t)p->inv->alerts.together && age >= BLAME_AFTER_MS)
        return true;
    return age >= p->inv->alerts.outage_after_s * 1000;
}

static void
revise(struct policy *p, struct casefile *c)
{
    bool low = c->in.figures.battery_low && !c->told_low;

    if (!c->opened || c->done || c->in.closed_ms != 0 || c->revisions >= REVISIONS_MAX ||
        (c->in.cause == c->told_cause && strcmp(c->in.party, c->told_party) == 0 &&
            !low) ||
        (c->revised_ms != 0 && p->now_ms - c->revised_ms < REVISE_EVERY_MS && !low) ||
        (is_quiet(p, p->now_ms) && !c->in.whole_carrier))
        return;
    c->told_low |= low;
    c->revisions++;
    c->revised_ms = p->now_ms;
    c->told_cause = c->in.cause;
    memcpy(c->told_party, c->in.party, sizeof(c->told_party));
    for (size_t i = 0, n = c->told_count; i < n; i++)
        if (is_on(p, c->told[i], &c->in))
            send(p, c, MESSAGE_REVISED, c->revisions, c->told[i]);
        else
            say(p, c, MESSAGE_REVISED, c->revisions, c->told[i], false);
}

static void
escalate(struct policy *p, struct casefile *c)
{
    const struct inv_alerts *a = &p->inv->alerts;
    const struct inv_contact *to;

    if (!c->opened || c->acknowledged || c->in.closed_ms != 0 ||
        c->step >= a->step_count || c->in.kind == INCIDENT_DEGRADED ||
        c->in.kind == INCIDENT_SILENT || c->in.kind == INCIDENT_STANDBY_LOST ||
        p->now_ms - c->told_ms < a->steps[c->step].after_s * 1000 ||
        (is_quiet(p, p->now_ms) && !c->in.whole_carrier))
        return;
    do { /* who is not on hears of it later; the next one now */
        to = a->steps[c->step].contact;
        if (!was_told(c, to))
            say(p, c, MESSAGE_ESCALATED, (unsigned)c->step, to, false);
        c->step++;
    } while (!is_on(p, to, &c->in) && c->step < a->step_count);
}

static void
close_case(struct policy *p, struct casefile *c)
{
    bool night = is_quiet(p, p->now_ms) && !c->in.whole_carrier;

    for (size_t i = 0, n = c->told_count;
         c->opened && !c->done && c->in.merged_into == 0 && i < n; i++)
        if (!night || is_machine(c->told[i]))
            say(p, c, MESSAGE_CLOSED, 1, c->told[i], false);
    c->done = true;
}

/* What was told of one that merged counts for the one that explains it. */
static void
merge(struct policy *p, uint32_t from, uint32_t into)
{
    struct casefile *to = case_of(p, into, true), *c;

    c = case_of(p, from, false); /* making the other may have moved it */
    if (c == NULL || to == NULL || !c->opened)
        return;
    to->opened = true;
    for (size_t i = 0; i < p->held_count; i++)
        if (p->held[i].number == from)
            p->held[i].number = into;
    if (to->told_ms == 0) {
        to->told_ms = c->told_ms;
        to->told_cause = c->told_cause;
        memcpy(to->told_party, c->told_party, sizeof(to->told_party));
    }
    for (size_t i = 0; i < c->told_count; i++)
        if (!was_told(to, c->told[i]) && to->told_count < TOLD_MAX)
            to->told[to->told_count++] = c->told[i];
    c->done = true;
}

void
policy_incident(struct policy *p, const struct incident *in, enum incident_change change,
    int64_t now_ms)
{
    struct casefile *c = case_of(p, in->number, true);
    struct incident copy;

    if (now_ms > p->now_ms)
        p->now_ms = now_ms;
    if (c == NULL || incident_dup(&copy, in) != NH_OK)
        return;
    incident_fini(&c->in);
    c->in = copy;
    if (change == INCIDENT_MERGED)
        merge(p, in->number, in->merged_into);
    else if (change == INCIDENT_CLOSED)
        close_case(p, c);
    else if (change == INCIDENT_REOPENED)
        c->done = c->opened; /* its end was told: what comes again is on the page */
    else if (!c->opened && is_due(p, c))
        open_case(p, c);
}

void
policy_acknowledged(struct policy *p, uint32_t number, int64_t now_ms)
{
    struct casefile *c;

    policy_clock(p, now_ms);
    c = case_of(p, number, false); /* the clock moves them when it forgets one */
    if (c != NULL)
        c->acknowledged = true;
}

/* ---- meetings ---- */

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

        more = cap > CLASHES_MAX ? NULL : realloc(p->clashes, cap * sizeof(*more));
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
        n = add(out, n, max, m->service->tell[i]);
    for (size_t i = 0; i < inv->centre.tell_count; i++)
        n = add(out, n, max, inv->centre.tell[i]);
    if (n == 0 && inv->alerts.step_count > 0)
        n = add(out, n, max, inv->alerts.steps[0].contact);
    return n;
}

static void
on_clash(void *arg, const struct meeting_clash *c)
{
    struct policy *p = arg;
    const struct inv_contact *to[TOLD_MAX];
    uint32_t hash = hash_of(c);
    bool wait = is_quiet(p, p->now_ms);
    size_t n;

    n = whom_of_meeting(p->inv, c->meeting, to, TOLD_MAX);
    for (size_t i = 0; i < n; i++)
        wait |= on_from(p, to[i], p->now_ms) > p->now_ms;
    if ((wait && c->start_ms - p->now_ms > MEETING_NEAR_MS) ||
        !is_first(p, hash, c->end_ms))
        return;
    for (size_t i = 0; i < n; i++) {
        struct message m = { .about = MESSAGE_MEETING,
            .to = to[i],
            .channel = channel_of(to[i]),
            .at_ms = p->now_ms };
        struct nh_buf sms, subject, text;

        nh_buf_init(&sms, 1000);
        nh_buf_init(&subject, 1000);
        nh_buf_init(&text, 1 << 20);
        policy_meeting_sms(p->inv, c, &sms);
        policy_meeting_text(p->inv, c, to[i]->language, &subject, &text);
        snprintf(m.key, sizeof(m.key), "meeting:%08lx:%.40s:%lld", (unsigned long)hash,
            to[i]->id, (long long)(c->start_ms / 1000));
        put_message(p, &m, &sms, &subject, &text);
    }
}

/* A message about no incident, its words already in the buffers. */
static void
put_notice(struct policy *p, enum message_about about, uint32_t hash, int64_t at_s,
    const struct inv_contact *to, struct nh_buf *sms, struct nh_buf *subject,
    struct nh_buf *text)
{
    struct message m = {
        .about = about, .to = to, .channel = channel_of(to), .at_ms = p->now_ms
    };

    snprintf(m.key, sizeof(m.key), "%s:%08lx:%.40s:%lld", abouts[about],
        (unsigned long)hash, to->id, (long long)at_s);
    put_message(p, &m, sms, subject, text);
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
            n = add(out, n, max, inv->sites[i].technicians[k]);
    for (size_t i = 0; i < inv->centre.tell_count; i++)
        n = add(out, n, max, inv->centre.tell[i]);
    return n;
}

static void
look_at_work(struct policy *p, const struct inv_planned *work)
{
    int64_t from_ms = work->from_s * 1000;
    const struct inv_contact *to[TOLD_MAX];
    uint32_t hash;
    size_t n;

    if (from_ms <= p->now_ms || from_ms > p->now_ms + WORK_AHEAD_MS ||
        work->to_s <= work->from_s || is_quiet(p, p->now_ms))
        return;
    hash = hash_of_text("planned", work->id, work->from_s);
    if (!is_first(p, hash, work->to_s * 1000))
        return;
    n = whom_of_work(p->inv, work, to, TOLD_MAX);
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
        if (!is_covered(p, s->links[i].id))
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
    const struct inv_contact *to[TOLD_MAX];
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
    n = bad == NULL ? 0 : whom_of_meeting(p->inv, m, to, TOLD_MAX);
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

static void
look_at_meetings(struct policy *p)
{
    size_t keep = 0;

    if (p->now_ms / MINUTE_MS == p->looked_minute ||
        p->inv->meeting_count + p->inv->planned_count == 0)
        return;
    p->looked_minute = p->now_ms / MINUTE_MS;
    for (size_t i = 0; i < p->clash_count; i++)
        if (p->clashes[i].until_ms > p->now_ms)
            p->clashes[keep++] = p->clashes[i];
    p->clash_count = keep;
    meetings_clashes(p->inv, p->now_ms, p->now_ms + MEETING_AHEAD_MS, on_clash, p);
    meetings_soon(p->inv, p->now_ms, on_soon, p);
    for (size_t i = 0; i < p->inv->planned_count; i++)
        look_at_work(p, &p->inv->planned[i]);
}

static bool
is_held(const struct policy *p, uint32_t number)
{
    for (size_t i = 0; i < p->held_count; i++)
        if (p->held[i].number == number)
            return true;
    return false;
}

/* Ended so long ago that diagnose.h does not come back to it, and all of it told. */
static bool
is_settled(const struct policy *p, const struct casefile *c)
{
    if ((c->in.told_closed_ms == 0 || c->in.told_closed_ms >= p->now_ms - FORGET_MS) &&
        (c->in.merged_into == 0 || c->in.changed_ms >= p->now_ms - FORGET_MS))
        return false;
    return !is_held(p, c->in.number);
}

static void
forget_settled(struct policy *p)
{
    size_t keep = 0;

    for (size_t i = 0; i < p->count; i++)
        if (is_settled(p, &p->cases[i]))
            incident_fini(&p->cases[i].in);
        else
            p->cases[keep++] = p->cases[i];
    p->count = keep;
}

void
policy_clock(struct policy *p, int64_t now_ms)
{
    if (now_ms > p->now_ms)
        p->now_ms = now_ms;
    forget_settled(p);
    look_at_meetings(p);
    for (size_t i = 0; i < p->count; i++) {
        struct casefile *c = &p->cases[i];

        if (c->done)
            continue;
        if (!c->opened && is_due(p, c))
            open_case(p, c);
        revise(p, c);
        escalate(p, c);
    }
    let_go_what_is_due(p);
}

int64_t
policy_now(const struct policy *p)
{
    return p->now_ms;
}

/* ---- state ---- */

enum { VERSION = 2 }; /* 1: without meetings and digests */

void
policy_save(const struct policy *p, struct nh_buf *out)
{
    nh_buf_put_u8(out, VERSION);
    nh_buf_put_zigzag(out, p->now_ms);
    nh_buf_put_varint(out, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct casefile *c = &p->cases[i];

        incident_encode(out, &c->in);
        nh_buf_put_u8(out, (uint8_t)(c->opened | c->acknowledged << 1 | c->done << 2 |
                                     c->told_low << 3));
        nh_buf_put_varint(out, c->step);
        nh_buf_put_zigzag(out, c->told_ms);
        nh_buf_put_zigzag(out, c->revised_ms);
        nh_buf_put_varint(out, c->revisions);
        nh_buf_put_u8(out, (uint8_t)c->told_cause);
        nh_buf_put_str(out, c->told_party);
        nh_buf_put_varint(out, c->told_count);
        for (size_t k = 0; k < c->told_count; k++)
            nh_buf_put_str(out, c->told[k]->id);
    }
    nh_buf_put_varint(out, p->clash_count);
    for (size_t i = 0; i < p->clash_count; i++) {
        nh_buf_put_varint(out, p->clashes[i].hash);
        nh_buf_put_zigzag(out, p->clashes[i].until_ms);
    }
    nh_buf_put_varint(out, p->window_count);
    for (size_t i = 0; i < p->window_count; i++) {
        const struct window *w = &p->windows[i];

        nh_buf_put_str(out, w->to->id);
        nh_buf_put_u8(out, (uint8_t)w->about);
        nh_buf_put_zigzag(out, w->from_ms);
        nh_buf_put_varint(out, w->count);
    }
    nh_buf_put_varint(out, p->held_count);
    for (size_t i = 0; i < p->held_count; i++) {
        const struct held *h = &p->held[i];

        nh_buf_put_str(out, h->to->id);
        nh_buf_put_u8(out, (uint8_t)h->about);
        nh_buf_put_varint(out, h->number);
        nh_buf_put_varint(out, h->step);
        nh_buf_put_zigzag(out, h->after_ms);
    }
}

static int64_t
take_time(struct nh_slice *in)
{
    int64_t v = nh_take_zigzag(in);

    in->bad |= v > INCIDENT_TIME_MAX || v < -INCIDENT_TIME_MAX;
    return in->bad ? 0 : v;
}

/* A contact that the inventory no longer has is told no more. */
static const struct inv_contact *
take_contact(const struct policy *p, struct nh_slice *in)
{
    char id[NH_SITE_ID_MAX];

    nh_take_str(in, id, sizeof(id));
    for (size_t k = 0; k < p->inv->contact_count && !in->bad; k++)
        if (strcmp(p->inv->contacts[k].id, id) == 0)
            return &p->inv->contacts[k];
    return NULL;
}

static void
load_told(struct policy *p, struct casefile *c, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > TOLD_MAX;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        const struct inv_contact *to = take_contact(p, in);

        if (to != NULL)
            c->told[c->told_count++] = to;
    }
}

static enum message_about
take_about(struct nh_slice *in)
{
    unsigned about = nh_take_u8(in);

    in->bad |= about >= MESSAGE_ABOUTS;
    return in->bad ? MESSAGE_OPENED : (enum message_about)about;
}

static unsigned
take_unsigned(struct nh_slice *in)
{
    uint64_t v = nh_take_varint(in);

    in->bad |= v > UINT32_MAX;
    return (unsigned)v;
}

static enum nh_err
load_gathering(struct policy *p, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > in->len;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        const struct inv_contact *to = take_contact(p, in);
        enum message_about about = take_about(in);
        int64_t from_ms = take_time(in);
        unsigned count = take_unsigned(in);
        struct window *w = to == NULL || in->bad ? NULL : window_of(p, to, about);

        if (w != NULL)
            *w = (struct window){ to, about, from_ms, count };
        else if (to != NULL && !in->bad)
            return NH_ENOMEM;
    }
    n = nh_take_varint(in);
    in->bad |= n > in->len || n > HELD_MAX;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        struct held h = { .to = take_contact(p, in) };

        h.about = take_about(in);
        h.number = take_unsigned(in);
        h.step = take_unsigned(in);
        h.after_ms = take_time(in);
        if (h.to != NULL && !in->bad && !hold(p, &h))
            return NH_ENOMEM;
    }
    return in->bad ? NH_EFORMAT : NH_OK;
}

static enum nh_err
load_case(struct policy *p, struct nh_slice *in)
{
    struct incident incident;
    enum nh_err err = incident_decode(in, &incident);
    struct casefile *c;
    unsigned flags, cause;

    if (err != NH_OK)
        return err;
    c = case_of(p, incident.number, true);
    if (c == NULL) {
        incident_fini(&incident);
        return NH_ENOMEM;
    }
    incident_fini(&c->in);
    c->in = incident;
    flags = nh_take_u8(in);
    c->opened = (flags & 1) != 0;
    c->acknowledged = (flags & 2) != 0;
    c->done = (flags & 4) != 0;
    c->told_low = (flags & 8) != 0;
    c->step = (size_t)nh_take_varint(in);
    c->told_ms = take_time(in);
    c->revised_ms = take_time(in);
    c->revisions = (unsigned)nh_take_varint(in);
    cause = nh_take_u8(in);
    in->bad |= cause >= CAUSES;
    c->told_cause = in->bad ? CAUSE_UNKNOWN : (enum cause)cause;
    nh_take_str(in, c->told_party, sizeof(c->told_party));
    load_told(p, c, in);
    return in->bad ? NH_EFORMAT : NH_OK;
}

static enum nh_err
load_clashes(struct policy *p, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > CLASHES_MAX || n > in->len;
    if (in->bad || n == 0)
        return in->bad ? NH_EFORMAT : NH_OK;
    p->clashes = calloc((size_t)n, sizeof(p->clashes[0]));
    if (p->clashes == NULL)
        return NH_ENOMEM;
    p->clash_cap = (size_t)n;
    while (p->clash_count < n) {
        struct clash *c = &p->clashes[p->clash_count++];
        uint64_t hash = nh_take_varint(in);

        in->bad |= hash > UINT32_MAX;
        c->hash = (uint32_t)hash;
        c->until_ms = take_time(in);
    }
    return in->bad ? NH_EFORMAT : NH_OK;
}

static void
renew(struct policy *p)
{
    free(p->clashes);
    p->clashes = NULL;
    p->clash_count = p->clash_cap = p->window_count = p->held_count = 0;
    p->looked_minute = 0;
    for (size_t i = 0; i < p->count; i++)
        incident_fini(&p->cases[i].in);
    p->count = 0;
    p->now_ms = 0;
}

enum nh_err
policy_load(struct policy *p, struct nh_slice in)
{
    enum nh_err err = NH_OK;
    unsigned version;
    uint64_t n;

    renew(p);
    version = nh_take_u8(&in);
    in.bad |= version < 1 || version > VERSION;
    p->now_ms = take_time(&in);
    n = nh_take_varint(&in);
    for (uint64_t i = 0; i < n && err == NH_OK && !in.bad; i++)
        err = load_case(p, &in);
    if (err == NH_OK && version > 1)
        err = load_clashes(p, &in);
    if (err == NH_OK && version > 1)
        err = load_gathering(p, &in);
    if (err == NH_OK && (in.bad || in.len != 0))
        err = NH_EFORMAT;
    if (err != NH_OK)
        renew(p);
    return err;
}
