/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp_train.c - loss, round trips and jitter of made-up trains */
#include "libnhip/sensors/icmp_train.h"
#include "tests/unit/check.h"

enum { MS = 1000000, NONE = -1 };

/* A train from its round trips in ms; -1 lost, -2 not sent. */
static size_t
train(struct icmp_packet *out, const int *ms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct icmp_packet){ .state = ICMP_ANSWERED };
        if (ms[i] >= 0)
            out[i].rtt_ns = (int64_t)ms[i] * MS;
        else
            out[i].state = ms[i] == -1 ? ICMP_SENT : ICMP_UNSENT;
    }
    return count;
}

static void
summaries(void)
{
    static const struct {
        const char *name;
        int ms[5];
        long long sent, lost, min, avg, max, jitter; /* us; NONE: absent */
    } rows[] = {
        { "even", { 10, 10, 10, 10, 10 }, 5, 0, 10000, 10000, 10000, 0 },
        { "swinging", { 10, 14, 10, 14, 10 }, 5, 0, 10000, 11600, 14000, 4000 },
        { "one lost: only the pairs beside it", { 10, 13, -1, 20, 21 }, 5, 1, 10000,
            16000, 21000, 2000 },
        { "every second lost: no pair", { 10, -1, 12, -1, 14 }, 5, 2, 10000, 12000, 14000,
            NONE },
        { "all lost", { -1, -1, -1, -1, -1 }, 5, 5, NONE, NONE, NONE, NONE },
        { "some not sent", { 10, -2, -2, 12, 13 }, 3, 0, 10000, 11667, 13000, 1000 },
    };
    const struct nh_kind *kind = nh_kind_find("path");

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct icmp_packet packets[5];
        struct nh_reading r = { 0 };
        const long long want[] = { rows[i].sent, rows[i].lost, rows[i].min, rows[i].avg,
            rows[i].max, rows[i].jitter };

        CHECK(icmp_summary(kind, packets, train(packets, rows[i].ms, 5), &r));
        for (unsigned m = 0; m < NH_COUNT(want); m++) {
            CHECK_EQ(r.present >> m & 1, want[m] != NONE, rows[i].name);
            if (want[m] != NONE)
                CHECK_EQ(r.value[m], want[m], rows[i].name);
        }
        CHECK_EQ(r.present >> NH_PATH_LOST_OUT, 0, rows[i].name);
    }
}

static void
nothing_sent(void)
{
    static const int ms[] = { -2, -2 };
    struct icmp_packet packets[2];
    struct nh_reading r = { 0 };

    CHECK(!icmp_summary(nh_kind_find("ping"), packets, train(packets, ms, 2), &r));
}

static void
pairs_of_ten(void)
{
    /* the second of two that leave together waits for the first: not the line's doing */
    static const int ms[] = { 10, 15, 12, 17, 10, 15, 12, 17, 10, 15 };
    struct icmp_packet packets[10];
    struct nh_reading r = { 0 };

    CHECK(icmp_summary(nh_kind_find("path"), packets, train(packets, ms, 10), &r));
    CHECK_EQ(r.value[NH_ICMP_JITTER], 2000, "each with its like of the instant before");
}

static void
instants(void)
{
    static const struct {
        size_t count, ticks;
        size_t at[12];
    } rows[] = {
        { 1, 5, { 0 } },
        { 3, 5, { 0, 1, 3 } },
        { 5, 5, { 0, 1, 2, 3, 4 } },
        { 7, 5, { 0, 0, 1, 2, 2, 3, 4 } },
        { 10, 5, { 0, 0, 1, 1, 2, 2, 3, 3, 4, 4 } },
        { 12, 10, { 0, 0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9 } },
    };

    for (size_t r = 0; r < NH_COUNT(rows); r++) {
        CHECK_EQ(icmp_ticks(rows[r].count), rows[r].ticks, "instants");
        for (size_t i = 0; i < rows[r].count; i++)
            CHECK_EQ(icmp_tick_of(i, rows[r].count), rows[r].at[i], "instant of packet");
    }
    CHECK_EQ(icmp_ticks(100), 50, "never more than two at a time");
}

static void
round_trips(void)
{
    /* sent at 1 s, by the wall clock at 5 s; read 2 s later */
    static const struct {
        const char *name;
        int64_t left_ms, arrived_ms, wall_ms, want_ms;
    } rows[] = {
        { "kernel's own times", 5001, 5013, 7000, 12 },
        { "departure not told", 0, 5012, 7000, 12 },
        { "nothing told", 0, 0, 7000, 2000 },
        { "forward 4 s before it left", 9001, 9013, 11000, 12 },
        { "forward 4 s while it was out", 5001, 9013, 11000, 12 },
        { "forward 4 s after it came", 5001, 5013, 11000, 12 },
        { "forward half a second while it was out", 5001, 5513, 7500, 12 },
        { "forward half a second after it came", 5001, 5013, 7500, 12 },
        { "back 4 s before it left", 1001, 1013, 3000, 12 },
        { "back 4 s while it was out", 5001, 1013, 3000, 12 },
        { "back half a second while it was out", 5001, 4513, 6500, 12 },
        { "back half a second after it came", 5001, 5013, 6500, 12 },
        { "back after it came, departure not told", 0, 5012, 6500, 12 },
        { "slewed by a millisecond", 5001, 5013, 7001, 12 },
        { "nothing fits", 5001, 60000, 7000, 2000 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct icmp_packet p = { .state = ICMP_SENT,
            .sent_us = 1000000,
            .wall_us = 5000000,
            .left_ns = rows[i].left_ms * MS };

        CHECK_EQ(
            icmp_rtt_ns(&p, rows[i].arrived_ms * MS, 3000000, rows[i].wall_ms * 1000),
            rows[i].want_ms * MS, rows[i].name);
    }
}

int
main(void)
{
    RUN(summaries);
    RUN(nothing_sent);
    RUN(pairs_of_ten);
    RUN(instants);
    RUN(round_trips);
    return check_done();
}
