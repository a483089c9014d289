/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_bounds.c - what may go: released by every reader, over the size, over the age
 *
 * Age. Wall clocks here start in 1970 and wake up in 2033, so no single one is believed.
 * The age of a segment is the sum of the steps from segment to segment after it: within
 * one boot by the monotonic clock, across boots by the wall clock if both ends are
 * plausible and the step is not longer than DOUBT_MS. A step in doubt counts as no time
 * at all; data is kept longer, never less.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <string.h>

static const int64_t YEAR_2025_MS = INT64_C(1735689600000);
static const int64_t DOUBT_MS = INT64_C(35) * 86400 * 1000;

/* The least that all holding readers released; UINT64_MAX when none holds. */
uint64_t
nhj_bounds_released(const struct nh_journal *j, bool *any_holding, bool *any)
{
    uint64_t least = UINT64_MAX;

    *any_holding = *any = false;
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        const struct place *p = &j->places[i];

        if (!p->known)
            continue;
        *any = true;
        if (!p->holding)
            continue;
        *any_holding = true;
        if (p->released < least)
            least = p->released;
    }
    return least;
}

uint64_t
nhj_bounds_disk_bytes(const struct nh_journal *j)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < j->disk.count; i++)
        sum += j->disk.v[i]->file_bytes;
    return sum;
}

static bool
may_go(const struct nh_journal *j)
{
    const struct seg *s = j->disk.count > 0 ? j->disk.v[0] : NULL;

    if (s == NULL || s == j->dw.seg)
        return false;
    /* the owner's dictionary is nowhere else before the running segment has it */
    return s->id != j->recover_id || j->dw.preambled || j->mw.preambled;
}

void
nhj_bounds_drop_released(struct nh_journal *j)
{
    bool holding, any;
    uint64_t released = nhj_bounds_released(j, &holding, &any);

    while (holding && may_go(j) && j->disk.v[0]->last_pos <= released) {
        nhj_compress_stop(j);
        nhj_store_drop(j, &j->disk, 0);
    }
}

/* Drop the oldest segment; what some reader still had to come is lost, and says so before
 * the file goes. */
static void
drop_oldest(struct nh_journal *j)
{
    const struct seg *s = j->disk.v[0];
    struct nh_gap gap = { .from = s->first_pos,
        .to = s->last_pos,
        .from_wall_ms = s->header.wall_ms,
        .to_wall_ms = j->disk.count > 1 ? j->disk.v[1]->header.wall_ms : 0,
        .reason = NH_GAP_OVERFLOW };
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < CURSORS_MAX; i++)
        if (j->places[i].known && j->places[i].released < least)
            least = j->places[i].released;
    if (least != UINT64_MAX && least >= gap.from)
        gap.from = least + 1;
    if (gap.to >= gap.from) {
        gap.count =
            gap.from == s->first_pos ? s->records : nhj_gap_count(gap.from, gap.to);
        nhj_loss_add(j, &gap);
        nhj_loss_store(j);
        if (j->dw.seg != NULL && j->dw.preambled && nhj_store_sync(j) != NH_OK)
            nh_log_limited(
                NH_LOG_ERROR, "journal %s: the loss could not be synced", j->dir);
    }
    nhj_compress_stop(j);
    nhj_store_drop(j, &j->disk, 0);
}

void
nhj_bounds_make_room(struct nh_journal *j, uint64_t more)
{
    nhj_bounds_drop_released(j);
    while (j->o.max_bytes > 0 && may_go(j) &&
           nhj_bounds_disk_bytes(j) + more > j->o.max_bytes)
        drop_oldest(j);
}

struct point {
    const uint8_t *boot_id;
    int64_t mono_ms, wall_ms;
};

static int64_t
step_ms(struct point a, struct point b)
{
    int64_t step;

    if (memcmp(a.boot_id, b.boot_id, NH_STREAM_ID_LEN) == 0)
        return b.mono_ms > a.mono_ms ? b.mono_ms - a.mono_ms : 0;
    if (a.wall_ms < YEAR_2025_MS || b.wall_ms < YEAR_2025_MS)
        return 0;
    step = b.wall_ms - a.wall_ms;
    return step > 0 && step <= DOUBT_MS ? step : 0;
}

static struct point
created(const struct seg *s)
{
    return (struct point){ s->header.boot_id, s->header.mono_ms, s->header.wall_ms };
}

void
nhj_bounds_drop_old(struct nh_journal *j, int64_t mono_ms, int64_t wall_ms)
{
    struct point now = { nh_clock_boot_id(), mono_ms, wall_ms };
    size_t n = j->disk.count;
    int64_t age_ms;

    if (j->o.max_age_s <= 0 || n < 2)
        return;
    age_ms = step_ms(created(j->disk.v[n - 1]), now);
    for (size_t i = 1; i + 1 < n; i++)
        age_ms += step_ms(created(j->disk.v[i]), created(j->disk.v[i + 1]));
    /* a segment's newest record is no younger than its successor's first moment */
    while (j->disk.count > 1 && may_go(j) && age_ms / 1000 > j->o.max_age_s) {
        drop_oldest(j);
        if (j->disk.count > 1)
            age_ms -= step_ms(created(j->disk.v[0]), created(j->disk.v[1]));
    }
}

/* Say it when a threshold is crossed upwards; re-armed 10 points below. A journal whose
 * readers hold nothing is an archive, and full is how it should be. */
void
nhj_bounds_warn(struct nh_journal *j)
{
    static const int at[] = { 90, 75, 50 };
    bool holding, any;
    int pct, found = 0;

    (void)nhj_bounds_released(j, &holding, &any);
    if (j->o.max_bytes == 0 || (any && !holding))
        return;
    pct = (int)(nhj_bounds_disk_bytes(j) * 100 / j->o.max_bytes);
    for (size_t i = 0; i < NH_COUNT(at) && found == 0; i++)
        if (pct >= at[i])
            found = at[i];
    if (found > j->warned_pct)
        nh_log(NH_LOG_WARN, "journal %s: %d %% full%s", j->dir, pct,
            found >= 90 ? "; at 100 % the oldest records are dropped" : "");
    if (found > j->warned_pct || pct < j->warned_pct - 10)
        j->warned_pct = found;
}
