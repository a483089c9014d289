/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dating.h - when an agent's readings were made, by the collector's clock
 *
 * Each boot of an agent's host has its anchors (libnhip/anchor.h). A reading of a boot
 * with anchors is dated by them. A boot that never met the collector goes by its own
 * clock when that was set and fits, else it is laid right after what was known before it;
 * both with an error that says how little is known. Its offset is decided once, so that
 * its readings keep their order.
 *
 * Pure: knows no clock. Threads: one owner.
 */
#ifndef DATING_H
#define DATING_H

#include "libnhip/anchor.h"

enum { DATING_BOOTS_MAX = 8 };

struct dating_boot {
    uint8_t id[NH_STREAM_ID_LEN];
    struct nh_anchors anchors;
    bool guessed; /* without anchors: offset and error below */
    int64_t offset_ms;
    uint32_t error_ms;
};
struct dating {
    struct dating_boot *boots[DATING_BOOTS_MAX]; /* owned; newest last */
    size_t count;
    int64_t last_wall_ms; /* of the newest reading dated, 0: none */
};

void dating_fini(struct dating *d);
enum nh_err dating_anchor(struct dating *d, const uint8_t id[NH_STREAM_ID_LEN],
    struct nh_anchor anchor) NH_MUST_CHECK;
/*
 * The offset for readings of `boot` from first_mono_ms on; it becomes known to every
 * later call. NH_EINVAL: the times make no sense (outside of +-2^52 ms).
 */
enum nh_err dating_offset(struct dating *d, const struct nh_boot *boot,
    int64_t first_mono_ms, int64_t now_ms, int64_t *offset_ms,
    uint32_t *error_ms) NH_MUST_CHECK;
/* A reading at mono_ms with this offset: later than the collector's now + 120 s? */
bool dating_is_future(int64_t mono_ms, int64_t offset_ms, int64_t now_ms);
/* Readings up to here have been dated. */
void dating_seen(struct dating *d, int64_t wall_ms);

#endif
