/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - nhip-drill: a province of agents that are not there
 */
#include "drill/story.h"
#include "drill/virtual.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <event2/util.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A collector takes some hundred handshakes a second: thousands do not come at once. */
enum { SPREAD_MS = 5000, SPREAD_MS_AN_AGENT = 3 };

struct drill {
    struct drill_host host;
    struct world world;
    struct drill_key *keys;
    size_t count, centre; /* centre: index, or SIZE_MAX */
    struct virtual **agents;
    struct nh_loop *loop;
};

static int
usage(FILE *to)
{
    fprintf(to, "usage: nhip-drill --keys FILE [--connect HOST:PORT] [--agents N]\n"
                "           [--every-ms M] [--no-trouble] [--seed N] [--for SECONDS]\n"
                "           [--centre-checks FILE] [--story FILE] [--retry-ms M]\n");
    return to == stdout ? 0 : 2;
}

/* The centre sees every line of every site from its own end. */
static void
on_drill_check(void *arg, uint32_t link, const struct nh_assignment *a)
{
    struct drill *d = arg;
    char id[NH_CHECK_ID_MAX], *slash;

    if (d->centre == SIZE_MAX)
        return;
    snprintf(id, sizeof(id), "%s", a->check);
    slash = strrchr(id, '/');
    if (slash == NULL)
        return;
    for (size_t i = 0; i < d->count && strcmp(a->kind, "path") == 0; i++) {
        size_t len = strlen(d->keys[i].site);

        if (strncmp(id, d->keys[i].site, len) != 0 || id[len] != '/')
            continue;
        snprintf(slash, sizeof(id) - (size_t)(slash - id), "/far");
        virtual_add(d->agents[d->centre], id, "far", (uint32_t)i, link);
        return;
    }
    if (strcmp(a->kind, "service") == 0 &&
        (size_t)(slash - id) + sizeof("/collector") <= sizeof(id)) {
        snprintf(slash, sizeof(id) - (size_t)(slash - id), "/collector");
        virtual_add(d->agents[d->centre], id, "service", UINT32_MAX, UINT32_MAX);
    }
}

/* Checks of the centre that follow from no site: pops, its own uplinks; an id a line. */
static bool
add_centre_checks(struct drill *d, const char *path)
{
    char line[NH_CHECK_ID_MAX + 2];
    FILE *f = fopen(path, "r");

    if (f == NULL)
        return false;
    while (d->centre != SIZE_MAX && fgets(line, sizeof(line), f) != NULL) {
        char *slash;

        line[strcspn(line, " \t\r\n")] = '\0';
        slash = strrchr(line, '/');
        if (slash != NULL)
            virtual_add(d->agents[d->centre], line, slash + 1, UINT32_MAX, 0);
    }
    fclose(f);
    return true;
}

static bool
start(struct drill *d)
{
    d->agents = calloc(d->count, sizeof(struct virtual *));
    if (d->agents == NULL)
        return false;
    for (size_t i = 0; i < d->count; i++) {
        const struct drill_key *k = &d->keys[i];
        bool is_centre = strcmp(k->site, "centre") == 0;

        if (is_centre)
            d->centre = i;
        if (virtual_new(&d->agents[i], &d->host, is_centre ? UINT32_MAX : (uint32_t)i,
                k->identity, k->key) != NH_OK)
            return false;
    }
    return true;
}

static void
print_counts(const struct drill *d, int64_t ms)
{
    const struct drill_counts *c = &d->host.counts;
    uint64_t waiting = 0;
    size_t connected = 0;

    for (size_t i = 0; i < d->count; i++) {
        waiting += virtual_waiting(d->agents[i]);
        connected += virtual_is_connected(d->agents[i]);
    }
    printf(
        "agents %zu connected %zu seconds %.1f readings %llu values %llu records %llu "
        "delivered %llu waiting %llu dropped %llu sessions %llu failures %llu troubles "
        "%llu\n",
        d->count, connected, (double)ms / 1000, (unsigned long long)c->readings,
        (unsigned long long)c->values, (unsigned long long)c->records,
        (unsigned long long)c->delivered, (unsigned long long)waiting,
        (unsigned long long)c->dropped, (unsigned long long)c->sessions,
        (unsigned long long)c->failures, (unsigned long long)d->world.begun);
}

