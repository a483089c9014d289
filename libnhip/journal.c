/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.c - the journal as its owner sees it: open, append, sync, tick, close
 *
 * Two writers stand behind append: the running segment on disk and, in lag mode, the one
 * in memory before it. Positions and chain are given here, once, whichever takes the
 * record. journal_internal.h lists the other files and what each is for.
 */
#include "libnhip/journal.h"
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

enum { SPARE_RETRY_MS = 30 * 1000, PREAMBLE_MAX = 32 * 1024 * 1024 };

static void
destroy(struct nh_journal *j)
{
    if (j == NULL)
        return;
    nhj_compress_stop(j);
    nhj_store_writer_close(&j->dw);
    nhj_store_writer_close(&j->mw);
    nhj_list_free(&j->disk);
    nhj_list_free(&j->mem);
    nh_buf_fini(&j->scratch);
    nh_buf_fini(&j->preamble);
    nh_buf_fini(&j->gathered);
    if (j->memory_fd >= 0)
        close(j->memory_fd);
    if (j->dir_fd >= 0)
        close(j->dir_fd);
    if (j->lock_fd >= 0)
        close(j->lock_fd);
    free(j->dir);
    free(j->memory_dir);
    free(j);
}

static enum nh_err
open_dir(const char *path, int *fd)
{
    enum nh_err err = nhj_io_make_dir(path);

    if (err != NH_OK)
        return err;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? NH_OK : nhj_io_err(errno);
}

static enum nh_err
take_lock(struct nh_journal *j)
{
    char path[PATH_BYTES];

    nhj_io_path(path, j->dir, "LOCK");
    j->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j->lock_fd == -1)
        return nhj_io_err(errno);
    if (flock(j->lock_fd, LOCK_EX | LOCK_NB) == -1)
        return errno == EWOULDBLOCK ? NH_ELOCKED : nhj_io_err(errno);
    return NH_OK;
}

static enum nh_err
set_up(struct nh_journal *j, const struct nh_journal_options *o)
{
    enum nh_err err;

    j->o = *o;
    j->lag = o->memory_dir != NULL;
    j->dir_fd = j->memory_fd = j->lock_fd = j->dw.fd = j->mw.fd = -1;
    j->last_spill_ms = j->disk_state_ms = j->last_retry_ms = INT64_MIN / 2;
    if (j->o.segment_bytes == 0)
        j->o.segment_bytes = SEG_BYTES_DEFAULT;
    if (j->o.memory_max_bytes == 0)
        j->o.memory_max_bytes = 1024 * 1024;
    nh_buf_init(&j->scratch, PREAMBLE_MAX);
    nh_buf_init(&j->preamble, PREAMBLE_MAX);
    nh_buf_init(&j->gathered, j->o.gather_bytes);
    if (o->dir == NULL || strlen(o->dir) > PATH_BYTES - 64 ||
        j->o.segment_bytes > SEG_BYTES_MAX / 2 || j->o.segment_bytes < 4096 ||
        (o->memory_dir != NULL && strlen(o->memory_dir) > PATH_BYTES - 64))
        return NH_EINVAL;
    j->dir = strdup(o->dir);
    j->memory_dir = o->memory_dir != NULL ? strdup(o->memory_dir) : NULL;
    if (j->dir == NULL || (j->lag && j->memory_dir == NULL))
        return NH_ENOMEM;
    if (!j->lag && o->gather_bytes > 0 &&
        nh_buf_reserve(&j->gathered, o->gather_bytes) == NULL)
        return NH_ENOMEM;
    err = open_dir(j->dir, &j->dir_fd);
    if (err == NH_OK && j->lag)
        err = open_dir(j->memory_dir, &j->memory_fd);
    return err == NH_OK ? take_lock(j) : err;
}

