/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_view.c - reading along while another process writes
 *
 * A view knows the directory and nothing else. It reads the segment at hand as far as
 * records validate. Only when a successor stands in the directory is that the end, and
 * the successor says where it was to be. A segment that was recycled under the view has
 * another salt: nothing validates any more, the header tells, and the view finds its
 * place again by position.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct nh_view {
    char *dir; /* owned */
    uint64_t read_pos;
    uint64_t at; /* name of the segment that is open, or was last; 0: to be found */
    bool open, hole, zst;
    struct seg_reader r;
};

enum nh_err
nh_view_open(struct nh_view **out, const char *dir)
{
    struct nh_view *v;
    struct stat st;

    *out = NULL;
    if (stat(dir, &st) == -1)
        return errno == ENOENT ? NH_ENOTFOUND : nhj_io_err(errno);
    v = calloc(1, sizeof(*v));
    if (v == NULL)
        return NH_ENOMEM;
    v->r.fd = -1;
    v->dir = strdup(dir);
    if (v->dir == NULL || strlen(dir) > PATH_BYTES - 64) {
        nh_view_close(v);
        return NH_EINVAL;
    }
    *out = v;
    return NH_OK;
}

static void
leave(struct nh_view *v)
{
    nhj_seg_close(&v->r);
    v->open = false;
    v->hole = false;
}

void
nh_view_close(struct nh_view *v)
{
    if (v == NULL)
        return;
    leave(v);
    free(v->dir);
    free(v);
}

enum nh_err
nh_view_seek(struct nh_view *v, uint64_t after_pos)
{
    leave(v);
    v->read_pos = after_pos;
    v->at = 0;
    return NH_OK;
}

/* A segment that cannot be read counts as newer: then more is read than need be. */
static bool
began_by(const struct nh_view *v, const struct dir_seg *s, int64_t wall_ms)
{
    char path[PATH_BYTES];
    struct seg_header h;

    nhj_io_seg_path(path, v->dir, s->first_pos, s->zst);
    return nhj_seg_read_header(path, s->zst, &h) == NH_OK && h.wall_ms <= wall_ms;
}

enum nh_err
nh_view_seek_time(struct nh_view *v, int64_t wall_ms)
{
    struct dir_seg *names = NULL;
    int count = nhj_dir_list(v->dir, &names), lo = 0, hi = count;
    uint64_t before = 0;

    if (count < 0)
        return nhj_io_err(errno);
    while (lo < hi) { /* the first that began later */
        int mid = lo + (hi - lo) / 2;

        if (began_by(v, &names[mid], wall_ms))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo > 0)
        before = names[lo - 1].first_pos - 1;
    free(names);
    return nh_view_seek(v, before);
}

static enum nh_err
tell(struct nh_view *v, uint64_t to, enum nh_gap_reason why, struct nh_gap *gap)
{
    uint64_t from = v->read_pos + 1 > v->at ? v->read_pos + 1 : v->at;

    *gap = (struct nh_gap){ .from = from,
        .to = to,
        .from_wall_ms = v->r.header.wall_ms,
        .count = nhj_gap_count(from, to),
        .reason = why };
    v->read_pos = to;
    return NH_EGAP;
}

/* Which segment comes next: after the one that was read, or by position. */
static bool
choose(struct nh_view *v, const struct dir_seg *names, int count, struct dir_seg *out)
{
    int at = -1;

    for (int i = 0; i < count; i++) {
        if (v->at != 0 && names[i].first_pos <= v->at)
            continue;
        if (at == -1 || (v->at == 0 && names[i].first_pos <= v->read_pos + 1))
            at = i;
        else
            break;
    }
    if (at >= 0)
        *out = names[at];
    return at >= 0;
}

/* NH_EAGAIN: opened. */
static enum nh_err
enter(struct nh_view *v, struct nh_gap *gap)
{
    for (int tries = 0; tries < 3; tries++) {
        struct dir_seg *names = NULL, next = { 0, false };
        int count = nhj_dir_list(v->dir, &names);
        bool found = count > 0 && choose(v, names, count, &next);
        char path[PATH_BYTES];
        uint64_t before = v->at;
        enum nh_err err;

        free(names);
        if (count < 0)
            return nhj_io_err(errno);
        if (!found)
            return NH_EEMPTY;
        nhj_io_seg_path(path, v->dir, next.first_pos, next.zst);
        err = nhj_seg_open(&v->r, path, next.zst, 0);
        if (err == NH_ENOTFOUND)
            continue; /* recycled or compressed just now */
        if (err != NH_OK && err != NH_EFORMAT)
            return err;
        if (err == NH_EFORMAT || v->r.header.first_pos != next.first_pos) {
            nhj_seg_close(&v->r);
            v->at = next.first_pos; /* nothing in it; go on behind it */
            continue;
        }
        v->at = next.first_pos;
        v->zst = next.zst;
        v->open = true;
        if (v->read_pos > 0 && v->r.header.prev_last > v->read_pos &&
            v->r.header.prev_last < v->at && v->r.header.prev_first != before) {
            uint64_t to = v->r.header.prev_last;

            *gap = (struct nh_gap){ .from = v->read_pos + 1,
                .to = to,
                .to_wall_ms = v->r.header.wall_ms,
                .count = nhj_gap_count(v->read_pos + 1, to),
                .reason = NH_GAP_OVERFLOW };
            v->read_pos = to;
            return NH_EGAP;
        }
        return NH_EAGAIN;
    }
    return NH_EEMPTY;
}

