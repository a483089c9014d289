/* SPDX-License-Identifier: GPL-3.0-or-later */
/* power.c - the mains of a site or of its feeder failed, whether a UPS carried it or not
 */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    bool proof = g->power_proof > 0 || g->battery > 0;

    if (g->centre || g->uplink || g->core)
        return false;
    if (!proof &&
        (g->node || g->dark == 0 || g->lan_proof + g->line_proof > 0 || g->host_lived))
        return false;
    if (g->node && g->power_proof * 2 < g->dark)
        return false;
    if (proof && g->line_proof > g->power_proof + g->battery)
        return false;
    g->party = "power_company";
    g->confidence = proof ? CONFIDENCE_FACT : CONFIDENCE_SUSPECTED;
    if (!proof) {
        group_say(
            g, "reason_dark", NULL, g->from_ms, g->d->sites[g->site].in->name, NULL);
        g->next = g->d->sites[g->site].link_count > 1 ? CAUSE_SITE_LAN : CAUSE_LAST_MILE;
        g->settle = "settle_boot";
    }
    return true;
}

const struct cause_rule cause_power = {
    .cause = CAUSE_POWER,
    .wants = "UPS, last gasp, cold start, or a host that started within the outage; else "
             "a site dark as a whole",
    .holds = holds,
};
