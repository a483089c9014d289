/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incidents.c - the database: transactions, actions, documents, and kill -9 in between */
#include "collector/incidents.h"
#include "libnhip/log.h"
#include "tests/unit/check.h"
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char contact_id[] = "truc-ca";
static struct inv_contact contact = { .id = contact_id };

static const char *
fresh_dir(void)
{
    static char dir[512];
    static int n;

    snprintf(dir, sizeof(dir), "%s/db-%d", check_tmpdir(), n++);
    if (mkdir(dir, 0700) != 0)
        abort();
    return dir;
}

static struct incidents *
open_db(const char *dir)
{
    struct incidents *db = NULL;

    CHECK_EQ(incidents_open(&db, dir), NH_OK, dir);
    if (db == NULL)
        abort();
    return db;
}

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)level;
    snprintf(arg, 512, "%s", line);
}

static struct incident
incident_of(uint32_t number)
{
    static char vi[] = "Trạm Bảo Lạc mất kết nối", en[] = "node down";

    return (struct incident){ .number = number,
        .opened_ms = 1000 * (int64_t)number,
        .started_ms = 900 * (int64_t)number,
        .changed_ms = 1000 * (int64_t)number,
        .revision = 1,
        .kind = INCIDENT_OUTAGE,
        .cause = CAUSE_UNKNOWN,
        .first_cause = CAUSE_UNKNOWN,
        .party = "unknown",
        .title_vi = vi,
        .title_en = en,
        .may_be_told = true };
}

static struct message
message_of(uint32_t number, const char *about)
{
    struct message m = { .incident = number,
        .about = MESSAGE_OPENED,
        .to = &contact,
        .channel = "sms",
        .at_ms = 5000,
        .sms = "NHIP: MAT KET NOI",
        .subject = "Mất kết nối",
        .text = "Mất kết nối từ 14:05" };

    snprintf(m.key, sizeof(m.key), "%u:%s:truc-ca:1", (unsigned)number, about);
    return m;
}

static enum nh_err
commit_one(struct incidents *db, uint32_t number, enum incident_change change,
    struct incident in, int64_t now_ms)
{
    struct message m = message_of(number, "opened");
    struct nh_slice state = nh_slice_of(&number, sizeof(number));
    enum nh_err err = incidents_begin(db);

    if (err == NH_OK)
        err = incidents_put(db, &in, change, now_ms);
    if (err == NH_OK)
        err = incidents_message(db, &m);
    return err == NH_OK ? incidents_commit(db, number, state, state) : err;
}

static json_t *
one_json(struct incidents *db, uint32_t number, const char *language)
{
    struct nh_buf out;
    json_t *got;

    nh_buf_init(&out, 1 << 20);
    CHECK_EQ(incidents_one_json(db, number, language, &out), NH_OK, "one");
    got = json_loadb((const char *)out.data, out.len, 0, NULL);
    CHECK_NAMED(got != NULL, "one is JSON");
    nh_buf_fini(&out);
    return got;
}

static size_t
listed(struct incidents *db, int64_t from_ms, int64_t to_ms, bool open_only)
{
    struct nh_buf out;
    json_int_t before = INT64_MAX;
    json_t *got, *incident;
    size_t count, i;

    nh_buf_init(&out, 16 << 20);
    CHECK_EQ(
        incidents_list_json(db, from_ms, to_ms, open_only, "vi", &out), NH_OK, "list");
    got = json_loadb((const char *)out.data, out.len, 0, NULL);
    CHECK_NAMED(got != NULL, "list is JSON");
    json_array_foreach(got, i, incident)
    {
        json_int_t number = json_integer_value(json_object_get(incident, "number"));

        CHECK_NAMED(number < before, "newest first");
        before = number;
    }
    count = json_array_size(got);
    json_decref(got);
    nh_buf_fini(&out);
    return count;
}

static const char *
str(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "(none)";
}

