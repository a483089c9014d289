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
 */
#include "collector/calendar.h"
#include "collector/policy_model.h"
#include "collector/policy_words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REVISE_EVERY_MS = 600000,
    FORGET_MS = 12 * 3600000,
    REVISIONS_MAX = 2,
    BLAME_AFTER_MS = 60000,
    SINGLE_MAX = 3,
    WINDOW_MS = 60000
};
#define HOURS_AHEAD_MS (INT64_C(8) * 86400000) /* hours come again within a week */

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

size_t
policy_add_contact(
    const struct inv_contact **out, size_t n, size_t max, const struct inv_contact *c)
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
            n = policy_add_contact(out, n, max, v->tell[i]);
    }
    for (size_t i = 0; local && i < in->site_count; i++) {
        const struct inv_site *s = inventory_site(inv, in->sites[i]);

        for (size_t k = 0; s != NULL && k < s->technician_count; k++)
            n = policy_add_contact(out, n, max, s->technicians[k]);
    }
    if (strncmp(in->party, "carrier:", 8) == 0 && in->confidence != CONFIDENCE_SUSPECTED)
        for (size_t i = 0; i < inv->carrier_count; i++)
            for (size_t k = 0; strcmp(inv->carriers[i].id, in->party + 8) == 0 &&
                               k < inv->carriers[i].tell_count;
                 k++)
                n = policy_add_contact(out, n, max, inv->carriers[i].tell[k]);
    if (n == 0 || in->site_count > 1 || !local)
        for (size_t i = 0; i < inv->centre.tell_count; i++)
            n = policy_add_contact(out, n, max, inv->centre.tell[i]);
    if (n == 0 && inv->alerts.step_count > 0)
        n = policy_add_contact(out, n, max, inv->alerts.steps[0].contact);
    return n;
}

static int
minute_of_day(const char *text)
{
    return ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] -
           '0';
}

bool
policy_is_quiet(const struct policy *p, int64_t at_ms)
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
int64_t
policy_on_from(const struct policy *p, const struct inv_contact *to, int64_t at_ms)
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
    return in->whole_carrier || policy_on_from(p, to, p->now_ms) <= p->now_ms;
}

/* When he is told what he misses now: his hours have begun, and it is no night. */
static int64_t
told_from(const struct policy *p, const struct inv_contact *to)
{
    int64_t at_ms = policy_on_from(p, to, p->now_ms);

    for (int i = 0; i < 1440 && policy_is_quiet(p, at_ms); i++)
        at_ms += POLICY_MINUTE_MS;
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
            n = policy_add_contact(out, n, max, p->inv->centre.tell[i]);
    for (size_t i = 0; i < a->step_count && on == 0 && n == named; i++)
        if (is_on(p, a->steps[i].contact, in))
            n = policy_add_contact(out, n, max, a->steps[i].contact);
    return n;
}

/* ---- telling ---- */

const char *
policy_channel(const struct inv_contact *c)
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
    return strcmp(policy_channel(c), "snmp") == 0;
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
void
policy_put_message(struct policy *p, struct message *m, struct nh_buf *sms,
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

struct casefile *
policy_case(struct policy *p, uint32_t number, bool make)
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
    if (!was_told(c, to) && c->told_count < POLICY_TOLD_MAX)
        c->told[c->told_count++] = to;
}

bool
policy_is_covered(const struct policy *p, const char *link)
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
        if (!policy_is_covered(p, s->links[i].id) &&
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
        .channel = policy_channel(to),
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
    policy_put_message(p, &m, &sms, &subject, &text);
    now_told(c, to);
}

/* ---- many at once ---- */

struct window *
policy_window(struct policy *p, const struct inv_contact *to, enum message_about about)
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

bool
policy_hold(struct policy *p, const struct held *h)
{
    if (p->held_count == p->held_cap) {
        size_t cap = p->held_cap == 0 ? 16 : p->held_cap * 2;
        struct held *more =
            cap > POLICY_HELD_MAX ? NULL : realloc(p->held, cap * sizeof(*more));

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
        if (policy_hold(p, &h))
            return;
    }
    w = policy_window(p, to, about);
    if (w != NULL && !late) {
        if (p->now_ms - w->from_ms >= WINDOW_MS) {
            w->from_ms = p->now_ms;
            w->count = 0;
        }
        late = w->count++ >= SINGLE_MAX;
        h.after_ms = w->from_ms + WINDOW_MS;
    }
    if (!late || !policy_hold(p, &h))
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
        .channel = policy_channel(first->to),
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
        policy_put_message(p, &m, &sms, &subject, &text);
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
        c = policy_case(p, h.number, false);
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
    const struct inv_contact *to[POLICY_TOLD_MAX];
    size_t n = policy_whom(p->inv, &c->in, to, POLICY_TOLD_MAX);
    bool late = policy_is_quiet(p, due_ms(p, c)) && !policy_is_quiet(p, p->now_ms);

    n = add_stand_ins(p, &c->in, to, n, POLICY_TOLD_MAX);
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
    if (policy_is_quiet(p, p->now_ms) && !c->in.whole_carrier)
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
        (policy_is_quiet(p, p->now_ms) && !c->in.whole_carrier))
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
        (policy_is_quiet(p, p->now_ms) && !c->in.whole_carrier))
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
    bool night = policy_is_quiet(p, p->now_ms) && !c->in.whole_carrier;

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
    struct casefile *to = policy_case(p, into, true), *c;

    c = policy_case(p, from, false); /* making the other may have moved it */
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
        if (!was_told(to, c->told[i]) && to->told_count < POLICY_TOLD_MAX)
            to->told[to->told_count++] = c->told[i];
    c->done = true;
}

void
policy_incident(struct policy *p, const struct incident *in, enum incident_change change,
    int64_t now_ms)
{
    struct casefile *c = policy_case(p, in->number, true);
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
    c = policy_case(p, number, false); /* the clock moves them when it forgets one */
    if (c != NULL)
        c->acknowledged = true;
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
    policy_look_at_plans(p);
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
