/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * world.c - noise by hashing, waves by the hour, troubles by a list
 *
 * A number belongs to (seed, site, link, what, time): splitmix64 makes it, so that no
 * state is kept for each check.
 */
#include "drill/world.h"
#include <math.h>
#include <string.h>

enum {
    TROUBLE_EVERY_MS = 75000, /* on the average, a province */
    TROUBLE_MIN_MS = 60000,
    TROUBLE_SPAN_MS = 300000,
    LINGER_MS =
        10000, /* kept after its end: a round is measured later than it is dated */
    NODE_SITES = 4,
    PACKETS = 5,
};

static uint64_t
mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* In [0, 1), by what it is about. */
static double
share(const struct world *w, uint32_t site, uint32_t link, uint32_t what, int64_t at)
{
    uint64_t h =
        mix(w->seed ^ mix(site ^ mix(((uint64_t)link << 32 | what) ^ mix((uint64_t)at))));

    return (double)(h >> 11) / 9007199254740992.0;
}

void
world_init(struct world *w, uint32_t sites, uint64_t seed, bool quiet)
{
    memset(w, 0, sizeof(*w));
    w->sites = sites;
    w->seed = seed;
    w->quiet = quiet;
}

static void
begin(struct world *w, int64_t now_ms)
{
    struct trouble *t = &w->trouble[w->trouble_count];
    uint32_t n = (uint32_t)w->begun;
    double kind = share(w, n, 0, 1, 0);

    *t = (struct trouble){ .kind = kind < 0.4    ? TROUBLE_LINK
                                   : kind < 0.65 ? TROUBLE_CONGESTION
                                   : kind < 0.8  ? TROUBLE_NODE
                                                 : TROUBLE_POWER,
        .site = (uint32_t)(share(w, n, 0, 2, 0) * w->sites),
        .sites = 1,
        .link = share(w, n, 0, 3, 0) < 0.7 ? 0 : 1,
        .from_ms = now_ms,
        .to_ms =
            now_ms + TROUBLE_MIN_MS + (int64_t)(share(w, n, 0, 4, 0) * TROUBLE_SPAN_MS) };
    if (t->kind == TROUBLE_NODE) {
        t->site -= t->site % NODE_SITES;
        t->sites = NODE_SITES;
    }
    w->trouble_count++;
    w->begun++;
}

bool
world_add(struct world *w, const struct trouble *t)
{
    if (w->trouble_count == WORLD_TROUBLES_MAX)
        return false;
    w->trouble[w->trouble_count++] = *t;
    w->begun++;
    return true;
}

void
world_step(struct world *w, int64_t now_ms)
{
    for (size_t i = 0; i < w->trouble_count;) {
        if (w->trouble[i].to_ms <= now_ms - LINGER_MS)
            w->trouble[i] = w->trouble[--w->trouble_count];
        else
            i++;
    }
    if (w->quiet || w->sites == 0)
        return;
    if (w->next_ms == 0)
        w->next_ms = now_ms + TROUBLE_EVERY_MS / 3;
    while (w->next_ms <= now_ms) {
        double wait = share(w, (uint32_t)w->begun, 0, 5, 0);

        if (w->trouble_count < WORLD_TROUBLES_MAX)
            begin(w, w->next_ms);
        w->next_ms += TROUBLE_EVERY_MS / 2 + (int64_t)(wait * TROUBLE_EVERY_MS);
    }
}

static bool
is_troubled(const struct world *w, enum trouble_kind kind, uint32_t site, uint32_t link,
    int64_t now_ms)
{
    for (size_t i = 0; i < w->trouble_count; i++) {
        const struct trouble *t = &w->trouble[i];

        if (t->kind == kind && site >= t->site && site - t->site < t->sites &&
            (kind == TROUBLE_POWER || t->link == link) && now_ms >= t->from_ms &&
            now_ms < t->to_ms)
            return true;
    }
    return false;
}

