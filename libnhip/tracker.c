/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tracker.c - what a reader of the collector's journal has to remember
 *
 * Per source: who it is, its dictionary, its boots. All of it comes from preamble
 * records, which stand again at the head of each segment, so that a reader may begin
 * anywhere.
 */
#include "libnhip/record.h"
#include <stdlib.h>
#include <string.h>

enum { SOURCES_MAX = 1 << 20 };

struct tracked {
    struct nh_source source;
    bool named;
    struct nh_dict *dict;  /* owned, NULL: no entry yet */
    struct nh_boot *boots; /* owned, by rising epoch */
    uint32_t boot_count, boot_cap;
};

struct nh_tracker {
    struct nh_tracker_events events;
    struct tracked *sources; /* owned; by source number */
    uint32_t count;
    struct nh_reading *readings; /* owned scratch for one batch */
};

enum nh_err
nh_tracker_new(struct nh_tracker **out, const struct nh_tracker_events *events)
{
    struct nh_tracker *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (t == NULL)
        return NH_ENOMEM;
    t->events = *events;
    t->readings = malloc(NH_BATCH_READINGS_MAX * sizeof(*t->readings));
    if (t->readings == NULL) {
        free(t);
        return NH_ENOMEM;
    }
    *out = t;
    return NH_OK;
}

void
nh_tracker_free(struct nh_tracker *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->count; i++) {
        nh_dict_free(t->sources[i].dict);
        free(t->sources[i].boots);
    }
    free(t->sources);
    free(t->readings);
    free(t);
}

/* The place of source `number`, made when it is new. */
static enum nh_err
place_of(struct nh_tracker *t, uint32_t number, struct tracked **out)
{
    if (number >= SOURCES_MAX)
        return NH_ETOOBIG;
    if (number >= t->count) {
        uint32_t count = number < 64 ? 64 : number * 2;
        struct tracked *more = realloc(t->sources, count * sizeof(*more));

        if (more == NULL)
            return NH_ENOMEM;
        memset(more + t->count, 0, (count - t->count) * sizeof(*more));
        t->sources = more;
        t->count = count;
    }
    *out = &t->sources[number];
    return NH_OK;
}

/* Source `number`, once a record has spoken of it. */
static const struct tracked *
known(const struct nh_tracker *t, uint32_t number)
{
    const struct tracked *at = number < t->count ? &t->sources[number] : NULL;

    if (at == NULL || (!at->named && at->dict == NULL && at->boot_count == 0))
        return NULL;
    return at;
}

static enum nh_err
feed_source(struct nh_tracker *t, struct nh_slice in)
{
    struct nh_source s = { .source = 0 };
    struct tracked *at;
    enum nh_err err = nh_source_decode(&in, &s);

    if (err == NH_OK)
        err = place_of(t, s.source, &at);
    if (err != NH_OK)
        return err;
    if (at->named && memcmp(at->source.stream_id, s.stream_id, NH_STREAM_ID_LEN) != 0) {
        /* a new stream gives its numbers and epochs anew */
        nh_dict_free(at->dict);
        at->dict = NULL;
        at->boot_count = 0;
    }
    at->source = s;
    at->named = true;
    return NH_OK;
}

static enum nh_err
feed_dict(struct nh_tracker *t, struct nh_slice in)
{
    uint64_t number = nh_take_varint(&in);
    struct tracked *at;
    enum nh_err err;

    if (in.bad || number > UINT32_MAX)
        return NH_EFORMAT;
    err = place_of(t, (uint32_t)number, &at);
    if (err == NH_OK && at->dict == NULL)
        err = nh_dict_new(&at->dict);
    return err == NH_OK ? nh_dict_decode(at->dict, &in) : err;
}

static enum nh_err
feed_boot(struct nh_tracker *t, struct nh_slice in)
{
    struct nh_boot b;
    struct tracked *at;
    uint32_t i;
    enum nh_err err = nh_boot_decode(&in, &b);

    if (err == NH_OK)
        err = place_of(t, b.source, &at);
    if (err != NH_OK)
        return err;
    for (i = at->boot_count; i > 0 && at->boots[i - 1].epoch >= b.epoch; i--)
        if (at->boots[i - 1].epoch == b.epoch) {
            at->boots[i - 1] = b;
            return NH_OK;
        }
    if (at->boot_count == at->boot_cap) {
        uint32_t cap = at->boot_cap == 0 ? 2 : 2 * at->boot_cap;
        struct nh_boot *more = realloc(at->boots, cap * sizeof(*more));

        if (more == NULL)
            return NH_ENOMEM;
        at->boots = more;
        at->boot_cap = cap;
    }
    memmove(at->boots + i + 1, at->boots + i, (at->boot_count - i) * sizeof(*at->boots));
    at->boots[i] = b;
    at->boot_count++;
    return NH_OK;
}

