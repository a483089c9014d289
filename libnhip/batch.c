/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch.c - readings as columns
 *
 *     base varint (zigzag) | group...
 *     group: readings varint | forms u8 | check, time |
 *            metrics varint | forms | metric 0, metric 1 ...
 *
 * Neighbours in a column are the same metric of neighbouring checks, or of one check at
 * successive rounds, so that differences are small and runs are long. Two bits a column
 * say how it is written (packed four to a byte, lowest first):
 *
 *     ABSENT    nothing: no reading has it
 *     CONSTANT  one value for all
 *     DELTAS    tokens: the first value, then differences; all readings have it
 *     OTHER     a byte more: 0 a bitmap of who has it, then DELTAS of those; 1 a bitmap,
 * then 64-bit IEEE floats (for numbers that a metric's resolution cannot hold)
 *
 * A token is a varint: lowest bit 0, the rest a zigzag difference; lowest bit 1, the rest
 * is how many more values equal the last. A metric's first value is written as its
 * difference from the first value of the column before when both have one unit: minimum,
 * mean and maximum of a round trip lie close together. Times are differences already, so
 * theirs are differences of differences. All arithmetic wraps in 64 bits, so that every
 * value travels.
 *
 * A group says how many of its kind's metrics it has: the last ones that no reading has
 * are left out, and readings written before a kind got more metrics stay readable.
 */
#include "libnhip/reading.h"
#include <stdlib.h>
#include <string.h>

enum form { ABSENT, CONSTANT, DELTAS, OTHER };
enum other { WITH_BITMAP, FLOATS };
enum {
    CHECK_COLUMN,
    TIME_COLUMN,
    METRIC_COLUMNS,
    COLUMNS_MAX = METRIC_COLUMNS + NH_METRICS_MAX
};

#define TIME_MAX_MS (INT64_C(1) << 53) /* either way: dating it cannot overflow */

static uint64_t
zigzag(uint64_t v)
{
    return v << 1 ^ (v >> 63 != 0 ? UINT64_MAX : 0);
}

static uint64_t
unzigzag(uint64_t v)
{
    return v >> 1 ^ ((v & 1) != 0 ? UINT64_MAX : 0);
}

/* ---- out ---- */

/* A token has one bit less than a varint: a difference that needs all 64 goes in two
 * tokens. */
static void
put_token(struct nh_buf *out, uint64_t difference)
{
    uint64_t z = zigzag(difference);

    if (z >> 63 == 0) {
        nh_buf_put_varint(out, z << 1);
        return;
    }
    nh_buf_put_varint(
        out, 1); /* a run of none: the next varint is a whole zigzag difference */
    nh_buf_put_varint(out, z);
}

static void
put_deltas(struct nh_buf *out, const uint64_t *v, size_t count, uint64_t before)
{
    size_t i = 0;

    while (i < count) {
        size_t run = 0;

        while (i > 0 && i + run < count && v[i + run] == before)
            run++;
        if (run > 0) {
            nh_buf_put_varint(out, (uint64_t)run << 1 | 1);
            i += run;
            continue;
        }
        put_token(out, v[i] - before);
        before = v[i++];
    }
}

/* One column's values that are there, and who has them. */
struct column {
    uint64_t v[NH_BATCH_READINGS_MAX];
    uint8_t bitmap[NH_BATCH_READINGS_MAX / 8];
    size_t have;
};

static enum form
form_of(const struct column *c, size_t count)
{
    if (c->have == 0)
        return ABSENT;
    if (c->have < count)
        return OTHER;
    for (size_t i = 1; i < count; i++)
        if (c->v[i] != c->v[0])
            return DELTAS;
    return CONSTANT;
}

static void
put_column(struct nh_buf *out, const struct column *c, size_t count, uint64_t predicted)
{
    switch (form_of(c, count)) {
    case ABSENT:
        break;
    case CONSTANT:
        nh_buf_put_varint(out, zigzag(c->v[0] - predicted));
        break;
    case DELTAS:
        put_deltas(out, c->v, count, predicted);
        break;
    case OTHER:
        nh_buf_put_u8(out, WITH_BITMAP);
        nh_buf_put(out, c->bitmap, (count + 7) / 8);
        put_deltas(out, c->v, c->have, predicted);
        break;
    }
}

static void
gather(struct column *c, const struct nh_reading *r, size_t count, size_t column,
    int64_t base)
{
    int64_t before = base;

    memset(c->bitmap, 0, (count + 7) / 8);
    c->have = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t v;

        if (column == CHECK_COLUMN) {
            v = r[i].check;
        } else if (column == TIME_COLUMN) {
            v = (uint64_t)r[i].mono_ms - (uint64_t)before;
            before = r[i].mono_ms;
        } else if ((r[i].present >> (column - METRIC_COLUMNS) & 1) != 0) {
            v = (uint64_t)r[i].value[column - METRIC_COLUMNS];
        } else {
            continue;
        }
        c->bitmap[i / 8] = (uint8_t)(c->bitmap[i / 8] | 1U << i % 8);
        c->v[c->have++] = v;
    }
}

