/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series.c - the files after any number of crashes are the files of an undisturbed run
 *
 * A journal of 12 checks and a few hours is read whole by one run, and by others that are
 * abandoned at random points, with or without a checkpoint before, with rows waiting, and
 * with the files' bytes of the moment left as they are.
 */
#include "collector/series/series.h"
#include "collector/series/archives.h"
#include "libnhip/log.h"
#include "libnhip/record.h"
#include "tests/unit/check.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECKS = 12, ROUNDS = 600 };

static struct nh_dict *dict;
static char journal_dir[128];
static struct series_archive archives[SERIES_ARCHIVES_MAX];
static size_t archive_count;

static uint64_t
draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void
preamble(void *arg, struct nh_preamble *put)
{
    struct nh_source source = { .source = 1, .site = "a" };
    struct nh_buf b;

    (void)arg;
    nh_buf_init(&b, 65536);
    nh_source_encode(&source, &b);
    nh_preamble_put(put, NH_REC_SOURCE, nh_slice_of(b.data, b.len));
    nh_buf_clear(&b);
    nh_buf_put_varint(&b, 1);
    nh_dict_encode(dict, 1, CHECKS, &b);
    nh_preamble_put(put, NH_REC_DICT, nh_slice_of(b.data, b.len));
    nh_buf_fini(&b);
}

static void
append_round(struct nh_journal *j, int round, uint64_t *rng)
{
    const int64_t wall0 = 1793602800000;
    struct nh_origin origin = { .source = 1,
        .agent_pos = (uint64_t)round + 1,
        .epoch = 1,
        .offset_ms = wall0,
        .arrived_ms = wall0 + 10000 * round + 500 };
    struct nh_reading r[CHECKS];
    struct nh_buf b;
    uint64_t pos;
    size_t n = 0;

    for (uint32_t i = 0; i < CHECKS; i++) {
        if (draw(rng) % 20 == 0)
            continue; /* a missing reading */
        r[n] = (struct nh_reading){
            .check = i + 1, .present = 0x3f, .mono_ms = 10000 * round
        };
        if (draw(rng) % 200 == 0)
            r[n].mono_ms += 86400000; /* a date from the future: refused */
        for (int k = 0; k < 6; k++)
            r[n].value[k] = (int64_t)(draw(rng) % 5000);
        n++;
    }
    if (n == 0)
        return;
    nh_buf_init(&b, 65536);
    nh_origin_encode(&origin, &b);
    CHECK_EQ(nh_batch_encode(dict, r, n, &b), NH_OK, "encode");
    CHECK_EQ(nh_journal_append(j, NH_REC_READINGS, nh_slice_of(b.data, b.len), &pos),
        NH_OK, "append");
    nh_buf_fini(&b);
}

static void
make_journal(void)
{
    struct nh_journal_options options = { .dir = journal_dir, .preamble = preamble };
    struct nh_journal *j = NULL;
    uint64_t rng = 20261124;
    uint32_t number;

    CHECK_EQ(nh_dict_new(&dict), NH_OK, "dict");
    for (int i = 0; i < CHECKS; i++) {
        char id[64];

        snprintf(id, sizeof(id), "a/link%d/far", i);
        CHECK_EQ(nh_dict_add(dict, id, nh_kind_find("far"), &number), NH_OK, id);
    }
    snprintf(journal_dir, sizeof(journal_dir), "%s/journal", check_tmpdir());
    CHECK_EQ(nh_journal_open(&j, &options), NH_OK, "open");
    for (int round = 0; j != NULL && round < ROUNDS; round++)
        append_round(j, round, &rng);
    CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
    nh_journal_close(j);
}

static struct series *
open_series(const char *data_dir)
{
    struct series_options options = { .journal_dir = journal_dir,
        .data_dir = data_dir,
        .archives = archives,
        .archive_count = archive_count };
    struct series *s = NULL;

    CHECK_EQ(series_open(&s, &options), NH_OK, data_dir);
    return s;
}

