/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - the control socket of docs/CONTROL.md
 *
 * A Unix socket of mode 0660: whoever may open it may do everything. Threads: the loop's
 * only.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "libnhip/wire.h"

struct collector;
struct control;

enum nh_err control_open(struct control **out, struct collector *c) NH_MUST_CHECK;
void control_close(struct control *ctl);

/* Once a second: documents that changed go to those who follow. */
void control_tick(struct control *ctl, int64_t now_ms);
/* The inventory is another one: all documents again, `before`'s keys that are gone. */
struct inventory;
void control_reloaded(struct control *ctl, const struct inventory *before);

/* What the agent of `site` says to a test; its session has ended. `ctl` may be NULL. */
void control_test_result(
    struct control *ctl, const char *site, const struct nh_msg_result *result);
void control_tests_lost(struct control *ctl, const char *site);

/* Does anybody want readings as they come? */
bool control_has_tails(const struct control *ctl);
void control_tail_reading(struct control *ctl, const struct nh_check *check,
    const struct nh_origin *origin, const struct nh_reading *r, const char *boot);
void control_tail_event(
    struct control *ctl, const struct nh_origin *origin, const struct nh_event *event);

#endif
