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
    ROOM = 4,              /* of an index, at first */
};

struct column {
    size_t prefix, len; /* of the column's own id, and with the last row's index */
    size_t rows, likely;
    bool ended;
};

struct nh_snmp_walk {
    struct nh_snmp *session; /* borrowed */
    struct nh_snmp_pace *pace;
    struct nh_snmp_walk_plan plan;
    struct nh_snmp_walked what;
    uint8_t asked[NH_WALK_COLUMNS_MAX]; /* the columns of the request under way */
    size_t asked_count;
    int repetitions, silent, careful;
    struct nh_snmp_pace before; /* the first silence; no objects: there was none */
    size_t few;                 /* columns a request; 0: as the pace has it */
    size_t heads;               /* of the request under way */
    bool bulk;
    unsigned long *ids; /* owned: where each column is, `room` for each */
    size_t room;
    struct column columns[];
};

static void on_walk_answer(void *arg, struct nh_snmp_answer *a);

static unsigned long *
at(const struct nh_snmp_walk *w, size_t column)
{
    return w->ids + column * w->room;
}

/* Few indexes are long, and a walk is made often. */
static bool
make_room(struct nh_snmp_walk *w, size_t room)
{
    unsigned long *ids = malloc(w->plan.count * room * sizeof(*ids));

    if (ids == NULL)
        return false;
    for (size_t i = 0; i < w->plan.count && w->ids != NULL; i++)
        memcpy(ids + i * room, at(w, i), w->columns[i].len * sizeof(*ids));
    free(w->ids);
    w->ids = ids;
    w->room = room;
    return true;
}

static void
walk_free(struct nh_snmp_walk *w)
{
    free(w->ids);
    free(w);
}

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
    if (result == NH_SNMP_TIMEOUT && w->before.objects > 0)
        *w->pace = w->before; /* to ask for less was no help */
    walk_free(w);
    plan.on_done(plan.arg, &what);
}

/* How many more rows there may be, by what the column had last time and one to see its
 * end. */
static size_t
rows_left(const struct column *c)
{
    return c->likely >= c->rows ? c->likely - c->rows + 1 : INT32_MAX;
}

/* The most rows that a column has left, and how many columns have not ended. */
static size_t
most_left(const struct nh_snmp_walk *w, size_t *open)
{
    size_t most = 0;

    *open = 0;
    for (size_t i = 0; i < w->plan.count; i++) {
        if (w->columns[i].ended)
            continue;
        ++*open;
        if (rows_left(&w->columns[i]) > most)
            most = rows_left(&w->columns[i]);
    }
    return most;
}

/* Choose the columns of the next request. Where it is not the last one, those with less
 * than a request's rows wait. */
static void
choose(struct nh_snmp_walk *w, size_t budget)
{
    size_t open, most = most_left(w, &open), least = 0;

    if (w->bulk && open > 0 && most > budget / open && budget >= open)
        least = budget / open;
    w->asked_count = 0;
    for (size_t i = 0; i < w->plan.count && w->asked_count < budget; i++)
        if (!w->columns[i].ended && rows_left(&w->columns[i]) > least)
            w->asked[w->asked_count++] = (uint8_t)i;
    w->repetitions = 1;
    if (w->bulk && w->asked_count > 0)
        w->repetitions =
            (int)(most < budget / w->asked_count ? most : budget / w->asked_count);
}

/* Ask for the columns that have not ended, and for the `heads`; `more` is false when all
 * have. */
static enum nh_err
ask(struct nh_snmp_walk *w, size_t heads, bool *more)
{
    const unsigned long *ids[NH_WALK_HEADS_MAX + NH_WALK_COLUMNS_MAX];
    size_t lens[NH_WALK_HEADS_MAX + NH_WALK_COLUMNS_MAX];
    unsigned long head[NH_WALK_HEADS_MAX][NH_COUNT(w->plan.heads[0].id)];
    size_t budget = (size_t)w->pace->objects;

    if (w->few > 0 && budget > w->few)
        budget = w->few;
    w->bulk = w->careful == 0 && !w->pace->no_bulk && nh_snmp_version(w->session) != 1;
    w->heads = heads;
    choose(w, budget > heads ? budget - heads : 1);
    *more = w->asked_count > 0;
    if (!*more)
        return NH_OK;
    for (size_t i = 0; i < heads; i++) {
        for (size_t k = 0; k < w->plan.heads[i].len; k++)
            head[i][k] = w->plan.heads[i].id[k];
        ids[i] = head[i];
        lens[i] = w->plan.heads[i].len;
    }
    for (size_t i = 0; i < w->asked_count; i++) {
        ids[heads + i] = at(w, w->asked[i]);
        lens[heads + i] = w->columns[w->asked[i]].len;
    }
    return nh_snmp_ask(w->session, w->bulk ? NH_SNMP_GETBULK : NH_SNMP_GETNEXT, ids, lens,
        heads, heads + w->asked_count, w->repetitions, on_walk_answer, w);
}

