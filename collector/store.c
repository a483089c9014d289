/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.c - one journal for everybody, and the preamble that makes each segment whole
 *
 * A record is an origin (who, its own position, how its clock maps to ours) before the
 * columns as they came. The head of each segment names every source with its watermark,
 * its dictionary and the boots that records to come may name.
 *
 * Watermarks live in three places: `is.received_pos` (appended), `commit_pos` (in the
 * commit under way), `durable_pos` (synced). Sources that moved since the last commit
 * began are in the list `dirty`; a commit takes the list over.
 *
 * Agents keep what is not acknowledged, so their records gather and go to the file with
 * the commit, or in pieces of 64 KiB. Our own have no other home: each takes everything
 * before it along to the file at once.
 */
#include "collector/store_model.h"
#include "libnhip/clock.h"
#include "libnhip/job.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum {
    SEGMENT_BYTES = 16 << 20,
    COMMIT_AFTER_MS = 200,
    COMMIT_AFTER_BYTES = 256 << 10,
    GATHER_BYTES = 64 << 10,
    SOURCES_MAX = 1 << 20,
    BOOTS_MAX = 4096, /* of one source; older ones are dropped */
    RETRY_FULL_MS = 2000,
};

static void begin_commit(struct store *s);

/* ---- sources ---- */

static void
source_free(struct store_source *src)
{
    if (src == NULL)
        return;
    nh_dict_free(src->dict);
    free(src->boots);
    dating_fini(&src->dating);
    free(src->checks);
    free(src);
}

struct store_source *
store_source_at(const struct store *s, uint32_t number)
{
    return number < s->source_count ? s->sources[number] : NULL;
}

/* Source `number`, made when it is new. A newer stream of a site makes the older one old:
 * it is named no longer at the head of segments. */
enum nh_err
store_source_make(struct store *s, const struct nh_source *is, struct store_source **out)
{
    struct store_source *src, *older;

    if (is->source >= SOURCES_MAX)
        return NH_ETOOBIG;
    if (is->source >= s->source_cap) {
        size_t cap = is->source + (size_t)64 + is->source / 2;
        struct store_source **more = realloc(s->sources, cap * sizeof(*more));

        if (more == NULL)
            return NH_ENOMEM;
        memset(more + s->source_cap, 0, (cap - s->source_cap) * sizeof(*more));
        s->sources = more;
        s->source_cap = cap;
    }
    src = calloc(1, sizeof(*src));
    if (src == NULL || nh_dict_new(&src->dict) != NH_OK) {
        free(src);
        return NH_ENOMEM;
    }
    src->is = *is;
    older = is->source == 0 ? NULL : strmap_get(&s->by_site, is->site);
    if (is->source != 0 && strmap_put(&s->by_site, src->is.site, src) != NH_OK) {
        source_free(src);
        return NH_ENOMEM;
    }
    if (older != NULL) /* its key stays in the map: both live as long as the store */
        older->is_old = true;
    s->sources[is->source] = src;
    if (is->source >= s->source_count)
        s->source_count = is->source + (size_t)1;
    *out = src;
    return NH_OK;
}

static void
mark_dirty(struct store *s, struct store_source *src)
{
    if (src->dirty || src->is.source == 0)
        return;
    src->dirty = true;
    if (src->in_commit)
        return; /* joins the list when that commit has ended */
    src->next_dirty = s->dirty;
    s->dirty = src;
}

const struct nh_boot *
store_boot(const struct store_source *src, uint32_t epoch)
{
    for (size_t i = src->boot_count; i-- > 0;)
        if (src->boots[i].epoch == epoch)
            return &src->boots[i];
    return NULL;
}

/* Positions only grow, so boots before the watermark's are never named again. */
void
store_boots_prune(struct store_source *src)
{
    uint32_t epoch = nh_pos_epoch(src->is.received_pos);
    size_t keep = 0;

    for (size_t i = 0; i < src->boot_count; i++)
        if (src->boots[i].epoch >= epoch || i + 1 == src->boot_count)
            src->boots[keep++] = src->boots[i];
    src->boot_count = keep;
}

