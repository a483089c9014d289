/* SPDX-License-Identifier: GPL-3.0-or-later */
/* anchor.c - drift cancels between anchors, thinning keeps the ends, a boot is bracketed
 */
#include "libnhip/anchor.h"
#include "tests/unit/check.h"
#include <stdlib.h>

static const int64_t wall0 = 1793602800000;

/* An agent whose crystal runs 200 ppm fast. */
static struct nh_anchor
drifting(int64_t true_ms)
{
    return (struct nh_anchor){ true_ms + true_ms / 5000, wall0 + true_ms, 3 };
}

static void
drift_cancels(void)
{
    struct nh_anchors a = { .count = 0 };
    int64_t offset, worst = 0;
    uint32_t error;

    for (int64_t t = 0; t <= 86400000;
         t += 300000) /* a day, an anchor every five minutes */
        nh_anchors_add(&a, drifting(t));
    CHECK_EQ(a.count, NH_ANCHORS_MAX, "thinned");
    CHECK_EQ(a.at[0].wall_ms, wall0, "the first stays");
    CHECK_EQ(a.at[a.count - 1].wall_ms, wall0 + 86400000, "the last stays");
    for (int64_t t = 1; t < 86400000; t += 77777) {
        int64_t mono = drifting(t).mono_ms;

        CHECK_EQ(nh_anchors_offset(&a, mono, &offset, &error), NH_OK, "between");
        if (llabs(mono + offset - (wall0 + t)) > worst)
            worst = llabs(mono + offset - (wall0 + t));
    }
    CHECK_NAMED(worst <= 2, "a day's readings are dated within 2 ms of the truth");
}

static void
outside(void)
{
    struct nh_anchors a = { .count = 0 };
    int64_t offset;
    uint32_t error;

    CHECK_EQ(nh_anchors_offset(&a, 5, &offset, &error), NH_EEMPTY, "none");
    nh_anchors_add(&a, (struct nh_anchor){ 1000000, wall0, 10 });
    CHECK_EQ(nh_anchors_offset(&a, 1000000 + 3600000, &offset, &error), NH_OK, "after");
    CHECK_EQ(offset, wall0 - 1000000, "after");
    CHECK_EQ(error, 10 + 720, "an hour at 200 ppm");
    CHECK_EQ(nh_anchors_offset(&a, 0, &offset, &error), NH_OK, "before");
    CHECK_EQ(error, 10 + 200, "1,000 s at 200 ppm");
}

static void
any_order(void)
{
    struct nh_anchors a = { .count = 0 };

    nh_anchors_add(&a, (struct nh_anchor){ 300, 1300, 9 });
    nh_anchors_add(&a, (struct nh_anchor){ 100, 1100, 9 });
    nh_anchors_add(&a, (struct nh_anchor){ 200, 1200, 9 });
    nh_anchors_add(&a, (struct nh_anchor){ 200, 1205, 3 });
    nh_anchors_add(&a, (struct nh_anchor){ 200, 1299, 30 });
    CHECK_EQ(a.count, 3, "one a time");
    CHECK_EQ(a.at[0].mono_ms, 100, "sorted");
    CHECK_EQ(a.at[1].wall_ms, 1205, "the better of two stays");
}

static void
bracketed(void)
{
    int64_t offset;
    uint32_t error;

    CHECK_EQ(nh_anchors_bracket(1000, 9000, 50, 4050, &offset, &error), NH_OK, "fits");
    CHECK_EQ(4050 + offset, 9000, "at the bracket's end");
    CHECK_EQ(error, 4000, "the slack");
    CHECK_EQ(
        nh_anchors_bracket(1000, 2000, 50, 4050, &offset, &error), NH_EINVAL, "too long");
    CHECK_EQ(
        nh_anchors_bracket(1000, 9000, 50, 49, &offset, &error), NH_EINVAL, "backwards");
}

static uint64_t state = 42;

