/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incidents_outbox.c - messages in the database: taken once by their key, then where
 * each of them stands */
#include "collector/incidents_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
bind_text(sqlite3_stmt *q, int at, const char *text)
{
    sqlite3_bind_text(q, at, text != NULL ? text : "", -1, SQLITE_STATIC);
}

enum nh_err
incidents_message(struct incidents *db, const struct message *m)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_MESSAGE);
    enum nh_err err;

    bind_text(q, 1, m->key);
    bind_text(q, 2, m->to->id);
    bind_text(q, 3, m->channel);
    sqlite3_bind_int64(q, 4, m->incident);
    sqlite3_bind_int(q, 5, (int)m->about);
    sqlite3_bind_int64(q, 6, m->at_ms);
    bind_text(q, 7, m->sms);
    bind_text(q, 8, m->subject);
    bind_text(q, 9, m->text);
    err = incidents_run(db, SQL_MESSAGE);
    for (size_t i = 0; i < m->also_count && err == NH_OK; i++) {
        q = incidents_stmt(db, SQL_ALSO);
        sqlite3_bind_int64(q, 1, m->also[i]);
        bind_text(q, 2, m->key);
        err = incidents_run(db, SQL_ALSO);
    }
    return incidents_leave(db, false, err);
}

void
outbox_row_fini(struct outbox_row *row)
{
    free(row->sms);
    free(row->subject);
    free(row->text);
    row->sms = row->subject = row->text = NULL;
}

static enum nh_err
read_row(sqlite3_stmt *q, struct outbox_row *row)
{
    *row = (struct outbox_row){ .id = sqlite3_column_int64(q, 0),
        .incident = (uint32_t)sqlite3_column_int64(q, 4),
        .about = (enum message_about)sqlite3_column_int(q, 5),
        .at_ms = sqlite3_column_int64(q, 6),
        .tries = sqlite3_column_int(q, 7),
        .sms = strdup(incidents_text(q, 8)),
        .subject = strdup(incidents_text(q, 9)),
        .text = strdup(incidents_text(q, 10)) };
    snprintf(row->key, sizeof(row->key), "%s", incidents_text(q, 1));
    snprintf(row->contact, sizeof(row->contact), "%s", incidents_text(q, 2));
    snprintf(row->channel, sizeof(row->channel), "%s", incidents_text(q, 3));
    if (row->sms != NULL && row->subject != NULL && row->text != NULL)
        return NH_OK;
    outbox_row_fini(row);
    return NH_ENOMEM;
}

static enum nh_err
read_rows(struct incidents *db, enum incidents_statement which, struct outbox_row *out,
    size_t max, size_t *count)
{
    enum nh_err err = NH_OK;
    int rc = SQLITE_DONE;

    *count = 0;
    while (err == NH_OK && *count < max &&
           (rc = sqlite3_step(db->stmt[which])) == SQLITE_ROW) {
        err = read_row(db->stmt[which], &out[*count]);
        if (err == NH_OK)
            ++*count;
    }
    if (err == NH_OK)
        err = incidents_walked(db, which, rc);
    else
        sqlite3_reset(db->stmt[which]);
    while (err != NH_OK && *count > 0)
        outbox_row_fini(&out[--*count]);
    return err;
}

enum nh_err
incidents_outbox_due(struct incidents *db, int64_t now_ms, struct outbox_row *out,
    size_t max, size_t *count)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_DUE);

    sqlite3_bind_int64(q, 1, now_ms);
    sqlite3_bind_int64(q, 2, (sqlite3_int64)max);
    return read_rows(db, SQL_DUE, out, max, count);
}

enum nh_err
incidents_outbox_unclear(
    struct incidents *db, struct outbox_row *out, size_t max, size_t *count)
{
    sqlite3_bind_int64(incidents_stmt(db, SQL_UNCLEAR), 1, (sqlite3_int64)max);
    return read_rows(db, SQL_UNCLEAR, out, max, count);
}

struct numbers {
    uint32_t *list; /* owned */
    size_t count, cap;
};

static bool
add_number(struct numbers *n, uint32_t number)
{
    if (n->count == n->cap) {
        size_t cap = n->cap == 0 ? 8 : n->cap * 2;
        uint32_t *more = realloc(n->list, cap * sizeof(*more));

        if (more == NULL)
            return false;
        n->list = more;
        n->cap = cap;
    }
    n->list[n->count++] = number;
    return true;
}

