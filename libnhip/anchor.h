/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anchor.h - dating readings: a host's monotonic clock against the collector's wall clock
 *
 * HELLO, PING and PONG give pairs (agent mono, collector wall, +- half the round trip). A
 * reading between two anchors of its boot is dated by the line between them, so that
 * drift cancels and a step of the agent's own clock changes nothing; one after the newest
 * anchor goes by the newest, with an error that grows at NH_DRIFT_PPM; one before the
 * first anchor the same way backwards. Two anchors that drift cannot explain (a clock was
 * stepped between them) add the rest to the error. Times are within 2^53 ms either way:
 * an anchor beyond is not taken. A boot that never met the collector is bracketed between
 * what was known before and after it. Pure functions of their arguments.
 */
#ifndef NH_ANCHOR_H
#define NH_ANCHOR_H

#include "libnhip/record.h"

enum { NH_ANCHORS_MAX = 64, NH_DRIFT_PPM = 200, NH_FUTURE_MAX_S = 120 };

struct nh_anchor {
    int64_t mono_ms, wall_ms;
    uint32_t error_ms;
};

/* The anchors of one boot, thinned so that the ends and a spread between them stay. */
struct nh_anchors {
    uint32_t count;
    struct nh_anchor at[NH_ANCHORS_MAX];
};

void nh_anchors_add(struct nh_anchors *a, struct nh_anchor anchor);
/* offset_ms and error_ms for readings at mono_ms. NH_EEMPTY when there is no anchor, or
 * none could be for such a time. */
enum nh_err nh_anchors_offset(const struct nh_anchors *a, int64_t mono_ms,
    int64_t *offset_ms, uint32_t *error_ms) NH_MUST_CHECK;
/*
 * For a boot without anchors: it ran `length_ms` or more, somewhere between two wall
 * times. Puts it at the end of the bracket (a box is mostly cut off because the line
 * went, and comes back when it does) with the slack as its error. NH_EINVAL when the
 * bracket is shorter than the boot.
 */
enum nh_err nh_anchors_bracket(int64_t not_before_ms, int64_t not_after_ms,
    int64_t first_mono_ms, int64_t last_mono_ms, int64_t *offset_ms,
    uint32_t *error_ms) NH_MUST_CHECK;

#endif
