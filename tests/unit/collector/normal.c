/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The usual delay of a line over days: learned, not taught by trouble, and left at last.
 */
#include "collector/normal.h"
#include "libnhip/err.h"
#include "tests/unit/check.h"

#define T0 INT64_C(1795000000000)

static int64_t at;

/* Samples of some ms, the line's own noise of a tenth around them; how often it turned.
 */
static int
go_on(struct normal *n, int samples, double ms)
{
    int turns = 0;

    for (int i = 0; i < samples; i++) {
        at += NORMAL_SAMPLE_MS;
        CHECK(normal_is_due(n, at));
        turns +=
            normal_sample(n, (int32_t)(ms * (1000 + (i * 37 % 11 - 5) * 20)), at) ? 1 : 0;
        CHECK(!normal_is_due(n, at));
    }
    return turns;
}

static void
says_nothing_of_a_new_line(void)
{
    struct normal n = { 0 };

    at = T0;
    CHECK_EQ(go_on(&n, NORMAL_SAMPLES - 10, 8), 0, "a day but for an hour");
    CHECK(!normal_is_known(&n));
    CHECK_EQ(go_on(&n, 9, 200), 0, "whatever it does");
    CHECK_EQ(go_on(&n, 1, 8), 0, "a day");
    CHECK(normal_is_known(&n));
    CHECK_NEAR(normal_usual_us(&n) / 1e3, 8, 0.8, "learned");
}

/* What the first round of the first day said is forgotten by its end. */
static void
a_bad_first_sample(void)
{
    struct normal n = { 0 };

    at = T0;
    go_on(&n, 3, 400);
    go_on(&n, NORMAL_SAMPLES, 8);
    CHECK_NEAR(normal_usual_us(&n) / 1e3, 8, 2, "learned");
}

static void
tells_after_a_quarter_of_an_hour(void)
{
    struct normal n = { 0 };
    int64_t from;

    at = T0;
    go_on(&n, 2 * NORMAL_SAMPLES, 8);
    CHECK_EQ(go_on(&n, 2, 60), 0, "ten minutes are nothing");
    CHECK_EQ(go_on(&n, 1, 8), 0, "and are over");
    from = at;
    CHECK_EQ(go_on(&n, 2, 60), 0, "not in a row with those before");
    CHECK_EQ(go_on(&n, 1, 60), 1, "a quarter of an hour");
    CHECK(n.unusual);
    CHECK_EQ(n.since_ms, from, "since its first sample began");
    CHECK_EQ(go_on(&n, 12, 60), 0, "goes on");
    CHECK_EQ(go_on(&n, 2, 8), 0, "its end as well");
    CHECK_EQ(go_on(&n, 1, 8), 1, "takes a quarter of an hour");
    CHECK(!n.unusual);
}

static const struct {
    const char *name;
    double usual_ms, now_ms;
    bool unusual;
} bounds[] = {
    { "8 and 60", 8, 60, true },
    { "8 and 25: not so much more", 8, 25, false },
    { "30 and 80: not so many times", 30, 80, false },
    { "30 and 110", 30, 110, true },
    { "less is no trouble", 60, 8, false },
    { "a line of the same house", 0.4, 2, false },
    { "the same, far away", 0.4, 40, true },
};

static void
by_bounds(void)
{
    for (size_t i = 0; i < NH_COUNT(bounds); i++) {
        struct normal n = { 0 };

        at = T0;
        go_on(&n, 2 * NORMAL_SAMPLES, bounds[i].usual_ms);
        go_on(&n, 5, bounds[i].now_ms);
        CHECK_EQ(n.unusual, bounds[i].unusual, bounds[i].name);
    }
}

/* Eight hours of trouble on each of five days teach next to nothing. */
static void
trouble_teaches_nothing(void)
{
    struct normal n = { 0 };

    at = T0;
    go_on(&n, 3 * NORMAL_SAMPLES, 8);
    for (int day = 0; day < 5; day++) {
        CHECK_EQ(go_on(&n, 96, 90), 1, "told");
        CHECK_EQ(go_on(&n, 192, 8), 1, "over");
        CHECK_NEAR(normal_usual_us(&n) / 1e3, 8, 0.5, "still the same line");
    }
}

/* A route that has changed for good is the line's own after a while. */
static void
a_new_home(void)
{
    struct normal n = { 0 };

    at = T0;
    go_on(&n, 3 * NORMAL_SAMPLES, 8);
    CHECK_EQ(go_on(&n, 5 * NORMAL_SAMPLES, 60), 1, "five days: still told");
    CHECK_EQ(go_on(&n, 14 * NORMAL_SAMPLES, 60), 1, "nineteen: no more");
    CHECK(!n.unusual);
}

/* After a long nothing the samples are in no row. */
static void
parted_samples(void)
{
    struct normal n = { 0 };

    at = T0;
    go_on(&n, 2 * NORMAL_SAMPLES, 8);
    for (int i = 0; i < 6; i++) {
        at += 3600000;
        CHECK_EQ(go_on(&n, 1, 60), 0, "one an hour");
    }
}

static void
medians(void)
{
    int32_t odd[] = { 9, 1, 5 }, even[] = { 4, 3, 2, 1 }, one[] = { 7 };

    CHECK_EQ(normal_median(odd, 3), 5, "odd");
    CHECK_EQ(normal_median(even, 4), 3, "even: the upper");
    CHECK_EQ(normal_median(one, 1), 7, "one");
}

int
main(void)
{
    RUN(says_nothing_of_a_new_line);
    RUN(a_bad_first_sample);
    RUN(tells_after_a_quarter_of_an_hour);
    RUN(by_bounds);
    RUN(trouble_teaches_nothing);
    RUN(a_new_home);
    RUN(parted_samples);
    RUN(medians);
    return check_done();
}
