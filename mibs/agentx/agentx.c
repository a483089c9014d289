/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agentx.c - documents in, rows out, and who has fallen silent
 *
 * nhipAgentSilent is told once an agent that had been connected has been away for a
 * minute, so that a change of line is not told; nhipAgentBack when it is here again.
 * Incidents are told as they are opened, revised and closed; those of the first snapshot
 * are known, and not told. All this only where the configuration wants it: the collector
 * tells management systems by itself, and keeps what it has to tell.
 */
#include "mibs/agentx/agentx.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/text.h"
#include "mibs/agentx/fill.h"
#include "mibs/agentx/follow.h"
#include "mibs/agentx/serve.h"
#include "mibs/agentx/standing.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS_SITE(COLUMN_ID) COLUMNS_AGENT(COLUMN_ID) COLUMNS_INCIDENT(COLUMN_ID) };

enum {
    SILENT_MS = 60000,
    TICK_MS = 1000,
    REPORT_EVERY_MS = 3600 * 1000,
    REPORT_SHARE = 100, /* a report that takes long: one hundredth of the time at most */
    REPORT_AGAIN_MS = 60 * 1000,
};

struct watched {
    struct watched *next;
    char *site;
    int64_t away_ms; /* mono; 0: it is connected, or never was */
    bool connected, told;
};

struct known { /* an incident, as it was told last */
    struct known *next;
    json_int_t number, revision;
    bool closed;
};

struct agentx {
    struct rows *rows;
    struct serve *serve;
    struct follow *follow;
    struct nh_timer *tick;
    struct watched *watched; /* owned */
    struct known *known;     /* owned */
    bool primed;             /* the first snapshot is over */
    bool notify;
    struct standing *standing;
    char zone[64], month[8];     /* the province's; that of the report that is shown */
    int64_t report_ms, asked_ms; /* mono: when the next is asked for; 0: none is asked */
};

static void
notify_agent(struct agentx *a, enum notification number, const char *site)
{
    struct row_index index = { .len = 0 };
    const struct serve_object objects[] = { { TABLE_SITE, COLUMN_SITE_NAME, &index },
        { TABLE_AGENT, COLUMN_AGENT_LAST_SEEN, &index } };

    if (!a->notify)
        return;
    row_index_text(&index, site, ROWS_INDEX_MAX);
    serve_notify(a->serve, number, objects, NH_COUNT(objects));
}

static void
notify_incident(struct agentx *a, enum notification number, json_int_t incident)
{
    struct row_index index = { .len = 0 };
    const struct serve_object objects[] = { { TABLE_INCIDENT, COLUMN_INCIDENT_TITLE,
                                                &index },
        { TABLE_INCIDENT, COLUMN_INCIDENT_KIND, &index },
        { TABLE_INCIDENT, COLUMN_INCIDENT_CAUSE, &index },
        { TABLE_INCIDENT, COLUMN_INCIDENT_PARTY, &index } };

    if (!a->notify)
        return;
    row_index_number(&index, (uint32_t)incident);
    serve_notify(a->serve, number, objects, NH_COUNT(objects));
}

/* What is new of an incident since it was told last. */
static void
watch_incident(struct agentx *a, const json_t *is)
{
    json_int_t number = json_integer_value(json_object_get(is, "number"));
    json_int_t revision = json_integer_value(json_object_get(is, "revision"));
    bool closed = json_is_number(json_object_get(is, "closed"));
    struct known *k = a->known;
    enum notification what;

    while (k != NULL && k->number != number)
        k = k->next;
    if (k != NULL && k->revision == revision && k->closed == closed)
        return;
    what = k == NULL              ? NOTIFY_OPENED
           : closed && !k->closed ? NOTIFY_CLOSED
                                  : NOTIFY_REVISED;
    if (k == NULL) {
        k = calloc(1, sizeof(*k));
        if (k == NULL)
            return;
        k->number = number;
        k->next = a->known;
        a->known = k;
    }
    k->revision = revision;
    k->closed = closed;
    if (a->primed && !(what == NOTIFY_OPENED && closed))
        notify_incident(a, what, number);
}

static void
forget_incident(struct agentx *a, const char *key)
{
    json_int_t number = strtoll(key, NULL, 10);

    for (struct known **at = &a->known; *at != NULL; at = &(*at)->next) {
        struct known *k = *at;

        if (k->number != number)
            continue;
        *at = k->next;
        free(k);
        return;
    }
}

static struct watched *
watched_of(struct agentx *a, const char *site)
{
    struct watched *w;

    for (w = a->watched; w != NULL; w = w->next)
        if (strcmp(w->site, site) == 0)
            return w;
    w = calloc(1, sizeof(*w));
    if (w == NULL || (w->site = strdup(site)) == NULL) {
        free(w);
        return NULL;
    }
    w->next = a->watched;
    a->watched = w;
    return w;
}

static void
watch_site(struct agentx *a, const json_t *site)
{
    const char *id = json_string_value(json_object_get(site, "id"));
    const json_t *agent = json_object_get(site, "agent");
    bool connected = json_is_true(json_object_get(agent, "connected"));
    struct watched *w = id == NULL ? NULL : watched_of(a, id);

    if (w == NULL || w->connected == connected)
        return;
    w->connected = connected;
    w->away_ms = connected ? 0 : nh_clock_mono_ms();
    if (connected && w->told) {
        w->told = false;
        notify_agent(a, NOTIFY_BACK, id);
    }
}

