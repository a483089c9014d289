/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_episode.c - stretches of trouble, from what the tracks and events say
 *
 * A link is down where rounds were missed and nobody saw it: missed rounds of the agent's
 * path and of the centre's far ping, less whatever either of them saw. (A link that is
 * measured by neither, at home or beside a collector, is judged by what stands nearest.)
 * It is sure with as many rounds in a row from one end as the link's quality says, three
 * by default. Since all of it is worked out from the tracks, a journal that arrives late
 * moves, splits or removes an episode just as it should have been.
 */
#include "collector/diagnose_model.h"
#include <stdlib.h>
#include <string.h>

bool
is_sure(const struct episode *e)
{
    return !e->pending && !e->held;
}

bool
is_open_at(const struct episode *e, int64_t at_ms)
{
    return e->from_ms != 0 && e->from_ms <= at_ms && (e->to_ms == 0 || e->to_ms > at_ms);
}

const struct hole *
hole_of(const struct diagnose *d, int64_t at_ms)
{
    for (size_t i = 0; i < d->hole_count; i++)
        if (at_ms >= d->holes[i].from_ms && at_ms <= d->holes[i].to_ms)
            return &d->holes[i];
    return NULL;
}

const struct episode *
link_down_at(const struct dlink *l, int64_t at_ms)
{
    for (size_t i = 0; i < l->episode_count; i++)
        if (l->episodes[i].kind == EP_DOWN && is_open_at(&l->episodes[i], at_ms))
            return &l->episodes[i];
    return NULL;
}

/* The agent's end: its path; where nobody measures a way through, the first hop or else
 * the port. */
const struct track *
link_near(const struct dlink *l)
{
    if (l->path != NULL || l->far != NULL)
        return l->path;
    return l->gateway != NULL ? l->gateway : l->port;
}

static bool
is_drop(const struct episode *e, const char *key)
{
    return e->kind == EP_DOWN && is_sure(e) && (key == NULL || strcmp(e->key, key) == 0);
}

/* The first of the drops that lead to the newest without a long peace; NULL: none. */
static const struct episode *
first_of_row(const struct dlink *l)
{
    const struct episode *first = NULL;

    for (size_t i = l->episode_count; i > 0; i--) { /* down ones are in order of time */
        const struct episode *e = &l->episodes[i - 1];

        if (!is_drop(e, NULL))
            continue;
        if (first != NULL && e->to_ms != 0 && first->from_ms > e->to_ms + FLAP_CALM_MS)
            break;
        first = e;
    }
    return first;
}

size_t
link_drops(const struct dlink *l, const char *key, const struct episode **first)
{
    const struct episode *from = key == NULL ? first_of_row(l) : l->episodes;
    size_t most = 0;

    for (const struct episode *a = from; from != NULL; a++) {
        size_t n = 0;

        if (a == l->episodes + l->episode_count)
            break;
        for (const struct episode *b = from; b < l->episodes + l->episode_count; b++)
            n += is_drop(b, key) && b->from_ms >= a->from_ms &&
                 b->from_ms < a->from_ms + FLAP_MS;
        most = n > most ? n : most;
    }
    if (first != NULL)
        *first = from;
    return most;
}

static bool
begins_to_miss(const struct track *t, int64_t at_ms, uint32_t need)
{
    const struct run *r = track_last(t);

    return r != NULL && !r->ok && r->from_ms >= at_ms && r->count < need;
}

bool
link_misses_since(const struct dlink *l, int64_t at_ms)
{
    uint32_t need =
        l->in->quality.down_after > 0 ? (uint32_t)l->in->quality.down_after : 3;

    return begins_to_miss(link_near(l), at_ms, need) ||
           begins_to_miss(l->far, at_ms, need);
}

/* ---- links ---- */

/* A stretch of missed rounds of one end that the other end does not deny. */
struct piece {
    int64_t from_ms, to_ms;
    uint32_t rounds;
    int end; /* 0 path, 1 far */
};

enum { PIECES_MAX = 2 * RUNS_MAX };

static size_t
put_piece(struct piece *out, size_t n, struct piece p)
{
    size_t i = n;

    if (n == PIECES_MAX || p.to_ms < p.from_ms)
        return n;
    while (i > 0 && out[i - 1].from_ms > p.from_ms) {
        out[i] = out[i - 1];
        i--;
    }
    out[i] = p;
    return n + 1;
}

