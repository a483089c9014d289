/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * collector.c - the parts put together: start, the second's tick, reload, end
 *
 * A reading comes in by intake or sensing, goes into the store, and then, decoded once,
 * through collector_readings() to the judge and to whoever tails. On start the newest
 * segment goes the same way to the judge, as far as it is of the last ten minutes.
 */
#include "collector/collector.h"
#include "libnhip/clock.h"
#include "libnhip/job.h"
#include "libnhip/log.h"
#include "libnhip/privilege.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_MS = 1000,
    CLOCK_STEP_MS = 2000,
    REMEMBER_MS = 10 * 60 * 1000, /* states come back from readings not older than this */
};

/* ---- the way of a reading ---- */

/* Who may fill a check of the judge's: its own site's agent, or the collector (in a drill
 * the centre's stand-in). */
static bool
is_measurer(const struct judge_check *check, const struct store_source *src)
{
    bool collector = src->is.source == 0 || strcmp(src->is.site, "centre") == 0;

    return check->in.by_collector == collector;
}

static void
place_checks(struct collector *c, struct store_source *src)
{
    uint32_t count = nh_dict_count(src->dict);
    struct judge_check **checks = calloc(count + (size_t)1, sizeof(checks[0]));

    if (checks == NULL)
        return;
    for (uint32_t n = 1; n <= count; n++) {
        const struct nh_check *in = nh_dict_get(src->dict, n);
        struct judge_check *check =
            in == NULL ? NULL : judge_check_find(c->judge, in->id);

        if (check != NULL && strcmp(check->in.kind->name, in->kind->name) == 0 &&
            is_measurer(check, src))
            checks[n] = check;
    }
    free(src->checks);
    src->checks = checks;
    src->check_count = count + (size_t)1;
    src->checks_generation = c->generation;
}

static const char *
boot_hex(const struct store_source *src, uint32_t epoch, char hex[33])
{
    const struct nh_boot *boot = store_boot(src, epoch), *newest;

    if (boot == NULL || src->boot_count == 0)
        return NULL;
    newest = &src->boots[src->boot_count - 1];
    if (memcmp(boot->boot_id, newest->boot_id, sizeof(boot->boot_id)) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof(boot->boot_id); i++)
        snprintf(hex + 2 * i, 3, "%02x", boot->boot_id[i]);
    return hex;
}

void
collector_readings(struct collector *c, struct store_source *src,
    const struct nh_origin *origin, const struct nh_reading *readings, size_t count,
    bool live)
{
    bool tails = !live && control_has_tails(c->control);
    char hex[33];

    if (src->checks_generation != c->generation ||
        src->check_count != nh_dict_count(src->dict) + (size_t)1)
        place_checks(c, src);
    for (size_t i = 0; i < count; i++) {
        const struct nh_reading *r = &readings[i];

        if (r->check < src->check_count && src->checks[r->check] != NULL)
            judge_take(
                c->judge, src->checks[r->check], r, r->mono_ms + origin->offset_ms, live);
        if (tails && nh_dict_get(src->dict, r->check) != NULL)
            control_tail_reading(c->control, nh_dict_get(src->dict, r->check), origin, r,
                boot_hex(src, origin->epoch, hex));
    }
    if (live)
        judging_live(c->judging, src, origin, readings, count);
}

void
collector_took_event(
    struct collector *c, const struct nh_origin *origin, const struct nh_event *event)
{
    judge_event(c->judge, event->name, event->object, event->mono_ms + origin->offset_ms);
    if (control_has_tails(c->control))
        control_tail_event(c->control, origin, event);
}

enum nh_err
collector_append_own(struct collector *c, uint8_t type, struct nh_slice body,
    struct nh_origin *origin, uint64_t *pos)
{
    struct store_source *own = store_own(c->store);
    int64_t wall_ms = nh_clock_wall_ms();
    struct store_record rec = { .type = type,
        .epoch = own->boots[own->boot_count - 1].epoch,
        .offset_ms = wall_ms - nh_clock_mono_ms(),
        .arrived_ms = wall_ms,
        .body = body };

