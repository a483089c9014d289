/* SPDX-License-Identifier: GPL-3.0-or-later */
/* planned.c - work that the inventory announces */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    if (g->planned == NULL)
        return false;
    g->confidence = CONFIDENCE_FACT;
    g->party = "province";
    for (size_t i = 0; i < g->d->carrier_count; i++)
        if (strcmp(g->d->carriers[i].in->id, g->planned->who) == 0)
            group_blame_carrier(g, (int)i);
    group_say(
        g, "reason_planned", NULL, g->planned->from_s * 1000, g->planned->why, NULL);
    return true;
}

const struct cause_rule cause_planned = {
    .cause = CAUSE_PLANNED,
    .wants = "a planned section that covers the link or site at that moment",
    .holds = holds,
};
