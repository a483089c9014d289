/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.c - whole seconds, one after the other
 */
#include "collector/pace.h"
#include "collector/diagnose.h"

enum { STEP_MS = 1000 };

void
pace_step(struct pace *pace, int64_t now_ms)
{
    if (pace->now_ms == 0)
        pace->now_ms = now_ms;
    for (int64_t t = pace->now_ms - pace->now_ms % STEP_MS + STEP_MS; t <= now_ms;
         t += STEP_MS) {
        diagnose_clock(pace->d, t);
        policy_clock(pace->p, t);
        pace->now_ms = t;
    }
}

int64_t
pace_reach(struct pace *pace, int64_t arrived_ms)
{
    if (pace->now_ms == 0 || arrived_ms - pace->now_ms > PACE_JUMP_MS)
        pace->now_ms = arrived_ms;
    else
        pace_step(pace, arrived_ms);
    return arrived_ms > pace->now_ms ? arrived_ms : pace->now_ms;
}