static uint32_t
rounds_in(const struct track *t, const struct run *r, int64_t from_ms, int64_t to_ms)
{
    if (from_ms == r->from_ms && to_ms == r->to_ms)
        return r->count;
    return (uint32_t)((to_ms - from_ms) / t->in.every_ms) + 1;
}

/* The missed run less the other end's answered ones. */
static size_t
cut(const struct track *t, const struct run *r, const struct track *other, int end,
    struct piece *out, size_t n)
{
    int64_t from = r->from_ms;

    for (size_t i = 0; other != NULL && i < other->run_count; i++) {
        const struct run *o = &other->runs[i];

        if (!o->ok || o->to_ms < from || o->from_ms > r->to_ms)
            continue;
        if (o->from_ms > from)
            n = put_piece(out, n,
                (struct piece){
                    from, o->from_ms - 1, rounds_in(t, r, from, o->from_ms - 1), end });
        from = o->to_ms + 1;
    }
    if (from <= r->to_ms)
        n = put_piece(out, n,
            (struct piece){ from, r->to_ms, rounds_in(t, r, from, r->to_ms), end });
    return n;
}

/* First answer at or after a moment, last one at or before; 0: none. */
static int64_t
ok_after(const struct track *t, int64_t at_ms)
{
    for (size_t i = 0; t != NULL && i < t->run_count; i++)
        if (t->runs[i].ok && t->runs[i].to_ms >= at_ms)
            return t->runs[i].from_ms > at_ms ? t->runs[i].from_ms : at_ms;
    return 0;
}

static int64_t
ok_before(const struct track *t, int64_t at_ms)
{
    int64_t last = 0;

    for (size_t i = 0; t != NULL && i < t->run_count && t->runs[i].from_ms <= at_ms; i++)
        if (t->runs[i].ok)
            last = t->runs[i].to_ms < at_ms ? t->runs[i].to_ms : at_ms;
    return last;
}

static int64_t
earlier(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static size_t
pieces_of(const struct dlink *l, int64_t since_ms, struct piece out[PIECES_MAX])
{
    const struct track *ends[2] = { link_near(l), l->far };
    size_t n = 0;

    for (int e = 0; e < 2; e++) {
        const struct track *t = ends[e];

        for (size_t i = 0; t != NULL && track_ever_ok(t) && i < t->run_count; i++)
            if (!t->runs[i].ok && t->runs[i].to_ms >= since_ms)
                n = cut(t, &t->runs[i], ends[1 - e], e, out, n);
    }
    return n;
}

static uint32_t
incident_before(const struct episode *old, size_t count, enum episode_kind kind,
    int64_t from, int64_t to)
{
    for (size_t i = 0; i < count; i++)
        if (old[i].kind == kind && old[i].incident != 0 &&
            (to == 0 || old[i].from_ms <= to) &&
            (old[i].to_ms == 0 || old[i].to_ms >= from))
            return old[i].incident;
    return 0;
}

static void
add_episode(struct dlink *l, const struct episode *e)
{
    if (l->episode_count == EPISODES_MAX) {
        memmove(
            l->episodes, l->episodes + 1, (EPISODES_MAX - 1) * sizeof(l->episodes[0]));
        l->episode_count--;
    }
    l->episodes[l->episode_count++] = *e;
}

/* One episode of the pieces `a`..`b`, if it is one. */
static void
make_down(struct dlink *l, const struct piece *a, const struct piece *b,
    const struct episode *old, size_t old_count)
{
    int after = l->in->quality.down_after;
    uint32_t most[2] = { 0, 0 }, need = after > 0 ? (uint32_t)after : 3;
    int64_t last = 0;
    struct episode e = { .kind = EP_DOWN, .link = -1, .site = l->site, .service = -1 };

    for (const struct piece *p = a; p <= b; p++) {
        if (p->rounds > most[p->end])
            most[p->end] = p->rounds;
        last = later(last, p->to_ms);
    }
    e.from_ms = a->from_ms;
    e.to_ms = earlier(ok_after(link_near(l), last + 1), ok_after(l->far, last + 1));
    e.lo_ms = later(ok_before(link_near(l), e.from_ms), ok_before(l->far, e.from_ms));
    if (e.lo_ms == 0 || e.lo_ms < e.from_ms - 40000)
        e.lo_ms = e.from_ms - 40000;
    e.pending = most[0] < need && most[1] < need;
    if (e.pending && (e.to_ms != 0 || most[0] + most[1] < 2))
        return;
    e.incident = incident_before(old, old_count, EP_DOWN, e.from_ms, e.to_ms);
    add_episode(l, &e);
}

/* Did either end see the link between the two moments? */
static bool
seen_between(const struct dlink *l, int64_t from_ms, int64_t to_ms)
{
    int64_t at = earlier(ok_after(link_near(l), from_ms), ok_after(l->far, from_ms));

    return at != 0 && at <= to_ms;
}

void
episodes_of_link(struct diagnose *d, int link)
{
    struct dlink *l = &d->links[link];
    struct episode old[EPISODES_MAX];
    size_t old_count = l->episode_count, n, first = 0;
    struct piece pieces[PIECES_MAX];
    bool was_down = link_down_at(l, d->now_ms) != NULL;
    const struct episode *now;

    memcpy(old, l->episodes, sizeof(old));
    l->episode_count = 0;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].kind == EP_DEGRADED)
            add_episode(l, &old[i]);
    n = pieces_of(l, d->now_ms - KEEP_MS, pieces);
    for (size_t i = 0; i < n; i++) {
        int64_t end = pieces[i].to_ms, next = i + 1 < n ? pieces[i + 1].from_ms : 0;

        for (size_t k = first; k <= i; k++)
            end = later(end, pieces[k].to_ms);
        if (next != 0 && (next <= end || !seen_between(l, end + 1, next)))
            continue;
        make_down(l, &pieces[first], &pieces[i], old, old_count);
        first = i + 1;
    }
    for (size_t i = 0; i < l->episode_count; i++)
        l->episodes[i].link = link;
    now = link_down_at(l, d->now_ms);
    if (now == NULL && was_down) { /* rounds of an outage are no losses of a good line */
        if (l->path != NULL)
            l->path->round_count = 0;
        if (l->far != NULL)
            l->far->round_count = 0;
    }
    l->dirty = false;
    d->dirty = true;
}

