/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns.c - sensor "dns": does this name server answer this question, and how fast
 *
 * One question over a socket of its own to the server that is named, once, and the first
 * answer to it counts. A resolver library would be in the way here: it asks again where
 * we want to see the loss, asks questions of its own to find out whether a server is
 * back, and cannot leave by a given interface.
 *
 * An answer that was cut to fit (TC) still shows what is asked here: up is 1 when it has
 * a record of the type asked for, and status is the response code (RFC 1035 section
 * 4.1.1: 0 fine, 2 server failure, 3 no such name).
 */
#include "libnhip/address.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/dns_message.h"
#include "libnhip/sensors/service.h"
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { DNS_PORT = 53 };

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct service_settings set;
    struct sockaddr_storage server;
    socklen_t server_len;
    struct nh_timer *deadline;
    int fd; /* a new one each round: its port is part of what a forger has to guess */
    struct event *readable;
    int64_t start_us;
    uint16_t type;
    size_t query_len;
    char name[SERVICE_NAME_MAX];
    uint8_t query[DNS_MESSAGE_MAX];
};

static void
stop(struct nh_probe *p)
{
    nh_timer_stop(p->deadline);
    if (p->readable != NULL)
        event_free(p->readable);
    p->readable = NULL;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

/* `rcode` -1: there was no answer. */
static void
finish(struct nh_probe *p, bool up, int rcode)
{
    const struct nh_kind *kind = p->ctx->kind;
    struct nh_reading r = { 0 };
    double ms = (double)(nh_clock_mono_us() - p->start_us) / 1e3;

    stop(p);
    nh_reading_put(&r, kind, NH_SERVICE_UP, up);
    if (rcode >= 0) {
        nh_reading_put(&r, kind, NH_SERVICE_TOTAL, ms);
        nh_reading_put(&r, kind, NH_SERVICE_DNS, ms);
        nh_reading_put(&r, kind, NH_SERVICE_STATUS, rcode);
    }
    p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static void
on_dns_readable(evutil_socket_t fd, short what, void *arg)
{
    struct nh_probe *p = arg;
    uint8_t answer[1500];
    ssize_t got;

    (void)what;
    while ((got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT)) >= 0) {
        int rcode;
        enum dns_verdict verdict =
            dns_judge(p->query, p->query_len, answer, (size_t)got, &rcode);

        if (verdict == DNS_NOT_OURS)
            continue;
        finish(p, verdict == DNS_ANSWERED, rcode);
        return;
    }
    if (errno != EAGAIN && errno != EINTR) /* ECONNREFUSED: nobody is there */
        finish(p, false, -1);
}

static void
on_dns_deadline(void *arg)
{
    finish(arg, false, -1);
}

static void
dns_start(struct nh_probe *p, uint32_t span_ms)
{
    char why[128] = "no socket";
    uint16_t id;

    p->fd = socket(p->server.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || !service_bind(p->fd, p->set.interface, why) ||
        getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
        goto cannot;
    p->query_len = dns_query(p->query, p->name, p->type, id);
    p->readable =
        event_new(p->ctx->base, p->fd, EV_READ | EV_PERSIST, on_dns_readable, p);
    if (p->readable == NULL || event_add(p->readable, NULL) != 0)
        goto cannot;
    nh_timer_after(p->deadline, service_timeout(&p->set, span_ms));
    p->start_us = nh_clock_mono_us();
    if (connect(p->fd, (const struct sockaddr *)&p->server, p->server_len) != 0 ||
        send(p->fd, p->query, p->query_len, 0) < 0)
        finish(p, false, -1); /* no way there */
    return;
cannot:
    stop(p);
    p->ctx->done(p->ctx->done_arg, NULL, why);
}

static void
dns_close(struct nh_probe *p)
{
    if (p == NULL)
        return;
    stop(p);
    nh_timer_free(p->deadline);
    free(p);
}

static bool
read_params(struct nh_probe *p, const char *params, char why[128])
{
    char server[SERVICE_NAME_MAX], host[SERVICE_NAME_MAX], type[8] = "A";
    uint16_t port;

    if (!service_settings(&p->set, params, why))
        return false;
    if (!nh_param_get(params, "server", server, sizeof(server)) ||
        nh_address_split(server, DNS_PORT, host, sizeof(host), &port) != NH_OK ||
        port == 0 || !nh_literal_address(host, port, &p->server, &p->server_len)) {
        snprintf(why, 128, "server: not an address of a name server");
        return false;
    }
    if (!nh_param_get(params, "query", p->name, sizeof(p->name)) ||
        dns_query(p->query, p->name, DNS_A, 0) == 0) {
        snprintf(why, 128, "query: not a domain name");
        return false;
    }
    if (strstr(params, "type=") != NULL &&
        !nh_param_get(params, "type", type, sizeof(type)))
        type[0] = '\0';
    p->type = strcmp(type, "AAAA") == 0 ? DNS_AAAA : DNS_A;
    if (p->type == DNS_A && strcmp(type, "A") != 0) {
        snprintf(why, 128, "type: A or AAAA");
        return false;
    }
    return true;
}

static enum nh_err
dns_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    struct nh_probe *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    p->fd = -1;
    if (!read_params(p, ctx->assignment->params, why)) {
        free(p);
        return NH_EINVAL;
    }
    if (nh_timer_new(&p->deadline, ctx->base, on_dns_deadline, p) != NH_OK) {
        free(p);
        return NH_ENOMEM;
    }
    *out = p;
    return NH_OK;
}

static const char *const dns_kinds[] = { "service", NULL };
static const struct nh_param dns_params[] = {
    { "server", true, "address of a name server, with :PORT when it is not 53" },
    { "query", true, "domain name to ask for" },
    { "type", false, "A or AAAA [A]" },
    { "interface", false, "ask by this interface" },
    { "timeout_ms", false, "later than this is down [5000]" },
    { "slow_ms", false, "for the judge; not looked at here" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_dns = {
    .name = "dns",
    .kinds = dns_kinds,
    .params = dns_params,
    .open = dns_open,
    .start = dns_start,
    .close = dns_close,
};