    *origin = (struct nh_origin){
        .epoch = rec.epoch, .offset_ms = rec.offset_ms, .arrived_ms = wall_ms
    };
    return store_append(c->store, own, &rec, pos);
}

enum nh_err
collector_tell(struct collector *c, const struct nh_event *event, uint64_t *pos)
{
    struct nh_origin origin;
    struct nh_buf body;
    enum nh_err err;

    nh_buf_init(&body, NH_JOURNAL_PAYLOAD_MAX);
    nh_event_encode(event, &body);
    err = nh_buf_err(&body);
    if (err == NH_OK)
        err = collector_append_own(
            c, NH_REC_EVENT, nh_slice_of(body.data, body.len), &origin, pos);
    nh_buf_fini(&body);
    if (err == NH_OK)
        collector_took_event(c, &origin, event);
    else
        nh_log_limited(NH_LOG_WARN, "journal: the event %s of '%s' is not kept: %s",
            event->name, event->object, nh_strerror(err));
    if (c->judge != NULL) {
        struct judge_site *site = judge_site_find(c->judge, event->object);

        if (site != NULL) /* its agent's part has changed */
            site->dirty = true;
        c->judge->changed = true;
    }
    return err;
}

void
collector_say(struct collector *c, const char *name, const char *object, int64_t uptime_s,
    const char *boot, const char *text)
{
    struct nh_event event = { .mono_ms = nh_clock_mono_ms(), .uptime_s = uptime_s };
    uint64_t pos;

    snprintf(event.name, sizeof(event.name), "%s", name);
    snprintf(event.object, sizeof(event.object), "%s", object);
    snprintf(event.boot, sizeof(event.boot), "%s", boot != NULL ? boot : "");
    snprintf(event.text, sizeof(event.text), "%s", text != NULL ? text : "");
    if (collector_tell(c, &event, &pos) != NH_OK)
        return; /* it has been logged */
}

/* ---- what the store tells ---- */

static void
on_store_source_durable(void *arg, struct store_source *src)
{
    struct collector *c = arg;

    intake_durable(c->intake, src);
}

static void
on_store_durable(void *arg, uint64_t pos)
{
    struct collector *c = arg;

    series_child_durable(c->series, pos);
    judging_durable(c->judging, pos);
    traps_durable(c->traps, pos);
}

static void
on_store_lost(void *arg)
{
    struct collector *c = arg;

    traps_lost(c->traps);
}

static void
on_store_source_lost(void *arg, struct store_source *src)
{
    struct collector *c = arg;

    intake_lost(c->intake, src);
}

static void
on_store_space(void *arg)
{
    struct collector *c = arg;

    intake_space(c->intake);
}

/* ---- start ---- */

static void
on_recovered_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct collector *c = arg;
    int64_t now_ms = nh_clock_wall_ms();

    (void)pos, (void)source;
    if (origin->arrived_ms < now_ms - REMEMBER_MS)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct nh_check *in = nh_dict_get(dict, readings[i].check);
        struct judge_check *check =
            in == NULL ? NULL : judge_check_find(c->judge, in->id);
        int64_t at_ms = readings[i].mono_ms + origin->offset_ms;

        if (check != NULL && at_ms > now_ms - REMEMBER_MS && at_ms <= now_ms)
            judge_take(c->judge, check, &readings[i], at_ms, false);
    }
}

static void
on_store_recovered(void *arg, const struct nh_record *rec)
{
    struct collector *c = arg;
    enum nh_err err = nh_tracker_feed(c->recovery, rec);

    if (err != NH_OK)
        nh_log_limited(
            NH_LOG_WARN, "journal: a record cannot be read back: %s", nh_strerror(err));
}

