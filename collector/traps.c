/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traps.c - whose trap it is, and what becomes of it
 *
 * Addresses behind agents may be the same in every commune: an address that several
 * devices have is the one's that the collector itself reaches, else nobody's.
 */
#include "collector/traps.h"
#include "collector/collector.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/snmp_credentials.h"
#include "libnhip/snmp_polled.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BURST = 50,      /* events of a device at once; then */
    EVERY_MS = 1000, /* one a second */
    AUTH_TOLD_MS = 3600 * 1000,
    POWER_AGAIN_MS = 5 * 60 * 1000, /* RFC 1628: on battery is told every minute */
};

struct trap_device {
    char address[INET6_ADDRSTRLEN];
    const struct inv_device *in; /* borrowed */
    const struct inv_site *site; /* NULL: the centre */
    int64_t full_ms;             /* its rate: when the bucket is full again */
    enum nh_trap_kind power;     /* what it said last, NH_TRAP_OTHER: nothing */
    int64_t power_ms;
    uint64_t auth_failures; /* not told yet */
    int64_t auth_told_ms;
};

struct waiting {
    uint64_t inform, pos;
};

struct traps {
    struct collector *c;
    struct nh_snmp_listen *listen;
    struct trap_device *devices; /* owned, by address */
    size_t device_count;
    struct waiting *waiting; /* owned; positions rise */
    size_t waiting_count, waiting_cap;
    uint64_t counts[TRAPS_COUNTS];
};

static const char *const count_names[TRAPS_COUNTS] = {
    [TRAPS_EVENTS] = "events",
    [TRAPS_AUTH_FAILURES] = "auth_failures",
    [TRAPS_AGAIN] = "again",
    [TRAPS_LIMITED] = "limited",
    [TRAPS_LOST] = "lost",
};

const char *
traps_count_name(int count)
{
    return count_names[count];
}

uint64_t
traps_counted(const struct traps *t, int count)
{
    return t == NULL ? 0 : t->counts[count];
}

const struct nh_snmp_listen *
traps_listener(const struct traps *t)
{
    return t == NULL ? NULL : t->listen;
}

/* ---- devices ---- */

static int
by_address(const void *a, const void *b)
{
    const struct trap_device *x = a, *y = b;

    return strcmp(x->address, y->address);
}

/* The inventory's address in the form of the listener's. */
static bool
plain_address(const char *text, char out[INET6_ADDRSTRLEN])
{
    struct sockaddr_storage addr;
    socklen_t len;

    return nh_literal_address(text, 0, &addr, &len) &&
           getnameinfo((const struct sockaddr *)&addr, len, out, INET6_ADDRSTRLEN, NULL,
               0, NI_NUMERICHOST) == 0;
}

static void
add_devices(struct traps *t, const struct inv_site *site,
    const struct inv_device *devices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct trap_device *d = &t->devices[t->device_count];

        *d = (struct trap_device){ .in = &devices[i],
            .site = site,
            .power = NH_TRAP_OTHER,
            .auth_told_ms = -AUTH_TOLD_MS };
        if (plain_address(devices[i].address, d->address))
            t->device_count++;
    }
}

void
traps_reloaded(struct traps *t)
{
    const struct inventory *inv;
    struct trap_device *devices;
    size_t count;

    if (t == NULL || t->listen == NULL)
        return;
    inv = t->c->inv;
    count = inv->centre.device_count;
    for (size_t i = 0; i < inv->site_count; i++)
        count += inv->sites[i].device_count;
    devices = calloc(count + 1, sizeof(*devices));
    if (devices == NULL) /* what was borrowed from the inventory before is gone */
        nh_log(NH_LOG_ERROR, "traps: no memory: no device may send any");
    free(t->devices);
    t->devices = devices;
    t->device_count = 0;
    if (devices == NULL)
        return;
    if (inv->has_centre)
        add_devices(t, NULL, inv->centre.devices, inv->centre.device_count);
    for (size_t i = 0; i < inv->site_count; i++)
        add_devices(t, &inv->sites[i], inv->sites[i].devices, inv->sites[i].device_count);
    qsort(t->devices, t->device_count, sizeof(t->devices[0]), by_address);
}

/* NULL: nobody has this address, or several have it and none of them for us alone. */
static struct trap_device *
device_at(const struct traps *t, const char *address)
{
    struct trap_device key = { .in = NULL }, *first, *ours = NULL;
    size_t same = 0, reached = 0;

    if (t->device_count == 0)
        return NULL;
    snprintf(key.address, sizeof(key.address), "%s", address);
    first = bsearch(&key, t->devices, t->device_count, sizeof(key), by_address);
    if (first == NULL)
        return NULL;
    while (first > t->devices && strcmp(first[-1].address, address) == 0)
        first--;
    for (struct trap_device *d = first;
         d < t->devices + t->device_count && strcmp(d->address, address) == 0; d++) {
        same++;
        if (!d->in->from_agent) {
            reached++;
            ours = d;
        }
    }
    return same == 1 ? first : reached == 1 ? ours : NULL;
}

