/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link.c - one link: its checks now, and its latency, loss and traffic over a window
 */
#include "web/view_incident.h"
#include <stdio.h>
#include <string.h>

static const json_t *
find_link(const struct web *w, const char *id, const json_t **site)
{
    const char *slash = strchr(id, '/');
    const json_t *links;
    char site_id[128];

    if (slash == NULL || (size_t)(slash - id) >= sizeof(site_id))
        return NULL;
    snprintf(site_id, sizeof(site_id), "%.*s", (int)(slash - id), id);
    *site = snapshot_site(w->snapshot, site_id);
    links = json_object_get(*site, "links");
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);
        const char *link_id = json_string_value(json_object_get(link, "id"));

        if (link_id != NULL && strcmp(link_id, id) == 0)
            return link;
    }
    return NULL;
}

static json_t *
charts(const json_t *link, const struct window *win, enum nh_lang lang)
{
    static const char *const of[][2] = { { "path", "latency" }, { "port", "traffic" },
        { "gateway", "latency" }, { "far", "latency" } };
    const json_t *checks = json_object_get(link, "checks");
    json_t *list = json_array();
    char key[64];

    for (size_t i = 0; i < NH_COUNT(of); i++) {
        json_t *c = view_chart(json_object_get(checks, of[i][0]), of[i][1], win, lang);

        if (c == NULL)
            continue;
        snprintf(key, sizeof(key), "check_%s", of[i][0]);
        json_object_set_new(c, "of", json_string(nh_text(lang, key)));
        json_object_set(c, "capacity", json_object_get(link, "bandwidth_mbps"));
        json_array_append_new(list, c);
    }
    return list;
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    const json_t *site = NULL, *link = find_link(w, request_rest(r), &site);
    enum nh_lang lang = web_language(w, r);
    struct window win;
    json_t *view, *shown;

    if (link == NULL) {
        web_refuse(w, r, 404);
        return;
    }
    win = view_window(w, r, "3h");
    shown = view_link(w, link, lang);
    view = view_page(w, r, lang, json_string_value(json_object_get(shown, "name")));
    if (view != NULL) {
        json_object_set(view, "link", shown);
        json_object_set_new(view, "site", view_site(w, site, lang));
        json_object_set_new(view, "checks", view_checks_of_link(w, link, lang));
        json_object_set_new(view, "charts", charts(link, &win, lang));
        view_add_window(view, w, lang, &win);
        view_add_incidents(
            view, w, lang, SIZE_MAX, incident_covers_link, request_rest(r));
        json_object_set(view, "live", json_object_get(site, "id"));
    }
    json_decref(shown);
    web_answer_page(w, r, 200, "link", lang, view);
}

const struct page page_link = { "/link/", true, serve, NULL };
