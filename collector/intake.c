/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake.c - the door: listening, who may try, and how long
 *
 * A connection is counted half-open until its HELLO was accepted, and holds one token of
 * the door's bucket meanwhile: agents that know their key give it back at once, so that
 * two thousand can return together, while strangers run it dry. Then the listener rests.
 * Failures are charged to the source's own bucket, and a source that has none left is
 * closed without a word.
 */
#include "collector/intake_model.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/tls.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HALF_OPEN_MAX = 256,
    DOOR_PER_S = 20,
    DOOR_BURST = 64,
    SOURCE_PER_MIN = 30,
    FIRST_BYTES = 5,
    HANDSHAKE_MS = 10000,
    REST_MS = 50,
    REST_EMFILE_MS = 1000,
    BACKLOG = 1024,
    TLS_HANDSHAKE = 0x16,
    ROTATE_LOOK = 64, /* agents a second whose key is looked at */
};

static const char *const count_names[INTAKE_COUNTS] = {
    [NH_WIRE_SYNTAX] = "syntax",
    [NH_WIRE_TOO_BIG] = "too_big",
    [NH_WIRE_VERSION] = "version",
    [NH_WIRE_BAD_STATE] = "bad_state",
    [NH_WIRE_UNKNOWN_CRITICAL] = "unknown_critical",
    [NH_WIRE_NO_DICT] = "no_dict",
    [NH_WIRE_LIMIT] = "limit",
    [NH_WIRE_TIMEOUT] = "timeout",
    [NH_WIRE_IDENTITY] = "identity",
    [NH_WIRE_REVOKED] = "revoked",
    [NH_WIRE_DUPLICATE] = "duplicate",
    [NH_WIRE_DIVERGED] = "diverged",
    [NH_WIRE_TIME] = "time",
    [NH_WIRE_FULL] = "full",
    [NH_WIRE_SHUTDOWN] = "shutdown",
    [NH_WIRE_INTERNAL] = "internal",
    [INTAKE_HANDSHAKE] = "handshake",
    [INTAKE_HALF_OPEN] = "half_open",
    [INTAKE_RATE] = "rate",
    [INTAKE_BURNT_TOKEN] = "burnt_token",
};

const char *
intake_count_name(int count)
{
    return count_names[count];
}

void
intake_count(struct intake *in, int count)
{
    if (count > 0 && count < INTAKE_COUNTS)
        in->counts[count]++;
}

/* ---- who may try ---- */

static uint32_t
hash_address(const struct sockaddr *sa)
{
    const uint8_t *p = (const uint8_t *)&((const struct sockaddr_in *)sa)->sin_addr;
    size_t n = 4;
    uint32_t h = 2166136261U;

    if (sa->sa_family == AF_INET6) { /* a /64 is one neighbour */
        p = (const uint8_t *)&((const struct sockaddr_in6 *)sa)->sin6_addr;
        n = 8;
    }
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619U;
    return h;
}

static struct source_limit *
limit_of(struct intake *in, uint32_t hash, int64_t mono_ms)
{
    struct source_limit *l = &in->limits[hash % SOURCE_LIMITS];

    if (l->hash != hash || l->at_ms == 0) {
        *l = (struct source_limit){ hash, SOURCE_PER_MIN, mono_ms };
        return l;
    }
    l->tokens += (float)(mono_ms - l->at_ms) * SOURCE_PER_MIN / 60000;
    if (l->tokens > SOURCE_PER_MIN)
        l->tokens = SOURCE_PER_MIN;
    l->at_ms = mono_ms;
    return l;
}

/* No debts: a whole province may be behind one address, and its agents fail together when
 * the line or this host was too slow for their handshakes. */
static void
charge(struct source_limit *l)
{
    l->tokens = l->tokens > 1 ? l->tokens - 1 : 0;
}

static bool
door_take(struct intake *in, int64_t mono_ms)
{
    in->door_tokens += (double)(mono_ms - in->door_at_ms) * DOOR_PER_S / 1000;
    if (in->door_tokens > DOOR_BURST)
        in->door_tokens = DOOR_BURST;
    in->door_at_ms = mono_ms;
    if (in->door_tokens < 1)
        return false;
    in->door_tokens -= 1;
    return true;
}

