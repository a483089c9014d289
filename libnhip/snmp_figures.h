/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_figures.h - the figures of one device, by the rows of its profile
 *
 * Which columns a device is asked for depends on its sysObjectID; a row of the profile
 * makes one figure of all cells of its column, or one for each interface. A row that
 * looks at the column beside its own has two: the second has the number of the row and
 * NH_SNMP_BESIDE. Pure.
 */
#ifndef NH_SNMP_FIGURES_H
#define NH_SNMP_FIGURES_H

#include "libnhip/snmp_profile.h"
#include "libnhip/snmp_walk.h"

enum { NH_SNMP_BESIDE = 64 };

struct nh_snmp_figures {
    const char *profile; /* whose rows these are; NULL: they are to be looked up */
    const struct nh_snmp_profile_row *rows[NH_WALK_COLUMNS_MAX];
    size_t count;
    struct nh_snmp_figure {
        double sum, low, high, first;
        size_t count;
    } of[NH_WALK_COLUMNS_MAX];
    uint32_t cells[NH_WALK_COLUMNS_MAX]; /* of the last round, column by column */
    uint64_t lacks;                      /* bits of columns without a cell */
    struct nh_snmp_beside *besides;      /* owned: cells of rows that look beside */
    size_t beside_count, beside_cap;
};

void nh_snmp_figures_free(struct nh_snmp_figures *f);

/* It is another device: look its rows up again. */
void nh_snmp_figures_forget(struct nh_snmp_figures *f);
/* A round's figures begin; the rows are those of `object_id` (dotted), looked up once.
 * Returns the name of the profile, static. */
const char *nh_snmp_figures_begin(struct nh_snmp_figures *f, const char *object_id);
/* A cell of column `number`. True: it is a figure of the interface `index[0]`, put in
 * `out`. */
bool nh_snmp_figures_put(struct nh_snmp_figures *f, size_t number,
    const unsigned long *index, size_t index_len, const struct nh_snmp_var *v,
    double *out);
/* What came of the round, by nh_snmp_metric_id; NAN unknown. */
void nh_snmp_figures_end(struct nh_snmp_figures *f, double value[NH_SNMP_FACTS]);

#endif
