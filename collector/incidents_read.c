/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incidents_read.c - incidents for a worker, by a connection of its own */
#include "collector/incidents_model.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <unistd.h>

static enum nh_err
walk(sqlite3_stmt *q, void (*each)(void *arg, const struct incident *in), void *arg)
{
    int rc;

    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        struct nh_slice bytes =
            nh_slice_of(sqlite3_column_blob(q, 0), (size_t)sqlite3_column_bytes(q, 0));
        struct incident in;
        enum nh_err err = incident_decode(&bytes, &in);

        if (err != NH_OK)
            return err;
        each(arg, &in);
        incident_fini(&in);
    }
    return rc == SQLITE_DONE ? NH_OK : NH_EIO;
}

enum nh_err
incidents_read(const char *dir, int64_t since_ms,
    void (*each)(void *arg, const struct incident *in), void *arg)
{
    char path[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    enum nh_err err = NH_EIO;

    if (snprintf(path, sizeof(path), "%s/incidents.db", dir) >= (int)sizeof(path))
        return NH_ETOOBIG;
    if (access(path, F_OK) != 0)
        return NH_ENOTFOUND;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(db, INCIDENTS_BUSY_MS) == SQLITE_OK &&
        sqlite3_prepare_v2(db, incidents_sql[SQL_SINCE], -1, &q, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(q, 1, since_ms) == SQLITE_OK)
        err = walk(q, each, arg);
    if (err == NH_EIO)
        nh_log(NH_LOG_ERROR, "incidents: %s: %s", path, sqlite3_errmsg(db));
    sqlite3_finalize(q);
    sqlite3_close(db);
    return err;
}
