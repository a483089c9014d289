/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.h - a made-up province: what its lines, boxes and mains do at a given time
 *
 * Latencies belong to the site and its link, traffic follows the hour, and troubles come
 * and go: a link cut, a full link, a carrier's node that takes several sites with it, a
 * power cut. Everything follows from the seed and the time, so that two runs differ only
 * by their clocks. Plain functions; no I/O.
 */
#ifndef DRILL_WORLD_H
#define DRILL_WORLD_H

#include "libnhip/reading.h"
#include "libnhip/wire.h"

enum { WORLD_LINKS_MAX = 4, WORLD_TROUBLES_MAX = 64 };

enum trouble_kind { TROUBLE_LINK, TROUBLE_CONGESTION, TROUBLE_NODE, TROUBLE_POWER };

struct trouble {
    enum trouble_kind kind;
    uint32_t site, sites; /* the first one and how many; sites go by their number */
    uint32_t link;        /* 0: the first link of a site, 1: the second */
    int64_t from_ms, to_ms;
};

struct world {
    uint32_t sites;
    uint64_t seed;
    bool quiet; /* no troubles */
    int64_t next_ms;
    size_t trouble_count;
    struct trouble trouble[WORLD_TROUBLES_MAX];
    uint64_t begun; /* troubles so far */
};

void world_init(struct world *w, uint32_t sites, uint64_t seed, bool quiet);
/* One more, now or later, beside those that come by themselves. False: no room. */
bool world_add(struct world *w, const struct trouble *t);
/* Let troubles end and begin. */
void world_step(struct world *w, int64_t now_ms);

bool world_has_power(const struct world *w, uint32_t site, int64_t now_ms);
/* Is that link of the site cut (itself or by its node)? Link 0 or 1. */
bool world_link_is_cut(
    const struct world *w, uint32_t site, uint32_t link, int64_t now_ms);
bool world_link_is_full(
    const struct world *w, uint32_t site, uint32_t link, int64_t now_ms);

/* What a check of `kind` of that site reads; `link`: 0, 1, or UINT32_MAX where it is the
 * site's (a service: over whatever works). */
void world_measure(const struct world *w, const struct nh_kind *kind, uint32_t site,
    uint32_t link, int64_t now_ms, int64_t wall_s, struct nh_reading *out);

#endif
