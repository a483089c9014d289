/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - nhip-collector: options, configuration, and what --check says */
#include "collector/inventory.h"
#include "libnhip/log.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* "configuration OK: ..." or "file:line: what is wrong"; the exit status. */
static int
check(const char *path)
{
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;
    struct nh_buf text;

    if (inventory_load(&inv, path, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return 1;
    }
    nh_buf_init(&text, 4096);
    inventory_summary(inv, &text);
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    nh_buf_fini(&text);
    inventory_free(inv);
    return 0;
}

static int
usage(void)
{
    fputs("usage: nhip-collector [-c FILE] --check\n", stderr);
    return 2;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = { { "config", required_argument, NULL, 'c' },
        { "check", no_argument, NULL, 'k' }, { NULL, 0, NULL, 0 } };
    const char *path = "/etc/nhip/nhip.conf";
    bool check_only = false;
    int option;

    nh_log_open("nhip-collector", NH_LOG_INFO, false);
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 'k')
            check_only = true;
        else
            return usage();
    }
    return check_only && optind == argc ? check(path) : usage();
}
