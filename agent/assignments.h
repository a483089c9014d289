/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * assignments.h - what the collectors want measured, kept over restarts
 *
 * Each collector hands down its own list, whole, by generations; what is measured is the
 * union, a check named by two going by the one that comes first in the file. The last
 * whole list of each is kept on disk, so that a box that starts without its line measures
 * at once. A list with a plugin that this box does not allow is taken without it.
 */
#ifndef AGENT_ASSIGNMENTS_H
#define AGENT_ASSIGNMENTS_H

#include "agent/config.h"
#include "libnhip/sensor.h"

struct assignments;

/* `config` and `schedule` (may be NULL: only keep) are borrowed. Reads what is on disk.
 */
enum nh_err assignments_new(struct assignments **out, const struct agent_config *config,
    struct nh_schedule *schedule) NH_MUST_CHECK;
void assignments_free(struct assignments *a);
/* Measure what is known now. */
void assignments_apply(struct assignments *a);

/*
 * One part of a list from collector number `collector`. True: it was the last, the list
 * is kept and measured, and *answer says with what result. A part out of turn is dropped
 * (the list so far with it).
 */
bool assignments_part(struct assignments *a, size_t collector,
    const struct nh_msg_assign *part, struct nh_msg_assigned *answer);
/* The generation in force from that collector, 0: none. */
uint64_t assignments_generation(const struct assignments *a, size_t collector);

/* The check of that id in the list of this collector, copied; false: it assigned none. */
bool assignments_find(const struct assignments *a, size_t collector, const char *check,
    struct nh_assignment *out);

/* All that is measured now; lent until the next change. */
const struct nh_assignment *assignments_all(const struct assignments *a, size_t *count);
/* Be called now, and after each change; NULL ends it. */
void assignments_watch(struct assignments *a, void (*changed)(void *arg), void *arg);

/* The i-th distinct interface named by the assignments ("" where none), NULL past the
 * end: the ways out of this box. */
const char *assignments_interface(const struct assignments *a, size_t i);

#endif