enum nh_err
nh_journal_open(struct nh_journal **out, const struct nh_journal_options *options)
{
    struct nh_journal *j = calloc(1, sizeof(*j));
    enum nh_err err;

    *out = NULL;
    if (j == NULL)
        return NH_ENOMEM;
    err = set_up(j, options);
    if (err == NH_OK)
        nhj_state_load(j);
    if (err == NH_OK)
        err = nhj_store_load(j);
    if (err == NH_OK)
        err = nhj_state_head_store(j);
    if (err == NH_OK && !j->lag) {
        nhj_bounds_make_room(j, j->o.segment_bytes);
        err = nhj_store_new_segment(j, j->next_pos, true);
    }
    if (err != NH_OK) {
        int why = errno;

        destroy(j);
        errno = why;
        return err;
    }
    if (j->mem.count > 0) { /* as old as they may be: the next tick moves them */
        j->ages[0].pos = j->mem.v[0]->first_pos;
        j->ages[0].mono_ms = nh_clock_mono_ms() - NH_JOURNAL_LAG_S * 1000;
        j->age_count = 1;
    }
    j->state_dirty = true;
    *out = j;
    return NH_OK;
}

void
nh_journal_close(struct nh_journal *j)
{
    enum nh_err err;

    if (j == NULL)
        return;
    err = nh_journal_sync(j);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "journal %s: closing: %s", j->dir, nh_strerror(err));
    nhj_lag_drop_released(j);
    nhj_bounds_drop_released(j);
    nhj_state_store(j, nh_clock_mono_ms(), true);
    destroy(j);
}

const uint8_t *
nh_journal_stream_id(const struct nh_journal *j)
{
    return j->stream_id;
}

uint32_t
nh_journal_epoch(const struct nh_journal *j)
{
    return j->epoch;
}

uint64_t
nh_journal_next_pos(const struct nh_journal *j)
{
    return j->next_pos;
}

uint64_t
nh_journal_durable_pos(const struct nh_journal *j)
{
    return j->durable_pos;
}

uint64_t
nh_journal_oldest_pos(const struct nh_journal *j)
{
    for (size_t i = 0; i < j->disk.count; i++)
        if (j->disk.v[i]->last_pos > 0)
            return j->disk.v[i]->first_pos;
    for (size_t i = 0; i < j->mem.count; i++)
        if (j->mem.v[i]->last_pos > 0)
            return j->mem.v[i]->first_pos;
    return j->next_pos;
}

void
nh_journal_stats(const struct nh_journal *j, struct nh_journal_stats *out)
{
    *out = j->stats;
    out->records = out->bytes = out->memory_bytes = 0;
    out->segments = (uint32_t)j->disk.count;
    out->oldest_wall_ms = 0;
    for (size_t i = 0; i < j->disk.count + j->mem.count; i++) {
        const struct seg *s =
            i < j->disk.count ? j->disk.v[i] : j->mem.v[i - j->disk.count];

        if (out->oldest_wall_ms == 0 && s->last_pos > 0)
            out->oldest_wall_ms = s->header.wall_ms;
        if (!s->memory) {
            out->records += s->records;
            out->bytes += s->file_bytes;
            continue;
        }
        out->memory_bytes += s->len - s->spilled_off;
        if (s->last_pos > s->spilled_pos)
            out->records += nhj_gap_count(
                s->spilled_pos >= s->first_pos ? s->spilled_pos + 1 : s->first_pos,
                s->last_pos);
    }
    out->bytes += out->memory_bytes;
    out->fill_pct = j->o.max_bytes > 0
                        ? (unsigned)(nhj_bounds_disk_bytes(j) * 100 / j->o.max_bytes)
                        : 0;
}

struct forward {
    void (*on_record)(void *arg, const struct nh_record *rec);
    void *arg;
};

static void
forward(void *arg, const struct nh_record *rec)
{
    const struct forward *f = arg;

    if (rec->type < TYPE_LOSS)
        f->on_record(f->arg, rec);
}

enum nh_err
nh_journal_recover(struct nh_journal *j,
    void (*on_record)(void *arg, const struct nh_record *rec), void *arg)
{
    struct forward f = { on_record, arg };
    char path[PATH_BYTES];
    struct seg_reader r;
    struct seg_scan found;
    enum nh_err err;

    for (size_t i = 0; i < j->disk.count + j->mem.count; i++) {
        const struct seg *s =
            i < j->disk.count ? j->disk.v[i] : j->mem.v[i - j->disk.count];

        if (s->id != j->recover_id)
            continue;
        nhj_seg_path_of(j, s, path);
        err = nhj_seg_open(&r, path, s->compressed, s->len);
        if (err != NH_OK)
            return err;
        nhj_seg_scan(&r, false, &found, forward, &f);
        nhj_seg_close(&r);
        return NH_OK;
    }
    return NH_OK; /* a new journal */
}

