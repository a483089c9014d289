/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_internal.h - what the files of the journal share; nobody else includes it
 *
 * journal_io.c       files: names, zero-filled segments, syncs; the tests' hooks
 * journal_segment.c  the bytes of a segment: header, records, reading and resynchronising
 * journal_store.c    the list of segments: opening what is there, writing, rotation
 * journal_loss.c     what was lost: the list of gaps that readers are told
 * journal_bounds.c   release, size, age, warnings
 * journal_state.c    `state` (cursors) and `head` (stream id and epoch)
 * journal_lag.c      the memory-first mode
 * journal_compress.c sealed segments to zstd
 * journal_cursor.c, journal_view.c, journal_verify.c, journal.c: the functions of
 * journal.h
 */
#ifndef NH_JOURNAL_INTERNAL_H
#define NH_JOURNAL_INTERNAL_H

#include "libnhip/journal.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

enum {
    SEG_HEADER_LEN = 192,
    REC_HEAD_LEN = 20,
    REC_PREAMBLE = 1, /* flags */
    /* Records of the journal itself, never shown to readers. */
    TYPE_LOSS = 0xf0, /* struct nh_gap: what was lost before */
    TYPE_MARK = 0xf1, /* u32: everything before this offset has been synced */
    SEG_BYTES_DEFAULT = 256 * 1024,
    SEG_BYTES_MAX = 256 * 1024 * 1024,
    LOSS_MAX = 32,
    CURSORS_MAX = 64,
    CURSOR_NAME_MAX = 64,
    AGES_MAX = 64,
    PATH_BYTES = 4096,
};

struct seg_header {
    uint8_t stream_id[NH_STREAM_ID_LEN], boot_id[NH_STREAM_ID_LEN];
    uint8_t prev_sha[NH_SHA256_LEN]; /* zeros: none before it */
    uint8_t salt[8];
    uint64_t first_pos, prev_first, prev_last;
    int64_t mono_ms, wall_ms;
    uint32_t epoch, prev_len, prev_records, chain;
};

/* One segment that is held. */
struct seg {
    uint64_t id; /* of this entry, never used again */
    uint64_t first_pos, last_pos, records, file_bytes;
    uint64_t spilled_pos; /* memory: everything up to here is in `dir` too */
    uint32_t spilled_off, spilled_chain;
    uint32_t len; /* bytes in use, uncompressed */
    bool compressed, memory, keep_raw;
    struct seg_header header;
};

struct seg_list {
    struct seg **v; /* owned */
    size_t count, cap;
};

/* The segment that is being written. */
struct seg_writer {
    struct seg *seg; /* in its list; NULL: none yet */
    int fd;
    uint32_t seed;
    uint64_t source; /* the memory segment that is being moved into it */
    uint32_t marked; /* the durable offset that the last mark gave */
    bool preambled;
    EVP_MD_CTX *sha;
    /* As the file is; what has gathered behind it is in nh_journal.gathered, and counts
     * in `seg` already. */
    uint64_t written_last, written_records;
    uint32_t written_chain;
};

struct loss {
    struct nh_gap gap;
    bool stored; /* in the running segment */
};

struct place {
    char name[CURSOR_NAME_MAX];
    uint64_t released;
    bool known, holding;
    unsigned open;
};

struct age_mark {
    uint64_t pos;
    int64_t mono_ms;
};

struct compress_job;

struct nh_journal {
    struct nh_journal_options o;
    char *dir, *memory_dir; /* owned */
    bool lag;
    int dir_fd, memory_fd, lock_fd;
    uint8_t stream_id[NH_STREAM_ID_LEN];
    uint32_t epoch, chain;
    uint32_t spill_chain;            /* lag mode: before the record that is moved next */
    uint8_t prev_sha[NH_SHA256_LEN]; /* of the segment before the next new one */
    uint64_t next_pos, open_pos, durable_pos, synced_pos;
    uint64_t next_id, recover_id;
    bool dirty, dir_dirty, committing;
    struct seg_list disk, mem;
    struct seg_writer dw, mw;
    uint32_t durable_off; /* of dw's segment */
    struct loss losses[LOSS_MAX];
    size_t loss_count;
    uint64_t damage_counted; /* up to this position */
    struct place places[CURSORS_MAX];
    bool state_dirty;
    uint64_t state_seq, disk_state_seq;
    int64_t disk_state_ms, last_spill_ms, last_retry_ms;
    struct age_mark ages[AGES_MAX];
    size_t age_count;
    int warned_pct;
    struct nh_buf scratch, preamble;
    struct nh_buf gathered; /* of dw's segment, its last bytes */
    struct nh_journal_stats stats;
    struct compress_job *job;
};

