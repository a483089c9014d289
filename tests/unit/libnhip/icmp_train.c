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
round_trips(void)
{
    static const struct {
        const char *name;
        int64_t left_ns, arrived_ns, lag_us, want_ns;
    } rows[] = {
        /* sent at 1 s, seen at 1.020 s: we saw 20 ms */
        { "kernel's own times", 5000 * (int64_t)MS, 5012 * (int64_t)MS, 7000, 12 * MS },
        { "wall clock stepped forward", 5000 * (int64_t)MS, 9000 * (int64_t)MS, 4000,
            16 * MS },
        { "wall clock stepped back", 5000 * (int64_t)MS, 3000 * (int64_t)MS, 2000,
            18 * MS },
        { "departure not told", 0, 5012 * (int64_t)MS, 5000, 15 * MS },
        { "nothing told", 0, 0, 0, 20 * MS },
        { "stepped while it lay in the socket", 0, 5012 * (int64_t)MS, -400000, 20 * MS },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct icmp_packet p = {
            .state = ICMP_SENT, .sent_us = 1000000, .left_ns = rows[i].left_ns
        };

        CHECK_EQ(icmp_rtt_ns(&p, rows[i].arrived_ns, rows[i].lag_us, 1020000),
            rows[i].want_ns, rows[i].name);
    }
}

int
main(void)
{
    RUN(summaries);
    RUN(nothing_sent);
    RUN(round_trips);
    return check_done();
}
