/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose.c - the machine's frame: its model of the inventory, what is fed to it, when
 * it judges
 *
 * Readings and events only change tracks and facts. Once a second of the stream's time,
 * and only when something changed or a time it waits for has come, everything that is in
 * trouble is judged anew (diagnose_group.c).
 */
#include "collector/diagnose_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JUDGE_EVERY_MS = 1000, LOOK_EVERY_MS = 5000 };

/* ---- the model ---- */

struct builder {
    struct diagnose *d;
    size_t cap;
    enum nh_err err;
};

static enum track_class
class_of(const char *kind)
{
    static const struct {
        const char *name;
        enum track_class class;
    } rows[] = { { "path", TRACK_PATH }, { "gateway", TRACK_GATEWAY },
        { "far", TRACK_FAR }, { "pop", TRACK_POP }, { "port", TRACK_PORT },
        { "power", TRACK_POWER }, { "host", TRACK_HOST }, { "ping", TRACK_PING },
        { "snmp", TRACK_SNMP }, { "service", TRACK_SERVICE } };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        if (strcmp(kind, rows[i].name) == 0)
            return rows[i].class;
    return TRACK_OTHER;
}

static void
add_track(void *arg, const struct inv_check *in)
{
    struct builder *b = arg;
    struct diagnose *d = b->d;
    struct track *t;

    if (b->err != NH_OK)
        return;
    if (d->track_count == b->cap) {
        size_t cap = b->cap == 0 ? 256 : b->cap * 2;
        struct track *more = realloc(d->tracks, cap * sizeof(*more));

        if (more == NULL) {
            b->err = NH_ENOMEM;
            return;
        }
        d->tracks = more;
        b->cap = cap;
    }
    t = &d->tracks[d->track_count++];
    *t = (struct track){ .in = *in,
        .class = class_of(in->kind->name),
        .link = -1,
        .site = -1,
        .service = -1 };
    if (t->in.every_ms == 0)
        t->in.every_ms = 10000;
    if (t->class == TRACK_PATH || t->class == TRACK_FAR) {
        t->rounds = calloc(ROUNDS_MAX, sizeof(t->rounds[0]));
        if (t->rounds == NULL)
            b->err = NH_ENOMEM;
    }
}

/* A check of the replay format that nobody here measures yet, but a stream may hold. */
static void
add_named(struct builder *b, struct strmap *known, const char *kind,
    const struct inv_check *like, const char *owner, const char *name)
{
    struct inv_check in = *like;

    in.kind = nh_kind_find(kind);
    snprintf(
        in.id, sizeof(in.id), "%s%s%s/%s", owner, *name != '\0' ? "/" : "", name, kind);
    if (b->err != NH_OK || in.kind == NULL || strmap_get(known, in.id) != NULL)
        return;
    in.every_ms = in.kind->default_every_s * 1000U;
    add_track(b, &in);
    if (b->err == NH_OK)
        b->err =
            strmap_put(known, b->d->tracks[b->d->track_count - 1].in.id, b->d->tracks);
}

static void
add_of_devices(struct builder *b, struct strmap *known, struct inv_site *site,
    const char *owner, struct inv_device *devices, size_t count)
{
    struct inv_check like = { .site = site };

    for (size_t i = 0; i < count; i++) {
        like.by_collector = !devices[i].from_agent;
        if (strcmp(devices[i].kind, "ups") == 0) {
            like.device = NULL;
            add_named(b, known, "power", &like, owner, "");
            continue;
        }
        like.device = &devices[i];
        add_named(b, known, "ping", &like, owner, devices[i].id);
        add_named(b, known, "snmp", &like, owner, devices[i].id);
    }
}

static void
add_of_links(struct builder *b, struct strmap *known, struct inv_site *site,
    const char *owner, struct inv_link *links, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct inv_check like = {
            .site = site, .link = &links[i], .by_collector = site == NULL
        };

        add_named(b, known, "port", &like, owner, links[i].name);
    }
}

