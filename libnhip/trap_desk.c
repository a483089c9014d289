/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap_desk.c - whose trap it is, and what becomes of it
 *
 * Addresses behind agents may be the same in every commune: an address that several
 * devices have is the one's that is ours, else nobody's.
 */
#include "libnhip/trap_desk.h"
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

/* What has a meaning here does not drown in what a device says besides. */
enum { RATE_MEANT, RATE_OTHER, RATES };

enum {
    BURST = 50,      /* events of a device and rate at once; then */
    EVERY_MS = 1000, /* one a second */
    AUTH_TOLD_MS = 3600 * 1000,
    POWER_AGAIN_MS = 5 * 60 * 1000, /* RFC 1628: on battery is told every minute */
};

struct port {
    char *link, *port; /* owned */
};

struct device {
    char address[INET6_ADDRSTRLEN];
    char *written, *credential, *place, *id; /* owned; written: the address as given */
    bool ours;
    size_t port_count;
    struct port ports[NH_TRAP_PORTS_MAX];
    int64_t full_ms[RATES];  /* when the bucket is full again */
    enum nh_trap_kind power; /* what it was told to say last, NH_TRAP_OTHER: nothing */
    int64_t power_ms;
    uint64_t power_pos;     /* of that event */
    uint64_t auth_failures; /* not told yet */
    int64_t auth_told_ms;
};

struct waiting {
    uint64_t inform, pos;
};

struct nh_trap_desk {
    struct nh_trap_desk_events events;
    struct nh_snmp_listen *listen;
    struct device *devices; /* owned, by address */
    size_t device_count, device_cap;
    struct device *before; /* owned, while they are named anew */
    size_t before_count;
    struct waiting *waiting; /* owned; positions rise */
    size_t waiting_count, waiting_cap;
    uint64_t safe; /* the last position that the owner said is */
    uint64_t counts[NH_TRAPS_COUNTS];
};

static const char *const count_names[NH_TRAPS_COUNTS] = {
    [NH_TRAPS_EVENTS] = "events",
    [NH_TRAPS_AUTH_FAILURES] = "auth_failures",
    [NH_TRAPS_AGAIN] = "again",
    [NH_TRAPS_LIMITED] = "limited",
    [NH_TRAPS_LOST] = "lost",
};

const char *
nh_trap_count_name(int count)
{
    return count_names[count];
}

uint64_t
nh_trap_desk_counted(const struct nh_trap_desk *t, int count)
{
    return t->counts[count];
}

const struct nh_snmp_listen *
nh_trap_desk_listener(const struct nh_trap_desk *t)
{
    return t->listen;
}

/* ---- devices ---- */

static int
by_address(const void *a, const void *b)
{
    const struct device *x = a, *y = b;

    return strcmp(x->address, y->address);
}

/* A device's address in the form of the listener's. */
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
device_fini(struct device *d)
{
    free(d->written);
    free(d->credential);
    free(d->place);
    free(d->id);
    for (size_t i = 0; i < d->port_count; i++) {
        free(d->ports[i].link);
        free(d->ports[i].port);
    }
}

static void
forget(struct device **devices, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        device_fini(&(*devices)[i]);
    free(*devices);
    *devices = NULL;
    *count = 0;
}

enum nh_err
nh_trap_desk_begin(struct nh_trap_desk *t, size_t count)
{
    forget(&t->before, &t->before_count);
    t->before = t->devices;
    t->before_count = t->device_count;
    t->device_count = t->device_cap = 0;
    t->devices = calloc(count + 1, sizeof(*t->devices));
    if (t->devices == NULL)
        return NH_ENOMEM;
    t->device_cap = count;
    return NH_OK;
}

void
nh_trap_desk_put(struct nh_trap_desk *t, const struct nh_trap_device *device)
{
    char address[INET6_ADDRSTRLEN];
    struct device *d;
    bool ok;

    if (t->device_count == t->device_cap || !plain_address(device->address, address))
        return;
    d = &t->devices[t->device_count];
    *d = (struct device){ .written = strdup(device->address),
        .credential = strdup(device->credential),
        .place = strdup(device->place),
        .id = strdup(device->id),
        .ours = device->ours,
        .power = NH_TRAP_OTHER,
        .auth_told_ms = -AUTH_TOLD_MS };
    memcpy(d->address, address, sizeof(d->address));
    ok = d->written != NULL && d->credential != NULL && d->place != NULL && d->id != NULL;
    for (size_t i = 0; i < device->port_count && i < NH_TRAP_PORTS_MAX; i++) {
        struct port *to = &d->ports[d->port_count++];

        to->link = strdup(device->ports[i].link);
        to->port = strdup(device->ports[i].port);
        ok = ok && to->link != NULL && to->port != NULL;
    }
    if (ok)
        t->device_count++;
    else
        device_fini(d);
}

