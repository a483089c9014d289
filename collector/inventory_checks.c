/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_checks.c - the checks that follow from the inventory, and their parameters
 *
 * One walk over the inventory emits every check with who measures it (the replay format's
 * table of check ids); assignments are the same walk, filtered by measurer, with the
 * sensor's parameters as "name=value" lines.
 */
#include "collector/inventory_reader.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Packets in a round: the path is what people use, so it is measured most closely. */
enum { PATH_PACKETS = 10, PING_PACKETS = 5 };

struct walk {
    const struct inventory *inv;
    struct inv_check check; /* being made; what does not apply is NULL */
    struct nh_assignment assignment;
    bool fits; /* false: an id or the parameters were too long */
    /* One of the two is called for each check. */
    void (*on_check)(void *arg, const struct inv_check *check);
    void (*on_assignment)(void *arg, const struct nh_assignment *a);
    void *arg;
    const struct inv_site *measurer; /* assignments only: NULL is the collector */
};

static void
start(struct walk *w, const char *kind, const char *sensor, bool by_collector)
{
    w->check =
        (struct inv_check){ .kind = nh_kind_find(kind), .by_collector = by_collector };
    w->check.every_ms = (uint32_t)w->check.kind->default_every_s * 1000;
    memset(&w->assignment, 0, sizeof(w->assignment));
    snprintf(w->assignment.kind, sizeof(w->assignment.kind), "%s", kind);
    snprintf(w->assignment.sensor, sizeof(w->assignment.sensor), "%s", sensor);
    w->fits = true;
}

static void name_check(struct walk *w, const char *fmt, ...) NH_PRINTF(2, 3);
static void param(struct walk *w, const char *name, const char *value);

static void
name_check(struct walk *w, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(w->check.id, sizeof(w->check.id), fmt, ap);
    va_end(ap);
    w->fits = w->fits && n > 0 && n < (int)sizeof(w->check.id);
}

/* Add "name=value"; an empty value is left out. */
static void
param(struct walk *w, const char *name, const char *value)
{
    char *params = w->assignment.params;
    size_t used = strlen(params), room = sizeof(w->assignment.params) - used;
    int n;

    if (*value == '\0')
        return;
    n = snprintf(params + used, room, "%s=%s\n", name, value);
    w->fits = w->fits && n > 0 && (size_t)n < room;
}

static void
param_int(struct walk *w, const char *name, int value)
{
    char text[16];

    snprintf(text, sizeof(text), "%d", value);
    param(w, name, text);
}

static void
emit(struct walk *w)
{
    if (!w->fits)
        return; /* cannot be: ids and targets were bounded when they were read */
    if (w->on_check != NULL) {
        w->on_check(w->arg, &w->check);
        return;
    }
    snprintf(w->assignment.check, sizeof(w->assignment.check), "%s", w->check.id);
    w->assignment.every_ms = w->check.every_ms;
    w->on_assignment(w->arg, &w->assignment);
}

/* Is this measurer's part of the walk wanted? */
static bool
wants(const struct walk *w, const struct inv_site *measurer)
{
    if (measurer == NULL && w->on_check == NULL && w->inv->drill)
        return false;
    return w->on_check != NULL || w->measurer == measurer;
}

static void
icmp(struct walk *w, const char *target, const char *interface, int packets)
{
    param(w, "target", target);
    param(w, "interface", interface);
    param_int(w, "count", packets);
    emit(w);
}

/* A loopback target is this host itself: probes to it leave by no link, and an answer
 * says nothing of one. In a drill nothing is sent, and addresses are all of that kind. */
static bool
leads_over(const struct walk *w, const struct inv_link *link, const char *target)
{
    bool loopback = strncmp(target, "127.", 4) == 0 || strcmp(target, "::1") == 0;

    return *target != '\0' &&
           (!loopback || w->inv->drill || strcmp(link->interface, "lo") == 0);
}

