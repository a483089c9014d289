/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_verify.c - is everything there as it was written?
 *
 * Each segment is read whole: every record's CRC, the order of positions, the chain value
 * over positions, types and payloads. Each names the SHA-256 of the bytes of the one
 * before it; who keeps the newest value can prove all that came before.
 */
#include "libnhip/journal_internal.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    struct nh_segment_report report;
    uint32_t chain;
    uint64_t last_pos;
    bool wrong;
};

static void
walk_records(struct seg_reader *r, bool sealed, struct walk *w)
{
    struct nh_record rec;

    for (;;) {
        enum scan got = nhj_seg_next(r, &rec);

        if (got == SCAN_END)
            return;
        if (got == SCAN_BAD) {
            if (!sealed && !nhj_seg_resync(r))
                return; /* the running segment ends here */
            w->wrong = true;
            w->report.damaged++;
            if (sealed && !nhj_seg_resync(r))
                return;
            continue;
        }
        if (rec.preamble)
            continue;
        if (rec.pos != w->last_pos + 1 && w->last_pos != 0)
            w->chain = rec.chain; /* released records between were not moved here */
        else if (rec.chain != nh_chain_next(w->chain, rec.pos, rec.type, rec.payload))
            w->wrong = true;
        w->chain = rec.chain;
        w->last_pos = rec.pos;
        w->report.last_pos = rec.pos;
        w->report.records++;
    }
}

static void
check_one(const char *path, bool zst, const struct seg_header *next, struct walk *w)
{
    bool sealed = next != NULL && next->prev_first == w->report.first_pos;
    struct seg_reader r;
    enum nh_err err = nhj_seg_open(&r, path, zst, sealed ? next->prev_len : 0);

    w->report.sealed = next != NULL;
    w->report.compressed = zst;
    w->wrong = false;
    if (err != NH_OK || r.header.first_pos != w->report.first_pos) {
        w->wrong = true;
        w->report.damaged++;
        nhj_seg_close(&r);
        return;
    }
    w->report.created_wall_ms = r.header.wall_ms;
    w->chain = r.header.chain;
    w->last_pos = 0;
    walk_records(&r, sealed, w);
    nhj_seg_close(&r);
    if (!sealed)
        return;
    if (w->report.last_pos != next->prev_last ||
        w->report.records != next->prev_records ||
        nhj_seg_sha(path, zst, next->prev_len, w->report.sha256) != NH_OK)
        w->wrong = true;
}

/* Is the link from `h` back to the segment before it whole? */
static bool
link_ok(const struct seg_header *h, const struct walk *before)
{
    static const uint8_t none[NH_SHA256_LEN];

    if (before == NULL)
        return true; /* the oldest: what was before it is gone */
    return h->prev_first == before->report.first_pos &&
           memcmp(h->prev_sha, none, sizeof(none)) != 0 &&
           memcmp(h->prev_sha, before->report.sha256, NH_SHA256_LEN) == 0;
}

enum nh_err
nh_journal_verify(const char *dir,
    void (*on_segment)(void *arg, const struct nh_segment_report *r), void *arg)
{
    struct dir_seg *names = NULL;
    int count = nhj_dir_list(dir, &names);
    struct walk before, w;
    bool has_before = false, wrong = false;

    if (count < 0)
        return errno == ENOENT ? NH_ENOTFOUND : nhj_io_err(errno);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES], next_path[PATH_BYTES];
        struct seg_header h, next;
        bool has_next = false, has_header;

        nhj_io_seg_path(path, dir, names[i].first_pos, names[i].zst);
        has_header = nhj_seg_read_header(path, names[i].zst, &h) == NH_OK;
        if (i + 1 < count) {
            nhj_io_seg_path(next_path, dir, names[i + 1].first_pos, names[i + 1].zst);
            has_next = nhj_seg_read_header(next_path, names[i + 1].zst, &next) == NH_OK;
        }
        w = (struct walk){ .report = { .first_pos = names[i].first_pos } };
        w.report.file = strrchr(path, '/') + 1;
        check_one(path, names[i].zst, has_next ? &next : NULL, &w);
        w.report.prev_ok = has_header && link_ok(&h, has_before ? &before : NULL);
        wrong = wrong || w.wrong || !w.report.prev_ok;
        if (on_segment != NULL)
            on_segment(arg, &w.report);
        before = w;
        has_before = true;
    }
    free(names);
    return wrong ? NH_EFORMAT : NH_OK;
}
