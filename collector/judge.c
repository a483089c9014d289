/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.c - the states of things, and how they follow from those below them
 *
 * check -> link -> site, and check -> service. A check's verdict comes of the
 * rounds it missed, then of its window (judge_window.c). What lies above is worked out
 * again when the verdict of one below has changed, or when time went on.
 */
#include "collector/judge.h"
#include "collector/judge_model.h"
#include <stdio.h>
#include <string.h>

static const char *const state_names[JUDGE_STATES] = {
    [JUDGE_UNKNOWN] = "unknown",
    [JUDGE_UP] = "up",
    [JUDGE_DEGRADED] = "degraded",
    [JUDGE_DOWN] = "down",
    [JUDGE_MAINTENANCE] = "maintenance",
    [JUDGE_FLAPPING] = "flapping",
};

/* Nothing for this many rounds, and some time on the way, is silence. */
enum { SILENT_ROUNDS = 3, SILENT_MARGIN_MS = 5000, PLANNED_EVERY_MS = 5000 };

const char *
judge_state_name(enum judge_state state)
{
    return state_names[state];
}

/* `since` moves only with the state, the reason always. */
static bool
settle(
    struct judge_verdict *v, enum judge_state state, int64_t at_ms, struct judge_why why)
{
    bool changed = v->state != state;

    if (changed || v->since_ms == 0) {
        v->state = state;
        v->since_ms = at_ms;
    }
    v->why = why;
    return changed;
}

static bool
is_seen(enum judge_state state)
{
    return state == JUDGE_UP || state == JUDGE_DEGRADED;
}

static enum judge_state
state_of(const struct judge_check *c)
{
    return c == NULL ? JUDGE_UNKNOWN : c->is.state;
}

/*
 * A link by its four checks. The agent's view of the path comes first; without it the
 * centre's view, which counts against the link only if it ever saw it; a port that is
 * down says so by itself.
 */
static struct judge_verdict
link_verdict(const struct judge_link *l)
{
    enum judge_state path = state_of(l->path), far = state_of(l->far),
                     port = state_of(l->port);
    struct judge_verdict v = { .state = JUDGE_UNKNOWN };

    if (path == JUDGE_DEGRADED || (path == JUDGE_UNKNOWN && far == JUDGE_DEGRADED)) {
        const struct judge_check *c = path == JUDGE_DEGRADED ? l->path : l->far;

        v.state = JUDGE_DEGRADED;
        v.why = c->is.why;
    } else if (is_seen(path) || is_seen(far)) {
        v.state = JUDGE_UP;
    } else if (port == JUDGE_DOWN) {
        v.state = JUDGE_DOWN;
        v.why.text = "why_port_down";
    } else if (path == JUDGE_DOWN) {
        v.state = JUDGE_DOWN;
        v.why.text =
            state_of(l->gateway) == JUDGE_UP ? "why_beyond_gateway" : "why_no_answer";
    } else if (far == JUDGE_DOWN && l->far->ever_up) {
        v.state = JUDGE_DOWN;
        v.why.text = "why_no_answer_far";
    } else if (l->path == NULL && l->far == NULL &&
               state_of(l->gateway) != JUDGE_UNKNOWN) {
        v = l->gateway->is; /* an uplink of the centre */
    } else if (l->path == NULL && l->far == NULL && l->gateway == NULL &&
               l->port != NULL) {
        v = l->port->is;
    } else {
        const struct judge_check *c = l->path != NULL ? l->path : l->far;

        v.why = c != NULL ? c->is.why : (struct judge_why){ "why_never", 0, 0 };
    }
    return v;
}

void
judge_link_now(struct judge_link *l, int64_t at_ms)
{
    struct judge_verdict v = link_verdict(l);

    if (l->learnt.flapping && v.state != JUDGE_UNKNOWN) {
        v.state = JUDGE_FLAPPING;
        v.why = (struct judge_why){ "why_flapping", l->learnt.drops, 0 };
        at_ms = l->learnt.flapping_since_ms;
    } else if (l->learnt.unusual && v.state == JUDGE_UP) {
        v.why = (struct judge_why){ "why_unusual", l->learnt.now_us / 1e3,
            l->learnt.usual_us / 1e3 };
    }
    if (v.state != JUDGE_UP && (l->planned || (l->site != NULL && l->site->planned))) {
        v.state = JUDGE_MAINTENANCE;
        v.why.text = "why_planned";
    }
    settle(&l->is, v.state, at_ms, v.why);
}

