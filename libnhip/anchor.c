/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anchor.c - the line through the anchors of a boot
 *
 * Anchors are kept by rising mono. When there are too many, the one whose neighbours
 * predict it best goes: the ends stay, and what is kept is where the clock's rate
 * changed.
 */
#include "libnhip/anchor.h"
#include <stdlib.h>
#include <string.h>

/* Within 2^53 ms either way, as all times of the wire: sums cannot overflow. */
static bool
is_time(int64_t ms)
{
    return ms <= INT64_C(1) << 53 && ms >= -(INT64_C(1) << 53);
}

static int64_t
offset_of(const struct nh_anchor *a)
{
    return a->wall_ms - a->mono_ms;
}

/* The offset at `mono_ms` on the line from a to b. */
static int64_t
between(const struct nh_anchor *a, const struct nh_anchor *b, int64_t mono_ms)
{
    double share = b->mono_ms > a->mono_ms ? (double)(mono_ms - a->mono_ms) /
                                                 (double)(b->mono_ms - a->mono_ms)
                                           : 0;

    return offset_of(a) + (int64_t)((double)(offset_of(b) - offset_of(a)) * share);
}

static void
drop(struct nh_anchors *a, uint32_t i)
{
    memmove(a->at + i, a->at + i + 1, (a->count - i - 1) * sizeof(a->at[0]));
    a->count--;
}

static void
thin(struct nh_anchors *a)
{
    int64_t least = INT64_MAX, shortest = INT64_MAX;
    uint32_t best = 1;

    for (uint32_t i = 1; i + 1 < a->count; i++) {
        int64_t off = offset_of(&a->at[i]) -
                      between(&a->at[i - 1], &a->at[i + 1], a->at[i].mono_ms);
        int64_t span = a->at[i + 1].mono_ms - a->at[i - 1].mono_ms;

        if (off < 0)
            off = -off;
        if (off < least || (off == least && span < shortest)) {
            least = off;
            shortest = span;
            best = i;
        }
    }
    drop(a, best);
}

void
nh_anchors_add(struct nh_anchors *a, struct nh_anchor anchor)
{
    uint32_t i = a->count;

    if (!is_time(anchor.mono_ms) || !is_time(anchor.wall_ms))
        return;
    while (i > 0 && a->at[i - 1].mono_ms > anchor.mono_ms)
        i--;
    if (i > 0 && a->at[i - 1].mono_ms == anchor.mono_ms) {
        if (anchor.error_ms < a->at[i - 1].error_ms)
            a->at[i - 1] = anchor;
        return;
    }
    if (a->count == NH_ANCHORS_MAX) {
        thin(a);
        i = a->count;
        while (i > 0 && a->at[i - 1].mono_ms > anchor.mono_ms)
            i--;
    }
    memmove(a->at + i + 1, a->at + i, (a->count - i) * sizeof(a->at[0]));
    a->at[i] = anchor;
    a->count++;
}

static uint32_t
widened(uint32_t error_ms, int64_t away_ms)
{
    int64_t error = error_ms + away_ms / 1000 * NH_DRIFT_PPM / 1000;

    return error > UINT32_MAX ? UINT32_MAX : (uint32_t)error;
}

/* How much further two anchors are apart than their errors and the drift between them
 * explain: one of the clocks was stepped in between, nobody knows when. */
static uint32_t
step_between(const struct nh_anchor *a, const struct nh_anchor *b)
{
    int64_t apart = llabs(offset_of(b) - offset_of(a));
    int64_t explained =
        (int64_t)b->error_ms + widened(a->error_ms, b->mono_ms - a->mono_ms);

    if (apart <= explained)
        return 0;
    return apart - explained > UINT32_MAX ? UINT32_MAX : (uint32_t)(apart - explained);
}

enum nh_err
nh_anchors_offset(
    const struct nh_anchors *a, int64_t mono_ms, int64_t *offset_ms, uint32_t *error_ms)
{
    const struct nh_anchor *first = &a->at[0], *last, *left, *right;
    uint64_t error;
    uint32_t i = 1;

    if (a->count == 0 || !is_time(mono_ms))
        return NH_EEMPTY;
    last = &a->at[a->count - 1];
    if (mono_ms <= first->mono_ms || mono_ms >= last->mono_ms) {
        bool before = mono_ms <= first->mono_ms;
        const struct nh_anchor *near = before ? first : last;

        *offset_ms = offset_of(near);
        *error_ms = widened(
            near->error_ms, before ? near->mono_ms - mono_ms : mono_ms - near->mono_ms);
        return NH_OK;
    }
    while (a->at[i].mono_ms < mono_ms)
        i++;
    left = &a->at[i - 1];
    right = &a->at[i];
    *offset_ms = between(left, right, mono_ms);
    error = left->error_ms > right->error_ms ? left->error_ms : right->error_ms;
    error += step_between(left, right);
    *error_ms = error > UINT32_MAX ? UINT32_MAX : (uint32_t)error;
    return NH_OK;
}

enum nh_err
nh_anchors_bracket(int64_t not_before_ms, int64_t not_after_ms, int64_t first_mono_ms,
    int64_t last_mono_ms, int64_t *offset_ms, uint32_t *error_ms)
{
    int64_t slack;

    if (!is_time(not_before_ms) || !is_time(not_after_ms) || !is_time(first_mono_ms) ||
        !is_time(last_mono_ms))
        return NH_EINVAL;
    slack = (not_after_ms - not_before_ms) - (last_mono_ms - first_mono_ms);
    if (last_mono_ms < first_mono_ms || slack < 0)
        return NH_EINVAL;
    *offset_ms = not_after_ms - last_mono_ms;
    *error_ms = slack > UINT32_MAX ? UINT32_MAX : (uint32_t)slack;
    return NH_OK;
}
