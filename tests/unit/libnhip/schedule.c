/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule.c - rounds under a virtual clock with the host sensor, and real echo requests
 * to 127.0.0.1 and ::1 on the loop
 */
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/sensor.h"
#include "tests/unit/check.h"
#include <stdio.h>

struct seen {
    size_t batches, readings;
    struct nh_reading last[16];
    size_t last_count;
    struct nh_loop *loop;
    size_t stop_at; /* readings after which the loop ends */
};

static int64_t virtual_us;

static int64_t
now_virtual(void *arg)
{
    (void)arg;
    return virtual_us;
}

static const struct nh_clock_source virtual_clock = { now_virtual, now_virtual, NULL };

static void
on_readings(void *arg, struct nh_reading *readings, size_t count)
{
    struct seen *seen = arg;

    seen->batches++;
    seen->readings += count;
    seen->last_count = count < NH_COUNT(seen->last) ? count : NH_COUNT(seen->last);
    memcpy(seen->last, readings, seen->last_count * sizeof(*readings));
    if (seen->loop != NULL && seen->readings >= seen->stop_at)
        nh_loop_stop(seen->loop);
}

struct fixture {
    struct nh_loop *loop;
    struct nh_dict *dict;
    struct nh_schedule *schedule;
    struct seen seen;
};

static void
setup(struct fixture *f)
{
    struct nh_schedule_events events = { .on_readings = on_readings, .arg = &f->seen };

    memset(f, 0, sizeof(*f));
    CHECK_EQ(nh_loop_new(&f->loop), NH_OK, "loop");
    CHECK_EQ(nh_dict_new(&f->dict), NH_OK, "dict");
    CHECK_EQ(nh_schedule_new(&f->schedule, nh_loop_base(f->loop), f->dict, &events),
        NH_OK, "");
}

static void
teardown(struct fixture *f)
{
    nh_schedule_free(f->schedule);
    nh_dict_free(f->dict);
    nh_loop_free(f->loop);
    nh_clock_replace(NULL);
}

static void
set(struct fixture *f, const struct nh_assignment *list, size_t count,
    size_t want_refused, const char *want_why)
{
    size_t refused;
    char why[128];

    CHECK_EQ(nh_schedule_set(f->schedule, list, count, &refused, why), NH_OK, "set");
    CHECK_EQ(refused, want_refused, why);
    CHECK_NAMED(strstr(why, want_why) != NULL, why);
}

static void
run_at(struct fixture *f, int64_t ms, int64_t want_next_ms)
{
    virtual_us = ms * 1000;
    CHECK_EQ(nh_schedule_run(f->schedule, ms), want_next_ms, "next boundary");
}

static void
boundaries(void)
{
    static const struct nh_assignment list[] = {
        { "s/b", "host", "host", 10000, "" },
        { "s/a", "host", "host", 10000, "path=/\n" },
        { "s/slow", "host", "host", 60000, "" },
    };
    struct fixture f;

    nh_clock_replace(&virtual_clock);
    virtual_us = 41234000;
    setup(&f);
    set(&f, list, 3, 0, "");
    run_at(&f, 49999, 50000);
    CHECK_EQ(f.seen.batches, 0, "before the boundary");
    run_at(&f, 50003, 60000); /* woken a little late: the stamp does not show it */
    CHECK_EQ(f.seen.batches, 1, "one batch");
    CHECK_EQ(f.seen.last_count, 2, "both of 10 s in it");
    CHECK_EQ(f.seen.last[0].mono_ms, 50000, "stamped with the boundary");
    CHECK_EQ(f.seen.last[1].mono_ms, 50000, "stamped with the boundary");
    CHECK_EQ(f.seen.last[0].value[NH_HOST_UPTIME], 50, "uptime");
    run_at(&f, 60000, 70000);
    CHECK_EQ(f.seen.batches, 2, "still one batch a boundary");
    CHECK_EQ(f.seen.last_count, 3, "where periods meet, all of them");
    run_at(&f, 155500, 160000); /* asleep for nine rounds */
    CHECK_EQ(f.seen.batches, 3, "what was slept through is left out");
    CHECK_EQ(f.seen.last_count, 3, "one reading each");
    CHECK_EQ(f.seen.last[0].mono_ms, 150000, "of the boundary just passed");
    CHECK_EQ(f.seen.last[2].mono_ms, 120000, "each of its own period");
    teardown(&f);
}

