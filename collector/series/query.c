/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.c - rrd_fetch and rrd_graph
 *
 * rrd_fetch serves a consolidation function that has no archive of its own from the
 * finest one, without an error: so the archive is chosen here, and the step that came
 * back is checked.
 */
#include "collector/series/query.h"
#include "collector/series/rrdfile.h"
#include "libnhip/text.h"
#include <math.h>
#include <rrd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POINTS_MAX = 2000, GRAPH_ARGS = 40 };

struct range {
    char path[4096];
    const char *check;
    const struct nh_kind *kind;
    int64_t from, to;
};

static bool
read_range(struct series *s, const json_t *request, struct range *r, const char **code,
    char why[160])
{
    const json_t *from = json_object_get(request, "from"),
                 *to = json_object_get(request, "to");

    r->check = json_string_value(json_object_get(request, "check"));
    *code = "bad_request";
    if (r->check == NULL || !json_is_number(from) || !json_is_number(to)) {
        snprintf(why, 160, "check, from and to are needed");
        return false;
    }
    r->from = (int64_t)json_number_value(from);
    r->to = (int64_t)json_number_value(to);
    if (r->from < 0 || r->from >= r->to || r->to - r->from > INT64_C(20) * 366 * 86400) {
        snprintf(why, 160, "from and to must be in order, at most 20 years apart");
        return false;
    }
    switch (series_ready_file(s, r->check, r->path, sizeof(r->path), &r->kind)) {
    case NH_OK:
        return true;
    case NH_ENOTFOUND:
        *code = "not_found";
        snprintf(why, 160, "no series of '%.80s' yet", r->check);
        return false;
    default:
        *code = "failed";
        snprintf(why, 160, "the waiting rows of '%.80s' could not be written", r->check);
        return false;
    }
}

/* The finest archive that reaches back to `from` within `points` rows; else the coarsest.
 */
static const struct series_archive *
choose(const struct series *s, const struct range *r, int64_t points, int64_t now)
{
    const struct series_options *opt = series_opt(s);
    const struct series_archive *best = NULL;

    for (size_t i = 0; i < opt->archive_count; i++) {
        const struct series_archive *a = &opt->archives[i];

        if (a->step_s < rrdfile_step(r->kind))
            continue;
        best = a;
        if (now - a->keep_s <= r->from && (r->to - r->from) / a->step_s <= points)
            break;
    }
    return best;
}

struct rows {
    rrd_value_t *data;
    time_t from, to;
    unsigned long step, sources;
};

static bool
fetch(const struct range *r, const char *cf, int64_t step, struct rows *out)
{
    char **names = NULL;

    out->from = (time_t)r->from;
    out->to = (time_t)r->to;
    out->step = (unsigned long)step;
    rrd_clear_error();
    if (rrd_fetch_r(r->path, cf, &out->from, &out->to, &out->step, &out->sources, &names,
            &out->data) != 0)
        return false;
    for (unsigned long i = 0; i < out->sources; i++)
        rrd_freemem(names[i]);
    rrd_freemem(names);
    return true;
}

static json_t *
values(const struct rows *rows, size_t row, const struct nh_kind *kind)
{
    json_t *list = json_array();

    for (unsigned long i = 0; i < rows->sources && i < kind->count; i++) {
        double v = rows->data[row * rows->sources + i];
        double scale = pow(10, kind->metrics[i].decimals + 1);

        /* one digit past the metric's resolution: a mean's rest is noise and bytes */
        json_array_append_new(
            list, isfinite(v) ? json_real(round(v * scale) / scale) : json_null());
    }
    return list;
}

static json_t *
metrics(const struct nh_kind *kind)
{
    json_t *list = json_array();

    for (uint8_t i = 0; i < kind->count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", kind->metrics[i].name,
                                        "unit", kind->metrics[i].unit));
    return list;
}

static json_t *
document(const struct range *r, const struct rows *avg, const struct rows *max)
{
    json_t *list = json_array(), *cf = json_pack("[s]", "AVERAGE");
    size_t count = avg->step > 0 ? (size_t)(avg->to - avg->from) / avg->step : 0;

    if (max->data != NULL)
        json_array_append_new(cf, json_string("MAX"));
    for (size_t i = 0; i < count; i++) {
        json_int_t end = avg->from + (json_int_t)((i + 1) * avg->step);
        json_t *row = json_pack("[I, o]", end, values(avg, i, r->kind));

        if (max->data != NULL)
            json_array_append_new(row, values(max, i, r->kind));
        json_array_append_new(list, row);
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "check", r->check,
        "kind", r->kind->name, "from", (json_int_t)avg->from, "to", (json_int_t)avg->to,
        "step", (json_int_t)avg->step, "cf", cf, "metrics", metrics(r->kind), "rows",
        list);
}

