/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uplink.c - connect, prove the key, run a session, come back
 *
 *   DISCONNECTED -> CONNECT -> TLS -> (session.c: HELLO_SENT, LIVE_SENT, STREAMING)
 *        ^                                   |
 *        +------------- BACKOFF <------------+   jittered, see nh_backoff_ms()
 *
 * Each try takes the next address and the next way out: the default route, then each
 * link's interface by SO_BINDTODEVICE. What worked is tried first the next time, unless
 * nothing came through it any more. Names are resolved by libevent's resolver, bound to
 * nothing; numeric addresses need none.
 */
#include "agent/uplink.h"
#include "agent/keyring.h"
#include "agent/tasks.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/tls.h"
#include <assert.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECT_MS = 10000,           /* TCP and TLS together */
    USER_TIMEOUT_MS = 90000,      /* with one way out there is nothing better to do */
    USER_TIMEOUT_WAYS_MS = 25000, /* well before a collector calls the agent silent */
    NEXT_WAY_S = 5,               /* a carrier's node takes many agents' lines at once */
    KEEPALIVE_S = 60,
    TAKEOVERS_HOLD_S = 600,
};

struct uplink {
    const struct uplink_host *host; /* borrowed */
    const struct agent_collector *collector;
    size_t number;
    struct nh_cursor *cursor;
    struct nh_timer *timer;
    struct evdns_base *dns;
    struct evdns_getaddrinfo_request *asking;
    struct nh_tls *tls;
    struct bufferevent *bev; /* until the session takes it */
    struct nh_session *session;
    struct tasks *tasks; /* of this session; NULL: none asked for */
    enum nh_agent_state state;
    uint64_t attempt, sessions;
    unsigned failures, key_attempt;
    bool key_is_next, have_key, key_changed;
    char identity[NH_IDENTITY_MAX];
    struct uplink_way way;
    char interface[16], why[192];
    int64_t retry_at_ms;
};

struct uplink_way
uplink_way_of(uint64_t attempt, size_t addresses, size_t interfaces)
{
    return (struct uplink_way){ .address = (size_t)(attempt % addresses),
        .way = (size_t)(attempt / addresses % (interfaces + 1)) };
}

static size_t
count_interfaces(const struct uplink *up)
{
    size_t n = 0;

    while (assignments_interface(up->host->assignments, n) != NULL)
        n++;
    return n;
}

/* --- coming back --- */

static void
forget_connection(struct uplink *up)
{
    if (up->asking != NULL)
        evdns_getaddrinfo_cancel(up->asking);
    up->asking = NULL;
    if (up->bev != NULL)
        bufferevent_free(up->bev);
    up->bev = NULL;
    tasks_free(up->tasks); /* they have nobody left to tell */
    up->tasks = NULL;
    nh_session_free(up->session);
    up->session = NULL;
    nh_tls_free(up->tls);
    up->tls = NULL;
}

static const char *
way_name(const struct uplink *up)
{
    return up->interface[0] != '\0' ? up->interface : "the default route";
}

/* Wait, then try the next way. */
static void
back_off(struct uplink *up, bool had_session, uint32_t min_s, uint32_t max_s)
{
    uint32_t random;
    int64_t ms;

    nh_random(&random, sizeof(random));
    forget_connection(up);
    up->failures = had_session ? 0 : up->failures + 1;
    if (!had_session)
        up->attempt++;
    ms = nh_backoff_ms(up->failures, had_session, min_s, max_s, random);
    up->state = NH_AGENT_BACKOFF;
    up->retry_at_ms = nh_clock_mono_ms() + ms;
    nh_timer_at(up->timer, up->retry_at_ms);
    nh_log_limited(NH_LOG_NOTICE, "uplink %s (%s by %s): %s, next try in %lld.%lld s",
        up->collector->name, up->collector->address[up->way.address], way_name(up),
        up->why, (long long)ms / 1000, (long long)ms % 1000 / 100);
}

