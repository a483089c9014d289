/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.c - what a record costs: 200 bytes each, a sync every 256 KiB as the collector
 * groups them, and beside it the floor: the same bytes by bare pwrite and fdatasync
 *
 *   bench-journal [DIRECTORY]
 */
#include "libnhip/journal.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS = 200000, BYTES = 200, GROUP = 256 * 1024 / (BYTES + 20), ALONE = 200 };

static double
now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int
floor_run(const char *path, const uint8_t *payload)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    double cpu = cpu_s();

    for (int i = 0; i < RECORDS && fd >= 0; i++) {
        if (pwrite(fd, payload, BYTES + 20, (off_t)i * (BYTES + 20)) != BYTES + 20)
            return -1;
        if (i % GROUP == 0)
            fdatasync(fd);
    }
    printf("journal_floor_cpu %.3f us/record\n", (cpu_s() - cpu) / RECORDS * 1e6);
    if (fd >= 0)
        close(fd);
    unlink(path);
    return fd >= 0 ? 0 : -1;
}

static int
run(struct nh_journal *j, const uint8_t *payload)
{
    double wall = now_s(), cpu = cpu_s();

    for (int i = 0; i < RECORDS; i++) {
        if (nh_journal_append(j, 1, nh_slice_of(payload, BYTES), NULL) != NH_OK)
            return -1;
        if (i % GROUP == 0 && nh_journal_sync(j) != NH_OK)
            return -1;
    }
    if (nh_journal_sync(j) != NH_OK)
        return -1;
    wall = now_s() - wall;
    printf("journal %.0f records/s\n", RECORDS / wall);
    printf("journal_cpu %.3f us/record\n", (cpu_s() - cpu) / RECORDS * 1e6);
    wall = now_s();
    for (int i = 0; i < ALONE; i++)
        if (nh_journal_append(j, 1, nh_slice_of(payload, BYTES), NULL) != NH_OK ||
            nh_journal_sync(j) != NH_OK)
            return -1;
    printf("journal_sync_each %.0f records/s\n", ALONE / (now_s() - wall));
    return 0;
}

int
main(int argc, char **argv)
{
    char dir[256], path[320];
    struct nh_journal_options o = { .dir = dir, .segment_bytes = 16 * 1024 * 1024 };
    struct nh_journal *j = NULL;
    uint8_t payload[BYTES + 20];
    int failed;

    snprintf(dir, sizeof(dir), "%s/nhip-bench.XXXXXX", argc > 1 ? argv[1] : "/tmp");
    memset(payload, 'x', sizeof(payload));
    if (mkdtemp(dir) == NULL || nh_journal_open(&j, &o) != NH_OK) {
        fprintf(stderr, "cannot make a journal in %s\n", dir);
        return 1;
    }
    failed = run(j, payload);
    nh_journal_close(j);
    snprintf(path, sizeof(path), "%s/floor", dir);
    failed |= floor_run(path, payload);
    snprintf(path, sizeof(path), "rm -rf '%s'", dir);
    return system(path) != 0 || failed != 0;
}
