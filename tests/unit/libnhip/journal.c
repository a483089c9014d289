/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal.c - round trips, rotation, cursors, bounds, damage, views, verify */
#include "libnhip/journal.h"
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include "tests/unit/libnhip/journal_kit.h"
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { SEG = 8192 };

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void
put_dictionary(void *arg, struct nh_preamble *put)
{
    unsigned *calls = arg;

    (*calls)++;
    nh_preamble_put(put, NH_REC_DICT, nh_slice_of("dictionary", 10));
}

static void
round_trip(void)
{
    unsigned calls = 0;
    struct nh_journal_options o = { .dir = kit_dir("trip"),
        .segment_bytes = SEG,
        .preamble = put_dictionary,
        .arg = &calls };
    struct nh_journal *j = kit_open(&o), *other = NULL;
    struct nh_cursor *c = NULL;
    struct kit_read got;
    uint8_t id[NH_STREAM_ID_LEN];
    uint64_t pos = 0;
    uint32_t epoch = nh_journal_epoch(j);

    CHECK_EQ(nh_journal_open(&other, &o), NH_ELOCKED, "twice");
    CHECK_EQ(nh_journal_oldest_pos(j), nh_journal_next_pos(j), "empty");
    CHECK_EQ(nh_cursor_open(&c, j, "reader", true), NH_OK, "cursor");
    CHECK_EQ(nh_cursor_next(c, &(struct nh_record){ 0 }, &(struct nh_gap){ 0 }),
        NH_EEMPTY, "nothing yet");
    kit_append(j, 1, 100, 200); /* over several segments */
    CHECK_EQ(
        nh_journal_append(j, NH_REC_EVENT, kit_record(101, 20), &pos), NH_OK, "last");
    CHECK_EQ(nh_pos_epoch(pos), epoch, "epoch of a position");
    CHECK(nh_journal_durable_pos(j) < pos);
    CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
    CHECK_EQ(nh_journal_durable_pos(j), pos, "durable");
    got = kit_drain(c);
    CHECK_EQ(got.records, 101, "read");
    CHECK(got.in_order && got.gaps == 0 && got.end == NH_EEMPTY);
    CHECK_EQ(got.preambles, calls, "a preamble for each segment");
    CHECK(calls >= 3);
    memcpy(id, nh_journal_stream_id(j), sizeof(id));
    nh_cursor_release(c, got.last_pos - 1);
    nh_cursor_close(c);
    nh_journal_close(j);

    j = kit_open(&o);
    CHECK(nh_journal_epoch(j) > epoch);
    CHECK(nh_journal_next_pos(j) > pos);
    CHECK(memcmp(id, nh_journal_stream_id(j), sizeof(id)) == 0);
    CHECK_EQ(nh_cursor_open(&c, j, "reader", true), NH_OK, "again");
    got = kit_drain(c);
    CHECK_EQ(got.records, 1, "what was not released");
    CHECK_EQ(got.last, 101, "the last");
    CHECK_EQ(got.gaps, 0, "released is not lost");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
on_recovered(void *arg, const struct nh_record *rec)
{
    struct kit_read *got = arg;

    kit_count(got, NH_OK, rec, NULL);
}

static void
recover_gives_the_dictionary_back(void)
{
    unsigned calls = 0;
    struct nh_journal_options o = { .dir = kit_dir("recover"),
        .segment_bytes = SEG,
        .preamble = put_dictionary,
        .arg = &calls };
    struct nh_journal *j = kit_open(&o);
    struct kit_read got = { .in_order = true };

    kit_append(j, 1, 60, 200);
    CHECK_EQ(nh_journal_note(j, NH_REC_DICT, nh_slice_of("more", 4)), NH_OK, "note");
    kit_append(j, 61, 1, 200);
    nh_journal_close(j);
    nh_journal_close(kit_open(&o)); /* opened and closed without a record */
    j = kit_open(&o);
    CHECK_EQ(nh_journal_recover(j, on_recovered, &got), NH_OK, "recover");
    CHECK_EQ(got.preambles, 2, "dictionary and note");
    CHECK_EQ(got.last, 61, "and the records after them");
    nh_journal_close(j);
}

static void
cursors_hold_and_release(void)
{
    struct nh_journal_options o = { .dir = kit_dir("hold"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *a = NULL, *b = NULL;
    struct nh_journal_stats st;
    struct kit_read got;

    CHECK_EQ(nh_cursor_open(&a, j, "a", true), NH_OK, "a");
    CHECK_EQ(nh_cursor_open(&b, j, "b", true), NH_OK, "b");
    kit_append(j, 1, 200, 200);
    got = kit_drain(a);
    nh_cursor_release(a, got.last_pos);
    nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
    nh_journal_stats(j, &st);
    CHECK_EQ(st.records, 200, "b holds them");
    got = kit_drain(b);
    CHECK_EQ(got.records, 200, "b reads all");
    nh_cursor_release(b, got.last_pos);
    nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
    nh_journal_stats(j, &st);
    CHECK_EQ(st.segments, 1, "only the running one");
    CHECK_EQ(st.lost_overflow, 0, "nothing lost");
    CHECK_EQ(nh_cursor_seek(a, 0), NH_OK, "seek to the oldest");
    got = kit_drain(a);
    CHECK_EQ(got.gaps, 0, "released is not lost");
    CHECK_EQ(nh_cursor_forget(j, "a"), NH_EINVAL, "in use");
    nh_cursor_close(a);
    CHECK_EQ(nh_cursor_forget(j, "a"), NH_OK, "forget");
    CHECK_EQ(nh_cursor_forget(j, "a"), NH_ENOTFOUND, "forgotten");
    nh_cursor_close(b);
    nh_journal_close(j);
}

static void
full_drops_the_oldest_and_says_so(void)
{
    struct nh_journal_options o = {
        .dir = kit_dir("full"), .segment_bytes = SEG, .max_bytes = 4 * SEG
    };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_journal_stats st;
    struct kit_read got;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    kit_append(j, 1, 400, 200);
    nh_journal_stats(j, &st);
    CHECK(st.bytes <= 4 * SEG);
    CHECK(st.lost_overflow > 200);
    CHECK_EQ(st.records + st.lost_overflow, 400, "held or counted");
    got = kit_drain(c);
    CHECK_EQ(got.records, st.records, "what is held");
    CHECK_EQ(got.lost, st.lost_overflow, "what is lost");
    CHECK_EQ(got.gaps, 1, "as one gap");
    CHECK_EQ(got.gap.reason, NH_GAP_OVERFLOW, "why");
    CHECK_EQ(got.last, 400, "up to the end");
    nh_cursor_close(c);
    nh_journal_close(j);
    j = kit_open(&o); /* the loss outlives a restart */
    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records + got.lost, 400, "still told");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static int64_t fake_mono_us, fake_wall_us;
static int64_t
fake_mono(void *arg)
{
    (void)arg;
    return fake_mono_us;
}
static int64_t
fake_wall(void *arg)
{
    (void)arg;
    return fake_wall_us;
}
static const struct nh_clock_source fake = { fake_mono, fake_wall, NULL };

static void
age_believes_no_wrong_clock(void)
{
    struct nh_journal_options o = {
        .dir = kit_dir("age"), .segment_bytes = SEG, .max_age_s = 45 * 86400
    };
    static const int64_t day_us = INT64_C(86400) * 1000000;
    struct nh_journal *j;
    struct nh_journal_stats st;

    fake_mono_us = day_us;
    fake_wall_us = INT64_C(1795000000) * 1000000;
    nh_clock_replace(&fake);
    j = kit_open(&o);
    kit_append(j, 1, 100, 200);
    fake_wall_us = INT64_C(2000000000) * 1000000; /* 2033 */
    nh_journal_tick(j, fake_mono_us / 1000, fake_wall_us / 1000);
    kit_append(j, 101, 100, 200);
    nh_journal_tick(j, fake_mono_us / 1000, fake_wall_us / 1000);
    fake_wall_us = 5000000; /* 1970 */
    kit_append(j, 201, 100, 200);
    nh_journal_tick(j, fake_mono_us / 1000, fake_wall_us / 1000);
    nh_journal_stats(j, &st);
    CHECK_EQ(st.records, 300, "kept through 2033 and 1970");
    fake_mono_us += 46 * day_us; /* real time passes */
    nh_journal_tick(j, fake_mono_us / 1000, fake_wall_us / 1000);
    nh_journal_stats(j, &st);
    CHECK_EQ(st.segments, 1, "45 days later only the running one is kept");
    nh_journal_close(j);
    nh_clock_replace(NULL);
}

static void
torn_tail_is_cut(void)
{
    struct nh_journal_options o = { .dir = kit_dir("torn"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct kit_read got;
    char path[512];

    kit_append(j, 1, 10, 100);
    nh_journal_close(j);
    CHECK(kit_segment(o.dir, 0, path, sizeof(path)));
    kit_flip(path, kit_find(path, 10) + 60);
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 9, "the torn one is gone");
    kit_append(j, 11, 5, 100);
    got = kit_drain(c);
    CHECK_EQ(got.first, 11, "and writing goes on");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
damaged_middle_is_a_gap(void)
{
    struct nh_journal_options o = { .dir = kit_dir("middle"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_view *v = NULL;
    struct nh_journal_stats st;
    struct kit_read got;
    char path[512];

    kit_append(j, 1, 100, 200);
    nh_journal_close(j);
    CHECK(kit_segment(o.dir, 1, path, sizeof(path)));
    kit_flip(path, kit_find(path, 50) + 60);
    CHECK(kit_segment(o.dir, 0, path, sizeof(path)));
    kit_flip(path, kit_find(path, 5) - 3); /* its head */
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 98, "the rest is read");
    CHECK_EQ(got.gaps, 2, "two holes");
    CHECK_EQ(got.lost, 2, "of a record each");
    CHECK_EQ(got.gap.reason, NH_GAP_DAMAGED, "why");
    nh_journal_stats(j, &st);
    CHECK_EQ(st.lost_damaged, 2, "counted once");
    CHECK_EQ(nh_view_open(&v, o.dir), NH_OK, "view");
    got = kit_look(v);
    CHECK_EQ(got.records, 98, "the same for a view");
    CHECK_EQ(got.lost, 2, "and its gaps");
    nh_view_close(v);
    nh_cursor_close(c);
    nh_journal_close(j);
}

/* In the newest segment, what was synced long ago is damage, not a torn tail. */
static void
marks_tell_damage_from_a_tear(void)
{
    struct nh_journal_options o = { .dir = kit_dir("marks"), .segment_bytes = 64 * 1024 };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct kit_read got;
    char path[512];

    for (unsigned n = 1; n <= 20; n++) {
        kit_append(j, n, 1, 100);
        CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
    }
    nh_journal_close(j);
    CHECK(kit_segment(o.dir, 0, path, sizeof(path)));
    kit_flip(path, kit_find(path, 7) + 40);
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 19, "all but the damaged one");
    CHECK_EQ(got.lost, 1, "which is told");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
damaged_header_costs_one_segment(void)
{
    struct nh_journal_options o = { .dir = kit_dir("header"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct kit_read got;
    char path[512];

    kit_append(j, 1, 150, 200);
    nh_journal_close(j);
    CHECK(kit_segment(o.dir, 1, path, sizeof(path)));
    kit_flip(path, 20);
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records + got.lost, 150, "held or told");
    CHECK_EQ(got.gaps, 1, "one gap");
    CHECK(got.records > 80 && got.in_order);
    nh_cursor_close(c);
    nh_journal_close(j);
}

/* A recycled file is full of whole records of its former life. */
static void
recycled_files_hold_no_ghosts(void)
{
    struct nh_journal_options o = { .dir = kit_dir("ghost"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct kit_read got;
    char path[512];
    int left = 0;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    kit_append(j, 1, 100, 200);
    got = kit_drain(c);
    nh_cursor_release(c, got.last_pos);
    nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms()); /* makes spares */
    kit_append(j, 1001, 40, 200);                               /* into a recycled file */
    nh_cursor_close(c);
    nh_journal_close(j);
    for (int i = 0; kit_segment(o.dir, i, path, sizeof(path)); i++)
        for (unsigned n = 1; n <= 70; n++)
            left += kit_find(path, n) > 0;
    CHECK(left > 0); /* else this test shows nothing */
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "late", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK(got.in_order);
    CHECK_EQ(got.last, 1040, "the new ones");
    CHECK(got.first > 70);
    CHECK_EQ(got.gaps, 0, "no gap");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
new_stream_leaves_the_old_one(void)
{
    struct nh_journal_options o = { .dir = kit_dir("stream"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_journal_stats st;
    uint8_t id[NH_STREAM_ID_LEN];
    uint64_t next;
    struct kit_read got;

    kit_append(j, 1, 60, 200);
    memcpy(id, nh_journal_stream_id(j), sizeof(id));
    next = nh_journal_next_pos(j);
    CHECK_EQ(nh_journal_new_stream(j), NH_OK, "new stream");
    CHECK(memcmp(id, nh_journal_stream_id(j), sizeof(id)) != 0);
    CHECK(nh_journal_next_pos(j) > next);
    nh_journal_stats(j, &st);
    CHECK_EQ(st.lost_overflow, 60, "counted as lost");
    kit_append(j, 100, 3, 50);
    memcpy(id, nh_journal_stream_id(j), sizeof(id));
    nh_journal_close(j);
    j = kit_open(&o);
    CHECK(memcmp(id, nh_journal_stream_id(j), sizeof(id)) == 0);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 3, "only the new ones");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
commit_in_three_steps(void)
{
    struct nh_journal_options o = { .dir = kit_dir("commit"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_commit c;
    uint64_t first = 0;

    CHECK(!nh_journal_commit_begin(j, &c));
    CHECK_EQ(nh_journal_append(j, 1, kit_record(1, 50), &first), NH_OK, "append");
    CHECK(nh_journal_commit_begin(j, &c));
    kit_append(j, 2, 100, 200); /* rotates while the commit is under way */
    nh_journal_commit_run(&c);
    CHECK_EQ(nh_journal_commit_end(j, &c), NH_OK, "end");
    CHECK(nh_journal_durable_pos(j) >= first);
    CHECK(nh_journal_commit_begin(j, &c));
    nh_journal_commit_run(&c);
    CHECK_EQ(nh_journal_commit_end(j, &c), NH_OK, "end");
    CHECK_EQ(nh_journal_durable_pos(j), nh_journal_next_pos(j) - 1, "all");
    nh_journal_close(j);
}

static void
verify_finds_a_bit_and_a_swap(void)
{
    struct nh_journal_options o = { .dir = kit_dir("verify"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    char a[512], b[512], t[600];

    kit_append(j, 1, 150, 200);
    nh_journal_close(j);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "as written");
    CHECK(kit_segment(o.dir, 0, a, sizeof(a)) && kit_segment(o.dir, 1, b, sizeof(b)));
    kit_flip(a, kit_find(a, 10) + 50);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_EFORMAT, "a bit");
    kit_flip(a, kit_find(a, 10) + 50);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "and back");
    snprintf(t, sizeof(t), "%s.x", a);
    CHECK(rename(a, t) == 0 && rename(b, a) == 0 && rename(t, b) == 0);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_EFORMAT, "a swap");
    CHECK(rename(b, t) == 0 && rename(a, b) == 0 && rename(t, a) == 0);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "and back");
    CHECK(unlink(b) == 0);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_EFORMAT, "one is missing");
}

static void
tick_until_compressed(struct nh_journal *j, unsigned want)
{
    for (int i = 0; i < 2000; i++) {
        struct nh_journal_stats st;

        nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
        nh_journal_stats(j, &st);
        if (st.bytes < (uint64_t)SEG * (st.segments - want) + (uint64_t)want * SEG / 2)
            return;
        usleep(2000);
    }
}

static void
compressed_segments_read_the_same(void)
{
    struct nh_journal_options o = {
        .dir = kit_dir("zstd"), .segment_bytes = SEG, .compress = true
    };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_view *v = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    struct kit_read got;
    struct nh_journal_stats st;
    char path[512];

    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    kit_append(j, 1, 150, 200);
    CHECK_EQ(nh_view_open(&v, o.dir), NH_OK, "view");
    for (int i = 0; i < 10; i++) { /* both stand in a segment that is compressed now */
        CHECK_EQ(nh_cursor_next(c, &rec, &gap), NH_OK, "cursor");
        CHECK_EQ(nh_view_next(v, UINT64_MAX, &rec, &gap), NH_OK, "view");
    }
    nh_journal_stats(j, &st);
    tick_until_compressed(j, st.segments - 1);
    CHECK(kit_segment(o.dir, 0, path, sizeof(path)) && strstr(path, ".zst") != NULL);
    kit_append(j, 151, 60, 200); /* recycles the plain files under the view */
    got = kit_drain(c);
    CHECK_EQ(got.records, 200, "cursor");
    CHECK(got.in_order && got.gaps == 0);
    got = kit_look(v);
    CHECK_EQ(got.records, 200, "view");
    CHECK(got.in_order && got.gaps == 0);
    nh_view_close(v);
    nh_cursor_close(c);
    nh_journal_close(j);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "verify");
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "again", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 210, "all, after a restart");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
view_is_bounded_and_resumes(void)
{
    struct nh_journal_options o = { .dir = kit_dir("view"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_view *v = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    uint64_t pos = 0;
    struct kit_read got;

    CHECK_EQ(nh_view_open(&v, "/nonexistent/journal"), NH_ENOTFOUND, "no such");
    CHECK_EQ(nh_view_open(&v, o.dir), NH_OK, "view");
    CHECK_EQ(nh_view_next(v, UINT64_MAX, &rec, &gap), NH_EEMPTY, "nothing yet");
    CHECK_EQ(nh_journal_append(j, 1, kit_record(1, 50), &pos), NH_OK, "append");
    CHECK_EQ(nh_view_next(v, pos - 1, &rec, &gap), NH_EEMPTY, "not that far");
    CHECK_EQ(nh_view_next(v, pos, &rec, &gap), NH_OK, "now");
    kit_append(j, 2, 99, 200);
    got = kit_look(v);
    CHECK_EQ(got.records, 99, "over the rotation");
    CHECK_EQ(nh_view_seek(v, pos + 49), NH_OK, "seek");
    got = kit_look(v);
    CHECK_EQ(got.first, 51, "after that");
    CHECK_EQ(got.records, 50, "the rest");
    nh_view_close(v);
    nh_journal_close(j);
}

static int64_t
stepping_us(void *arg)
{
    return *(int64_t *)arg;
}

/* Record n is appended at second n: nothing since the time asked for is missed, and what
 * lies long before it is not read. */
static void
view_seeks_a_time(void)
{
    static const struct {
        int s;
        unsigned most; /* the first record read, at most and at least */
        unsigned least;
    } rows[] = { { 0, 1, 1 }, { 1, 1, 1 }, { 50, 50, 2 }, { 99, 99, 60 },
        { 5000, 100, 60 } };
    int64_t now_us = INT64_C(1795000000000000);
    const int64_t start_ms = now_us / 1000;
    const struct nh_clock_source clock = { stepping_us, stepping_us, &now_us };
    struct nh_journal_options o = { .dir = kit_dir("time"), .segment_bytes = SEG };
    struct nh_journal *j;
    struct nh_view *v = NULL;

    nh_clock_replace(&clock);
    j = kit_open(&o);
    for (unsigned n = 1; n <= 100; n++) {
        now_us += 1000000;
        kit_append(j, n, 1, 200);
    }
    CHECK_EQ(nh_view_open(&v, o.dir), NH_OK, "view");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kit_read got;

        CHECK_EQ(nh_view_seek_time(v, start_ms + rows[i].s * 1000), NH_OK, "seek");
        got = kit_look(v);
        CHECK_NAMED(got.first <= rows[i].most && got.first >= rows[i].least, "where");
        CHECK_EQ(got.last, 100, "to the end");
        CHECK_NAMED(got.in_order && got.gaps == 0, "whole");
    }
    nh_view_close(v);
    nh_journal_close(j);
    nh_clock_replace(NULL);
}

/* Another process writes, rotates and recycles while this one looks on. */
static void
view_follows_another_process(void)
{
    enum { RECORDS = 3000 };
    struct nh_journal_options o = {
        .dir = kit_dir("follow"), .segment_bytes = SEG, .compress = true
    };
    struct nh_view *v = NULL;
    struct kit_read all = { .in_order = true };
    struct nh_record rec;
    struct nh_gap gap;
    pid_t pid;
    int status = 0;

    nh_journal_close(kit_open(&o));
    CHECK_EQ(nh_view_open(&v, o.dir), NH_OK, "view");
    pid = fork();
    if (pid == 0) {
        struct nh_journal *j = NULL;
        bool ok = nh_journal_open(&j, &o) == NH_OK;

        for (unsigned n = 1; ok && n <= RECORDS; n++) {
            ok = nh_journal_append(j, 1, kit_record(n, 120), NULL) == NH_OK;
            if (n % 50 == 0)
                nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
        }
        nh_journal_close(j);
        _exit(ok ? 0 : 1);
    }
    for (int idle = 0; all.last < RECORDS && idle < 20000;) {
        enum nh_err err = nh_view_next(v, UINT64_MAX, &rec, &gap);

        if (err == NH_OK || err == NH_EGAP) {
            kit_count(&all, err, &rec, &gap);
            continue;
        }
        CHECK_EQ(err, NH_EEMPTY, "waiting");
        idle++;
        usleep(1000);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_EQ(all.records, RECORDS, "all");
    CHECK_EQ(all.gaps, 0, "without a gap");
    CHECK(all.in_order);
    nh_view_close(v);
}

/* No room: said, counted, nothing torn; and on again by itself. */
static void
no_space_and_back(void)
{
    struct nh_journal_options o = { .dir = kit_dir("space"), .segment_bytes = 64 * 1024 };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_journal_stats st;
    struct rlimit was, low;
    struct kit_read got;
    enum nh_err err = NH_OK;
    unsigned n = 0, refused = 0;

    signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
    low = was;
    low.rlim_cur = 20 * 1024;
    CHECK(setrlimit(RLIMIT_FSIZE, &low) == 0);
    while (err == NH_OK && n < 1000)
        if ((err = nh_journal_append(j, 1, kit_record(n + 1, 300), NULL)) == NH_OK)
            n++;
    CHECK_EQ(err, NH_ENOSPC, "full");
    for (int i = 0; i < 20; i++)
        refused += nh_journal_append(j, 1, kit_record(9999, 300), NULL) == NH_ENOSPC;
    CHECK_EQ(refused, 20, "still full");
    nh_journal_stats(j, &st);
    CHECK(st.disk_full >= 20);
    CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
    kit_append(j, n + 1, 100, 300);
    CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, n + 100, "all that was taken");
    CHECK(got.in_order && got.gaps == 0);
    nh_cursor_close(c);
    nh_journal_close(j);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "verify");
}

static int io_error;
static unsigned io_writes;

static int
fail_write(enum io_op op, const char *path, size_t len)
{
    (void)path;
    (void)len;
    io_writes += op == IO_WRITE;
    return op == IO_WRITE ? io_error : 0;
}

static const struct io_hook failing = { fail_write, NULL };

/* Records that an onlooker sees, from the beginning. */
static unsigned
seen_in(const char *dir)
{
    struct nh_view *v = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    unsigned n = 0;

    CHECK_EQ(nh_view_open(&v, dir), NH_OK, "view");
    while (nh_view_next(v, UINT64_MAX, &rec, &gap) == NH_OK)
        n += !rec.preamble;
    nh_view_close(v);
    return n;
}

static void
gathered_goes_by_one_write(void)
{
    unsigned calls = 0;
    struct nh_journal_options o = { .dir = kit_dir("gather"),
        .segment_bytes = SEG,
        .gather_bytes = 2000,
        .preamble = put_dictionary,
        .arg = &calls };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_commit commit;
    struct kit_read got;
    uint64_t durable;

    nh_journal_io_hook = &failing;
    io_writes = 0;
    kit_append(j, 1, 10, 100);
    CHECK_EQ(io_writes, 0, "in memory");
    CHECK_EQ(seen_in(o.dir), 0, "nothing to be seen");
    CHECK_EQ(nh_journal_flush(j), NH_OK, "flush");
    CHECK_EQ(io_writes, 1, "one write");
    CHECK_EQ(seen_in(o.dir), 10, "all to be seen");
    CHECK_EQ(nh_journal_flush(j), NH_OK, "nothing to flush");
    CHECK_EQ(io_writes, 1, "none");

    io_error = EIO;
    kit_append(j, 11, 5, 100);
    CHECK_EQ(nh_journal_flush(j), NH_EIO, "refused");
    CHECK_EQ(nh_journal_flush(j), NH_EIO, "and again");
    io_error = 0;
    kit_append(j, 16, 200, 100); /* over several segments */
    CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
    CHECK_EQ(seen_in(o.dir), 215, "nothing was lost by it");
    durable = nh_journal_durable_pos(j);
    CHECK_EQ(durable, nh_journal_next_pos(j) - 1, "durable");

    kit_append(j, 216, 3, 100);
    CHECK_EQ(nh_journal_flush(j), NH_OK, "three in the file");
    kit_append(j, 219, 4, 100);
    io_error = EIO;
    CHECK(nh_journal_commit_begin(j, &commit));
    nh_journal_commit_run(&commit);
    io_error = 0;
    CHECK_EQ(nh_journal_commit_end(j, &commit), NH_EIO, "given up");
    CHECK_EQ(nh_journal_durable_pos(j), durable, "nothing more");
    kit_append(j, 223, 2, 100);
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c); /* without a flush: a cursor sees what was appended */
    nh_cursor_close(c);
    CHECK_EQ(got.gaps, 1, "told as lost");
    CHECK_EQ(got.last, 224, "the newest");
    nh_journal_close(j);
    nh_journal_io_hook = NULL;
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "verify");

    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "again", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.last, 224, "after a restart");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
limits(void)
{
    struct nh_journal_options o = { .dir = kit_dir("limits"), .segment_bytes = SEG };
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    static uint8_t big[NH_JOURNAL_PAYLOAD_MAX + 1];
    struct nh_record rec;
    struct nh_gap gap;

    CHECK_EQ(nh_journal_append(j, 1, nh_slice_of(big, sizeof(big)), NULL), NH_ETOOBIG,
        "too big");
    CHECK_EQ(nh_journal_append(j, 1, nh_slice_of(big, sizeof(big) - 1), NULL), NH_OK,
        "larger than a segment");
    CHECK_EQ(nh_journal_append(j, 1, nh_slice_of(NULL, 0), NULL), NH_OK, "empty");
    CHECK_EQ(nh_journal_append(j, 0, nh_slice_of(big, 1), NULL), NH_EINVAL, "type");
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    CHECK_EQ(nh_cursor_next(c, &rec, &gap), NH_OK, "big");
    CHECK_EQ(rec.payload.len, sizeof(big) - 1, "length");
    CHECK_EQ(nh_cursor_next(c, &rec, &gap), NH_OK, "empty");
    CHECK_EQ(rec.payload.len, 0, "length");
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
gap_codec(void)
{
    struct nh_gap gap = { 5, 900, -3, 1795000000000, 17, NH_GAP_CLOCK }, got;
    struct nh_buf b;

    nh_buf_init(&b, 100);
    nh_gap_encode(&gap, &b);
    CHECK_EQ(nh_gap_decode(nh_slice_of(b.data, b.len), &got), NH_OK, "decode");
    CHECK(got.from == 5 && got.to == 900 && got.from_wall_ms == -3 && got.count == 17 &&
          got.to_wall_ms == 1795000000000 && got.reason == NH_GAP_CLOCK);
    for (size_t n = 0; n < b.len; n++)
        CHECK_EQ(nh_gap_decode(nh_slice_of(b.data, n), &got), NH_EFORMAT, "cut short");
    nh_buf_fini(&b);
}

int
main(void)
{
    nh_log_capture(quiet, NULL);
    RUN(round_trip);
    RUN(recover_gives_the_dictionary_back);
    RUN(cursors_hold_and_release);
    RUN(full_drops_the_oldest_and_says_so);
    RUN(age_believes_no_wrong_clock);
    RUN(torn_tail_is_cut);
    RUN(damaged_middle_is_a_gap);
    RUN(marks_tell_damage_from_a_tear);
    RUN(damaged_header_costs_one_segment);
    RUN(recycled_files_hold_no_ghosts);
    RUN(new_stream_leaves_the_old_one);
    RUN(commit_in_three_steps);
    RUN(verify_finds_a_bit_and_a_swap);
    RUN(compressed_segments_read_the_same);
    RUN(view_is_bounded_and_resumes);
    RUN(view_seeks_a_time);
    RUN(view_follows_another_process);
    RUN(no_space_and_back);
    RUN(gathered_goes_by_one_write);
    RUN(limits);
    RUN(gap_codec);
    return check_done();
}
