/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot.c - follow, hold, come back
 *
 * Each collection is an array of documents in the order in which they came. A round
 * number marks what a new connection has sent again; at `ready` what it did not send is
 * gone. For each site the part that the province page shows (its face) is compared, so
 * that readings that only move a number elsewhere do not cost a new page. Incidents stand
 * in the order in which they came; the order in which they are read is made when asked
 * for.
 */
#include "web/snapshot.h"
#include "libnhip/clock.h"
#include "libnhip/jsonl.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 32 * 1024 * 1024,
    WAITING_MAX_BYTES = 1024 * 1024,
    RETRY_FIRST_MS = 200,
    RETRY_MAX_MS = 5000,
    ASK_MAX_MS = 10000,
    ASKS_MAX = 256,
    FOLLOW_ID = 1,
};

struct entry {
    char *key;
    json_t *doc;
    uint64_t shown; /* the revision in which what is shown of it came */
    unsigned round;
};
struct docs {
    struct entry *at;
    size_t count, cap;
    json_t *index; /* key -> place */
};
struct ask {
    int64_t id, until_ms;
    void (*done)(void *arg, const json_t *result, const char *code);
    void *arg;
};
struct snapshot {
    struct event_base *base; /* borrowed */
    struct snapshot_events events;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct nh_channel *channel;
    struct nh_timer *retry, *expire;
    int64_t retry_ms, lost_s, next_id;
    bool contact, ready;
    unsigned round;
    uint64_t shown_revision;
    json_t *overview;
    struct docs sites, services, incidents;
    const json_t **worst_first; /* borrowed from incidents; made when asked for */
    bool is_sorted;
    struct ask asks[ASKS_MAX];
    size_t ask_count;
};

static struct entry *
docs_find(const struct docs *d, const char *key)
{
    const json_t *place = json_object_get(d->index, key);

    return place == NULL ? NULL : &d->at[json_integer_value(place)];
}

static struct entry *
docs_add(struct docs *d, const char *key)
{
    struct entry *e;

    if (d->count == d->cap) {
        size_t cap = d->cap == 0 ? 64 : d->cap * 2;
        struct entry *grown = realloc(d->at, cap * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        d->at = grown;
        d->cap = cap;
    }
    assert(d->at != NULL);
    e = &d->at[d->count];
    *e = (struct entry){ .key = strdup(key) };
    if (e->key == NULL ||
        json_object_set_new(d->index, key, json_integer((json_int_t)d->count)) != 0) {
        free(e->key);
        return NULL;
    }
    d->count++;
    return e;
}

static void
docs_remove(struct docs *d, const char *key)
{
    struct entry *e = docs_find(d, key);

    if (e == NULL)
        return;
    json_object_del(d->index, key);
    free(e->key);
    json_decref(e->doc);
    memmove(e, e + 1, (size_t)(d->at + d->count - (e + 1)) * sizeof(*e));
    d->count--;
    for (; e < d->at + d->count; e++)
        json_object_set_new(d->index, e->key, json_integer(e - d->at));
}

static void
docs_fini(struct docs *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->at[i].key);
        json_decref(d->at[i].doc);
    }
    free(d->at);
    json_decref(d->index);
}

static bool
same(const json_t *a, const json_t *b, const char *key)
{
    const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

    return x == y || (x != NULL && y != NULL && json_equal(x, y));
}

static bool
same_members(const json_t *a, const json_t *b, const char *list, const char *const *keys)
{
    const json_t *x = json_object_get(a, list), *y = json_object_get(b, list);

    if (json_array_size(x) != json_array_size(y))
        return false;
    for (size_t i = 0; i < json_array_size(x); i++)
        for (size_t k = 0; keys[k] != NULL; k++)
            if (!same(json_array_get(x, i), json_array_get(y, i), keys[k]))
                return false;
    return true;
}

/* The same for what stands at `key` in both. */
static bool
same_in(const json_t *a, const json_t *b, const char *key, const char *const *keys)
{
    const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

    for (size_t k = 0; keys[k] != NULL; k++)
        if (!same(x, y, keys[k]))
            return false;
    return true;
}