static void
revisions(void)
{
    struct incidents *db = open_db(fresh_dir());
    struct incident in = incident_of(7);
    json_t *got, *old;

    CHECK_EQ(commit_one(db, 7, INCIDENT_OPENED, in, 7000), NH_OK, "opened");
    in.cause = CAUSE_POWER;
    in.revision = 2;
    CHECK_EQ(commit_one(db, 7, INCIDENT_REVISED, in, 8000), NH_OK, "revised");
    /* read again after a crash: the same change is kept once */
    CHECK_EQ(commit_one(db, 7, INCIDENT_REVISED, in, 8000), NH_OK, "again");
    got = one_json(db, 7, "vi");
    CHECK_STR(str(got, "incident"), "SC-0007", "id");
    CHECK_STR(str(got, "cause"), "power", "newest");
    CHECK_STR(str(got, "title"), "Trạm Bảo Lạc mất kết nối", "title");
    CHECK_EQ(json_array_size(json_object_get(got, "revisions")), 2, "both versions");
    old = json_array_get(json_object_get(got, "revisions"), 0);
    CHECK_STR(str(json_object_get(old, "was"), "cause"), "unknown", "first version");
    CHECK_STR(str(old, "change"), "opened", "change");
    CHECK_EQ(json_array_size(json_object_get(got, "notifications")), 1, "key once");
    json_decref(got);
    incidents_close(db);
}

static void
lists(void)
{
    struct incidents *db = open_db(fresh_dir());
    struct incident in;

    for (uint32_t n = 1; n <= 4; n++) {
        in = incident_of(n);
        if (n == 2)
            in.closed_ms = 2500;
        if (n == 3)
            in.merged_into = 4;
        CHECK_EQ(commit_one(db, n, INCIDENT_OPENED, in, in.opened_ms), NH_OK, "put");
    }
    CHECK_EQ(listed(db, 0, INT64_MAX, true), 2, "open, not merged");
    CHECK_EQ(listed(db, 0, INT64_MAX, false), 4, "all");
    CHECK_EQ(listed(db, 2600, 3500, false), 2, "1 and 3: 2 had ended");
    CHECK_EQ(listed(db, 2400, 2400, false), 2, "1 and 2");
    incidents_close(db);
}

static void
actions(void)
{
    static const struct {
        enum action action;
        const char *text;
        enum nh_err want;
    } rows[] = {
        { ACTION_ACK, NULL, NH_OK },
        { ACTION_ACK, NULL, NH_OK },
        { ACTION_OWN, "anh Nông Văn Á", NH_OK },
        { ACTION_OWN, "", NH_EINVAL },
        { ACTION_NOTE, "đã gọi VNPT", NH_OK },
        { ACTION_NOTE, "\xff", NH_EINVAL },
        { ACTION_TICKET, "VNPT-99", NH_OK },
        { ACTION_ESTIMATE, "2026-11-24 15:30", NH_OK },
        { ACTION_OVERRIDE, "power: xã báo mất điện", NH_OK },
        { ACTION_CLOSE, NULL, NH_EINVAL },
        { ACTION_CLOSE, "xong", NH_OK },
    };
    struct incidents *db = open_db(fresh_dir());
    char longest[2002];
    json_t *got;

    CHECK_EQ(commit_one(db, 1, INCIDENT_OPENED, incident_of(1), 1000), NH_OK, "put");
    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_EQ(incidents_act(db, 1, rows[i].action, "lan", "ctl", rows[i].text,
                     (int64_t)(2000 + i)),
            rows[i].want, rows[i].text != NULL ? rows[i].text : "(no text)");
    CHECK_EQ(incidents_act(db, 2, ACTION_NOTE, "lan", "ctl", "x", 1), NH_ENOTFOUND, "2");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    CHECK_EQ(
        incidents_act(db, 1, ACTION_NOTE, "lan", "ctl", longest, 1), NH_EINVAL, "2,001");
    CHECK_EQ(incidents_act(db, 1, ACTION_NOTE, "lan", "ctl", longest + 1, 9000), NH_OK,
        "2,000");
    got = one_json(db, 1, "en");
    CHECK_STR(str(json_object_get(got, "acknowledged"), "who"), "lan", "acknowledged");
    CHECK_NEAR(
        json_number_value(json_object_get(json_object_get(got, "acknowledged"), "at")),
        2.0, 0, "the first one counts");
    CHECK_STR(str(got, "owner"), "anh Nông Văn Á", "owner");
    CHECK_STR(str(got, "ticket"), "VNPT-99", "ticket");
    CHECK_STR(str(got, "estimate"), "2026-11-24 15:30", "estimate");
    CHECK_EQ(json_array_size(json_object_get(got, "actions")), 8, "one row each");
    json_decref(got);
    /* the newest version goes in, what people said stays */
    CHECK_EQ(commit_one(db, 1, INCIDENT_REVISED, incident_of(1), 9100), NH_OK, "revise");
    got = one_json(db, 1, "en");
    CHECK_STR(str(got, "ticket"), "VNPT-99", "kept");
    json_decref(got);
    incidents_close(db);
}

