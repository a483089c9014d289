/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_cursor.c - the named readers of a journal's owner
 *
 * A cursor is a position; the segment under it is looked up again whenever the one at
 * hand has ended, was dropped, was compressed or was moved from memory to disk. Losses
 * stand in the journal's list, damage is met here: a record that does not validate,
 * before the end that is known, begins a hole that ends at the next one that does.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct nh_cursor {
    struct nh_journal *j; /* borrowed */
    struct place *place;  /* borrowed from j */
    uint64_t read_pos;
    uint64_t seg_id; /* 0: nothing is open */
    bool hole;       /* bytes before this were bad */
    struct seg_reader r;
};

static struct seg *
seg_at(const struct nh_journal *j, size_t i)
{
    return i < j->disk.count ? j->disk.v[i] : j->mem.v[i - j->disk.count];
}

static struct seg *
seg_by_id(const struct nh_journal *j, uint64_t id)
{
    for (size_t i = j->disk.count + j->mem.count; i-- > 0;)
        if (seg_at(j, i)->id == id)
            return seg_at(j, i);
    return NULL;
}

/* The first segment with a record after `pos`. Readers are mostly near the end. */
static struct seg *
seg_after(const struct nh_journal *j, uint64_t pos)
{
    struct seg *found = NULL;

    for (size_t i = j->disk.count + j->mem.count; i-- > 0;) {
        struct seg *s = seg_at(j, i);

        if (s->last_pos == 0)
            continue;
        if (s->last_pos <= pos)
            break;
        found = s;
    }
    return found;
}

enum nh_err
nh_cursor_open(
    struct nh_cursor **out, struct nh_journal *j, const char *name, bool holding)
{
    struct place *p = nhj_state_place(j, name);
    struct nh_cursor *c;

    *out = NULL;
    if (p == NULL)
        return NH_EINVAL;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NH_ENOMEM;
    if (!p->known)
        p->released = nh_journal_oldest_pos(j) - 1;
    p->known = true;
    p->holding = holding;
    p->open++;
    j->state_dirty = true;
    *c = (struct nh_cursor){ .j = j, .place = p, .read_pos = p->released };
    c->r.fd = -1;
    *out = c;
    return NH_OK;
}

static void
leave(struct nh_cursor *c)
{
    nhj_seg_close(&c->r);
    c->seg_id = 0;
    c->hole = false;
}

void
nh_cursor_close(struct nh_cursor *c)
{
    if (c == NULL)
        return;
    leave(c);
    c->place->open--;
    free(c);
}

enum nh_err
nh_cursor_forget(struct nh_journal *j, const char *name)
{
    struct place *p = nhj_state_place(j, name);

    if (p == NULL || !p->known)
        return NH_ENOTFOUND;
    if (p->open > 0)
        return NH_EINVAL;
    p->known = false;
    j->state_dirty = true;
    nhj_state_store(j, nh_clock_mono_ms(), true);
    return NH_OK;
}

static enum nh_err
tell(struct nh_cursor *c, const struct nh_gap *lost, struct nh_gap *gap)
{
    *gap = *lost;
    if (gap->from <= c->read_pos) {
        gap->from = c->read_pos + 1;
        gap->count = nhj_gap_count(gap->from, gap->to);
    }
    c->read_pos = gap->to;
    return NH_EGAP;
}

static enum nh_err
tell_damage(struct nh_cursor *c, const struct seg *s, uint64_t to, struct nh_gap *gap)
{
    uint64_t from = c->read_pos + 1 > s->first_pos ? c->read_pos + 1 : s->first_pos;
    struct nh_gap lost = { .from = from,
        .to = to,
        .from_wall_ms = s->header.wall_ms,
        .to_wall_ms = nh_clock_wall_ms(),
        .count = nhj_gap_count(from, to),
        .reason = NH_GAP_DAMAGED };

    if (to > c->j->damage_counted) {
        c->j->damage_counted = to;
        c->j->stats.lost_damaged += lost.count;
        nh_log_limited(NH_LOG_ERROR, "journal %s: damaged segment, %llu records lost",
            c->j->dir, (unsigned long long)lost.count);
    }
    return tell(c, &lost, gap);
}

