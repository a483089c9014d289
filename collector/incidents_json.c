/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incidents_json.c - the documents of incidents: a list, and one with its time line
 *
 * The keys of the replay format come first (incident_json_open), then what people said,
 * then, for one alone, its revisions, actions and messages. docs/CONTROL.md has the form.
 */
#include "collector/incidents_model.h"
#include "libnhip/replay_line.h"
#include <stdlib.h>
#include <string.h>

static const char *const states[OUTBOX_STATES] = {
    [OUTBOX_WAITING] = "waiting",
    [OUTBOX_SENT] = "sent",
    [OUTBOX_FAILED] = "failed",
    [OUTBOX_SENDING] = "sending",
};

static const char *
title(const struct incident *in, const char *language)
{
    return strcmp(language, "en") == 0 ? in->title_en : in->title_vi;
}

/* The bytes of a column as an incident; what cannot be read is damage. */
static enum nh_err
decode(sqlite3_stmt *q, int column, struct incident *out)
{
    struct nh_slice in = nh_slice_of(
        sqlite3_column_blob(q, column), (size_t)sqlite3_column_bytes(q, column));

    return incident_decode(&in, out);
}

/* Of each reason the check that it rests on and when, in the order of the reasons. */
static void
put_evidence(const struct incident *in, struct nh_buf *out)
{
    nh_buf_printf(out, ",\"evidence\":[");
    for (size_t i = 0; i < in->reason_count; i++) {
        nh_buf_printf(out, "%s{\"check\":", i > 0 ? "," : "");
        nh_json_string(out, in->reasons[i].check);
        nh_json_more_time(out, "at", in->reasons[i].at_ms);
        nh_buf_printf(out, "}");
    }
    nh_buf_printf(out, "]");
}

/* All keys of an incident's row, without the closing brace. */
static enum nh_err
put_row(sqlite3_stmt *q, const char *language, struct nh_buf *out)
{
    struct incident in;
    char id[16];
    enum nh_err err = decode(q, 0, &in);

    if (err != NH_OK)
        return err;
    incident_json_open(out, &in, language);
    nh_buf_printf(out, ",\"number\":%lu", (unsigned long)in.number);
    nh_json_more_text(out, "title_vi", in.title_vi);
    nh_json_more_text(out, "title_en", in.title_en);
    put_evidence(&in, out);
    nh_json_more_time(out, "changed", in.changed_ms);
    nh_json_more_time(out, "told_closed", in.told_closed_ms);
    nh_buf_printf(out, ",\"merged_into\":");
    if (in.merged_into != 0) {
        incident_id(in.merged_into, id);
        nh_json_string(out, id);
    } else {
        nh_buf_printf(out, "null");
    }
    nh_buf_printf(out, ",\"acknowledged\":");
    if (sqlite3_column_int64(q, 1) != 0) {
        nh_buf_printf(out, "{\"at\":");
        nh_json_fixed(out, sqlite3_column_int64(q, 1), 3);
        nh_json_more_text(out, "who", incidents_text(q, 2));
        nh_json_more_text(out, "way", incidents_text(q, 3));
        nh_buf_printf(out, "}");
    } else {
        nh_buf_printf(out, "null");
    }
    nh_json_more_text(out, "owner", incidents_text(q, 4));
    nh_json_more_text(out, "ticket", incidents_text(q, 5));
    nh_json_more_text(out, "estimate", incidents_text(q, 6));
    incident_fini(&in);
    return NH_OK;
}

enum nh_err
incidents_list_json(struct incidents *db, int64_t from_ms, int64_t to_ms, bool open_only,
    const char *language, struct nh_buf *out)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_LIST);
    const char *comma = "";
    enum nh_err err = NH_OK;
    int rc = SQLITE_DONE;

    sqlite3_bind_int64(q, 1, from_ms);
    sqlite3_bind_int64(q, 2, to_ms);
    sqlite3_bind_int(q, 3, open_only);
    nh_buf_printf(out, "[");
    while (err == NH_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        nh_buf_printf(out, "%s", comma);
        comma = ",";
        err = put_row(q, language, out);
        nh_buf_printf(out, "}");
    }
    nh_buf_printf(out, "]");
    if (err != NH_OK) {
        sqlite3_reset(q);
        return err;
    }
    return incidents_walked(db, SQL_LIST, rc);
}

/* ---- one ---- */

static enum nh_err
put_revision(sqlite3_stmt *q, const char *language, struct nh_buf *out)
{
    struct incident in;
    enum nh_err err = decode(q, 2, &in);

    if (err != NH_OK)
        return err;
    nh_buf_printf(out, "{\"at\":");
    nh_json_fixed(out, sqlite3_column_int64(q, 0), 3);
    nh_json_more_text(out, "change", incidents_text(q, 1));
    nh_buf_printf(out, ",\"revision\":%lu", (unsigned long)in.revision);
    nh_json_more_text(out, "title", title(&in, language));
    nh_buf_printf(out, ",\"was\":");
    incident_json_open(out, &in, language);
    nh_buf_printf(out, "}}");
    incident_fini(&in);
    return NH_OK;
}

static enum nh_err
put_action(sqlite3_stmt *q, const char *language, struct nh_buf *out)
{
    (void)language;
    nh_buf_printf(out, "{\"at\":");
    nh_json_fixed(out, sqlite3_column_int64(q, 0), 3);
    nh_json_more_text(out, "action", incidents_text(q, 1));
    nh_json_more_text(out, "who", incidents_text(q, 2));
    nh_json_more_text(out, "way", incidents_text(q, 3));
    nh_json_more_text(out, "text", incidents_text(q, 4));
    nh_buf_printf(out, "}");
    return NH_OK;
}

