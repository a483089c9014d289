/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_group.c - episodes that one cause explains become one incident
 *
 * Each episode gets the key of the most general thing that explains it together with
 * those that began in the same moment: planned work, the data centre, an uplink, a
 * carrier's core, a node, a feeder, a site, a link. Two links began together when the
 * times between their last good and first missed round overlap. What is not sure yet
 * counts for the company it keeps, but opens nothing.
 *
 * Groups then find the incident that held most of their episodes before; what is left
 * without any was explained by another one and merges into it.
 */
#include "collector/causes/table.h"
#include "collector/diagnose_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEGRADED_TOGETHER_MS = 330000 };

struct list {
    struct episode **eps; /* sorted by start */
    size_t count, cap;
};

struct move {
    uint32_t from, to;
};

static bool
push(struct list *l, struct episode *e)
{
    if (l->count == l->cap) {
        size_t cap = l->cap == 0 ? 64 : l->cap * 2;
        struct episode **more = realloc(l->eps, cap * sizeof(*more));

        if (more == NULL)
            return false;
        l->eps = more;
        l->cap = cap;
    }
    l->eps[l->count++] = e;
    return true;
}

static bool
is_recent(const struct diagnose *d, const struct episode *e)
{
    return e->from_ms != 0 && (e->to_ms == 0 || e->to_ms > d->now_ms - KEEP_MS);
}

static bool
sees_nothing(const struct dlink *l)
{
    return !track_ever_ok(l->far);
}

static int
by_start(const void *a, const void *b)
{
    const struct episode *x = *(struct episode *const *)a,
                         *y = *(struct episode *const *)b;

    if (x->from_ms != y->from_ms)
        return x->from_ms < y->from_ms ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->link != y->link)
        return x->link < y->link ? -1 : 1;
    return x->site < y->site ? -1 : x->site > y->site;
}

static void
collect(struct diagnose *d, struct list *l)
{
    d->down_links = d->far_links = 0;
    d->all_down = NULL;
    for (size_t i = 0; i < d->carrier_count; i++) {
        struct dcarrier *c = &d->carriers[i];

        c->core_down = c->core_degraded[0] = c->core_degraded[1] = NULL;
        c->degraded[0] = c->degraded[1] = 0;
    }
    for (size_t i = 0; i < d->link_count; i++) {
        struct dlink *x = &d->links[i];
        size_t down = 0;

        for (size_t k = 0; k < x->episode_count; k++) {
            if (!is_recent(d, &x->episodes[k]))
                continue;
            push(l, &x->episodes[k]);
            down += x->episodes[k].kind == EP_DOWN;
            if (x->carrier >= 0 && x->episodes[k].kind == EP_DEGRADED)
                d->carriers[x->carrier].degraded[x->episodes[k].note]++;
        }
        d->down_links += down > 0;
        d->far_links += !sees_nothing(x);
    }
    for (size_t i = 0; i < d->site_count; i++) {
        if (is_recent(d, &d->sites[i].power_ep))
            push(l, &d->sites[i].power_ep);
        if (is_recent(d, &d->sites[i].silent_ep))
            push(l, &d->sites[i].silent_ep);
    }
    for (size_t i = 0; i < d->service_count; i++)
        if (is_recent(d, &d->services[i].ep))
            push(l, &d->services[i].ep);
    if (is_recent(d, &d->centre_ep))
        push(l, &d->centre_ep);
    if (l->count > 1)
        qsort(l->eps, l->count, sizeof(l->eps[0]), by_start);
}

/* ---- keys ---- */

static bool
together(const struct episode *a, const struct episode *b)
{
    int64_t lo = a->lo_ms > b->lo_ms ? a->lo_ms : b->lo_ms;
    int64_t from = a->from_ms < b->from_ms ? a->from_ms : b->from_ms;

    return lo <= from + TOGETHER_MS;
}

/* The episode of this link that began together with `e`. */
static struct episode *
companion(struct diagnose *d, int link, const struct episode *e)
{
    struct dlink *l = &d->links[link];

    for (size_t i = 0; i < l->episode_count; i++)
        if (l->episodes[i].kind == EP_DOWN && together(&l->episodes[i], e))
            return &l->episodes[i];
    return NULL;
}