json_t *
query_fetch(struct series *s, const json_t *request, const char **code, char why[160])
{
    int64_t points = json_integer_value(json_object_get(request, "points"));
    const struct series_archive *archive;
    struct rows avg = { .data = NULL }, max = { .data = NULL };
    struct series_counts at;
    struct range r;
    json_t *is = NULL;

    if (!read_range(s, request, &r, code, why))
        return NULL;
    if (points < 1 || points > POINTS_MAX)
        points = POINTS_MAX;
    series_look(s, &at);
    archive = choose(s, &r, points, at.newest_arrived_ms / 1000);
    *code = "failed";
    if (archive == NULL || !fetch(&r, "AVERAGE", archive->step_s, &avg)) {
        snprintf(why, 160, "%s", rrd_test_error() ? rrd_get_error() : "no archive suits");
        goto out;
    }
    if ((int64_t)(avg.to - avg.from) / (int64_t)avg.step > 4 * POINTS_MAX) {
        snprintf(why, 160, "the file has no archive of that step; rebuild it");
        goto out;
    }
    if (archive->max &&
        (!fetch(&r, "MAX", (int64_t)avg.step, &max) || max.step != avg.step ||
            max.from != avg.from || max.to != avg.to)) {
        rrd_freemem(max.data);
        max.data = NULL;
    }
    is = document(&r, &avg, &max);
out:
    rrd_freemem(avg.data);
    rrd_freemem(max.data);
    rrd_clear_error();
    return is;
}

/* ---- pictures ---- */

struct chart_args {
    char *argv[GRAPH_ARGS];
    int count;
};

static void arg(struct chart_args *a, const char *fmt, ...) NH_PRINTF(2, 3);

static void
arg(struct chart_args *a, const char *fmt, ...)
{
    va_list list;
    char *text = NULL;

    if (a->count == GRAPH_ARGS)
        return;
    va_start(list, fmt);
    if (vasprintf(&text, fmt, list) < 0)
        text = NULL;
    va_end(list);
    if (text != NULL)
        a->argv[a->count++] = text;
}

static void
define(struct chart_args *a, const struct range *r, const char *name, const char *metric)
{
    char ds[NH_NAME_MAX];

    rrdfile_ds(metric, ds);
    arg(a, "DEF:%s=%s:%s:AVERAGE", name, r->path, ds);
}

/* The smoke picture: the spread of round trips as a band, their mean as a line, loss
 * below. */
static void
chart_latency(struct chart_args *a, const struct range *r, enum nh_lang lang)
{
    define(a, r, "low", "rtt_min_ms");
    define(a, r, "mean", "rtt_avg_ms");
    define(a, r, "high", "rtt_max_ms");
    define(a, r, "sent", "sent");
    define(a, r, "lost", "lost");
    arg(a, "CDEF:band=high,low,-");
    arg(a, "CDEF:pct=lost,sent,/,100,*");
    arg(a, "CDEF:bad=pct,1,GT,INF,UNKN,IF");
    arg(a, "AREA:bad#f6c9c4: %s > 1 %%", nh_text(lang, "loss"));
    arg(a, "AREA:low#00000000");
    arg(a, "AREA:band#9db8c9: %s:STACK", nh_text(lang, "rtt"));
    arg(a, "LINE2:mean#0b5a7d: %s", nh_text(lang, "latency"));
}

static void
chart_traffic(struct chart_args *a, const struct range *r, enum nh_lang lang)
{
    define(a, r, "rx", "rx_bps");
    define(a, r, "tx", "tx_bps");
    arg(a, "CDEF:down=tx,-1,*");
    arg(a, "AREA:rx#4f9d69: %s rx", nh_text(lang, "traffic"));
    arg(a, "AREA:down#c9803a: %s tx", nh_text(lang, "traffic"));
    arg(a, "HRULE:0#444444");
}

static void
chart_service(struct chart_args *a, const struct range *r, enum nh_lang lang)
{
    define(a, r, "total", "total_ms");
    define(a, r, "up", "up");
    arg(a, "CDEF:bad=up,1,LT,INF,UNKN,IF");
    arg(a, "AREA:bad#f6c9c4: %s", nh_text(lang, "down"));
    arg(a, "LINE2:total#0b5a7d: %s", nh_text(lang, "latency"));
}

static void
chart_host(struct chart_args *a, const struct range *r, enum nh_lang lang)
{
    (void)lang;
    define(a, r, "mem", "mem_used_pct");
    define(a, r, "disk", "disk_used_pct");
    arg(a, "LINE2:mem#0b5a7d: RAM %%");
    arg(a, "LINE2:disk#c9803a: disk %%");
}

/* The charts there are: name, the metric that a kind must have, the vertical unit. */
static const struct chart {
    const char *name, *metric, *unit;
    void (*draw)(struct chart_args *a, const struct range *r, enum nh_lang lang);
} charts[] = {
    { "host", "mem_used_pct", "%", chart_host },
    { "latency", "rtt_avg_ms", "ms", chart_latency },
    { "service", "total_ms", "ms", chart_service },
    { "traffic", "rx_bps", "bit/s", chart_traffic },
};