bool
world_has_power(const struct world *w, uint32_t site, int64_t now_ms)
{
    return !is_troubled(w, TROUBLE_POWER, site, 0, now_ms);
}

bool
world_link_is_cut(const struct world *w, uint32_t site, uint32_t link, int64_t now_ms)
{
    return is_troubled(w, TROUBLE_LINK, site, link, now_ms) ||
           is_troubled(w, TROUBLE_NODE, site, link, now_ms);
}

/* Some lines break at the commune's own plug: then nothing of the carrier answers. The
 * others break behind the carrier's box at the site, which goes on answering. */
static bool
port_is_dead(const struct world *w, uint32_t site, uint32_t link, int64_t now_ms)
{
    return is_troubled(w, TROUBLE_LINK, site, link, now_ms) &&
           share(w, site, link, 15, 0) < 0.25;
}

bool
world_link_is_full(const struct world *w, uint32_t site, uint32_t link, int64_t now_ms)
{
    return is_troubled(w, TROUBLE_CONGESTION, site, link, now_ms);
}

/* Busy in office hours of the province (UTC+7), two humps and a quiet noon. */
static double
busy(const struct world *w, uint32_t site, int64_t wall_s)
{
    double hour = (double)((wall_s + 7 * 3600) % 86400) / 3600.0;
    double am = exp(-pow((hour - 9.5) / 1.8, 2)), pm = exp(-pow((hour - 15.0) / 1.8, 2));

    return 0.05 + 0.5 * (am + pm) * (0.6 + 0.4 * share(w, site, 0, 6, 0)) +
           0.08 * share(w, site, 0, 7, wall_s / 20);
}

static void
put(const struct nh_kind *kind, struct nh_reading *out, int metric, double value)
{
    out->value[metric] = nh_to_fixed(value, kind->metrics[metric].decimals);
    out->present |= UINT32_C(1) << metric;
}

static void
measure_icmp(const struct world *w, const struct nh_kind *kind, uint32_t site,
    uint32_t link, int64_t now_ms, int64_t wall_s, struct nh_reading *out)
{
    bool full = world_link_is_full(w, site, link, now_ms);
    bool cut = strcmp(kind->name, "gateway") == 0
                   ? port_is_dead(w, site, link, now_ms)
                   : world_link_is_cut(w, site, link, now_ms);
    double base = 3 + 25 * share(w, site, link, 8, 0), jitter, rtt;
    double luck = share(w, site, link, 9, now_ms);
    int lost = cut ? PACKETS : full ? (int)(luck * 3) : luck < 0.01 ? 1 : 0;

    put(kind, out, NH_ICMP_SENT, PACKETS);
    put(kind, out, NH_ICMP_LOST, lost);
    if (lost == PACKETS)
        return;
    jitter = (0.3 + 2 * share(w, site, link, 10, now_ms)) * (full ? 15 : 1);
    rtt = base * (1 + 0.3 * busy(w, site, wall_s)) + (full ? 140 : 0) + jitter;
    if (strcmp(kind->name, "gateway") == 0 || strcmp(kind->name, "ping") == 0)
        rtt = 0.4 + jitter / 4;
    put(kind, out, NH_ICMP_RTT_MIN, rtt - jitter / 5);
    put(kind, out, NH_ICMP_RTT_AVG, rtt);
    put(kind, out, NH_ICMP_RTT_MAX, rtt + jitter);
    put(kind, out, NH_ICMP_JITTER, jitter / 2);
}

