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
#include "collector/series/series.h"
#include "collector/series/files.h"
#include "collector/series/rrdfile.h"
#include "collector/series/state.h"
#include "libnhip/anchor.h"
#include "libnhip/log.h"
#include "libnhip/record.h"
#include "libnhip/replay_line.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    DISK_FULL_BYTES = 8 << 20,
    ROWS_GATHERED = 30,
    ROW_BYTES = 24 * (NH_METRICS_MAX + 1),
    PATH_BYTES = 4096
};

/* One check's file. */
struct file {
    char check[NH_CHECK_ID_MAX];
    const struct nh_kind *kind;
    bool on_disk, touched; /* touched: written or waiting since the last checkpoint */
    bool broken;           /* librrd refuses it: said once, then left alone */
    int64_t last_s;        /* of the last row taken */
    int waiting;
    char *rows[ROWS_GATHERED]; /* owned */
};

/* What a source's check numbers lead to. */
struct source_files {
    struct file **by_number;
    uint32_t count;
};

struct series {
    struct series_options opt;
    int lock_fd;
    struct state *state;
    struct nh_view *view;
    struct nh_tracker *tracker;
    void *tree; /* of struct file, by check id */
    struct file **files;
    size_t file_count, file_cap;
    struct source_files *sources;
    uint32_t source_count;
    uint64_t pos; /* last record taken */
    int64_t newest_arrived_ms;
    bool held; /* a row could not be kept: this record must be read again */
    struct series_counts counts;
};

static int
by_check(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->check, ((const struct file *)b)->check);
}

static void
path_of(const struct series *s, const char *check, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/rrd/%s.rrd", s->opt.data_dir, check);
}

/* A check id becomes a path below data_dir/rrd: no way out of it, no hidden names. */
static bool
check_makes_path(const char *check)
{
    if (*check == '\0' || *check == '/' || *check == '.')
        return false;
    for (const char *p = check; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x21 || *p == '\\' || *p == 0x7f)
            return false;
        if (*p == '/' && (p[1] == '\0' || p[1] == '/' || p[1] == '.'))
            return false;
    }
    return true;
}

static struct file *
file_new(struct series *s, const struct nh_check *check)
{
    struct file *f = calloc(1, sizeof(*f));
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    size_t header;

    if (f == NULL)
        return NULL;
    if (s->file_count == s->file_cap) {
        size_t cap = s->file_cap == 0 ? 256 : 2 * s->file_cap;
        struct file **more = realloc(s->files, cap * sizeof(*more));

        if (more == NULL) {
            free(f);
            return NULL;
        }
        s->files = more;
        s->file_cap = cap;
    }
    snprintf(f->check, sizeof(f->check), "%s", check->id);
    f->kind = check->kind;
    path_of(s, f->check, path);
    if (!check_makes_path(f->check)) {
        f->broken = true;
        nh_log_limited(
            NH_LOG_WARN, "series: '%s' cannot be a file's name; not kept", f->check);
    } else if (access(path, F_OK) == 0) {
        f->on_disk = true;
        f->broken = rrdfile_look(path, &f->last_s, &header, why) != NH_OK;
        if (f->broken)
            nh_log(NH_LOG_ERROR,
                "series: %s: %s; 'nhipctl series rebuild %s' makes it again", path, why,
                f->check);
    }
    if (tsearch(f, &s->tree, by_check) == NULL) {
        free(f);
        return NULL;
    }
    s->files[s->file_count++] = f;
    return f;
}

static struct file *
file_find(const struct series *s, const char *check)
{
    struct file key = { .kind = NULL };
    void *const *at;

    if (strlen(check) >= sizeof(key.check))
        return NULL;
    snprintf(key.check, sizeof(key.check), "%s", check);
    at = tfind(&key, &s->tree, by_check);
    return at != NULL ? *at : NULL;
}

