/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_socket.c - ICMP sockets: unprivileged where allowed, raw else, and their clocks
 *
 * A datagram ICMP socket (net.ipv4.ping_group_range) delivers only its own answers, fills
 * in id and checksum, and needs no privilege. Where it is not permitted a raw socket with
 * CAP_NET_RAW does the same work, and filters in the kernel: by ICMP type, and by id with
 * a BPF program, so that other people's pings do not wake us.
 *
 * The payload (RFC 792, RFC 4443; both formats are the same from here on):
 *
 *    0      1      2      3      4      5      6      7
 *   +------+------+------+------+------+------+------+------+
 *   | type | code |  checksum   |     id      |  sequence   |
 *   +------+------+------+------+------+------+------+------+
 *   |              secret of this socket                    |
 *   |           probe           |    round    |   packet    |
 *   |  zeros up to the size asked for ...                   |
 *
 * Times are the kernel's (SO_TIMESTAMPING, software): a loop that is late does not make
 * a line look slow, and answers can wait for the next wake-up that has another reason.
 * Departures come on the error queue, numbered by OPT_ID in order of sending; that number
 * is kept in step by starting it anew after any failed send.
 *
 * The kernel begins to date packets a moment after it was first asked, and dates what
 * came before by when it is read (sock.h): so a young socket is read at once.
 */
#include "libnhip/sensors/icmp_socket.h"
#include "libnhip/clock.h"
#include "libnhip/octets.h"
#include <errno.h>
#include <event2/event.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    BATCH = 16,
    LEFT_RING = 128, /* requests whose departure may still be told; a power of two */
    ICMP_HEADER = 8,
    RX_BYTES = 60 + ICMP_HEADER + ICMP_COOKIE_LEN, /* an IPv4 header comes with raw */
    CONTROL_BYTES = 256,
    YOUNG_MS = 1000,
    RCVBUF_BYTES = 1 << 20,
    TIMESTAMPS = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
                 SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY,
};

struct request {
    uint8_t bytes[ICMP_HEADER + ICMP_COOKIE_LEN];
    struct icmp_id id;
    struct iovec iov[2];
};

struct left {
    uint32_t number;
    struct icmp_id id;
};

struct icmp_socket {
    int fd, family;
    bool raw, stamped;
    bool eager; /* `readable` is waited for */
    int64_t opened_ms;
    unsigned ifindex; /* 0: not bound */
    char interface[IF_NAMESIZE];
    uint16_t raw_id;
    uint64_t secret;
    struct event *readable;
    struct icmp_socket_events events;
    uint32_t next_number;
    struct left left[LEFT_RING];
    unsigned batched;
    struct request requests[BATCH];
    struct mmsghdr out[BATCH];
};

/* What follows the cookie in larger packets; never written. */
static uint8_t zeros[ICMP_SIZE_MAX];

static void
write_request(const struct icmp_socket *s, uint8_t *p, struct icmp_id id)
{
    memset(p, 0, ICMP_HEADER);
    p[0] = s->family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO_REQUEST;
    nh_put_be16(p + 4, s->raw_id);
    nh_put_be16(p + 6, id.seq);
    memcpy(p + 8, &s->secret, 8);
    memcpy(p + 16, &id.probe, 4);
    memcpy(p + 20, &id.round, 2);
    memcpy(p + 22, &id.seq, 2);
    if (s->family == AF_INET) /* for ICMPv6 the kernel adds it: it covers addresses */
        nh_put_be16(p + 2, nh_internet_checksum(p, ICMP_HEADER + ICMP_COOKIE_LEN));
}

/* The id in an answer of ours; false when it is anything else. */
static bool
read_answer(const struct icmp_socket *s, const uint8_t *p, size_t len, struct icmp_id *id)
{
    if (s->raw && s->family == AF_INET) {
        size_t header = len > 0 ? (size_t)(p[0] & 15) * 4 : 0;

        if (header < 20 || header > len)
            return false;
        p += header;
        len -= header;
    }
    if (len < ICMP_HEADER + ICMP_COOKIE_LEN || memcmp(p + 8, &s->secret, 8) != 0 ||
        p[0] != (s->family == AF_INET ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY))
        return false;
    memcpy(&id->probe, p + 16, 4);
    memcpy(&id->round, p + 20, 2);
    memcpy(&id->seq, p + 22, 2);
    return true;
}

/* The software timestamp in a message's control data, and the number of the send. */
static int64_t
read_stamp(struct msghdr *msg, uint32_t *number)
{
    int64_t ns = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
            struct timespec ts;

            memcpy(&ts, CMSG_DATA(c), sizeof(ts));
            ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
        } else if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
                   (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
            struct sock_extended_err e;

            memcpy(&e, CMSG_DATA(c), sizeof(e));
            if (e.ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
                *number = e.ee_data;
        }
    }
    return ns;
}

