/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.c - the life of a reading in the agent
 *
 * The schedule hands over a round; it goes into the journal first, then the table of
 * newest readings (for the live lane and the status) is brought up to date, then every
 * uplink is told. An uplink that is down costs nothing: its cursor stays where it is.
 */
#include "agent/agent.h"
#include "agent/assignments.h"
#include "agent/spool.h"
#include "agent/status.h"
#include "agent/traps.h"
#include "agent/uplink.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/privilege.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MIN_MS = 1000, /* housekeeping: after an ACK, and when a spill is due */
    TICK_MAX_MS = 60000,
};

struct agent {
    struct nh_loop *loop;              /* borrowed */
    const struct agent_config *config; /* borrowed */
    struct spool *spool;
    struct traps *traps;          /* borrowed */
    struct nh_schedule *schedule; /* NULL: does not measure */
    struct assignments *assignments;
    struct uplink_host host;
    struct uplink *uplinks[AGENT_COLLECTORS_MAX];
    struct status_server *status;
    struct nh_timer *tick, *afresh;
    int64_t ticked_ms;
    bool released;             /* something, since then */
    struct nh_reading *newest; /* by check number - 1 */
    unsigned joined;
};

enum nh_err
agent_make_dirs(const struct agent_config *config)
{
    char quarantine[AGENT_PATH_MAX + 16], run[AGENT_PATH_MAX];
    char *slash;
    enum nh_err err;

    snprintf(quarantine, sizeof(quarantine), "%s/quarantine", config->data);
    snprintf(run, sizeof(run), "%s", config->status);
    slash = strrchr(run, '/');
    if (slash != NULL && slash != run)
        *slash = '\0';
    if ((err = nh_private_dir(config->data, 0750, config->user)) != NH_OK ||
        (err = nh_private_dir(quarantine, 0700, config->user)) != NH_OK ||
        (err = nh_private_dir(config->journal_dir, 0700, config->user)) != NH_OK)
        return err;
    if (!config->sync_always &&
        (err = nh_private_dir(config->memory_dir, 0755, config->user)) != NH_OK)
        return err;
    return slash != NULL ? nh_private_dir(run, 0755, config->user) : NH_OK;
}

static void
kick_all(struct agent *a)
{
    for (size_t i = 0; i < a->config->collector_count; i++)
        if (a->uplinks[i] != NULL)
            uplink_kick(a->uplinks[i]);
}

static void
arm_tick(struct agent *a)
{
    int64_t due = spool_spill_due_ms(a->spool);
    int64_t latest = a->ticked_ms + (a->released ? TICK_MIN_MS : TICK_MAX_MS);

    if (due < a->ticked_ms + TICK_MIN_MS) /* one that fails is tried again */
        due = a->ticked_ms + TICK_MIN_MS;
    nh_timer_at(a->tick, due < latest ? due : latest);
}

static void
housekeep(struct agent *a)
{
    spool_tick(a->spool);
    a->ticked_ms = nh_clock_mono_ms();
    a->released = false;
    arm_tick(a);
}

static void
on_agent_readings(void *arg, struct nh_reading *readings, size_t count)
{
    struct agent *a = arg;

    spool_readings(a->spool, readings, count);
    arm_tick(a);
    for (size_t i = 0; i < count; i++)
        if (readings[i].check >= 1 && readings[i].check <= NH_DICT_MAX)
            a->newest[readings[i].check - 1] = readings[i];
    kick_all(a);
}

static void
on_agent_told(void *arg)
{
    struct agent *a = arg;

    arm_tick(a);
    kick_all(a);
}

static void
on_agent_event(void *arg, const struct nh_event *event)
{
    struct agent *a = arg;

    if (spool_event(a->spool, event, NULL) == NH_OK) /* else it has been said there */
        on_agent_told(a);
}

static size_t
newest_since(void *arg, int64_t since_ms, struct nh_reading *out, size_t max)
{
    struct agent *a = arg;
    uint32_t count = nh_dict_count(spool_dict(a->spool));
    size_t n = 0;

    for (uint32_t i = 0; i < count && n < max; i++)
        if (a->newest[i].check != 0 && a->newest[i].mono_ms > since_ms)
            out[n++] = a->newest[i];
    return n;
}

/* From the loop, since an uplink's own session is what asked for it. */
static void
on_agent_afresh(void *arg)
{
    struct agent *a = arg;
    enum nh_err err = spool_new_stream(a->spool);

    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "journal: no new stream: %s; tried again in 60 s",
            nh_strerror(err));
        nh_timer_after(a->afresh, 60000);
        return;
    }
    agent_reconnect(a);
}

