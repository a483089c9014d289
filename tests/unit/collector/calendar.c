/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Months, hours and meetings, with and without daylight saving. */
#include "collector/calendar.h"
#include "tests/unit/check.h"
#include <stdio.h>

#define VN "Asia/Ho_Chi_Minh"
#define BERLIN "Europe/Berlin"

static void
months(void)
{
    static const struct {
        const char *month, *zone;
        int64_t from_s, to_s; /* 0: refused */
    } rows[] = {
        { "2026-11", VN, 1793466000, 1796058000 }, /* 31 October 17:00 UTC */
        { "2026-12", VN, 1796058000, 1798736400 },
        { "2024-02", "UTC", 1706745600, 1709251200 },  /* a leap year's */
        { "2026-10", BERLIN, 1790805600, 1793487600 }, /* an hour longer */
        { "2026-13", VN, 0, 0 },
        { "2026-00", VN, 0, 0 },
        { "2026-1", VN, 0, 0 },
        { "2026-111", VN, 0, 0 },
        { "26-11", VN, 0, 0 },
        { "1999-11", VN, 0, 0 },
        { "2026/11", VN, 0, 0 },
        { "", VN, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t from = 0, to = 0;

        CHECK_EQ(calendar_month(rows[i].month, rows[i].zone, &from, &to),
            rows[i].from_s != 0, rows[i].month);
        CHECK_EQ(from / 1000, rows[i].from_s, rows[i].month);
        CHECK_EQ(to / 1000, rows[i].to_s, rows[i].month);
    }
}

struct heard {
    int64_t sum_ms, first_ms, last_ms;
    int count;
};

static void
on_span(void *arg, int64_t from_ms, int64_t to_ms)
{
    struct heard *h = arg;

    CHECK(from_ms < to_ms && from_ms >= h->last_ms);
    if (h->count++ == 0)
        h->first_ms = from_ms;
    h->last_ms = to_ms;
    h->sum_ms += to_ms - from_ms;
}

static void
hours(void)
{
    static const struct {
        const char *hours;
        int count, minutes; /* of November 2026: it begins on a Sunday, has 21 weekdays */
    } rows[] = {
        { "always", 1, 30 * 24 * 60 },
        { "mon-fri 07:30-11:30,13:30-17:00", 42, 21 * 450 },
        { "mon-fri 08:00-17:00; sat 08:00-12:00", 25, 21 * 540 + 4 * 240 },
        { "sat-mon 00:00-24:00", 14, 14 * 1440 },
        { "tue,thu 10:00-10:01", 8, 8 },
        { "nonsense", 0, 0 },
    };
    int64_t from = 0, to = 0;

    CHECK(calendar_month("2026-11", VN, &from, &to));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct heard h = { .last_ms = from };

        calendar_hours(rows[i].hours, VN, from, to, on_span, &h);
        CHECK_EQ(h.sum_ms, rows[i].minutes * INT64_C(60000), rows[i].hours);
        CHECK_EQ(h.count, rows[i].count, rows[i].hours);
    }
}

static void
hours_are_cut(void)
{
    int64_t from = 0, to = 0;
    struct heard h = { 0 };

    CHECK(calendar_month("2026-11", VN, &from, &to));
    /* Monday the 2nd, 09:00 to 14:00 */
    from += (24 + 9) * INT64_C(3600000);
    calendar_hours(
        "mon-fri 07:30-11:30,13:30-17:00", VN, from, from + 5 * 3600000, on_span, &h);
    CHECK_EQ(h.count, 2, "spans");
    CHECK_EQ(h.first_ms, from, "cut at the beginning");
    CHECK_EQ(h.sum_ms, 3 * 3600000, "9 to 11:30, 13:30 to 14");
}

static void
meetings(void)
{
    /* Wednesday 2026-11-25, 12:00 in the province */
    static const int64_t now = INT64_C(1795582800000), hour = 3600000;
    static const struct {
        const char *at;
        int after; /* hours from then; 0: none */
    } rows[] = {
        { "wed 08:00", 7 * 24 - 4 },
        { "wed 13:00", 1 },
        { "mon 08:00", 5 * 24 - 4 },
        { "daily 11:00", 23 },
        { "mon,thu 12:00", 24 },
        { "2026-11-30 08:00", 5 * 24 - 4 },
        { "2026-11-24 08:00", 0 },
        { "never", 0 },
    };
    int64_t start = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got = calendar_next(rows[i].at, VN, now, &start);

        CHECK_EQ(got, rows[i].after != 0, rows[i].at);
        if (got)
            CHECK_EQ(start - now, rows[i].after * hour, rows[i].at);
    }
    CHECK(calendar_next("wed 12:00", VN, now, &start) && start == now); /* just begins */
    /* over the end of summer time 08:00 stays 08:00 */
    CHECK(calendar_next("sun 08:00", BERLIN, INT64_C(1792828800000), &start));
    CHECK_EQ(start / 1000, 1792911600, "the day the clocks go back");
}

int
main(void)
{
    RUN(months);
    RUN(hours);
    RUN(hours_are_cut);
    RUN(meetings);
    return check_done();
}