static enum nh_err
add_missing(struct builder *b, const struct inventory *inv)
{
    struct strmap known = { 0 };
    struct track *more;
    size_t most = inv->centre.uplink_count + 2 * inv->centre.device_count;

    for (size_t i = 0; i < inv->site_count; i++)
        most += inv->sites[i].link_count + 2 * inv->sites[i].device_count;
    b->cap = b->d->track_count + most + 1;
    more = realloc(b->d->tracks, b->cap * sizeof(*more));
    if (more == NULL)
        return NH_ENOMEM;
    b->d->tracks = more; /* stays where it is: ids may be borrowed */
    for (size_t i = 0; b->err == NH_OK && i < b->d->track_count; i++)
        b->err = strmap_put(&known, more[i].in.id, more);
    add_of_links(
        b, &known, NULL, "centre", inv->centre.uplinks, inv->centre.uplink_count);
    add_of_devices(
        b, &known, NULL, "centre", inv->centre.devices, inv->centre.device_count);
    for (size_t i = 0; i < inv->site_count; i++) {
        struct inv_site *s = &inv->sites[i];

        add_of_links(b, &known, s, s->id, s->links, s->link_count);
        add_of_devices(b, &known, s, s->id, s->devices, s->device_count);
    }
    strmap_fini(&known);
    return b->err;
}

static int
index_in(const void *base, size_t size, const void *p)
{
    return p == NULL ? -1 : (int)((size_t)((const char *)p - (const char *)base) / size);
}

static enum nh_err
add_links(struct diagnose *d, const struct inventory *inv)
{
    enum nh_err err = NH_OK;
    int n = 0;

    for (size_t i = 0; err == NH_OK && i < inv->site_count; i++) {
        struct inv_site *in = &inv->sites[i];
        struct dsite *s = &d->sites[i];

        s->in = in;
        s->runtime_s = s->charge_pct = -1;
        s->feeder = index_in(inv->feeders, sizeof(inv->feeders[0]), in->feeder);
        s->first_link = n;
        s->link_count = in->link_count;
        err = strmap_put(&d->site_by_id, in->id, s);
        for (size_t k = 0; err == NH_OK && k < in->link_count; k++, n++) {
            struct dlink *l = &d->links[n];

            l->in = &in->links[k];
            l->site = (int)i;
            l->carrier =
                index_in(inv->carriers, sizeof(inv->carriers[0]), l->in->carrier);
            l->pop = index_in(inv->pops, sizeof(inv->pops[0]), l->in->pop);
            if (l->carrier >= 0)
                d->carriers[l->carrier].link_count++;
            if (l->pop >= 0)
                d->pops[l->pop].link_count++;
            err = strmap_put(&d->link_by_id, l->in->id, l);
        }
    }
    return err;
}

static enum nh_err
add_pops(struct diagnose *d, const struct inventory *inv)
{
    for (size_t i = 0; i < inv->carrier_count; i++)
        d->carriers[i].in = &inv->carriers[i];
    for (size_t i = 0; i < inv->pop_count; i++) {
        struct dpop *p = &d->pops[i];

        p->in = &inv->pops[i];
        p->carrier =
            index_in(inv->carriers, sizeof(inv->carriers[0]), inv->pops[i].carrier);
        p->links = calloc(p->link_count + 1, sizeof(p->links[0]));
        if (p->links == NULL)
            return NH_ENOMEM;
        if (p->link_count > 0 && p->carrier >= 0)
            d->carriers[p->carrier].pop_count++;
        p->link_count = 0;
    }
    for (size_t i = 0; i < d->link_count; i++)
        if (d->links[i].pop >= 0) {
            struct dpop *p = &d->pops[d->links[i].pop];

            p->links[p->link_count++] = (int)i;
        }
    return NH_OK;
}

static void
place_at_link(struct diagnose *d, struct track *t)
{
    struct dlink *l = strmap_get(&d->link_by_id, t->in.link->id);
    int carrier;

    if (l != NULL) {
        t->link = (int)(l - d->links);
        if (t->class == TRACK_PATH)
            l->path = t;
        else if (t->class == TRACK_GATEWAY)
            l->gateway = t;
        else if (t->class == TRACK_FAR)
            l->far = t;
        else if (t->class == TRACK_PORT)
            l->port = t;
        return;
    }
    carrier =
        index_in(d->inv->carriers, sizeof(d->inv->carriers[0]), t->in.link->carrier);
    if (carrier < 0)
        return;
    if (t->class == TRACK_GATEWAY)
        d->carriers[carrier].gateway = t;
    else if (t->class == TRACK_PORT)
        d->carriers[carrier].port = t;
}

