/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar.c - days are counted from 1970-01-01, which was a Thursday */
#include "collector/calendar.h"
#include "libnhip/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, NAMES_DAY = 3 };

/* The moment at which clocks of the zone show `local_s`. */
static int64_t
utc_of(int64_t local_s, const char *zone)
{
    int64_t guess = local_s - nh_zone_offset_s(zone, local_s);

    return local_s - nh_zone_offset_s(zone, guess);
}

static int64_t
local_of(int64_t utc_s, const char *zone)
{
    return utc_s + nh_zone_offset_s(zone, utc_s);
}

static int64_t
first_of(int year, int month0)
{
    struct tm tm = { .tm_year = year - 1900, .tm_mon = month0, .tm_mday = 1 };

    return (int64_t)timegm(&tm);
}

static int
digits(const char *text, int count)
{
    int v = 0;

    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        v = v * 10 + text[i] - '0';
    }
    return v;
}

bool
calendar_month(const char *month, const char *zone, int64_t *from_ms, int64_t *to_ms)
{
    int y, m;

    if (strlen(month) != 7 || month[4] != '-')
        return false;
    y = digits(month, 4);
    m = digits(month + 5, 2);
    if (y < 2000 || y > 2200 || m < 1 || m > 12)
        return false;
    *from_ms = utc_of(first_of(y, m - 1), zone) * 1000;
    *to_ms = utc_of(first_of(y, m), zone) * 1000;
    return true;
}

/* "07:30" -> seconds of the day, -1: none. */
static int64_t
clock_of(const char *text)
{
    int h, m;

    if (strnlen(text, 5) < 5 || text[2] != ':')
        return -1;
    h = digits(text, 2);
    m = digits(text + 3, 2);
    return h < 0 || m < 0 ? -1 : h * INT64_C(3600) + m * INT64_C(60);
}

/* Monday is 0. */
static int
weekday_of(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7);
}

static int
day_named(const char *name)
{
    static const char days[] = "mon tue wed thu fri sat sun";

    for (int i = 0; i < 7; i++)
        if (strncmp(name, days + i * (NAMES_DAY + 1), NAMES_DAY) == 0)
            return i;
    return -1;
}

/* "mon", "mon-fri", "mon,wed-fri" up to a space: is `weekday` one of them? "sat-mon" goes
 * over Sunday. */
static bool
days_have(const char *days, int weekday)
{
    int from = -1;
    bool range = false;

    for (const char *p = days; *p != '\0' && *p != ' ';) {
        int day = day_named(p);

        if (day < 0)
            return false;
        if (!range)
            from = day;
        if (from <= day ? weekday >= from && weekday <= day
                        : weekday >= from || weekday <= day)
            return true;
        p += NAMES_DAY;
        range = *p == '-';
        p += *p == '-' || *p == ',';
    }
    return false;
}

struct cut {
    int64_t from_ms, to_ms;
    void (*out)(void *arg, int64_t from_ms, int64_t to_ms);
    void *arg;
};

static void
put(const struct cut *c, int64_t from_ms, int64_t to_ms)
{
    if (from_ms < c->from_ms)
        from_ms = c->from_ms;
    if (to_ms > c->to_ms)
        to_ms = c->to_ms;
    if (to_ms > from_ms)
        c->out(c->arg, from_ms, to_ms);
}

static void
hours_of_day(const char *hours, const char *zone, int64_t day, const struct cut *c)
{
    for (const char *part = hours; part != NULL; part = strchr(part, ';')) {
        const char *p;

        part += strspn(part, "; ");
        p = strchr(part, ' ');
        if (p == NULL || !days_have(part, weekday_of(day)))
            continue;
        while (*p == ' ' || *p == ',') {
            int64_t from = clock_of(p + 1), to = from < 0 ? -1 : clock_of(p + 7);

            if (to < 0)
                break;
            put(c, utc_of(day * DAY_S + from, zone) * 1000,
                utc_of(day * DAY_S + to, zone) * 1000);
            p += 12;
        }
    }
}

void
calendar_hours(const char *hours, const char *zone, int64_t from_ms, int64_t to_ms,
    void (*out)(void *arg, int64_t from_ms, int64_t to_ms), void *arg)
{
    const struct cut c = { from_ms, to_ms, out, arg };
    int64_t day = local_of(from_ms / 1000, zone) / DAY_S;

    if (strcmp(hours, "always") == 0) {
        put(&c, from_ms, to_ms);
        return;
    }
    for (; utc_of(day * DAY_S, zone) * 1000 < to_ms; day++)
        hours_of_day(hours, zone, day, &c);
}

/* "2026-11-30 08:00" -> local seconds, -1: none. */
static int64_t
date_of(const char *text)
{
    int y, m, d;
    int64_t clock;

    if (strlen(text) != 16 || text[4] != '-' || text[7] != '-' || text[10] != ' ')
        return -1;
    y = digits(text, 4);
    m = digits(text + 5, 2);
    d = digits(text + 8, 2);
    clock = clock_of(text + 11);
    if (y < 1970 || m < 1 || m > 12 || d < 1 || clock < 0)
        return -1;
    return first_of(y, m - 1) + (d - 1) * INT64_C(86400) + clock;
}

bool
calendar_next(const char *at, const char *zone, int64_t after_ms, int64_t *start_ms)
{
    int64_t once = date_of(at), clock, day;
    const char *space = strchr(at, ' ');
    bool daily = strncmp(at, "daily ", 6) == 0;

    if (once >= 0) {
        *start_ms = utc_of(once, zone) * 1000;
        return *start_ms >= after_ms;
    }
    clock = space == NULL ? -1 : clock_of(space + 1);
    if (clock < 0)
        return false;
    day = local_of(after_ms / 1000, zone) / DAY_S;
    for (int i = 0; i < 8; i++, day++) {
        int64_t start = utc_of(day * DAY_S + clock, zone) * 1000;

        if (start >= after_ms && (daily || days_have(at, weekday_of(day)))) {
            *start_ms = start;
            return true;
        }
    }
    return false;
}
