/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rrdfile.c - librrd, made predictable
 *
 * rrd_create draws each archive's first row from random(3), to spread writes over a disk.
 * Here a file must be the same bytes whenever it is made again from the journal, so the
 * generator is seeded from the path before each create (after one throw-away draw, since
 * librrd seeds it by time at its first use).
 */
#include "collector/series/rrdfile.h"
#include <errno.h>
#include <math.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 64, ARG_LEN = 160 };

int64_t
rrdfile_step(const struct nh_kind *kind)
{
    return kind->default_every_s;
}

void
rrdfile_ds(const char *metric, char out[NH_NAME_MAX])
{
    snprintf(out, NH_NAME_MAX, "%.19s", metric);
}

static enum nh_err
fail(char why[RRDFILE_WHY_MAX])
{
    snprintf(
        why, RRDFILE_WHY_MAX, "%s", rrd_test_error() ? rrd_get_error() : strerror(errno));
    rrd_clear_error();
    return NH_EIO;
}

static enum nh_err
make_parents(const char *path)
{
    char dir[4096];

    snprintf(dir, sizeof(dir), "%s", path);
    for (char *p = dir + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(dir, 0755) != 0 && errno != EEXIST)
            return NH_EIO;
        *p = '/';
    }
    return NH_OK;
}

static void
print_bound(double bound, char out[32])
{
    if (isnan(bound))
        snprintf(out, 32, "U");
    else
        snprintf(out, 32, "%.17g", bound);
}

struct args {
    char text[ARGS_MAX][ARG_LEN];
    const char *argv[ARGS_MAX];
    int count;
};

static char *
next_arg(struct args *a)
{
    a->argv[a->count] = a->text[a->count];
    return a->text[a->count++];
}

static void
add_sources(struct args *a, const struct nh_kind *kind, int64_t step)
{
    for (uint8_t i = 0; i < kind->count; i++) {
        char ds[NH_NAME_MAX], low[32], high[32];

        rrdfile_ds(kind->metrics[i].name, ds);
        print_bound(kind->metrics[i].min, low);
        print_bound(kind->metrics[i].max, high);
        /* a round may be late or lost: three steps of silence are unknown */
        snprintf(next_arg(a), ARG_LEN, "DS:%s:GAUGE:%lld:%s:%s", ds, 3 * (long long)step,
            low, high);
    }
}

static void
add_archives(
    struct args *a, const struct series_archive *archives, size_t count, int64_t step)
{
    for (size_t i = 0; i < count && a->count + 2 <= ARGS_MAX; i++) {
        long long per_row = archives[i].step_s / step;
        long long rows =
            archives[i].keep_s / (archives[i].step_s > 0 ? archives[i].step_s : 1);

        if (per_row < 1 || rows < 1)
            continue;
        snprintf(next_arg(a), ARG_LEN, "RRA:AVERAGE:0.5:%lld:%lld", per_row, rows);
        if (archives[i].max)
            snprintf(next_arg(a), ARG_LEN, "RRA:MAX:0.5:%lld:%lld", per_row, rows);
    }
}

static unsigned
seed_of(const char *path)
{
    const char *name =
        strstr(path, "/rrd/"); /* the data directory may move; the check does not */
    unsigned h = 2166136261U;

    for (const char *p = name != NULL ? name : path; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * 16777619U;
    return h;
}

enum nh_err
rrdfile_create(const char *path, const struct nh_kind *kind, int64_t last_s,
    const struct series_archive *archives, size_t archive_count,
    char why[RRDFILE_WHY_MAX])
{
    int64_t step = rrdfile_step(kind);
    struct args args = { .count = 0 };

    if (make_parents(path) != NH_OK)
        return fail(why);
    add_sources(&args, kind, step);
    add_archives(&args, archives, archive_count, step);
    if (args.count == kind->count) {
        snprintf(why, RRDFILE_WHY_MAX,
            "no archive of the retention suits a step of %lld s", (long long)step);
        return NH_EINVAL;
    }
    (void)rrd_random();
    srandom(seed_of(path));
    rrd_clear_error();
    if (rrd_create_r(path, (unsigned long)step, (time_t)last_s, args.count, args.argv) !=
        0) {
        enum nh_err err = fail(why);

        unlink(path); /* half a file is worse than none */
        return err;
    }
    return NH_OK;
}

enum nh_err
rrdfile_update(const char *path, int count, const char **rows, char why[RRDFILE_WHY_MAX])
{
    rrd_clear_error();
    if (rrd_updatex_r(path, NULL, 0, count, rows) != 0)
        return fail(why);
    return NH_OK;
}

enum nh_err
rrdfile_look(
    const char *path, int64_t *last_s, size_t *header_bytes, char why[RRDFILE_WHY_MAX])
{
    rrd_info_t *info, *row;

    rrd_clear_error();
    *last_s = rrd_last_r(path);
    if (*last_s == -1)
        return fail(why);
    info = rrd_info_r(path);
    if (info == NULL)
        return fail(why);
    *header_bytes = 0;
    for (row = info; row != NULL; row = row->next)
        if (strcmp(row->key, "header_size") == 0 && row->type == RD_I_CNT)
            *header_bytes = (size_t)row->value.u_cnt;
    rrd_info_free(info);
    if (*header_bytes > 0)
        return NH_OK;
    snprintf(why, RRDFILE_WHY_MAX, "librrd does not say how long the header is");
    return NH_EIO;
}
