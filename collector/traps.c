/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traps.c - the inventory's devices, and the store that says what is on the disk */
#include "collector/traps.h"
#include "collector/collector.h"
#include "libnhip/log.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct traps {
    struct collector *c;
    struct nh_trap_desk *desk; /* NULL: nothing listens */
};

const struct nh_trap_desk *
traps_desk(const struct traps *t)
{
    return t == NULL ? NULL : t->desk;
}

static enum nh_err
on_traps_event(void *arg, const struct nh_event *event, uint64_t *pos)
{
    struct traps *t = arg;

    return collector_tell(t->c, event, pos);
}

/* ---- devices ---- */

static void
add_devices(struct traps *t, const struct inv_site *site,
    const struct inv_device *devices, size_t count)
{
    const struct inventory *inv = t->c->inv;
    const struct inv_link *links = site != NULL ? site->links : inv->centre.uplinks;
    size_t link_count = site != NULL ? site->link_count : inv->centre.uplink_count;

    for (size_t i = 0; i < count; i++) {
        const struct inv_device *in = &devices[i];
        struct nh_trap_device d = { .address = in->address,
            .credential = in->snmp != NULL ? in->snmp->id : "",
            .place = site != NULL ? site->id : "centre",
            .id = in->id,
            .ours = !in->from_agent };

        for (size_t k = 0; k < link_count && d.port_count < NH_TRAP_PORTS_MAX; k++) {
            if (*links[k].port == '\0' || strcmp(links[k].device, in->id) != 0)
                continue;
            d.ports[d.port_count].link = links[k].id;
            d.ports[d.port_count++].port = links[k].port;
        }
        nh_trap_desk_put(t->desk, &d);
    }
}

void
traps_reloaded(struct traps *t)
{
    const struct inventory *inv;
    size_t count;

    if (t == NULL || t->desk == NULL)
        return;
    inv = t->c->inv;
    count = inv->centre.device_count;
    for (size_t i = 0; i < inv->site_count; i++)
        count += inv->sites[i].device_count;
    if (nh_trap_desk_begin(t->desk, count) != NH_OK) {
        nh_log(NH_LOG_ERROR, "traps: no memory: no device may send any");
        return;
    }
    if (inv->has_centre)
        add_devices(t, NULL, inv->centre.devices, inv->centre.device_count);
    for (size_t i = 0; i < inv->site_count; i++)
        add_devices(t, &inv->sites[i], inv->sites[i].devices, inv->sites[i].device_count);
    nh_trap_desk_end(t->desk);
}

/* ---- the store ---- */

void
traps_durable(struct traps *t, uint64_t pos)
{
    if (t != NULL && t->desk != NULL)
        nh_trap_desk_durable(t->desk, pos);
}

void
traps_lost(struct traps *t)
{
    if (t != NULL && t->desk != NULL)
        nh_trap_desk_lost(t->desk);
}

/* ---- life ---- */

enum nh_err
traps_open(struct traps **out, struct collector *c)
{
    struct traps *t;
    enum nh_err err;

    *out = NULL;
    if (*c->inv->collector.traps == '\0')
        return NH_OK;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NH_ENOMEM;
    t->c = c;
    err = nh_trap_desk_open(&t->desk, c->inv->collector.traps,
        &(struct nh_trap_desk_events){ on_traps_event, NULL, t });
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", c->inv->collector.traps,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
    *out = t;
    return NH_OK;
}

void
traps_start(struct traps *t)
{
    char path[4096];
    enum nh_err err = NH_ETOOBIG;

    if (t == NULL || t->desk == NULL)
        return;
    if (snprintf(path, sizeof(path), "%s/snmp-engine", t->c->inv->collector.data) <
        (int)sizeof(path))
        err = nh_trap_desk_start(t->desk, t->c->base, path);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", path,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
        nh_trap_desk_close(t->desk);
        t->desk = NULL;
    }
    traps_reloaded(t);
}

void
traps_close(struct traps *t)
{
    if (t == NULL)
        return;
    nh_trap_desk_close(t->desk);
    free(t);
}
