/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port.c - sensor "port": an interface of this host, its state and its counters
 *
 * Two netlink sockets (rtnetlink(7)) serve all ports. One listens to the group of link
 * changes and tells link_down and link_up the moment the kernel does. The other asks for
 * one interface's IFLA_STATS64 at each boundary; the kernel answers within the call.
 *
 * A port is up when it is administratively up and running (carrier, and no dormant
 * protocol). One that was there and is gone (a modem pulled out) is down; one that never
 * was there cannot be measured.
 */
#include "libnhip/clock.h"
#include "libnhip/sensors/port_rates.h"
#include "libnhip/sensors/route.h"
#include "libnhip/sensors/shared.h"
#include <errno.h>
#include <event2/event.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 16384 };

struct port_shared {
    struct nh_sensor_host *host; /* borrowed; its `port` is this */
    int events_fd, ask_fd;
    struct event *changed;
    struct nh_probe *probes; /* listed, not owned */
    uint32_t asked;          /* number of the last question */
};

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct port_shared *shared;
    struct nh_probe *next;
    char interface[IF_NAMESIZE];
    bool seen, up; /* it has been there; its state as last told */
    struct port_counters last;
};

/* One interface as a netlink message tells it. */
struct link {
    char name[IF_NAMESIZE];
    bool present, up;
    struct port_counters counters;
};

static void
read_stats(const void *attr, struct port_counters *c)
{
    struct rtnl_link_stats64 st = { 0 };

    memcpy(&st, attr, offsetof(struct rtnl_link_stats64, multicast));
    c->rx_packets = st.rx_packets;
    c->tx_packets = st.tx_packets;
    c->rx_bytes = st.rx_bytes;
    c->tx_bytes = st.tx_bytes;
    c->rx_errors = st.rx_errors;
    c->tx_errors = st.tx_errors;
    c->rx_drops = st.rx_dropped;
    c->tx_drops = st.tx_dropped;
}

/* Decode RTM_NEWLINK or RTM_DELLINK; false for anything else. */
static bool
read_link(const struct nlmsghdr *h, struct link *out)
{
    const size_t head = NLMSG_LENGTH(sizeof(struct ifinfomsg));
    const struct ifinfomsg *info = nh_nlmsg_data(h);
    const char *attrs = (const char *)h + NLMSG_ALIGN(head);
    const void *found;

    memset(out, 0, sizeof(*out));
    if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
        h->nlmsg_len < head)
        return false;
    found = nh_rtattr_find(attrs, h->nlmsg_len - NLMSG_ALIGN(head), IFLA_IFNAME, 1);
    if (found == NULL)
        return false;
    snprintf(out->name, sizeof(out->name), "%s", (const char *)found);
    out->present = h->nlmsg_type == RTM_NEWLINK;
    out->up = out->present && (info->ifi_flags & IFF_UP) != 0 &&
              (info->ifi_flags & IFF_RUNNING) != 0;
    out->counters.index = info->ifi_index;
    found = nh_rtattr_find(attrs, h->nlmsg_len - NLMSG_ALIGN(head), IFLA_STATS64,
        offsetof(struct rtnl_link_stats64, multicast));
    if (found != NULL) {
        out->counters.mono_us = nh_clock_mono_us();
        read_stats(found, &out->counters);
    }
    return true;
}

/* Ask the kernel about `interface`. ENODEV: there is none; else errno of the failure. */
static int
ask_link(struct port_shared *sh, const char *interface, struct link *out)
{
    struct {
        struct nlmsghdr h;
        struct ifinfomsg info;
        struct rtattr attr;
        char name[IF_NAMESIZE];
    } ask = { 0 };
    alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    ssize_t got;

    ask.h.nlmsg_len = sizeof(ask);
    ask.h.nlmsg_type = RTM_GETLINK;
    ask.h.nlmsg_flags = NLM_F_REQUEST;
    ask.h.nlmsg_seq = ++sh->asked;
    ask.info.ifi_family = AF_UNSPEC;
    ask.attr.rta_type = IFLA_IFNAME;
    ask.attr.rta_len = RTA_LENGTH(sizeof(ask.name));
    snprintf(ask.name, sizeof(ask.name), "%s", interface);
    if (send(sh->ask_fd, &ask, sizeof(ask), 0) < 0)
        return errno;
    do {
        got = recv(sh->ask_fd, answer, sizeof(answer), MSG_DONTWAIT);
        if (got < 0)
            return errno;
        if (!NLMSG_OK(h, (size_t)got))
            return EPROTO;
    } while (h->nlmsg_seq != sh->asked);
    if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(int))) {
        int error;

        memcpy(&error, nh_nlmsg_data(h), sizeof(error));
        return -error;
    }
    return read_link(h, out) ? 0 : EPROTO;
}

/* The link's id is the check's without its last word. */
static void
tell(struct nh_probe *p, bool up)
{
    struct nh_event e = { .uptime_s = -1 };
    char *slash;

    snprintf(e.name, sizeof(e.name), "%s", up ? "link_up" : "link_down");
    snprintf(e.object, sizeof(e.object), "%s", p->ctx->assignment->check);
    slash = strrchr(e.object, '/');
    if (slash != NULL)
        *slash = '\0';
    snprintf(e.text, sizeof(e.text), "%s", p->interface);
    p->ctx->host->on_event(p->ctx->host->event_arg, &e);
}

