/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * site.c - one site: its links with their checks, services, agent, power
 */
#include "libnhip/clock.h"
#include "web/view_incident.h"

static json_t *
links(const struct web *w, const json_t *site, enum nh_lang lang)
{
    const json_t *all = json_object_get(site, "links");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *link = json_array_get(all, i);
        json_t *o = view_link(w, link, lang);

        json_object_set_new(o, "checks", view_checks_of_link(w, link, lang));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *
services(const struct web *w, const json_t *site, enum nh_lang lang)
{
    const json_t *all = json_object_get(site, "services");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *s = json_array_get(all, i);
        json_t *o = view_check(w, json_object_get(s, "check"), lang);

        if (o == NULL)
            continue;
        json_object_set(o, "id", json_object_get(s, "id"));
        json_object_set(o, "name", json_object_get(s, "name"));
        json_array_append_new(list, o);
    }
    return list;
}

/* The site's own checks: power and the agent's host. */
static json_t *
own_checks(const struct web *w, const json_t *site, enum nh_lang lang)
{
    static const char *const keys[] = { "power", "host" };
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(keys); i++) {
        json_t *o = view_check(w, json_object_get(site, keys[i]), lang);

        if (o != NULL)
            json_array_append_new(list, o);
    }
    return list;
}

/* Its devices, each with a page of its own. */
static json_t *
devices(const struct web *w, const json_t *site, enum nh_lang lang)
{
    const json_t *all = json_object_get(site, "devices"), *d;
    json_t *list = json_array(), *o, *snmp;
    size_t i;

    json_array_foreach(all, i, d)
    {
        const char *kind = json_string_value(json_object_get(d, "kind"));

        o = view_check(w, json_object_get(d, "ping"), lang);
        if (o == NULL)
            continue;
        snmp = view_check(w, json_object_get(d, "snmp"), lang);
        if (snmp != NULL)
            json_object_set(o, "values", json_object_get(snmp, "values"));
        json_decref(snmp);
        json_object_set_new(o, "site", json_copy(json_object_get(site, "id")));
        json_object_set(o, "id", json_object_get(d, "id"));
        if (kind != NULL && *kind != '\0')
            json_object_set_new(
                o, "kind", json_string(nh_text_has(kind) ? nh_text(lang, kind) : kind));
        json_array_append_new(list, o);
    }
    if (json_array_size(list) > 0)
        return json_pack("{s:o}", "rows", list);
    json_decref(list);
    return NULL;
}

static json_t *
agent(const struct web *w, const json_t *site)
{
    const json_t *a = json_object_get(site, "agent");
    int64_t now_s = nh_clock_wall_ms() / 1000;
    const json_t *records = json_object_get(json_object_get(a, "backlog"), "records");
    json_t *o;
    const char *state;

    if (!json_is_object(a) || !json_is_true(json_object_get(a, "expected")))
        return NULL;
    state = json_is_true(json_object_get(a, "connected")) ? "agent_connected"
            : json_is_true(json_object_get(a, "joined"))  ? "agent_away"
                                                          : "agent_invited";
    o = json_pack("{s:s, s:s}", "text", state, "state",
        json_is_true(json_object_get(a, "connected")) ? "up" : "unknown");
    json_object_set_new(o, "last_seen",
        view_when(w, (int64_t)json_number_value(json_object_get(a, "last_seen")), now_s));
    json_object_set(o, "version", json_object_get(a, "version"));
    if (json_integer_value(records) > 0)
        json_object_set_new(o, "backlog", json_integer(json_integer_value(records)));
    return o;
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    const json_t *site = snapshot_site(w->snapshot, request_rest(r));
    enum nh_lang lang = web_language(w, r);
    json_t *view, *of_agent, *of_devices;

    if (site == NULL) {
        web_refuse(w, r, 404);
        return;
    }
    view = view_page(w, r, lang, json_string_value(json_object_get(site, "name")));
    if (view != NULL) {
        json_object_set_new(view, "site", view_site(w, site, lang));
        json_object_set_new(view, "links", links(w, site, lang));
        json_object_set_new(view, "services", services(w, site, lang));
        json_object_set_new(view, "own", own_checks(w, site, lang));
        of_devices = devices(w, site, lang);
        if (of_devices != NULL)
            json_object_set_new(view, "devices", of_devices);
        of_agent = agent(w, site);
        if (of_agent != NULL)
            json_object_set_new(view, "agent", of_agent);
        view_add_incidents(
            view, w, lang, SIZE_MAX, incident_covers_site, request_rest(r));
        json_object_set(view, "live", json_object_get(site, "id"));
    }
    web_answer_page(w, r, 200, "site", lang, view);
}

const struct page page_site = { "/site/", true, serve, NULL };