/* Could the link fall at that moment: was it seen before, and not down already? */
static bool
was_up(const struct diagnose *d, int link, int64_t at_ms)
{
    const struct dlink *l = &d->links[link];

    return (track_ever_ok(l->path) || track_ever_ok(l->far)) &&
           link_down_at(l, at_ms - 15000) == NULL;
}

/* Did all links of the site fall in this moment? */
static bool
is_dark(struct diagnose *d, int site, const struct episode *e)
{
    const struct dsite *s = &d->sites[site];

    for (size_t i = 0; i < s->link_count; i++) {
        int link = s->first_link + (int)i;

        if (was_up(d, link, e->from_ms) && companion(d, link, e) == NULL &&
            (!sees_nothing(&d->links[link]) ||
                track_has(
                    d->links[link].path, true, e->from_ms + 12000, d->now_ms, 1, NULL)))
            return false;
    }
    return s->link_count > 0;
}

static const struct inv_planned *
planned_for(const struct diagnose *d, const struct episode *e)
{
    for (size_t i = 0; i < d->inv->planned_count; i++) {
        const struct inv_planned *p = &d->inv->planned[i];

        if (e->from_ms < p->from_s * 1000 - 30000 || e->from_ms > p->to_s * 1000)
            continue;
        for (size_t k = 0; e->link >= 0 && k < p->link_count; k++)
            if (p->links[k] == d->links[e->link].in)
                return p;
        for (size_t k = 0; e->site >= 0 && k < p->site_count; k++)
            if (p->sites[k] == d->sites[e->site].in)
                return p;
    }
    return NULL;
}

/* Is power known to have failed there or on the site's feeder at about that moment? */
static bool
power_failed_near(const struct diagnose *d, int site, int64_t at_ms)
{
    for (size_t i = 0; i < d->site_count; i++) {
        const struct dsite *o = &d->sites[i];

        if (((int)i == site || (o->feeder >= 0 && o->feeder == d->sites[site].feeder)) &&
            o->power_ep.from_ms != 0 && llabs(o->power_ep.from_ms - at_ms) < FEEDER_MS)
            return true;
    }
    return false;
}

/* How much of a node fell with `e`: all or nearly all, and not its sites as a whole. */
static bool
node_fell(struct diagnose *d, int pop, const struct episode *e)
{
    const struct dpop *p = &d->pops[pop];
    size_t fell = 0, could = 0, dark = 0, alive = 0, unpowered = 0;

    for (size_t i = 0; i < p->link_count; i++) {
        const struct dsite *s = &d->sites[d->links[p->links[i]].site];
        struct episode *c = companion(d, p->links[i], e);

        if (c == NULL && !was_up(d, p->links[i], e->from_ms))
            continue;
        if (c == NULL && d->sites[d->links[p->links[i]].site].power_ep.from_ms != 0 &&
            is_open_at(&d->sites[d->links[p->links[i]].site].power_ep, e->from_ms))
            continue;
        if (c == NULL && sees_nothing(&d->links[p->links[i]]) &&
            !track_has(
                d->links[p->links[i]].path, true, e->from_ms + 12000, d->now_ms, 1, NULL))
            continue;
        could++;
        if (c == NULL)
            continue;
        fell++;
        if (s->link_count == 1)
            unpowered += power_failed_near(d, (int)(s - d->sites), e->from_ms);
        if (s->link_count > 1) {
            if (is_dark(d, d->links[p->links[i]].site, e))
                dark++;
            else
                alive++;
        }
    }
    if (fell < 2 || dark > alive || (alive == 0 && unpowered * 2 >= fell))
        return false;
    return alive > 0 ? fell * 4 >= could * 3 : fell == could;
}

static bool
fell_alone(struct diagnose *d, int pop, const struct episode *e)
{
    const struct dpop *p = &d->pops[pop];

    return p->link_count == 1 && companion(d, p->links[0], e) != NULL;
}

