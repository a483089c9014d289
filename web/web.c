/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * web.c - the ways in which pages answer
 */
#include "web/web.h"
#include "web/pages/table.h"
#include "web/view.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX_BYTES = 16 * 1024 * 1024 };

#define DECLARE(name) extern const struct page page_##name;
PAGES(DECLARE)
#define LIST(name) &page_##name,
const struct page *const web_pages[] = { PAGES(LIST) };
const size_t web_page_count = NH_COUNT(web_pages);

const char *
web_zone(const struct web *w)
{
    return json_string_value(json_object_get(snapshot_overview(w->snapshot), "timezone"));
}

enum nh_lang
web_language(const struct web *w, struct request *r)
{
    const char *asked = request_query(r, "lang");
    enum nh_lang fallback = nh_lang_of(json_string_value(
                     json_object_get(snapshot_overview(w->snapshot), "language"))),
                 lang = choose_language(asked, request_cookie(r, "lang"),
                     request_header(r, "Accept-Language"), fallback);

    if (asked != NULL)
        request_add_header(r, "Set-Cookie",
            lang == NH_EN ? "lang=en; Path=/; Max-Age=31536000; SameSite=Lax"
                          : "lang=vi; Path=/; Max-Age=31536000; SameSite=Lax");
    return lang;
}

void
web_answer_text(struct request *r, unsigned status, const char *type, struct nh_buf *b)
{
    struct body *body = body_new(type, b);

    nh_buf_fini(b);
    request_answer(r, status, body);
}

void
web_answer_page(struct web *w, struct request *r, unsigned status,
    const char *template_name, enum nh_lang lang, json_t *view)
{
    struct nh_buf b;

    nh_buf_init(&b, PAGE_MAX_BYTES);
    if (view == NULL ||
        template_render(w->templates, template_name, view, lang, &b) != NH_OK)
        b.err = NH_ENOMEM;
    json_decref(view);
    web_answer_text(r, status, "text/html; charset=utf-8", &b);
}

void
web_answer_json(struct request *r, unsigned status, json_t *value)
{
    struct nh_buf b;
    char *text =
        value != NULL ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    nh_buf_init(&b, 64 * 1024 * 1024);
    if (text != NULL) {
        nh_buf_put(&b, text, strlen(text));
        nh_buf_put_u8(&b, '\n');
    } else
        b.err = NH_ENOMEM;
    free(text);
    json_decref(value);
    web_answer_text(r, status, "application/json", &b);
}

unsigned
web_status_of(const char *code)
{
    return strcmp(code, "not_found") == 0     ? 404
           : strcmp(code, "bad_request") == 0 ? 400
           : strcmp(code, "denied") == 0      ? 403
           : strcmp(code, "expired") == 0     ? 410
                                              : 503;
}

void
web_refuse(void *arg, struct request *r, unsigned status)
{
    struct web *w = arg;
    static const struct {
        unsigned status;
        const char *key, *text;
    } rows[] = {
        { 400, "form_refused", "form_refused_text" },
        { 404, "not_found", "not_found_text" },
        { 405, "method_not_allowed", "method_not_allowed_text" },
        { 413, "form_refused", "form_too_long" },
        { 415, "form_refused", "form_refused_text" },
        { 503, "collector_away", "error_text" },
    };
    const char *key = "error_page", *text = "error_text";
    enum nh_lang lang;
    json_t *view;

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        if (rows[i].status == status) {
            key = rows[i].key;
            text = rows[i].text;
        }
    if (strncmp(request_path(r), "/api/", 5) == 0) {
        web_answer_json(r, status, json_pack("{s:s}", "error", nh_text(NH_EN, key)));
        return;
    }
    lang = web_language(w, r);
    view = view_page(w, r, lang, nh_text(lang, key));
    if (view != NULL) {
        json_object_set_new(view, "status", json_integer(status));
        json_object_set_new(view, "heading", json_string(nh_text(lang, key)));
        json_object_set_new(view, "text", json_string(nh_text(lang, text)));
    }
    web_answer_page(w, r, status, "error", lang, view);
}
