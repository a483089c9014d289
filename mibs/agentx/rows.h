/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.h - the rows of NHIP-MIB and of pingResultsTable, as they are asked for
 *
 * A document owns rows; when it comes again its rows are taken anew and those that it
 * does not name any more are gone. GET and GETNEXT are answered from the same arrays, in
 * the order of object identifiers. Knows no SNMP library. Threads: one owner.
 */
#ifndef AGENTX_ROWS_H
#define AGENTX_ROWS_H

#include "libnhip/err.h"
#include "mibs/columns.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_type { NONE, INTEGER, GAUGE, COUNTER64, STRING, DATE };

enum {
    ROWS_INDEX_MAX = 104, /* sub-identifiers of a row's index */
    ROWS_OID_MAX = 128,
    ROWS_TEXT_MAX = 128,
    ROWS_COLUMNS_MAX = 27,
};

struct cell {
    uint8_t type; /* NONE: not known, so no instance */
    int64_t number;
    char *text; /* owned: STRING, DATE */
    size_t len;
};

struct rows;
struct row;
struct owner;

enum nh_err rows_new(struct rows **out) NH_MUST_CHECK;
void rows_free(struct rows *r);

/* Begin and end what one document says. NULL: no memory, the rows stay as they were. */
struct owner *rows_begin(struct rows *r, const char *document);
void rows_end(struct rows *r, struct owner *o);
void rows_gone(struct rows *r, const char *document);
/* Another world: all of it goes. */
void rows_clear(struct rows *r);

/* An index of texts, each with its length before it (no IMPLIED), built part by part. */
struct row_index {
    uint32_t id[ROWS_INDEX_MAX];
    size_t len;
    bool bad; /* it did not fit */
};
void row_index_text(struct row_index *i, const char *text, size_t max);

void row_index_number(struct row_index *i, uint32_t number);
/* The carrier of a link that has a row of TABLE_LINK, into `out`; false: there is none.
 */
bool rows_link_carrier(
    struct rows *r, const char *site, const char *name, char *out, size_t size);

/* Have rows of the table come or gone since this was last asked? */
bool rows_have_moved(struct rows *r, enum table table);

/* The row of this index, empty; a table that has no index is given an empty one. NULL: no
 * memory, or an index that does not fit: there is no such row. */
struct row *rows_put(
    struct rows *r, struct owner *o, enum table table, const struct row_index *index);
/* The row of exactly this index; NULL: there is none. */
struct row *rows_find(struct rows *r, enum table table, const struct row_index *index);
void row_none(struct row *row, int column); /* no instance any more */
void row_number(struct row *row, int column, int64_t value);
void row_text(struct row *row, int column, const char *text); /* NULL: not known */
void row_bytes(struct row *row, int column, const void *bytes, size_t len);
void row_date(struct row *row, int column, int64_t unix_s); /* 0: not known */

/* The subtree that a table is in: NHIP-MIB's objects, or pingResultsTable. */
enum region { REGION_NHIP, REGION_PING, REGIONS };
const uint32_t *rows_root(enum region region, size_t *len);

/* The value of exactly this object; NULL: there is none. Lent until the rows change. */
const struct cell *rows_get(struct rows *r, const unsigned long *oid, size_t len);
/* The first object of `region` after `oid`, or at it with `inclusive`; NULL at the end.
 */
const struct cell *rows_next(struct rows *r, enum region region, const unsigned long *oid,
    size_t len, bool inclusive, unsigned long out[ROWS_OID_MAX], size_t *out_len);
size_t rows_count(struct rows *r);

#endif
