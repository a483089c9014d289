/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * echo.c - a socket for single echo requests and the errors that they meet (RFC 792, RFC
 * 4443)
 *
 * Unprivileged (net.ipv4.ping_group_range) where allowed, raw with CAP_NET_RAW else. The
 * number of a request is its ICMP sequence number, since a router quotes no more of it
 * than the first eight bytes:
 *
 *    0      1      2      3      4      5      6      7
 *   +------+------+------+------+------+------+------+------+
 *   | type | code |  checksum   |     id      |   number    |
 *   +------+------+------+------+------+------+------+------+
 *   |              cookie of this socket                    |
 *   |  zeros ...                                            |
 */
#include "libnhip/echo.h"
#include "libnhip/octets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { BYTES = 128, CONTROL_BYTES = 512, ERRORS_MAX = 64 };

struct nh_echo {
    int fd;
    bool raw, v6;
    struct nh_echo_target target;
    struct event *readable;
    int id; /* raw: in each request; -1: the kernel's */
    uint8_t cookie[NH_ECHO_COOKIE];
    void (*on_reply)(void *arg, const struct nh_echo_reply *reply);
    void *arg;
};

/* Where a packet goes out from; larger than the stack likes. */
static uint8_t packet[NH_ECHO_HEADER + NH_ECHO_DATA_MAX];

bool
nh_echo_read_answer(const uint8_t *icmp, size_t len, bool v6, int id,
    const uint8_t cookie[NH_ECHO_COOKIE], uint16_t *number)
{
    if (len < NH_ECHO_HEADER + NH_ECHO_COOKIE ||
        icmp[0] != (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHOREPLY) ||
        (id >= 0 && nh_get_be16(icmp + 4) != id) ||
        memcmp(icmp + NH_ECHO_HEADER, cookie, NH_ECHO_COOKIE) != 0)
        return false;
    *number = nh_get_be16(icmp + 6);
    return true;
}

bool
nh_echo_read_quote(const uint8_t *icmp, size_t len, bool v6, int id, uint16_t *number)
{
    if (len < NH_ECHO_HEADER || icmp[0] != (v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO) ||
        (id >= 0 && nh_get_be16(icmp + 4) != id))
        return false;
    *number = nh_get_be16(icmp + 6);
    return true;
}

void
nh_echo_name(const struct sockaddr_storage *from, char out[64])
{
    const void *at = from->ss_family == AF_INET6
                         ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                         : (const void *)&((const struct sockaddr_in *)from)->sin_addr;

    if ((from->ss_family != AF_INET && from->ss_family != AF_INET6) ||
        inet_ntop(from->ss_family, at, out, 64) == NULL)
        out[0] = '\0';
}

static bool
is_target(const struct nh_echo *e, const struct sockaddr_storage *from)
{
    char a[64], b[64];

    nh_echo_name(&e->target.address, a);
    nh_echo_name(from, b);
    return strcmp(a, b) == 0;
}

/* What an entry of the error queue says; false: nothing of the way. */
static bool
read_word(struct sock_extended_err *ee, struct nh_echo_reply *reply)
{
    const struct sockaddr *by = SO_EE_OFFENDER(ee);
    bool v6 = ee->ee_origin == SO_EE_ORIGIN_ICMP6;

    if (ee->ee_origin != SO_EE_ORIGIN_ICMP && !v6)
        return false;
    if (ee->ee_type == (v6 ? ICMPV6_TIME_EXCEED : ICMP_TIME_EXCEEDED)) {
        reply->word = NH_ECHO_EXCEEDED;
    } else if (v6 ? ee->ee_type == ICMPV6_PKT_TOOBIG
                  : ee->ee_type == ICMP_DEST_UNREACH && ee->ee_code == ICMP_FRAG_NEEDED) {
        reply->word = NH_ECHO_TOO_BIG;
        reply->mtu = ee->ee_info;
    } else if (ee->ee_type == (v6 ? ICMPV6_DEST_UNREACH : ICMP_DEST_UNREACH)) {
        reply->word = NH_ECHO_UNREACHABLE;
    } else {
        return false;
    }
    memcpy(&reply->from, by,
        by->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                  : sizeof(struct sockaddr_in));
    return true;
}

static bool
find_word(struct msghdr *msg, struct nh_echo_reply *reply)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        alignas(struct sock_extended_err) uint8_t
            copy[sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)] = { 0 };
        size_t len = c->cmsg_len - CMSG_LEN(0);

        if (!((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
                (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)) ||
            len < sizeof(struct sock_extended_err))
            continue;
        memcpy(copy, CMSG_DATA(c), len < sizeof(copy) ? len : sizeof(copy));
        return read_word((struct sock_extended_err *)(void *)copy, reply);
    }
    return false;
}

/* One queue read dry. */
static void
drain(struct nh_echo *e, int flags)
{
    uint8_t bytes[BYTES];
    alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
    int errors = 0; /* each is told once, by a socket that is well */

    for (;;) {
        struct nh_echo_reply reply = { .word = NH_ECHO_ANSWER };
        struct iovec iov = { bytes, sizeof(bytes) };
        struct sockaddr_storage from = { 0 };
        struct msghdr msg = { .msg_name = &from,
            .msg_namelen = sizeof(from),
            .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = sizeof(control) };
        ssize_t got = recvmsg(e->fd, &msg, flags | MSG_DONTWAIT);
        const uint8_t *icmp = bytes;
        size_t len = got > 0 ? (size_t)got : 0;

        if (got < 0 && errno != EINTR && errno != EAGAIN && (flags & MSG_ERRQUEUE) == 0 &&
            ++errors < ERRORS_MAX)
            continue; /* an error of the way that the other queue has told of */
        if (got < 0)
            return;
        if ((flags & MSG_ERRQUEUE) != 0) {
            if (find_word(&msg, &reply) &&
                nh_echo_read_quote(icmp, len, e->v6, e->id, &reply.number))
                e->on_reply(e->arg, &reply);
            continue;
        }
        if (e->raw && !e->v6) { /* an IPv4 header comes with raw */
            size_t header = len > 0 ? (size_t)(icmp[0] & 15) * 4 : 0;

            if (header < 20 || header > len)
                continue;
            icmp += header;
            len -= header;
        }
        reply.from = from;
        if (nh_echo_read_answer(icmp, len, e->v6, e->id, e->cookie, &reply.number) &&
            is_target(e, &from))
            e->on_reply(e->arg, &reply);
    }
}

