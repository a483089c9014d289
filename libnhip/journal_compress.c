/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_compress.c - sealed segments to zstd, one at a time, on a thread of their own
 *
 * The compressed file is written and synced beside the plain one, compared by its SHA-256
 * with what the successor says, and gets its name; only then is the plain one recycled. A
 * segment that is damaged stays as it is. The thread touches files only; the list changes
 * in the owner's tick.
 */
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { LEVEL = 3, PIECE = 128 * 1024 };

struct compress_job {
    pthread_t thread;
    atomic_bool done;
    uint64_t seg_id;
    uint32_t len;
    uint8_t sha[NH_SHA256_LEN];
    char from[PATH_BYTES], tmp[PATH_BYTES], to[PATH_BYTES], dir[PATH_BYTES];
    int dir_fd;
    enum nh_err err;
};

static enum nh_err
write_frame(const struct compress_job *job, int in, int out)
{
    ZSTD_CCtx *z = ZSTD_createCCtx();
    uint8_t *from = malloc(PIECE), *to = malloc(PIECE);
    enum nh_err err = z != NULL && from != NULL && to != NULL ? NH_OK : NH_ENOMEM;
    uint64_t off = 0, written = 0;

    if (err == NH_OK) {
        ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    }
    while (err == NH_OK && off < job->len) {
        size_t want = job->len - off < PIECE ? (size_t)(job->len - off) : PIECE, left;
        ssize_t n = pread(in, from, want, (off_t)off);
        ZSTD_inBuffer zin = { from, n > 0 ? (size_t)n : 0, 0 };
        bool last = n > 0 && off + (uint64_t)n == job->len;

        if (n <= 0) {
            err = n == 0 ? NH_EFORMAT : nhj_io_err(errno);
            break;
        }
        do {
            ZSTD_outBuffer zout = { to, PIECE, 0 };

            left =
                ZSTD_compressStream2(z, &zout, &zin, last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(left)) {
                err = NH_ENOMEM;
                break;
            }
            err = nhj_io_write(out, to, zout.pos, written, job->tmp);
            written += zout.pos;
        } while (err == NH_OK && (last ? left > 0 : zin.pos < zin.size));
        off += (uint64_t)n;
    }
    ZSTD_freeCCtx(z);
    free(from);
    free(to);
    return err;
}

static enum nh_err
compress_file(const struct compress_job *job)
{
    uint8_t sha[NH_SHA256_LEN];
    int in = open(job->from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1;
    enum nh_err err = in >= 0 ? nhj_io_create(job->tmp, &out) : nhj_io_err(errno);

    if (err == NH_OK)
        err = write_frame(job, in, out);
    if (err == NH_OK)
        err = nhj_io_sync(out, job->tmp);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (err == NH_OK)
        err = nhj_seg_sha(job->tmp, true, job->len, sha);
    if (err == NH_OK && memcmp(sha, job->sha, sizeof(sha)) != 0)
        err = NH_EFORMAT;
    if (err == NH_OK)
        err = nhj_io_rename(job->tmp, job->to);
    if (err == NH_OK)
        err = nhj_io_sync_dir(job->dir_fd, job->dir);
    if (err != NH_OK && out >= 0)
        nhj_io_unlink(job->tmp);
    return err;
}

static void *
run(void *arg)
{
    struct compress_job *job = arg;

    job->err = compress_file(job);
    atomic_store(&job->done, true);
    return NULL;
}

static void
adopt(struct nh_journal *j, struct compress_job *job)
{
    for (size_t i = 0; i < j->disk.count; i++) {
        struct seg *s = j->disk.v[i];
        char spare[PATH_BYTES];
        struct stat st;

        if (s->id != job->seg_id)
            continue;
        if (job->err != NH_OK) {
            s->keep_raw = job->err == NH_EFORMAT;
            nh_log_limited(NH_LOG_WARN, "journal %s: segment not compressed: %s", j->dir,
                nh_strerror(job->err));
            return;
        }
        s->compressed = true;
        s->id = ++j->next_id; /* cursors find their place again */
        if (j->recover_id == job->seg_id)
            j->recover_id = s->id;
        s->file_bytes = stat(job->to, &st) == 0 ? (uint64_t)st.st_size : s->file_bytes;
        nhj_io_path(spare, j->dir, "spare.nhj");
        if (access(spare, F_OK) == 0 || nhj_io_rename(job->from, spare) != NH_OK)
            nhj_io_unlink(job->from);
        return;
    }
}

/* Wait for what is under way and take it in. */
void
nhj_compress_stop(struct nh_journal *j)
{
    struct compress_job *job = j->job;

    if (job == NULL)
        return;
    j->job = NULL;
    pthread_join(job->thread, NULL);
    adopt(j, job);
    free(job);
}

static void
start(struct nh_journal *j, struct seg *s, const struct seg *next)
{
    struct compress_job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return;
    atomic_init(&job->done, false);
    job->seg_id = s->id;
    job->len = s->len;
    job->dir_fd = j->dir_fd;
    memcpy(job->sha, next->header.prev_sha, NH_SHA256_LEN);
    memcpy(job->dir, j->dir, strlen(j->dir) + 1);
    nhj_io_path(job->tmp, j->dir, "compress.tmp");
    nhj_seg_path_of(j, s, job->from);
    nhj_io_seg_path(job->to, j->dir, s->first_pos, true);
    if (pthread_create(&job->thread, NULL, run, job) != 0) {
        free(job);
        return;
    }
    j->job = job;
}

void
nhj_compress_tick(struct nh_journal *j)
{
    if (j->job != NULL && atomic_load(&j->job->done))
        nhj_compress_stop(j);
    if (!j->o.compress || j->job != NULL)
        return;
    for (size_t i = 0; i + 1 < j->disk.count; i++) {
        struct seg *s = j->disk.v[i];
        const struct seg *next = j->disk.v[i + 1];

        if (s->compressed || s->keep_raw || s == j->dw.seg || s->last_pos == 0 ||
            next->header.prev_first != s->first_pos)
            continue;
        start(j, s, next);
        return;
    }
}