/* Two nodes of the carrier or more, in one moment. */
static bool
core_fell(struct diagnose *d, int carrier, const struct episode *e)
{
    struct dcarrier *c = &d->carriers[carrier];
    size_t nodes = 0, weak = 0;

    if (c->core_down != NULL && together(c->core_down, e))
        return true;

    for (size_t i = 0; i < d->pop_count; i++) {
        if (d->pops[i].carrier != carrier || d->pops[i].link_count == 0)
            continue;
        if (node_fell(d, (int)i, e))
            nodes++;
        else if (fell_alone(d, (int)i, e))
            weak++;
    }
    if (nodes < 2 && (nodes == 0 || weak == 0))
        return false;
    c->core_down = e;
    return true;
}

static bool
uplink_dead(const struct diagnose *d, int carrier, const struct episode *e)
{
    const struct dcarrier *c = &d->carriers[carrier];
    int64_t to = e->to_ms == 0 ? d->now_ms : e->to_ms;

    return track_has(c->port, false, e->lo_ms - 12000, to, 1, NULL) ||
           track_has(c->gateway, false, e->lo_ms - 12000, to, 2, NULL);
}

/* Nearly every link of the province, of both carriers where there are two. */
static bool
all_fell(struct diagnose *d, const struct episode *e, bool in_hole)
{
    size_t fell = 0, could = 0, sites = 0, carriers = 0;

    if (!in_hole && d->down_links * 10 < d->far_links * 8)
        return false; /* too few, whatever the others did */
    if (!in_hole && d->all_down != NULL && together(d->all_down, e))
        return true;
    for (size_t i = 0; i < d->link_count; i++) {
        const struct dlink *l = &d->links[i];
        bool first = i == 0 || d->links[i - 1].site != l->site;
        bool hit = companion(d, (int)i, e) != NULL;

        if (in_hole) { /* only who measured in it can tell */
            const struct hole *h = hole_of(d, e->from_ms);

            if (!hit &&
                !track_has(l->path, true, h->from_ms + 40000, h->to_ms - 20000, 2, NULL))
                continue;
        } else if (!hit && (!was_up(d, (int)i, e->from_ms) || sees_nothing(l))) {
            continue;
        }
        could++;
        fell += hit;
        sites += hit && first;
    }
    for (size_t c = 0; c < d->carrier_count; c++)
        carriers += d->carriers[c].link_count > 0;
    if (fell < 3 || sites < 2 || fell * 10 < could * (in_hole ? 8U : 9U) ||
        (carriers < 2 && !in_hole && d->centre_router == NULL))
        return false;
    if (!in_hole)
        d->all_down = e;
    return true;
}

static void
key_of_site(struct diagnose *d, struct episode *e, bool whole)
{
    const struct dsite *s = &d->sites[e->site];
    size_t company = 0;

    for (size_t i = 0; whole && s->feeder >= 0 && i < d->site_count; i++) {
        struct dsite *o = &d->sites[i];
        bool hit = false;

        if (o == s || o->feeder != s->feeder)
            continue;
        if (o->power_ep.from_ms != 0 &&
            (is_open_at(&o->power_ep, e->from_ms) ||
                llabs(o->power_ep.from_ms - e->from_ms) < FEEDER_MS))
            hit = true;
        for (size_t k = 0; !hit && k < o->link_count; k++) {
            struct dlink *l = &d->links[o->first_link + (int)k];

            for (size_t n = 0; !hit && n < l->episode_count; n++) {
                const struct episode *x = &l->episodes[n];

                hit = x->kind == EP_DOWN && is_dark(d, (int)i, x) &&
                      (together(x, e) ||
                          (e->kind == EP_POWER &&
                              llabs(x->from_ms - e->from_ms) < FEEDER_MS) ||
                          (s->power_ep.from_ms != 0 &&
                              is_open_at(&s->power_ep, x->from_ms)));
            }
        }
        company += hit;
    }
    if (company > 0)
        snprintf(e->key, sizeof(e->key), "feeder:%s", s->in->feeder->id);
    else
        snprintf(e->key, sizeof(e->key), "site:%s", s->in->id);
}