/* The month as it is in the province. */
static void
month_of(const struct agentx *a, char out[8])
{
    int64_t now_s = nh_clock_wall_ms() / 1000;
    time_t at = (time_t)(now_s + nh_zone_offset_s(a->zone, now_s));
    struct tm tm = { 0 };

    gmtime_r(&at, &tm);
    if (strftime(out, 8, "%Y-%m", &tm) == 0)
        out[0] = '\0';
}

static void
watch_month(struct agentx *a, int64_t now_ms)
{
    char month[8];

    if (!a->primed || a->asked_ms != 0 || a->zone[0] == '\0')
        return;
    month_of(a, month);
    if (strcmp(month, a->month) == 0 && now_ms < a->report_ms)
        return;
    if (strcmp(month, a->month) != 0)
        standing_report(a->standing, a->rows, NULL);
    memcpy(a->month, month, sizeof(month));
    a->asked_ms = now_ms;
    follow_report(a->follow, month);
}

static void
on_agentx_report(void *arg, const json_t *report)
{
    struct agentx *a = arg;
    int64_t now_ms = nh_clock_mono_ms(), wait_ms = (now_ms - a->asked_ms) * REPORT_SHARE;

    a->asked_ms = 0;
    a->report_ms = now_ms + (report == NULL                 ? REPORT_AGAIN_MS
                                : wait_ms > REPORT_EVERY_MS ? wait_ms
                                                            : REPORT_EVERY_MS);
    if (report != NULL)
        standing_report(a->standing, a->rows, report);
}

static void
on_agentx_tick(void *arg)
{
    struct agentx *a = arg;
    int64_t now_ms = nh_clock_mono_ms();

    nh_timer_after(a->tick, TICK_MS);
    watch_month(a, now_ms);
    for (struct watched *w = a->watched; w != NULL; w = w->next) {
        if (w->connected || w->told || w->away_ms == 0 || now_ms - w->away_ms < SILENT_MS)
            continue;
        w->told = true;
        notify_agent(a, NOTIFY_SILENT, w->site);
    }
}

static void
note_incident(struct agentx *a, const json_t *is)
{
    char number[24];

    snprintf(number, sizeof(number), "%lld",
        (long long)json_integer_value(json_object_get(is, "number")));
    standing_incident(a->standing, a->rows, number, is);
}

static void
on_agentx_document(void *arg, const char *doc, const json_t *is)
{
    struct agentx *a = arg;

    if (strcmp(doc, "overview") == 0) {
        fill_overview(a->rows, is, a->standing);
        snprintf(a->zone, sizeof(a->zone), "%.63s",
            json_is_string(json_object_get(is, "timezone"))
                ? json_string_value(json_object_get(is, "timezone"))
                : "");
    } else if (strcmp(doc, "site") == 0) {
        fill_site(a->rows, is, a->standing);
        watch_site(a, is);
    } else if (strcmp(doc, "service") == 0) {
        fill_service(a->rows, is);
    } else if (strcmp(doc, "incident") == 0) {
        fill_incident(a->rows, is);
        note_incident(a, is);
        watch_incident(a, is);
    } else if (strcmp(doc, "agent") == 0) {
        fill_agent(a->rows, is, nh_clock_wall_ms() / 1000);
    }
    standing_moved(a->standing, a->rows);
}

static void
on_agentx_gone(void *arg, const char *doc, const char *key)
{
    struct agentx *a = arg;
    char name[256];

    fill_key(doc, key, name, sizeof(name));
    rows_gone(a->rows, name);
    if (strcmp(doc, "incident") == 0) {
        standing_incident(a->standing, a->rows, key, NULL);
        forget_incident(a, key);
    }
    standing_moved(a->standing, a->rows);
}

static void
on_agentx_snapshot(void *arg)
{
    struct agentx *a = arg;

    rows_clear(a->rows);
    standing_clear(a->standing);
    a->asked_ms = 0; /* its answer has gone with the connection */
}

static void
on_agentx_ready(void *arg)
{
    struct agentx *a = arg;

    a->primed = true;
}

enum nh_err
agentx_new(struct agentx **out, struct event_base *base, const char *socket,
    const char *address, bool of_agent, bool notify)
{
    struct agentx *a = calloc(1, sizeof(*a));
    const struct follow_events events = { on_agentx_document, on_agentx_gone,
        on_agentx_snapshot, on_agentx_ready, on_agentx_report, a };
    enum nh_err err;

    *out = NULL;
    if (a == NULL)
        return NH_ENOMEM;
    a->notify = notify;
    err = rows_new(&a->rows);
    if (err == NH_OK)
        err = standing_new(&a->standing);
    if (err == NH_OK)
        err = serve_new(&a->serve, base, address, a->rows, of_agent);
    if (err == NH_OK)
        err = nh_timer_new(&a->tick, base, on_agentx_tick, a);
    if (err == NH_OK)
        err = follow_new(&a->follow, base, socket, of_agent, &events);
    if (err != NH_OK) {
        agentx_free(a);
        return err;
    }
    nh_timer_after(a->tick, TICK_MS);
    *out = a;
    return NH_OK;
}

void
agentx_free(struct agentx *a)
{
    struct watched *w, *next;
    struct known *k;

    if (a == NULL)
        return;
    while ((k = a->known) != NULL) {
        a->known = k->next;
        free(k);
    }
    follow_free(a->follow);
    nh_timer_free(a->tick);
    serve_free(a->serve);
    standing_free(a->standing);
    rows_free(a->rows);
    for (w = a->watched; w != NULL; w = next) {
        next = w->next;
        free(w->site);
        free(w);
    }
    free(a);
}