static size_t
slurp(const char *dir, int check, uint8_t *out, size_t size)
{
    char path[256];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/rrd/a/link%d/far.rrd", dir, check);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    n = read(fd, out, size);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void
check_same(const char *a, const char *b, const char *name)
{
    static uint8_t left[1 << 20], right[1 << 20];

    for (int i = 0; i < CHECKS; i++) {
        size_t n = slurp(a, i, left, sizeof(left)), m = slurp(b, i, right, sizeof(right));

        CHECK_NAMED(n > 1000 && n < sizeof(left), name);
        CHECK_EQ(m, n, name);
        CHECK_NAMED(n == m && memcmp(left, right, n) == 0, name);
    }
}

static void
undisturbed(const char *dir)
{
    struct series *s = open_series(dir);

    CHECK_EQ(series_advance(s, UINT64_MAX, SIZE_MAX), NH_EEMPTY, "all of it");
    series_close(s);
}

static void
crashes(void)
{
    char calm[128], wild[128];
    uint64_t rng = 7;

    snprintf(calm, sizeof(calm), "%s/calm", check_tmpdir());
    undisturbed(calm);
    for (int turn = 0; turn < 12; turn++) {
        snprintf(wild, sizeof(wild), "%s/wild%d", check_tmpdir(), turn);
        for (int crash = 0; crash < 6; crash++) {
            struct series *s = open_series(wild);

            for (uint64_t i = draw(&rng) % 4; i > 0; i--) {
                if (series_advance(s, UINT64_MAX, draw(&rng) % 150) == NH_EEMPTY)
                    break;
                if (draw(&rng) % 2 == 0)
                    CHECK_EQ(series_checkpoint(s), NH_OK, "checkpoint");
            }
            series_abandon(s);
        }
        undisturbed(wild);
        check_same(calm, wild, wild);
    }
}

static void
one_at_a_time(void)
{
    char dir[128];
    struct series_options options = { .journal_dir = journal_dir,
        .data_dir = dir,
        .archives = archives,
        .archive_count = archive_count };
    struct series *first, *second = NULL;

    snprintf(dir, sizeof(dir), "%s/one", check_tmpdir());
    first = open_series(dir);
    CHECK_EQ(series_open(&second, &options), NH_ELOCKED, "while the first one writes");
    CHECK(second == NULL);
    series_close(first);
    CHECK_EQ(series_open(&second, &options), NH_OK, "after its end");
    series_close(second);
}

static void
rebuild(void)
{
    char calm[128], again[128];
    struct series *s;
    uint64_t rows = 0;

    snprintf(calm, sizeof(calm), "%s/calm", check_tmpdir());
    snprintf(again, sizeof(again), "%s/again", check_tmpdir());
    undisturbed(again);
    s = open_series(again);
    CHECK_EQ(series_rebuild(s, "a/nowhere/far", &rows), NH_ENOTFOUND, "unknown");
    CHECK_EQ(series_rebuild(s, "../../etc/passwd", &rows), NH_ENOTFOUND, "no way out");
    series_close(s);
    s = open_series(again);
    for (int i = 0; i < CHECKS; i++) {
        char path[256], check[64];

        snprintf(path, sizeof(path), "%s/rrd/a/link%d/far.rrd", again, i);
        snprintf(check, sizeof(check), "a/link%d/far", i);
        CHECK_EQ(truncate(path, 700), 0, "damage");
        CHECK_EQ(series_rebuild(s, check, &rows), NH_OK, check);
        CHECK_NAMED(rows > ROUNDS / 2, check);
    }
    series_close(s);
    check_same(calm, again, "rebuilt");
}

/* Two files are spoilt under a running process: the checkpoint keeps the others, and each
 * of the two can be made again while the other one is still broken. */
static void
spoilt(void)
{
    static const char *const checks[] = { "a/link3/far", "a/link7/far" };
    char calm[128], dir[128], path[256];
    struct series_counts counts;
    struct series *s;
    uint64_t rows = 0;

    snprintf(calm, sizeof(calm), "%s/calm", check_tmpdir());
    snprintf(dir, sizeof(dir), "%s/spoilt", check_tmpdir());
    s = open_series(dir);
    CHECK_EQ(series_advance(s, UINT64_MAX, ROUNDS / 2), NH_OK, "half of it");
    CHECK_EQ(series_checkpoint(s), NH_OK, "all whole");
    CHECK_EQ(series_advance(s, UINT64_MAX, 5), NH_OK, "rows wait");
    for (size_t i = 0; i < NH_COUNT(checks); i++) {
        snprintf(path, sizeof(path), "%s/rrd/%s.rrd", dir, checks[i]);
        CHECK_EQ(truncate(path, i == 0 ? 0 : 700), 0, "damage");
    }
    CHECK_EQ(series_checkpoint(s), NH_OK, "two broken");
    series_look(s, &counts);
    CHECK_EQ(counts.errors, 2, "each counted once");
    CHECK_EQ(series_advance(s, UINT64_MAX, SIZE_MAX), NH_EEMPTY, "to the end");
    CHECK_EQ(series_checkpoint(s), NH_OK, "still broken");
    for (size_t i = 0; i < NH_COUNT(checks); i++)
        CHECK_EQ(series_rebuild(s, checks[i], &rows), NH_OK, checks[i]);
    series_close(s);
    check_same(calm, dir, "spoilt and made again");
}

/* A process that dies as soon as a file of its grows: here, when the rebuilt one is made.
 */
static void
die_in_rebuild(const char *dir, const char *check)
{
    const struct rlimit no_core = { 0, 0 }, small = { 65536, 65536 };
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct series *s = open_series(dir);
        uint64_t rows;

        setrlimit(RLIMIT_CORE, &no_core);
        setrlimit(RLIMIT_FSIZE, &small);
        _exit(series_rebuild(s, check, &rows) == NH_OK ? 0 : 1);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid, "the child");
    CHECK_NAMED(WIFSIGNALED(status), "it was to die in the middle");
}

