/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incidents_planned.c - planned work that was added at run time */
#include "collector/incidents_model.h"
#include <stdio.h>

/* NH_ENOTFOUND: there is none of this id. */
static enum nh_err
find(struct incidents *db, const char *id, int64_t *from_s, int64_t *to_s)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_PLANNED_HAS);
    enum nh_err err;
    bool there;
    int rc;

    sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC);
    rc = sqlite3_step(q);
    there = rc == SQLITE_ROW;
    if (there) {
        *from_s = sqlite3_column_int64(q, 0);
        *to_s = sqlite3_column_int64(q, 1);
    }
    err = incidents_walked(db, SQL_PLANNED_HAS, rc);
    return err == NH_OK && !there ? NH_ENOTFOUND : err;
}

static enum nh_err
add(struct incidents *db, const struct planned_row *row)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_PLANNED_ADD);

    sqlite3_bind_text(q, 1, row->id, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 2, row->links, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 3, row->sites, -1, SQLITE_STATIC);
    sqlite3_bind_int64(q, 4, row->from_s);
    sqlite3_bind_int64(q, 5, row->to_s);
    sqlite3_bind_text(q, 6, row->who, -1, SQLITE_STATIC);
    sqlite3_bind_text(q, 7, row->why, -1, SQLITE_STATIC);
    return incidents_run(db, SQL_PLANNED_ADD);
}

enum nh_err
incidents_planned_add(struct incidents *db, const struct planned_row *row, const char *by,
    const char *way, int64_t now_ms)
{
    int64_t from_s, to_s;
    enum nh_err err = find(db, row->id, &from_s, &to_s);
    bool own;

    if (err != NH_ENOTFOUND)
        return err == NH_OK ? NH_EEXIST : err;
    err = incidents_enter(db, &own);
    if (err == NH_OK)
        err = add(db, row);
    if (err == NH_OK)
        err = incidents_audit(db, 0, "planned_add", by, way, row->id, now_ms);
    return incidents_leave(db, own, err);
}

enum nh_err
incidents_planned_end(
    struct incidents *db, const char *id, const char *by, const char *way, int64_t now_ms)
{
    int64_t from_s, to_s, now_s = now_ms / 1000;
    enum nh_err err = find(db, id, &from_s, &to_s);
    sqlite3_stmt *q;
    bool own;

    if (err != NH_OK || to_s <= now_s)
        return err; /* over already */
    err = incidents_enter(db, &own);
    if (err == NH_OK) {
        q = incidents_stmt(db, SQL_PLANNED_END);
        sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 2, now_s > from_s ? now_s : from_s);
        err = incidents_run(db, SQL_PLANNED_END);
    }
    if (err == NH_OK)
        err = incidents_audit(db, 0, "planned_end", by, way, id, now_ms);
    return incidents_leave(db, own, err);
}

enum nh_err
incidents_planned_each(struct incidents *db,
    void (*each)(void *arg, const struct planned_row *row), void *arg)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_PLANNED_EACH);
    int rc;

    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct planned_row row = { .links = (char *)(uintptr_t)incidents_text(q, 1),
            .sites = (char *)(uintptr_t)incidents_text(q, 2),
            .from_s = sqlite3_column_int64(q, 3),
            .to_s = sqlite3_column_int64(q, 4),
            .why = (char *)(uintptr_t)incidents_text(q, 6) };

        snprintf(row.id, sizeof(row.id), "%s", incidents_text(q, 0));
        snprintf(row.who, sizeof(row.who), "%s", incidents_text(q, 5));
        each(arg, &row);
    }
    return incidents_walked(db, SQL_PLANNED_EACH, rc);
}
