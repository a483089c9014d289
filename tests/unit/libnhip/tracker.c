/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tracker.c - who sent it, by which names, in which boot: what a journal's reader is told
 */
#include "libnhip/record.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

/* What was called back. */
static struct seen {
    int readings, events, gaps;
    uint64_t pos;
    struct nh_origin origin;
    char site[NH_SITE_ID_MAX], check[NH_CHECK_ID_MAX], event[NH_EVENT_NAME_MAX];
    struct nh_reading first;
    size_t count;
    struct nh_gap gap;
    bool has_source;
} seen;

static void
on_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct seen *s = arg;

    s->readings++;
    s->pos = pos;
    s->origin = *origin;
    snprintf(s->site, sizeof(s->site), "%s", source->site);
    snprintf(s->check, sizeof(s->check), "%s", nh_dict_get(dict, readings[0].check)->id);
    s->first = readings[0];
    s->count = count;
}

static void
on_event(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_event *event)
{
    struct seen *s = arg;

    s->events++;
    s->pos = pos;
    s->origin = *origin;
    snprintf(s->site, sizeof(s->site), "%s", source->site);
    snprintf(s->event, sizeof(s->event), "%s", event->name);
}

static void
on_gap(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_gap *gap)
{
    struct seen *s = arg;

    s->gaps++;
    s->pos = pos;
    s->origin = *origin;
    s->has_source = source != NULL;
    s->gap = *gap;
}

static struct nh_buf buf;

static struct nh_tracker *
tracker(void)
{
    static const struct nh_tracker_events events = { on_readings, on_event, on_gap,
        &seen };
    struct nh_tracker *t = NULL;

    memset(&seen, 0, sizeof(seen));
    CHECK_EQ(nh_tracker_new(&t, &events), NH_OK, "new");
    return t;
}

/* Feed what `buf` holds, and empty it. */
static enum nh_err
feed(struct nh_tracker *t, enum nh_record_type type, uint64_t pos)
{
    struct nh_record rec = {
        .pos = pos, .type = (uint8_t)type, .payload = nh_slice_of(buf.data, buf.len)
    };
    enum nh_err err = nh_tracker_feed(t, &rec);

    nh_buf_clear(&buf);
    return err;
}

static enum nh_err
feed_source(struct nh_tracker *t, uint32_t number, const char *site, uint8_t stream)
{
    struct nh_source s = { .source = number,
        .stream_id = { stream },
        .received_pos = NH_POS(3, 9),
        .chain = 77 };

    snprintf(s.site, sizeof(s.site), "%s", site);
    nh_source_encode(&s, &buf);
    return feed(t, NH_REC_SOURCE, 0);
}

/* Check 1 of the source is "<site>/vnpt/<kind>". */
static enum nh_err
feed_dict(struct nh_tracker *t, uint32_t number, const char *site, const char *kind)
{
    struct nh_dict *d = NULL;
    char id[NH_CHECK_ID_MAX];
    uint32_t n;

    snprintf(id, sizeof(id), "%s/vnpt/%s", site, kind);
    CHECK_EQ(nh_dict_new(&d), NH_OK, "new");
    CHECK_EQ(nh_dict_add(d, id, nh_kind_find(kind), &n), NH_OK, id);
    nh_buf_put_varint(&buf, number);
    nh_dict_encode(d, 1, 1, &buf);
    nh_dict_free(d);
    return feed(t, NH_REC_DICT, 0);
}

static const struct nh_origin origin = { .source = 5,
    .agent_pos = NH_POS(3, 10),
    .agent_chain = 0xc0ffee,
    .epoch = 3,
    .offset_ms = 1793602800000,
    .error_ms = 12,
    .arrived_ms = 1793602860000 };

static void
put_batch(uint32_t source)
{
    struct nh_origin o = origin;
    struct nh_dict *d = NULL;
    struct nh_reading r = {
        .check = 1, .present = 3, .mono_ms = 60000, .value = { 10, 4 }
    };
    uint32_t n;

    o.source = source;
    nh_origin_encode(&o, &buf);
    CHECK_EQ(nh_dict_new(&d), NH_OK, "new");
    CHECK_EQ(nh_dict_add(d, "x", nh_kind_find("ping"), &n), NH_OK, "");
    CHECK_EQ(nh_batch_encode(d, &r, 1, &buf), NH_OK, "encode");
    nh_dict_free(d);
}

