/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.c - one service as each site and the centre see it, trouble first
 */
#include "web/view_incident.h"
#include <stdlib.h>
#include <string.h>

static const char *
place_name(const struct web *w, const char *id, enum nh_lang lang)
{
    const json_t *site = snapshot_site(w->snapshot, id);
    const char *name = json_string_value(json_object_get(site, "name"));

    if (strcmp(id, "collector") == 0)
        return nh_text(lang, "from_collector");
    return name != NULL ? name : id;
}

static json_t *
places(const struct web *w, const json_t *service, enum nh_lang lang)
{
    const json_t *from = json_object_get(service, "from");
    json_t *list = json_array();

    for (int order = 0; order <= state_order("up"); order++)
        for (size_t i = 0; i < json_array_size(from); i++) {
            const json_t *f = json_array_get(from, i),
                         *check = json_object_get(f, "check");
            const char *id = json_string_value(json_object_get(f, "site"));
            json_t *o;

            if (id == NULL || state_order(state_of(check)) != order ||
                (o = view_check(w, check, lang)) == NULL)
                continue;
            json_object_set_new(o, "name", json_string(place_name(w, id, lang)));
            if (strcmp(id, "collector") != 0)
                json_object_set_new(o, "site", json_string(id));
            json_array_append_new(list, o);
        }
    return list;
}

static json_t *
chart(
    const json_t *service, const struct window *win, const char *site, enum nh_lang lang)
{
    const json_t *from = json_object_get(service, "from"), *best = NULL;

    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *f = json_array_get(from, i);
        const char *id = json_string_value(json_object_get(f, "site"));

        if (id == NULL)
            continue;
        if (site != NULL ? strcmp(id, site) == 0
                         : best == NULL || strcmp(id, "collector") == 0)
            best = json_object_get(f, "check");
    }
    return view_chart(best, "service", win, lang);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    const json_t *service = snapshot_service(w->snapshot, request_rest(r));
    enum nh_lang lang = web_language(w, r);
    struct window win;
    json_t *view, *c;

    if (service == NULL) {
        web_refuse(w, r, 404);
        return;
    }
    win = view_window(w, r, "3h");
    view = view_page(w, r, lang, json_string_value(json_object_get(service, "name")));
    if (view != NULL) {
        json_object_set_new(view, "service",
            json_pack("{s:s, s:s, s:O?, s:O?, s:O?}", "word",
                state_word(state_of(service)), "state", state_of(service), "name",
                json_object_get(service, "name"), "owner",
                json_object_get(service, "owner"), "id", json_object_get(service, "id")));
        json_object_set_new(
            view, "counts", view_counts(json_object_get(service, "count")));
        json_object_set_new(view, "places", places(w, service, lang));
        c = chart(service, &win, request_query(r, "site"), lang);
        if (c != NULL)
            json_object_set_new(view, "charts", json_pack("[o]", c));
        view_add_window(view, w, lang, &win);
        view_add_incidents(
            view, w, lang, SIZE_MAX, incident_covers_service, request_rest(r));
        json_object_set(view, "live", json_object_get(service, "id"));
    }
    web_answer_page(w, r, 200, "service", lang, view);
}

const struct page page_service = { "/service/", true, serve, NULL };
