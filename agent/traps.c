/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traps.c - devices out of the assignments, events into the spool
 *
 * Records of a connected agent lie in memory until the collector has them. An inform's
 * sender wants to know that it need not say it again: so what waits for that goes to the
 * disk, a moment after the first of them, and at most every other second.
 */
#include "agent/traps.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/trap_desk.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GATHER_MS = 200, SECURE_EVERY_MS = 2000 };

struct traps {
    const struct agent_config *config; /* borrowed */
    struct traps_host host;
    struct nh_trap_desk *desk; /* NULL: nothing listens */
    struct nh_timer *secure;
    int64_t secured_ms; /* mono */
};

/* ---- devices ---- */

/* "bao-lac/router/snmp" in its parts. */
struct named {
    char place[NH_CHECK_ID_MAX], thing[NH_CHECK_ID_MAX]; /* "bao-lac", "router" */
    char both[NH_CHECK_ID_MAX];                          /* "bao-lac/router" */
};

static bool
split(const char *check, struct named *out)
{
    const char *first = strchr(check, '/'),
               *second = first == NULL ? NULL : strchr(first + 1, '/');

    if (second == NULL)
        return false;
    snprintf(out->place, sizeof(out->place), "%.*s", (int)(first - check), check);
    snprintf(
        out->thing, sizeof(out->thing), "%.*s", (int)(second - first - 1), first + 1);
    snprintf(out->both, sizeof(out->both), "%.*s", (int)(second - check), check);
    return true;
}

struct found { /* the words that a device lends */
    struct named name, links[NH_TRAP_PORTS_MAX];
    char address[NH_HOST_MAX], credential[NH_HOST_MAX];
    char ports[NH_TRAP_PORTS_MAX][NH_HOST_MAX];
};

/* The lines that leave by a port of the device at that address. */
static void
add_ports(struct nh_trap_device *d, struct found *f, const struct nh_assignment *all,
    size_t count)
{
    char address[NH_HOST_MAX];

    for (size_t i = 0; i < count && d->port_count < NH_TRAP_PORTS_MAX; i++) {
        struct named *link = &f->links[d->port_count];
        char *port = f->ports[d->port_count];

        if (strcmp(all[i].sensor, "snmp") != 0 || strcmp(all[i].kind, "port") != 0 ||
            !nh_param_get(all[i].params, "address", address, sizeof(address)) ||
            strcmp(address, f->address) != 0 ||
            !nh_param_get(all[i].params, "port", port, NH_HOST_MAX) ||
            !split(all[i].check, link))
            continue;
        d->ports[d->port_count].link = link->both;
        d->ports[d->port_count++].port = port;
    }
}

static void
on_traps_assignments(void *arg)
{
    struct traps *t = arg;
    size_t count;
    const struct nh_assignment *all = assignments_all(t->host.assignments, &count);

    if (nh_trap_desk_begin(t->desk, count) != NH_OK) {
        nh_log(NH_LOG_ERROR, "traps: no memory: no device may send any");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct found f;
        struct nh_trap_device d = { .ours = true };

        if (strcmp(all[i].sensor, "snmp") != 0 || strcmp(all[i].kind, "snmp") != 0 ||
            !split(all[i].check, &f.name) ||
            !nh_param_get(all[i].params, "address", f.address, sizeof(f.address)) ||
            !nh_param_get(
                all[i].params, "credential", f.credential, sizeof(f.credential)))
            continue;
        d.address = f.address;
        d.credential = f.credential;
        d.place = f.name.place;
        d.id = f.name.thing;
        add_ports(&d, &f, all, count);
        nh_trap_desk_put(t->desk, &d);
    }
    nh_trap_desk_end(t->desk);
}

/* ---- events ---- */

static void
on_traps_waits(void *arg)
{
    struct traps *t = arg;
    int64_t now_ms = nh_clock_mono_ms(), at_ms = t->secured_ms + SECURE_EVERY_MS;

    nh_timer_at(t->secure, at_ms > now_ms + GATHER_MS ? at_ms : now_ms + GATHER_MS);
}

static enum nh_err
on_traps_event(void *arg, const struct nh_event *event, uint64_t *pos)
{
    struct traps *t = arg;
    enum nh_err err;

    if (t->host.spool == NULL)
        return NH_EAGAIN;
    err = spool_event(t->host.spool, event, pos);
    if (err != NH_OK)
        return err;
    t->host.told(t->host.arg);
    on_traps_waits(t);
    return NH_OK;
}

static void
on_traps_secure(void *arg)
{
    struct traps *t = arg;

    if (t->host.spool == NULL || nh_trap_desk_waiting(t->desk) == 0)
        return;
    nh_trap_desk_durable(t->desk, spool_secure(t->host.spool));
    t->secured_ms = nh_clock_mono_ms();
    if (nh_trap_desk_waiting(t->desk) > 0)
        nh_timer_after(t->secure, GATHER_MS);
}

/* ---- life ---- */

enum nh_err
traps_open(struct traps **out, const struct agent_config *config)
{
    struct traps *t;
    enum nh_err err;

    *out = NULL;
    if (config->traps[0] == '\0')
        return NH_OK;
    t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NH_ENOMEM;
    t->config = config;
    err = nh_trap_desk_open(&t->desk, config->traps,
        &(struct nh_trap_desk_events){ on_traps_event, on_traps_waits, t });
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", config->traps,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
    *out = t;
    return NH_OK;
}

void
traps_start(struct traps *t, const struct traps_host *host)
{
    char path[AGENT_PATH_MAX + 16];
    enum nh_err err;

    if (t == NULL || t->desk == NULL)
        return;
    t->host = *host;
    snprintf(path, sizeof(path), "%s/snmp-engine", t->config->data);
    err = nh_timer_new(&t->secure, host->base, on_traps_secure, t);
    if (err == NH_OK)
        err = nh_trap_desk_start(t->desk, host->base, path);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "traps: %s: %s: no traps are taken", path,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
        traps_stop(t);
        nh_trap_desk_close(t->desk);
        t->desk = NULL;
        return;
    }
    assignments_watch(host->assignments, on_traps_assignments, t);
}

void
traps_stop(struct traps *t)
{
    if (t == NULL)
        return;
    if (t->host.assignments != NULL)
        assignments_watch(t->host.assignments, NULL, NULL);
    nh_timer_free(t->secure);
    t->secure = NULL;
    t->host = (struct traps_host){ .base = NULL };
}

void
traps_close(struct traps *t)
{
    if (t == NULL)
        return;
    nh_trap_desk_close(t->desk);
    free(t);
}

json_t *
traps_json(const struct traps *t)
{
    const struct nh_trap_desk *d = t == NULL ? NULL : t->desk;
    json_t *o = json_pack("{s:b}", "listening", d != NULL);

    for (int i = 0; d != NULL && i < NH_LISTEN_COUNTS; i++)
        json_object_set_new(o, nh_snmp_listen_count_name(i),
            json_integer(
                (json_int_t)nh_snmp_listen_counted(nh_trap_desk_listener(d), i)));
    for (int i = 0; d != NULL && i < NH_TRAPS_COUNTS; i++)
        json_object_set_new(o, nh_trap_count_name(i),
            json_integer((json_int_t)nh_trap_desk_counted(d, i)));
    return o;
}
