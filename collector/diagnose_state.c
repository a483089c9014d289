/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_state.c - the whole machine as bytes, and back
 *
 * One walk goes over all that is kept and either writes or reads each field, so that the
 * two can never differ. Checks, links, sites and services go by their ids: what a newer
 * inventory lacks is read into a spare place and dropped.
 */
#include "collector/diagnose_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 2, COUNT_MAX = 10000000 }; /* 1: without the usual delay */

/* The year 3084: what is worked out of such times stays within INCIDENT_TIME_MAX. */
#define TIME_MAX_MS (INT64_C(1) << 45)

struct io {
    struct nh_buf *out; /* NULL: reading */
    struct nh_slice in;
    int64_t version;
    bool no_memory;
};

static bool
is_bad(const struct io *io)
{
    return io->out == NULL && (io->in.bad || io->no_memory);
}

static void
i64(struct io *io, int64_t *v)
{
    if (io->out != NULL) {
        nh_buf_put_zigzag(io->out, *v);
        return;
    }
    *v = nh_take_zigzag(&io->in);
    if (*v > TIME_MAX_MS || *v < -TIME_MAX_MS) {
        io->in.bad = true;
        *v = 0;
    }
}

static void
bounded(struct io *io, int64_t *v, int64_t lo, int64_t hi)
{
    i64(io, v);
    if (io->out == NULL && (*v < lo || *v > hi)) {
        io->in.bad = true;
        *v = lo;
    }
}

static void
i32(struct io *io, int32_t *v)
{
    int64_t x = *v;

    bounded(io, &x, INT32_MIN, INT32_MAX);
    *v = (int32_t)x;
}

static void
not_negative(struct io *io, int32_t *v)
{
    int64_t x = *v;

    bounded(io, &x, 0, INT32_MAX);
    *v = (int32_t)x;
}

/* -1: not known. */
static void
figure(struct io *io, int32_t *v)
{
    int64_t x = *v;

    bounded(io, &x, -1, INT32_MAX);
    *v = (int32_t)x;
}

static void
u32(struct io *io, uint32_t *v)
{
    int64_t x = *v;

    bounded(io, &x, 0, UINT32_MAX);
    *v = (uint32_t)x;
}

static void
u16(struct io *io, uint16_t *v, uint16_t max)
{
    int64_t x = *v;

    bounded(io, &x, 0, max);
    *v = (uint16_t)x;
}

static void
size(struct io *io, size_t *v, size_t max)
{
    int64_t x = (int64_t)*v;

    bounded(io, &x, 0, (int64_t)max);
    *v = (size_t)x;
}

static void
flag(struct io *io, bool *v)
{
    if (io->out != NULL)
        nh_buf_put_u8(io->out, *v);
    else
        *v = nh_take_u8(&io->in) != 0;
}

static void
text(struct io *io, char *s, size_t room)
{
    if (io->out != NULL)
        nh_buf_put_str(io->out, s);
    else
        nh_take_str(&io->in, s, room);
}

static void
real(struct io *io, double *v)
{
    uint64_t bits;

    memcpy(&bits, v, sizeof(bits));
    if (io->out != NULL)
        nh_buf_put_u64(io->out, bits);
    else
        bits = nh_take_u64(&io->in);
    memcpy(v, &bits, sizeof(bits));
}

/* ---- parts ---- */

static void
episode(struct io *io, struct episode *e)
{
    int64_t kind = e->kind;

    bounded(io, &kind, EP_DOWN, EP_CENTRE);
    e->kind = (enum episode_kind)kind;
    i64(io, &e->lo_ms);
    i64(io, &e->from_ms);
    i64(io, &e->to_ms);
    i64(io, &e->slow_ms);
    flag(io, &e->pending);
    flag(io, &e->held);
    flag(io, &e->loss);
    if (io->version > 1) {
        flag(io, &e->note);
        i32(io, &e->usual_us);
    }
    real(io, &e->value);
    u32(io, &e->incident);
    io->in.bad |= io->out == NULL && e->to_ms != 0 && e->to_ms < e->from_ms;
}

/* One that can be of one kind only, whatever the bytes say. */
static void
episode_of(struct io *io, struct episode *e, enum episode_kind kind)
{
    episode(io, e);
    if (io->out == NULL)
        e->kind = kind;
}

static void
normal(struct io *io, struct normal *n)
{
    uint16_t turned = n->turned;
    bool begun = n->samples > 0;

    flag(io, &begun);
    if (!begun)
        return;
    i64(io, &n->sampled_ms);
    i64(io, &n->turned_ms);
    i64(io, &n->since_ms);
    not_negative(io, &n->usual);
    not_negative(io, &n->now_us);
    u16(io, &n->samples, NORMAL_SAMPLES);
    u16(io, &turned, NORMAL_IN_A_ROW);
    n->turned = (uint8_t)turned;
    flag(io, &n->unusual);
}

