/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_incident.c - an incident as its group has it now, and what of it changed
 *
 * Everything is worked out from the group; number, opening, first cause and what a
 * person said stay. Minutes are those of the episodes, each ms of a link once.
 */
#include "collector/causes/table.h"
#include "libnhip/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cause_rule *const rules[] = {
#define CAUSE_ROW(NAME) &cause_##NAME,
    CAUSE_ROWS(CAUSE_ROW)
};

static void
decide(struct group *g)
{
    for (size_t i = 0; i < NH_COUNT(rules); i++)
        if (rules[i]->holds(g)) {
            g->cause = rules[i]->cause;
            return;
        }
}

static enum incident_kind
kind_of(const struct group *g)
{
    if (g->service >= 0)
        return INCIDENT_SERVICE;
    if (g->drops >= FLAPS)
        return INCIDENT_FLAPPING;
    if (g->down > g->standby_down)
        return INCIDENT_OUTAGE;
    if (g->down > 0)
        return INCIDENT_STANDBY_LOST;
    if (g->degraded > 0)
        return INCIDENT_DEGRADED;
    if (g->battery > 0 || g->cause == CAUSE_POWER)
        return INCIDENT_POWER;
    if (g->cold_hole)
        return g->to_ms == 0 ? INCIDENT_POWER : INCIDENT_OUTAGE;
    return INCIDENT_SILENT;
}

static bool
is_of(const struct group *g, const struct episode *e)
{
    return is_sure(e) && strcmp(e->key, g->key) == 0 && e->from_ms >= g->from_ms &&
           (g->to_ms == 0 || e->from_ms <= g->to_ms);
}

/* ---- the times of a link ---- */

static bool
add_span(struct incident_link *l, int64_t from_ms, int64_t to_ms, bool down)
{
    struct incident_span *more;

    if (to_ms != 0 && to_ms <= from_ms)
        return true;
    more = realloc(l->spans, (l->span_count + 1) * sizeof(*more));
    if (more == NULL)
        return false;
    l->spans = more;
    more[l->span_count++] = (struct incident_span){ from_ms, to_ms, down };
    return true;
}

static int
by_from(const void *a, const void *b)
{
    const struct incident_span *x = a, *y = b;

    return x->from_ms < y->from_ms ? -1 : x->from_ms > y->from_ms;
}

/* A degraded episode less the times at which the link was down. */
static void
add_degraded(const struct group *g, struct incident_link *out, const struct dlink *l,
    const struct episode *e)
{
    int64_t from = e->from_ms;

    for (size_t i = 0; i < l->episode_count; i++) { /* down ones are in order of time */
        const struct episode *o = &l->episodes[i];

        if (!is_of(g, o) || o->kind != EP_DOWN || (o->to_ms != 0 && o->to_ms <= from) ||
            (e->to_ms != 0 && o->from_ms >= e->to_ms))
            continue;
        add_span(out, from, o->from_ms, false);
        if (o->to_ms == 0)
            return;
        from = o->to_ms;
    }
    add_span(out, from, e->to_ms, false);
}

/* What is older than the evidence that is kept stays as it was found. */
static bool
is_settled(const struct diagnose *d, const struct incident_span *s)
{
    return s->to_ms != 0 && s->to_ms <= d->now_ms - KEEP_MS;
}

static bool
overlaps(const struct incident_link *l, const struct incident_span *s)
{
    for (size_t i = 0; i < l->span_count; i++)
        if (l->spans[i].from_ms < s->to_ms &&
            (l->spans[i].to_ms == 0 || l->spans[i].to_ms > s->from_ms))
            return true;
    return false;
}

static void
keep_settled(
    const struct diagnose *d, struct incident_link *out, const struct incident_link *was)
{
    for (size_t i = 0; i < was->span_count; i++)
        if (is_settled(d, &was->spans[i]) && !overlaps(out, &was->spans[i]))
            add_span(out, was->spans[i].from_ms, was->spans[i].to_ms, was->spans[i].down);
}

/* Of a link's episodes in the group; what is down counts before what is degraded. */
static void
spans_of(const struct group *g, struct incident_link *out, int link)
{
    const struct dlink *l = &g->d->links[link];

    for (size_t i = 0; i < l->episode_count; i++) {
        const struct episode *e = &l->episodes[i];

        if (!is_of(g, e) || e->note) /* a note breaks no limit: it costs no minutes */
            continue;
        if (e->kind == EP_DEGRADED)
            add_degraded(g, out, l, e);
        else
            add_span(out, e->from_ms, e->to_ms, true);
    }
}

