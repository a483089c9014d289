/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carrier_core.c - two nodes of a carrier or more together */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    if (!g->core)
        return false;
    group_blame_carrier(g, g->carrier);
    g->confidence = CONFIDENCE_LIKELY;
    group_say(g, g->down > 0 ? "reason_core" : "reason_core_degraded", NULL, g->from_ms,
        g->d->carriers[g->carrier].in->name, NULL);
    g->next = CAUSE_DATA_CENTRE;
    g->settle = "settle_uplink";
    return true;
}

const struct cause_rule cause_carrier_core = {
    .cause = CAUSE_CARRIER_CORE,
    .wants = "all links of two nodes or more in one moment, while our own port towards "
             "the carrier is fine",
    .holds = holds,
};