static uint64_t
draw(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Whatever the rate, the jitter of the line and the order in which anchors come: the ends
 * stay, what is kept is sorted, and a reading's true time is within its error. */
static void
truth_is_within_the_error(void)
{
    for (int turn = 0; turn < 40; turn++) {
        struct nh_anchors a = { .count = 0 };
        int64_t ppm = (int64_t)draw(401) - 200, last = 0, off_by = 0, offset;
        uint32_t error;
        bool sorted = true;

        for (int i = 0; i < 400; i++) {
            int64_t t = i == 0 ? 0 : (int64_t)draw(86400000);
            int64_t late = (int64_t)draw(200);
            struct nh_anchor anchor = { t + t * ppm / 1000000, wall0 + t - 100 + late,
                100 };

            last = anchor.mono_ms > last ? anchor.mono_ms : last;
            nh_anchors_add(&a, anchor);
        }
        for (uint32_t i = 1; i < a.count; i++)
            sorted = sorted && a.at[i - 1].mono_ms < a.at[i].mono_ms;
        CHECK_NAMED(sorted, "sorted, one a time");
        CHECK_EQ(a.count, NH_ANCHORS_MAX, "thinned");
        CHECK_EQ(a.at[0].mono_ms, 0, "the first stays");
        CHECK_EQ(a.at[a.count - 1].mono_ms, last, "the last stays");
        for (int64_t t = 0; t < 100000000; t += 999983) { /* past the last one, too */
            int64_t mono = t + t * ppm / 1000000;

            CHECK_EQ(nh_anchors_offset(&a, mono, &offset, &error), NH_OK, "offset");
            if (llabs(mono + offset - (wall0 + t)) > (int64_t)error + 2 &&
                llabs(mono + offset - (wall0 + t)) > off_by)
                off_by = llabs(mono + offset - (wall0 + t));
        }
        CHECK_EQ(off_by, 0, "truth outside the error");
    }
}

static void
a_step_widens(void)
{
    struct nh_anchors a = { .count = 0 };
    int64_t offset;
    uint32_t error;

    nh_anchors_add(&a, (struct nh_anchor){ 0, wall0, 10 });
    nh_anchors_add(&a, (struct nh_anchor){ 60000, wall0 + 60000 + 3600000, 10 });
    nh_anchors_add(&a, (struct nh_anchor){ 120000, wall0 + 120000 + 3600000, 10 });
    CHECK_EQ(nh_anchors_offset(&a, 30000, &offset, &error), NH_OK, "across the step");
    CHECK_EQ(error, 10 + 3600000 - 32, "an hour, less what errors and drift explain");
    CHECK_EQ(nh_anchors_offset(&a, 90000, &offset, &error), NH_OK, "after the step");
    CHECK_EQ(offset, wall0 + 3600000, "as it is now");
    CHECK_EQ(error, 10, "as good as before");
}

static void
absurd_times(void)
{
    struct nh_anchors a = { .count = 0 };
    int64_t offset;
    uint32_t error;

    nh_anchors_add(&a, (struct nh_anchor){ INT64_MIN, wall0, 1 });
    nh_anchors_add(&a, (struct nh_anchor){ 0, INT64_MAX, 1 });
    CHECK_EQ(a.count, 0, "not taken");
    nh_anchors_add(
        &a, (struct nh_anchor){ -(INT64_C(1) << 53), INT64_C(1) << 53, UINT32_MAX });
    nh_anchors_add(
        &a, (struct nh_anchor){ INT64_C(1) << 53, -(INT64_C(1) << 53), UINT32_MAX });
    CHECK_EQ(a.count, 2, "the ends are");
    CHECK_EQ(nh_anchors_offset(&a, 0, &offset, &error), NH_OK, "between");
    CHECK_EQ(offset, 0, "half way");
    CHECK_EQ(error, UINT32_MAX, "saturated");
    CHECK_EQ(nh_anchors_offset(&a, INT64_MAX, &offset, &error), NH_EEMPTY, "beyond");
    CHECK_EQ(nh_anchors_bracket(INT64_MIN, INT64_MAX, 0, 1, &offset, &error), NH_EINVAL,
        "beyond");
}

int
main(void)
{
    RUN(drift_cancels);
    RUN(outside);
    RUN(any_order);
    RUN(bracketed);
    RUN(truth_is_within_the_error);
    RUN(a_step_widens);
    RUN(absurd_times);
    return check_done();
}