static void
count_link(const struct inventory *inv, struct incident_link *l, enum cause cause,
    int64_t now_ms)
{
    const struct inv_link *in = inventory_link(inv, l->id);
    bool excluded = in != NULL && inventory_link_excludes(in, incident_cause_name(cause));

    if (l->span_count > 1)
        qsort(l->spans, l->span_count, sizeof(l->spans[0]), by_from);
    l->minutes = (struct incident_minutes){ 0 };
    l->from_ms = l->span_count > 0 ? l->spans[0].from_ms : 0;
    for (size_t i = 0; i < l->span_count; i++) {
        const struct incident_span *s = &l->spans[i];
        int64_t to = s->to_ms == 0 ? now_ms : s->to_ms;

        if (to > s->from_ms)
            *incident_minutes_of(&l->minutes,
                incident_minute_class(cause, s->down, excluded)) += to - s->from_ms;
    }
}

static void
add_sum(struct incident_minutes *a, const struct incident_minutes *b)
{
    a->down_ms += b->down_ms;
    a->degraded_ms += b->degraded_ms;
    a->unknown_ms += b->unknown_ms;
    a->excluded_ms += b->excluded_ms;
}

static bool
has_site(const struct incident *in, const char *id)
{
    for (size_t i = 0; i < in->site_count; i++)
        if (strcmp(in->sites[i], id) == 0)
            return true;
    return false;
}

static void
add_site(struct incident *in, const char *id)
{
    if (!has_site(in, id))
        snprintf(in->sites[in->site_count++], sizeof(in->sites[0]), "%s", id);
}

static int
by_link(const void *a, const void *b)
{
    const struct incident_link *x = a, *y = b;

    return strcmp(x->id, y->id);
}

static int
by_site(const void *a, const void *b)
{
    return strcmp(a, b);
}

void
diagnose_count_minutes(const struct inventory *inv, struct incident *in, int64_t now_ms)
{
    in->minutes = (struct incident_minutes){ 0 };
    for (size_t i = 0; i < in->link_count; i++) {
        count_link(inv, &in->links[i], in->cause, now_ms);
        add_sum(&in->minutes, &in->links[i].minutes);
    }
}

static struct incident_link *
link_of(const struct incident *in, const char *id)
{
    for (size_t i = 0; i < in->link_count; i++)
        if (strcmp(in->links[i].id, id) == 0)
            return &in->links[i];
    return NULL;
}

/* A link whose trouble is long over belongs to the incident as it did. */
static void
covers_settled(
    const struct diagnose *d, struct incident *in, const struct incident_link *was)
{
    struct incident_link *l = link_of(in, was->id);
    struct incident_link old = { .standby = was->standby };
    char site[NH_SITE_ID_MAX];

    if (l != NULL) {
        keep_settled(d, l, was);
        return;
    }
    keep_settled(d, &old, was);
    if (old.span_count == 0)
        return;
    memcpy(old.id, was->id, sizeof(old.id));
    in->links[in->link_count++] = old;
    snprintf(site, sizeof(site), "%.*s", (int)strcspn(was->id, "/"), was->id);
    add_site(in, site);
}

static bool
covers(struct incident *in, struct group *g, const struct incident *was)
{
    struct diagnose *d = g->d;
    size_t room = g->count + d->site_count * (size_t)(g->cold_hole || g->service >= 0);

    in->links = calloc(g->count + was->link_count + 1, sizeof(in->links[0]));
    in->sites = calloc(room + was->link_count + 1, sizeof(in->sites[0]));
    if (in->links == NULL || in->sites == NULL)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        const struct episode *e = g->eps[i];

        if (!is_sure(e))
            continue;
        if (e->site >= 0 && e->site < (int)d->site_count)
            add_site(in, d->sites[e->site].in->id);
        if (e->link >= 0 && link_of(in, d->links[e->link].in->id) == NULL) {
            struct incident_link *l = &in->links[in->link_count++];

            snprintf(l->id, sizeof(l->id), "%s", d->links[e->link].in->id);
            l->standby = d->links[e->link].in->standby;
            spans_of(g, l, e->link);
        }
    }
    for (size_t i = 0; i < was->link_count; i++)
        covers_settled(d, in, &was->links[i]);
    diagnose_count_minutes(d->inv, in, d->now_ms);
    for (size_t i = 0; i < in->link_count; i++) {
        in->links[i].to_ms = g->to_ms;
        if (in->links[i].span_count > 0 && in->links[i].from_ms < in->started_ms)
            in->started_ms = in->links[i].from_ms; /* settled: the group has lost it */
    }
    for (size_t i = 0; g->service >= 0 && i < d->services[g->service].track_count; i++) {
        const struct track *t = d->services[g->service].tracks[i];

        if (t->site >= 0)
            add_site(in, d->sites[t->site].in->id);
    }
    qsort(in->links, in->link_count, sizeof(in->links[0]), by_link);
    qsort(in->sites, in->site_count, sizeof(in->sites[0]), by_site);
    return true;
}

