/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtual.c - rounds by a timer, records in a ring, one connection at a time
 *
 * A power cut stops the rounds and the connection; on return the host has a new boot id
 * and the stream a new epoch. A site whose links are all cut measures on and delivers
 * when one is back.
 */
#include "drill/virtual.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/session.h"
#include "libnhip/tls.h"
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHECKS_MAX = 1024,
    RECORDS_MAX =
        1 << 14, /* held by one agent; beyond, the oldest go and a GAP says so */
    ROUND_MS = 10000,
    CONNECT_MS = 15000,
    ROUND_READINGS = 256,
};

struct held {
    uint64_t pos;
    uint32_t chain, len;
    uint8_t type, *payload; /* owned */
};

struct check {
    const struct nh_kind *kind;
    uint32_t number, every_ms, site, link;
};

struct virtual
{
    struct drill_host *host;
    uint32_t number;
    char identity[NH_IDENTITY_MAX];
    struct nh_tls *tls;
    struct bufferevent *bev;
    struct nh_session *session;
    struct nh_timer *round, *connect;
    unsigned failures;
    bool off;
    struct nh_dict *dict;
    struct check *checks;
    struct nh_reading *newest; /* as checks */
    size_t check_count;
    struct nh_buf parts, columns;
    uint64_t generation;
    uint8_t stream_id[NH_STREAM_ID_LEN];
    struct nh_boot boot[2]; /* this one and the one before */
    uint64_t next_pos, acked, read_pos;
    uint32_t chain, acked_chain;
    struct held *ring; /* made with the first record */
    size_t first, count;
};

static void connect_now(struct virtual *v);

/* --- records --- */

static struct held *
held_at(const struct virtual *v, size_t i)
{
    return &v->ring[(v->first + i) % RECORDS_MAX];
}

static void
drop_first(struct virtual *v)
{
    struct held *h = held_at(v, 0);

    v->acked_chain = h->chain;
    v->acked = h->pos;
    free(h->payload);
    h->payload = NULL;
    v->first = (v->first + 1) % RECORDS_MAX;
    v->count--;
}

static void
append(struct virtual *v, uint8_t type, const struct nh_buf *payload)
{
    struct held *h;

    if (v->ring == NULL)
        v->ring = calloc(RECORDS_MAX, sizeof(*v->ring));
    if (v->ring == NULL)
        return;
    if (v->count == RECORDS_MAX) {
        drop_first(v);
        v->host->counts.dropped++;
    }
    h = held_at(v, v->count);
    h->payload = malloc(payload->len > 0 ? payload->len : 1);
    if (h->payload == NULL) {
        v->host->counts.dropped++;
        return;
    }
    memcpy(h->payload, payload->data, payload->len);
    h->len = (uint32_t)payload->len;
    h->type = type;
    h->pos = v->next_pos++;
    h->chain = v->chain =
        nh_chain_next(v->chain, h->pos, type, nh_slice_of(h->payload, h->len));
    v->count++;
    v->host->counts.records++;
}

static void
new_boot(struct virtual *v, int64_t mono_ms)
{
    uint32_t epoch = v->boot[0].epoch + 1;
    int64_t ago_ms = nh_clock_mono_ms() - mono_ms;

    v->boot[1] = v->boot[0];
    v->boot[0] = (struct nh_boot){ .epoch = epoch,
        .mono_ms = mono_ms,
        .wall_ms = nh_clock_wall_ms() - ago_ms,
        .quality = NH_CLOCK_SET };
    nh_random(v->boot[0].boot_id, NH_STREAM_ID_LEN);
    v->next_pos = NH_POS(epoch, 1);
}

/* --- rounds --- */

static uint32_t
scaled(const struct virtual *v, uint32_t every_ms)
{
    if (v->host->every_ms == 0)
        return every_ms;
    return every_ms >= ROUND_MS ? every_ms / ROUND_MS * v->host->every_ms
                                : v->host->every_ms;
}

