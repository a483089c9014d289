/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_export.c - one check's readings out of the journal, as replay lines
 *
 * A worker reads a portion of the journal with a view of its own while the loop goes on;
 * the loop sends what it found and asks for the next portion once the client has read. An
 * export is its worker's between run and done, else the client's; when the client goes
 * while it runs, done frees it.
 */
#include "collector/control_model.h"
#include "libnhip/job.h"
#include "libnhip/log.h"
#include "libnhip/replay_line.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTION_RECORDS = 4000, PORTION_BYTES = 512 << 10, LINES_MAX = 4 << 20 };

struct export
{
    struct export *next;
    struct client *client; /* NULL: it has gone */
    char id[CONTROL_ID_MAX], check[NH_CHECK_ID_MAX], site[NH_SITE_ID_MAX];
    int64_t from_ms, to_ms;
    uint64_t upto;
    bool running;
    /* the worker's while running */
    struct nh_view *view;
    struct nh_tracker *tracker;
    struct nh_buf lines;
    char boot[2 * NH_STREAM_ID_LEN + 1]; /* of the site's session at that time */
    uint64_t count;
    bool ended;
    enum nh_err err;
};

static void
export_free(struct export *x)
{
    if (x == NULL)
        return;
    nh_view_close(x->view);
    nh_tracker_free(x->tracker);
    nh_buf_fini(&x->lines);
    free(x);
}

/* ---- on the worker ---- */

