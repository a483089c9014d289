/* SPDX-License-Identifier: GPL-3.0-or-later */
/* site_lan.c - router, cable, switch or plug at the commune */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    bool silent = g->silent > 0 && g->down == 0;

    if (!silent && g->lan_proof == 0 &&
        !(g->port_down && !g->port_optics && g->links == 1 && g->line_proof == 0))
        return false;
    if (g->lan_proof < g->line_proof)
        return false;
    g->party = "commune";
    g->confidence = g->lan_proof > 0 ? CONFIDENCE_FACT : CONFIDENCE_LIKELY;
    if (silent)
        group_say(g, "reason_router_dead", g->d->sites[g->site].router, g->from_ms,
            g->d->sites[g->site].in->name, NULL);
    else if (g->lan_proof == 0)
        group_say(g, "reason_port_no_carrier", g->d->links[g->link].port, g->from_ms,
            g->d->links[g->link].in->id, NULL);
    g->next = CAUSE_LAST_MILE;
    g->settle = "settle_box";
    return true;
}

const struct cause_rule cause_site_lan = {
    .cause = CAUSE_SITE_LAN,
    .wants = "the journal of a host that lived on saw its router dead; or a port without "
             "carrier where no fibre ends",
    .holds = holds,
};
