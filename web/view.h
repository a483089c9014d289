/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.h - documents made ready for templates: words, numbers and times of a language
 */
#ifndef WEB_VIEW_H
#define WEB_VIEW_H

#include "web/web.h"

/* What head.html and foot.html show. NULL: out of memory. */
json_t *view_page(
    const struct web *w, struct request *r, enum nh_lang lang, const char *title);
/* A site as a row or tile. */
json_t *view_site(const struct web *w, const json_t *site, enum nh_lang lang);
/* All sites, trouble first, then by name. */
json_t *view_sites(struct web *w, enum nh_lang lang);
json_t *view_link(const struct web *w, const json_t *link, enum nh_lang lang);
json_t *view_check(const struct web *w, const json_t *check, enum nh_lang lang);
/* The checks of a link, or a site's own, as an array. */
json_t *view_checks_of_link(const struct web *w, const json_t *link, enum nh_lang lang);
/* Counts of one kind ("sites"): an array of {state, n}, states with none left out. */
json_t *view_counts(const json_t *count);
/* Time windows and the chosen one for charts. */
struct window {
    int64_t from_s, to_s;
    const char *name; /* "3h", or "" for a free one */
};
struct window view_window(
    const struct web *w, struct request *r, const char *default_name);
void view_add_window(
    json_t *view, const struct web *w, enum nh_lang lang, const struct window *win);
/* A chart of `check`; takes nothing. NULL when `check` is not an object. */
json_t *view_chart(
    const json_t *check, const char *chart, const struct window *win, enum nh_lang lang);

/* "14:05 22/11/2026", "14:05" on the day of `now_s`; NULL (json null) for 0. */
json_t *view_when(const struct web *w, int64_t wall_s, int64_t now_s);
json_t *view_number(enum nh_lang lang, double v, int decimals, const char *unit);
/* Bits a second as people say them. */
json_t *view_rate(enum nh_lang lang, double bps);
/* "down" 0, flapping, degraded, unknown, maintenance, up 5: the order in which trouble is
 * shown. */
int state_order(const char *state);
/* The key of the text for a state. */
const char *state_word(const char *state);
/* A state of the glossary, "unknown" for anything else. */
const char *state_of(const json_t *object);
/* Without case and diacritics, as searches compare. */
void fold(const char *s, struct nh_buf *out);

#endif
