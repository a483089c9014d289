/* SPDX-License-Identifier: GPL-3.0-or-later */
/* monitoring.c - agent, its host or the collector: the network was fine */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    const struct dsite *s;
    int64_t at;

    if (g->centre && g->in_hole) {
        g->party = "province";
        g->confidence = CONFIDENCE_LIKELY;
        group_say(g, "reason_hole", NULL, g->from_ms, NULL, NULL);
        return true;
    }
    if (g->silent == 0 || g->down > 0 || g->battery > 0)
        return false;
    s = &g->d->sites[g->site];
    if (track_has(s->router, false, g->from_ms - 60000,
            g->to_ms == 0 ? g->d->now_ms : g->to_ms, 3, &at))
        return false; /* its own journal says why: the LAN */
    g->party = "province";
    g->confidence = CONFIDENCE_LIKELY;
    group_say(g, "reason_silent", NULL, g->from_ms, s->in->name, NULL);
    g->next = CAUSE_SITE_LAN;
    g->settle = "settle_journal";
    return true;
}

const struct cause_rule cause_monitoring = {
    .cause = CAUSE_MONITORING,
    .wants = "an agent that is silent while its links answer, or a hole in which only "
             "the probes went unanswered",
    .holds = holds,
};