static void
readings_come_named_and_dated(void)
{
    struct nh_tracker *t = tracker();

    put_batch(5);
    CHECK_EQ(feed(t, NH_REC_READINGS, NH_POS(1, 1)), NH_ENOTFOUND, "of nobody");
    CHECK_EQ(feed_source(t, 5, "tra-linh", 1), NH_OK, "source");
    put_batch(5);
    CHECK_EQ(feed(t, NH_REC_READINGS, NH_POS(1, 2)), NH_ENOTFOUND, "without names");
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "ping"), NH_OK, "dict");
    CHECK_EQ(seen.readings, 0, "nothing yet");
    put_batch(5);
    CHECK_EQ(feed(t, NH_REC_READINGS, NH_POS(1, 3)), NH_OK, "readings");
    CHECK_EQ(seen.readings, 1, "called back");
    CHECK_EQ(seen.pos, NH_POS(1, 3), "the collector's position");
    CHECK_EQ(seen.origin.agent_pos, NH_POS(3, 10), "the agent's");
    CHECK_EQ(seen.origin.offset_ms, 1793602800000, "dated");
    CHECK_EQ(seen.origin.error_ms, 12, "give or take");
    CHECK_STR(seen.site, "tra-linh", "site");
    CHECK_STR(seen.check, "tra-linh/vnpt/ping", "check");
    CHECK_EQ(seen.count, 1, "count");
    CHECK_EQ(seen.first.value[NH_ICMP_LOST], 4, "lost");
    put_batch(6);
    CHECK_EQ(feed(t, NH_REC_READINGS, NH_POS(1, 4)), NH_ENOTFOUND, "another number");
    nh_tracker_free(t);
    nh_tracker_free(NULL);
}

static void
events_and_gaps(void)
{
    struct nh_tracker *t = tracker();
    struct nh_event e = {
        .name = "link_down", .object = "tra-linh/vnpt", .mono_ms = 5, .uptime_s = -1
    };
    struct nh_gap gap = {
        .from = NH_POS(3, 11), .to = NH_POS(3, 20), .count = 10, .reason = NH_GAP_OVERFLOW
    };

    nh_origin_encode(&origin, &buf);
    nh_event_encode(&e, &buf);
    CHECK_EQ(feed(t, NH_REC_EVENT, NH_POS(1, 1)), NH_ENOTFOUND, "of nobody");
    CHECK_EQ(feed_source(t, 5, "tra-linh", 1), NH_OK, "source");
    nh_origin_encode(&origin, &buf);
    nh_event_encode(&e, &buf);
    CHECK_EQ(feed(t, NH_REC_EVENT, NH_POS(1, 2)), NH_OK, "event");
    CHECK_STR(seen.event, "link_down", "event");
    CHECK_STR(seen.site, "tra-linh", "site");
    nh_origin_encode(&origin, &buf);
    nh_gap_encode(&gap, &buf);
    CHECK_EQ(feed(t, NH_REC_GAP, NH_POS(1, 3)), NH_OK, "an agent's gap");
    CHECK_EQ(seen.origin.source, 5, "whose");
    CHECK_EQ(seen.gap.count, 10, "records");
    CHECK(seen.has_source);
    CHECK_EQ(seen.gap.from, NH_POS(3, 11), "from");
    nh_gap_encode(&gap, &buf);
    CHECK_EQ(feed(t, NH_REC_GAP, NH_POS(1, 4)), NH_EFORMAT, "one without an origin");
    CHECK_EQ(feed(t, NH_REC_GAP, NH_POS(1, 5)), NH_EFORMAT, "an empty one");
    CHECK_EQ(seen.gaps, 1, "gaps");
    nh_tracker_free(t);
}

