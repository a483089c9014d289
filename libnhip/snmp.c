/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp.c - net-snmp's single-session API on the loop
 *
 * No session resolves a name, and none probes an engine by itself, because that probe
 * blocks.
 *
 *   v1, v2c:  IDLE -> BUSY -> IDLE
 *   v3:       PROBING (a GET without objects, answered by a report with the engine's
 *             id) -> the user's keys are localised -> as above. After SILENCE_MAX
 *             requests without an answer the id is dropped: PROBING again.
 *
 * A request ends in one place, finish(). Callbacks of the library may come twice (a
 * report: SEC_ERROR, then RECEIVED_MESSAGE), with a resend, or from within a send that
 * fails: `busy` says whether one is waited for, and a request that has ended is no more
 * in the library's list, so that a late answer finds none. What the device sends unasked
 * has a callback of its own. A session is never closed inside the library's callbacks
 * (`delivering`): settle() does it.
 *
 * What the library keeps by engine, the user with his keys and the engine's clock, is the
 * session's and is lent to it while the session speaks (snmp_library.h).
 *
 * The socket is connected anew when a request got no answer: its own address is fixed by
 * connecting, and the machine may have another one since.
 */
#include "libnhip/snmp.h"
#include "libnhip/address.h"
#include "libnhip/clock.h"
#include "libnhip/crc32c.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/snmp_library.h"
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    DEFAULT_TIMEOUT_MS = 1500,
    DEFAULT_RETRIES = 1,
    SILENCE_MAX = 2, /* v3 requests without an answer before the engine is asked anew */
    ENGINE_BUCKETS = 4096,
    TIMER_SLACK_MS = 5, /* a timer must not come before the library's own deadline */
};

struct request {
    struct request *next;
    void (*done)(void *arg, struct nh_snmp_answer *a);
    void *arg;
    netsnmp_pdu *pdu; /* owned until it is sent */
};

struct nh_snmp {
    struct event_base *base; /* borrowed */
    struct event *readable, *later;
    struct nh_timer *timer;
    int64_t deadline_ms; /* of the request under way */
    bool armed;
    void *session;              /* net-snmp's, owned */
    struct nh_snmp_lent lent;   /* v3: the user with the keys for its engine */
    struct nh_snmp *next_alike; /* of `by_engine`, with `engine_sum` of its id */
    uint32_t engine_sum;
    bool listed;                   /* there */
    struct request *first, **last; /* owned; the first is the one under way */
    int fd, timeout_ms;
    int version;
    struct sockaddr_storage peer;
    socklen_t peer_len;

    bool busy, probing, refused, no_way, closing, delivering;
    bool connected;  /* to `peer`: nothing is sent or heard otherwise */
    bool has_result; /* `result` waits for the deferred event */
    enum nh_snmp_result result;
    int silent;
    struct nh_snmp_counts counts;
};

/* The sessions of the process that know their engine, by its id; not owned. */
static struct nh_snmp *by_engine[ENGINE_BUCKETS];

bool
nh_snmp_next(struct nh_snmp_answer *a, struct nh_snmp_var *out)
{
    const netsnmp_variable_list *v = a->next;

    if (v == NULL)
        return false;
    nh_snmp_library_var(v, out);
    a->next = v->next_variable;
    return true;
}

static void
request_free(struct request *r)
{
    if (r->pdu != NULL)
        snmp_free_pdu(r->pdu);
    free(r);
}

static struct request *
take_first(struct nh_snmp *s)
{
    struct request *r = s->first;

    s->first = r->next;
    if (s->first == NULL)
        s->last = &s->first;
    return r;
}

/* The request under way has ended: hand its answer out. */
static void
finish(struct nh_snmp *s, struct nh_snmp_answer *a)
{
    struct request *r = take_first(s);

    s->busy = false;
    if (r->done != NULL)
        r->done(r->arg, a);
    request_free(r);
}