/* Does the province page look the same with either? */
static bool
same_face(const json_t *a, const json_t *b)
{
    static const char *const site[] = { "id", "name", "code", "state", "since", NULL };
    static const char *const link[] = { "id", "name", "state", "since", "why",
        "carrier_name", "role", NULL };
    static const char *const service[] = { "id", "name", NULL };
    static const char *const check[] = { "state", NULL };
    static const char *const agent[] = { "expected", "joined", "connected", NULL };
    const json_t *x = json_object_get(a, "services"), *y = json_object_get(b, "services");

    for (size_t i = 0; site[i] != NULL; i++)
        if (!same(a, b, site[i]))
            return false;
    if (!same_members(a, b, "links", link) || !same_members(a, b, "services", service))
        return false;
    for (size_t i = 0; i < json_array_size(x); i++)
        if (!same_in(json_array_get(x, i), json_array_get(y, i), "check", check))
            return false;
    return same_in(a, b, "agent", agent);
}

/* The same for the overview: its clock and counters move all the time. */
static bool
same_overview(const json_t *a, const json_t *b)
{
    static const char *const keys[] = { "province", "name", "drill", "count", "carriers",
        "centre", "generation", NULL };
    static const char *const messages[] = { "failed", "oldest", NULL };

    if (a == NULL || !same_in(a, b, "messages", messages))
        return false;
    for (size_t i = 0; keys[i] != NULL; i++)
        if (!same(a, b, keys[i]))
            return false;
    return same(json_object_get(a, "journal"), json_object_get(b, "journal"),
               "disk_full") &&
           same(json_object_get(a, "series"), json_object_get(b, "series"), "running");
}

/* The same for an incident: its minutes grow while it lasts. */
static bool
same_incident(const json_t *a, const json_t *b)
{
    static const char *const keys[] = { "title_vi", "title_en", "kind", "cause", "party",
        "confidence", "started", "closed", "sites", "links", "acknowledged", "owner",
        "ticket", "estimate", NULL };

    for (size_t i = 0; keys[i] != NULL; i++)
        if (!same(a, b, keys[i]))
            return false;
    return true;
}

static void
changed(struct snapshot *s, const char *doc, const char *key, bool shown)
{
    if (shown)
        s->shown_revision++;
    if (s->events.on_change != NULL)
        s->events.on_change(s->events.arg, doc, key, shown);
}

static struct docs *
docs_of(struct snapshot *s, const char *doc)
{
    if (strcmp(doc, "site") == 0)
        return &s->sites;
    if (strcmp(doc, "service") == 0)
        return &s->services;
    return strcmp(doc, "incident") == 0 ? &s->incidents : NULL;
}

/* A site or service has an id; an incident a number, in `number`. */
static const char *
key_of(const json_t *is, char number[24])
{
    json_int_t n = json_integer_value(json_object_get(is, "number"));

    if (n <= 0)
        return json_string_value(json_object_get(is, "id"));
    snprintf(number, 24, "%lld", (long long)n);
    return number;
}

/* Does the province page show the same with either? */
static bool
looks_same(
    const struct snapshot *s, const struct docs *d, const json_t *a, const json_t *b)
{
    if (d == &s->sites)
        return same_face(a, b);
    if (d == &s->incidents)
        return same_incident(a, b);
    return same(a, b, "state") && same(a, b, "count") && same(a, b, "name");
}