static void
preambles_again_and_a_new_stream(void)
{
    struct nh_tracker *t = tracker();
    const struct nh_dict *dict;

    CHECK_EQ(feed_source(t, 5, "tra-linh", 1), NH_OK, "source");
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "ping"), NH_OK, "dict");
    dict = nh_tracker_dict(t, 5);
    CHECK_EQ(feed_source(t, 5, "tra-linh", 1), NH_OK, "again");
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "ping"), NH_OK, "again");
    CHECK(nh_tracker_dict(t, 5) == dict);
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "path"), NH_EFORMAT, "contradicted");
    CHECK_EQ(nh_tracker_source(t, 5)->chain, 77, "watermark");
    CHECK_EQ(feed_source(t, 5, "tra-linh", 2), NH_OK, "a new stream");
    CHECK(nh_tracker_dict(t, 5) == NULL);
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "path"), NH_OK, "which counts anew");
    CHECK_STR(nh_dict_get(nh_tracker_dict(t, 5), 1)->kind->name, "path", "kind");
    nh_tracker_free(t);
}

static void
boots(void)
{
    static const uint32_t order[] = { 4, 2, 9, 3, 2 };
    struct nh_tracker *t = tracker();

    CHECK(nh_tracker_boot(t, 5, 2) == NULL);
    for (size_t i = 0; i < NH_COUNT(order); i++) {
        struct nh_boot b = { .source = 5, .epoch = order[i], .wall_ms = 1000 + (int)i };

        nh_boot_encode(&b, &buf);
        CHECK_EQ(feed(t, NH_REC_BOOT, 0), NH_OK, "boot");
    }
    CHECK_EQ(nh_tracker_boot(t, 5, 9)->wall_ms, 1002, "by epoch");
    CHECK_EQ(nh_tracker_boot(t, 5, 2)->wall_ms, 1004, "the last word counts");
    CHECK_EQ(nh_tracker_boot(t, 5, 3)->wall_ms, 1003, "in between");
    CHECK(nh_tracker_boot(t, 5, 5) == NULL);
    nh_tracker_free(t);
}

static void
twenty_thousand_sources(void)
{
    struct nh_tracker *t = tracker();
    size_t bad = 0;

    for (uint32_t i = 0; i < 20000; i++) {
        char site[NH_SITE_ID_MAX];

        snprintf(site, sizeof(site), "s%u", i);
        bad += feed_source(t, i, site, 1) != NH_OK;
    }
    CHECK_EQ(bad, 0, "sources");
    CHECK_EQ(nh_tracker_source_count(t), 20000, "count");
    CHECK_STR(nh_tracker_source(t, 19999)->site, "s19999", "the last");
    CHECK_EQ(nh_tracker_find(t, "s12345")->source, 12345, "by site");
    CHECK(nh_tracker_find(t, "s20000") == NULL);
    CHECK(nh_tracker_source(t, 20000) == NULL && nh_tracker_dict(t, UINT32_MAX) == NULL);
    CHECK_EQ(feed_source(t, UINT32_MAX, "far", 1), NH_ETOOBIG, "an absurd number");
    nh_tracker_free(t);
}

static void
lives_on_after_rubbish(void)
{
    struct nh_tracker *t = tracker();

    CHECK_EQ(feed_source(t, 5, "tra-linh", 1), NH_OK, "source");
    CHECK_EQ(feed_dict(t, 5, "tra-linh", "ping"), NH_OK, "dict");
    for (int type = 1; type <= 6; type++) {
        nh_buf_put(&buf, "\xff\xff\xff", 3);
        CHECK_EQ(feed(t, (enum nh_record_type)type, NH_POS(1, 1)), NH_EFORMAT, "rubbish");
    }
    nh_buf_put(&buf, "\xff", 1);
    CHECK_EQ(feed(t, (enum nh_record_type)99, NH_POS(1, 2)), NH_OK, "of a later version");
    put_batch(5);
    CHECK_EQ(feed(t, NH_REC_READINGS, NH_POS(1, 3)), NH_OK, "readings");
    CHECK_EQ(seen.readings, 1, "still there");
    nh_tracker_free(t);
}

int
main(void)
{
    nh_buf_init(&buf, 65536);
    RUN(readings_come_named_and_dated);
    RUN(events_and_gaps);
    RUN(preambles_again_and_a_new_stream);
    RUN(boots);
    RUN(twenty_thousand_sources);
    RUN(lives_on_after_rubbish);
    nh_buf_fini(&buf);
    return check_done();
}
