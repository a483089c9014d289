/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unknown.c - nothing explains it yet */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    g->party = "unknown";
    g->confidence = CONFIDENCE_SUSPECTED;
    if (g->note) {
        g->next = CAUSE_CONGESTION;
        g->settle = "settle_unusual";
        return true;
    }
    group_say(g, "reason_unknown", NULL, g->from_ms, NULL, NULL);
    return true;
}

const struct cause_rule cause_unknown = {
    .cause = CAUSE_UNKNOWN,
    .wants = "nothing",
    .holds = holds,
};
