/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * feed.c - /feed.atom: incidents of the last week as an Atom feed (RFC 4287)
 *
 * An entry is an incident, its id the address of its page; `updated` moves with every
 * revision, so that readers show a correction in the place of what they showed before.
 */
#include "libnhip/clock.h"
#include "web/view_incident.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BACK_S = 7 * 24 * 3600, FEED_MAX_BYTES = 4 * 1024 * 1024 };

struct visit {
    struct web *w;
    struct request *r;
    enum nh_lang lang;
    char base[300];
};

static const char *
text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

/* Text of XML: what it does not allow (control characters) is left out. */
static void
put_text(struct nh_buf *b, const char *s)
{
    for (; *s != '\0'; s++)
        if ((uint8_t)*s >= ' ')
            html_escape(s, 1, b);
}

static void
put_element(struct nh_buf *b, const char *name, const char *text)
{
    nh_buf_printf(b, "<%s>", name);
    put_text(b, text);
    nh_buf_printf(b, "</%s>\n", name);
}

static void
put_time(struct nh_buf *b, const char *name, double at)
{
    time_t t = (time_t)at;
    char text[32] = "1970-01-01T00:00:00Z";
    struct tm tm;

    if (gmtime_r(&t, &tm) != NULL)
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    put_element(b, name, text);
}

static double
updated(const json_t *incident)
{
    return json_number_value(json_object_get(incident, "changed"));
}

/* "VNPT Cao Bằng (likely). Since 14:05. Restored ..." and the reasons, a line each. */
static void
put_summary(struct nh_buf *b, const struct visit *v, const json_t *incident)
{
    json_t *in = view_incident(v->w, incident, v->lang);
    const json_t *reasons = json_object_get(incident, "reasons");

    nh_buf_printf(b, "<summary>");
    put_text(b, nh_text(v->lang, "cause_side"));
    nh_buf_printf(b, ": ");
    put_text(b, text_of(in, "party"));
    nh_buf_printf(b, " (");
    put_text(b, text_of(in, "confidence"));
    nh_buf_printf(b, "). ");
    put_text(b, nh_text(v->lang, "incident_since"));
    nh_buf_printf(b, " ");
    put_text(b, text_of(in, "since"));
    if (json_is_string(json_object_get(in, "until"))) {
        nh_buf_printf(b, ". ");
        put_text(b, nh_text(v->lang, "ended"));
        nh_buf_printf(b, " ");
        put_text(b, text_of(in, "until"));
    }
    nh_buf_printf(b, ".");
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const char *s = json_string_value(json_array_get(reasons, i));

        nh_buf_printf(b, "\n- ");
        put_text(b, s != NULL ? s : "");
    }
    nh_buf_printf(b, "</summary>\n");
    json_decref(in);
}

static void
put_entry(struct nh_buf *b, const struct visit *v, const json_t *incident)
{
    struct nh_buf title;

    nh_buf_init(&title, 4096);
    nh_buf_printf(&title, "%s: %s", text_of(incident, "incident"),
        text_of(incident, v->lang == NH_EN ? "title_en" : "title_vi"));
    nh_buf_put_u8(&title, 0);
    nh_buf_printf(b, "<entry>\n<id>");
    put_text(b, v->base);
    nh_buf_printf(b, "/incident/");
    put_text(b, text_of(incident, "incident"));
    nh_buf_printf(b, "</id>\n<link href=\"");
    put_text(b, v->base);
    nh_buf_printf(b, "/incident/");
    put_text(b, text_of(incident, "incident"));
    nh_buf_printf(b, "\"/>\n");
    put_element(b, "title",
        nh_buf_err(&title) == NH_OK ? (const char *)title.data
                                    : text_of(incident, "incident"));
    put_time(b, "published", json_number_value(json_object_get(incident, "opened")));
    put_time(b, "updated", updated(incident));
    put_summary(b, v, incident);
    nh_buf_printf(b, "</entry>\n");
    nh_buf_fini(&title);
}

static void
put_feed(struct nh_buf *b, const struct visit *v, const json_t *all)
{
    const json_t *overview = snapshot_overview(v->w->snapshot);
    double newest = json_number_value(json_object_get(overview, "started"));
    size_t count;
    const json_t **sorted = incidents_newest_first(all, &count);
    char title[300];

    if (count > 0)
        newest = updated(sorted[0]);
    snprintf(title, sizeof(title), "Nhịp %.200s: %s", text_of(overview, "name"),
        nh_text(v->lang, "incident_plural"));
    nh_buf_printf(b,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"%s\">\n<id>",
        nh_lang_code(v->lang));
    put_text(b, v->base);
    nh_buf_printf(b, "/feed.atom</id>\n<link rel=\"self\" href=\"");
    put_text(b, v->base);
    nh_buf_printf(b, "/feed.atom\"/>\n<link href=\"");
    put_text(b, v->base);
    nh_buf_printf(b, "/incidents\"/>\n");
    put_element(b, "title", title);
    put_time(b, "updated", newest);
    nh_buf_printf(b, "<author><name>");
    put_text(b, text_of(overview, "name"));
    nh_buf_printf(b, "</name></author>\n");
    for (size_t i = 0; i < count; i++)
        put_entry(b, v, sorted[i]);
    free(sorted);
    nh_buf_printf(b, "</feed>\n");
}

static void
on_list(void *arg, const json_t *result, const char *code)
{
    struct visit *v = arg;
    struct nh_buf b;

    if (result == NULL) {
        web_refuse(v->w, v->r, web_status_of(code));
    } else {
        nh_buf_init(&b, FEED_MAX_BYTES);
        put_feed(&b, v, json_object_get(result, "incidents"));
        web_answer_text(v->r, 200, "application/atom+xml; charset=utf-8", &b);
    }
    free(v);
}

/* The address as people reach us: of the configuration, else by what the client asked. */
static void
find_base(struct visit *v)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-:[]";
    const char *host = request_header(v->r, "Host");

    if (v->w->base_url[0] != '\0')
        snprintf(v->base, sizeof(v->base), "%s", v->w->base_url);
    else if (host != NULL && strspn(host, letters) == strlen(host))
        snprintf(v->base, sizeof(v->base), "http://%.250s", host);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    enum nh_lang lang = web_language(w, r);
    struct visit *v = calloc(1, sizeof(*v));

    if (v == NULL) {
        web_refuse(w, r, 503);
        return;
    }
    *v = (struct visit){ .w = w, .r = r, .lang = lang };
    find_base(v);
    if (snapshot_ask(w->snapshot,
            json_pack("{s:s, s:I, s:s}", "do", "incidents", "from",
                (json_int_t)(nh_clock_wall_ms() / 1000 - BACK_S), "lang",
                nh_lang_code(lang)),
            on_list, v) != NH_OK) {
        web_refuse(w, r, 503);
        free(v);
    }
}

const struct page page_feed = { "/feed.atom", false, serve, NULL };
