/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_report.c - a month's report out of the journal and the database
 *
 * The rounds come from the journal, portion by portion on a worker, so that an export can
 * have its turn between; then the incidents, by the worker's own connection. Records are
 * skipped by their time before they are decoded. A report is its worker's while it runs;
 * when the client goes meanwhile, done frees it.
 */
#include "collector/control_model.h"
#include "collector/report.h"
#include "libnhip/clock.h"
#include "libnhip/job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORTION_RECORDS = 20000,
    DOCUMENT_MAX = 16 << 20,
    REPORTS_MAX = 2, /* under way at once */
    DAY_MS = 86400000,
    NOT_LOOKED_UP = -2,
};
/* Ends of an incident that a person closed are not those of its links. */
#define BACK_MS (INT64_C(60) * DAY_MS)

struct ends { /* of one source: which end of which link a check number tells of */
    size_t count;
    int *of; /* owned */
};

struct report_job {
    struct report_job *next;
    struct client *client; /* NULL: it has gone */
    struct control *ctl;   /* NULL: it has closed */
    char id[CONTROL_ID_MAX], data[4096];
    uint64_t upto;
    /* the worker's while it runs */
    struct report *report;
    struct nh_view *view;
    struct nh_tracker *tracker;
    size_t source_count;
    struct ends *sources; /* owned */
    struct nh_buf out;
    bool ended;
    enum nh_err err;
};

static void
job_free(struct report_job *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; i < x->source_count; i++)
        free(x->sources[i].of);
    free(x->sources);
    report_free(x->report);
    nh_view_close(x->view);
    nh_tracker_free(x->tracker);
    nh_buf_fini(&x->out);
    free(x);
}

/* ---- on the worker ---- */

static struct ends *
ends_of(struct report_job *x, uint32_t source, size_t checks)
{
    struct ends *e;
    int *more;

    if (source >= x->source_count) {
        size_t count = source + (size_t)64;
        struct ends *sources = realloc(x->sources, count * sizeof(*sources));

        if (sources == NULL)
            return NULL;
        memset(
            sources + x->source_count, 0, (count - x->source_count) * sizeof(*sources));
        x->sources = sources;
        x->source_count = count;
    }
    e = &x->sources[source];
    if (e->count >= checks)
        return e;
    more = realloc(e->of, checks * sizeof(*more));
    if (more == NULL)
        return NULL;
    for (size_t i = e->count; i < checks; i++)
        more[i] = NOT_LOOKED_UP;
    e->of = more;
    e->count = checks;
    return e;
}

/* Who may tell of it: the far end is the collector's, the path the site's own agent's. */
static int
look_up(const struct report_job *x, const char *site, const struct nh_check *check)
{
    size_t len = strlen(site);
    bool own = strncmp(check->id, site, len) == 0 && check->id[len] == '/';
    bool collector = len == 0 || strcmp(site, "centre") == 0;

    if (strcmp(check->kind->name, "far") == 0 ? !collector : !own)
        return REPORT_NO_END;
    return report_end_find(x->report, check->id);
}

static void
on_report_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct report_job *x = arg;
    struct ends *e = ends_of(x, source->source, nh_dict_count(dict) + (size_t)1);

    (void)pos;
    if (e == NULL) {
        x->err = NH_ENOMEM;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct nh_reading *r = &readings[i];
        const unsigned both = 1U << NH_ICMP_SENT | 1U << NH_ICMP_LOST;
        int *end = &e->of[r->check];

        if (*end == NOT_LOOKED_UP)
            *end = look_up(x, source->site, nh_dict_get(dict, r->check));
        if (*end != REPORT_NO_END && (r->present & both) == both &&
            r->value[NH_ICMP_SENT] > 0)
            report_round(x->report, *end, r->mono_ms + origin->offset_ms,
                r->value[NH_ICMP_LOST] < r->value[NH_ICMP_SENT]);
    }
}

static void
on_report_event(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_event *event)
{
    (void)arg, (void)pos, (void)origin, (void)source, (void)event;
}

/* Readings that all lie outside the month; the rounds of a record lie close together. */
static bool
is_elsewhere(const struct report_job *x, const struct nh_record *rec)
{
    struct nh_slice in = rec->payload;
    struct nh_origin o;
    int64_t base;

    if (rec->type != NH_REC_READINGS)
        return false;
    if (nh_origin_decode(&in, &o) != NH_OK || nh_batch_base(in, &base) != NH_OK)
        return true; /* damaged: the tracker would skip it, too */
    base += o.offset_ms;
    return base < report_from(x->report) - DAY_MS || base > report_to(x->report) + DAY_MS;
}