static void
measure(struct virtual *v, int64_t boundary)
{
    struct nh_reading readings[ROUND_READINGS];
    uint32_t base = scaled(v, ROUND_MS);
    int64_t wall_s = nh_clock_wall_ms() / 1000;
    size_t n = 0;

    for (size_t i = 0; i < v->check_count; i++) {
        struct check *c = &v->checks[i];
        struct nh_reading *r = &v->newest[i];

        if (boundary / base % (c->every_ms / base > 0 ? c->every_ms / base : 1) != 0)
            continue;
        if (c->site != v->number && strcmp(c->kind->name, "far") == 0 &&
            !world_has_power(v->host->world, c->site, boundary)) {
            world_measure(v->host->world, c->kind, c->site, c->link, boundary, wall_s, r);
            r->present = UINT32_C(1) << NH_ICMP_SENT | UINT32_C(1) << NH_ICMP_LOST;
            r->value[NH_ICMP_LOST] = r->value[NH_ICMP_SENT];
        } else
            world_measure(v->host->world, c->kind, c->site, c->link, boundary, wall_s, r);
        r->check = c->number;
        r->mono_ms = boundary;
        v->host->counts.values += (uint64_t)__builtin_popcount(r->present);
        readings[n++] = *r;
        if (n == ROUND_READINGS || i + 1 == v->check_count || n * 24 > 1000) {
            nh_buf_clear(&v->columns);
            v->host->counts.readings += n;
            if (nh_batch_encode(v->dict, readings, n, &v->columns) == NH_OK)
                append(v, NH_REC_READINGS, &v->columns);
            n = 0;
        }
    }
    if (n > 0) {
        nh_buf_clear(&v->columns);
        v->host->counts.readings += n;
        if (nh_batch_encode(v->dict, readings, n, &v->columns) == NH_OK)
            append(v, NH_REC_READINGS, &v->columns);
    }
}

static bool
is_cut_off(const struct virtual *v, int64_t now)
{
    const struct world *w = v->host->world;

    return v->off || (world_link_is_cut(w, v->number, 0, now) &&
                         world_link_is_cut(w, v->number, 1, now));
}

static void
disconnect(struct virtual *v)
{
    nh_session_free(v->session);
    v->session = NULL;
    if (v->bev != NULL)
        bufferevent_free(v->bev);
    v->bev = NULL;
}

static void
on_virtual_round(void *arg)
{
    struct virtual *v = arg;
    int64_t now = nh_clock_mono_ms();
    uint32_t base = scaled(v, ROUND_MS);
    int64_t phase = v->host->spread_ms > 0
                        ? (int64_t)v->number * 7919 % v->host->spread_ms % base
                        : 0;
    int64_t boundary = now - now % base;
    bool off;

    world_step(v->host->world, now);
    off = !world_has_power(v->host->world, v->number, now);
    if (v->off && !off)
        new_boot(v, boundary); /* no reading is older than its host's start */
    v->off = off;
    if (!off)
        measure(v, boundary);
    if (is_cut_off(v, now)) {
        if (v->session != NULL || v->bev != NULL) {
            disconnect(v);
            nh_timer_after(v->connect, 2000);
        }
    } else if (v->session != NULL)
        nh_session_kick(v->session);
    nh_timer_at(v->round, boundary + base + phase);
}

void
virtual_add(struct virtual *v, const char *check, const char *kind, uint32_t of_site,
    uint32_t link)
{
    struct check *c;
    uint32_t number;

    if (v->check_count == CHECKS_MAX || nh_kind_find(kind) == NULL ||
        nh_dict_add(v->dict, check, nh_kind_find(kind), &number) != NH_OK)
        return;
    for (size_t i = 0; i < v->check_count; i++)
        if (v->checks[i].number == number)
            return;
    if (v->checks == NULL) {
        v->checks = calloc(CHECKS_MAX, sizeof(*v->checks));
        v->newest = calloc(CHECKS_MAX, sizeof(*v->newest));
        if (v->checks == NULL || v->newest == NULL)
            return;
    }
    c = &v->checks[v->check_count++];
    *c = (struct check){ .kind = nh_kind_find(kind),
        .number = number,
        .every_ms = scaled(v, nh_kind_find(kind)->default_every_s * 1000u),
        .site = of_site,
        .link = link };
}

