/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * meetings.h - planned work that meets a meeting: found before anybody sits in the room
 *
 * Pure: inventory (with the work that was added at run time) and time in, clashes out.
 */
#ifndef MEETINGS_H
#define MEETINGS_H

#include "collector/inventory.h"

struct meeting_clash {
    const struct inv_meeting *meeting; /* borrowed from the inventory, as all here */
    const struct inv_planned *planned;
    int64_t start_ms, end_ms; /* of this meeting */
    size_t site_count;        /* of the meeting's sites that the work touches */
    const struct inv_site *first;
};

/*
 * Each meeting that begins before `until_ms` and has not ended, with each work that
 * touches one of its sites (or a link of it) while it lasts and is not over; by meeting,
 * then by its time. Lent for the call.
 */
void meetings_clashes(const struct inventory *inv, int64_t now_ms, int64_t until_ms,
    void (*each)(void *arg, const struct meeting_clash *c), void *arg);
/* Each meeting that begins after `now_ms` and within `check_before_min` of it. */
void meetings_soon(const struct inventory *inv, int64_t now_ms,
    void (*each)(void *arg, const struct inv_meeting *m, int64_t start_ms), void *arg);
bool meetings_takes_part(const struct inv_meeting *m, const struct inv_site *site);
/* Is the work at that site, or at a link of it? */
bool meetings_works_at(const struct inv_planned *p, const struct inv_site *site);
/* Does the work touch that site of the meeting? */
bool meetings_touches(const struct meeting_clash *c, const struct inv_site *site);

#endif
