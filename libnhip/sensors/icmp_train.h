/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_train.h - what the packets of one train say together; pure functions
 */
#ifndef NH_SENSORS_ICMP_TRAIN_H
#define NH_SENSORS_ICMP_TRAIN_H

#include "libnhip/reading.h"
#include <stdbool.h>

enum icmp_state { ICMP_WAITING, ICMP_SENT, ICMP_ANSWERED, ICMP_UNSENT };

enum {
    ICMP_TICKS = 5 /* a round sends at so many instants, in pairs up to 10 packets */
};

/* At how many instants a train of `count` leaves, and at which of them packet `i` does.
 */
size_t icmp_ticks(size_t count);
size_t icmp_tick_of(size_t i, size_t count);

struct icmp_packet {
    enum icmp_state state;
    int64_t sent_us; /* BOOTTIME, before it was handed to the kernel */
    int64_t wall_us; /* the wall clock at that instant */
    int64_t left_ns; /* by the kernel's wall clock, 0: not told */
    int64_t rtt_ns;  /* ICMP_ANSWERED */
};

/*
 * The round trip of a packet whose answer is read at `now_us` (BOOTTIME; `wall_us` by the
 * wall clock), by the kernel's two times; its departure, where that was not told, is when
 * we sent it. An answer may be read seconds after it came, and the wall clock may have
 * been stepped meanwhile: before it left, while it was out, or after it came. The two
 * clocks tell by how much; with the step in or out, the smaller round trip that lies
 * within what we saw ourselves is the one. Without any, what we saw ourselves.
 */
int64_t icmp_rtt_ns(
    const struct icmp_packet *p, int64_t arrived_ns, int64_t now_us, int64_t wall_us);

/*
 * Fill `r` with sent, lost, shortest, mean and longest round trip, and jitter: the mean
 * of |D| over the pairs of packets that have the same place at one instant of the train
 * and the next, and were both answered, where D is the difference of their round trips.
 * Two that leave together are no pair: the second one waits for the first on a thin line.
 * That is RFC 3393's delay variation with
 * those packets selected, in its absolute mean, of round trips. RFC 3550's running
 * J of section 6.4.1 has the same D, but its gain of 1/16 needs dozens of packets to
 * settle, and a train has five. Without such a pair there is no jitter. false: nothing
 * was sent.
 */
bool icmp_summary(const struct nh_kind *kind, const struct icmp_packet *packets,
    size_t count, struct nh_reading *r);

#endif