static void
finish_without(struct nh_snmp *s, enum nh_snmp_result result)
{
    struct nh_snmp_answer a = { .result = result, .mono_us = nh_clock_mono_us() };

    finish(s, &a);
}

/* Hand `result` out from the loop. */
static void
finish_later(struct nh_snmp *s, enum nh_snmp_result result)
{
    s->result = result;
    s->has_result = true;
    event_active(s->later, EV_TIMEOUT, 0);
}

static bool
is_same_engine(const netsnmp_session *a, const netsnmp_session *b)
{
    return a->securityEngineIDLen == b->securityEngineIDLen &&
           memcmp(a->securityEngineID, b->securityEngineID, a->securityEngineIDLen) == 0;
}

static void
list_engine(struct nh_snmp *s)
{
    const netsnmp_session *ss = snmp_sess_session(s->session);
    struct nh_snmp **at;

    s->engine_sum = nh_crc32c(0, ss->securityEngineID, ss->securityEngineIDLen);
    at = &by_engine[s->engine_sum % ENGINE_BUCKETS];
    s->next_alike = *at;
    *at = s;
    s->listed = true;
}

static void
unlist_engine(struct nh_snmp *s)
{
    struct nh_snmp **at = &by_engine[s->engine_sum % ENGINE_BUCKETS];

    if (!s->listed)
        return;
    while (*at != s)
        at = &(*at)->next_alike;
    *at = s->next_alike;
    s->listed = false;
}

/* Does another device have the id of this one's engine? */
static bool
has_twin(const struct nh_snmp *s)
{
    const netsnmp_session *ss = snmp_sess_session(s->session);

    if (!s->listed)
        return false;
    for (const struct nh_snmp *o = by_engine[s->engine_sum % ENGINE_BUCKETS]; o != NULL;
         o = o->next_alike) {
        const netsnmp_session *other = snmp_sess_session(o->session);

        if (o->engine_sum == s->engine_sum && is_same_engine(other, ss) &&
            strcmp(other->peername, ss->peername) != 0)
            return true;
    }
    return false;
}

static void
forget_engine(struct nh_snmp *s)
{
    netsnmp_session *ss = snmp_sess_session(s->session);

    unlist_engine(s);
    nh_snmp_library_free_user(&s->lent);
    free(ss->securityEngineID);
    free(ss->contextEngineID);
    ss->securityEngineID = ss->contextEngineID = NULL;
    ss->securityEngineIDLen = ss->contextEngineIDLen = 0;
    ss->flags &= ~(u_long)SNMP_FLAGS_USER_CREATED;
    ss->flags |= SNMP_FLAGS_DONT_PROBE;
}

/* The probe's answer: with the engine's id the user's keys can be made. An id that is a
 * twin's too has two clocks, and the library would believe the one that is ahead. The
 * same goes for an engine that fell silent: it may be another by now, with fewer boots.
 */
static void
note_engine(struct nh_snmp *s)
{
    netsnmp_session *ss = snmp_sess_session(s->session);

    s->busy = s->probing = false;
    if (ss->securityEngineIDLen == 0) {
        finish_without(s, NH_SNMP_NONSENSE);
        return;
    }
    list_engine(s);
    if (nh_snmp_library_make_user(&s->lent, s->counts.reprobed > 0 || has_twin(s), ss) !=
        NH_OK) {
        forget_engine(s);
        finish_without(s, NH_SNMP_LOCAL);
    }
}

static void
note_silence(struct nh_snmp *s)
{
    s->counts.timeouts++;
    s->probing = false;
    s->connected = false;
    if (s->version == 3 && ++s->silent >= SILENCE_MAX) {
        s->silent = 0;
        s->counts.reprobed++;
        forget_engine(s);
    }
}

