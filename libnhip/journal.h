/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.h - records kept on disk, in order, until their readers are done with them
 *
 * One module for both ends: the agent's store-and-forward spool and the collector's raw
 * truth. A journal is a directory (mode 0700) of segments `seg-<firstpos>.nhj` (sealed
 * ones may be
 * `.nhj.zst`), a `state` file of cursors and a LOCK. Each segment names the SHA-256 of
 * the one before it. docs/PROTOCOL.md, "Journal", has the bytes.
 *
 * Promises:
 *  - A record outlives a power cut once it is durable (pos <= nh_journal_durable_pos()),
 * and a kill -9 of this process once nh_journal_append() returned NH_OK (with
 * gather_bytes: once nh_journal_flush() did).
 *  - A position is never used twice, whatever was lost: pos = epoch << 40 | counter, and
 * the epoch grows at every open, durably, before the first record.
 *  - It always opens: a torn tail is cut, a damaged middle becomes a described gap.
 *  - Over its bounds it drops whole segments, oldest first, and counts and describes the
 * loss.
 *  - A write that failed (disk full, I/O error) leaves the journal as it was before it.
 *
 * `sync = lag` (memory_dir set): records stay in one file in memory_dir (a tmpfs:
 * survives kill -9, costs no flash) while they are released within NH_JOURNAL_LAG_S; else
 * they move to `dir`, synced at most every NH_JOURNAL_SPILL_SYNC_S. A power cut costs at
 * most the last 30 s, and only while the line was down too.
 *
 * Threads: one owner at a time; nothing in here locks, except that
 * nh_journal_commit_run() may run on a worker. Any number of processes may look on with
 * nh_journal_view_open().
 */
#ifndef NH_JOURNAL_H
#define NH_JOURNAL_H

#include "libnhip/buf.h"
#include <stdbool.h>

enum {
    NH_JOURNAL_LAG_S = 15,
    NH_JOURNAL_SPILL_SYNC_S = 30,
    NH_JOURNAL_PAYLOAD_MAX = 65535,
    NH_STREAM_ID_LEN = 16,
    NH_SHA256_LEN = 32,
};

/* Record types; each end uses its own set (record.h for the collector's). */
enum nh_record_type {
    NH_REC_READINGS = 1,
    NH_REC_EVENT = 2,
    NH_REC_GAP = 3,    /* collector: a loss that an agent told of, struct nh_gap */
    NH_REC_DICT = 4,   /* preamble: dictionary entries */
    NH_REC_BOOT = 5,   /* preamble: epoch, boot id and what was known of the time */
    NH_REC_SOURCE = 6, /* preamble, collector: an agent's stream and watermark */
};

struct nh_record {
    uint64_t pos; /* 0 in a preamble record */
    uint32_t chain;
    uint8_t type;
    bool preamble;           /* repeated at the head of each segment; means nothing new */
    struct nh_slice payload; /* lent until the next call on the same cursor or view */
};

enum nh_gap_reason { NH_GAP_OVERFLOW = 1, NH_GAP_DAMAGED = 2, NH_GAP_CLOCK = 3 };
struct nh_gap {
    uint64_t from, to;                /* first and last position lost */
    int64_t from_wall_ms, to_wall_ms; /* as far as known, else 0 */
    uint64_t count;                   /* records; 0 unknown */
    enum nh_gap_reason reason;
};
void nh_gap_encode(const struct nh_gap *gap, struct nh_buf *out);
enum nh_err nh_gap_decode(struct nh_slice in, struct nh_gap *gap) NH_MUST_CHECK;

#define NH_POS(epoch, counter) (((uint64_t)(epoch) << 40) | (uint64_t)(counter))
static inline uint32_t
nh_pos_epoch(uint64_t pos)
{
    return (uint32_t)(pos >> 40);
}
static inline uint64_t
nh_pos_counter(uint64_t pos)
{
    return pos & ((UINT64_C(1) << 40) - 1);
}

/* The chain value after a record: crc32c over the chain before it, its position, type,
 * payload. */
uint32_t nh_chain_next(
    uint32_t chain, uint64_t pos, uint8_t type, struct nh_slice payload);