static enum nh_err
place(struct diagnose *d, struct track *t)
{
    const char *dev = t->in.device != NULL ? t->in.device->id : "";
    bool router = strcmp(dev, "router") == 0 ||
                  (t->in.device != NULL && strcmp(t->in.device->kind, "router") == 0);

    if (t->in.link != NULL)
        place_at_link(d, t);
    if (t->in.site != NULL) {
        struct dsite *s =
            &d->sites[index_in(d->inv->sites, sizeof(d->inv->sites[0]), t->in.site)];

        t->site = (int)(s - d->sites);
        t->is_router = router;
        if (t->class == TRACK_POWER)
            s->power = t;
        else if (t->class == TRACK_HOST)
            s->host = t;
        else if (t->class == TRACK_PING && router)
            s->router = t;
    } else if (strncmp(t->in.id, "centre/", 7) == 0) {
        if (t->class == TRACK_POWER)
            d->centre_power = t;
        else if (t->class == TRACK_PING && router)
            d->centre_router = t;
    }
    if (t->in.service != NULL) {
        t->service =
            index_in(d->inv->services, sizeof(d->inv->services[0]), t->in.service);
        d->services[t->service].track_count++;
    }
    if (t->in.pop != NULL)
        d->pops[index_in(d->inv->pops, sizeof(d->inv->pops[0]), t->in.pop)].track = t;
    return strmap_put(&d->checks, t->in.id, t);
}

static enum nh_err
add_services(struct diagnose *d)
{
    for (size_t i = 0; i < d->service_count; i++) {
        d->services[i].in = &d->inv->services[i];
        d->services[i].tracks =
            calloc(d->services[i].track_count + 1, sizeof(struct track *));
        if (d->services[i].tracks == NULL)
            return NH_ENOMEM;
        d->services[i].track_count = 0;
    }
    for (size_t i = 0; i < d->track_count; i++)
        if (d->tracks[i].service >= 0) {
            struct dservice *v = &d->services[d->tracks[i].service];

            v->tracks[v->track_count++] = &d->tracks[i];
        }
    return NH_OK;
}

static enum nh_err
build(struct diagnose *d, const struct inventory *inv)
{
    struct builder b = { d, 0, NH_OK };
    enum nh_err err;

    for (size_t i = 0; i < inv->site_count; i++)
        d->link_count += inv->sites[i].link_count;
    d->site_count = inv->site_count;
    d->pop_count = inv->pop_count;
    d->carrier_count = inv->carrier_count;
    d->service_count = inv->service_count;
    d->links = calloc(d->link_count + 1, sizeof(d->links[0]));
    d->sites = calloc(d->site_count + 1, sizeof(d->sites[0]));
    d->pops = calloc(d->pop_count + 1, sizeof(d->pops[0]));
    d->carriers = calloc(d->carrier_count + 1, sizeof(d->carriers[0]));
    d->services = calloc(d->service_count + 1, sizeof(d->services[0]));
    if (d->links == NULL || d->sites == NULL || d->pops == NULL || d->carriers == NULL ||
        d->services == NULL)
        return NH_ENOMEM;
    inventory_checks(inv, add_track, &b);
    err = b.err;
    if (err == NH_OK)
        err = add_missing(&b, inv);
    if (err == NH_OK)
        err = add_links(d, inv);
    if (err == NH_OK)
        err = add_pops(d, inv);
    for (size_t i = 0; err == NH_OK && i < d->track_count; i++)
        err = place(d, &d->tracks[i]);
    return err == NH_OK ? add_services(d) : err;
}

