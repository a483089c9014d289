/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_model.h - what diagnose.c and its parts share: tracks, episodes, groups
 *
 * A track is what one check told, as runs of answered and missed rounds. An episode is a
 * stretch of trouble of one link, site or service, worked out from tracks and events. A
 * group is the episodes that one cause explains; it becomes an incident. Episodes and
 * groups follow from the evidence alone and are worked out anew when some arrives, late
 * evidence too; only the incident's number and what was told are remembered.
 */
#ifndef DIAGNOSE_MODEL_H
#define DIAGNOSE_MODEL_H

#include "collector/diagnose.h"
#include "collector/normal.h"
#include "collector/strmap.h"

enum {
    RUNS_MAX = 48, /* kept of a check; the oldest go first */
    ROUNDS_MAX = 31,
    FACTS_MAX = 24, /* events kept of a site */
    HOLES_MAX = 8,
    EPISODES_MAX = 24, /* kept of a link */
    MEMBERS_MAX = 64,  /* sites of a group that are looked at one by one */
};

enum {
    HOLE_MS = 30000,        /* nothing at all for so long: the collector was off */
    HOLE_WAIT_MS = 45000,   /* journals of a hole arrive within this */
    JOIN_MS = 600000,       /* the same trouble again within this is one incident */
    KEEP_MS = 3 * 3600000,  /* evidence older than this settles */
    SILENT_MS = 90000,      /* an agent's silence before it is said */
    MOVE_MS = 120000,       /* a session moves to another line within this */
    CLOSE_AFTER_MS = 30000, /* an end holds so long before it is told */
    TOGETHER_MS = 3000,     /* clocks and rounds: onsets this near are one moment */
    FEEDER_MS = 60000,      /* on one feeder, power fails within this */
    TRAP_LATE_MS = 180000,  /* a device tells of its cold start this long after */
    FLAP_MS = 1800000,      /* three drops within this are flapping ... */
    FLAPS = 3,
    FLAP_CALM_MS = JOIN_MS, /* ... until none has come for so long */
    KEY_MAX = 2 * NH_SITE_ID_MAX + 16,
};

#define NOTE_KEY "note-" /* before the key of a note: it joins no incident of trouble */

struct run {
    int64_t from_ms, to_ms; /* first and last round */
    uint32_t count;
    bool ok;
};

struct round {
    int64_t at_ms;
    int32_t rtt_us, jitter_us; /* -1: none */
    uint16_t sent, lost;
};

enum track_class {
    TRACK_OTHER,
    TRACK_PATH,
    TRACK_GATEWAY,
    TRACK_FAR,
    TRACK_POP,
    TRACK_PORT,
    TRACK_POWER,
    TRACK_HOST,
    TRACK_PING,
    TRACK_SNMP,
    TRACK_SERVICE,
};

struct track {
    struct inv_check in;
    enum track_class class;
    int link, site, service; /* -1: none; link of the centre: uplink index */
    bool is_router;          /* the device that the site's lines run through */
    bool has_optics, dark;   /* port: receive power is read; and is gone */
    bool slow;               /* service: the last failure was slowness */
    bool expired;            /* service: the last failure was its certificate */
    int32_t status;          /* service: of the last failure */
    int64_t seen_ms;         /* newest round, by its own time */
    int64_t errors_ms;       /* port: last with receive errors */
    int64_t full_ms;         /* port: last at 90 % of the link's bandwidth */
    int32_t full_count;      /* rounds in a row, or nearly, at that */
    struct normal normal;    /* path and far: the usual delay */
    int32_t normal_us;       /* service: usual time */
    uint16_t normal_count;
    uint16_t run_count, round_count, round_next;
    struct run *runs; /* owned, sorted; grows to RUNS_MAX */
    uint16_t run_cap;
    struct round *rounds; /* owned ring, path and far only */
};

enum episode_kind { EP_DOWN, EP_DEGRADED, EP_POWER, EP_SILENT, EP_SERVICE, EP_CENTRE };

struct episode {
    int64_t lo_ms;   /* last moment that was surely good */
    int64_t from_ms; /* first that was bad */
    int64_t to_ms;   /* first good again; 0: still */
    int64_t slow_ms; /* degraded: last round over a limit of time */
    double value;    /* degraded: the figure */
    enum episode_kind kind;
    int link, site, service; /* -1: none */
    uint32_t incident;       /* 0: none yet */
    bool pending;            /* not sure yet: counts for a group, opens none */
    bool held;               /* as good as pending: waits for the journals of a hole */
    bool loss;               /* degraded: by loss, else by time */
    bool note; /* degraded: within all limits, but far from the usual: a note, no more */
    int32_t usual_us; /* the note's */
    /* worked out with each grouping */
    char key[KEY_MAX];
};