static enum nh_err
feed_readings(struct nh_tracker *t, uint64_t pos, struct nh_slice in)
{
    const struct tracked *at;
    struct nh_origin origin;
    size_t count;
    enum nh_err err = nh_origin_decode(&in, &origin);

    if (err != NH_OK)
        return err;
    at = known(t, origin.source);
    if (at == NULL || at->dict == NULL)
        return NH_ENOTFOUND;
    err = nh_batch_decode(at->dict, in, t->readings, NH_BATCH_READINGS_MAX, &count);
    if (err == NH_OK && t->events.on_readings != NULL)
        t->events.on_readings(
            t->events.arg, pos, &origin, &at->source, at->dict, t->readings, count);
    return err;
}

static enum nh_err
feed_event(struct nh_tracker *t, uint64_t pos, struct nh_slice in)
{
    const struct tracked *at;
    struct nh_origin origin;
    struct nh_event event;
    enum nh_err err = nh_origin_decode(&in, &origin);

    if (err == NH_OK)
        err = nh_event_decode(&in, &event);
    if (err != NH_OK)
        return err;
    at = known(t, origin.source);
    if (at == NULL)
        return NH_ENOTFOUND;
    if (t->events.on_event != NULL)
        t->events.on_event(t->events.arg, pos, &origin, &at->source, &event);
    return NH_OK;
}

/* A loss that an agent told of; the journal's own come from its readers as NH_EGAP. */
static enum nh_err
feed_gap(struct nh_tracker *t, uint64_t pos, struct nh_slice in)
{
    const struct nh_source *source;
    struct nh_origin origin;
    struct nh_gap gap;
    enum nh_err err = nh_origin_decode(&in, &origin);

    if (err == NH_OK)
        err = nh_gap_decode(in, &gap);
    if (err != NH_OK)
        return err;
    source = nh_tracker_source(t, origin.source);
    if (source == NULL)
        return NH_ENOTFOUND;
    if (t->events.on_gap != NULL)
        t->events.on_gap(t->events.arg, pos, &origin, source, &gap);
    return NH_OK;
}

enum nh_err
nh_tracker_feed(struct nh_tracker *t, const struct nh_record *rec)
{
    switch (rec->type) {
    case NH_REC_SOURCE:
        return feed_source(t, rec->payload);
    case NH_REC_DICT:
        return feed_dict(t, rec->payload);
    case NH_REC_BOOT:
        return feed_boot(t, rec->payload);
    case NH_REC_READINGS:
        return feed_readings(t, rec->pos, rec->payload);
    case NH_REC_EVENT:
        return feed_event(t, rec->pos, rec->payload);
    case NH_REC_GAP:
        return feed_gap(t, rec->pos, rec->payload);
    default:
        return NH_OK; /* of a later version */
    }
}

const struct nh_source *
nh_tracker_source(const struct nh_tracker *t, uint32_t source)
{
    const struct tracked *at = known(t, source);

    return at != NULL && at->named ? &at->source : NULL;
}

const struct nh_source *
nh_tracker_find(const struct nh_tracker *t, const char *site)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->sources[i].named && strcmp(t->sources[i].source.site, site) == 0)
            return &t->sources[i].source;
    return NULL;
}

const struct nh_dict *
nh_tracker_dict(const struct nh_tracker *t, uint32_t source)
{
    const struct tracked *at = known(t, source);

    return at != NULL ? at->dict : NULL;
}

const struct nh_boot *
nh_tracker_boot(const struct nh_tracker *t, uint32_t source, uint32_t epoch)
{
    const struct tracked *at = known(t, source);

    for (uint32_t i = at != NULL ? at->boot_count : 0; i > 0; i--)
        if (at->boots[i - 1].epoch == epoch)
            return &at->boots[i - 1];
    return NULL;
}

uint32_t
nh_tracker_source_count(const struct nh_tracker *t)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < t->count; i++)
        n += t->sources[i].named;
    return n;
}
