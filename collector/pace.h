/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.h - the steps of time between records, the same live, after a restart and in a
 * replay
 *
 * The machine and the policy are stepped at whole seconds of the stream's clock, each
 * second before the records that arrived in it. So what they decide follows from the
 * records and their arrival, and not from when somebody happened to look.
 *
 * Threads: one owner.
 */
#ifndef PACE_H
#define PACE_H

#include "collector/policy.h"

struct diagnose;

enum { PACE_JUMP_MS = 30000 };

struct pace {
    struct diagnose *d; /* borrowed, as `p` */
    struct policy *p;
    int64_t now_ms; /* 0: not begun */
};

/* Step through every whole second up to `now_ms`. */
void pace_step(struct pace *pace, int64_t now_ms);
/*
 * A record that arrived then is about to be fed; returns when it counts as arrived, which
 * is never before the last step. After more than PACE_JUMP_MS without a step nothing is
 * stepped through: the machine sees for itself that the collector had been away.
 */
int64_t pace_reach(struct pace *pace, int64_t arrived_ms);

#endif