/* What is now known of the port's state; a change is told. */
static void
note_state(struct nh_probe *p, bool present, bool up)
{
    bool changed = p->seen && p->up != up;

    if (!present && !p->seen)
        return;
    p->seen = true;
    p->up = up;
    if (changed)
        tell(p, up);
}

static void
ask_all(struct port_shared *sh)
{
    for (struct nh_probe *p = sh->probes; p != NULL; p = p->next) {
        struct link link;
        int error = ask_link(sh, p->interface, &link);

        if (error == 0 || error == ENODEV)
            note_state(p, error == 0, error == 0 && link.up);
    }
}

static void
note_message(struct port_shared *sh, const struct nlmsghdr *h)
{
    struct link link;

    if (!read_link(h, &link))
        return;
    for (struct nh_probe *p = sh->probes; p != NULL; p = p->next)
        if (strcmp(p->interface, link.name) == 0)
            note_state(p, link.present, link.up);
}

/* Link changes. When some were lost to a full socket, all ports are asked anew. */
static void
on_port_changed(evutil_socket_t fd, short what, void *arg)
{
    struct port_shared *sh = arg;
    alignas(struct nlmsghdr) char bytes[ANSWER_BYTES];
    ssize_t got;

    (void)what;
    while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
        size_t at = 0, left = (size_t)got;

        while (left >= sizeof(struct nlmsghdr)) {
            const struct nlmsghdr *h = (const struct nlmsghdr *)(bytes + at);
            size_t step;

            if (!NLMSG_OK(h, left))
                break;
            note_message(sh, h);
            step = NLMSG_ALIGN(h->nlmsg_len);
            if (step >= left)
                break;
            at += step;
            left -= step;
        }
    }
    if (got < 0 && errno == ENOBUFS)
        ask_all(sh);
}

static void
port_start(struct nh_probe *p, uint32_t span_ms)
{
    struct nh_reading r = { 0 };
    char why[128];
    struct link link;
    int error = ask_link(p->shared, p->interface, &link);

    (void)span_ms;
    if (error == 0) {
        note_state(p, true, link.up);
        port_rates(p->ctx->kind, &p->last, &link.counters, &r);
        p->last = link.counters;
    } else if (error == ENODEV && p->seen) {
        note_state(p, false, false);
        memset(&p->last, 0, sizeof(p->last));
    } else {
        snprintf(why, sizeof(why), "interface %s%s", p->interface,
            error == ENODEV ? " is missing" : ": the kernel does not answer");
        p->ctx->done(p->ctx->done_arg, NULL, why);
        return;
    }
    nh_reading_put(&r, p->ctx->kind, NH_PORT_OPER, p->up);
    p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static void
leave_shared(struct port_shared *sh)
{
    if (sh->probes != NULL)
        return;
    sh->host->port = NULL;
    if (sh->changed != NULL)
        event_free(sh->changed);
    if (sh->events_fd >= 0)
        close(sh->events_fd);
    if (sh->ask_fd >= 0)
        close(sh->ask_fd);
    free(sh);
}

static struct port_shared *
use_shared(struct nh_sensor_host *host)
{
    struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
    const int type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    struct port_shared *sh = host->port;

    if (sh != NULL)
        return sh;
    sh = calloc(1, sizeof(*sh));
    if (sh == NULL)
        return NULL;
    sh->host = host;
    sh->events_fd = socket(AF_NETLINK, type, NETLINK_ROUTE);
    sh->ask_fd = socket(AF_NETLINK, type, NETLINK_ROUTE);
    if (sh->events_fd >= 0 &&
        bind(sh->events_fd, (const struct sockaddr *)&group, sizeof(group)) == 0)
        sh->changed = event_new(
            host->base, sh->events_fd, EV_READ | EV_PERSIST, on_port_changed, sh);
    if (sh->ask_fd < 0 || sh->changed == NULL || event_add(sh->changed, NULL) != 0) {
        leave_shared(sh);
        return NULL;
    }
    host->port = sh;
    return sh;
}

static void
port_close(struct nh_probe *p)
{
    struct nh_probe **at;

    if (p == NULL)
        return;
    at = &p->shared->probes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    leave_shared(p->shared);
    free(p);
}

static enum nh_err
port_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    struct nh_probe *p;
    char interface[IF_NAMESIZE];
    struct link link = { .up = false };

    *out = NULL;
    if (!nh_param_get(
            ctx->assignment->params, "interface", interface, sizeof(interface)) ||
        *interface == '\0') {
        snprintf(why, 128, "interface: not a name");
        return NH_EINVAL;
    }
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    snprintf(p->interface, sizeof(p->interface), "%s", interface);
    p->shared = use_shared(ctx->host);
    if (p->shared == NULL) {
        snprintf(why, 128, "no netlink socket: %s", strerror(errno));
        free(p);
        return NH_EIO;
    }
    p->next = p->shared->probes;
    p->shared->probes = p;
    if (ask_link(p->shared, p->interface, &link) == 0) { /* what rates start from */
        note_state(p, true, link.up);
        p->last = link.counters;
    }
    *out = p;
    return NH_OK;
}

static const char *const port_kinds[] = { "port", NULL };
static const struct nh_param port_params[] = {
    { "interface", true, "name of an interface of this host" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_port = {
    .name = "port",
    .kinds = port_kinds,
    .params = port_params,
    .instant = true,
    .open = port_open,
    .start = port_start,
    .close = port_close,
};