/* NH_EAGAIN: opened. */
static enum nh_err
enter(struct nh_cursor *c, struct nh_gap *gap)
{
    struct seg *s = seg_after(c->j, c->read_pos);
    const struct nh_gap *lost =
        nhj_loss_after(c->j, c->read_pos, s != NULL ? s->first_pos : UINT64_MAX);
    char path[PATH_BYTES];
    enum nh_err err;

    if (lost != NULL && (s == NULL || lost->from < s->first_pos))
        return tell(c, lost, gap);
    if (s == NULL)
        return NH_EEMPTY;
    nhj_seg_path_of(c->j, s, path);
    err = nhj_seg_open(&c->r, path, s->compressed, s->len);
    if (err == NH_EIO || err == NH_ENOMEM || err == NH_ENOSPC)
        return err;
    if (err != NH_OK)
        return tell_damage(c, s, s->last_pos, gap);
    c->seg_id = s->id;
    return NH_EAGAIN;
}

/* One step in the open segment; NH_EAGAIN: another. */
static enum nh_err
step(struct nh_cursor *c, struct seg *s, struct nh_record *rec, struct nh_gap *gap)
{
    uint32_t off = c->r.off;
    uint64_t last = c->r.last_pos;
    const struct nh_gap *lost;

    if (s->len > c->r.end && !c->r.image)
        c->r.end = s->len;
    switch (nhj_seg_next(&c->r, rec)) {
    case SCAN_END:
        if (c->hole && s->last_pos > c->read_pos) {
            c->hole = false;
            return tell_damage(c, s, s->last_pos, gap);
        }
        s = seg_after(c->j, c->read_pos);
        if (s == NULL || s->id == c->seg_id)
            return nhj_loss_after(c->j, c->read_pos, UINT64_MAX) != NULL
                       ? (leave(c), NH_EAGAIN)
                       : NH_EEMPTY;
        leave(c);
        return NH_EAGAIN;
    case SCAN_BAD:
        c->hole = true;
        if (!nhj_seg_resync(&c->r))
            c->r.off = c->r.end;
        return NH_EAGAIN;
    case SCAN_OK:
        break;
    }
    if (rec->type >= TYPE_LOSS)
        return NH_EAGAIN;
    if (rec->preamble)
        return NH_OK;
    if (rec->pos <= c->read_pos) {
        c->hole = false;
        return NH_EAGAIN;
    }
    lost = nhj_loss_after(c->j, c->read_pos, rec->pos);
    if (lost == NULL && !(c->hole && rec->pos > c->read_pos + 1)) {
        c->hole = false;
        c->read_pos = rec->pos;
        return NH_OK;
    }
    c->r.off = off; /* the gap first */
    c->r.last_pos = last;
    if (lost != NULL)
        return tell(c, lost, gap);
    c->hole = false;
    return tell_damage(c, s, rec->pos - 1, gap);
}

enum nh_err
nh_cursor_next(struct nh_cursor *c, struct nh_record *rec, struct nh_gap *gap)
{
    enum nh_err err = c->j->gathered.len > 0 ? nhj_store_flush(c->j) : NH_OK;

    if (err != NH_OK)
        return err;
    do {
        struct seg *s = c->seg_id != 0 ? seg_by_id(c->j, c->seg_id) : NULL;

        if (s == NULL) {
            leave(c);
            err = enter(c, gap);
        } else {
            err = step(c, s, rec, gap);
        }
    } while (err == NH_EAGAIN);
    return err;
}

enum nh_err
nh_cursor_seek(struct nh_cursor *c, uint64_t after_pos)
{
    if (after_pos >= c->j->next_pos)
        return NH_EINVAL;
    leave(c);
    c->read_pos = after_pos > 0 ? after_pos : nh_journal_oldest_pos(c->j) - 1;
    return NH_OK;
}

void
nh_cursor_release(struct nh_cursor *c, uint64_t pos)
{
    if (pos <= c->place->released || pos >= c->j->next_pos)
        return;
    c->place->released = pos;
    c->j->state_dirty = true;
}

uint64_t
nh_cursor_released(const struct nh_cursor *c)
{
    return c->place->released;
}
