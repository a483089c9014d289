/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dict.c - check numbers to checks and back
 *
 * Checks live one by one on the heap, so that what nh_dict_get() lends stays where it is;
 * an open addressing table of numbers finds them by id. An entry as bytes:
 *
 *     number varint | id string | kind string | metrics varint | { name, unit, decimals
 * u8 }...
 *
 * An entry whose metrics are the beginning of a kind that we know is of that kind; any
 * other brings its own, which the dictionary then owns.
 */
#include "libnhip/reading.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_MAX = 16 };

/* A kind that came over the wire. */
struct own_kind {
    struct nh_kind kind;
    struct own_kind *next;
    char name[NH_NAME_MAX];
    char metric_names[NH_METRICS_MAX][NH_NAME_MAX];
    char metric_units[NH_METRICS_MAX][UNIT_MAX];
    struct nh_metric metrics[NH_METRICS_MAX];
};

struct nh_dict {
    struct nh_check **checks; /* owned; [number - 1], NULL: a hole */
    uint32_t count, cap;
    uint32_t *table; /* numbers, 0: free; size is a power of two */
    uint32_t table_size, used;
    struct own_kind *own_kinds; /* owned list */
};

enum nh_err
nh_dict_new(struct nh_dict **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

void
nh_dict_free(struct nh_dict *d)
{
    if (d == NULL)
        return;
    for (uint32_t i = 0; i < d->count; i++)
        free(d->checks[i]);
    while (d->own_kinds != NULL) {
        struct own_kind *next = d->own_kinds->next;

        free(d->own_kinds);
        d->own_kinds = next;
    }
    free(d->checks);
    free(d->table);
    free(d);
}

static uint32_t
hash_of(const char *id)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (; *id != '\0'; id++)
        h = (h ^ (unsigned char)*id) * 16777619U;
    return h;
}

/* Where `id` is in the table, or where it would go. */
static uint32_t *
slot_of(const struct nh_dict *d, const char *id)
{
    uint32_t mask = d->table_size - 1, at = hash_of(id) & mask;

    while (d->table[at] != 0 && strcmp(d->checks[d->table[at] - 1]->id, id) != 0)
        at = (at + 1) & mask;
    return &d->table[at];
}

static enum nh_err
grow_table(struct nh_dict *d)
{
    uint32_t size = d->table_size == 0 ? 16 : 2 * d->table_size;
    uint32_t *table;

    if (d->table_size > 0 && d->used < d->table_size / 2)
        return NH_OK;
    table = calloc(size, sizeof(*table));
    if (table == NULL)
        return NH_ENOMEM;
    free(d->table);
    d->table = table;
    d->table_size = size;
    for (uint32_t i = 0; i < d->count; i++)
        if (d->checks[i] != NULL)
            *slot_of(d, d->checks[i]->id) = i + 1;
    return NH_OK;
}

static enum nh_err
grow_checks(struct nh_dict *d, uint32_t number)
{
    uint32_t cap = d->cap == 0 ? 16 : d->cap;
    struct nh_check **checks;

    while (cap < number)
        cap *= 2;
    if (cap != d->cap) {
        checks = realloc(d->checks, cap * sizeof(struct nh_check *));
        if (checks == NULL)
            return NH_ENOMEM;
        d->checks = checks;
        d->cap = cap;
    }
    while (d->count < number)
        d->checks[d->count++] = NULL;
    return NH_OK;
}

static enum nh_err
put_check(struct nh_dict *d, uint32_t number, const char *id, const struct nh_kind *kind)
{
    struct nh_check *check = calloc(1, sizeof(*check));
    enum nh_err err = check != NULL ? grow_table(d) : NH_ENOMEM;

    if (err == NH_OK)
        err = grow_checks(d, number);
    if (err != NH_OK) {
        free(check);
        return err;
    }
    memcpy(check->id, id, strlen(id) + 1);
    check->kind = kind;
    check->number = number;
    d->checks[number - 1] = check;
    *slot_of(d, id) = number;
    d->used++;
    return NH_OK;
}

const struct nh_check *
nh_dict_get(const struct nh_dict *d, uint32_t number)
{
    return number >= 1 && number <= d->count ? d->checks[number - 1] : NULL;
}

const struct nh_check *
nh_dict_find(const struct nh_dict *d, const char *id)
{
    uint32_t number = d->table_size > 0 ? *slot_of(d, id) : 0;

    return number != 0 ? d->checks[number - 1] : NULL;
}

uint32_t
nh_dict_count(const struct nh_dict *d)
{
    return d->count;
}

static bool
same_layout(const struct nh_kind *a, const struct nh_kind *b)
{
    if (a == b)
        return true;
    if (strcmp(a->name, b->name) != 0 || a->count != b->count)
        return false;
    for (uint8_t i = 0; i < a->count; i++)
        if (strcmp(a->metrics[i].name, b->metrics[i].name) != 0 ||
            a->metrics[i].decimals != b->metrics[i].decimals)
            return false;
    return true;
}

/* Is `beginning` the same kind with as many metrics or fewer? */
static bool
begins(const struct nh_kind *whole, const struct nh_kind *beginning)
{
    if (whole->count < beginning->count)
        return false;
    for (uint8_t i = 0; i < beginning->count; i++)
        if (strcmp(whole->metrics[i].name, beginning->metrics[i].name) != 0 ||
            whole->metrics[i].decimals != beginning->metrics[i].decimals)
            return false;
    return true;
}

