/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_load.c - many devices polled at once: what a round costs, in CPU and in memory
 *
 *   snmp_load ADDRESS VERSION COUNT ROUNDS NAME|USER:LEVEL:AUTH:KEY:PRIV:KEY
 *
 * With v2c the devices are the communities NAME+1, NAME+2 ... of one address. With v3
 * they are the addresses 127.0.0.1, 127.0.0.2 ... at ADDRESS's port, an engine each. The
 * first round, in which everything is discovered, is not counted. One line: devices,
 * interfaces, requests and seconds of CPU of the other rounds, KB of memory a device.
 */
#include "libnhip/loop.h"
#include "libnhip/snmp_device.h"
#include "tests/lab/snmp_who.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { TIMEOUT_MS = 20000, AT_ONCE = 200, LOOK_MS = 500 };

struct loaded {
    struct nh_snmp *session;
    struct nh_snmp_device *device;
};

static struct {
    struct nh_loop *loop;
    struct loaded *devices;
    int count, begun, ended;
    uint64_t requests; /* at the last look */
} load;

static double
cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static long
resident_kb(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
        exit(1);
    fclose(f);
    return pages * 4;
}

static void begin_next(void);

static void
end_one(void)
{
    if (++load.ended == load.count)
        nh_loop_stop(load.loop);
    else
        begin_next();
}

static void
on_load_round(void *arg)
{
    const struct loaded *d = arg;

    if (nh_snmp_device_facts(d->device)->result != NH_SNMP_OK) {
        fprintf(stderr, "%s\n", nh_snmp_words(nh_snmp_device_facts(d->device)->result));
        exit(1);
    }
    end_one();
}

static void
begin_next(void)
{
    struct loaded *d;

    if (load.begun == load.count)
        return;
    d = &load.devices[load.begun++];
    if (nh_snmp_device_round(d->device, on_load_round, d) != NH_OK)
        exit(1);
}

static void
run_all(void)
{
    load.begun = load.ended = 0;
    for (int i = 0; i < AT_ONCE; i++)
        begin_next();
    if (nh_loop_run(load.loop) != NH_OK)
        exit(1);
}

static void
open_one(struct loaded *d, const char *address, int version, const char *who, int number)
{
    const struct nh_snmp_options options = { .timeout_ms = TIMEOUT_MS, .retries = 1 };
    struct nh_snmp_credential c = { .version = version };
    char own[32], why[128];

    if (version == 3) {
        if (!snmp_who_user(who, &c))
            exit(2);
        snmp_who_address(address, number, own);
        address = own;
    } else {
        snprintf(c.community, sizeof(c.community), "%s+%d", who, number);
    }
    if (nh_snmp_open(&d->session, nh_loop_base(load.loop), address, &c, &options, why) !=
            NH_OK ||
        nh_snmp_device_new(&d->device, d->session) != NH_OK) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static uint64_t
requests_of(const struct loaded *d)
{
    struct nh_snmp_counts counts;

    nh_snmp_counts(d->session, &counts);
    return counts.requests;
}

static uint64_t
requests_of_all(void)
{
    uint64_t requests = 0;

    for (int i = 0; i < load.count; i++)
        requests += requests_of(&load.devices[i]);
    return requests;
}

static void
on_load_look(void *arg)
{
    struct nh_timer *timer = *(struct nh_timer **)arg;
    uint64_t requests = requests_of_all();

    if (requests == load.requests)
        nh_loop_stop(load.loop);
    load.requests = requests;
    nh_timer_after(timer, LOOK_MS);
}

/* What is read between two rounds (sensors, neighbours) is read, and not again for some
 * minutes. Rounds in which it is under way would cut it off and cost more than real ones.
 */
static void
let_details_end(void)
{
    struct nh_timer *timer = NULL;

    if (nh_timer_new(&timer, nh_loop_base(load.loop), on_load_look, &timer) != NH_OK)
        exit(1);
    nh_timer_after(timer, LOOK_MS);
    if (nh_loop_run(load.loop) != NH_OK)
        exit(1);
    nh_timer_free(timer);
}

int
main(int argc, char **argv)
{
    int version = argc > 5 ? atoi(argv[2]) : 0, rounds = argc > 5 ? atoi(argv[4]) : 0;
    uint64_t requests, interfaces = 0;
    double cpu;
    long memory_kb;

    if (argc != 6 || nh_loop_new(&load.loop) != NH_OK)
        return 2;
    nh_loop_raise_nofile();
    nh_loop_keep_heap(); /* as the collector does */
    load.count = atoi(argv[3]);
    load.devices = calloc((size_t)load.count, sizeof(*load.devices));
    open_one(&load.devices[0], argv[1], version, argv[5], 1); /* the library is started */
    memory_kb = resident_kb();
    for (int i = 1; i < load.count; i++)
        open_one(&load.devices[i], argv[1], version, argv[5], i + 1);
    run_all();
    let_details_end();
    requests = requests_of_all();
    cpu = cpu_s();
    for (int r = 0; r < rounds; r++)
        run_all();
    cpu = cpu_s() - cpu;
    memory_kb = resident_kb() - memory_kb;
    requests = requests_of_all() - requests;
    for (int i = 0; i < load.count; i++)
        interfaces += nh_snmp_device_facts(load.devices[i].device)->interface_count;
    printf("%d %llu %llu %.6f %.2f\n", load.count * rounds,
        (unsigned long long)interfaces * (unsigned long long)rounds,
        (unsigned long long)requests, cpu, (double)memory_kb / load.count);
    for (int i = 0; i < load.count; i++) {
        nh_snmp_device_free(load.devices[i].device);
        nh_snmp_close(load.devices[i].session);
    }
    nh_loop_free(load.loop);
    free(load.devices);
    return 0;
}
