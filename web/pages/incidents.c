/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents.c - the list: what is open, what there was this week or this month
 */
#include "libnhip/clock.h"
#include "web/view_incident.h"
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 24 * 3600 };

static const struct {
    const char *name, *text;
    int64_t length_s; /* 0: only what is open */
} windows[] = {
    { "open", "window_open", 0 },
    { "7d", "window_7d", 7 * DAY_S },
    { "31d", "window_31d", 31 * DAY_S },
};

struct visit {
    struct web *w;
    struct request *r;
    enum nh_lang lang;
    size_t window;
};

static double
minutes(const json_t *incident)
{
    const json_t *m = json_object_get(incident, "minutes");

    return json_number_value(json_object_get(m, "down")) +
           json_number_value(json_object_get(m, "degraded"));
}

static json_t *
rows(const struct visit *v, const json_t *all)
{
    size_t count;
    const json_t **sorted = incidents_newest_first(all, &count);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *o = view_incident(v->w, sorted[i], v->lang);
        double m = minutes(sorted[i]);

        if (m > 0)
            json_object_set_new(
                o, "minutes", view_number(v->lang, m, m < 10 ? 1 : 0, ""));
        json_array_append_new(list, o);
    }
    free(sorted);
    return list;
}

static void
on_list(void *arg, const json_t *result, const char *code)
{
    struct visit *v = arg;
    json_t *view, *list = json_array();

    if (result == NULL) {
        web_refuse(v->w, v->r, web_status_of(code));
        json_decref(list);
        free(v);
        return;
    }
    view = view_page(v->w, v->r, v->lang, nh_text(v->lang, "incident_plural"));
    for (size_t i = 0; i < NH_COUNT(windows); i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b}", "w", windows[i].name, "text",
                      nh_text(v->lang, windows[i].text), "chosen", i == v->window));
    if (view != NULL) {
        json_object_set(view, "windows", list);
        json_object_set_new(
            view, "incidents", rows(v, json_object_get(result, "incidents")));
        json_object_set_new(view, "is_home", json_true());
    }
    json_decref(list);
    web_answer_page(v->w, v->r, 200, "incidents", v->lang, view);
    free(v);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    const char *name = request_query(r, "w");
    enum nh_lang lang = web_language(w, r);
    struct visit *v = calloc(1, sizeof(*v));
    int64_t from_s = 0;

    if (v == NULL) {
        web_refuse(w, r, 503);
        return;
    }
    *v = (struct visit){ w, r, lang, 1 };
    for (size_t i = 0; name != NULL && i < NH_COUNT(windows); i++)
        if (strcmp(windows[i].name, name) == 0)
            v->window = i;
    if (windows[v->window].length_s > 0)
        from_s = nh_clock_wall_ms() / 1000 - windows[v->window].length_s;
    if (snapshot_ask(w->snapshot,
            json_pack("{s:s, s:I, s:i, s:s}", "do", "incidents", "from",
                (json_int_t)from_s, "open", windows[v->window].length_s == 0, "lang",
                nh_lang_code(lang)),
            on_list, v) != NH_OK) {
        web_refuse(w, r, 503);
        free(v);
    }
}

const struct page page_incidents = { "/incidents", false, serve, NULL };
