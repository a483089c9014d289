/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_model.h - what store.c (appending, commits) and store_head.c (what names the
 * sources in the journal, and reads them back) share
 */
#ifndef STORE_MODEL_H
#define STORE_MODEL_H

#include "collector/store.h"
#include "collector/strmap.h"
#include "libnhip/job.h"
#include "libnhip/loop.h"

enum {
    SCRATCH_MAX = NH_JOURNAL_PAYLOAD_MAX,
    DICT_PART = 200, /* entries a record: far below NH_JOURNAL_PAYLOAD_MAX */
};

struct store {
    char *dir;
    struct store_events events;
    struct nh_journal *journal;
    struct nh_jobs *jobs;
    struct nh_timer *commit_timer;
    struct nh_commit commit; /* the worker's while committing */
    bool committing, timer_set, full, opened;
    size_t uncommitted_bytes;
    struct store_source **sources; /* owned; by number */
    size_t source_count, source_cap;
    struct strmap by_site; /* newest source of a site */
    struct store_source *dirty, *in_commit;
    struct nh_buf scratch;
    int64_t full_since_ms;
    unsigned fill_told; /* the percentage last warned of */
};

/* store.c */
struct store_source *store_source_at(const struct store *s, uint32_t number);
/* Source `number`, made when it is new. */
enum nh_err store_source_make(
    struct store *s, const struct nh_source *is, struct store_source **out) NH_MUST_CHECK;
enum nh_err store_boot_put(
    struct store_source *src, const struct nh_boot *boot) NH_MUST_CHECK;
void store_boots_prune(struct store_source *src);

/* store_head.c */
typedef enum nh_err store_put_head(void *arg, uint8_t type, struct nh_slice payload);
void store_put_dict(
    const struct store_source *src, uint32_t from, uint32_t to, struct nh_buf *out);
/* Everybody, as a segment's head names them. */
enum nh_err store_put_sources(
    struct store *s, store_put_head *put, void *arg) NH_MUST_CHECK;
void store_write_head(void *store, struct nh_preamble *put);
void store_recover(void *store, const struct nh_record *rec);

#endif
