/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gather.c - rows that wait per file, and the files by check
 *
 * A call of librrd costs the same for one row as for thirty. A row is taken or refused by
 * the journal's content alone (its time against the file's last row and against its own
 * arrival), so that reading a record again changes nothing.
 */
#include "collector/series/rrdfile.h"
#include "collector/series/series_model.h"
#include "libnhip/anchor.h"
#include "libnhip/log.h"
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { DISK_FULL_BYTES = 8 << 20, NUMBER_BYTES = 32 };

static int
by_check(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->check, ((const struct file *)b)->check);
}

void
gather_path(const struct series *s, const char *check, char out[PATH_BYTES])
{
    snprintf(out, PATH_BYTES, "%s/rrd/%s.rrd", s->opt.data_dir, check);
}

/* A check id becomes a path below data_dir/rrd: no way out of it, no hidden names. */
static bool
check_makes_path(const char *check)
{
    if (*check == '\0' || *check == '/' || *check == '.')
        return false;
    for (const char *p = check; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x21 || *p == '\\' || *p == 0x7f)
            return false;
        if (*p == '/' && (p[1] == '\0' || p[1] == '/' || p[1] == '.'))
            return false;
    }
    return true;
}

static struct file *
file_new(struct series *s, const struct nh_check *check)
{
    struct file *f = calloc(1, sizeof(*f));
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    size_t header;

    if (f == NULL)
        return NULL;
    if (s->file_count == s->file_cap) {
        size_t cap = s->file_cap == 0 ? 256 : 2 * s->file_cap;
        struct file **more = realloc(s->files, cap * sizeof(*more));

        if (more == NULL) {
            free(f);
            return NULL;
        }
        s->files = more;
        s->file_cap = cap;
    }
    snprintf(f->check, sizeof(f->check), "%s", check->id);
    f->kind = check->kind;
    gather_path(s, f->check, path);
    if (!check_makes_path(f->check)) {
        f->broken = true;
        nh_log_limited(
            NH_LOG_WARN, "series: '%s' cannot be a file's name; not kept", f->check);
    } else if (access(path, F_OK) == 0) {
        f->on_disk = true;
        f->broken = rrdfile_look(path, &f->last_s, &header, why) != NH_OK;
        if (f->broken)
            nh_log(NH_LOG_ERROR,
                "series: %s: %s; 'nhipctl series rebuild %s' makes it again", path, why,
                f->check);
    }
    if (tsearch(f, &s->tree, by_check) == NULL) {
        free(f);
        return NULL;
    }
    s->files[s->file_count++] = f;
    return f;
}

struct file *
gather_find(const struct series *s, const char *check)
{
    struct file key = { .kind = NULL };
    void *const *at;

    if (strlen(check) >= sizeof(key.check))
        return NULL;
    snprintf(key.check, sizeof(key.check), "%s", check);
    at = tfind(&key, &s->tree, by_check);
    return at != NULL ? *at : NULL;
}

/* The kind that a check id tells: its last word, or `service` by its first. */
static const struct nh_kind *
kind_of_id(const char *check)
{
    const char *last = strrchr(check, '/');

    if (strncmp(check, "service/", 8) == 0)
        return nh_kind_find("service");
    return last != NULL ? nh_kind_find(last + 1) : NULL;
}

/* The file of `check`, also when nothing was read for it in this run but it is on disk.
 */
struct file *
gather_known(struct series *s, const char *check)
{
    struct nh_check is = { .kind = kind_of_id(check) };
    struct file *f = gather_find(s, check);
    char path[PATH_BYTES];

    if (f != NULL || is.kind == NULL || strlen(check) >= sizeof(is.id) ||
        !check_makes_path(check))
        return f;
    gather_path(s, check, path);
    if (access(path, F_OK) != 0 && !state_has(s->state, check))
        return NULL;
    snprintf(is.id, sizeof(is.id), "%s", check);
    return file_new(s, &is);
}

/* The file of a source's check, by number; the name is looked at only the first time. */
struct file *
gather_of(struct series *s, uint32_t source, const struct nh_check *check)
{
    struct source_files *of;
    struct file *f;

    if (source >= s->source_count) {
        uint32_t count = source + 64;
        struct source_files *more = realloc(s->sources, count * sizeof(*more));

        if (more == NULL)
            return NULL;
        memset(more + s->source_count, 0, (count - s->source_count) * sizeof(*more));
        s->sources = more;
        s->source_count = count;
    }
    of = &s->sources[source];
    if (check->number >= of->count) {
        uint32_t count = check->number + 16;
        struct file **more = realloc(of->by_number, count * sizeof(struct file *));

        if (more == NULL)
            return NULL;
        memset(more + of->count, 0, (count - of->count) * sizeof(struct file *));
        of->by_number = more;
        of->count = count;
    }
    f = of->by_number[check->number];
    if (f == NULL || strcmp(f->check, check->id) != 0) {
        f = gather_find(s, check->id);
        if (f == NULL)
            f = file_new(s, check);
        of->by_number[check->number] = f;
    }
    return f;
}

