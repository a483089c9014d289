/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal_kit.h - what the tests of the journal share: a directory, records that say who
 * they are, and files to spoil */
#ifndef JOURNAL_KIT_H
#define JOURNAL_KIT_H

#include "libnhip/journal.h"
#include "tests/unit/check.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline const char *
kit_dir(const char *name)
{
    static char paths[8][128];
    static int at;
    char *path = paths[at++ % 8];
    static int serial;

    snprintf(path, sizeof(paths[0]), "%s/%s-%d", check_tmpdir(), name, serial++);
    return path;
}

/* Record number n: its text, padded to `size` bytes. */
static inline struct nh_slice
kit_record(unsigned n, size_t size)
{
    static uint8_t bytes[NH_JOURNAL_PAYLOAD_MAX];

    memset(bytes, (int)('a' + n % 26), size);
    snprintf((char *)bytes, sizeof(bytes), "record %08u", n);
    return nh_slice_of(bytes, size);
}

static inline unsigned
kit_number(const struct nh_record *rec)
{
    char text[16] = { 0 };

    if (rec->payload.len < 15)
        return 0;
    memcpy(text, rec->payload.p, 15);
    return (unsigned)strtoul(text + 7, NULL, 10);
}

static inline void
kit_append(struct nh_journal *j, unsigned from, unsigned count, size_t size)
{
    for (unsigned n = from; n < from + count; n++)
        CHECK_EQ(nh_journal_append(j, NH_REC_READINGS, kit_record(n, size), NULL), NH_OK,
            "append");
}

struct kit_read {
    unsigned first, last, records, gaps, preambles;
    uint64_t lost, last_pos;
    bool in_order;
    enum nh_err end;
    struct nh_gap gap; /* the last one */
};

static inline void
kit_count(struct kit_read *got, enum nh_err err, const struct nh_record *rec,
    const struct nh_gap *gap)
{
    if (err == NH_EGAP) {
        got->gaps++;
        got->lost += gap->count;
        got->gap = *gap;
    } else if (rec->preamble) {
        got->preambles++;
    } else {
        unsigned n = kit_number(rec);

        if (got->records == 0)
            got->first = n;
        got->in_order = (got->records == 0 || n > got->last) &&
                        rec->pos > got->last_pos && got->in_order;
        got->last = n;
        got->last_pos = rec->pos;
        got->records++;
    }
}

static inline struct kit_read
kit_drain(struct nh_cursor *c)
{
    struct kit_read got = { .in_order = true };
    struct nh_record rec;
    struct nh_gap gap;

    while ((got.end = nh_cursor_next(c, &rec, &gap)) == NH_OK || got.end == NH_EGAP)
        kit_count(&got, got.end, &rec, &gap);
    return got;
}

static inline struct kit_read
kit_look(struct nh_view *v)
{
    struct kit_read got = { .in_order = true };
    struct nh_record rec;
    struct nh_gap gap;

    while ((got.end = nh_view_next(v, UINT64_MAX, &rec, &gap)) == NH_OK ||
           got.end == NH_EGAP)
        kit_count(&got, got.end, &rec, &gap);
    return got;
}

/* The path of the nth segment file, in order of position; false: there are not so many.
 */
static inline bool
kit_segment(const char *dir, int nth, char *out, size_t size)
{
    struct dirent **names = NULL;
    int count = scandir(dir, &names, NULL, alphasort), seen = 0;
    bool found = false;

    for (int i = 0; i < count; i++) {
        if (strncmp(names[i]->d_name, "seg-", 4) == 0 && seen++ == nth) {
            snprintf(out, size, "%s/%s", dir, names[i]->d_name);
            found = true;
        }
        free(names[i]);
    }
    free(names);
    return found;
}

static inline void
kit_flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint8_t byte = 0;

    CHECK(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 0x40;
    CHECK(pwrite(fd, &byte, 1, at) == 1);
    close(fd);
}

/* Where record number n stands in the file, 0: nowhere. */
static inline off_t
kit_find(const char *path, unsigned n)
{
    char want[32];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *all;
    off_t found = 0;
    size_t len = (size_t)snprintf(want, sizeof(want), "record %08u", n);

    if (fd < 0 || fstat(fd, &st) != 0)
        return 0;
    all = malloc((size_t)st.st_size + 1);
    if (all != NULL && read(fd, all, (size_t)st.st_size) == st.st_size) {
        const uint8_t *at = memmem(all, (size_t)st.st_size, want, len);

        found = at != NULL ? at - all : 0;
    }
    free(all);
    close(fd);
    return found;
}

static inline struct nh_journal *
kit_open(const struct nh_journal_options *o)
{
    struct nh_journal *j = NULL;

    CHECK_EQ(nh_journal_open(&j, o), NH_OK, o->dir);
    if (j == NULL)
        exit(1);
    return j;
}

#endif
