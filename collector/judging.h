/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judging.h - the machine at work: the journal in, incidents and messages into the
 * database, messages out to people
 *
 * diagnose.h is fed from the journal alone, up to what is durable, in the journal's
 * order: so a restart, a replay and the live collector see the same, and the state saved
 * with a position never knows of a record that a power cut could take. (The live lane is
 * the one exception: it may show a fault before its record has come.) Changes gather and
 * go into the database once a second, with the machine's state and the position, in one
 * transaction.
 *
 * Time is the wall clock's, but never runs backwards. A jump of more than 30 s is only
 * made by a record that has arrived after it: the machine then knows that the collector
 * had been away, and holds nobody for silent.
 *
 * Threads: the loop's only.
 */
#ifndef JUDGING_H
#define JUDGING_H

#include "collector/incidents.h"
#include "collector/learnt.h"

struct collector;
struct judging;
struct store_source;

/* After the store. What failed has been logged. */
enum nh_err judging_open(struct judging **out, struct collector *c) NH_MUST_CHECK;
void judging_close(struct judging *j); /* puts what it has into the database */

/* The journal is durable up to `pos`. */
void judging_durable(struct judging *j, uint64_t pos);
/* Readings of the live lane, before their records. */
void judging_live(struct judging *j, const struct store_source *src,
    const struct nh_origin *origin, const struct nh_reading *readings, size_t count);
/* About once a second. */
void judging_tick(struct judging *j, int64_t wall_ms, int64_t mono_ms);
/* A machine for `next`, with all that the one in force knows; judging_adopt() puts it in
 * force, judging_refuse() drops it. */
struct judging_next;
enum nh_err judging_prepare(
    struct judging *j, struct inventory *next, struct judging_next **out) NH_MUST_CHECK;
void judging_adopt(struct judging *j, struct judging_next *next);
void judging_refuse(struct judging_next *next);

/*
 * What people do. NH_ENOTFOUND, NH_EINVAL as incidents_act(); of an override NH_EINVAL
 * also where `text` does not begin with a cause ("power: the meter is off").
 */
enum nh_err judging_act(struct judging *j, uint32_t number, enum action action,
    const char *who, const char *way, const char *text) NH_MUST_CHECK;
/* NH_EEXIST; NH_ENOTFOUND: *unknown is the site or link that the inventory lacks. */
enum nh_err judging_plan(struct judging *j, const struct planned_row *row, const char *by,
    const char *way, char unknown[NH_CHECK_ID_MAX]) NH_MUST_CHECK;
/* NH_ENOTFOUND; NH_EAUTH: it stands in the configuration. */
enum nh_err judging_plan_end(
    struct judging *j, const char *id, const char *by, const char *way) NH_MUST_CHECK;

/* Of the link with this number in the inventory's order: what the machine has learnt. */
void judging_learnt(const struct judging *j, size_t link, struct learnt *out);

struct incidents *judging_db(struct judging *j);
const struct ack_secret *judging_secret(const struct judging *j);
/* Numbers of incidents that changed since the last call, each once; lent until the next
 * change. */
const uint32_t *judging_changed(struct judging *j, size_t *count);

#endif