static void
track(struct io *io, struct track *t)
{
    flag(io, &t->has_optics);
    flag(io, &t->dark);
    flag(io, &t->slow);
    flag(io, &t->expired);
    i32(io, &t->status);
    i64(io, &t->seen_ms);
    i64(io, &t->errors_ms);
    i64(io, &t->full_ms);
    i32(io, &t->full_count);
    i32(io, &t->normal_us);
    u16(io, &t->normal_count, 256);
    if (io->version > 1)
        normal(io, &t->normal);
    u16(io, &t->run_count, RUNS_MAX);
    if (io->out == NULL && t->run_count > t->run_cap) {
        struct run *more = realloc(t->runs, RUNS_MAX * sizeof(*more));

        if (more == NULL) {
            io->no_memory = true;
            t->run_count = 0;
            return;
        }
        memset(more, 0, RUNS_MAX * sizeof(*more)); /* all of it is read anew */
        t->runs = more;
        t->run_cap = RUNS_MAX;
    }
    for (size_t i = 0; t->runs != NULL && i < t->run_count; i++) {
        i64(io, &t->runs[i].from_ms);
        i64(io, &t->runs[i].to_ms);
        u32(io, &t->runs[i].count);
        flag(io, &t->runs[i].ok);
    }
    u16(io, &t->round_count, ROUNDS_MAX);
    u16(io, &t->round_next, ROUNDS_MAX - 1);
    for (size_t i = 0; i < t->round_count; i++) {
        struct round spare = { 0 }, *r = t->rounds == NULL ? &spare : &t->rounds[i];

        i64(io, &r->at_ms);
        i32(io, &r->rtt_us);
        i32(io, &r->jitter_us);
        u16(io, &r->sent, UINT16_MAX);
        u16(io, &r->lost, UINT16_MAX);
    }
    if (t->rounds == NULL)
        t->round_count = 0;
}

static void
link(struct io *io, struct dlink *l, int index)
{
    size(io, &l->episode_count, EPISODES_MAX);
    for (size_t i = 0; i < l->episode_count; i++) {
        episode(io, &l->episodes[i]);
        io->in.bad |= io->out == NULL && l->episodes[i].kind > EP_DEGRADED;
        l->episodes[i].link = index;
        l->episodes[i].site = l->site;
        l->episodes[i].service = -1;
    }
}

static void
site(struct io *io, struct dsite *s, int index)
{
    flag(io, &s->connected);
    flag(io, &s->ever_connected);
    i64(io, &s->lost_ms);
    i64(io, &s->heard_ms);
    text(io, s->boot, sizeof(s->boot));
    if (io->version > 1) {
        figure(io, &s->runtime_s);
        figure(io, &s->charge_pct);
    }
    size(io, &s->fact_count, FACTS_MAX);
    for (size_t i = 0; i < s->fact_count; i++) {
        int64_t kind = s->facts[i].kind;

        i64(io, &s->facts[i].at_ms);
        bounded(io, &kind, 0, FACT_KINDS - 1);
        s->facts[i].kind = (enum fact_kind)kind;
    }
    episode_of(io, &s->power_ep, EP_POWER);
    episode_of(io, &s->silent_ep, EP_SILENT);
    s->power_ep.site = s->silent_ep.site = index;
    s->power_ep.link = s->silent_ep.link = -1;
    s->power_ep.service = s->silent_ep.service = -1;
}

static void
tracks(struct io *io, struct diagnose *d)
{
    size_t n = d->track_count;

    size(io, &n, COUNT_MAX);
    for (size_t i = 0; i < n && !is_bad(io); i++) {
        struct track spare = { 0 }, *t = io->out != NULL ? &d->tracks[i] : NULL;
        char id[NH_CHECK_ID_MAX] = "";

        if (t != NULL)
            memcpy(id, t->in.id, sizeof(id));
        text(io, id, sizeof(id));
        if (t == NULL)
            t = strmap_get(&d->checks, id);
        track(io, t == NULL ? &spare : t);
        free(spare.runs);
    }
}

static void
links(struct io *io, struct diagnose *d)
{
    size_t n = d->link_count;

    size(io, &n, COUNT_MAX);
    for (size_t i = 0; i < n && !is_bad(io); i++) {
        struct dlink *l = io->out != NULL ? &d->links[i] : NULL, spare = { 0 };
        char id[INCIDENT_LINK_MAX] = "";

        if (l != NULL)
            snprintf(id, sizeof(id), "%s", l->in->id);
        text(io, id, sizeof(id));
        if (l == NULL)
            l = strmap_get(&d->link_by_id, id);
        link(io, l == NULL ? &spare : l, l == NULL ? -1 : (int)(l - d->links));
    }
}

static void
sites(struct io *io, struct diagnose *d)
{
    size_t n = d->site_count;

    size(io, &n, COUNT_MAX);
    for (size_t i = 0; i < n && !is_bad(io); i++) {
        struct dsite *s = io->out != NULL ? &d->sites[i] : NULL, spare = { 0 };
        char id[NH_SITE_ID_MAX] = "";

        if (s != NULL)
            snprintf(id, sizeof(id), "%s", s->in->id);
        text(io, id, sizeof(id));
        if (s == NULL)
            s = strmap_get(&d->site_by_id, id);
        site(io, s == NULL ? &spare : s, s == NULL ? -1 : (int)(s - d->sites));
    }
}

