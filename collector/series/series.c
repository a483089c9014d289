/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series.c - from the journal to RRD files
 *
 * Rows wait per file and go out together: a call costs the same for one row as for
 * thirty. What may not be lost is the journal's care; what must be exact is this: after
 * any crash the files become, byte for byte, what an undisturbed run would have made.
 * Three things see to it:
 *
 *  - A row is taken or refused by the journal's content alone (its time against the
 * file's last update and against its own arrival), never by this process's clock.
 *  - Only durable records are read, so that the replay meets everything that was written.
 *  - A checkpoint syncs the files first and then stores their headers and the position in
 * one transaction. After an unclean end the stored headers go back over the files, files
 * born since are removed, and the journal is read again from that position. Archive rows
 * written since lie beyond the restored write pointers and are written again, with the
 * same values. A file that was just being rebuilt is marked, and is rebuilt then.
 */
#include "collector/series/files.h"
#include "collector/series/rrdfile.h"
#include "collector/series/series_model.h"
#include "collector/series/state.h"
#include "libnhip/anchor.h"
#include "libnhip/log.h"
#include "libnhip/record.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void
on_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct series *s = arg;

    (void)pos;
    (void)source;
    if (origin->arrived_ms > s->newest_arrived_ms)
        s->newest_arrived_ms = origin->arrived_ms;
    for (size_t i = 0; i < count; i++) {
        const struct nh_check *check = nh_dict_get(dict, readings[i].check);
        struct file *f = check != NULL ? gather_of(s, origin->source, check) : NULL;

        if (f != NULL)
            gather_take(s, f, origin, &readings[i]);
    }
}

/* Write the header of the last checkpoint back over a file's beginning. */
static enum nh_err
restore_header(void *arg, const char *check, const void *header, size_t len)
{
    struct series *s = arg;
    char path[PATH_BYTES];
    ssize_t n = -1;
    int fd;

    gather_path(s, check, path);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        nh_log(NH_LOG_WARN, "series: %s: %s; 'nhipctl series rebuild %s' makes it again",
            path, strerror(errno), check);
        return NH_OK;
    }
    n = pwrite(fd, header, len, 0);
    close(fd);
    return n == (ssize_t)len ? NH_OK : NH_EIO;
}

/* Remove a file that no checkpoint knows: it was born after the last one, from rows that
 * the journal will give again. */
static void
remove_unknown(void *arg, const char *check, const char *path)
{
    struct series *s = arg;

    if (!state_has(s->state, check) && unlink(path) != 0)
        nh_log(NH_LOG_ERROR, "series: %s: %s", path, strerror(errno));
}

static enum nh_err
recover(struct series *s)
{
    char root[PATH_BYTES];
    enum nh_err err;

    snprintf(root, sizeof(root), "%s/rrd", s->opt.data_dir);
    nh_log(NH_LOG_NOTICE, "series: unclean end; headers restored, journal read again");
    err = state_each(s->state, restore_header, s);
    if (err == NH_OK)
        series_walk(root, remove_unknown, s);
    series_sweep(root);
    return err;
}

/* A collector that was killed leaves one of us behind, which writes its last checkpoint
 * while the next collector starts another: that one has to wait for its end. */
static enum nh_err
take_lock(struct series *s)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "%s/series.lock", s->opt.data_dir);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return NH_EIO;
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return NH_OK;
    return errno == EWOULDBLOCK ? NH_ELOCKED : NH_EIO;
}

/* Files whose making was cut off by a crash; one that cannot be made holds nobody up. */
static void
finish_rebuilds(struct series *s)
{
    char check[NH_CHECK_ID_MAX] = "";
    uint64_t rows;

    while (state_next_marked(s->state, check, sizeof(check))) {
        enum nh_err err = series_rebuild(s, check, &rows);

        nh_log(err == NH_OK ? NH_LOG_NOTICE : NH_LOG_ERROR,
            "series: %s was being rebuilt at the last end: %s", check,
            err == NH_OK ? "done now" : nh_strerror(err));
    }
}

enum nh_err
series_open(struct series **out, const struct series_options *options)
{
    struct series *s = calloc(1, sizeof(*s));
    struct nh_tracker_events events = { .on_readings = on_readings, .arg = s };
    char path[PATH_BYTES];
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->opt = *options;
    s->lock_fd = -1;
    snprintf(path, sizeof(path), "%s/series.db", options->data_dir);
    if (mkdir(options->data_dir, 0755) != 0 && errno != EEXIST) {
        err = NH_EIO;
        goto out;
    }
    err = take_lock(s);
    if (err == NH_OK)
        err = state_open(&s->state, path);
    if (err == NH_OK && !state_was_clean(s->state))
        err = recover(s);
    if (err == NH_OK)
        err = nh_tracker_new(&s->tracker, &events);
    if (err == NH_OK)
        err = nh_view_open(&s->view, options->journal_dir);
    if (err != NH_OK)
        goto out;
    s->pos = state_pos(s->state);
    err = nh_view_seek(s->view, s->pos);
    if (err == NH_OK)
        err = state_begin(s->state); /* from here on, an end without goodbye is unclean */
    if (err == NH_OK)
        err = state_end(s->state, s->pos, false);
    if (err == NH_OK)
        finish_rebuilds(s);
out:
    if (err != NH_OK) {
        series_abandon(s);
        return err;
    }
    *out = s;
    return NH_OK;
}

