/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents_model.h - what the files of incidents.h share: the connection and its
 * statements
 *
 * Internal to incidents*.c.
 */
#ifndef INCIDENTS_MODEL_H
#define INCIDENTS_MODEL_H

#include "collector/incidents.h"
#include <sqlite3.h>

enum { INCIDENTS_BUSY_MS = 200 };

enum incidents_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_STATE,
    SQL_STATE_SET,
    SQL_PUT,
    SQL_REVISION,
    SQL_AUDIT,
    SQL_ACKED,
    SQL_SET_ACK,
    SQL_SET_OWNER,
    SQL_SET_TICKET,
    SQL_SET_ESTIMATE,
    SQL_LIST,
    SQL_ONE,
    SQL_NUMBERS,
    SQL_IS_MERGED,
    SQL_LAST_NUMBER,
    SQL_SINCE,
    SQL_REVISIONS,
    SQL_ACTIONS,
    SQL_TOLD,
    SQL_MESSAGE,
    SQL_ALSO,
    SQL_DIGEST,
    SQL_ALSO_OF,
    SQL_TAKEN_IN,
    SQL_DUE,
    SQL_UNCLEAR,
    SQL_OUTBOX_SET,
    SQL_COUNTS,
    SQL_FAILED,
    SQL_PLANNED_HAS,
    SQL_PLANNED_ADD,
    SQL_PLANNED_END,
    SQL_PLANNED_EACH,
    SQL_STATEMENTS
};

struct incidents {
    sqlite3 *db;
    sqlite3_stmt *stmt[SQL_STATEMENTS];
};

/* incidents_sql.c */
extern const char *const incidents_sql[SQL_STATEMENTS];
extern const char
    *const incidents_migrations[]; /* ended by NULL; row n: to version n+1 */

/* incidents.c. A statement is lent, its bindings empty. */
sqlite3_stmt *incidents_stmt(struct incidents *db, enum incidents_statement which);
/* Run one that returns no rows, and forget its bindings. NH_EIO has been logged. */
enum nh_err incidents_run(
    struct incidents *db, enum incidents_statement which) NH_MUST_CHECK;
/* After a walk: NH_OK when `rc` is SQLITE_DONE; NH_EIO has been logged. */
enum nh_err incidents_walked(
    struct incidents *db, enum incidents_statement which, int rc) NH_MUST_CHECK;
/* A transaction of its own, or part of the one that is open. */
enum nh_err incidents_enter(struct incidents *db, bool *own) NH_MUST_CHECK;
enum nh_err incidents_leave(
    struct incidents *db, bool own, enum nh_err err) NH_MUST_CHECK;
enum nh_err incidents_audit(struct incidents *db, uint32_t number, const char *action,
    const char *who, const char *way, const char *text, int64_t now_ms) NH_MUST_CHECK;
/* Text of a column, never NULL. */
const char *incidents_text(sqlite3_stmt *q, int column);

#endif