struct nh_preamble {
    struct nh_buf *buf;
    uint32_t seed, chain;
};

/* journal_io.c */
enum io_op { IO_CREATE, IO_WRITE, IO_SYNC, IO_SYNC_DIR, IO_RENAME, IO_UNLINK };
struct io_hook { /* a test that watches, or an error to be had: 0 lets it pass */
    int (*before)(enum io_op op, const char *path, size_t len);
    void (*after)(enum io_op op, const char *path, const char *to, uint64_t off,
        const uint8_t *bytes, size_t len);
};
extern const struct io_hook *nh_journal_io_hook;
enum nh_err nhj_io_err(int sys_errno);
int nhj_io_dup(int fd);
enum nh_err nhj_io_make_dir(const char *path);
enum nh_err nhj_io_create(const char *path, int *fd); /* truncated when there */
enum nh_err nhj_io_write(
    int fd, const void *bytes, size_t len, uint64_t off, const char *path);
enum nh_err nhj_io_sync(int fd, const char *path);
enum nh_err nhj_io_sync_dir(int fd, const char *path);
enum nh_err nhj_io_rename(const char *from, const char *to);
void nhj_io_unlink(const char *path);
enum nh_err nhj_io_zero_file(const char *path, uint32_t bytes);
void nhj_io_path(char out[PATH_BYTES], const char *dir, const char *name);
void nhj_io_seg_path(char out[PATH_BYTES], const char *dir, uint64_t first_pos, bool zst);
bool nhj_io_seg_name(const char *name, uint64_t *first_pos, bool *zst);

/* journal_segment.c */
struct seg_reader {
    int fd;
    uint8_t *buf; /* owned; of a compressed segment: all of it */
    size_t cap;
    bool image;
    uint32_t buf_off, buf_len;
    uint32_t off, end, file_len; /* end: where records must stop */
    uint32_t seed;
    uint64_t last_pos;
    struct seg_header header;
};
enum scan { SCAN_OK, SCAN_END, SCAN_BAD };
void nhj_seg_header_encode(const struct seg_header *h, uint8_t out[SEG_HEADER_LEN]);
enum nh_err nhj_seg_header_decode(const uint8_t *in, size_t len, struct seg_header *h);
uint32_t nhj_seg_seed(const uint8_t salt[8]);
void nhj_seg_put_record(struct nh_buf *out, uint32_t seed, uint8_t type, uint8_t flags,
    uint64_t pos, uint32_t chain, struct nh_slice payload);
enum nh_err nhj_seg_read_header(const char *path, bool zst, struct seg_header *h);
/* `end` 0: as far as the file goes. */
enum nh_err nhj_seg_open(struct seg_reader *r, const char *path, bool zst, uint32_t end);
void nhj_seg_close(struct seg_reader *r);
/* The record at r->off, and past it. On SCAN_BAD the offset stays. */
enum scan nhj_seg_next(struct seg_reader *r, struct nh_record *rec);
/* After SCAN_BAD: go to the next offset that holds a record; false: none before the end.
 */
bool nhj_seg_resync(struct seg_reader *r);
struct seg_scan {
    uint32_t end, chain, marked;
    uint64_t last_pos, records;
    uint64_t cut_last, cut_records; /* records that validate behind the cut */
    bool damaged, any;
};
/* All of a segment. `newest`: its end is not known; a tail that was never synced is cut.
 */
void nhj_seg_scan(struct seg_reader *r, bool newest, struct seg_scan *out,
    void (*on_record)(void *arg, const struct nh_record *rec), void *arg);
