/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents.c - the database: opening, transactions, what is put and what people do
 *
 * Every version of an incident that was ever told is a row of `revision`, encoded, so
 * that the first version and the corrected one are both there. `incident` holds the
 * newest beside what people have said of it.
 */
#include "collector/incidents_model.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENCODED_MAX = 8 << 20, ACTION_TEXT_MAX = 2000 };

static enum nh_err
fail(struct incidents *db, const char *what)
{
    nh_log_limited(NH_LOG_ERROR, "incidents: %s: %s", what, sqlite3_errmsg(db->db));
    return NH_EIO;
}

sqlite3_stmt *
incidents_stmt(struct incidents *db, enum incidents_statement which)
{
    sqlite3_reset(db->stmt[which]);
    sqlite3_clear_bindings(db->stmt[which]);
    return db->stmt[which];
}

enum nh_err
incidents_walked(struct incidents *db, enum incidents_statement which, int rc)
{
    enum nh_err err =
        rc == SQLITE_DONE || rc == SQLITE_ROW ? NH_OK : fail(db, incidents_sql[which]);

    sqlite3_reset(db->stmt[which]);
    sqlite3_clear_bindings(db->stmt[which]);
    return err;
}

enum nh_err
incidents_run(struct incidents *db, enum incidents_statement which)
{
    return incidents_walked(db, which, sqlite3_step(db->stmt[which]));
}

const char *
incidents_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);

    return text != NULL ? text : "";
}

/* ---- transactions ---- */

static void
roll_back(struct incidents *db)
{
    if (sqlite3_get_autocommit(db->db) == 0 && incidents_run(db, SQL_ROLLBACK) != NH_OK)
        nh_log(NH_LOG_ERROR, "incidents: a transaction could not be taken back");
}

enum nh_err
incidents_enter(struct incidents *db, bool *own)
{
    *own = sqlite3_get_autocommit(db->db) != 0;
    return *own ? incidents_run(db, SQL_BEGIN) : NH_OK;
}

enum nh_err
incidents_leave(struct incidents *db, bool own, enum nh_err err)
{
    if (err == NH_OK && own)
        err = incidents_run(db, SQL_COMMIT);
    if (err != NH_OK && (own || err == NH_EIO))
        roll_back(db);
    return err;
}

enum nh_err
incidents_begin(struct incidents *db)
{
    roll_back(db); /* what a failure has left open */
    return incidents_run(db, SQL_BEGIN);
}

enum nh_err
incidents_commit(
    struct incidents *db, uint64_t pos, struct nh_slice diagnose, struct nh_slice policy)
{
    sqlite3_stmt *q;
    enum nh_err err = NH_OK;

    if (sqlite3_get_autocommit(db->db) != 0)
        return NH_EIO; /* it failed on the way and was taken back */
    if (diagnose.len > 0 || policy.len > 0) {
        q = incidents_stmt(db, SQL_STATE_SET);
        sqlite3_bind_int64(q, 1, (sqlite3_int64)pos);
        sqlite3_bind_blob64(
            q, 2, diagnose.len > 0 ? (const void *)diagnose.p : "", diagnose.len, NULL);
        sqlite3_bind_blob64(
            q, 3, policy.len > 0 ? (const void *)policy.p : "", policy.len, NULL);
        err = incidents_run(db, SQL_STATE_SET);
    }
    return incidents_leave(db, true, err);
}

/* ---- opening ---- */

