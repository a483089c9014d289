/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - nhip-collector: options, configuration, open, drop privileges, run, close */
#include "collector/collector.h"
#include "collector/replay.h"
#include "libnhip/log.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* "configuration OK: ..."; the exit status. */
static int
say_ok(const struct inventory *inv)
{
    struct nh_buf text;

    nh_buf_init(&text, 4096);
    inventory_summary(inv, &text);
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    nh_buf_fini(&text);
    return 0;
}

static int
usage(FILE *to)
{
    fputs(
        "usage: nhip-collector [-c FILE] [--check] [--replay STREAM] [-f | --foreground] "
        "[--version]\n",
        to);
    return to == stdout ? 0 : 2;
}

static int
run(struct collector *c)
{
    enum nh_err err = collector_open(c);

    if (err == NH_OK)
        err = collector_settle(c);
    if (err == NH_OK) {
        nh_log(NH_LOG_NOTICE,
            "nhip-collector " NHIP_VERSION ": %s, %zu sites, agents at %s", c->inv->name,
            c->inv->site_count, c->inv->collector.listen);
        err = nh_loop_run(c->loop);
    }
    collector_close(c);
    return err == NH_OK ? 0 : 1;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' }, { "foreground", no_argument, NULL, 'f' },
        { "replay", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
    struct collector c = { .conf_path = "/etc/nhip/nhip.conf", .program = argv[0] };
    struct nh_conf_problem problem;
    const char *stream = NULL;
    bool check = false, foreground = false;
    int option, status;

    while ((option = getopt_long(argc, argv, "c:fh", options, NULL)) != -1) {
        if (option == 'c')
            c.conf_path = optarg;
        else if (option == 'k')
            check = true;
        else if (option == 'r')
            stream = optarg;
        else if (option == 'f')
            foreground = true;
        else if (option == 'h')
            return usage(stdout);
        else if (option == 'V')
            return puts("nhip-collector " NHIP_VERSION) == EOF;
        else
            return usage(stderr);
    }
    if (optind != argc)
        return usage(stderr);
    nh_log_open("nhip-collector", NH_LOG_INFO, !foreground && !check && stream == NULL);
    if (inventory_load(&c.inv, c.conf_path, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return 1;
    }
    if (!check && stream == NULL)
        return run(&c);
    status = check ? say_ok(c.inv) : replay_run(c.inv, stream, stdout);
    inventory_free(c.inv);
    return status;
}