/* What it said, and how much, is of the device and not of the list that names it. */
static void
remember(struct device *d, const struct device *before)
{
    memcpy(d->full_ms, before->full_ms, sizeof(d->full_ms));
    d->power = before->power;
    d->power_ms = before->power_ms;
    d->power_pos = before->power_pos;
    d->auth_failures = before->auth_failures;
    d->auth_told_ms = before->auth_told_ms;
}

void
nh_trap_desk_end(struct nh_trap_desk *t)
{
    if (t->device_count > 0)
        qsort(t->devices, t->device_count, sizeof(t->devices[0]), by_address);
    for (size_t i = 0, k = 0; i < t->device_count; i++) {
        struct device *d = &t->devices[i];

        while (k < t->before_count && by_address(&t->before[k], d) < 0)
            k++;
        for (size_t n = k; n < t->before_count && by_address(&t->before[n], d) == 0; n++)
            if (strcmp(t->before[n].place, d->place) == 0 &&
                strcmp(t->before[n].id, d->id) == 0)
                remember(d, &t->before[n]);
    }
    forget(&t->before, &t->before_count);
}

/* NULL: nobody has this address, or several have it and none of them for us alone. */
static struct device *
device_at(const struct nh_trap_desk *t, const char *address)
{
    struct device key = { .written = NULL }, *first, *ours = NULL;
    size_t same = 0, reached = 0;

    if (t->device_count == 0)
        return NULL;
    snprintf(key.address, sizeof(key.address), "%s", address);
    first = bsearch(&key, t->devices, t->device_count, sizeof(key), by_address);
    if (first == NULL)
        return NULL;
    while (first > t->devices && strcmp(first[-1].address, address) == 0)
        first--;
    for (struct device *d = first;
         d < t->devices + t->device_count && strcmp(d->address, address) == 0; d++) {
        same++;
        if (d->ours) {
            reached++;
            ours = d;
        }
    }
    return same == 1 ? first : reached == 1 ? ours : NULL;
}

static const struct nh_snmp_credential *
on_traps_credential(void *arg, const char *address)
{
    const struct device *d = device_at(arg, address);

    return d == NULL || *d->credential == '\0'
               ? NULL
               : nh_snmp_credentials_get(d->credential, NULL);
}

/* RFC 3584 section 3.1: who forwards a trap says whose it is. Believed within a place. */
static struct device *
about(const struct nh_trap_desk *t, struct device *sender, const struct nh_trap *trap)
{
    char address[INET6_ADDRSTRLEN];
    struct device *d;

    if (!trap->has_address ||
        inet_ntop(AF_INET, trap->address, address, sizeof(address)) == NULL)
        return sender;
    for (d = t->devices; d < t->devices + t->device_count; d++)
        if (strcmp(d->place, sender->place) == 0 && strcmp(d->address, address) == 0)
            return d;
    return sender;
}

/* ---- events ---- */

/* Is `port` the name of that ifIndex, as our own polling has it? */
static bool
is_port(const struct device *d, uint32_t if_index, const char *port)
{
    const struct nh_snmp_facts *f;
    struct nh_snmp_learnt learnt;

    if (if_index == 0 || *d->credential == '\0' ||
        !nh_snmp_polled(d->written, d->credential, &learnt))
        return false;
    f = learnt.facts;
    for (size_t i = 0; i < f->interface_count; i++)
        if (f->interfaces[i].index == if_index)
            return strcmp(f->interfaces[i].name, port) == 0 ||
                   strcmp(f->interfaces[i].descr, port) == 0 ||
                   strcmp(f->interfaces[i].alias, port) == 0;
    return false;
}

/* The line whose port on this device the trap names, by name or by its ifIndex where the
 * device is polled from here; NULL: none. */
