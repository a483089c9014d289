/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series.h - RRD files from the journal, kept by one process
 *
 * nhip-series is the only owner of the RRD files. It reads the collector's journal by
 * itself (nh_view), gathers rows per file, writes them in batches, and checkpoints: one
 * update call a touched file, syncfs, then one SQLite transaction with each touched
 * file's header bytes and series_pos. On an unclean start the stored headers go back
 * first, the few rows after each write pointer become NaN, and the journal is replayed
 * from series_pos: byte for byte what an undisturbed run would have written.
 *
 * Its parent starts it with a socket pair on fd 3 and speaks JSON lines (jsonl.h):
 *   parent -> {"durable":POS}                                   read up to here (POS as
 * string) parent -> {"id":N,"do":"fetch","check":…,"from":…,"to":…,"points":…} parent ->
 * {"id":N,"do":"graph","check":…,"from":…,"to":…,"chart":…,"format":…,"width":…,"height":…,"lang":…}
 *   parent -> {"id":N,"do":"rebuild","check":…}   {"id":N,"do":"flush"}
 * {"id":N,"do":"check"} series -> {"id":N,"ok":true,"result":{…}} as docs/CONTROL.md, or
 * {"id":N,"ok":false,"code":…,"error":…} series ->
 * {"at":{"pos":"…","lag_s":…,"files":…,"rows":…,"errors":…}}   after each checkpoint
 * Options: nhip-series --journal DIR --data DIR --archives "10s:1d, 1min:14d, …" [--once]
 * [--checkpoint S]
 *   --once: read the whole journal, checkpoint, exit (tests, rebuilds, benches).
 * End of file on fd 3: checkpoint, close, exit 0.
 */
#ifndef SERIES_H
#define SERIES_H

#include "libnhip/journal.h"

struct event_base;
struct series;

struct series_archive {
    int64_t step_s, keep_s;
    bool max;
};
struct series_options {
    const char *journal_dir,
        *data_dir; /* data_dir/rrd/SITE/LINK/path.rrd, data_dir/series.db */
    const struct series_archive *archives;
    size_t archive_count;
    int64_t checkpoint_s; /* 0: 60, and 300 above 2,000 files */
};
/* NH_ELOCKED: another process has the files of this data_dir. */
enum nh_err series_open(
    struct series **out, const struct series_options *options) NH_MUST_CHECK;
void series_close(struct series *s);   /* checkpoints */
void series_abandon(struct series *s); /* does not: as a crash would leave it */
/* Read the journal up to `durable`, at most `max_records`; NH_EEMPTY when there is no
 * more. */
enum nh_err series_advance(
    struct series *s, uint64_t durable, size_t max_records) NH_MUST_CHECK;
enum nh_err series_checkpoint(struct series *s) NH_MUST_CHECK;

struct series_counts {
    uint64_t pos;     /* last record taken */
    uint64_t rows;    /* written, this run */
    uint64_t refused; /* not later than the file's last, or from the future */
    uint64_t errors;
    size_t files;
    int64_t newest_arrived_ms; /* of the records taken */
};
void series_look(const struct series *s, struct series_counts *out);
const struct series_options *series_opt(const struct series *s);

/*
 * Write what waits for `check`, and say where its file is and of which kind.
 * NH_ENOTFOUND: there is no such file. NH_EIO: the waiting rows could not be written.
 */
struct nh_kind;
enum nh_err series_ready_file(struct series *s, const char *check, char *path,
    size_t size, const struct nh_kind **kind) NH_MUST_CHECK;
/* Make the file of `check` again from as far back as the journal goes; *rows of them. */
enum nh_err series_rebuild(
    struct series *s, const char *check, uint64_t *rows) NH_MUST_CHECK;

#endif
