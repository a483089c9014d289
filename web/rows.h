/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.h - the province's sites as rows of HTML, kept until what they show changes
 *
 * Thousands of sites make a page; in a second only a few of them look different.
 */
#ifndef WEB_ROWS_H
#define WEB_ROWS_H

#include "libnhip/buf.h"
#include "web/web.h"

struct row {
    uint64_t shown;     /* of the snapshot, when this was made; 0: never */
    const json_t *site; /* borrowed from the snapshot, for this turn of the loop */
    int order;          /* state_order() */
    char *sort,
        *match; /* owned: name to sort by; folded name, code and id, a line each */
    char *html[NH_LANGS]; /* owned; NULL: not asked for yet */
    size_t len[NH_LANGS];
};

struct rows;

/* The rows that match `query` (NULL: all), trouble first, then by name; lent until the
 * next call. */
const struct row *const *rows_find(struct web *w, const char *query, size_t *count);
/* Append a row as HTML. */
void rows_put(
    struct web *w, enum nh_lang lang, const struct row *row, struct nh_buf *out);
void rows_free(struct rows *rows);

#endif