enum fact_kind {
    FACT_SESSION_UP,
    FACT_SESSION_DOWN,
    FACT_ON_BATTERY,
    FACT_ON_MAINS,
    FACT_BATTERY_LOW,
    FACT_LAST_GASP,
    FACT_SHUTDOWN,
    FACT_COLD_START,
    FACT_BOOT,        /* at_ms is when the host started */
    FACT_ROUTER_BOOT, /* the same of the router */
    FACT_KINDS
};
struct fact {
    int64_t at_ms;
    enum fact_kind kind;
};

struct dlink {
    struct inv_link *in;
    int site, carrier, pop; /* pop -1: none */
    struct track *path, *gateway, *far, *port;
    size_t episode_count;
    struct episode
        episodes[EPISODES_MAX]; /* down ones, then one of quality at most open */
    bool dirty;
};

struct dsite {
    struct inv_site *in; /* NULL: the centre */
    size_t link_count;
    int first_link; /* links of a site are neighbours */
    int feeder;     /* -1: none */
    struct track *power, *router, *host;
    int32_t runtime_s, charge_pct; /* of the UPS, last told; -1: never */
    bool connected, ever_connected, planned_told;
    int64_t lost_ms;  /* when the session ended or the last line came */
    int64_t heard_ms; /* last arrival of anything of the agent */
    char boot[40];
    size_t fact_count;
    struct fact facts[FACTS_MAX];
    struct episode power_ep, silent_ep; /* from_ms 0: none */
};

struct dpop {
    struct inv_pop *in;
    int carrier;
    size_t link_count;
    int *links; /* owned */
    struct track *track;
};

struct dcarrier {
    struct inv_carrier *in;
    size_t link_count, pop_count;
    struct track *gateway, *port; /* the centre's own */
    /* of one grouping: an episode that the core explains explains its companions */
    const struct episode *core_down, *core_degraded[2]; /* [1]: notes */
    size_t degraded[2];
};

struct dservice {
    struct inv_service *in;
    size_t track_count;
    struct track **tracks; /* owned */
    struct episode ep;
};

struct hole {
    int64_t from_ms, to_ms;
    bool cold; /* the collector's host had been off as well */
};

/* What a group's evidence amounts to, for the rules of causes/. */
struct group {
    struct diagnose *d;
    char key[KEY_MAX];
    size_t count, cap;
    struct episode **eps; /* owned array of borrowed */
    int64_t from_ms, to_ms, onset_ms;
    /* scope */
    int carrier, pop, site, service, feeder, link; /* -1: not one */
    const struct inv_planned *planned;
    bool centre, uplink, core, node;
    bool note; /* of notes alone: nothing is over a limit */
    size_t links, sites, down, degraded, standby_down,
        drops; /* drops: most of one link */
    size_t carriers;
    /* sites that went dark as a whole, and what is known of them */
    size_t dark, power_proof, lan_proof, line_proof, battery, silent;
    bool host_lived; /* one told of it, whose way through nobody measures */
    /* of single links */
    bool seen_live; /* the agent told while it happened, or its journal later */
    bool gateway_dead, gateway_alive, port_down, port_dark, port_optics, full, slow;
    bool others_up; /* another link of the same node went on */
    bool cold_hole, in_hole;
    /* the verdict */
    enum cause cause, next;
    enum confidence confidence;
    const char *party;
    char party_buf[INCIDENT_PARTY_MAX];
    const char *settle; /* text key */
    size_t reason_count;
    struct incident_reason reasons[INCIDENT_REASONS_MAX]; /* owned texts */
};