/* The writer that takes the next record of `need` bytes, its segment begun. */
static enum nh_err
make_room(struct nh_journal *j, bool memory, size_t need, struct seg_writer **out)
{
    struct seg_writer *w = memory ? &j->mw : &j->dw;
    enum nh_err err = NH_OK;

    if (memory)
        err = nhj_lag_make_room(j, need);
    else if (w->seg == NULL ||
             (w->seg->last_pos > 0 && w->seg->len + need > j->o.segment_bytes))
        err = nhj_store_rotate(j, j->next_pos);
    if (err != NH_OK)
        return err;
    if (w->seg == NULL)
        return NH_EIO;
    if (!w->preambled)
        err = nhj_store_preamble(j, w);
    *out = w;
    return err;
}

static enum nh_err
append_to(struct nh_journal *j, bool memory, uint8_t type, struct nh_slice payload)
{
    size_t need = REC_HEAD_LEN + payload.len;
    struct seg_writer *w = NULL;
    uint32_t chain;
    enum nh_err err = make_room(j, memory, need, &w);

    if (err != NH_OK)
        return err;
    chain = nh_chain_next(j->chain, j->next_pos, type, payload);
    nh_buf_clear(&j->scratch);
    nhj_seg_put_record(&j->scratch, w->seed, type, 0, j->next_pos, chain, payload);
    err = nh_buf_err(&j->scratch);
    if (err == NH_OK)
        err = nhj_store_write(j, w, j->scratch.data, j->scratch.len);
    if (err != NH_OK)
        return err;
    w->seg->last_pos = j->next_pos;
    w->seg->records++;
    j->chain = chain;
    return NH_OK;
}

enum nh_err
nh_journal_append(
    struct nh_journal *j, uint8_t type, struct nh_slice payload, uint64_t *pos)
{
    enum nh_err err;

    if (payload.len > NH_JOURNAL_PAYLOAD_MAX)
        return NH_ETOOBIG;
    if (type == 0 || type >= TYPE_LOSS)
        return NH_EINVAL;
    err = append_to(j, j->lag, type, payload);
    /* no room in memory: after all that it holds, straight to the disk */
    if (err != NH_OK && j->lag && nhj_lag_spill(j) == NH_OK)
        err = append_to(j, false, type, payload);
    if (err != NH_OK)
        return err;
    if (j->lag)
        nhj_lag_appended(j, j->next_pos);
    if (pos != NULL)
        *pos = j->next_pos;
    j->next_pos++;
    return NH_OK;
}

enum nh_err
nh_journal_note(struct nh_journal *j, uint8_t type, struct nh_slice payload)
{
    struct seg_writer *w = NULL;
    enum nh_err err;

    if (payload.len > NH_JOURNAL_PAYLOAD_MAX)
        return NH_ETOOBIG;
    if (type == 0 || type >= TYPE_LOSS)
        return NH_EINVAL;
    err = make_room(j, j->lag, REC_HEAD_LEN + payload.len, &w);
    return err == NH_OK ? nhj_store_note(j, w, type, payload) : err;
}

enum nh_err
nh_journal_flush(struct nh_journal *j)
{
    return j->lag ? NH_OK : nhj_store_flush(j);
}

enum nh_err
nh_journal_sync(struct nh_journal *j)
{
    enum nh_err err;

    if (j->lag)
        return nhj_lag_spill(j);
    err = nhj_store_sync(j);
    if (err != NH_OK) {
        int why = errno;

        nhj_store_sync_failed(j);
        errno = why;
    }
    return err;
}

bool
nh_journal_commit_begin(struct nh_journal *j, struct nh_commit *c)
{
    *c = (struct nh_commit){ .fd = { -1, -1 } };
    if (j->lag || j->committing || j->dw.seg == NULL || (!j->dirty && !j->dir_dirty))
        return false;
    nhj_store_put_mark(j);
    c->err = nhj_store_flush(j);
    c->sys_errno = c->err != NH_OK ? errno : 0;
    c->fd[0] = nhj_io_dup(j->dw.fd);
    c->fd[1] = j->dir_dirty ? nhj_io_dup(j->dir_fd) : -1;
    c->upto = j->next_pos - 1;
    c->segment = j->dw.seg->id;
    c->offset = j->dw.seg->len;
    if (c->fd[0] < 0 || (j->dir_dirty && c->fd[1] < 0)) {
        c->err = nhj_io_err(errno);
        c->sys_errno = errno;
    }
    j->dirty = j->dir_dirty = false;
    j->committing = true;
    j->synced_pos = 0;
    return true;
}