static void
on_drill_end(void *arg)
{
    nh_loop_stop(arg);
}

static void
stop(struct drill *d)
{
    for (size_t i = 0; d->agents != NULL && i < d->count; i++)
        virtual_free(d->agents[i]);
    free(d->agents);
    drill_keys_free(d->keys, d->count);
    nh_loop_free(d->loop);
}

static int
run(struct drill *d, const char *centre_checks, long seconds)
{
    struct nh_timer *end = NULL;
    int64_t from = nh_clock_mono_ms();
    int status = 1;

    d->host.on_check = on_drill_check;
    d->host.arg = d;
    d->host.world = &d->world;
    if (nh_loop_new(&d->loop) != NH_OK)
        return 1;
    d->host.base = nh_loop_base(d->loop);
    if (!start(d) || nh_timer_new(&end, d->host.base, on_drill_end, d->loop) != NH_OK)
        fprintf(stderr, "nhip-drill: out of memory\n");
    else if (centre_checks != NULL && !add_centre_checks(d, centre_checks))
        fprintf(stderr, "nhip-drill: %s: cannot be read\n", centre_checks);
    else {
        if (seconds > 0)
            nh_timer_after(end, seconds * 1000);
        status = nh_loop_run(d->loop) == NH_OK ? 0 : 1;
        print_counts(d, nh_clock_mono_ms() - from);
    }
    nh_timer_free(end);
    return status;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = { { "keys", required_argument, NULL, 'k' },
        { "connect", required_argument, NULL, 'c' },
        { "agents", required_argument, NULL, 'n' },
        { "every-ms", required_argument, NULL, 'e' },
        { "no-trouble", no_argument, NULL, 'q' },
        { "seed", required_argument, NULL, 's' }, { "for", required_argument, NULL, 'f' },
        { "centre-checks", required_argument, NULL, 'x' },
        { "story", required_argument, NULL, 't' },
        { "retry-ms", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' },
        { 0 } };
    struct drill d = { .centre = SIZE_MAX, .host = { .spread_ms = SPREAD_MS } };
    struct sockaddr_storage address;
    int len = sizeof(address), c, status;
    const char *keys = NULL, *to = "127.0.0.1:7443", *centre_checks = NULL, *story = NULL;
    unsigned long agents = 0, seed = 1;
    long seconds = 0;
    bool quiet = false;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 'k':
            keys = optarg;
            break;
        case 'c':
            to = optarg;
            break;
        case 'n':
            agents = strtoul(optarg, NULL, 10);
            break;
        case 'e':
            d.host.every_ms = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'q':
            quiet = true;
            break;
        case 's':
            seed = strtoul(optarg, NULL, 10);
            break;
        case 'f':
            seconds = strtol(optarg, NULL, 10);
            break;
        case 'x':
            centre_checks = optarg;
            break;
        case 't':
            story = optarg;
            quiet = true;
            break;
        case 'r':
            d.host.retry_ms = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        default:
            return usage(c == 'h' ? stdout : stderr);
        }
    }
    if (keys == NULL || optind != argc ||
        evutil_parse_sockaddr_port(to, (struct sockaddr *)&address, &len) != 0)
        return usage(stderr);
    nh_log_open("nhip-drill", NH_LOG_NOTICE, false);
    nh_loop_raise_nofile();
    if (drill_keys_read(keys, &d.keys, &d.count) != NH_OK)
        return 1;
    if (agents > 0 && agents < d.count)
        drill_keys_cut(&d.keys, &d.count, agents);
    d.host.address = (struct sockaddr *)&address;
    d.host.address_len = len;
    if (d.count * SPREAD_MS_AN_AGENT > SPREAD_MS)
        d.host.spread_ms = (uint32_t)d.count * SPREAD_MS_AN_AGENT;
    world_init(&d.world, (uint32_t)d.count, seed, quiet);
    status = 1;
    if (story == NULL ||
        drill_story_read(story, d.keys, d.count, nh_clock_mono_ms(), &d.world) == NH_OK)
        status = run(&d, centre_checks, seconds);
    stop(&d);
    return status;
}