/* ---- sites ---- */

/* Sessions come and go, on a bad line by the hundred: they make room before a proof does.
 */
static void
make_room(struct dsite *s)
{
    size_t i = 0;

    while (i < s->fact_count && s->facts[i].kind != FACT_SESSION_UP &&
           s->facts[i].kind != FACT_SESSION_DOWN)
        i++;
    if (i == s->fact_count)
        i = 0;
    s->fact_count--;
    memmove(&s->facts[i], &s->facts[i + 1], (s->fact_count - i) * sizeof(s->facts[0]));
}

void
site_fact(struct diagnose *d, int site, enum fact_kind kind, int64_t at_ms)
{
    struct dsite *s = &d->sites[site];
    size_t i;

    for (size_t k = 0; k < s->fact_count; k++)
        if (s->facts[k].kind == kind && s->facts[k].at_ms > at_ms - 3000 &&
            s->facts[k].at_ms < at_ms + 3000)
            return;
    if (s->fact_count == FACTS_MAX)
        make_room(s);
    i = s->fact_count;
    while (i > 0 && s->facts[i - 1].at_ms > at_ms) {
        s->facts[i] = s->facts[i - 1];
        i--;
    }
    s->facts[i] = (struct fact){ at_ms, kind };
    s->fact_count++;
    d->dirty = true;
}

bool
site_has_fact(const struct dsite *s, enum fact_kind kind, int64_t from_ms, int64_t to_ms,
    int64_t *at)
{
    for (size_t i = 0; i < s->fact_count; i++) {
        const struct fact *f = &s->facts[i];

        if (f->kind != kind || f->at_ms < from_ms || f->at_ms > to_ms)
            continue;
        if (at != NULL)
            *at = f->at_ms;
        return true;
    }
    return false;
}

static bool
fails_power(enum fact_kind k)
{
    return k == FACT_ON_BATTERY || k == FACT_BATTERY_LOW || k == FACT_LAST_GASP;
}

