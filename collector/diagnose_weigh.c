/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_weigh.c - what the episodes of a group, and the tracks and events around them,
 * amount to
 *
 * A site that went dark as a whole is asked three things. Did its power fail: UPS, last
 * gasp, cold start, or a host that started within the outage? Did its host live on and
 * see the router dead? Did it live on, with the router alive and the lines dead?
 */
#include "collector/diagnose_model.h"
#include <stdlib.h>
#include <string.h>

enum { NOTES_SAID = 6 }; /* links whose figures are named */

static int64_t
end_of(const struct diagnose *d, const struct episode *e)
{
    return e->to_ms == 0 ? d->now_ms : e->to_ms;
}

static void
weigh_dark(struct group *g, int site, const struct episode *e)
{
    struct diagnose *d = g->d;
    const struct dsite *s = &d->sites[site];
    int64_t from = e->from_ms, to = end_of(d, e), at = 0;
    const struct episode *p = &s->power_ep;
    bool power = false, boot;

    g->dark++;
    boot = site_has_fact(s, FACT_BOOT, from - 5000, to + 5000, &at);
    if (p->from_ms != 0 && p->from_ms <= to &&
        (p->to_ms == 0 || p->to_ms >= from - 30000)) {
        power = true;
        group_say(g, "reason_on_battery", s->power, p->from_ms, s->in->name, NULL);
    } else if (site_has_fact(s, FACT_LAST_GASP, from - 60000, to, &at)) {
        power = true;
        group_say(g, "reason_last_gasp", NULL, at, s->in->name, NULL);
    } else if (boot) {
        power = true;
        group_say(g, "reason_boot", s->host, at, s->in->name, NULL);
    } else if (site_has_fact(s, FACT_COLD_START, from - 5000, to + TRAP_LATE_MS, &at)) {
        power = true;
        group_say(g, "reason_cold_start", NULL, at, s->in->name, NULL);
    }
    if (power) {
        g->power_proof++;
        return;
    }
    for (size_t i = 0; i < s->link_count; i++) {
        const struct dlink *l = &d->links[s->first_link + (int)i];

        if (l->path == NULL && track_has(link_near(l), false, from - 3000, to, 3, NULL))
            g->host_lived = true; /* who told of it? more its first hop does not say */
        if (!track_has(l->path, false, from - 3000, to, 3, &at))
            continue;
        g->seen_live = true;
        if (track_has(s->router, false, from - 3000, to, 2, &at)) {
            g->lan_proof++;
            group_say(g, "reason_router_dead", s->router, at, s->in->name, NULL);
        } else {
            g->line_proof++;
            group_say(g, "reason_host_lived", l->path, at, s->in->name, NULL);
        }
        return;
    }
}

/* The ends of a link that fell: what its first hop and its port said. */
static void
weigh_down(struct group *g, const struct episode *e)
{
    struct diagnose *d = g->d;
    const struct dlink *l = &d->links[e->link];
    int64_t from = e->from_ms, to = end_of(d, e), at;

    if (track_has(l->path, false, from - 3000, to, 2, &at))
        g->seen_live = true;
    if (track_has(l->gateway, true, from + 12000, to - 5000, 2, &at) && to - from > 30000)
        g->gateway_alive = true;
    else if (track_has(l->gateway, false, from - 3000, to, 2, &at) &&
             track_has(l->gateway, true, from - KEEP_MS, from, 3, NULL))
        g->gateway_dead = true;
    if (track_has(l->port, false, from - 15000, to + 15000, 1, &at)) {
        g->port_down = true;
        g->port_optics |= l->port->has_optics;
    }
    if (l->pop < 0)
        return;
    for (size_t i = 0; i < d->pops[l->pop].link_count; i++) {
        const struct dlink *o = &d->links[d->pops[l->pop].links[i]];

        if (o != l && link_down_at(o, from + 20000) == NULL &&
            (track_has(o->far, true, from + 5000, to, 1, NULL) ||
                track_has(o->path, true, from + 5000, to, 1, NULL)))
            g->others_up = true;
    }
}

static bool
seen_before(const struct group *g, size_t i, bool site)
{
    for (size_t k = 0; k < i; k++)
        if (is_sure(g->eps[k]) && (site ? g->eps[k]->site == g->eps[i]->site
                                        : g->eps[k]->link == g->eps[i]->link))
            return true;
    return false;
}

