/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.c - libmicrohttpd in external epoll mode inside the loop
 *
 * The daemon's one epoll descriptor and its timeout are two events; whenever either
 * fires, MHD_run() does what there is to do. A request passes in two phases: the first
 * call only notes it (answering there would close the connection), the second calls the
 * page. A page that waits leaves the request without an answer: the connection is
 * suspended, and resumed by request_answer(), after which MHD calls once more.
 *
 * libmicrohttpd's timeout knows inactivity only, so the guard shuts down connections that
 * owe us a whole request for too long.
 */
#include "web/http.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "web/listen.h"
#include <errno.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 2000,
    CONNECTIONS_PER_ADDRESS_MAX = 512, /* a whole commune, or a proxy, is one address */
    STREAMS_MAX = 1000,
    STREAM_QUEUE_MAX = 64 * 1024,
    CONNECTION_MEMORY = 16 * 1024,
    IDLE_S = 30,
    FIRST_REQUEST_MS = 10000, /* for a whole request from the connection's begin */
    NEXT_REQUEST_MS = 40000,  /* from the end of the one before: idling, then 10 s */
    GUARD_EVERY_MS = 1000,
    HEADERS_MAX = 8,
};

struct connection { /* of a client, from accept to close */
    struct connection *next, *prev;
    int fd;
    bool asking; /* a whole request is being answered */
    bool served; /* it had one before */
    int64_t since_ms;
};
struct stream {
    struct request *request;
    struct MHD_Connection *connection;
    struct http *http;
    struct nh_buf queue;
    bool suspended, ended;
    void (*on_end)(void *arg, struct stream *s);
    void *arg;
};
struct request {
    struct http *http;
    struct MHD_Connection *connection;
    const struct page *page;
    const char *path, *rest;
    char *path_copy;
    struct nh_buf body; /* of a POST, until it is a form */
    struct form *form;
    struct MHD_Response *response; /* the answer, when it is there */
    unsigned status;
    int max_age_s;
    bool posted, no_store, served, suspended;
    unsigned header_count;
    char *header[HEADERS_MAX][2];
};
struct http {
    struct event_base *base; /* borrowed */
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct event *readable;
    struct nh_timer *timeout, *guard;
    struct connection *connections;
    struct http_counts counts;
    unsigned port;
    bool running; /* inside MHD_run() */
};

static void
run(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    if (h->running)
        return; /* a page answered from within: the run goes on anyway */
    h->running = true;
    MHD_run(h->daemon);
    h->running = false;
    if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
        nh_timer_after(h->timeout, (int64_t)ms);
    else
        nh_timer_stop(h->timeout);
}

static void
run_soon(struct http *h)
{
    if (!h->running)
        nh_timer_after(h->timeout, 0);
}

static void
on_daemon_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    run(arg);
}

static void
on_daemon_timeout(void *arg)
{
    run(arg);
}

static void
on_guard(void *arg)
{
    struct http *h = arg;
    int64_t now_ms = nh_clock_mono_ms();

    for (struct connection *c = h->connections; c != NULL; c = c->next) {
        int64_t limit_ms = c->served ? NEXT_REQUEST_MS : FIRST_REQUEST_MS;

        if (c->asking || now_ms - c->since_ms < limit_ms)
            continue;
        shutdown(c->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes it */
        c->asking = true;
        h->counts.slow_cut++;
    }
    nh_timer_after(h->guard, GUARD_EVERY_MS);
}

static void
on_connection(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
    struct http *h = arg;
    struct connection *c = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        c = calloc(1, sizeof(*c));
        if (c == NULL)
            return;
        c->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                    ->connect_fd;
        c->since_ms = nh_clock_mono_ms();
        c->next = h->connections;
        if (c->next != NULL)
            c->next->prev = c;
        h->connections = c;
        h->counts.connections++;
        *context = c;
        return;
    }
    if (c == NULL)
        return;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        h->connections = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    h->counts.connections--;
    free(c);
    *context = NULL;
}

static struct connection *
connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void
on_request_end(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode code)
{
    struct request *r = *context;
    struct connection *c = connection_of(connection);

    (void)arg;
    (void)code;
    if (c != NULL) {
        c->asking = false;
        c->served = true;
        c->since_ms = nh_clock_mono_ms();
    }
    if (r == NULL)
        return;
    if (r->response != NULL)
        MHD_destroy_response(r->response);
    for (unsigned i = 0; i < r->header_count; i++) {
        free(r->header[i][0]);
        free(r->header[i][1]);
    }
    form_free(r->form);
    nh_buf_fini(&r->body);
    free(r->path_copy);
    free(r);
    *context = NULL;
}