/* --- the connection's owner --- */

static void
owner_hello(void *arg, struct nh_msg_hello *out)
{
    struct virtual *v = arg;

    snprintf(out->agent_id, sizeof(out->agent_id), "%s", v->identity);
    memcpy(out->stream_id, v->stream_id, NH_STREAM_ID_LEN);
    memcpy(out->boot_id, v->boot[0].boot_id, NH_STREAM_ID_LEN);
    out->oldest_pos = v->count > 0 ? held_at(v, 0)->pos : v->next_pos;
    out->next_pos = v->next_pos;
    out->acked_pos = v->acked;
    out->acked_chain = v->acked_chain;
    out->mono_ms = nh_clock_mono_ms();
    out->wall_ms = nh_clock_wall_ms();
    out->wall_quality = NH_CLOCK_SET;
    out->uptime_s = (out->mono_ms - v->boot[0].mono_ms) / 1000;
    snprintf(out->version, sizeof(out->version), "%s drill", NHIP_VERSION);
    out->fill_pct = (uint8_t)(v->count * 100 / RECORDS_MAX);
    out->assignment = v->generation;
}

static bool
owner_boot(void *arg, uint32_t epoch, struct nh_boot *out)
{
    struct virtual *v = arg;

    for (size_t i = 0; i < NH_COUNT(v->boot); i++)
        if (v->boot[i].epoch == epoch) {
            *out = v->boot[i];
            return true;
        }
    return false;
}

static bool
owner_chain_at(void *arg, uint64_t pos, uint32_t *chain)
{
    struct virtual *v = arg;

    for (size_t i = 0; i < v->count; i++)
        if (held_at(v, i)->pos == pos) {
            *chain = held_at(v, i)->chain;
            return true;
        }
    return false;
}

static enum nh_err
owner_seek(void *arg, uint64_t after_pos)
{
    struct virtual *v = arg;

    v->read_pos = after_pos;
    return NH_OK;
}

static enum nh_err
owner_next(void *arg, struct nh_record *rec, struct nh_gap *gap)
{
    struct virtual *v = arg;
    size_t low = 0, high = v->count;

    (void)gap;
    while (low < high) { /* positions rise along the ring */
        size_t middle = (low + high) / 2;

        if (held_at(v, middle)->pos <= v->read_pos)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == v->count)
        return NH_EEMPTY;
    *rec = (struct nh_record){ .pos = held_at(v, low)->pos,
        .chain = held_at(v, low)->chain,
        .type = held_at(v, low)->type,
        .payload = nh_slice_of(held_at(v, low)->payload, held_at(v, low)->len) };
    v->read_pos = rec->pos;
    return NH_OK;
}

static void
owner_release(void *arg, uint64_t pos)
{
    struct virtual *v = arg;

    while (v->count > 0 && held_at(v, 0)->pos <= pos) {
        drop_first(v);
        v->host->counts.delivered++;
    }
}

static uint64_t
owner_next_pos(void *arg)
{
    return ((struct virtual *)arg)->next_pos;
}

static size_t
owner_newest(void *arg, int64_t since_ms, struct nh_reading *out, size_t max)
{
    struct virtual *v = arg;
    size_t n = 0;

    for (size_t i = 0; i < v->check_count && n < max; i++)
        if (v->newest[i].check != 0 && v->newest[i].mono_ms > since_ms)
            out[n++] = v->newest[i];
    return n;
}

static void
owner_on_welcome(void *arg, const struct nh_msg_welcome *w)
{
    struct virtual *v = arg;

    (void)w;
    v->failures = 0;
    v->host->counts.sessions++;
}

