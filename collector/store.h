/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - the collector's journal: every agent's records once, dated, and how far each
 * agent has come
 *
 * A source is one stream of one site; 0 is the collector itself. A source's watermark
 * moves with each of its records and stands in the same journal, so that what is there
 * and what is acknowledged can never disagree: a restart reads both from the newest
 * segment.
 *
 * Commits run on a worker at most 200 ms or 256 KiB behind. Once a commit has ended,
 * on_durable tells which sources moved; when one failed, on_lost tells whose records are
 * not on the disk: their watermarks are back at what is durable, and the agents must send
 * again. A full disk pauses: appends answer NH_ENOSPC until on_space.
 *
 * Threads: the loop's only; commits are jobs of its own worker.
 */
#ifndef STORE_H
#define STORE_H

#include "collector/dating.h"
#include "libnhip/record.h"

struct event_base;
struct store;
struct judge_check;

struct store_source {
    struct nh_source is; /* number, site, stream, watermark and chain */
    uint64_t durable_pos;
    struct nh_dict *dict;  /* owned */
    uint32_t noted;        /* entries of dict that are in the journal */
    struct nh_boot *boots; /* owned; those that records to come may name */
    size_t boot_count;
    struct dating dating;
    /* judge's place of each dictionary number, for one generation of the inventory */
    struct judge_check **checks; /* owned */
    size_t check_count;
    uint64_t checks_generation;
    void *session; /* borrowed: intake's, NULL while there is none */
    /* the store's own */
    struct store_source *next_dirty;
    bool dirty, in_commit, is_old;
    uint64_t commit_pos;
    uint32_t commit_chain, durable_chain;
};

struct store_events {
    /* Every record that is read at start, before store_open() returns. */
    void (*on_recovered)(void *arg, const struct nh_record *rec);
    void (*on_source_durable)(void *arg, struct store_source *source);
    void (*on_durable)(void *arg, uint64_t pos); /* after those of its sources */
    void (*on_source_lost)(void *arg, struct store_source *source);
    void (*on_lost)(
        void *arg); /* a sync failed: our own that are not durable yet are gone */
    void (*on_space)(void *arg); /* the disk takes records again */
    void *arg;
};
struct store_options {
    struct event_base *base;
    const char *dir;
    uint64_t max_bytes;
    int64_t max_age_s;
    const struct store_events *events; /* copied */
};

enum nh_err store_open(
    struct store **out, const struct store_options *options) NH_MUST_CHECK;
void store_close(struct store *s); /* commits */

/* The source of this stream of `site`; made when it is new. Lent for the store's life. */
enum nh_err store_source(struct store *s, const char *site,
    const uint8_t stream_id[NH_STREAM_ID_LEN], struct store_source **out) NH_MUST_CHECK;
struct store_source *store_own(struct store *s); /* source 0 */
const struct nh_boot *store_boot(const struct store_source *src, uint32_t epoch);

/* Put what is new in the source's dictionary into the journal. */
enum nh_err store_note_dict(struct store *s, struct store_source *src) NH_MUST_CHECK;
/* Take boots as an agent sends them (nh_boot_encode, one after the other). NH_EFORMAT. */
enum nh_err store_take_boots(
    struct store *s, struct store_source *src, struct nh_slice boots) NH_MUST_CHECK;

/*
 * Append one record of a source and move its watermark to (pos, chain); `type` is
 * READINGS, EVENT or GAP and `body` what follows the origin. Source 0 passes pos 0.
 * Errors: NH_ENOSPC, NH_EIO (not appended: try again after on_space), NH_ETOOBIG,
 * NH_ENOMEM.
 */
struct store_record {
    uint8_t type;
    uint64_t pos;
    uint32_t chain, epoch;
    int64_t offset_ms;
    uint32_t error_ms;
    int64_t arrived_ms;
    struct nh_slice body;
};
enum nh_err store_append(struct store *s, struct store_source *src,
    const struct store_record *rec, uint64_t *journal_pos) NH_MUST_CHECK;
/* Pass over a record that will never be acceptable: only the watermark moves. */
enum nh_err store_skip(struct store *s, struct store_source *src, uint64_t pos,
    uint32_t chain) NH_MUST_CHECK;

void store_tick(struct store *s, int64_t mono_ms, int64_t wall_ms); /* once a second */
bool store_is_full(const struct store *s);
const char *store_dir(const struct store *s);
uint32_t store_epoch(const struct store *s); /* of the positions that are appended now */
uint64_t store_durable_pos(const struct store *s);
uint64_t store_oldest_pos(const struct store *s);
void store_stats(const struct store *s, struct nh_journal_stats *out);
unsigned store_disk_pct(const struct store *s); /* of the file system, used */

#endif
