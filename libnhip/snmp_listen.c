/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_listen.c - net-snmp's receiving half, behind a door of our own
 *
 * The socket is ours: it is bound before privileges are dropped, and each datagram is
 * read and looked at (source, version, community or user) before the library sees it
 * through a transport of three functions. What the library accepts comes back by
 * on_listen_pdu() within the same call.
 *
 * v3 (RFC 3414): the keys of a user are made for the engine that the message names, if
 * the sender's credential is of that user. A trap names the sender's engine, an inform
 * ours. A made-up engine gains nothing, since its message does not authenticate; the
 * engines of one sender are bounded, the oldest goes.
 *
 *   datagram -> known source? -> head -> credential fits? -> [user] -> library -> told
 *      \-> stranger      \-> garbage      \-> auth               \-> auth, time, engine
 */
#include "libnhip/snmp_listen.h"
#include "libnhip/address.h"
#include "libnhip/clock.h"
#include "libnhip/crc32c.h"
#include "libnhip/folder.h"
#include "libnhip/log.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/snmp_head.h"
#include "libnhip/snmp_library.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    DATAGRAM_MAX = 65507,
    RECEIVE_BYTES = 4 << 20, /* a province that loses power tells it at once */
    TURN_MAX = 64,           /* datagrams before others have their turn */
    INFORMS_MAX = 512,
    REMEMBER_MS = 120000, /* an answered inform may still be sent again */
    ENGINES_MAX = 4,      /* of one sender */
    SENDERS_MAX = 16384,
    ENGINE_LEN = 17, /* of ours: RFC 3411, enterprise, 5 (octets), 12 random ones */
};

struct inform {
    uint64_t id; /* 0: free */
    uint64_t key;
    int64_t mono_ms;
    bool answered;
    netsnmp_pdu *response; /* owned, NULL once sent */
};

/* A user that was made for a sender, at an engine. */
struct made {
    uint8_t engine[32];
    size_t engine_len;
    char user[33];
    const struct nh_snmp_credential *credential; /* compared, never read */
    uint32_t credential_sum;
};
struct sender {
    struct sender *next;
    char address[INET6_ADDRSTRLEN];
    struct made made[ENGINES_MAX]; /* the newest first */
    size_t count;
};

struct nh_snmp_listen {
    int fd; /* the transport's, once started */
    struct event *readable;
    void *session; /* net-snmp's, owned */
    struct nh_listen_events events;
    uint8_t engine[32];
    size_t engine_len;
    struct sender *senders; /* owned */
    size_t sender_count;
    struct inform informs[INFORMS_MAX];
    uint64_t next_inform;
    uint64_t counts[NH_LISTEN_COUNTS];
    uint32_t overflow; /* the kernel's count */
    /* the datagram under way */
    uint8_t *packet; /* owned, DATAGRAM_MAX */
    size_t packet_len;
    struct sockaddr_storage from;
    socklen_t from_len;
    char address[INET6_ADDRSTRLEN];
    const struct nh_snmp_credential *credential;
    bool heard;
};

// clang-format off
static const char *const count_names[NH_LISTEN_COUNTS] = {
    [NH_LISTEN_RECEIVED] = "received",
    [NH_LISTEN_TOLD]     = "told",
    [NH_LISTEN_STRANGER] = "stranger",
    [NH_LISTEN_GARBAGE]  = "garbage",
    [NH_LISTEN_AUTH]     = "auth",
    [NH_LISTEN_TIME]     = "time",
    [NH_LISTEN_ENGINE]   = "engine",
    [NH_LISTEN_REPEATED] = "repeated",
    [NH_LISTEN_BUSY]     = "busy",
    [NH_LISTEN_OVERFLOW] = "overflow",
};
// clang-format on

const char *
nh_snmp_listen_count_name(int count)
{
    return count >= 0 && count < NH_LISTEN_COUNTS ? count_names[count] : NULL;
}

