/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtual.h - one agent that is not there: the real protocol, readings of the world
 *
 * It keeps its records in memory until the collector has them on disk, by the same rules
 * of positions, chains and acknowledgements as an agent's journal.
 */
#ifndef DRILL_VIRTUAL_H
#define DRILL_VIRTUAL_H

#include "drill/world.h"
#include "libnhip/token.h"

struct event_base;
struct sockaddr;
struct virtual;

struct drill_counts {
    uint64_t readings, values, records, delivered, sessions, failures, dropped;
};

struct drill_host { /* shared by all; borrowed */
    struct event_base *base;
    struct world *world;
    const struct sockaddr *address;
    int address_len;
    uint32_t every_ms;  /* 0: as assigned */
    uint32_t spread_ms; /* first connections and rounds are spread over this */
    uint32_t retry_ms;  /* after a session; 0: as the collector says, backing off */
    struct drill_counts counts;
    /* Kept readable for the centre's stand-in: the checks of all sites. */
    void (*on_check)(void *arg, uint32_t site, const struct nh_assignment *a);
    void *arg;
};

/* `number`: the site's in the world; `centre`: it has no assignments, see virtual_add().
 */
enum nh_err virtual_new(struct virtual **out, struct drill_host *host, uint32_t number,
    const char *identity, const uint8_t key[NH_KEY_LEN]) NH_MUST_CHECK;
void virtual_free(struct virtual *v);
/* Measure one check of `of_site` on its own account (the centre's far ends). */
void virtual_add(struct virtual *v, const char *check, const char *kind, uint32_t of_site,
    uint32_t link);
bool virtual_is_connected(const struct virtual *v);
uint64_t virtual_waiting(const struct virtual *v);

#endif