static void
key_of_down(struct diagnose *d, struct episode *e)
{
    const struct dlink *l = &d->links[e->link];
    const struct hole *h = hole_of(d, e->from_ms);
    bool dark;

    if (h != NULL) {
        if (d->now_ms < h->to_ms + HOLE_WAIT_MS &&
            !(e->to_ms == 0 && d->now_ms > h->to_ms + 25000 &&
                track_missing_now(l->far, 3))) {
            e->held = true;
            d->wake_ms = h->to_ms + HOLE_WAIT_MS;
            snprintf(e->key, sizeof(e->key), "hole");
            return;
        }
        if (all_fell(d, e, true)) {
            snprintf(e->key, sizeof(e->key), "centre");
            return;
        }
    }
    if (all_fell(d, e, false)) {
        snprintf(e->key, sizeof(e->key), "centre");
        return;
    }
    if (l->carrier >= 0 && uplink_dead(d, l->carrier, e)) {
        snprintf(e->key, sizeof(e->key), "uplink:%s", l->in->carrier->id);
        return;
    }
    if (l->pop >= 0 && (node_fell(d, l->pop, e) || fell_alone(d, l->pop, e)) &&
        core_fell(d, l->carrier, e)) {
        snprintf(e->key, sizeof(e->key), "core:%s", l->in->carrier->id);
        return;
    }
    dark = is_dark(d, e->site, e);
    if (l->pop >= 0 && node_fell(d, l->pop, e) &&
        !(dark && d->sites[e->site].link_count > 1)) {
        snprintf(e->key, sizeof(e->key), "node:%s", l->in->pop->id);
        return;
    }
    if (dark || d->sites[e->site].link_count == 1)
        key_of_site(d, e, dark);
    else
        snprintf(e->key, sizeof(e->key), "link:%s", l->in->id);
}

/* In one stretch of time, give or take what a window needs to tell. */
static bool
overlap(const struct episode *a, const struct episode *b)
{
    return (a->to_ms == 0 || b->from_ms < a->to_ms + DEGRADED_TOGETHER_MS) &&
           (b->to_ms == 0 || b->to_ms > a->from_ms - DEGRADED_TOGETHER_MS);
}

/* A note beside notes, what is over a limit beside its like. */
static const struct episode *
degraded_at(const struct dlink *l, const struct episode *e)
{
    for (size_t i = 0; i < l->episode_count; i++) {
        const struct episode *x = &l->episodes[i];

        if (x->kind == EP_DEGRADED && x->note == e->note && overlap(e, x))
            return x;
    }
    return NULL;
}

static bool
node_degraded(const struct diagnose *d, int pop, const struct episode *e)
{
    const struct dpop *p = &d->pops[pop];
    size_t bad = 0, could = 0;

    for (size_t i = 0; i < p->link_count; i++) {
        const struct dlink *l = &d->links[p->links[i]];
        bool is = degraded_at(l, e) != NULL;

        if (!is && link_down_at(l, d->now_ms) != NULL)
            continue;
        could++;
        bad += is;
    }
    return bad >= 2 && bad * 2 >= could;
}

/* Nodes of the carrier, or most of its links, are degraded at once. */
static bool
core_degraded(struct diagnose *d, int carrier, const struct episode *e)
{
    struct dcarrier *c = &d->carriers[carrier];
    size_t nodes = 0, bad = 0;

    if (c->degraded[e->note] < 3)
        return false;
    if (c->core_degraded[e->note] != NULL && overlap(c->core_degraded[e->note], e))
        return true;
    for (size_t i = 0; i < d->pop_count; i++)
        if (d->pops[i].carrier == carrier && d->pops[i].link_count > 0)
            nodes += node_degraded(d, (int)i, e);
    for (size_t i = 0; nodes == 1 && i < d->link_count; i++)
        bad += d->links[i].carrier == carrier && degraded_at(&d->links[i], e) != NULL;
    if (nodes < 2 &&
        (nodes == 0 || bad < 3 || bad * 3 < c->link_count * 2 || c->pop_count < 2))
        return false;
    c->core_degraded[e->note] = e;
    return true;
}