/* What a column's first value is likely to be: that of the column before, when of one
 * unit. */
static uint64_t
predict(const struct nh_kind *kind, size_t column, uint64_t first_before)
{
    const struct nh_metric *m = kind != NULL ? kind->metrics : NULL;
    size_t i = column - METRIC_COLUMNS;

    if (column <= METRIC_COLUMNS || strcmp(m[i].unit, m[i - 1].unit) != 0 ||
        m[i].decimals != m[i - 1].decimals)
        return 0;
    return first_before;
}

/* `columns` columns from number `from` on, behind the bytes of their forms. */
static void
put_columns(struct nh_buf *out, struct column *c, const struct nh_kind *kind,
    const struct nh_reading *r, size_t count, int64_t base, size_t from, size_t columns)
{
    uint8_t forms[(COLUMNS_MAX + 3) / 4] = { 0 };
    size_t at = out->len;
    uint64_t first = 0;

    nh_buf_put(out, forms, (columns + 3) / 4); /* filled in below */
    for (size_t i = 0; i < columns; i++) {
        gather(c, r, count, from + i, base);
        forms[i / 4] =
            (uint8_t)(forms[i / 4] | (unsigned)form_of(c, count) << 2 * (i % 4));
        put_column(out, c, count, predict(kind, from + i, first));
        if (c->have > 0)
            first = c->v[0];
    }
    if (nh_buf_err(out) == NH_OK)
        memcpy(out->data + at, forms, (columns + 3) / 4);
}

/* Up to the last metric that any of these readings has. */
static size_t
metrics_of(const struct nh_kind *kind, const struct nh_reading *r, size_t count)
{
    uint32_t present = 0;
    size_t metrics = kind->count;

    for (size_t i = 0; i < count; i++)
        present |= r[i].present;
    while (metrics > 0 && (present >> (metrics - 1) & 1) == 0)
        metrics--;
    return metrics;
}

static int
by_kind(const void *x, const void *y, void *arg)
{
    const struct nh_reading *a = x, *b = y;
    const struct nh_kind *ka = nh_dict_get(arg, a->check)->kind;
    const struct nh_kind *kb = nh_dict_get(arg, b->check)->kind;
    int order = ka == kb ? 0 : strcmp(ka->name, kb->name);

    if (order == 0 && ka != kb)
        order = ka < kb ? -1 : 1;
    if (order == 0)
        order = (a->check > b->check) - (a->check < b->check);
    return order != 0 ? order : (a->mono_ms > b->mono_ms) - (a->mono_ms < b->mono_ms);
}

