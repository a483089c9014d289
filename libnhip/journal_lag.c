/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_lag.c - records in memory first, on flash only when the line is gone
 *
 * Memory segments have the bytes of any segment and lie in a tmpfs: a killed process
 * finds them again. Four of them make up memory_max_bytes. When the oldest record that
 * nobody released is NH_JOURNAL_LAG_S old, everything in memory is moved to the running
 * segment in `dir` and synced, at most every NH_JOURNAL_SPILL_SYNC_S; then no record is
 * older than that without being safe. Full memory is moved at once.
 *
 * Moved records keep position and chain. A move that fails is taken back: the disk's
 * segment ends where it ended before, and memory still has it all.
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <string.h>

enum { MEMORY_SEGMENTS = 4, RETRY_MS = 5000 };

void
nhj_lag_appended(struct nh_journal *j, uint64_t pos)
{
    int64_t now = nh_clock_mono_ms();

    if (j->age_count == AGES_MAX ||
        (j->age_count > 0 && now - j->ages[j->age_count - 1].mono_ms < 1000))
        return; /* counts with the one before, which is older */
    j->ages[j->age_count++] = (struct age_mark){ pos, now };
}

static uint64_t
done_with(const struct nh_journal *j)
{
    bool holding, any;
    uint64_t released = nhj_bounds_released(j, &holding, &any);
    uint64_t moved = j->disk.count > 0 ? j->disk.v[j->disk.count - 1]->last_pos : 0;

    return holding && released > moved ? released : moved;
}

static void
forget_ages(struct nh_journal *j, uint64_t done)
{
    size_t gone = 0;

    while (gone + 1 < j->age_count && j->ages[gone + 1].pos <= done + 1)
        gone++;
    if (j->age_count > 0 && j->next_pos - 1 <= done)
        gone = j->age_count;
    memmove(j->ages, j->ages + gone, (j->age_count - gone) * sizeof(j->ages[0]));
    j->age_count -= gone;
}

void
nhj_lag_drop_released(struct nh_journal *j)
{
    uint64_t done = done_with(j);

    forget_ages(j, done);
    while (j->mem.count > 0 && j->mem.v[0] != j->mw.seg &&
           j->mem.v[0]->last_pos <= done &&
           (j->mem.v[0]->id != j->recover_id || j->mw.preambled))
        nhj_store_drop(j, &j->mem, 0);
}

/* The preambles of memory segment `s` before `upto` into the disk's running segment. */
static enum nh_err
move_preambles(struct nh_journal *j, struct seg *s, uint32_t upto)
{
    char path[PATH_BYTES];
    struct seg_reader r;
    struct nh_record rec;
    enum nh_err err;

    if (!j->dw.preambled) {
        err = nhj_store_preamble(j, &j->dw); /* the losses */
        if (err != NH_OK)
            return err;
    }
    nhj_seg_path_of(j, s, path);
    err = nhj_seg_open(&r, path, false, upto);
    while (err == NH_OK && nhj_seg_next(&r, &rec) == SCAN_OK)
        if (rec.preamble && rec.type < TYPE_LOSS)
            err = nhj_store_note(j, &j->dw, rec.type, rec.payload);
    nhj_seg_close(&r);
    j->dw.source = s->id;
    return err;
}

static enum nh_err
move_record(
    struct nh_journal *j, struct seg *s, uint32_t off, const struct nh_record *rec)
{
    size_t need = REC_HEAD_LEN + rec->payload.len;
    enum nh_err err = NH_OK;

    if (j->dw.seg == NULL ||
        (j->dw.seg->last_pos > 0 && j->dw.seg->len + need > j->o.segment_bytes)) {
        err = nhj_store_rotate(j, rec->pos);
        j->dw.source = 0;
    }
    if (err == NH_OK && j->dw.seg == NULL)
        err = NH_EIO;
    if (err == NH_OK && j->dw.source != s->id)
        err = move_preambles(j, s, off);
    if (err != NH_OK)
        return err;
    nh_buf_clear(&j->scratch);
    nhj_seg_put_record(
        &j->scratch, j->dw.seed, rec->type, 0, rec->pos, rec->chain, rec->payload);
    err = nh_buf_err(&j->scratch);
    if (err == NH_OK)
        err = nhj_store_write(j, &j->dw, j->scratch.data, j->scratch.len);
    if (err == NH_OK) {
        j->dw.seg->last_pos = rec->pos;
        j->dw.seg->records++;
    }
    return err;
}

