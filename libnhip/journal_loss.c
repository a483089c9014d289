/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_loss.c - what was lost, kept so that every reader is told
 *
 * A hole in the positions says nothing by itself: segments that all readers were done
 * with leave one too. So each loss stands in a short list, and the list stands as records
 * of the journal's own type in the running segment and at the head of each later one. A
 * reader that comes to a listed range gets NH_EGAP with it.
 */
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <inttypes.h>
#include <string.h>

void
nh_gap_encode(const struct nh_gap *gap, struct nh_buf *out)
{
    nh_buf_put_varint(out, gap->from);
    nh_buf_put_varint(out, gap->to);
    nh_buf_put_zigzag(out, gap->from_wall_ms);
    nh_buf_put_zigzag(out, gap->to_wall_ms);
    nh_buf_put_varint(out, gap->count);
    nh_buf_put_u8(out, (uint8_t)gap->reason);
}

enum nh_err
nh_gap_decode(struct nh_slice in, struct nh_gap *gap)
{
    struct nh_gap got = { 0 };
    uint8_t reason;

    got.from = nh_take_varint(&in);
    got.to = nh_take_varint(&in);
    got.from_wall_ms = nh_take_zigzag(&in);
    got.to_wall_ms = nh_take_zigzag(&in);
    got.count = nh_take_varint(&in);
    reason = nh_take_u8(&in);
    if (in.bad || got.from > got.to || reason < NH_GAP_OVERFLOW || reason > NH_GAP_CLOCK)
        return NH_EFORMAT;
    got.reason = (enum nh_gap_reason)reason;
    *gap = got;
    return NH_OK;
}

/* The counter runs on from epoch to epoch, so it counts over an open as well. */
uint64_t
nhj_gap_count(uint64_t from, uint64_t to)
{
    uint64_t a = nh_pos_counter(from), b = nh_pos_counter(to);

    return b >= a ? b - a + 1 : 0;
}

static bool
joins(const struct nh_gap *a, const struct nh_gap *b)
{
    return a->reason == b->reason && a->reason == NH_GAP_OVERFLOW && a->to < b->from;
}

static bool
is_known(const struct nh_journal *j, const struct nh_gap *gap)
{
    for (size_t i = 0; i < j->loss_count; i++)
        if (j->losses[i].gap.from <= gap->from && j->losses[i].gap.to >= gap->to)
            return true;
    return false;
}

static void
insert(struct nh_journal *j, const struct nh_gap *gap, bool stored)
{
    size_t at = j->loss_count;

    if (at > 0 && joins(&j->losses[at - 1].gap, gap)) {
        struct nh_gap *last = &j->losses[at - 1].gap;

        last->to = gap->to;
        last->to_wall_ms = gap->to_wall_ms;
        last->count += gap->count;
        j->losses[at - 1].stored = stored;
        return;
    }
    if (j->loss_count == LOSS_MAX) { /* the two oldest become one */
        struct nh_gap *a = &j->losses[0].gap, *b = &j->losses[1].gap;

        b->from = a->from;
        b->from_wall_ms = a->from_wall_ms;
        b->count += a->count;
        memmove(j->losses, j->losses + 1, (LOSS_MAX - 1) * sizeof(j->losses[0]));
        j->loss_count--;
    }
    for (at = j->loss_count; at > 0 && j->losses[at - 1].gap.from > gap->from; at--)
        j->losses[at] = j->losses[at - 1];
    j->losses[at] = (struct loss){ .gap = *gap, .stored = stored };
    j->loss_count++;
}

void
nhj_loss_add(struct nh_journal *j, const struct nh_gap *gap)
{
    if (is_known(j, gap))
        return;
    nh_log_limited(NH_LOG_WARN,
        "journal %s: %" PRIu64 " records lost (%s), positions %" PRIu64 " to %" PRIu64,
        j->dir, gap->count, gap->reason == NH_GAP_OVERFLOW ? "full" : "damaged",
        gap->from, gap->to);
    if (gap->reason == NH_GAP_OVERFLOW)
        j->stats.lost_overflow += gap->count;
    else
        j->stats.lost_damaged += gap->count;
    insert(j, gap, false);
}

void
nhj_loss_learn(struct nh_journal *j, struct nh_slice payload)
{
    struct nh_gap gap;

    if (nh_gap_decode(payload, &gap) == NH_OK && !is_known(j, &gap))
        insert(j, &gap, false);
}

const struct nh_gap *
nhj_loss_after(const struct nh_journal *j, uint64_t pos, uint64_t before)
{
    for (size_t i = 0; i < j->loss_count; i++) {
        const struct nh_gap *g = &j->losses[i].gap;

        if (g->to > pos && g->from <= before)
            return g;
    }
    return NULL;
}

static void
put_one(struct nh_journal *j, struct loss *loss, struct nh_buf *out, uint32_t seed)
{
    struct nh_buf body;

    nh_buf_init(&body, 128);
    nh_gap_encode(&loss->gap, &body);
    nhj_seg_put_record(out, seed, TYPE_LOSS, REC_PREAMBLE, 0, j->chain,
        nh_slice_of(body.data, body.len));
    nh_buf_fini(&body);
    loss->stored = true;
}

void
nhj_loss_put_all(struct nh_journal *j, struct nh_buf *out, uint32_t seed)
{
    for (size_t i = 0; i < j->loss_count; i++)
        put_one(j, &j->losses[i], out, seed);
}

/* What the running segment does not say yet. */
void
nhj_loss_store(struct nh_journal *j)
{
    struct seg_writer *w = j->dw.seg != NULL ? &j->dw : &j->mw;
    size_t missing = 0;

    for (size_t i = 0; i < j->loss_count; i++)
        missing += !j->losses[i].stored;
    if (missing == 0 || w->seg == NULL || !w->preambled)
        return; /* a preamble to come will say it */
    nh_buf_clear(&j->scratch);
    for (size_t i = 0; i < j->loss_count; i++)
        if (!j->losses[i].stored)
            put_one(j, &j->losses[i], &j->scratch, w->seed);
    if (nh_buf_err(&j->scratch) == NH_OK &&
        nhj_store_write(j, w, j->scratch.data, j->scratch.len) == NH_OK)
        return;
    for (size_t i = 0; i < j->loss_count; i++)
        j->losses[i].stored = false;
}

/* Losses that every reader has been told. */
void
nhj_loss_forget_old(struct nh_journal *j)
{
    bool holding, any;
    uint64_t released = nhj_bounds_released(j, &holding, &any);
    size_t kept = 0;

    if (!any)
        return;
    for (size_t i = 0; i < CURSORS_MAX; i++)
        if (j->places[i].known && j->places[i].released < released)
            released = j->places[i].released;
    for (size_t i = 0; i < j->loss_count; i++)
        if (j->losses[i].gap.to > released)
            j->losses[kept++] = j->losses[i];
    j->loss_count = kept;
}