static void
audit_is_append_only(void)
{
    static const char *const refused[] = { "UPDATE audit SET who = 'x'",
        "DELETE FROM audit", "UPDATE revision SET change = 'x'", "DELETE FROM revision" };
    const char *dir = fresh_dir();
    struct incidents *db = open_db(dir);
    sqlite3 *raw = NULL;
    char path[600];

    CHECK_EQ(commit_one(db, 1, INCIDENT_OPENED, incident_of(1), 1000), NH_OK, "put");
    CHECK_EQ(incidents_act(db, 1, ACTION_ACK, "lan", "ctl", NULL, 2), NH_OK, "ack");
    incidents_close(db);
    snprintf(path, sizeof(path), "%s/incidents.db", dir);
    CHECK_EQ(sqlite3_open(path, &raw), SQLITE_OK, path);
    for (size_t i = 0; i < NH_COUNT(refused); i++)
        CHECK_EQ(sqlite3_exec(raw, refused[i], NULL, NULL, NULL), SQLITE_CONSTRAINT,
            refused[i]);
    sqlite3_close(raw);
}

static void
refuses_what_it_does_not_know(void)
{
    const char *dir = fresh_dir();
    char path[600], line[512] = "";
    struct incidents *db = open_db(dir);
    struct stat st;
    sqlite3 *raw = NULL;
    FILE *f;

    incidents_close(db);
    snprintf(path, sizeof(path), "%s/incidents.db", dir);
    CHECK_EQ(stat(path, &st), 0, path);
    CHECK_EQ(st.st_mode & 0777, 0600, "mode");
    CHECK_EQ(sqlite3_open(path, &raw), SQLITE_OK, path);
    CHECK_EQ(sqlite3_exec(raw, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK,
        "version");
    sqlite3_close(raw);
    nh_log_capture(quiet, line);
    CHECK_EQ(incidents_open(&db, dir), NH_EFORMAT, "a newer version");
    CHECK_NAMED(strstr(line, "version 99") != NULL, line);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("this is no database at all, but it is long enough", f) > 0);
    fclose(f);
    CHECK_EQ(incidents_open(&db, dir), NH_EFORMAT, "damaged");
    CHECK_NAMED(strstr(line, "damaged") != NULL, line);
    nh_log_capture(NULL, NULL);
}

static void
outbox(void)
{
    struct incidents *db = open_db(fresh_dir());
    struct outbox_row rows[4];
    struct outbox_counts counts;
    size_t count;

    CHECK_EQ(commit_one(db, 1, INCIDENT_OPENED, incident_of(1), 1000), NH_OK, "put");
    CHECK_EQ(incidents_outbox_due(db, 4999, rows, 4, &count), NH_OK, "before");
    CHECK_EQ(count, 0, "not due yet");
    CHECK_EQ(incidents_outbox_due(db, 5000, rows, 4, &count), NH_OK, "due");
    CHECK_EQ(count, 1, "due");
    CHECK_STR(rows[0].key, "1:opened:truc-ca:1", "key");
    CHECK_STR(rows[0].text, "Mất kết nối từ 14:05", "text");
    CHECK_EQ(incidents_outbox_set(db, rows[0].id, OUTBOX_SENDING, "sms", 1, 0, "", 5000),
        NH_OK, "sending");
    CHECK_EQ(incidents_outbox_due(db, 9999, rows + 1, 3, &count), NH_OK, "due");
    CHECK_EQ(count, 0, "under way");
    CHECK_EQ(incidents_outbox_unclear(db, rows + 1, 3, &count), NH_OK, "unclear");
    CHECK_EQ(count, 1, "unclear");
    outbox_row_fini(&rows[1]);
    CHECK_EQ(incidents_outbox_set(
                 db, rows[0].id, OUTBOX_WAITING, "email", 0, 7000, "modem", 5100),
        NH_OK, "next channel");
    CHECK_EQ(incidents_outbox_counts(db, &counts), NH_OK, "counts");
    CHECK_EQ(counts.in[OUTBOX_WAITING], 1, "waiting");
    CHECK_EQ(counts.oldest_ms, 5000, "oldest");
    outbox_row_fini(&rows[0]);
    incidents_close(db);
}

