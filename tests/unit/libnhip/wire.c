/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wire.c - frames byte by byte, there and back, and what is refused */
#include "libnhip/wire.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

#define ID16 "000102030405060708090a0b0c0d0e0f"
#define BOOT16 "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static const uint8_t id16[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t columns[] = { 0xde, 0xad, 0xbe, 0xef };

/* Golden frames: a message and its bytes. Changing one breaks agents in the field. */
/* clang-format off */
static const struct {
    const char *name, *hex;
    struct nh_msg msg;
} golden[] = {
    { "HELLO", "0101 0053 01 02 03 6b3376" ID16 BOOT16
               "81808080808040 85808080808040 84808080808040 01020304"
               "c0843d 80e8d3a4f367 01 b04d 05 302e312e30 11 07",
        { .type = NH_HELLO, .u.hello = { .minor = 1, .features = 2, .agent_id = "k3v",
            .stream_id = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
            .boot_id = { 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
                0xfb, 0xfc, 0xfd, 0xfe, 0xff },
            .oldest_pos = NH_POS(256, 1), .next_pos = NH_POS(256, 5),
            .acked_pos = NH_POS(256, 4), .acked_chain = 0x01020304, .mono_ms = 500000,
            .wall_ms = 1785000000000, .wall_quality = 1, .uptime_s = 4952,
            .version = "0.1.0", .fill_pct = 17, .assignment = 7 } } },
    { "WELCOME", "0201 0014 01 02 03 04 0a0b0c0d 80800f 80e8d3a4f367 09 05 3c",
        { .type = NH_WELCOME, .u.welcome = { .minor = 1, .features = 2, .durable_pos = 3,
            .recv_pos = 4, .chain = 0x0a0b0c0d, .window = 245760,
            .wall_ms = 1785000000000, .assignment = 9, .retry_min_s = 5,
            .retry_max_s = 60 } } },
    { "PING", "0300 0004 7f 02 03 00",
        { .type = NH_PING, .u.ping = { .token = 127, .mono_ms = 1, .wall_ms = -2 } } },
    { "PONG", "0400 0005 8001 02 04 06",
        { .type = NH_PONG, .u.ping = { .token = 128, .mono_ms = 1, .wall_ms = 2,
            .echo_mono_ms = 3 } } },
    { "ACK", "0501 0004 07 05 8002",
        { .type = NH_ACK, .u.ack = { .recv_pos = 7, .durable_pos = 5, .window = 256 } } },
    { "DICT", "1001 0007 01 04 deadbeef 00",
        { .type = NH_DICT, .u.dict = { .generation = 1,
            .checks = { .p = columns, .len = 4 } } } },
    { "READINGS", "1103 000b 09 00000001 02 04 deadbeef",
        { .type = NH_READINGS, .u.readings = { .pos = 9, .chain = 1, .epoch = 2,
            .columns = { .p = columns, .len = 4 } } } },
    { "LIVE", "1200 000b 00 00000000 02 04 deadbeef",
        { .type = NH_LIVE, .u.readings = { .epoch = 2,
            .columns = { .p = columns, .len = 4 } } } },
    { "EVENT", "1301 001a 09 00000001 02 09 6c696e6b5f646f776e 03 732f6c 06 01 00 02 c491",
        { .type = NH_EVENT, .u.event = { .pos = 9, .chain = 1, .epoch = 2,
            .event = { .name = "link_down", .object = "s/l", .mono_ms = 3, .uptime_s = -1,
                .text = "\u0111" } } } },
    { "GAP", "1403 000c 09 00000001 06 01 04 00 02 04 01",
        { .type = NH_GAP, .u.gap = { .pos = 9, .chain = 1,
            .gap = { .from = 1, .to = 4, .to_wall_ms = 1, .count = 4,
                .reason = NH_GAP_OVERFLOW } } } },
    { "REJECT", "1501 0002 09 0d",
        { .type = NH_REJECT, .u.reject = { .pos = 9, .code = NH_WIRE_TIME } } },
    { "ASSIGN", "2001 0007 05 03 04 deadbeef",
        { .type = NH_ASSIGN, .u.assign = { .generation = 5, .first = true, .last = true,
            .checks = { .p = columns, .len = 4 } } } },
    { "ASSIGNED", "2100 0006 05 03 01 02 6e6f",
        { .type = NH_ASSIGNED, .u.assigned = { .generation = 5, .accepted = 3,
            .refused = 1, .why = "no" } } },
    { "TASK", "2200 000e 01 00 e807 03 6d7475 05 613d620a63",
        { .type = NH_TASK, .u.task = { .task = 1, .deadline_ms = 1000, .kind = "mtu",
            .params = "a=b\nc" } } },
    { "RESULT", "2300 0007 01 02 01 03 02 6f6b",
        { .type = NH_RESULT, .u.result = { .task = 1, .part = 2, .last = true,
            .status = 3, .text = "ok" } } },
    { "KEY_OFFER", "3001 0022 01 61" ID16 ID16,
        { .type = NH_KEY_OFFER, .u.key_offer = { .identity = "a",
            .key = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } } } },
    { "KEY_CONFIRM", "3101 0002 01 61",
        { .type = NH_KEY_CONFIRM, .u.key_confirm = { .identity = "a" } } },
    { "GOAWAY", "3e01 0004 0f 05 ac02",
        { .type = NH_GOAWAY, .u.goaway = { .reason = NH_WIRE_SHUTDOWN, .retry_min_s = 5,
            .retry_max_s = 300 } } },
    { "ERROR", "3f01 0005 01 03 6f6f70",
        { .type = NH_ERROR, .u.error = { .code = NH_WIRE_SYNTAX, .text = "oop" } } },
};