static void
fail(struct uplink *up, const char *why)
{
    snprintf(up->why, sizeof(up->why), "%s", why);
    back_off(up, false, 0, 0);
}

/* --- the session's owner --- */

static void
owner_hello(void *arg, struct nh_msg_hello *out)
{
    struct uplink *up = arg;
    struct nh_journal *j = spool_journal(up->host->spool);
    struct nh_journal_stats stats;
    uint64_t acked = nh_cursor_released(up->cursor);

    nh_journal_stats(j, &stats);
    snprintf(out->agent_id, sizeof(out->agent_id), "%s", up->identity);
    memcpy(out->stream_id, nh_journal_stream_id(j), NH_STREAM_ID_LEN);
    memcpy(out->boot_id, nh_clock_boot_id(), NH_STREAM_ID_LEN);
    out->oldest_pos = nh_journal_oldest_pos(j);
    out->next_pos = nh_journal_next_pos(j);
    if (spool_chain_at(up->host->spool, acked, &out->acked_chain))
        out->acked_pos = acked;
    out->mono_ms = nh_clock_mono_ms();
    out->wall_ms = nh_clock_wall_ms();
    out->wall_quality = (uint8_t)nh_clock_wall_quality();
    out->uptime_s = out->mono_ms / 1000;
    snprintf(out->version, sizeof(out->version), "%s", NHIP_VERSION);
    out->fill_pct = (uint8_t)(stats.fill_pct > 100 ? 100 : stats.fill_pct);
    out->assignment = assignments_generation(up->host->assignments, up->number);
}

static bool
owner_boot(void *arg, uint32_t epoch, struct nh_boot *out)
{
    struct uplink *up = arg;
    const struct nh_boot *boot = spool_boot(up->host->spool, epoch);

    if (boot != NULL)
        *out = *boot;
    return boot != NULL;
}

static bool
owner_chain_at(void *arg, uint64_t pos, uint32_t *chain)
{
    struct uplink *up = arg;

    return spool_chain_at(up->host->spool, pos, chain);
}

static enum nh_err
owner_seek(void *arg, uint64_t after_pos)
{
    struct uplink *up = arg;

    return nh_cursor_seek(up->cursor, after_pos);
}

static enum nh_err
owner_next(void *arg, struct nh_record *rec, struct nh_gap *gap)
{
    struct uplink *up = arg;

    return nh_cursor_next(up->cursor, rec, gap);
}

static void
owner_release(void *arg, uint64_t pos)
{
    struct uplink *up = arg;

    nh_cursor_release(up->cursor, pos);
    up->host->on_released(up->host->arg);
}

static uint64_t
owner_next_pos(void *arg)
{
    struct uplink *up = arg;

    return nh_journal_next_pos(spool_journal(up->host->spool));
}

static size_t
owner_newest(void *arg, int64_t since_ms, struct nh_reading *out, size_t max)
{
    struct uplink *up = arg;

    return up->host->newest(up->host->arg, since_ms, out, max);
}

static void
owner_on_welcome(void *arg, const struct nh_msg_welcome *welcome)
{
    struct uplink *up = arg;
    struct nh_msg msg = { .type = NH_KEY_CONFIRM };

    up->failures = 0;
    up->sessions++;
    nh_log(NH_LOG_NOTICE, "uplink %s: connected to %s by %s, %llu records to deliver",
        up->collector->name, up->collector->address[up->way.address], way_name(up),
        (unsigned long long)spool_after(up->host->spool, welcome->durable_pos));
    if (!up->key_is_next)
        return;
    if (keyring_promote(up->collector->key_file) != NH_OK) {
        nh_log(NH_LOG_ERROR, "%s.next: cannot be renamed: %s; both keys are kept",
            up->collector->key_file, strerror(errno));
        return; /* not confirmed: the collector keeps the old one too */
    }
    up->key_is_next = false;
    snprintf(msg.u.key_confirm.identity, sizeof(msg.u.key_confirm.identity), "%s",
        up->identity);
    nh_session_say(up->session, &msg);
    if (up->host->on_joined != NULL && up->key_changed)
        up->host->on_joined(up->host->arg);
}

