/* SPDX-License-Identifier: GPL-3.0-or-later */
/* last_mile.c - between one commune and the carrier's node */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    const struct dlink *l;

    if (g->links == 0 || g->note)
        return false; /* a longer way is nobody's fault */
    l = &g->d->links[g->link];
    g->confidence = CONFIDENCE_LIKELY;
    if (g->carriers > 1) {
        g->party = "unknown";
        group_say(g, "reason_all_cables", NULL, g->from_ms, g->d->sites[g->site].in->name,
            NULL);
        return true;
    }
    group_blame_carrier(g, g->carrier);
    if (g->degraded > 0 && g->down == 0)
        group_say(g, "reason_degraded", l->path, g->from_ms, l->in->id, NULL);
    else
        group_say(g, "reason_link_down", l->path, g->from_ms, l->in->id, NULL);
    if (g->port_down && g->port_optics)
        group_say(g, "reason_dark_port", l->port, g->from_ms, NULL, NULL);
    else if (g->gateway_dead)
        group_say(g, "reason_first_hop_dead", l->gateway, g->from_ms, NULL, NULL);
    if (g->others_up)
        group_say(g, "reason_others_up", NULL, g->from_ms, NULL, NULL);
    if (g->seen_live && g->others_up &&
        (g->gateway_dead || (g->port_down && g->port_optics)))
        g->confidence = CONFIDENCE_FACT;
    g->next = CAUSE_CARRIER_NODE;
    g->settle = "settle_node";
    return true;
}

const struct cause_rule cause_last_mile = {
    .cause = CAUSE_LAST_MILE,
    .wants =
        "one link alone, its first hop dead or its port dark, while the node's other "
        "links go on",
    .holds = holds,
};