static void
note_message(struct nh_snmp *s, const netsnmp_pdu *pdu)
{
    struct nh_snmp_answer a = { .mono_us = nh_clock_mono_us() };
    bool report = pdu->command == SNMP_MSG_REPORT;

    if (s->probing && report) {
        note_engine(s);
        return;
    }
    if (report) {
        a.result = nh_snmp_library_report(pdu);
        if (a.result == NH_SNMP_TIMEOUT)
            forget_engine(s); /* unauthenticated: it is asked again, not believed */
    } else if (pdu->command == SNMP_MSG_RESPONSE && !s->probing) {
        a.result = nh_snmp_library_error(pdu);
        a.error_index = pdu->errindex > 0 ? (size_t)pdu->errindex : 0;
        a.next = a.result == NH_SNMP_OK ? pdu->variables : NULL;
        s->counts.answers += a.result == NH_SNMP_OK;
    } else {
        a.result = NH_SNMP_NONSENSE;
    }
    s->silent = 0;
    s->probing = false;
    finish(s, &a);
}

/* A trap, a question, an answer to nothing: not for us. */
static int
on_snmp_unasked(int op, netsnmp_session *ss, int id, netsnmp_pdu *pdu, void *arg)
{
    struct nh_snmp *s = arg;

    (void)ss;
    (void)id;
    (void)pdu;
    if (op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        s->counts.unasked++;
    return 1;
}

static bool
is_no_way(int why)
{
    return why == ENETUNREACH || why == EHOSTUNREACH || why == EACCES || why == EPERM;
}

/* The library's word on a request. A first send that fails is told by send_pdu(). */
static int
on_snmp_answer(int op, netsnmp_session *ss, int id, netsnmp_pdu *pdu, void *arg)
{
    struct nh_snmp *s = arg;

    (void)ss;
    (void)id;
    if (op == NETSNMP_CALLBACK_OP_RESEND)
        s->counts.resent++;
    if (!s->busy || s->closing)
        return 1;
    if (op == NETSNMP_CALLBACK_OP_SEND_FAILED) {
        s->no_way = s->no_way || is_no_way(errno); /* of a second try */
    } else if (op == NETSNMP_CALLBACK_OP_TIMED_OUT) {
        note_silence(s);
        finish_without(s, s->refused  ? NH_SNMP_REFUSED
                          : s->no_way ? NH_SNMP_UNREACHABLE
                                      : NH_SNMP_TIMEOUT);
    } else if (op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE && pdu != NULL) {
        note_message(s, pdu);
    }
    return 1;
}

/* Give `pdu` to the library, which owns it from here. A trap is done when it has left. */
static void
send_pdu(struct nh_snmp *s, netsnmp_pdu *pdu)
{
    int64_t now_ms = nh_clock_mono_ms();
    bool trap = pdu->command == SNMP_MSG_TRAP2;

    s->counts.requests++;
    s->delivering = true; /* SEND_FAILED comes by callback too: it is not heeded there */
    nh_snmp_library_lend(&s->lent);
    errno = 0;
    if (snmp_sess_async_send(s->session, pdu, on_snmp_answer, s) == 0) {
        enum nh_snmp_result result = is_no_way(errno)        ? NH_SNMP_UNREACHABLE
                                     : errno == ECONNREFUSED ? NH_SNMP_REFUSED
                                                             : NH_SNMP_LOCAL;

        snmp_free_pdu(pdu);
        s->probing = s->connected = false;
        finish_later(s, result);
    } else if (trap) {
        finish_later(s, NH_SNMP_OK);
    } else {
        s->deadline_ms = now_ms + s->timeout_ms + TIMER_SLACK_MS;
        if (!s->armed)
            nh_timer_at(s->timer, s->deadline_ms);
        s->armed = true;
    }
    s->delivering = false;
}

static netsnmp_pdu *
probe_pdu(void)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

    if (pdu == NULL)
        return NULL;
    pdu->version = SNMP_VERSION_3;
    pdu->securityName = strdup("");
    pdu->securityNameLen = 0;
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    if (pdu->securityName == NULL) {
        snmp_free_pdu(pdu);
        return NULL;
    }
    return pdu;
}

