/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_store.c - writing: the running segment, its successor, and the syncs
 *
 * A segment begins as a spare: a file of zeros, or one that nobody needs any more. It
 * gets its header under the name `spare.nhj` and then its own name; from then on it is
 * only appended to. Before a successor comes into being its whole predecessor is on the
 * disk, so that a power cut can take a tail but never a middle.
 *
 * A write that fails leaves the length where it was, and the next one goes to the same
 * place. A sync that fails says that bytes are gone which the kernel may never try again:
 * that segment is not written any more, and what was not yet safe counts as lost.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct seg *
nhj_list_add(struct nh_journal *j, struct seg_list *l)
{
    struct seg *s;

    if (l->count == l->cap) {
        size_t cap = l->cap > 0 ? 2 * l->cap : 16;
        struct seg **grown = realloc(l->v, cap * sizeof(struct seg *));

        if (grown == NULL)
            return NULL;
        l->v = grown;
        l->cap = cap;
    }
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->id = ++j->next_id;
    l->v[l->count++] = s;
    return s;
}

void
nhj_list_remove(struct seg_list *l, size_t at)
{
    free(l->v[at]);
    memmove(l->v + at, l->v + at + 1, (l->count - at - 1) * sizeof(struct seg *));
    l->count--;
}

void
nhj_list_free(struct seg_list *l)
{
    while (l->count > 0)
        nhj_list_remove(l, l->count - 1);
    free(l->v);
    l->v = NULL;
}

const char *
nhj_seg_dir(const struct nh_journal *j, const struct seg *s)
{
    return s->memory ? j->memory_dir : j->dir;
}

void
nhj_seg_path_of(const struct nh_journal *j, const struct seg *s, char out[PATH_BYTES])
{
    nhj_io_seg_path(out, nhj_seg_dir(j, s), s->first_pos, s->compressed);
}

void
nhj_store_writer_close(struct seg_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    EVP_MD_CTX_free(w->sha);
    *w = (struct seg_writer){ .fd = -1 };
}

/* Take a segment off the list; its file becomes the spare when there is none. */
void
nhj_store_drop(struct nh_journal *j, struct seg_list *l, size_t at)
{
    struct seg *s = l->v[at];
    char path[PATH_BYTES], spare[PATH_BYTES];

    nhj_seg_path_of(j, s, path);
    nhj_io_path(spare, j->dir, "spare.nhj");
    if (s->memory || s->compressed || access(spare, F_OK) == 0 ||
        nhj_io_rename(path, spare) != NH_OK)
        nhj_io_unlink(path);
    nhj_list_remove(l, at);
}

static void
count_failure(struct nh_journal *j, enum nh_err err, const char *what)
{
    if (err == NH_ENOSPC) {
        j->stats.disk_full++;
        nh_log_limited(NH_LOG_ERROR,
            "journal %s: no space left (%s); goes on when there is", j->dir, what);
    } else {
        j->stats.write_errors++;
        nh_log_limited(
            NH_LOG_ERROR, "journal %s: %s failed: %s", j->dir, what, strerror(errno));
    }
}