static bool
is_whole(const struct group *g)
{
    const struct diagnose *d = g->d;
    size_t all = 0;

    if (g->cause == CAUSE_DATA_CENTRE)
        return true;
    for (size_t i = 0; g->carrier >= 0 && i < d->link_count; i++)
        all += d->links[i].carrier == g->carrier;
    return g->down > 0 && g->core && g->sites > 2 && g->links == all;
}

static void
object_of(const struct group *g, char out[NH_SITE_ID_MAX])
{
    const char *id = strchr(g->key, ':');

    snprintf(out, NH_SITE_ID_MAX, "%s", id == NULL ? "" : id + 1);
}

static bool
differs(const struct incident *a, const struct incident *b)
{
    if (a->cause != b->cause || a->kind != b->kind || a->confidence != b->confidence ||
        a->started_ms != b->started_ms || a->closed_ms != b->closed_ms ||
        a->figures.battery_low != b->figures.battery_low ||
        a->link_count != b->link_count || a->site_count != b->site_count ||
        strcmp(a->party, b->party) != 0)
        return true;
    for (size_t i = 0; i < a->link_count; i++)
        if (strcmp(a->links[i].id, b->links[i].id) != 0)
            return true;
    return false;
}

/* Both cover the same links: did one of them fall or come back at another time? */
static bool
spans_differ(const struct incident *a, const struct incident *b)
{
    for (size_t i = 0; i < a->link_count; i++) {
        const struct incident_link *x = &a->links[i], *y = &b->links[i];

        if (x->span_count != y->span_count)
            return true;
        for (size_t k = 0; k < x->span_count; k++)
            if (x->spans[k].from_ms != y->spans[k].from_ms ||
                x->spans[k].to_ms != y->spans[k].to_ms ||
                x->spans[k].down != y->spans[k].down)
                return true;
    }
    return false;
}

/* One site's UPS, one link's quality: of many there is no one figure. */
static void
figures_of(const struct group *g, struct incident_figures *f)
{
    const struct diagnose *d = g->d;

    *f = (struct incident_figures){ -1, -1, -1, -1, false };
    if (g->links == 1 && g->degraded > 0) {
        const struct dlink *l = &d->links[g->link];

        track_figures(l->path != NULL && l->path->round_count > 0 ? l->path : l->far,
            &f->rtt_us, &f->loss_permille);
    }
    for (size_t i = 0; i < g->count; i++) {
        const struct episode *e = g->eps[i];
        const struct dsite *s;

        if (e->kind != EP_POWER || !is_sure(e))
            continue;
        s = &d->sites[e->site];
        f->battery_low |= e->to_ms == 0 &&
                          site_has_fact(s, FACT_BATTERY_LOW, e->from_ms, d->now_ms, NULL);
        if (g->sites == 1) {
            f->runtime_s = s->runtime_s;
            f->charge_pct = s->charge_pct;
        }
    }
}

static void
wake(struct diagnose *d, int64_t at_ms)
{
    if (d->wake_ms == 0 || at_ms < d->wake_ms)
        d->wake_ms = at_ms;
}

static void
make(struct dincident *x, struct group *g, struct incident *in)
{
    const struct incident *was = &x->in;
    const char *none[1] = { NULL };

    *in = (struct incident){ .number = was->number,
        .opened_ms = was->opened_ms,
        .revision = was->revision,
        .first_cause = was->first_cause,
        .changed_ms = was->changed_ms,
        .may_be_told = was->may_be_told,
        .told_closed_ms = was->told_closed_ms };
    decide(g);
    in->cause = g->cause;
    in->kind = kind_of(g);
    in->confidence = g->confidence;
    snprintf(in->party, sizeof(in->party), "%s", g->party == NULL ? "unknown" : g->party);
    if (x->overridden) {
        in->cause = g->cause = was->cause;
        in->confidence = was->confidence;
        memcpy(in->party, was->party, sizeof(in->party));
    }
    in->started_ms = g->from_ms;
    in->closed_ms = g->to_ms;
    object_of(g, in->object);
    in->note = g->note;
    in->whole_carrier = is_whole(g);
    figures_of(g, &in->figures);
    covers(in, g, was);
    in->reasons = calloc(g->reason_count + 1, sizeof(in->reasons[0]));
    if (in->reasons != NULL) {
        memcpy(in->reasons, g->reasons, g->reason_count * sizeof(in->reasons[0]));
        in->reason_count = g->reason_count;
        g->reason_count = 0; /* taken */
    }
    group_title(g, in->kind, &in->title_vi, &in->title_en);
    if (g->settle != NULL && in->confidence != CONFIDENCE_FACT) {
        in->next_cause = g->next;
        in->settle_vi = words_dup(nh_text(NH_VI, g->settle), none);
        in->settle_en = words_dup(nh_text(NH_EN, g->settle), none);
    }
}