/* Connected: no answer from anywhere else gets in, and a closed port is told. */
static bool
connect_socket(struct nh_snmp *s)
{
    static const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

    (void)connect(s->fd, &nobody, sizeof(nobody));
    s->connected = connect(s->fd, (const struct sockaddr *)&s->peer, s->peer_len) == 0;
    return s->connected;
}

/* Send what waits, when nothing is under way. */
static void
pump(struct nh_snmp *s)
{
    netsnmp_pdu *pdu;

    if (s->busy || s->first == NULL)
        return;
    s->busy = true;
    s->refused = s->no_way = false;
    if (!s->connected && !connect_socket(s)) {
        finish_later(s, is_no_way(errno) ? NH_SNMP_UNREACHABLE : NH_SNMP_LOCAL);
        return;
    }
    s->probing =
        s->version == 3 && snmp_sess_session(s->session)->securityEngineIDLen == 0;
    pdu = s->probing ? probe_pdu() : s->first->pdu;
    if (!s->probing)
        s->first->pdu = NULL;
    if (pdu == NULL)
        finish_later(s, NH_SNMP_LOCAL);
    else
        send_pdu(s, pdu);
}

static void
destroy(struct nh_snmp *s)
{
    s->closing = true; /* what the library may still say is not heard */
    unlist_engine(s);
    while (s->first != NULL)
        request_free(take_first(s));
    nh_timer_free(s->timer);
    if (s->readable != NULL)
        event_free(s->readable);
    if (s->later != NULL)
        event_free(s->later);
    if (s->session != NULL)
        snmp_sess_close(s->session);
    nh_snmp_library_free_user(&s->lent);
    free(s);
}

/* After the library or a callback had its turn. */
static void
settle(struct nh_snmp *s)
{
    s->delivering = false;
    if (s->closing)
        destroy(s);
    else
        pump(s);
}

static void
on_snmp_readable(evutil_socket_t fd, short what, void *arg)
{
    struct nh_snmp *s = arg;
    netsnmp_large_fd_set *fds = nh_snmp_library_fds();

    (void)what;
    s->delivering = true;
    NETSNMP_LARGE_FD_SET(fd, fds);
    nh_snmp_library_lend(&s->lent);
    errno = 0;
    if (snmp_sess_read2(s->session, fds) != 0 && errno == ECONNREFUSED)
        s->refused = true;
    NETSNMP_LARGE_FD_CLR(fd, fds);
    settle(s);
}

/* One timer a session, not moved by each answer: it comes at the oldest deadline. */
static void
on_snmp_deadline(void *arg)
{
    struct nh_snmp *s = arg;
    int64_t now_ms = nh_clock_mono_ms();

    s->armed = false;
    if (!s->busy || s->has_result)
        return;
    if (now_ms >= s->deadline_ms) {
        s->delivering = true;
        nh_snmp_library_lend(&s->lent);
        snmp_sess_timeout(s->session);
        s->deadline_ms = now_ms + s->timeout_ms + TIMER_SLACK_MS;
        if (s->closing || !s->busy) {
            settle(s);
            return;
        }
        s->delivering = false;
    }
    nh_timer_at(s->timer, s->deadline_ms);
    s->armed = true;
}

static void
on_snmp_later(evutil_socket_t fd, short what, void *arg)
{
    struct nh_snmp *s = arg;

    (void)fd;
    (void)what;
    s->delivering = true;
    if (s->has_result && s->first != NULL) {
        s->has_result = false;
        finish_without(s, s->result);
    }
    settle(s);
}

