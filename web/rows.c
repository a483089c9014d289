/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rows.c - a row a site, at the site's place in the snapshot
 *
 * The snapshot gives each look of a site a number of its own: a row whose number is
 * another one, because the site changed or the places moved, is made again. So are all
 * at midnight, when times turn into dates, and when the zone changes.
 */
#include "web/rows.h"
#include "libnhip/clock.h"
#include "web/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAX_BYTES = 1 << 20, WORDS_MAX_BYTES = 8192 };

struct rows {
    struct row *at; /* owned */
    const struct row **found;
    size_t count;
    int64_t day;
    char zone[64];
};

static void
row_fini(struct row *r)
{
    free(r->sort);
    free(r->match);
    for (int lang = 0; lang < NH_LANGS; lang++)
        free(r->html[lang]);
    *r = (struct row){ 0 };
}

static void
clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        row_fini(&rows->at[i]);
}

void
rows_free(struct rows *rows)
{
    if (rows == NULL)
        return;
    clear(rows);
    free(rows->at);
    free(rows->found);
    free(rows);
}

/* A commune sorts by its own name, not by the word before it. */
static const char *
without_kind(const char *name)
{
    static const char *const words[] = { "Xã ", "Phường ", "Thị trấn ", "xã ",
        "phường " };

    for (size_t i = 0; i < NH_COUNT(words); i++)
        if (strncmp(name, words[i], strlen(words[i])) == 0)
            return name + strlen(words[i]);
    return name;
}

/* The buffer's text, which is taken; NULL when it did not fit. */
static char *
taken(struct nh_buf *b)
{
    char *s;

    nh_buf_put_u8(b, '\0');
    s = b->err == NH_OK ? (char *)b->data : NULL;
    if (s == NULL)
        nh_buf_fini(b);
    return s;
}

static bool
row_make(struct row *r, const json_t *site, uint64_t shown)
{
    static const char *const keys[] = { "name", "code", "id" };
    const char *name = json_string_value(json_object_get(site, "name"));
    struct nh_buf b;

    row_fini(r);
    nh_buf_init(&b, WORDS_MAX_BYTES);
    nh_collate(without_kind(name != NULL ? name : ""), &b);
    r->sort = taken(&b);
    nh_buf_init(&b, WORDS_MAX_BYTES);
    for (size_t i = 0; i < NH_COUNT(keys); i++) {
        const char *s = json_string_value(json_object_get(site, keys[i]));

        if (s != NULL)
            fold(s, &b);
        nh_buf_put_u8(&b, '\n');
    }
    r->match = taken(&b);
    r->order = state_order(state_of(site));
    r->shown = r->sort != NULL && r->match != NULL ? shown : 0;
    return r->shown != 0;
}

/* One for each site, made when the number of sites changes. */
static struct rows *
rows_of(struct web *w)
{
    size_t count = snapshot_sites(w->snapshot);
    struct rows *rows = w->rows;

    if (rows != NULL && rows->count == count)
        return rows;
    rows_free(rows);
    w->rows = rows = calloc(1, sizeof(*rows));
    if (rows == NULL)
        return NULL;
    rows->at = calloc(count + 1, sizeof(*rows->at));
    rows->found = calloc(count + 1, sizeof(const struct row *));
    if (rows->at != NULL && rows->found != NULL) {
        rows->count = count;
        return rows;
    }
    rows_free(rows);
    w->rows = NULL;
    return NULL;
}

static void
heed_the_day(const struct web *w, struct rows *rows)
{
    const char *zone = web_zone(w);
    int64_t now_s = nh_clock_wall_ms() / 1000;
    int64_t day = (now_s + nh_zone_offset_s(zone, now_s)) / 86400;

    if (zone == NULL)
        zone = "";
    if (day == rows->day && strcmp(zone, rows->zone) == 0)
        return;
    clear(rows);
    rows->day = day;
    snprintf(rows->zone, sizeof(rows->zone), "%s", zone);
}

static int
compare_rows(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a,
                     *y = *(const struct row *const *)b;

    return x->order != y->order ? x->order - y->order : strcmp(x->sort, y->sort);
}

const struct row *const *
rows_find(struct web *w, const char *query, size_t *count)
{
    struct rows *rows = rows_of(w);
    struct nh_buf b;
    char *folded;

    *count = 0;
    if (rows == NULL)
        return NULL;
    heed_the_day(w, rows);
    nh_buf_init(&b, WORDS_MAX_BYTES);
    fold(query != NULL ? query : "", &b);
    folded = taken(&b);
    for (size_t i = 0; folded != NULL && i < rows->count; i++) {
        struct row *r = &rows->at[i];
        uint64_t shown = snapshot_site_shown(w->snapshot, i);
        const json_t *site = snapshot_site_at(w->snapshot, i);

        if (r->shown != shown && !row_make(r, site, shown))
            continue;
        r->site = site;
        if (strstr(r->match, folded) != NULL)
            rows->found[(*count)++] = r;
    }
    free(folded);
    if (*count > 1)
        qsort(rows->found, *count, sizeof(const struct row *), compare_rows);
    return rows->found;
}

void
rows_put(struct web *w, enum nh_lang lang, const struct row *row, struct nh_buf *out)
{
    struct row *r = &w->rows->at[row - w->rows->at];
    struct nh_buf b;
    json_t *view;

    if (r->html[lang] == NULL) {
        nh_buf_init(&b, ROW_MAX_BYTES);
        view = view_site(w, r->site, lang);
        if (view == NULL || template_render(w->templates, "row", view, lang, &b) != NH_OK)
            b.err = NH_ENOMEM;
        json_decref(view);
        r->len[lang] = b.len;
        r->html[lang] = taken(&b);
    }
    if (r->html[lang] != NULL)
        nh_buf_put(out, r->html[lang], r->len[lang]);
    else
        out->err = NH_ENOMEM;
}
