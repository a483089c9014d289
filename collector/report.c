/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.c - a month of each link as sets of time, and the sums of them
 *
 * What an incident says of a link is a mark: a span with a class. Marks are taken in
 * order of weight, each less what heavier ones took, so that no ms counts twice: down
 * before degraded, then what charges the least (excluded, unknown), then the older
 * incident. What no mark took is up where rounds were answered, and unknown elsewhere.
 *
 * An agent's round is stamped at its end and speaks for the time since the one before.
 * Rounds drift a little: half a round more parts nothing.
 */
#include "collector/calendar.h"
#include "collector/report_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_ROUNDS = 3, TAIL_MS = 60000 };

/* ---- making ---- */

static void
shares_fini(struct shares *s)
{
    free(s->at);
}

static void
link_fini(struct rlink *l)
{
    free(l->id);
    free(l->head);
    spans_fini(&l->hours);
    spans_fini(&l->answered);
    for (int e = 0; e < ENDS; e++)
        spans_fini(&l->measured[e]);
    free(l->marks);
    shares_fini(&l->shares);
    free(l->incidents);
}

static void
free_named(struct named *list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++) {
        free(list[i].id);
        free(list[i].name);
    }
    free(list);
}

void
report_free(struct report *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; r->links != NULL && i < r->link_count; i++)
        link_fini(&r->links[i]);
    for (size_t i = 0; r->by_carrier != NULL && i < r->carrier_count; i++)
        shares_fini(&r->by_carrier[i].shares);
    for (size_t i = 0; i < r->incident_count; i++) {
        free(r->incidents[i].title_vi);
        free(r->incidents[i].title_en);
    }
    shares_fini(&r->province.shares);
    free_named(r->carriers, r->carrier_count);
    free_named(r->services, r->service_count);
    free(r->links);
    free(r->by_carrier);
    free(r->incidents);
    free(r->checks);
    free(r->zone);
    strmap_fini(&r->link_by_id);
    strmap_fini(&r->end_by_check);
    free(r);
}

static void
on_hours(void *arg, int64_t from_ms, int64_t to_ms)
{
    spans_add(arg, from_ms, to_ms, 0);
}

static bool
link_init(struct report *r, const struct inventory *inv, const struct inv_link *in)
{
    struct rlink *l = &r->links[r->link_count];
    char(*checks)[NH_CHECK_ID_MAX] = &r->checks[ENDS * r->link_count];
    const struct inv_contract *c = in->contract;
    const char *hours = c == NULL || c->hours == NULL ? "always" : c->hours;

    r->link_count++;
    l->carrier = (size_t)(in->carrier - inv->carriers);
    l->every_ms = 10000;
    l->down_after = in->quality.down_after > 0 ? in->quality.down_after : 3;
    l->target_pct = c == NULL ? 0 : c->availability_pct;
    for (int cause = 0; cause < CAUSES; cause++)
        l->excludes[cause] =
            inventory_link_excludes(in, incident_cause_name((enum cause)cause));
    if (strcmp(hours, "office_hours") == 0)
        hours = inv->office_hours;
    calendar_hours(hours, inv->timezone, r->from_ms, r->end_ms, on_hours, &l->hours);
    l->id = strdup(in->id);
    l->head = report_link_head(in);
    snprintf(checks[END_PATH], sizeof(checks[0]), "%s/path", in->id);
    snprintf(checks[END_FAR], sizeof(checks[0]), "%s/far", in->id);
    return l->id != NULL && l->head != NULL && !l->hours.failed &&
           strmap_put(&r->link_by_id, l->id, l) == NH_OK &&
           strmap_put(&r->end_by_check, checks[END_PATH], checks[END_PATH]) == NH_OK &&
           strmap_put(&r->end_by_check, checks[END_FAR], checks[END_FAR]) == NH_OK;
}

static bool
name_init(struct named *n, const char *id, const char *name)
{
    n->id = strdup(id);
    n->name = strdup(name != NULL && *name != '\0' ? name : id);
    return n->id != NULL && n->name != NULL;
}

/* The period of rounds, as the collector hands it out. */
static void
on_check(void *arg, const struct inv_check *check)
{
    struct report *r = arg;
    int end = report_end_find(r, check->id);

    if (end != REPORT_NO_END && (int)check->every_ms > 0)
        r->links[end / ENDS].every_ms = (int)check->every_ms;
}

