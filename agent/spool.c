/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spool.c - rounds into records, and what a restart needs to read them again
 *
 * Each segment begins with the dictionary and the boots (preamble), each growth of the
 * dictionary is noted in the running segment, so that nh_journal_recover() gives back
 * both. An epoch is one open of the journal: its boot record says in which boot of the
 * host that was, and what the host's clock believed then. Nothing here depends on that
 * belief.
 *
 * A record holds one round, cut in two while its columns are over 1 KB: a thin line must
 * not be blocked by one frame.
 */
#include "agent/spool.h"
#include "libnhip/clock.h"
#include "libnhip/folder.h"
#include "libnhip/job.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COLUMNS_MAX = 1000,   /* bytes of one record's columns */
    BOOTS_MAX = 1024,     /* epochs remembered */
    PREAMBLE_CHECKS = 64, /* checks in one preamble record */
    QUARANTINE_MAX = 64,  /* files kept of what was refused */
    FAILING_LOG_MS = 600000,
};

struct spool {
    struct nh_journal *journal;
    struct nh_dict *dict;
    struct nh_cursor *look; /* single records, by position */
    struct nh_jobs *jobs;   /* sync = always: the worker that syncs */
    struct nh_commit commit;
    bool committing;
    struct nh_buf buf;
    struct nh_buf
        head; /* of a new segment: begun while `buf` is on its way into the journal */
    struct nh_boot *boots; /* by epoch, oldest first */
    size_t boot_count;
    uint32_t noted; /* checks named in the running segment */
    uint64_t lost_rounds, lost_since;
    bool failing;
    int64_t failing_said_ms;
    unsigned fill_said;
    char quarantine[512];
};

static void
put_checks(struct spool *sp, struct nh_buf *buf, uint32_t from,
    void (*put)(void *arg, uint8_t type, struct nh_slice payload), void *arg)
{
    uint32_t count = nh_dict_count(sp->dict);

    for (; from <= count; from += PREAMBLE_CHECKS) {
        uint32_t to =
            count - from >= PREAMBLE_CHECKS ? from + PREAMBLE_CHECKS - 1 : count;

        nh_buf_clear(buf);
        nh_dict_encode(sp->dict, from, to, buf);
        if (nh_buf_err(buf) == NH_OK)
            put(arg, NH_REC_DICT, nh_slice_of(buf->data, buf->len));
    }
}

static void
to_preamble(void *arg, uint8_t type, struct nh_slice payload)
{
    nh_preamble_put(arg, type, payload);
}

/* The head of a new segment. */
static void
on_preamble(void *arg, struct nh_preamble *put)
{
    struct spool *sp = arg;
    uint64_t oldest = sp->journal != NULL ? nh_journal_oldest_pos(sp->journal) : 0;

    for (size_t i = 0; i < sp->boot_count; i++) {
        if (sp->boots[i].epoch < nh_pos_epoch(oldest))
            continue;
        nh_buf_clear(&sp->head);
        nh_boot_encode(&sp->boots[i], &sp->head);
        if (nh_buf_err(&sp->head) == NH_OK)
            nh_preamble_put(put, NH_REC_BOOT, nh_slice_of(sp->head.data, sp->head.len));
    }
    put_checks(sp, &sp->head, 1, to_preamble, put);
}

static void
add_boot(struct spool *sp, const struct nh_boot *boot)
{
    for (size_t i = 0; i < sp->boot_count; i++) {
        if (sp->boots[i].epoch == boot->epoch) {
            sp->boots[i] = *boot;
            return;
        }
    }
    if (sp->boot_count == BOOTS_MAX) {
        memmove(sp->boots, sp->boots + 1, (BOOTS_MAX - 1) * sizeof(*sp->boots));
        sp->boot_count--;
    }
    sp->boots[sp->boot_count++] = *boot;
}