uint64_t
nh_snmp_listen_counted(const struct nh_snmp_listen *l, int count)
{
    return l->counts[count];
}

/* ---- our engine ---- */

static bool
hex_engine(const char *hex, uint8_t out[32], size_t *len)
{
    size_t n = strlen(hex) / 2;

    if (n < 5 || n > 32 || strlen(hex) % 2 != 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned v;

        if (sscanf(hex + 2 * i, "%2x", &v) != 1)
            return false;
        out[i] = (uint8_t)v;
    }
    *len = n;
    return true;
}

/* "80001f8805... 41": id and boots of the last start. */
static enum nh_err
read_engine(struct nh_snmp_listen *l, const char *path, unsigned *boots)
{
    static const uint8_t head[] = { 0x80, 0x00, 0x1f, 0x88, 0x05 };
    FILE *f = fopen(path, "re");
    char hex[65];
    bool ok;

    *boots = 0;
    if (f == NULL && errno != ENOENT)
        return NH_EIO;
    if (f != NULL) {
        ok = fscanf(f, "%64[0-9a-f] %u", hex, boots) == 2 &&
             hex_engine(hex, l->engine, &l->engine_len);
        fclose(f);
        return ok ? NH_OK : NH_EFORMAT;
    }
    memcpy(l->engine, head, sizeof(head));
    l->engine_len = ENGINE_LEN;
    return getrandom(l->engine + sizeof(head), ENGINE_LEN - sizeof(head), 0) ==
                   (ssize_t)(ENGINE_LEN - sizeof(head))
               ? NH_OK
               : NH_EIO;
}

static enum nh_err
write_engine(const char *path, const char *hex, unsigned boots)
{
    char text[128], other[4096];
    int n = snprintf(text, sizeof(text), "%s %u\n", hex, boots), fd;
    bool ok;

    if (snprintf(other, sizeof(other), "%s.new", path) >= (int)sizeof(other))
        return NH_ETOOBIG;
    fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return NH_EIO;
    ok = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
    close(fd);
    if (!ok || rename(other, path) != 0)
        return NH_EIO;
    return nh_folder_sync_of(
        path); /* boots that fall back after a power cut lock us out */
}

/* Before the library starts: it takes its engine from these lines. */
static enum nh_err
own_engine(struct nh_snmp_listen *l, const char *path)
{
    char hex[65], line[128];
    unsigned boots;
    enum nh_err err = read_engine(l, path, &boots);

    if (err != NH_OK)
        return err;
    for (size_t i = 0; i < l->engine_len; i++)
        snprintf(hex + 2 * i, 3, "%02x", l->engine[i]);
    if (boots >= INT32_MAX - 1) /* RFC 3414 section 2.2.2: the engine has to go */
        boots = INT32_MAX - 2;
    err = write_engine(path, hex, boots + 1);
    if (err != NH_OK)
        return err;
    snprintf(line, sizeof(line), "exactEngineID 0x%s", hex);
    netsnmp_config_remember(line);
    snprintf(line, sizeof(line), "oldEngineID 0x%s", hex);
    netsnmp_config_remember(line);
    snprintf(line, sizeof(line), "engineBoots %u", boots); /* it adds one */
    netsnmp_config_remember(line);
    return NH_OK;
}

/* ---- v3 users ---- */

static struct sender *
sender_of(struct nh_snmp_listen *l, const char *address)
{
    struct sender *s;

    for (s = l->senders; s != NULL; s = s->next)
        if (strcmp(s->address, address) == 0)
            return s;
    if (l->sender_count == SENDERS_MAX || (s = calloc(1, sizeof(*s))) == NULL)
        return NULL;
    snprintf(s->address, sizeof(s->address), "%s", address);
    s->next = l->senders;
    l->senders = s;
    l->sender_count++;
    return s;
}

static void
unmake(struct nh_snmp_listen *l, const struct made *m)
{
    bool ours = m->engine_len == l->engine_len &&
                memcmp(m->engine, l->engine, m->engine_len) == 0;

    if (!ours)
        nh_snmp_library_remove_user(m->user, m->engine, m->engine_len);
}