static const char *
link_of(const struct device *d, const struct nh_trap_meaning *m)
{
    for (size_t i = 0; i < d->port_count; i++) {
        const struct port *p = &d->ports[i];

        for (size_t n = 0; n < NH_COUNT(m->port); n++)
            if (strcmp(m->port[n], p->port) == 0)
                return p->link;
        if (is_port(d, m->if_index, p->port))
            return p->link;
    }
    return NULL;
}

static bool
is_power(enum nh_trap_kind kind)
{
    return kind == NH_TRAP_ON_BATTERY || kind == NH_TRAP_ON_MAINS ||
           kind == NH_TRAP_BATTERY_LOW;
}

/* Counted, and no event: a failed authentication within the hour, a UPS that says the
 * same. */
static bool
is_news(struct nh_trap_desk *t, struct device *d, enum nh_trap_kind kind, int64_t now_ms)
{
    if (kind == NH_TRAP_AUTH_FAILURE) {
        t->counts[NH_TRAPS_AUTH_FAILURES]++;
        d->auth_failures++;
        return now_ms - d->auth_told_ms >= AUTH_TOLD_MS;
    }
    if (!is_power(kind) || kind != d->power || now_ms - d->power_ms >= POWER_AGAIN_MS)
        return true;
    d->power_ms = now_ms;
    t->counts[NH_TRAPS_AGAIN]++;
    return false;
}

/* The event is in the journal: what follows is measured by it. */
static void
note_told(struct device *d, enum nh_trap_kind kind, int64_t now_ms, uint64_t pos)
{
    if (kind == NH_TRAP_AUTH_FAILURE) {
        d->auth_failures = 0;
        d->auth_told_ms = now_ms;
    } else if (is_power(kind)) {
        d->power = kind;
        d->power_ms = now_ms;
        d->power_pos = pos;
    }
}

/* The event that the journal keeps. */
static void
make_event(const struct device *d, const struct nh_trap_meaning *m, int64_t now_ms,
    struct nh_event *e)
{
    enum nh_trap_kind kind = m->kind;
    const char *link = NULL;

    *e = (struct nh_event){ .mono_ms = now_ms, .uptime_s = -1 };
    if (kind == NH_TRAP_LINK_DOWN || kind == NH_TRAP_LINK_UP) {
        link = link_of(d, m);
        if (link == NULL)
            kind = NH_TRAP_OTHER; /* a port that carries no link of ours */
    }
    snprintf(e->name, sizeof(e->name), "%s", nh_trap_event(kind));
    if (link != NULL)
        snprintf(e->object, sizeof(e->object), "%s", link);
    else if (is_power(kind) || kind == NH_TRAP_COLD_START)
        snprintf(e->object, sizeof(e->object), "%s", d->place);
    else
        snprintf(e->object, sizeof(e->object), "%s/%s", d->place, d->id);
    if (kind == NH_TRAP_AUTH_FAILURE)
        snprintf(e->text, sizeof(e->text), "%.160s (%llu since the last one told)",
            m->text, (unsigned long long)d->auth_failures);
    else
        snprintf(e->text, sizeof(e->text), "%s", m->text);
}

/* A bucket of BURST that fills by one each EVERY_MS. */
static bool
within_rate(struct device *d, enum nh_trap_kind kind, int64_t now_ms)
{
    int64_t *full_ms = &d->full_ms[kind == NH_TRAP_OTHER ? RATE_OTHER : RATE_MEANT];

    if (*full_ms < now_ms)
        *full_ms = now_ms;
    if (*full_ms - now_ms > (int64_t)(BURST - 1) * EVERY_MS)
        return false;
    *full_ms += EVERY_MS;
    return true;
}

static bool
wait_for(struct nh_trap_desk *t, uint64_t inform, uint64_t pos)
{
    size_t at;

    if (t->waiting_count == t->waiting_cap) {
        size_t cap = t->waiting_cap == 0 ? 16 : t->waiting_cap * 2;
        struct waiting *more = realloc(t->waiting, cap * sizeof(*more));

        if (more == NULL)
            return false;
        t->waiting = more;
        t->waiting_cap = cap;
    }
    for (at = t->waiting_count++; at > 0 && t->waiting[at - 1].pos > pos; at--)
        t->waiting[at] = t->waiting[at - 1];
    t->waiting[at] = (struct waiting){ inform, pos };
    return true;
}

