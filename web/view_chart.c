/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view_chart.c - the window of time that a page shows, and its charts
 *
 * ?w=3h names a window that ends now; ?from and ?to are Unix seconds or what a browser's
 * date field sends ("2026-11-22T14:05", in the province's zone).
 */
#include "libnhip/clock.h"
#include "web/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name, *text;
    int64_t length_s;
} windows[] = {
    { "3h", "window_3h", 3 * 3600 },
    { "30h", "window_30h", 30 * 3600 },
    { "10d", "window_10d", 10 * 86400 },
    { "1y", "window_1y", 366 * 86400 },
};

enum { CHART_WIDTH = 720, CHART_HEIGHT = 260 };

/* 0: not a time. */
static int64_t
parse_time(const char *s, const char *zone)
{
    struct tm tm = { 0 };
    char *end;
    long long v;

    if (s == NULL || *s == '\0')
        return 0;
    if (strchr(s, 'T') != NULL) {
        int64_t t;

        if (sscanf(s, "%4d-%2d-%2dT%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                &tm.tm_hour, &tm.tm_min) != 5)
            return 0;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        t = timegm(&tm);
        return t - nh_zone_offset_s(zone, t);
    }
    v = strtoll(s, &end, 10);
    return *end == '\0' && v > 0 && v < 4102444800LL ? v : 0;
}

struct window
view_window(const struct web *w, struct request *r, const char *default_name)
{
    int64_t now_s = nh_clock_wall_ms() / 1000;
    const char *name = request_query(r, "w");
    int64_t from_s = parse_time(request_query(r, "from"), web_zone(w));
    int64_t to_s = parse_time(request_query(r, "to"), web_zone(w));

    if (name == NULL && from_s > 0) {
        if (to_s == 0)
            to_s = now_s;
        if (to_s > from_s)
            return (struct window){ from_s, to_s, "" };
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; name != NULL && i < NH_COUNT(windows); i++)
            if (strcmp(windows[i].name, name) == 0)
                return (
                    struct window){ now_s - windows[i].length_s, now_s, windows[i].name };
        name = default_name;
    }
    return (struct window){ now_s - windows[0].length_s, now_s, windows[0].name };
}

static json_t *
local_time(int64_t wall_s, const char *zone)
{
    time_t t = (time_t)(wall_s + nh_zone_offset_s(zone, wall_s));
    char text[40] = "";
    struct tm tm;

    if (gmtime_r(&t, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M", &tm);
    return json_string(text);
}

void
view_add_window(
    json_t *view, const struct web *w, enum nh_lang lang, const struct window *win)
{
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(windows); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "w", windows[i].name,
                                        "text", nh_text(lang, windows[i].text), "chosen",
                                        strcmp(win->name, windows[i].name) == 0));
    json_object_set_new(view, "windows", list);
    json_object_set_new(view, "from_local", local_time(win->from_s, web_zone(w)));
    json_object_set_new(view, "to_local", local_time(win->to_s, web_zone(w)));
}

json_t *
view_chart(
    const json_t *check, const char *chart, const struct window *win, enum nh_lang lang)
{
    const char *id = json_string_value(json_object_get(check, "id"));
    char key[64];

    if (id == NULL)
        return NULL;
    snprintf(key, sizeof(key), "chart_%s", chart);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:i, s:i, s:s}", "check", id,
        "chart", chart, "heading", nh_text(lang, key), "from", (json_int_t)win->from_s,
        "to", (json_int_t)win->to_s, "window", win->name, "width", CHART_WIDTH, "height",
        CHART_HEIGHT, "lang", nh_lang_code(lang));
}
