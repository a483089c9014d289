/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.c - heads and small records as bytes: golden, cut off anywhere, out of range */
#include "libnhip/record.h"
#include "tests/unit/check.h"
#include <stdlib.h>

enum codec { ORIGIN, SOURCE, BOOT, EVENT };

/* Decode `in` and encode what came out of it again. */
static enum nh_err
again(enum codec codec, struct nh_slice *in, struct nh_buf *out)
{
    struct nh_origin origin;
    struct nh_source source;
    struct nh_boot boot;
    struct nh_event event;
    enum nh_err err = NH_EINVAL;

    switch (codec) {
    case ORIGIN:
        if ((err = nh_origin_decode(in, &origin)) == NH_OK)
            nh_origin_encode(&origin, out);
        break;
    case SOURCE:
        if ((err = nh_source_decode(in, &source)) == NH_OK)
            nh_source_encode(&source, out);
        break;
    case BOOT:
        if ((err = nh_boot_decode(in, &boot)) == NH_OK)
            nh_boot_encode(&boot, out);
        break;
    case EVENT:
        if ((err = nh_event_decode(in, &event)) == NH_OK)
            nh_event_encode(&event, out);
        break;
    }
    return err;
}

#define ID16 "00010203 04050607 08090a0b 0c0d0e0f"

static const struct {
    const char *name;
    enum codec codec;
    const char *hex;
} golden_rows[] = {
    { "origin", ORIGIN, "07 818080808040 deadbeef 02 d00f 7f d10f" },
    { "origin of zeros", ORIGIN, "00 00 00000000 00 00 00 00" },
    { "origin at the ends", ORIGIN,
        "ffffffff0f ffffffffffffffffff01 ffffffff ffffffff0f 8080808080808020 ffffffff0f "
        "ffffffffffffff1f" },
    { "source", SOURCE, "01 08 7472612d6c696e68" ID16 " 818080808040 0a0b0c0d" },
    { "the collector itself", SOURCE, "00 00" ID16 " 00 00000000" },
    { "boot", BOOT, "01 02" ID16 " d00f d20f 02" },
    { "event", EVENT, "09 6c696e6b5f646f776e 06 612f766e7074 d00f 01 00 00" },
    { "session_up", EVENT,
        "0a 73657373696f6e5f7570 01 61 d00f 14 04 30663166 08 e1bb93 206f6b6179" },
};

static void
golden(void)
{
    for (size_t i = 0; i < NH_COUNT(golden_rows); i++) {
        const char *name = golden_rows[i].name;
        uint8_t raw[128];
        size_t len = unhex(raw, sizeof(raw), golden_rows[i].hex);
        struct nh_slice in = nh_slice_of(raw, len);
        struct nh_buf out;

        nh_buf_init(&out, 1024);
        CHECK_EQ(again(golden_rows[i].codec, &in, &out), NH_OK, name);
        CHECK_EQ(in.len, 0, name);
        CHECK_NAMED(out.len == len && memcmp(out.data, raw, len) == 0, name);
        for (size_t cut = 0; cut < len; cut++) {
            uint8_t *exact = malloc(cut > 0 ? cut : 1);

            memcpy(exact, raw, cut);
            in = nh_slice_of(exact, cut);
            CHECK_EQ(again(golden_rows[i].codec, &in, &out), NH_EFORMAT, name);
            free(exact);
        }
        nh_buf_fini(&out);
    }
}

