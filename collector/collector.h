/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * collector.h - the owner: what the parts of nhip-collector share, and what they tell
 * each other
 *
 * main() makes one, collector_open() opens its parts in order, collector_close() ends
 * them in reverse. Parts hold it as `c` and use each other through it. Everything runs on
 * the loop's thread.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include "collector/control.h"
#include "collector/intake.h"
#include "collector/inventory.h"
#include "collector/judge.h"
#include "collector/judging.h"
#include "collector/keys.h"
#include "collector/sensing.h"
#include "collector/series_child.h"
#include "collector/store.h"
#include "collector/traps.h"
#include "libnhip/loop.h"

struct nh_jobs;

struct collector {
    const char *conf_path;
    const char *program; /* argv[0]: nhip-series is beside it */
    struct inventory *inv;
    struct nh_loop *loop;
    struct event_base *base;
    struct nh_jobs *jobs; /* exports */
    struct nh_timer *tick;
    struct keys *keys;
    struct judge *judge;
    struct store *store;
    struct intake *intake;
    struct sensing *sensing;
    struct traps *traps; /* NULL: none are taken */
    struct series_child *series;
    struct judging *judging;
    struct control *control;
    struct nh_tracker *recovery; /* while the journal is read at start */
    int64_t started_ms;          /* wall */
    uint64_t generation;         /* of the inventory: 1, and one more each reload */
    int64_t clock_offset_ms;     /* wall - mono at the last tick */
    int64_t clock_step_ms;       /* the last step seen */
};

/* `c` holds conf_path, program and inv; the rest is made here. What failed has been
 * logged. collector_close() cleans up either way. */
enum nh_err collector_open(struct collector *c) NH_MUST_CHECK;
/* Drop privileges: the ports are open. */
enum nh_err collector_settle(struct collector *c) NH_MUST_CHECK;
void collector_close(struct collector *c);

/* Take the file again, whole or not at all. NH_ECONF: *problem says where. */
enum nh_err collector_reload(
    struct collector *c, struct nh_conf_problem *problem) NH_MUST_CHECK;

/* Readings of one batch, decoded: to the judge, and to whoever follows them. */
void collector_readings(struct collector *c, struct store_source *src,
    const struct nh_origin *origin, const struct nh_reading *readings, size_t count,
    bool live);
/* An event of a source that is in the journal now. */
void collector_took_event(
    struct collector *c, const struct nh_origin *origin, const struct nh_event *event);
/* Something the collector itself has to say: into the journal, and on. `boot` and `text`
 * may be NULL, uptime_s -1. */
void collector_say(struct collector *c, const char *name, const char *object,
    int64_t uptime_s, const char *boot, const char *text);
/* The same with an event that is filled in, as far as it is kept: *pos is its place in
 * the journal. What was not kept has been logged. */
enum nh_err collector_tell(
    struct collector *c, const struct nh_event *event, uint64_t *pos) NH_MUST_CHECK;
/* Append a record of our own (source 0); *pos is its place in the journal. */
enum nh_err collector_append_own(struct collector *c, uint8_t type, struct nh_slice body,
    struct nh_origin *origin, uint64_t *pos) NH_MUST_CHECK;

#endif