static enum nh_err
open_session(struct nh_snmp *s, const char *host, uint16_t port, int retries,
    const struct nh_snmp_credential *given, char why[128])
{
    static const long versions[] = { 0, SNMP_VERSION_1, SNMP_VERSION_2c, SNMP_VERSION_3 };
    struct nh_snmp_credential c = *given;
    netsnmp_session ss;
    char peer[160];
    bool v6 = strchr(host, ':') != NULL;
    enum nh_err err = NH_OK;

    snmp_sess_init(&ss);
    snprintf(peer, sizeof(peer), v6 ? "udp6:[%s]:%u" : "udp:%s:%u", host, port);
    ss.peername = peer;
    ss.version = versions[c.version];
    ss.timeout = (long)s->timeout_ms * 1000;
    ss.retries = retries;
    ss.callback = on_snmp_unasked;
    ss.callback_magic = s;
    ss.rcvMsgMaxSize = 65507;
    if (c.version == 3) {
        err = nh_snmp_library_user(&ss, &c, why);
    } else {
        ss.community = (u_char *)c.community;
        ss.community_len = strlen(c.community);
    }
    if (err == NH_OK && (s->session = snmp_sess_open(&ss)) == NULL) {
        snprintf(why, 128, "no session: %s", snmp_api_errstring(ss.s_snmp_errno));
        err = NH_EIO;
    }
    explicit_bzero(ss.securityAuthKey, sizeof(ss.securityAuthKey));
    explicit_bzero(ss.securityPrivKey, sizeof(ss.securityPrivKey));
    nh_snmp_credential_wipe(&c);
    if (err != NH_OK)
        return err;
    if (s->version == 3) /* opening it cleared this; without it the first send blocks */
        snmp_sess_session(s->session)->flags |= SNMP_FLAGS_DONT_PROBE;
    s->fd = snmp_sess_transport(s->session)->sock;
    return NH_OK;
}

static enum nh_err
fix_socket(struct nh_snmp *s, const char *interface, char why[128])
{
    if (interface != NULL && *interface != '\0' &&
        setsockopt(s->fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
            (socklen_t)strlen(interface)) != 0) {
        snprintf(why, 128, "cannot leave by %.40s: %s", interface, strerror(errno));
        return NH_EIO;
    }
    evutil_make_socket_nonblocking(s->fd);
    evutil_make_socket_closeonexec(s->fd);
    if (!connect_socket(s) && !is_no_way(errno)) {
        snprintf(why, 128, "cannot connect: %s", strerror(errno));
        return NH_EIO;
    }
    return NH_OK; /* without a way there now, there may be one when it is asked */
}

enum nh_err
nh_snmp_open(struct nh_snmp **out, struct event_base *base, const char *address,
    const struct nh_snmp_credential *credential, const struct nh_snmp_options *options,
    char why[128])
{
    struct nh_snmp_options opt =
        options != NULL ? *options : (struct nh_snmp_options){ .retries = -1 };
    struct sockaddr_storage peer;
    socklen_t peer_len;
    struct nh_snmp *s;
    char host[128];
    uint16_t port;
    enum nh_err err = NH_EINVAL;

    *out = NULL;
    why[0] = '\0';
    if (nh_address_split(address, 161, host, sizeof(host), &port) != NH_OK ||
        !nh_literal_address(host, port, &peer, &peer_len)) {
        snprintf(why, 128, "\"%.60s\" is not a numeric address", address);
        return NH_EINVAL;
    }
    if (credential->version < 1 || credential->version > 3) {
        snprintf(why, 128, "there is no SNMP version %d", credential->version);
        return NH_EINVAL;
    }
    s = nh_snmp_library_start() ? calloc(1, sizeof(*s)) : NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->base = base;
    s->fd = -1;
    s->last = &s->first;
    s->peer = peer;
    s->peer_len = peer_len;
    s->version = credential->version;
    s->timeout_ms = opt.timeout_ms > 0 ? opt.timeout_ms : DEFAULT_TIMEOUT_MS;
    err = open_session(
        s, host, port, opt.retries >= 0 ? opt.retries : DEFAULT_RETRIES, credential, why);
    if (err == NH_OK)
        err = fix_socket(s, opt.interface, why);
    if (err == NH_OK)
        err = nh_timer_new(&s->timer, base, on_snmp_deadline, s);
    if (err == NH_OK) {
        s->readable = event_new(base, s->fd, EV_READ | EV_PERSIST, on_snmp_readable, s);
        s->later = event_new(base, -1, 0, on_snmp_later, s);
        if (s->readable == NULL || s->later == NULL || event_add(s->readable, NULL) != 0)
            err = NH_ENOMEM;
    }
    if (err != NH_OK) {
        destroy(s);
        return err;
    }
    *out = s;
    return NH_OK;
}