static const struct {
    const char *name, *hex;
    enum nh_err want;
    enum nh_wire_error code;
} rejects[] = {
    { "unknown and critical", "0901 0000", NH_EFORMAT, NH_WIRE_UNKNOWN_CRITICAL },
    { "unknown and critical, before its payload", "0901 ffff", NH_EFORMAT,
        NH_WIRE_UNKNOWN_CRITICAL },
    { "PING longer than any may be", "0300 01fd", NH_ETOOBIG, NH_WIRE_TOO_BIG },
    { "RESULT longer than any may be", "2300 0801", NH_ETOOBIG, NH_WIRE_TOO_BIG },
    { "PING without content", "0300 0000", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "PING cut off", "0300 0003 7f 02 03", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "varint in a longer form", "0300 0005 ff00 02 03 00", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "varint without an end", "0300 000b ffffffffffffffffffffff", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "time past all reason", "0300 000c 01 feffffffffffffff7f 00 00", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "ACK that syncs more than came", "0501 0003 05 07 00", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "window over 32 bits", "0501 0007 07 05 8080808010", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "columns longer than the frame", "1103 0009 09 00000001 02 04 dead", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "slice of nearly 2^64 bytes", "1001 000c 01 ffffffffffffffffff01 00", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "text that is not UTF-8", "3f01 0003 01 01 ff", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "text with a NUL", "3f01 0004 01 02 6100", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "kind of task longer than 15", "2200 0015 01 00 00 10 61616161616161616161616161616161 00",
        NH_EFORMAT, NH_WIRE_SYNTAX },
    { "identity empty", "3101 0001 00", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "key of 31 bytes", "3001 0021 01 61" ID16 "000102030405060708090a0b0c0d0e", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "retry from 6 to 5 s", "3e01 0003 0f 06 05", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "EVENT without content", "1301 0000", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "EVENT in the year 292 million", "1301 0015 01 00000000 01 01 61 00 feffffffffffffff7f 00 00 00",
        NH_EFORMAT, NH_WIRE_SYNTAX },
    { "EVENT without a name", "1301 000c 01 00000000 01 00 00 02 00 00 00", NH_EFORMAT,
        NH_WIRE_SYNTAX },
    { "GAP without content", "1403 0000", NH_EFORMAT, NH_WIRE_SYNTAX },
    { "GAP with an empty gap", "1403 0006 01 00000000 00", NH_EFORMAT, NH_WIRE_SYNTAX },
};
/* clang-format on */