static void
key_of_degraded(struct diagnose *d, struct episode *e)
{
    const struct dlink *l = &d->links[e->link];
    const char *note = e->note ? NOTE_KEY : "";

    if (l->pop >= 0 && core_degraded(d, l->carrier, e))
        snprintf(e->key, sizeof(e->key), "%score:%s", note, l->in->carrier->id);
    else if (l->pop >= 0 && node_degraded(d, l->pop, e))
        snprintf(e->key, sizeof(e->key), "%snode:%s", note, l->in->pop->id);
    else if (d->sites[e->site].link_count == 1)
        snprintf(e->key, sizeof(e->key), "%ssite:%s", note, d->sites[e->site].in->id);
    else
        snprintf(e->key, sizeof(e->key), "%slink:%s", note, l->in->id);
}

/* A link that falls while its degraded episode lasts, or soon after, goes on in it. */
static void
give_key(struct diagnose *d, struct episode *e)
{
    const struct inv_planned *p = planned_for(d, e);

    e->key[0] = '\0';
    e->held = false;
    if (p != NULL && e->kind != EP_SILENT) {
        snprintf(e->key, sizeof(e->key), "planned:%s", p->id);
        return;
    }
    switch (e->kind) {
    case EP_DOWN:
        key_of_down(d, e);
        break;
    case EP_DEGRADED:
        key_of_degraded(d, e);
        break;
    case EP_POWER:
        key_of_site(d, e, true);
        break;
    case EP_SILENT:
        snprintf(e->key, sizeof(e->key), "site:%s", d->sites[e->site].in->id);
        break;
    case EP_SERVICE:
        snprintf(e->key, sizeof(e->key), "service:%s", d->services[e->service].in->id);
        break;
    case EP_CENTRE:
        snprintf(e->key, sizeof(e->key), "centre");
        break;
    }
}

/* ---- groups ---- */

static struct dincident *
by_number(struct diagnose *d, uint32_t number)
{
    for (size_t i = 0; i < d->incident_count; i++)
        if (d->incidents[i].in.number == number)
            return &d->incidents[i];
    return NULL;
}

static struct dincident *
new_incident(struct diagnose *d)
{
    struct dincident *x;

    if (d->incident_count == d->incident_cap) {
        size_t cap = d->incident_cap == 0 ? 16 : d->incident_cap * 2;

        x = realloc(d->incidents, cap * sizeof(*x));
        if (x == NULL)
            return NULL;
        d->incidents = x;
        d->incident_cap = cap;
    }
    x = &d->incidents[d->incident_count++];
    *x = (struct dincident){ .in.number = ++d->numbers };
    return x;
}

static struct dincident *
choose(struct diagnose *d, const struct group *g)
{
    struct dincident *best = NULL;
    bool sure = false;

    for (size_t i = 0; i < g->count; i++) {
        struct dincident *x =
            g->eps[i]->incident == 0 ? NULL : by_number(d, g->eps[i]->incident);

        sure |= is_sure(g->eps[i]);
        if (x != NULL && !x->taken && x->in.merged_into == 0 &&
            (best == NULL || x->in.number < best->in.number))
            best = x;
    }
    if (best != NULL)
        return best;
    for (size_t i = 0; sure && i < d->incident_count; i++) {
        struct dincident *x = &d->incidents[i];

        if (!x->taken && x->in.merged_into == 0 && strcmp(x->key, g->key) == 0 &&
            (x->in.closed_ms == 0 || x->in.closed_ms > g->from_ms - JOIN_MS) &&
            (g->to_ms == 0 || x->in.started_ms < g->to_ms + JOIN_MS))
            return x;
    }
    return sure ? new_incident(d) : NULL;
}

