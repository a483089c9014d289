/* SPDX-License-Identifier: GPL-3.0-or-later */
/* once.c - a sensor's probe outside the schedule, for one round */
#include "libnhip/once.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/shared.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nh_once {
    struct nh_sensor_host host;
    struct nh_assignment assignment;
    struct nh_probe_context context;
    const struct nh_sensor *sensor;
    struct nh_probe *probe; /* owned */
    struct nh_timer *timer; /* starts the round, then hands on how it ended */
    uint32_t span_ms;
    bool started, have;
    struct nh_reading reading;
    char why[128];
    void (*on_done)(void *arg, const struct nh_kind *kind, const struct nh_reading *r,
        const char *why);
    void *arg;
};

/* A change of a port is the schedule's to tell. */
static void
on_once_event(void *arg, struct nh_event *event)
{
    (void)arg, (void)event;
}

static void
on_once_ended(void *arg, const struct nh_reading *r, const char *why)
{
    struct nh_once *o = arg;

    o->have = r != NULL;
    if (r != NULL)
        o->reading = *r;
    else
        snprintf(o->why, sizeof(o->why), "%s", why != NULL ? why : "could not be run");
    nh_timer_after(o->timer, 0);
}

static void
on_once_timer(void *arg)
{
    struct nh_once *o = arg;

    if (o->started) {
        o->on_done(o->arg, o->context.kind, o->have ? &o->reading : NULL, o->why);
        return;
    }
    o->started = true;
    o->sensor->start(o->probe, o->span_ms);
}

enum nh_err
nh_once_start(struct nh_once **out, struct event_base *base,
    const struct nh_assignment *a, uint32_t span_ms,
    void (*on_done)(void *arg, const struct nh_kind *kind, const struct nh_reading *r,
        const char *why),
    void *arg, char why[128])
{
    struct nh_once *o;
    enum nh_err err = nh_assignment_check(a, why);

    *out = NULL;
    if (err != NH_OK)
        return err;
    snprintf(why, 128, "out of memory");
    o = calloc(1, sizeof(*o));
    if (o == NULL)
        return NH_ENOMEM;
    o->host.base = base;
    o->host.on_event = on_once_event;
    o->assignment = *a;
    o->sensor = nh_sensor_find(a->sensor);
    o->context = (struct nh_probe_context){ .base = base,
        .host = &o->host,
        .assignment = &o->assignment,
        .kind = nh_kind_find(a->kind),
        .done = on_once_ended,
        .done_arg = o };
    o->span_ms = span_ms;
    o->on_done = on_done;
    o->arg = arg;
    err = nh_timer_new(&o->timer, base, on_once_timer, o);
    if (err == NH_OK)
        err = o->sensor->open(&o->probe, &o->context, why);
    if (err != NH_OK) {
        nh_once_free(o);
        return err;
    }
    nh_timer_after(o->timer, 0);
    *out = o;
    return NH_OK;
}

void
nh_once_free(struct nh_once *o)
{
    if (o == NULL)
        return;
    if (o->probe != NULL)
        o->sensor->close(o->probe);
    nh_timer_free(o->timer);
    free(o);
}

enum nh_err
nh_param_set(char params[NH_PARAM_MAX], const char *name, const char *value)
{
    size_t name_len = strlen(name);
    char *line = params;

    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');

        if (strncmp(line, name, name_len) == 0 && line[name_len] == '=')
            memmove(line, next, strlen(next) + 1);
        else
            line = next;
    }
    /* a line end before it, "=", one behind it, and the NUL */
    if ((size_t)(line - params) + name_len + strlen(value) + 4 > NH_PARAM_MAX)
        return NH_ETOOBIG;
    if (line > params && line[-1] != '\n')
        *line++ = '\n';
    snprintf(line, NH_PARAM_MAX - (size_t)(line - params), "%s=%s\n", name, value);
    return NH_OK;
}