static void
on_read_incident(void *arg, const struct incident *in)
{
    report_incident(arg, in);
}

static void
end_report(struct report_job *x)
{
    enum nh_err err = incidents_read(
        x->data, report_from(x->report) - BACK_MS, on_read_incident, x->report);

    if (err == NH_OK || err == NH_ENOTFOUND)
        err = report_json(x->report, nh_clock_wall_ms(), &x->out);
    x->ended = true;
    x->err = err;
}

static void
run_report(void *arg)
{
    struct report_job *x = arg;
    struct nh_record rec;
    struct nh_gap gap;

    for (int i = 0; i < PORTION_RECORDS && x->err == NH_OK; i++) {
        enum nh_err err = nh_view_next(x->view, x->upto, &rec, &gap);

        if (err == NH_EEMPTY) {
            end_report(x);
            return;
        }
        if (err == NH_OK && !is_elsewhere(x, &rec))
            err = nh_tracker_feed(x->tracker, &rec);
        if (err == NH_ENOMEM || err == NH_EIO)
            x->err = err;
    }
    x->ended = x->err != NH_OK;
}

/* ---- on the loop ---- */

static void
unlink_job(struct control *ctl, const struct report_job *x)
{
    for (struct report_job **at = &ctl->reports; *at != NULL; at = &(*at)->next)
        if (*at == x) {
            *at = x->next;
            return;
        }
}

static void
answer(struct client *cl, const struct report_job *x)
{
    if (x->err != NH_OK) {
        client_fail(cl, x->id, "failed", nh_strerror(x->err));
        return;
    }
    nh_buf_put(client_begin(cl, x->id), x->out.data, x->out.len);
    client_end(cl);
}

static void
done_report(void *arg, bool cancelled)
{
    struct report_job *x = arg;
    bool wanted = !cancelled && x->client != NULL;

    if (wanted && !x->ended) {
        if (nh_jobs_add(x->ctl->c->jobs, run_report, done_report, x) == NH_OK)
            return;
        x->err = NH_ENOMEM;
    }
    if (wanted)
        answer(x->client, x);
    if (x->ctl != NULL)
        unlink_job(x->ctl, x);
    job_free(x);
}

void
client_reports_fini(struct client *cl)
{
    for (struct report_job *x = cl->ctl->reports; x != NULL; x = x->next)
        if (x->client == cl)
            x->client = NULL; /* its worker's: done frees it */
}

void
control_reports_fini(struct control *ctl)
{
    for (struct report_job *x = ctl->reports; x != NULL; x = x->next) {
        x->client = NULL;
        x->ctl = NULL;
    }
}

static size_t
under_way(const struct control *ctl)
{
    size_t n = 0;

    for (const struct report_job *x = ctl->reports; x != NULL; x = x->next)
        n++;
    return n;
}

static enum nh_err
job_open(struct report_job *x, const struct collector *c, const char *month)
{
    const struct nh_tracker_events events = { on_report_readings, on_report_event, NULL,
        x };
    enum nh_err err = report_new(&x->report, c->inv, month, nh_clock_wall_ms());

    snprintf(x->data, sizeof(x->data), "%s", c->inv->collector.data);
    x->upto = store_durable_pos(c->store);
    nh_buf_init(&x->out, DOCUMENT_MAX);
    if (err == NH_OK)
        err = nh_tracker_new(&x->tracker, &events);
    if (err == NH_OK)
        err = nh_view_open(&x->view, store_dir(c->store));
    if (err == NH_OK) /* what was measured then cannot have come before */
        err = nh_view_seek_time(x->view, report_from(x->report) - DAY_MS);
    return err;
}

void
client_report(struct client *cl, const struct control_request *r)
{
    struct control *ctl = cl->ctl;
    struct report_job *x;
    enum nh_err err;

    if (under_way(ctl) >= REPORTS_MAX) {
        client_fail(cl, r->id, "busy", "two reports are under way: ask again in a while");
        return;
    }
    x = calloc(1, sizeof(*x));
    err = x == NULL ? NH_ENOMEM : job_open(x, ctl->c, r->month);
    if (err == NH_OK)
        err = nh_jobs_add(ctl->c->jobs, run_report, done_report, x);
    if (err != NH_OK) {
        client_fail(cl, r->id, err == NH_EINVAL ? "bad_request" : "failed",
            err == NH_EINVAL ? "'month' is such as 2026-11" : nh_strerror(err));
        job_free(x);
        return;
    }
    x->ctl = ctl;
    x->client = cl;
    snprintf(x->id, sizeof(x->id), "%s", r->id);
    x->next = ctl->reports;
    ctl->reports = x;
}
