/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch.c - dictionaries and columns: there and back, size, and what is refused */
#include "libnhip/reading.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

static struct nh_dict *
dict_of(const char *const *ids, const char *const *kinds, size_t count)
{
    struct nh_dict *d = NULL;

    if (nh_dict_new(&d) != NH_OK)
        abort();
    for (size_t i = 0; i < count; i++) {
        uint32_t number = 0;

        CHECK_EQ(nh_dict_add(d, ids[i], nh_kind_find(kinds[i]), &number), NH_OK, ids[i]);
        CHECK_EQ(number, i + 1, ids[i]);
    }
    return d;
}

static struct nh_dict *
box_dict(void)
{
    static const char *const ids[] = { "a/vnpt/path", "a/vnpt/gateway", "a/vnpt/port",
        "a/viettel/path", "a/viettel/gateway", "a/viettel/port" };
    static const char *const kinds[] = { "path", "gateway", "port", "path", "gateway",
        "port" };

    return dict_of(ids, kinds, 6);
}

static void
dictionary(void)
{
    struct nh_dict *d = box_dict(), *copy = NULL;
    struct nh_buf b;
    struct nh_slice in;
    uint32_t number = 0;

    CHECK_EQ(
        nh_dict_add(d, "a/vnpt/port", nh_kind_find("port"), &number), NH_OK, "again");
    CHECK_EQ(number, 3, "the same number");
    CHECK_EQ(
        nh_dict_add(d, "a/vnpt/port", nh_kind_find("host"), &number), NH_EINVAL, "kind");
    CHECK_EQ(nh_dict_add(d, "", nh_kind_find("host"), &number), NH_EINVAL, "no id");
    CHECK_EQ(
        nh_dict_add(d, "\xff", nh_kind_find("host"), &number), NH_EINVAL, "not UTF-8");
    CHECK(nh_dict_find(d, "nowhere") == NULL);
    CHECK(nh_dict_get(d, 0) == NULL && nh_dict_get(d, 7) == NULL);
    nh_buf_init(&b, 100000);
    nh_dict_encode(d, 1, 6, &b);
    CHECK_EQ(nh_dict_new(&copy), NH_OK, "new");
    in = nh_slice_of(b.data, b.len);
    CHECK_EQ(nh_dict_decode(copy, &in), NH_OK, "decode");
    CHECK_EQ(nh_dict_count(copy), 6, "count");
    CHECK(nh_dict_find(copy, "a/viettel/port")->kind == nh_kind_find("port"));
    in = nh_slice_of(b.data, b.len);
    CHECK_EQ(nh_dict_decode(copy, &in), NH_OK, "the same again is fine");
    for (size_t cut = 1; cut < b.len; cut++) {
        struct nh_dict *part = NULL;

        CHECK_EQ(nh_dict_new(&part), NH_OK, "new");
        in = nh_slice_of(b.data, cut);
        (void)!nh_dict_decode(part, &in);
        nh_dict_free(part);
    }
    nh_dict_free(copy);
    nh_dict_free(d);
    nh_buf_fini(&b);
}

static void
kinds_of_the_future(void)
{
    static const struct nh_metric more[] = { { "sent", "", 0, 0, 1 },
        { "novel", "x", 2, 0, 1 } };
    static const struct nh_kind future = { "far", more, 2, 10 },
                                other = { "tides", more, 2, 10 };
    struct nh_dict *d = NULL, *copy = NULL;
    const struct nh_check *check;
    struct nh_slice in;
    struct nh_buf b;
    uint32_t n;

    nh_buf_init(&b, 1000);
    CHECK_EQ(nh_dict_new(&d), NH_OK, "new");
    CHECK_EQ(nh_dict_new(&copy), NH_OK, "new");
    CHECK_EQ(nh_dict_add(d, "a/b/far", &future, &n), NH_OK, "add");
    CHECK_EQ(nh_dict_add(d, "a/tides", &other, &n), NH_OK, "add");
    nh_dict_encode(d, 1, 2, &b);
    in = nh_slice_of(b.data, b.len);
    CHECK_EQ(nh_dict_decode(copy, &in), NH_OK, "decode");
    check = nh_dict_find(copy, "a/tides");
    CHECK_STR(check->kind->name, "tides", "an unknown kind is kept");
    CHECK_STR(check->kind->metrics[1].name, "novel", "with its metrics");
    CHECK_EQ(check->kind->metrics[1].decimals, 2, "and their resolution");
    CHECK_STR(
        nh_dict_find(copy, "a/b/far")->kind->metrics[1].name, "novel", "far of its own");
    nh_buf_fini(&b);
    nh_dict_free(copy);
    nh_dict_free(d);
}

