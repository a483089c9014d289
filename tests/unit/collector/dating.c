/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dating: anchors by boot, the guess for a boot that never met the collector, the future
 */
#include "collector/dating.h"
#include "libnhip/clock.h"
#include "tests/unit/check.h"

#define NOW INT64_C(1790000000000)

static const uint8_t boot_a[NH_STREAM_ID_LEN] = { 1 }, boot_b[NH_STREAM_ID_LEN] = { 2 };

static struct nh_boot
boot(
    const uint8_t id[NH_STREAM_ID_LEN], int64_t mono_ms, int64_t wall_ms, uint8_t quality)
{
    struct nh_boot b = {
        .epoch = 1, .mono_ms = mono_ms, .wall_ms = wall_ms, .quality = quality
    };

    memcpy(b.boot_id, id, sizeof(b.boot_id));
    return b;
}

/* The agent's own clock says 1970 or 2033: it does not matter once there is an anchor. */
static void
anchored_ignores_the_agents_clock(void)
{
    static const int64_t walls[] = { 0, NOW, INT64_C(2000000000000) };

    for (size_t i = 0; i < NH_COUNT(walls); i++) {
        struct dating d = { 0 };
        struct nh_boot b = boot(boot_a, 1000, walls[i], NH_CLOCK_SET);
        int64_t offset = 0;
        uint32_t error = 0;

        CHECK_EQ(dating_anchor(&d, boot_a, (struct nh_anchor){ 50000, NOW, 20 }), NH_OK,
            "anchor");
        CHECK_EQ(dating_offset(&d, &b, 50000, NOW, &offset, &error), NH_OK, "offset");
        CHECK_EQ(offset, NOW - 50000, "by the anchor");
        CHECK(error < 1000);
        dating_fini(&d);
    }
}

static void
unmet_boot_goes_by_its_clock_when_that_fits(void)
{
    struct dating d = { 0 };
    struct nh_boot b = boot(boot_a, 1000, NOW - 3600000, NH_CLOCK_SYNCHRONISED);
    int64_t offset = 0;
    uint32_t error = 0;

    dating_seen(&d, NOW - 7200000);
    CHECK_EQ(dating_anchor(&d, boot_b, (struct nh_anchor){ 60000, NOW, 10 }), NH_OK, "b");
    CHECK_EQ(dating_offset(&d, &b, 5000, NOW, &offset, &error), NH_OK, "offset");
    CHECK_EQ(offset, NOW - 3600000 - 1000, "its own clock");
    CHECK(error >= 1000);
    dating_fini(&d);
}

static void
unmet_boot_without_clock_is_bracketed(void)
{
    static const struct {
        const char *name;
        int64_t wall_ms;
        uint8_t quality;
    } clocks[] = {
        { "1970", 5000, NH_CLOCK_UNSET },
        { "before what is known", NOW - 90000000, NH_CLOCK_SET },
        { "2033", INT64_C(2000000000000), NH_CLOCK_SET },
    };

    for (size_t i = 0; i < NH_COUNT(clocks); i++) {
        struct dating d = { 0 };
        struct nh_boot b = boot(boot_a, 1000, clocks[i].wall_ms, clocks[i].quality);
        int64_t offset = 0, later = 0;
        uint32_t error = 0;

        dating_seen(&d, NOW - 7200000);
        CHECK_EQ(dating_anchor(&d, boot_b, (struct nh_anchor){ 60000, NOW, 10 }), NH_OK,
            clocks[i].name);
        CHECK_EQ(
            dating_offset(&d, &b, 5000, NOW, &offset, &error), NH_OK, clocks[i].name);
        CHECK(5000 + offset >= NOW - 7200000);
        CHECK(5000 + offset <= NOW - 60000);
        CHECK_NEAR(error, 7200000 - 60000, 1000, clocks[i].name);
        dating_seen(&d, 5000 + offset);
        CHECK_EQ(
            dating_offset(&d, &b, 900000, NOW, &later, &error), NH_OK, clocks[i].name);
        CHECK_EQ(later, offset, "decided once: order is kept");
        dating_fini(&d);
    }
}

static void
many_boots_are_bounded(void)
{
    struct dating d = { 0 };
    uint8_t id[NH_STREAM_ID_LEN] = { 0 };

    for (uint8_t i = 0; i < 100; i++) {
        id[0] = i;
        CHECK_EQ(
            dating_anchor(&d, id, (struct nh_anchor){ 1, NOW + i, 1 }), NH_OK, "anchor");
    }
    CHECK_EQ(d.count, DATING_BOOTS_MAX, "kept");
    CHECK_EQ(d.boots[DATING_BOOTS_MAX - 1]->id[0], 99, "the newest last");
    dating_fini(&d);
}

static void
implausible_times(void)
{
    struct dating d = { 0 };
    struct nh_boot b = boot(boot_a, 1000, NOW, NH_CLOCK_SET);
    int64_t offset;
    uint32_t error;

    CHECK_EQ(dating_offset(&d, &b, INT64_MAX, NOW, &offset, &error), NH_EINVAL, "mono");
    CHECK_EQ(dating_anchor(&d, boot_a, (struct nh_anchor){ INT64_MIN, NOW, 1 }),
        NH_EINVAL, "anchor");
    CHECK(dating_is_future(1000, NOW - 1000 + 120001, NOW));
    CHECK(!dating_is_future(1000, NOW - 1000 + 120000, NOW));
    CHECK(dating_is_future(INT64_MAX, NOW, NOW));
    dating_fini(&d);
}

int
main(void)
{
    RUN(anchored_ignores_the_agents_clock);
    RUN(unmet_boot_goes_by_its_clock_when_that_fits);
    RUN(unmet_boot_without_clock_is_bracketed);
    RUN(many_boots_are_bounded);
    RUN(implausible_times);
    return check_done();
}
