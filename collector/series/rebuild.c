/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rebuild.c - one file made again from as far back as the journal goes */
#include "collector/series/series_model.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct rebuild {
    struct series *s;
    struct file *file;
};

static void
on_rebuild_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct rebuild *b = arg;

    (void)pos;
    (void)source;
    for (size_t i = 0; i < count; i++) {
        const struct nh_check *check = nh_dict_get(dict, readings[i].check);

        if (check != NULL && strcmp(check->id, b->file->check) == 0)
            gather_take(b->s, b->file, origin, &readings[i]);
    }
}

/* Read the journal from its beginning up to where the running reader is. */
static enum nh_err
reread(struct rebuild *b)
{
    struct nh_tracker_events events = { .on_readings = on_rebuild_readings, .arg = b };
    struct nh_tracker *tracker = NULL;
    struct nh_view *view = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    enum nh_err err = nh_tracker_new(&tracker, &events);

    if (err == NH_OK)
        err = nh_view_open(&view, b->s->opt.journal_dir);
    if (err == NH_OK)
        err = nh_view_seek(view, 0);
    while (err == NH_OK || err == NH_EGAP) {
        err = nh_view_next(view, b->s->pos, &rec, &gap);
        if (err == NH_OK && nh_tracker_feed(tracker, &rec) != NH_OK)
            b->s->counts.errors++;
    }
    nh_view_close(view);
    nh_tracker_free(tracker);
    return err == NH_EEMPTY ? gather_flush(b->s, b->file) : err;
}

enum nh_err
series_rebuild(struct series *s, const char *check, uint64_t *rows)
{
    struct rebuild b = { .s = s, .file = gather_known(s, check) };
    char path[PATH_BYTES];
    uint64_t before = s->counts.rows;
    enum nh_err err;

    *rows = 0;
    if (b.file == NULL)
        return NH_ENOTFOUND;
    gather_path(s, check, path);
    /* After a crash half-way an old header over a new file would be wrong, and what the
     * journal has from here on too little: the mark stays until the file is whole. */
    err = state_begin(s->state);
    if (err == NH_OK)
        err = state_mark(s->state, check);
    if (err == NH_OK)
        err = state_end(s->state, state_pos(s->state), false);
    if (err != NH_OK)
        return err;
    if (unlink(path) != 0 && errno != ENOENT)
        return NH_EIO;
    gather_drop(b.file);
    b.file->on_disk = b.file->broken = false;
    b.file->last_s = 0;
    b.file->touched = true;
    err = reread(&b);
    *rows = s->counts.rows - before;
    if (err == NH_OK && b.file->broken)
        err = NH_EIO;
    if (err == NH_OK)
        return series_checkpoint(s);
    gather_drop(b.file);
    b.file->broken = true; /* until it is tried again */
    return err;
}