enum nh_err
store_boot_put(struct store_source *src, const struct nh_boot *boot)
{
    struct nh_boot *more;

    for (size_t i = 0; i < src->boot_count; i++)
        if (src->boots[i].epoch == boot->epoch) {
            src->boots[i] = *boot;
            return NH_OK;
        }
    if (src->boot_count >= 16)
        store_boots_prune(src);
    if (src->boot_count >= BOOTS_MAX) {
        memmove(src->boots, src->boots + 1, (BOOTS_MAX - 1) * sizeof(*src->boots));
        src->boot_count--;
    }
    more = realloc(src->boots, (src->boot_count + 1) * sizeof(*more));
    if (more == NULL)
        return NH_ENOMEM;
    src->boots = more;
    src->boots[src->boot_count++] = *boot;
    return NH_OK;
}

/* ---- notes ---- */

static void
became_full(struct store *s, enum nh_err err)
{
    if (s->full)
        return;
    s->full = true;
    s->full_since_ms = nh_clock_mono_ms();
    nh_log(NH_LOG_ERROR,
        "journal: %s cannot be written (%s); agents are told to wait and keep their "
        "readings, what is live is still shown",
        s->dir, nh_strerror(err));
}

static enum nh_err
note(struct store *s, uint8_t type)
{
    enum nh_err err = nh_buf_err(&s->scratch);

    if (err == NH_OK)
        err = nh_journal_note(
            s->journal, type, nh_slice_of(s->scratch.data, s->scratch.len));
    if (err == NH_ENOSPC || err == NH_EIO)
        became_full(s, err);
    return err;
}

static enum nh_err
note_source(struct store *s, const struct store_source *src)
{
    nh_buf_clear(&s->scratch);
    nh_source_encode(&src->is, &s->scratch);
    return note(s, NH_REC_SOURCE);
}

static enum nh_err
note_boot(struct store *s, const struct nh_boot *boot)
{
    nh_buf_clear(&s->scratch);
    nh_boot_encode(boot, &s->scratch);
    return note(s, NH_REC_BOOT);
}

static enum nh_err
put_to_journal(void *arg, uint8_t type, struct nh_slice payload)
{
    return nh_journal_note(arg, type, payload);
}

/* The collector itself: its dictionary, and this start as a boot of its own. */
static enum nh_err
open_own(struct store *s)
{
    struct nh_source is = { .source = 0 };
    struct nh_boot boot = { .epoch = nh_journal_epoch(s->journal),
        .mono_ms = nh_clock_mono_ms(),
        .wall_ms = nh_clock_wall_ms(),
        .quality = (uint8_t)nh_clock_wall_quality() };
    struct store_source *own = store_source_at(s, 0);
    enum nh_err err = NH_OK;

    if (own == NULL)
        err = store_source_make(s, &is, &own);
    if (err != NH_OK)
        return err;
    memcpy(own->is.stream_id, nh_journal_stream_id(s->journal), NH_STREAM_ID_LEN);
    memcpy(boot.boot_id, nh_clock_boot_id(), sizeof(boot.boot_id));
    own->is.received_pos = NH_POS(boot.epoch, 0); /* lets old boots be pruned */
    err = store_boot_put(own, &boot);
    /* the first segment of this start was begun before anybody was known */
    return err != NH_OK ? err : store_put_sources(s, put_to_journal, s->journal);
}

enum nh_err
store_source(struct store *s, const char *site, const uint8_t stream_id[NH_STREAM_ID_LEN],
    struct store_source **out)
{
    struct nh_source is = { .source = (uint32_t)s->source_count };
    struct store_source *src;
    enum nh_err err;