static void
owner_on_assign(void *arg, const struct nh_msg_assign *part)
{
    struct uplink *up = arg;
    struct nh_msg msg = { .type = NH_ASSIGNED };

    if (!assignments_part(up->host->assignments, up->number, part, &msg.u.assigned))
        return;
    nh_log(NH_LOG_INFO, "uplink %s: assignments %llu: %u taken, %u refused%s%s",
        up->collector->name, (unsigned long long)part->generation,
        msg.u.assigned.accepted, msg.u.assigned.refused, *msg.u.assigned.why ? ": " : "",
        msg.u.assigned.why);
    nh_session_say(up->session, &msg);
}

/* A test over what this collector itself assigned, and nothing else. */
static bool
find_check(void *arg, const char *check, struct nh_assignment *out)
{
    struct uplink *up = arg;

    return assignments_find(up->host->assignments, up->number, check, out);
}

static void
say_result(void *arg, const struct nh_msg_result *result)
{
    struct uplink *up = arg;
    struct nh_msg msg = { .type = NH_RESULT };

    msg.u.result = *result;
    nh_session_say(up->session, &msg);
}

static void
owner_on_task(void *arg, const struct nh_msg_task *task)
{
    struct uplink *up = arg;
    const struct tasks_host host = { up->host->base, find_check, say_result, up };

    if (up->tasks == NULL && tasks_new(&up->tasks, &host) != NH_OK)
        return; /* no memory for a test: whoever asked hears nothing, and asks again */
    tasks_take(up->tasks, task);
}

static void
owner_on_key_offer(void *arg, const struct nh_msg_key_offer *offer)
{
    struct uplink *up = arg;

    if (keyring_put_next(up->collector->key_file, offer->identity, offer->key) != NH_OK) {
        nh_log(NH_LOG_ERROR, "%s.next: cannot be written: %s; the old key goes on",
            up->collector->key_file, strerror(errno));
        return;
    }
    nh_log(NH_LOG_NOTICE, "uplink %s: a new key was handed over, connecting with it",
        up->collector->name);
    up->key_changed = true;
    nh_session_close(up->session, 0, "changing the key");
}

static void
owner_on_reject(void *arg, const struct nh_msg_reject *reject)
{
    struct uplink *up = arg;

    spool_quarantine(up->host->spool, reject->pos, reject->code);
}

/* What each error means for the next try; a person reads the log. */
static void
owner_on_end(void *arg, const struct nh_session_end *end)
{
    struct uplink *up = arg;
    uint32_t min_s = end->retry_min_s, max_s = end->retry_max_s;
    bool had = end->welcomed;

    snprintf(up->why, sizeof(up->why), "%s", end->why);
    if (up->key_changed && !up->key_is_next && end->code == 0 &&
        strcmp(end->why, "changing the key") == 0) {
        up->key_attempt = 0;
        uplink_restart(up);
        return;
    }
    switch (end->code) {
    case NH_WIRE_DIVERGED:
        nh_log(NH_LOG_ERROR,
            "uplink %s: ALARM: the collector knows another history of this stream (a "
            "cloned disk or a restored backup?); a new stream begins",
            up->collector->name);
        up->host->on_new_stream(up->host->arg); /* restarts this uplink too */
        return;
    case NH_WIRE_REVOKED:
    case NH_WIRE_IDENTITY:
        nh_log(NH_LOG_ERROR, "uplink %s: ALARM: %s: this agent has to be joined anew",
            up->collector->name, nh_wire_error_text(end->code));
        had = false;
        up->key_attempt++;
        break;
    case NH_WIRE_DUPLICATE:
        nh_log(NH_LOG_ERROR,
            "uplink %s: ALARM: another machine uses this agent's key; holding off",
            up->collector->name);
        if (max_s == 0)
            min_s = TAKEOVERS_HOLD_S / 2, max_s = TAKEOVERS_HOLD_S;
        break;
    case NH_WIRE_VERSION:
        nh_log(NH_LOG_ERROR, "uplink %s: the collector speaks another version: %s",
            up->collector->name, end->why);
        if (max_s == 0)
            min_s = 60, max_s = 300;
        break;
    default:
        break;
    }
    if (end->line_dead && count_interfaces(up) > 1 && max_s == 0) {
        had = false;
        max_s = NEXT_WAY_S;
    }
    back_off(up, had, min_s, max_s);
}