static void
take_doc(struct snapshot *s, const char *doc, const json_t *is)
{
    struct docs *d = docs_of(s, doc);
    char number[24];
    const char *id = key_of(is, number);
    struct entry *e;
    bool shown;

    if (strcmp(doc, "overview") == 0 && json_is_object(is)) {
        shown = !same_overview(s->overview, is);
        json_decref(s->overview);
        s->overview = json_deep_copy(is);
        changed(s, doc, "", shown);
        return;
    }
    if (d == NULL || id == NULL)
        return; /* a document of a newer collector */
    e = docs_find(d, id);
    shown = e == NULL || !looks_same(s, d, e->doc, is);
    if (e == NULL && (e = docs_add(d, id)) == NULL)
        return;
    json_decref(e->doc);
    e->doc = json_deep_copy(is);
    e->round = s->round;
    s->is_sorted = false;
    if (shown)
        e->shown = s->shown_revision + 1;
    changed(s, doc, id, shown);
}

static void
drop_stale(struct snapshot *s, struct docs *d, const char *doc)
{
    for (size_t i = d->count; i > 0; i--)
        if (d->at[i - 1].round != s->round) {
            char *key = strdup(d->at[i - 1].key);

            docs_remove(d, d->at[i - 1].key);
            s->is_sorted = false;
            changed(s, doc, key != NULL ? key : "", true);
            free(key);
        }
}

static void
take_follow(struct snapshot *s, const json_t *line)
{
    const char *doc = json_string_value(json_object_get(line, "doc"));
    const char *gone = json_string_value(json_object_get(line, "gone"));
    const char *key = json_string_value(json_object_get(line, "key"));

    if (doc != NULL)
        take_doc(s, doc, json_object_get(line, "is"));
    else if (gone != NULL) {
        struct docs *of = docs_of(s, gone);

        if (of == NULL || key == NULL)
            return; /* of a newer collector */
        docs_remove(of, key);
        s->is_sorted = false;
        changed(s, gone, key, true);
    } else if (json_is_true(json_object_get(line, "ready"))) {
        drop_stale(s, &s->sites, "site");
        drop_stale(s, &s->services, "service");
        drop_stale(s, &s->incidents, "incident");
        s->ready = s->contact = true;
        s->lost_s = 0;
        s->retry_ms = RETRY_FIRST_MS;
        s->shown_revision++;
        if (s->events.on_contact != NULL)
            s->events.on_contact(s->events.arg, true);
    }
}

static void
end_ask(struct snapshot *s, size_t i, const json_t *result, const char *code)
{
    struct ask ask = s->asks[i];

    s->asks[i] = s->asks[--s->ask_count];
    ask.done(ask.arg, result, code);
}

void
snapshot_take(struct snapshot *s, const json_t *line)
{
    int64_t id = json_integer_value(json_object_get(line, "id"));
    const char *code = json_string_value(json_object_get(line, "code"));

    if (id == FOLLOW_ID) {
        take_follow(s, line);
        return;
    }
    for (size_t i = 0; i < s->ask_count; i++)
        if (s->asks[i].id == id) {
            const json_t *result = json_is_true(json_object_get(line, "ok"))
                                       ? json_object_get(line, "result")
                                       : NULL;

            end_ask(s, i, result, result != NULL ? NULL : code != NULL ? code : "failed");
            return;
        }
}

static void
on_channel_line(void *arg, json_t *line)
{
    snapshot_take(arg, line);
}

static void
retry_later(struct snapshot *s)
{
    nh_timer_after(s->retry, s->retry_ms);
    s->retry_ms = s->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->retry_ms * 2;
}

static void
on_channel_closed(void *arg, const char *why)
{
    struct snapshot *s = arg;

    nh_log_limited(NH_LOG_WARN, "%s: the collector is gone%s%s; trying again", s->path,
        *why != '\0' ? ": " : "", why);
    nh_channel_free(s->channel);
    s->channel = NULL;
    while (s->ask_count > 0)
        end_ask(s, s->ask_count - 1, NULL, "failed");
    if (s->contact) {
        s->contact = false;
        s->lost_s = nh_clock_wall_ms() / 1000;
        s->shown_revision++;
        if (s->events.on_contact != NULL)
            s->events.on_contact(s->events.arg, false);
    }
    retry_later(s);
}

