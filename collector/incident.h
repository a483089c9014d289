/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incident.h - one cause of trouble, what it covers, and what was said about it
 *
 * Plain data that three modules share and nobody else owns: diagnose.c makes incidents
 * and revises them, policy.c decides who is told, incidents.c keeps them in the database.
 * Objects of the inventory stand here by their ids, never by pointers: an incident
 * outlives a reload, and the object it names may be gone from the file.
 *
 * Numbers are given by diagnose.c in order of opening, are part of its saved state, and
 * so are the same after a crash and from replay to replay: number 412 is shown as
 * "SC-0412". All times are wall ms of the stream ("virtual time" in a replay), 0 where
 * not known.
 *
 * Threads: one owner.
 */
#ifndef INCIDENT_H
#define INCIDENT_H

#include "libnhip/reading.h"
#include "libnhip/record.h"

enum incident_kind {
    INCIDENT_OUTAGE,
    INCIDENT_DEGRADED,
    INCIDENT_FLAPPING,
    INCIDENT_POWER,
    INCIDENT_SERVICE,
    INCIDENT_STANDBY_LOST,
    INCIDENT_SILENT,
    INCIDENT_KINDS
};

enum cause {
    CAUSE_UNKNOWN,
    CAUSE_POWER,
    CAUSE_SITE_LAN,
    CAUSE_LAST_MILE,
    CAUSE_CARRIER_NODE,
    CAUSE_CARRIER_CORE,
    CAUSE_DATA_CENTRE,
    CAUSE_SERVICE,
    CAUSE_CONGESTION,
    CAUSE_MONITORING,
    CAUSE_PLANNED,
    CAUSES
};

enum confidence { CONFIDENCE_SUSPECTED, CONFIDENCE_LIKELY, CONFIDENCE_FACT };

/* Minutes of links, as ms; each ms of a link is in one of the four at most. */
struct incident_minutes {
    int64_t down_ms, degraded_ms, unknown_ms, excluded_ms;
};

enum {
    INCIDENT_PARTY_MAX = NH_SITE_ID_MAX + 16, /* "carrier:vnpt" */
    INCIDENT_LINK_MAX = 2 * NH_SITE_ID_MAX,   /* "bao-lac/vnpt" */
    INCIDENT_REASONS_MAX = 12,
};

#define INCIDENT_TIME_MAX (INT64_C(1) << 50) /* ms: no sum of a few is an overflow */

/* When a link was down, or else degraded: from the first bad round to the first good
 * one. */
struct incident_span {
    int64_t from_ms, to_ms; /* 0: still */
    bool down;
};

/* A link that the incident covers, and its own part of it. */
struct incident_link {
    char id[INCIDENT_LINK_MAX];
    bool standby;
    int64_t from_ms, to_ms; /* 0: still */
    struct incident_minutes minutes;
    size_t span_count;
    struct incident_span *spans; /* owned; by start, none of them overlap */
};

/*
 * A reason is a row of text.c with its arguments already put in, in both languages, and
 * the reading it rests on: so that the page can lead from the sentence to the evidence.
 */
struct incident_reason {
    char *vi, *en;               /* owned */
    char check[NH_CHECK_ID_MAX]; /* the check whose reading says so, "" none */
    int64_t at_ms;               /* when it was seen */
};

/* What was measured when it last changed, for the words of a message; -1: not known. */
struct incident_figures {
    int32_t rtt_us, loss_permille; /* of the link, degraded: means of five minutes */
    int32_t runtime_s, charge_pct; /* of the UPS, where power failed */
    bool battery_low;              /* the UPS told that it is nearly empty */
};

