/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp_train.h - what the packets of one train say together; pure functions
 */
#ifndef NH_SENSORS_ICMP_TRAIN_H
#define NH_SENSORS_ICMP_TRAIN_H

#include "libnhip/reading.h"
#include <stdbool.h>

enum icmp_state { ICMP_WAITING, ICMP_SENT, ICMP_ANSWERED, ICMP_UNSENT };

struct icmp_packet {
    enum icmp_state state;
    int64_t sent_us; /* BOOTTIME, before it was handed to the kernel */
    int64_t left_ns; /* by the kernel's wall clock, 0: not told */
    int64_t rtt_ns;  /* ICMP_ANSWERED */
};

/*
 * The round trip of a packet answered just now (`now_us` BOOTTIME). The kernel's two
 * times count when they lie within what we saw ourselves: the wall clock may have been
 * stepped between them. Else our own count, less the time that the answer had lain in the
 * socket, when that is known.
 */
int64_t icmp_rtt_ns(
    const struct icmp_packet *p, int64_t arrived_ns, int64_t lag_us, int64_t now_us);

/*
 * Fill `r` with sent, lost, shortest, mean and longest round trip, and jitter: the mean
 * of |D| over the pairs of packets that were sent one after the other and both answered,
 * where D is the difference of their round trips. That is RFC 3393's delay variation with
 * consecutive packets selected, in its absolute mean, of round trips. RFC 3550's running
 * J of section 6.4.1 has the same D, but its gain of 1/16 needs dozens of packets to
 * settle, and a train has five. Without such a pair there is no jitter. false: nothing
 * was sent.
 */
bool icmp_summary(const struct nh_kind *kind, const struct icmp_packet *packets,
    size_t count, struct nh_reading *r);

#endif
