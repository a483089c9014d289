/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dating.c - anchors by boot, and the guess for a boot without any
 *
 * A boot that the collector never met lies between the last reading dated before it and
 * the start of the boot that talks to us now. Where its own clock was set to a time
 * within that bracket, that is taken with the error that such clocks have; otherwise the
 * boot is put at the bracket's beginning, and the whole bracket is its error.
 */
#include "collector/dating.h"
#include "libnhip/clock.h"
#include <stdlib.h>
#include <string.h>

#define PLAUSIBLE_MS (INT64_C(1) << 52)
enum { SYNCHRONISED_ERROR_MS = 2000, SET_ERROR_MS = 300000 };

void
dating_fini(struct dating *d)
{
    for (size_t i = 0; i < d->count; i++)
        free(d->boots[i]);
    *d = (struct dating){ 0 };
}

static struct dating_boot *
boot_get(const struct dating *d, const uint8_t id[NH_STREAM_ID_LEN])
{
    for (size_t i = d->count; i-- > 0;)
        if (memcmp(d->boots[i]->id, id, NH_STREAM_ID_LEN) == 0)
            return d->boots[i];
    return NULL;
}

static struct dating_boot *
boot_make(struct dating *d, const uint8_t id[NH_STREAM_ID_LEN])
{
    struct dating_boot *b = boot_get(d, id);

    if (b != NULL)
        return b;
    b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    memcpy(b->id, id, sizeof(b->id));
    if (d->count == DATING_BOOTS_MAX) {
        free(d->boots[0]);
        memmove(&d->boots[0], &d->boots[1], (d->count - 1) * sizeof(d->boots[0]));
        d->count--;
    }
    d->boots[d->count++] = b;
    return b;
}

static bool
is_plausible(int64_t ms)
{
    return ms > -PLAUSIBLE_MS && ms < PLAUSIBLE_MS;
}

enum nh_err
dating_anchor(
    struct dating *d, const uint8_t id[NH_STREAM_ID_LEN], struct nh_anchor anchor)
{
    struct dating_boot *b;

    if (!is_plausible(anchor.mono_ms) || !is_plausible(anchor.wall_ms))
        return NH_EINVAL;
    b = boot_make(d, id);
    if (b == NULL)
        return NH_ENOMEM;
    nh_anchors_add(&b->anchors, anchor);
    b->guessed = false;
    return NH_OK;
}

/* When the earliest boot after `boot` that has anchors began; now, when there is none. */
static int64_t
bracket_end(const struct dating *d, const struct dating_boot *boot, int64_t now_ms)
{
    int64_t end = now_ms;

    for (size_t i = 0; i < d->count; i++) {
        int64_t offset;
        uint32_t error;

        if (d->boots[i] != boot &&
            nh_anchors_offset(&d->boots[i]->anchors, 0, &offset, &error) == NH_OK &&
            offset > d->last_wall_ms && offset < end)
            end = offset;
    }
    return end;
}

static uint32_t
as_error(int64_t ms)
{
    return ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static void
guess(struct dating *d, struct dating_boot *b, const struct nh_boot *boot,
    int64_t first_mono_ms, int64_t now_ms)
{
    int64_t end = bracket_end(d, b, now_ms);
    int64_t begin = d->last_wall_ms != 0 ? d->last_wall_ms : end;
    int64_t by_host = boot->wall_ms - boot->mono_ms;
    int64_t at = by_host + first_mono_ms;

    b->guessed = true;
    if (boot->quality != NH_CLOCK_UNSET && at <= end &&
        (d->last_wall_ms == 0 || at >= begin)) {
        b->offset_ms = by_host;
        b->error_ms =
            boot->quality >= NH_CLOCK_SYNCHRONISED ? SYNCHRONISED_ERROR_MS : SET_ERROR_MS;
        return;
    }
    b->offset_ms = begin - first_mono_ms;
    b->error_ms = as_error(end - begin);
    if (b->error_ms == 0) /* nothing is known before it: any time up to now */
        b->error_ms = UINT32_MAX;
}

enum nh_err
dating_offset(struct dating *d, const struct nh_boot *boot, int64_t first_mono_ms,
    int64_t now_ms, int64_t *offset_ms, uint32_t *error_ms)
{
    struct dating_boot *b;

    if (!is_plausible(first_mono_ms) || !is_plausible(boot->mono_ms) ||
        !is_plausible(boot->wall_ms))
        return NH_EINVAL;
    b = boot_make(d, boot->boot_id);
    if (b == NULL)
        return NH_ENOMEM;
    if (nh_anchors_offset(&b->anchors, first_mono_ms, offset_ms, error_ms) == NH_OK)
        return NH_OK;
    if (!b->guessed)
        guess(d, b, boot, first_mono_ms, now_ms);
    *offset_ms = b->offset_ms;
    *error_ms = b->error_ms;
    return NH_OK;
}

bool
dating_is_future(int64_t mono_ms, int64_t offset_ms, int64_t now_ms)
{
    return !is_plausible(mono_ms) || !is_plausible(offset_ms) ||
           mono_ms + offset_ms > now_ms + (int64_t)NH_FUTURE_MAX_S * 1000;
}

void
dating_seen(struct dating *d, int64_t wall_ms)
{
    if (wall_ms > d->last_wall_ms)
        d->last_wall_ms = wall_ms;
}
