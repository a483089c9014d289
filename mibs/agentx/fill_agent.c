/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fill_agent.c - the agent's status: that box, without states, for it judges nothing
 *
 * A check's id says what it is of (docs/PROTOCOL.md): SITE/LINK/path, SITE/host,
 * SITE/DEVICE/ping, service/NAME/SITE. Trains of probes are rows of DISMAN-PING-MIB's
 * pingResultsTable too, owner "nhip", test LINK/path: whole milliseconds, as that MIB
 * has them.
 */
#include "mibs/agentx/fill.h"
#include "mibs/agentx/fill_shared.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <string.h>

enum {
    COLUMNS_GENERAL(COLUMN_ID) COLUMNS_LINK(COLUMN_ID) COLUMNS_DEVICE(COLUMN_ID)
        COLUMNS_AGENT(COLUMN_ID) COLUMNS_PING(COLUMN_ID)
};

enum { PING_TEXT_MAX = 32, OPER_ENABLED = 1, ADDRESS_UNKNOWN = 0 };

struct parts {
    char text[3][128];
    size_t count;
};

static bool
split(const char *id, struct parts *p)
{
    p->count = 0;
    while (id != NULL && *id != '\0') {
        size_t len = strcspn(id, "/");

        if (p->count == NH_COUNT(p->text) || len == 0 || len >= sizeof(p->text[0]))
            return false;
        memcpy(p->text[p->count], id, len);
        p->text[p->count++][len] = '\0';
        id += len;
        id += *id == '/';
    }
    return p->count > 1;
}

static void
put_ping(
    struct rows *r, struct owner *o, const char *test, const json_t *values, int64_t at_s)
{
    static const struct {
        int column;
        const char *key;
    } times[] = { { COLUMN_PING_MIN_RTT, "rtt_min_ms" },
        { COLUMN_PING_MAX_RTT, "rtt_max_ms" },
        { COLUMN_PING_AVERAGE_RTT, "rtt_avg_ms" } };
    struct row_index index = { .len = 0 };
    int64_t sent, lost;
    struct row *row;

    if (!fill_number(values, "sent", 1, &sent) || !fill_number(values, "lost", 1, &lost))
        return;
    row_index_text(&index, "nhip", PING_TEXT_MAX);
    row_index_text(&index, test, PING_TEXT_MAX);
    row = rows_put(r, o, TABLE_PING, &index);
    if (row == NULL)
        return;
    row_number(row, COLUMN_PING_OPER_STATUS, OPER_ENABLED);
    row_number(row, COLUMN_PING_ADDRESS_TYPE, ADDRESS_UNKNOWN);
    row_bytes(row, COLUMN_PING_ADDRESS, "", 0);
    for (size_t i = 0; i < NH_COUNT(times); i++) {
        row_number(row, times[i].column, 0); /* RFC 4560: none was received */
        fill_put(row, times[i].column, values, times[i].key, 1);
    }
    row_number(row, COLUMN_PING_RESPONSES, sent - lost);
    row_number(row, COLUMN_PING_SENT, sent);
    if (lost < sent)
        row_date(row, COLUMN_PING_LAST_GOOD, at_s);
}

/* The link's row is shared by its path, gateway and port: found again, not made anew. */
struct links {
    struct rows *r;
    struct owner *o;
    struct {
        char id[256];
        struct row *row;
    } made[64];
    size_t count;
};

static struct row *
link_row(struct links *l, const struct parts *p, enum table table)
{
    char id[256];
    struct row *row;

    snprintf(id, sizeof(id), "%s/%s", p->text[0], p->text[1]);
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->made[i].id, id) == 0)
            return l->made[i].row;
    if (l->count == NH_COUNT(l->made))
        return NULL;
    row = table == TABLE_LINK
              ? fill_link_row(l->r, l->o, "", p->text[0], p->text[1])
              : fill_row(l->r, l->o, TABLE_DEVICE, p->text[0], p->text[1]);
    snprintf(l->made[l->count].id, sizeof(l->made[0].id), "%s", id);
    l->made[l->count++].row = row;
    return row;
}