/* The kind that a check id tells: its last word, or `service` by its first. */
static const struct nh_kind *
kind_of_id(const char *check)
{
    const char *last = strrchr(check, '/');

    if (strncmp(check, "service/", 8) == 0)
        return nh_kind_find("service");
    return last != NULL ? nh_kind_find(last + 1) : NULL;
}

/* The file of `check`, also when nothing was read for it in this run but it is on disk.
 */
static struct file *
file_known(struct series *s, const char *check)
{
    struct nh_check is = { .kind = kind_of_id(check) };
    struct file *f = file_find(s, check);
    char path[PATH_BYTES];

    if (f != NULL || is.kind == NULL || strlen(check) >= sizeof(is.id) ||
        !check_makes_path(check))
        return f;
    path_of(s, check, path);
    if (access(path, F_OK) != 0 && !state_has(s->state, check))
        return NULL;
    snprintf(is.id, sizeof(is.id), "%s", check);
    return file_new(s, &is);
}

/* The file of a source's check, by number; the name is looked at only the first time. */
static struct file *
file_of(struct series *s, uint32_t source, const struct nh_check *check)
{
    struct source_files *of;
    struct file *f;

    if (source >= s->source_count) {
        uint32_t count = source + 64;
        struct source_files *more = realloc(s->sources, count * sizeof(*more));

        if (more == NULL)
            return NULL;
        memset(more + s->source_count, 0, (count - s->source_count) * sizeof(*more));
        s->sources = more;
        s->source_count = count;
    }
    of = &s->sources[source];
    if (check->number >= of->count) {
        uint32_t count = check->number + 16;
        struct file **more = realloc(of->by_number, count * sizeof(struct file *));

        if (more == NULL)
            return NULL;
        memset(more + of->count, 0, (count - of->count) * sizeof(struct file *));
        of->by_number = more;
        of->count = count;
    }
    f = of->by_number[check->number];
    if (f == NULL || strcmp(f->check, check->id) != 0) {
        f = file_find(s, check->id);
        if (f == NULL)
            f = file_new(s, check);
        of->by_number[check->number] = f;
    }
    return f;
}

static void
drop_rows(struct file *f)
{
    for (int i = 0; i < f->waiting; i++)
        free(f->rows[i]);
    f->waiting = 0;
}

