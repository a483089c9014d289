/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_load.c - taking stock of a journal at open, whatever state it is in
 *
 * Names give the order, headers the rest: each segment says how long the one before it
 * was, so only the newest is read through. A file whose header is not whole or names
 * another position than its name is one that was being recycled; it holds nothing. What
 * is missing between two neighbours becomes a loss that readers are told.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int
by_pos(const void *a, const void *b)
{
    const struct dir_seg *x = a, *y = b;

    if (x->first_pos != y->first_pos)
        return x->first_pos < y->first_pos ? -1 : 1;
    return y->zst - x->zst; /* the compressed one first */
}

/* A segment that stands there both plain and compressed is listed once, compressed: that
 * one was synced before the plain one may be used again. */
int
nhj_dir_list(const char *dir, struct dir_seg **out)
{
    DIR *d = opendir(dir);
    struct dir_seg *v = NULL;
    size_t count = 0, cap = 0, kept = 0;
    struct dirent *e;

    *out = NULL;
    if (d == NULL)
        return -1;
    while ((e = readdir(d)) != NULL) {
        struct dir_seg seg;

        if (!nhj_io_seg_name(e->d_name, &seg.first_pos, &seg.zst))
            continue;
        if (count == cap) {
            struct dir_seg *grown = realloc(v, (cap = cap ? 2 * cap : 16) * sizeof(*v));

            if (grown == NULL) {
                free(v);
                closedir(d);
                errno = ENOMEM;
                return -1;
            }
            v = grown;
        }
        v[count++] = seg;
    }
    closedir(d);
    if (count > 0)
        qsort(v, count, sizeof(*v), by_pos);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || v[kept - 1].first_pos != v[i].first_pos)
            v[kept++] = v[i];
    *out = v;
    return (int)kept;
}

static void
max_epoch(struct nh_journal *j, uint32_t epoch)
{
    if (epoch > j->epoch)
        j->epoch = epoch;
}

static void
learn(void *arg, const struct nh_record *rec)
{
    if (rec->type == TYPE_LOSS)
        nhj_loss_learn(arg, rec->payload);
}

/* A file without a whole header: of no use to a reader, its space is. */
static void
discard(struct nh_journal *j, const char *path)
{
    char spare[PATH_BYTES];

    nhj_io_path(spare, j->dir, "spare.nhj");
    if (access(spare, F_OK) == 0 || nhj_io_rename(path, spare) != NH_OK)
        nhj_io_unlink(path);
}

/* Headers of everything in `dir`, into the list. */
static enum nh_err
load_headers(struct nh_journal *j, bool memory)
{
    const char *dir = memory ? j->memory_dir : j->dir;
    struct seg_list *l = memory ? &j->mem : &j->disk;
    struct dir_seg *names = NULL;
    int count = nhj_dir_list(dir, &names);
    enum nh_err err = count < 0 ? nhj_io_err(errno) : NH_OK;

    for (int i = 0; i < count && err == NH_OK; i++) {
        char path[PATH_BYTES], plain[PATH_BYTES];
        struct seg_header h;
        struct stat st;
        struct seg *s;

        max_epoch(j, nh_pos_epoch(names[i].first_pos));
        nhj_io_seg_path(path, dir, names[i].first_pos, names[i].zst);
        nhj_io_seg_path(plain, dir, names[i].first_pos, false);
        err = nhj_seg_read_header(path, names[i].zst, &h);
        if (err != NH_OK && names[i].zst &&
            nhj_seg_read_header(plain, false, &h) == NH_OK) {
            nhj_io_unlink(path);
            names[i].zst = false;
            memcpy(path, plain, sizeof(path));
            err = NH_OK;
        }
        if (err == NH_EIO || err == NH_ENOMEM) {
            nh_log(NH_LOG_ERROR, "journal %s: cannot be read (%s), left as it is", path,
                strerror(errno));
            err = err == NH_EIO ? NH_OK : err;
            continue;
        }
        if (err != NH_OK || h.first_pos != names[i].first_pos) {
            err = NH_OK;
            discard(j, path);
            continue;
        }
        if (names[i].zst && access(plain, F_OK) == 0)
            discard(j, plain);
        max_epoch(j, h.epoch);
        s = nhj_list_add(j, l);
        if (s == NULL || stat(path, &st) == -1) {
            err = s == NULL ? NH_ENOMEM : nhj_io_err(errno);
            break;
        }
        s->first_pos = h.first_pos;
        s->header = h;
        s->compressed = names[i].zst;
        s->memory = memory;
        s->file_bytes = (uint64_t)st.st_size;
    }
    free(names);
    return err;
}