static void
on_agent_new_stream(void *arg)
{
    struct agent *a = arg;

    nh_timer_after(a->afresh, 0);
}

static void
on_agent_joined(void *arg)
{
    struct agent *a = arg;

    a->joined++;
    if (a->schedule == NULL)
        nh_loop_stop(a->loop);
}

static void
on_agent_tick(void *arg)
{
    housekeep(arg);
}

/* An uplink's collector has stored more: it can go from here, in this same wake-up. */
static void
on_agent_released(void *arg)
{
    struct agent *a = arg;

    a->released = true;
    if (nh_clock_mono_ms() - a->ticked_ms >= TICK_MIN_MS)
        housekeep(a);
    else
        arm_tick(a);
}

static json_t *
on_agent_status(void *arg)
{
    return agent_status(arg);
}

static enum nh_err
start_measuring(struct agent *a)
{
    const struct nh_schedule_events events = {
        .on_readings = on_agent_readings, .on_event = on_agent_event, .arg = a
    };
    enum nh_err err = nh_schedule_new(
        &a->schedule, nh_loop_base(a->loop), spool_dict(a->spool), &events);

    if (err != NH_OK)
        return err;
    err = status_server_new(
        &a->status, nh_loop_base(a->loop), a->config->status, on_agent_status, a);
    if (err != NH_OK) { /* measuring does not wait for it */
        nh_log(NH_LOG_WARN, "%s: %s: `nhip-agent status` will not work",
            a->config->status, strerror(errno));
    }
    return NH_OK;
}

enum nh_err
agent_start(struct agent **out, struct nh_loop *loop, const struct agent_config *config,
    struct traps *traps, bool measure)
{
    struct agent *a = calloc(1, sizeof(*a));
    char quarantine[AGENT_PATH_MAX + 16];
    enum nh_err err = NH_ENOMEM;
    const char *what = "memory";

    *out = NULL;
    if (a == NULL)
        return NH_ENOMEM;
    a->loop = loop;
    a->config = config;
    a->newest = calloc(NH_DICT_MAX, sizeof(*a->newest));
    if (a->newest == NULL)
        goto out;
    what = config->journal_dir;
    snprintf(quarantine, sizeof(quarantine), "%s/quarantine", config->data);
    err = spool_open(&a->spool, nh_loop_base(loop), config->journal_dir,
        config->sync_always ? NULL : config->memory_dir, config->journal_max_bytes,
        quarantine);
    if (err != NH_OK)
        goto out;
    what = "sensors";
    if (measure && (err = start_measuring(a)) != NH_OK)
        goto out;
    if ((err = assignments_new(&a->assignments, config, a->schedule)) != NH_OK)
        goto out;
    a->traps = traps;
    traps_start(traps, &(struct traps_host){ nh_loop_base(loop), a->spool, a->assignments,
                           on_agent_told, a });
    assignments_apply(a->assignments);
    what = "timers";
    if ((err = nh_timer_new(&a->tick, nh_loop_base(loop), on_agent_tick, a)) != NH_OK ||
        (err = nh_timer_new(&a->afresh, nh_loop_base(loop), on_agent_afresh, a)) != NH_OK)
        goto out;
    a->ticked_ms = nh_clock_mono_ms();
    arm_tick(a);
    a->host = (struct uplink_host){ .base = nh_loop_base(loop),
        .config = config,
        .spool = a->spool,
        .assignments = a->assignments,
        .newest = newest_since,
        .on_released = on_agent_released,
        .on_new_stream = on_agent_new_stream,
        .on_joined = on_agent_joined,
        .arg = a };
    for (size_t i = 0; i < config->collector_count; i++) {
        what = config->collector[i].name;
        if ((err = uplink_new(&a->uplinks[i], &a->host, i)) != NH_OK)
            goto out;
    }
    *out = a;
    a = NULL;
out:
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "%s: %s%s%s", what, nh_strerror(err),
            err == NH_EIO ? ": " : "", err == NH_EIO ? strerror(errno) : "");
    agent_stop(a);
    return err;
}

void
agent_stop(struct agent *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < AGENT_COLLECTORS_MAX; i++)
        uplink_free(a->uplinks[i]);
    nh_timer_free(a->afresh);
    nh_timer_free(a->tick);
    status_server_free(a->status);
    nh_schedule_free(a->schedule);
    traps_stop(a->traps);
    assignments_free(a->assignments);
    spool_close(a->spool);
    free(a->newest);
    free(a);
}