/* The device of that id, or NULL; "" is none. */
static struct inv_device *
find_device(struct inv_device *devices, size_t count, const char *id)
{
    for (size_t i = 0; i < count && *id != '\0'; i++)
        if (strcmp(devices[i].id, id) == 0)
            return &devices[i];
    return NULL;
}

static void
ask_device(struct walk *w, const struct inv_device *device, const char *port)
{
    param(w, "address", device->address);
    param(w, "credential", device->snmp->id);
    param(w, "port", port);
    emit(w);
}

/* A link's port on a device that speaks SNMP, when it is this measurer's to ask. */
static bool
walk_device_port(struct walk *w, struct inv_site *site, struct inv_link *link,
    struct inv_device *device, bool from_agent)
{
    if (device == NULL || device->snmp == NULL)
        return false;
    if (device->from_agent != from_agent)
        return true; /* the other one asks it */
    start(w, "port", "snmp", !from_agent);
    name_check(w, "%s/port", link->id);
    w->check.site = site;
    w->check.link = link;
    ask_device(w, device, link->port);
    return true;
}

static void
walk_link(struct walk *w, struct inv_site *site, struct inv_link *link)
{
    char target[64];

    start(w, "path", "icmp", false);
    name_check(w, "%s/path", link->id);
    w->check.site = site;
    w->check.link = link;
    inv_path_target(w->inv, link, target, sizeof(target));
    if (leads_over(w, link, target))
        icmp(w, target, link->interface, PATH_PACKETS);
    if (*link->gateway != '\0') {
        start(w, "gateway", "icmp", false);
        name_check(w, "%s/gateway", link->id);
        w->check.site = site;
        w->check.link = link;
        icmp(w, link->gateway, link->interface, PING_PACKETS);
    }
    if (walk_device_port(w, site, link,
            find_device(site->devices, site->device_count, link->device), true))
        return;
    start(w, "port", "port", false);
    name_check(w, "%s/port", link->id);
    w->check.site = site;
    w->check.link = link;
    param(w, "interface", link->interface);
    emit(w);
}

static void
walk_devices(struct walk *w, const char *owner, struct inv_site *site,
    struct inv_device *devices, size_t count, bool from_agent)
{
    bool has_power = false;

    for (size_t i = 0; i < count; i++) {
        if (devices[i].from_agent != from_agent || *devices[i].address == '\0')
            continue;
        start(w, "ping", "icmp", !from_agent);
        name_check(w, "%s/%s/ping", owner, devices[i].id);
        w->check.site = site;
        w->check.device = &devices[i];
        icmp(w, devices[i].address, "", PING_PACKETS);
        if (devices[i].snmp == NULL)
            continue;
        start(w, "snmp", "snmp", !from_agent);
        name_check(w, "%s/%s/snmp", owner, devices[i].id);
        w->check.site = site;
        w->check.device = &devices[i];
        ask_device(w, &devices[i], "");
        if (has_power || strcmp(devices[i].kind, "ups") != 0)
            continue;
        has_power = true; /* a site has one check of its power: the first UPS's */
        start(w, "power", "snmp", !from_agent);
        name_check(w, "%s/power", owner);
        w->check.site = site;
        ask_device(w, &devices[i], "");
    }
}

static void
walk_service(struct walk *w, struct inv_service *s, struct inv_site *site)
{
    static const char *const sensors[] = {
        [INV_HTTP] = "http", [INV_TCP] = "tcp", [INV_DNS] = "dns"
    };

    if (s->kind == INV_PLUGIN)
        return; /* no sensor runs plugins yet */
    start(w, "service", sensors[s->kind], site == NULL);
    name_check(w, "service/%s/%s", s->id, site != NULL ? site->id : "collector");
    w->check.site = site;
    w->check.service = s;
    w->check.every_ms = (uint32_t)s->every_s * 1000;
    if (s->kind == INV_HTTP) {
        param(w, "url", s->target);
        param_int(w, "expect_status", s->expect_status);
        param(w, "expect_text", s->expect_text);
    } else if (s->kind == INV_TCP) {
        param(w, "target", s->target);
    } else {
        param(w, "server", s->target);
        param(w, "query", s->query);
    }
    param_int(w, "timeout_ms", s->timeout_ms);
    emit(w);
}

