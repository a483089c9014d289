/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - nhip-series: started by nhip-collector, the one owner of the RRD files */
#include "collector/series/archives.h"
#include "collector/series/serve.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARENT_FD = 3 };

static int
usage(void)
{
    fprintf(stderr,
        "usage: nhip-series --journal DIR --data DIR --archives \"10s:1d, ...\" "
        "[--checkpoint SECONDS] [--once]\n"
        "nhip-collector starts it, with a socket as file descriptor 3; --once reads "
        "the whole journal and ends.\n");
    return 2;
}

static enum nh_err
read_all(struct series *s)
{
    enum nh_err err;

    do
        err = series_advance(s, UINT64_MAX, 10000);
    while (err == NH_OK);
    return err == NH_EEMPTY ? NH_OK : err;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "journal", required_argument, NULL, 'j' },
        { "data", required_argument, NULL, 'd' },
        { "archives", required_argument, NULL, 'a' },
        { "checkpoint", required_argument, NULL, 'c' },
        { "once", no_argument, NULL, '1' },
        { 0 },
    };
    struct series_archive archives[SERIES_ARCHIVES_MAX];
    struct series_options opt = { .archives = archives };
    struct nh_loop *loop = NULL;
    struct series *s = NULL;
    bool once = false;
    enum nh_err err = NH_OK;
    int c;

    nh_log_open("nhip-series", NH_LOG_INFO, false);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'j':
            opt.journal_dir = optarg;
            break;
        case 'd':
            opt.data_dir = optarg;
            break;
        case 'a':
            err = series_archives(optarg, archives, &opt.archive_count);
            break;
        case 'c':
            opt.checkpoint_s = strtoll(optarg, NULL, 10);
            break;
        case '1':
            once = true;
            break;
        default:
            return usage();
        }
    }
    if (opt.journal_dir == NULL || opt.data_dir == NULL || opt.archive_count == 0 ||
        err != NH_OK)
        return usage();
    err = nh_loop_new(&loop);
    if (err == NH_OK)
        err = series_open(&s, &opt);
    if (err == NH_OK)
        err = once ? read_all(s) : serve(s, loop, PARENT_FD);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "%s: %s", opt.data_dir, nh_strerror(err));
    series_close(s);
    nh_loop_free(loop);
    return err == NH_OK ? 0 : 1;
}
