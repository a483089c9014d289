/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rrdfile.h - one RRD file: the only place that calls librrd to write
 *
 * librrd's errors are sticky per thread: every call here clears them before and after.
 * Not thread-safe: nhip-series has one thread.
 */
#ifndef RRDFILE_H
#define RRDFILE_H

#include "collector/series/series.h"
#include "libnhip/kind.h"

enum { RRDFILE_WHY_MAX = 160 };

/* The step of a kind's files: its default period. Archives finer than that are left out.
 */
int64_t rrdfile_step(const struct nh_kind *kind);

/*
 * Make `path` (and its directories) with one data source a metric, its first update to
 * come after `last_s`. The same arguments give the same bytes, always. NH_EIO: `why` says
 * what librrd said.
 */
enum nh_err rrdfile_create(const char *path, const struct nh_kind *kind, int64_t last_s,
    const struct series_archive *archives, size_t archive_count,
    char why[RRDFILE_WHY_MAX]) NH_MUST_CHECK;

/* Rows are librrd's own: "time:value:value". */
enum nh_err rrdfile_update(const char *path, int count, const char **rows,
    char why[RRDFILE_WHY_MAX]) NH_MUST_CHECK;

/* Time of the last update, and the length of what comes before the archives' rows. */
enum nh_err rrdfile_look(const char *path, int64_t *last_s, size_t *header_bytes,
    char why[RRDFILE_WHY_MAX]) NH_MUST_CHECK;

/* librrd's name of a data source: the metric's, cut at 19 characters. */
void rrdfile_ds(const char *metric, char out[NH_NAME_MAX]);

#endif