static bool
tests_service(const struct inv_service *s, const struct inv_site *site)
{
    if (s->from_sites)
        return true;
    for (size_t i = 0; i < s->from_count; i++)
        if (s->from[i] == site)
            return true;
    return false;
}

static void
walk_agent(struct walk *w, struct inv_site *site)
{
    const struct inventory *inv = w->inv;

    for (size_t i = 0; i < site->link_count; i++)
        walk_link(w, site, &site->links[i]);
    start(w, "host", "host", false);
    name_check(w, "%s/host", site->id);
    w->check.site = site;
    param(w, "path", "/");
    emit(w);
    walk_devices(w, site->id, site, site->devices, site->device_count, true);
    for (size_t i = 0; i < inv->service_count; i++)
        if (tests_service(&inv->services[i], site))
            walk_service(w, &inv->services[i], site);
}

static void
walk_uplink(struct walk *w, struct inv_link *link)
{
    if (*link->gateway == '\0')
        return;
    start(w, "gateway", "icmp", true);
    name_check(w, "%s/gateway", link->id);
    w->check.link = link;
    icmp(w, link->gateway, "", PING_PACKETS);
}

static void
walk_collector(struct walk *w)
{
    const struct inventory *inv = w->inv;

    for (size_t i = 0; i < inv->site_count; i++) {
        struct inv_site *site = &inv->sites[i];

        for (size_t k = 0; k < site->link_count; k++) {
            walk_device_port(w, site, &site->links[k],
                find_device(site->devices, site->device_count, site->links[k].device),
                false);
            if (*site->links[k].address == '\0')
                continue;
            start(w, "far", "icmp", true);
            name_check(w, "%s/far", site->links[k].id);
            w->check.site = site;
            w->check.link = &site->links[k];
            icmp(w, site->links[k].address, "", PING_PACKETS);
        }
        walk_devices(w, site->id, site, site->devices, site->device_count, false);
    }
    for (size_t i = 0; i < inv->pop_count; i++) {
        if (*inv->pops[i].address == '\0')
            continue;
        start(w, "pop", "icmp", true);
        name_check(w, "%s/pop", inv->pops[i].id);
        w->check.pop = &inv->pops[i];
        icmp(w, inv->pops[i].address, "", PING_PACKETS);
    }
    for (size_t i = 0; i < inv->centre.uplink_count; i++) {
        walk_uplink(w, &inv->centre.uplinks[i]);
        walk_device_port(w, NULL, &inv->centre.uplinks[i],
            find_device(inv->centre.devices, inv->centre.device_count,
                inv->centre.uplinks[i].device),
            false);
    }
    walk_devices(w, "centre", NULL, inv->centre.devices, inv->centre.device_count, false);
    for (size_t i = 0; i < inv->service_count; i++)
        if (inv->services[i].from_collector)
            walk_service(w, &inv->services[i], NULL);
}

static void
walk(struct walk *w)
{
    for (size_t i = 0; i < w->inv->site_count; i++)
        if (w->inv->sites[i].agent && wants(w, &w->inv->sites[i]))
            walk_agent(w, &w->inv->sites[i]);
    if (wants(w, NULL))
        walk_collector(w);
}

void
inventory_assign(const struct inventory *inv, const struct inv_site *site,
    void (*out)(void *arg, const struct nh_assignment *a), void *arg)
{
    struct walk w = { .inv = inv, .on_assignment = out, .arg = arg, .measurer = site };

    walk(&w);
}

void
inventory_checks(const struct inventory *inv,
    void (*out)(void *arg, const struct inv_check *check), void *arg)
{
    struct walk w = { .inv = inv, .on_check = out, .arg = arg };

    walk(&w);
}