    for (src = strmap_get(&s->by_site, site); src != NULL; src = NULL)
        if (memcmp(src->is.stream_id, stream_id, NH_STREAM_ID_LEN) == 0) {
            *out = src;
            return NH_OK;
        }
    for (size_t i = 1; i < s->source_count && strmap_get(&s->by_site, site) != NULL; i++)
        if (s->sources[i] != NULL && strcmp(s->sources[i]->is.site, site) == 0 &&
            memcmp(s->sources[i]->is.stream_id, stream_id, NH_STREAM_ID_LEN) == 0) {
            s->sources[i]->is_old = false; /* an older stream has come back */
            *out = s->sources[i];
            return strmap_put(&s->by_site, s->sources[i]->is.site, s->sources[i]);
        }
    memcpy(is.stream_id, stream_id, sizeof(is.stream_id));
    strncpy(is.site, site, sizeof(is.site) - 1);
    err = store_source_make(s, &is, &src);
    if (err == NH_OK)
        err = note_source(s, src);
    if (err == NH_OK)
        *out = src;
    return err;
}

struct store_source *
store_own(struct store *s)
{
    return s->sources[0];
}

enum nh_err
store_note_dict(struct store *s, struct store_source *src)
{
    uint32_t count = nh_dict_count(src->dict);
    enum nh_err err = NH_OK;

    while (err == NH_OK && src->noted < count) {
        uint32_t to = count - src->noted > DICT_PART ? src->noted + DICT_PART : count;

        store_put_dict(src, src->noted + 1, to, &s->scratch);
        err = note(s, NH_REC_DICT);
        if (err == NH_OK)
            src->noted = to;
    }
    return err;
}

enum nh_err
store_take_boots(struct store *s, struct store_source *src, struct nh_slice boots)
{
    enum nh_err err = NH_OK;

    while (err == NH_OK && boots.len > 0) {
        struct nh_boot boot;

        if (nh_boot_decode(&boots, &boot) != NH_OK)
            return NH_EFORMAT;
        boot.source = src->is.source;
        if (boot.epoch < nh_pos_epoch(src->is.received_pos) ||
            store_boot(src, boot.epoch) != NULL)
            continue;
        err = note_boot(s, &boot);
        if (err == NH_OK)
            err = store_boot_put(src, &boot);
    }
    return err;
}

/* ---- appending ---- */

static void
want_commit(struct store *s, size_t bytes)
{
    s->uncommitted_bytes += bytes;
    if (s->committing)
        return;
    if (s->uncommitted_bytes >= COMMIT_AFTER_BYTES) {
        begin_commit(s);
    } else if (!s->timer_set) {
        s->timer_set = true;
        nh_timer_after(s->commit_timer, COMMIT_AFTER_MS);
    }
}

enum nh_err
store_append(struct store *s, struct store_source *src, const struct store_record *rec,
    uint64_t *journal_pos)
{
    struct nh_origin o = { src->is.source, rec->pos, rec->chain, rec->epoch,
        rec->offset_ms, rec->error_ms, rec->arrived_ms };
    enum nh_err err;

    if (s->full) /* until a small record of our own finds room: order is kept */
        return NH_ENOSPC;
    nh_buf_clear(&s->scratch);
    nh_origin_encode(&o, &s->scratch);
    nh_buf_put(&s->scratch, rec->body.p, rec->body.len);
    err = nh_buf_err(&s->scratch);
    if (err == NH_ENOMEM)
        err = NH_ETOOBIG;
    if (err != NH_OK)
        return err;
    err = nh_journal_append(
        s->journal, rec->type, nh_slice_of(s->scratch.data, s->scratch.len), journal_pos);
    if (err == NH_ENOSPC || err == NH_EIO)
        became_full(s, err);
    if (err != NH_OK)
        return err;
    if (src->is.source != 0) {
        src->is.received_pos = rec->pos;
        src->is.chain = rec->chain;
        mark_dirty(s, src);
    } else if ((err = nh_journal_flush(s->journal)) != NH_OK) {
        became_full(s, err); /* it is appended: a later flush takes it along */
    }
    want_commit(s, s->scratch.len);
    return NH_OK;
}

