/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - what the collector's journal holds: agents' batches, dated
 *
 * The collector stores an agent's columns as they came and puts before them who sent
 * them, the agent's own position, and how its monotonic clock maps to wall time at that
 * batch: wall_ms = mono_ms + offset_ms, known to +- error_ms. Everyone who reads the
 * journal (judge, series, export, nhipctl journal cat, --replay) goes through this
 * decoder.
 *
 * Source 0 is the collector itself; the others are numbered as they first appear.
 * NH_REC_SOURCE, NH_REC_DICT and NH_REC_BOOT records name them, and stand again at the
 * head of each segment with the watermark reached, so that a segment decodes alone and a
 * restart reads only the newest.
 *
 * Payloads: SOURCE and BOOT as encoded here; DICT the source as a varint, then
 * nh_dict_encode() bytes; READINGS the origin, then nh_batch_encode() columns; EVENT the
 * origin, then the event; GAP the origin, then the gap that an agent told of. Times are
 * within 2^53 ms either way; decoding refuses others.
 */
#ifndef NH_RECORD_H
#define NH_RECORD_H

#include "libnhip/journal.h"
#include "libnhip/reading.h"

enum { NH_SITE_ID_MAX = 64, NH_EVENT_TEXT_MAX = 256, NH_EVENT_NAME_MAX = 32 };

/* The head of a READINGS, EVENT or GAP record of the collector's journal. */
struct nh_origin {
    uint32_t source;
    uint64_t agent_pos; /* 0 for the collector's own */
    uint32_t agent_chain;
    uint32_t epoch;    /* which boot of the source: NH_REC_BOOT names it */
    int64_t offset_ms; /* wall = mono + offset */
    uint32_t error_ms;
    int64_t arrived_ms; /* wall */
};

struct nh_source {
    uint32_t source;
    char site[NH_SITE_ID_MAX]; /* "" for the collector */
    uint8_t stream_id[NH_STREAM_ID_LEN];
    uint64_t received_pos; /* the watermark: everything up to here is in this journal */
    uint32_t chain;        /* at received_pos */
};

struct nh_boot {
    uint32_t source; /* on the agent and on the wire: 0 */
    uint32_t epoch;
    uint8_t boot_id[NH_STREAM_ID_LEN];
    int64_t mono_ms,
        wall_ms;     /* when the journal was opened in this boot, by the host's clock */
    uint8_t quality; /* enum nh_clock_quality of wall_ms then */
};

/* Something that happened. `name` is one of the replay format's events. */
struct nh_event {
    char name[NH_EVENT_NAME_MAX];        /* "session_up", "link_down", "on_battery" ... */
    char object[NH_CHECK_ID_MAX];        /* SITE or SITE/LINK or SITE/DEVICE */
    int64_t mono_ms;                     /* of the source */
    int64_t uptime_s;                    /* session_up, collector_up; else -1 */
    char boot[2 * NH_STREAM_ID_LEN + 1]; /* session_up: hex; else "" */
    char text[NH_EVENT_TEXT_MAX + 1];
};

void nh_origin_encode(const struct nh_origin *o, struct nh_buf *out);
enum nh_err nh_origin_decode(struct nh_slice *in, struct nh_origin *o) NH_MUST_CHECK;
void nh_source_encode(const struct nh_source *s, struct nh_buf *out);
enum nh_err nh_source_decode(struct nh_slice *in, struct nh_source *s) NH_MUST_CHECK;
void nh_boot_encode(const struct nh_boot *b, struct nh_buf *out);
enum nh_err nh_boot_decode(struct nh_slice *in, struct nh_boot *b) NH_MUST_CHECK;
void nh_event_encode(const struct nh_event *e, struct nh_buf *out);
enum nh_err nh_event_decode(struct nh_slice *in, struct nh_event *e) NH_MUST_CHECK;

/*
 * A reader's memory of sources, dictionaries and boots. Feed it every record of the
 * collector's journal, preambles included; it calls back for readings and events, dated.
 * Threads: one owner.
 */
struct nh_tracker;
struct nh_tracker_events {
    /* Readings of one batch: `readings` in the source's numbering, `dict` to name them.
     */
    void (*on_readings)(void *arg, uint64_t pos, const struct nh_origin *origin,
        const struct nh_source *source, const struct nh_dict *dict,
        const struct nh_reading *readings, size_t count);
    void (*on_event)(void *arg, uint64_t pos, const struct nh_origin *origin,
        const struct nh_source *source, const struct nh_event *event);
    /* A gap of the collector's own journal comes with an origin of zeros; `source` is
     * NULL when nobody has named it yet. */
    void (*on_gap)(void *arg, uint64_t pos, const struct nh_origin *origin,
        const struct nh_source *source, const struct nh_gap *gap);
    void *arg;
};
enum nh_err nh_tracker_new(
    struct nh_tracker **out, const struct nh_tracker_events *events) NH_MUST_CHECK;
void nh_tracker_free(struct nh_tracker *t);
/* NH_EFORMAT, NH_ENOTFOUND (a number nobody named): the record is skipped, the tracker
 * lives on. */
enum nh_err nh_tracker_feed(
    struct nh_tracker *t, const struct nh_record *rec) NH_MUST_CHECK;
/* Lend what is known of a source, until the next feed; NULL when it never appeared. */
const struct nh_source *nh_tracker_source(const struct nh_tracker *t, uint32_t source);
const struct nh_source *nh_tracker_find(const struct nh_tracker *t, const char *site);
const struct nh_dict *nh_tracker_dict(const struct nh_tracker *t, uint32_t source);
const struct nh_boot *nh_tracker_boot(
    const struct nh_tracker *t, uint32_t source, uint32_t epoch);
uint32_t nh_tracker_source_count(const struct nh_tracker *t);

#endif