static bool
copy(struct report *r, const struct inventory *inv)
{
    size_t links = 0;
    bool ok = true;

    for (size_t i = 0; i < inv->site_count; i++)
        links += inv->sites[i].link_count;
    r->links = calloc(links + 1, sizeof(r->links[0]));
    r->checks = calloc(ENDS * (links + 1), sizeof(r->checks[0]));
    r->carriers = calloc(inv->carrier_count + 1, sizeof(r->carriers[0]));
    r->by_carrier = calloc(inv->carrier_count + 1, sizeof(r->by_carrier[0]));
    r->services = calloc(inv->service_count + 1, sizeof(r->services[0]));
    r->zone = strdup(inv->timezone);
    if (r->links == NULL || r->checks == NULL || r->carriers == NULL ||
        r->by_carrier == NULL || r->services == NULL || r->zone == NULL)
        return false;
    for (size_t i = 0; ok && i < inv->carrier_count; i++)
        ok = name_init(
            &r->carriers[r->carrier_count++], inv->carriers[i].id, inv->carriers[i].name);
    for (size_t i = 0; ok && i < inv->service_count; i++)
        ok = name_init(
            &r->services[r->service_count++], inv->services[i].id, inv->services[i].name);
    for (size_t i = 0; i < inv->site_count; i++)
        for (size_t k = 0; ok && k < inv->sites[i].link_count; k++)
            ok = link_init(r, inv, &inv->sites[i].links[k]);
    if (ok)
        inventory_checks(inv, on_check, r);
    return ok;
}

enum nh_err
report_new(
    struct report **out, const struct inventory *inv, const char *month, int64_t now_ms)
{
    struct report *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (r == NULL)
        return NH_ENOMEM;
    if (!calendar_month(month, inv->timezone, &r->from_ms, &r->end_ms)) {
        report_free(r);
        return NH_EINVAL;
    }
    snprintf(r->month, sizeof(r->month), "%s", month);
    r->complete = now_ms >= r->end_ms;
    r->to_ms = r->complete ? r->end_ms : now_ms > r->from_ms ? now_ms : r->from_ms;
    if (!copy(r, inv)) {
        report_free(r);
        return NH_ENOMEM;
    }
    *out = r;
    return NH_OK;
}

int64_t
report_from(const struct report *r)
{
    return r->from_ms;
}

int64_t
report_to(const struct report *r)
{
    return r->to_ms;
}

/* ---- what goes in ---- */

int
report_end_find(const struct report *r, const char *check)
{
    const char(*at)[NH_CHECK_ID_MAX] = strmap_get(&r->end_by_check, check);

    return at == NULL ? REPORT_NO_END
                      : (int)(at - (const char(*)[NH_CHECK_ID_MAX])r->checks);
}

void
report_round(struct report *r, int end, int64_t at_ms, bool answered)
{
    struct rlink *l = &r->links[end / ENDS];
    int64_t from_ms = at_ms - l->every_ms, near_ms = l->every_ms / 2;

    if (at_ms <= r->from_ms || from_ms >= r->to_ms)
        return;
    if (at_ms > r->newest_ms)
        r->newest_ms = at_ms;
    spans_add(&l->measured[end % ENDS], from_ms, at_ms, near_ms);
    if (!answered)
        return;
    l->ever_answered[end % ENDS] = true;
    spans_add(&l->answered, from_ms, at_ms, near_ms);
}

static bool
add_mark(struct rlink *l, struct mark m)
{
    if (l->mark_count == l->mark_cap) {
        size_t cap = l->mark_cap == 0 ? 8 : l->mark_cap * 2;
        struct mark *more = realloc(l->marks, cap * sizeof(*more));

        if (more == NULL)
            return false;
        l->marks = more;
        l->mark_cap = cap;
    }
    l->marks[l->mark_count++] = m;
    return true;
}

static bool
mark_link(struct report *r, const struct incident *in, const struct incident_link *il)
{
    struct rlink *l = strmap_get(&r->link_by_id, il->id);

    for (size_t i = 0; l != NULL && i < il->span_count; i++) {
        const struct incident_span *s = &il->spans[i];
        int64_t to = s->to_ms == 0 || s->to_ms > r->to_ms ? r->to_ms : s->to_ms;
        int64_t from = s->from_ms < r->from_ms ? r->from_ms : s->from_ms;

        if (from < to && !add_mark(l, (struct mark){ from, to,
                                          incident_minute_class(
                                              in->cause, s->down, l->excludes[in->cause]),
                                          s->down, (uint32_t)r->incident_count }))
            return false;
    }
    return true;
}

