/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.h - the way to an address, hop by hop, and how big a packet goes over it whole
 *
 * Both are tests on demand over one interface. Each has bounds of its own in packets and
 * time, whatever answers or does not. Threads: the loop's only.
 */
#ifndef NH_TRACE_H
#define NH_TRACE_H

#include "libnhip/echo.h"

enum {
    NH_TRACE_HOPS_MAX = 30,
    NH_TRACE_PROBES = 3,     /* a hop */
    NH_TRACE_HOP_MS = 1000,  /* how long a hop is waited for */
    NH_TRACE_SILENT_MAX = 6, /* hops without a word, one after the other: it ends */
    NH_MTU_TRIES = 2,        /* a size */
    NH_MTU_WAIT_MS = 1000,   /* a try */
    NH_MTU_START_V4 = 576,   /* RFC 791: every host takes this */
    NH_MTU_START_V6 = 1280,  /* RFC 8200: every link carries this */
    NH_MTU_TOP = 8192,       /* never tried above, whatever the interface takes */
};

struct nh_trace_hop {
    int hop;
    bool last;              /* it was the target, or nothing goes on from there */
    enum nh_echo_word word; /* of the first that answered */
    char address[64];       /* "": nobody answered */
    int64_t rtt_us[NH_TRACE_PROBES]; /* -1: no answer */
};

struct nh_trace;
struct nh_trace_events {
    void (*on_hop)(void *arg, const struct nh_trace_hop *hop);
    /* `why` is "" when the target was reached. Neither may free the trace. */
    void (*on_end)(void *arg, const char *why);
    void *arg;
};
/* Errors: as nh_echo_open(). */
enum nh_err nh_trace_start(struct nh_trace **out, struct event_base *base,
    const struct nh_echo_target *target, const struct nh_trace_events *events,
    char why[128]) NH_MUST_CHECK;
void nh_trace_free(struct nh_trace *t);

struct nh_mtu_try {
    unsigned bytes; /* of the whole packet, IP header included */
    bool fits;
    char by[64];   /* who said that it does not, "": nobody did */
    unsigned says; /* what would, by its word; 0: no word */
};
struct nh_mtu;
struct nh_mtu_events {
    void (*on_try)(void *arg, const struct nh_mtu_try *one);
    /* `bytes` is the largest packet that came through, 0 when none did: then `why`. */
    void (*on_end)(void *arg, unsigned bytes, const char *why);
    void *arg;
};
enum nh_err nh_mtu_start(struct nh_mtu **out, struct event_base *base,
    const struct nh_echo_target *target, const struct nh_mtu_events *events,
    char why[128]) NH_MUST_CHECK;
void nh_mtu_free(struct nh_mtu *m);

/*
 * The plain rule beneath: the next size to try between the largest known to fit and the
 * smallest known not to; `says` is a router's word (0: none). Equal to `fits`: done.
 */
unsigned nh_mtu_next(unsigned fits, unsigned too_big, unsigned says);

#endif
