/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calendar.h - months, hours and meetings of the inventory as points in time
 *
 * Texts are those that the inventory has already accepted ("mon-fri 07:30-11:30",
 * "office_hours" is its owner's to resolve); what has no form gives nothing. All times
 * are wall ms; `zone` is the province's.
 *
 * Threads: the loop's only, where the zone is one that the C library has to look up.
 */
#ifndef CALENDAR_H
#define CALENDAR_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <stdint.h>

/* "2026-11": from its first ms to the first of the next month; false: it is no month. */
bool calendar_month(
    const char *month, const char *zone, int64_t *from_ms, int64_t *to_ms) NH_MUST_CHECK;

/* The spans of "mon-fri 07:30-11:30,13:30-17:00; sat 07:30-11:30" that lie within the
 * time, cut at its edges, in order. "always" is all of it. */
void calendar_hours(const char *hours, const char *zone, int64_t from_ms, int64_t to_ms,
    void (*out)(void *arg, int64_t from_ms, int64_t to_ms), void *arg);

/* The first "mon,thu 08:00", "daily 08:00" or "2026-11-30 08:00" at or after a moment;
 * false: there is none. */
bool calendar_next(
    const char *at, const char *zone, int64_t after_ms, int64_t *start_ms) NH_MUST_CHECK;

#endif