static struct judge_verdict
site_verdict(const struct judge_site *s)
{
    struct judge_verdict v = { .state = JUDGE_UNKNOWN };
    size_t n[JUDGE_STATES] = { 0 };

    for (size_t i = 0; i < s->link_count; i++) {
        const struct judge_verdict *l = &s->links[i].is;

        n[l->state]++;
        if (l->state != JUDGE_UP && v.why.text == NULL)
            v.why = l->why;
    }
    if (s->link_count == 0) {
        for (size_t i = 0; i < s->check_count; i++)
            n[s->checks[i]->is.state]++;
        v.state = n[JUDGE_UP] + n[JUDGE_DEGRADED] > 0 ? JUDGE_UP : JUDGE_UNKNOWN;
    } else if (n[JUDGE_UP] == s->link_count) {
        v.state = JUDGE_UP;
        v.why.text = NULL;
    } else if (n[JUDGE_UP] + n[JUDGE_DEGRADED] > 0) {
        v.state = n[JUDGE_DOWN] + n[JUDGE_DEGRADED] + n[JUDGE_FLAPPING] > 0
                      ? JUDGE_DEGRADED
                      : JUDGE_UP;
    } else if (n[JUDGE_DOWN] == s->link_count) {
        v.state = JUDGE_DOWN;
    } else if (n[JUDGE_FLAPPING] > 0) {
        v.state = JUDGE_FLAPPING;
    } else if (n[JUDGE_MAINTENANCE] > 0 && n[JUDGE_UNKNOWN] == 0) {
        v.state = JUDGE_MAINTENANCE;
    }
    if (v.state == JUDGE_UP)
        v.why.text = NULL;
    return v;
}

/* Who asks without a line to ask by says nothing about the service. */
static bool
is_witness(const struct judge_check *c)
{
    return c->in.by_collector || c->site == NULL || is_seen(c->site->is.state);
}

static struct judge_verdict
service_verdict(const struct judge_service *s)
{
    struct judge_verdict v = { .state = JUDGE_UNKNOWN };
    size_t n[JUDGE_STATES] = { 0 };

    for (size_t i = 0; i < s->check_count; i++) {
        const struct judge_check *c = s->checks[i];

        if (!is_witness(c))
            continue;
        n[c->is.state]++;
        if (c->is.state != JUDGE_UP && v.why.text == NULL)
            v.why = c->is.why;
    }
    if (n[JUDGE_UP] + n[JUDGE_DEGRADED] + n[JUDGE_DOWN] == 0)
        v.state = JUDGE_UNKNOWN;
    else if (n[JUDGE_UP] + n[JUDGE_DEGRADED] == 0)
        v.state = JUDGE_DOWN;
    else
        v.state = n[JUDGE_DOWN] + n[JUDGE_DEGRADED] > 0 ? JUDGE_DEGRADED : JUDGE_UP;
    if (v.state == JUDGE_UP)
        v.why.text = NULL;
    return v;
}

static void
service_now(struct judge *j, struct judge_service *s, int64_t at_ms)
{
    struct judge_verdict v = service_verdict(s);

    s->dirty = true;
    if (settle(&s->is, v.state, at_ms, v.why))
        j->changed = true;
}

/* A site that comes or goes changes who is a witness for its services. */
static void
site_now(struct judge *j, struct judge_site *s, int64_t at_ms)
{
    struct judge_verdict v = site_verdict(s);

    s->dirty = true;
    if (!settle(&s->is, v.state, at_ms, v.why))
        return;
    j->changed = true;
    for (size_t i = 0; i < s->service_count; i++)
        service_now(j, s->services[i]->service, at_ms);
}

/* What stands above a check that changed. */
static void
above_now(struct judge *j, struct judge_check *c, int64_t at_ms)
{
    j->changed = true;
    if (c->link != NULL)
        judge_link_now(c->link, at_ms);
    if (c->site != NULL && c->service == NULL)
        site_now(j, c->site, at_ms);
    if (c->service != NULL)
        service_now(j, c->service, at_ms);
}

static void
check_settle(struct judge *j, struct judge_check *c, enum judge_state state,
    int64_t since_ms, struct judge_why why)
{
    if (settle(&c->is, state, since_ms, why))
        above_now(j, c, since_ms);
    else if (state == JUDGE_DEGRADED && c->link != NULL)
        judge_link_now(c->link, since_ms); /* the number in its reason moves */
    if (c->site != NULL)
        c->site->dirty = true;
    if (c->service != NULL)
        c->service->dirty = true;
}

static void
missed_round(struct judge *j, struct judge_check *c, int64_t at_ms)
{
    unsigned down_after = 3;

    if (c->quality != NULL && c->quality->down_after > 0)
        down_after = (unsigned)c->quality->down_after;
    if (c->missed++ == 0)
        c->missed_since_ms = at_ms;
    if (c->missed >= down_after || c->is.state == JUDGE_DOWN)
        check_settle(j, c, JUDGE_DOWN,
            c->is.state == JUDGE_DOWN ? c->is.since_ms : c->missed_since_ms,
            judge_model_down_why(c));
}

static void
answered_round(struct judge *j, struct judge_check *c, int64_t at_ms)
{
    struct judge_verdict v;

    c->missed = 0;
    c->ever_up = true;
    v = judge_quality(c);
    check_settle(j, c, v.state, at_ms, v.why);
}