static void
rest(struct intake *in, int64_t ms)
{
    evconnlistener_disable(in->listener);
    nh_timer_after(in->rest, ms);
}

static void
on_listener_rested(void *arg)
{
    struct intake *in = arg;

    if (in->half_open >= HALF_OPEN_MAX)
        nh_timer_after(in->rest, REST_MS);
    else
        evconnlistener_enable(in->listener);
}

void
intake_admit(struct session *s)
{
    if (!s->charged)
        return;
    s->charged = false;
    s->in->half_open--;
    s->in->door_tokens += 1;
}

/* ---- sessions come and go ---- */

void
session_free(struct session *s)
{
    struct intake *in = s->in;

    if (s->agent != NULL && s->agent->session == s) {
        s->agent->session = NULL;
        control_tests_lost(in->c->control, s->agent->site);
        s->agent->since_ms = nh_clock_wall_ms();
        in->live--;
        if (!in->closing)
            collector_say(in->c, "session_down", s->agent->site, -1, NULL, NULL);
    }
    if (s->src != NULL && s->src->session == s)
        s->src->session = NULL;
    if (s->charged) { /* it never came to a HELLO that was accepted */
        in->half_open--;
        charge(limit_of(in, s->source_hash, nh_clock_mono_ms()));
    }
    if (s->first_bytes != NULL)
        event_free(s->first_bytes);
    if (s->bev != NULL)
        bufferevent_free(s->bev);
    if (s->fd >= 0)
        close(s->fd);
    if (s->parked != NULL)
        evbuffer_free(s->parked);
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        in->sessions = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    free(s);
}

/* Five bytes have come (or the end): TLS begins with a handshake record. */
static void
on_session_first_bytes(evutil_socket_t fd, short what, void *arg)
{
    struct session *s = arg;
    uint8_t head[FIRST_BYTES];
    struct bufferevent *bev;
    ssize_t n = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
    const int one = 1;

    (void)what;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        event_add(s->first_bytes, NULL);
        return;
    }
    if (n == (ssize_t)sizeof(head) && head[0] == TLS_HANDSHAKE && head[1] == 3) {
        setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
        event_free(s->first_bytes);
        s->first_bytes = NULL;
        s->fd = -1;
        if (nh_tls_bufferevent(s->in->tls, s->in->c->base, fd, true, &bev) == NH_OK) {
            session_start(s, bev);
            return;
        }
        s->fd = fd;
        intake_count(s->in, NH_WIRE_INTERNAL);
    } else if (n > 0) {
        intake_count(s->in, INTAKE_HANDSHAKE);
        nh_log_limited(NH_LOG_WARN, "intake: %s does not speak TLS, closed", s->peer);
    }
    session_free(s);
}

static void
set_options(int fd)
{
    const int one = 1, low = FIRST_BYTES, idle = 60, every = 15, count = 3;
    const unsigned timeout_ms = NH_DEAD_AFTER_S * 1000;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
}

static void
name_peer(const struct sockaddr *sa, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
            host, sizeof(host));
    else
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
            host, sizeof(host));
    snprintf(out, size, "%s", strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host);
}

static enum nh_err
session_new(struct intake *in, int fd, const struct sockaddr *sa, int64_t mono_ms)
{
    struct session *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NH_ENOMEM;
    s->first_bytes = event_new(in->c->base, fd, EV_READ, on_session_first_bytes, s);
    if (s->first_bytes == NULL || event_add(s->first_bytes, NULL) != 0) {
        if (s->first_bytes != NULL)
            event_free(s->first_bytes);
        free(s);
        return NH_ENOMEM;
    }
    s->in = in;
    s->fd = fd;
    s->state = NH_COLLECTOR_ACCEPTED;
    s->source_hash = hash_address(sa);
    s->charged = true;
    s->accepted_ms = mono_ms;
    s->deadline_ms = mono_ms + HANDSHAKE_MS;
    name_peer(sa, s->peer, sizeof(s->peer));
    s->next = in->sessions;
    if (s->next != NULL)
        s->next->prev = s;
    in->sessions = s;
    in->half_open++;
    return NH_OK;
}