enum nh_err
diagnose_new(struct diagnose **out, const struct inventory *inv,
    const struct diagnose_events *events)
{
    struct diagnose *d = calloc(1, sizeof(*d));
    enum nh_err err;

    *out = NULL;
    if (d == NULL)
        return NH_ENOMEM;
    d->inv = inv;
    d->events = *events;
    err = build(d, inv);
    if (err != NH_OK)
        diagnose_free(d);
    else
        *out = d;
    return err;
}

void
diagnose_free(struct diagnose *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->track_count; i++) {
        free(d->tracks[i].runs);
        free(d->tracks[i].rounds);
    }
    for (size_t i = 0; d->pops != NULL && i < d->pop_count; i++)
        free(d->pops[i].links);
    for (size_t i = 0; d->services != NULL && i < d->service_count; i++)
        free(d->services[i].tracks);
    for (size_t i = 0; i < d->incident_count; i++)
        incident_fini(&d->incidents[i].in);
    strmap_fini(&d->checks);
    strmap_fini(&d->site_by_id);
    strmap_fini(&d->link_by_id);
    free(d->incidents);
    free(d->tracks);
    free(d->links);
    free(d->sites);
    free(d->pops);
    free(d->carriers);
    free(d->services);
    free(d);
}

int
diagnose_check_find(const struct diagnose *d, const char *id)
{
    const struct track *t = strmap_get(&d->checks, id);

    return t == NULL ? DIAGNOSE_NO_CHECK : (int)(t - d->tracks);
}

/* ---- time ---- */

static void
advance(struct diagnose *d, int64_t now_ms)
{
    if (now_ms <= d->now_ms)
        return;
    d->now_ms = now_ms;
    if (now_ms / LOOK_EVERY_MS != d->judged_ms / LOOK_EVERY_MS)
        episodes_of_sites(d);
    if (now_ms / JUDGE_EVERY_MS == d->judged_ms / JUDGE_EVERY_MS)
        return;
    d->judged_ms = now_ms;
    if (!d->dirty && (d->wake_ms == 0 || now_ms < d->wake_ms))
        return;
    d->dirty = false;
    d->wake_ms = 0;
    diagnose_judge(d);
}

void
diagnose_clock(struct diagnose *d, int64_t now_ms)
{
    if (now_ms > d->arrived_ms)
        d->arrived_ms = now_ms;
    advance(d, now_ms);
}

int64_t
diagnose_now(const struct diagnose *d)
{
    return d->now_ms;
}

/* Something came. After a long nothing the collector had been off: nobody was silent. */
static void
arrive(struct diagnose *d, int64_t arrived_ms)
{
    if (d->arrived_ms != 0 && arrived_ms - d->arrived_ms > HOLE_MS) {
        if (d->hole_count == HOLES_MAX) {
            memmove(d->holes, d->holes + 1, (HOLES_MAX - 1) * sizeof(d->holes[0]));
            d->hole_count--;
        }
        d->holes[d->hole_count++] =
            (struct hole){ d->arrived_ms - 15000, arrived_ms + 5000, false };
        for (size_t i = 0; i < d->site_count; i++)
            d->sites[i].heard_ms = arrived_ms;
        d->judged_ms = arrived_ms; /* what came first is taken before it is judged */
        d->now_ms = arrived_ms;
        d->dirty = true;
    }
    if (arrived_ms > d->arrived_ms)
        d->arrived_ms = arrived_ms;
    advance(d, arrived_ms);
}

/* ---- readings and events ---- */

static void
host_booted(
    struct diagnose *d, int site, enum fact_kind kind, int64_t at_ms, int64_t up_s)
{
    int64_t boot_ms = at_ms - up_s * 1000;

    if (up_s >= 0 && boot_ms > d->now_ms - KEEP_MS)
        site_fact(d, site, kind, boot_ms);
}

static struct episode *
open_quality(struct dlink *l, bool note)
{
    for (size_t i = 0; i < l->episode_count; i++)
        if (l->episodes[i].kind == EP_DEGRADED && l->episodes[i].to_ms == 0 &&
            l->episodes[i].note == note)
            return &l->episodes[i];
    return NULL;
}

/* The delay is far from the usual one, and no limit is passed: worth a note. Where one is
 * passed later, or the link falls, the note ends and an incident of that begins. */
