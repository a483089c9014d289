/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents_sql.c - every statement of the database, and its shape from version to
 * version
 *
 * PRAGMA user_version is how many rows of the migrations a database has been through. A
 * row is never changed once it was released: a new shape is a new row.
 */
#include "collector/incidents_model.h"

const char *const incidents_migrations[] = {
    /* 1: incidents with their revisions, what people did, messages, the machine's state
     */
    "CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), pos INTEGER NOT NULL,"
    " diagnose BLOB NOT NULL, policy BLOB NOT NULL);"
    "INSERT INTO state VALUES (1, 0, x'', x'');"
    "CREATE TABLE incident (number INTEGER PRIMARY KEY, opened_ms INTEGER NOT NULL,"
    " closed_ms INTEGER NOT NULL, merged_into INTEGER NOT NULL, bytes BLOB NOT NULL,"
    " acked_ms INTEGER NOT NULL DEFAULT 0, acked_by TEXT NOT NULL DEFAULT '',"
    " acked_way TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL DEFAULT '',"
    " ticket TEXT NOT NULL DEFAULT '', estimate TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX incident_opened ON incident (opened_ms);"
    "CREATE INDEX incident_open ON incident (number) WHERE closed_ms = 0;"
    "CREATE TABLE revision (id INTEGER PRIMARY KEY, number INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, change TEXT NOT NULL, bytes BLOB NOT NULL);"
    "CREATE UNIQUE INDEX revision_once ON revision (number, at_ms, change, bytes);"
    "CREATE TABLE audit (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
    " number INTEGER NOT NULL, action TEXT NOT NULL, who TEXT NOT NULL,"
    " way TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX audit_number ON audit (number);"
    "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit is append-only'); END;"
    "CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
    " SELECT RAISE(ABORT, 'the audit is append-only'); END;"
    "CREATE TRIGGER revision_update BEFORE UPDATE ON revision BEGIN"
    " SELECT RAISE(ABORT, 'revisions are append-only'); END;"
    "CREATE TRIGGER revision_delete BEFORE DELETE ON revision BEGIN"
    " SELECT RAISE(ABORT, 'revisions are append-only'); END;"
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    " contact TEXT NOT NULL, channel TEXT NOT NULL, number INTEGER NOT NULL,"
    " about INTEGER NOT NULL, at_ms INTEGER NOT NULL, next_ms INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, state INTEGER NOT NULL, done_ms INTEGER NOT NULL,"
    " error TEXT NOT NULL, sms TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX outbox_due ON outbox (state, next_ms);"
    "CREATE INDEX outbox_number ON outbox (number);",
    /* 2: planned work that was added at run time */
    "CREATE TABLE planned (id TEXT PRIMARY KEY, links TEXT NOT NULL, sites TEXT NOT NULL,"
    " from_s INTEGER NOT NULL, to_s INTEGER NOT NULL, who TEXT NOT NULL,"
    " why TEXT NOT NULL) WITHOUT ROWID;",
    /* 3: those that ended of late are looked for with each follower */
    "CREATE INDEX incident_closed ON incident (closed_ms);",
    /* 4: of a digest, which other incidents it tells of */
    "CREATE TABLE outbox_also (number INTEGER NOT NULL, key TEXT NOT NULL,"
    " PRIMARY KEY (number, key)) WITHOUT ROWID;",
    NULL,
};

#define INCIDENT_COLUMNS "bytes, acked_ms, acked_by, acked_way, owner, ticket, estimate"
#define OUTBOX_COLUMNS                                                                   \
    "id, key, contact, channel, number, about, at_ms, tries, sms, subject, text"

