/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rrd_floor.c - what librrd alone takes for rows into files that are there
 *
 *   rrd_floor DIRECTORY ROWS
 *
 * ROWS rows, a step apart, go into each .rrd file below DIRECTORY by one rrd_updatex_r()
 * call a file. The text of the rows is made before the clock runs. Prints
 * "values N cpu_us N".
 */
/* links: PkgConfig::RRD */
#include <ftw.h>
#include <rrd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { ROWS_MAX = 100, ROW_BYTES = 512, SOURCES_MAX = 24 };

static int row_count;
static unsigned long values;
static double spent_us;

static double
cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* How many data sources a file has, and its step. */
static int
look(const char *path, unsigned long *step)
{
    rrd_info_t *info = rrd_info_r(path);
    int sources = 0;

    *step = 0;
    for (rrd_info_t *row = info; row != NULL; row = row->next) {
        if (strcmp(row->key, "step") == 0)
            *step = row->value.u_cnt;
        if (strncmp(row->key, "ds[", 3) == 0 && strstr(row->key, "].index") != NULL)
            sources++;
    }
    rrd_info_free(info);
    return sources;
}

static int
on_file(const char *path, const struct stat *st, int what, struct FTW *at)
{
    static char text[ROWS_MAX][ROW_BYTES];
    const char *rows[ROWS_MAX];
    size_t len = strlen(path);
    unsigned long step;
    time_t last;
    int sources;
    double from;

    (void)st, (void)at;
    if (what != FTW_F || len < 4 || strcmp(path + len - 4, ".rrd") != 0)
        return 0;
    sources = look(path, &step);
    last = rrd_last_r(path);
    if (sources < 1 || sources > SOURCES_MAX || last == -1)
        return -1;
    for (int i = 0; i < row_count; i++) {
        int n = snprintf(
            text[i], ROW_BYTES, "%lld", (long long)last + (i + 1) * (long long)step);

        for (int k = 0; k < sources; k++)
            n += snprintf(text[i] + n, ROW_BYTES - (size_t)n, ":%d.%03d", 10 + k,
                (i * 37 + k * 101) % 1000);
        rows[i] = text[i];
    }
    from = cpu_us();
    if (rrd_updatex_r(path, NULL, 0, row_count, rows) != 0) {
        fprintf(stderr, "rrd_floor: %s: %s\n", path, rrd_get_error());
        return -1;
    }
    spent_us += cpu_us() - from;
    values += (unsigned long)sources * (unsigned long)row_count;
    return 0;
}

int
main(int argc, char **argv)
{
    row_count = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (row_count < 1 || row_count > ROWS_MAX) {
        fprintf(stderr, "usage: rrd_floor DIRECTORY ROWS\n");
        return 2;
    }
    if (nftw(argv[1], on_file, 16, FTW_PHYS) != 0 || values == 0)
        return 1;
    printf("values %lu cpu_us %.0f\n", values, spent_us);
    return 0;
}