/* Files are written whole when they are made, so that only a new one needs room. */
static bool
disk_is_full(const struct series *s)
{
    struct statvfs fs;

    return statvfs(s->opt.data_dir, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

static enum nh_err
file_flush(struct series *s, struct file *f)
{
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    const char *rows[ROWS_GATHERED] = { NULL };
    enum nh_err err = NH_OK;

    if (f->waiting == 0 || f->broken)
        return NH_OK;
    path_of(s, f->check, path);
    for (int i = 0; i < f->waiting; i++)
        rows[i] = f->rows[i];
    if (!f->on_disk) {
        int64_t first_s = rows[0] != NULL ? strtoll(rows[0], NULL, 10) : 0;

        err = rrdfile_create(path, f->kind, first_s - rrdfile_step(f->kind),
            s->opt.archives, s->opt.archive_count, why);
        f->on_disk = err == NH_OK;
    }
    if (err == NH_OK)
        err = rrdfile_update(path, f->waiting, rows, why);
    if (err == NH_OK) {
        s->counts.rows += (uint64_t)f->waiting;
        drop_rows(f);
        return NH_OK;
    }
    s->counts.errors++;
    if (disk_is_full(s)) {
        nh_log_limited(NH_LOG_ERROR,
            "series: %s: the disk is full; the journal is read on when there is room",
            path);
        return NH_ENOSPC;
    }
    f->broken = true; /* one file's fault must not hold the others */
    drop_rows(f);
    nh_log(NH_LOG_ERROR, "series: %s: %s; 'nhipctl series rebuild %s' makes it again",
        path, why, f->check);
    return NH_OK;
}

/* Time and values as librrd reads them; the fixed-point form prints exactly. */
static char *
print_row(const struct nh_kind *kind, const struct nh_reading *r, int64_t at_s)
{
    struct nh_buf b;

    nh_buf_init(&b, ROW_BYTES);
    nh_buf_printf(&b, "%" PRId64, at_s);
    for (uint8_t i = 0; i < kind->count; i++) {
        nh_buf_put_u8(&b, ':');
        if ((r->present >> i & 1) != 0)
            nh_json_fixed(&b, r->value[i], kind->metrics[i].decimals);
        else
            nh_buf_put_u8(&b, 'U');
    }
    nh_buf_put_u8(&b, '\0');
    if (nh_buf_err(&b) != NH_OK) {
        nh_buf_fini(&b);
        return NULL;
    }
    return (char *)b.data;
}

static void
file_take(struct series *s, struct file *f, const struct nh_origin *origin,
    const struct nh_reading *r)
{
    int64_t at_s = (r->mono_ms + origin->offset_ms) / 1000;
    char *row;

    if (f->broken || s->held)
        return;
    /* one sample of 2033 would make RRDtool refuse everything until then */
    if (at_s > origin->arrived_ms / 1000 + NH_FUTURE_MAX_S || at_s <= f->last_s) {
        s->counts.refused++;
        return;
    }
    if (f->waiting == ROWS_GATHERED && file_flush(s, f) != NH_OK) {
        s->held = true;
        return;
    }
    row = f->broken ? NULL : print_row(f->kind, r, at_s);
    if (row == NULL) {
        s->held = !f->broken;
        return;
    }
    f->rows[f->waiting++] = row;
    f->last_s = at_s;
    f->touched = true;
}

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
        struct file *f = check != NULL ? file_of(s, origin->source, check) : NULL;

        if (f != NULL)
            file_take(s, f, origin, &readings[i]);
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

    path_of(s, check, path);
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
        drop_rows(s->files[i]);
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

static enum nh_err
store_header(struct series *s, struct file *f)
{
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    uint8_t *bytes = NULL;
    int64_t last_s;
    size_t len;
    enum nh_err err;
    int fd = -1;

    path_of(s, f->check, path);
    if (rrdfile_look(path, &last_s, &len, why) != NH_OK) {
        s->counts.errors++;
        f->broken = true; /* spoilt by another hand: the others are kept all the same */
        nh_log(NH_LOG_ERROR, "series: %s: %s; 'nhipctl series rebuild %s' makes it again",
            path, why, f->check);
        return NH_OK;
    }
    bytes = malloc(len);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (bytes == NULL || fd < 0 || pread(fd, bytes, len, 0) != (ssize_t)len)
        err = NH_EIO;
    else
        err = state_put(s->state, f->check, bytes, len);
    if (fd >= 0)
        close(fd);
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
        enum nh_err one = file_flush(s, s->files[i]);

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
    struct file *f = file_known(s, check);

    if (f == NULL || f->broken)
        return NH_ENOTFOUND;
    if (file_flush(s, f) != NH_OK)
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
            file_take(b->s, b->file, origin, &readings[i]);
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
    return err == NH_EEMPTY ? file_flush(b->s, b->file) : err;
}

enum nh_err
series_rebuild(struct series *s, const char *check, uint64_t *rows)
{
    struct rebuild b = { .s = s, .file = file_known(s, check) };
    char path[PATH_BYTES];
    uint64_t before = s->counts.rows;
    enum nh_err err;

    *rows = 0;
    if (b.file == NULL)
        return NH_ENOTFOUND;
    path_of(s, check, path);
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
    drop_rows(b.file);
    b.file->on_disk = b.file->broken = false;
    b.file->last_s = 0;
    b.file->touched = true;
    err = reread(&b);
    *rows = s->counts.rows - before;
    if (err == NH_OK && b.file->broken)
        err = NH_EIO;
    if (err == NH_OK)
        return series_checkpoint(s);
    drop_rows(b.file);
    b.file->broken = true; /* until it is tried again */
    return err;
}