static const struct nh_snmp_credential *
on_traps_credential(void *arg, const char *address)
{
    const struct trap_device *d = device_at(arg, address);

    return d == NULL || d->in->snmp == NULL
               ? NULL
               : nh_snmp_credentials_get(d->in->snmp->id, NULL);
}

/* RFC 3584 section 3.1: who forwards a trap says whose it is. Believed within a place. */
static struct trap_device *
about(const struct traps *t, struct trap_device *sender, const struct nh_trap *trap)
{
    char address[INET6_ADDRSTRLEN];
    struct trap_device *d;

    if (!trap->has_address ||
        inet_ntop(AF_INET, trap->address, address, sizeof(address)) == NULL)
        return sender;
    for (d = t->devices; d < t->devices + t->device_count; d++)
        if (d->site == sender->site && strcmp(d->address, address) == 0)
            return d;
    return sender;
}

/* ---- events ---- */

static const char *
place(const struct trap_device *d)
{
    return d->site == NULL ? "centre" : d->site->id;
}

/* Is `port` the name of that ifIndex, as the collector's own polling has it? */
static bool
is_port(const struct trap_device *d, uint32_t if_index, const char *port)
{
    const struct nh_snmp_facts *f = NULL;
    int64_t ended_ms;

    if (if_index != 0 && d->in->snmp != NULL)
        f = nh_snmp_polled(d->in->address, d->in->snmp->id, &ended_ms);
    for (size_t i = 0; f != NULL && i < f->interface_count; i++)
        if (f->interfaces[i].index == if_index)
            return strcmp(f->interfaces[i].name, port) == 0 ||
                   strcmp(f->interfaces[i].descr, port) == 0 ||
                   strcmp(f->interfaces[i].alias, port) == 0;
    return false;
}

/* The line whose port on this device the trap names, by name or by its ifIndex where the
 * collector polls the device; NULL: none. */
static const struct inv_link *
link_of(
    const struct traps *t, const struct trap_device *d, const struct nh_trap_meaning *m)
{
    const struct inventory *inv = t->c->inv;
    const struct inv_link *links = d->site != NULL ? d->site->links : inv->centre.uplinks;
    size_t count = d->site != NULL ? d->site->link_count : inv->centre.uplink_count;

    for (size_t i = 0; i < count; i++) {
        const struct inv_link *l = &links[i];

        if (*l->port == '\0' || strcmp(l->device, d->in->id) != 0)
            continue;
        for (size_t n = 0; n < NH_COUNT(m->port); n++)
            if (strcmp(m->port[n], l->port) == 0)
                return l;
        if (is_port(d, m->if_index, l->port))
            return l;
    }
    return NULL;
}

static bool
is_power(enum nh_trap_kind kind)
{
    return kind == NH_TRAP_ON_BATTERY || kind == NH_TRAP_ON_MAINS ||
           kind == NH_TRAP_BATTERY_LOW;
}

/* The event that the journal keeps; false: nothing new. */
static bool
make_event(struct traps *t, struct trap_device *d, const struct nh_trap_meaning *m,
    struct nh_event *e)
{
    enum nh_trap_kind kind = m->kind;
    const struct inv_link *link = NULL;
    int64_t now_ms = nh_clock_mono_ms();

    *e = (struct nh_event){ .mono_ms = now_ms, .uptime_s = -1 };
    if (kind == NH_TRAP_AUTH_FAILURE) {
        t->counts[TRAPS_AUTH_FAILURES]++;
        d->auth_failures++;
        if (now_ms - d->auth_told_ms < AUTH_TOLD_MS)
            return false;
        d->auth_told_ms = now_ms;
    }
    if (is_power(kind)) {
        bool again = kind == d->power && now_ms - d->power_ms < POWER_AGAIN_MS;

        d->power = kind;
        d->power_ms = now_ms;
        if (again) {
            t->counts[TRAPS_AGAIN]++;
            return false;
        }
    }
    if (kind == NH_TRAP_LINK_DOWN || kind == NH_TRAP_LINK_UP) {
        link = link_of(t, d, m);
        if (link == NULL)
            kind = NH_TRAP_OTHER; /* a port that carries no link of ours */
    }
    snprintf(e->name, sizeof(e->name), "%s", nh_trap_event(kind));
    if (link != NULL)
        snprintf(e->object, sizeof(e->object), "%s", link->id);
    else if (is_power(kind) || kind == NH_TRAP_COLD_START)
        snprintf(e->object, sizeof(e->object), "%s", place(d));
    else
        snprintf(e->object, sizeof(e->object), "%s/%s", place(d), d->in->id);
    if (kind == NH_TRAP_AUTH_FAILURE)
        snprintf(e->text, sizeof(e->text), "%.160s (%llu since the last one told)",
            m->text, (unsigned long long)d->auth_failures);
    else
        snprintf(e->text, sizeof(e->text), "%s", m->text);
    return true;
}