struct incident {
    uint32_t number;
    int64_t opened_ms;      /* when we said so */
    int64_t started_ms;     /* when the trouble began, by the evidence */
    int64_t closed_ms;      /* when the trouble ended, by the evidence; 0: open */
    int64_t told_closed_ms; /* when we saw that it had ended; 0: open */
    int64_t changed_ms;     /* of the last change of anything here */
    uint32_t revision;      /* 1 at opening, one more with each change of cause, party,
                               confidence,      start, end, or what it covers */
    enum incident_kind kind;
    enum cause cause, first_cause;
    enum confidence confidence;
    char party[INCIDENT_PARTY_MAX]; /* "power_company", "commune", "carrier:NAME",
                                       "province", "service:NAME", "unknown" */
    /* What it is about, where one thing is: a pop, carrier, feeder, service or planned
     * id. */
    char object[NH_SITE_ID_MAX];
    char *title_vi, *title_en; /* owned: the sentence, "VNPT node Bảo Lạc: 6 sites ..." */
    size_t link_count, site_count, reason_count;
    struct incident_link *links;     /* owned */
    char (*sites)[NH_SITE_ID_MAX];   /* owned */
    struct incident_reason *reasons; /* owned */
    /* What else it could be; CAUSE_UNKNOWN with a NULL text: nothing else. */
    enum cause next_cause;
    char *settle_vi, *settle_en; /* owned: which reading would tell the two apart */
    struct incident_figures figures;
    struct incident_minutes minutes; /* the sum of the links' */
    bool may_be_told; /* false: recorded only (planned, or all of it past when found) */
    bool note; /* within all limits, but far from the usual: no trouble, nobody is told */
    bool whole_carrier; /* all links of a carrier, or the centre: quiet hours do not hold
                           it */
    uint32_t merged_into; /* another incident explains all of this one; 0: none */
};

enum incident_change {
    INCIDENT_OPENED,
    INCIDENT_REVISED, /* cause, party, confidence, start, end or scope changed */
    INCIDENT_CLOSED,
    INCIDENT_REOPENED, /* its end was taken back */
    INCIDENT_MERGED,   /* into merged_into: told as part of that one from now on */
    INCIDENT_MEASURED, /* the times of single links alone: no revision, nothing to tell */
};

const char *incident_kind_name(enum incident_kind kind); /* "outage" ... */
const char *incident_cause_name(enum cause cause);       /* "power" ... */
const char *incident_confidence_name(enum confidence confidence);
/* By name; false: there is none. */
bool incident_cause_of(const char *name, enum cause *out);
bool incident_kind_of(const char *name, enum incident_kind *out);
bool incident_confidence_of(const char *name, enum confidence *out);
/* "SC-0412", "" for 0; and back, also "412" and "sc-412". */
void incident_id(uint32_t number, char out[16]);
bool incident_id_of(const char *id, uint32_t *number);

/*
 * What a time of trouble counts as: the one rule of incidents and reports. What the
 * centre or the measuring itself broke says nothing of the line; `excluded` is what the
 * link's contract says of this cause.
 */
enum minute_class { MINUTE_DOWN, MINUTE_DEGRADED, MINUTE_UNKNOWN, MINUTE_EXCLUDED };
enum minute_class incident_minute_class(enum cause cause, bool down, bool excluded);
int64_t *incident_minutes_of(struct incident_minutes *m, enum minute_class class);

void incident_fini(struct incident *in);
/* Most drops of one of its links within half an hour. */
size_t incident_drops(const struct incident *in);
/* A copy of its own. NH_ENOMEM: *out is then empty. */
enum nh_err incident_dup(struct incident *out, const struct incident *in) NH_MUST_CHECK;

/*
 * One object of the replay format's output without notifications and without a newline:
 * the same document is what `nhipctl --json incident` and the API show, which add their
 * own keys. Its closing brace is left out, so that keys can follow.
 */
void incident_json_open(
    struct nh_buf *out, const struct incident *in, const char *language);

/* Bytes for the database and the saved state; decoding refuses what is malformed. */
void incident_encode(struct nh_buf *out, const struct incident *in);
enum nh_err incident_decode(struct nh_slice *in, struct incident *out) NH_MUST_CHECK;

#endif