static void
start_session(struct uplink *up)
{
    struct nh_session_owner owner = { .arg = up,
        .hello = owner_hello,
        .dict = spool_dict(up->host->spool),
        .boot = owner_boot,
        .chain_at = owner_chain_at,
        .seek = owner_seek,
        .next = owner_next,
        .release = owner_release,
        .next_pos = owner_next_pos,
        .newest = owner_newest,
        .on_welcome = owner_on_welcome,
        .on_assign = owner_on_assign,
        .on_task = owner_on_task,
        .on_key_offer = owner_on_key_offer,
        .on_reject = owner_on_reject,
        .on_end = owner_on_end };
    struct bufferevent *bev = up->bev;

    up->bev = NULL; /* moved */
    if (nh_session_new(&up->session, up->host->base, bev, &owner) != NH_OK) {
        fail(up, "out of memory");
        return;
    }
    nh_timer_stop(up->timer);
}

/* --- connecting --- */

static void
on_uplink_event(struct bufferevent *bev, short what, void *arg)
{
    struct uplink *up = arg;
    char why[160];

    if ((what & BEV_EVENT_CONNECTED) != 0) {
        if (nh_tls_check_peer(bev, NULL) == NH_OK) {
            start_session(up);
            return;
        }
        up->key_attempt++;
        fail(up, "whoever answers there does not know our key");
        return;
    }
    if (up->state == NH_AGENT_TLS)
        up->key_attempt++; /* perhaps the other key is the right one */
    nh_tls_error(bev, why, sizeof(why));
    fail(up, why);
}

/* A socket that leaves by the chosen way; -1 with errno. */
static int
open_socket(struct uplink *up, const struct evutil_addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1, idle = KEEPALIVE_S, every = 15, count = 3;
    unsigned timeout = count_interfaces(up) > 1 ? USER_TIMEOUT_WAYS_MS : USER_TIMEOUT_MS;
    size_t len = strlen(up->interface);

    if (fd < 0)
        return -1;
    if (len > 0 &&
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, up->interface, (socklen_t)len) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
    return fd;
}

/* TCP's connect is watched by libevent beneath TLS: CONNECTED comes after both. */
static void
connect_to(struct uplink *up, const struct evutil_addrinfo *ai)
{
    int fd = open_socket(up, ai);

    if (fd < 0) {
        fail(up, strerror(errno));
        return;
    }
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS) {
        int saved = errno;

        close(fd);
        fail(up, strerror(saved));
        return;
    }
    if (nh_tls_bufferevent(up->tls, up->host->base, fd, false, &up->bev) != NH_OK) {
        close(fd);
        fail(up, "out of memory");
        return;
    }
    up->state = NH_AGENT_TLS;
    bufferevent_setcb(up->bev, NULL, NULL, on_uplink_event, up);
    bufferevent_enable(up->bev, EV_READ | EV_WRITE);
}

static void
on_resolved(int result, struct evutil_addrinfo *ai, void *arg)
{
    struct uplink *up = arg;

    up->asking = NULL;
    if (result == EVUTIL_EAI_CANCEL)
        return;
    if (result != 0 || ai == NULL)
        fail(up, evutil_gai_strerror(result));
    else
        connect_to(up, ai);
    if (ai != NULL)
        evutil_freeaddrinfo(ai);
}