void
gather_drop(struct file *f)
{
    for (int i = 0; i < f->waiting; i++)
        free(f->rows[i]);
    f->waiting = 0;
}

/* Files are written whole when they are made, so that only a new one needs room. */
static bool
disk_is_full(const struct series *s)
{
    struct statvfs fs;

    return statvfs(s->opt.data_dir, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < DISK_FULL_BYTES;
}

enum nh_err
gather_flush(struct series *s, struct file *f)
{
    char path[PATH_BYTES], why[RRDFILE_WHY_MAX];
    const char *rows[ROWS_GATHERED] = { NULL };
    enum nh_err err = NH_OK;

    if (f->waiting == 0 || f->broken)
        return NH_OK;
    gather_path(s, f->check, path);
    for (int i = 0; i < f->waiting; i++)
        rows[i] = f->rows[i];
    if (!f->on_disk) {
        int64_t first_s = rows[0] != NULL ? strtoll(rows[0], NULL, 10) : 0;

        err = rrdfile_create(path, f->kind, first_s - rrdfile_step(f->kind),
            s->opt.archives, s->opt.archive_count, why);
        f->on_disk = err == NH_OK;
        f->header_bytes = 0;
    }
    if (err == NH_OK)
        err = rrdfile_update(path, f->waiting, rows, why);
    if (err == NH_OK) {
        s->counts.rows += (uint64_t)f->waiting;
        gather_drop(f);
        return NH_OK;
    }
    s->counts.errors++;
    if (disk_is_full(s)) {
        nh_log_limited(NH_LOG_ERROR,
            "series: %s: the disk is full; the journal is read on when there is room",
            path);
        return NH_ENOSPC;
    }
    f->broken = true; /* one file's fault must not hold the others */
    gather_drop(f);
    nh_log(NH_LOG_ERROR, "series: %s: %s; 'nhipctl series rebuild %s' makes it again",
        path, why, f->check);
    return NH_OK;
}

/* A fixed-point number in decimal, exactly: 12.300 is 12.3. */
static char *
put_fixed(char *to, int64_t fixed, uint8_t decimals)
{
    uint64_t v = fixed < 0 ? ~(uint64_t)fixed + 1 : (uint64_t)fixed;
    char digits[NUMBER_BYTES], *end = digits + sizeof(digits), *p = end;

    if (fixed < 0)
        *to++ = '-';
    for (; decimals > 0 && v % 10 == 0; decimals--)
        v /= 10;
    for (uint8_t n = 0; n < decimals; n++, v /= 10)
        *--p = (char)('0' + v % 10);
    if (decimals > 0)
        *--p = '.';
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    memcpy(to, p, (size_t)(end - p));
    return to + (end - p);
}

/* Time and values as librrd reads them. By hand: through printf it costs as much as
 * librrd's own work. */
static char *
print_row(const struct nh_kind *kind, const struct nh_reading *r, int64_t at_s)
{
    char row[NUMBER_BYTES * (NH_METRICS_MAX + 1)], *p = put_fixed(row, at_s, 0);

    for (uint8_t i = 0; i < kind->count; i++) {
        *p++ = ':';
        if ((r->present >> i & 1) != 0)
            p = put_fixed(p, r->value[i], kind->metrics[i].decimals);
        else
            *p++ = 'U';
    }
    *p = '\0';
    return strdup(row);
}

void
gather_take(struct series *s, struct file *f, const struct nh_origin *origin,
    const struct nh_reading *r)
{
    int64_t at_s = (r->mono_ms + origin->offset_ms) / 1000;
    char *row;

    if (f->broken || s->held)
        return;
    /* one sample of 2033 would make RRDtool refuse everything until then */
    if (at_s > origin->arrived_ms / 1000 + NH_FUTURE_MAX_S || at_s <= f->last_s) {
        s->counts.refused++;
        return;
    }
    if (f->waiting == ROWS_GATHERED && gather_flush(s, f) != NH_OK) {
        s->held = true;
        return;
    }
    row = f->broken ? NULL : print_row(f->kind, r, at_s);
    if (row == NULL) {
        s->held = !f->broken;
        return;
    }
    f->rows[f->waiting++] = row;
    f->last_s = at_s;
    f->touched = true;
}
