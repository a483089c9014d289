/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * origins.c - is everything that agents appended in a collector's journal, and once?
 *
 *   origins [--readings | --records | --positions] [--leave-out N | --twice N | --alter
 * N] JOURNAL
 *
 * An agent counts its records on over its epochs, and links each to the one before it by
 * a chain value over its bytes. The collector keeps both in a record's origin, so that
 * its journal alone shows a record that is missing, doubled, out of order or altered, at
 * the end of an epoch too. Each fault is a line on stderr; each source a JSON line on
 * stdout, with --readings one for each reading before, with --records one for each record
 * and its bytes; --positions tells those of any journal, an agent's too, and nothing
 * else.
 * --leave-out, --twice and --alter
 * read as if the Nth record of agents were missing, there twice or another one, which has
 * to be noticed. Exits with 1 when anything is wrong with the journal.
 */
#include "libnhip/record.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCES_MAX = 4096, TOLD_MAX = 50 };

struct line {
    uint64_t records, readings, lost, doubled, unlinked, gaps;
    uint64_t last_pos;
    uint32_t chain, epochs;
};

struct origins {
    struct nh_tracker *tracker;
    struct line *lines; /* by number of the source */
    bool print, print_records, print_positions;
    uint64_t leave_out, twice, alter, seen, told, undecoded, own_gaps;
};

static void
tell(struct origins *o, const struct nh_origin *is, const char *what)
{
    if (o->told++ < TOLD_MAX)
        fprintf(stderr, "source %u, epoch %u, record %" PRIu64 ": %s\n", is->source,
            nh_pos_epoch(is->agent_pos), nh_pos_counter(is->agent_pos), what);
}

static void
on_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct origins *o = arg;

    (void)pos;
    if (origin->source == 0 || origin->source >= SOURCES_MAX)
        return;
    o->lines[origin->source].readings += count;
    for (size_t i = 0; o->print && i < count; i++) {
        const struct nh_check *c = nh_dict_get(dict, readings[i].check);
        bool up = (readings[i].present & 1) != 0 && readings[i].value[0] != 0;

        printf("{\"site\":\"%s\",\"check\":\"%s\",\"mono_ms\":%" PRId64
               ",\"first\":%d}\n",
            source->site, c->id, readings[i].mono_ms, up);
    }
}

static void
print_record(const struct nh_origin *is, uint8_t type, struct nh_slice body)
{
    printf("{\"source\":%u,\"pos\":%" PRIu64 ",\"chain\":%" PRIu32
           ",\"type\":%u,\"body\":\"",
        is->source, is->agent_pos, is->agent_chain, type);
    for (size_t i = 0; i < body.len; i++)
        printf("%02x", body.p[i]);
    printf("\"}\n");
}

/* A record against the one of the same agent before it. */
static void
follow(struct origins *o, const struct nh_origin *is, uint8_t type, struct nh_slice body)
{
    struct line *l = &o->lines[is->source];
    uint64_t counter = nh_pos_counter(is->agent_pos), last = nh_pos_counter(l->last_pos);

    l->records++;
    if (l->records > 1 && is->agent_pos <= l->last_pos) {
        l->doubled++;
        tell(o, is, "has been here before");
        return;
    }
    if (counter > last + 1) {
        l->lost += counter - last - 1;
        tell(o, is, "records before it are missing");
    } else if (counter <= last) {
        l->doubled++;
        tell(o, is, "its number has been here in another epoch");
    } else if (nh_chain_next(l->chain, is->agent_pos, type, body) != is->agent_chain) {
        l->unlinked++;
        tell(o, is, "does not follow from the record before it");
    }
    l->epochs += nh_pos_epoch(is->agent_pos) != nh_pos_epoch(l->last_pos);
    l->last_pos = is->agent_pos;
    l->chain = is->agent_chain;
    if (type == NH_REC_GAP)
        l->gaps++;
}

