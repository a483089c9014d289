/* SPDX-License-Identifier: GPL-3.0-or-later */
/* congestion.c - a link full of its own traffic */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    if (!g->full || g->down > 0)
        return false;
    g->party = "commune";
    g->confidence = CONFIDENCE_LIKELY;
    group_say(g, "reason_full", g->d->links[g->link].port, g->from_ms,
        g->d->sites[g->site].in->name, NULL);
    g->next = CAUSE_LAST_MILE;
    g->settle = "settle_traffic";
    return true;
}

const struct cause_rule cause_congestion = {
    .cause = CAUSE_CONGESTION,
    .wants = "the port at nine tenths of the bandwidth while delay or loss rose",
    .holds = holds,
};
