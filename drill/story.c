/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * story.c - a file of troubles
 */
#include "drill/story.h"
#include <stdio.h>
#include <string.h>

enum { BEGIN_MS = 10000, SECONDS_MAX = 1000000 };

static const char *const kinds[] = { [TROUBLE_LINK] = "link",
    [TROUBLE_CONGESTION] = "full",
    [TROUBLE_NODE] = "node",
    [TROUBLE_POWER] = "power" };

/* One line; NULL, or what is wrong with it. */
static const char *
read_line(const char *line, const struct drill_key *keys, size_t count, int64_t begin_ms,
    struct world *w)
{
    struct trouble t = { 0 };
    char kind[16], site[NH_SITE_ID_MAX], rest;
    double from_s, to_s;
    size_t i = 0, k = 0;

    if (sscanf(line, "%15s %63s %u %u %lf %lf %c", kind, site, &t.sites, &t.link, &from_s,
            &to_s, &rest) != 6)
        return "not `KIND SITE COUNT LINK FROM TO`";
    while (k < NH_COUNT(kinds) && strcmp(kinds[k], kind) != 0)
        k++;
    while (i < count && strcmp(keys[i].site, site) != 0)
        i++;
    if (k == NH_COUNT(kinds))
        return "a trouble is link, full, node or power";
    if (i == count || t.sites == 0 || t.sites > count - i)
        return "not so many sites in the keys";
    if (t.link > 1 || !(from_s >= 0 && to_s > from_s && to_s < SECONDS_MAX))
        return "a link is 0 or 1, and an end comes after its beginning";
    t.kind = (enum trouble_kind)k;
    t.site = (uint32_t)i;
    t.from_ms = begin_ms + (int64_t)(from_s * 1000);
    t.to_ms = begin_ms + (int64_t)(to_s * 1000);
    return world_add(w, &t) ? NULL : "too many troubles";
}

enum nh_err
drill_story_read(const char *path, const struct drill_key *keys, size_t count,
    int64_t now_ms, struct world *w)
{
    int64_t begin_ms = now_ms - now_ms % BEGIN_MS + BEGIN_MS;
    const char *why = NULL;
    size_t number = 0;
    char line[256];
    FILE *f = fopen(path, "r");

    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return NH_EIO;
    }
    while (why == NULL && fgets(line, sizeof(line), f) != NULL) {
        number++;
        if (line[strspn(line, " \t\r\n")] != '\0' && line[0] != '#')
            why = read_line(line, keys, count, begin_ms, w);
    }
    fclose(f);
    if (why == NULL)
        return NH_OK;
    fprintf(stderr, "%s:%zu: %s\n", path, number, why);
    return NH_EFORMAT;
}