static void
on_recovered(void *arg, const struct nh_record *rec)
{
    struct spool *sp = arg;
    struct nh_slice in = rec->payload;
    struct nh_boot boot;

    if (rec->type == NH_REC_BOOT && nh_boot_decode(&in, &boot) == NH_OK)
        add_boot(sp, &boot);
    if (rec->type == NH_REC_DICT && nh_dict_decode(sp->dict, &in) != NH_OK)
        nh_log_limited(NH_LOG_WARN, "journal: a dictionary of %zu bytes cannot be read",
            rec->payload.len);
}

static void
to_journal(void *arg, uint8_t type, struct nh_slice payload)
{
    struct spool *sp = arg;

    if (nh_journal_note(sp->journal, type, payload) != NH_OK)
        nh_log_limited(NH_LOG_WARN,
            "journal: the dictionary cannot be written (%u); it goes into the next "
            "segment",
            type);
}

/* Name this boot and everything in the running segment, for the next start. */
static void
note_all(struct spool *sp)
{
    struct nh_boot boot = { .epoch = nh_journal_epoch(sp->journal),
        .mono_ms = nh_clock_mono_ms(),
        .wall_ms = nh_clock_wall_ms(),
        .quality = (uint8_t)nh_clock_wall_quality() };

    memcpy(boot.boot_id, nh_clock_boot_id(), NH_STREAM_ID_LEN);
    add_boot(sp, &boot);
    for (size_t i = 0; i < sp->boot_count; i++) {
        if (sp->boots[i].epoch < nh_pos_epoch(nh_journal_oldest_pos(sp->journal)))
            continue;
        nh_buf_clear(&sp->buf);
        nh_boot_encode(&sp->boots[i], &sp->buf);
        if (nh_buf_err(&sp->buf) == NH_OK)
            to_journal(sp, NH_REC_BOOT, nh_slice_of(sp->buf.data, sp->buf.len));
    }
    put_checks(sp, &sp->buf, 1, to_journal, sp);
    sp->noted = nh_dict_count(sp->dict);
}

enum nh_err
spool_open(struct spool **out, struct event_base *base, const char *dir,
    const char *memory_dir, uint64_t max_bytes, const char *quarantine_dir)
{
    struct spool *sp = calloc(1, sizeof(*sp));
    struct nh_journal_options options = { .dir = dir,
        .memory_dir = memory_dir,
        .max_bytes = max_bytes,
        .preamble = on_preamble,
        .arg = sp };
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (sp == NULL)
        return NH_ENOMEM;
    nh_buf_init(&sp->buf, NH_JOURNAL_PAYLOAD_MAX);
    nh_buf_init(&sp->head, NH_JOURNAL_PAYLOAD_MAX);
    snprintf(sp->quarantine, sizeof(sp->quarantine), "%s", quarantine_dir);
    sp->boots = calloc(BOOTS_MAX, sizeof(*sp->boots));
    if (sp->boots == NULL || (err = nh_dict_new(&sp->dict)) != NH_OK)
        goto out;
    if ((err = nh_journal_open(&sp->journal, &options)) != NH_OK)
        goto out;
    if ((err = nh_journal_recover(sp->journal, on_recovered, sp)) != NH_OK)
        goto out;
    if ((err = nh_cursor_open(&sp->look, sp->journal, "look", false)) != NH_OK)
        goto out;
    if (memory_dir == NULL && (err = nh_jobs_new(&sp->jobs, base, 1)) != NH_OK)
        goto out;
    note_all(sp);
    *out = sp;
    sp = NULL;
out:
    spool_close(sp);
    return err;
}

void
spool_close(struct spool *sp)
{
    if (sp == NULL)
        return;
    nh_jobs_free(sp->jobs); /* waits for a sync under way */
    nh_cursor_close(sp->look);
    nh_journal_close(sp->journal);
    nh_dict_free(sp->dict);
    nh_buf_fini(&sp->buf);
    nh_buf_fini(&sp->head);
    free(sp->boots);
    free(sp);
}

struct nh_journal *
spool_journal(struct spool *sp)
{
    return sp->journal;
}