static void
hex_of(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Decode bytes that are as long as they say and not a byte longer (for sanitizers). */
static enum nh_err
decode(const uint8_t *bytes, size_t len, size_t max, struct nh_msg *msg, size_t *used,
    size_t *need, enum nh_wire_error *code)
{
    static uint8_t *kept;
    uint8_t *exact = malloc(len > 0 ? len : 1);

    memcpy(exact, bytes, len);
    free(kept); /* the one before: its slices are done with */
    kept = exact;
    return nh_wire_decode(nh_slice_of(exact, len), max, msg, used, need, code);
}

static void
golden_frames(void)
{
    for (size_t i = 0; i < NH_COUNT(golden); i++) {
        char got[1024] = "", want[1024] = "";
        uint8_t raw[512];
        size_t len = unhex(raw, sizeof(raw), golden[i].hex), used = 0, need;
        struct nh_msg back = { .type = 0 };
        struct nh_buf out, again;
        enum nh_wire_error code;

        nh_buf_init(&out, 4096);
        nh_buf_init(&again, 4096);
        CHECK_EQ(nh_wire_encode(&golden[i].msg, &out), NH_OK, golden[i].name);
        hex_of(out.data, out.len, got);
        hex_of(raw, len, want);
        CHECK_STR(got, want, golden[i].name);
        CHECK_EQ(decode(raw, len, NH_FRAME_MAX, &back, &used, &need, &code), NH_OK,
            golden[i].name);
        CHECK_EQ(used, len, golden[i].name);
        CHECK_STR(nh_frame_name(back.type), golden[i].name, "name");
        CHECK_EQ(nh_wire_encode(&back, &again), NH_OK, golden[i].name);
        hex_of(again.data, again.len, got);
        CHECK_STR(got, want, golden[i].name);
        nh_buf_fini(&out);
        nh_buf_fini(&again);
    }
}

/* Every golden frame, cut after each byte: never an error, always the right need. And
 * with three bytes of fields to come: taken, and skipped. */
static void
cut_and_extended(void)
{
    for (size_t i = 0; i < NH_COUNT(golden); i++) {
        uint8_t raw[512];
        size_t len = unhex(raw, sizeof(raw), golden[i].hex), used = 0, need;
        struct nh_msg back;
        enum nh_wire_error code;

        for (size_t n = 0; n < len; n++) {
            CHECK_EQ(decode(raw, n, NH_FRAME_MAX, &back, &used, &need, &code), NH_EAGAIN,
                golden[i].name);
            CHECK_EQ(need, n < NH_FRAME_HEAD ? NH_FRAME_HEAD : len, golden[i].name);
        }
        memset(raw + len, 0xff, 3);
        raw[3] = (uint8_t)(raw[3] + 3);
        CHECK_EQ(decode(raw, len + 3, NH_FRAME_MAX, &back, &used, &need, &code), NH_OK,
            golden[i].name);
        CHECK_EQ(used, len + 3, golden[i].name);
    }
}

static void
refused(void)
{
    for (size_t i = 0; i < NH_COUNT(rejects); i++) {
        uint8_t raw[128];
        size_t len = unhex(raw, sizeof(raw), rejects[i].hex), used, need;
        struct nh_msg msg;
        enum nh_wire_error code = 0;

        CHECK_EQ(decode(raw, len, NH_FRAME_MAX, &msg, &used, &need, &code),
            rejects[i].want, rejects[i].name);
        CHECK_EQ(code, rejects[i].code, rejects[i].name);
    }
}

static void
limits(void)
{
    static uint8_t big[NH_FRAME_MAX + 16];
    struct nh_msg msg = { .type = NH_READINGS }, back;
    enum nh_wire_error code = 0;
    struct nh_buf out;
    size_t used, need;

    big[0] = NH_READINGS;
    big[2] = 0x02; /* 513 bytes with its head */
    CHECK_EQ(nh_wire_decode(nh_slice_of(big, 4), NH_FRAME_MAX_BEFORE_HELLO, &back, &used,
                 &need, &code),
        NH_ETOOBIG, "before HELLO");
    CHECK_EQ(code, NH_WIRE_TOO_BIG, "code");
    CHECK_EQ(
        nh_wire_decode(nh_slice_of(big, 4), NH_FRAME_MAX, &back, &used, &need, &code),
        NH_EAGAIN, "after it");
    nh_buf_init(&out, 1 << 20);
    msg.u.readings.columns = nh_slice_of(big, 65535 - 9);
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_OK, "the largest");
    CHECK_EQ(out.len, NH_FRAME_MAX, "its length");
    CHECK_EQ(nh_wire_decode(nh_slice_of(out.data, out.len), NH_FRAME_MAX, &back, &used,
                 &need, &code),
        NH_OK, "and back");
    msg.u.readings.columns = nh_slice_of(big, 65535 - 8);
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_ETOOBIG, "one byte more");
    CHECK_EQ(out.len, NH_FRAME_MAX, "nothing of it is left behind");
    msg.type = 0x09;
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_EINVAL, "unknown");
    nh_buf_fini(&out);
}

