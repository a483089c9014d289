/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_walk.c - walks of a table that devices of all tempers answer
 *
 * The session is a stand-in. Its device has COLUMNS columns of ROWS rows; the value of a
 * cell is its column and row.
 */
#include "libnhip/snmp_walk.h"
#include "tests/unit/check.h"
#include "tests/unit/libnhip/snmp_stand_in.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4, ROWS = 50 };

struct temper {
    const char *name;
    size_t most_objects; /* in an answer; 0: all that were asked for */
    int too_big_above;   /* objects asked for, else "too big"; 0: never */
    int silent_above;    /* likewise, in silence */
    bool no_bulk;        /* leaves GETBULK unanswered */
    bool ends_early;     /* says END once, not for all repetitions (RFC 3416 4.2.3) */
    bool v1;
    int bad_column;      /* genErr at row 20 of it; -1: none */
    bool names_no_index; /* of the error */
    int backwards_at;    /* row after which a column begins anew; 0: never */
    int dead_after;      /* answers; 0: never */
    int last_rows;       /* of the last column; 0: as many as the others have */
    /* what is to come of it */
    enum nh_snmp_result want;
    int rows[COLUMNS];
    unsigned most_requests;
};

static const struct temper tempers[] = {
    { .name = "as it should",
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 6 },
    { .name = "short answers",
        .most_objects = 7,
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 60 },
    { .name = "too big",
        .too_big_above = 10,
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 40 },
    { .name = "silent to much",
        .silent_above = 20,
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 20 },
    { .name = "no GETBULK",
        .no_bulk = true,
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 56 },
    { .name = "v1",
        .v1 = true,
        .bad_column = -1,
        .rows = { 50, 50, 50, 50 },
        .most_requests = 56 },
    { .name = "an object that cannot be read",
        .bad_column = 2,
        .rows = { 50, 50, 19, 50 },
        .most_requests = 40 },
    { .name = "and nothing says which",
        .bad_column = 2,
        .names_no_index = true,
        .rows = { 50, 50, 19, 50 },
        .most_requests = 90 },
    { .name = "backwards",
        .backwards_at = 30,
        .bad_column = -1,
        .rows = { 30, 30, 30, 30 },
        .most_requests = 12 },
    { .name = "dead on the way",
        .dead_after = 2,
        .bad_column = -1,
        .want = NH_SNMP_TIMEOUT,
        .most_requests = 5 },
    { .name = "dead",
        .silent_above = -1,
        .bad_column = -1,
        .want = NH_SNMP_TIMEOUT,
        .most_requests = 3 },
};

static struct {
    int rows[COLUMNS];
    struct nh_snmp_walked what;
    bool ended, disordered;
    size_t heads;
    bool stop; /* what on_heads() answers */
} seen;

static const struct temper *is; /* who answers */
static unsigned answered;
static unsigned long oids[STAND_IN_VARS][3];

/* Move identifier `id` to the next cell; false: there is none. */
static bool
move_on(const struct temper *t, unsigned long id[3], size_t *len)
{
    unsigned long row = *len == 2 ? 1 : id[2] + 1;

    if (t->backwards_at > 0 && row > (unsigned long)t->backwards_at)
        row = 1;
    if (row >
        (id[1] == COLUMNS && t->last_rows > 0 ? (unsigned long)t->last_rows : ROWS)) {
        id[1]++;
        row = 1;
    }
    id[2] = row;
    *len = 3;
    return id[1] <= COLUMNS;
}

static bool
put_vars(struct nh_snmp *s, struct nh_snmp_answer *a)
{
    const struct temper *t = is;

    for (int r = 0; r < s->repetitions; r++) {
        bool any = !t->ends_early;

        for (size_t i = r == 0 ? 0 : s->heads;
             i < s->count && s->var_count < STAND_IN_VARS; i++) {
            struct nh_snmp_var *v = &s->vars[s->var_count];

            if (t->most_objects > 0 && s->var_count == t->most_objects)
                return true;
            if (!move_on(t, s->ids[i], &s->lens[i])) {
                v->type = NH_SNMP_END;
                if (t->v1) {
                    a->result = NH_SNMP_NO_SUCH;
                    a->error_index = i + 1;
                    return false;
                }
            } else if ((int)s->ids[i][1] - 1 == t->bad_column && s->ids[i][2] == 20) {
                a->result = NH_SNMP_GENERR;
                a->error_index = t->names_no_index ? 0 : i + 1;
                return false;
            } else {
                v->type = NH_SNMP_UNSIGNED;
                v->unsigned_number = s->ids[i][1] * 1000 + s->ids[i][2];
                any = true;
            }
            memcpy(oids[s->var_count], s->ids[i], sizeof(oids[0]));
            v->oid = oids[s->var_count++];
            v->oid_len = 3;
        }
        if (!any)
            return true;
    }
    return true;
}