/* The newest stretch without mains, by events and the UPS's own readings. */
static void
power_of_site(struct diagnose *d, int site)
{
    struct dsite *s = &d->sites[site];
    struct episode e = { .kind = EP_POWER,
        .link = -1,
        .site = site,
        .service = -1,
        .incident = s->power_ep.incident };
    bool gasp = false;

    for (size_t i = 0; i < s->fact_count; i++) {
        const struct fact *f = &s->facts[i];

        if (fails_power(f->kind) && (e.from_ms == 0 || e.to_ms != 0)) {
            if (e.to_ms != 0 && f->at_ms < e.to_ms + 15000)
                continue;
            gasp = f->kind == FACT_LAST_GASP;
            e.from_ms = f->at_ms;
            e.to_ms = 0;
        } else if (e.from_ms != 0 && e.to_ms == 0 && f->at_ms > e.from_ms + 5000 &&
                   (f->kind == FACT_ON_MAINS || (gasp && f->kind == FACT_SESSION_UP))) {
            e.to_ms = f->at_ms;
        }
    }
    for (size_t i = 0; s->power != NULL && i < s->power->run_count; i++) {
        const struct run *p = &s->power->runs[i];

        if (!p->ok &&
            (e.from_ms == 0 || (e.to_ms != 0 && p->from_ms > e.to_ms + 15000))) {
            e.from_ms = p->from_ms;
            e.to_ms = 0;
        } else if (p->ok && e.from_ms != 0 && e.to_ms == 0 &&
                   p->to_ms > e.from_ms + 12000) {
            e.to_ms = p->from_ms > e.from_ms ? p->from_ms : e.from_ms + 12000;
        }
    }
    if (e.from_ms == 0 || e.from_ms < d->now_ms - 2 * KEEP_MS)
        return;
    if (s->power_ep.from_ms != 0 && e.from_ms > s->power_ep.from_ms + JOIN_MS &&
        s->power_ep.to_ms != 0 && e.from_ms > s->power_ep.to_ms + JOIN_MS)
        e.incident = 0;
    e.lo_ms = e.from_ms - 10000;
    s->power_ep = e;
}

/* The last moment at which a link of the site came back. */
static int64_t
last_recovery(const struct diagnose *d, const struct dsite *s, bool *dark, bool *seen)
{
    int64_t last = 0;

    *dark = true;
    *seen = false;
    for (size_t i = 0; i < s->link_count; i++) {
        const struct dlink *l = &d->links[s->first_link + (int)i];
        bool missing = track_missing_now(l->far, 1) && track_ever_ok(l->far);

        if (link_down_at(l, d->now_ms) == NULL && !missing)
            *dark = false;
        if (track_ever_ok(l->far))
            *seen = true;
        for (size_t k = 0; k < l->episode_count; k++)
            if (l->episodes[k].kind == EP_DOWN)
                last = later(last, l->episodes[k].to_ms);
    }
    return last;
}

/* Did the session end as one of the links fell that is still down? It ran over that one,
 * and the agent has to find out before it takes another. */
static bool
fell_with_a_link(const struct diagnose *d, const struct dsite *s)
{
    for (size_t i = 0; i < s->link_count; i++) {
        const struct episode *e =
            link_down_at(&d->links[s->first_link + (int)i], d->now_ms);

        if (e != NULL && llabs(e->from_ms - s->lost_ms) < SILENT_MS)
            return true;
    }
    return false;
}

static void
silence_of_site(struct diagnose *d, int site)
{
    struct dsite *s = &d->sites[site];
    int64_t quiet = s->lost_ms, now = d->now_ms;
    bool dark, seen;

    if (!s->in->agent || !s->ever_connected)
        return;
    if (s->connected && now - s->heard_ms > 75000) {
        s->connected = false;
        s->lost_ms = s->heard_ms;
    }
    if (s->connected) {
        if (s->silent_ep.from_ms != 0 && s->silent_ep.to_ms == 0) {
            s->silent_ep.to_ms = s->heard_ms;
            d->dirty = true;
        }
        return;
    }
    if (s->silent_ep.from_ms != 0 && s->silent_ep.to_ms == 0)
        return;
    quiet = later(quiet, last_recovery(d, s, &dark, &seen));
    if (d->hole_count > 0)
        quiet = later(quiet, d->holes[d->hole_count - 1].to_ms);
    if (dark || (s->power_ep.from_ms != 0 && s->power_ep.to_ms == 0) ||
        now - quiet <
            SILENT_MS - (seen ? 0 : 40000) + (fell_with_a_link(d, s) ? MOVE_MS : 0))
        return;
    s->silent_ep = (struct episode){ .kind = EP_SILENT,
        .link = -1,
        .site = site,
        .service = -1,
        .lo_ms = s->lost_ms - 10000,
        .from_ms = s->lost_ms };
    d->dirty = true;
}

