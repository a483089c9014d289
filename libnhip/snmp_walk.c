/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_walk.c - side by side through the columns
 *
 *   asked:     c1.4  c2.4  c3.7   x 2 repetitions
 *   answered:  c1.5  c2.5  c3.8   c1.6  c2.6  d1.1      c3 has ended
 *
 * The pace is a number of objects a request. It doubles while answers come whole, falls
 * to what came when they are cut, and is halved when the device complains or is silent.
 */
#include "libnhip/snmp_walk.h"
#include <stdlib.h>
#include <string.h>

enum { OBJECTS_FIRST = 40, OBJECTS_LAST = NH_SNMP_VARS_MAX };

struct column {
    size_t prefix, len; /* of `at`: the column's own id, and with the last row's index */
    size_t rows;
    bool ended;
    unsigned long at[NH_OID_MAX];
};

struct nh_snmp_walk {
    struct nh_snmp *session; /* borrowed */
    struct nh_snmp_pace *pace;
    struct nh_snmp_walk_plan plan;
    struct nh_snmp_walked what;
    size_t asked[NH_WALK_COLUMNS_MAX]; /* the columns of the request under way */
    size_t asked_count;
    int repetitions;
    bool bulk;
    struct column columns[];
};

static void on_walk_answer(void *arg, struct nh_snmp_answer *a);

static void
end(struct nh_snmp_walk *w, enum nh_snmp_result result)
{
    struct nh_snmp_walk_plan plan = w->plan;
    struct nh_snmp_walked what = w->what;

    what.result = result;
    free(w);
    plan.on_done(plan.arg, &what);
}

/* How many more rows there may be, by what the table had last time and one to see its
 * end. */
static int
rows_left(const struct nh_snmp_walk *w)
{
    size_t done = SIZE_MAX;

    for (size_t i = 0; i < w->asked_count; i++)
        if (w->columns[w->asked[i]].rows < done)
            done = w->columns[w->asked[i]].rows;
    return w->plan.likely_rows >= done ? (int)(w->plan.likely_rows - done) + 1
                                       : INT32_MAX;
}

/* Ask for the columns that have not ended; false when all have. */
static enum nh_err
ask(struct nh_snmp_walk *w, bool *more)
{
    const unsigned long *ids[NH_WALK_COLUMNS_MAX];
    size_t lens[NH_WALK_COLUMNS_MAX];
    size_t budget = (size_t)w->pace->objects;
    int left;

    w->asked_count = 0;
    for (size_t i = 0; i < w->plan.count && w->asked_count < budget; i++) {
        if (w->columns[i].ended)
            continue;
        ids[w->asked_count] = w->columns[i].at;
        lens[w->asked_count] = w->columns[i].len;
        w->asked[w->asked_count++] = i;
    }
    *more = w->asked_count > 0;
    if (!*more)
        return NH_OK;
    w->bulk = !w->pace->no_bulk && nh_snmp_version(w->session) != 1;
    w->repetitions = (int)(budget / w->asked_count);
    left = rows_left(w);
    if (w->repetitions > left)
        w->repetitions = left;
    return nh_snmp_ask(w->session, w->bulk ? NH_SNMP_GETBULK : NH_SNMP_GETNEXT, ids, lens,
        w->asked_count, w->repetitions, on_walk_answer, w);
}

/* -1, 0, 1: is `v` before, at or beyond the column's last row? Both are in the column. */
static int
compare(const struct column *c, const struct nh_snmp_var *v)
{
    size_t len = v->oid_len < c->len ? v->oid_len : c->len;

    for (size_t i = c->prefix; i < len; i++)
        if (v->oid[i] != c->at[i])
            return v->oid[i] < c->at[i] ? -1 : 1;
    return v->oid_len == c->len ? 0 : v->oid_len < c->len ? -1 : 1;
}

static void
take_cell(struct nh_snmp_walk *w, size_t i, const struct nh_snmp_var *v, int64_t mono_us)
{
    struct column *c = &w->columns[i];

    if (c->ended)
        return;
    if (v->type == NH_SNMP_END || v->type == NH_SNMP_MISSING || v->oid_len <= c->prefix ||
        v->oid_len > NH_OID_MAX ||
        memcmp(v->oid, c->at, c->prefix * sizeof(*c->at)) != 0) {
        c->ended = true;
        return;
    }
    if (compare(c, v) <= 0) {
        w->what.backwards = c->ended = true;
        return;
    }
    if (c->rows == w->plan.max_rows) {
        w->what.bounded = c->ended = true;
        return;
    }
    c->rows++;
    w->what.cells++;
    memcpy(
        c->at + c->prefix, v->oid + c->prefix, (v->oid_len - c->prefix) * sizeof(*c->at));
    c->len = v->oid_len;
    w->plan.on_cell(
        w->plan.arg, i, v->oid + c->prefix, v->oid_len - c->prefix, v, mono_us);
}