struct nh_dict *
spool_dict(struct spool *sp)
{
    return sp->dict;
}

const struct nh_boot *
spool_boot(const struct spool *sp, uint32_t epoch)
{
    for (size_t i = sp->boot_count; i-- > 0;)
        if (sp->boots[i].epoch == epoch)
            return &sp->boots[i];
    return NULL;
}

static void
note_failure(struct spool *sp, enum nh_err err)
{
    int64_t now = nh_clock_mono_ms();
    int saved = errno;

    sp->lost_rounds++;
    sp->lost_since++;
    if (sp->failing && now - sp->failing_said_ms < FAILING_LOG_MS)
        return;
    sp->failing = true;
    sp->failing_said_ms = now;
    nh_log(NH_LOG_ERROR,
        "journal: %s%s%s: measuring goes on, %llu records lost so far; tried again each "
        "round",
        nh_strerror(err), err == NH_EIO ? ": " : "", err == NH_EIO ? strerror(saved) : "",
        (unsigned long long)sp->lost_rounds);
}

static void commit(struct spool *sp);

static void
run_commit(void *arg)
{
    struct spool *sp = arg;

    nh_journal_commit_run(&sp->commit);
}

static void
end_commit(void *arg, bool cancelled)
{
    struct spool *sp = arg;

    if (cancelled)
        run_commit(sp);
    sp->committing = false;
    /* one that failed is told and counted by the journal; the next record tries again */
    if (nh_journal_commit_end(sp->journal, &sp->commit) == NH_OK && !cancelled)
        commit(sp);
}

/* sync = always: what has been appended goes to the disk, one sync at a time. */
static void
commit(struct spool *sp)
{
    if (sp->jobs == NULL || sp->committing ||
        !nh_journal_commit_begin(sp->journal, &sp->commit))
        return;
    sp->committing = true;
    if (nh_jobs_add(sp->jobs, run_commit, end_commit, sp) != NH_OK)
        end_commit(sp, true);
}

static enum nh_err
append(struct spool *sp, uint8_t type, struct nh_slice payload, uint64_t *pos)
{
    enum nh_err err = nh_journal_append(sp->journal, type, payload, pos);

    if (err != NH_OK) {
        note_failure(sp, err);
        return err;
    }
    if (sp->failing)
        nh_log(NH_LOG_NOTICE, "journal: writes again, after %llu records were lost",
            (unsigned long long)sp->lost_since);
    sp->failing = false;
    sp->lost_since = 0;
    commit(sp);
    return NH_OK;
}

void
spool_readings(struct spool *sp, struct nh_reading *readings, size_t count)
{
    uint64_t pos;

    if (count == 0)
        return;
    if (sp->noted < nh_dict_count(sp->dict)) {
        put_checks(sp, &sp->buf, sp->noted + 1, to_journal, sp);
        sp->noted = nh_dict_count(sp->dict);
    }
    nh_buf_clear(&sp->buf);
    if (nh_batch_encode(sp->dict, readings, count, &sp->buf) != NH_OK ||
        (sp->buf.len > COLUMNS_MAX && count > 1)) {
        if (count == 1) {
            note_failure(sp, NH_EINVAL);
            return;
        }
        spool_readings(sp, readings, count / 2);
        spool_readings(sp, readings + count / 2, count - count / 2);
        return;
    }
    (void)append(sp, NH_REC_READINGS, nh_slice_of(sp->buf.data, sp->buf.len), &pos);
}

enum nh_err
spool_event(struct spool *sp, const struct nh_event *event, uint64_t *pos)
{
    uint64_t unwanted;
    enum nh_err err;

    nh_buf_clear(&sp->buf);
    nh_event_encode(event, &sp->buf);
    err = nh_buf_err(&sp->buf);
    if (err != NH_OK)
        return err;
    return append(sp, NH_REC_EVENT, nh_slice_of(sp->buf.data, sp->buf.len),
        pos != NULL ? pos : &unwanted);
}