/* The page for the path: the longest that fits. */
static void
route(const struct http *h, struct request *r)
{
    const struct page *best = NULL;
    size_t best_len = 0;

    for (size_t i = 0; i < h->options.page_count; i++) {
        const struct page *p = h->options.pages[i];
        size_t len = strlen(p->path);
        bool fits = p->under ? strncmp(r->path, p->path, len) == 0
                             : strcmp(r->path, p->path) == 0;

        if (fits && len >= best_len) {
            best = p;
            best_len = len;
        }
    }
    r->rest = r->path + best_len;
    r->page = best;
}

static struct request *
begin_request(struct http *h, struct MHD_Connection *connection, const char *path)
{
    struct request *r = calloc(1, sizeof(*r));

    if (r == NULL || (r->path_copy = strdup(path)) == NULL) {
        free(r);
        return NULL;
    }
    r->http = h;
    r->connection = connection;
    r->path = r->path_copy;
    nh_buf_init(&r->body, FORM_BYTES_MAX);
    route(h, r);
    h->counts.requests++;
    return r;
}

static enum MHD_Result
queue_answer(struct request *r)
{
    enum MHD_Result queued = MHD_queue_response(r->connection, r->status, r->response);

    MHD_destroy_response(r->response);
    r->response = NULL;
    return queued;
}

/* May the request go on to its body? 0, or the status that refuses it before. */
static unsigned
status_of_begin(const struct request *r, const char *method)
{
    static const char type[] = "application/x-www-form-urlencoded";
    const char *length = request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH),
               *is = request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE);

    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
        strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        return 0;
    if (!r->posted)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (length != NULL && strtoull(length, NULL, 10) > FORM_BYTES_MAX)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    if (is == NULL || strncasecmp(is, type, sizeof(type) - 1) != 0)
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    return 0;
}

/* The page's answer, or the refusal of what it would not understand. */
static void
serve(struct http *h, struct request *r)
{
    unsigned status = r->page == NULL ? MHD_HTTP_NOT_FOUND : 0;

    if (status == 0 && r->posted)
        switch (nh_buf_err(&r->body) != NH_OK
                    ? NH_ETOOBIG
                    : form_read(&r->form, r->body.data, r->body.len)) {
        case NH_OK:
            break;
        case NH_ETOOBIG:
            status = MHD_HTTP_CONTENT_TOO_LARGE;
            break;
        default:
            status = MHD_HTTP_BAD_REQUEST;
        }
    if (status != 0)
        h->options.refuse(h->options.arg, r, status);
    else
        (r->posted ? r->page->take : r->page->serve)(h->options.arg, r);
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *upload, size_t *upload_size,
    void **context)
{
    struct http *h = arg;
    struct request *r = *context;
    struct connection *c;
    unsigned status;

    (void)version;
    if (r == NULL) {
        r = *context = begin_request(h, connection, path);
        if (r == NULL)
            return MHD_NO;
        r->posted = strcmp(method, MHD_HTTP_METHOD_POST) == 0 && r->page != NULL &&
                    r->page->take != NULL;
        status = status_of_begin(r, method);
        if (status == 0)
            return MHD_YES;
        r->served = true; /* refused before its body is read: the connection closes */
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
            request_add_header(r, "Allow",
                r->page != NULL && r->page->take != NULL ? "GET, HEAD, POST"
                                                         : "GET, HEAD");
        h->options.refuse(h->options.arg, r, status);
        return r->response != NULL ? queue_answer(r) : MHD_NO;
    }
    if (*upload_size > 0) {
        if (r->posted)
            nh_buf_put(&r->body, upload, *upload_size); /* over its bound it has failed */
        *upload_size = 0;
        return MHD_YES;
    }
    if ((c = connection_of(connection)) != NULL)
        c->asking = true;
    if (!r->served) {
        r->served = true;
        serve(h, r);
    }
    if (r->response != NULL)
        return queue_answer(r);
    r->suspended = true;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void on_mhd_log(void *arg, const char *fmt, va_list ap) NH_PRINTF(2, 0);
static void
on_mhd_log(void *arg, const char *fmt, va_list ap)
{
    char line[256];

    (void)arg;
    vsnprintf(line, sizeof(line), fmt, ap);
    line[strcspn(line, "\n")] = '\0';
    nh_log_limited(NH_LOG_DEBUG, "http: %s", line);
}

static enum nh_err
start_daemon(struct http *h, int fd)
{
    const union MHD_DaemonInfo *info;

    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, h, MHD_OPTION_NOTIFY_COMPLETED, on_request_end, h, MHD_OPTION_END);
    if (h->daemon == NULL) {
        close(fd);
        return NH_EIO;
    }
    info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    h->readable =
        event_new(h->base, info->epoll_fd, EV_READ | EV_PERSIST, on_daemon_readable, h);
    if (h->readable == NULL || event_add(h->readable, NULL) != 0)
        return NH_ENOMEM;
    return NH_OK;
}

