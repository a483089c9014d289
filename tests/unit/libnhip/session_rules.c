/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes out next, whose stream it is, when to come again: as rows. */
#include "libnhip/session.h"
#include "tests/unit/check.h"

static const struct {
    const char *name;
    struct nh_lanes in;
    enum nh_lane want;
} lanes[] = {
    { "nothing waits", { .window = 4096 }, NH_LANE_NONE },
    { "liveness goes before all",
        { .ping_due = true,
            .live_due = true,
            .history = true,
            .window = 4096,
            .frame_bytes = 100 },
        NH_LANE_PING },
    { "live goes before history",
        { .live_due = true,
            .history = true,
            .window = 4096,
            .frame_bytes = 100,
            .output_bytes = 9999 },
        NH_LANE_LIVE },
    { "history", { .history = true, .window = 4096, .frame_bytes = 100 },
        NH_LANE_HISTORY },
    { "history waits for the output",
        { .history = true,
            .window = 4096,
            .frame_bytes = 100,
            .output_bytes = NH_OUTPUT_LOW },
        NH_LANE_NONE },
    { "history in a small output",
        { .history = true,
            .window = 4096,
            .frame_bytes = 100,
            .output_bytes = NH_OUTPUT_LOW - 1 },
        NH_LANE_HISTORY },
    { "window 0 pauses history", { .history = true, .frame_bytes = 100 }, NH_LANE_NONE },
    { "window 0 does not pause live",
        { .live_due = true, .history = true, .frame_bytes = 100 }, NH_LANE_LIVE },
    { "the window's last byte",
        { .history = true, .window = 4096, .frame_bytes = 96, .flight_bytes = 4000 },
        NH_LANE_HISTORY },
    { "one byte over the window",
        { .history = true, .window = 4096, .frame_bytes = 97, .flight_bytes = 4000 },
        NH_LANE_NONE },
    { "a frame over the whole window goes alone",
        { .history = true, .window = 50, .frame_bytes = 100 }, NH_LANE_HISTORY },
    { "but never beside another",
        { .history = true, .window = 50, .frame_bytes = 100, .flight_bytes = 1 },
        NH_LANE_NONE },
};

static void
picks_a_lane(void)
{
    for (size_t i = 0; i < NH_COUNT(lanes); i++)
        CHECK_EQ(nh_lane_next(&lanes[i].in), lanes[i].want, lanes[i].name);
}

static const struct {
    const char *name;
    uint64_t recv_pos, next_pos;
    uint32_t theirs, ours;
    bool have, want;
} streams[] = {
    { "a collector that never met us", 0, NH_POS(1, 1), 0, 0, false, false },
    { "it has what we still have", NH_POS(1, 7), NH_POS(2, 1), 5, 5, true, false },
    { "it has what is gone here", NH_POS(1, 7), NH_POS(2, 1), 5, 0, false, false },
    { "another record at that place", NH_POS(1, 7), NH_POS(2, 1), 5, 6, true, true },
    { "a position not yet given", NH_POS(2, 1), NH_POS(2, 1), 5, 0, false, true },
    { "an epoch that never was", NH_POS(9, 1), NH_POS(2, 1), 5, 0, false, true },
    { "a collector that does not say", NH_POS(1, 7), NH_POS(2, 1), 0, 6, true, false },
};

static void
finds_another_stream(void)
{
    for (size_t i = 0; i < NH_COUNT(streams); i++) {
        struct nh_msg_welcome w = { .recv_pos = streams[i].recv_pos,
            .chain = streams[i].theirs };

        CHECK_EQ(
            nh_stream_diverged(&w, streams[i].next_pos, streams[i].have, streams[i].ours),
            streams[i].want, streams[i].name);
    }
}

