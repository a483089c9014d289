/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * echo.h - single echo requests with a hop limit or "do not fragment", and what the way
 * says to them
 *
 * The rounds' own socket (sensors/icmp_socket.h) sends trains and hears answers. A test
 * on demand wants the other half: routers that drop a packet say so by ICMP, and the
 * kernel keeps that on the socket's error queue (IP_RECVERR) with the router's address.
 * Requests never are fragmented.
 *
 * Threads: the loop's only.
 */
#ifndef NH_ECHO_H
#define NH_ECHO_H

#include "libnhip/err.h"
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    NH_ECHO_HEADER = 8,
    NH_ECHO_COOKIE = 8,
    NH_ECHO_DATA_MIN = NH_ECHO_COOKIE,
    NH_ECHO_DATA_MAX = 8972
};

struct event_base;
struct nh_echo;

struct nh_echo_target {
    struct sockaddr_storage address;
    socklen_t address_len;
    char interface[IF_NAMESIZE]; /* "": as the routes say */
};

enum nh_echo_word {
    NH_ECHO_ANSWER,      /* the target's own */
    NH_ECHO_EXCEEDED,    /* the hop limit ended at `from` */
    NH_ECHO_TOO_BIG,     /* over `from` only `mtu` bytes go (0: it does not say) */
    NH_ECHO_UNREACHABLE, /* `from` has no way on */
};
struct nh_echo_reply {
    enum nh_echo_word word;
    uint16_t number; /* of the request */
    uint32_t mtu;
    struct sockaddr_storage from;
};

/* Errors: NH_ENOMEM, NH_EIO; `why` says it in words. `on_reply` may not close. */
enum nh_err nh_echo_open(struct nh_echo **out, struct event_base *base,
    const struct nh_echo_target *target,
    void (*on_reply)(void *arg, const struct nh_echo_reply *reply), void *arg,
    char why[128]) NH_MUST_CHECK;
void nh_echo_close(struct nh_echo *e);
/* Send request `number` with `data` bytes behind the ICMP header; `hops` 0: the host's
 * own hop limit. 0, or the errno: EMSGSIZE when the interface itself takes less. */
int nh_echo_send(struct nh_echo *e, uint16_t number, int hops, unsigned data);

/* Address without port or scope, as text. */
void nh_echo_name(const struct sockaddr_storage *from, char out[64]);

/*
 * The plain functions beneath: the number in an answer, and in the request that a router
 * quotes (its first eight bytes are all that is sure to be there). `id` < 0: the kernel
 * has looked at it. false: not to a request of ours.
 */
bool nh_echo_read_answer(const uint8_t *icmp, size_t len, bool v6, int id,
    const uint8_t cookie[NH_ECHO_COOKIE], uint16_t *number);
bool nh_echo_read_quote(
    const uint8_t *icmp, size_t len, bool v6, int id, uint16_t *number);

#endif