static enum nh_err
migrate(struct incidents *db, const char *path)
{
    sqlite3_stmt *q = NULL;
    int version = -1, newest = 0;
    char text[64];

    while (incidents_migrations[newest] != NULL)
        newest++;
    if (sqlite3_prepare_v2(db->db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        version = sqlite3_column_int(q, 0);
    sqlite3_finalize(q);
    if (version < 0)
        return fail(db, path);
    if (version > newest) {
        nh_log(NH_LOG_ERROR,
            "incidents: %s is of version %d, this program knows %d: start the newer "
            "program, or put back the copy made before it",
            path, version, newest);
        return NH_EFORMAT;
    }
    for (; version < newest; version++) {
        snprintf(text, sizeof(text), "PRAGMA user_version = %d; COMMIT", version + 1);
        if (sqlite3_exec(db->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db->db, incidents_migrations[version], NULL, NULL, NULL) !=
                SQLITE_OK ||
            sqlite3_exec(db->db, text, NULL, NULL, NULL) != SQLITE_OK) {
            enum nh_err err = fail(db, path);

            sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
            return err;
        }
    }
    return NH_OK;
}

static enum nh_err
check_sound(struct incidents *db, const char *path)
{
    sqlite3_stmt *q = NULL;
    bool ok =
        sqlite3_prepare_v2(db->db, "PRAGMA quick_check(1)", -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW && strcmp(incidents_text(q, 0), "ok") == 0;

    if (!ok)
        nh_log(NH_LOG_ERROR,
            "incidents: %s is damaged (%s): move it away to begin anew, open incidents "
            "are then found again from the journal",
            path,
            q != NULL && sqlite3_errcode(db->db) == SQLITE_ROW ? incidents_text(q, 0)
                                                               : sqlite3_errmsg(db->db));
    sqlite3_finalize(q);
    return ok ? NH_OK : NH_EFORMAT;
}

static enum nh_err
open_at(struct incidents *db, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum nh_err err;

    if (fd < 0) {
        nh_log(NH_LOG_ERROR, "incidents: %s: %s", path, strerror(errno));
        return NH_EIO;
    }
    close(fd); /* of mode 0600 when it is new: so are the files beside it */
    if (sqlite3_open_v2(path, &db->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return fail(db, path);
    sqlite3_busy_timeout(db->db, INCIDENTS_BUSY_MS);
    err = check_sound(db, path);
    if (err == NH_OK &&
        sqlite3_exec(db->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL,
            NULL, NULL) != SQLITE_OK)
        err = fail(db, path);
    if (err == NH_OK)
        err = migrate(db, path);
    for (int i = 0; err == NH_OK && i < SQL_STATEMENTS; i++)
        if (sqlite3_prepare_v3(db->db, incidents_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                &db->stmt[i], NULL) != SQLITE_OK)
            err = fail(db, incidents_sql[i]);
    return err;
}

enum nh_err
incidents_open(struct incidents **out, const char *dir)
{
    struct incidents *db = calloc(1, sizeof(*db));
    char path[4096];
    enum nh_err err;

    *out = NULL;
    if (db == NULL)
        return NH_ENOMEM;
    if (snprintf(path, sizeof(path), "%s/incidents.db", dir) >= (int)sizeof(path))
        err = NH_ETOOBIG;
    else
        err = open_at(db, path);
    if (err != NH_OK) {
        incidents_close(db);
        return err;
    }
    *out = db;
    return NH_OK;
}

void
incidents_close(struct incidents *db)
{
    if (db == NULL)
        return;
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(db->stmt[i]);
    sqlite3_close(db->db);
    free(db);
}

/* ---- the machine ---- */

enum nh_err
incidents_state(
    struct incidents *db, uint64_t *pos, struct nh_buf *diagnose, struct nh_buf *policy)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_STATE);
    int rc = sqlite3_step(q);
    enum nh_err err;

    nh_buf_clear(diagnose);
    nh_buf_clear(policy);
    *pos = 0;
    if (rc == SQLITE_ROW) {
        *pos = (uint64_t)sqlite3_column_int64(q, 0);
        nh_buf_put(
            diagnose, sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1));
        nh_buf_put(policy, sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2));
    }
    err = incidents_walked(db, SQL_STATE, rc);
    if (err == NH_OK)
        err = nh_buf_err(diagnose);
    return err == NH_OK ? nh_buf_err(policy) : err;
}

static const char *const changes[] = {
    [INCIDENT_OPENED] = "opened",
    [INCIDENT_REVISED] = "revised",
    [INCIDENT_CLOSED] = "closed",
    [INCIDENT_REOPENED] = "reopened",
    [INCIDENT_MERGED] = "merged",
    [INCIDENT_MEASURED] = NULL, /* no row of its own */
};

enum nh_err
incidents_put(struct incidents *db, const struct incident *in,
    enum incident_change change, int64_t now_ms)
{
    struct nh_buf bytes;
    sqlite3_stmt *q;
    enum nh_err err;

    nh_buf_init(&bytes, ENCODED_MAX);
    incident_encode(&bytes, in);
    err = nh_buf_err(&bytes);
    if (err == NH_OK) {
        q = incidents_stmt(db, SQL_PUT);
        sqlite3_bind_int64(q, 1, in->number);
        sqlite3_bind_int64(q, 2, in->opened_ms);
        sqlite3_bind_int64(q, 3, in->closed_ms);
        sqlite3_bind_int64(q, 4, in->merged_into);
        sqlite3_bind_blob64(q, 5, bytes.data, bytes.len, SQLITE_STATIC);
        err = incidents_run(db, SQL_PUT);
    }
    if (err == NH_OK && changes[change] != NULL) {
        q = incidents_stmt(db, SQL_REVISION);
        sqlite3_bind_int64(q, 1, in->number);
        sqlite3_bind_int64(q, 2, now_ms);
        sqlite3_bind_text(q, 3, changes[change], -1, SQLITE_STATIC);
        sqlite3_bind_blob64(q, 4, bytes.data, bytes.len, SQLITE_STATIC);
        err = incidents_run(db, SQL_REVISION);
    }
    nh_buf_fini(&bytes);
    return incidents_leave(db, false, err);
}

/* ---- what people do ---- */

static const struct {
    const char *name;
    bool needs_text;
} actions[ACTIONS] = {
    [ACTION_ACK] = { "ack", false },
    [ACTION_OWN] = { "own", true },
    [ACTION_NOTE] = { "note", true },
    [ACTION_TICKET] = { "ticket", true },
    [ACTION_ESTIMATE] = { "estimate", true },
    [ACTION_OVERRIDE] = { "override", true },
    [ACTION_CLOSE] = { "close", true },
};

bool
incidents_action_of(const char *name, enum action *out)
{
    for (int i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].name, name) == 0) {
            *out = (enum action)i;
            return true;
        }
    return false;
}

