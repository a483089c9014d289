/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal.c - looking into a journal directory: verify its chain, print it for --replay
 *
 * Both read the files themselves and need no running collector; without DIR they ask it
 * where the journal is.
 */
#include "libnhip/replay_line.h"
#include "nhipctl/ctl.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BOOT_HEX = 2 * NH_STREAM_ID_LEN + 1 };

/* The directory to read: the argument, or the running collector's. Caller frees. */
static char *
journal_dir(struct ctl *ctl, int *status)
{
    const char *dir;
    char *copy = NULL;
    json_t *is;

    if (ctl->argc > 0)
        return strdup(ctl->argv[0]);
    is = ctl_ask(ctl, json_pack("{s:s}", "do", "journal"), status);
    dir = json_string_value(json_object_get(is, "dir"));
    if (dir != NULL)
        copy = strdup(dir);
    json_decref(is);
    return copy;
}

struct verify {
    uint64_t segments, records, damaged, broken;
    bool json;
};

static void
on_segment(void *arg, const struct nh_segment_report *r)
{
    struct verify *v = arg;
    char hash[2 * NH_SHA256_LEN + 1] = "", made[32];
    time_t t = (time_t)(r->created_wall_ms / 1000);
    struct tm tm;

    v->segments++;
    v->records += r->records;
    v->damaged += r->damaged;
    v->broken += !r->prev_ok;
    for (size_t i = 0; r->sealed && i < NH_SHA256_LEN; i++)
        snprintf(hash + 2 * i, 3, "%02x", r->sha256[i]);
    if (v->json) {
        printf("{\"file\":\"%s\",\"first_pos\":\"%" PRIu64 "\",\"last_pos\":\"%" PRIu64
               "\",\"records\":%" PRIu64 ",\"damaged\":%" PRIu64
               ",\"prev_ok\":%s,\"sealed\":%s,\"sha256\":\"%s\"}\n",
            r->file, r->first_pos, r->last_pos, r->records, r->damaged,
            r->prev_ok ? "true" : "false", r->sealed ? "true" : "false", hash);
        return;
    }
    gmtime_r(&t, &tm);
    strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", &tm);
    printf("%-34s %s %8" PRIu64 " records%s%s  %s\n", r->file, made, r->records,
        r->damaged > 0 ? ", DAMAGED" : "",
        r->prev_ok ? "" : ", DOES NOT FOLLOW the one before",
        r->sealed ? hash : "(running)");
}

int
ctl_journal_verify(struct ctl *ctl)
{
    struct verify v = { .json = ctl->json };
    int status = CTL_NO;
    char *dir = journal_dir(ctl, &status);
    enum nh_err err;

    if (dir == NULL)
        return status;
    err = nh_journal_verify(dir, on_segment, &v);
    if (err == NH_OK && v.segments == 0)
        err = NH_ENOTFOUND;
    if (err == NH_ENOTFOUND)
        fprintf(stderr,
            "nhipctl: %s: there is no journal here; 'nhipctl journal' says where the "
            "collector's is\n",
            dir);
    else if (err == NH_OK && !ctl->json)
        printf("journal OK: %" PRIu64 " segments, %" PRIu64 " records, the chain holds\n",
            v.segments, v.records);
    else if (err != NH_OK)
        fprintf(stderr,
            "nhipctl: %s: %s: %" PRIu64 " damaged records, %" PRIu64
            " segments that do not follow the one before\n",
            dir, nh_strerror(err), v.damaged, v.broken);
    free(dir);
    return err == NH_OK ? CTL_DONE : CTL_NO;
}

/* The boot of each source's last session, to mark what was made before it. */
struct cat {
    struct nh_tracker *tracker;
    struct nh_buf line;
    int64_t from_ms, to_ms;
    char (*session_boot)[BOOT_HEX];
    uint32_t session_count;
    uint64_t lines, skipped;
};

static void
hex_of(const uint8_t id[NH_STREAM_ID_LEN], char out[BOOT_HEX])
{
    for (size_t i = 0; i < NH_STREAM_ID_LEN; i++)
        snprintf(out + 2 * i, 3, "%02x", id[i]);
}

/* The boot that a batch was made in, when the host has started again since; else NULL. */
static const char *
older_boot(struct cat *cat, const struct nh_origin *origin, char out[BOOT_HEX])
{
    const struct nh_boot *boot =
        nh_tracker_boot(cat->tracker, origin->source, origin->epoch);

    if (boot == NULL || origin->source >= cat->session_count ||
        cat->session_boot[origin->source][0] == '\0')
        return NULL;
    hex_of(boot->boot_id, out);
    return strcmp(out, cat->session_boot[origin->source]) != 0 ? out : NULL;
}

