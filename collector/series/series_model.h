/* SPDX-License-Identifier: GPL-3.0-or-later */
/* series_model.h - what the files of this folder share: rows gathered per file */
#ifndef SERIES_MODEL_H
#define SERIES_MODEL_H

#include "collector/series/series.h"
#include "collector/series/state.h"
#include "libnhip/record.h"

enum { ROWS_GATHERED = 30, PATH_BYTES = 4096 };

/* One check's file. */
struct file {
    char check[NH_CHECK_ID_MAX];
    const struct nh_kind *kind;
    bool on_disk, touched; /* touched: written or waiting since the last checkpoint */
    bool broken;           /* librrd refuses it: said once, then left alone */
    int64_t last_s;        /* of the last row taken */
    size_t header_bytes;   /* as librrd said once; 0: not asked yet */
    int waiting;
    char *rows[ROWS_GATHERED]; /* owned */
};

/* What a source's check numbers lead to. */
struct source_files {
    struct file **by_number;
    uint32_t count;
};

struct series {
    struct series_options opt;
    int lock_fd;
    struct state *state;
    struct nh_view *view;
    struct nh_tracker *tracker;
    void *tree; /* of struct file, by check id */
    struct file **files;
    size_t file_count, file_cap;
    struct source_files *sources;
    uint32_t source_count;
    uint64_t pos; /* last record taken */
    int64_t newest_arrived_ms;
    bool held; /* a row could not be kept: this record must be read again */
    struct series_counts counts;
};

/* gather.c: files by check, and the rows that wait for them */
void gather_path(const struct series *s, const char *check, char out[PATH_BYTES]);
struct file *gather_find(const struct series *s, const char *check);
/* Also when nothing was read for it in this run but it is on disk. */
struct file *gather_known(struct series *s, const char *check);
/* By a source's number; made when it is new. NULL: out of memory. */
struct file *gather_of(struct series *s, uint32_t source, const struct nh_check *check);
void gather_drop(struct file *f); /* the waiting rows */
/* Write what waits. NH_ENOSPC: it waits on; a file that librrd refuses is set aside. */
enum nh_err gather_flush(struct series *s, struct file *f) NH_MUST_CHECK;
/* One reading; sets s->held when its record has to be read again. */
void gather_take(struct series *s, struct file *f, const struct nh_origin *origin,
    const struct nh_reading *r);

#endif