static enum nh_err
put_told(sqlite3_stmt *q, const char *language, struct nh_buf *out)
{
    int about = sqlite3_column_int(q, 3), state = sqlite3_column_int(q, 4);
    bool sms = strcmp(incidents_text(q, 2), "sms") == 0;

    (void)language;
    if (about < 0 || about >= MESSAGE_ABOUTS || state < 0 || state >= OUTBOX_STATES)
        return NH_EFORMAT;
    nh_buf_printf(out, "{\"at\":");
    nh_json_fixed(out, sqlite3_column_int64(q, 0), 3);
    nh_json_more_text(out, "to", incidents_text(q, 1));
    nh_json_more_text(out, "channel", incidents_text(q, 2));
    nh_json_more_text(out, "text", incidents_text(q, sms ? 9 : 11));
    nh_json_more_text(out, "about", message_about_name((enum message_about)about));
    nh_json_more_text(out, "state", states[state]);
    nh_buf_printf(out, ",\"tries\":%d", sqlite3_column_int(q, 5));
    nh_json_more_time(
        out, "next", state == OUTBOX_WAITING ? sqlite3_column_int64(q, 6) : 0);
    nh_json_more_time(out, "done", sqlite3_column_int64(q, 7));
    nh_json_more_text(out, "error", incidents_text(q, 8));
    nh_json_more_text(out, "key", incidents_text(q, 12));
    nh_buf_printf(out, "}");
    return NH_OK;
}

static enum nh_err
put_array(struct incidents *db, enum incidents_statement which, uint32_t number,
    const char *key,
    enum nh_err (*put)(sqlite3_stmt *q, const char *language, struct nh_buf *out),
    const char *language, struct nh_buf *out)
{
    sqlite3_stmt *q = incidents_stmt(db, which);
    const char *comma = "";
    enum nh_err err = NH_OK;
    int rc = SQLITE_DONE;

    sqlite3_bind_int64(q, 1, number);
    nh_buf_printf(out, ",\"%s\":[", key);
    while (err == NH_OK && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        nh_buf_printf(out, "%s", comma);
        comma = ",";
        err = put(q, language, out);
    }
    nh_buf_printf(out, "]");
    if (err != NH_OK) {
        sqlite3_reset(q);
        return err;
    }
    return incidents_walked(db, which, rc);
}

/* Its row, open for more keys. */
static enum nh_err
put_one(struct incidents *db, uint32_t number, const char *language, struct nh_buf *out)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_ONE);
    enum nh_err err;
    int rc;

    sqlite3_bind_int64(q, 1, number);
    rc = sqlite3_step(q);
    if (rc != SQLITE_ROW) {
        err = incidents_walked(db, SQL_ONE, rc);
        return err == NH_OK ? NH_ENOTFOUND : err;
    }
    err = put_row(q, language, out);
    sqlite3_reset(q);
    return err;
}

enum nh_err
incidents_brief_json(
    struct incidents *db, uint32_t number, const char *language, struct nh_buf *out)
{
    enum nh_err err = put_one(db, number, language, out);

    nh_buf_printf(out, "}");
    return err;
}

enum nh_err
incidents_one_json(
    struct incidents *db, uint32_t number, const char *language, struct nh_buf *out)
{
    enum nh_err err = put_one(db, number, language, out);

    if (err == NH_OK)
        err = put_array(
            db, SQL_REVISIONS, number, "revisions", put_revision, language, out);
    if (err == NH_OK)
        err = put_array(db, SQL_ACTIONS, number, "actions", put_action, language, out);
    if (err == NH_OK)
        err = put_array(db, SQL_TOLD, number, "notifications", put_told, language, out);
    nh_buf_printf(out, "}");
    return err;
}

/* ---- which ---- */

enum nh_err
incidents_get(struct incidents *db, uint32_t number, struct incident *out)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_ONE);
    enum nh_err err = NH_ENOTFOUND;
    int rc;

    sqlite3_bind_int64(q, 1, number);
    rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        err = decode(q, 0, out);
    if (incidents_walked(db, SQL_ONE, rc) == NH_OK)
        return err;
    if (err == NH_OK)
        incident_fini(out);
    return NH_EIO;
}

enum nh_err
incidents_last_number(struct incidents *db, uint32_t *out)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_LAST_NUMBER);
    int rc = sqlite3_step(q);

    *out = rc == SQLITE_ROW ? (uint32_t)sqlite3_column_int64(q, 0) : 0;
    return incidents_walked(db, SQL_LAST_NUMBER, rc);
}

bool
incidents_is_merged(struct incidents *db, uint32_t number)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_IS_MERGED);
    int rc;

    sqlite3_bind_int64(q, 1, number);
    rc = sqlite3_step(q);
    return incidents_walked(db, SQL_IS_MERGED, rc) == NH_OK && rc == SQLITE_ROW;
}

enum nh_err
incidents_numbers(struct incidents *db, bool open, int64_t after_ms, int64_t until_ms,
    uint32_t **out, size_t *count)
{
    sqlite3_stmt *q = incidents_stmt(db, SQL_NUMBERS);
    size_t cap = 0;
    int rc;

    *out = NULL;
    *count = 0;
    sqlite3_bind_int(q, 1, open);
    sqlite3_bind_int64(q, 2, after_ms);
    sqlite3_bind_int64(q, 3, until_ms);
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        if (*count == cap) {
            uint32_t *more = realloc(*out, (cap = cap * 2 + 16) * sizeof(*more));

            if (more == NULL) {
                free(*out);
                *out = NULL;
                sqlite3_reset(q);
                return NH_ENOMEM;
            }
            *out = more;
        }
        (*out)[(*count)++] = (uint32_t)sqlite3_column_int64(q, 0);
    }
    return incidents_walked(db, SQL_NUMBERS, rc);
}
