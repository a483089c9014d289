/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_detail.c - a row of `tables` is a table: its columns, and what becomes of its rows
 *
 * The rows of a table are gathered as cells, a text and a number each, and handed over
 * together when the table has been read whole; the results of before stand until then. A
 * table that the device does not have costs one request a turn.
 */
#include "libnhip/snmp_detail.h"
#include "libnhip/buf.h"
#include "libnhip/snmp_detail_tables.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVERY_US = 120 * 1000000, STORAGE_MIN_BYTES = 1000000 };

struct table {
    size_t max_rows;
    struct nh_oid columns[NH_SNMP_DETAIL_COLUMNS_MAX];
    /* Is it to be read at all, after what was read before it? NULL: always. */
    bool (*is_wanted)(const struct nh_snmp_details *is);
    void (*take)(
        struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
};

struct nh_snmp_detail {
    struct nh_snmp_walk *walk; /* under way */
    struct nh_snmp *session;   /* borrowed while it is */
    struct nh_snmp_pace *pace;
    size_t next;    /* table; 0: all has been read */
    int64_t due_us; /* when to begin again */
    struct nh_snmp_detail_row *rows;
    size_t row_count, row_cap, at;
    struct nh_snmp_details is;
};

void *
nh_snmp_detail_add(void *list, size_t size, size_t *count, size_t max)
{
    void **at = list;
    void *more;

    if (*count >= max)
        return NULL;
    if ((*count & (*count - 1)) == 0) { /* at 0, 1, 2, 4 ...: twice as many */
        more = realloc(*at, (*count == 0 ? 1 : *count * 2) * size);
        if (more == NULL)
            return NULL;
        *at = more;
    }
    more = (char *)*at + size * (*count)++;
    memset(more, 0, size);
    return more;
}

void
nh_snmp_detail_label(char to[NH_SNMP_LABEL_MAX], const char *text)
{
    snprintf(to, NH_SNMP_LABEL_MAX, "%s", text);
}

/* ---- storage ---- */

/* hrStorageTable: type, description, units, size, used. */
static void
take_storage(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    static const char ram[] = "1.3.6.1.2.1.25.2.1.2";

    is->storage_count = 0;
    free(is->storages);
    is->storages = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct nh_snmp_detail_cell *c = rows[i].cell;
        struct nh_snmp_storage *s;

        if (!(c[2].number > 0) || !(c[2].number * c[3].number >= STORAGE_MIN_BYTES) ||
            !(c[4].number >= 0))
            continue; /* devfs and its like are kilobytes, and always full */
        s = nh_snmp_detail_add(
            &is->storages, sizeof(*s), &is->storage_count, NH_SNMP_DETAIL_ROWS_MAX);
        if (s == NULL)
            return;
        nh_snmp_detail_label(s->name, c[1].text);
        s->is_memory = strcmp(c[0].text, ram) == 0;
        s->size_bytes = c[2].number * c[3].number;
        s->used_bytes = c[2].number * c[4].number;
    }
}

/* ---- pings ---- */

/* pingResultsTable, by two names: average, answers, sent. Names are lengths and letters.
 */
static void
take_pings(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    is->ping_count = 0;
    free(is->pings);
    is->pings = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct nh_snmp_detail_cell *c = rows[i].cell;
        size_t owner = rows[i].index[0], from = owner + 2;
        struct nh_snmp_ping *p;

        if (owner >= NH_SNMP_DETAIL_INDEX_MAX || from > rows[i].index_len ||
            (p = nh_snmp_detail_add(&is->pings, sizeof(*p), &is->ping_count,
                 NH_SNMP_DETAIL_ROWS_MAX)) == NULL)
            continue;
        for (size_t k = from; k < rows[i].index_len; k++)
            p->target[k - from] = rows[i].index[k] > ' ' && rows[i].index[k] < 127
                                      ? (char)rows[i].index[k]
                                      : '?';
        p->rtt_avg_ms = c[0].has ? c[0].number : NAN;
        p->loss_pct = c[2].number > 0 && c[1].number >= 0 && c[1].number <= c[2].number
                          ? 100 * (1 - c[1].number / c[2].number)
                          : NAN;
    }
}

/* ---- the tables ---- */