enum nh_err
store_skip(struct store *s, struct store_source *src, uint64_t pos, uint32_t chain)
{
    struct nh_source before = src->is;
    enum nh_err err;

    src->is.received_pos = pos;
    src->is.chain = chain;
    err = note_source(s, src);
    if (err != NH_OK) {
        src->is = before;
        return err;
    }
    mark_dirty(s, src);
    want_commit(s, s->scratch.len);
    return NH_OK;
}

/* ---- commits ---- */

static void
run_commit(void *arg)
{
    struct store *s = arg;

    nh_journal_commit_run(&s->commit);
}

/* What a failed commit held is not on the disk: go back to what is. */
static void
source_lost(struct store *s, struct store_source *src)
{
    src->is.received_pos = src->durable_pos;
    src->is.chain = src->durable_chain;
    if (s->events.on_source_lost != NULL)
        s->events.on_source_lost(s->events.arg, src);
}

static void
end_sources(struct store *s, bool ok)
{
    struct store_source *src, *next, *list = s->in_commit;

    s->in_commit = NULL;
    for (src = list; src != NULL; src = next) {
        next = src->next_dirty;
        src->in_commit = false;
        if (ok) {
            src->durable_pos = src->commit_pos;
            src->durable_chain = src->commit_chain;
            if (s->events.on_source_durable != NULL)
                s->events.on_source_durable(s->events.arg, src);
        } else {
            src->dirty = false;
            source_lost(s, src);
        }
        if (src->dirty) {
            src->next_dirty = s->dirty;
            s->dirty = src;
        }
    }
    if (ok)
        return;
    for (src = s->dirty, s->dirty = NULL; src != NULL; src = next) {
        next = src->next_dirty;
        src->dirty = false;
        source_lost(s, src);
    }
}

static void
end_commit(void *arg, bool cancelled)
{
    struct store *s = arg;
    enum nh_err err;

    if (cancelled)
        nh_journal_commit_run(&s->commit);
    err = nh_journal_commit_end(s->journal, &s->commit);
    s->committing = false;
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR,
            "journal: a sync failed (%s): what it held is not acknowledged, a new "
            "segment "
            "begins",
            nh_strerror(err));
    end_sources(s, err == NH_OK);
    if (err != NH_OK && s->events.on_lost != NULL)
        s->events.on_lost(s->events.arg);
    if (err == NH_OK && s->events.on_durable != NULL)
        s->events.on_durable(s->events.arg, nh_journal_durable_pos(s->journal));
    if (s->uncommitted_bytes > 0 && !cancelled)
        want_commit(s, 0);
}

static void
begin_commit(struct store *s)
{
    enum nh_err err;

    s->timer_set = false;
    if (s->committing)
        return;
    err = nh_journal_flush(s->journal);
    if (err != NH_OK) {
        became_full(s, err);
        s->timer_set = true;
        nh_timer_after(s->commit_timer, RETRY_FULL_MS);
        return;
    }
    s->uncommitted_bytes = 0;
    s->committing = nh_journal_commit_begin(s->journal, &s->commit);
    s->in_commit = s->dirty;
    s->dirty = NULL;
    for (struct store_source *src = s->in_commit; src != NULL; src = src->next_dirty) {
        src->dirty = false;
        src->in_commit = true;
        src->commit_pos = src->is.received_pos;
        src->commit_chain = src->is.chain;
    }
    if (!s->committing) { /* a new segment has synced it on its way */
        end_sources(s, true);
        if (s->events.on_durable != NULL)
            s->events.on_durable(s->events.arg, nh_journal_durable_pos(s->journal));
    } else if (nh_jobs_add(s->jobs, run_commit, end_commit, s) != NH_OK) {
        nh_journal_commit_run(&s->commit);
        end_commit(s, false);
    }
}

static void
on_store_commit_timer(void *arg)
{
    begin_commit(arg);
}

/* ---- life ---- */