enum nh_err
nh_batch_encode(
    const struct nh_dict *d, struct nh_reading *r, size_t count, struct nh_buf *out)
{
    struct column *c;
    int64_t base;

    if (count == 0 || count > NH_BATCH_READINGS_MAX)
        return NH_EINVAL;
    base = r[0].mono_ms;
    for (size_t i = 0; i < count; i++) {
        if (nh_dict_get(d, r[i].check) == NULL || r[i].mono_ms > TIME_MAX_MS ||
            r[i].mono_ms < -TIME_MAX_MS)
            return NH_EINVAL;
        if (r[i].mono_ms < base)
            base = r[i].mono_ms;
    }
    c = malloc(sizeof(*c));
    if (c == NULL)
        return NH_ENOMEM;
    qsort_r(r, count, sizeof(*r), by_kind, (void *)(uintptr_t)d);
    nh_buf_put_zigzag(out, base);
    for (size_t from = 0; from < count;) {
        const struct nh_kind *kind = nh_dict_get(d, r[from].check)->kind;
        size_t n = 1, metrics;

        while (from + n < count && nh_dict_get(d, r[from + n].check)->kind == kind)
            n++;
        nh_buf_put_varint(out, n);
        put_columns(out, c, kind, r + from, n, base, CHECK_COLUMN, METRIC_COLUMNS);
        metrics = metrics_of(kind, r + from, n);
        nh_buf_put_varint(out, metrics);
        put_columns(out, c, kind, r + from, n, base, METRIC_COLUMNS, metrics);
        from += n;
    }
    free(c);
    return nh_buf_err(out);
}

/* ---- in ---- */

/* Reads the values of one column in order; a run in progress is `again` more of `last`.
 */
struct tokens {
    struct nh_slice *in;
    uint64_t last, again;
    bool started;
};

static uint64_t
next_value(struct tokens *t)
{
    uint64_t token;

    if (t->again > 0) {
        t->again--;
        return t->last;
    }
    token = nh_take_varint(t->in);
    if ((token & 1) == 0) {
        t->last += unzigzag(token >> 1);
    } else if (token == 1) {
        t->last += unzigzag(nh_take_varint(t->in));
    } else if (t->started) {
        t->again = (token >> 1) - 1;
    } else {
        t->in->bad = true; /* a run of what? */
        t->in->len = 0;
    }
    t->started = true;
    return t->last;
}

static bool
has(const struct nh_slice *bitmap, size_t i)
{
    return bitmap->p == NULL || (bitmap->p[i / 8] >> i % 8 & 1) != 0;
}

static double
take_float(struct nh_slice *in)
{
    uint64_t bits = nh_take_u64(in);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* Where a decoded value goes. */
static void
set_value(struct nh_reading *r, size_t column, uint64_t v)
{
    if (column == CHECK_COLUMN) {
        r->check = v > UINT32_MAX ? 0 : (uint32_t)v;
    } else if (column == TIME_COLUMN) {
        r->mono_ms = (int64_t)v;
    } else {
        r->value[column - METRIC_COLUMNS] = (int64_t)v;
        r->present |= 1U << (column - METRIC_COLUMNS);
    }
}

static bool
take_floats(struct nh_slice *in, const struct nh_slice *bitmap, struct nh_reading *r,
    size_t count, size_t column, uint8_t decimals)
{
    for (size_t i = 0; i < count; i++) {
        double v;

        if (!has(bitmap, i))
            continue;
        v = take_float(in);
        if (v != v)
            return false;
        set_value(&r[i], column, (uint64_t)nh_to_fixed(v, decimals));
    }
    return !in->bad;
}

/* One column into its readings; *first is the first value, or untouched when there is
 * none. */
static bool
take_column(struct nh_slice *in, enum form form, struct nh_reading *r, size_t count,
    size_t column, uint8_t decimals, uint64_t predicted, uint64_t *first)
{
    struct tokens t = { .in = in, .last = predicted };
    struct nh_slice bitmap = { .p = NULL };
    bool any = false;

    if (form == ABSENT)
        return column >= METRIC_COLUMNS;
    if (form == CONSTANT) {
        t.last += unzigzag(nh_take_varint(in));
        t.again = count;
    }
    if (form == OTHER) {
        uint8_t other = nh_take_u8(in);

        if (column < METRIC_COLUMNS || other > FLOATS)
            return false;
        bitmap = nh_take(in, (count + 7) / 8);
        if (in->bad)
            return false;
        if (other == FLOATS)
            return take_floats(in, &bitmap, r, count, column, decimals);
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t v;

        if (!has(&bitmap, i))
            continue;
        v = next_value(&t);
        if (in->bad)
            return false;
        set_value(&r[i], column, v);
        if (!any)
            *first = v;
        any = true;
    }
    /* a run may not reach past its column: each batch has one encoding */
    return form == CONSTANT || t.again == 0;
}

/* From the column of differences to times, and from numbers to checks of one kind. */
static enum nh_err
settle_group(const struct nh_dict *d, struct nh_reading *r, size_t count, int64_t base,
    const struct nh_kind **kind)
{
    *kind = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct nh_check *check = nh_dict_get(d, r[i].check);

        if (check == NULL)
            return NH_ENOTFOUND;
        if (*kind != NULL && check->kind != *kind)
            return NH_EFORMAT;
        *kind = check->kind;
        base = (int64_t)((uint64_t)base + (uint64_t)r[i].mono_ms);
        r[i].mono_ms = base;
        if (base > TIME_MAX_MS || base < -TIME_MAX_MS)
            return NH_EFORMAT;
    }
    return NH_OK;
}