enum nh_err nhj_seg_sha(
    const char *path, bool zst, uint32_t len, uint8_t out[NH_SHA256_LEN]);

/* journal_load.c, journal_store.c */
struct dir_seg {
    uint64_t first_pos;
    bool zst;
};
struct seg *nhj_list_add(struct nh_journal *j, struct seg_list *l);
void nhj_list_remove(struct seg_list *l, size_t at);
void nhj_list_free(struct seg_list *l);
const char *nhj_seg_dir(const struct nh_journal *j, const struct seg *s);
void nhj_seg_path_of(
    const struct nh_journal *j, const struct seg *s, char out[PATH_BYTES]);
enum nh_err nhj_store_load(struct nh_journal *j);        /* journal_load.c */
int nhj_dir_list(const char *dir, struct dir_seg **out); /* sorted; -1 and errno */
enum nh_err nhj_store_new_segment(
    struct nh_journal *j, uint64_t first_pos, bool must_sync);
enum nh_err nhj_store_rotate(struct nh_journal *j, uint64_t first_pos);
enum nh_err nhj_store_new_memory(struct nh_journal *j);
enum nh_err nhj_store_write(
    struct nh_journal *j, struct seg_writer *w, const void *bytes, size_t len);
enum nh_err nhj_store_flush(struct nh_journal *j);
enum nh_err nhj_store_preamble(struct nh_journal *j, struct seg_writer *w);
void nhj_store_writer_close(struct seg_writer *w);
void nhj_store_drop(struct nh_journal *j, struct seg_list *l, size_t at);
enum nh_err nhj_store_sync(struct nh_journal *j);
void nhj_store_sync_failed(struct nh_journal *j);
void nhj_store_put_mark(struct nh_journal *j);
enum nh_err nhj_store_note(
    struct nh_journal *j, struct seg_writer *w, uint8_t type, struct nh_slice payload);

/* journal_loss.c */
void nhj_loss_add(struct nh_journal *j, const struct nh_gap *gap);
void nhj_loss_learn(struct nh_journal *j, struct nh_slice payload);
/* The first loss with anything after `pos`, not beyond `before`; NULL: none. */
const struct nh_gap *nhj_loss_after(
    const struct nh_journal *j, uint64_t pos, uint64_t before);
void nhj_loss_store(struct nh_journal *j);
void nhj_loss_put_all(struct nh_journal *j, struct nh_buf *out, uint32_t seed);
void nhj_loss_forget_old(struct nh_journal *j);
uint64_t nhj_gap_count(uint64_t from, uint64_t to);

/* journal_bounds.c */
uint64_t nhj_bounds_released(const struct nh_journal *j, bool *any_holding, bool *any);
void nhj_bounds_drop_released(struct nh_journal *j);
void nhj_bounds_make_room(struct nh_journal *j, uint64_t more);
void nhj_bounds_drop_old(struct nh_journal *j, int64_t mono_ms, int64_t wall_ms);
void nhj_bounds_warn(struct nh_journal *j);
uint64_t nhj_bounds_disk_bytes(const struct nh_journal *j);

/* journal_state.c */
enum nh_err nhj_state_head_load(struct nh_journal *j);
enum nh_err nhj_state_head_store(struct nh_journal *j);
void nhj_state_load(struct nh_journal *j);
void nhj_state_store(struct nh_journal *j, int64_t mono_ms, bool all);
struct place *nhj_state_place(struct nh_journal *j, const char *name);

/* journal_lag.c */
enum nh_err nhj_lag_spill(struct nh_journal *j);
void nhj_lag_tick(struct nh_journal *j, int64_t mono_ms);
void nhj_lag_appended(struct nh_journal *j, uint64_t pos);
void nhj_lag_drop_released(struct nh_journal *j);
enum nh_err nhj_lag_make_room(struct nh_journal *j, size_t need);

/* journal_compress.c */
void nhj_compress_tick(struct nh_journal *j);
void nhj_compress_stop(struct nh_journal *j);

#endif
