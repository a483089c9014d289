/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_socket.h - echo requests and answers on one socket, with the kernel's timestamps
 *
 * One socket serves all probes of an address family and an interface. Requests are
 * gathered and sent together; the caller is told of each request's time of leaving, of
 * each answer and of each request that could not be sent.
 *
 * Answers lie in the socket, dated by the kernel, until icmp_socket_read(): none of them
 * wakes the process by itself. Only while the kernel does not date them (a socket's first
 * second, or always) are they read as they come.
 */
#ifndef NH_SENSORS_ICMP_SOCKET_H
#define NH_SENSORS_ICMP_SOCKET_H

#include "libnhip/err.h"
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct event_base;
struct icmp_socket;

enum { ICMP_COOKIE_LEN = 16, ICMP_SIZE_MAX = 8972 };

/* Which packet it is: the payload's first bytes, after 8 secret ones. */
struct icmp_id {
    uint32_t probe;
    uint16_t round, seq;
};

struct icmp_socket_events {
    /* The request left at `real_ns` by the kernel's wall clock. */
    void (*on_left)(void *arg, struct icmp_id id, int64_t real_ns);
    /* An answer: `arrived_ns` by the kernel's wall clock, 0: not told. */
    void (*on_answer)(void *arg, struct icmp_id id, const struct sockaddr_storage *from,
        int64_t arrived_ns);
    /* The request was not sent, for `error` (errno). */
    void (*on_unsent)(void *arg, struct icmp_id id, int error);
    void *arg;
};

/* `interface` "" is any. Errors: NH_ENOMEM, NH_EIO (errno; `why` says it in words). */
enum nh_err icmp_socket_open(struct icmp_socket **out, struct event_base *base,
    int family, const char *interface, const struct icmp_socket_events *events,
    char why[128]) NH_MUST_CHECK;
void icmp_socket_close(struct icmp_socket *s);
/* The interface is there and still the one that the socket is bound to. */
bool icmp_socket_is_bound(const struct icmp_socket *s);

/* Tell of all that has left and come so far. */
void icmp_socket_read(struct icmp_socket *s);

/* Send an echo request of `size` bytes of payload with the next icmp_socket_flush(), or
 * at once when the batch is full. `to` is borrowed until then. */
void icmp_socket_send(struct icmp_socket *s, const struct sockaddr_storage *to,
    socklen_t to_len, struct icmp_id id, uint16_t size);
void icmp_socket_flush(struct icmp_socket *s);

#endif
