/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report_model.h - what the files of report.h share: a month of each link and its sums
 *
 * Internal to report*.c.
 */
#ifndef REPORT_MODEL_H
#define REPORT_MODEL_H

#include "collector/report.h"
#include "collector/spans.h"
#include "collector/strmap.h"

enum { END_PATH, END_FAR, ENDS, MONTH_LEN = 7 };

/* Minutes as ms, and how much of the unknown nobody measured. */
struct sums {
    int64_t total_ms, unmeasured_ms;
    struct incident_minutes m;
};

struct share { /* of one party */
    char party[INCIDENT_PARTY_MAX];
    struct incident_minutes m;
};
struct shares {
    size_t count, cap;
    struct share *at; /* owned */
};

struct mark {
    int64_t from_ms, to_ms;
    enum minute_class class;
    bool down;
    uint32_t incident; /* index */
};

struct rlink {
    char *id, *head; /* owned; head: keys of the document that do not change */
    size_t carrier;
    int every_ms, down_after;
    double target_pct; /* 0: none */
    bool excludes[CAUSES];
    struct spans hours, answered, measured[ENDS];
    bool ever_answered[ENDS];
    size_t mark_count, mark_cap;
    struct mark *marks; /* owned */
    /* worked out */
    struct sums sums;
    struct shares shares;
    size_t incident_count, incident_cap;
    uint32_t *incidents; /* owned: indexes, each once */
};

struct rincident {
    uint32_t number, revision;
    int64_t started_ms, closed_ms;
    enum cause cause;
    enum confidence confidence;
    char party[INCIDENT_PARTY_MAX];
    char *title_vi, *title_en; /* owned */
    size_t links;
    struct incident_minutes m;
};

struct named {
    char *id, *name; /* owned */
};

struct whole { /* a carrier, or the province */
    size_t links, incidents;
    struct sums sums;
    struct shares shares;
};

struct report {
    char month[MONTH_LEN + 1];
    char *zone; /* owned */
    int64_t from_ms, end_ms, to_ms, newest_ms;
    bool complete, done, failed;
    size_t link_count, carrier_count, service_count, incident_count, incident_cap;
    struct rlink *links;      /* owned */
    struct named *carriers;   /* owned */
    struct named *services;   /* owned */
    struct whole *by_carrier; /* owned */
    struct whole province;
    struct rincident *incidents; /* owned */
    struct strmap link_by_id, end_by_check;
    char (*checks)[NH_CHECK_ID_MAX]; /* owned: keys of end_by_check, ENDS a link */
};

/* report.c: the sums, of all that went in. False: out of memory. */
bool report_work_out(struct report *r) NH_MUST_CHECK;
/* report_json.c: `head` of a link, open for more keys; NULL: out of memory. */
char *report_link_head(const struct inv_link *in) NH_MUST_CHECK;

#endif