static void
unknown_is_skipped(void)
{
    uint8_t raw[16];
    size_t len = unhex(raw, sizeof(raw), "0900 0003 ffffff 0300"), used = 0, need;
    enum nh_wire_error code;
    struct nh_msg msg;

    CHECK_EQ(decode(raw, len, NH_FRAME_MAX, &msg, &used, &need, &code), NH_OK, "09");
    CHECK_EQ(used, 7, "its bytes");
    CHECK_EQ(msg.type, 9, "its type");
    CHECK_STR(nh_frame_name(9), "?", "no name");
}

/* "...tỉnh" cut within ỉ by a field's end goes out without the half character. */
static void
half_a_character(void)
{
    struct nh_msg msg = { .type = NH_ERROR }, back;
    enum nh_wire_error code;
    struct nh_buf out;
    size_t used, need;

    memset(msg.u.error.text, 'x', 125);
    msg.u.error.text[125] = (char)0xe1;
    msg.u.error.text[126] = (char)0xbb;
    nh_buf_init(&out, 4096);
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_OK, "encode");
    CHECK_EQ(nh_wire_decode(nh_slice_of(out.data, out.len), NH_FRAME_MAX, &back, &used,
                 &need, &code),
        NH_OK, "decode");
    CHECK_EQ(strlen(back.u.error.text), 125, "without its half");
    nh_buf_fini(&out);
}