static void
services(struct io *io, struct diagnose *d)
{
    size_t n = d->service_count;

    size(io, &n, COUNT_MAX);
    for (size_t i = 0; i < n && !is_bad(io); i++) {
        struct episode spare = { 0 }, *e = &spare;
        char id[NH_SITE_ID_MAX] = "";
        int index = -1;

        if (io->out != NULL)
            snprintf(id, sizeof(id), "%s", d->services[i].in->id);
        text(io, id, sizeof(id));
        for (size_t k = 0; k < d->service_count; k++)
            if (strcmp(d->services[k].in->id, id) == 0) {
                e = &d->services[k].ep;
                index = (int)k;
            }
        episode_of(io, e, EP_SERVICE);
        e->service = index;
        e->link = e->site = -1;
    }
}

static void
incidents(struct io *io, struct diagnose *d)
{
    size_t n = d->incident_count;

    size(io, &n, COUNT_MAX);
    if (io->out == NULL && !io->in.bad && n <= io->in.len) {
        d->incidents = calloc(n + 1, sizeof(d->incidents[0]));
        d->incident_cap = d->incidents == NULL ? 0 : n + 1;
        io->no_memory |= d->incidents == NULL;
    } else if (io->out == NULL) {
        io->in.bad = true;
    }
    for (size_t i = 0; d->incidents != NULL && i < n && !is_bad(io); i++) {
        struct dincident *x = &d->incidents[i];

        text(io, x->key, sizeof(x->key));
        flag(io, &x->overridden);
        flag(io, &x->dismissed);
        if (io->out != NULL)
            incident_encode(io->out, &x->in);
        else if (incident_decode(&io->in, &x->in) == NH_OK)
            d->incident_count++;
        else
            io->in.bad = true;
    }
}

static void
all(struct io *io, struct diagnose *d)
{
    io->version = VERSION;
    bounded(io, &io->version, 1, VERSION);
    i64(io, &d->now_ms);
    i64(io, &d->arrived_ms);
    i64(io, &d->judged_ms);
    i64(io, &d->wake_ms);
    flag(io, &d->dirty);
    u32(io, &d->numbers);
    size(io, &d->hole_count, HOLES_MAX);
    for (size_t i = 0; i < d->hole_count; i++) {
        i64(io, &d->holes[i].from_ms);
        i64(io, &d->holes[i].to_ms);
        flag(io, &d->holes[i].cold);
    }
    episode_of(io, &d->centre_ep, EP_CENTRE);
    d->centre_ep.site = (int)d->site_count;
    d->centre_ep.link = d->centre_ep.service = -1;
    tracks(io, d);
    links(io, d);
    sites(io, d);
    services(io, d);
    incidents(io, d);
}

/* The walk takes its object as not const because it also reads; writing changes none. */
void
diagnose_save(const struct diagnose *d, struct nh_buf *out)
{
    struct io io = { .out = out };
    struct diagnose *walked;

    memcpy(&walked, &d, sizeof(d));
    all(&io, walked);
}

/* As a machine that was never fed. */
static void
renew(struct diagnose *d)
{
    for (size_t i = 0; i < d->track_count; i++) {
        d->tracks[i].run_count = d->tracks[i].round_count = d->tracks[i].round_next = 0;
        d->tracks[i].seen_ms = d->tracks[i].full_ms = d->tracks[i].errors_ms = 0;
        d->tracks[i].normal = (struct normal){ 0 };
        d->tracks[i].normal_us = 0;
        d->tracks[i].normal_count = 0;
    }
    for (size_t i = 0; i < d->link_count; i++)
        d->links[i].episode_count = 0;
    for (size_t i = 0; i < d->site_count; i++) {
        d->sites[i].fact_count = 0;
        d->sites[i].runtime_s = d->sites[i].charge_pct = -1;
        d->sites[i].connected = d->sites[i].ever_connected = false;
        d->sites[i].power_ep = d->sites[i].silent_ep = (struct episode){ 0 };
    }
    for (size_t i = 0; i < d->service_count; i++)
        d->services[i].ep = (struct episode){ 0 };
    for (size_t i = 0; i < d->incident_count; i++)
        incident_fini(&d->incidents[i].in);
    free(d->incidents);
    d->incidents = NULL;
    d->incident_count = d->incident_cap = d->hole_count = 0;
    d->centre_ep = (struct episode){ 0 };
    d->now_ms = d->arrived_ms = d->judged_ms = d->wake_ms = 0;
    d->numbers = 0;
    d->dirty = false;
}

enum nh_err
diagnose_load(struct diagnose *d, struct nh_slice in)
{
    struct io io = { .in = in };

    renew(d);
    all(&io, d);
    if (!io.in.bad && !io.no_memory && io.in.len == 0)
        return NH_OK;
    renew(d);
    return io.no_memory ? NH_ENOMEM : NH_EFORMAT;
}