/* Which of the site's links a check is about: the order in which they are named. */
static uint32_t
link_of(char names[WORLD_LINKS_MAX][NH_CHECK_ID_MAX], uint32_t *count, const char *check)
{
    const char *first = strchr(check, '/'), *last = strrchr(check, '/');
    size_t len;

    if (first == NULL || last == first)
        return UINT32_MAX;
    len = (size_t)(last - first - 1);
    for (uint32_t i = 0; i < *count; i++)
        if (strlen(names[i]) == len && strncmp(names[i], first + 1, len) == 0)
            return i;
    if (*count == WORLD_LINKS_MAX)
        return 0;
    snprintf(names[*count], NH_CHECK_ID_MAX, "%.*s", (int)len, first + 1);
    return (*count)++;
}

static bool
is_of_link(const char *kind)
{
    return strcmp(kind, "path") == 0 || strcmp(kind, "gateway") == 0 ||
           strcmp(kind, "port") == 0;
}

static void
take_assignments(struct virtual *v, struct nh_msg_assigned *answer)
{
    char links[WORLD_LINKS_MAX][NH_CHECK_ID_MAX];
    struct nh_slice in = nh_slice_of(v->parts.data, v->parts.len);
    struct nh_assignment a;
    uint32_t link_count = 0;

    v->check_count = 0;
    while (in.len > 0 && nh_assignment_decode(&in, &a) == NH_OK) {
        size_t before = v->check_count;
        uint32_t link =
            is_of_link(a.kind) ? link_of(links, &link_count, a.check) : UINT32_MAX;

        virtual_add(v, a.check, a.kind, v->number, link);
        if (v->check_count == before) {
            answer->refused++;
            continue;
        }
        v->checks[before].every_ms = scaled(v, a.every_ms);
        answer->accepted++;
        if (v->host->on_check != NULL)
            v->host->on_check(v->host->arg, link, &a);
    }
}

static void
owner_on_assign(void *arg, const struct nh_msg_assign *part)
{
    struct virtual *v = arg;
    struct nh_msg msg = { .type = NH_ASSIGNED };

    if (part->first)
        nh_buf_clear(&v->parts);
    nh_buf_put(&v->parts, part->checks.p, part->checks.len);
    if (!part->last)
        return;
    v->generation = msg.u.assigned.generation = part->generation;
    if (v->number != UINT32_MAX) /* the centre's checks are its own */
        take_assignments(v, &msg.u.assigned);
    nh_session_say(v->session, &msg);
}

static void
owner_on_task(void *arg, const struct nh_msg_task *task)
{
    struct virtual *v = arg;
    struct nh_msg msg = { .type = NH_RESULT };

    msg.u.result = (struct nh_msg_result){ .task = task->task,
        .last = true,
        .status = NH_TASK_UNSUPPORTED,
        .text = "a drill has no lines to test" };
    nh_session_say(v->session, &msg);
}

/* A token's key is exchanged for one of its own, which lives as long as the drill. */
static void
owner_on_key_offer(void *arg, const struct nh_msg_key_offer *offer)
{
    struct virtual *v = arg;
    struct nh_tls *tls = NULL;

    if (nh_tls_client(&tls, offer->identity, offer->key) != NH_OK)
        return;
    nh_tls_free(v->tls);
    v->tls = tls;
    snprintf(v->identity, sizeof(v->identity), "%s", offer->identity);
    nh_session_close(v->session, 0, "changing the key");
}

static void
owner_on_reject(void *arg, const struct nh_msg_reject *reject)
{
    struct virtual *v = arg;

    (void)reject;
    v->host->counts.failures++;
}

static void
come_again(struct virtual *v, bool had, uint32_t min_s, uint32_t max_s)
{
    uint32_t random;

    nh_random(&random, sizeof(random));
    disconnect(v);
    nh_timer_after(v->connect,
        v->host->retry_ms > 0 ? v->host->retry_ms
                              : nh_backoff_ms(++v->failures, had, min_s, max_s, random));
}