static const char *
boot_of(const struct export *x, const struct nh_origin *o, char hex[33])
{
    const struct nh_boot *boot = nh_tracker_boot(x->tracker, o->source, o->epoch);

    if (boot == NULL || x->boot[0] == '\0')
        return NULL;
    for (size_t i = 0; i < NH_STREAM_ID_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", boot->boot_id[i]);
    return strcmp(hex, x->boot) == 0 ? NULL : hex;
}

static void
on_export_readings(void *arg, uint64_t pos, const struct nh_origin *o,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct export *x = arg;
    const struct nh_check *check = nh_dict_find(dict, x->check);
    char hex[33];

    (void)pos, (void)source;
    for (size_t i = 0; check != NULL && i < count; i++) {
        int64_t at_ms = readings[i].mono_ms + o->offset_ms;

        if (readings[i].check != check->number || at_ms < x->from_ms || at_ms > x->to_ms)
            continue;
        nh_buf_printf(
            &x->lines, "%s{\"id\":%s,\"line\":", x->lines.len > 0 ? "\n" : "", x->id);
        nh_replay_reading(&x->lines, check, o, &readings[i], boot_of(x, o, hex));
        nh_buf_printf(&x->lines, "}");
        x->count++;
    }
}

static void
on_export_event(void *arg, uint64_t pos, const struct nh_origin *o,
    const struct nh_source *source, const struct nh_event *event)
{
    struct export *x = arg;

    (void)pos, (void)o, (void)source;
    if (strcmp(event->name, "session_up") == 0 && strcmp(event->object, x->site) == 0)
        snprintf(x->boot, sizeof(x->boot), "%s", event->boot);
}

static void
run_export(void *arg)
{
    struct export *x = arg;
    struct nh_record rec;
    struct nh_gap gap;

    nh_buf_clear(&x->lines);
    for (int i = 0; i < PORTION_RECORDS && x->lines.len < PORTION_BYTES; i++) {
        enum nh_err err = nh_view_next(x->view, x->upto, &rec, &gap);

        if (err == NH_EGAP)
            continue;
        if (err != NH_OK) {
            x->ended = true;
            x->err = err == NH_EEMPTY ? NH_OK : err;
            return;
        }
        if (nh_tracker_feed(x->tracker, &rec) == NH_ENOMEM) {
            x->ended = true;
            x->err = NH_ENOMEM;
            return;
        }
    }
    if (nh_buf_err(&x->lines) != NH_OK) {
        x->ended = true;
        x->err = nh_buf_err(&x->lines);
    }
}

/* ---- on the loop ---- */

static void
unlink_export(struct client *cl, const struct export *x)
{
    for (struct export **at = &cl->exports; *at != NULL; at = &(*at)->next)
        if (*at == x) {
            *at = x->next;
            return;
        }
}

static void
finish(struct client *cl, struct export *x)
{
    struct nh_buf *out = &cl->ctl->out;

    if (x->err != NH_OK) {
        client_fail(cl, x->id, "failed", nh_strerror(x->err));
    } else {
        nh_buf_clear(out);
        nh_buf_printf(out, "{\"id\":%s,\"ok\":true,\"result\":{\"lines\":%" PRIu64 "}}",
            x->id, x->count);
        client_send(cl, out);
    }
    unlink_export(cl, x);
    export_free(x);
}

static void
done_export(void *arg, bool cancelled)
{
    struct export *x = arg;
    struct client *cl = x->client;

    x->running = false;
    if (cl == NULL || cancelled) {
        if (cl != NULL)
            unlink_export(cl, x);
        export_free(x);
        return;
    }
    if (x->lines.len > 0 && nh_buf_err(&x->lines) == NH_OK)
        client_send(cl, &x->lines);
    if (x->ended)
        finish(cl, x);
    else
        nh_timer_after(cl->ctl->pump, 0);
}

bool
client_exports_pump(struct client *cl)
{
    struct export *x, *next;
    bool more = false;

    for (x = cl->exports; x != NULL; x = next) {
        next = x->next;
        if (x->running)
            continue;
        more = true;
        if (nh_channel_waiting(cl->channel) >= CLIENT_BUSY_BYTES)
            continue;
        x->running = true;
        if (nh_jobs_add(cl->ctl->c->jobs, run_export, done_export, x) != NH_OK) {
            x->running = false;
            x->err = NH_ENOMEM;
            finish(cl, x);
        }
    }
    return more;
}

void
client_exports_fini(struct client *cl)
{
    struct export *x;

    while ((x = cl->exports) != NULL) {
        cl->exports = x->next;
        x->client = NULL;
        if (!x->running)
            export_free(x);
    }
}

/* service/NAME/SITE and SITE/...: whose sessions tell the boot. */
static void
site_of(const char *check, char out[NH_SITE_ID_MAX])
{
    const char *slash = strchr(check, '/');
    int n = slash == NULL ? 0 : (int)(slash - check);

    if (strncmp(check, "service/", 8) == 0)
        snprintf(out, NH_SITE_ID_MAX, "%s", strrchr(check, '/') + 1);
    else
        snprintf(out, NH_SITE_ID_MAX, "%.*s", n, check);
}

void
client_export(struct client *cl, const struct control_request *r)
{
    struct export *x = calloc(1, sizeof(*x));
    struct nh_tracker_events events = { on_export_readings, on_export_event, NULL, x };
    enum nh_err err = NH_ENOMEM;

    if (x == NULL)
        goto out;
    nh_buf_init(&x->lines, LINES_MAX);
    snprintf(x->id, sizeof(x->id), "%s", r->id);
    snprintf(x->check, sizeof(x->check), "%s", r->check);
    site_of(x->check, x->site);
    x->from_ms = r->from * 1000;
    x->to_ms = r->to * 1000;
    x->upto = store_durable_pos(cl->ctl->c->store);
    err = nh_tracker_new(&x->tracker, &events);
    if (err == NH_OK)
        err = nh_view_open(&x->view, store_dir(cl->ctl->c->store));
    if (err == NH_OK)
        err = nh_view_seek(x->view, 0);
    if (err != NH_OK)
        goto out;
    x->client = cl;
    x->next = cl->exports;
    cl->exports = x;
    nh_timer_after(cl->ctl->pump, 0);
    return;
out:
    export_free(x);
    client_fail(cl, r->id, "failed", nh_strerror(err));
}