static void
note_of_link(struct diagnose *d, struct dlink *l, const struct track *t)
{
    const struct normal *n = &t->normal;
    const struct episode *worse = open_quality(l, false);
    struct episode *open = open_quality(l, true);
    const struct episode *down = link_down_at(l, d->now_ms);

    worse = worse == NULL ? down : worse;
    if (open != NULL) {
        open->value = n->now_us / 1e3;
        if (n->unusual && worse == NULL)
            return;
        open->to_ms = worse != NULL ? worse->from_ms : n->since_ms;
        if (open->to_ms <= open->from_ms)
            open->to_ms = open->from_ms + 1000;
        d->dirty = true;
        return;
    }
    if (!n->unusual || worse != NULL || l->episode_count == EPISODES_MAX)
        return;
    l->episodes[l->episode_count++] = (struct episode){ .kind = EP_DEGRADED,
        .link = (int)(l - d->links),
        .site = l->site,
        .service = -1,
        .lo_ms = n->since_ms - NORMAL_SAMPLE_MS,
        .from_ms = n->since_ms,
        .value = n->now_us / 1e3,
        .note = true,
        .usual_us = normal_usual_us(n) };
    d->dirty = true;
}

static void
quality_of_link(struct diagnose *d, struct dlink *l, const struct track *t)
{
    struct episode *open = open_quality(l, false);
    struct quality q;
    int64_t at_least = t->seen_ms - 60000;

    if (link_down_at(l, d->now_ms) != NULL && open == NULL)
        return;
    q = track_quality(t, &l->in->quality);
    if (q.suspect && !q.over && l->port != NULL && l->port->errors_ms > at_least) {
        q.over = q.loss = true; /* the port counts errors as well: that is no chance */
        q.value = q.loss_pct;
    }
    if (open != NULL) {
        if (q.over)
            open->value = q.value;
        if (q.slow_ms > open->slow_ms)
            open->slow_ms = q.slow_ms;
        if (q.clear && t->round_count >= 18) { /* the last three minutes were good */
            open->to_ms = t->seen_ms - 180000;
            if (open->slow_ms > open->to_ms)
                open->to_ms = open->slow_ms;
            if (open->to_ms <= open->from_ms)
                open->to_ms = open->from_ms + 1000;
            d->dirty = true;
        }
        return;
    }
    if (!q.over || q.clear || l->episode_count == EPISODES_MAX)
        return;
    l->episodes[l->episode_count++] = (struct episode){ .kind = EP_DEGRADED,
        .link = (int)(l - d->links),
        .site = l->site,
        .service = -1,
        .lo_ms = q.since_ms - 60000,
        .from_ms = q.since_ms,
        .loss = q.loss,
        .value = q.value };
    d->dirty = true;
}

static void
qualities_of_link(struct diagnose *d, struct dlink *l, const struct track *t)
{
    if (t->class == TRACK_FAR && l->path != NULL && track_last(l->path) != NULL &&
        l->path->seen_ms > t->seen_ms - 45000)
        return; /* the agent sees it better */
    quality_of_link(d, l, t);
    note_of_link(d, l, t);
}

static void
ups_of_site(struct dsite *s, const struct nh_reading *r)
{
    if ((r->present >> NH_POWER_RUNTIME & 1) != 0 && r->value[NH_POWER_RUNTIME] >= 0 &&
        r->value[NH_POWER_RUNTIME] <= INT32_MAX)
        s->runtime_s = (int32_t)r->value[NH_POWER_RUNTIME];
    if ((r->present >> NH_POWER_CHARGE & 1) != 0)
        s->charge_pct = (int32_t)nh_from_fixed(r->value[NH_POWER_CHARGE], 2);
}

static bool
is_end_of(const struct track *t, const struct dlink *l)
{
    return t == l->far || t == link_near(l);
}

