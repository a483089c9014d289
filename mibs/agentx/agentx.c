/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agentx.c - documents in, rows out, and who has fallen silent
 *
 * nhipAgentSilent is told once an agent that had been connected has been away for a
 * minute, so that a change of line is not told; nhipAgentBack when it is here again.
 */
#include "mibs/agentx/agentx.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "mibs/agentx/fill.h"
#include "mibs/agentx/follow.h"
#include "mibs/agentx/serve.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENT_MS = 60000, TICK_MS = 1000 };

struct watched {
    struct watched *next;
    char *site;
    int64_t away_ms; /* mono; 0: it is connected, or never was */
    bool connected, told;
};

struct agentx {
    struct rows *rows;
    struct serve *serve;
    struct follow *follow;
    struct nh_timer *tick;
    struct watched *watched; /* owned */
};

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
        serve_notify_agent(a->serve, false, id);
    }
}

static void
on_agentx_tick(void *arg)
{
    struct agentx *a = arg;
    int64_t now_ms = nh_clock_mono_ms();

    nh_timer_after(a->tick, TICK_MS);
    for (struct watched *w = a->watched; w != NULL; w = w->next) {
        if (w->connected || w->told || w->away_ms == 0 || now_ms - w->away_ms < SILENT_MS)
            continue;
        w->told = true;
        serve_notify_agent(a->serve, true, w->site);
    }
}

static void
on_agentx_document(void *arg, const char *doc, const json_t *is)
{
    struct agentx *a = arg;

    if (strcmp(doc, "overview") == 0) {
        fill_overview(a->rows, is);
    } else if (strcmp(doc, "site") == 0) {
        fill_site(a->rows, is);
        watch_site(a, is);
    } else if (strcmp(doc, "service") == 0) {
        fill_service(a->rows, is);
    } else if (strcmp(doc, "agent") == 0) {
        fill_agent(a->rows, is, nh_clock_wall_ms() / 1000);
    }
}

static void
on_agentx_gone(void *arg, const char *doc, const char *key)
{
    struct agentx *a = arg;
    char name[256];

    fill_key(doc, key, name, sizeof(name));
    rows_gone(a->rows, name);
}

static void
on_agentx_snapshot(void *arg)
{
    struct agentx *a = arg;

    rows_clear(a->rows);
}

enum nh_err
agentx_new(struct agentx **out, struct event_base *base, const char *socket,
    const char *address, bool of_agent)
{
    struct agentx *a = calloc(1, sizeof(*a));
    const struct follow_events events = { on_agentx_document, on_agentx_gone,
        on_agentx_snapshot, a };
    enum nh_err err;

    *out = NULL;
    if (a == NULL)
        return NH_ENOMEM;
    err = rows_new(&a->rows);
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

    if (a == NULL)
        return;
    follow_free(a->follow);
    nh_timer_free(a->tick);
    serve_free(a->serve);
    rows_free(a->rows);
    for (w = a->watched; w != NULL; w = next) {
        next = w->next;
        free(w->site);
        free(w);
    }
    free(a);
}
