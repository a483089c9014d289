/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.c - walks data/rrd/SITE/LINK/kind.rrd */
#include "collector/series/files.h"
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RANDOM_LETTERS = 6 }; /* of mkstemp(3) */

static FTS *
walk_of(const char *root)
{
    char start[4096];
    char *roots[] = { start, NULL };

    snprintf(start, sizeof(start), "%s", root);
    return fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
}

/* The next file whose name goes on for `after` letters behind ".rrd"; NULL: no more. */
static FTSENT *
next_file(FTS *walk, size_t after)
{
    FTSENT *entry;

    while ((entry = fts_read(walk)) != NULL) {
        size_t len = entry->fts_namelen;

        if (entry->fts_info == FTS_F && len > 4 + after &&
            strncmp(entry->fts_name + len - after - 4, ".rrd", 4) == 0)
            return entry;
    }
    return NULL;
}

void
series_walk(const char *root,
    void (*each)(void *arg, const char *check, const char *path), void *arg)
{
    FTS *walk = walk_of(root);
    FTSENT *entry;

    if (walk == NULL)
        return;
    while ((entry = next_file(walk, 0)) != NULL) {
        size_t len = strlen(entry->fts_path), skip = strlen(root) + 1;
        char check[4096];

        snprintf(
            check, sizeof(check), "%.*s", (int)(len - 4 - skip), entry->fts_path + skip);
        each(arg, check, entry->fts_path);
    }
    fts_close(walk);
}

void
series_sweep(const char *root)
{
    FTS *walk = walk_of(root);
    FTSENT *entry;

    if (walk == NULL)
        return;
    while ((entry = next_file(walk, RANDOM_LETTERS)) != NULL)
        unlink(entry->fts_path);
    fts_close(walk);
}
