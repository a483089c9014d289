/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_walk.h - reading the columns of a table, whatever the device makes of it
 *
 * Columns are walked side by side with GETBULK, as many rows at a time as the device
 * gives; those of few rows, by what they had last time, are read with the end of the
 * others. Each column goes on from its own last row, so that answers cut anywhere,
 * columns that end early and columns with holes are all the same. A row that is not
 * beyond the last one ends its column: a walk of a device that repeats itself ends. A
 * device that finds its answer too big, or leaves GETBULK unanswered, is asked for less,
 * at last by GETNEXT, which is also what v1 gets. An object that the device cannot read
 * (genErr) ends its column, not the others.
 */
#ifndef NH_SNMP_WALK_H
#define NH_SNMP_WALK_H

#include "libnhip/snmp.h"

enum { NH_WALK_COLUMNS_MAX = 48, NH_WALK_HEADS_MAX = 4 };

/* What a device has shown that it can bear; zeroed at first, kept from walk to walk. */
struct nh_snmp_pace {
    int objects;  /* a request, 0: not known yet */
    int most;     /* more than these got no answer, or "too big"; 0: not known */
    bool no_bulk; /* it leaves GETBULK unanswered */
    int patience; /* walks until `most` and `no_bulk` are tried again */
};

struct nh_snmp_walked {
    enum nh_snmp_result result; /* OK, or why the walk ended early */
    size_t cells;
    bool backwards;  /* a row was not beyond the one before: the column was cut there */
    bool bounded;    /* a column had more than `max_rows` */
    bool complained; /* the device could not read an object: its column was cut there */
    uint32_t rows[NH_WALK_COLUMNS_MAX]; /* of each column */
};

struct nh_snmp_walk;

struct nh_snmp_walk_plan {
    const struct nh_oid *columns;
    size_t count;
    const uint32_t *likely_rows; /* what each had last time, 0: not known; NULL: all 0 */
    size_t max_rows;             /* a column */
    int64_t until_us;            /* CLOCK_BOOTTIME: NH_SNMP_SLOW after it; 0: no end */
    /* Objects, without their ".0", that are asked once, with the first request; at most
     * NH_WALK_HEADS_MAX. What came in their places is told before any cell; false: the
     * walk ends here. When that request fails the walk does, too. */
    const struct nh_oid *heads;
    size_t head_count;
    bool (*on_heads)(
        void *arg, const struct nh_snmp_var *vars, size_t count, int64_t mono_us);
    /* One cell: the column's number and the row's index (the id behind the column's). */
    void (*on_cell)(void *arg, size_t column, const unsigned long *index,
        size_t index_len, const struct nh_snmp_var *v, int64_t mono_us);
    /* The walk has ended and is freed; comes once, from the loop. */
    void (*on_done)(void *arg, const struct nh_snmp_walked *what);
    void *arg;
};

/* Errors: NH_ENOMEM, NH_EINVAL; the callbacks then do not come. `pace` is borrowed, what
 * the plan points to is not. */
enum nh_err nh_snmp_walk_start(struct nh_snmp_walk **out, struct nh_snmp *s,
    struct nh_snmp_pace *pace, const struct nh_snmp_walk_plan *plan) NH_MUST_CHECK;
/* End it without callbacks. */
void nh_snmp_walk_stop(struct nh_snmp_walk *w);

#endif