uint64_t
spool_secure(struct spool *sp)
{
    if (sp->jobs != NULL)
        return nh_journal_durable_pos(sp->journal);
    return nh_journal_sync(sp->journal) == NH_OK ? nh_journal_next_pos(sp->journal) - 1
                                                 : 0; /* said and counted there */
}

void
spool_tick(struct spool *sp)
{
    static const unsigned marks[] = { 90, 75, 50 };
    struct nh_journal_stats stats;
    unsigned mark = 0;

    nh_journal_tick(sp->journal, nh_clock_mono_ms(), nh_clock_wall_ms());
    nh_journal_stats(sp->journal, &stats);
    for (size_t i = 0; i < NH_COUNT(marks) && mark == 0; i++)
        if (stats.fill_pct >= marks[i])
            mark = marks[i];
    if (mark > sp->fill_said)
        nh_log(NH_LOG_WARN, "journal: %u %% full; at 100 %% the oldest readings go",
            stats.fill_pct);
    sp->fill_said = mark;
}

int64_t
spool_spill_due_ms(struct spool *sp)
{
    return nh_journal_spill_due_ms(sp->journal);
}

enum nh_err
spool_new_stream(struct spool *sp)
{
    enum nh_err err = nh_journal_new_stream(sp->journal);

    if (err != NH_OK)
        return err;
    sp->boot_count = 0;
    note_all(sp);
    return NH_OK;
}

/* The record at `pos`, lent until the next look. */
static bool
look_at(struct spool *sp, uint64_t pos, struct nh_record *rec)
{
    struct nh_gap gap;
    enum nh_err err;

    if (pos == 0 || nh_cursor_seek(sp->look, pos - 1) != NH_OK)
        return false;
    do
        err = nh_cursor_next(sp->look, rec, &gap);
    while (err == NH_EGAP || (err == NH_OK && rec->preamble));
    return err == NH_OK && rec->pos == pos;
}

bool
spool_chain_at(struct spool *sp, uint64_t pos, uint32_t *chain)
{
    struct nh_record rec;

    if (pos < nh_journal_oldest_pos(sp->journal) || !look_at(sp, pos, &rec))
        return false;
    *chain = rec.chain;
    return true;
}

void
spool_quarantine(struct spool *sp, uint64_t pos, uint8_t code)
{
    char path[600];
    struct nh_record rec;
    int fd;

    nh_log_limited(NH_LOG_WARN,
        "collector: refuses record %llu for good (code %02x); it is kept in %s",
        (unsigned long long)pos, code, sp->quarantine);
    if (!look_at(sp, pos, &rec))
        return;
    for (unsigned i = 0; i < QUARANTINE_MAX; i++) {
        snprintf(path, sizeof(path), "%s/%02u-%016llx-%02x-%u", sp->quarantine, i,
            (unsigned long long)pos, code, rec.type);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno == EEXIST)
            return; /* refused before */
        if (fd < 0)
            break;
        /* the journal may forget the record now: this is the only one */
        if (write(fd, rec.payload.p, rec.payload.len) != (ssize_t)rec.payload.len ||
            fsync(fd) != 0 || nh_folder_sync_of(path) != NH_OK)
            nh_log_limited(NH_LOG_WARN, "%s: cannot be written whole", path);
        close(fd);
        return;
    }
}

uint64_t
spool_after(const struct spool *sp, uint64_t pos)
{
    uint64_t next = nh_journal_next_pos(sp->journal), count;
    struct nh_journal_stats stats;

    nh_journal_stats(sp->journal, &stats);
    if (pos + 1 >= next)
        return 0;
    if (nh_pos_epoch(pos) != nh_pos_epoch(next))
        return stats.records;
    count = next - 1 - pos;
    return count < stats.records ? count : stats.records;
}

void
spool_facts(const struct spool *sp, struct spool_facts *out)
{
    nh_journal_stats(sp->journal, &out->journal);
    out->lost_rounds = sp->lost_rounds;
    out->failing = sp->failing;
}
