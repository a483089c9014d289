/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp.c - sensor "snmp": a device's health, its ports and its battery, as it tells them
 *
 * All checks of one device share one session and its rounds: a check that begins while a
 * round is under way waits for its end, and one that begins just after a round takes what
 * that learnt. So a router with two ports and its own health is asked once every 10 s.
 *
 * A device that does not answer gives no reading: the check says why in words. Whether
 * the device is there is what `ping` tells.
 */
#include "libnhip/clock.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/snmp_credentials.h"
#include "libnhip/snmp_device.h"
#include "libnhip/snmp_polled.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH_MS = 2000 };

struct snmp_shared { /* one device */
    struct snmp_shared *next, *next_of_all;
    struct nh_sensor_host *host; /* borrowed; it lists this */
    char address[64], credential[64];
    struct nh_snmp *session;
    struct nh_snmp_device *device;
    struct nh_probe *probes; /* listed, not owned */
    int64_t ended_ms;        /* of the last round, 0: none yet */
    uint32_t serial;         /* of the credential that the session was opened with */
    bool running;
};

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct snmp_shared *shared;
    struct nh_probe *next;
    bool waiting;
    char port[64];
};

static struct snmp_shared *all; /* of every schedule of the process; listed, not owned */

static void
put(struct nh_reading *r, const struct nh_kind *kind, int metric, double value)
{
    if (isfinite(value))
        nh_reading_put(r, kind, metric, value);
}

static const char *
fill_port(const struct nh_probe *p, struct nh_reading *r)
{
    const struct nh_snmp_interface *i = nh_snmp_device_port(p->shared->device, p->port);
    const struct nh_kind *kind = p->ctx->kind;

    if (i == NULL)
        return "the device has no port of this name";
    nh_reading_put(r, kind, NH_PORT_OPER, i->oper == 1);
    put(r, kind, NH_PORT_RX_BPS, i->rate[NH_SNMP_IN_OCTETS] * 8);
    put(r, kind, NH_PORT_TX_BPS, i->rate[NH_SNMP_OUT_OCTETS] * 8);
    put(r, kind, NH_PORT_RX_ERRORS, i->rate[NH_SNMP_IN_ERRORS]);
    put(r, kind, NH_PORT_TX_ERRORS, i->rate[NH_SNMP_OUT_ERRORS]);
    put(r, kind, NH_PORT_RX_DROPS, i->rate[NH_SNMP_IN_DISCARDS]);
    put(r, kind, NH_PORT_TX_DROPS, i->rate[NH_SNMP_OUT_DISCARDS]);
    put(r, kind, NH_PORT_RX_POWER, i->rx_power_dbm);
    return NULL;
}

static const char *
fill_power(const struct nh_probe *p, const struct nh_snmp_facts *f, struct nh_reading *r)
{
    const struct nh_kind *kind = p->ctx->kind;

    if (isnan(f->value[NH_SNMP_FACT_ON_BATTERY]))
        return "the device does not tell whether it runs on battery";
    put(r, kind, NH_POWER_ON_BATTERY, f->value[NH_SNMP_FACT_ON_BATTERY]);
    put(r, kind, NH_POWER_CHARGE, f->value[NH_SNMP_FACT_CHARGE]);
    put(r, kind, NH_POWER_RUNTIME, f->value[NH_SNMP_FACT_RUNTIME]);
    put(r, kind, NH_POWER_INPUT, f->value[NH_SNMP_FACT_INPUT]);
    return NULL;
}

static void
tell(struct nh_probe *p)
{
    const struct nh_snmp_facts *f = nh_snmp_device_facts(p->shared->device);
    const struct nh_kind *kind = p->ctx->kind;
    struct nh_reading r = { 0 };
    const char *why = f->result != NH_SNMP_OK ? nh_snmp_words(f->result) : NULL;

    p->waiting = false;
    if (why == NULL && strcmp(kind->name, "port") == 0) {
        why = fill_port(p, &r);
    } else if (why == NULL && strcmp(kind->name, "power") == 0) {
        why = fill_power(p, f, &r);
    } else if (why == NULL) {
        put(&r, kind, NH_SNMP_UPTIME, f->has_uptime ? floor(f->uptime_s) : NAN);
        put(&r, kind, NH_SNMP_CPU, f->value[NH_SNMP_FACT_CPU]);
        put(&r, kind, NH_SNMP_MEM, f->value[NH_SNMP_FACT_MEM_PCT]);
        put(&r, kind, NH_SNMP_TEMP, f->value[NH_SNMP_FACT_TEMP]);
    }
    p->ctx->done(p->ctx->done_arg, why == NULL ? &r : NULL, why);
}

static void
on_snmp_round(void *arg)
{
    struct snmp_shared *sh = arg;

    sh->running = false;
    sh->ended_ms = nh_clock_mono_ms();
    for (struct nh_probe *p = sh->probes; p != NULL; p = p->next)
        if (p->waiting)
            tell(p);
}