/* The episodes of one key, as long as no long peace parts them. */
static size_t
gather(struct diagnose *d, struct list *l, size_t at, struct group *g)
{
    size_t next = l->count;
    int64_t end;

    *g = (struct group){ .d = d,
        .carrier = -1,
        .pop = -1,
        .site = -1,
        .service = -1,
        .feeder = -1,
        .link = -1 };
    snprintf(g->key, sizeof(g->key), "%s", l->eps[at]->key);
    g->from_ms = l->eps[at]->from_ms;
    end = l->eps[at]->to_ms == 0 ? INT64_MAX : l->eps[at]->to_ms;
    for (size_t i = at; i < l->count; i++) {
        struct episode *e = l->eps[i];
        int64_t to;

        if (e == NULL || strcmp(e->key, g->key) != 0)
            continue;
        if (end != INT64_MAX && e->from_ms > end + JOIN_MS)
            break;
        to = e->to_ms == 0 ? INT64_MAX : e->to_ms;
        end = to > end ? to : end;
        if (g->count == g->cap) {
            size_t cap = g->cap == 0 ? 16 : g->cap * 2;
            struct episode **more = realloc(g->eps, cap * sizeof(*more));

            if (more == NULL)
                break;
            g->eps = more;
            g->cap = cap;
        }
        g->eps[g->count++] = e;
        l->eps[i] = NULL;
    }
    g->to_ms = end == INT64_MAX ? 0 : end;
    for (size_t i = at; i < l->count; i++)
        if (l->eps[i] != NULL) {
            next = i;
            break;
        }
    return next;
}

static void
note_move(struct move **moves, size_t *count, uint32_t from, uint32_t to)
{
    struct move *more;

    if (from == 0 || from == to)
        return;
    more = realloc(*moves, (*count + 1) * sizeof(*more));
    if (more == NULL)
        return;
    *moves = more;
    more[(*count)++] = (struct move){ from, to };
}

/* An incident that no episode is left of: explained by another, or it was nothing. */
static void
settle_rest(struct diagnose *d, const struct move *moves, size_t count)
{
    for (size_t i = 0; i < d->incident_count; i++) {
        struct dincident *x = &d->incidents[i];
        uint32_t into = 0;

        if (x->taken || x->in.merged_into != 0)
            continue;
        for (size_t k = 0; k < count && into == 0; k++)
            if (moves[k].from == x->in.number)
                into = moves[k].to;
        if (into != 0) {
            x->in.merged_into = into;
            x->in.changed_ms = d->now_ms;
            x->in.revision++;
            d->events.on_incident(d->events.arg, &x->in, INCIDENT_MERGED, d->now_ms);
        } else if (x->in.closed_ms == 0 || (x->in.told_closed_ms == 0)) {
            incident_vanished(d, x);
        }
    }
}

/* What is long over is kept by others. */
static void
forget(struct diagnose *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->incident_count; i++) {
        struct dincident *x = &d->incidents[i];

        if (x->in.told_closed_ms != 0 && x->in.told_closed_ms < d->now_ms - 2 * KEEP_MS)
            incident_fini(&x->in);
        else
            d->incidents[n++] = *x;
    }
    d->incident_count = n;
}

void
diagnose_judge(struct diagnose *d)
{
    struct list l = { 0 };
    struct move *moves = NULL;
    size_t move_count = 0;

    collect(d, &l);
    for (size_t i = 0; i < l.count; i++)
        give_key(d, l.eps[i]);
    for (size_t i = 0; i < d->incident_count; i++)
        d->incidents[i].taken = false;
    for (size_t at = 0; at < l.count;) {
        struct group g;
        struct dincident *x;

        if (l.eps[at] == NULL) {
            at++;
            continue;
        }
        at = gather(d, &l, at, &g);
        x = choose(d, &g);
        if (x != NULL) {
            x->taken = true;
            for (size_t i = 0; i < g.count; i++) {
                if (!is_sure(g.eps[i]))
                    continue;
                note_move(&moves, &move_count, g.eps[i]->incident, x->in.number);
                g.eps[i]->incident = x->in.number;
            }
            group_weigh(&g);
            incident_from_group(d, x, &g);
        }
        group_fini(&g);
    }
    settle_rest(d, moves, move_count);
    forget(d);
    free(moves);
    free(l.eps);
}
