/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.c - the bytes of a segment, as a journal would find them
 *
 * The first byte chooses: plain or compressed, and whether checksums are put right first,
 * so that a fuzzer gets behind them. The segment is scanned, opened as a journal, read by
 * a cursor and by a view, and verified; the journal must open and take a record.
 */
#include "libnhip/crc32c.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void
empty_dir(void)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL)
        closedir(d);
}

static void
remove_dir(void)
{
    empty_dir();
    rmdir(dir);
}

static void
put_crc(uint8_t *to, uint32_t crc)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(crc >> (24 - 8 * i));
}

/* Make the checksums of header and records right, as far as the lengths lead. */
static void
mend(uint8_t *p, size_t size)
{
    struct seg_header h;
    uint32_t seed;

    if (size < SEG_HEADER_LEN)
        return;
    put_crc(p + SEG_HEADER_LEN - 4, nh_crc32c(0, p, SEG_HEADER_LEN - 4));
    if (nhj_seg_header_decode(p, size, &h) != NH_OK)
        return;
    seed = nhj_seg_seed(h.salt);
    for (size_t off = SEG_HEADER_LEN; off + REC_HEAD_LEN <= size;) {
        size_t len = (size_t)p[off + 4] << 8 | p[off + 5];

        if (off + REC_HEAD_LEN + len > size)
            return;
        put_crc(p + off, nh_crc32c(seed, p + off + 4, REC_HEAD_LEN - 4 + len));
        off += REC_HEAD_LEN + len;
    }
}

static void
read_all(struct nh_journal *j)
{
    struct nh_cursor *c = NULL;
    struct nh_view *v = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    enum nh_err err;
    uint64_t last = 0;

    if (nh_cursor_open(&c, j, "fuzz", false) != NH_OK)
        abort();
    while ((err = nh_cursor_next(c, &rec, &gap)) == NH_OK || err == NH_EGAP) {
        if (err == NH_OK && !rec.preamble) {
            if (rec.pos <= last)
                abort();
            last = rec.pos;
        }
    }
    nh_cursor_close(c);
    if (nh_view_open(&v, dir) != NH_OK)
        abort();
    for (int i = 0; i < 100000; i++) {
        err = nh_view_next(v, UINT64_MAX, &rec, &gap);
        if (err != NH_OK && err != NH_EGAP)
            break;
    }
    nh_view_close(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_journal_options o = { .dir = dir, .segment_bytes = 4096 };
    struct nh_journal *j = NULL;
    uint64_t first = NH_POS(1, 1);
    char path[PATH_BYTES];
    uint8_t *copy;
    FILE *f;

    if (dir[0] == '\0') {
        nh_log_capture(quiet, NULL);
        snprintf(dir, sizeof(dir), "%s/nhip-fuzz.XXXXXX",
            access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(dir) == NULL)
            abort();
        atexit(remove_dir);
    }
    if (size < 1 || size > 65536)
        return 0;
    empty_dir();
    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);
    if ((data[0] & 2) != 0)
        mend(copy, size - 1);
    if (size - 1 >= 56 && (data[0] & 1) == 0) { /* under the name that its header gives */
        struct nh_slice s = nh_slice_of(copy + 48, 8);
        uint64_t named = nh_take_u64(&s);

        first = named != 0 && nh_pos_epoch(named) < 1000000 ? named : first;
    }
    nhj_io_seg_path(path, dir, first, (data[0] & 1) != 0);
    f = fopen(path, "wb");
    if (f == NULL || fwrite(copy, 1, size - 1, f) != size - 1 || fclose(f) != 0)
        abort();
    free(copy);
    if (nh_journal_verify(dir, NULL, NULL) == NH_EIO)
        abort();
    if (nh_journal_open(&j, &o) != NH_OK)
        abort();
    if (nh_journal_append(j, 1, nh_slice_of("x", 1), NULL) != NH_OK)
        abort();
    read_all(j);
    nh_journal_close(j);
    return 0;
}
