/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal_lag.c - memory first: what reaches the disk, when, and what outlives what */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include "tests/unit/libnhip/journal_kit.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static int64_t mono_us = INT64_C(1000000000);
static int64_t
now_mono(void *arg)
{
    (void)arg;
    return mono_us;
}
static int64_t
now_wall(void *arg)
{
    (void)arg;
    return INT64_C(1795000000000000) + mono_us;
}
static const struct nh_clock_source virtual_clock = { now_mono, now_wall, NULL };

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void
put_dictionary(void *arg, struct nh_preamble *put)
{
    (void)arg;
    nh_preamble_put(put, NH_REC_DICT, nh_slice_of("dictionary", 10));
}

static struct nh_journal_options
options(const char *name)
{
    char memory[64];
    struct nh_journal_options o = { .segment_bytes = 16 * 1024,
        .memory_max_bytes = 32 * 1024,
        .preamble = put_dictionary };

    snprintf(memory, sizeof(memory), "%s-memory", name);
    o.dir = kit_dir(name);
    o.memory_dir = kit_dir(memory);
    return o;
}

static unsigned
disk_segments(const char *dir)
{
    char path[512];
    unsigned n = 0;

    while (kit_segment(dir, (int)n, path, sizeof(path)))
        n++;
    return n;
}

/* `s` seconds, a tick each, a record of 200 bytes each when `n` is given. */
static void
pass(struct nh_journal *j, unsigned s, unsigned *n)
{
    for (unsigned i = 0; i < s; i++) {
        mono_us += 1000000;
        if (n != NULL)
            kit_append(j, ++*n, 1, 200);
        nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
    }
}

static void
released_in_time_costs_no_disk(void)
{
    struct nh_journal_options o = options("calm");
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    unsigned n = 0;
    struct kit_read got;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    for (int i = 0; i < 300; i++) {
        pass(j, 1, &n);
        got = kit_drain(c);
        CHECK(got.records == 1 && got.gaps == 0 && got.last == n);
        nh_cursor_release(c, got.last_pos);
    }
    CHECK_EQ(disk_segments(o.dir), 0, "no segment was made");
    CHECK_EQ(nh_journal_durable_pos(j), 0, "nothing on the disk");
    nh_cursor_close(c);
    nh_journal_close(j);
    CHECK_EQ(disk_segments(o.dir), 0, "nor at the close");
}

static unsigned syncs;
static int
count_sync(enum io_op op, const char *path, size_t len)
{
    (void)len;
    syncs += op == IO_SYNC && strstr(path, "/seg-") != NULL;
    return 0;
}
static const struct io_hook counting = { count_sync, NULL };