struct diagnose {
    const struct inventory *inv;
    struct diagnose_events events;
    size_t track_count, link_count, site_count, pop_count, carrier_count, service_count;
    struct track *tracks;
    struct dlink *links;
    struct dsite *sites; /* the centre is one more at the end */
    struct dpop *pops;
    struct dcarrier *carriers;
    struct dservice *services;
    struct strmap checks, site_by_id, link_by_id;
    struct track *centre_router, *centre_power;
    struct episode centre_ep;
    size_t hole_count;
    struct hole holes[HOLES_MAX];
    int64_t now_ms, arrived_ms, judged_ms;
    bool dirty;
    size_t far_links;               /* of one grouping: links that the centre can see */
    size_t down_links;              /* of one grouping: links that fell at all */
    const struct episode *all_down; /* the same: one that took the whole province */
    int64_t wake_ms;                /* look again then; 0: nothing to wait for */
    uint32_t numbers;
    size_t incident_count, incident_cap;
    struct dincident *incidents; /* owned */
};

/* An incident and what the machine remembers of it. */
struct dincident {
    struct incident in;
    char key[KEY_MAX];
    bool told_open, overridden, dismissed, taken;
};

/* diagnose_track.c */
enum { TRACK_NOTHING, TRACK_SAME, TRACK_CHANGED };
int track_add(struct track *t, const struct nh_reading *r, int64_t at_ms);
bool track_ok(struct track *t, int64_t at_ms, bool ok); /* true: something changed */
const struct run *track_last(const struct track *t);
bool track_ever_ok(const struct track *t);
/* Rounds of `ok` within the span; the first one's time in *first where not NULL. */
bool track_has(const struct track *t, bool ok, int64_t from_ms, int64_t to_ms,
    uint32_t least, int64_t *first);
bool track_missing_now(const struct track *t, uint32_t least);
/* Is a limit of `q` passed over the window that ends with the newest round? */
struct quality {
    bool over, suspect, clear, loss;
    double value, loss_pct;
    int64_t since_ms; /* first bad round of the window */
    int64_t slow_ms;  /* last one over a limit of time, 0: none */
};
struct quality track_quality(const struct track *t, const struct inv_quality *q);

/* Means of the rounds of the last five minutes; -1: none. */
void track_figures(const struct track *t, int32_t *rtt_us, int32_t *loss_permille);

/* diagnose_episode.c */
void episodes_of_link(struct diagnose *d, int link);
void episodes_of_sites(struct diagnose *d);
void episodes_of_services(struct diagnose *d);
void site_fact(struct diagnose *d, int site, enum fact_kind kind, int64_t at_ms);
bool site_has_fact(const struct dsite *s, enum fact_kind kind, int64_t from_ms,
    int64_t to_ms, int64_t *at);
bool is_sure(const struct episode *e);
bool is_open_at(const struct episode *e, int64_t at_ms);
const struct hole *hole_of(const struct diagnose *d, int64_t at_ms);
const struct track *link_near(const struct dlink *l);
/*
 * Flapping, as states and incidents mean it: at least FLAPS sure drops within FLAP_MS.
 * Most drops within that time of those with this key (NULL: of all that follow each other
 * without a longer peace than FLAP_CALM_MS, up to the newest, first in *first).
 */
size_t link_drops(const struct dlink *l, const char *key, const struct episode **first);
/* Has the link begun to miss rounds again since that moment, and is it not yet sure? */
bool link_misses_since(const struct dlink *l, int64_t at_ms);
/* Down at that moment, surely or perhaps. */
const struct episode *link_down_at(const struct dlink *l, int64_t at_ms);

/* diagnose_group.c */
void diagnose_judge(struct diagnose *d);

/* diagnose_weigh.c: what the episodes and tracks of a group amount to */
void group_weigh(struct group *g);
void group_fini(struct group *g);

/* diagnose_incident.c */
void incident_from_group(struct diagnose *d, struct dincident *x, struct group *g);
void incident_vanished(struct diagnose *d, struct dincident *x);

/* diagnose_words.c: rows of text.c with their arguments put in */
void words_fill(struct nh_buf *out, const char *pattern, const char *const *args);
char *words_dup(const char *pattern, const char *const *args);
/* `a` and `b` stand for the first and second "{}"; NULL: none. */
void group_say(struct group *g, const char *key, const struct track *t, int64_t at_ms,
    const char *a, const char *b);
void group_say_delay(struct group *g, const struct track *t, const struct episode *e);
void group_title(const struct group *g, enum incident_kind kind, char **vi, char **en);
void group_blame_carrier(struct group *g, int carrier);

/* causes/: the first rule that holds names the cause. */
struct cause_rule {
    enum cause cause;
    const char *wants; /* the evidence it needs, for the documents */
    bool (*holds)(struct group *g);
};

#endif