/* The user of this datagram at its engine, with the keys of the sender's credential. Our
 * own engine serves all senders: there each is made anew, for two may share a name. */
static bool
make_user(struct nh_snmp_listen *l, const struct nh_snmp_head *head)
{
    struct sender *s = sender_of(l, l->address);
    uint32_t sum = nh_crc32c(0, l->credential, sizeof(*l->credential));
    struct made m = {
        .engine_len = head->engine.len, .credential = l->credential, .credential_sum = sum
    };
    bool ours = head->engine.len == l->engine_len &&
                memcmp(head->engine.p, l->engine, l->engine_len) == 0;
    char why[128];
    size_t at = 0;

    if (s == NULL)
        return false;
    memcpy(m.engine, head->engine.p, head->engine.len);
    snprintf(m.user, sizeof(m.user), "%s", l->credential->user);
    while (at < s->count && (s->made[at].engine_len != m.engine_len ||
                                memcmp(s->made[at].engine, m.engine, m.engine_len) != 0))
        at++;
    if (at < s->count && !ours && s->made[at].credential == m.credential &&
        s->made[at].credential_sum == sum &&
        nh_snmp_library_has_user(m.user, m.engine, m.engine_len))
        return true;
    if (nh_snmp_library_add_user(l->credential, m.engine, m.engine_len, why) != NH_OK) {
        nh_log_limited(NH_LOG_WARN, "traps: %s: %s", l->address, why);
        return false;
    }
    if (at == ENGINES_MAX)
        unmake(l, &s->made[--at]);
    else if (at == s->count)
        s->count++;
    memmove(&s->made[1], &s->made[0], at * sizeof(s->made[0]));
    s->made[0] = m;
    return true;
}

/* ---- informs ---- */

static uint64_t
inform_key(const struct nh_snmp_listen *l, const netsnmp_pdu *pdu)
{
    uint32_t a = nh_crc32c(0, &l->from, l->from_len);
    uint32_t b = nh_crc32c(0, &pdu->reqid, sizeof(pdu->reqid));

    for (const netsnmp_variable_list *v = pdu->variables; v != NULL;
         v = v->next_variable) {
        b = nh_crc32c(b, v->name, v->name_length * sizeof(v->name[0]));
        b = nh_crc32c(b, v->val.string, v->val_len);
    }
    return (uint64_t)a << 32 | b;
}

/* The response to a confirmed request, RFC 3416 section 4.2.7. */
static netsnmp_pdu *
response_to(netsnmp_pdu *pdu)
{
    netsnmp_pdu *r = snmp_clone_pdu(pdu);

    if (r == NULL)
        return NULL;
    r->command = SNMP_MSG_RESPONSE;
    r->errstat = 0;
    r->errindex = 0;
    return r;
}

static void
respond(struct nh_snmp_listen *l, netsnmp_pdu *response)
{
    if (response != NULL && snmp_sess_send(l->session, response) == 0)
        snmp_free_pdu(response);
}

static void
inform_clear(struct inform *i)
{
    if (i->response != NULL)
        snmp_free_pdu(i->response);
    *i = (struct inform){ 0 };
}

static struct inform *
inform_find(struct nh_snmp_listen *l, uint64_t id, uint64_t key)
{
    for (size_t i = 0; i < INFORMS_MAX; i++) {
        struct inform *in = &l->informs[i];

        if (in->id != 0 && (id != 0 ? in->id == id : in->key == key))
            return in;
    }
    return NULL;
}

/* A place for one more: a free one, else that of the oldest that was answered. */
static struct inform *
inform_place(struct nh_snmp_listen *l, int64_t now_ms)
{
    struct inform *best = NULL;

    for (size_t i = 0; i < INFORMS_MAX; i++) {
        struct inform *in = &l->informs[i];

        if (in->id != 0 && in->answered && now_ms - in->mono_ms > REMEMBER_MS)
            inform_clear(in);
        if (in->id == 0)
            return in;
        if (in->answered && (best == NULL || in->mono_ms < best->mono_ms))
            best = in;
    }
    if (best != NULL)
        inform_clear(best);
    return best;
}