static const struct chart *
find_chart(const json_t *request, const struct nh_kind *kind)
{
    const char *name = json_string_value(json_object_get(request, "chart"));

    for (size_t i = 0; i < NH_COUNT(charts); i++)
        if (name != NULL && strcmp(charts[i].name, name) == 0 &&
            nh_kind_metric(kind, charts[i].metric) >= 0)
            return &charts[i];
    return NULL;
}

static int64_t
bounded(const json_t *request, const char *key, int64_t def, int64_t low, int64_t high)
{
    int64_t v = json_integer_value(json_object_get(request, key));

    return v == 0 ? def : v < low ? low : v > high ? high : v;
}

/* PNG is not text: base64 (RFC 4648 section 4). */
static json_t *
base64(const uint8_t *p, size_t len)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = malloc(4 * (len / 3 + 1) + 1);
    size_t n = 0;
    json_t *text;

    if (out == NULL)
        return json_null();
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                     (have > 2 ? p[i + 2] : 0);

        out[n++] = letters[v >> 18 & 63];
        out[n++] = letters[v >> 12 & 63];
        out[n++] = have > 1 ? letters[v >> 6 & 63] : '=';
        out[n++] = have > 2 ? letters[v & 63] : '=';
    }
    text = json_stringn(out, n);
    free(out);
    return text;
}

/* librrd labels the axis in the process's zone; the log keeps its own. */
static rrd_info_t *
draw_in_zone(struct chart_args *a, const char *zone)
{
    const char *before = getenv("TZ");
    char *was = before != NULL ? strdup(before) : NULL;
    rrd_info_t *info;

    if (zone != NULL) {
        setenv("TZ", zone, 1);
        tzset();
    }
    info = rrd_graph_v(a->count, a->argv);
    if (was != NULL)
        setenv("TZ", was, 1);
    else if (zone != NULL)
        unsetenv("TZ");
    tzset();
    free(was);
    return info;
}

static json_t *
picture(struct chart_args *a, const char *zone, bool svg, char why[160])
{
    rrd_info_t *info, *row;
    json_t *data = NULL;

    rrd_clear_error();
    info = draw_in_zone(a, zone);
    if (info == NULL) {
        snprintf(why, 160, "%s", rrd_get_error());
        rrd_clear_error();
        return NULL;
    }
    for (row = info; row != NULL; row = row->next)
        if (strcmp(row->key, "image") == 0 && row->type == RD_I_BLO)
            data = svg ? json_stringn(
                             (const char *)row->value.u_blo.ptr, row->value.u_blo.size)
                       : base64(row->value.u_blo.ptr, row->value.u_blo.size);
    rrd_info_free(info);
    if (data == NULL) {
        snprintf(why, 160, "rrd_graph drew nothing");
        return NULL;
    }
    return json_pack(
        "{s:s, s:o}", "type", svg ? "image/svg+xml" : "image/png", "data", data);
}

json_t *
query_graph(struct series *s, const json_t *request, const char **code, char why[160])
{
    const char *format = json_string_value(json_object_get(request, "format"));
    const char *code_of_lang = json_string_value(json_object_get(request, "lang"));
    enum nh_lang lang = nh_lang_of(code_of_lang != NULL ? code_of_lang : "vi");
    bool svg = format == NULL || strcmp(format, "png") != 0;
    struct chart_args a = { .count = 0 };
    const struct chart *chart;
    struct range r;
    json_t *is;

    if (!read_range(s, request, &r, code, why))
        return NULL;
    chart = find_chart(request, r.kind);
    if (chart == NULL) {
        *code = "bad_request";
        snprintf(why, 160, "no such chart of a '%s' check", r.kind->name);
        return NULL;
    }
    arg(&a, "rrdtool");
    arg(&a, "-");
    arg(&a, "--imgformat=%s", svg ? "SVG" : "PNG");
    arg(&a, "--start=%lld", (long long)r.from);
    arg(&a, "--end=%lld", (long long)r.to);
    arg(&a, "--width=%lld", (long long)bounded(request, "width", 640, 100, 2000));
    arg(&a, "--height=%lld", (long long)bounded(request, "height", 200, 50, 1000));
    arg(&a, "--full-size-mode");
    arg(&a, "--disable-rrdtool-tag");
    arg(&a, "--vertical-label=%s", chart->unit);
    arg(&a, "--lower-limit=0");
    arg(&a, "--border=0");
    arg(&a, "--font=DEFAULT:9:DejaVu Sans");
    chart->draw(&a, &r, lang);
    *code = "failed";
    is = picture(&a, json_string_value(json_object_get(request, "timezone")), svg, why);
    for (int i = 0; i < a.count; i++)
        free(a.argv[i]);
    return is;
}