// clang-format off
#define ENTITY_SENSOR(n) { 11, { 1, 3, 6, 1, 2, 1, 99, 1, 1, 1, n } }
#define CISCO_SENSOR(n)  { 14, { 1, 3, 6, 1, 4, 1, 9, 9, 91, 1, 1, 1, 1, n } }
#define HUAWEI_OPTICS(n) { 15, { 1, 3, 6, 1, 4, 1, 2011, 5, 25, 31, 1, 1, 3, 1, n } }
#define ENTITY(n)        { 12, { 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, n } }
#define STORAGE(n)       { 11, { 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, n } }
#define LLDP_REMOTE(n)   { 11, { 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, n } }
#define LLDP_LOCAL(n)    { 11, { 1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, n } }
#define MIKROTIK_NEIGHBOUR(n) { 13, { 1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1, n } }
#define CDP(n)           { 14, { 1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, n } }
#define PING_RESULT(n)   { 11, { 1, 3, 6, 1, 2, 1, 80, 1, 3, 1, n } }

static const struct table tables[] = {
    { NH_SNMP_DETAIL_SENSORS_MAX, { ENTITY_SENSOR(1), ENTITY_SENSOR(2), ENTITY_SENSOR(3), ENTITY_SENSOR(4), ENTITY_SENSOR(5) }, NULL, nh_snmp_sensors_begin },
    { NH_SNMP_DETAIL_SENSORS_MAX, { CISCO_SENSOR(1), CISCO_SENSOR(2), CISCO_SENSOR(3), CISCO_SENSOR(4), CISCO_SENSOR(5) }, NULL, nh_snmp_sensors_take },
    { NH_SNMP_DETAIL_SENSORS_MAX, { HUAWEI_OPTICS(7), HUAWEI_OPTICS(8), HUAWEI_OPTICS(32) }, NULL, nh_snmp_sensors_take_optics },
    { NH_SNMP_DETAIL_ROWS_MAX * 2, { ENTITY(7), ENTITY(2) }, nh_snmp_sensors_are_there, nh_snmp_sensors_take_names },
    { NH_SNMP_DETAIL_ROWS_MAX, { STORAGE(2), STORAGE(3), STORAGE(4), STORAGE(5), STORAGE(6) }, NULL, take_storage },
    { NH_SNMP_DETAIL_ROWS_MAX, { LLDP_REMOTE(5), LLDP_REMOTE(7), LLDP_REMOTE(8), LLDP_REMOTE(9) }, NULL, nh_snmp_neighbours_take_lldp },
    { NH_SNMP_DETAIL_ROWS_MAX, { MIKROTIK_NEIGHBOUR(8) }, nh_snmp_neighbours_lack_ports, nh_snmp_neighbours_take_mikrotik_ports },
    { NH_SNMP_DETAIL_ROWS_MAX, { LLDP_LOCAL(3), LLDP_LOCAL(4) }, nh_snmp_neighbours_are_there, nh_snmp_neighbours_take_lldp_ports },
    { NH_SNMP_DETAIL_ROWS_MAX, { CDP(6), CDP(7) }, NULL, nh_snmp_neighbours_take_cdp },
    { NH_SNMP_DETAIL_ROWS_MAX, { { 11, { 1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2 } } }, NULL, nh_snmp_neighbours_take_stations },
    { NH_SNMP_DETAIL_ROWS_MAX, { { 11, { 1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2 } } }, nh_snmp_neighbours_are_there, nh_snmp_neighbours_take_bridge_ports },
    { NH_SNMP_DETAIL_ROWS_MAX, { PING_RESULT(6), PING_RESULT(7), PING_RESULT(8) }, NULL, take_pings },
};
// clang-format on

/* ---- reading ---- */

static struct nh_snmp_detail_row *
find_row(struct nh_snmp_detail *t, const unsigned long *index, size_t len, size_t max)
{
    for (size_t tried = 0; tried < t->row_count; tried++) {
        struct nh_snmp_detail_row *r = &t->rows[(t->at + tried) % t->row_count];
        size_t k = 0;

        if (r->index_len != len)
            continue;
        while (k < len && r->index[k] == index[k])
            k++;
        if (k == len) {
            t->at = (size_t)(r - t->rows);
            return r;
        }
    }
    if (t->row_count == t->row_cap) {
        size_t cap = t->row_cap == 0 ? 16 : t->row_cap * 2;
        struct nh_snmp_detail_row *more =
            t->row_count < max ? realloc(t->rows, cap * sizeof(*more)) : NULL;

        if (more == NULL)
            return NULL;
        t->rows = more;
        t->row_cap = cap;
    }
    t->at = t->row_count++;
    memset(&t->rows[t->at], 0, sizeof(t->rows[0]));
    t->rows[t->at].index_len = len;
    for (size_t k = 0; k < len; k++)
        t->rows[t->at].index[k] = (uint32_t)index[k];
    return &t->rows[t->at];
}