static void
answer(struct nh_snmp *s)
{
    const struct temper *t = is;
    struct nh_snmp_answer a = { .result = NH_SNMP_OK };
    int objects = (int)s->heads + (int)(s->count - s->heads) * s->repetitions;

    s->waiting = false;
    s->var_count = s->taken = 0;
    if ((t->no_bulk && s->ask == NH_SNMP_GETBULK) || t->silent_above < 0 ||
        (t->silent_above > 0 && objects > t->silent_above) ||
        (t->dead_after > 0 && answered == (unsigned)t->dead_after))
        a.result = NH_SNMP_TIMEOUT;
    else if (t->too_big_above > 0 && objects > t->too_big_above)
        a.result = NH_SNMP_TOOBIG;
    else if (put_vars(s, &a))
        a.next = s;
    answered += a.result != NH_SNMP_TIMEOUT;
    s->done(s->arg, &a);
}

static void
on_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    (void)arg;
    (void)mono_us;
    seen.rows[column]++;
    if (index_len != 1 || index[0] != (unsigned long)seen.rows[column] ||
        v->unsigned_number != (column + 1) * 1000 + index[0])
        seen.disordered = true;
}

static void
on_done(void *arg, const struct nh_snmp_walked *what)
{
    (void)arg;
    seen.what = *what;
    seen.ended = true;
}

static const struct nh_oid columns[COLUMNS] = { { 2, { 1, 1 } }, { 2, { 1, 2 } },
    { 2, { 1, 3 } }, { 2, { 1, 4 } } };

/* Play a walk to its end; how many requests it took. */
static unsigned
play(const struct temper *t, struct nh_snmp_pace *pace,
    const struct nh_snmp_walk_plan *plan, bool stop)
{
    struct nh_snmp *s = calloc(1, sizeof(*s));
    struct nh_snmp_walk *w;
    unsigned asked;

    memset(&seen, 0, sizeof(seen));
    seen.stop = stop;
    is = t;
    answered = 0;
    s->version = t->v1 ? 1 : 2;
    CHECK_EQ(nh_snmp_walk_start(&w, s, pace, plan), NH_OK, t->name);
    CHECK_EQ(s->heads, plan->head_count, t->name);
    while (s->waiting && s->asked < 1000)
        answer(s);
    CHECK_NAMED(seen.ended, t->name);
    asked = s->asked;
    free(s);
    return asked;
}

/* A walk of all columns. */
static unsigned
walk(const struct temper *t, struct nh_snmp_pace *pace, size_t max_rows)
{
    static const uint32_t likely[COLUMNS] = { ROWS, ROWS, ROWS, ROWS };
    const struct nh_snmp_walk_plan plan = { .columns = columns,
        .count = COLUMNS,
        .max_rows = max_rows,
        .likely_rows = likely,
        .on_cell = on_cell,
        .on_done = on_done };

    return play(t, pace, &plan, false);
}

static void
all_tempers(void)
{
    for (size_t i = 0; i < NH_COUNT(tempers); i++) {
        const struct temper *t = &tempers[i];
        struct nh_snmp_pace pace = { 0 };
        unsigned asked = walk(t, &pace, 1000);

        CHECK_EQ(seen.what.result, t->want, t->name);
        CHECK_NAMED(!seen.disordered, t->name);
        CHECK_NAMED(asked <= t->most_requests, t->name);
        for (int c = 0; c < COLUMNS && t->want == NH_SNMP_OK; c++) {
            CHECK_EQ(seen.rows[c], t->rows[c], t->name);
            CHECK_EQ(seen.what.rows[c], t->rows[c], t->name);
        }
        CHECK_EQ(seen.what.backwards, t->backwards_at > 0, t->name);
        CHECK_EQ(seen.what.complained, t->bad_column >= 0, t->name);
    }
}