enum nh_err
store_open(struct store **out, const struct store_options *options)
{
    struct store *s = calloc(1, sizeof(*s));
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (s == NULL || (s->dir = strdup(options->dir)) == NULL)
        goto out;
    s->events = *options->events;
    nh_buf_init(&s->scratch, SCRATCH_MAX);
    err = nh_timer_new(&s->commit_timer, options->base, on_store_commit_timer, s);
    if (err == NH_OK)
        err = nh_jobs_new(&s->jobs, options->base, 1);
    if (err == NH_OK)
        err = nh_journal_open(&s->journal, &(struct nh_journal_options){ .dir = s->dir,
                                               .max_bytes = options->max_bytes,
                                               .max_age_s = options->max_age_s,
                                               .segment_bytes = SEGMENT_BYTES,
                                               .gather_bytes = GATHER_BYTES,
                                               .compress = true,
                                               .preamble = store_write_head,
                                               .arg = s });
    if (err == NH_OK)
        err = nh_journal_recover(s->journal, store_recover, s);
    if (err == NH_OK)
        err = open_own(s);
    if (err == NH_OK) /* what was read back may not have been synced before the kill */
        err = nh_journal_sync(s->journal);
    if (err != NH_OK)
        goto out;
    for (size_t i = 0; i < s->source_count; i++)
        if (s->sources[i] != NULL) {
            s->sources[i]->durable_pos = s->sources[i]->is.received_pos;
            s->sources[i]->durable_chain = s->sources[i]->is.chain;
        }
    *out = s;
    s = NULL;
out:
    store_close(s);
    return err;
}

void
store_close(struct store *s)
{
    if (s == NULL)
        return;
    s->events = (struct store_events){ 0 };
    nh_jobs_free(s->jobs); /* waits for a commit under way */
    nh_journal_close(s->journal);
    nh_timer_free(s->commit_timer);
    for (size_t i = 0; i < s->source_count; i++)
        source_free(s->sources[i]);
    free(s->sources);
    strmap_fini(&s->by_site);
    nh_buf_fini(&s->scratch);
    free(s->dir);
    free(s);
}

/* While full: try a small record of our own now and then. */
static void
try_again(struct store *s, int64_t mono_ms)
{
    if (mono_ms - s->full_since_ms < RETRY_FULL_MS)
        return;
    s->full_since_ms = mono_ms;
    if (nh_journal_flush(s->journal) != NH_OK || note_source(s, s->sources[0]) != NH_OK ||
        nh_journal_flush(s->journal) != NH_OK)
        return;
    s->full = false;
    nh_log(NH_LOG_NOTICE, "journal: %s can be written again", s->dir);
    if (s->events.on_space != NULL)
        s->events.on_space(s->events.arg);
}

static void
warn_of_fill(struct store *s)
{
    unsigned pct = store_disk_pct(s), told = pct >= 95 ? 95 : pct >= 90 ? 90 : 0;

    if (told > s->fill_told)
        nh_log(NH_LOG_WARN, "journal: the disk of %s is %u %% full", s->dir, pct);
    s->fill_told = told;
}

void
store_tick(struct store *s, int64_t mono_ms, int64_t wall_ms)
{
    nh_journal_tick(s->journal, mono_ms, wall_ms);
    if (s->full)
        try_again(s, mono_ms);
    warn_of_fill(s);
}

bool
store_is_full(const struct store *s)
{
    return s->full;
}

const char *
store_dir(const struct store *s)
{
    return s->dir;
}

uint32_t
store_epoch(const struct store *s)
{
    return nh_journal_epoch(s->journal);
}

uint64_t
store_durable_pos(const struct store *s)
{
    return nh_journal_durable_pos(s->journal);
}

uint64_t
store_oldest_pos(const struct store *s)
{
    return nh_journal_oldest_pos(s->journal);
}

void
store_stats(const struct store *s, struct nh_journal_stats *out)
{
    nh_journal_stats(s->journal, out);
}

unsigned
store_disk_pct(const struct store *s)
{
    struct statvfs fs;

    if (statvfs(s->dir, &fs) != 0 || fs.f_blocks == 0)
        return 0;
    return (unsigned)(100 - fs.f_bavail * 100 / fs.f_blocks);
}