static enum nh_err
open_spare(struct nh_journal *j, const char *spare, int *fd)
{
    enum nh_err err;

    *fd = open(spare, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (*fd >= 0)
        return NH_OK;
    err = nhj_io_zero_file(spare, j->o.segment_bytes);
    if (err != NH_OK)
        return err;
    *fd = open(spare, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return *fd >= 0 ? NH_OK : nhj_io_err(errno);
}

static bool
fill_header(const struct nh_journal *j, const struct seg *prev, uint64_t first_pos,
    uint32_t chain, struct seg_header *h)
{
    *h = (struct seg_header){ .first_pos = first_pos,
        .mono_ms = nh_clock_mono_ms(),
        .wall_ms = nh_clock_wall_ms(),
        .epoch = j->epoch,
        .chain = chain };
    memcpy(h->stream_id, j->stream_id, NH_STREAM_ID_LEN);
    memcpy(h->boot_id, nh_clock_boot_id(), NH_STREAM_ID_LEN);
    if (prev != NULL) {
        memcpy(h->prev_sha, j->prev_sha, NH_SHA256_LEN);
        h->prev_first = prev->first_pos;
        h->prev_last = prev->last_pos;
        h->prev_len = prev->len;
        h->prev_records = (uint32_t)prev->records;
    }
    return getrandom(h->salt, sizeof(h->salt), 0) == (ssize_t)sizeof(h->salt);
}

/* Make `s` the running segment of `w`, whose file is `fd`. */
static enum nh_err
begin(struct seg_writer *w, struct seg *s, int fd, const uint8_t raw[SEG_HEADER_LEN])
{
    EVP_MD_CTX *sha = NULL;

    if (!s->memory) {
        sha = EVP_MD_CTX_new();
        if (sha == NULL || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1 ||
            EVP_DigestUpdate(sha, raw, SEG_HEADER_LEN) != 1) {
            EVP_MD_CTX_free(sha);
            return NH_ENOMEM;
        }
    }
    nhj_store_writer_close(w);
    *w = (struct seg_writer){
        .seg = s, .fd = fd, .seed = nhj_seg_seed(s->header.salt), .sha = sha
    };
    return NH_OK;
}

enum nh_err
nhj_store_new_segment(struct nh_journal *j, uint64_t first_pos, bool must_sync)
{
    struct seg *prev = j->disk.count > 0 ? j->disk.v[j->disk.count - 1] : NULL, *s = NULL;
    char spare[PATH_BYTES], path[PATH_BYTES];
    uint8_t raw[SEG_HEADER_LEN];
    struct seg_header h;
    struct stat st;
    enum nh_err err;
    int fd = -1;

    nhj_io_path(spare, j->dir, "spare.nhj");
    nhj_io_seg_path(path, j->dir, first_pos, false);
    if (!fill_header(j, prev, first_pos, j->lag ? j->spill_chain : j->chain, &h))
        return nhj_io_err(errno);
    nhj_seg_header_encode(&h, raw);
    err = open_spare(j, spare, &fd);
    if (err == NH_OK)
        err = nhj_io_write(fd, raw, sizeof(raw), 0, spare);
    if (err == NH_OK && must_sync)
        err = nhj_io_sync(fd, spare);
    if (err == NH_OK)
        err = nhj_io_rename(spare, path);
    if (err == NH_OK && must_sync)
        err = nhj_io_sync_dir(j->dir_fd, j->dir);
    if (err == NH_OK && (s = nhj_list_add(j, &j->disk)) == NULL)
        err = NH_ENOMEM;
    if (err == NH_OK) {
        s->first_pos = first_pos;
        s->header = h;
        s->len = SEG_HEADER_LEN;
        s->file_bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : j->o.segment_bytes;
        err = begin(&j->dw, s, fd, raw);
        if (err != NH_OK)
            nhj_list_remove(&j->disk, j->disk.count - 1);
    }
    if (err != NH_OK) {
        count_failure(j, err, "a new segment");
        if (fd >= 0)
            close(fd);
        return err;
    }
    j->durable_off = must_sync ? SEG_HEADER_LEN : 0;
    j->dir_dirty = j->dir_dirty || !must_sync;
    j->dirty = j->dirty || !must_sync;
    return NH_OK;
}

enum nh_err
nhj_store_new_memory(struct nh_journal *j)
{
    char path[PATH_BYTES];
    uint8_t raw[SEG_HEADER_LEN];
    struct seg_header h;
    struct seg *s;
    enum nh_err err;
    int fd = -1;

    nhj_io_seg_path(path, j->memory_dir, j->next_pos, false);
    if (!fill_header(j, NULL, j->next_pos, j->chain, &h))
        return nhj_io_err(errno);
    nhj_seg_header_encode(&h, raw);
    err = nhj_io_create(path, &fd);
    if (err != NH_OK)
        return err;
    err = nhj_io_write(fd, raw, sizeof(raw), 0, path);
    s = err == NH_OK ? nhj_list_add(j, &j->mem) : NULL;
    if (err == NH_OK && s == NULL)
        err = NH_ENOMEM;
    if (err == NH_OK) {
        s->first_pos = j->next_pos;
        s->header = h;
        s->len = s->spilled_off = SEG_HEADER_LEN;
        s->spilled_chain = j->chain;
        s->file_bytes = SEG_HEADER_LEN;
        s->memory = true;
        err = begin(&j->mw, s, fd, raw);
    }
    if (err != NH_OK) {
        nhj_io_unlink(path);
        close(fd);
    }
    return err;
}

/* `len` bytes to `off` of the running segment's file. */
static enum nh_err
write_out(struct nh_journal *j, struct seg_writer *w, const void *bytes, size_t len,
    uint32_t off)
{
    char path[PATH_BYTES];
    enum nh_err err;

    path[0] = '\0';
    if (nh_journal_io_hook != NULL)
        nhj_seg_path_of(j, w->seg, path);
    err = nhj_io_write(w->fd, bytes, len, off, path);
    if (err != NH_OK) {
        if (!w->seg->memory)
            count_failure(j, err, "writing");
        return err;
    }
    if (w->sha != NULL)
        (void)EVP_DigestUpdate(w->sha, bytes, len);
    return NH_OK;
}

enum nh_err
nhj_store_flush(struct nh_journal *j)
{
    struct seg_writer *w = &j->dw;
    enum nh_err err;

    if (w->seg == NULL)
        return NH_OK;
    if (j->gathered.len > 0) {
        err = write_out(j, w, j->gathered.data, j->gathered.len,
            w->seg->len - (uint32_t)j->gathered.len);
        if (err != NH_OK)
            return err;
        nh_buf_clear(&j->gathered);
    }
    w->written_last = w->seg->last_pos;
    w->written_records = w->seg->records;
    w->written_chain = j->chain;
    return NH_OK;
}

/* The segment is given up: it ends where its file does. */
static void
drop_gathered(struct nh_journal *j)
{
    struct seg_writer *w = &j->dw;

    if (w->seg == NULL || j->gathered.len == 0)
        return;
    w->seg->len -= (uint32_t)j->gathered.len;
    w->seg->last_pos = w->written_last;
    w->seg->records = w->written_records;
    j->chain = w->written_chain;
    nh_buf_clear(&j->gathered);
}

enum nh_err
nhj_store_write(struct nh_journal *j, struct seg_writer *w, const void *bytes, size_t len)
{
    struct seg *s = w->seg;
    enum nh_err err = NH_OK;

    if (j->o.gather_bytes > 0 && !s->memory && !j->lag && len <= j->o.gather_bytes) {
        if (j->gathered.len == 0 || j->gathered.len + len > j->o.gather_bytes)
            err = nhj_store_flush(j); /* of nothing: notes where the file ends */
        if (err == NH_OK)
            nh_buf_put(&j->gathered, bytes, len); /* there is room since the open */
    } else {
        if (j->gathered.len > 0 && !s->memory)
            err = nhj_store_flush(j);
        if (err == NH_OK)
            err = write_out(j, w, bytes, len, s->len);
    }
    if (err != NH_OK)
        return err;
    s->len += (uint32_t)len;
    if (s->file_bytes < s->len)
        s->file_bytes = s->len;
    if (!s->memory)
        j->dirty = true;
    return NH_OK;
}

void
nh_preamble_put(struct nh_preamble *put, uint8_t type, struct nh_slice payload)
{
    if (payload.len <= NH_JOURNAL_PAYLOAD_MAX)
        nhj_seg_put_record(
            put->buf, put->seed, type, REC_PREAMBLE, 0, put->chain, payload);
}

/* What stands at the head of a segment: the owner's records, then the losses. */
enum nh_err
nhj_store_preamble(struct nh_journal *j, struct seg_writer *w)
{
    struct nh_preamble put = { &j->preamble, w->seed, j->chain };
    enum nh_err err;

    nh_buf_clear(&j->preamble);
    if (j->o.preamble != NULL && (w->seg->memory || !j->lag))
        j->o.preamble(j->o.arg, &put);
    nhj_loss_put_all(j, &j->preamble, w->seed);
    err = nh_buf_err(&j->preamble);
    if (err == NH_OK && j->preamble.len > 0)
        err = nhj_store_write(j, w, j->preamble.data, j->preamble.len);
    w->preambled = err == NH_OK;
    return err;
}

enum nh_err
nhj_store_note(
    struct nh_journal *j, struct seg_writer *w, uint8_t type, struct nh_slice payload)
{
    enum nh_err err;

    nh_buf_clear(&j->scratch);
    nhj_seg_put_record(&j->scratch, w->seed, type, REC_PREAMBLE, 0, j->chain, payload);
    err = nh_buf_err(&j->scratch);
    return err == NH_OK ? nhj_store_write(j, w, j->scratch.data, j->scratch.len) : err;
}

/* Before each sync: how far the last one came. Failing costs only certainty. */
void
nhj_store_put_mark(struct nh_journal *j)
{
    uint8_t raw[4];

    if (j->dw.seg == NULL || !j->dirty || j->durable_off <= j->dw.marked ||
        j->durable_off <= SEG_HEADER_LEN)
        return;
    for (int i = 0; i < 4; i++)
        raw[i] = (uint8_t)(j->durable_off >> (24 - 8 * i));
    if (nhj_store_note(j, &j->dw, TYPE_MARK, nh_slice_of(raw, sizeof(raw))) == NH_OK)
        j->dw.marked = j->durable_off;
}

static enum nh_err
finish_sha(struct nh_journal *j)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool ok = copy != NULL && EVP_MD_CTX_copy_ex(copy, j->dw.sha) == 1 &&
              EVP_DigestFinal_ex(copy, j->prev_sha, NULL) == 1;

    EVP_MD_CTX_free(copy);
    return ok ? NH_OK : NH_ENOMEM;
}

/* The running segment's last record; what is in memory only does not count. */
static uint64_t
disk_last(const struct nh_journal *j)
{
    return j->lag ? (j->dw.seg != NULL ? j->dw.seg->last_pos : j->durable_pos)
                  : j->next_pos - 1;
}

static void
now_durable(struct nh_journal *j)
{
    uint64_t last = disk_last(j);

    if (last < j->open_pos && !j->lag)
        return; /* nothing appended since the open */
    if (j->committing)
        j->synced_pos = last;
    else if (last > j->durable_pos)
        j->durable_pos = last;
}

enum nh_err
nhj_store_sync(struct nh_journal *j)
{
    char path[PATH_BYTES];
    enum nh_err err;

    if (j->dw.seg == NULL || (!j->dirty && !j->dir_dirty))
        return NH_OK;
    nhj_store_put_mark(j);
    err = nhj_store_flush(j);
    if (err != NH_OK)
        return err;
    nhj_seg_path_of(j, j->dw.seg, path);
    err = nhj_io_sync(j->dw.fd, path);
    if (err == NH_OK && j->dir_dirty)
        err = nhj_io_sync_dir(j->dir_fd, j->dir);
    if (err != NH_OK)
        return err;
    j->dirty = j->dir_dirty = false;
    j->durable_off = j->dw.seg->len;
    now_durable(j);
    return NH_OK;
}

/* Nothing that is not durable yet can be trusted to the disk any more. */
void
nhj_store_sync_failed(struct nh_journal *j)
{
    uint64_t from = j->durable_pos >= j->open_pos ? j->durable_pos + 1 : j->open_pos;
    struct nh_gap gap = { .from = from,
        .to = j->next_pos - 1,
        .to_wall_ms = nh_clock_wall_ms(),
        .reason = NH_GAP_DAMAGED };

    j->stats.sync_errors++;
    nh_log_limited(NH_LOG_ERROR,
        "journal %s: sync failed: %s; what it was to save counts as lost, "
        "a new segment begins",
        j->dir, strerror(errno));
    drop_gathered(j);
    if (j->dw.seg != NULL) {
        gap.from_wall_ms = j->dw.seg->header.wall_ms;
        if (finish_sha(j) != NH_OK)
            memset(j->prev_sha, 0, sizeof(j->prev_sha));
        if (j->dw.seg->last_pos == 0)
            nhj_store_drop(j, &j->disk, j->disk.count - 1);
        nhj_store_writer_close(&j->dw);
    }
    if (!j->lag && gap.to >= gap.from) {
        gap.count = nhj_gap_count(gap.from, gap.to);
        nhj_loss_add(j, &gap);
    }
    j->dirty = j->dir_dirty = false;
    if (!j->lag && nhj_store_new_segment(j, j->next_pos, false) != NH_OK)
        nh_log_limited(NH_LOG_ERROR, "journal %s: no new segment yet", j->dir);
}

enum nh_err
nhj_store_rotate(struct nh_journal *j, uint64_t first_pos)
{
    enum nh_err err;

    nhj_bounds_make_room(j, j->o.segment_bytes);
    if (j->dw.seg == NULL)
        return nhj_store_new_segment(j, first_pos, false);
    err = nhj_store_flush(j);
    if (err != NH_OK)
        return err; /* no room: nothing is lost, it is tried again */
    err = nhj_store_sync(j);
    if (err != NH_OK) {
        nhj_store_sync_failed(j);
        return j->dw.seg != NULL ? NH_OK : err;
    }
    err = finish_sha(j);
    return err == NH_OK ? nhj_store_new_segment(j, first_pos, false) : err;
}
