/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule.c - rounds: when each check is measured, and readings together at boundaries
 *
 * A period of E ms has its boundaries at the multiples of E on CLOCK_BOOTTIME, so that
 * checks of 10 s and of 60 s meet every minute, and all of them cost one wake-up there:
 *
 *   boundary        train under way, answers noted       boundary
 *   |-- start() o ----- o ----- o ----- o ----- o ---------| readings stamped with this
 *                                            end of span --^ one, handed on together
 *
 * A round that a sensor has not ended at its boundary is not cut off: its reading comes
 * with the next boundary's, still stamped with its own, and the check sits out that
 * round. Instant sensors are asked at the boundary itself. Boundaries that passed while
 * the host slept or the loop stood still are left out, not made up for.
 *
 * Checks are kept in order of id, so that a new list of assignments is compared with the
 * old one in a merge.
 */
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/shared.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A first round that is shorter than this is not begun; the check waits for its boundary.
 */
enum { FIRST_SPAN_MIN_MS = 3000, END_MARGIN_MAX_MS = 100 };

struct check {
    struct nh_schedule *schedule; /* borrowed */
    struct nh_assignment assignment;
    struct nh_probe_context context;
    const struct nh_sensor *sensor;
    struct nh_probe *probe; /* owned */
    uint32_t number;
    bool running, ended; /* a round is under way; `reading` waits to be handed on */
    bool has_last;
    int64_t boundary_ms;       /* where the round under way ends */
    int64_t next_ms;           /* the next boundary of this check's period */
    struct nh_reading reading; /* valid while `ended` */
    struct nh_reading last;
    char why[128];
};

struct nh_schedule {
    struct nh_dict *dict; /* borrowed */
    struct nh_schedule_events events;
    struct nh_sensor_host host;
    struct nh_timer *timer;
    struct check **checks; /* owned, by id */
    size_t count;
    struct nh_reading *batch; /* room for `count` */
    int64_t next_ms;          /* the nearest boundary */
};

static int64_t
boundary_after(int64_t now_ms, uint32_t every_ms)
{
    return (now_ms / every_ms + 1) * every_ms;
}

static uint32_t
span_until(int64_t left_ms)
{
    int64_t margin = left_ms / 10 < END_MARGIN_MAX_MS ? left_ms / 10 : END_MARGIN_MAX_MS;

    return (uint32_t)(left_ms - margin);
}

/* A sensor has ended its round. */
static void
on_probe_done(void *arg, const struct nh_reading *r, const char *why)
{
    struct check *c = arg;

    c->running = false;
    if (r == NULL) {
        snprintf(c->why, sizeof(c->why), "%s", why != NULL ? why : "could not be run");
        return;
    }
    c->why[0] = '\0';
    c->reading = *r;
    c->reading.check = c->number;
    c->reading.mono_ms = c->boundary_ms;
    c->ended = true;
}

static void
begin_round(struct check *c, int64_t boundary_ms, uint32_t span_ms)
{
    c->boundary_ms = boundary_ms;
    c->running = true;
    c->sensor->start(c->probe, span_ms);
}

/* Move the check's ended round into the batch. */
static size_t
collect(struct check *c, struct nh_reading *batch)
{
    if (!c->ended)
        return 0;
    c->ended = false;
    c->last = c->reading;
    c->has_last = true;
    *batch = c->reading;
    return 1;
}

int64_t
nh_schedule_run(struct nh_schedule *s, int64_t now_ms)
{
    size_t filled = 0;

    if (now_ms < s->next_ms)
        return s->next_ms;
    s->next_ms = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        struct check *c = s->checks[i];

        if (now_ms >= c->next_ms) {
            int64_t next = boundary_after(now_ms, c->assignment.every_ms);

            if (c->sensor->instant)
                begin_round(c, next - c->assignment.every_ms, 0);
            else if (c->running && c->sensor->boundary != NULL)
                c->sensor->boundary(c->probe);
            filled += collect(c, &s->batch[filled]);
            c->next_ms = next;
            if (!c->sensor->instant && !c->running)
                begin_round(c, next, span_until(next - now_ms));
        }
        if (c->next_ms < s->next_ms)
            s->next_ms = c->next_ms;
    }
    if (filled > 0)
        s->events.on_readings(s->events.arg, s->batch, filled);
    return s->next_ms;
}

static void
arm(struct nh_schedule *s)
{
    if (s->next_ms == INT64_MAX)
        nh_timer_stop(s->timer);
    else
        nh_timer_at(s->timer, s->next_ms);
}

static void
on_schedule_boundary(void *arg)
{
    struct nh_schedule *s = arg;

    nh_schedule_run(s, nh_clock_mono_ms());
    arm(s);
}

static void
on_sensor_event(void *arg, struct nh_event *event)
{
    struct nh_schedule *s = arg;

    event->mono_ms = nh_clock_mono_ms();
    if (s->events.on_event != NULL)
        s->events.on_event(s->events.arg, event);
}

enum nh_err
nh_schedule_new(struct nh_schedule **out, struct event_base *base, struct nh_dict *dict,
    const struct nh_schedule_events *events)
{
    struct nh_schedule *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->dict = dict;
    s->events = *events;
    s->host.base = base;
    s->host.on_event = on_sensor_event;
    s->host.event_arg = s;
    s->next_ms = INT64_MAX;
    if (nh_timer_new(&s->timer, base, on_schedule_boundary, s) != NH_OK) {
        free(s);
        return NH_ENOMEM;
    }
    *out = s;
    return NH_OK;
}

static void
check_close(struct check *c)
{
    if (c == NULL)
        return;
    if (c->probe != NULL)
        c->sensor->close(c->probe);
    free(c);
}