void
diagnose_reading(struct diagnose *d, int check, const struct nh_reading *r, int64_t at_ms,
    int64_t arrived_ms, const char *boot, bool live)
{
    struct track *t;
    int change;

    (void)boot;
    (void)live;
    arrive(d, arrived_ms);
    if (check < 0 || (size_t)check >= d->track_count)
        return;
    t = &d->tracks[check];
    if (t->site >= 0 && !t->in.by_collector) {
        d->sites[t->site].heard_ms = d->now_ms;
        d->sites[t->site].connected = d->sites[t->site].ever_connected = true;
    }
    change = track_add(t, r, at_ms);
    if (t->class == TRACK_POWER && t->site >= 0)
        ups_of_site(&d->sites[t->site], r);
    if (t->class == TRACK_HOST && (r->present >> NH_HOST_UPTIME & 1) != 0 && boot == NULL)
        host_booted(d, t->site, FACT_BOOT, at_ms, r->value[NH_HOST_UPTIME]);
    if (t->class == TRACK_SNMP && t->is_router && t->site >= 0 &&
        (r->present >> NH_SNMP_UPTIME & 1) != 0)
        host_booted(d, t->site, FACT_ROUTER_BOOT, at_ms, r->value[NH_SNMP_UPTIME]);
    if (t->link >= 0 && is_end_of(t, &d->links[t->link])) {
        struct dlink *l = &d->links[t->link];

        if (change == TRACK_CHANGED)
            episodes_of_link(d, t->link);
        if (t->rounds != NULL && at_ms == t->seen_ms && d->now_ms - at_ms < 30000)
            qualities_of_link(d, l, t);
    } else if (change == TRACK_CHANGED) {
        d->dirty = true;
        if (t->class == TRACK_POWER)
            episodes_of_sites(d);
        if (t->service >= 0)
            episodes_of_services(d);
    }
}

static void
session_up(struct diagnose *d, int site, const struct nh_event *e, int64_t at_ms)
{
    struct dsite *s = &d->sites[site];

    if (e->uptime_s >= 0)
        host_booted(d, site, FACT_BOOT, at_ms, e->uptime_s);
    snprintf(s->boot, sizeof(s->boot), "%s", e->boot);
    s->connected = s->ever_connected = true;
    s->heard_ms = d->now_ms;
    if (s->silent_ep.from_ms != 0 && s->silent_ep.to_ms == 0)
        s->silent_ep.to_ms = at_ms;
    site_fact(d, site, FACT_SESSION_UP, at_ms);
}

void
diagnose_event(struct diagnose *d, const struct nh_event *e, const char *site,
    const char *link, int64_t at_ms, int64_t arrived_ms)
{
    static const struct {
        const char *name;
        enum fact_kind kind;
    } rows[] = { { "session_down", FACT_SESSION_DOWN }, { "on_battery", FACT_ON_BATTERY },
        { "on_mains", FACT_ON_MAINS }, { "battery_low", FACT_BATTERY_LOW },
        { "last_gasp", FACT_LAST_GASP }, { "shutdown", FACT_SHUTDOWN },
        { "cold_start", FACT_COLD_START } };
    const struct dsite *s = site == NULL ? NULL : strmap_get(&d->site_by_id, site);

    (void)link; /* the port's readings say the same within ten seconds */
    arrive(d, arrived_ms);
    if (strcmp(e->name, "collector_up") == 0 && d->hole_count > 0 && e->uptime_s >= 0) {
        struct hole *h = &d->holes[d->hole_count - 1];

        if (d->now_ms - h->to_ms < 120000 &&
            e->uptime_s * 1000 < d->now_ms - h->from_ms) {
            h->cold = true;
            d->centre_ep = (struct episode){ .kind = EP_CENTRE,
                .link = -1,
                .site = (int)d->site_count,
                .service = -1,
                .lo_ms = h->from_ms,
                .from_ms = d->centre_ep.from_ms != 0 && d->centre_ep.to_ms == 0
                               ? d->centre_ep.from_ms
                               : h->from_ms,
                .to_ms = h->to_ms,
                .incident = d->centre_ep.incident };
            d->dirty = true;
        }
        return;
    }
    if (s == NULL)
        return;
    if (strcmp(e->name, "session_up") == 0) {
        session_up(d, (int)(s - d->sites), e, at_ms);
        return;
    }
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        if (strcmp(e->name, rows[i].name) != 0)
            continue;
        if (rows[i].kind == FACT_SESSION_DOWN) {
            d->sites[s - d->sites].connected = false;
            d->sites[s - d->sites].lost_ms = at_ms;
        }
        site_fact(d, (int)(s - d->sites), rows[i].kind, at_ms);
        episodes_of_sites(d);
    }
}

