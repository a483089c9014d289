/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_line.h - a dated reading or event as one line of the replay format
 *
 * `nhipctl journal cat`, `nhipctl tail` and `nhipctl export` print these, and
 * `nhip-collector --replay` reads them. A line has no newline at its end.
 */
#ifndef NH_REPLAY_LINE_H
#define NH_REPLAY_LINE_H

#include "libnhip/record.h"

/* `boot`: hex of the boot that the line was made in, when the host has started again
 * since; NULL when it is the session's own. */
void nh_replay_reading(struct nh_buf *out, const struct nh_check *check,
    const struct nh_origin *origin, const struct nh_reading *r, const char *boot);
void nh_replay_event(struct nh_buf *out, const struct nh_origin *origin,
    const struct nh_event *event, const char *boot);

/* A JSON string with its quotes. */
void nh_json_string(struct nh_buf *out, const char *s);
/* A fixed-point number in its shortest form: 12300 with 3 decimals is 12.3. */
void nh_json_fixed(struct nh_buf *out, int64_t fixed, uint8_t decimals);
/* One more key of an object that has one: ,"key":"text" (NULL: ""), and a time as seconds
 * (0: null). */
void nh_json_more_text(struct nh_buf *out, const char *key, const char *text);
void nh_json_more_time(struct nh_buf *out, const char *key, int64_t ms);

#endif