struct nh_journal;
struct nh_preamble; /* where a preamble callback puts its records */

struct nh_journal_options {
    const char *dir;           /* made when missing, mode 0700 */
    const char *memory_dir;    /* NULL: to dir at once; the owner syncs */
    uint64_t memory_max_bytes; /* of the file in memory_dir; 0: 1 MiB */
    uint64_t max_bytes;        /* of segments in dir; 0: unbounded */
    int64_t max_age_s;         /* of a segment's newest record; 0: unbounded */
    uint32_t segment_bytes;    /* 0: 256 KiB */
    /* Not 0: appended records gather in memory until they are this many bytes, or
     * nh_journal_flush(), or a commit. For an owner whose senders keep what it has not
     * acknowledged. Without effect when memory_dir is set. */
    uint32_t gather_bytes;
    bool compress; /* sealed segments to zstd, by a worker or nh_journal_tick() */
    /* Called at the head of each new segment, with the records that make it decode alone.
     */
    void (*preamble)(void *arg, struct nh_preamble *put);
    void *arg;
};

struct nh_journal_stats {
    uint64_t records, bytes;                       /* held now */
    uint64_t memory_bytes;                         /* of these, in memory_dir only */
    uint64_t lost_overflow, lost_damaged;          /* records ever lost, this open */
    uint64_t write_errors, sync_errors, disk_full; /* counts, this open */
    int64_t oldest_wall_ms; /* creation of the oldest segment held, 0 when empty */
    uint32_t segments;
    unsigned fill_pct; /* of max_bytes */
};

/*
 * Open or make the journal. *out belongs to the caller: nh_journal_close().
 * Errors: NH_ELOCKED, NH_EIO, NH_ENOSPC (no room for the first segment; may be tried
 * again), NH_ENOMEM. Damage is not an error: it is counted, logged and becomes gaps.
 */
enum nh_err nh_journal_open(
    struct nh_journal **out, const struct nh_journal_options *options) NH_MUST_CHECK;
void nh_journal_close(struct nh_journal *j); /* writes and syncs what is pending */

const uint8_t *nh_journal_stream_id(const struct nh_journal *j);
/* Leave this stream for a new one (the old one's records are dropped and counted as
 * lost). */
enum nh_err nh_journal_new_stream(struct nh_journal *j) NH_MUST_CHECK;
uint32_t nh_journal_epoch(const struct nh_journal *j);
uint64_t nh_journal_oldest_pos(const struct nh_journal *j); /* next_pos when empty */
uint64_t nh_journal_next_pos(
    const struct nh_journal *j); /* that the next append will get */
uint64_t nh_journal_durable_pos(
    const struct nh_journal *j); /* last durable one, 0: none */
void nh_journal_stats(const struct nh_journal *j, struct nh_journal_stats *out);

/* Read every preamble record of the newest segment that held any before this open, so
 * that an owner gets back its dictionary; then every record of that segment. */
enum nh_err nh_journal_recover(struct nh_journal *j,
    void (*on_record)(void *arg, const struct nh_record *rec), void *arg) NH_MUST_CHECK;

void nh_preamble_put(struct nh_preamble *put, uint8_t type, struct nh_slice payload);

/* Put a preamble record into the running segment now (a dictionary that has grown). */
enum nh_err nh_journal_note(
    struct nh_journal *j, uint8_t type, struct nh_slice payload) NH_MUST_CHECK;

/* Append one record. Errors: NH_ENOSPC, NH_EIO (nothing was appended, pos not used),
 * NH_ETOOBIG. */
enum nh_err nh_journal_append(struct nh_journal *j, uint8_t type, struct nh_slice payload,
    uint64_t *pos) NH_MUST_CHECK;

/* Hand to the kernel what has gathered. On NH_ENOSPC, NH_EIO it stays gathered, and is
 * tried again by the next flush, append or commit. */
enum nh_err nh_journal_flush(struct nh_journal *j) NH_MUST_CHECK;

/* Make everything appended durable, now, on this thread. A failure is final for that
 * data: the segment is abandoned, what is not durable was not acknowledged, and a new one
 * begins. */
enum nh_err nh_journal_sync(struct nh_journal *j) NH_MUST_CHECK;

