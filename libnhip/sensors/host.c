/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host.c - sensor "host": load, memory, disk, temperature and uptime of this machine
 *
 * Read at the boundary from the kernel's own files; what a machine does not have (many
 * have no thermometer) is absent from its readings. The hottest thermal zone speaks for
 * the machine; where there is no zone, the first hwmon sensor does.
 */
#include "libnhip/clock.h"
#include "libnhip/sensors/shared.h"
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    glob_t thermometers;                /* paths that held a number when it opened */
    char path[256];                     /* whose file system is watched */
};

/* The number at the head of a small file of the kernel's. */
static bool
read_number(const char *path, double *out)
{
    FILE *f = fopen(path, "re");
    bool ok;

    if (f == NULL)
        return false;
    ok = fscanf(f, "%lf", out) == 1;
    fclose(f);
    return ok;
}

static bool
read_memory_used(double *pct)
{
    FILE *f = fopen("/proc/meminfo", "re");
    double total = 0, available = -1, kib;
    char line[128];

    if (f == NULL)
        return false;
    while ((total <= 0 || available < 0) && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "MemTotal: %lf", &kib) == 1)
            total = kib;
        else if (sscanf(line, "MemAvailable: %lf", &kib) == 1)
            available = kib;
    }
    fclose(f);
    if (total <= 0 || available < 0)
        return false;
    *pct = 100 * (1 - available / total);
    return true;
}

/* As df says it: of what users other than root may have. */
static bool
read_disk_used(const char *path, double *pct)
{
    struct statvfs fs;
    double used;

    if (statvfs(path, &fs) != 0 || fs.f_blocks == 0)
        return false;
    used = (double)fs.f_blocks - (double)fs.f_bfree;
    *pct = 100 * used / (used + (double)fs.f_bavail);
    return true;
}

static bool
read_temperature(const glob_t *paths, double *celsius)
{
    bool found = false;
    double milli;

    for (size_t i = 0; i < paths->gl_pathc; i++) {
        if (!read_number(paths->gl_pathv[i], &milli))
            continue;
        if (!found || milli / 1000 > *celsius)
            *celsius = milli / 1000;
        found = true;
    }
    return found;
}

static void
host_start(struct nh_probe *p, uint32_t span_ms)
{
    const struct nh_kind *kind = p->ctx->kind;
    struct nh_reading r = { 0 };
    double v = 0;

    (void)span_ms;
    if (read_number("/proc/loadavg", &v))
        nh_reading_put(&r, kind, NH_HOST_LOAD1, v);
    if (read_memory_used(&v))
        nh_reading_put(&r, kind, NH_HOST_MEM, v);
    if (read_disk_used(p->path, &v))
        nh_reading_put(&r, kind, NH_HOST_DISK, v);
    if (read_temperature(&p->thermometers, &v))
        nh_reading_put(&r, kind, NH_HOST_TEMP, v);
    nh_reading_put(&r, kind, NH_HOST_UPTIME, floor((double)nh_clock_mono_ms() / 1000));
    p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static void
host_close(struct nh_probe *p)
{
    if (p == NULL)
        return;
    globfree(&p->thermometers);
    free(p);
}

static enum nh_err
host_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    struct nh_probe *p = calloc(1, sizeof(*p));
    struct statvfs fs;

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    if (!nh_param_get(ctx->assignment->params, "path", p->path, sizeof(p->path)))
        snprintf(p->path, sizeof(p->path), "/");
    if (statvfs(p->path, &fs) != 0) {
        snprintf(why, 128, "path: there is no %.80s", p->path);
        free(p);
        return NH_EINVAL;
    }
    if (glob("/sys/class/thermal/thermal_zone*/temp", 0, NULL, &p->thermometers) != 0) {
        globfree(&p->thermometers);
        memset(&p->thermometers, 0, sizeof(p->thermometers));
        if (glob("/sys/class/hwmon/hwmon*/temp1_input", 0, NULL, &p->thermometers) != 0) {
            globfree(&p->thermometers);
            memset(&p->thermometers, 0, sizeof(p->thermometers));
        }
    }
    *out = p;
    return NH_OK;
}

static const char *const host_kinds[] = { "host", NULL };
static const struct nh_param host_params[] = {
    { "path", false, "a file system to watch [/]" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_host = {
    .name = "host",
    .kinds = host_kinds,
    .params = host_params,
    .instant = true,
    .open = host_open,
    .start = host_start,
    .close = host_close,
};