void
episodes_of_sites(struct diagnose *d)
{
    const struct track *p = d->centre_power;
    const struct run *r = track_last(p);

    for (size_t i = 0; i < d->site_count; i++) {
        if (d->sites[i].fact_count > 0 || d->sites[i].power != NULL)
            power_of_site(d, (int)i);
        silence_of_site(d, (int)i);
    }
    if (r == NULL)
        return;
    if (!r->ok && (d->centre_ep.from_ms == 0 || d->centre_ep.to_ms != 0)) {
        d->centre_ep = (struct episode){ .kind = EP_CENTRE,
            .link = -1,
            .site = (int)d->site_count,
            .service = -1,
            .lo_ms = r->from_ms - 10000,
            .from_ms = r->from_ms };
        d->dirty = true;
    } else if (r->ok && d->centre_ep.from_ms != 0 && d->centre_ep.to_ms == 0) {
        d->centre_ep.to_ms = r->from_ms;
        d->dirty = true;
    }
}

/* ---- services ---- */

/* Who asks over a line that was not whole then says nothing about the service. */
static bool
is_witness(const struct diagnose *d, const struct track *t, const struct run *r)
{
    const struct dsite *s;

    if (t->site < 0 || t->in.by_collector)
        return !track_has(
            d->centre_router, false, r->from_ms - 25000, r->to_ms + 25000, 1, NULL);
    s = &d->sites[t->site];
    for (size_t i = 0; i < s->link_count; i++) {
        const struct dlink *l = &d->links[s->first_link + (int)i];

        if (track_has(l->path, false, r->from_ms - 25000, r->to_ms + 25000, 1, NULL))
            return false;
        if (track_ever_ok(l->far) &&
            track_has(l->far, false, r->from_ms - 25000, r->to_ms + 25000, 1, NULL))
            return false;
    }
    return true;
}

static void
service_now(struct diagnose *d, struct dservice *v, int service)
{
    size_t failing = 0, fine = 0, rounds = 0, witnesses = 0;
    int64_t from = 0, fixed = 0, lo = 0;

    for (size_t i = 0; i < v->track_count; i++) {
        const struct track *t = v->tracks[i];
        const struct run *r = track_last(t);

        if (r == NULL || r->to_ms < d->now_ms - 3 * (int64_t)t->in.every_ms)
            continue;
        witnesses++;
        if (r->ok || !is_witness(d, t, r))
            continue;
        failing++;
        rounds += r->count;
        from = earlier(from, r->from_ms);
    }
    for (size_t i = 0; i < v->track_count; i++) {
        const struct run *r = track_last(v->tracks[i]);

        if (r == NULL || !r->ok)
            continue;
        if (v->ep.from_ms != 0 && v->ep.to_ms == 0 && r->from_ms > v->ep.from_ms)
            fixed = earlier(fixed, r->from_ms);
        fine += from != 0 && r->to_ms >= from;
        lo = from == 0 || r->to_ms < from ? later(lo, r->to_ms) : lo;
    }
    if (v->ep.from_ms != 0 && v->ep.to_ms == 0) {
        if (failing == 0 || fine > 2 * failing) {
            v->ep.to_ms = fixed != 0 ? fixed : d->now_ms;
            d->dirty = true;
        }
        return;
    }
    if (failing == 0 || fine * 3 > failing || (failing < 3 && rounds < 3) ||
        (witnesses > 1 && failing < 2) || d->now_ms - from < 15000)
        return;
    if (v->ep.from_ms == 0 || from > v->ep.to_ms + JOIN_MS)
        v->ep.incident = 0;
    v->ep.kind = EP_SERVICE;
    v->ep.link = v->ep.site = -1;
    v->ep.service = service;
    v->ep.from_ms = from;
    v->ep.lo_ms = lo;
    v->ep.to_ms = 0;
    d->dirty = true;
}

void
episodes_of_services(struct diagnose *d)
{
    for (size_t i = 0; i < d->service_count; i++)
        service_now(d, &d->services[i], (int)i);
}