/* Is there a successor, and what does it say of this segment? */
static bool
successor(struct nh_view *v, struct seg_header *h, bool *header_ok)
{
    struct dir_seg *names = NULL, next = { 0, false };
    int count = nhj_dir_list(v->dir, &names);
    bool found = count > 0 && choose(v, names, count, &next);
    char path[PATH_BYTES];

    free(names);
    if (!found)
        return false;
    nhj_io_seg_path(path, v->dir, next.first_pos, next.zst);
    *header_ok =
        nhj_seg_read_header(path, next.zst, h) == NH_OK && h->prev_first == v->at;
    return true;
}

static bool
was_recycled(struct nh_view *v)
{
    uint8_t raw[SEG_HEADER_LEN];
    struct seg_header h;

    if (v->zst)
        return false;
    return pread(v->r.fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw) ||
           nhj_seg_header_decode(raw, sizeof(raw), &h) != NH_OK ||
           memcmp(h.salt, v->r.header.salt, sizeof(h.salt)) != 0;
}

/* Nothing validates here: the writer is not further yet, or this segment has ended, or it
 * is somebody else's now, or it is damaged. NH_EAGAIN: go on. */
static enum nh_err
at_bad(struct nh_view *v, struct nh_gap *gap)
{
    struct seg_header h;
    bool ok = false, has = successor(v, &h, &ok);
    struct stat st;

    if (!v->r.image) {
        v->r.buf_len = 0; /* what was read ahead may have been written since */
        if (was_recycled(v)) {
            leave(v);
            v->at = 0;
            return NH_EAGAIN;
        }
        if (fstat(v->r.fd, &st) == 0 && st.st_size <= SEG_BYTES_MAX)
            v->r.end = (uint32_t)st.st_size;
    }
    if (has && ok && h.prev_len <= v->r.end)
        v->r.end = h.prev_len;
    if (v->r.off < v->r.end) {
        struct nh_record rec;
        uint32_t off = v->r.off;
        uint64_t last = v->r.last_pos;

        if (nhj_seg_next(&v->r, &rec) == SCAN_OK) {
            v->r.off = off;
            v->r.last_pos = last;
            return NH_EAGAIN;
        }
        if (!has)
            return NH_EEMPTY;
        v->hole = true;
        if (nhj_seg_resync(&v->r))
            return NH_EAGAIN;
        v->r.off = v->r.end;
    } else if (!has) {
        return NH_EEMPTY;
    }
    if (v->hole && ok && h.prev_last > v->read_pos) {
        enum nh_err err = tell(v, h.prev_last, NH_GAP_DAMAGED, gap);

        leave(v);
        return err;
    }
    leave(v);
    return NH_EAGAIN;
}

enum nh_err
nh_view_next(struct nh_view *v, uint64_t upto, struct nh_record *rec, struct nh_gap *gap)
{
    for (;;) {
        enum nh_err err = v->open ? NH_EAGAIN : enter(v, gap);
        uint32_t off = v->r.off;
        uint64_t last = v->r.last_pos;
        enum scan got;

        if (err != NH_EAGAIN)
            return err;
        got = nhj_seg_next(&v->r, rec);
        if (got != SCAN_OK) {
            err = at_bad(v, gap);
            if (err != NH_EAGAIN)
                return err;
            continue;
        }
        if (rec->type >= TYPE_LOSS)
            continue;
        if (rec->preamble)
            return NH_OK;
        if (rec->pos <= v->read_pos) {
            v->hole = false;
            continue;
        }
        if (rec->pos > upto || (v->hole && rec->pos > v->read_pos + 1)) {
            uint64_t to = rec->pos - 1;

            v->r.off = off;
            v->r.last_pos = last;
            if (rec->pos > upto)
                return NH_EEMPTY;
            v->hole = false;
            return tell(v, to, NH_GAP_DAMAGED, gap);
        }
        v->hole = false;
        v->read_pos = rec->pos;
        return NH_OK;
    }
}