static bool
begins_again(const struct diagnose *d, const struct incident *in)
{
    for (size_t i = 0; i < in->link_count; i++) {
        const struct dlink *l = strmap_get(&d->link_by_id, in->links[i].id);

        if (l != NULL && link_misses_since(l, in->closed_ms))
            return true;
    }
    return false;
}

/* An end is told once it has held a while, and not while the next drop has begun. */
static bool
is_over(struct diagnose *d, const struct incident *in)
{
    int64_t at =
        in->closed_ms + (in->kind == INCIDENT_FLAPPING ? FLAP_CALM_MS : CLOSE_AFTER_MS);

    if (in->closed_ms == 0)
        return false;
    if (d->now_ms < at)
        wake(d, at);
    else if (begins_again(d, in))
        wake(d, d->now_ms + 1000);
    else
        return true;
    return false;
}

void
incident_from_group(struct diagnose *d, struct dincident *x, struct group *g)
{
    struct incident in;
    enum incident_change change = INCIDENT_REVISED;
    bool first = x->in.revision == 0, changed, measured;

    make(x, g, &in);
    snprintf(x->key, sizeof(x->key), "%s", g->key);
    if (x->dismissed) {
        in.closed_ms = x->in.closed_ms;
        in.told_closed_ms = x->in.told_closed_ms;
    }
    changed = first || differs(&in, &x->in);
    if (first) {
        in.opened_ms = d->now_ms;
        in.first_cause = in.cause;
        in.may_be_told = in.cause != CAUSE_PLANNED && in.closed_ms == 0 && !g->note;
        change = INCIDENT_OPENED;
    } else if (in.closed_ms == 0 && in.told_closed_ms != 0) {
        in.told_closed_ms = 0;
        change = INCIDENT_REOPENED;
    } else if (in.told_closed_ms == 0 && is_over(d, &in)) {
        in.told_closed_ms = d->now_ms;
        change = INCIDENT_CLOSED;
        changed = true;
    }
    if (in.closed_ms != 0 && in.told_closed_ms == 0)
        is_over(d, &in);
    if (changed) {
        in.revision++;
        in.changed_ms = d->now_ms;
    }
    measured = !changed && spans_differ(&in, &x->in);
    if (measured) {
        in.changed_ms = d->now_ms;
        change = INCIDENT_MEASURED;
    }
    incident_fini(&x->in);
    x->in = in;
    if (changed || measured)
        d->events.on_incident(d->events.arg, &x->in, change, d->now_ms);
    if (first && in.closed_ms != 0) /* all of it past when found */
        wake(d, d->now_ms + 1000);
}

static void
drop_spans(const struct diagnose *d, struct incident *in)
{
    for (size_t i = 0; i < in->link_count; i++) {
        struct incident_link *l = &in->links[i];
        size_t n = 0;

        for (size_t k = 0; k < l->span_count; k++)
            if (is_settled(d, &l->spans[k]))
                l->spans[n++] = l->spans[k];
        l->span_count = n;
    }
    diagnose_count_minutes(d->inv, in, d->now_ms);
}

/* Late readings saw the link all the while: what was told was never there. */
void
incident_vanished(struct diagnose *d, struct dincident *x)
{
    if (x->in.told_closed_ms != 0 || x->in.revision == 0)
        return;
    if (x->in.closed_ms == 0)
        x->in.closed_ms = d->now_ms;
    x->in.told_closed_ms = x->in.changed_ms = d->now_ms;
    if (!x->overridden && x->in.cause != CAUSE_MONITORING) {
        x->in.cause = CAUSE_MONITORING;
        x->in.confidence = CONFIDENCE_LIKELY;
        snprintf(x->in.party, sizeof(x->in.party), "province");
    }
    drop_spans(d, &x->in);
    x->in.revision++;
    d->events.on_incident(d->events.arg, &x->in, INCIDENT_CLOSED, d->now_ms);
}
