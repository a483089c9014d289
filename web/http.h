/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.h - HTTP for the pages: routes, answers that may come later, streams
 *
 * GET and HEAD; POST of a small form where the page takes one. A page answers a request
 * once, at once or later; while it waits the connection is suspended. Answers carry an
 * ETag (304 when the client has it), are compressed where the client takes gzip, and have
 * the security headers of the house.
 * Requests that do not come whole within 10 s are cut off.
 *
 * Threads: the loop's only.
 */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include "libnhip/text.h"
#include "web/form.h"

struct event_base;
struct http;
struct request;
struct stream;

/* A page: `path` itself, or with `under` everything below it. */
struct page {
    const char *path;
    bool under;
    void (*serve)(void *arg, struct request *r);
    void (*take)(void *arg, struct request *r); /* a POST; NULL: it takes none */
};

enum http_gzip { HTTP_PLAIN, HTTP_GZIP };

struct http_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080", port 0: any */
    const struct page *const *pages;
    size_t page_count;
    /* Serves every other path, and errors; `arg` goes to every page. */
    void (*refuse)(void *arg, struct request *r, unsigned status);
    void *arg;
};

/* Errors: NH_EINVAL (bad address), NH_EIO (see errno). */
enum nh_err http_new(struct http **out, struct event_base *base,
    const struct http_options *options) NH_MUST_CHECK;
void http_free(struct http *h); /* all requests must have been answered */
unsigned http_port(const struct http *h);

/* What is asked for. Lent for the life of the request. */
const char *request_rest(const struct request *r); /* path below page->path */
const char *request_path(const struct request *r);
const char *request_query(
    const struct request *r, const char *name); /* NULL: not there */
const char *request_header(const struct request *r, const char *name);
const char *request_cookie(const struct request *r, const char *name);
bool request_takes_gzip(const struct request *r);
const struct form *request_form(const struct request *r); /* what was posted */

/* A body that many answers share: bytes, its type, its tag, its compressed form. */
struct body;
/* Takes the bytes of `b`, which is empty afterwards. NULL: out of memory. */
struct body *body_new(const char *type, struct nh_buf *b);
struct body *body_ref(struct body *b);
void body_unref(struct body *b);
size_t body_size(struct body *b, enum http_gzip form);
const char *body_type(const struct body *b);
/* The bytes in *form, which becomes HTTP_PLAIN where there is no other; and their tag. */
void *body_bytes(struct body *b, enum http_gzip *form, size_t *len);
const char *body_tag(const struct body *b, enum http_gzip form);

/* The one answer of a request; takes a reference of `b`. `header` pairs may be NULL. */
void request_answer(struct request *r, unsigned status, struct body *b);
/* A header for the answer to come; before request_answer(). */
void request_add_header(struct request *r, const char *name, const char *value);
/* Let the client keep the answer for some time without asking (assets); else it asks. */
void request_set_max_age(struct request *r, int seconds);
/* Let nobody keep the answer: it is for this client and this moment. */
void request_set_no_store(struct request *r);
/* The answer to a form: look there (303). `location` is a path of ours. */
void request_redirect(struct request *r, const char *location);

/*
 * Answer with a stream of server-sent events. NULL when there are too many: then answer
 * otherwise. `on_end` is called when the client has gone; the stream is dead after it.
 */
struct stream *request_stream(
    struct request *r, void (*on_end)(void *arg, struct stream *s), void *arg);
void stream_send(struct stream *s, const char *text, size_t len);
/* No more will come; the stream is dead after its on_end. */
void stream_end(struct stream *s);

struct http_counts {
    uint64_t requests, not_modified, slow_cut, errors;
    unsigned connections, streams;
};
struct http_counts http_counts(const struct http *h);

/* Does an Accept-Encoding value allow gzip? */
bool accepts_gzip(const char *accept_encoding);
/* Language of a request from its parts, each NULL where missing: ?lang, cookie, header.
 */
enum nh_lang choose_language(const char *query, const char *cookie,
    const char *accept_language, enum nh_lang fallback);

#endif
