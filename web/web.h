/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * web.h - what every page has at hand
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "web/http.h"
#include "web/snapshot.h"
#include "web/template.h"

enum { WEB_PATH_MAX = 4096 };

struct cached { /* a page kept until what it shows has changed, or the minute has */
    struct body *body;
    uint64_t revision;
    int64_t minute;
};

struct web {
    struct event_base *base; /* borrowed */
    struct snapshot *snapshot;
    struct templates *templates;
    struct http *http;
    char assets_dir[WEB_PATH_MAX];
    int64_t started_s;
    char base_url[256]; /* the pages' address as people reach it, without a slash; "" */
    /* The province page by language and view (list, tiles). */
    struct cached home[NH_LANGS][2];
    struct rows *rows; /* owned; NULL until a page asks */
    struct events *events;
    struct assets *assets;
};

extern const struct page *const web_pages[];
extern const size_t web_page_count;

/* The language that the request asks for; with ?lang= it is kept in a cookie. */
enum nh_lang web_language(const struct web *w, struct request *r);
/* The province's zone, NULL for the default. */
const char *web_zone(const struct web *w);
/* Render a template as the answer. Takes `view`. */
void web_answer_page(struct web *w, struct request *r, unsigned status,
    const char *template_name, enum nh_lang lang, json_t *view);
/* Answer with JSON. Takes `value`. */
void web_answer_json(struct request *r, unsigned status, json_t *value);
/* Answer with a buffer, which is taken. */
void web_answer_text(
    struct request *r, unsigned status, const char *type, struct nh_buf *b);
/* An error in the form that the path calls for: a page, or JSON below /api/. */
void web_refuse(void *arg, struct request *r, unsigned status);
/* The status that says the code of a control socket's answer. */
unsigned web_status_of(const char *code);

#endif
