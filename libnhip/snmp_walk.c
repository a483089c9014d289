/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_walk.c - side by side through the columns
 *
 *   asked:     c1.4  c2.4  c3.7   x 2 repetitions
 *   answered:  c1.5  c2.5  c3.8   c1.6  c2.6  d1.1      c3 has ended
 *
 * The pace is a number of objects a request. It doubles while answers come whole, falls
 * to what came when they are cut, and is halved when the device complains or is silent.
 *
 * genErr to a GETBULK: the same rows are asked one by one by GETNEXT (`careful`), until
 * the error comes again and names its column, or, where it names none, until the columns
 * asked (`few`) are halved down to the one.
 */
#include "libnhip/snmp_walk.h"
#include <stdlib.h>
#include <string.h>

enum {
    OBJECTS_FIRST = 40,
    OBJECTS_LAST = NH_SNMP_VARS_MAX,
    SILENT_MAX = 3,        /* requests without an answer, one after the other */
    PATIENCE_WALKS = 1000, /* some hours */
};

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
    int repetitions, silent, careful;
    size_t few; /* columns a request; 0: as the pace has it */
    bool bulk;
    struct column columns[];
};

static void on_walk_answer(void *arg, struct nh_snmp_answer *a);

static void
end(struct nh_snmp_walk *w, enum nh_snmp_result result)
{
    struct nh_snmp_walk_plan plan = w->plan;
    struct nh_snmp_walked what = w->what;

    what.result = result == NH_SNMP_OK && what.complained && what.cells == 0
                      ? NH_SNMP_GENERR
                      : result;
    for (size_t i = 0; i < plan.count; i++)
        what.rows[i] = (uint32_t)w->columns[i].rows;
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

    if (w->few > 0 && budget > w->few)
        budget = w->few;
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
    w->bulk = w->careful == 0 && !w->pace->no_bulk && nh_snmp_version(w->session) != 1;
    w->repetitions = w->bulk ? (int)(budget / w->asked_count) : 1;
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

/* An answer that is short because its columns end says nothing of what the device bears.
 */
static void
set_pace(struct nh_snmp_walk *w, size_t came)
{
    bool any_ended = false;
    size_t wanted = w->asked_count * (size_t)w->repetitions;
    size_t pace = (size_t)w->pace->objects;
    size_t most = w->pace->most > 0 ? (size_t)w->pace->most : OBJECTS_LAST;

    if (!w->bulk) {
        if (w->silent == SILENT_MAX - 1 && w->careful > 0) {
            w->pace->no_bulk = true; /* this it answers, GETBULK it did not */
            w->pace->patience = PATIENCE_WALKS;
        }
        w->careful -= w->careful > 0;
        return;
    }
    for (size_t i = 0; i < w->asked_count; i++)
        any_ended = any_ended || w->columns[w->asked[i]].ended;
    if (came >= wanted && wanted + w->asked_count > pace)
        pace *= 2;
    else if (came < wanted && came >= w->asked_count && !any_ended)
        pace = came + w->asked_count; /* the packet's end; rows differ in length */
    w->pace->objects = (int)(pace < most ? pace : most);
}

static void
ask_fewer(struct nh_snmp_walk *w)
{
    w->pace->objects = w->pace->objects > 1 ? w->pace->objects / 2 : 1;
    w->pace->most = w->pace->objects;
    w->pace->patience = PATIENCE_WALKS;
}

static bool
bear_silence(struct nh_snmp_walk *w)
{
    if (!w->bulk || ++w->silent >= SILENT_MAX)
        return false;
    ask_fewer(w);
    w->careful = w->silent == SILENT_MAX - 1; /* is it GETBULK that it does not know? */
    return true;
}

static bool
bear_too_big(struct nh_snmp_walk *w)
{
    if (w->pace->objects <= 1 && !w->bulk)
        return false;
    if (w->pace->objects <= 1)
        w->pace->no_bulk = true;
    ask_fewer(w);
    return true;
}

static void
bear_complaint(struct nh_snmp_walk *w, size_t index)
{
    if (w->bulk) {
        w->careful = w->repetitions;
    } else if (w->asked_count == 1 || (index > 0 && index <= w->asked_count)) {
        w->columns[w->asked[w->asked_count == 1 ? 0 : index - 1]].ended = true;
        w->what.complained = true;
        w->careful = 0;
        w->few = 0;
    } else {
        w->few = w->asked_count / 2;
        w->careful = 1;
    }
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
        return bear_silence(w);
    case NH_SNMP_TOOBIG:
        return bear_too_big(w);
    case NH_SNMP_GENERR:
        bear_complaint(w, a->error_index);
        return true;
    default:
        return false;
    }
}

/* Every object of an answer; NONSENSE when it has none. */
static enum nh_snmp_result
take_answer(struct nh_snmp_walk *w, struct nh_snmp_answer *a)
{
    struct nh_snmp_var v;
    size_t came = 0;

    for (; nh_snmp_next(a, &v); came++)
        take_cell(w, w->asked[came % w->asked_count], &v, a->mono_us);
    if (came == 0)
        return NH_SNMP_NONSENSE;
    set_pace(w, came);
    w->silent = 0;
    for (size_t i = came; i < w->asked_count && !w->bulk; i++)
        w->columns[w->asked[i]].ended = true; /* GETNEXT answers all or nothing */
    return NH_SNMP_OK;
}

static void
on_walk_answer(void *arg, struct nh_snmp_answer *a)
{
    struct nh_snmp_walk *w = arg;
    enum nh_snmp_result result = a->result;
    bool more = false;

    if (result == NH_SNMP_OK)
        result = take_answer(w, a);
    else if (ask_for_less(w, a))
        result = NH_SNMP_OK;
    if (result == NH_SNMP_OK && w->plan.until_us != 0 && a->mono_us > w->plan.until_us)
        result = NH_SNMP_SLOW;
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
    if (pace->patience > 0 && --pace->patience == 0) {
        pace->no_bulk = false;
        pace->most = 0;
    }
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
