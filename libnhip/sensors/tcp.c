/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.c - sensor "tcp": does host:port take a connection, and how fast
 *
 *   IDLE --start--> RESOLVING --> CONNECTING --> IDLE
 *                (names only)
 *
 * Addresses are tried one after the other within the timeout. Names go to the system's
 * name servers by libevent's resolver, which does not block; all tcp probes share it. The
 * connection is closed with a reset, so that no TIME_WAIT is left on either side.
 */
#include "libnhip/address.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/service.h"
#include <errno.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Held by each probe that has a name and by each question under way: a question that was
 * cancelled is answered later, when its probe and even its schedule may be gone. */
struct tcp_resolver {
    struct evdns_base *dns;
    unsigned holders, probes;
};

struct question {
    struct nh_probe *probe; /* NULL: cancelled */
    struct tcp_resolver *resolver;
    struct evdns_getaddrinfo_request *request;
};

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct service_settings set;
    char host[SERVICE_NAME_MAX];
    uint16_t port;
    bool literal;
    struct sockaddr_storage address; /* of a literal */
    socklen_t address_len;
    struct nh_timer *deadline;
    struct question *asking;              /* NULL: no question under way */
    struct evutil_addrinfo *found, *next; /* of a name; `found` owned */
    int fd;
    struct event *writable;
    int64_t start_us, resolved_us, connect_us;
};

static void
stop(struct nh_probe *p)
{
    nh_timer_stop(p->deadline);
    if (p->writable != NULL)
        event_free(p->writable);
    p->writable = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    if (p->found != NULL)
        evutil_freeaddrinfo(p->found);
    p->found = p->next = NULL;
    if (p->asking != NULL) {
        struct question *q = p->asking;

        p->asking = NULL;
        q->probe = NULL; /* freed by on_tcp_resolved, which always comes */
        evdns_getaddrinfo_cancel(q->request);
    }
}

static void
finish(struct nh_probe *p, bool up)
{
    const struct nh_kind *kind = p->ctx->kind;
    struct nh_reading r = { 0 };
    int64_t now_us = nh_clock_mono_us();

    nh_reading_put(&r, kind, NH_SERVICE_UP, up);
    if (p->resolved_us > 0 && !p->literal)
        nh_reading_put(
            &r, kind, NH_SERVICE_DNS, (double)(p->resolved_us - p->start_us) / 1e3);
    if (up) {
        nh_reading_put(
            &r, kind, NH_SERVICE_CONNECT, (double)(now_us - p->connect_us) / 1e3);
        nh_reading_put(&r, kind, NH_SERVICE_TOTAL, (double)(now_us - p->start_us) / 1e3);
    }
    stop(p);
    p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static void
cannot_run(struct nh_probe *p, const char *why)
{
    stop(p);
    p->ctx->done(p->ctx->done_arg, NULL, why);
}

static void connect_next(struct nh_probe *p);

static void
on_tcp_writable(evutil_socket_t fd, short what, void *arg)
{
    struct nh_probe *p = arg;
    const struct linger reset = { .l_onoff = 1 };
    socklen_t len = sizeof(int);
    int error = 0;

    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        connect_next(p);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    finish(p, true);
}

/* Begin to connect to one address; true when its end will be told. */
static bool
begin_connect(struct nh_probe *p, const struct sockaddr *to, socklen_t len, char why[128])
{
    if (p->writable != NULL)
        event_free(p->writable);
    p->writable = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0) {
        if (errno != EAFNOSUPPORT)
            snprintf(why, 128, "no socket: %s", strerror(errno));
        return false;
    }
    if (!service_bind(p->fd, p->set.interface, why))
        return false;
    p->connect_us = nh_clock_mono_us();
    if (connect(p->fd, to, len) != 0 && errno != EINPROGRESS)
        return false;
    p->writable = event_new(p->ctx->base, p->fd, EV_WRITE, on_tcp_writable, p);
    if (p->writable == NULL || event_add(p->writable, NULL) != 0) {
        snprintf(why, 128, "out of memory");
        return false;
    }
    return true;
}

/* Try the addresses that are left; without any, the service is down. */
static void
connect_next(struct nh_probe *p)
{
    char why[128] = "";

    while (p->next != NULL && *why == '\0') {
        struct evutil_addrinfo *a = p->next;

        p->next = a->ai_next;
        if (begin_connect(p, a->ai_addr, (socklen_t)a->ai_addrlen, why))
            return;
    }
    if (*why != '\0')
        cannot_run(p, why);
    else
        finish(p, false);
}

