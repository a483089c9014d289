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
is_excluded(const struct inv_link *l, enum cause cause)
{
    for (size_t i = 0; l->contract != NULL && i < l->contract->excluded_count; i++)
        if (strcmp(l->contract->excluded[i], incident_cause_name(cause)) == 0)
            return true;
    return false;
}

static void
add_minutes(struct incident_minutes *m, const struct episode *e, const struct inv_link *l,
    enum cause cause, int64_t from, int64_t to)
{
    int64_t ms = to > from ? to - from : 0;

    if (cause == CAUSE_DATA_CENTRE || cause == CAUSE_MONITORING)
        m->unknown_ms += ms; /* the line itself was not seen */
    else if (is_excluded(l, cause))
        m->excluded_ms += ms;
    else if (e->kind == EP_DOWN)
        m->down_ms += ms;
    else
        m->degraded_ms += ms;
}

static bool
is_of(const struct group *g, const struct episode *e)
{
    return is_sure(e) && strcmp(e->key, g->key) == 0 && e->from_ms >= g->from_ms &&
           (g->to_ms == 0 || e->from_ms <= g->to_ms);
}

/* Of a link's episodes in the group; what is down counts before what is degraded. */
static void
minutes_of(const struct group *g, struct incident_link *out, int link)
{
    const struct dlink *l = &g->d->links[link];

    for (size_t i = 0; i < l->episode_count; i++) {
        const struct episode *e = &l->episodes[i];
        int64_t from = e->from_ms, to = e->to_ms == 0 ? g->d->now_ms : e->to_ms;

        if (!is_of(g, e))
            continue;
        if (out->from_ms == 0 || from < out->from_ms)
            out->from_ms = from;
        for (size_t k = 0; e->kind == EP_DEGRADED && k < l->episode_count; k++) {
            const struct episode *o = &l->episodes[k];
            int64_t end = o->to_ms == 0 ? g->d->now_ms : o->to_ms;

            if (!is_of(g, o) || o->kind != EP_DOWN || end <= from || o->from_ms >= to)
                continue;
            add_minutes(&out->minutes, e, l->in, g->cause, from, o->from_ms);
            from = end;
        }
        add_minutes(&out->minutes, e, l->in, g->cause, from, to);
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

static bool
covers(struct incident *in, struct group *g)
{
    struct diagnose *d = g->d;
    size_t room = g->count + d->site_count * (size_t)(g->cold_hole || g->service >= 0);

    in->links = calloc(g->count + 1, sizeof(in->links[0]));
    in->sites = calloc(room + 1, sizeof(in->sites[0]));
    if (in->links == NULL || in->sites == NULL)
        return false;
    for (size_t i = 0; i < g->count; i++) {
        const struct episode *e = g->eps[i];
        bool known = false;

        if (!is_sure(e))
            continue;
        if (e->site >= 0 && e->site < (int)d->site_count)
            add_site(in, d->sites[e->site].in->id);
        if (e->link < 0)
            continue;
        for (size_t k = 0; k < in->link_count && !known; k++)
            known = strcmp(in->links[k].id, d->links[e->link].in->id) == 0;
        if (!known) {
            struct incident_link *l = &in->links[in->link_count++];

            snprintf(l->id, sizeof(l->id), "%s", d->links[e->link].in->id);
            l->standby = d->links[e->link].in->standby;
            minutes_of(g, l, e->link);
            l->to_ms = g->to_ms;
            add_sum(&in->minutes, &l->minutes);
        }
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
        a->link_count != b->link_count || a->site_count != b->site_count ||
        strcmp(a->party, b->party) != 0)
        return true;
    for (size_t i = 0; i < a->link_count; i++)
        if (strcmp(a->links[i].id, b->links[i].id) != 0)
            return true;
    return false;
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
    in->whole_carrier = is_whole(g);
    covers(in, g);
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

/* An end is told once it has held a while. */
static bool
is_over(struct diagnose *d, const struct incident *in)
{
    if (in->closed_ms == 0)
        return false;
    if (d->now_ms >= in->closed_ms + CLOSE_AFTER_MS)
        return true;
    wake(d, in->closed_ms + CLOSE_AFTER_MS);
    return false;
}

void
incident_from_group(struct diagnose *d, struct dincident *x, struct group *g)
{
    struct incident in;
    enum incident_change change = INCIDENT_REVISED;
    bool first = x->in.revision == 0, changed;

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
        in.may_be_told = in.cause != CAUSE_PLANNED && in.closed_ms == 0;
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
    incident_fini(&x->in);
    x->in = in;
    if (changed)
        d->events.on_incident(d->events.arg, &x->in, change, d->now_ms);
    if (first && in.closed_ms != 0) /* all of it past when found */
        wake(d, d->now_ms + 1000);
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
        x->in.minutes = (struct incident_minutes){ 0 };
    }
    x->in.revision++;
    d->events.on_incident(d->events.arg, &x->in, INCIDENT_CLOSED, d->now_ms);
}