static void
on_read(void *arg, const struct incident *in)
{
    struct nh_buf *numbers = arg;

    nh_buf_printf(
        numbers, "%u:%s ", (unsigned)in->number, incident_cause_name(in->cause));
}

/* By a second connection, while a transaction of the first one is open. */
static void
read_by_a_worker(void)
{
    const char *dir = fresh_dir();
    struct incidents *db = open_db(dir);
    struct incident in = incident_of(1);
    struct nh_buf numbers;

    nh_buf_init(&numbers, 1000);
    in.closed_ms = 5000;
    CHECK_EQ(commit_one(db, 1, INCIDENT_OPENED, in, 7000), NH_OK, "long over");
    in = incident_of(2);
    CHECK_EQ(commit_one(db, 2, INCIDENT_OPENED, in, 7000), NH_OK, "open");
    in.cause = CAUSE_POWER;
    CHECK_EQ(commit_one(db, 2, INCIDENT_MEASURED, in, 7000), NH_OK, "as it stands now");
    in = incident_of(3);
    in.merged_into = 2;
    CHECK_EQ(commit_one(db, 3, INCIDENT_MERGED, in, 7000), NH_OK, "part of 2");
    in = incident_of(4);
    in.closed_ms = 9000;
    CHECK_EQ(commit_one(db, 4, INCIDENT_OPENED, in, 7000), NH_OK, "ended since");
    CHECK_EQ(incidents_begin(db), NH_OK, "begin");
    in = incident_of(5);
    CHECK_EQ(incidents_put(db, &in, INCIDENT_OPENED, 7000), NH_OK, "not committed");
    CHECK_EQ(incidents_read(dir, 8000, on_read, &numbers), NH_OK, "read");
    nh_buf_put_u8(&numbers, 0);
    CHECK_STR((const char *)numbers.data, "2:power 4:unknown ", "in order");
    CHECK_EQ(incidents_read("/nonexistent", 0, on_read, &numbers), NH_ENOTFOUND, "none");
    nh_buf_fini(&numbers);
    incidents_close(db);
}

/* What nobody got is counted while it matters: of open incidents, and of the last day. */
static void
failed_of_now(void)
{
    struct incidents *db = open_db(fresh_dir());
    struct outbox_row rows[4];
    struct incident in;
    int64_t failed;
    size_t count;

    CHECK_EQ(commit_one(db, 1, INCIDENT_OPENED, incident_of(1), 1000), NH_OK, "put");
    CHECK_EQ(incidents_outbox_due(db, 9000, rows, 4, &count), NH_OK, "due");
    CHECK_EQ(count, 1, "due");
    CHECK_EQ(incidents_outbox_set(db, rows[0].id, OUTBOX_FAILED, "sms", 9, 0, "no", 9000),
        NH_OK, "failed");
    outbox_row_fini(&rows[0]);
    CHECK_EQ(incidents_outbox_failed(db, 8000, &failed), NH_OK, "count");
    CHECK_EQ(failed, 1, "of the last day");
    CHECK_EQ(incidents_outbox_failed(db, 10000, &failed), NH_OK, "count");
    CHECK_EQ(failed, 1, "of an open incident");
    in = incident_of(1);
    in.closed_ms = in.told_closed_ms = 9500;
    CHECK_EQ(incidents_begin(db), NH_OK, "begin");
    CHECK_EQ(incidents_put(db, &in, INCIDENT_CLOSED, 9500), NH_OK, "put");
    CHECK_EQ(incidents_commit(db, 11, (struct nh_slice){ 0 }, (struct nh_slice){ 0 }),
        NH_OK, "commit");
    CHECK_EQ(incidents_outbox_failed(db, 8000, &failed), NH_OK, "count");
    CHECK_EQ(failed, 1, "of the last day");
    CHECK_EQ(incidents_outbox_failed(db, 10000, &failed), NH_OK, "count");
    CHECK_EQ(failed, 0, "long ago, and over");
    incidents_close(db);
}