/* What a walk has learnt of a device serves the next one. */
static void
the_pace_is_kept(void)
{
    struct nh_snmp_pace pace = { 0 };
    const struct temper *silent = &tempers[3], *no_bulk = &tempers[4];
    unsigned first = walk(silent, &pace, 1000), second = walk(silent, &pace, 1000);

    CHECK_NAMED(second < first, "it is not asked for too much again");
    CHECK(pace.most > 0 && pace.most <= 20);
    pace = (struct nh_snmp_pace){ 0 };
    walk(no_bulk, &pace, 1000);
    CHECK(pace.no_bulk);
    CHECK_EQ(
        walk(no_bulk, &pace, 1000), ROWS + 1, "one request a row and one for the end");
    pace.patience = 1;
    walk(&tempers[0], &pace, 1000);
    CHECK_NAMED(!pace.no_bulk, "after a time GETBULK is tried again");
}

/* A table of few columns at the end of what the device has, as the figures of a profile:
 * the answer is short because there is no more of it. */
static void
the_end_is_no_pace(void)
{
    static const struct temper ends = {
        .name = "ends early", .bad_column = -1, .ends_early = true
    };
    struct nh_snmp_pace pace = { 0 };
    const struct nh_snmp_walk_plan plan = { .columns = &columns[COLUMNS - 1],
        .count = 1,
        .max_rows = 1000,
        .on_cell = on_cell,
        .on_done = on_done };
    int before;

    walk(&tempers[0], &pace, 1000);
    before = pace.objects;
    play(&ends, &pace, &plan, false);
    CHECK(pace.objects >= before);
}

static void
rows_are_bounded(void)
{
    struct nh_snmp_pace pace = { 0 };

    walk(&tempers[0], &pace, 10);
    CHECK(seen.what.bounded);
    for (int c = 0; c < COLUMNS; c++)
        CHECK_EQ(seen.rows[c], 10, "rows");
}

static bool
on_heads(void *arg, const struct nh_snmp_var *vars, size_t count, int64_t mono_us)
{
    (void)arg;
    (void)mono_us;
    seen.heads = count;
    for (size_t i = 0; i < count; i++)
        if (vars[i].unsigned_number != (i + 1) * 1000 + 1 || seen.rows[0] > 0)
            seen.disordered = true;
    return !seen.stop;
}

/* A walk of two heads, the first rows of the first two columns, and of all columns. */
static unsigned
walk_with_heads(const struct temper *t, int objects, bool stop)
{
    static const uint32_t likely[COLUMNS] = { ROWS, ROWS, ROWS, 2 };
    struct nh_snmp_pace pace = { .objects = objects };
    const struct nh_snmp_walk_plan plan = { .columns = columns,
        .count = COLUMNS,
        .max_rows = 1000,
        .likely_rows = likely,
        .heads = columns,
        .head_count = 2,
        .on_heads = on_heads,
        .on_cell = on_cell,
        .on_done = on_done };

    return play(t, &pace, &plan, stop);
}

static void
heads_come_first(void)
{
    static const struct temper few = { .name = "few in the last column",
        .bad_column = -1,
        .last_rows = 2,
        .most_objects = 60 };

    CHECK_EQ(walk_with_heads(&few, 60, false), 3, "51 rows of 3, 3 of one and 2 heads");
    CHECK_EQ(seen.heads, 2, few.name);
    CHECK_NAMED(!seen.disordered, few.name);
    for (int c = 0; c < COLUMNS; c++)
        CHECK_EQ(seen.rows[c], c == COLUMNS - 1 ? 2 : ROWS, few.name);
    CHECK_EQ(walk_with_heads(&few, 60, true), 1, "they may end it");
    CHECK_EQ(seen.what.result, NH_SNMP_OK, few.name);
    CHECK_EQ(seen.what.cells, 0, few.name);
    CHECK_EQ(walk_with_heads(&tempers[2], 60, false), 1, "too big: no second try");
    CHECK_EQ(seen.what.result, NH_SNMP_TOOBIG, tempers[2].name);
    CHECK_EQ(seen.heads, 0, tempers[2].name);
}

int
main(void)
{
    RUN(all_tempers);
    RUN(the_pace_is_kept);
    RUN(the_end_is_no_pace);
    RUN(rows_are_bounded);
    RUN(heads_come_first);
    return check_done();
}
