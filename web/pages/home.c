/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * home.c - the province: open incidents, then every site with its links and services,
 * trouble first
 *
 * The rendered page is kept by language and form until something shown on it changes, or
 * the minute that it says it was made in is over.
 */
#include "libnhip/clock.h"
#include "web/rows.h"
#include "web/view_incident.h"
#include <string.h>

enum { PAGE_MAX_BYTES = 16 * 1024 * 1024, INCIDENTS_MAX = 20 };

/* What is in the buffer, which is empty then; NULL when it did not fit. */
static json_t *
taken(struct nh_buf *b)
{
    json_t *s = nh_buf_err(b) != NH_OK ? NULL
                : b->len == 0          ? json_string("")
                              : json_stringn_nocheck((const char *)b->data, b->len);

    nh_buf_clear(b);
    return s;
}

/* Sites apart by whether they need attention; rows come as HTML. */
static void
add_sites(json_t *view, struct web *w, enum nh_lang lang, const char *query)
{
    struct nh_buf b;
    size_t count, i = 0, trouble;
    const struct row *const *rows = rows_find(w, query, &count);

    nh_buf_init(&b, PAGE_MAX_BYTES);
    while (i < count && rows[i]->order < state_order("up"))
        rows_put(w, lang, rows[i++], &b);
    trouble = i;
    json_object_set_new(view, "trouble_n", json_integer((json_int_t)trouble));
    json_object_set_new(view, "trouble", taken(&b));
    for (; i < count; i++)
        rows_put(w, lang, rows[i], &b);
    json_object_set_new(view, "well", taken(&b));
    nh_buf_fini(&b);
}

static json_t *
services(const struct web *w, enum nh_lang lang)
{
    json_t *list = json_array();

    (void)lang;
    for (size_t i = 0; i < snapshot_services(w->snapshot); i++) {
        const json_t *s = snapshot_service_at(w->snapshot, i);
        const char *id = json_string_value(json_object_get(s, "id"));
        const char *name = json_string_value(json_object_get(s, "name"));

        json_array_append_new(list,
            json_pack("{s:s, s:s, s:s, s:s, s:o}", "word", state_word(state_of(s)), "id",
                id != NULL ? id : "", "name", name != NULL ? name : "", "state",
                state_of(s), "counts", view_counts(json_object_get(s, "count"))));
    }
    return list;
}

static void
add_counts(json_t *view, const json_t *overview)
{
    static const char *const kinds[] = { "sites", "links", "services" };
    static const char *const titles[] = { "site_plural", "link_plural",
        "service_plural" };
    const json_t *count = json_object_get(overview, "count");
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(kinds); i++) {
        json_t *of = view_counts(json_object_get(count, kinds[i]));

        if (json_array_size(of) > 0)
            json_array_append_new(
                list, json_pack("{s:s, s:O}", "title", titles[i], "counts", of));
        json_decref(of);
    }
    json_object_set_new(view, "counts", list);
}

static void
add_centre(json_t *view, const struct web *w, const json_t *overview, enum nh_lang lang)
{
    const json_t *centre = json_object_get(overview, "centre");
    const json_t *uplinks = json_object_get(centre, "uplinks");
    const char *name = json_string_value(json_object_get(centre, "name"));
    json_t *list;

    if (!json_is_object(centre) || json_array_size(uplinks) == 0)
        return;
    list = json_array();
    for (size_t i = 0; i < json_array_size(uplinks); i++)
        json_array_append_new(list, view_link(w, json_array_get(uplinks, i), lang));
    json_object_set_new(view, "centre",
        json_pack("{s:s, s:o}", "name",
            name != NULL && *name != '\0' ? name : nh_text(lang, "centre"), "uplinks",
            list));
}

static json_t *
home_view(
    struct web *w, struct request *r, enum nh_lang lang, const char *query, bool tiles)
{
    const json_t *overview = snapshot_overview(w->snapshot);
    json_t *view = view_page(w, r, lang, NULL), *messages = view_messages(w);

    if (view == NULL) {
        json_decref(messages);
        return NULL;
    }
    if (query == NULL)
        view_add_incidents(view, w, lang, INCIDENTS_MAX, NULL, NULL);
    if (messages != NULL)
        json_object_set_new(view, "messages", messages);
    add_sites(view, w, lang, query);
    add_counts(view, overview);
    add_centre(view, w, overview, lang);
    json_object_set_new(view, "services", services(w, lang));
    json_object_set_new(view, "tiles", json_boolean(tiles));
    json_object_set_new(view, "form", json_string(tiles ? "tiles" : "list"));
    json_object_set_new(view, "is_home", json_true());
    if (query != NULL) {
        json_object_set_new(view, "q", json_string(query));
        json_object_set_new(view, "searched", json_true());
    }
    json_object_set_new(view, "empty", json_boolean(snapshot_sites(w->snapshot) == 0));
    return view;
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    enum nh_lang lang = web_language(w, r);
    const char *query = request_query(r, "q"), *form = request_query(r, "view");
    bool tiles = form == NULL || strcmp(form, "list") != 0;
    struct cached *kept = &w->home[lang][tiles];
    int64_t minute = nh_clock_wall_ms() / 60000;
    struct nh_buf b;
    json_t *view;

    if (query != NULL && *query != '\0') {
        web_answer_page(w, r, 200, "home", lang, home_view(w, r, lang, query, tiles));
        return;
    }
    if (kept->body == NULL || kept->minute != minute ||
        kept->revision != snapshot_shown_revision(w->snapshot)) {
        nh_buf_init(&b, PAGE_MAX_BYTES);
        view = home_view(w, r, lang, NULL, tiles);
        if (view == NULL ||
            template_render(w->templates, "home", view, lang, &b) != NH_OK)
            b.err = NH_ENOMEM;
        json_decref(view);
        body_unref(kept->body);
        *kept = (struct cached){ body_new("text/html; charset=utf-8", &b),
            snapshot_shown_revision(w->snapshot), minute };
        nh_buf_fini(&b);
    }
    request_answer(r, 200, kept->body != NULL ? body_ref(kept->body) : NULL);
}

const struct page page_home = { "/", false, serve, NULL };
