/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.c - one service fails its tests while the lines to it are fine */
#include "collector/causes/table.h"
#include <stdio.h>
#include <string.h>

static bool
holds(struct group *g)
{
    const struct dservice *v;
    const struct track *t = NULL;

    if (g->service < 0)
        return false;
    v = &g->d->services[g->service];
    for (size_t i = 0; i < v->track_count && t == NULL; i++)
        if (track_missing_now(v->tracks[i], 1))
            t = v->tracks[i];
    if (t == NULL && v->track_count > 0)
        t = v->tracks[0];
    if (t == NULL)
        return false;
    g->confidence = CONFIDENCE_FACT;
    snprintf(g->party_buf, sizeof(g->party_buf), "service:%s", v->in->id);
    g->party = g->party_buf;
    group_say(g,
        t->slow      ? "reason_service_slow"
        : t->expired ? "reason_service_expired"
                     : "reason_service",
        t, g->from_ms, v->in->name, NULL);
    return true;
}

const struct cause_rule cause_service = {
    .cause = CAUSE_SERVICE,
    .wants = "failed tests from those with a whole line, and no good one",
    .holds = holds,
};