static void
line_gone_spills_every_30_s(void)
{
    struct nh_journal_options o = options("gone");
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    unsigned n = 0;
    struct kit_read got;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    pass(j, 14, &n);
    CHECK_EQ(disk_segments(o.dir), 0, "not yet");
    syncs = 0;
    nh_journal_io_hook = &counting;
    for (int i = 0; i < 120; i++) {
        pass(j, 1, &n);
        if (i >= 2)
            CHECK(nh_journal_next_pos(j) - 1 - nh_journal_durable_pos(j) <= 31);
    }
    nh_journal_io_hook = NULL;
    CHECK(syncs >= 3 && syncs <= 6); /* one more where a segment is full */
    got = kit_drain(c);
    CHECK_EQ(got.records, n, "all, from disk and memory");
    CHECK(got.in_order && got.gaps == 0 && got.preambles > 0);
    nh_cursor_release(c, got.last_pos);
    pass(j, 1, NULL);
    CHECK(disk_segments(o.dir) <= 1);
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
full_memory_spills_at_once(void)
{
    struct nh_journal_options o = options("burst");
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    struct nh_journal_stats st;
    struct kit_read got;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    for (unsigned n = 1; n <= 1000; n++) {
        kit_append(j, n, 1, 200);
        nh_journal_stats(j, &st);
        CHECK(st.memory_bytes <= o.memory_max_bytes);
    }
    CHECK(st.records == 1000 && disk_segments(o.dir) > 5);
    got = kit_drain(c);
    CHECK_EQ(got.records, 1000, "all");
    CHECK(got.in_order && got.gaps == 0);
    nh_cursor_close(c);
    nh_journal_close(j);
    j = kit_open(&o);
    CHECK_EQ(nh_cursor_open(&c, j, "other", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.records, 1000, "all on disk after the close");
    nh_cursor_close(c);
    nh_journal_close(j);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "verify");
}

/* Killed in the middle, over and over: every record whose append returned is there. */
static void
kill_9_loses_nothing(void)
{
    struct nh_journal_options o = options("kill");
    unsigned acknowledged = 0;
    struct nh_cursor *c = NULL;
    struct nh_journal *j;
    struct kit_read got;

    for (int round = 0; round < 40; round++) {
        int said[2];
        unsigned n;
        pid_t pid;

        CHECK(pipe(said) == 0);
        pid = fork();
        if (pid == 0) {
            close(said[0]);
            if (nh_journal_open(&j, &o) != NH_OK)
                _exit(1);
            for (n = acknowledged + 1;; n++) {
                mono_us += 300000;
                if (nh_journal_append(j, 1, kit_record(n, 90), NULL) != NH_OK)
                    _exit(1);
                if (write(said[1], &n, sizeof(n)) != (ssize_t)sizeof(n))
                    _exit(0);
                nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
            }
        }
        close(said[1]);
        for (int i = 0; i < 5 + round * 3; i++)
            if (read(said[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
                acknowledged = n;
        kill(pid, SIGKILL);
        while (read(said[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
            acknowledged = n;
        close(said[0]);
        CHECK(waitpid(pid, NULL, 0) == pid);
        /* it may have appended one more than it could say */
        j = kit_open(&o);
        CHECK_EQ(nh_cursor_open(&c, j, "check", false), NH_OK, "cursor");
        CHECK_EQ(nh_cursor_seek(c, 0), NH_OK, "from the oldest");
        got = kit_drain(c);
        CHECK(got.gaps == 0 && got.in_order && got.first == 1);
        CHECK(got.records == acknowledged || got.records == acknowledged + 1);
        acknowledged = got.last;
        nh_cursor_close(c);
        nh_journal_close(j);
    }
}

static void
remove_all(const char *dir)
{
    char path[512];

    while (kit_segment(dir, 0, path, sizeof(path)))
        unlink(path);
}

static void
power_cut_costs_the_memory_only(void)
{
    struct nh_journal_options o = options("cut");
    struct nh_journal *j = NULL;
    struct nh_cursor *c = NULL;
    unsigned n = 0;
    uint64_t next = 0, durable = 0;
    struct kit_read got;
    int said[2];
    uint64_t both[2] = { 0, 0 };

    CHECK(pipe(said) == 0);
    if (fork() == 0) {
        j = kit_open(&o);
        pass(j, 50, &n);
        both[0] = nh_journal_next_pos(j);
        both[1] = nh_journal_durable_pos(j);
        _exit(write(said[1], both, sizeof(both)) != (ssize_t)sizeof(both));
    }
    CHECK(read(said[0], both, sizeof(both)) == (ssize_t)sizeof(both));
    CHECK(wait(NULL) > 0);
    next = both[0];
    durable = both[1];
    remove_all(o.memory_dir);
    j = kit_open(&o);
    CHECK(nh_journal_next_pos(j) > next); /* no position twice */
    CHECK_EQ(nh_cursor_open(&c, j, "c", false), NH_OK, "cursor");
    got = kit_drain(c);
    CHECK_EQ(got.last_pos, durable, "what was durable");
    CHECK(got.records >= 20 && got.in_order);
    nh_cursor_close(c);
    nh_journal_close(j);
}

static int fail_with;
static int
fail_disk(enum io_op op, const char *path, size_t len)
{
    (void)len;
    if (strstr(path, "-memory") != NULL)
        return 0;
    return op == IO_CREATE || op == IO_WRITE || op == IO_SYNC ? fail_with : 0;
}
static const struct io_hook failing = { fail_disk, NULL };

static void
full_disk_then_space(void)
{
    struct nh_journal_options o = options("nospace");
    struct nh_journal *j = kit_open(&o);
    struct nh_cursor *c = NULL;
    unsigned n = 0;
    struct kit_read got;
    enum nh_err err = NH_OK;

    CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
    pass(j, 20, &n); /* one spill works */
    fail_with = ENOSPC;
    nh_journal_io_hook = &failing;
    pass(j, 40, NULL);
    while (err == NH_OK && n < 2000)
        if ((err = nh_journal_append(j, 1, kit_record(n + 1, 200), NULL)) == NH_OK)
            n++;
    CHECK_EQ(err, NH_ENOSPC, "memory and disk are full");
    CHECK(n > 100);
    got = kit_drain(c);
    CHECK_EQ(got.records, n, "all is there");
    nh_journal_io_hook = NULL;
    pass(j, 40, &n);
    CHECK_EQ(nh_cursor_seek(c, 0), NH_OK, "again");
    got = kit_drain(c);
    CHECK_EQ(got.records, n, "and after");
    CHECK(got.in_order && got.gaps == 0);
    fail_with = EIO; /* a sync that fails takes nothing from memory */
    nh_journal_io_hook = &failing;
    CHECK_EQ(
        nh_journal_append(j, 1, kit_record(++n, 50), NULL), NH_OK, "memory takes it");
    CHECK_EQ(nh_journal_sync(j), NH_EIO, "no");
    nh_journal_io_hook = NULL;
    CHECK_EQ(nh_journal_sync(j), NH_OK, "yes");
    CHECK_EQ(nh_journal_durable_pos(j), nh_journal_next_pos(j) - 1, "durable");
    CHECK_EQ(nh_cursor_seek(c, 0), NH_OK, "again");
    got = kit_drain(c);
    CHECK_EQ(got.records, n, "all");
    nh_cursor_close(c);
    nh_journal_close(j);
    CHECK_EQ(nh_journal_verify(o.dir, NULL, NULL), NH_OK, "verify");
}

static void
on_recovered(void *arg, const struct nh_record *rec)
{
    kit_count(arg, NH_OK, rec, NULL);
}

static void
recover_from_memory(void)
{
    struct nh_journal_options o = options("again");
    struct nh_journal *j;
    struct kit_read got = { .in_order = true };

    if (fork() == 0) {
        j = kit_open(&o);
        kit_append(j, 1, 5, 50);
        _exit(nh_journal_note(j, NH_REC_DICT, nh_slice_of("more", 4)) != NH_OK);
    }
    CHECK(wait(NULL) > 0);
    j = kit_open(&o);
    CHECK_EQ(nh_journal_recover(j, on_recovered, &got), NH_OK, "recover");
    CHECK_EQ(got.preambles, 2, "dictionary and note");
    CHECK_EQ(got.records, 5, "records");
    nh_journal_close(j);
}

int
main(void)
{
    nh_log_capture(quiet, NULL);
    nh_clock_replace(&virtual_clock);
    RUN(released_in_time_costs_no_disk);
    RUN(line_gone_spills_every_30_s);
    RUN(full_memory_spills_at_once);
    RUN(kill_9_loses_nothing);
    RUN(power_cut_costs_the_memory_only);
    RUN(full_disk_then_space);
    RUN(recover_from_memory);
    return check_done();
}