static enum nh_err
open_store(struct collector *c)
{
    struct nh_tracker_events readers = { on_recovered_readings, NULL, NULL, c };
    struct store_events events = { on_store_recovered, on_store_source_durable,
        on_store_durable, on_store_source_lost, on_store_lost, on_store_space, c };
    char dir[4096];
    enum nh_err err;

    if (snprintf(dir, sizeof(dir), "%s/journal", c->inv->collector.data) >=
        (int)sizeof(dir))
        return NH_ETOOBIG;
    err = nh_private_dir(dir, 0700, c->inv->collector.user);
    if (err == NH_OK)
        err = nh_tracker_new(&c->recovery, &readers);
    if (err == NH_OK)
        err = store_open(&c->store, &(struct store_options){ c->base, dir,
                                        (uint64_t)c->inv->collector.journal_max_bytes,
                                        c->inv->collector.journal_s, &events });
    nh_tracker_free(c->recovery);
    c->recovery = NULL;
    if (err == NH_ELOCKED)
        nh_log(NH_LOG_ERROR, "journal: another collector runs with %s", dir);
    else if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "journal: %s cannot be opened: %s", dir,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
    return err;
}

/* Things outlive their maker's privileges, so they are made by who owns them then. */
static enum nh_err
open_keys(struct collector *c)
{
    char path[4096];
    enum nh_err err = NH_ETOOBIG;

    if (snprintf(path, sizeof(path), "%s/agents.keys", c->inv->collector.data) <
        (int)sizeof(path))
        err = keys_open(&c->keys, path);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "keys: %s cannot be read: %s", path, nh_strerror(err));
    return err;
}

static void
watch_clock(struct collector *c)
{
    int64_t offset_ms = nh_clock_wall_ms() - nh_clock_mono_ms();
    int64_t step_ms = offset_ms - c->clock_offset_ms;

    c->clock_offset_ms = offset_ms;
    if (step_ms > -CLOCK_STEP_MS && step_ms < CLOCK_STEP_MS)
        return;
    c->clock_step_ms = step_ms;
    c->judge->changed = true;
    nh_log(NH_LOG_ERROR, "clock: the collector's clock has stepped by %lld ms",
        (long long)step_ms);
}

/* What the machine knows of links by evidence of hours and days, to their states. */
static void
tell_learnt(struct collector *c, int64_t wall_ms)
{
    size_t n = 0;

    for (size_t i = 0; i < c->judge->site_count; i++)
        for (size_t k = 0; k < c->judge->sites[i].link_count; k++) {
            struct learnt is;

            judging_learnt(c->judging, n++, &is);
            judge_learn(c->judge, &c->judge->sites[i].links[k], &is, wall_ms);
        }
}

static void
on_collector_tick(void *arg)
{
    struct collector *c = arg;
    int64_t mono_ms = nh_clock_mono_ms(), wall_ms = nh_clock_wall_ms();

    nh_timer_after(c->tick, TICK_MS);
    watch_clock(c);
    store_tick(c->store, mono_ms, wall_ms);
    intake_tick(c->intake, mono_ms);
    series_child_tick(c->series, mono_ms);
    judge_tick(c->judge, wall_ms);
    judging_tick(c->judging, wall_ms, mono_ms);
    tell_learnt(c, wall_ms);
    control_tick(c->control, wall_ms);
}

static void
on_collector_hup(void *arg)
{
    struct nh_conf_problem problem = { "" };
    enum nh_err err = collector_reload(arg, &problem);

    if (err != NH_OK && problem.text[0] == '\0')
        nh_log(NH_LOG_ERROR, "reload: %s; what was in force stays so", nh_strerror(err));
}

enum nh_err
collector_open(struct collector *c)
{
    enum nh_err err;

    nh_loop_keep_heap();
    c->started_ms = nh_clock_wall_ms();
    c->generation = 1;
    c->clock_offset_ms = c->started_ms - nh_clock_mono_ms();
    nh_loop_raise_nofile();
    err = nh_private_dir(c->inv->collector.data, 0750, c->inv->collector.user);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "%s cannot be made: %s", c->inv->collector.data,
            nh_strerror(err));
        return err;
    }
    err = nh_loop_new(&c->loop);
    if (err != NH_OK)
        return err;
    c->base = nh_loop_base(c->loop);
    err = intake_open(&c->intake, c);
    if (err == NH_OK)
        err = traps_open(&c->traps, c);
    return err == NH_OK ? control_open(&c->control, c) : err;
}