/* A digest is one message, and stands with each incident that it tells of. */
static void
digest(void)
{
    static const uint32_t also[] = { 2, 3 };
    struct incidents *db = open_db(fresh_dir());
    struct message m = message_of(1, "opened");
    struct outbox_row rows[4];
    uint32_t others[4];
    size_t count;

    for (uint32_t n = 1; n <= 4; n++) {
        struct incident in = incident_of(n);

        CHECK_EQ(incidents_begin(db), NH_OK, "begin");
        CHECK_EQ(incidents_put(db, &in, INCIDENT_OPENED, 1000), NH_OK, "put");
        CHECK_EQ(incidents_commit(db, n, (struct nh_slice){ 0 }, (struct nh_slice){ 0 }),
            NH_OK, "commit");
    }
    m.also = also;
    m.also_count = 2;
    for (int i = 0; i < 2; i++) { /* and again after a crash */
        CHECK_EQ(incidents_begin(db), NH_OK, "begin");
        CHECK_EQ(incidents_message(db, &m), NH_OK, "message");
        CHECK_EQ(incidents_commit(db, 9, (struct nh_slice){ 0 }, (struct nh_slice){ 0 }),
            NH_OK, "commit");
    }
    CHECK_EQ(incidents_outbox_due(db, 9000, rows, 4, &count), NH_OK, "due");
    CHECK_EQ(count, 1, "one message");
    outbox_row_fini(&rows[0]);
    for (uint32_t n = 1; n <= 4; n++) {
        json_t *got = one_json(db, n, "vi");

        CHECK_EQ(json_array_size(json_object_get(got, "notifications")), n <= 3,
            "with those it is about");
        json_decref(got);
    }
    /* who answers it answers for all of it, until a later message is about one alone */
    CHECK_EQ(incidents_digest(db, 1, "truc-ca", others, 4, &count), NH_OK, "digest");
    CHECK_EQ(count, 2, "the others");
    CHECK_EQ(others[0] * 10 + others[1], 23, "the others");
    CHECK_EQ(incidents_digest(db, 1, "somebody", others, 4, &count), NH_OK, "digest");
    CHECK_EQ(count, 0, "not his");
    CHECK_EQ(incidents_digest(db, 2, "truc-ca", others, 4, &count), NH_OK, "digest");
    CHECK_EQ(count, 0, "the digest goes by its first number");
    m = message_of(1, "escalated");
    m.about = MESSAGE_ESCALATED;
    CHECK_EQ(incidents_begin(db), NH_OK, "begin");
    CHECK_EQ(incidents_message(db, &m), NH_OK, "message");
    CHECK_EQ(incidents_commit(db, 10, (struct nh_slice){ 0 }, (struct nh_slice){ 0 }),
        NH_OK, "commit");
    CHECK_EQ(incidents_digest(db, 1, "truc-ca", others, 4, &count), NH_OK, "digest");
    CHECK_EQ(count, 0, "about one alone");
    incidents_close(db);
}

/* Times of single links change the row, and are no version of their own. */
static void
measured(void)
{
    struct incidents *db = open_db(fresh_dir());
    struct incident in = incident_of(7);
    json_t *got;

    CHECK_EQ(commit_one(db, 7, INCIDENT_OPENED, in, 7000), NH_OK, "opened");
    in.changed_ms = 8000;
    CHECK_EQ(commit_one(db, 7, INCIDENT_MEASURED, in, 8000), NH_OK, "measured");
    got = one_json(db, 7, "en");
    CHECK_EQ(json_array_size(json_object_get(got, "revisions")), 1, "one version");
    CHECK_EQ(json_number_value(json_object_get(got, "changed")), 8, "the row");
    json_decref(got);
    incidents_close(db);
}

static void
count_planned(void *arg, const struct planned_row *row)
{
    ++*(int *)arg;
    CHECK_STR(row->links, "bao-lac/vnpt coc-pang/vnpt", row->id);
}

