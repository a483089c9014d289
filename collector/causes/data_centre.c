/* SPDX-License-Identifier: GPL-3.0-or-later */
/* data_centre.c - what the centre itself broke: its power, LAN, own port or uplink */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    struct diagnose *d = g->d;

    if (g->uplink) {
        g->confidence = CONFIDENCE_FACT;
        g->party = "province";
        group_say(g, "reason_uplink", d->carriers[g->carrier].port, g->from_ms,
            d->carriers[g->carrier].in->name, NULL);
        return true;
    }
    if (!g->centre || (g->in_hole && !g->cold_hole))
        return false;
    g->party = "province";
    g->confidence = CONFIDENCE_LIKELY;
    if (g->cold_hole) {
        group_say(g, "reason_centre_power", d->centre_power, g->from_ms, NULL, NULL);
    } else {
        group_say(g, "reason_centre_all", NULL, g->from_ms, NULL, NULL);
        if (d->centre_router != NULL &&
            track_has(d->centre_router, false, g->from_ms - 15000, d->now_ms, 2, NULL)) {
            g->confidence = CONFIDENCE_FACT;
            group_say(
                g, "reason_centre_router", d->centre_router, g->from_ms, NULL, NULL);
        }
    }
    return true;
}

const struct cause_rule cause_data_centre = {
    .cause = CAUSE_DATA_CENTRE,
    .wants =
        "all links of all carriers, or of the carrier whose port at the centre is dead",
    .holds = holds,
};