/* After the ports: everything that makes files, as who will own them. */
enum nh_err
collector_settle(struct collector *c)
{
    enum nh_err err = nh_drop_privileges(c->inv->collector.user, true);

    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "cannot become the user '%s': %s", c->inv->collector.user,
            nh_strerror(err));
        return err;
    }
    err = open_keys(c);
    if (err == NH_OK)
        err = judge_new(&c->judge, c->inv, c->generation);
    if (err == NH_OK)
        err = open_store(c);
    if (err == NH_OK)
        err = nh_jobs_new(&c->jobs, c->base, 1);
    if (err == NH_OK)
        traps_start(c->traps); /* before the first device is asked */
    if (err == NH_OK)
        err = sensing_open(&c->sensing, c);
    if (err == NH_OK)
        err = series_child_open(&c->series, c);
    if (err == NH_OK)
        err = judging_open(&c->judging, c);
    if (err == NH_OK)
        err = nh_timer_new(&c->tick, c->base, on_collector_tick, c);
    if (err != NH_OK)
        return err;
    nh_loop_on_hup(c->loop, on_collector_hup, c);
    nh_timer_after(c->tick, 0);
    collector_say(c, "collector_up", "", nh_clock_mono_ms() / 1000, NULL, NULL);
    return NH_OK;
}

void
collector_close(struct collector *c)
{
    nh_timer_free(c->tick);
    control_close(c->control);
    c->control = NULL;
    sensing_close(c->sensing);
    c->sensing = NULL;
    intake_close(c->intake); /* the loop runs on for a moment in here */
    nh_jobs_free(c->jobs);
    series_child_close(c->series);
    judging_close(c->judging);
    c->judging = NULL;
    store_close(c->store);
    traps_close(c->traps); /* after the last commit: what it holds is answered */
    judge_free(c->judge);
    keys_close(c->keys);
    nh_loop_free(c->loop);
    inventory_free(c->inv);
}

/* ---- reload ---- */

/* What only a start can change must stay the same. */
static const char *
needs_restart(const struct inventory *now, const struct inventory *next)
{
    if (strcmp(now->collector.listen, next->collector.listen) != 0)
        return "collector { listen }";
    if (strcmp(now->collector.traps, next->collector.traps) != 0)
        return "collector { traps }";
    if (strcmp(now->collector.control, next->collector.control) != 0)
        return "collector { control }";
    if (strcmp(now->collector.data, next->collector.data) != 0)
        return "collector { data }";
    if (strcmp(now->collector.user, next->collector.user) != 0)
        return "collector { user }";
    if (strcmp(now->id, next->id) != 0)
        return "the province's id";
    return NULL;
}

enum nh_err
collector_reload(struct collector *c, struct nh_conf_problem *problem)
{
    struct inventory *next = NULL, *before = c->inv;
    struct judge *judge = NULL, *old = c->judge;
    struct judging_next *judging = NULL;
    const char *what;
    enum nh_err err = inventory_load(&next, c->conf_path, problem);

    if (err == NH_OK && (what = needs_restart(c->inv, next)) != NULL) {
        snprintf(problem->text, sizeof(problem->text),
            "%s: %s has changed: that needs a restart", c->conf_path, what);
        err = NH_ECONF;
    }
    if (err == NH_OK)
        err = judge_new(&judge, next, c->generation + 1);
    if (err == NH_OK)
        err = judging_prepare(c->judging, next, &judging);
    if (err != NH_OK) {
        judge_free(judge);
        if (problem->text[0] != '\0')
            nh_log(NH_LOG_ERROR, "reload: %s; what was in force stays so", problem->text);
        inventory_free(next);
        return err;
    }
    judge_inherit(judge, old);
    judging_adopt(c->judging, judging);
    c->inv = next;
    c->judge = judge;
    c->generation++;
    sensing_assign(c->sensing);
    traps_reloaded(c->traps);
    intake_reloaded(c->intake);
    control_reloaded(c->control, before);
    judge_free(old);
    inventory_free(before);
    nh_log(NH_LOG_NOTICE, "reload: %zu sites, %zu services are in force",
        next->site_count, next->service_count);
    return NH_OK;
}