static void
planned(void)
{
    static char links[] = "bao-lac/vnpt coc-pang/vnpt", none[] = "", why[] = "thay cáp";
    struct incidents *db = open_db(fresh_dir());
    struct planned_row row = { .id = "a",
        .who = "vnpt",
        .links = links,
        .sites = none,
        .why = why,
        .from_s = 100,
        .to_s = 200 };
    int n = 0;

    CHECK_EQ(incidents_planned_add(db, &row, "lan", "ctl", 1000), NH_OK, "add");
    CHECK_EQ(incidents_planned_add(db, &row, "lan", "ctl", 1000), NH_EEXIST, "again");
    snprintf(row.id, sizeof(row.id), "b");
    CHECK_EQ(incidents_planned_add(db, &row, "lan", "ctl", 1000), NH_OK, "add");
    CHECK_EQ(incidents_planned_end(db, "a", "lan", "ctl", 150000), NH_OK, "cut short");
    CHECK_EQ(incidents_planned_end(db, "b", "lan", "ctl", 50000), NH_OK, "taken back");
    CHECK_EQ(incidents_planned_end(db, "c", "lan", "ctl", 1), NH_ENOTFOUND, "c");
    CHECK_EQ(incidents_planned_each(db, count_planned, &n), NH_OK, "each");
    CHECK_EQ(n, 1, "b never was");
    incidents_close(db);
}

/* ---- kill -9 ---- */

/* Commits one incident after the other, and tells each one after its commit. */
static void
work(const char *dir, int to)
{
    struct incidents *db = NULL;
    struct nh_buf a, b;
    uint64_t pos;

    nh_buf_init(&a, 64);
    nh_buf_init(&b, 64);
    if (incidents_open(&db, dir) != NH_OK || incidents_state(db, &pos, &a, &b) != NH_OK)
        _exit(1);
    for (uint32_t n = (uint32_t)pos + 1;; n++)
        if (commit_one(db, n, INCIDENT_OPENED, incident_of(n), 1000) != NH_OK ||
            incidents_act(db, n, ACTION_ACK, "lan", "ctl", NULL, 2) != NH_OK ||
            write(to, &n, sizeof(n)) != sizeof(n))
            _exit(1);
}

static uint32_t
kill_after(const char *dir, int commits)
{
    uint32_t told = 0, n;
    int pipes[2];
    pid_t pid;

    if (pipe(pipes) != 0 || (pid = fork()) < 0)
        abort();
    if (pid == 0)
        work(dir, pipes[1]);
    close(pipes[1]);
    for (int i = 0; i < commits && read(pipes[0], &n, sizeof(n)) == sizeof(n); i++)
        told = n;
    kill(pid, SIGKILL); /* it is in some later transaction by now */
    waitpid(pid, NULL, 0);
    close(pipes[0]);
    return told;
}

static void
check_whole(const char *dir, uint32_t told)
{
    struct incidents *db = open_db(dir);
    struct outbox_counts counts;
    struct nh_buf a, b;
    uint64_t pos;
    uint32_t last = 0;

    nh_buf_init(&a, 64);
    nh_buf_init(&b, 64);
    CHECK_EQ(incidents_state(db, &pos, &a, &b), NH_OK, "state");
    CHECK_NAMED(pos >= told, "what was told as committed is there");
    CHECK(a.len == sizeof(last) && b.len == sizeof(last));
    memcpy(&last, a.data, sizeof(last));
    CHECK_EQ(last, pos, "the state is of that position");
    CHECK_EQ(incidents_outbox_counts(db, &counts), NH_OK, "counts");
    CHECK_EQ(counts.in[OUTBOX_WAITING], pos, "as many messages");
    CHECK_EQ(listed(db, 0, INT64_MAX, false), pos, "as many incidents");
    nh_buf_fini(&a);
    nh_buf_fini(&b);
    incidents_close(db);
}

static void
kills(void)
{
    enum { KILLS = 25 };
    const char *dir = fresh_dir();

    srand(20261124);
    for (int i = 0; i < KILLS; i++)
        check_whole(dir, kill_after(dir, 1 + rand() % 5));
}

int
main(void)
{
    RUN(revisions);
    RUN(lists);
    RUN(actions);
    RUN(audit_is_append_only);
    RUN(refuses_what_it_does_not_know);
    RUN(outbox);
    RUN(read_by_a_worker);
    RUN(measured);
    RUN(digest);
    RUN(failed_of_now);
    RUN(planned);
    RUN(kills);
    return check_done();
}