void
series_abandon(struct series *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->file_count; i++)
        gather_drop(s->files[i]);
    tdestroy(s->tree, free); /* the tree owns the files */
    free(s->files);
    for (uint32_t i = 0; i < s->source_count; i++)
        free(s->sources[i].by_number);
    free(s->sources);
    nh_view_close(s->view);
    nh_tracker_free(s->tracker);
    state_close(s->state);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    free(s);
}

enum nh_err
series_advance(struct series *s, uint64_t durable, size_t max_records)
{
    struct nh_record rec;
    struct nh_gap gap;

    for (size_t i = 0; i < max_records; i++) {
        enum nh_err err = nh_view_next(s->view, durable, &rec, &gap);

        if (err == NH_EGAP) {
            nh_log(NH_LOG_WARN, "series: the journal lacks %" PRIu64 " records here",
                gap.count);
            continue;
        }
        if (err != NH_OK)
            return err;
        if (!rec.preamble && rec.pos <= s->pos)
            continue; /* seen before: only its dictionary was wanted */
        s->held = false;
        err = nh_tracker_feed(s->tracker, &rec);
        if (err == NH_ENOMEM || s->held) {
            /* what was taken of it will be refused the second time: it is not later */
            enum nh_err back = nh_view_seek(s->view, s->pos);

            return back != NH_OK ? back : err == NH_ENOMEM ? err : NH_ENOSPC;
        }
        if (err != NH_OK)
            s->counts.errors++;
        if (rec.pos > s->pos)
            s->pos = rec.pos;
    }
    return NH_OK;
}

/* The first `len` bytes of an RRD file; NULL when it has fewer, or begins otherwise. */
static uint8_t *
read_header(const char *path, size_t len)
{
    static const char magic[4] = "RRD";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = malloc(len);

    if (bytes == NULL || fd < 0 || pread(fd, bytes, len, 0) != (ssize_t)len ||
        len < sizeof(magic) || memcmp(bytes, magic, sizeof(magic)) != 0) {
        free(bytes);
        bytes = NULL;
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* librrd is asked for the length once a file: it opens it twice, which costs as much as
 * to write the rows of a checkpoint. It is asked again when the file does not look whole,
 * to say why. */
static enum nh_err
store_header(struct series *s, struct file *f)
{
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    uint8_t *bytes = NULL;
    int64_t last_s;
    enum nh_err err;

    gather_path(s, f->check, path);
    if (f->header_bytes > 0)
        bytes = read_header(path, f->header_bytes);
    if (bytes == NULL && rrdfile_look(path, &last_s, &f->header_bytes, why) != NH_OK) {
        s->counts.errors++;
        f->header_bytes = 0;
        f->broken = true; /* spoilt by another hand: the others are kept all the same */
        nh_log(NH_LOG_ERROR, "series: %s: %s; 'nhipctl series rebuild %s' makes it again",
            path, why, f->check);
        return NH_OK;
    }
    if (bytes == NULL)
        bytes = read_header(path, f->header_bytes);
    err = bytes != NULL ? state_put(s->state, f->check, bytes, f->header_bytes) : NH_EIO;
    free(bytes);
    return err;
}

static enum nh_err
sync_files(const struct series *s)
{
    int fd = open(s->opt.data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum nh_err err = fd >= 0 && syncfs(fd) == 0 ? NH_OK : NH_EIO;

    if (fd >= 0)
        close(fd);
    return err;
}

static enum nh_err
checkpoint(struct series *s, bool clean)
{
    enum nh_err err = NH_OK;

    for (size_t i = 0; i < s->file_count; i++) {
        enum nh_err one = gather_flush(s, s->files[i]);

        if (one != NH_OK)
            err = one;
    }
    if (err == NH_OK)
        err = sync_files(s);
    if (err == NH_OK)
        err = state_begin(s->state);
    if (err != NH_OK)
        return err;
    for (size_t i = 0; err == NH_OK && i < s->file_count; i++)
        if (s->files[i]->touched && !s->files[i]->broken)
            err = s->files[i]->on_disk ? store_header(s, s->files[i])
                                       : state_forget(s->state, s->files[i]->check);
    if (err != NH_OK) {
        state_abort(s->state);
        return err;
    }
    err = state_end(s->state, s->pos, clean);
    for (size_t i = 0; err == NH_OK && i < s->file_count; i++)
        s->files[i]->touched = false;
    return err;
}

enum nh_err
series_checkpoint(struct series *s)
{
    return checkpoint(s, false);
}

void
series_close(struct series *s)
{
    if (s == NULL)
        return;
    if (checkpoint(s, true) != NH_OK)
        nh_log(NH_LOG_ERROR,
            "series: the last checkpoint failed; the next start reads the "
            "journal again from the one before");
    series_abandon(s);
}

enum nh_err
series_ready_file(struct series *s, const char *check, char *path, size_t size,
    const struct nh_kind **kind)
{
    struct file *f = gather_known(s, check);

    if (f == NULL || f->broken)
        return NH_ENOTFOUND;
    if (gather_flush(s, f) != NH_OK)
        return NH_EIO;
    *kind = f->kind;
    snprintf(path, size, "%s/rrd/%s.rrd", s->opt.data_dir, check);
    return f->on_disk ? NH_OK : NH_ENOTFOUND;
}

void
series_look(const struct series *s, struct series_counts *out)
{
    *out = s->counts;
    out->pos = s->pos;
    out->files = s->file_count;
    out->newest_arrived_ms = s->newest_arrived_ms;
}

const struct series_options *
series_opt(const struct series *s)
{
    return &s->opt;
}
