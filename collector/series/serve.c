/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * serve.c - reads on as the journal becomes durable, answers what is asked
 *
 * The journal is read in slices between events, so that a fetch during a long catch-up
 * waits for one slice and not for the whole.
 */
#include "collector/series/serve.h"
#include "collector/series/query.h"
#include "libnhip/clock.h"
#include "libnhip/jsonl.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_RECORDS = 500,
    LINE_MAX_BYTES = 64 * 1024,
    WAITING_MAX_BYTES = 64 * 1024 * 1024,
    FILES_MANY = 2000,
    RETRY_MS = 5000,
};

struct server {
    struct series *series;
    struct nh_loop *loop;
    struct nh_channel *channel;
    struct nh_timer *read, *checkpoint;
    uint64_t durable;
    int64_t checkpoint_s;
};

static void
tell_place(struct server *v)
{
    struct series_counts at;
    char pos[24];
    json_t *line;

    series_look(v->series, &at);
    snprintf(pos, sizeof(pos), "%" PRIu64, at.pos);
    line = json_pack("{s:{s:s, s:f, s:I, s:I, s:I, s:I}}", "at", "pos", pos, "lag_s",
        at.newest_arrived_ms > 0
            ? (double)(nh_clock_wall_ms() - at.newest_arrived_ms) / 1000.0
            : 0.0,
        "files", (json_int_t)at.files, "rows", (json_int_t)at.rows, "refused",
        (json_int_t)at.refused, "errors", (json_int_t)at.errors);
    nh_channel_send(v->channel, line);
    json_decref(line);
}

static int64_t
checkpoint_ms(const struct server *v)
{
    struct series_counts at;

    if (v->checkpoint_s > 0)
        return v->checkpoint_s * 1000;
    series_look(v->series, &at);
    return at.files > FILES_MANY ? 300000 : 60000;
}

static void
on_read(void *arg)
{
    struct server *v = arg;
    enum nh_err err = series_advance(v->series, v->durable, SLICE_RECORDS);

    if (err == NH_OK) {
        nh_timer_after(v->read, 0); /* there is more */
    } else if (err != NH_EEMPTY) {
        nh_log_limited(
            NH_LOG_ERROR, "series: journal: %s; tried again", nh_strerror(err));
        nh_timer_after(v->read, RETRY_MS);
    }
}

static void
on_checkpoint(void *arg)
{
    struct server *v = arg;

    if (series_checkpoint(v->series) != NH_OK)
        nh_log_limited(NH_LOG_ERROR, "series: %s", "checkpoint failed; tried again");
    tell_place(v);
    nh_timer_after(v->checkpoint, checkpoint_ms(v));
}

static json_t *
do_rebuild(struct series *s, const json_t *request, const char **code, char why[160])
{
    const char *check = json_string_value(json_object_get(request, "check"));
    uint64_t rows = 0;
    enum nh_err err = check != NULL ? series_rebuild(s, check, &rows) : NH_EINVAL;

    if (err == NH_OK)
        return json_pack("{s:I}", "rows", (json_int_t)rows);
    *code = err == NH_ENOTFOUND ? "not_found"
            : err == NH_EINVAL  ? "bad_request"
                                : "failed";
    snprintf(
        why, 160, "rebuild of '%.80s': %s", check != NULL ? check : "", nh_strerror(err));
    return NULL;
}

static json_t *
do_flush(struct series *s, const json_t *request, const char **code, char why[160])
{
    enum nh_err err = series_checkpoint(s);

    (void)request;
    if (err == NH_OK)
        return json_object();
    *code = "failed";
    snprintf(why, 160, "checkpoint: %s", nh_strerror(err));
    return NULL;
}

static const struct {
    const char *verb;
    json_t *(*run)(
        struct series *s, const json_t *request, const char **code, char why[160]);
} verbs[] = {
    { "fetch", query_fetch },
    { "flush", do_flush },
    { "graph", query_graph },
    { "rebuild", do_rebuild },
};

static void
answer(struct server *v, const json_t *request, const char *verb)
{
    json_t *id = json_object_get(request, "id"), *result = NULL, *line;
    const char *code = "bad_request";
    char why[160] = "no such request";

    for (size_t i = 0; i < NH_COUNT(verbs); i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            result = verbs[i].run(v->series, request, &code, why);
    if (result != NULL)
        line = json_pack("{s:O?, s:b, s:o}", "id", id, "ok", 1, "result", result);
    else
        line = json_pack(
            "{s:O?, s:b, s:s, s:s}", "id", id, "ok", 0, "code", code, "error", why);
    nh_channel_send(v->channel, line);
    json_decref(line);
}

static void
on_line(void *arg, json_t *object)
{
    struct server *v = arg;
    const char *durable = json_string_value(json_object_get(object, "durable"));
    const char *verb = json_string_value(json_object_get(object, "do"));

    if (durable != NULL) {
        v->durable = strtoull(durable, NULL, 10);
        nh_timer_after(v->read, 0);
    }
    if (verb != NULL)
        answer(v, object, verb);
}

static void
on_closed(void *arg, const char *why)
{
    struct server *v = arg;

    if (*why != '\0')
        nh_log(NH_LOG_WARN, "series: the collector's socket: %s", why);
    nh_loop_stop(v->loop);
}

enum nh_err
serve(struct series *s, struct nh_loop *loop, int fd)
{
    struct server v = {
        .series = s, .loop = loop, .checkpoint_s = series_opt(s)->checkpoint_s
    };
    struct nh_channel_events events = { on_line, on_closed, &v };
    struct event_base *base = nh_loop_base(loop);
    enum nh_err err;

    err =
        nh_channel_new(&v.channel, base, fd, LINE_MAX_BYTES, WAITING_MAX_BYTES, &events);
    if (err == NH_OK)
        err = nh_timer_new(&v.read, base, on_read, &v);
    if (err == NH_OK)
        err = nh_timer_new(&v.checkpoint, base, on_checkpoint, &v);
    if (err == NH_OK) {
        nh_timer_after(v.checkpoint, checkpoint_ms(&v));
        tell_place(&v);
        err = nh_loop_run(loop);
    }
    nh_timer_free(v.checkpoint);
    nh_timer_free(v.read);
    nh_channel_free(v.channel);
    return err;
}