static const struct {
    const char *name;
    unsigned failures;
    bool had;
    uint32_t min_s, max_s;
    int64_t least_ms, most_ms;
} waits[] = {
    { "after a session", 0, true, 0, 0, 0, 30000 },
    { "first failure", 1, false, 0, 0, 1000, 2000 },
    { "second", 2, false, 0, 0, 2000, 4000 },
    { "seventh", 7, false, 0, 0, 64000, 128000 },
    { "at the cap: full jitter", 9, false, 0, 0, 2000, 300000 },
    { "a year of failures", 1000000, false, 0, 0, 2000, 300000 },
    { "go away for 10 to 20 s", 3, false, 10, 20, 10000, 20000 },
    { "go away after a session", 0, true, 600, 600, 600000, 600000 },
};

static void
backs_off_with_jitter(void)
{
    static const uint32_t randoms[] = { 0, 1, 12345, 0x7fffffff, 0xfffffffe, 0xffffffff };

    for (size_t i = 0; i < NH_COUNT(waits); i++) {
        int64_t low = INT64_MAX, high = 0;

        for (size_t k = 0; k < NH_COUNT(randoms); k++) {
            int64_t ms = nh_backoff_ms(waits[i].failures, waits[i].had, waits[i].min_s,
                waits[i].max_s, randoms[k]);

            low = ms < low ? ms : low;
            high = ms > high ? ms : high;
        }
        CHECK_NAMED(low >= waits[i].least_ms, waits[i].name);
        CHECK_NAMED(high <= waits[i].most_ms, waits[i].name);
        CHECK_NAMED(high > low || waits[i].least_ms == waits[i].most_ms, waits[i].name);
    }
}

static struct nh_msg
decode(const struct nh_buf *b)
{
    struct nh_msg msg;
    enum nh_wire_error code = 0;
    size_t used = 0, need = 0;

    memset(&msg, 0, sizeof(msg));
    CHECK_EQ(nh_wire_decode(
                 nh_slice_of(b->data, b->len), NH_FRAME_MAX, &msg, &used, &need, &code),
        NH_OK, "a frame");
    CHECK_EQ(used, b->len, "one frame");
    return msg;
}

static void
frames_records(void)
{
    struct nh_record rec = { .pos = NH_POS(3, 7),
        .chain = 9,
        .type = NH_REC_READINGS,
        .payload = nh_slice_of("columns", 7) };
    struct nh_gap gap = {
        .from = NH_POS(2, 1), .to = NH_POS(2, 5), .count = 5, .reason = NH_GAP_OVERFLOW
    };
    struct nh_buf out;
    struct nh_msg msg;

    nh_buf_init(&out, NH_FRAME_MAX);
    CHECK_EQ(nh_record_frame(&rec, &out), NH_OK, "readings");
    msg = decode(&out);
    CHECK(msg.type == NH_READINGS && (msg.flags & NH_FLAG_HISTORY) != 0);
    CHECK(msg.u.readings.pos == rec.pos && msg.u.readings.chain == 9);
    CHECK_EQ(msg.u.readings.epoch, 3, "the boot that wrote it");
    CHECK(msg.u.readings.columns.len == 7 &&
          memcmp(msg.u.readings.columns.p, "columns", 7) == 0);
    CHECK_EQ(nh_gap_frame(&gap, &out), NH_OK, "a hole");
    msg = decode(&out);
    CHECK(msg.type == NH_GAP && msg.u.gap.pos == gap.to && msg.u.gap.gap.count == 5);
    rec.type = NH_REC_EVENT;
    CHECK_NAMED(nh_record_frame(&rec, &out) != NH_OK, "an event that is none");
    rec.type = NH_REC_DICT;
    CHECK_EQ(nh_record_frame(&rec, &out), NH_EINVAL, "what does not travel");
    nh_buf_fini(&out);
}

int
main(void)
{
    RUN(picks_a_lane);
    RUN(finds_another_stream);
    RUN(frames_records);
    RUN(backs_off_with_jitter);
    return check_done();
}