static void
set_pace(struct nh_snmp_walk *w, size_t came)
{
    size_t wanted = w->asked_count * (size_t)w->repetitions;
    size_t pace = (size_t)w->pace->objects;

    if (!w->bulk)
        return;
    if (came >= wanted && wanted + w->asked_count > pace && pace < OBJECTS_LAST)
        pace *= 2;
    else if (came < wanted && came >= w->asked_count)
        pace = came + w->asked_count; /* the packet's end; rows differ in length */
    w->pace->objects = (int)(pace < OBJECTS_LAST ? pace : OBJECTS_LAST);
}

/* The device could not answer this: ask for less, if less there is. */
static bool
ask_for_less(struct nh_snmp_walk *w, const struct nh_snmp_answer *a)
{
    switch (a->result) {
    case NH_SNMP_NO_SUCH: /* v1's way of saying that a column has ended */
        if (a->error_index > w->asked_count)
            return false;
        if (a->error_index > 0)
            w->columns[w->asked[a->error_index - 1]].ended = true;
        else
            for (size_t i = 0; i < w->asked_count; i++)
                w->columns[w->asked[i]].ended = true;
        return true;
    case NH_SNMP_TIMEOUT:
        if (!w->bulk)
            return false;
        if (w->what.cells == 0)
            w->pace->no_bulk = true;
        break;
    case NH_SNMP_TOOBIG:
    case NH_SNMP_GENERR:
        break;
    default:
        return false;
    }
    if (w->pace->objects <= 1) {
        if (!w->bulk)
            return false;
        w->pace->no_bulk = true;
    }
    w->pace->objects = w->pace->objects > 1 ? w->pace->objects / 2 : 1;
    return true;
}

static void
on_walk_answer(void *arg, struct nh_snmp_answer *a)
{
    struct nh_snmp_walk *w = arg;
    enum nh_snmp_result result = a->result;
    struct nh_snmp_var v;
    size_t came = 0;
    bool more;

    if (result == NH_SNMP_OK) {
        for (; nh_snmp_next(a, &v); came++)
            take_cell(w, w->asked[came % w->asked_count], &v, a->mono_us);
        if (came == 0)
            result = NH_SNMP_NONSENSE;
        else
            set_pace(w, came);
        for (size_t i = came; i < w->asked_count && came > 0; i++)
            if (w->bulk == false)
                w->columns[w->asked[i]].ended = true; /* GETNEXT answers all or nothing */
    } else if (ask_for_less(w, a)) {
        result = NH_SNMP_OK;
    }
    if (result == NH_SNMP_OK && ask(w, &more) != NH_OK)
        result = NH_SNMP_LOCAL;
    if (result != NH_SNMP_OK || !more)
        end(w, result);
}

enum nh_err
nh_snmp_walk_start(struct nh_snmp_walk **out, struct nh_snmp *s,
    struct nh_snmp_pace *pace, const struct nh_snmp_walk_plan *plan)
{
    struct nh_snmp_walk *w;
    enum nh_err err;
    bool more;

    *out = NULL;
    if (plan->count == 0 || plan->count > NH_WALK_COLUMNS_MAX || plan->max_rows == 0)
        return NH_EINVAL;
    w = calloc(1, sizeof(*w) + plan->count * sizeof(w->columns[0]));
    if (w == NULL)
        return NH_ENOMEM;
    w->session = s;
    w->pace = pace;
    w->plan = *plan;
    if (pace->objects <= 0)
        pace->objects = OBJECTS_FIRST;
    for (size_t i = 0; i < plan->count; i++) {
        struct column *c = &w->columns[i];

        c->prefix = c->len = plan->columns[i].len;
        for (size_t k = 0; k < c->len; k++)
            c->at[k] = plan->columns[i].id[k];
    }
    if ((err = ask(w, &more)) != NH_OK) {
        free(w);
        return err;
    }
    *out = w;
    return NH_OK;
}

void
nh_snmp_walk_stop(struct nh_snmp_walk *w)
{
    if (w == NULL)
        return;
    nh_snmp_cancel(w->session, w);
    free(w);
}
