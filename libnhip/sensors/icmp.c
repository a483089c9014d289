/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * icmp.c - sensor "icmp": a train of echo requests in each round
 *
 * A train leaves at five instants of its round, the first at its beginning, the last
 * early enough for its answer to count; up to ten packets that is one or two at a time.
 * All trains that begin at one boundary have the same instants, and answers lie in the
 * socket, dated by the kernel, until the next of them or the boundary: so an agent's
 * checks wake it up five times a round, however many there are. Where there are hundreds,
 * every sixteen probes have a phase of their own, so that they do not leave as one burst.
 *
 * A probe is in the heap of its shared state while its round is under way, by when it has
 * to do something next: send, or give up waiting. That is done at the boundary, and by
 * the probe itself only when packets are out then. An answer counts once, within the
 * timeout, from the address that was asked; others (late, doubled, of an earlier round)
 * change nothing.
 *
 * What the network does to a packet is loss, and so is having no route to send it by:
 * that is what a cut line looks like. What the host itself refuses (interface missing, no
 * permission, no buffer) is not measured at all, and `why` says what it was.
 */
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/sensors/icmp_socket.h"
#include "libnhip/sensors/icmp_train.h"
#include "libnhip/sensors/route.h"
#include "libnhip/sensors/shared.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COUNT_DEFAULT = 5,
    COUNT_MAX = 100,
    SIZE_DEFAULT = 56,
    TIMEOUT_DEFAULT_MS = 2000,
    TOGETHER = 16,             /* probes that share a phase */
    READ_AGAIN_MS = 5,         /* a boundary has just read what the first instant would */
    ONE_START_US = 50000,      /* starts within this are of one boundary */
    BOUNDARY_LATE_US = 200000, /* after the span: then the probe ends its round itself */
    NO_PLACE = -1,
};

struct shared_socket {
    struct shared_socket *next;
    struct icmp_socket *socket; /* owned; NULL: could not be opened */
    int family;
    char interface[IF_NAMESIZE];
    unsigned users;
    int64_t checked_ms; /* when its binding was last looked at */
    int64_t read_ms;    /* when its answers were */
    char why[128];      /* why there is no socket */
};

struct icmp_shared {
    struct nh_sensor_host *host; /* borrowed; its `icmp` is this */
    struct nh_timer *timer;
    struct shared_socket *sockets; /* owned */
    struct nh_probe **probes;      /* by number; NULL: free */
    size_t probe_room, probe_count;
    struct nh_probe **heap; /* room for all probes */
    size_t heap_count;
    int64_t start_us; /* the last boundary's */
};

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct icmp_shared *shared;         /* borrowed: lives while it has probes */
    struct shared_socket *via;          /* a user of it */
    struct sockaddr_storage target;
    socklen_t target_len;
    uint32_t number;
    int place; /* in the heap, or NO_PLACE */
    uint16_t round, size;
    uint16_t count, next, open; /* packets of a train, next to send, still unanswered */
    int unsent_error;
    int64_t timeout_us, round_timeout_us, gap_us;
    int64_t due_us, first_us, over_us, span_end_us;
    struct icmp_packet packets[];
};

/* A binary heap of probes, the next due on top. */
static void
heap_put(struct icmp_shared *sh, size_t at, struct nh_probe *p)
{
    sh->heap[at] = p;
    p->place = (int)at;
}