/* Segments of a stream that was left are dropped; without a head, the newest names it. */
static void
keep_one_stream(struct nh_journal *j, struct seg_list *l, bool head)
{
    if (!head && l->count > 0)
        memcpy(j->stream_id, l->v[l->count - 1]->header.stream_id, NH_STREAM_ID_LEN);
    for (size_t i = l->count; i-- > 0;) {
        if (memcmp(l->v[i]->header.stream_id, j->stream_id, NH_STREAM_ID_LEN) == 0)
            continue;
        nh_log(NH_LOG_WARN, "journal %s: a segment of another stream is dropped",
            nhj_seg_dir(j, l->v[i]));
        nhj_store_drop(j, l, i);
    }
}

static enum nh_err
scan(struct nh_journal *j, struct seg *s, bool newest, struct seg_scan *out)
{
    char path[PATH_BYTES];
    struct seg_reader r;
    enum nh_err err;

    *out = (struct seg_scan){ .end = SEG_HEADER_LEN, .chain = s->header.chain };
    nhj_seg_path_of(j, s, path);
    err = nhj_seg_open(&r, path, s->compressed, newest ? 0 : s->len);
    if (err != NH_OK)
        return err;
    nhj_seg_scan(&r, newest, out, learn, j);
    nhj_seg_close(&r);
    if (newest) {
        s->len = out->end;
        s->last_pos = out->last_pos;
        s->records = out->records;
    }
    return NH_OK;
}

/* Length and last position of each but the newest, from its successor. */
static void
fill_lengths(struct nh_journal *j, struct seg_list *l)
{
    for (size_t i = 0; i + 1 < l->count; i++) {
        struct seg *s = l->v[i];
        const struct seg_header *next = &l->v[i + 1]->header;
        struct seg_scan found;

        if (next->prev_first == s->first_pos && next->prev_len >= SEG_HEADER_LEN &&
            next->prev_len <= SEG_BYTES_MAX) {
            s->len = next->prev_len;
            s->last_pos = next->prev_last;
            s->records = next->prev_records;
            continue;
        }
        if (scan(j, s, true, &found) != NH_OK)
            continue;
        if (next->prev_last > s->last_pos && next->prev_last < l->v[i + 1]->first_pos) {
            uint64_t from = s->last_pos > 0 ? s->last_pos + 1 : s->first_pos;
            struct nh_gap gap = { .from = from,
                .to = next->prev_last,
                .from_wall_ms = s->header.wall_ms,
                .to_wall_ms = next->wall_ms,
                .count = nhj_gap_count(from, next->prev_last),
                .reason = NH_GAP_DAMAGED };

            nhj_loss_add(j, &gap);
        }
    }
}

static void
note_cut(struct nh_journal *j, const struct seg *s, const struct seg_scan *found)
{
    uint64_t from = s->last_pos > 0 ? s->last_pos + 1 : s->first_pos;
    struct nh_gap gap = { .from = from,
        .to = found->cut_last,
        .from_wall_ms = s->header.wall_ms,
        .to_wall_ms = nh_clock_wall_ms(),
        .count = nhj_gap_count(from, found->cut_last),
        .reason = NH_GAP_DAMAGED };

    if (found->cut_records > 0 && found->cut_last >= from)
        nhj_loss_add(j, &gap);
}