static void
measure_port(const struct world *w, const struct nh_kind *kind, uint32_t site,
    uint32_t link, int64_t now_ms, int64_t wall_s, struct nh_reading *out)
{
    bool full = world_link_is_full(w, site, link, now_ms);
    double load = link == 0 ? busy(w, site, wall_s) : 0.02;

    if (full)
        load = 0.97;
    if (world_link_is_cut(w, site, link, now_ms))
        load = 0;
    put(kind, out, NH_PORT_OPER, port_is_dead(w, site, link, now_ms) ? 0 : 1);
    put(kind, out, NH_PORT_RX_BPS, 100e6 * load);
    put(kind, out, NH_PORT_TX_BPS, 100e6 * load * 0.2);
    put(kind, out, NH_PORT_RX_ERRORS, 0);
    put(kind, out, NH_PORT_TX_ERRORS, 0);
    put(kind, out, NH_PORT_RX_DROPS, full ? 12 : 0);
    put(kind, out, NH_PORT_TX_DROPS, full ? 30 : 0);
}

static void
measure_box(const struct world *w, const struct nh_kind *kind, uint32_t site,
    int64_t now_ms, int64_t wall_s, struct nh_reading *out)
{
    double load = busy(w, site, wall_s), noise = share(w, site, 0, 11, now_ms);

    if (strcmp(kind->name, "host") == 0) {
        put(kind, out, NH_HOST_LOAD1, load + noise / 2);
        put(kind, out, NH_HOST_MEM, 35 + 20 * share(w, site, 0, 12, 0) + noise);
        put(kind, out, NH_HOST_DISK, 20 + 40 * share(w, site, 0, 13, 0));
        put(kind, out, NH_HOST_TEMP, 38 + 8 * load);
        put(kind, out, NH_HOST_UPTIME, (double)now_ms / 1000);
    } else if (strcmp(kind->name, "snmp") == 0) {
        put(kind, out, NH_SNMP_UPTIME, (double)now_ms / 1000);
        put(kind, out, NH_SNMP_CPU, 5 + 40 * load + noise);
        put(kind, out, NH_SNMP_MEM, 45);
        put(kind, out, NH_SNMP_TEMP, 41 + 6 * load);
    } else if (strcmp(kind->name, "power") == 0) {
        put(kind, out, NH_POWER_ON_BATTERY, 0);
        put(kind, out, NH_POWER_CHARGE, 100);
        put(kind, out, NH_POWER_RUNTIME, 1800);
        put(kind, out, NH_POWER_INPUT, 224 + 6 * noise);
    }
}

static void
measure_service(const struct world *w, const struct nh_kind *kind, uint32_t site,
    int64_t now_ms, struct nh_reading *out)
{
    bool first = !world_link_is_cut(w, site, 0, now_ms);
    bool up = first || !world_link_is_cut(w, site, 1, now_ms);
    double ms = 40 + 60 * share(w, site, 0, 14, now_ms) +
                (world_link_is_full(w, site, first ? 0 : 1, now_ms) ? 900 : 0);

    put(kind, out, NH_SERVICE_UP, up ? 1 : 0);
    if (!up)
        return;
    put(kind, out, NH_SERVICE_TOTAL, ms);
    put(kind, out, NH_SERVICE_DNS, ms * 0.05);
    put(kind, out, NH_SERVICE_CONNECT, ms * 0.2);
    put(kind, out, NH_SERVICE_TLS, ms * 0.3);
    put(kind, out, NH_SERVICE_FIRST_BYTE, ms * 0.9);
    put(kind, out, NH_SERVICE_STATUS, 200);
    put(kind, out, NH_SERVICE_CERT_DAYS, 120);
}

void
world_measure(const struct world *w, const struct nh_kind *kind, uint32_t site,
    uint32_t link, int64_t now_ms, int64_t wall_s, struct nh_reading *out)
{
    out->present = 0;
    memset(out->value, 0, sizeof(out->value));
    if (strcmp(kind->name, "port") == 0)
        measure_port(w, kind, site, link, now_ms, wall_s, out);
    else if (strcmp(kind->name, "service") == 0)
        measure_service(w, kind, site, now_ms, out);
    else if (kind->count > NH_ICMP_JITTER && strcmp(kind->metrics[0].name, "sent") == 0)
        measure_icmp(w, kind, site, link, now_ms, wall_s, out);
    else
        measure_box(w, kind, site, now_ms, wall_s, out);
}