static void
drop(struct tcp_resolver *r)
{
    if (--r->holders > 0)
        return;
    evdns_base_free(r->dns, 0);
    free(r);
}

/* A probe with a name comes to share the host's resolver. */
static bool
use_resolver(struct nh_sensor_host *host)
{
    struct tcp_resolver *r = host->resolver;

    if (r == NULL) {
        r = calloc(1, sizeof(*r));
        if (r == NULL)
            return false;
        r->dns = evdns_base_new(host->base,
            EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        if (r->dns == NULL) {
            free(r);
            return false;
        }
        host->resolver = r;
    }
    r->holders++;
    r->probes++;
    return true;
}

static void
leave_resolver(struct nh_sensor_host *host)
{
    struct tcp_resolver *r = host->resolver;

    if (--r->probes == 0)
        host->resolver = NULL;
    drop(r);
}

static void
on_tcp_resolved(int result, struct evutil_addrinfo *found, void *arg)
{
    struct question *q = arg;
    struct nh_probe *p = q->probe;

    drop(q->resolver);
    free(q);
    if (p == NULL) {
        if (found != NULL)
            evutil_freeaddrinfo(found);
        return;
    }
    p->asking = NULL;
    if (result != 0 || found == NULL) {
        finish(p, false);
        return;
    }
    p->resolved_us = nh_clock_mono_us();
    p->found = p->next = found;
    connect_next(p);
}

static void
on_tcp_deadline(void *arg)
{
    finish(arg, false);
}

static void
resolve(struct nh_probe *p)
{
    const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = IPPROTO_TCP,
        .ai_flags = EVUTIL_AI_ADDRCONFIG };
    struct question *q = calloc(1, sizeof(*q));
    struct evdns_getaddrinfo_request *request;
    char port[8];

    if (q == NULL) {
        cannot_run(p, "out of memory");
        return;
    }
    snprintf(port, sizeof(port), "%u", p->port);
    q->probe = p;
    q->resolver = p->ctx->host->resolver;
    q->resolver->holders++;
    p->asking = q;
    request =
        evdns_getaddrinfo(q->resolver->dns, p->host, port, &hints, on_tcp_resolved, q);
    if (request != NULL) /* else it was answered before it returned, and `q` is gone */
        q->request = request;
}

static void
tcp_start(struct nh_probe *p, uint32_t span_ms)
{
    char why[128] = "";

    p->resolved_us = p->connect_us = 0;
    p->start_us = nh_clock_mono_us();
    nh_timer_after(p->deadline, service_timeout(&p->set, span_ms));
    if (!p->literal) {
        resolve(p);
    } else if (!begin_connect(
                   p, (const struct sockaddr *)&p->address, p->address_len, why)) {
        if (*why != '\0')
            cannot_run(p, why);
        else
            finish(p, false);
    }
}

static void
tcp_close(struct nh_probe *p)
{
    if (p == NULL)
        return;
    stop(p);
    nh_timer_free(p->deadline);
    if (!p->literal)
        leave_resolver(p->ctx->host);
    free(p);
}

static enum nh_err
tcp_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    const char *params = ctx->assignment->params;
    char target[SERVICE_NAME_MAX];
    struct nh_probe *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    p->fd = -1;
    if (!service_settings(&p->set, params, why))
        goto bad;
    if (!nh_param_get(params, "target", target, sizeof(target)) ||
        nh_address_split(target, 0, p->host, sizeof(p->host), &p->port) != NH_OK ||
        p->port == 0) {
        snprintf(why, 128, "target: not HOST:PORT");
        goto bad;
    }
    p->literal = nh_literal_address(p->host, p->port, &p->address, &p->address_len);
    if (!p->literal && !use_resolver(ctx->host)) {
        snprintf(why, 128, "target: no name server is configured here");
        goto bad;
    }
    if (nh_timer_new(&p->deadline, ctx->base, on_tcp_deadline, p) != NH_OK) {
        if (!p->literal)
            leave_resolver(ctx->host);
        free(p);
        return NH_ENOMEM;
    }
    *out = p;
    return NH_OK;
bad:
    free(p);
    return NH_EINVAL;
}

static const char *const tcp_kinds[] = { "service", NULL };
static const struct nh_param tcp_params[] = {
    { "target", true, "HOST:PORT or [IPv6]:PORT" },
    { "interface", false, "connect by this interface" },
    { "timeout_ms", false, "later than this is down [5000]" },
    { "slow_ms", false, "for the judge; not looked at here" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_tcp = {
    .name = "tcp",
    .kinds = tcp_kinds,
    .params = tcp_params,
    .open = tcp_open,
    .start = tcp_start,
    .close = tcp_close,
};
