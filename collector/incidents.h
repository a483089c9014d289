/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents.h - incidents, their audit, the outbox and the machine's state, in one SQLite
 * database (data/incidents.db: WAL, synchronous=FULL, one writer)
 *
 * begin / put / commit make one transaction: the incidents that changed, the messages
 * decided, and the state of diagnose.h and policy.h with the position in the journal up
 * to which they were fed. So a kill -9 at any instant neither repeats nor loses an
 * incident or a message: what was not committed is worked out again from the journal,
 * with the same numbers and keys, and keys already there are kept as they are.
 *
 * What people do (acknowledge, note, own, ticket, estimate, override, close, planned
 * work) is a row of `action` with who, when and by which way; the audit is append-only:
 * triggers refuse UPDATE and DELETE on it.
 *
 * Threads: the loop's only. A commit syncs: about once a second at most.
 */
#ifndef INCIDENTS_H
#define INCIDENTS_H

#include "collector/policy.h"

struct incidents;

/* Open `dir`/incidents.db, making or migrating it. NH_EFORMAT: of a newer version, or
 * damaged; what to do is logged. */
enum nh_err incidents_open(struct incidents **out, const char *dir) NH_MUST_CHECK;
void incidents_close(struct incidents *db);

/* The saved machine: `state` is cleared and filled; *pos 0: none yet. */
enum nh_err incidents_state(struct incidents *db, uint64_t *pos, struct nh_buf *diagnose,
    struct nh_buf *policy) NH_MUST_CHECK;

/* Within one transaction. A failure has been logged, and the whole is taken back: the
 * caller goes on feeding and tries again with the next commit. */
enum nh_err incidents_begin(struct incidents *db) NH_MUST_CHECK;
enum nh_err incidents_put(struct incidents *db, const struct incident *in,
    enum incident_change change, int64_t now_ms) NH_MUST_CHECK;
enum nh_err incidents_message(
    struct incidents *db, const struct message *m) NH_MUST_CHECK;
/* State may be empty: then only the position's readiness is kept as it was. */
enum nh_err incidents_commit(struct incidents *db, uint64_t pos, struct nh_slice diagnose,
    struct nh_slice policy) NH_MUST_CHECK;

enum action {
    ACTION_ACK,
    ACTION_OWN,      /* text: who */
    ACTION_NOTE,     /* text */
    ACTION_TICKET,   /* text: the carrier's number */
    ACTION_ESTIMATE, /* text: when it is said to be mended, "2026-11-24 15:30" */
    ACTION_OVERRIDE, /* text: "CAUSE: reason" */
    ACTION_CLOSE,    /* text: reason */
    ACTIONS
};
/* By its name in docs/CONTROL.md; false: there is none. */
bool incidents_action_of(const char *name, enum action *out);
/* NH_ENOTFOUND: no such incident; NH_EINVAL: text missing or too long (2,000 bytes).
 * Acknowledging twice is NH_OK and changes nothing. */
enum nh_err incidents_act(struct incidents *db, uint32_t number, enum action action,
    const char *who, const char *way, const char *text, int64_t now_ms) NH_MUST_CHECK;

/* Documents for nhipctl, the API and the pages (docs/CONTROL.md); a JSON array or object
 * is put at the end of `out`, a list newest first. NH_ENOTFOUND: no such incident. */
enum nh_err incidents_list_json(struct incidents *db, int64_t from_ms, int64_t to_ms,
    bool open_only, const char *language, struct nh_buf *out) NH_MUST_CHECK;
/* The same without its time line. */
enum nh_err incidents_brief_json(struct incidents *db, uint32_t number,
    const char *language, struct nh_buf *out) NH_MUST_CHECK;
/* As it stands; the caller's: incident_fini(). NH_ENOTFOUND. */
enum nh_err incidents_get(
    struct incidents *db, uint32_t number, struct incident *out) NH_MUST_CHECK;
enum nh_err incidents_last_number(struct incidents *db, uint32_t *out) NH_MUST_CHECK;
bool incidents_is_merged(struct incidents *db, uint32_t number);
/* Numbers of those that were not merged and ended in (after_ms, until_ms], and with
 * `open` those that have not ended; in order. Caller frees *out. */
