/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rtt.c - what an echo request costs and how true its time is
 *
 * 2,000 targets of 127.0.0.0/8, one packet each every 2 s, for 4 rounds: 1,000 a second.
 * On loopback the true round trip is nearly nothing, so what is measured is the error.
 * The second run holds the loop up for 3 ms in every 20, as a busy daemon would.
 */
#include "libnhip/loop.h"
#include "libnhip/sensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TARGETS = 2000, EVERY_MS = 2000, ROUNDS = 4, STALL_MS = 3, STALL_EVERY_MS = 20 };

struct bench {
    struct nh_loop *loop;
    struct nh_timer *stall;
    unsigned rounds;
    size_t count, lost;
    double rtt_us[TARGETS * ROUNDS];
    double cpu_from_s, stalled_s;
};

static double
cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
on_readings(void *arg, struct nh_reading *readings, size_t count)
{
    struct bench *b = arg;

    if (b->cpu_from_s < 0) { /* the first round was a short one */
        b->cpu_from_s = cpu_s();
        b->stalled_s = 0;
        return;
    }
    for (size_t i = 0; i < count && b->count < TARGETS * ROUNDS; i++) {
        if ((readings[i].present >> NH_ICMP_RTT_AVG & 1) != 0)
            b->rtt_us[b->count++] = (double)readings[i].value[NH_ICMP_RTT_AVG];
        else
            b->lost++;
    }
    if (++b->rounds == ROUNDS)
        nh_loop_stop(b->loop);
}

static void
on_stall(void *arg)
{
    struct bench *b = arg;
    double from = cpu_s(), until = from + STALL_MS / 1e3;

    while (cpu_s() < until)
        ;
    b->stalled_s += cpu_s() - from;
    nh_timer_after(b->stall, STALL_EVERY_MS);
}

static int
by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void
report(struct bench *b, const char *suffix)
{
    double cpu = cpu_s() - b->cpu_from_s - b->stalled_s;

    qsort(b->rtt_us, b->count, sizeof(b->rtt_us[0]), by_value);
    if (b->count == 0)
        return;
    printf("rtt_cpu%s %.1f us/probe\n", suffix, cpu * 1e6 / (double)(b->count + b->lost));
    printf("rtt_error_median%s %.0f us\n", suffix, b->rtt_us[b->count / 2]);
    printf("rtt_error_p99%s %.0f us\n", suffix, b->rtt_us[b->count * 99 / 100]);
    printf("rtt_lost%s %zu of %zu\n", suffix, b->lost, b->count + b->lost);
}

static void
run(struct nh_assignment *list, bool busy)
{
    static struct bench b;
    struct nh_schedule_events events = { .on_readings = on_readings, .arg = &b };
    struct nh_schedule *schedule = NULL;
    struct nh_dict *dict = NULL;
    size_t refused;
    char why[128];

    memset(&b, 0, sizeof(b));
    b.cpu_from_s = -1;
    if (nh_loop_new(&b.loop) == NH_OK && nh_dict_new(&dict) == NH_OK &&
        nh_schedule_new(&schedule, nh_loop_base(b.loop), dict, &events) == NH_OK &&
        nh_timer_new(&b.stall, nh_loop_base(b.loop), on_stall, &b) == NH_OK &&
        nh_schedule_set(schedule, list, TARGETS, &refused, why) == NH_OK) {
        if (busy)
            nh_timer_after(b.stall, STALL_EVERY_MS);
        if (nh_loop_run(b.loop) == NH_OK)
            report(&b, busy ? "_busy" : "");
    }
    nh_timer_free(b.stall);
    nh_schedule_free(schedule);
    nh_dict_free(dict);
    nh_loop_free(b.loop);
}

int
main(void)
{
    struct nh_assignment *list = calloc(TARGETS, sizeof(*list));

    if (list == NULL)
        return 1;
    for (int i = 0; i < TARGETS; i++) {
        list[i].every_ms = EVERY_MS;
        snprintf(list[i].check, sizeof(list[i].check), "s%d/ping", i);
        snprintf(list[i].kind, sizeof(list[i].kind), "ping");
        snprintf(list[i].sensor, sizeof(list[i].sensor), "icmp");
        snprintf(list[i].params, sizeof(list[i].params),
            "target=127.%d.%d.%d\ncount=1\ntimeout_ms=500\n", 1 + i / 65536,
            i / 256 % 256, 1 + i % 250);
    }
    run(list, false);
    run(list, true);
    free(list);
    return 0;
}