/* -1, 0, 1: is `v` before, at or beyond the column's last row? Both are in the column. */
static int
compare(const struct column *c, const unsigned long *last, const struct nh_snmp_var *v)
{
    size_t len = v->oid_len < c->len ? v->oid_len : c->len;

    for (size_t i = c->prefix; i < len; i++)
        if (v->oid[i] != last[i])
            return v->oid[i] < last[i] ? -1 : 1;
    return v->oid_len == c->len ? 0 : v->oid_len < c->len ? -1 : 1;
}

static void
take_cell(struct nh_snmp_walk *w, size_t i, const struct nh_snmp_var *v, int64_t mono_us)
{
    struct column *c = &w->columns[i];
    unsigned long *last = at(w, i);

    if (c->ended)
        return;
    if (v->type == NH_SNMP_END || v->type == NH_SNMP_MISSING || v->oid_len <= c->prefix ||
        v->oid_len > NH_OID_MAX || memcmp(v->oid, last, c->prefix * sizeof(*last)) != 0) {
        c->ended = true;
        return;
    }
    if (compare(c, last, v) <= 0) {
        w->what.backwards = c->ended = true;
        return;
    }
    if (c->rows == w->plan.max_rows) {
        w->what.bounded = c->ended = true;
        return;
    }
    if (v->oid_len > w->room) {
        if (!make_room(w, v->oid_len + ROOM)) {
            w->what.bounded = c->ended = true;
            return;
        }
        last = at(w, i);
    }
    c->rows++;
    w->what.cells++;
    memcpy(
        last + c->prefix, v->oid + c->prefix, (v->oid_len - c->prefix) * sizeof(*last));
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
    size_t wanted = w->heads + w->asked_count * (size_t)w->repetitions;
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
    if (w->before.objects == 0)
        w->before = *w->pace;
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

/* The objects that were asked once; false: the walk is to end. */
static bool
take_heads(struct nh_snmp_walk *w, struct nh_snmp_answer *a)
{
    struct nh_snmp_var vars[NH_WALK_HEADS_MAX];
    size_t came = 0;

    while (came < w->heads && nh_snmp_next(a, &vars[came]))
        came++;
    return w->plan.on_heads(w->plan.arg, vars, came, a->mono_us);
}

/* Every object of an answer; NONSENSE when it has none. */
static enum nh_snmp_result
take_answer(struct nh_snmp_walk *w, struct nh_snmp_answer *a)
{
    struct nh_snmp_var v;
    size_t came = 0;

    for (; nh_snmp_next(a, &v); came++)
        take_cell(w, w->asked[came % w->asked_count], &v, a->mono_us);
    if (w->heads + came == 0)
        return NH_SNMP_NONSENSE;
    set_pace(w, w->heads + came);
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

    if (w->heads > 0 && (result != NH_SNMP_OK || !take_heads(w, a))) {
        end(w, result);
        return;
    }
    if (result == NH_SNMP_OK)
        result = take_answer(w, a);
    else if (ask_for_less(w, a))
        result = NH_SNMP_OK;
    if (result == NH_SNMP_OK && w->plan.until_us != 0 && a->mono_us > w->plan.until_us)
        result = NH_SNMP_SLOW;
    if (result == NH_SNMP_OK && ask(w, 0, &more) != NH_OK)
        result = NH_SNMP_LOCAL;
    if (result != NH_SNMP_OK || !more)
        end(w, result);
}

enum nh_err
nh_snmp_walk_start(struct nh_snmp_walk **out, struct nh_snmp *s,
    struct nh_snmp_pace *pace, const struct nh_snmp_walk_plan *plan)
{
    struct nh_snmp_walk *w;
    size_t room = 0;
    enum nh_err err;
    bool more;

    *out = NULL;
    if (plan->count == 0 || plan->count > NH_WALK_COLUMNS_MAX || plan->max_rows == 0 ||
        plan->head_count > NH_WALK_HEADS_MAX)
        return NH_EINVAL;
    w = calloc(1, sizeof(*w) + plan->count * sizeof(w->columns[0]));
    if (w == NULL)
        return NH_ENOMEM;
    w->session = s;
    w->pace = pace;
    w->plan = *plan;
    for (size_t i = 0; i < plan->count; i++)
        if (plan->columns[i].len + (size_t)ROOM > room)
            room = plan->columns[i].len + (size_t)ROOM;
    if (!make_room(w, room)) {
        free(w);
        return NH_ENOMEM;
    }
    if (pace->objects <= 0)
        pace->objects = OBJECTS_FIRST;
    if (pace->patience > 0 && --pace->patience == 0) {
        pace->no_bulk = false;
        pace->most = 0;
    }
    for (size_t i = 0; i < plan->count; i++) {
        struct column *c = &w->columns[i];

        c->likely = plan->likely_rows != NULL ? plan->likely_rows[i] : 0;
        c->prefix = c->len = plan->columns[i].len;
        for (size_t k = 0; k < c->len; k++)
            at(w, i)[k] = plan->columns[i].id[k];
    }
    if ((err = ask(w, plan->head_count, &more)) != NH_OK) {
        walk_free(w);
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
    walk_free(w);
}