enum nh_err
http_new(struct http **out, struct event_base *base, const struct http_options *options)
{
    struct http *h = calloc(1, sizeof(*h));
    enum nh_err err = NH_ENOMEM;
    int fd = -1;

    *out = NULL;
    if (h == NULL)
        return NH_ENOMEM;
    h->base = base;
    h->options = *options;
    if (nh_timer_new(&h->timeout, base, on_daemon_timeout, h) != NH_OK ||
        nh_timer_new(&h->guard, base, on_guard, h) != NH_OK)
        goto out;
    err = listen_open(options->listen, &fd);
    if (err != NH_OK)
        goto out;
    h->port = listen_port(fd);
    err = start_daemon(h, fd);
    if (err != NH_OK)
        goto out;
    nh_timer_after(h->guard, GUARD_EVERY_MS);
    *out = h;
    h = NULL;
out:
    http_free(h);
    return err;
}

void
http_free(struct http *h)
{
    int saved = errno;

    if (h == NULL)
        return;
    if (h->readable != NULL)
        event_free(h->readable);
    if (h->daemon != NULL)
        MHD_stop_daemon(h->daemon);
    nh_timer_free(h->guard);
    nh_timer_free(h->timeout);
    free(h);
    errno = saved;
}

unsigned
http_port(const struct http *h)
{
    return h->port;
}

struct http_counts
http_counts(const struct http *h)
{
    return h->counts;
}

const char *
request_rest(const struct request *r)
{
    return r->rest;
}

const char *
request_path(const struct request *r)
{
    return r->path;
}

