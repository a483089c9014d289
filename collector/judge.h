/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge.h - from readings to states: each check, link, site and service
 *
 * A check is down after `down_after` rounds without an answer, degraded when a limit of
 * its quality is passed over the window by more than one lost round or chance explains,
 * unknown when nothing came for three rounds, else up. A link is up while either end sees
 * the other over it, flapping while it drops again and again (learnt.h). A site is down
 * when no link of it is left, degraded when one is missing, flapping when all that is
 * left of it flaps. A service is down when nobody reaches it who has a line to reach it
 * by.
 *
 * Pure functions of inventory, readings and the times given: knows no clock. Threads: one
 * owner.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "collector/inventory.h"
#include "collector/learnt.h"
#include "libnhip/reading.h"
#include "libnhip/record.h"

enum judge_state {
    JUDGE_UNKNOWN,
    JUDGE_UP,
    JUDGE_DEGRADED,
    JUDGE_DOWN,
    JUDGE_MAINTENANCE,
    JUDGE_FLAPPING,
    JUDGE_STATES
};
const char *judge_state_name(enum judge_state state);

/* Why it is not up: a key of text.c and its number. */
struct judge_why {
    const char *text; /* NULL: nothing to say */
    double value;
    double usual; /* the second number of "why_unusual": what it normally is */
};

struct judge_verdict {
    enum judge_state state;
    int64_t since_ms; /* wall; 0: since ever */
    struct judge_why why;
};

/* One round of the window, small: there are thirty a check. */
struct judge_round {
    int64_t at_ms;
    int32_t rtt_us, jitter_us; /* -1: none; a service's total time in rtt_us */
    uint16_t sent, lost;
};

struct judge_link;
struct judge_site;
struct judge_service;

struct judge_check {
    struct inv_check in;
    const struct inv_quality *quality; /* borrowed from the inventory */
    struct judge_verdict is;
    struct nh_reading last; /* the newest */
    int64_t at_ms;          /* of `last`, wall; 0: none yet */
    bool live;              /* `last` came by the live lane and is not stored yet */
    bool ever_up;
    uint32_t missed; /* rounds in a row without an answer */
    int64_t missed_since_ms;
    struct judge_round *rounds; /* owned ring of round_cap */
    uint16_t round_cap, round_count, round_next;
    struct judge_link *link; /* where it belongs; NULL where it does not apply */
    struct judge_site *site;
    struct judge_service *service;
};

struct judge_link {
    const struct inv_link *in;
    struct judge_site *site;
    struct judge_verdict is;
    bool planned;         /* work is announced for now */
    struct learnt learnt; /* by the machine that keeps evidence for long */
    struct judge_check *path, *gateway, *port, *far;
};

struct judge_site {
    const struct inv_site *in; /* NULL: the centre */
    struct judge_verdict is;
    bool planned,
        dirty; /* dirty: something shown in it changed; who shows it clears it */
    struct judge_link *links; /* owned */
    size_t link_count, check_count, service_count;
    struct judge_check **checks;   /* owned array: all but services' */
    struct judge_check **services; /* owned array: service/NAME/this */
    struct judge_check *power, *host;
};

struct judge_service {
    const struct inv_service *in;
    struct judge_verdict is;
    bool dirty;
    size_t check_count;
    struct judge_check **checks; /* owned array */
};

struct judge {
    const struct inventory *inv; /* borrowed */
    uint64_t generation;
    size_t check_count, site_count, service_count;
    struct judge_check *checks;     /* owned */
    struct judge_site *sites;       /* owned, in the inventory's order */
    struct judge_service *services; /* owned */
    struct judge_site centre;
    struct judge_index *index;
    bool changed;       /* a state changed: the overview has */
    int64_t planned_ms; /* when planned work was last looked at */
};

/* `generation` tells this judge from the one before a reload. */
enum nh_err judge_new(
    struct judge **out, const struct inventory *inv, uint64_t generation) NH_MUST_CHECK;
void judge_free(struct judge *j);
/* Take over what is known from the judge before a reload. */
void judge_inherit(struct judge *j, const struct judge *before);

/* Lent; NULL when there is none. */
struct judge_check *judge_check_find(const struct judge *j, const char *id);
struct judge_site *judge_site_find(const struct judge *j, const char *id);
struct judge_service *judge_service_find(const struct judge *j, const char *id);

/* One reading of `check`, dated. One that is older than the newest changes nothing. */
void judge_take(struct judge *j, struct judge_check *check, const struct nh_reading *r,
    int64_t at_ms, bool live);
/* Something that was told: link_down, link_up, on_battery, on_mains. */
void judge_event(struct judge *j, const char *name, const char *object, int64_t at_ms);
/* Time went on, about once a second: what fell silent, what work is announced. */
void judge_tick(struct judge *j, int64_t now_ms);

/*
 * What diagnose.h has learnt of a link: a link that flaps is `flapping` instead of up,
 * degraded or down; one that is up and far from its usual delay says so as its reason.
 */
void judge_learn(
    struct judge *j, struct judge_link *link, const struct learnt *is, int64_t at_ms);

/* The rules alone, for tests. */
struct judge_verdict judge_quality(const struct judge_check *check);
void judge_link_now(struct judge_link *link, int64_t at_ms);

#endif