void
nh_journal_commit_run(struct nh_commit *c)
{
    if (c->err != NH_OK)
        return;
    if (fdatasync(c->fd[0]) == -1 || (c->fd[1] >= 0 && fsync(c->fd[1]) == -1)) {
        c->err = nhj_io_err(errno);
        c->sys_errno = errno;
    }
}

enum nh_err
nh_journal_commit_end(struct nh_journal *j, struct nh_commit *c)
{
    for (int i = 0; i < 2; i++)
        if (c->fd[i] >= 0)
            close(c->fd[i]);
    c->fd[0] = c->fd[1] = -1;
    j->committing = false;
    if (c->err != NH_OK) {
        errno = c->sys_errno;
        nhj_store_sync_failed(j);
        errno = c->sys_errno;
        return c->err;
    }
    if (c->upto >= j->open_pos && c->upto > j->durable_pos)
        j->durable_pos = c->upto;
    if (j->synced_pos > j->durable_pos)
        j->durable_pos = j->synced_pos;
    if (j->dw.seg != NULL && j->dw.seg->id == c->segment && c->offset > j->durable_off)
        j->durable_off = c->offset;
    return NH_OK;
}

/* The next segment's zeros are written while the running one still has room. */
static void
prepare_spare(struct nh_journal *j, int64_t mono_ms)
{
    char spare[PATH_BYTES];

    if (j->dw.seg == NULL || j->dw.seg->len < j->o.segment_bytes / 2 ||
        mono_ms - j->last_retry_ms < SPARE_RETRY_MS)
        return;
    nhj_io_path(spare, j->dir, "spare.nhj");
    if (access(spare, F_OK) == 0)
        return;
    j->last_retry_ms = mono_ms;
    if (nhj_io_zero_file(spare, j->o.segment_bytes) != NH_OK)
        nh_log_limited(NH_LOG_WARN, "journal %s: no room for the next segment: %s",
            j->dir, strerror(errno));
}

void
nh_journal_tick(struct nh_journal *j, int64_t mono_ms, int64_t wall_ms)
{
    if (j->lag)
        nhj_lag_tick(j, mono_ms);
    nhj_bounds_drop_released(j);
    nhj_bounds_drop_old(j, mono_ms, wall_ms);
    nhj_loss_forget_old(j);
    nhj_state_store(j, mono_ms, false);
    nhj_compress_tick(j);
    prepare_spare(j, mono_ms);
    nhj_bounds_warn(j);
}

enum nh_err
nh_journal_new_stream(struct nh_journal *j)
{
    uint8_t id[NH_STREAM_ID_LEN], old[NH_STREAM_ID_LEN];
    struct nh_journal_stats held;
    enum nh_err err;

    if (getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
        return nhj_io_err(errno);
    nh_journal_stats(j, &held);
    memcpy(old, j->stream_id, sizeof(old));
    memcpy(j->stream_id, id, sizeof(id));
    j->epoch++;
    j->next_pos = j->open_pos = NH_POS(j->epoch, nh_pos_counter(j->next_pos));
    err = nhj_state_head_store(j); /* from here on the old segments are nobody's */
    if (err != NH_OK) {
        memcpy(j->stream_id, old, sizeof(old));
        return err;
    }
    nhj_compress_stop(j);
    nh_buf_clear(&j->gathered);
    nhj_store_writer_close(&j->dw);
    nhj_store_writer_close(&j->mw);
    while (j->mem.count > 0)
        nhj_store_drop(j, &j->mem, 0);
    while (j->disk.count > 0)
        nhj_store_drop(j, &j->disk, 0);
    nh_log(NH_LOG_WARN,
        "journal %s: new stream, %" PRIu64 " records of the old one dropped", j->dir,
        held.records);
    j->stats.lost_overflow += held.records;
    j->loss_count = 0;
    j->chain = 0;
    j->age_count = 0;
    j->recover_id = 0;
    j->durable_pos = 0;
    j->dirty = j->dir_dirty = false;
    memset(j->prev_sha, 0, sizeof(j->prev_sha));
    return j->lag ? NH_OK : nhj_store_new_segment(j, j->next_pos, true);
}