static void
on_echo_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    drain(arg, MSG_ERRQUEUE);
    drain(arg, 0);
}

int
nh_echo_send(struct nh_echo *e, uint16_t number, int hops, unsigned data)
{
    int limit = hops > 0 ? hops : -1;

    memset(packet, 0, NH_ECHO_HEADER);
    packet[0] = e->v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO;
    nh_put_be16(packet + 4, (uint16_t)(e->id < 0 ? 0 : e->id));
    nh_put_be16(packet + 6, number);
    memcpy(packet + NH_ECHO_HEADER, e->cookie, NH_ECHO_COOKIE);
    if (!e->v6) /* for ICMPv6 the kernel adds it: it covers addresses */
        nh_put_be16(
            packet + 2, nh_internet_checksum(packet, NH_ECHO_HEADER + NH_ECHO_COOKIE));
    if (setsockopt(e->fd, e->v6 ? SOL_IPV6 : SOL_IP, e->v6 ? IPV6_UNICAST_HOPS : IP_TTL,
            &limit, sizeof(limit)) != 0)
        return errno;
    for (int tries = 0;; tries++) {
        if (sendto(e->fd, packet, NH_ECHO_HEADER + data, MSG_DONTWAIT,
                (const struct sockaddr *)&e->target.address, e->target.address_len) >= 0)
            return 0;
        if (tries > 0 || errno == EMSGSIZE)
            return errno;
        drain(e, MSG_ERRQUEUE); /* it may have been the error of a packet before */
    }
}

static bool
set_options(struct nh_echo *e, char why[128])
{
    const int on = 1, probe = IP_PMTUDISC_PROBE; /* of IPv6 it is the same number */
    const int level = e->v6 ? SOL_IPV6 : SOL_IP;

    if (e->target.interface[0] != '\0' &&
        setsockopt(e->fd, SOL_SOCKET, SO_BINDTODEVICE, e->target.interface,
            (socklen_t)strlen(e->target.interface) + 1) != 0) {
        if (errno == ENODEV)
            snprintf(why, 128, "interface %s is missing", e->target.interface);
        else
            snprintf(why, 128, "cannot bind to interface %s: %s", e->target.interface,
                strerror(errno));
        return false;
    }
    if (setsockopt(e->fd, level, e->v6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on)) !=
            0 ||
        setsockopt(e->fd, level, e->v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &probe,
            sizeof(probe)) != 0 ||
        (e->v6 && setsockopt(e->fd, level, IPV6_DONTFRAG, &on, sizeof(on)) != 0)) {
        snprintf(why, 128, "no error queue on the ICMP socket: %s", strerror(errno));
        return false;
    }
    if (e->raw && !e->v6) {
        struct icmp_filter types = { ~(1u << ICMP_ECHOREPLY) };

        return setsockopt(e->fd, SOL_RAW, ICMP_FILTER, &types, sizeof(types)) == 0;
    }
    return true;
}

static bool
make_socket(struct nh_echo *e, char why[128])
{
    const int protocol = e->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
    const int family = e->target.address.ss_family, flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    uint16_t id;

    e->fd = socket(family, SOCK_DGRAM | flags, protocol);
    if (e->fd < 0) {
        e->fd = socket(family, SOCK_RAW | flags, protocol);
        e->raw = e->fd >= 0;
    }
    if (e->fd < 0 ||
        getrandom(e->cookie, sizeof(e->cookie), 0) != (ssize_t)sizeof(e->cookie) ||
        getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id)) {
        snprintf(why, 128, "no ICMP socket: %s", strerror(errno));
        return false;
    }
    e->id = e->raw ? id : -1;
    return set_options(e, why);
}

enum nh_err
nh_echo_open(struct nh_echo **out, struct event_base *base,
    const struct nh_echo_target *target,
    void (*on_reply)(void *arg, const struct nh_echo_reply *reply), void *arg,
    char why[128])
{
    struct nh_echo *e = calloc(1, sizeof(*e));
    enum nh_err err = NH_EIO;

    *out = NULL;
    snprintf(why, 128, "out of memory");
    if (e == NULL)
        return NH_ENOMEM;
    e->target = *target;
    e->v6 = target->address.ss_family == AF_INET6;
    e->on_reply = on_reply;
    e->arg = arg;
    if (!make_socket(e, why))
        goto out;
    err = NH_ENOMEM;
    e->readable = event_new(base, e->fd, EV_READ | EV_PERSIST, on_echo_readable, e);
    if (e->readable == NULL || event_add(e->readable, NULL) != 0)
        goto out;
    *out = e;
    e = NULL;
    why[0] = '\0';
    err = NH_OK;
out:
    nh_echo_close(e);
    return err;
}

void
nh_echo_close(struct nh_echo *e)
{
    if (e == NULL)
        return;
    if (e->readable != NULL)
        event_free(e->readable);
    if (e->fd >= 0)
        close(e->fd);
    free(e);
}
