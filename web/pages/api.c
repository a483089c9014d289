/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * api.c - the documents as JSON, as the collector says them (docs/CONTROL.md)
 */
#include "web/view_incident.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 700, POINTS_MAX = 2000 };

static void
serve_overview(void *arg, struct request *r)
{
    const struct web *w = arg;
    json_t *o = json_deep_copy(snapshot_overview(w->snapshot));

    if (o == NULL) {
        web_refuse(arg, r, 503);
        return;
    }
    json_object_set_new(o, "contact", json_boolean(snapshot_has_contact(w->snapshot)));
    if (!snapshot_has_contact(w->snapshot))
        json_object_set_new(o, "lost", json_integer(snapshot_lost_s(w->snapshot)));
    web_answer_json(r, 200, o);
}

static void
serve_sites(void *arg, struct request *r)
{
    const struct web *w = arg;
    json_t *list = json_array();

    for (size_t i = 0; i < snapshot_sites(w->snapshot); i++)
        json_array_append_new(list, json_deep_copy(snapshot_site_at(w->snapshot, i)));
    web_answer_json(r, 200, json_pack("{s:o}", "sites", list));
}

static void
serve_site(void *arg, struct request *r)
{
    const struct web *w = arg;
    const json_t *site = snapshot_site(w->snapshot, request_rest(r));

    if (site == NULL)
        web_refuse(arg, r, 404);
    else
        web_answer_json(r, 200, json_deep_copy(site));
}

static void
serve_links(void *arg, struct request *r)
{
    const struct web *w = arg;
    const char *carrier = request_query(r, "carrier");
    json_t *list = json_array();

    for (size_t i = 0; i < snapshot_sites(w->snapshot); i++) {
        const json_t *site = snapshot_site_at(w->snapshot, i);
        const json_t *links = json_object_get(site, "links");

        for (size_t k = 0; k < json_array_size(links); k++) {
            const json_t *link = json_array_get(links, k);
            const char *of = json_string_value(json_object_get(link, "carrier"));
            json_t *copy;

            if (carrier != NULL && (of == NULL || strcmp(of, carrier) != 0))
                continue;
            copy = json_deep_copy(link);
            json_object_set(copy, "site", json_object_get(site, "id"));
            json_array_append_new(list, copy);
        }
    }
    web_answer_json(r, 200, json_pack("{s:o}", "links", list));
}

static void
serve_services(void *arg, struct request *r)
{
    const struct web *w = arg;
    json_t *list = json_array();

    for (size_t i = 0; i < snapshot_services(w->snapshot); i++)
        json_array_append_new(list, json_deep_copy(snapshot_service_at(w->snapshot, i)));
    web_answer_json(r, 200, json_pack("{s:o}", "services", list));
}

/* What the collector answered to a question; its code for a status. */
static void
on_answer(void *arg, const json_t *result, const char *code)
{
    struct request *r = arg;

    if (result != NULL)
        web_answer_json(r, 200, json_deep_copy(result));
    else
        web_answer_json(r, web_status_of(code), json_pack("{s:s}", "error", code));
}

static void
ask(struct web *w, struct request *r, json_t *question)
{
    if (question == NULL) /* the path is not UTF-8 */
        web_refuse(w, r, 404);
    else if (snapshot_ask(w->snapshot, question, on_answer, r) != NH_OK)
        web_refuse(w, r, 503);
}

/* A time of the query, in Unix seconds; 0: not there, or none. */
static json_int_t
time_of(struct request *r, const char *name)
{
    const char *s = request_query(r, name);
    char *end = NULL;
    long long t = s != NULL ? strtoll(s, &end, 10) : 0;

    return t > 0 && end != NULL && *end == '\0' ? t : 0;
}

static void
serve_incidents(void *arg, struct request *r)
{
    struct web *w = arg;
    const char *open = request_query(r, "open");

    ask(w, r,
        json_pack("{s:s, s:I, s:I, s:i, s:s}", "do", "incidents", "from",
            time_of(r, "from"), "to", time_of(r, "to"), "open",
            open != NULL && strcmp(open, "1") == 0, "lang",
            nh_lang_code(web_language(w, r))));
}

static void
serve_incident(void *arg, struct request *r)
{
    struct web *w = arg;
    uint32_t number = incident_number(request_rest(r));

    if (number == 0)
        web_refuse(w, r, 404);
    else
        ask(w, r,
            json_pack("{s:s, s:I, s:s}", "do", "incident", "number", (json_int_t)number,
                "lang", nh_lang_code(web_language(w, r))));
}

static long
points_of(struct request *r)
{
    const char *s = request_query(r, "points");
    int n = POINTS;

    if (s != NULL && sscanf(s, "%6d", &n) != 1)
        n = POINTS;
    return n < 10 ? 10 : n > POINTS_MAX ? POINTS_MAX : n;
}

static void
serve_series(void *arg, struct request *r)
{
    struct web *w = arg;
    struct window win = view_window(w, r, "3h");

    ask(w, r,
        json_pack("{s:s, s:s, s:I, s:I, s:I}", "do", "series", "check", request_rest(r),
            "from", (json_int_t)win.from_s, "to", (json_int_t)win.to_s, "points",
            (json_int_t)points_of(r)));
}

#define PAGE(name, path, under)                                                          \
    const struct page page_api_##name = { path, under, serve_##name, NULL }
PAGE(overview, "/api/v1/overview", false);
PAGE(sites, "/api/v1/sites", false);
PAGE(site, "/api/v1/sites/", true);
PAGE(links, "/api/v1/links", false);
PAGE(services, "/api/v1/services", false);
PAGE(series, "/api/v1/series/", true);
PAGE(incidents, "/api/v1/incidents", false);
PAGE(incident, "/api/v1/incidents/", true);
