/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.c - rows of documents, sorted by index when a walk needs it
 *
 * An object identifier is the table's root, the column, the row's index. A document that
 * comes again mostly names the same rows: then only cells change and nothing is sorted.
 */
#include "mibs/agentx/rows.h"
#include "libnhip/snmp.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    struct row *next; /* of its owner */
    enum table table;
    bool seen;
    struct row_index index;
    struct cell cells[ROWS_COLUMNS_MAX];
};

struct owner {
    struct owner *next;
    char *document;
    struct row *rows; /* owned */
};

struct rows {
    struct owner *owners; /* owned; the one used last comes first */
    struct row **sorted[TABLES];
    size_t count[TABLES], cap[TABLES];
    bool dirty[TABLES]; /* to be sorted */
    bool moved[TABLES];
};

// clang-format off
#define TYPE(name, number, type, text) [number] = type,
static const struct {
    uint32_t root[14];
    size_t root_len;
    enum region region;
    uint8_t types[ROWS_COLUMNS_MAX];
} tables[TABLES] = {
    [TABLE_GENERAL] = { { NHIP_MIB_ROOT, 1, 1 }, 0, REGION_NHIP, { COLUMNS_GENERAL(TYPE) } },
    [TABLE_CARRIER] = { { NHIP_MIB_ROOT, 1, 2, 1 }, 0, REGION_NHIP, { COLUMNS_CARRIER(TYPE) } },
    [TABLE_LINK]    = { { NHIP_MIB_ROOT, 1, 3, 1 }, 0, REGION_NHIP, { COLUMNS_LINK(TYPE) } },
    [TABLE_SITE]    = { { NHIP_MIB_ROOT, 1, 4, 1 }, 0, REGION_NHIP, { COLUMNS_SITE(TYPE) } },
    [TABLE_DEVICE]  = { { NHIP_MIB_ROOT, 1, 5, 1 }, 0, REGION_NHIP, { COLUMNS_DEVICE(TYPE) } },
    [TABLE_SERVICE] = { { NHIP_MIB_ROOT, 1, 6, 1 }, 0, REGION_NHIP, { COLUMNS_SERVICE(TYPE) } },
    [TABLE_PROBE]   = { { NHIP_MIB_ROOT, 1, 7, 1 }, 0, REGION_NHIP, { COLUMNS_PROBE(TYPE) } },
    [TABLE_POWER]   = { { NHIP_MIB_ROOT, 1, 8, 1 }, 0, REGION_NHIP, { COLUMNS_POWER(TYPE) } },
    [TABLE_AGENT]   = { { NHIP_MIB_ROOT, 1, 9, 1 }, 0, REGION_NHIP, { COLUMNS_AGENT(TYPE) } },
    [TABLE_INCIDENT] = { { NHIP_MIB_ROOT, 1, 10, 1 }, 0, REGION_NHIP, { COLUMNS_INCIDENT(TYPE) } },
    [TABLE_TROUBLE] = { { NHIP_MIB_ROOT, 1, 11, 1 }, 0, REGION_NHIP, { COLUMNS_TROUBLE(TYPE) } },
    [TABLE_PING]    = { { 1, 3, 6, 1, 2, 1, 80, 1, 3, 1 }, 10, REGION_PING, { COLUMNS_PING(TYPE) } },
};
static const uint32_t mib_objects[] = { NHIP_MIB_ROOT, 1 };
static const uint32_t ping_results[] = { 1, 3, 6, 1, 2, 1, 80, 1, 3 };
// clang-format on

_Static_assert(sizeof(mib_objects) / sizeof(mib_objects[0]) + 2 <= 14, "a root fits");

const uint32_t *
rows_root(enum region region, size_t *len)
{
    *len = region == REGION_NHIP ? NH_COUNT(mib_objects) : NH_COUNT(ping_results);
    return region == REGION_NHIP ? mib_objects : ping_results;
}

/* The general table has no entry level: its columns hang right below it. */
static size_t
root_len(enum table t)
{
    if (tables[t].root_len != 0)
        return tables[t].root_len;
    return NH_COUNT(mib_objects) + (t == TABLE_GENERAL ? 1 : 2);
}

/* ---- documents ---- */

static void
cell_clear(struct cell *c)
{
    free(c->text);
    *c = (struct cell){ 0 };
}