static uint64_t
draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void
round_of(struct nh_reading *r, int64_t at, uint64_t *rng)
{
    for (uint32_t i = 0; i < 6; i++) {
        r[i] = (struct nh_reading){ .check = i + 1, .mono_ms = at };
        if (i % 3 == 2) {
            r[i].present = 0x7f;
            r[i].value[NH_PORT_OPER] = 1;
            r[i].value[NH_PORT_RX_BPS] = 2000000 + (int64_t)(draw(rng) % 500000);
            r[i].value[NH_PORT_TX_BPS] = 500000 + (int64_t)(draw(rng) % 100000);
            continue;
        }
        r[i].present = 0x3f;
        r[i].value[NH_ICMP_SENT] = 5;
        r[i].value[NH_ICMP_RTT_MIN] = 9000 + (int64_t)(draw(rng) % 300);
        r[i].value[NH_ICMP_RTT_AVG] =
            r[i].value[NH_ICMP_RTT_MIN] + (int64_t)(draw(rng) % 300);
        r[i].value[NH_ICMP_RTT_MAX] =
            r[i].value[NH_ICMP_RTT_AVG] + (int64_t)(draw(rng) % 900);
        r[i].value[NH_ICMP_JITTER] = (int64_t)(draw(rng) % 400);
    }
}

static bool
same(const struct nh_reading *a, const struct nh_reading *b)
{
    if (a->check != b->check || a->mono_ms != b->mono_ms || a->present != b->present)
        return false;
    for (int i = 0; i < NH_METRICS_MAX; i++)
        if ((a->present >> i & 1) != 0 && a->value[i] != b->value[i])
            return false;
    return true;
}

static void
check_there_and_back(
    const struct nh_dict *d, struct nh_reading *r, size_t count, const char *name)
{
    static struct nh_reading got[NH_BATCH_READINGS_MAX];
    struct nh_slice in;
    struct nh_buf b;
    int64_t base = 0;
    size_t n = 0, bad = 0;

    nh_buf_init(&b, 1 << 20);
    CHECK_EQ(nh_batch_encode(d, r, count, &b), NH_OK, name);
    in = nh_slice_of(b.data, b.len);
    CHECK_EQ(nh_batch_decode(d, in, got, NH_COUNT(got), &n), NH_OK, name);
    CHECK_EQ(n, count, name);
    for (size_t i = 0; i < n && n == count; i++)
        bad += !same(&r[i], &got[i]); /* encode has sorted r */
    CHECK_EQ(bad, 0, name);
    CHECK_EQ(nh_batch_base(in, &base), NH_OK, name);
    for (size_t i = 0; i < count; i++)
        CHECK(base <= r[i].mono_ms);
    if (count > 1)
        CHECK_EQ(nh_batch_decode(d, in, got, count - 1, &n), NH_ETOOBIG, name);
    for (size_t cut = 0; cut < b.len;
         cut++) /* truncated anywhere: an error, or fewer groups */
        if (nh_batch_decode(d, nh_slice_of(b.data, cut), got, NH_COUNT(got), &n) == NH_OK)
            CHECK_NAMED(n < count, name);
    nh_buf_fini(&b);
}

static void
there_and_back(void)
{
    struct nh_dict *d = box_dict();
    struct nh_reading r[64];
    uint64_t rng = 4711;

    round_of(r, 123456789, &rng);
    check_there_and_back(d, r, 6, "one round");
    for (int i = 0; i < 10; i++)
        round_of(r + 6 * i, 1000000 + 10000 * i, &rng);
    check_there_and_back(d, r, 60, "ten rounds");
    for (int turn = 0; turn < 300; turn++) {
        size_t count = 1 + draw(&rng) % 40;

        for (size_t i = 0; i < count; i++) {
            r[i] = (struct nh_reading){ .check = 1 + (uint32_t)(draw(&rng) % 6),
                .mono_ms = (int64_t)(draw(&rng) % 1000000) };
            r[i].present = (uint32_t)draw(&rng) & 0x3f;
            for (int k = 0; k < 6; k++)
                r[i].value[k] = (int64_t)(draw(&rng) >> draw(&rng) % 64);
        }
        check_there_and_back(d, r, count, "anything");
    }
    r[0] =
        (struct nh_reading){ .check = 1, .mono_ms = -(INT64_C(1) << 53), .present = 3 };
    r[1] = (struct nh_reading){ .check = 1, .mono_ms = INT64_C(1) << 53, .present = 3 };
    r[0].value[0] = INT64_MIN;
    r[1].value[0] = INT64_MAX;
    check_there_and_back(d, r, 2, "the ends of the numbers");
    nh_dict_free(d);
}

