/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose.h - from readings and events to incidents: what broke, whose it is, how we
 * know
 *
 * A deterministic machine: inventory, readings, events and the clock's steps go in, in
 * the order in which they arrived; incidents come out. It knows no clock, no file and no
 * socket. Live intake and --replay feed it through the same few functions, so that what
 * is told live is what a replay of the same journal says.
 *
 * Its whole state can be saved and loaded: incidents.c stores it with the position in the
 * journal up to which it was fed, and after a crash the journal is read again from there,
 * which gives the same incidents with the same numbers.
 *
 * The judge's states (judge.h) serve the page at once; this machine keeps its own
 * evidence, because it must also take what arrives late.
 *
 * Threads: one owner.
 */
#ifndef DIAGNOSE_H
#define DIAGNOSE_H

#include "collector/incident.h"
#include "collector/inventory.h"
#include "collector/learnt.h"

struct diagnose;

struct diagnose_events {
    void *arg;
    /* Lent for the call. Comes after the machine has settled: one call a change. */
    void (*on_incident)(void *arg, const struct incident *in, enum incident_change change,
        int64_t now_ms);
};

/* A check as the machine knows it: its place, found once and kept by who feeds. */
enum { DIAGNOSE_NO_CHECK = -1 };

enum nh_err diagnose_new(struct diagnose **out, const struct inventory *inv,
    const struct diagnose_events *events) NH_MUST_CHECK;
void diagnose_free(struct diagnose *d);

int diagnose_check_find(const struct diagnose *d, const char *id);

/*
 * A reading of `check`, by the values of its kind. `at_ms` is when it was measured,
 * `arrived_ms` when it came (never before the clock's last step); `boot` is hex of the
 * boot it was made in where the host has started again since, else NULL. `live` marks the
 * live lane: it may open and close at once, and comes again from the journal later.
 */
void diagnose_reading(struct diagnose *d, int check, const struct nh_reading *r,
    int64_t at_ms, int64_t arrived_ms, const char *boot, bool live);
void diagnose_event(struct diagnose *d, const struct nh_event *e, const char *site,
    const char *link, int64_t at_ms, int64_t arrived_ms);
/* Time went on: silence, windows, grouping. Every function above implies it. */
void diagnose_clock(struct diagnose *d, int64_t now_ms);
int64_t diagnose_now(const struct diagnose *d); /* 0: fed nothing yet */

/* A person said so: the cause stays as told until he takes it back (CAUSES). */
void diagnose_override(struct diagnose *d, uint32_t number, enum cause cause,
    const char *party, int64_t now_ms);
/* The minutes of its links and their sum, by its spans and its cause as they are now;
 * what still lasts, up to `now_ms`. */
void diagnose_count_minutes(
    const struct inventory *inv, struct incident *in, int64_t now_ms);
/* The title, and what would settle the doubt, after a person has said the cause. */
void words_of_cause(struct incident *in);
/* A person closed it: what is left of it opens nothing until it has ended. */
void diagnose_close(struct diagnose *d, uint32_t number, int64_t now_ms);

/* Numbers that are given from now on are higher than this one. */
void diagnose_numbers_after(struct diagnose *d, uint32_t number);

/* Of the link with this number in the inventory's order of sites and links. */
void diagnose_learnt(const struct diagnose *d, size_t link, struct learnt *out);

/* Those that are open, or were closed within the time that late truth may revise. Lent.
 */
size_t diagnose_count(const struct diagnose *d);
const struct incident *diagnose_at(const struct diagnose *d, size_t index);
const struct incident *diagnose_find(const struct diagnose *d, uint32_t number);

/*
 * Everything it knows, as bytes. A machine with a newer inventory takes what it still has
 * a place for: checks are named by their ids. NH_EFORMAT: `d` is as new.
 */
void diagnose_save(const struct diagnose *d, struct nh_buf *out);
enum nh_err diagnose_load(struct diagnose *d, struct nh_slice in) NH_MUST_CHECK;

#endif