/* A bucket of BURST that fills by one each EVERY_MS. */
static bool
within_rate(struct trap_device *d, int64_t now_ms)
{
    if (d->full_ms < now_ms)
        d->full_ms = now_ms;
    if (d->full_ms - now_ms > (int64_t)(BURST - 1) * EVERY_MS)
        return false;
    d->full_ms += EVERY_MS;
    return true;
}

static bool
wait_for(struct traps *t, uint64_t inform, uint64_t pos)
{
    if (t->waiting_count == t->waiting_cap) {
        size_t cap = t->waiting_cap == 0 ? 16 : t->waiting_cap * 2;
        struct waiting *more = realloc(t->waiting, cap * sizeof(*more));

        if (more == NULL)
            return false;
        t->waiting = more;
        t->waiting_cap = cap;
    }
    t->waiting[t->waiting_count++] = (struct waiting){ inform, pos };
    return true;
}

static enum nh_listen_verdict
on_traps_trap(void *arg, const char *address, const struct nh_trap *trap, uint64_t inform)
{
    struct traps *t = arg;
    struct trap_device *d = device_at(t, address);
    struct nh_trap_meaning m;
    struct nh_event event;
    uint64_t pos;
    enum nh_err err;

    if (d == NULL)
        return NH_LISTEN_REFUSE;
    nh_trap_mean(trap, &m);
    d = about(t, d, trap);
    if (m.kind != NH_TRAP_AUTH_FAILURE && !within_rate(d, nh_clock_mono_ms())) {
        t->counts[TRAPS_LIMITED]++;
        nh_log_limited(NH_LOG_WARN, "traps: %s/%s sends too many: the rest is dropped",
            place(d), d->in->id);
        return NH_LISTEN_REFUSE;
    }
    if (!make_event(t, d, &m, &event))
        return NH_LISTEN_ANSWER;
    err = collector_tell(t->c, &event, &pos);
    if (err != NH_OK) {
        t->counts[TRAPS_LOST]++;
        return NH_LISTEN_REFUSE;
    }
    t->counts[TRAPS_EVENTS]++;
    if (m.kind == NH_TRAP_AUTH_FAILURE)
        d->auth_failures = 0;
    return inform != 0 && wait_for(t, inform, pos) ? NH_LISTEN_LATER : NH_LISTEN_REFUSE;
}

/* ---- the store ---- */

void
traps_durable(struct traps *t, uint64_t pos)
{
    size_t done = 0;

    if (t == NULL)
        return;
    while (done < t->waiting_count && t->waiting[done].pos <= pos)
        nh_snmp_listen_answer(t->listen, t->waiting[done++].inform);
    if (done == 0)
        return;
    t->waiting_count -= done;
    memmove(t->waiting, t->waiting + done, t->waiting_count * sizeof(t->waiting[0]));
}

void
traps_lost(struct traps *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->waiting_count; i++)
        nh_snmp_listen_forget(t->listen, t->waiting[i].inform);
    t->waiting_count = 0;
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
    err = nh_snmp_listen_open(&t->listen, c->inv->collector.traps);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", c->inv->collector.traps,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
    *out = t;
    return NH_OK;
}

void
traps_start(struct traps *t)
{
    struct nh_listen_events events = { on_traps_credential, on_traps_trap, t };
    char path[4096];
    enum nh_err err = NH_ETOOBIG;

    if (t == NULL || t->listen == NULL)
        return;
    if (snprintf(path, sizeof(path), "%s/snmp-engine", t->c->inv->collector.data) <
        (int)sizeof(path))
        err = nh_snmp_listen_start(t->listen, t->c->base, path, &events);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", path,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
        nh_snmp_listen_close(t->listen);
        t->listen = NULL;
    }
    traps_reloaded(t);
}

void
traps_close(struct traps *t)
{
    if (t == NULL)
        return;
    nh_snmp_listen_close(t->listen);
    free(t->devices);
    free(t->waiting);
    free(t);
}
