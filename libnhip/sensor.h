/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensor.h - ways of measuring, and the schedule that runs them
 *
 * A sensor is one file in sensors/ and one row of sensors/table.h. It measures checks of
 * one or more kinds (icmp: path, gateway, far, pop, ping; http, tcp, dns: service). All
 * are asynchronous on the loop; none blocks, none forks.
 *
 * The schedule begins the rounds of all checks together and stamps each reading with its
 * round's boundary on CLOCK_BOOTTIME; a sensor spreads its probes over the round. A check
 * that could not be run (interface missing, no permission) gives no reading, and says why
 * in its status; one that got no answer gives a reading with `lost` = `sent`, or `up` =
 * 0.
 */
#ifndef NH_SENSOR_H
#define NH_SENSOR_H

#include "libnhip/reading.h"
#include "libnhip/wire.h"

enum { NH_EVERY_MIN_MS = 100, NH_EVERY_MAX_MS = 86400000 };

struct event_base;
struct nh_schedule;
struct nh_probe; /* one check being measured: the sensor's own state, opaque to the
                    schedule */

/* What a sensor shares between its probes (sockets, curl multi, resolver): made on first
 * use. */
struct nh_sensor_host;

struct nh_param { /* a row of a sensor's parameter table: the form of nh_assignment.params
                   */
    const char *name;
    bool required;
    const char *help;
};

/* Given to a sensor for one probe; outlives it. */
struct nh_probe_context {
    struct event_base *base;
    struct nh_sensor_host *host;
    const struct nh_assignment *assignment;
    const struct nh_kind *kind;
    /* Ends the round: exactly once per start(), unless closed before. `r->value` and
     * `present` are the sensor's; check and time are filled in by the schedule. NULL:
     * could not be run, `why` says so in words (lent). */
    void (*done)(void *arg, const struct nh_reading *r, const char *why);
    void *done_arg;
};

struct nh_sensor {
    const char *name;
    const char *const *kinds;      /* NULL-terminated names of kinds that it can fill */
    const struct nh_param *params; /* NULL name ends it */
    bool instant; /* sampled at the boundary: start() ends at once, in the same wake-up */
    /* Parse params and make a probe. NH_EINVAL: *why says what is wrong. */
    enum nh_err (*open)(
        struct nh_probe **out, const struct nh_probe_context *ctx, char why[128]);
    /* Begin one round that is to end within `span_ms`. */
    void (*start)(struct nh_probe *p, uint32_t span_ms);
    /* The boundary is here and the round has not ended: end it now, if nothing more can
     * come of it. NULL: the sensor ends each round by itself. */
    void (*boundary)(struct nh_probe *p);
    void (*close)(struct nh_probe *p);
};

const struct nh_sensor *nh_sensor_find(const char *name);
const struct nh_sensor *const *nh_sensor_all(size_t *count);

/* The value of `name` in "name=value" lines, copied; false when absent or too long. */
bool nh_param_get(const char *params, const char *name, char *out, size_t size);

/* Is every param of `a` known to its sensor, every required one there, the kind one it
 * fills? */
enum nh_err nh_assignment_check(
    const struct nh_assignment *a, char why[128]) NH_MUST_CHECK;

struct nh_schedule_events {
    /* The readings that ended at one boundary, together (a round costs one wake-up and
     * one journal record). Numbers are those of `dict`. */
    void (*on_readings)(void *arg, struct nh_reading *readings, size_t count);
    /* A change that cannot wait for the round: port down, on battery. */
    void (*on_event)(void *arg, const struct nh_event *event);
    void *arg;
};

/* `dict` is borrowed and grows with the checks; events->on_readings may not change the
 * schedule. */
enum nh_err nh_schedule_new(struct nh_schedule **out, struct event_base *base,
    struct nh_dict *dict, const struct nh_schedule_events *events) NH_MUST_CHECK;
void nh_schedule_free(struct nh_schedule *s);
/*
 * Do what is due at `now_ms` (BOOTTIME) and return when to come back; INT64_MAX while
 * there is no check. The schedule's own timer calls it; tests with a virtual clock do so
 * themselves.
 */
int64_t nh_schedule_run(struct nh_schedule *s, int64_t now_ms);
/*
 * Measure these from now on, and nothing else. Checks that stay the same keep their state
 * and their rounds. An assignment that cannot be opened is counted in *refused, the first
 * reason copied to `why`; the others run.
 */
enum nh_err nh_schedule_set(struct nh_schedule *s, const struct nh_assignment *list,
    size_t count, size_t *refused, char why[128]) NH_MUST_CHECK;

/* For status pages: how each check is doing. */
struct nh_probe_status {
    const struct nh_assignment *assignment;
    const struct nh_reading *last; /* NULL: none yet */
    const char *why;               /* why it could not be run, "" when it could */
};
void nh_schedule_each(const struct nh_schedule *s,
    void (*each)(void *arg, const struct nh_probe_status *status), void *arg);

#endif
