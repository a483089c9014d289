/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge_model.h - the judge's own insides: the window of a check, and its index
 *
 * judge.c settles states, judge_window.c looks at one check's rounds, judge_model.c lays
 * out checks, links, sites and services as the inventory has them.
 */
#ifndef JUDGE_MODEL_H
#define JUDGE_MODEL_H

#include "collector/judge.h"

enum judge_round_kind {
    JUDGE_ROUND_EMPTY,    /* tells nothing */
    JUDGE_ROUND_ANSWERED, /* at least one answer */
    JUDGE_ROUND_MISSED,   /* none */
    JUDGE_ROUND_DOWN,     /* not a matter of rounds: it says that it is down */
};

/* Room for the rounds of the check's window. */
enum nh_err judge_window_init(struct judge_check *c) NH_MUST_CHECK;
void judge_window_fini(struct judge_check *c);
void judge_window_clear(struct judge_check *c);
enum judge_round_kind judge_window_add(
    struct judge_check *c, const struct nh_reading *r, int64_t at_ms);
/* The reason of a check that is down. */
struct judge_why judge_model_down_why(const struct judge_check *c);

#endif