void
nh_snmp_listen_answer(struct nh_snmp_listen *l, uint64_t inform)
{
    struct inform *in = inform == 0 ? NULL : inform_find(l, inform, 0);

    if (in == NULL || in->answered)
        return;
    in->answered = true;
    in->mono_ms = nh_clock_mono_ms();
    respond(l, in->response);
    in->response = NULL;
}

void
nh_snmp_listen_forget(struct nh_snmp_listen *l, uint64_t inform)
{
    struct inform *in = inform == 0 ? NULL : inform_find(l, inform, 0);

    if (in != NULL)
        inform_clear(in);
}

static void
tell_inform(struct nh_snmp_listen *l, netsnmp_pdu *pdu, const struct nh_trap *trap)
{
    uint64_t key = inform_key(l, pdu), id;
    int64_t now_ms = nh_clock_mono_ms();
    struct inform *in = inform_find(l, 0, key);
    enum nh_listen_verdict verdict;

    if (in != NULL) {
        l->counts[NH_LISTEN_REPEATED]++;
        if (in->answered) {
            respond(l, response_to(pdu));
        } else { /* v3 counts its messages anew: the newest is what is waited for */
            snmp_free_pdu(in->response);
            in->response = response_to(pdu);
            if (in->response == NULL)
                inform_clear(in);
        }
        return;
    }
    in = inform_place(l, now_ms);
    if (in == NULL) {
        l->counts[NH_LISTEN_BUSY]++;
        return;
    }
    *in = (struct inform){ .id = ++l->next_inform,
        .key = key,
        .mono_ms = now_ms,
        .response = response_to(pdu) };
    id = in->id;
    l->counts[NH_LISTEN_TOLD]++;
    verdict = l->events.on_trap(l->events.arg, l->address, trap, id);
    if (verdict == NH_LISTEN_ANSWER)
        nh_snmp_listen_answer(l, id);
    else if (verdict == NH_LISTEN_REFUSE)
        nh_snmp_listen_forget(l, id);
}

/* ---- what the library has accepted ---- */

static bool
make_trap(struct nh_trap *t, const netsnmp_pdu *pdu)
{
    *t = (struct nh_trap){ 0 };
    if (pdu->command == SNMP_MSG_TRAP) {
        static const uint8_t none[4] = { 0 };

        if (!nh_trap_from_v1(t, pdu->enterprise, pdu->enterprise_length, pdu->trap_type,
                pdu->specific_type))
            return false;
        memcpy(t->address, pdu->agent_addr, sizeof(t->address));
        t->has_address = memcmp(t->address, none, sizeof(none)) != 0;
    }
    for (const netsnmp_variable_list *v = pdu->variables; v != NULL;
         v = v->next_variable) {
        struct nh_snmp_var var = { 0 };

        nh_snmp_library_var(v, &var);
        if (!nh_trap_put(t, &var) && t->oid_len == 0)
            return false; /* objects beyond what is kept are left out */
    }
    return t->oid_len > 0;
}