/* The columns that put_columns() wrote. */
static bool
take_columns(struct nh_slice *in, const struct nh_kind *kind, struct nh_reading *r,
    size_t count, size_t from, size_t columns)
{
    struct nh_slice forms = nh_take(in, (columns + 3) / 4);
    uint64_t first = 0;

    for (size_t i = 0; !in->bad && i < columns; i++) {
        enum form form = (enum form)(forms.p[i / 4] >> 2 * (i % 4) & 3);
        uint8_t decimals = kind != NULL ? kind->metrics[i].decimals : 0;

        if (!take_column(in, form, r, count, from + i, decimals,
                predict(kind, from + i, first), &first))
            return false;
    }
    return !in->bad;
}

static enum nh_err
take_group(const struct nh_dict *d, struct nh_slice *in, struct nh_reading *r, size_t max,
    int64_t base, size_t *count)
{
    uint64_t n = nh_take_varint(in), metrics;
    const struct nh_kind *kind;
    enum nh_err err;

    if (in->bad || n == 0)
        return NH_EFORMAT;
    if (n > max)
        return NH_ETOOBIG;
    for (size_t i = 0; i < n; i++)
        r[i].present = 0;
    *count = (size_t)n;
    if (!take_columns(in, NULL, r, *count, CHECK_COLUMN, METRIC_COLUMNS))
        return NH_EFORMAT;
    err = settle_group(d, r, *count, base, &kind);
    if (err != NH_OK)
        return err;
    metrics = nh_take_varint(in);
    if (in->bad || metrics > kind->count ||
        !take_columns(in, kind, r, *count, METRIC_COLUMNS, (size_t)metrics))
        return NH_EFORMAT;
    return NH_OK;
}

enum nh_err
nh_batch_decode(const struct nh_dict *d, struct nh_slice in, struct nh_reading *readings,
    size_t max, size_t *count)
{
    int64_t base = nh_take_zigzag(&in);
    enum nh_err err = in.bad || in.len == 0 ? NH_EFORMAT : NH_OK;
    size_t have = 0, n = 0;

    *count = 0;
    if (max > NH_BATCH_READINGS_MAX)
        max = NH_BATCH_READINGS_MAX;
    while (err == NH_OK && in.len > 0) {
        err = take_group(d, &in, readings + have, max - have, base, &n);
        have += n;
    }
    if (err == NH_OK)
        *count = have;
    return err;
}

enum nh_err
nh_batch_base(struct nh_slice in, int64_t *mono_base_ms)
{
    int64_t base = nh_take_zigzag(&in);

    if (in.bad)
        return NH_EFORMAT;
    *mono_base_ms = base;
    return NH_OK;
}