static void
connect_to(struct snapshot *s)
{
    static const struct nh_channel_events none = { 0 };
    struct nh_channel_events events = none;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    json_t *request = json_pack("{s:i, s:s}", "id", FOLLOW_ID, "do", "follow");

    memcpy(address.sun_path, s->path, sizeof(address.sun_path));
    if (fd < 0 || request == NULL ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        nh_log_limited(NH_LOG_WARN, "%s: %s; trying again", s->path, strerror(errno));
        goto failed;
    }
    events.on_line = on_channel_line;
    events.on_closed = on_channel_closed;
    events.arg = s;
    if (nh_channel_new(&s->channel, s->base, fd, LINE_MAX_BYTES, WAITING_MAX_BYTES,
            &events) != NH_OK) {
        s->channel = NULL;
        fd = -1;
        goto failed;
    }
    s->round++;
    nh_channel_send(s->channel, request);
    json_decref(request);
    return;
failed:
    if (fd >= 0)
        close(fd);
    json_decref(request);
    retry_later(s);
}

static void
on_retry(void *arg)
{
    connect_to(arg);
}

static void
on_expire(void *arg)
{
    struct snapshot *s = arg;
    int64_t now_ms = nh_clock_mono_ms();

    for (size_t i = s->ask_count; i > 0; i--)
        if (i <= s->ask_count && s->asks[i - 1].until_ms <= now_ms)
            end_ask(s, i - 1, NULL, "failed");
    if (s->ask_count > 0)
        nh_timer_after(s->expire, 1000);
}

enum nh_err
snapshot_ask(struct snapshot *s, json_t *request,
    void (*done)(void *arg, const json_t *result, const char *code), void *arg)
{
    enum nh_err err = NH_OK;

    if (s->channel == NULL)
        err = NH_ECLOSED;
    else if (s->ask_count == ASKS_MAX)
        err = NH_ETOOBIG;
    else if (request == NULL ||
             json_object_set_new(request, "id", json_integer(++s->next_id)) != 0)
        err = NH_ENOMEM;
    if (err == NH_OK) {
        s->asks[s->ask_count++] =
            (struct ask){ s->next_id, nh_clock_mono_ms() + ASK_MAX_MS, done, arg };
        if (s->ask_count == 1)
            nh_timer_after(s->expire, 1000);
        nh_channel_send(s->channel, request);
    }
    json_decref(request);
    return err;
}

enum nh_err
snapshot_new(struct snapshot **out, struct event_base *base, const char *socket_path,
    const struct snapshot_events *events)
{
    struct snapshot *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->base = base;
    s->retry_ms = RETRY_FIRST_MS;
    s->next_id = FOLLOW_ID;
    if (events != NULL)
        s->events = *events;
    s->sites.index = json_object();
    s->services.index = json_object();
    s->incidents.index = json_object();
    if (strlen(socket_path) >= sizeof(s->path)) {
        snapshot_free(s);
        return NH_ETOOBIG;
    }
    snprintf(s->path, sizeof(s->path), "%s", socket_path);
    if (base != NULL) {
        if (nh_timer_new(&s->retry, base, on_retry, s) != NH_OK ||
            nh_timer_new(&s->expire, base, on_expire, s) != NH_OK) {
            snapshot_free(s);
            return NH_ENOMEM;
        }
        nh_timer_after(s->retry, 0);
    }
    *out = s;
    return NH_OK;
}

void
snapshot_free(struct snapshot *s)
{
    if (s == NULL)
        return;
    nh_channel_free(s->channel);
    s->channel = NULL; /* whoever waits may ask again, in vain */
    while (s->ask_count > 0)
        end_ask(s, s->ask_count - 1, NULL, "failed");
    nh_timer_free(s->expire);
    nh_timer_free(s->retry);
    json_decref(s->overview);
    free(s->worst_first);
    docs_fini(&s->incidents);
    docs_fini(&s->services);
    docs_fini(&s->sites);
    free(s);
}

const json_t *
snapshot_overview(const struct snapshot *s)
{
    return s->overview;
}

size_t
snapshot_sites(const struct snapshot *s)
{
    return s->sites.count;
}

