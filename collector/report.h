/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report.h - the minutes of a month: down, degraded, unknown and excluded, by link and by
 * who answers for them
 *
 * Pure: the inventory, the incidents as they stand now and the rounds of the month go in,
 * in any order; one document comes out (docs/CONTROL.md, "report"). Nothing is kept: the
 * same journal and the same incidents give the same report to the ms.
 *
 * Every ms of a link within the hours of its contract is exactly one of these:
 *
 * - of an incident, and somebody measured then: down, degraded, unknown (the centre or
 *   the measuring broke) or excluded (the contract leaves this cause out), by the cause
 *   and party of the incident's latest version;
 * - up: a round was answered over the link, from either end, or so few were missed that
 *   the link is not called down;
 * - else unknown: nobody measured, or what was measured is in no incident.
 *
 * A report copies of the inventory what it needs, so that a worker may fill it while the
 * loop goes on. Threads: one owner; report_new() on the loop's.
 */
#ifndef REPORT_H
#define REPORT_H

#include "collector/incident.h"
#include "collector/inventory.h"

struct report;

/* `month` is "2026-11" in the province's time; `now_ms` cuts a month that still runs.
 * NH_EINVAL: it is no month. */
enum nh_err report_new(struct report **out, const struct inventory *inv,
    const char *month, int64_t now_ms) NH_MUST_CHECK;
void report_free(struct report *r);

/* The time that is reported on. */
int64_t report_from(const struct report *r);
int64_t report_to(const struct report *r);

enum { REPORT_NO_END = -1 };
/* The end of a link whose rounds this check tells of: SITE/LINK/path or SITE/LINK/far. */
int report_end_find(const struct report *r, const char *check);
/* A round of that end, stamped at its end. */
void report_round(struct report *r, int end, int64_t at_ms, bool answered);

/* As it stands now; one that was merged into another counts with that one. */
void report_incident(struct report *r, const struct incident *in);

/* The document, once; `out` gets it at its end. Errors: NH_ENOMEM, the buffer's. */
enum nh_err report_json(
    struct report *r, int64_t generated_ms, struct nh_buf *out) NH_MUST_CHECK;

#endif