static void
crash_in_rebuild(void)
{
    char calm[128], cut[128];
    struct series *s;

    snprintf(calm, sizeof(calm), "%s/calm", check_tmpdir());
    snprintf(cut, sizeof(cut), "%s/cut", check_tmpdir());
    s = open_series(cut);
    CHECK_EQ(series_advance(s, UINT64_MAX, 100), NH_OK, "some of it");
    series_close(s);
    die_in_rebuild(cut, "a/link1/far");
    die_in_rebuild(cut, "a/link2/far");
    undisturbed(cut);
    check_same(calm, cut, "after two crashes");
}

/* librrd makes a file under a name of its own first. */
static void
sweeps_what_was_being_made(void)
{
    char dir[128], left[300], kept[256], other[256];
    struct series *s;

    snprintf(dir, sizeof(dir), "%s/swept", check_tmpdir());
    s = open_series(dir);
    CHECK_EQ(series_advance(s, UINT64_MAX, 100), NH_OK, "some of it");
    CHECK_EQ(series_checkpoint(s), NH_OK, "kept");
    series_abandon(s);
    snprintf(kept, sizeof(kept), "%s/rrd/a/link1/far.rrd", dir);
    snprintf(left, sizeof(left), "%sQx7_a9", kept);
    snprintf(other, sizeof(other), "%s/rrd/a/notes.txt", dir);
    close(open(left, O_WRONLY | O_CREAT, 0600));
    close(open(other, O_WRONLY | O_CREAT, 0600));
    s = open_series(dir);
    CHECK(access(left, F_OK) != 0);
    CHECK(access(kept, F_OK) == 0);
    CHECK_NAMED(access(other, F_OK) == 0, "not ours");
    series_close(s);
}

static void
archive_forms(void)
{
    static const struct {
        const char *text;
        enum nh_err want;
        size_t count;
    } rows[] = {
        { "10s:1d, 1min:14d, 5min:90d:max, 1h:5y:max", NH_OK, 4 },
        { "10s:1d", NH_OK, 1 },
        { "", NH_EINVAL, 0 },
        { "10s", NH_EINVAL, 0 },
        { "10s:1d,", NH_EINVAL, 0 },
        { "10x:1d", NH_EINVAL, 0 },
        { "1d:10s", NH_EINVAL, 0 },
        { "10s:1d:min", NH_EINVAL, 0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        size_t count = 99;

        CHECK_EQ(
            series_archives(rows[i].text, archives, &count), rows[i].want, rows[i].text);
        CHECK_EQ(count, rows[i].count, rows[i].text);
    }
}

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

int
main(void)
{
    nh_log_capture(quiet, NULL);
    RUN(archive_forms);
    if (series_archives("10s:1h, 1min:1d, 5min:3d:max", archives, &archive_count) !=
        NH_OK)
        return 1;
    make_journal();
    RUN(crashes);
    RUN(one_at_a_time);
    RUN(rebuild);
    RUN(spoilt);
    RUN(crash_in_rebuild);
    RUN(sweeps_what_was_being_made);
    nh_dict_free(dict);
    return check_done();
}