void
nh_snmp_close(struct nh_snmp *s)
{
    if (s == NULL)
        return;
    if (s->delivering)
        s->closing = true;
    else
        destroy(s);
}

/* Put `pdu` behind what waits; it is owned here from now on. */
static enum nh_err
queue(struct nh_snmp *s, netsnmp_pdu *pdu,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg)
{
    struct request *r = malloc(sizeof(*r));

    if (r == NULL) {
        snmp_free_pdu(pdu);
        return NH_ENOMEM;
    }
    *r = (struct request){ .done = done, .arg = arg, .pdu = pdu };
    *s->last = r;
    s->last = &r->next;
    if (!s->delivering)
        pump(s);
    return NH_OK;
}

enum nh_err
nh_snmp_ask(struct nh_snmp *s, enum nh_snmp_ask ask, const unsigned long *const *oids,
    const size_t *lens, size_t heads, size_t count, int repetitions,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg)
{
    static const int commands[] = { [NH_SNMP_GET] = SNMP_MSG_GET,
        [NH_SNMP_GETNEXT] = SNMP_MSG_GETNEXT,
        [NH_SNMP_GETBULK] = SNMP_MSG_GETBULK };
    netsnmp_pdu *pdu;

    if (count == 0 || count > NH_SNMP_VARS_MAX || heads > count)
        return NH_EINVAL;
    for (size_t i = 0; i < count; i++)
        if (lens[i] < 2 || lens[i] > NH_OID_MAX)
            return NH_EINVAL;
    if (s->version == 1 && ask == NH_SNMP_GETBULK)
        ask = NH_SNMP_GETNEXT;
    pdu = snmp_pdu_create(commands[ask]);
    if (pdu == NULL)
        return NH_ENOMEM;
    if (ask == NH_SNMP_GETBULK) {
        pdu->non_repeaters = (long)heads;
        pdu->max_repetitions = repetitions;
    }
    for (size_t i = 0; i < count; i++)
        if (snmp_add_null_var(pdu, oids[i], lens[i]) == NULL) {
            snmp_free_pdu(pdu);
            return NH_ENOMEM;
        }
    return queue(s, pdu, done, arg);
}

static bool
add_value(netsnmp_pdu *pdu, const struct nh_snmp_var *v)
{
    long number = (long)v->number;
    u_long natural = (u_long)v->unsigned_number;

    if (v->oid_len < 2 || v->oid_len > NH_OID_MAX)
        return false;
    switch (v->type) {
    case NH_SNMP_SIGNED:
        return snmp_pdu_add_variable(
                   pdu, v->oid, v->oid_len, ASN_INTEGER, &number, sizeof(number)) != NULL;
    case NH_SNMP_UNSIGNED:
        return snmp_pdu_add_variable(
                   pdu, v->oid, v->oid_len, ASN_GAUGE, &natural, sizeof(natural)) != NULL;
    case NH_SNMP_TICKS:
        return snmp_pdu_add_variable(pdu, v->oid, v->oid_len, ASN_TIMETICKS, &natural,
                   sizeof(natural)) != NULL;
    case NH_SNMP_BYTES:
        return snmp_pdu_add_variable(pdu, v->oid, v->oid_len, ASN_OCTET_STR, v->bytes,
                   v->bytes_len) != NULL;
    case NH_SNMP_OBJECT:
        return snmp_pdu_add_variable(pdu, v->oid, v->oid_len, ASN_OBJECT_ID, v->bytes,
                   v->bytes_len) != NULL;
    default:
        return false;
    }
}

