/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_model.h - what the files of policy.h share: cases, and what they do with them
 *
 * Internal to policy*.c.
 */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

#include "collector/policy.h"

enum {
    POLICY_TOLD_MAX = 48,
    POLICY_HELD_MAX = 100000,
    POLICY_CLASHES_MAX = 4096,
    POLICY_MINUTE_MS = 60000
};

/* What one contact got of one sort since a moment. */
struct window {
    const struct inv_contact *to;
    enum message_about about;
    int64_t from_ms;
    unsigned count;
};
struct held {
    const struct inv_contact *to;
    enum message_about about;
    uint32_t number;
    unsigned step;    /* of its key */
    int64_t after_ms; /* goes out then */
};

struct clash {
    uint32_t hash;
    int64_t until_ms; /* the meeting's end */
};

struct casefile {
    struct incident in;
    bool opened, acknowledged, done, told_low;
    size_t step; /* of the escalation, the next one */
    int64_t told_ms, revised_ms;
    unsigned revisions;
    enum cause told_cause;
    char told_party[INCIDENT_PARTY_MAX];
    size_t told_count;
    const struct inv_contact *told[POLICY_TOLD_MAX];
};

struct policy {
    const struct inventory *inv;
    struct policy_events events;
    int64_t now_ms;
    size_t count, cap;
    struct casefile *cases; /* owned */
    int64_t looked_minute;  /* at meetings */
    size_t clash_count, clash_cap;
    struct clash *clashes; /* owned: told of */
    size_t window_count, window_cap, held_count, held_cap;
    struct window *windows; /* owned */
    struct held *held;      /* owned, in the order of being held */
};

/* policy.c: the case of that number; NULL: there is none, or no memory to make it. The
 * next call may move it. */
struct casefile *policy_case(struct policy *p, uint32_t number, bool make);
struct window *policy_window(
    struct policy *p, const struct inv_contact *to, enum message_about about);
/* False: too many are held, or no memory. */
bool policy_hold(struct policy *p, const struct held *h);
/* A contact behind the `n` of `out`, once; how many there are then. */
size_t policy_add_contact(
    const struct inv_contact **out, size_t n, size_t max, const struct inv_contact *c);
bool policy_is_quiet(const struct policy *p, int64_t at_ms);
/* When his hours have begun or begin: at_ms, or later. */
int64_t policy_on_from(
    const struct policy *p, const struct inv_contact *to, int64_t at_ms);
const char *policy_channel(const struct inv_contact *c);
/* Ends the buffers, tells, and frees them. */
void policy_put_message(struct policy *p, struct message *m, struct nh_buf *sms,
    struct nh_buf *subject, struct nh_buf *text);
/* Has an open incident this link? */
bool policy_is_covered(const struct policy *p, const char *link);

/* policy_plans.c: meetings and planned work, looked at once a minute. */
void policy_look_at_plans(struct policy *p);

#endif