static int
on_listen_pdu(int op, netsnmp_session *ss, int id, netsnmp_pdu *pdu, void *arg)
{
    static const int levels[] = { SNMP_SEC_LEVEL_NOAUTH, SNMP_SEC_LEVEL_AUTHNOPRIV,
        SNMP_SEC_LEVEL_AUTHPRIV };
    struct nh_snmp_listen *l = arg;
    struct nh_trap trap;

    (void)ss;
    (void)id;
    if (op != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE || pdu == NULL || pdu->command == 0 ||
        pdu->command == SNMP_MSG_REPORT) /* what it has refused comes here too */
        return 1;
    l->heard = true;
    if (pdu->command != SNMP_MSG_TRAP && pdu->command != SNMP_MSG_TRAP2 &&
        pdu->command != SNMP_MSG_INFORM) {
        l->counts[NH_LISTEN_GARBAGE]++;
        return 1;
    }
    if (pdu->version == SNMP_VERSION_3 &&
        (pdu->securityName == NULL ||
            strcmp(pdu->securityName, l->credential->user) != 0 ||
            pdu->securityLevel < levels[l->credential->level])) {
        l->counts[NH_LISTEN_AUTH]++;
        return 1;
    }
    if (!make_trap(&trap, pdu)) {
        l->counts[NH_LISTEN_GARBAGE]++;
    } else if (pdu->command == SNMP_MSG_INFORM) {
        tell_inform(l, pdu, &trap);
    } else {
        l->counts[NH_LISTEN_TOLD]++;
        (void)l->events.on_trap(l->events.arg, l->address, &trap, 0);
    }
    return 1;
}

/* ---- datagrams ---- */

static bool
may_speak(struct nh_snmp_listen *l, const struct nh_snmp_head *head)
{
    const struct nh_snmp_credential *c = l->credential;
    size_t len = strlen(c->community);

    if (head->version != 3)
        return c->version != 3 && len > 0 && head->community.len == len &&
               CRYPTO_memcmp(head->community.p, c->community, len) == 0;
    if (c->version != 3)
        return false;
    if (head->engine.len == 0) /* it asks who we are */
        return true;
    return (head->flags & 3) >= (c->level == NH_SNMP_PRIV      ? 3
                                    : c->level == NH_SNMP_AUTH ? 1
                                                               : 0) &&
           head->user.len == strlen(c->user) &&
           memcmp(head->user.p, c->user, head->user.len) == 0 && make_user(l, head);
}

/* Statistics of the library that say why it has refused a message, and as what each
 * counts here. */
static const struct {
    int statistic;
    enum nh_listen_count count;
} reasons[] = {
    { STAT_USMSTATSUNKNOWNENGINEIDS, NH_LISTEN_ENGINE },
    { STAT_USMSTATSNOTINTIMEWINDOWS, NH_LISTEN_TIME },
    { STAT_USMSTATSWRONGDIGESTS, NH_LISTEN_AUTH },
    { STAT_USMSTATSDECRYPTIONERRORS, NH_LISTEN_AUTH },
    { STAT_USMSTATSUNKNOWNUSERNAMES, NH_LISTEN_AUTH },
    { STAT_USMSTATSUNSUPPORTEDSECLEVELS, NH_LISTEN_AUTH },
};

static void
note_reasons(unsigned out[NH_COUNT(reasons)])
{
    for (size_t i = 0; i < NH_COUNT(reasons); i++)
        out[i] = snmp_get_statistic(reasons[i].statistic);
}

static enum nh_listen_count
why_refused(const unsigned before[NH_COUNT(reasons)])
{
    unsigned now[NH_COUNT(reasons)];

    note_reasons(now);
    for (size_t i = 0; i < NH_COUNT(reasons); i++)
        if (now[i] != before[i])
            return reasons[i].count;
    return NH_LISTEN_GARBAGE;
}

static void
take_datagram(struct nh_snmp_listen *l)
{
    unsigned before[NH_COUNT(reasons)];
    struct nh_snmp_head head;
    netsnmp_large_fd_set *fds = nh_snmp_library_fds();

    l->counts[NH_LISTEN_RECEIVED]++;
    l->credential = l->events.credential(l->events.arg, l->address);
    if (l->credential == NULL) {
        l->counts[NH_LISTEN_STRANGER]++;
        nh_log_limited(NH_LOG_INFO,
            "traps: a datagram from %s, which is no device that may send traps, is "
            "dropped",
            l->address);
        return;
    }
    if (nh_snmp_head(nh_slice_of(l->packet, l->packet_len), &head) != NH_OK) {
        l->counts[NH_LISTEN_GARBAGE]++;
        return;
    }
    if (!may_speak(l, &head)) {
        l->counts[NH_LISTEN_AUTH]++;
        nh_log_limited(NH_LOG_NOTICE,
            "traps: a message of %s is dropped: not its community, user or level",
            l->address);
        return;
    }
    note_reasons(before);
    l->heard = false;
    NETSNMP_LARGE_FD_SET(l->fd, fds);
    (void)snmp_sess_read2(l->session, fds);
    NETSNMP_LARGE_FD_CLR(l->fd, fds);
    if (!l->heard)
        l->counts[why_refused(before)]++;
}