enum nh_err
incidents_audit(struct incidents *db, uint32_t number, const char *action,
    const char *who, const char *way, const char *text, int64_t now_ms)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_AUDIT);

    sqlite3_bind_int64(q, 1, now_ms);
    sqlite3_bind_int64(q, 2, number);
    sqlite3_bind_text(q, 3, action, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, who, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 5, way, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 6, text, -1, SQLITE_STATIC);
    return incidents_run(db, SQL_AUDIT);
}

static enum nh_err
set_text(struct incidents *db, enum incidents_statement which, uint32_t number,
    const char *text)
{
    sqlite3_stmt *q = incidents_stmt(db, which);

    sqlite3_bind_int64(q, 1, number);
    sqlite3_bind_text(q, 2, text, -1, SQLITE_STATIC);
    return incidents_run(db, which);
}

static enum nh_err
set_ack(struct incidents *db, uint32_t number, const char *who, const char *way,
    int64_t now_ms)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_SET_ACK);

    sqlite3_bind_int64(q, 1, number);
    sqlite3_bind_int64(q, 2, now_ms);
    sqlite3_bind_text(q, 3, who, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 4, way, -1, SQLITE_STATIC);
    return incidents_run(db, SQL_SET_ACK);
}

static enum nh_err
act(struct incidents *db, uint32_t number, enum action action, const char *who,
    const char *way, const char *text, int64_t now_ms)
{
    enum nh_err err = NH_OK;

    if (action == ACTION_ACK)
        err = set_ack(db, number, who, way, now_ms);
    else if (action == ACTION_OWN)
        err = set_text(db, SQL_SET_OWNER, number, text);
    else if (action == ACTION_TICKET)
        err = set_text(db, SQL_SET_TICKET, number, text);
    else if (action == ACTION_ESTIMATE)
        err = set_text(db, SQL_SET_ESTIMATE, number, text);
    return err == NH_OK
               ? incidents_audit(db, number, actions[action].name, who, way, text, now_ms)
               : err;
}

enum nh_err
incidents_act(struct incidents *db, uint32_t number, enum action action, const char *who,
    const char *way, const char *text, int64_t now_ms)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_ACKED);
    size_t len = text != NULL ? strlen(text) : 0;
    bool own, there, acked;
    enum nh_err err;
    int rc;

    sqlite3_bind_int64(q, 1, number);
    rc = sqlite3_step(q);
    there = rc == SQLITE_ROW;
    acked = there && sqlite3_column_int64(q, 0) != 0;
    err = incidents_walked(db, SQL_ACKED, rc);
    if (err != NH_OK)
        return err;
    if (!there)
        return NH_ENOTFOUND;
    if (len > ACTION_TEXT_MAX || (len == 0 && actions[action].needs_text) ||
        (len > 0 && !nh_utf8_is_valid(text, len)))
        return NH_EINVAL;
    if (acked && action == ACTION_ACK)
        return NH_OK;
    err = incidents_enter(db, &own);
    if (err == NH_OK)
        err = act(db, number, action, who, way, text != NULL ? text : "", now_ms);
    return incidents_leave(db, own, err);
}