/* Of an inform that is no news: is what it repeats safe already? */
static enum nh_listen_verdict
answer_again(struct nh_trap_desk *t, const struct device *d, enum nh_trap_kind kind,
    uint64_t inform)
{
    if (inform == 0 || !is_power(kind) || d->power_pos <= t->safe)
        return NH_LISTEN_ANSWER;
    if (!wait_for(t, inform, d->power_pos))
        return NH_LISTEN_REFUSE;
    if (t->events.waits != NULL)
        t->events.waits(t->events.arg);
    return NH_LISTEN_LATER;
}

static enum nh_listen_verdict
on_traps_trap(void *arg, const char *address, const struct nh_trap *trap, uint64_t inform)
{
    struct nh_trap_desk *t = arg;
    struct device *d = device_at(t, address);
    struct nh_trap_meaning m;
    struct nh_event event;
    int64_t now_ms = nh_clock_mono_ms();
    uint64_t pos;

    if (d == NULL)
        return NH_LISTEN_REFUSE;
    nh_trap_mean(trap, &m);
    d = about(t, d, trap);
    if (m.kind != NH_TRAP_AUTH_FAILURE && !within_rate(d, m.kind, now_ms)) {
        t->counts[NH_TRAPS_LIMITED]++;
        nh_log_limited(NH_LOG_WARN, "traps: %s/%s sends too many: the rest is dropped",
            d->place, d->id);
        return NH_LISTEN_REFUSE;
    }
    if (!is_news(t, d, m.kind, now_ms))
        return answer_again(t, d, m.kind, inform);
    make_event(d, &m, now_ms, &event);
    if (t->events.tell(t->events.arg, &event, &pos) != NH_OK) {
        t->counts[NH_TRAPS_LOST]++;
        return NH_LISTEN_REFUSE;
    }
    t->counts[NH_TRAPS_EVENTS]++;
    note_told(d, m.kind, now_ms, pos);
    return inform != 0 && wait_for(t, inform, pos) ? NH_LISTEN_LATER : NH_LISTEN_REFUSE;
}

/* ---- the store ---- */

void
nh_trap_desk_durable(struct nh_trap_desk *t, uint64_t pos)
{
    size_t done = 0;

    t->safe = pos;
    while (done < t->waiting_count && t->waiting[done].pos <= pos)
        nh_snmp_listen_answer(t->listen, t->waiting[done++].inform);
    if (done == 0)
        return;
    t->waiting_count -= done;
    memmove(t->waiting, t->waiting + done, t->waiting_count * sizeof(t->waiting[0]));
}

void
nh_trap_desk_lost(struct nh_trap_desk *t)
{
    for (size_t i = 0; i < t->waiting_count; i++)
        nh_snmp_listen_forget(t->listen, t->waiting[i].inform);
    t->waiting_count = 0;
    for (size_t i = 0; i < t->device_count; i++)
        if (t->devices[i].power_pos > t->safe)
            t->devices[i].power = NH_TRAP_OTHER;
}

size_t
nh_trap_desk_waiting(const struct nh_trap_desk *t)
{
    return t->waiting_count;
}

/* ---- life ---- */

enum nh_err
nh_trap_desk_open(struct nh_trap_desk **out, const char *address,
    const struct nh_trap_desk_events *events)
{
    struct nh_trap_desk *t = calloc(1, sizeof(*t));
    enum nh_err err;

    *out = NULL;
    if (t == NULL)
        return NH_ENOMEM;
    t->events = *events;
    err = nh_snmp_listen_open(&t->listen, address);
    if (err != NH_OK) {
        free(t);
        return err;
    }
    *out = t;
    return NH_OK;
}

enum nh_err
nh_trap_desk_start(
    struct nh_trap_desk *t, struct event_base *base, const char *engine_file)
{
    const struct nh_listen_events events = { on_traps_credential, on_traps_trap, t };

    return nh_snmp_listen_start(t->listen, base, engine_file, &events);
}

void
nh_trap_desk_close(struct nh_trap_desk *t)
{
    if (t == NULL)
        return;
    nh_snmp_listen_close(t->listen);
    forget(&t->devices, &t->device_count);
    forget(&t->before, &t->before_count);
    free(t->waiting);
    free(t);
}
