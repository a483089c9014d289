/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * graph.c - /graph/CHECK.svg: a chart drawn by the collector, for readers without
 * JavaScript
 */
#include "web/view.h"
#include <stdio.h>
#include <string.h>

static void
on_graph(void *arg, const json_t *result, const char *code)
{
    struct request *r = arg;
    const char *data = json_string_value(json_object_get(result, "data"));
    struct nh_buf b;

    nh_buf_init(&b, 8 * 1024 * 1024);
    if (data == NULL) {
        nh_buf_printf(&b, "%s\n", code);
        web_answer_text(r, web_status_of(code), "text/plain; charset=utf-8", &b);
        return;
    }
    nh_buf_put(&b, data, strlen(data));
    /* what librrd draws is coloured by style attributes */
    request_add_header(r, "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    web_answer_text(r, 200, "image/svg+xml", &b);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    const char *rest = request_rest(r), *chart = request_query(r, "chart");
    size_t len = strlen(rest);
    struct window win = view_window(w, r, "3h");
    char check[256];
    json_t *ask;

    if (len < 5 || len - 4 >= sizeof(check) || strcmp(rest + len - 4, ".svg") != 0) {
        web_refuse(w, r, 404);
        return;
    }
    snprintf(check, sizeof(check), "%.*s", (int)(len - 4), rest);
    ask = json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s, s:i, s:i, s:s}", "do", "graph",
        "check", check, "from", (json_int_t)win.from_s, "to", (json_int_t)win.to_s,
        "chart", chart, "format", "svg", "width", 720, "height", 260, "lang",
        nh_lang_code(web_language(w, r)));
    if (ask == NULL)
        web_refuse(w, r, 404);
    else if (snapshot_ask(w->snapshot, ask, on_graph, r) != NH_OK)
        web_refuse(w, r, 503);
}

const struct page page_graph = { "/graph/", true, serve, NULL };
