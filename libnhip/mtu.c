/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mtu.c - the largest packet that comes back from an address whole
 *
 * A small packet first: without an answer to that nothing can be said. Then the most that
 * the interface takes, then by halves between what came through and what did not. A
 * router that says what would go is believed for one try only: such words are often
 * filtered and sometimes wrong, and a size counts when its answer has come.
 */
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/trace.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40 };

struct nh_mtu {
    struct nh_echo *echo;
    struct nh_timer *timer;
    struct nh_mtu_events events;
    struct nh_mtu_try now; /* being tried */
    unsigned header, fits, too_big, floor;
    int tries;
    uint16_t number, first; /* of the last request, and of the first of this size */
    bool ended, decided;
};

unsigned
nh_mtu_next(unsigned fits, unsigned too_big, unsigned says)
{
    if (too_big - fits <= 1)
        return fits;
    if (says > fits && says < too_big)
        return says;
    return fits + (too_big - fits) / 2;
}

static void
end(struct nh_mtu *m, unsigned bytes, const char *why)
{
    m->ended = true;
    nh_timer_stop(m->timer);
    m->events.on_end(m->events.arg, bytes, why);
}

static void
try(struct nh_mtu *m)
{
    int error;

    m->tries++;
    error = nh_echo_send(m->echo, ++m->number, 0, m->now.bytes - m->header);
    if (error == EMSGSIZE) { /* our own interface takes less */
        m->decided = true;
        nh_timer_after(m->timer, 0);
    } else if (error != 0) {
        char why[128];

        snprintf(why, sizeof(why), "not sent: %s", strerror(error));
        end(m, 0, why);
    } else {
        nh_timer_after(m->timer, NH_MTU_WAIT_MS);
    }
}

static void
try_size(struct nh_mtu *m, unsigned bytes)
{
    m->now = (struct nh_mtu_try){ .bytes = bytes };
    m->first = (uint16_t)(m->number + 1);
    m->tries = 0;
    m->decided = false;
    try(m);
}

static void
decided(struct nh_mtu *m)
{
    unsigned says = m->now.says, next;

    m->events.on_try(m->events.arg, &m->now);
    if (m->now.fits)
        m->fits = m->now.bytes;
    else
        m->too_big = m->now.bytes;
    if (m->fits == 0) {
        end(m, 0, "no answer to a small packet: the way itself is down");
        return;
    }
    if (m->fits == m->floor && m->too_big > m->floor + 1 && m->now.fits)
        next = m->too_big - 1; /* all that the interface takes */
    else
        next = nh_mtu_next(m->fits, m->too_big, m->now.fits ? 0 : says);
    if (next == m->fits)
        end(m, m->fits, "");
    else
        try_size(m, next);
}

static void
on_mtu_timer(void *arg)
{
    struct nh_mtu *m = arg;

    if (m->ended)
        return;
    if (m->now.bytes == 0)
        try_size(m, m->floor);
    else if (m->decided || m->tries == NH_MTU_TRIES)
        decided(m);
    else
        try(m);
}

static void
on_mtu_reply(void *arg, const struct nh_echo_reply *reply)
{
    struct nh_mtu *m = arg;

    if (m->ended || m->decided || reply->number < m->first || reply->number > m->number ||
        reply->word == NH_ECHO_EXCEEDED)
        return;
    m->now.fits = reply->word == NH_ECHO_ANSWER;
    if (!m->now.fits) {
        nh_echo_name(&reply->from, m->now.by);
        m->now.says = reply->mtu;
    }
    m->decided = true;
    nh_timer_after(m->timer, 0);
}

/* What the interface takes; the top where none is named. */
static unsigned
interface_mtu(const char *interface)
{
    struct ifreq req = { 0 };
    unsigned mtu = NH_MTU_TOP;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", interface);
    if (fd >= 0 && *interface != '\0' && ioctl(fd, SIOCGIFMTU, &req) == 0 &&
        req.ifr_mtu > 0 && req.ifr_mtu < NH_MTU_TOP)
        mtu = (unsigned)req.ifr_mtu;
    if (fd >= 0)
        close(fd);
    return mtu;
}

enum nh_err
nh_mtu_start(struct nh_mtu **out, struct event_base *base,
    const struct nh_echo_target *target, const struct nh_mtu_events *events,
    char why[128])
{
    struct nh_mtu *m = calloc(1, sizeof(*m));
    bool v6 = target->address.ss_family == AF_INET6;
    enum nh_err err;

    *out = NULL;
    snprintf(why, 128, "out of memory");
    if (m == NULL)
        return NH_ENOMEM;
    m->events = *events;
    m->header = (v6 ? IPV6_HEADER : IPV4_HEADER) + NH_ECHO_HEADER;
    m->floor = v6 ? NH_MTU_START_V6 : NH_MTU_START_V4;
    m->too_big = interface_mtu(target->interface) + 1;
    if (m->floor >= m->too_big)
        m->floor = m->too_big - 1;
    if ((err = nh_timer_new(&m->timer, base, on_mtu_timer, m)) == NH_OK)
        err = nh_echo_open(&m->echo, base, target, on_mtu_reply, m, why);
    if (err != NH_OK) {
        nh_mtu_free(m);
        return err;
    }
    nh_timer_after(m->timer, 0);
    *out = m;
    return NH_OK;
}

void
nh_mtu_free(struct nh_mtu *m)
{
    if (m == NULL)
        return;
    nh_echo_close(m->echo);
    nh_timer_free(m->timer);
    free(m);
}