/* An address of 6 bytes is no text, be it that its bytes would be letters; a text of 6
 * may end with NULs. LLDP names ports by either. */
static bool
is_address(const uint8_t *b, size_t len)
{
    size_t end = len;

    if (len != 6)
        return false;
    while (end > 0 && b[end - 1] == '\0')
        end--;
    for (size_t i = 0; i < end; i++)
        if (b[i] < ' ' || b[i] == 0x7f)
            return true;
    return !nh_utf8_is_valid((const char *)b, len);
}

static void
put_cell_text(const struct nh_snmp_var *v, char out[NH_SNMP_LABEL_MAX])
{
    const uint8_t *b = v->bytes;

    if (v->type == NH_SNMP_OBJECT)
        nh_oid_text(
            v->bytes, v->bytes_len / sizeof(unsigned long), out, NH_SNMP_LABEL_MAX);
    else if (is_address(b, v->bytes_len))
        snprintf(out, NH_SNMP_LABEL_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1],
            b[2], b[3], b[4], b[5]);
    else
        nh_snmp_text(v, out, NH_SNMP_LABEL_MAX);
}

static void
on_detail_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_detail *t = arg;
    struct nh_snmp_detail_row *r =
        index_len <= NH_SNMP_DETAIL_INDEX_MAX && index_len > 0
            ? find_row(t, index, index_len, tables[t->next].max_rows)
            : NULL;
    struct nh_snmp_detail_cell *c;

    (void)mono_us;
    if (r == NULL)
        return;
    c = &r->cell[column];
    c->has = true;
    c->number = NAN;
    if (v->type == NH_SNMP_BYTES || v->type == NH_SNMP_OBJECT)
        put_cell_text(v, c->text);
    else if (!nh_snmp_number(v, &c->number))
        c->has = false;
}

static void start_table(struct nh_snmp_detail *t);

static void
drop_rows(struct nh_snmp_detail *t)
{
    free(t->rows);
    t->rows = NULL;
    t->row_count = t->row_cap = t->at = 0;
}

/* A table that could not be read is as it was before; the next one is tried. */
static void
on_detail_walked(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_detail *t = arg;

    t->walk = NULL;
    if (what->result == NH_SNMP_OK)
        tables[t->next].take(&t->is, t->rows, t->row_count);
    drop_rows(t);
    t->next++;
    if (what->result != NH_SNMP_TIMEOUT)
        start_table(t);
}

static void
start_table(struct nh_snmp_detail *t)
{
    struct nh_snmp_walk_plan plan = {
        .on_cell = on_detail_cell, .on_done = on_detail_walked, .arg = t
    };

    while (t->next < NH_COUNT(tables) && tables[t->next].is_wanted != NULL &&
           !tables[t->next].is_wanted(&t->is))
        t->next++;
    if (t->next == NH_COUNT(tables))
        return;
    plan.columns = tables[t->next].columns;
    plan.max_rows = tables[t->next].max_rows;
    while (plan.count < NH_SNMP_DETAIL_COLUMNS_MAX && plan.columns[plan.count].len > 0)
        plan.count++;
    if (nh_snmp_walk_start(&t->walk, t->session, t->pace, &plan) != NH_OK)
        t->walk = NULL;
}

void
nh_snmp_detail_go_on(struct nh_snmp_detail *t, struct nh_snmp *s,
    struct nh_snmp_pace *pace, int64_t now_us)
{
    if (t->walk != NULL)
        return;
    t->session = s;
    t->pace = pace;
    if (t->next >= NH_COUNT(tables)) {
        if (now_us < t->due_us)
            return;
        t->next = 0;
    }
    if (t->next == 0)
        t->due_us = now_us + EVERY_US;
    start_table(t);
}

void
nh_snmp_detail_stop(struct nh_snmp_detail *t)
{
    nh_snmp_walk_stop(t->walk);
    t->walk = NULL;
    drop_rows(t);
}

void
nh_snmp_detail_forget(struct nh_snmp_detail *t)
{
    nh_snmp_detail_stop(t);
    t->next = 0;
    t->due_us = 0;
}

const struct nh_snmp_details *
nh_snmp_detail_get(const struct nh_snmp_detail *t)
{
    return &t->is;
}

enum nh_err
nh_snmp_detail_new(struct nh_snmp_detail **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

void
nh_snmp_detail_free(struct nh_snmp_detail *t)
{
    if (t == NULL)
        return;
    nh_snmp_detail_stop(t);
    free(t->is.sensors);
    free(t->is.storages);
    free(t->is.neighbours);
    free(t->is.pings);
    free(t);
}