static bool
load_key(struct uplink *up)
{
    struct agent_key key;
    enum nh_err err = keyring_get(up->collector->key_file, up->key_attempt, &key);

    up->have_key = err == NH_OK;
    if (err == NH_OK)
        err = nh_tls_client(&up->tls, key.identity, key.key);
    if (err == NH_OK) {
        up->key_is_next = key.next;
        memcpy(up->identity, key.identity, sizeof(up->identity));
    }
    nh_wipe(&key, sizeof(key));
    return err == NH_OK;
}

static void
connect_now(struct uplink *up)
{
    struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = EVUTIL_AI_ADDRCONFIG };
    char host[NH_HOST_MAX], service[8];
    const char *interface;
    uint16_t port;

    forget_connection(up);
    up->state = NH_AGENT_CONNECT;
    up->way =
        uplink_way_of(up->attempt, up->collector->address_count, count_interfaces(up));
    interface = up->way.way > 0
                    ? assignments_interface(up->host->assignments, up->way.way - 1)
                    : "";
    snprintf(up->interface, sizeof(up->interface), "%s", interface);
    if (!load_key(up)) {
        fail(up, "there is no key yet: nhip-agent join TOKEN");
        return;
    }
    if (agent_address_split(up->collector->address[up->way.address], host, &port) !=
        NH_OK) {
        fail(up, "the address cannot be read");
        return;
    }
    nh_timer_after(up->timer, CONNECT_MS);
    snprintf(service, sizeof(service), "%u", port);
    up->asking = evdns_getaddrinfo(up->dns, host, service, &hints, on_resolved, up);
}

static void
on_uplink_timer(void *arg)
{
    struct uplink *up = arg;

    if (up->state == NH_AGENT_BACKOFF || up->state == NH_AGENT_DISCONNECTED)
        connect_now(up);
    else
        fail(up, "no answer within 10 s");
}

/* --- handles --- */

enum nh_err
uplink_new(struct uplink **out, const struct uplink_host *host, size_t collector)
{
    struct uplink *up = calloc(1, sizeof(*up));
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (up == NULL)
        return NH_ENOMEM;
    up->host = host;
    up->number = collector;
    up->collector = &host->config->collector[collector];
    up->dns = evdns_base_new(host->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (up->dns == NULL)
        goto out;
    /* a resolv.conf that is missing leaves numeric addresses working */
    (void)evdns_base_resolv_conf_parse(up->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
    if ((err = nh_timer_new(&up->timer, host->base, on_uplink_timer, up)) != NH_OK)
        goto out;
    if ((err = nh_cursor_open(&up->cursor, spool_journal(host->spool),
             up->collector->name, true)) != NH_OK)
        goto out;
    nh_timer_after(up->timer, 0);
    *out = up;
    up = NULL;
out:
    uplink_free(up);
    return err;
}

void
uplink_free(struct uplink *up)
{
    if (up == NULL)
        return;
    forget_connection(up);
    nh_timer_free(up->timer);
    if (up->dns != NULL)
        evdns_base_free(up->dns, 0);
    nh_cursor_close(up->cursor);
    free(up);
}

void
uplink_kick(struct uplink *up)
{
    if (up->session != NULL)
        nh_session_kick(up->session);
}

void
uplink_restart(struct uplink *up)
{
    forget_connection(up);
    up->state = NH_AGENT_DISCONNECTED;
    up->failures = 0;
    nh_timer_after(up->timer, 0);
}

void
uplink_facts(const struct uplink *up, struct uplink_facts *out)
{
    *out = (struct uplink_facts){ .name = up->collector->name,
        .address = up->collector->address[up->way.address],
        .interface = up->interface,
        .why = up->why,
        .state = up->state,
        .retry_at_ms = up->retry_at_ms,
        .failures = up->failures,
        .sessions = up->sessions,
        .waiting = spool_after(up->host->spool, nh_cursor_released(up->cursor)),
        .have_key = up->have_key };
    if (up->session != NULL) {
        nh_session_facts(up->session, &out->session);
        out->state = out->session.state;
    }
}