void
agent_reconnect(struct agent *a)
{
    for (size_t i = 0; i < a->config->collector_count; i++)
        if (a->uplinks[i] != NULL)
            uplink_restart(a->uplinks[i]);
}

bool
agent_joined(const struct agent *a)
{
    return a->joined > 0;
}

const char *
agent_trouble(const struct agent *a)
{
    struct uplink_facts facts;

    uplink_facts(a->uplinks[0], &facts);
    return facts.state == NH_AGENT_STREAMING ? "" : facts.why;
}

/* --- the status document --- */

static void
add_check(void *arg, const struct nh_probe_status *status)
{
    json_t *checks = arg, *values = json_object();
    const struct nh_kind *kind = nh_kind_find(status->assignment->kind);
    json_t *check = json_pack("{s:s, s:s, s:i, s:s}", "id", status->assignment->check,
        "kind", status->assignment->kind, "every_ms", (int)status->assignment->every_ms,
        "why", status->why);

    if (status->last != NULL && kind != NULL) {
        json_object_set_new(
            check, "age_ms", json_integer(nh_clock_mono_ms() - status->last->mono_ms));
        for (int i = 0; i < kind->count; i++)
            if ((status->last->present >> i & 1) != 0)
                json_object_set_new(values, kind->metrics[i].name,
                    json_real(nh_from_fixed(
                        status->last->value[i], kind->metrics[i].decimals)));
    }
    json_object_set_new(check, "values", values);
    json_array_append_new(checks, check);
}

static json_t *
spool_json(const struct agent *a)
{
    struct spool_facts f;
    int64_t oldest;

    spool_facts(a->spool, &f);
    oldest = f.journal.records > 0 && f.journal.oldest_wall_ms > 0
                 ? nh_clock_wall_ms() - f.journal.oldest_wall_ms
                 : 0;
    return json_pack("{s:I, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:b}", "records",
        (json_int_t)f.journal.records, "bytes", (json_int_t)f.journal.bytes,
        "memory_bytes", (json_int_t)f.journal.memory_bytes, "oldest_ms",
        (json_int_t)oldest, "fill_pct", (int)f.journal.fill_pct, "lost",
        (json_int_t)f.journal.lost_overflow + (json_int_t)f.journal.lost_damaged,
        "unwritten", (json_int_t)f.lost_rounds, "write_errors",
        (json_int_t)f.journal.write_errors + (json_int_t)f.journal.sync_errors, "failing",
        f.failing);
}

static json_t *
uplink_json(const struct uplink *up)
{
    static const char *const states[NH_AGENT_STATES] = { "disconnected", "connect", "tls",
        "hello_sent", "live_sent", "streaming", "backoff" };
    struct uplink_facts f;
    int64_t now = nh_clock_mono_ms();
    json_t *o;

    uplink_facts(up, &f);
    o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:b}", "name", f.name,
        "address", f.address, "interface", f.interface, "state", states[f.state], "why",
        f.state == NH_AGENT_STREAMING ? "" : f.why, "have_key", f.have_key, "waiting",
        (json_int_t)f.waiting, "sessions", (json_int_t)f.sessions, "paused",
        f.session.paused);
    if (f.state == NH_AGENT_BACKOFF)
        json_object_set_new(
            o, "retry_ms", json_integer(f.retry_at_ms > now ? f.retry_at_ms - now : 0));
    if (f.session.since_ms > 0) {
        json_object_set_new(o, "up_ms", json_integer(now - f.session.since_ms));
        json_object_set_new(
            o, "offset_ms", json_integer(f.session.offset_ms + now - nh_clock_wall_ms()));
        json_object_set_new(o, "rate_bps", json_integer(f.session.rate_bps));
    }
    return o;
}

json_t *
agent_status(const struct agent *a)
{
    static const char *const qualities[] = { "unset", "set", "synchronised" };
    json_t *checks = json_array(), *uplinks = json_array();

    if (a->schedule != NULL)
        nh_schedule_each(a->schedule, add_check, checks);
    for (size_t i = 0; i < a->config->collector_count; i++)
        json_array_append_new(uplinks, uplink_json(a->uplinks[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:{s:s, s:I, s:I}}", "version",
        NHIP_VERSION, "checks", checks, "uplinks", uplinks, "spool", spool_json(a),
        "traps", traps_json(a->traps), "clock", "quality",
        qualities[nh_clock_wall_quality()], "wall_ms", (json_int_t)nh_clock_wall_ms(),
        "uptime_ms", (json_int_t)nh_clock_mono_ms());
}
