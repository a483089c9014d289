/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plain.c - /t: the province as plain text, a line a site, trouble first
 */
#include "web/view.h"

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
    for (size_t i = 0; i < json_array_size(sites); i++)
        put_site(&b, json_array_get(sites, i), lang);
    json_decref(sites);
    json_decref(page);
    web_answer_text(r, 200, "text/plain; charset=utf-8", &b);
}

const struct page page_plain = { "/t", false, serve, NULL };