void
report_incident(struct report *r, const struct incident *in)
{
    struct rincident *x;

    if (in->merged_into != 0 || r->failed)
        return;
    if (r->incident_count == r->incident_cap) {
        size_t cap = r->incident_cap == 0 ? 16 : r->incident_cap * 2;

        x = realloc(r->incidents, cap * sizeof(*x));
        r->failed = x == NULL;
        if (r->failed)
            return;
        r->incidents = x;
        r->incident_cap = cap;
    }
    for (size_t i = 0; i < in->link_count; i++)
        r->failed |= !mark_link(r, in, &in->links[i]);
    x = &r->incidents[r->incident_count++];
    *x = (struct rincident){ .number = in->number,
        .revision = in->revision,
        .started_ms = in->started_ms,
        .closed_ms = in->closed_ms,
        .cause = in->cause,
        .confidence = in->confidence,
        .title_vi = strdup(in->title_vi == NULL ? "" : in->title_vi),
        .title_en = strdup(in->title_en == NULL ? "" : in->title_en) };
    snprintf(x->party, sizeof(x->party), "%s", in->party);
    r->failed |= x->title_vi == NULL || x->title_en == NULL;
}

/* ---- sums ---- */

static void
add_minutes(struct incident_minutes *to, const struct incident_minutes *more)
{
    to->down_ms += more->down_ms;
    to->degraded_ms += more->degraded_ms;
    to->unknown_ms += more->unknown_ms;
    to->excluded_ms += more->excluded_ms;
}

static bool
add_share(struct shares *s, const char *party, const struct incident_minutes *m)
{
    struct share *more;

    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->at[i].party, party) == 0) {
            add_minutes(&s->at[i].m, m);
            return true;
        }
    if (s->count == s->cap) {
        size_t cap = s->cap == 0 ? 4 : s->cap * 2;

        more = realloc(s->at, cap * sizeof(*more));
        if (more == NULL)
            return false;
        s->at = more;
        s->cap = cap;
    }
    s->at[s->count] = (struct share){ .m = *m };
    snprintf(s->at[s->count++].party, sizeof(s->at[0].party), "%s", party);
    return true;
}

static bool
add_incident(struct rlink *l, uint32_t incident)
{
    uint32_t *more;

    for (size_t i = 0; i < l->incident_count; i++)
        if (l->incidents[i] == incident)
            return true;
    if (l->incident_count == l->incident_cap) {
        size_t cap = l->incident_cap == 0 ? 4 : l->incident_cap * 2;

        more = realloc(l->incidents, cap * sizeof(*more));
        if (more == NULL)
            return false;
        l->incidents = more;
        l->incident_cap = cap;
    }
    l->incidents[l->incident_count++] = incident;
    return true;
}

static int
weight(const struct mark *m)
{
    static const int of_class[] = { [MINUTE_EXCLUDED] = 0,
        [MINUTE_UNKNOWN] = 1,
        [MINUTE_DOWN] = 2,
        [MINUTE_DEGRADED] = 2 };

    return (m->down ? 0 : 4) + of_class[m->class];
}

static int
by_weight(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    int wx = weight(x), wy = weight(y);

    if (wx != wy)
        return wx - wy;
    if (x->incident != y->incident) /* they came in order of number */
        return x->incident < y->incident ? -1 : 1;
    return x->from_ms < y->from_ms ? -1 : x->from_ms > y->from_ms;
}

/* What one mark adds, of the time that is still to be had. */
static bool
take_mark(struct report *r, struct rlink *l, const struct mark *m,
    const struct spans *measured, struct spans *taken)
{
    struct rincident *in = &r->incidents[m->incident];
    struct spans piece = { 0 }, seen = { 0 }, free_time = { 0 };
    struct incident_minutes add = { 0 };
    bool ok = true;
    int64_t ms;

    spans_within(&l->hours, m->from_ms, m->to_ms, &piece);
    spans_minus(&piece, taken, &free_time);
    spans_both(&free_time, measured, &seen);
    ms = spans_sum(&seen);
    if (ms > 0) {
        *incident_minutes_of(&add, m->class) = ms;
        add_minutes(&l->sums.m, &add);
        add_minutes(&in->m, &add);
        ok = add_share(&l->shares, in->party, &add) && add_incident(l, m->incident);
    }
    spans_add_all(taken, &seen);
    ok = ok && !taken->failed && !seen.failed && !free_time.failed;
    spans_fini(&piece);
    spans_fini(&seen);
    spans_fini(&free_time);
    return ok;
}

/* A month that runs ends with the newest round: the next ones are on their way. */
static void
up_to_the_tail(struct report *r, struct rlink *l, struct spans *s)
{
    int64_t last = s->count == 0 ? 0 : s->at[s->count - 1].to_ms;

    if (!r->complete && last > 0 && last < r->to_ms &&
        r->to_ms - last <= (int64_t)TAIL_ROUNDS * l->every_ms)
        spans_add(s, last, r->to_ms, 0);
}

/* Rounds that were missed, too few to be called down, between ones that were answered or
 * are accounted for. */
