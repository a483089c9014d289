/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.c - /t: the province as plain text: a line an open incident, a line a site
 */
#include "web/view_incident.h"

enum { INCIDENTS_MAX = 50 };

static const char *
text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static void
put_site(struct nh_buf *b, const json_t *site, enum nh_lang lang)
{
    const json_t *links = json_object_get(site, "links");

    nh_buf_printf(b, "%s: %s", nh_text(lang, text(site, "word")), text(site, "name"));
    if (*text(site, "code") != '\0')
        nh_buf_printf(b, " (%s)", text(site, "code"));
    if (json_is_string(json_object_get(site, "since")))
        nh_buf_printf(b, ", %s %s", nh_text(lang, "since"), text(site, "since"));
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);

        nh_buf_printf(
            b, "; %s: %s", text(link, "name"), nh_text(lang, text(link, "word")));
        if (json_is_string(json_object_get(link, "why")))
            nh_buf_printf(b, " (%s)", text(link, "why"));
    }
    nh_buf_printf(b, "\n");
}

static void
put_incident(struct nh_buf *b, const json_t *in, enum nh_lang lang)
{
    const json_t *ack = json_object_get(in, "ack");

    nh_buf_printf(b, "* %s %s; %s: %s (%s)", text(in, "id"), text(in, "title"),
        nh_text(lang, "cause_side"), text(in, "party"), text(in, "confidence"));
    if (*text(in, "hotline") != '\0')
        nh_buf_printf(b, ", %s", text(in, "hotline"));
    nh_buf_printf(
        b, "; %s %s (%s)", nh_text(lang, "since"), text(in, "since"), text(in, "lasted"));
    if (ack != NULL)
        nh_buf_printf(b, "; %s %s", nh_text(lang, "acknowledged_by"), text(ack, "who"));
    nh_buf_printf(b, "\n");
}

static void
put_incidents(struct nh_buf *b, const json_t *page, enum nh_lang lang)
{
    static const char *const lists[] = { "incidents", "planned_work" };
    json_int_t more = json_integer_value(json_object_get(page, "more"));
    size_t n = 0;

    for (size_t k = 0; k < NH_COUNT(lists); k++) {
        const json_t *list = json_object_get(page, lists[k]);

        for (size_t i = 0; i < json_array_size(list); i++, n++)
            put_incident(b, json_array_get(list, i), lang);
    }
    if (more > 0)
        nh_buf_printf(b, "* %lld %s: /incidents\n", (long long)more,
            nh_text(lang, "incidents_more"));
    if (n == 0 && json_integer_value(json_object_get(page, "looked_at")) > 0)
        nh_buf_printf(b, "! %lld %s\n",
            (long long)json_integer_value(json_object_get(page, "looked_at")),
            nh_text(lang, "being_looked_at"));
    else if (n == 0)
        nh_buf_printf(b, "%s\n", nh_text(lang, "no_incidents"));
    nh_buf_printf(b, "\n");
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    enum nh_lang lang = web_language(w, r);
    json_t *page = view_page(w, r, lang, NULL), *sites = view_sites(w, lang);
    const json_t *notices = json_object_get(page, "notices");
    struct nh_buf b;

    nh_buf_init(&b, 4 * 1024 * 1024);
    nh_buf_printf(&b, "NHIP %s, %s %s\n", text(page, "province"),
        nh_text(lang, "updated_at"), text(page, "updated"));
    for (size_t i = 0; i < json_array_size(notices); i++)
        nh_buf_printf(&b, "! %s\n", text(json_array_get(notices, i), "text"));
    nh_buf_printf(&b, "\n");
    view_add_incidents(page, w, lang, INCIDENTS_MAX, NULL, NULL);
    put_incidents(&b, page, lang);
    for (size_t i = 0; i < json_array_size(sites); i++)
        put_site(&b, json_array_get(sites, i), lang);
    json_decref(sites);
    json_decref(page);
    web_answer_text(r, 200, "text/plain; charset=utf-8", &b);
}

const struct page page_plain = { "/t", false, serve, NULL };