/* Read one queue of the socket dry, a batch at a time. */
static void
drain(struct icmp_socket *s, int flags,
    void (*take)(struct icmp_socket *s, struct msghdr *msg, size_t len))
{
    struct mmsghdr in[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_storage from[BATCH];
    uint8_t bytes[BATCH][RX_BYTES];
    alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL_BYTES];
    int got;

    do {
        for (int i = 0; i < BATCH; i++) {
            iov[i] = (struct iovec){ bytes[i], RX_BYTES };
            in[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
                .msg_namelen = sizeof(from[i]),
                .msg_iov = &iov[i],
                .msg_iovlen = 1,
                .msg_control = control[i],
                .msg_controllen = CONTROL_BYTES };
        }
        got = recvmmsg(s->fd, in, BATCH, flags | MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++)
            take(s, &in[i].msg_hdr,
                in[i].msg_len < RX_BYTES ? in[i].msg_len : (size_t)RX_BYTES);
    } while (got == BATCH);
}

static void
take_departure(struct icmp_socket *s, struct msghdr *msg, size_t len)
{
    uint32_t number = UINT32_MAX;
    int64_t ns = read_stamp(msg, &number);
    const struct left *l = &s->left[number % LEFT_RING];

    (void)len;
    if (ns > 0 && l->number == number && s->next_number > number)
        s->events.on_left(s->events.arg, l->id, ns);
}

static void
take_answer(struct icmp_socket *s, struct msghdr *msg, size_t len)
{
    struct icmp_id id;
    uint32_t number;

    if (!read_answer(s, msg->msg_iov->iov_base, len, &id))
        return;
    s->events.on_answer(s->events.arg, id, msg->msg_name, read_stamp(msg, &number));
}

void
icmp_socket_read(struct icmp_socket *s)
{
    if (s->stamped)
        drain(s, MSG_ERRQUEUE, take_departure);
    drain(s, 0, take_answer);
    if (s->eager && s->stamped && nh_clock_mono_ms() - s->opened_ms >= YOUNG_MS) {
        event_del(s->readable);
        s->eager = false;
    }
}

static void
on_icmp_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    icmp_socket_read(arg);
}

/* Let only our answers through to a raw socket. */
static bool
filter_raw(struct icmp_socket *s)
{
    struct sock_filter v4[] = {
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->raw_id, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_filter v6[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, s->raw_id, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0xffff),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = { NH_COUNT(v4), v4 };

    if (s->family == AF_INET) {
        struct icmp_filter types = { ~(1u << ICMP_ECHOREPLY) };

        if (setsockopt(s->fd, SOL_RAW, ICMP_FILTER, &types, sizeof(types)) != 0)
            return false;
    } else {
        struct icmp6_filter types;

        memset(&types, 0xff, sizeof(types));
        types.data[ICMPV6_ECHO_REPLY >> 5] &= ~(1u << (ICMPV6_ECHO_REPLY & 31));
        if (setsockopt(s->fd, SOL_ICMPV6, ICMPV6_FILTER, &types, sizeof(types)) != 0)
            return false;
        program = (struct sock_fprog){ NH_COUNT(v6), v6 };
    }
    return setsockopt(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ==
           0;
}

/* Ask for timestamps, with the number of sends starting at 0 again. */
static void
restart_stamps(struct icmp_socket *s)
{
    int without = TIMESTAMPS, with = TIMESTAMPS | SOF_TIMESTAMPING_OPT_ID;

    s->next_number = 0;
    s->stamped =
        setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &without, sizeof(without)) == 0 &&
        setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &with, sizeof(with)) == 0;
}

static bool
make_socket(struct icmp_socket *s, char why[128])
{
    const int protocol = s->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    const int flags = SOCK_CLOEXEC | SOCK_NONBLOCK, rcvbuf = RCVBUF_BYTES;

    s->fd = socket(s->family, SOCK_DGRAM | flags, protocol);
    if (s->fd < 0) {
        s->fd = socket(s->family, SOCK_RAW | flags, protocol);
        s->raw = s->fd >= 0;
    }
    if (s->fd < 0) {
        if (errno == EPERM || errno == EACCES)
            snprintf(why, 128,
                "no permission for ICMP: give CAP_NET_RAW or net.ipv4.ping_group_range");
        else
            snprintf(why, 128, "no ICMP socket: %s", strerror(errno));
        return false;
    }
    if (s->raw && !filter_raw(s)) {
        snprintf(why, 128, "no filter on the ICMP socket: %s", strerror(errno));
        return false;
    }
    if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) != 0)
        setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
    return true;
}