/*
 * The same in three steps, so that a worker waits for the disk: begin says whether there
 * is anything to sync and takes what the worker needs; run does it, on any thread; end,
 * on the owner's thread, moves durable_pos. One commit is under way at a time.
 */
struct nh_commit {
    int fd[2]; /* the running segment and, when it is new, its directory */
    uint64_t upto;
    uint64_t segment; /* which, and how much of it: for end */
    uint32_t offset;
    enum nh_err err;
    int sys_errno;
};
bool nh_journal_commit_begin(struct nh_journal *j, struct nh_commit *c);
void nh_journal_commit_run(struct nh_commit *c);
enum nh_err nh_journal_commit_end(
    struct nh_journal *j, struct nh_commit *c) NH_MUST_CHECK;

/* Housekeeping, about once a second, or after releases and when a spill is due: spill,
 * age, bounds, cursors to `state`, compression. */
void nh_journal_tick(struct nh_journal *j, int64_t mono_ms, int64_t wall_ms);
/* When the oldest record that nobody released has to be spilled; INT64_MAX: there is
 * none. Appends and releases move it. */
int64_t nh_journal_spill_due_ms(struct nh_journal *j);

/*
 * A named reader of this journal. A new name starts at the oldest record. Holding cursors
 * keep records from being recycled below max_bytes; what all of them released may go at
 * once.
 */
struct nh_cursor;
enum nh_err nh_cursor_open(struct nh_cursor **out, struct nh_journal *j, const char *name,
    bool holding) NH_MUST_CHECK;
void nh_cursor_close(struct nh_cursor *c); /* the name and its place stay */
/* Forget the name (a collector that was taken out of the configuration). */
enum nh_err nh_cursor_forget(struct nh_journal *j, const char *name);
/* The next record; NH_EEMPTY at the end; NH_EGAP: *gap describes what is lost, and the
 * next call goes on after it. */
enum nh_err nh_cursor_next(
    struct nh_cursor *c, struct nh_record *rec, struct nh_gap *gap) NH_MUST_CHECK;
enum nh_err nh_cursor_seek(
    struct nh_cursor *c, uint64_t after_pos) NH_MUST_CHECK; /* 0: oldest */
/* Done with everything up to `pos`. Written to `state` by the next tick; never synced. */
void nh_cursor_release(struct nh_cursor *c, uint64_t pos);
uint64_t nh_cursor_released(const struct nh_cursor *c);

/*
 * Looking on from another process: takes no lock, writes nothing, follows rotation,
 * recycling and compression. Reads as far as the files go, which may be past what is
 * durable; `upto` of nh_view_next() bounds it (UINT64_MAX: no bound).
 */
struct nh_view;
enum nh_err nh_view_open(struct nh_view **out, const char *dir) NH_MUST_CHECK;
void nh_view_close(struct nh_view *v);
enum nh_err nh_view_seek(struct nh_view *v, uint64_t after_pos) NH_MUST_CHECK;
/* To the head of the segment that was being written at `wall_ms` by the writer's clock,
 * so that nothing appended since is missed; the oldest when none is that old. */
enum nh_err nh_view_seek_time(struct nh_view *v, int64_t wall_ms) NH_MUST_CHECK;
enum nh_err nh_view_next(struct nh_view *v, uint64_t upto, struct nh_record *rec,
    struct nh_gap *gap) NH_MUST_CHECK;

/* One segment as nh_journal_verify() found it. */
struct nh_segment_report {
    const char *file;
    uint64_t first_pos, last_pos, records, damaged;
    int64_t created_wall_ms;
    bool sealed, compressed,
        prev_ok; /* prev_ok: names the SHA-256 of the segment before it */
    uint8_t sha256[NH_SHA256_LEN]; /* of this segment, when sealed */
};
/* Check every segment in order: CRCs, positions, chain values, and the chain of SHA-256.
 * NH_EFORMAT when anything is wrong; the reports say where. */
enum nh_err nh_journal_verify(const char *dir,
    void (*on_segment)(void *arg, const struct nh_segment_report *r),
    void *arg) NH_MUST_CHECK;

#endif