/* ---- what people say, and what is known ---- */

static struct dincident *
find_incident(const struct diagnose *d, uint32_t number)
{
    for (size_t i = 0; i < d->incident_count; i++)
        if (d->incidents[i].in.number == number)
            return &d->incidents[i];
    return NULL;
}

void
diagnose_override(struct diagnose *d, uint32_t number, enum cause cause,
    const char *party, int64_t now_ms)
{
    struct dincident *x = find_incident(d, number);

    diagnose_clock(d, now_ms);
    if (x == NULL)
        return;
    x->overridden = cause != CAUSES;
    if (x->overridden) {
        x->in.cause = cause;
        x->in.confidence = CONFIDENCE_FACT;
        snprintf(x->in.party, sizeof(x->in.party), "%s", party);
        words_of_cause(&x->in);
        diagnose_count_minutes(d->inv, &x->in, d->now_ms);
        x->in.revision++;
        x->in.changed_ms = now_ms;
        d->events.on_incident(d->events.arg, &x->in, INCIDENT_REVISED, now_ms);
    }
    d->dirty = true;
}

void
diagnose_close(struct diagnose *d, uint32_t number, int64_t now_ms)
{
    struct dincident *x = find_incident(d, number);

    diagnose_clock(d, now_ms);
    if (x == NULL || x->in.closed_ms != 0)
        return;
    x->dismissed = true;
    x->in.closed_ms = x->in.told_closed_ms = x->in.changed_ms = now_ms;
    x->in.revision++;
    d->events.on_incident(d->events.arg, &x->in, INCIDENT_CLOSED, now_ms);
}

void
diagnose_numbers_after(struct diagnose *d, uint32_t number)
{
    if (d->numbers < number)
        d->numbers = number;
}

static bool
is_flapping(const struct diagnose *d, const struct dlink *l, struct learnt *out)
{
    const struct episode *first, *last = NULL;
    size_t drops = link_drops(l, NULL, &first);
    int64_t calm_ms = d->now_ms - FLAP_CALM_MS;

    if (drops < FLAPS)
        return false;
    for (size_t i = 0; i < l->episode_count; i++)
        if (l->episodes[i].kind == EP_DOWN && is_sure(&l->episodes[i]))
            last = &l->episodes[i];
    out->drops = (uint32_t)drops;
    out->flapping_since_ms = first->from_ms;
    if (last == NULL)
        return false;
    return last->to_ms == 0 ? last->from_ms > calm_ms : last->to_ms > calm_ms;
}

void
diagnose_learnt(const struct diagnose *d, size_t link, struct learnt *out)
{
    const struct track *t = NULL;
    const struct dlink *l;

    *out = (struct learnt){ 0 };
    if (link >= d->link_count)
        return;
    l = &d->links[link];
    if (l->path != NULL && normal_is_known(&l->path->normal))
        t = l->path;
    else if (l->far != NULL && normal_is_known(&l->far->normal))
        t = l->far;
    if (t != NULL) {
        out->usual_us = normal_usual_us(&t->normal);
        out->now_us = t->normal.now_us;
    }
    for (size_t i = 0; i < l->episode_count && !out->unusual; i++)
        out->unusual = l->episodes[i].kind == EP_DEGRADED && l->episodes[i].note &&
                       l->episodes[i].to_ms == 0;
    out->flapping = is_flapping(d, l, out);
}

size_t
diagnose_count(const struct diagnose *d)
{
    return d->incident_count;
}

const struct incident *
diagnose_at(const struct diagnose *d, size_t index)
{
    return &d->incidents[index].in;
}

const struct incident *
diagnose_find(const struct diagnose *d, uint32_t number)
{
    const struct dincident *x = find_incident(d, number);

    return x == NULL ? NULL : &x->in;
}