static void
row_clear(struct row *row)
{
    for (size_t i = 0; i < ROWS_COLUMNS_MAX; i++)
        cell_clear(&row->cells[i]);
}

static void
row_free(struct row *row)
{
    row_clear(row);
    free(row);
}

static void
note_moved(struct rows *r, enum table table)
{
    r->dirty[table] = r->moved[table] = true;
}

static void
owner_free(struct rows *r, struct owner *o)
{
    struct row *row, *next;

    for (row = o->rows; row != NULL; row = next) {
        next = row->next;
        note_moved(r, row->table);
        row_free(row);
    }
    free(o->document);
    free(o);
}

/* Found and taken out of the list. */
static struct owner *
take_owner(struct rows *r, const char *document)
{
    for (struct owner **at = &r->owners; *at != NULL; at = &(*at)->next) {
        struct owner *o = *at;

        if (strcmp(o->document, document) == 0) {
            *at = o->next;
            return o;
        }
    }
    return NULL;
}

struct owner *
rows_begin(struct rows *r, const char *document)
{
    struct owner *o = take_owner(r, document);

    if (o == NULL) {
        o = calloc(1, sizeof(*o));
        if (o == NULL || (o->document = strdup(document)) == NULL) {
            free(o);
            return NULL;
        }
    }
    o->next = r->owners;
    r->owners = o;
    for (struct row *row = o->rows; row != NULL; row = row->next)
        row->seen = false;
    return o;
}

void
rows_end(struct rows *r, struct owner *o)
{
    struct row **at = &o->rows;

    while (*at != NULL) {
        struct row *row = *at;

        if (row->seen) {
            at = &row->next;
            continue;
        }
        *at = row->next;
        note_moved(r, row->table);
        row_free(row);
    }
}

void
rows_gone(struct rows *r, const char *document)
{
    struct owner *o = take_owner(r, document);

    if (o != NULL)
        owner_free(r, o);
}

void
rows_clear(struct rows *r)
{
    struct owner *o;

    while ((o = r->owners) != NULL) {
        r->owners = o->next;
        owner_free(r, o);
    }
}

void
row_index_text(struct row_index *i, const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len > max || i->len + len + 1 > ROWS_INDEX_MAX) {
        i->bad = true;
        return;
    }
    i->id[i->len++] = (uint32_t)len;
    for (size_t k = 0; k < len; k++)
        i->id[i->len++] = (uint8_t)text[k];
}

void
row_index_number(struct row_index *i, uint32_t number)
{
    if (i->len == ROWS_INDEX_MAX)
        i->bad = true;
    else
        i->id[i->len++] = number;
}

static int
index_order(const struct row_index *a, const uint32_t *id, size_t len)
{
    size_t n = a->len < len ? a->len : len;

    for (size_t i = 0; i < n; i++)
        if (a->id[i] != id[i])
            return a->id[i] < id[i] ? -1 : 1;
    return a->len == len ? 0 : a->len < len ? -1 : 1;
}

struct row *
rows_put(struct rows *r, struct owner *o, enum table table, const struct row_index *index)
{
    static const struct row_index scalar = { .len = 1 };
    struct row *row;

    if (index->bad)
        return NULL;
    if (index->len == 0)
        index = &scalar;
    for (row = o->rows; row != NULL; row = row->next)
        if (row->table == table && index_order(&row->index, index->id, index->len) == 0)
            break;
    if (row == NULL) {
        row = calloc(1, sizeof(*row));
        if (row == NULL)
            return NULL;
        row->table = table;
        row->index = *index;
        row->next = o->rows;
        o->rows = row;
        note_moved(r, table);
    }
    row_clear(row);
    row->seen = true;
    return row;
}

bool
rows_have_moved(struct rows *r, enum table table)
{
    bool moved = r->moved[table];

    r->moved[table] = false;
    return moved;
}

static struct cell *
cell_of(struct row *row, int column)
{
    struct cell *c;

    if (row == NULL || column < 0 || column >= ROWS_COLUMNS_MAX ||
        tables[row->table].types[column] == NONE)
        return NULL;
    c = &row->cells[column];
    cell_clear(c);
    return c;
}

void
row_none(struct row *row, int column)
{
    (void)cell_of(row, column);
}

