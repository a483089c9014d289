/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.h - who is told of an incident, when, by which channel, in which words
 *
 * Pure like diagnose.h: changes of incidents and the clock's steps go in, messages come
 * out. Rules of the inventory's `alerts`: shown at once, told after outage_after_s or as
 * soon as `together` sites fall together; escalated while nobody has acknowledged; quiet
 * hours hold what is not a whole carrier or the centre, and end in a digest, and so do
 * the hours of a contact, while the duty officer stands in for him; nobody is told of the
 * past; a revision or an end goes only to those who were told of the opening, in the same
 * thread; a storm is one message.
 *
 * Planned work that meets a meeting is told of up to a week before, once, to those whom
 * the meeting's service names and the duty officer: there is still time to move one.
 *
 * The day before planned work those at whose place it is are told of it, and the duty
 * officer. `check_before_min` before a meeting those who run it hear which sites are
 * ready: those with a link that no open incident has.
 *
 * A message's key is the same after a crash and from replay to replay: the outbox takes a
 * key once.
 *
 * Threads: one owner.
 */
#ifndef POLICY_H
#define POLICY_H

#include "collector/incident.h"
#include "collector/inventory.h"
#include "collector/meetings.h"

enum message_about {
    MESSAGE_OPENED,
    MESSAGE_REVISED,
    MESSAGE_CLOSED,
    MESSAGE_ESCALATED,
    MESSAGE_MEETING, /* planned work meets a meeting: no incident, its number is 0 */
    MESSAGE_PLANNED, /* work is planned for tomorrow; about none, too */
    MESSAGE_CHECK,   /* who is ready for a meeting; about none, too */
    MESSAGE_ABOUTS
};

/* One message to one contact by its first channel; delivery may fall to the next one. */
struct message {
    char key[96];      /* "412:opened:truc-ca:1" */
    uint32_t incident; /* number; of a digest the first one's; 0: about none */
    size_t also_count; /* of a digest the others; lent like the words */
    const uint32_t *also;
    enum message_about about;
    const struct inv_contact *to; /* borrowed from the inventory */
    const char *channel; /* row of notifiers/table.h: "sms", "email", "webhook" ... */
    int64_t at_ms;
    /* The words for each channel, made now, so that what is sent is what was decided: */
    const char *sms;     /* GSM-7, by GLOSSARY's rules, within 160 where it fits */
    const char *subject; /* of an e-mail; the thread is the incident's */
    const char *text;    /* plain text with diacritics, in the contact's language */
};

struct policy_events {
    void *arg;
    void (*on_message)(void *arg, const struct message *m); /* lent for the call */
};

struct policy;
enum nh_err policy_new(struct policy **out, const struct inventory *inv,
    const struct policy_events *events) NH_MUST_CHECK;
void policy_free(struct policy *p);

void policy_incident(struct policy *p, const struct incident *in,
    enum incident_change change, int64_t now_ms);
/* Somebody has it in hand: no further escalation. */
void policy_acknowledged(struct policy *p, uint32_t number, int64_t now_ms);
void policy_clock(struct policy *p, int64_t now_ms);
int64_t policy_now(const struct policy *p); /* 0: told of nothing yet */

void policy_save(const struct policy *p, struct nh_buf *out);
enum nh_err policy_load(struct policy *p, struct nh_slice in) NH_MUST_CHECK;

/* What the words depend on beside the incident. */
struct message_view {
    enum message_about about;
    const struct inv_contact *to; /* NULL: nobody in particular */
    int64_t now_ms;
    bool on_backup; /* the site's other link carries it */
};

const char *message_about_name(enum message_about about);
/* Who is told of this cause, in order, each once; returns how many (at most `max`). */
size_t policy_whom(const struct inventory *inv, const struct incident *in,
    const struct inv_contact **out, size_t max);
/* Of many: what they are one line each, the SMS as many as fit. */
void policy_digest_sms(const struct inventory *inv, const struct incident *const *in,
    size_t count, enum message_about about, struct nh_buf *out);
void policy_digest_text(const struct inventory *inv, const struct incident *const *in,
    size_t count, enum message_about about, const char *language, struct nh_buf *subject,
    struct nh_buf *text);
/* The words alone, for tests: 140 characters are the aim, 160 the limit; `out` is
 * cleared. */
void policy_sms(const struct inventory *inv, const struct incident *in,
    const struct message_view *view, struct nh_buf *out);
void policy_text(const struct inventory *inv, const struct incident *in,
    const struct message_view *view, struct nh_buf *subject, struct nh_buf *text);
/* Planned work, to those at whose place it is. */
void policy_planned_sms(
    const struct inventory *inv, const struct inv_planned *work, struct nh_buf *out);
void policy_planned_text(const struct inventory *inv, const struct inv_planned *work,
    const char *language, struct nh_buf *subject, struct nh_buf *text);
/* Before a meeting: of `count` sites those that are not ready. */
struct meeting_check {
    const struct inv_meeting *meeting;
    int64_t start_ms;
    size_t count, not_ready_count;
    const struct inv_site *const *not_ready;
};
void policy_check_sms(
    const struct inventory *inv, const struct meeting_check *c, struct nh_buf *out);
void policy_check_text(const struct inventory *inv, const struct meeting_check *c,
    const char *language, struct nh_buf *subject, struct nh_buf *text);
/* The same for planned work that meets a meeting. */
void policy_meeting_sms(
    const struct inventory *inv, const struct meeting_clash *c, struct nh_buf *out);
void policy_meeting_text(const struct inventory *inv, const struct meeting_clash *c,
    const char *language, struct nh_buf *subject, struct nh_buf *text);

#endif