static void
on_listener_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
    struct intake *in = arg;
    int64_t mono_ms = nh_clock_mono_ms();

    (void)listener;
    (void)len;
    if (limit_of(in, hash_address(sa), mono_ms)->tokens < 1) {
        intake_count(in, INTAKE_RATE);
        close(fd);
        return;
    }
    if (in->half_open >= HALF_OPEN_MAX) {
        intake_count(in, INTAKE_HALF_OPEN);
        close(fd);
        rest(in, REST_MS);
        return;
    }
    set_options(fd);
    if (session_new(in, fd, sa, mono_ms) != NH_OK) {
        intake_count(in, NH_WIRE_INTERNAL);
        close(fd);
    }
    if (!door_take(in, mono_ms))
        rest(in, REST_MS);
}

static void
on_listener_error(struct evconnlistener *listener, void *arg)
{
    int err = EVUTIL_SOCKET_ERROR();

    (void)listener;
    nh_log_limited(
        NH_LOG_ERROR, "intake: accept: %s, resting for a second", strerror(err));
    rest(arg, REST_EMFILE_MS);
}

/* ---- life ---- */

/* TLS asks for the key of an identity. A burnt token that comes back has been copied. */
static bool
on_tls_find(void *arg, const char *identity, uint8_t key[NH_KEY_LEN])
{
    struct intake *in = arg;
    const struct key_row *row = keys_get(in->c->keys, identity);

    if (row == NULL)
        return false;
    if (row->state == KEY_BURNT) {
        intake_count(in, INTAKE_BURNT_TOKEN);
        nh_log_limited(NH_LOG_WARN,
            "intake: the join token of %s was used before and is tried again: who has "
            "it?",
            row->site);
    }
    if (!key_is_good(row, nh_clock_wall_ms() / 1000))
        return false;
    memcpy(key, row->key, NH_KEY_LEN);
    return true;
}

static enum nh_err
listen_on(struct intake *in, const char *address)
{
    struct sockaddr_storage ss = { 0 };
    int len = sizeof(ss);
    evutil_socket_t fd;
    socklen_t got = sizeof(ss);

    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&ss, &len) != 0) {
        nh_log(NH_LOG_ERROR, "intake: '%s' is not ADDRESS:PORT", address);
        return NH_EINVAL;
    }
    in->listener = evconnlistener_new_bind(in->c->base, on_listener_accept, in,
        LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, BACKLOG,
        (struct sockaddr *)&ss, len);
    if (in->listener == NULL) {
        nh_log(NH_LOG_ERROR, "intake: cannot listen on %s: %s", address, strerror(errno));
        return NH_EIO;
    }
    evconnlistener_set_error_cb(in->listener, on_listener_error);
    fd = evconnlistener_get_fd(in->listener);
    if (getsockname(fd, (struct sockaddr *)&ss, &got) == 0)
        in->port = ntohs(ss.ss_family == AF_INET6
                             ? ((struct sockaddr_in6 *)(void *)&ss)->sin6_port
                             : ((struct sockaddr_in *)(void *)&ss)->sin_port);
    return NH_OK;
}

enum nh_err
intake_open(struct intake **out, struct collector *c)
{
    struct intake *in = calloc(1, sizeof(*in));
    enum nh_err err;

    *out = NULL;
    if (in == NULL)
        return NH_ENOMEM;
    in->c = c;
    in->door_tokens = DOOR_BURST;
    in->door_at_ms = nh_clock_mono_ms();
    nh_buf_init(&in->out, NH_FRAME_MAX);
    nh_buf_init(&in->parts, 4 << 20);
    err = nh_timer_new(&in->rest, c->base, on_listener_rested, in);
    if (err == NH_OK)
        err = nh_tls_server(&in->tls, on_tls_find, in);
    if (err == NH_OK)
        err = listen_on(in, c->inv->collector.listen);
    if (err != NH_OK) {
        intake_close(in);
        return err;
    }
    *out = in;
    return NH_OK;
}