static void
compact(void)
{
    struct nh_dict *d = box_dict();
    struct nh_reading r[60];
    struct nh_buf b;
    uint64_t rng = 99;

    nh_buf_init(&b, 10000);
    round_of(r, 123456789, &rng);
    CHECK_EQ(nh_batch_encode(d, r, 6, &b), NH_OK, "encode");
    CHECK_NAMED(
        b.len < 38 * 5 / 2, "a round of 38 values takes fewer than 2.5 bytes a value");
    printf("     one round: %.2f bytes a value\n", (double)b.len / 38);
    nh_buf_clear(&b);
    for (int i = 0; i < 10; i++)
        round_of(r + 6 * i, 1000000 + 10000 * i, &rng);
    CHECK_EQ(nh_batch_encode(d, r, 60, &b), NH_OK, "encode");
    CHECK_NAMED(b.len < 380 * 3 / 2, "ten rounds take fewer than 1.5");
    printf("     ten rounds: %.2f bytes a value\n", (double)b.len / 380);
    nh_buf_fini(&b);
    nh_dict_free(d);
}

/* Frames as they are on the wire: what they mean and that they are written so. */
static void
golden(void)
{
    static const struct {
        const char *name, *hex;
        uint32_t present;
        int64_t mono_ms, value[2];
        bool ours; /* the encoder writes these bytes */
    } rows[] = {
        { "path: sent 5, lost 1", "d00f 01 05 02 00 02 05 0a 07", 3, 1000, { 5, 1 },
            true },
        { "sent only", "d00f 01 05 02 00 01 01 0a", 1, 1000, { 5, 0 }, true },
        { "nothing known", "d00f 01 05 02 00 00", 0, 1000, { 0, 0 }, true },
        { "a column of doubles", "d00f 01 05 02 00 01 03 01 01 4014000000000000", 1, 1000,
            { 5, 0 }, false },
        { "a bitmap that is full", "d00f 01 05 02 00 01 03 00 01 14", 1, 1000, { 5, 0 },
            false },
    };
    struct nh_dict *d = box_dict();

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_reading r;
        struct nh_buf b;
        uint8_t raw[64];
        size_t len = unhex(raw, sizeof(raw), rows[i].hex), n = 0;

        nh_buf_init(&b, 64);
        CHECK_EQ(nh_batch_decode(d, nh_slice_of(raw, len), &r, 1, &n), 0, rows[i].name);
        CHECK_EQ(n, 1, rows[i].name);
        CHECK_EQ(r.check, 1, rows[i].name);
        CHECK_EQ(r.mono_ms, rows[i].mono_ms, rows[i].name);
        CHECK_EQ(r.present, rows[i].present, rows[i].name);
        for (int m = 0; m < 2; m++)
            if (r.present >> m & 1)
                CHECK_EQ(r.value[m], rows[i].value[m], rows[i].name);
        CHECK_EQ(nh_batch_encode(d, &r, 1, &b), NH_OK, rows[i].name);
        if (rows[i].ours)
            CHECK_NAMED(b.len == len && memcmp(b.data, raw, len) == 0, rows[i].name);
        nh_buf_fini(&b);
    }
    nh_dict_free(d);
}