void
row_number(struct row *row, int column, int64_t value)
{
    struct cell *c = cell_of(row, column);

    if (c == NULL)
        return;
    c->type = tables[row->table].types[column];
    c->number = value;
    if (c->type == GAUGE && value < 0)
        c->number = 0;
    else if (c->type == GAUGE && value > UINT32_MAX)
        c->number = UINT32_MAX;
    else if (c->type == INTEGER && value > INT32_MAX)
        c->number = INT32_MAX;
    else if (c->type == INTEGER && value < INT32_MIN)
        c->number = INT32_MIN;
}

void
row_bytes(struct row *row, int column, const void *bytes, size_t len)
{
    struct cell *c = cell_of(row, column);

    if (c == NULL || (c->text = malloc(len + 1)) == NULL)
        return;
    memcpy(c->text, bytes, len);
    c->len = len;
    c->type = tables[row->table].types[column];
}

void
row_text(struct row *row, int column, const char *text)
{
    size_t len;

    if (text == NULL)
        return;
    len = strlen(text);
    if (len > ROWS_TEXT_MAX) { /* not through the middle of a letter */
        len = ROWS_TEXT_MAX;
        while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
            len--;
    }
    row_bytes(row, column, text, len);
}

void
row_date(struct row *row, int column, int64_t unix_s)
{
    uint8_t d[NH_SNMP_DATE_LEN];

    if (unix_s > 0 && nh_snmp_date(unix_s, d))
        row_bytes(row, column, d, sizeof(d));
}

/* ---- answers ---- */

static int
by_index(const void *a, const void *b)
{
    const struct row *const *x = a, *const *y = b;

    return index_order(&(*x)->index, (*y)->index.id, (*y)->index.len);
}

/* No memory: the table is empty until there is some. */
static void
settle(struct rows *r, enum table t)
{
    size_t n = 0;

    if (!r->dirty[t])
        return;
    for (const struct owner *o = r->owners; o != NULL; o = o->next)
        for (const struct row *row = o->rows; row != NULL; row = row->next)
            n += row->table == t;
    r->count[t] = 0;
    if (n > r->cap[t]) {
        struct row **more = realloc(r->sorted[t], n * sizeof(*more));

        if (more == NULL)
            return;
        r->sorted[t] = more;
        r->cap[t] = n;
    }
    for (struct owner *o = r->owners; o != NULL; o = o->next)
        for (struct row *row = o->rows; row != NULL; row = row->next)
            if (row->table == t)
                r->sorted[t][r->count[t]++] = row;
    if (n > 0)
        qsort(r->sorted[t], n, sizeof(r->sorted[t][0]), by_index);
    r->dirty[t] = false;
}