static void
owner_on_end(void *arg, const struct nh_session_end *end)
{
    struct virtual *v = arg;

    if (strcmp(end->why, "changing the key") == 0) {
        disconnect(v);
        nh_timer_after(v->connect, 0);
        return;
    }
    if (end->code != 0) {
        v->host->counts.failures++;
        nh_log_limited(NH_LOG_WARN, "drill: %s: %s", v->identity, end->why);
    }
    come_again(v, end->welcomed, end->retry_min_s, end->retry_max_s);
}

static void
on_virtual_event(struct bufferevent *bev, short what, void *arg)
{
    struct virtual *v = arg;
    struct nh_session_owner owner = { v, owner_hello, v->dict, owner_boot, owner_chain_at,
        owner_seek, owner_next, owner_release, owner_next_pos, owner_newest,
        owner_on_welcome, owner_on_assign, owner_on_task, owner_on_key_offer,
        owner_on_reject, owner_on_end };
    char why[160];

    if ((what & BEV_EVENT_CONNECTED) != 0 && nh_tls_check_peer(bev, NULL) == NH_OK) {
        v->bev = NULL; /* moved */
        nh_timer_stop(v->connect);
        if (nh_session_new(&v->session, v->host->base, bev, &owner) == NH_OK)
            return;
        come_again(v, false, 0, 0);
        return;
    }
    nh_log_limited(
        NH_LOG_WARN, "drill: %s: %s", v->identity, nh_tls_error(bev, why, sizeof(why)));
    v->host->counts.failures++;
    come_again(v, false, 0, 0);
}

static void
connect_now(struct virtual *v)
{
    disconnect(v);
    nh_timer_after(v->connect, CONNECT_MS);
    if (is_cut_off(v, nh_clock_mono_ms()) ||
        nh_tls_bufferevent(v->tls, v->host->base, -1, false, &v->bev) != NH_OK) {
        v->bev = NULL;
        nh_timer_after(v->connect, 2000);
        return;
    }
    bufferevent_setcb(v->bev, NULL, NULL, on_virtual_event, v);
    bufferevent_enable(v->bev, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(v->bev, v->host->address, v->host->address_len) != 0)
        come_again(v, false, 0, 0);
}

static void
on_virtual_connect(void *arg)
{
    connect_now(arg);
}

enum nh_err
virtual_new(struct virtual **out, struct drill_host *host, uint32_t number,
    const char *identity, const uint8_t key[NH_KEY_LEN])
{
    struct virtual *v = calloc(1, sizeof(*v));
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (v == NULL)
        return NH_ENOMEM;
    v->host = host;
    v->number = number;
    snprintf(v->identity, sizeof(v->identity), "%s", identity);
    nh_buf_init(&v->parts, 4 << 20);
    nh_buf_init(&v->columns, NH_JOURNAL_PAYLOAD_MAX);
    nh_random(v->stream_id, sizeof(v->stream_id));
    new_boot(v, nh_clock_mono_ms());
    if ((err = nh_dict_new(&v->dict)) != NH_OK ||
        (err = nh_tls_client(&v->tls, identity, key)) != NH_OK ||
        (err = nh_timer_new(&v->round, host->base, on_virtual_round, v)) != NH_OK ||
        (err = nh_timer_new(&v->connect, host->base, on_virtual_connect, v)) != NH_OK) {
        virtual_free(v);
        return err;
    }
    nh_timer_after(
        v->connect, host->spread_ms > 0 ? (int64_t)number * 7919 % host->spread_ms : 0);
    nh_timer_after(v->round, 0);
    *out = v;
    return NH_OK;
}

void
virtual_free(struct virtual *v)
{
    if (v == NULL)
        return;
    disconnect(v);
    nh_timer_free(v->round);
    nh_timer_free(v->connect);
    nh_tls_free(v->tls);
    while (v->count > 0)
        drop_first(v);
    nh_dict_free(v->dict);
    nh_buf_fini(&v->parts);
    nh_buf_fini(&v->columns);
    free(v->ring);
    free(v->checks);
    free(v->newest);
    free(v);
}

bool
virtual_is_connected(const struct virtual *v)
{
    return v->session != NULL;
}

uint64_t
virtual_waiting(const struct virtual *v)
{
    return v->count;
}
