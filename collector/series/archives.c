/* SPDX-License-Identifier: GPL-3.0-or-later */
/* archives.c - reads the archives that the collector hands on */
#include "collector/series/archives.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
take_duration(const char **p, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = { { "min", 60 }, { "s", 1 }, { "h", 3600 }, { "d", 86400 },
        { "y", 31557600 } };
    char *end;
    int64_t n;

    errno = 0;
    n = strtoll(*p, &end, 10);
    if (end == *p || n < 1 || n > 1000000000 || errno != 0)
        return false;
    for (size_t i = 0; i < NH_COUNT(units); i++) {
        size_t len = strlen(units[i].unit);

        if (strncmp(end, units[i].unit, len) != 0 || isalpha((unsigned char)end[len]))
            continue;
        *out = n * units[i].s;
        *p = end + len;
        return true;
    }
    return false;
}

enum nh_err
series_archives(
    const char *text, struct series_archive out[SERIES_ARCHIVES_MAX], size_t *count)
{
    const char *p = text;

    *count = 0;
    while (true) {
        struct series_archive *a = &out[*count];

        while (*p == ' ')
            p++;
        if (*count == SERIES_ARCHIVES_MAX || !take_duration(&p, &a->step_s) ||
            *p++ != ':' || !take_duration(&p, &a->keep_s) || a->keep_s < a->step_s)
            break;
        a->max = strncmp(p, ":max", 4) == 0;
        p += a->max ? 4 : 0;
        (*count)++;
        while (*p == ' ')
            p++;
        if (*p == '\0')
            return NH_OK;
        if (*p++ != ',')
            break;
    }
    *count = 0;
    return NH_EINVAL;
}
