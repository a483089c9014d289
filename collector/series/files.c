/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.c - walks data/rrd/SITE/LINK/kind.rrd */
#include "collector/series/files.h"
#include <fts.h>
#include <stdio.h>
#include <string.h>

void
series_walk(const char *root,
    void (*each)(void *arg, const char *check, const char *path), void *arg)
{
    char start[4096], check[4096];
    char *roots[] = { start, NULL };
    FTS *walk;
    FTSENT *entry;

    snprintf(start, sizeof(start), "%s", root);
    walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        return;
    while ((entry = fts_read(walk)) != NULL) {
        size_t len = strlen(entry->fts_path), skip = strlen(start) + 1;

        if (entry->fts_info != FTS_F || len < skip + 5 ||
            strcmp(entry->fts_path + len - 4, ".rrd") != 0)
            continue;
        snprintf(
            check, sizeof(check), "%.*s", (int)(len - 4 - skip), entry->fts_path + skip);
        each(arg, check, entry->fts_path);
    }
    fts_close(walk);
}