static unsigned
index_now(const struct icmp_socket *s)
{
    struct ifreq req = { 0 };

    memcpy(req.ifr_name, s->interface, sizeof(req.ifr_name));
    return ioctl(s->fd, SIOCGIFINDEX, &req) == 0 ? (unsigned)req.ifr_ifindex : 0;
}

static bool
bind_interface(struct icmp_socket *s, char why[128])
{
    if (s->interface[0] == '\0')
        return true;
    s->ifindex = index_now(s);
    if (s->ifindex != 0 && setsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, s->interface,
                               (socklen_t)strlen(s->interface) + 1) == 0)
        return true;
    if (s->ifindex == 0 || errno == ENODEV)
        snprintf(why, 128, "interface %s is missing", s->interface);
    else
        snprintf(
            why, 128, "cannot bind to interface %s: %s", s->interface, strerror(errno));
    return false;
}

enum nh_err
icmp_socket_open(struct icmp_socket **out, struct event_base *base, int family,
    const char *interface, const struct icmp_socket_events *events, char why[128])
{
    struct icmp_socket *s = calloc(1, sizeof(*s));
    enum nh_err err = NH_EIO;

    *out = NULL;
    snprintf(why, 128, "out of memory");
    if (s == NULL)
        return NH_ENOMEM;
    s->fd = -1;
    s->family = family;
    s->events = *events;
    snprintf(s->interface, sizeof(s->interface), "%s", interface);
    if (getrandom(&s->secret, sizeof(s->secret), 0) != (ssize_t)sizeof(s->secret))
        goto out;
    s->raw_id = (uint16_t)(s->secret >> 17 ^ (uint64_t)getpid());
    if (!make_socket(s, why) || !bind_interface(s, why))
        goto out;
    restart_stamps(s);
    err = NH_ENOMEM;
    s->readable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_icmp_readable, s);
    if (s->readable == NULL || event_add(s->readable, NULL) != 0)
        goto out;
    s->eager = true;
    s->opened_ms = nh_clock_mono_ms();
    *out = s;
    s = NULL;
    why[0] = '\0';
    err = NH_OK;
out:
    icmp_socket_close(s);
    return err;
}

void
icmp_socket_close(struct icmp_socket *s)
{
    if (s == NULL)
        return;
    if (s->readable != NULL)
        event_free(s->readable);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

bool
icmp_socket_is_bound(const struct icmp_socket *s)
{
    return s->interface[0] == '\0' || index_now(s) == s->ifindex;
}

void
icmp_socket_send(struct icmp_socket *s, const struct sockaddr_storage *to,
    socklen_t to_len, struct icmp_id id, uint16_t size)
{
    struct request *r;

    if (s->batched == BATCH)
        icmp_socket_flush(s);
    r = &s->requests[s->batched];
    write_request(s, r->bytes, id);
    r->id = id;
    r->iov[0] = (struct iovec){ r->bytes, sizeof(r->bytes) };
    r->iov[1] = (struct iovec){ zeros, (size_t)size - ICMP_COOKIE_LEN };
    s->out[s->batched] =
        (struct mmsghdr){ .msg_hdr = {
                              .msg_name =
                                  (void *)(uintptr_t)to, /* sendmmsg does not write it */
                              .msg_namelen = to_len,
                              .msg_iov = r->iov,
                              .msg_iovlen = size > ICMP_COOKIE_LEN ? 2 : 1,
                          } };
    s->batched++;
}

void
icmp_socket_flush(struct icmp_socket *s)
{
    unsigned done = 0;

    if (s->batched == 0)
        return;
    while (done < s->batched) {
        int n = sendmmsg(s->fd, s->out + done, s->batched - done, MSG_DONTWAIT);
        int error = errno;

        if (n < 0 && error == EINTR)
            continue;
        for (int i = 0; i < n; i++, done++, s->next_number++)
            s->left[s->next_number % LEFT_RING] =
                (struct left){ s->next_number, s->requests[done].id };
        if (n > 0)
            continue;
        if (s->stamped) { /* what has left is told before the numbers start anew */
            drain(s, MSG_ERRQUEUE, take_departure);
            restart_stamps(s);
        }
        s->events.on_unsent(s->events.arg, s->requests[done].id, error);
        done++;
    }
    s->batched = 0;
    if (s->stamped && s->eager) /* most are there already: no wake-up for them alone */
        drain(s, MSG_ERRQUEUE, take_departure);
}