/* The newest segment with records: where it ends, and what it knows. Empty ones go. */
static enum nh_err
load_newest(struct nh_journal *j, struct seg_list *l, bool memory)
{
    while (l->count > 0) {
        struct seg *s = l->v[l->count - 1];
        bool ended = s->len > 0; /* known: it had a successor, which was empty */
        struct seg_scan found;
        enum nh_err err = scan(j, s, !ended, &found);
        char path[PATH_BYTES];
        int fd;

        if (err == NH_ENOMEM || err == NH_EIO)
            return err;
        note_cut(j, s, &found);
        if (s->last_pos == 0) {
            nhj_store_drop(j, l, l->count - 1);
            continue;
        }
        j->chain = found.chain;
        max_epoch(j, nh_pos_epoch(s->last_pos));
        j->recover_id = s->id;
        if (memory)
            return NH_OK;
        nhj_seg_path_of(j, s, path);
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        err = fd == -1 ? nhj_io_err(errno) : nhj_io_sync(fd, path);
        if (fd >= 0)
            close(fd);
        if (err == NH_OK)
            err = nhj_seg_sha(path, s->compressed, s->len, j->prev_sha);
        if (err == NH_EFORMAT) { /* shorter than its successor said */
            memset(j->prev_sha, 0, sizeof(j->prev_sha));
            err = NH_OK;
        }
        return err;
    }
    return NH_OK;
}

/* What the memory holds beyond the disk; the rest of it has been moved already. */
static enum nh_err
load_memory(struct nh_journal *j, uint64_t disk_last)
{
    for (size_t i = j->mem.count; i-- > 0;) {
        struct seg *s = j->mem.v[i];
        struct seg_scan found;
        enum nh_err err = scan(j, s, true, &found);

        if (err == NH_ENOMEM || err == NH_EIO)
            return err;
        if (s->last_pos <= disk_last) {
            nhj_store_drop(j, &j->mem, i);
            continue;
        }
        s->spilled_pos = disk_last;
        s->spilled_off = SEG_HEADER_LEN;
        s->spilled_chain = s->header.chain;
    }
    return load_newest(j, &j->mem, true);
}

static uint64_t
last_held(const struct seg_list *l)
{
    return l->count > 0 ? l->v[l->count - 1]->last_pos : 0;
}

enum nh_err
nhj_store_load(struct nh_journal *j)
{
    enum nh_err err = nhj_state_head_load(j);
    bool head = err == NH_OK;
    uint64_t counter, last;

    if (err != NH_OK && err != NH_EEMPTY)
        return err;
    if (!head && getrandom(j->stream_id, NH_STREAM_ID_LEN, 0) != NH_STREAM_ID_LEN)
        return nhj_io_err(errno);
    err = load_headers(j, false);
    if (err != NH_OK)
        return err;
    keep_one_stream(j, &j->disk, head);
    fill_lengths(j, &j->disk);
    err = load_newest(j, &j->disk, false);
    if (err == NH_OK && j->lag)
        err = load_headers(j, true);
    if (err != NH_OK)
        return err;
    j->durable_pos = last_held(&j->disk);
    if (j->lag) {
        keep_one_stream(j, &j->mem, head || j->disk.count > 0);
        err = load_memory(j, j->durable_pos);
        if (err != NH_OK)
            return err;
    }
    last = last_held(&j->mem) > j->durable_pos ? last_held(&j->mem) : j->durable_pos;
    counter = nh_pos_counter(last) + 1;
    if (head && nh_pos_counter(j->next_pos) > counter)
        counter = nh_pos_counter(j->next_pos);
    j->epoch++;
    j->next_pos = j->open_pos = NH_POS(j->epoch, counter);
    return NH_OK;
}