/* SO_RXQ_OVFL: how many the kernel has dropped since the socket was made. */
static void
note_overflow(struct nh_snmp_listen *l, struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        uint32_t dropped;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
            continue;
        memcpy(&dropped, CMSG_DATA(c), sizeof(dropped));
        l->counts[NH_LISTEN_OVERFLOW] += dropped - l->overflow;
        l->overflow = dropped;
    }
}

static void
put_address(struct nh_snmp_listen *l)
{
    const struct sockaddr_in *v4 = (const void *)&l->from;
    const struct sockaddr_in6 *v6 = (const void *)&l->from;

    if (l->from.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], l->address, sizeof(l->address));
    else if (l->from.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &v6->sin6_addr, l->address, sizeof(l->address));
    else
        inet_ntop(AF_INET, &v4->sin_addr, l->address, sizeof(l->address));
}

static void
on_listen_readable(evutil_socket_t fd, short what, void *arg)
{
    struct nh_snmp_listen *l = arg;

    (void)what;
    for (int i = 0; i < TURN_MAX; i++) {
        union {
            char bytes[CMSG_SPACE(sizeof(uint32_t))];
            struct cmsghdr align;
        } control;
        struct iovec iov = { l->packet, DATAGRAM_MAX };
        struct msghdr msg = { .msg_name = &l->from,
            .msg_namelen = sizeof(l->from),
            .msg_iov = &iov,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof(control.bytes) };
        ssize_t got = recvmsg(fd, &msg, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return;
        note_overflow(l, &msg);
        l->from_len = msg.msg_namelen;
        l->packet_len = (size_t)got;
        put_address(l);
        take_datagram(l);
    }
}

/* ---- the library's transport ---- */

static struct nh_snmp_listen *
listener_of(const netsnmp_transport *t)
{
    struct nh_snmp_listen *l;

    memcpy(&l, t->data, sizeof(struct nh_snmp_listen *));
    return l;
}

static int
transport_recv(netsnmp_transport *t, void *buf, int size, void **opaque, int *opaque_len)
{
    struct nh_snmp_listen *l = listener_of(t);
    struct sockaddr_storage *from;

    *opaque = NULL;
    *opaque_len = 0;
    if (size < 0 || l->packet_len > (size_t)size ||
        (from = malloc(sizeof(*from))) == NULL)
        return -1;
    *from = l->from;
    *opaque = from; /* the library frees it */
    *opaque_len = (int)sizeof(*from);
    memcpy(buf, l->packet, l->packet_len);
    return (int)l->packet_len;
}

static int
transport_send(
    netsnmp_transport *t, const void *buf, int size, void **opaque, int *opaque_len)
{
    const struct sockaddr_storage *to = *opaque;
    socklen_t len;

    if (to == NULL || *opaque_len != (int)sizeof(*to) || size < 0)
        return -1;
    len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                    : sizeof(struct sockaddr_in);
    return (int)sendto(
        t->sock, buf, (size_t)size, MSG_DONTWAIT, (const struct sockaddr *)to, len);
}

static int
transport_close(netsnmp_transport *t)
{
    int fd = t->sock;

    t->sock = -1;
    return fd >= 0 ? close(fd) : 0;
}

/* NULL: no memory; the socket is then still the caller's. */
static netsnmp_transport *
make_transport(struct nh_snmp_listen *l)
{
    netsnmp_transport *t = calloc(1, sizeof(*t));

    if (t == NULL || (t->data = malloc(sizeof(struct nh_snmp_listen *))) == NULL) {
        free(t);
        return NULL;
    }
    memcpy(t->data, &l, sizeof(struct nh_snmp_listen *));
    t->data_length = sizeof(struct nh_snmp_listen *);
    t->domain = netsnmpUDPDomain;
    t->domain_length = (int)netsnmpUDPDomain_len;
    t->sock = l->fd;
    t->msgMaxSize = DATAGRAM_MAX;
    t->f_recv = transport_recv;
    t->f_send = transport_send;
    t->f_close = transport_close;
    return t;
}

/* ---- life ---- */

static enum nh_err
bind_socket(struct nh_snmp_listen *l, const char *host, uint16_t port)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int bytes = RECEIVE_BYTES, one = 1;

    if (!nh_literal_address(host, port, &addr, &len))
        return NH_EINVAL;
    l->fd = socket(addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return NH_EIO;
    if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        (void)setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    (void)setsockopt(l->fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof(one));
    return bind(l->fd, (const struct sockaddr *)&addr, len) == 0 ? NH_OK : NH_EIO;
}

enum nh_err
nh_snmp_listen_open(struct nh_snmp_listen **out, const char *address)
{
    struct nh_snmp_listen *l = calloc(1, sizeof(*l));
    char host[128];
    uint16_t port;
    enum nh_err err;
    int why;

    *out = NULL;
    if (l == NULL || (l->packet = malloc(DATAGRAM_MAX)) == NULL) {
        free(l);
        return NH_ENOMEM;
    }
    l->fd = -1;
    err = nh_address_split(address, 162, host, sizeof(host), &port) == NH_OK
              ? bind_socket(l, host, port)
              : NH_EINVAL;
    if (err != NH_OK) {
        why = errno;
        nh_snmp_listen_close(l);
        errno = why;
        return err;
    }
    *out = l;
    return NH_OK;
}

enum nh_err
nh_snmp_listen_start(struct nh_snmp_listen *l, struct event_base *base,
    const char *engine_file, const struct nh_listen_events *events)
{
    netsnmp_transport *t;
    netsnmp_session ss;
    enum nh_err err;

    if (nh_snmp_library_is_started())
        return NH_EEXIST;
    l->events = *events;
    if ((err = own_engine(l, engine_file)) != NH_OK)
        return err;
    if (!nh_snmp_library_start() || (t = make_transport(l)) == NULL)
        return NH_ENOMEM;
    snmp_sess_init(&ss);
    ss.peername = SNMP_DEFAULT_PEERNAME;
    ss.version = SNMP_DEFAULT_VERSION;
    ss.isAuthoritative = SNMP_SESS_UNKNOWNAUTH;
    ss.callback = on_listen_pdu;
    ss.callback_magic = l;
    l->session = snmp_sess_add(&ss, t, NULL, NULL);
    if (l->session == NULL) { /* the library has closed the socket with the transport */
        l->fd = -1;
        return NH_ENOMEM;
    }
    l->readable = event_new(base, l->fd, EV_READ | EV_PERSIST, on_listen_readable, l);
    return l->readable != NULL && event_add(l->readable, NULL) == 0 ? NH_OK : NH_ENOMEM;
}

void
nh_snmp_listen_close(struct nh_snmp_listen *l)
{
    struct sender *s, *next;

    if (l == NULL)
        return;
    for (size_t i = 0; i < INFORMS_MAX; i++)
        inform_clear(&l->informs[i]);
    if (l->readable != NULL)
        event_free(l->readable);
    if (l->session != NULL)
        snmp_sess_close(l->session);
    else if (l->fd >= 0)
        close(l->fd);
    for (s = l->senders; s != NULL; s = next) {
        next = s->next;
        free(s);
    }
    free(l->packet);
    free(l);
}
