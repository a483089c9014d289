/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_profile.h - where each vendor keeps its figures: text files of rows
 *
 * A profile (mibs/profiles/NAME.profile) is lines; # begins a comment:
 *
 *   device 1.3.6.1.4.1.14988.1 MikroTik RouterOS    which sysObjectID, and its name
 *   temp_c 1.3.6.1.4.1.14988.1.1.3.10 highest x0.1  metric, column, how, and options
 *
 * The column is without its index (no ".0"); *.100.1.2 is below the device's own
 * sysObjectID. How its rows become one figure: first, sum,
 * average, highest, lowest, or port: a figure for each ifIndex. Options: xN multiplies,
 * +N and -N add after that, from=N and to=N leave out what is not between them (before
 * multiplying), not=N what is N, at=N takes the row of that index alone, is=N gives 1
 * where the value is N and 0 elsewhere, text reads the number at the head of a text,
 * percent=K the one before the Kth % of a text. with=C:N takes a row only where column C
 * of its table is N. mw: the number (after xN) is milliwatts, and becomes dBm; one below
 * zero is dBm already and stays as it is.
 *
 * port reads the ifIndex at the head of the index: behind it may be the lane of a module,
 * and the first lane counts; or what of the module it is, and at=N takes that alone.
 *
 * Several rows may give one metric: the first that has a value counts, those of the
 * longest matching sysObjectID first. mem_used, mem_free and mem_total make mem_used_pct;
 * mem_buffers and mem_cached is memory that mem_free leaves out, though it can be had.
 */
#ifndef NH_SNMP_PROFILE_H
#define NH_SNMP_PROFILE_H

#include "libnhip/snmp.h"

enum nh_snmp_metric_id {
    NH_SNMP_FACT_CPU,
    NH_SNMP_FACT_MEM_PCT,
    NH_SNMP_FACT_MEM_USED,
    NH_SNMP_FACT_MEM_FREE,
    NH_SNMP_FACT_MEM_TOTAL,
    NH_SNMP_FACT_MEM_BUFFERS,
    NH_SNMP_FACT_MEM_CACHED,
    NH_SNMP_FACT_TEMP,
    NH_SNMP_FACT_VOLTAGE,
    NH_SNMP_FACT_RX_POWER,
    NH_SNMP_FACT_ON_BATTERY,
    NH_SNMP_FACT_CHARGE,
    NH_SNMP_FACT_RUNTIME,
    NH_SNMP_FACT_INPUT,
    NH_SNMP_FACTS
};

enum nh_snmp_how {
    NH_SNMP_FIRST,
    NH_SNMP_SUM,
    NH_SNMP_AVERAGE,
    NH_SNMP_HIGHEST,
    NH_SNMP_LOWEST,
    NH_SNMP_PORT
};

struct nh_snmp_profile_row {
    enum nh_snmp_metric_id metric;
    enum nh_snmp_how how;
    struct nh_oid column;
    double scale, offset, from, to, never;
    bool has_at, has_is, has_never, has_with, text, mw, below;
    uint32_t at, with_column;
    uint32_t percent; /* 0: not said */
    double is, with;
};

struct nh_snmp_profile {
    struct nh_snmp_profile *next;
    struct nh_oid device; /* a prefix of sysObjectID */
    char name[64];
    struct nh_snmp_profile_row *rows; /* owned */
    size_t count;
};

/* The name of a metric in a profile. */
const char *nh_snmp_metric_name(enum nh_snmp_metric_id metric);

/* Read a profile from memory into *list, at its head. NH_ECONF: `why` is "file:line: what
 * is wrong", and the list is as before. NH_ENOMEM. */
enum nh_err nh_snmp_profile_parse(struct nh_snmp_profile **list, const char *file,
    const char *text, size_t len, char why[256]) NH_MUST_CHECK;
void nh_snmp_profile_free(struct nh_snmp_profile *list);

/* The profiles that came with the program, read once. */
const struct nh_snmp_profile *nh_snmp_profiles(void);

/* Rows for a device with this sysObjectID, the most specific first; at most `max`.
 * *name is the most specific profile's. */
size_t nh_snmp_profile_rows(const struct nh_snmp_profile *list, const char *object_id,
    const struct nh_snmp_profile_row **rows, size_t max, const char **name);

/* The column of row `r` on a device with this sysObjectID; false: it has none. */
bool nh_snmp_profile_column(
    const struct nh_snmp_profile_row *r, const char *object_id, struct nh_oid *out);

/* The column that row `r`, which has_with, looks at beside its own. */
struct nh_oid nh_snmp_profile_beside(const struct nh_snmp_profile_row *r);

/* The number that row `r` makes of `v`; false when it makes none. */
bool nh_snmp_profile_value(
    const struct nh_snmp_profile_row *r, const struct nh_snmp_var *v, double *out);

#endif
