/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * once.h - one round of an assignment now, by the same sensor as its rounds
 *
 * It shares nothing with the schedule: its reading goes to whoever asked and nowhere
 * else. Threads: the loop's only.
 */
#ifndef NH_ONCE_H
#define NH_ONCE_H

#include "libnhip/sensor.h"

struct nh_once;

/* `a` is copied. `on_done` is called from the loop, never from in here, and may free the
 * round: with the reading, or with NULL and why it could not be run. Errors: NH_ENOMEM,
 * NH_EINVAL (`why`). */
enum nh_err nh_once_start(struct nh_once **out, struct event_base *base,
    const struct nh_assignment *a, uint32_t span_ms,
    void (*on_done)(void *arg, const struct nh_kind *kind, const struct nh_reading *r,
        const char *why),
    void *arg, char why[128]) NH_MUST_CHECK;
void nh_once_free(struct nh_once *o);

/* Set parameter `name` to `value`, in place of what it was. NH_ETOOBIG: no room. */
enum nh_err nh_param_set(
    char params[NH_PARAM_MAX], const char *name, const char *value) NH_MUST_CHECK;

#endif