/* Whom the key names. */
static void
scope(struct group *g)
{
    struct diagnose *d = g->d;
    const char *key = g->key, *id = strchr(key, ':');

    id = id == NULL ? "" : id + 1;
    g->note = strncmp(key, NOTE_KEY, strlen(NOTE_KEY)) == 0;
    key += g->note ? strlen(NOTE_KEY) : 0;
    g->centre = strncmp(key, "centre", 6) == 0;
    g->uplink = strncmp(key, "uplink:", 7) == 0;
    g->core = strncmp(key, "core:", 5) == 0;
    g->node = strncmp(key, "node:", 5) == 0;
    for (size_t i = 0; i < d->carrier_count; i++)
        if ((g->uplink || g->core) && strcmp(d->carriers[i].in->id, id) == 0)
            g->carrier = (int)i;
    for (size_t i = 0; i < d->pop_count; i++)
        if (g->node && strcmp(d->pops[i].in->id, id) == 0) {
            g->pop = (int)i;
            g->carrier = d->pops[i].carrier;
        }
    for (size_t i = 0; i < d->inv->planned_count; i++)
        if (strncmp(g->key, "planned:", 8) == 0 && strcmp(d->inv->planned[i].id, id) == 0)
            g->planned = &d->inv->planned[i];
    for (size_t i = 0; i < d->inv->feeder_count; i++)
        if (strncmp(g->key, "feeder:", 7) == 0 && strcmp(d->inv->feeders[i].id, id) == 0)
            g->feeder = (int)i;
    for (size_t i = 0; i < g->count; i++) {
        const struct episode *e = g->eps[i];

        if (e->service >= 0)
            g->service = e->service;
        if (g->site < 0 && e->site >= 0 && e->site < (int)d->site_count)
            g->site = e->site;
        if (g->link < 0 && e->link >= 0)
            g->link = e->link;
    }
    if (g->carrier < 0 && g->link >= 0)
        g->carrier = d->links[g->link].carrier;
}

static bool
whole_site_down(struct group *g, const struct episode *e)
{
    const struct dsite *s = &g->d->sites[e->site];

    for (size_t i = 0; i < s->link_count; i++) {
        const struct dlink *l = &g->d->links[s->first_link + (int)i];
        bool hit = false;

        for (size_t k = 0; k < l->episode_count && !hit; k++)
            hit = l->episodes[k].kind == EP_DOWN &&
                  (is_open_at(&l->episodes[k], e->from_ms + 5000) ||
                      llabs(l->episodes[k].from_ms - e->from_ms) < 15000);
        if (!hit && (track_ever_ok(l->far) || track_has(l->path, true, e->from_ms + 5000,
                                                  g->d->now_ms, 1, NULL)))
            return false;
    }
    return true;
}

void
group_weigh(struct group *g)
{
    struct diagnose *d = g->d;
    int first_carrier = -1;

    scope(g);
    g->onset_ms = g->from_ms;
    for (size_t i = 0; i < g->count; i++) {
        const struct episode *e = g->eps[i];
        bool new_link, new_site;

        if (!is_sure(e))
            continue;
        new_link = e->link >= 0 && !seen_before(g, i, false);
        new_site =
            e->site >= 0 && e->site < (int)d->site_count && !seen_before(g, i, true);
        g->links += new_link;
        g->sites += new_site;
        if (e->kind == EP_POWER) {
            g->battery++;
            group_say(g, "reason_on_battery", d->sites[e->site].power, e->from_ms,
                d->sites[e->site].in->name, NULL);
        }
        g->silent += e->kind == EP_SILENT;
        g->in_hole |= e->kind == EP_DOWN && hole_of(d, e->from_ms) != NULL;
        g->cold_hole |= e->kind == EP_CENTRE;
        if (e->kind == EP_DOWN) {
            const struct dlink *l = &d->links[e->link];
            size_t drops = new_link ? link_drops(l, g->key, NULL) : 0;

            g->down++;
            g->standby_down += l->in->standby && d->sites[l->site].link_count > 1;
            g->drops = drops > g->drops ? drops : g->drops;
            if (first_carrier < 0 || first_carrier != l->carrier)
                g->carriers++;
            if (first_carrier < 0)
                first_carrier = l->carrier;
            if (!g->centre && (new_site || e->link == g->link) && whole_site_down(g, e))
                weigh_dark(g, e->site, e);
            if (!g->centre && !g->uplink)
                weigh_down(g, e);
        } else if (e->kind == EP_DEGRADED) {
            const struct dlink *l = &d->links[e->link];
            const struct track *port = l->port;

            g->degraded++;
            if (e->note && g->degraded <= NOTES_SAID)
                group_say_delay(g, l->path != NULL ? l->path : l->far, e);
            g->slow |= !e->loss;
            if (port != NULL && port->full_ms >= e->from_ms - 60000 &&
                port->full_count >= 5)
                g->full = true;
        }
    }
}

void
group_fini(struct group *g)
{
    for (size_t i = 0; i < g->reason_count; i++) {
        free(g->reasons[i].vi);
        free(g->reasons[i].en);
    }
    free(g->eps);
}