static void
remember_session(struct cat *cat, const struct nh_event *event)
{
    const struct nh_source *source = nh_tracker_find(cat->tracker, event->object);

    if (strcmp(event->name, "session_up") != 0 || source == NULL)
        return;
    if (source->source >= cat->session_count) {
        uint32_t count = source->source + 64;
        char(*more)[BOOT_HEX] = realloc(cat->session_boot, count * sizeof(*more));

        if (more == NULL)
            return;
        memset(
            more + cat->session_count, 0, (count - cat->session_count) * sizeof(*more));
        cat->session_boot = more;
        cat->session_count = count;
    }
    snprintf(cat->session_boot[source->source], BOOT_HEX, "%s", event->boot);
}

static void
put_line(struct cat *cat)
{
    if (nh_buf_err(&cat->line) == NH_OK) {
        nh_buf_put_u8(&cat->line, '\n');
        fwrite(cat->line.data, 1, cat->line.len, stdout);
        cat->lines++;
    }
    nh_buf_clear(&cat->line);
}

static void
on_cat_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct cat *cat = arg;
    char hex[BOOT_HEX];
    const char *boot = older_boot(cat, origin, hex);

    (void)pos;
    (void)source;
    if (origin->arrived_ms < cat->from_ms || origin->arrived_ms > cat->to_ms)
        return;
    for (size_t i = 0; i < count; i++) {
        const struct nh_check *check = nh_dict_get(dict, readings[i].check);

        if (check == NULL)
            continue;
        nh_replay_reading(&cat->line, check, origin, &readings[i], boot);
        put_line(cat);
    }
}

static void
on_cat_event(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_event *event)
{
    struct cat *cat = arg;
    char hex[BOOT_HEX];

    (void)pos;
    (void)source;
    remember_session(cat, event);
    if (origin->arrived_ms < cat->from_ms || origin->arrived_ms > cat->to_ms)
        return;
    nh_replay_event(&cat->line, origin, event, older_boot(cat, origin, hex));
    put_line(cat);
}

static void
on_cat_gap(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_gap *gap)
{
    (void)arg;
    (void)pos;
    (void)origin;
    fprintf(stderr, "nhipctl: %s lost %" PRIu64 " records\n", source->site, gap->count);
}

static enum nh_err
cat_all(struct cat *cat, const char *dir)
{
    struct nh_view *view = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    enum nh_err err = nh_view_open(&view, dir);

    if (err == NH_OK)
        err = nh_view_seek(view, 0);
    while (err == NH_OK || err == NH_EGAP) {
        if (ferror(stdout))
            break;
        err = nh_view_next(view, UINT64_MAX, &rec, &gap);
        if (err == NH_EGAP)
            fprintf(stderr,
                "nhipctl: %s: %" PRIu64 " records are missing after position %" PRIu64
                "\n",
                dir, gap.count, gap.from - 1);
        else if (err == NH_OK && nh_tracker_feed(cat->tracker, &rec) != NH_OK)
            cat->skipped++;
    }
    nh_view_close(view);
    return err == NH_EEMPTY ? NH_OK : err;
}

int
ctl_journal_cat(struct ctl *ctl)
{
    struct cat cat = { .to_ms = INT64_MAX };
    struct nh_tracker_events events = { on_cat_readings, on_cat_event, on_cat_gap, &cat };
    int64_t from_s = 0, to_s = INT64_MAX / 1000;
    int status = CTL_NO;
    enum nh_err err = NH_ENOMEM;
    char *dir;

    if ((ctl->argc > 1 && !ctl_time(ctl->argv[1], &from_s)) ||
        (ctl->argc > 2 && !ctl_time(ctl->argv[2], &to_s))) {
        fprintf(stderr, "nhipctl: FROM and TO are Unix seconds, \"2026-11-24 14:05\", "
                        "\"-90min\" or \"now\"\n");
        return CTL_USAGE;
    }
    dir = journal_dir(ctl, &status);
    if (dir == NULL)
        return status;
    cat.from_ms = from_s * 1000;
    cat.to_ms = to_s * 1000;
    nh_buf_init(&cat.line, 1 << 20);
    if (nh_tracker_new(&cat.tracker, &events) == NH_OK)
        err = cat_all(&cat, dir);
    if (err != NH_OK)
        fprintf(stderr, "nhipctl: %s: %s\n", dir, nh_strerror(err));
    if (cat.skipped > 0)
        fprintf(stderr,
            "nhipctl: %" PRIu64 " records could not be read and were left out\n",
            cat.skipped);
    nh_tracker_free(cat.tracker);
    nh_buf_fini(&cat.line);
    free(cat.session_boot);
    free(dir);
    return err == NH_OK && cat.skipped == 0 ? CTL_DONE : CTL_NO;
}