static bool
bridge(const struct rlink *l, const struct spans *measured, struct spans *known)
{
    int rounds = l->down_after > 2 ? l->down_after - 1 : 1;
    int64_t most_ms = rounds * (int64_t)l->every_ms + l->every_ms / 2;
    struct spans gaps = { 0 };
    bool ok;

    for (size_t i = 1; i < known->count; i++) {
        int64_t from = known->at[i - 1].to_ms, to = known->at[i].from_ms;

        if (to - from <= most_ms && spans_cover(measured, from, to))
            spans_add(&gaps, from, to, 0);
    }
    spans_add_all(known, &gaps);
    ok = !known->failed;
    spans_fini(&gaps);
    return ok;
}

/* Of a mark only what was measured is taken: the rest of it is nobody's, and unknown. */
static bool
work_out_link(struct report *r, struct rlink *l)
{
    struct spans measured = { 0 }, taken = { 0 }, known = { 0 }, base = { 0 },
                 rest = { 0 }, up = { 0 };
    bool ok = !l->answered.failed;

    for (int e = 0; e < ENDS; e++) /* an end that alone never answered says nothing */
        if (l->ever_answered[e] || !(l->ever_answered[0] || l->ever_answered[1]))
            for (size_t i = 0; i < l->measured[e].count; i++)
                spans_add(&measured, l->measured[e].at[i].from_ms,
                    l->measured[e].at[i].to_ms, l->every_ms / 2);
    up_to_the_tail(r, l, &measured);
    spans_add_all(&known, &l->answered);
    up_to_the_tail(r, l, &known);
    if (l->mark_count > 1)
        qsort(l->marks, l->mark_count, sizeof(l->marks[0]), by_weight);
    for (size_t i = 0; ok && i < l->mark_count; i++) {
        ok = take_mark(r, l, &l->marks[i], &measured, &taken);
        spans_add(&known, l->marks[i].from_ms, l->marks[i].to_ms, 0);
    }
    ok = ok && bridge(l, &measured, &known);
    spans_within(&l->hours, r->from_ms, r->to_ms, &base);
    spans_minus(&base, &taken, &rest);
    for (size_t i = 0; i < rest.count; i++) {
        struct spans here = { 0 };

        spans_within(&known, rest.at[i].from_ms, rest.at[i].to_ms, &here);
        spans_both(&here, &measured, &up);
        ok = ok && !here.failed;
        spans_fini(&here);
    }
    l->sums.total_ms = spans_sum(&base);
    l->sums.unmeasured_ms = spans_sum(&rest) - spans_sum(&up);
    l->sums.m.unknown_ms += l->sums.unmeasured_ms;
    ok = ok && !measured.failed && !known.failed && !base.failed && !rest.failed &&
         !up.failed;
    spans_fini(&measured);
    spans_fini(&taken);
    spans_fini(&known);
    spans_fini(&base);
    spans_fini(&rest);
    spans_fini(&up);
    return ok;
}

static bool
add_to_whole(struct whole *w, const struct rlink *l)
{
    bool ok = true;

    w->links++;
    w->sums.total_ms += l->sums.total_ms;
    w->sums.unmeasured_ms += l->sums.unmeasured_ms;
    add_minutes(&w->sums.m, &l->sums.m);
    for (size_t i = 0; ok && i < l->shares.count; i++)
        ok = add_share(&w->shares, l->shares.at[i].party, &l->shares.at[i].m);
    return ok;
}

/* Of each incident the links it took time of, and of each carrier its incidents. */
static bool
count_incidents(struct report *r)
{
    bool *hit = calloc(r->carrier_count + 1, sizeof(*hit));

    for (uint32_t x = 0; hit != NULL && x < r->incident_count; x++) {
        memset(hit, 0, r->carrier_count * sizeof(*hit));
        for (size_t i = 0; i < r->link_count; i++)
            for (size_t k = 0; k < r->links[i].incident_count; k++)
                if (r->links[i].incidents[k] == x) {
                    r->incidents[x].links++;
                    hit[r->links[i].carrier] = true;
                }
        r->province.incidents += r->incidents[x].links > 0;
        for (size_t c = 0; c < r->carrier_count; c++)
            r->by_carrier[c].incidents += hit[c];
    }
    free(hit);
    return hit != NULL;
}

bool
report_work_out(struct report *r)
{
    bool ok = !r->failed;

    if (!r->complete && r->newest_ms > r->to_ms - TAIL_MS && r->newest_ms < r->to_ms)
        r->to_ms = r->newest_ms;
    for (size_t i = 0; ok && i < r->link_count; i++)
        ok = work_out_link(r, &r->links[i]) && add_to_whole(&r->province, &r->links[i]) &&
             add_to_whole(&r->by_carrier[r->links[i].carrier], &r->links[i]);
    return ok && count_incidents(r);
}