static void
fields(void)
{
    uint8_t raw[128];
    struct nh_slice in = nh_slice_of(raw, unhex(raw, sizeof(raw), golden_rows[0].hex));
    struct nh_origin o;
    struct nh_boot b;
    struct nh_event e;

    CHECK_EQ(nh_origin_decode(&in, &o), NH_OK, "origin");
    CHECK_EQ(o.source, 7, "source");
    CHECK_EQ(o.agent_pos, NH_POS(2, 1), "position 1 of epoch 2");
    CHECK_EQ(o.agent_chain, 0xdeadbeef, "chain");
    CHECK_EQ(o.epoch, 2, "epoch");
    CHECK_EQ(o.offset_ms, 1000, "offset");
    CHECK_EQ(o.error_ms, 127, "error");
    CHECK_EQ(o.arrived_ms, -1001, "arrived");
    in = nh_slice_of(raw, unhex(raw, sizeof(raw), golden_rows[5].hex));
    CHECK_EQ(nh_boot_decode(&in, &b), NH_OK, "boot");
    CHECK_EQ(b.boot_id[15], 15, "boot id");
    CHECK_EQ(b.wall_ms, 1001, "wall");
    CHECK_EQ(b.quality, 2, "quality");
    in = nh_slice_of(raw, unhex(raw, sizeof(raw), golden_rows[7].hex));
    CHECK_EQ(nh_event_decode(&in, &e), NH_OK, "event");
    CHECK_STR(e.name, "session_up", "name");
    CHECK_STR(e.object, "a", "object");
    CHECK_EQ(e.uptime_s, 10, "uptime");
    CHECK_STR(e.boot, "0f1f", "boot");
    CHECK_STR(e.text, "ồ okay", "text");
}

static const struct {
    const char *name;
    enum codec codec;
    const char *hex;
} reject_rows[] = {
    { "source over 32 bits", ORIGIN, "8080808010 00 00000000 00 00 00 00" },
    { "epoch over 32 bits", ORIGIN, "00 00 00000000 8080808010 00 00 00" },
    { "error over 32 bits", ORIGIN, "00 00 00000000 00 00 8080808010 00" },
    { "offset past 2^53", ORIGIN, "00 00 00000000 00 8280808080808020 00 00" },
    { "offset before -2^53", ORIGIN, "00 00 00000000 00 8180808080808020 00 00" },
    { "arrived past 2^53", ORIGIN, "00 00 00000000 00 00 00 feffffffffffffffff01" },
    { "varint longer than it need be", ORIGIN, "8000 00 00000000 00 00 00 00" },
    { "site of 64 bytes", SOURCE,
        "00 40 61616161616161616161616161616161 61616161616161616161616161616161"
        "61616161616161616161616161616161 61616161616161616161616161616161" ID16
        " 00 00000000" },
    { "site with a NUL", SOURCE, "00 01 00" ID16 " 00 00000000" },
    { "boot past 2^53", BOOT, "01 02" ID16 " feffffffffffffffff01 d20f 02" },
    { "a quality that there is not", BOOT, "01 02" ID16 " d00f d20f 03" },
    { "event without a name", EVENT, "00 01 61 d00f 01 00 00" },
    { "event past 2^53", EVENT, "01 61 01 61 feffffffffffffffff01 01 00 00" },
    { "text that is not UTF-8", EVENT, "01 61 01 61 d00f 01 00 01 ff" },
    { "name of 32 bytes", EVENT,
        "20 61616161616161616161616161616161 61616161616161616161616161616161"
        "01 61 d00f 01 00 00" },
    { "boot of 33 digits", EVENT,
        "01 61 01 61 d00f 01 21 30303030303030303030303030303030"
        "30303030303030303030303030303030 30 00" },
};

static void
rejects(void)
{
    for (size_t i = 0; i < NH_COUNT(reject_rows); i++) {
        uint8_t raw[192];
        struct nh_slice in =
            nh_slice_of(raw, unhex(raw, sizeof(raw), reject_rows[i].hex));
        struct nh_buf out;

        nh_buf_init(&out, 1024);
        CHECK_EQ(again(reject_rows[i].codec, &in, &out), NH_EFORMAT, reject_rows[i].name);
        nh_buf_fini(&out);
    }
}

int
main(void)
{
    RUN(golden);
    RUN(fields);
    RUN(rejects);
    return check_done();
}