/* A kind gains metrics at its end: a check takes the longer form for good. False when the
 * two contradict each other. */
static bool
join_kind(struct nh_dict *d, uint32_t number, const struct nh_kind *kind)
{
    struct nh_check *check = d->checks[number - 1];

    if (strcmp(check->kind->name, kind->name) != 0)
        return false;
    if (begins(check->kind, kind))
        return true;
    if (!begins(kind, check->kind))
        return false;
    check->kind = kind;
    return true;
}

enum nh_err
nh_dict_add(
    struct nh_dict *d, const char *id, const struct nh_kind *kind, uint32_t *number)
{
    size_t len = strlen(id);
    const struct nh_check *known;
    enum nh_err err;

    if (len == 0 || len >= NH_CHECK_ID_MAX || !nh_utf8_is_valid(id, len))
        return NH_EINVAL;
    known = nh_dict_find(d, id);
    if (known != NULL) {
        *number = known->number;
        return join_kind(d, known->number, kind) ? NH_OK : NH_EINVAL;
    }
    if (d->count >= NH_DICT_MAX)
        return NH_ETOOBIG;
    err = put_check(d, d->count + 1, id, kind);
    if (err == NH_OK)
        *number = d->count;
    return err;
}

void
nh_dict_encode(const struct nh_dict *d, uint32_t from, uint32_t to, struct nh_buf *out)
{
    for (uint32_t n = from; n <= to && n <= d->count; n++) {
        const struct nh_check *check = nh_dict_get(d, n);

        if (check == NULL)
            continue;
        nh_buf_put_varint(out, n);
        nh_buf_put_str(out, check->id);
        nh_buf_put_str(out, check->kind->name);
        nh_buf_put_varint(out, check->kind->count);
        for (uint8_t i = 0; i < check->kind->count; i++) {
            nh_buf_put_str(out, check->kind->metrics[i].name);
            nh_buf_put_str(out, check->kind->metrics[i].unit);
            nh_buf_put_u8(out, check->kind->metrics[i].decimals);
        }
    }
}

/* An entry's kind, read into `k`. */
static bool
take_kind(struct nh_slice *in, struct own_kind *k)
{
    uint64_t count;

    nh_take_str(in, k->name, sizeof(k->name));
    count = nh_take_varint(in);
    if (in->bad || k->name[0] == '\0' || count < 1 || count > NH_METRICS_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        struct nh_metric *m = &k->metrics[i];

        nh_take_str(in, k->metric_names[i], NH_NAME_MAX);
        nh_take_str(in, k->metric_units[i], UNIT_MAX);
        m->name = k->metric_names[i];
        m->unit = k->metric_units[i];
        m->decimals = nh_take_u8(in);
        m->min = m->max = (double)NAN;
        if (in->bad || m->name[0] == '\0' || m->decimals > 9)
            return false;
    }
    k->kind = (struct nh_kind){ k->name, k->metrics, (uint8_t)count, 60 };
    return true;
}

/* The kind that `k` describes: ours, one that came before, or a copy that the dictionary
 * keeps. */
static const struct nh_kind *
settle_kind(struct nh_dict *d, const struct own_kind *k)
{
    const struct nh_kind *known = nh_kind_find(k->name);
    struct own_kind *own;

    if (known != NULL && begins(known, &k->kind))
        return known;
    for (own = d->own_kinds; own != NULL; own = own->next)
        if (same_layout(&own->kind, &k->kind))
            return &own->kind;
    own = malloc(sizeof(*own));
    if (own == NULL)
        return NULL;
    *own = *k;
    for (uint8_t i = 0; i < own->kind.count; i++) {
        own->metrics[i].name = own->metric_names[i];
        own->metrics[i].unit = own->metric_units[i];
    }
    own->kind.name = own->name;
    own->kind.metrics = own->metrics;
    own->next = d->own_kinds;
    d->own_kinds = own;
    return &own->kind;
}

static enum nh_err
take_entry(struct nh_dict *d, struct nh_slice *in)
{
    uint64_t number = nh_take_varint(in);
    const struct nh_check *at, *named;
    const struct nh_kind *kind;
    char id[NH_CHECK_ID_MAX];
    struct own_kind k;

    nh_take_str(in, id, sizeof(id));
    if (in->bad || number < 1 || id[0] == '\0' || !take_kind(in, &k))
        return NH_EFORMAT;
    if (number > NH_DICT_MAX)
        return NH_ETOOBIG;
    kind = settle_kind(d, &k);
    if (kind == NULL)
        return NH_ENOMEM;
    at = nh_dict_get(d, (uint32_t)number);
    named = nh_dict_find(d, id);
    if (at == NULL && named == NULL)
        return put_check(d, (uint32_t)number, id, kind);
    return at != NULL && at == named && join_kind(d, at->number, kind) ? NH_OK
                                                                       : NH_EFORMAT;
}

enum nh_err
nh_dict_decode(struct nh_dict *d, struct nh_slice *in)
{
    enum nh_err err = NH_OK;

    while (err == NH_OK && in->len > 0)
        err = take_entry(d, in);
    return err;
}