void
judge_take(struct judge *j, struct judge_check *c, const struct nh_reading *r,
    int64_t at_ms, bool live)
{
    if (at_ms < c->at_ms)
        return;
    if (at_ms == c->at_ms) { /* the live one again, now from the journal */
        if (!live)
            c->live = false;
        return;
    }
    c->last = *r;
    c->at_ms = at_ms;
    c->live = live;
    switch (judge_window_add(c, r, at_ms)) {
    case JUDGE_ROUND_MISSED:
        missed_round(j, c, at_ms);
        break;
    case JUDGE_ROUND_ANSWERED:
        answered_round(j, c, at_ms);
        break;
    case JUDGE_ROUND_DOWN:
        check_settle(j, c, JUDGE_DOWN, at_ms, judge_model_down_why(c));
        break;
    case JUDGE_ROUND_EMPTY:
        break;
    }
}

/* A trap or netlink is faster than the next round. */
void
judge_event(struct judge *j, const char *name, const char *object, int64_t at_ms)
{
    char id[NH_CHECK_ID_MAX + 8];
    bool port = strcmp(name, "link_down") == 0 || strcmp(name, "link_up") == 0;
    bool power = strcmp(name, "on_battery") == 0 || strcmp(name, "on_mains") == 0;
    bool bad = strcmp(name, "link_down") == 0 || strcmp(name, "on_battery") == 0;
    struct judge_check *c;

    if (!port && !power)
        return;
    snprintf(id, sizeof(id), "%s/%s", object, port ? "port" : "power");
    c = judge_check_find(j, id);
    if (c == NULL || at_ms < c->at_ms)
        return;
    if (bad)
        check_settle(j, c, port ? JUDGE_DOWN : JUDGE_DEGRADED, at_ms,
            (struct judge_why){ port ? "why_port_down" : "why_on_battery", 0, 0 });
    else
        check_settle(j, c, JUDGE_UP, at_ms, (struct judge_why){ NULL, 0, 0 });
}

static bool
is_same(const struct learnt *a, const struct learnt *b)
{
    return a->usual_us == b->usual_us && a->now_us == b->now_us &&
           a->unusual == b->unusual && a->flapping == b->flapping &&
           a->drops == b->drops && a->flapping_since_ms == b->flapping_since_ms;
}

void
judge_learn(struct judge *j, struct judge_link *l, const struct learnt *is, int64_t at_ms)
{
    if (is_same(&l->learnt, is))
        return;
    l->learnt = *is;
    judge_link_now(l, at_ms);
    j->changed = true;
    if (l->site != NULL)
        site_now(j, l->site, at_ms);
}

static void
look_for_silence(struct judge *j, struct judge_check *c, int64_t now_ms)
{
    int64_t patience =
        (int64_t)SILENT_ROUNDS * c->in.every_ms + c->in.every_ms / 2 + SILENT_MARGIN_MS;
    int64_t silent_s = (now_ms - c->at_ms) / 1000;

    if (c->is.state == JUDGE_UNKNOWN || now_ms - c->at_ms <= patience)
        return;
    judge_window_clear(c);
    c->missed = 0;
    check_settle(j, c, JUDGE_UNKNOWN, c->at_ms + c->in.every_ms,
        (struct judge_why){ "why_silent", (double)silent_s, 0 });
}

static bool
is_planned(const struct inventory *inv, const struct inv_site *site,
    const struct inv_link *link, int64_t now_s)
{
    for (size_t i = 0; i < inv->planned_count; i++) {
        const struct inv_planned *p = &inv->planned[i];

        if (now_s < p->from_s || now_s >= p->to_s)
            continue;
        for (size_t k = 0; link != NULL && k < p->link_count; k++)
            if (p->links[k] == link)
                return true;
        for (size_t k = 0; site != NULL && k < p->site_count; k++)
            if (p->sites[k] == site)
                return true;
    }
    return false;
}

static void
look_at_plans(struct judge *j, struct judge_site *s, int64_t now_ms)
{
    bool changed = false, planned = is_planned(j->inv, s->in, NULL, now_ms / 1000);

    changed = planned != s->planned;
    s->planned = planned;
    for (size_t i = 0; i < s->link_count; i++) {
        planned = is_planned(j->inv, NULL, s->links[i].in, now_ms / 1000);
        changed = changed || planned != s->links[i].planned;
        s->links[i].planned = planned;
    }
    if (!changed)
        return;
    for (size_t i = 0; i < s->link_count; i++)
        judge_link_now(&s->links[i], now_ms);
    site_now(j, s, now_ms);
}

void
judge_tick(struct judge *j, int64_t now_ms)
{
    for (size_t i = 0; i < j->check_count; i++)
        look_for_silence(j, &j->checks[i], now_ms);
    if (j->inv->planned_count == 0 || now_ms - j->planned_ms < PLANNED_EVERY_MS)
        return;
    j->planned_ms = now_ms;
    for (size_t i = 0; i < j->site_count; i++)
        look_at_plans(j, &j->sites[i], now_ms);
}
