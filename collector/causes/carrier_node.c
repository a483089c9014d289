/* SPDX-License-Identifier: GPL-3.0-or-later */
/* carrier_node.c - one node of a carrier, or its way into the core */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    if (!g->node)
        return false;
    group_blame_carrier(g, g->carrier);
    g->confidence = CONFIDENCE_LIKELY;
    group_say(g, g->down > 0 ? "reason_node" : "reason_node_degraded",
        g->d->pops[g->pop].track, g->from_ms, g->d->pops[g->pop].in->name, NULL);
    if (g->gateway_alive)
        group_say(g, "reason_first_hop_alive", g->d->links[g->link].gateway, g->from_ms,
            NULL, NULL);
    g->next = CAUSE_LAST_MILE;
    g->settle = "settle_node";
    return true;
}

const struct cause_rule cause_carrier_node = {
    .cause = CAUSE_CARRIER_NODE,
    .wants =
        "all links of the node in one moment, while the other lines of its sites go on",
    .holds = holds,
};