/* A session with the credential as it is now; false: `why` says why there is none. */
static bool
renew_session(struct snmp_shared *sh, char why[128])
{
    uint32_t serial;
    const struct nh_snmp_credential *c = nh_snmp_credentials_get(sh->credential, &serial);
    struct nh_snmp *s;

    if (c == NULL) {
        snprintf(why, 128, "no credential \"%.40s\" is known here", sh->credential);
        return false;
    }
    if (sh->session != NULL && serial == sh->serial)
        return true;
    if (nh_snmp_open(&s, sh->host->base, sh->address, c, NULL, why) != NH_OK) {
        if (*why == '\0')
            snprintf(why, 128, "%s", nh_snmp_words(NH_SNMP_LOCAL));
        return false;
    }
    if (sh->device != NULL)
        nh_snmp_device_use(sh->device, s);
    nh_snmp_close(sh->session);
    sh->session = s;
    sh->serial = serial;
    return true;
}

static void
snmp_start(struct nh_probe *p, uint32_t span_ms)
{
    struct snmp_shared *sh = p->shared;
    char why[128] = "";

    (void)span_ms;
    p->waiting = true;
    if (sh->running)
        return;
    if (sh->ended_ms != 0 && nh_clock_mono_ms() - sh->ended_ms < FRESH_MS) {
        tell(p);
        return;
    }
    if (renew_session(sh, why)) {
        if (nh_snmp_device_round(sh->device, on_snmp_round, sh) == NH_OK) {
            sh->running = true;
            return;
        }
        snprintf(why, sizeof(why), "%s", nh_snmp_words(NH_SNMP_LOCAL));
    }
    p->waiting = false;
    p->ctx->done(p->ctx->done_arg, NULL, why);
}

static void
leave_shared(struct snmp_shared *sh)
{
    struct snmp_shared **at = &sh->host->snmp;

    if (sh->probes != NULL)
        return;
    while (*at != NULL && *at != sh)
        at = &(*at)->next;
    if (*at == sh)
        *at = sh->next;
    for (at = &all; *at != NULL && *at != sh;)
        at = &(*at)->next_of_all;
    if (*at == sh)
        *at = sh->next_of_all;
    nh_snmp_device_free(sh->device);
    nh_snmp_close(sh->session);
    free(sh);
}

static enum nh_err
use_shared(struct snmp_shared **out, struct nh_sensor_host *host, const char *address,
    const char *credential, char why[128])
{
    struct snmp_shared *sh;
    enum nh_err err;

    for (sh = host->snmp; sh != NULL; sh = sh->next)
        if (strcmp(sh->address, address) == 0 &&
            strcmp(sh->credential, credential) == 0) {
            *out = sh;
            return NH_OK;
        }
    if ((sh = calloc(1, sizeof(*sh))) == NULL)
        return NH_ENOMEM;
    sh->host = host;
    snprintf(sh->address, sizeof(sh->address), "%s", address);
    snprintf(sh->credential, sizeof(sh->credential), "%s", credential);
    err =
        renew_session(sh, why) ? nh_snmp_device_new(&sh->device, sh->session) : NH_EINVAL;
    if (err != NH_OK) {
        leave_shared(sh);
        return err;
    }
    sh->next = host->snmp;
    host->snmp = sh;
    sh->next_of_all = all;
    all = sh;
    *out = sh;
    return NH_OK;
}

static void
snmp_close(struct nh_probe *p)
{
    struct nh_probe **at;

    if (p == NULL)
        return;
    at = &p->shared->probes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    leave_shared(p->shared);
    free(p);
}

static enum nh_err
snmp_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    const char *params = ctx->assignment->params;
    struct nh_probe *p = calloc(1, sizeof(*p));
    char address[64], credential[64];
    enum nh_err err = NH_EINVAL;

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    if (!nh_param_get(params, "address", address, sizeof(address)) ||
        !nh_param_get(params, "credential", credential, sizeof(credential)))
        snprintf(why, 128, "address or credential is too long");
    else if (!nh_param_get(params, "port", p->port, sizeof(p->port)) &&
             strcmp(ctx->kind->name, "port") == 0)
        snprintf(why, 128, "a port check wants a port");
    else
        err = use_shared(&p->shared, ctx->host, address, credential, why);
    if (err != NH_OK) {
        free(p);
        return err;
    }
    p->next = p->shared->probes;
    p->shared->probes = p;
    *out = p;
    return NH_OK;
}

bool
nh_snmp_polled(const char *address, const char *credential, struct nh_snmp_learnt *out)
{
    uint8_t engine[32];

    for (struct snmp_shared *sh = all; sh != NULL; sh = sh->next_of_all)
        if (sh->ended_ms != 0 && strcmp(sh->address, address) == 0 &&
            strcmp(sh->credential, credential) == 0) {
            out->facts = nh_snmp_device_facts(sh->device);
            out->age_ms = nh_clock_mono_ms() - sh->ended_ms;
            (void)nh_snmp_engine(sh->session, engine, &out->has_twin);
            return true;
        }
    return false;
}

static const char *const snmp_kinds[] = { "snmp", "port", "power", NULL };
static const struct nh_param snmp_params[] = {
    { "address", true, "numeric address of the device, with :port where it is not 161" },
    { "credential", true, "name of the credential in this machine's own file" },
    { "port", false, "ifName, ifDescr or ifAlias of the port that is measured" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_snmp = {
    .name = "snmp",
    .kinds = snmp_kinds,
    .params = snmp_params,
    .open = snmp_open,
    .start = snmp_start,
    .close = snmp_close,
};