enum nh_err incidents_numbers(struct incidents *db, bool open, int64_t after_ms,
    int64_t until_ms, uint32_t **out, size_t *count) NH_MUST_CHECK;
enum nh_err incidents_one_json(struct incidents *db, uint32_t number,
    const char *language, struct nh_buf *out) NH_MUST_CHECK;

/*
 * Each incident that was not merged and had not ended by `since_ms`, in order of number;
 * lent for the call. By a connection of its own, so that a worker may read while the loop
 * goes on. NH_ENOTFOUND: there is no database yet.
 */
enum nh_err incidents_read(const char *dir, int64_t since_ms,
    void (*each)(void *arg, const struct incident *in), void *arg) NH_MUST_CHECK;

/* ---- the outbox, for outbox.c ---- */

struct outbox_row {
    int64_t id;
    char key[96], contact[NH_SITE_ID_MAX], channel[32];
    uint32_t incident;
    enum message_about about;
    int64_t at_ms; /* made */
    int tries;
    char *sms, *subject, *text; /* owned by the row */
};
/* The oldest rows that are due, at most `max`; outbox_row_fini() each. */
enum nh_err incidents_outbox_due(struct incidents *db, int64_t now_ms,
    struct outbox_row *out, size_t max, size_t *count) NH_MUST_CHECK;
void outbox_row_fini(struct outbox_row *row);
/* The incidents that a message is about; of an end also those that were merged into it,
 * where this contact had been told of them. Caller frees *out. */
enum nh_err incidents_outbox_about(struct incidents *db, const struct outbox_row *row,
    uint32_t **out, size_t *count) NH_MUST_CHECK;
/* Those that were being sent when the last run ended: nobody knows whether they left. */
enum nh_err incidents_outbox_unclear(struct incidents *db, struct outbox_row *out,
    size_t max, size_t *count) NH_MUST_CHECK;
/* It is being sent, left, was given up, or waits: `error` "" where there is none. */
enum outbox_state {
    OUTBOX_WAITING,
    OUTBOX_SENT,
    OUTBOX_FAILED,
    OUTBOX_SENDING,
    OUTBOX_STATES
};
enum nh_err incidents_outbox_set(struct incidents *db, int64_t id,
    enum outbox_state state, const char *channel, int tries, int64_t next_ms,
    const char *error, int64_t now_ms) NH_MUST_CHECK;
/* Rows by state, and when the oldest that waits was made (0: none waits). */
struct outbox_counts {
    int64_t in[OUTBOX_STATES];
    int64_t oldest_ms;
};
/* Those that nobody got, of open incidents and of the time since. */
enum nh_err incidents_outbox_failed(
    struct incidents *db, int64_t since_ms, int64_t *count) NH_MUST_CHECK;
/* The other incidents of the newest message about `number` to the contact, where that was
 * a digest that wants an answer; at most `max`. */
enum nh_err incidents_digest(struct incidents *db, uint32_t number, const char *contact,
    uint32_t *others, size_t max, size_t *count) NH_MUST_CHECK;
enum nh_err incidents_outbox_counts(
    struct incidents *db, struct outbox_counts *out) NH_MUST_CHECK;

/* ---- planned work that was added at run time ---- */

/* `links` and `sites` are ids parted by single spaces, "" for none. */
struct planned_row {
    char id[NH_SITE_ID_MAX], who[NH_SITE_ID_MAX];
    char *links, *sites, *why; /* owned by the row when it was read */
    int64_t from_s, to_s;
};
enum nh_err incidents_planned_add(struct incidents *db, const struct planned_row *row,
    const char *by, const char *way, int64_t now_ms) NH_MUST_CHECK; /* NH_EEXIST */
/* It ends now: work that has not begun is taken back. NH_ENOTFOUND. */
enum nh_err incidents_planned_end(struct incidents *db, const char *id, const char *by,
    const char *way, int64_t now_ms) NH_MUST_CHECK;
/* Each row that was not taken back, oldest first; what it lends lasts for the call. */
enum nh_err incidents_planned_each(struct incidents *db,
    void (*each)(void *arg, const struct planned_row *row), void *arg) NH_MUST_CHECK;

#endif