static void
put_check(struct links *l, const json_t *check, struct row **agent, int64_t now_s)
{
    const char *kind = fill_text(check, "kind");
    const json_t *values = json_object_get(check, "values");
    int64_t age_s, at_s = 0;
    struct parts p;
    char test[300];
    struct row *row;

    if (kind == NULL || !split(fill_text(check, "id"), &p))
        return;
    if (fill_number(check, "age_ms", 0.001, &age_s))
        at_s = now_s - age_s;
    if (*agent == NULL && strcmp(p.text[0], "service") != 0)
        *agent = fill_row(l->r, l->o, TABLE_AGENT, p.text[0], NULL);
    snprintf(test, sizeof(test), "%s/%s", p.text[1], p.count > 2 ? p.text[2] : "");
    if (strcmp(kind, "path") == 0) {
        row = link_row(l, &p, TABLE_LINK);
        fill_train(row, COLUMN_LINK_PATH_RTT, COLUMN_LINK_PATH_LOSS,
            COLUMN_LINK_PATH_JITTER, values);
        if (row != NULL)
            row_date(row, COLUMN_LINK_PATH_TIME, at_s);
        put_ping(l->r, l->o, test, values, at_s);
    } else if (strcmp(kind, "gateway") == 0) {
        fill_train(link_row(l, &p, TABLE_LINK), COLUMN_LINK_GATEWAY_RTT,
            COLUMN_LINK_GATEWAY_LOSS, 0, values);
        put_ping(l->r, l->o, test, values, at_s);
    } else if (strcmp(kind, "port") == 0) {
        fill_port(link_row(l, &p, TABLE_LINK), values);
    } else if (strcmp(kind, "ping") == 0) {
        fill_train(link_row(l, &p, TABLE_DEVICE), COLUMN_DEVICE_PING_RTT,
            COLUMN_DEVICE_PING_LOSS, 0, values);
        put_ping(l->r, l->o, test, values, at_s);
    } else if (strcmp(kind, "snmp") == 0) {
        fill_snmp(link_row(l, &p, TABLE_DEVICE), values);
    } else if (strcmp(kind, "power") == 0) {
        fill_power(fill_row(l->r, l->o, TABLE_POWER, p.text[0], NULL), values);
    } else if (strcmp(kind, "host") == 0) {
        fill_host(*agent, values);
    } else if (strcmp(kind, "service") == 0 && p.count == 3) {
        fill_probe(fill_row(l->r, l->o, TABLE_PROBE, p.text[1], p.text[2]), values);
    }
}

static void
put_health(struct row *row, const json_t *status, int64_t now_s)
{
    const json_t *uplinks = json_object_get(status, "uplinks");
    const json_t *spool = json_object_get(status, "spool");
    int64_t oldest_s, up_s;
    bool connected = false;

    for (size_t i = 0; i < json_array_size(uplinks); i++) {
        const json_t *u = json_array_get(uplinks, i);

        if (connected || !fill_number(u, "up_ms", 0.001, &up_s))
            continue;
        connected = true;
        row_date(row, COLUMN_AGENT_SINCE, now_s - up_s);
        fill_put(row, COLUMN_AGENT_CLOCK_ERROR, u, "offset_ms", -1);
    }
    row_number(row, COLUMN_AGENT_CONNECTED, connected ? 1 : 2);
    row_text(row, COLUMN_AGENT_VERSION, fill_text(status, "version"));
    fill_put(row, COLUMN_AGENT_SPOOL_RECORDS, spool, "records", 1);
    fill_put(row, COLUMN_AGENT_SPOOL_FILL, spool, "fill_pct", 1);
    fill_put(row, COLUMN_AGENT_LOST, spool, "lost", 1);
    if (fill_number(spool, "oldest_ms", 0.001, &oldest_s) && oldest_s > 0)
        row_date(row, COLUMN_AGENT_SPOOL_OLDEST, now_s - oldest_s);
}

void
fill_agent(struct rows *r, const json_t *status, int64_t now_s)
{
    static const char *const qualities[] = { "unset", "set", "synchronised" };
    static const struct row_index none = { .len = 0 };
    const json_t *checks = json_object_get(status, "checks");
    const char *quality = fill_text(json_object_get(status, "clock"), "quality");
    struct owner *o = rows_begin(r, "agent/");
    struct links links = { .r = r, .o = o };
    struct row *agent = NULL, *row;

    if (o == NULL)
        return;
    row = rows_put(r, o, TABLE_GENERAL, &none);
    if (row != NULL) {
        row_text(row, COLUMN_PROVINCE, "");
        row_text(row, COLUMN_VERSION, fill_text(status, "version"));
        fill_put(
            row, COLUMN_JOURNAL_FILL, json_object_get(status, "spool"), "fill_pct", 1);
        fill_put(row, COLUMN_JOURNAL_LOST, json_object_get(status, "spool"), "lost", 1);
        for (int i = 0; quality != NULL && i < (int)NH_COUNT(qualities); i++)
            if (strcmp(quality, qualities[i]) == 0)
                row_number(row, COLUMN_CLOCK_QUALITY, i + 1);
    }
    for (size_t i = 0; i < json_array_size(checks); i++)
        put_check(&links, json_array_get(checks, i), &agent, now_s);
    if (agent != NULL)
        put_health(agent, status, now_s);
    rows_end(r, o);
}