const char *const incidents_sql[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_STATE] = "SELECT pos, diagnose, policy FROM state",
    [SQL_STATE_SET] = "UPDATE state SET pos = ?1, diagnose = ?2, policy = ?3",
    [SQL_PUT] = "INSERT INTO incident (number, opened_ms, closed_ms, merged_into, bytes)"
                " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (number) DO UPDATE SET"
                " opened_ms = ?2, closed_ms = ?3, merged_into = ?4, bytes = ?5",
    [SQL_REVISION] = "INSERT OR IGNORE INTO revision (number, at_ms, change, bytes)"
                     " VALUES (?1, ?2, ?3, ?4)",
    [SQL_AUDIT] = "INSERT INTO audit (at_ms, number, action, who, way, text)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_ACKED] = "SELECT acked_ms FROM incident WHERE number = ?1",
    [SQL_SET_ACK] = "UPDATE incident SET acked_ms = ?2, acked_by = ?3, acked_way = ?4"
                    " WHERE number = ?1",
    [SQL_SET_OWNER] = "UPDATE incident SET owner = ?2 WHERE number = ?1",
    [SQL_SET_TICKET] = "UPDATE incident SET ticket = ?2 WHERE number = ?1",
    [SQL_SET_ESTIMATE] = "UPDATE incident SET estimate = ?2 WHERE number = ?1",
    /* both ends of the time inclusive; ?3: only what is open and not part of another; the
     * newest first */
    [SQL_LIST] = "SELECT " INCIDENT_COLUMNS
                 " FROM incident WHERE opened_ms <= ?2 AND (closed_ms = 0 OR"
                 " closed_ms >= ?1 OR opened_ms >= ?1) AND"
                 " (?3 = 0 OR (closed_ms = 0 AND merged_into = 0))"
                 " ORDER BY opened_ms DESC, number DESC",
    [SQL_ONE] = "SELECT " INCIDENT_COLUMNS " FROM incident WHERE number = ?1",
    [SQL_NUMBERS] = "SELECT number FROM incident WHERE merged_into = 0 AND"
                    " ((?1 <> 0 AND closed_ms = 0) OR"
                    " (closed_ms > ?2 AND closed_ms <= ?3)) ORDER BY number",
    [SQL_IS_MERGED] = "SELECT 1 FROM incident WHERE number = ?1 AND merged_into <> 0",
    [SQL_LAST_NUMBER] = "SELECT ifnull(max(number), 0) FROM incident",
    [SQL_SINCE] = "SELECT bytes FROM incident WHERE merged_into = 0 AND (closed_ms = 0"
                  " OR closed_ms >= ?1) ORDER BY number",
    [SQL_REVISIONS] =
        "SELECT at_ms, change, bytes FROM revision WHERE number = ?1 ORDER BY id",
    [SQL_ACTIONS] =
        "SELECT at_ms, action, who, way, text FROM audit WHERE number = ?1 ORDER BY id",
    [SQL_TOLD] = "SELECT at_ms, contact, channel, about, state, tries, next_ms, done_ms,"
                 " error, sms, subject, text, key FROM outbox WHERE number = ?1 OR"
                 " key IN (SELECT key FROM outbox_also WHERE number = ?1) ORDER BY "
                 "id",
    [SQL_MESSAGE] = "INSERT OR IGNORE INTO outbox (key, contact, channel, number, about,"
                    " at_ms, next_ms, tries, state, done_ms, error, sms, subject, text)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 0, 0, 0, '', ?7, ?8, ?9)",
    [SQL_ALSO] = "INSERT OR IGNORE INTO outbox_also (number, key) VALUES (?1, ?2)",
    /* of the newest message that wants an answer, told by this number to this contact */
    [SQL_DIGEST] = "SELECT number FROM outbox_also WHERE key = (SELECT key FROM outbox"
                   " WHERE number = ?1 AND contact = ?2 AND about IN (?3, ?4)"
                   " ORDER BY id DESC LIMIT 1) ORDER BY number LIMIT ?5",
    [SQL_ALSO_OF] = "SELECT number FROM outbox_also WHERE key = ?1 ORDER BY number",
    [SQL_TAKEN_IN] =
        "WITH RECURSIVE taken (number) AS"
        " (SELECT number FROM incident WHERE merged_into = ?1 UNION"
        " SELECT i.number FROM incident i JOIN taken t ON i.merged_into = t.number)"
        " SELECT number FROM taken WHERE EXISTS (SELECT 1 FROM outbox o WHERE"
        " o.contact = ?2 AND o.state = 1 AND (o.number = taken.number OR o.key IN"
        " (SELECT key FROM outbox_also WHERE number = taken.number))) ORDER BY number",
    [SQL_DUE] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE state = 0 AND next_ms <= ?1"
                " ORDER BY next_ms, id LIMIT ?2",
    [SQL_UNCLEAR] = "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE state = 3"
                    " ORDER BY id LIMIT ?1",
    [SQL_OUTBOX_SET] = "UPDATE outbox SET state = ?2, channel = ?3, tries = ?4,"
                       " next_ms = ?5, error = ?6, done_ms = ?7 WHERE id = ?1",
    [SQL_COUNTS] = "SELECT state, count(*), min(at_ms) FROM outbox GROUP BY state",
    [SQL_FAILED] = "SELECT count(*) FROM outbox WHERE state = ?1 AND (done_ms > ?2 OR"
                   " number IN (SELECT number FROM incident WHERE closed_ms = 0 AND"
                   " merged_into = 0))",
    [SQL_PLANNED_HAS] = "SELECT from_s, to_s FROM planned WHERE id = ?1",
    [SQL_PLANNED_ADD] = "INSERT INTO planned (id, links, sites, from_s, to_s, who, why)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_PLANNED_END] = "UPDATE planned SET to_s = ?2 WHERE id = ?1",
    [SQL_PLANNED_EACH] = "SELECT id, links, sites, from_s, to_s, who, why FROM planned"
                         " WHERE to_s > from_s ORDER BY from_s, id",
};