static enum nh_err
move_segment(struct nh_journal *j, struct seg *s, uint64_t released)
{
    char path[PATH_BYTES];
    struct seg_reader r;
    enum nh_err err;

    nhj_seg_path_of(j, s, path);
    err = nhj_seg_open(&r, path, false, s->len);
    j->spill_chain = s->spilled_chain;
    if (err == NH_OK)
        r.off = s->spilled_off;
    while (err == NH_OK) {
        struct nh_record rec;
        uint32_t off = r.off;
        enum scan got = nhj_seg_next(&r, &rec);

        if (got == SCAN_END || (got == SCAN_BAD && !nhj_seg_resync(&r)))
            break;
        if (got == SCAN_BAD || rec.type >= TYPE_LOSS)
            continue;
        if (rec.preamble) {
            if (j->dw.source == s->id)
                err = nhj_store_note(j, &j->dw, rec.type, rec.payload);
        } else {
            if (rec.pos > s->spilled_pos && rec.pos > released)
                err = move_record(j, s, off, &rec);
            j->spill_chain = rec.chain;
        }
    }
    nhj_seg_close(&r);
    return err;
}

/* Back to the segments up to `was`, which ends where it ended; `was` 0: to none. */
static void
take_back(struct nh_journal *j, const struct seg *was)
{
    nhj_store_writer_close(&j->dw);
    while (j->disk.count > 0 && j->disk.v[j->disk.count - 1]->first_pos > was->first_pos)
        nhj_store_drop(j, &j->disk, j->disk.count - 1);
    if (j->disk.count > 0) {
        struct seg *s = j->disk.v[j->disk.count - 1];
        char path[PATH_BYTES];

        s->len = was->len;
        s->last_pos = was->last_pos;
        s->records = was->records;
        nhj_seg_path_of(j, s, path);
        if (nhj_seg_sha(path, s->compressed, s->len, j->prev_sha) != NH_OK)
            memset(j->prev_sha, 0, sizeof(j->prev_sha));
    }
    j->dirty = false;
}

enum nh_err
nhj_lag_spill(struct nh_journal *j)
{
    struct seg was = { .first_pos = 0 };
    bool holding, any;
    uint64_t released = nhj_bounds_released(j, &holding, &any);
    enum nh_err err = NH_OK;

    if (j->disk.count > 0)
        was = *j->disk.v[j->disk.count - 1];
    for (size_t i = 0; i < j->mem.count && err == NH_OK; i++)
        err = move_segment(j, j->mem.v[i], holding ? released : 0);
    if (err == NH_OK) {
        err = nhj_store_sync(j);
        if (err != NH_OK)
            nhj_store_sync_failed(j);
    }
    if (err != NH_OK) {
        take_back(j, &was);
        return err;
    }
    for (size_t i = 0; i < j->mem.count; i++) {
        struct seg *s = j->mem.v[i];

        s->spilled_pos = s->last_pos;
        s->spilled_off = s->len;
        s->spilled_chain =
            i + 1 < j->mem.count ? j->mem.v[i + 1]->header.chain : j->chain;
    }
    j->age_count = 0;
    j->spill_chain = j->chain;
    while (j->mem.count > 0 && j->mem.v[0] != j->mw.seg &&
           (j->mem.v[0]->id != j->recover_id || j->mw.preambled))
        nhj_store_drop(j, &j->mem, 0);
    return NH_OK;
}

static uint64_t
memory_bytes(const struct nh_journal *j)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < j->mem.count; i++)
        sum += j->mem.v[i]->len;
    return sum;
}

/* A memory segment with room for `need` bytes. */
enum nh_err
nhj_lag_make_room(struct nh_journal *j, size_t need)
{
    uint64_t part = j->o.memory_max_bytes / MEMORY_SEGMENTS;
    enum nh_err err;

    if (j->mw.seg != NULL && (j->mw.seg->last_pos == 0 || j->mw.seg->len + need <= part))
        return NH_OK;
    nhj_lag_drop_released(j);
    if (memory_bytes(j) + part > j->o.memory_max_bytes) {
        err = nhj_lag_spill(j);
        if (err != NH_OK && memory_bytes(j) + need > j->o.memory_max_bytes)
            return err;
        j->last_spill_ms = nh_clock_mono_ms();
    }
    err = nhj_store_new_memory(j);
    if (err == NH_OK)
        nhj_lag_drop_released(j);
    return err;
}

int64_t
nh_journal_spill_due_ms(struct nh_journal *j)
{
    int64_t lag_ms, sync_ms;

    if (j->lag)
        forget_ages(j, done_with(j));
    if (!j->lag || j->age_count == 0)
        return INT64_MAX;
    lag_ms = j->ages[0].mono_ms + NH_JOURNAL_LAG_S * 1000;
    sync_ms = j->last_spill_ms + NH_JOURNAL_SPILL_SYNC_S * 1000;
    return lag_ms > sync_ms ? lag_ms : sync_ms;
}

void
nhj_lag_tick(struct nh_journal *j, int64_t mono_ms)
{
    enum nh_err err;

    nhj_lag_drop_released(j);
    if (mono_ms < nh_journal_spill_due_ms(j))
        return;
    err = nhj_lag_spill(j);
    j->last_spill_ms = mono_ms;
    if (err != NH_OK)
        j->last_spill_ms -= NH_JOURNAL_SPILL_SYNC_S * 1000 - RETRY_MS;
}