/* Agents are told to come back soon, and get a moment to hear it. */
static void
say_goodbye(struct intake *in)
{
    int64_t until_ms = nh_clock_mono_ms() + 300;
    struct session *s, *next;

    for (s = in->sessions; s != NULL; s = next) {
        next = s->next;
        if (s->state == NH_COLLECTOR_READY)
            session_go_away(s, NH_WIRE_SHUTDOWN, 1, 15);
    }
    while (in->live > 0 && nh_clock_mono_ms() < until_ms)
        if (event_base_loop(in->c->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) != 0)
            break;
}

void
intake_close(struct intake *in)
{
    if (in == NULL)
        return;
    in->closing = true;
    if (in->listener != NULL)
        evconnlistener_free(in->listener);
    if (in->live > 0)
        say_goodbye(in);
    for (struct session *s = in->sessions, *next; s != NULL; s = next) {
        next = s->next;
        session_free(s);
    }
    nh_timer_free(in->rest);
    nh_tls_free(in->tls);
    for (size_t i = 0; i < in->agent_count; i++)
        free(in->agent_list[i]);
    free(in->agent_list);
    strmap_fini(&in->agents);
    nh_buf_fini(&in->out);
    nh_buf_fini(&in->parts);
    free(in);
}

struct intake_agent *
intake_agent_make(struct intake *in, const char *site)
{
    struct intake_agent *a = strmap_get(&in->agents, site);
    struct intake_agent **more;

    if (a != NULL)
        return a;
    more = realloc(in->agent_list, (in->agent_count + 1) * sizeof(*more));
    if (more == NULL)
        return NULL;
    in->agent_list = more;
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    snprintf(a->site, sizeof(a->site), "%s", site);
    if (strmap_put(&in->agents, a->site, a) != NH_OK) {
        free(a);
        return NULL;
    }
    in->agent_list[in->agent_count++] = a;
    return a;
}

/* Keys of a province are often made in one day, and each change writes the whole table:
 * so at most one a second is replaced, a few are looked at, and never while all of them
 * come back at once. */
static void
rotate_one(struct intake *in, int64_t now_s)
{
    for (size_t i = 0; i < ROTATE_LOOK && i < in->agent_count; i++) {
        struct session *s = in->agent_list[in->rotate_next++ % in->agent_count]->session;

        if (s != NULL && session_rotate_aged(s, now_s))
            return;
    }
}

void
intake_tick(struct intake *in, int64_t mono_ms)
{
    struct session *s, *next;

    rotate_one(in, nh_clock_wall_ms() / 1000);

    for (s = in->sessions; s != NULL; s = next) {
        next = s->next;
        session_tick(s, mono_ms);
    }
}

void
intake_reloaded(struct intake *in)
{
    struct session *s, *next;

    for (s = in->sessions; s != NULL; s = next) {
        next = s->next;
        if (s->state == NH_COLLECTOR_READY)
            session_assign(s);
    }
}

void
intake_revoke(struct intake *in, const char *site)
{
    struct intake_agent *a = strmap_get(&in->agents, site);

    if (a != NULL && a->session != NULL)
        session_end(a->session, NH_WIRE_REVOKED, "the key of this agent was revoked");
}

const struct intake_agent *
intake_agent(const struct intake *in, const char *site)
{
    return strmap_get(&in->agents, site);
}

size_t
intake_live(const struct intake *in)
{
    return in->live;
}

uint64_t
intake_counted(const struct intake *in, int count)
{
    return in->counts[count];
}

uint16_t
intake_port(const struct intake *in)
{
    return in->port;
}

void
intake_lost(struct intake *in, struct store_source *src)
{
    struct session *s = src->session;

    (void)in;
    if (s != NULL)
        session_go_away(s, NH_WIRE_INTERNAL, 1, 10);
}

void
intake_space(struct intake *in)
{
    struct session *s, *next;

    for (s = in->sessions; s != NULL; s = next) {
        next = s->next;
        if (s->state == NH_COLLECTOR_READY && s->told_full)
            session_unpark(s);
    }
}