void
nh_schedule_free(struct nh_schedule *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        check_close(s->checks[i]);
    free(s->checks);
    free(s->batch);
    nh_timer_free(s->timer);
    free(s);
}

/* A check for `a`, its first round begun if there is time for one. */
static enum nh_err
check_open(struct check **out, struct nh_schedule *s, const struct nh_assignment *a,
    char why[128])
{
    struct check *c;
    enum nh_err err = nh_assignment_check(a, why);

    *out = NULL;
    if (err != NH_OK)
        return err;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NH_ENOMEM;
    c->schedule = s;
    c->assignment = *a;
    c->sensor = nh_sensor_find(a->sensor);
    c->context = (struct nh_probe_context){ .base = s->host.base,
        .host = &s->host,
        .assignment = &c->assignment,
        .kind = nh_kind_find(a->kind),
        .done = on_probe_done,
        .done_arg = c };
    err = nh_dict_add(s->dict, a->check, c->context.kind, &c->number);
    if (err != NH_OK)
        snprintf(why, 128, "no number for it: %s", nh_strerror(err));
    else
        err = c->sensor->open(&c->probe, &c->context, why);
    if (err != NH_OK) {
        check_close(c);
        return err;
    }
    *out = c;
    return NH_OK;
}

static void
first_round(struct check *c, int64_t now_ms)
{
    int64_t left_ms;

    c->next_ms = boundary_after(now_ms, c->assignment.every_ms);
    left_ms = c->next_ms - now_ms;
    if (!c->sensor->instant &&
        (left_ms >= FIRST_SPAN_MIN_MS || left_ms * 2 >= c->assignment.every_ms))
        begin_round(c, c->next_ms, span_until(left_ms));
}

static bool
is_same(const struct nh_assignment *a, const struct nh_assignment *b)
{
    return strcmp(a->check, b->check) == 0 && strcmp(a->kind, b->kind) == 0 &&
           strcmp(a->sensor, b->sensor) == 0 && a->every_ms == b->every_ms &&
           strcmp(a->params, b->params) == 0;
}

static int
by_check(const void *a, const void *b)
{
    const struct nh_assignment *const *x = a, *const *y = b;

    return strcmp((*x)->check, (*y)->check);
}

/* Take the old check that equals `a` out of the sorted `old`, advancing *at. */
static struct check *
take_same(struct check **old, size_t old_count, size_t *at, const struct nh_assignment *a)
{
    struct check *c;

    while (*at < old_count &&
           (old[*at] == NULL || strcmp(old[*at]->assignment.check, a->check) < 0))
        ++*at;
    if (*at == old_count || !is_same(&old[*at]->assignment, a))
        return NULL;
    c = old[*at];
    old[*at] = NULL;
    return c;
}

static void
refuse(const struct nh_assignment *a, const char *reason, size_t *refused, char why[128])
{
    if (*refused == 0)
        snprintf(why, 128, "%.48s: %.76s", a->check, reason);
    ++*refused;
}

/* Keep what stays, close what goes, and leave in *sorted what is to be opened (NULL where
 * a check was kept); kept checks are in `kept` at the same index. */
static void
keep_and_close(struct nh_schedule *s, const struct nh_assignment **sorted, size_t count,
    struct check **kept)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        kept[i] = take_same(s->checks, s->count, &at, sorted[i]);
        if (kept[i] != NULL)
            sorted[i] = NULL;
    }
    for (size_t i = 0; i < s->count; i++)
        check_close(s->checks[i]);
}

enum nh_err
nh_schedule_set(struct nh_schedule *s, const struct nh_assignment *list, size_t count,
    size_t *refused, char why[128])
{
    const struct nh_assignment **sorted = calloc(count + 1, sizeof(*sorted));
    struct check **checks = calloc(count + 1, sizeof(struct check *));
    struct nh_reading *batch = calloc(count + 1, sizeof(*batch));
    int64_t now_ms = nh_clock_mono_ms();
    const char *previous = "";
    enum nh_err err = NH_ENOMEM;
    size_t filled = 0;

    *refused = 0;
    why[0] = '\0';
    if (sorted == NULL || checks == NULL || batch == NULL)
        goto out;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &list[i];
    qsort(sorted, count, sizeof(struct nh_assignment *), by_check);
    keep_and_close(s, sorted, count, checks);
    s->next_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        struct check *c = checks[i];
        char reason[128] = "";

        if (c == NULL && strcmp(sorted[i]->check, previous) == 0) {
            refuse(sorted[i], "is there twice", refused, why);
        } else if (c == NULL && check_open(&c, s, sorted[i], reason) == NH_OK) {
            first_round(c, now_ms);
        } else if (c == NULL) {
            refuse(sorted[i], *reason ? reason : "out of memory", refused, why);
        }
        if (c == NULL)
            continue;
        previous = c->assignment.check;
        checks[filled++] = c;
        if (c->next_ms < s->next_ms)
            s->next_ms = c->next_ms;
    }
    free(s->checks);
    free(s->batch);
    s->checks = checks;
    s->batch = batch;
    s->count = filled;
    checks = NULL;
    batch = NULL;
    arm(s);
    err = NH_OK;
out:
    free(batch);
    free(checks);
    free(sorted);
    return err;
}

void
nh_schedule_each(const struct nh_schedule *s,
    void (*each)(void *arg, const struct nh_probe_status *status), void *arg)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct check *c = s->checks[i];
        const struct nh_probe_status status = { .assignment = &c->assignment,
            .last = c->has_last ? &c->last : NULL,
            .why = c->why };

        each(arg, &status);
    }
}