/* RFC 3416 section 4.2.6: sysUpTime.0 and snmpTrapOID.0 come first. */
static netsnmp_pdu *
notice_pdu(bool confirmed, const unsigned long *trap, size_t trap_len,
    const struct nh_snmp_var *vars, size_t count)
{
    static const unsigned long up_time[] = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
    static const unsigned long trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
    const struct nh_snmp_var head[] = {
        { .oid = up_time,
            .oid_len = NH_COUNT(up_time),
            .type = NH_SNMP_TICKS,
            .unsigned_number = (uint32_t)(nh_clock_mono_ms() / 10) },
        { .oid = trap_oid,
            .oid_len = NH_COUNT(trap_oid),
            .type = NH_SNMP_OBJECT,
            .bytes = trap,
            .bytes_len = trap_len * sizeof(trap[0]) },
    };
    netsnmp_pdu *pdu = snmp_pdu_create(confirmed ? SNMP_MSG_INFORM : SNMP_MSG_TRAP2);
    bool ok = pdu != NULL;

    for (size_t i = 0; ok && i < NH_COUNT(head); i++)
        ok = add_value(pdu, &head[i]);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_value(pdu, &vars[i]);
    if (ok)
        return pdu;
    if (pdu != NULL)
        snmp_free_pdu(pdu);
    return NULL;
}

enum nh_err
nh_snmp_tell(struct nh_snmp *s, bool confirmed, const unsigned long *trap,
    size_t trap_len, const struct nh_snmp_var *vars, size_t count,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg)
{
    netsnmp_pdu *pdu;

    if (s->version < 2 || (s->version == 3 && !confirmed) || trap_len < 2 ||
        trap_len > NH_OID_MAX || count > NH_SNMP_VARS_MAX)
        return NH_EINVAL;
    pdu = notice_pdu(confirmed, trap, trap_len, vars, count);
    return pdu == NULL ? NH_EINVAL : queue(s, pdu, done, arg);
}

/* The one under way keeps its place, so that its answer is not taken for another's. */
void
nh_snmp_cancel(struct nh_snmp *s, const void *arg)
{
    struct request **at = &s->first;

    if (s->busy && *at != NULL) {
        if ((*at)->arg == arg)
            (*at)->done = NULL;
        at = &(*at)->next;
    }
    while (*at != NULL) {
        struct request *r = *at;

        if (r->arg == arg) {
            *at = r->next;
            request_free(r);
        } else {
            at = &r->next;
        }
    }
    s->last = at;
}

int
nh_snmp_version(const struct nh_snmp *s)
{
    return s->version;
}

void
nh_snmp_speak(struct nh_snmp *s, int version)
{
    if (s->version == 3 || version < 1 || version > 2)
        return;
    s->version = version;
    snmp_sess_session(s->session)->version =
        version == 1 ? SNMP_VERSION_1 : SNMP_VERSION_2c;
}

void
nh_snmp_counts(const struct nh_snmp *s, struct nh_snmp_counts *out)
{
    *out = s->counts;
}

size_t
nh_snmp_engine(const struct nh_snmp *s, uint8_t out[32], bool *shared)
{
    const netsnmp_session *ss = snmp_sess_session(s->session);

    *shared = false;
    if (s->version != 3 || ss->securityEngineIDLen == 0 || ss->securityEngineIDLen > 32)
        return 0;
    memcpy(out, ss->securityEngineID, ss->securityEngineIDLen);
    *shared = has_twin(s);
    return ss->securityEngineIDLen;
}