const json_t *
snapshot_site_at(const struct snapshot *s, size_t i)
{
    return s->sites.at[i].doc;
}

uint64_t
snapshot_site_shown(const struct snapshot *s, size_t i)
{
    return s->sites.at[i].shown;
}

const json_t *
snapshot_site(const struct snapshot *s, const char *id)
{
    const struct entry *e = docs_find(&s->sites, id);

    return e != NULL ? e->doc : NULL;
}

size_t
snapshot_services(const struct snapshot *s)
{
    return s->services.count;
}

const json_t *
snapshot_service_at(const struct snapshot *s, size_t i)
{
    return s->services.at[i].doc;
}

const json_t *
snapshot_service(const struct snapshot *s, const char *id)
{
    const struct entry *e = docs_find(&s->services, id);

    return e != NULL ? e->doc : NULL;
}

/* ---- incidents, worst first ---- */

static bool
is_null(const json_t *v)
{
    return v == NULL || json_is_null(v);
}

bool
incident_is_open(const json_t *incident)
{
    return is_null(json_object_get(incident, "closed"));
}

static int
kind_order(const json_t *incident)
{
    static const char *const kinds[] = { "outage", "service", "power", "flapping",
        "degraded", "standby_lost", "silent" };
    const char *kind = json_string_value(json_object_get(incident, "kind"));
    const char *cause = json_string_value(json_object_get(incident, "cause"));
    int i = 0;

    while (kind != NULL && i < (int)NH_COUNT(kinds) && strcmp(kinds[i], kind) != 0)
        i++;
    return cause != NULL && strcmp(cause, "planned") == 0 ? i + 100 : i;
}

static int
compare_numbers(double a, double b)
{
    return a < b ? -1 : a > b;
}

static int
compare_incidents(const void *a, const void *b)
{
    const json_t *x = *(const json_t *const *)a, *y = *(const json_t *const *)b;
    bool open = incident_is_open(x);
    int by = (int)incident_is_open(y) - (int)open;

    if (by == 0 && !open)
        by = compare_numbers(json_number_value(json_object_get(y, "closed")),
            json_number_value(json_object_get(x, "closed")));
    if (by == 0)
        by = kind_order(x) - kind_order(y);
    if (by == 0)
        by = compare_numbers((double)json_array_size(json_object_get(y, "sites")),
            (double)json_array_size(json_object_get(x, "sites")));
    if (by == 0)
        by = compare_numbers(json_number_value(json_object_get(x, "started")),
            json_number_value(json_object_get(y, "started")));
    return by != 0 ? by
                   : compare_numbers(json_number_value(json_object_get(x, "number")),
                         json_number_value(json_object_get(y, "number")));
}

size_t
snapshot_incidents(const struct snapshot *s)
{
    return s->incidents.count;
}

const json_t *
snapshot_incident_at(struct snapshot *s, size_t i)
{
    if (!s->is_sorted) {
        size_t count = s->incidents.count;
        const json_t **all = realloc(s->worst_first, (count + 1) * sizeof(*all));

        if (all == NULL)
            return s->incidents.at[i].doc; /* unsorted: better than none */
        s->worst_first = all;
        for (size_t n = 0; n < count; n++)
            all[n] = s->incidents.at[n].doc;
        qsort(all, count, sizeof(*all), compare_incidents);
        s->is_sorted = true;
    }
    return s->worst_first[i];
}

const json_t *
snapshot_incident(const struct snapshot *s, const char *number)
{
    const struct entry *e = docs_find(&s->incidents, number);

    return e != NULL ? e->doc : NULL;
}

uint64_t
snapshot_shown_revision(const struct snapshot *s)
{
    return s->shown_revision;
}

bool
snapshot_has_contact(const struct snapshot *s)
{
    return s->contact;
}

bool
snapshot_is_ready(const struct snapshot *s)
{
    return s->ready;
}

int64_t
snapshot_lost_s(const struct snapshot *s)
{
    return s->lost_s;
}