static void
count_status(void *arg, const struct nh_probe_status *status)
{
    size_t *with_last = arg;

    *with_last += status->last != NULL;
}

static void
changes(void)
{
    static const struct nh_assignment before[] = {
        { "s/a", "host", "host", 10000, "" },
        { "s/b", "host", "host", 10000, "" },
        { "s/c", "host", "host", 10000, "" },
    };
    static const struct nh_assignment after[] = {
        { "s/d", "host", "host", 10000, "" },           /* new */
        { "s/c", "host", "host", 10000, "path=/\n" },   /* changed */
        { "s/b", "host", "host", 10000, "" },           /* the same */
        { "s/b", "host", "host", 10000, "" },           /* and again */
        { "s/e", "host", "host", 10000, "path=/no/\n" } /* cannot be opened */
    };
    struct fixture f;
    size_t with_last = 0;

    nh_clock_replace(&virtual_clock);
    virtual_us = 1000000;
    setup(&f);
    set(&f, before, 3, 0, "");
    run_at(&f, 10000, 20000);
    set(&f, after, 5, 2, "s/");
    nh_schedule_each(f.schedule, count_status, &with_last);
    CHECK_EQ(with_last, 1, "what stayed the same keeps its state");
    run_at(&f, 20000, 30000);
    CHECK_EQ(f.seen.last_count, 3, "b, c, d");
    CHECK_EQ(nh_dict_find(f.dict, "s/b")->number, f.seen.last[0].check, "same number");
    set(&f, NULL, 0, 0, "");
    run_at(&f, 30000, INT64_MAX);
    CHECK_EQ(f.seen.batches, 2, "nothing to measure");
    teardown(&f);
}

static void
echo(void)
{
    static const struct nh_assignment list[] = {
        { "s/l/path", "path", "icmp", 500,
            "target=127.0.0.1\ninterface=lo\ncount=5\ntimeout_ms=100\n" },
        { "s/l/ping", "ping", "icmp", 500, "target=::1\ncount=3\nsize=1000\n" },
        { "s/m/ping", "ping", "icmp", 500, "target=127.0.0.9\ninterface=nope0\n" },
        { "s/n/ping", "ping", "icmp", 500, "target=localhost\n" },
    };
    struct fixture f;
    struct nh_reading *path = NULL, *ping = NULL;

    setup(&f);
    f.seen.loop = f.loop;
    f.seen.stop_at = 4;
    set(&f, list, 4, 1, "s/n/ping: target: not an IPv4 or IPv6 address");
    CHECK_EQ(nh_loop_run(f.loop), NH_OK, "loop");
    CHECK_EQ(f.seen.last_count, 2, "the missing interface gives no reading");
    path = &f.seen.last[0];
    ping = &f.seen.last[1];
    CHECK_EQ(path->value[NH_ICMP_SENT], 5, "count");
    CHECK_EQ(path->value[NH_ICMP_LOST], 0, "loopback loses nothing");
    CHECK(path->value[NH_ICMP_RTT_MIN] <= path->value[NH_ICMP_RTT_AVG]);
    CHECK(path->value[NH_ICMP_RTT_AVG] <= path->value[NH_ICMP_RTT_MAX]);
    CHECK(path->value[NH_ICMP_RTT_MAX] < 100000);
    CHECK_EQ(path->mono_ms % 500, 0, "stamped at the boundary");
    CHECK_EQ(ping->value[NH_ICMP_SENT], 3, "IPv6");
    CHECK_EQ(ping->value[NH_ICMP_LOST], 0, "IPv6");
    teardown(&f);
}

static void
status_says_why(void *arg, const struct nh_probe_status *status)
{
    bool *said = arg;

    *said = strcmp(status->why, "interface nope0 is missing") == 0;
}

static void
missing_interface(void)
{
    static const struct nh_assignment a = { "s/m/ping", "ping", "icmp", 10000,
        "target=127.0.0.9\ninterface=nope0\n" };
    struct fixture f;
    bool said = false;

    nh_clock_replace(&virtual_clock);
    virtual_us = 1000000;
    setup(&f);
    set(&f, &a, 1, 0, "");
    nh_schedule_each(f.schedule, status_says_why, &said);
    CHECK(said);
    teardown(&f);
}

int
main(void)
{
    RUN(boundaries);
    RUN(changes);
    RUN(echo);
    RUN(missing_interface);
    return check_done();
}