static void
take(struct origins *o, const struct nh_record *rec)
{
    struct nh_slice body = rec->payload;
    struct nh_origin is = { 0 };
    bool agents = false;

    if (o->print_positions) {
        if (!rec->preamble)
            printf("{\"pos\":%" PRIu64 "}\n", rec->pos);
        return;
    }
    if (!rec->preamble && rec->type <= NH_REC_GAP) {
        if (nh_origin_decode(&body, &is) != NH_OK || is.source >= SOURCES_MAX)
            o->undecoded++;
        else
            agents = is.source > 0;
    }
    o->seen += agents;
    for (int times = agents && o->seen == o->twice ? 2 : 1; times > 0; times--) {
        if (agents && o->seen == o->leave_out)
            return;
        if (agents && o->seen == o->alter)
            body.len--;
        if (agents && o->print_records)
            print_record(&is, rec->type, body);
        if (agents)
            follow(o, &is, rec->type, body);
        if (nh_tracker_feed(o->tracker, rec) != NH_OK)
            o->undecoded++;
    }
}

static enum nh_err
read_all(struct origins *o, const char *dir)
{
    struct nh_view *v = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    enum nh_err err = nh_view_open(&v, dir);

    while (err == NH_OK) {
        err = nh_view_next(v, UINT64_MAX, &rec, &gap);
        if (err == NH_OK)
            take(o, &rec);
        if (err == NH_EGAP) {
            o->own_gaps++;
            err = NH_OK;
        }
    }
    nh_view_close(v);
    return err == NH_EEMPTY ? NH_OK : err;
}

static bool
print_sources(const struct origins *o)
{
    bool good = o->undecoded == 0 && o->own_gaps == 0;

    for (uint32_t i = 1; i < SOURCES_MAX; i++) {
        const struct line *l = &o->lines[i];
        const struct nh_source *source = nh_tracker_source(o->tracker, i);

        if (l->records == 0)
            continue;
        good = good && l->lost == 0 && l->doubled == 0 && l->unlinked == 0;
        printf("{\"source\":%u,\"site\":\"%s\",\"records\":%" PRIu64
               ",\"readings\":%" PRIu64 ",\"epochs\":%u,\"lost\":%" PRIu64
               ",\"doubled\":%" PRIu64 ",\"unlinked\":%" PRIu64 ",\"gaps\":%" PRIu64
               ",\"undecoded\":%" PRIu64 ",\"own_gaps\":%" PRIu64 ",\"counter\":%" PRIu64
               ",\"epoch\":%u,\"chain\":%" PRIu32 "}\n",
            i, source != NULL ? source->site : "", l->records, l->readings, l->epochs,
            l->lost, l->doubled, l->unlinked, l->gaps, o->undecoded, o->own_gaps,
            nh_pos_counter(l->last_pos), nh_pos_epoch(l->last_pos), l->chain);
    }
    return good;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "readings", no_argument, NULL, 'r' },
        { "records", no_argument, NULL, 'R' },
        { "positions", no_argument, NULL, 'p' },
        { "leave-out", required_argument, NULL, 'l' },
        { "twice", required_argument, NULL, 't' },
        { "alter", required_argument, NULL, 'a' },
        { 0 },
    };
    struct origins o = { 0 };
    const struct nh_tracker_events events = { .on_readings = on_readings, .arg = &o };
    enum nh_err err;
    int opt, status = 1;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'r')
            o.print = true;
        if (opt == 'p')
            o.print_positions = true;
        if (opt == 'R')
            o.print_records = true;
        if (opt == 'l')
            o.leave_out = strtoull(optarg, NULL, 10);
        if (opt == 't')
            o.twice = strtoull(optarg, NULL, 10);
        if (opt == 'a')
            o.alter = strtoull(optarg, NULL, 10);
        if (opt == '?')
            return 2;
    }
    o.lines = calloc(SOURCES_MAX, sizeof(*o.lines));
    if (optind + 1 != argc || o.lines == NULL)
        goto out;
    err = nh_tracker_new(&o.tracker, &events);
    if (err == NH_OK)
        err = read_all(&o, argv[optind]);
    if (err != NH_OK) {
        fprintf(stderr, "%s: %s\n", argv[optind], nh_strerror(err));
        goto out;
    }
    status = print_sources(&o) ? 0 : 1;
out:
    nh_tracker_free(o.tracker);
    free(o.lines);
    return status;
}