/* The first row at or after the index. */
static size_t
lower(const struct rows *r, enum table t, const uint32_t *id, size_t len)
{
    size_t low = 0, high = r->count[t];

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (index_order(&r->sorted[t][middle]->index, id, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct row *
rows_find(struct rows *r, enum table table, const struct row_index *index)
{
    size_t at;

    settle(r, table);
    at = index->bad ? r->count[table] : lower(r, table, index->id, index->len);
    if (at == r->count[table] ||
        index_order(&r->sorted[table][at]->index, index->id, index->len) != 0)
        return NULL;
    return r->sorted[table][at];
}

/* How `oid` lies to the root of the table: before, in or after it. */
static int
place(enum table t, const unsigned long *oid, size_t len)
{
    size_t n = root_len(t);

    for (size_t i = 0; i < n; i++) {
        if (i == len)
            return -1;
        if (oid[i] != tables[t].root[i])
            return oid[i] < tables[t].root[i] ? -1 : 1;
    }
    return 0;
}

/* The index behind root and column; cut where no index is that long. */
static size_t
index_of(const unsigned long *oid, size_t len, size_t from, uint32_t id[ROWS_OID_MAX])
{
    size_t n = 0;

    for (; from < len && n < ROWS_OID_MAX; from++)
        id[n++] = oid[from] > UINT32_MAX ? UINT32_MAX : (uint32_t)oid[from];
    return n;
}

const struct cell *
rows_get(struct rows *r, const unsigned long *oid, size_t len)
{
    uint32_t id[ROWS_OID_MAX];

    for (enum table t = TABLE_GENERAL; t < TABLES; t++) {
        size_t root = root_len(t), n, at;
        const struct cell *c;

        if (place(t, oid, len) != 0 || len <= root + 1 || oid[root] >= ROWS_COLUMNS_MAX)
            continue;
        settle(r, t);
        n = index_of(oid, len, root + 1, id);
        at = lower(r, t, id, n);
        if (at == r->count[t] || index_order(&r->sorted[t][at]->index, id, n) != 0)
            return NULL;
        c = &r->sorted[t][at]->cells[oid[root]];
        return c->type != NONE ? c : NULL;
    }
    return NULL;
}

static const struct cell *
answer(enum table t, int column, const struct row *row, unsigned long out[ROWS_OID_MAX],
    size_t *out_len)
{
    size_t n = 0;

    for (size_t i = 0; i < root_len(t); i++)
        out[n++] = tables[t].root[i];
    out[n++] = (unsigned long)column;
    for (size_t i = 0; i < row->index.len && n < ROWS_OID_MAX; i++)
        out[n++] = row->index.id[i];
    *out_len = n;
    return &row->cells[column];
}

/* The first known cell of the table from this column and index on. */
static const struct cell *
first_from(struct rows *r, enum table t, unsigned long column, const uint32_t *id,
    size_t len, bool inclusive, unsigned long out[ROWS_OID_MAX], size_t *out_len)
{
    settle(r, t);
    for (; column < ROWS_COLUMNS_MAX; column++, id = NULL, len = 0, inclusive = true) {
        size_t at = lower(r, t, id, len);

        if (tables[t].types[column] == NONE)
            continue;
        if (at < r->count[t] && !inclusive &&
            index_order(&r->sorted[t][at]->index, id, len) == 0)
            at++;
        for (; at < r->count[t]; at++)
            if (r->sorted[t][at]->cells[column].type != NONE)
                return answer(t, (int)column, r->sorted[t][at], out, out_len);
    }
    return NULL;
}

const struct cell *
rows_next(struct rows *r, enum region region, const unsigned long *oid, size_t len,
    bool inclusive, unsigned long out[ROWS_OID_MAX], size_t *out_len)
{
    uint32_t id[ROWS_OID_MAX];

    for (enum table t = TABLE_GENERAL; t < TABLES; t++) {
        int where = place(t, oid, len);
        size_t root = root_len(t), n = 0;
        unsigned long column = 0;
        const struct cell *c;

        if (tables[t].region != region || where > 0)
            continue;
        if (where == 0 && len > root) {
            column = oid[root];
            n = index_of(oid, len, root + 1, id);
        }
        /* an identifier that ends before an index lies before all of them */
        c = first_from(r, t, column, id, n, inclusive || n == 0, out, out_len);
        if (c != NULL)
            return c;
    }
    return NULL;
}

size_t
rows_count(struct rows *r)
{
    size_t n = 0;

    for (enum table t = TABLE_GENERAL; t < TABLES; t++) {
        settle(r, t);
        n += r->count[t];
    }
    return n;
}

bool
rows_link_carrier(
    struct rows *r, const char *site, const char *name, char *out, size_t size)
{
    struct row_index rest = { .len = 0 };

    row_index_text(&rest, site, ROWS_INDEX_MAX);
    row_index_text(&rest, name, ROWS_INDEX_MAX);
    settle(r, TABLE_LINK);
    for (size_t i = 0; i < r->count[TABLE_LINK] && !rest.bad; i++) {
        const struct row_index *in = &r->sorted[TABLE_LINK][i]->index;
        size_t carrier = in->id[0];

        if (carrier >= size || in->len != carrier + 1 + rest.len ||
            memcmp(in->id + carrier + 1, rest.id, rest.len * sizeof(rest.id[0])) != 0)
            continue;
        for (size_t k = 0; k < carrier; k++)
            out[k] = (char)in->id[k + 1];
        out[carrier] = '\0';
        return true;
    }
    return false;
}

/* ---- life ---- */

enum nh_err
rows_new(struct rows **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

void
rows_free(struct rows *r)
{
    if (r == NULL)
        return;
    rows_clear(r);
    for (size_t t = 0; t < TABLES; t++)
        free(r->sorted[t]);
    free(r);
}
