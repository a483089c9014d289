/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state.c - the database behind checkpoints; every statement is prepared once, from one
 * table */
#include "collector/series/state.h"
#include "libnhip/log.h"
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

enum { BEGIN, PUT, FORGET, SET, COMMIT, ROLLBACK, EACH, MARKED, HAS, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [PUT] = "INSERT OR REPLACE INTO header (file, bytes) VALUES (?1, ?2)",
    [FORGET] = "DELETE FROM header WHERE file = ?1",
    [SET] = "UPDATE place SET pos = ?1, clean = ?2",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [EACH] = "SELECT file, bytes FROM header WHERE length(bytes) > 0 ORDER BY file",
    [MARKED] =
        "SELECT file FROM header WHERE length(bytes) = 0 AND file > ?1 ORDER BY file",
    [HAS] = "SELECT 1 FROM header WHERE file = ?1",
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS header (file TEXT PRIMARY KEY, bytes BLOB NOT NULL) "
    "WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " version INTEGER NOT NULL, pos INTEGER NOT NULL, clean INTEGER NOT NULL);"
    "INSERT OR IGNORE INTO place VALUES (1, 1, 0, 1);";

struct state {
    sqlite3 *db;
    sqlite3_stmt *stmt[STATEMENTS];
    uint64_t pos;
    bool clean;
};

static enum nh_err
fail(struct state *st, const char *what)
{
    nh_log(NH_LOG_ERROR, "series state: %s: %s", what, sqlite3_errmsg(st->db));
    return NH_EIO;
}

/* Run a statement that returns no rows; its bindings are the caller's. */
static enum nh_err
run(struct state *st, int which)
{
    int rc = sqlite3_step(st->stmt[which]);

    sqlite3_reset(st->stmt[which]);
    sqlite3_clear_bindings(st->stmt[which]);
    return rc == SQLITE_DONE ? NH_OK : fail(st, sql[which]);
}

static enum nh_err
read_place(struct state *st)
{
    sqlite3_stmt *q = NULL;
    enum nh_err err = NH_EIO;

    if (sqlite3_prepare_v2(st->db, "SELECT pos, clean FROM place", -1, &q, NULL) ==
            SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW) {
        st->pos = (uint64_t)sqlite3_column_int64(q, 0);
        st->clean = sqlite3_column_int(q, 1) != 0;
        err = NH_OK;
    } else {
        err = fail(st, "read place");
    }
    sqlite3_finalize(q);
    return err;
}

enum nh_err
state_open(struct state **out, const char *path)
{
    struct state *st = calloc(1, sizeof(*st));
    enum nh_err err;

    *out = NULL;
    if (st == NULL)
        return NH_ENOMEM;
    if (sqlite3_open(path, &st->db) != SQLITE_OK ||
        sqlite3_exec(st->db, schema, NULL, NULL, NULL) != SQLITE_OK) {
        err = fail(st, path);
        goto out;
    }
    err = read_place(st);
    for (int i = 0; err == NH_OK && i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(st->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                &st->stmt[i], NULL) != SQLITE_OK)
            err = fail(st, sql[i]);
out:
    if (err != NH_OK) {
        state_close(st);
        return err;
    }
    *out = st;
    return NH_OK;
}

void
state_close(struct state *st)
{
    if (st == NULL)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(st->stmt[i]);
    sqlite3_close(st->db);
    free(st);
}

uint64_t
state_pos(const struct state *st)
{
    return st->pos;
}

bool
state_was_clean(const struct state *st)
{
    return st->clean;
}

enum nh_err
state_begin(struct state *st)
{
    return run(st, BEGIN);
}

enum nh_err
state_put(struct state *st, const char *file, const void *header, size_t len)
{
    sqlite3_bind_text(st->stmt[PUT], 1, file, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(st->stmt[PUT], 2, header, len, SQLITE_STATIC);
    return run(st, PUT);
}

enum nh_err
state_mark(struct state *st, const char *file)
{
    return state_put(st, file, "", 0);
}

enum nh_err
state_forget(struct state *st, const char *file)
{
    sqlite3_bind_text(st->stmt[FORGET], 1, file, -1, SQLITE_STATIC);
    return run(st, FORGET);
}

bool
state_next_marked(struct state *st, char *file, size_t size)
{
    int rc;

    sqlite3_bind_text(st->stmt[MARKED], 1, file, -1, SQLITE_TRANSIENT);
    rc = sqlite3_step(st->stmt[MARKED]);
    if (rc == SQLITE_ROW)
        snprintf(
            file, size, "%s", (const char *)sqlite3_column_text(st->stmt[MARKED], 0));
    sqlite3_reset(st->stmt[MARKED]);
    return rc == SQLITE_ROW;
}

enum nh_err
state_end(struct state *st, uint64_t pos, bool clean)
{
    enum nh_err err;

    sqlite3_bind_int64(st->stmt[SET], 1, (sqlite3_int64)pos);
    sqlite3_bind_int(st->stmt[SET], 2, clean);
    err = run(st, SET);
    if (err == NH_OK)
        err = run(st, COMMIT);
    if (err != NH_OK) {
        state_abort(st);
        return err;
    }
    st->pos = pos;
    st->clean = clean;
    return NH_OK;
}

void
state_abort(struct state *st)
{
    if (sqlite3_get_autocommit(st->db) == 0 && run(st, ROLLBACK) != NH_OK)
        nh_log(
            NH_LOG_WARN, "series state: the transaction stays open until the next start");
}

enum nh_err
state_each(struct state *st,
    enum nh_err (*each)(void *arg, const char *file, const void *header, size_t len),
    void *arg)
{
    enum nh_err err = NH_OK;
    int rc = SQLITE_DONE;

    while (err == NH_OK && (rc = sqlite3_step(st->stmt[EACH])) == SQLITE_ROW)
        err = each(arg, (const char *)sqlite3_column_text(st->stmt[EACH], 0),
            sqlite3_column_blob(st->stmt[EACH], 1),
            (size_t)sqlite3_column_bytes(st->stmt[EACH], 1));
    if (err == NH_OK && rc != SQLITE_DONE)
        err = fail(st, sql[EACH]);
    sqlite3_reset(st->stmt[EACH]);
    return err;
}

bool
state_has(struct state *st, const char *file)
{
    bool has;

    sqlite3_bind_text(st->stmt[HAS], 1, file, -1, SQLITE_STATIC);
    has = sqlite3_step(st->stmt[HAS]) == SQLITE_ROW;
    sqlite3_reset(st->stmt[HAS]);
    return has;
}
