/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * events.c - server-sent events
 */
#include "web/pages/events.h"
#include "libnhip/loop.h"
#include <stdlib.h>
#include <string.h>

enum { GATHER_MS = 1000, ALIVE_MS = 15000 };

struct follower {
    struct follower *next;
    struct stream *stream;
};
struct events {
    struct web *web; /* borrowed */
    struct follower *all;
    struct nh_timer *gather, *alive;
    json_t *sites, *services, *incidents; /* ids and numbers as keys */
    bool shown, armed;
};

static void
send_all(struct events *e, const char *text, size_t len)
{
    struct follower *next;

    for (struct follower *f = e->all; f != NULL; f = next) {
        next = f->next;
        stream_send(f->stream, text, len);
    }
}

static json_t *
keys_of(const json_t *set)
{
    json_t *list = json_array(), *v;
    const char *key;

    json_object_foreach((json_t *)(uintptr_t)set, key, v)
        json_array_append_new(list, json_string(key));
    return list;
}

static void
on_gathered(void *arg)
{
    struct events *e = arg;
    const struct snapshot *s = e->web->snapshot;
    json_t *event =
        json_pack("{s:o, s:o, s:o, s:b, s:b, s:O?}", "sites", keys_of(e->sites),
            "services", keys_of(e->services), "incidents", keys_of(e->incidents), "shown",
            (int)e->shown, "contact", (int)snapshot_has_contact(s), "count",
            json_object_get(snapshot_overview(s), "count"));
    char *text = event != NULL ? json_dumps(event, JSON_COMPACT) : NULL;
    struct nh_buf b;

    nh_buf_init(&b, 1024 * 1024);
    if (text != NULL)
        nh_buf_printf(&b, "data: %s\n\n", text);
    if (b.err == NH_OK && b.len > 0)
        send_all(e, (const char *)b.data, b.len);
    nh_buf_fini(&b);
    free(text);
    json_decref(event);
    json_object_clear(e->sites);
    json_object_clear(e->services);
    json_object_clear(e->incidents);
    e->shown = e->armed = false;
}

static void
on_alive(void *arg)
{
    struct events *e = arg;

    send_all(e, ":\n\n", 3);
    nh_timer_after(e->alive, ALIVE_MS);
}

/* An incident stands on its own page, and on those of its sites and its service. */
static void
mark_incident(struct events *e, const char *number)
{
    const json_t *incident = snapshot_incident(e->web->snapshot, number);
    const json_t *sites = json_object_get(incident, "sites");
    const char *party = json_string_value(json_object_get(incident, "party"));

    json_object_set_new(e->incidents, number, json_true());
    for (size_t i = 0; i < json_array_size(sites); i++) {
        const char *id = json_string_value(json_array_get(sites, i));

        if (id != NULL)
            json_object_set_new(e->sites, id, json_true());
    }
    if (party != NULL && strncmp(party, "service:", 8) == 0)
        json_object_set_new(e->services, party + 8, json_true());
}

void
events_changed(struct events *e, const char *doc, const char *key, bool shown)
{
    if (e->all == NULL)
        return;
    if (strcmp(doc, "site") == 0)
        json_object_set_new(e->sites, key, json_true());
    else if (strcmp(doc, "service") == 0)
        json_object_set_new(e->services, key, json_true());
    else if (strcmp(doc, "incident") == 0)
        mark_incident(e, key);
    e->shown |= shown;
    if (!e->armed) {
        e->armed = true;
        nh_timer_after(e->gather, GATHER_MS);
    }
}

static void
on_stream_end(void *arg, struct stream *stream)
{
    struct events *e = arg;

    for (struct follower **f = &e->all; *f != NULL; f = &(*f)->next)
        if ((*f)->stream == stream) {
            struct follower *gone = *f;

            *f = gone->next;
            free(gone);
            return;
        }
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    struct follower *f = calloc(1, sizeof(*f));

    if (f == NULL || (f->stream = request_stream(r, on_stream_end, w->events)) == NULL) {
        free(f);
        web_refuse(w, r, 503);
        return;
    }
    f->next = w->events->all;
    w->events->all = f;
    stream_send(f->stream, "retry: 5000\n\n", 13);
}

enum nh_err
events_new(struct events **out, struct event_base *base, struct web *w)
{
    struct events *e = calloc(1, sizeof(*e));

    *out = NULL;
    if (e == NULL)
        return NH_ENOMEM;
    e->web = w;
    e->sites = json_object();
    e->services = json_object();
    e->incidents = json_object();
    if (nh_timer_new(&e->gather, base, on_gathered, e) != NH_OK ||
        nh_timer_new(&e->alive, base, on_alive, e) != NH_OK) {
        events_free(e);
        return NH_ENOMEM;
    }
    nh_timer_after(e->alive, ALIVE_MS);
    *out = e;
    return NH_OK;
}

void
events_end_all(struct events *e)
{
    struct follower *next;

    for (struct follower *f = e->all; f != NULL; f = next) {
        next = f->next;
        stream_end(f->stream);
    }
}

void
events_free(struct events *e)
{
    if (e == NULL)
        return;
    nh_timer_free(e->alive);
    nh_timer_free(e->gather);
    json_decref(e->incidents);
    json_decref(e->services);
    json_decref(e->sites);
    free(e);
}

const struct page page_events = { "/events", false, serve, NULL };