/* An older agent's gateway has six metrics, ours ten some day: both ways round. */
static void
kinds_that_grow(void)
{
    static const struct nh_metric metrics[] = { { "a", "", 0, 0, 9 },
        { "b", "", 0, 0, 9 }, { "c", "", 0, 0, 9 } };
    static const struct nh_kind older = { "well", metrics, 2, 60 },
                                newer = { "well", metrics, 3, 60 };
    struct nh_dict *agent = NULL, *collector = NULL;
    struct nh_reading r = { .check = 1, .mono_ms = 5, .present = 3, .value = { 7, 8 } };
    struct nh_buf entries, columns;
    struct nh_slice in;
    uint32_t n;
    size_t count;

    nh_buf_init(&entries, 1000);
    nh_buf_init(&columns, 1000);
    CHECK_EQ(nh_dict_new(&agent), NH_OK, "new");
    CHECK_EQ(nh_dict_new(&collector), NH_OK, "new");
    CHECK_EQ(nh_dict_add(agent, "a/well", &older, &n), NH_OK, "older");
    CHECK_EQ(nh_batch_encode(agent, &r, 1, &columns), NH_OK, "encode");
    nh_dict_encode(agent, 1, 1, &entries);
    CHECK_EQ(nh_dict_add(agent, "a/well", &newer, &n), NH_OK, "the agent is upgraded");
    CHECK_EQ(nh_dict_get(agent, 1)->kind->count, 3, "and its check with it");
    nh_dict_encode(agent, 1, 1, &entries);
    in = nh_slice_of(entries.data, entries.len);
    CHECK_EQ(nh_dict_decode(collector, &in), NH_OK, "both entries");
    CHECK_EQ(nh_dict_get(collector, 1)->kind->count, 3, "the longer one stays");
    CHECK_EQ(nh_dict_add(collector, "a/well", &older, &n), NH_OK, "an older one agrees");
    CHECK_EQ(nh_dict_get(collector, 1)->kind->count, 3, "and takes nothing away");
    memset(&r, 0, sizeof(r));
    CHECK_EQ(
        nh_batch_decode(collector, nh_slice_of(columns.data, columns.len), &r, 1, &count),
        NH_OK, "readings of the older form");
    CHECK_EQ(r.present, 3, "two of three");
    CHECK_EQ(r.value[1], 8, "as they were");
    nh_buf_fini(&entries);
    nh_buf_fini(&columns);
    nh_dict_free(agent);
    nh_dict_free(collector);
}

static void
rejects(void)
{
    static const struct {
        const char *name, *hex;
        enum nh_err want;
    } rows[] = {
        { "nothing", "", NH_EFORMAT },
        { "a base alone", "02", NH_EFORMAT },
        { "a group of none", "02 00", NH_EFORMAT },
        { "more readings than the limit", "02 ffffff7f 05", NH_ETOOBIG },
        { "no check column", "02 01 04 00", NH_EFORMAT },
        { "a check that nobody named", "02 01 05 12 00", NH_ENOTFOUND },
        { "no metrics", "02 01 05 02 00", NH_EFORMAT },
        { "forms cut off", "02 01 05 02 00 01", NH_EFORMAT },
        { "more metrics than the kind", "02 01 05 02 00 0b 00 00 00", NH_EFORMAT },
        { "a time past 2^53", "02 01 05 02 ffffffffffffffff7f 00", NH_EFORMAT },
        { "not a number", "02 01 05 02 00 01 03 01 01 7ff8000000000000", NH_EFORMAT },
        { "a bitmap cut off", "02 01 05 02 00 01 03 00", NH_EFORMAT },
        { "a run before any value", "02 02 06 05 00", NH_EFORMAT },
        { "a run past its column", "02 02 06 04 0b 00", NH_EFORMAT },
        { "a varint longer than it need be", "02 01 05 8200 00", NH_EFORMAT },
        { "an unknown other form", "02 01 05 02 00 01 03 02 01", NH_EFORMAT },
    };
    struct nh_dict *d = box_dict();
    struct nh_reading r[64];

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        uint8_t raw[64];
        size_t len = unhex(raw, sizeof(raw), rows[i].hex), n;

        CHECK_EQ(nh_batch_decode(d, nh_slice_of(raw, len), r, NH_COUNT(r), &n),
            rows[i].want, rows[i].name);
        CHECK_EQ(n, 0, rows[i].name);
    }
    nh_dict_free(d);
}

int
main(void)
{
    RUN(dictionary);
    RUN(kinds_of_the_future);
    RUN(there_and_back);
    RUN(compact);
    RUN(golden);
    RUN(kinds_that_grow);
    RUN(rejects);
    return check_done();
}