static enum nh_err
read_numbers(struct incidents *db, enum incidents_statement which, struct numbers *n)
{
    bool room = true;
    int rc = SQLITE_DONE;

    while (room && (rc = sqlite3_step(db->stmt[which])) == SQLITE_ROW)
        room = add_number(n, (uint32_t)sqlite3_column_int64(db->stmt[which], 0));
    if (room)
        return incidents_walked(db, which, rc);
    sqlite3_reset(db->stmt[which]);
    return NH_ENOMEM;
}

enum nh_err
incidents_outbox_about(
    struct incidents *db, const struct outbox_row *row, uint32_t **out, size_t *count)
{
    struct numbers n = { .list = NULL };
    sqlite3_stmt *q;
    enum nh_err err = NH_OK;

    *out = NULL;
    *count = 0;
    if (row->incident != 0 && !add_number(&n, row->incident))
        err = NH_ENOMEM;
    if (err == NH_OK) {
        bind_text(incidents_stmt(db, SQL_ALSO_OF), 1, row->key);
        err = read_numbers(db, SQL_ALSO_OF, &n);
    }
    for (size_t i = 0, told = n.count;
         err == NH_OK && row->about == MESSAGE_CLOSED && i < told; i++) {
        q = incidents_stmt(db, SQL_TAKEN_IN);
        sqlite3_bind_int64(q, 1, n.list[i]);
        bind_text(q, 2, row->contact);
        err = read_numbers(db, SQL_TAKEN_IN, &n);
    }
    if (err != NH_OK) {
        free(n.list);
        return err;
    }
    *out = n.list;
    *count = n.count;
    return NH_OK;
}

enum nh_err
incidents_outbox_set(struct incidents *db, int64_t id, enum outbox_state state,
    const char *channel, int tries, int64_t next_ms, const char *error, int64_t now_ms)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_OUTBOX_SET);
    bool done = state == OUTBOX_SENT || state == OUTBOX_FAILED;

    sqlite3_bind_int64(q, 1, id);
    sqlite3_bind_int(q, 2, (int)state);
    bind_text(q, 3, channel);
    sqlite3_bind_int(q, 4, tries);
    sqlite3_bind_int64(q, 5, next_ms);
    bind_text(q, 6, error);
    sqlite3_bind_int64(q, 7, done ? now_ms : 0);
    return incidents_run(db, SQL_OUTBOX_SET);
}

enum nh_err
incidents_outbox_counts(struct incidents *db, struct outbox_counts *out)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_COUNTS);
    int rc;

    *out = (struct outbox_counts){ 0 };
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        int state = sqlite3_column_int(q, 0);

        if (state < 0 || state >= OUTBOX_STATES)
            continue;
        out->in[state] = sqlite3_column_int64(q, 1);
        if (state == OUTBOX_WAITING)
            out->oldest_ms = sqlite3_column_int64(q, 2);
    }
    return incidents_walked(db, SQL_COUNTS, rc);
}

enum nh_err
incidents_outbox_failed(struct incidents *db, int64_t since_ms, int64_t *count)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_FAILED);
    int rc;

    *count = 0;
    sqlite3_bind_int(q, 1, OUTBOX_FAILED);
    sqlite3_bind_int64(q, 2, since_ms);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *count = sqlite3_column_int64(q, 0);
    return incidents_walked(db, SQL_FAILED, rc);
}

enum nh_err
incidents_digest(struct incidents *db, uint32_t number, const char *contact,
    uint32_t *others, size_t max, size_t *count)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_DIGEST);
    int rc;

    *count = 0;
    sqlite3_bind_int64(q, 1, number);
    bind_text(q, 2, contact);
    sqlite3_bind_int(q, 3, MESSAGE_OPENED);
    sqlite3_bind_int(q, 4, MESSAGE_ESCALATED);
    sqlite3_bind_int64(q, 5, (int64_t)max);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW && *count < max)
        others[(*count)++] = (uint32_t)sqlite3_column_int64(q, 0);
    return incidents_walked(db, SQL_DIGEST, rc);
}