static void
heap_settle(struct icmp_shared *sh, size_t at, struct nh_probe *p)
{
    while (at > 0 && sh->heap[(at - 1) / 2]->due_us > p->due_us) {
        heap_put(sh, at, sh->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    while (2 * at + 1 < sh->heap_count) {
        size_t child = 2 * at + 1;

        if (child + 1 < sh->heap_count &&
            sh->heap[child + 1]->due_us < sh->heap[child]->due_us)
            child++;
        if (sh->heap[child]->due_us >= p->due_us)
            break;
        heap_put(sh, at, sh->heap[child]);
        at = child;
    }
    heap_put(sh, at, p);
}

static void
heap_add(struct icmp_shared *sh, struct nh_probe *p)
{
    sh->heap_count++;
    heap_settle(sh, sh->heap_count - 1, p);
}

static void
heap_remove(struct icmp_shared *sh, struct nh_probe *p)
{
    size_t at = (size_t)p->place;
    struct nh_probe *last;

    if (p->place == NO_PLACE)
        return;
    p->place = NO_PLACE;
    last = sh->heap[--sh->heap_count];
    if (last != p)
        heap_settle(sh, at, last);
}

static void
arm(struct icmp_shared *sh)
{
    if (sh->heap_count == 0)
        nh_timer_stop(sh->timer);
    else /* rounded up: never a wake-up just before it is time */
        nh_timer_after(
            sh->timer, (sh->heap[0]->due_us - nh_clock_mono_us() + 999) / 1000);
}

/* All packets lost over an interface that drops answers by itself is not the line. */
static bool
answers_are_dropped(const struct nh_probe *p, char why[128])
{
    if (p->target.ss_family != AF_INET || p->via->interface[0] == '\0' ||
        !nh_route_drops_answers(
            p->via->interface, (const struct sockaddr_in *)&p->target))
        return false;
    snprintf(why, 128,
        "rp_filter=1 drops the answers on %s: set net.ipv4.conf.%s.rp_filter=2",
        p->via->interface, p->via->interface);
    return true;
}

static const char *
unsent_words(const struct nh_probe *p, char why[128])
{
    switch (p->unsent_error) {
    case ENODEV:
    case ENXIO:
        snprintf(why, 128, "interface %s is missing", p->via->interface);
        break;
    case EPERM:
    case EACCES:
        snprintf(why, 128, "not allowed to send: a firewall rule of this host");
        break;
    case EMSGSIZE:
        snprintf(why, 128, "size: %u bytes do not fit this interface", p->size);
        break;
    default:
        snprintf(why, 128, "not sent: %s", strerror(p->unsent_error));
    }
    return why;
}

static void
finish(struct nh_probe *p)
{
    struct nh_reading r = { 0 };
    char why[128] = "";

    heap_remove(p->shared, p);
    if (!icmp_summary(p->ctx->kind, p->packets, p->count, &r))
        p->ctx->done(p->ctx->done_arg, NULL, unsent_words(p, why));
    else if ((r.present & 1u << NH_ICMP_RTT_MIN) == 0 && answers_are_dropped(p, why))
        p->ctx->done(p->ctx->done_arg, NULL, why);
    else
        p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static struct nh_probe *
find_probe(struct icmp_shared *sh, struct icmp_id id)
{
    struct nh_probe *p = id.probe < sh->probe_room ? sh->probes[id.probe] : NULL;

    return p != NULL && p->place != NO_PLACE && p->round == id.round && id.seq < p->count
               ? p
               : NULL;
}

static void
on_packet_left(void *arg, struct icmp_id id, int64_t real_ns)
{
    struct nh_probe *p = find_probe(arg, id);

    if (p != NULL && p->packets[id.seq].state == ICMP_SENT)
        p->packets[id.seq].left_ns = real_ns;
}

static bool
is_target(const struct nh_probe *p, const struct sockaddr_storage *from)
{
    if (from->ss_family != p->target.ss_family)
        return false;
    if (from->ss_family == AF_INET)
        return ((const struct sockaddr_in *)from)->sin_addr.s_addr ==
               ((const struct sockaddr_in *)&p->target)->sin_addr.s_addr;
    return memcmp(&((const struct sockaddr_in6 *)from)->sin6_addr,
               &((const struct sockaddr_in6 *)&p->target)->sin6_addr,
               sizeof(struct in6_addr)) == 0;
}

static void
on_packet_answer(
    void *arg, struct icmp_id id, const struct sockaddr_storage *from, int64_t arrived_ns)
{
    struct nh_probe *p = find_probe(arg, id);
    struct icmp_packet *packet;
    int64_t rtt_ns;

    if (p == NULL || !is_target(p, from))
        return;
    packet = &p->packets[id.seq];
    if (packet->state != ICMP_SENT)
        return; /* doubled */
    rtt_ns = icmp_rtt_ns(packet, arrived_ns, nh_clock_mono_us(), nh_clock_wall_us());
    if (rtt_ns > p->round_timeout_us * 1000)
        return; /* late */
    packet->rtt_ns = rtt_ns;
    packet->state = ICMP_ANSWERED;
    p->open--;
    if (p->open == 0 && p->next == p->count)
        finish(p);
}

static void
on_packet_unsent(void *arg, struct icmp_id id, int error)
{
    struct nh_probe *p = find_probe(arg, id);

    if (p == NULL || error == ENETUNREACH || error == EHOSTUNREACH || error == ENETDOWN)
        return; /* no way there: sent as far as we can tell, and lost */
    p->packets[id.seq].state = ICMP_UNSENT;
    p->unsent_error = error;
    p->open--;
}

static int64_t
tick_us(const struct nh_probe *p, uint16_t packet)
{
    return p->first_us + (int64_t)icmp_tick_of(packet, p->count) * p->gap_us;
}

/* Read what has come over `via`, once for all its probes. */
static void
read_socket(struct shared_socket *via, int64_t now_us)
{
    if (via->socket == NULL || now_us / 1000 - via->read_ms < READ_AGAIN_MS)
        return;
    via->read_ms = now_us / 1000;
    icmp_socket_read(via->socket);
}

/* Send the probe's next packet, or give up on those that have not been answered. */
static void
act(struct nh_probe *p, int64_t now_us)
{
    struct icmp_id id = { p->number, p->round, p->next };

    if (p->next == p->count) {
        finish(p);
        return;
    }
    p->packets[p->next] = (struct icmp_packet){
        .state = ICMP_SENT, .sent_us = now_us, .wall_us = nh_clock_wall_us()
    };
    p->next++;
    p->open++;
    p->over_us = now_us + p->round_timeout_us;
    if (p->next < p->count)
        p->due_us = tick_us(p, p->next);
    else if (p->over_us > p->span_end_us + BOUNDARY_LATE_US)
        p->due_us = p->over_us;
    else
        p->due_us = p->span_end_us + BOUNDARY_LATE_US;
    heap_settle(p->shared, (size_t)p->place, p);
    icmp_socket_send(p->via->socket, &p->target, p->target_len, id, p->size);
}

static void
on_icmp_due(void *arg)
{
    struct icmp_shared *sh = arg;
    int64_t now_us = nh_clock_mono_us();

    while (sh->heap_count > 0 && sh->heap[0]->due_us <= now_us) {
        struct nh_probe *p = sh->heap[0];

        read_socket(p->via, now_us);
        if (p->place == NO_PLACE || p->due_us > now_us)
            continue; /* that has ended it */
        act(p, now_us);
    }
    for (const struct shared_socket *via = sh->sockets; via != NULL; via = via->next)
        if (via->socket != NULL)
            icmp_socket_flush(via->socket);
    arm(sh);
}

/* A socket for this round: opened when there is none, anew when its interface has been
 * taken away and given back. Looked at once a boundary for all its probes. */
static bool
refresh_socket(struct icmp_shared *sh, struct shared_socket *via)
{
    const struct icmp_socket_events events = { on_packet_left, on_packet_answer,
        on_packet_unsent, sh };
    int64_t now_ms = nh_clock_mono_ms();

    if (via->checked_ms == now_ms)
        return via->socket != NULL;
    via->checked_ms = now_ms;
    if (via->socket != NULL && icmp_socket_is_bound(via->socket))
        return true;
    for (size_t i = 0; i < sh->heap_count; i++)
        if (sh->heap[i]->via == via)
            return via->socket != NULL; /* trains under way keep it to their end */
    icmp_socket_close(via->socket);
    return icmp_socket_open(&via->socket, sh->host->base, via->family, via->interface,
               &events, via->why) == NH_OK;
}

static void
icmp_boundary(struct nh_probe *p)
{
    int64_t now_us = nh_clock_mono_us();

    read_socket(p->via, now_us);
    if (p->place != NO_PLACE && p->next == p->count) {
        if (now_us >= p->over_us) {
            finish(p);
        } else {
            p->due_us = p->over_us;
            heap_settle(p->shared, (size_t)p->place, p);
        }
    }
    arm(p->shared);
}

/* The last phase's last packets leave one timeout before the span's end. */
static void
lay_out(struct nh_probe *p, int64_t span_us)
{
    struct icmp_shared *sh = p->shared;
    int64_t phases = (int64_t)((sh->probe_count + TOGETHER - 1) / TOGETHER);
    int64_t phase = (int64_t)(p->number / TOGETHER) % phases;
    int64_t steps = (int64_t)icmp_ticks(p->count) * phases - 1;
    int64_t now_us = nh_clock_mono_us();

    if (now_us - sh->start_us > ONE_START_US)
        sh->start_us = now_us;
    p->round_timeout_us = p->timeout_us < span_us / 2 ? p->timeout_us : span_us / 2;
    p->gap_us = (span_us - p->round_timeout_us) / steps * phases;
    p->first_us = sh->start_us + p->gap_us / phases * phase;
    p->span_end_us = sh->start_us + span_us;
    p->due_us = p->first_us;
}

static void
icmp_start(struct nh_probe *p, uint32_t span_ms)
{
    struct icmp_shared *sh = p->shared;

    if (!refresh_socket(sh, p->via)) {
        p->ctx->done(p->ctx->done_arg, NULL, p->via->why);
        return;
    }
    p->round++;
    p->next = p->open = 0;
    p->unsent_error = 0;
    memset(p->packets, 0, p->count * sizeof(p->packets[0]));
    lay_out(p, (int64_t)span_ms * 1000);
    heap_add(sh, p);
    if (sh->heap[0] == p)
        arm(sh);
}

static struct shared_socket *
use_socket(struct icmp_shared *sh, int family, const char *interface)
{
    struct shared_socket *via = sh->sockets;

    while (
        via != NULL && (via->family != family || strcmp(via->interface, interface) != 0))
        via = via->next;
    if (via == NULL) {
        via = calloc(1, sizeof(*via));
        if (via == NULL)
            return NULL;
        via->family = family;
        snprintf(via->interface, sizeof(via->interface), "%s", interface);
        via->checked_ms = -1;
        via->read_ms = -READ_AGAIN_MS;
        via->next = sh->sockets;
        sh->sockets = via;
    }
    via->users++;
    return via;
}

static void
leave_socket(struct icmp_shared *sh, struct shared_socket *via)
{
    struct shared_socket **at = &sh->sockets;

    if (via == NULL || --via->users > 0)
        return;
    while (*at != via)
        at = &(*at)->next;
    *at = via->next;
    icmp_socket_close(via->socket);
    free(via);
}

static struct icmp_shared *
use_shared(struct nh_sensor_host *host)
{
    struct icmp_shared *sh = host->icmp;

    if (sh != NULL)
        return sh;
    sh = calloc(1, sizeof(*sh));
    if (sh == NULL || nh_timer_new(&sh->timer, host->base, on_icmp_due, sh) != NH_OK) {
        free(sh);
        return NULL;
    }
    sh->host = host;
    host->icmp = sh;
    return sh;
}

static void
leave_shared(struct icmp_shared *sh)
{
    if (sh->probe_count > 0)
        return;
    sh->host->icmp = NULL;
    nh_timer_free(sh->timer);
    free(sh->probes);
    free(sh->heap);
    free(sh);
}

/* Give the probe the lowest free number. */
static bool
take_number(struct icmp_shared *sh, struct nh_probe *p)
{
    size_t n = sh->probe_count == sh->probe_room ? sh->probe_room : 0;

    while (n < sh->probe_room && sh->probes[n] != NULL)
        n++;
    if (n == sh->probe_room) {
        size_t room = sh->probe_room == 0 ? 8 : sh->probe_room * 2;
        struct nh_probe **probes = realloc(sh->probes, room * sizeof(struct nh_probe *));
        struct nh_probe **heap;

        if (probes == NULL)
            return false;
        sh->probes = probes;
        heap = realloc(sh->heap, room * sizeof(struct nh_probe *));
        if (heap == NULL)
            return false;
        sh->heap = heap;
        memset(probes + sh->probe_room, 0,
            (room - sh->probe_room) * sizeof(struct nh_probe *));
        sh->probe_room = room;
    }
    sh->probes[n] = p;
    sh->probe_count++;
    p->number = (uint32_t)n;
    return true;
}

static void
icmp_close(struct nh_probe *p)
{
    struct icmp_shared *sh;

    if (p == NULL)
        return;
    sh = p->shared;
    heap_remove(sh, p);
    arm(sh);
    sh->probes[p->number] = NULL;
    sh->probe_count--;
    leave_socket(sh, p->via);
    leave_shared(sh);
    free(p);
}

struct settings {
    char target[64], interface[IF_NAMESIZE];
    long count, size, timeout_ms;
    struct sockaddr_storage address;
    socklen_t address_len;
};

static bool
read_settings(struct settings *set, const char *params, char why[128])
{
    memset(set, 0, sizeof(*set));
    if (!nh_param_get(params, "target", set->target, sizeof(set->target)) ||
        !nh_literal_address(set->target, 0, &set->address, &set->address_len)) {
        snprintf(why, 128, "target: not an IPv4 or IPv6 address");
        return false;
    }
    if (strstr(params, "interface=") != NULL &&
        !nh_param_get(params, "interface", set->interface, sizeof(set->interface))) {
        snprintf(why, 128, "interface: longer than a name can be");
        return false;
    }
    return nh_param_number(
               params, "count", 1, COUNT_MAX, COUNT_DEFAULT, &set->count, why) &&
           nh_param_number(params, "size", ICMP_COOKIE_LEN, ICMP_SIZE_MAX, SIZE_DEFAULT,
               &set->size, why) &&
           nh_param_number(params, "timeout_ms", 10, 60000, TIMEOUT_DEFAULT_MS,
               &set->timeout_ms, why);
}

static enum nh_err
icmp_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    struct icmp_shared *sh;
    struct nh_probe *p;
    struct settings set;

    *out = NULL;
    if (!read_settings(&set, ctx->assignment->params, why))
        return NH_EINVAL;
    sh = use_shared(ctx->host);
    if (sh == NULL)
        return NH_ENOMEM;
    p = calloc(1, sizeof(*p) + (size_t)set.count * sizeof(p->packets[0]));
    if (p == NULL || !take_number(sh, p)) {
        free(p);
        leave_shared(sh);
        return NH_ENOMEM;
    }
    p->ctx = ctx;
    p->shared = sh;
    p->place = NO_PLACE;
    p->target = set.address;
    p->target_len = set.address_len;
    p->count = (uint16_t)set.count;
    p->size = (uint16_t)set.size;
    p->timeout_us = set.timeout_ms * 1000;
    p->via = use_socket(sh, set.address.ss_family, set.interface);
    if (p->via == NULL) {
        icmp_close(p);
        return NH_ENOMEM;
    }
    *out = p;
    return NH_OK;
}

static const char *const icmp_kinds[] = { "path", "gateway", "far", "pop", "ping", NULL };
static const struct nh_param icmp_params[] = {
    { "target", true, "IPv4 or IPv6 address that answers echo requests" },
    { "interface", false, "leave by this interface, whatever the routes say" },
    { "count", false, "packets in a round [5]" },
    { "size", false, "bytes of payload in each [56]" },
    { "timeout_ms", false, "an answer later than this is lost [2000]" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_icmp = {
    .name = "icmp",
    .kinds = icmp_kinds,
    .params = icmp_params,
    .open = icmp_open,
    .start = icmp_start,
    .boundary = icmp_boundary,
    .close = icmp_close,
};