const char *
request_query(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *
request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *
request_cookie(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
}

bool
request_takes_gzip(const struct request *r)
{
    return accepts_gzip(request_header(r, "Accept-Encoding"));
}

const struct form *
request_form(const struct request *r)
{
    return r->form;
}

void
request_add_header(struct request *r, const char *name, const char *value)
{
    char *n, *v;

    if (r->header_count == HEADERS_MAX)
        return;
    n = strdup(name);
    v = strdup(value);
    if (n == NULL || v == NULL) {
        free(n);
        free(v);
        return;
    }
    r->header[r->header_count][0] = n;
    r->header[r->header_count++][1] = v;
}

void
request_set_max_age(struct request *r, int seconds)
{
    r->max_age_s = seconds;
}

void
request_set_no_store(struct request *r)
{
    r->no_store = true;
}

/* An answer's own header stands in the place of the house's. */
static bool
has_header(const struct request *r, const char *name)
{
    for (unsigned i = 0; i < r->header_count; i++)
        if (strcmp(r->header[i][0], name) == 0)
            return true;
    return false;
}

static void
add_house_headers(const struct request *r, struct MHD_Response *to)
{
    static const char *const fixed[][2] = {
        { "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "same-origin" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
    };

    for (size_t i = 0; i < NH_COUNT(fixed); i++)
        if (!has_header(r, fixed[i][0]))
            MHD_add_response_header(to, fixed[i][0], fixed[i][1]);
    for (unsigned i = 0; i < r->header_count; i++)
        MHD_add_response_header(to, r->header[i][0], r->header[i][1]);
}

/* Give the request its answer; when it waits, wake it. */
static void
give(struct request *r, unsigned status, struct MHD_Response *response)
{
    if (response == NULL || r->response != NULL) {
        if (response != NULL)
            MHD_destroy_response(response);
        return;
    }
    r->response = response;
    r->status = status;
    r->http->counts.errors += status >= 500;
    r->http->counts.not_modified += status == MHD_HTTP_NOT_MODIFIED;
    if (r->suspended) {
        r->suspended = false;
        MHD_resume_connection(r->connection);
        run_soon(r->http);
    }
}

static void
on_body_sent(void *arg)
{
    body_unref(arg);
}

static bool
client_has(const struct request *r, const char *tag)
{
    const char *have = r->no_store ? NULL : request_header(r, "If-None-Match");

    return have != NULL && (strcmp(have, "*") == 0 || strstr(have, tag) != NULL);
}

void
request_answer(struct request *r, unsigned status, struct body *b)
{
    enum http_gzip form = request_takes_gzip(r) ? HTTP_GZIP : HTTP_PLAIN;
    struct MHD_Response *response;
    char cache[64] = "no-cache";
    const char *tag;
    void *bytes;
    size_t len;
    bool keep;

    if (b == NULL) { /* no memory for the answer: the least that can be said */
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        give(r, MHD_HTTP_INTERNAL_SERVER_ERROR, response);
        return;
    }
    bytes = body_bytes(b, &form, &len);
    tag = body_tag(b, form);
    if (status == MHD_HTTP_OK && client_has(r, tag)) {
        status = MHD_HTTP_NOT_MODIFIED;
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            len, bytes, on_body_sent, body_ref(b));
        if (response == NULL)
            body_unref(b);
    }
    if (response != NULL) {
        if (r->max_age_s > 0)
            snprintf(cache, sizeof(cache), "public, max-age=%d", r->max_age_s);
        add_house_headers(r, response);
        keep = !r->no_store && (status == MHD_HTTP_OK || status == MHD_HTTP_NOT_MODIFIED);
        MHD_add_response_header(response, "Cache-Control", keep ? cache : "no-store");
        MHD_add_response_header(
            response, "Vary", "Accept-Encoding, Accept-Language, Cookie");
        if (keep)
            MHD_add_response_header(response, "ETag", tag);
        if (status != MHD_HTTP_NOT_MODIFIED) {
            MHD_add_response_header(response, "Content-Type", body_type(b));
            if (form == HTTP_GZIP)
                MHD_add_response_header(response, "Content-Encoding", "gzip");
        }
    }
    give(r, status, response);
    body_unref(b);
}

void
request_redirect(struct request *r, const char *location)
{
    struct nh_buf b;

    nh_buf_init(&b, 1024);
    nh_buf_printf(&b, "%s\n", location);
    request_add_header(r, MHD_HTTP_HEADER_LOCATION, location);
    request_answer(r, MHD_HTTP_SEE_OTHER, body_new("text/plain; charset=utf-8", &b));
    nh_buf_fini(&b);
}

static ssize_t
on_stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
    struct stream *s = arg;
    size_t n = s->queue.len < max ? s->queue.len : max;

    (void)pos;
    if (n > 0) {
        memcpy(buf, s->queue.data, n);
        memmove(s->queue.data, s->queue.data + n, s->queue.len - n);
        s->queue.len -= n;
        return (ssize_t)n;
    }
    if (s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    s->suspended = true;
    MHD_suspend_connection(s->connection);
    return 0;
}

static void
on_stream_free(void *arg)
{
    struct stream *s = arg;

    s->http->counts.streams--;
    s->on_end(s->arg, s);
    nh_buf_fini(&s->queue);
    free(s);
}

struct stream *
request_stream(struct request *r, void (*on_end)(void *arg, struct stream *s), void *arg)
{
    struct stream *s;
    struct MHD_Response *response;

    if (r->http->counts.streams >= STREAMS_MAX)
        return NULL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    *s = (struct stream){ .request = r,
        .connection = r->connection,
        .http = r->http,
        .on_end = on_end,
        .arg = arg };
    nh_buf_init(&s->queue, STREAM_QUEUE_MAX);
    response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 2048, on_stream_read, s, on_stream_free);
    if (response == NULL) {
        free(s);
        return NULL;
    }
    r->http->counts.streams++;
    add_house_headers(r, response);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    give(r, MHD_HTTP_OK, response);
    return s;
}

static void
stream_wake(struct stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->connection);
    run_soon(s->http);
}

void
stream_send(struct stream *s, const char *text, size_t len)
{
    nh_buf_put(&s->queue, text, len);
    if (s->queue.err != NH_OK)
        s->ended = true; /* does not read: it comes back and starts afresh */
    stream_wake(s);
}

void
stream_end(struct stream *s)
{
    s->ended = true;
    stream_wake(s);
}