static void
events_and_gaps(void)
{
    struct nh_msg msg = { .type = NH_EVENT }, back;
    struct nh_event *e = &msg.u.event.event;
    enum nh_wire_error code;
    struct nh_buf out;
    size_t used, need;

    nh_buf_init(&out, 4096);
    msg.u.event.pos = NH_POS(3, 9);
    msg.u.event.chain = 77;
    msg.u.event.epoch = 3;
    snprintf(e->name, sizeof(e->name), "on_battery");
    snprintf(e->object, sizeof(e->object), "site/ups");
    snprintf(e->text, sizeof(e->text), "mất điện");
    e->mono_ms = 12345;
    e->uptime_s = -1;
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_OK, "EVENT");
    CHECK_EQ(nh_wire_decode(nh_slice_of(out.data, out.len), NH_FRAME_MAX, &back, &used,
                 &need, &code),
        NH_OK, "EVENT");
    CHECK_EQ(back.u.event.pos, NH_POS(3, 9), "pos");
    CHECK_EQ(back.u.event.chain, 77, "chain");
    CHECK_STR(back.u.event.event.name, "on_battery", "name");
    CHECK_STR(back.u.event.event.text, "mất điện", "text");
    CHECK_EQ(back.u.event.event.mono_ms, 12345, "time");
    nh_buf_clear(&out);
    msg = (struct nh_msg){ .type = NH_GAP };
    msg.u.gap.pos = 5;
    msg.u.gap.gap = (struct nh_gap){ .from = NH_POS(1, 1),
        .to = NH_POS(2, 4),
        .from_wall_ms = 1785000000000,
        .to_wall_ms = 1785000060000,
        .count = 12,
        .reason = NH_GAP_DAMAGED };
    CHECK_EQ(nh_wire_encode(&msg, &out), NH_OK, "GAP");
    CHECK_EQ(nh_wire_decode(nh_slice_of(out.data, out.len), NH_FRAME_MAX, &back, &used,
                 &need, &code),
        NH_OK, "GAP");
    CHECK_EQ(back.u.gap.gap.from, NH_POS(1, 1), "from");
    CHECK_EQ(back.u.gap.gap.to, NH_POS(2, 4), "to");
    CHECK_EQ(back.u.gap.gap.count, 12, "count");
    CHECK_EQ(back.u.gap.gap.to_wall_ms, 1785000060000, "to wall");
    CHECK_EQ(back.u.gap.gap.reason, NH_GAP_DAMAGED, "reason");
    nh_buf_fini(&out);
}

static void
assignments(void)
{
    struct nh_assignment a = { .every_ms = 10000 }, back;
    struct nh_slice in;
    struct nh_buf out;

    nh_buf_init(&out, 4096);
    snprintf(a.check, sizeof(a.check), "site/wan1/path");
    snprintf(a.kind, sizeof(a.kind), "path");
    snprintf(a.sensor, sizeof(a.sensor), "icmp");
    snprintf(a.params, sizeof(a.params), "target=192.0.2.9\n");
    nh_assignment_encode(&a, &out);
    nh_assignment_encode(&a, &out);
    in = nh_slice_of(out.data, out.len);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(nh_assignment_decode(&in, &back), NH_OK, "one of two");
        CHECK(memcmp(&a, &back, sizeof(a)) == 0);
    }
    CHECK_EQ(in.len, 0, "no byte left");
    CHECK_EQ(nh_assignment_decode(&in, &back), NH_EFORMAT, "none left");
    nh_buf_clear(&out);
    a.every_ms = 0;
    nh_assignment_encode(&a, &out);
    in = nh_slice_of(out.data, out.len);
    CHECK_EQ(nh_assignment_decode(&in, &back), NH_EFORMAT, "every 0 ms");
    nh_buf_fini(&out);
}

/* The direction in the table of messages and the tables of states tell the same. */
static void
directions(void)
{
    CHECK(memcmp(id16, golden[0].msg.u.hello.stream_id, sizeof(id16)) == 0);
    for (int type = 0; type < 256; type++) {
        uint8_t t = (uint8_t)type;

        if (strcmp(nh_frame_name(t), "?") == 0) {
            CHECK(!nh_frame_to_agent(t) && !nh_frame_to_collector(t));
            continue;
        }
        for (int s = 0; s < NH_AGENT_STATES; s++)
            if (nh_agent_may_hear((enum nh_agent_state)s, t, 0) == 0)
                CHECK_NAMED(nh_frame_to_agent(t), nh_frame_name(t));
        for (int s = 0; s < NH_COLLECTOR_STATES; s++)
            if (nh_collector_may_hear((enum nh_collector_state)s, t, 0) == 0)
                CHECK_NAMED(nh_frame_to_collector(t), nh_frame_name(t));
    }
}

int
main(void)
{
    RUN(golden_frames);
    RUN(cut_and_extended);
    RUN(refused);
    RUN(limits);
    RUN(unknown_is_skipped);
    RUN(half_a_character);
    RUN(events_and_gaps);
    RUN(assignments);
    RUN(directions);
    return check_done();
}
