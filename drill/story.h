/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * story.h - troubles that are written down instead of drawn: one a line, `KIND SITE COUNT
 * LINK FROM TO`
 *
 * KIND is link, full, node or power; SITE the id of the first of COUNT sites, in the
 * order of the keys; LINK 0 or 1; FROM and TO are seconds after the first full ten
 * seconds of the host's clock since the start, so that drills begun together tell the
 * same story to the same readings.
 */
#ifndef DRILL_STORY_H
#define DRILL_STORY_H

#include "drill/keys_file.h"
#include "drill/world.h"

/* Puts them into `w`. What is wrong has been printed as `file:line: what`. */
enum nh_err drill_story_read(const char *path, const struct drill_key *keys, size_t count,
    int64_t now_ms, struct world *w) NH_MUST_CHECK;

#endif
