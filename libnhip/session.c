/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - HELLO, WELCOME, live, history (docs/PROTOCOL.md, "States")
 *
 *   HELLO_SENT --WELCOME--> LIVE_SENT --snapshot is out--> STREAMING --...--> on_end
 *
 * WELCOME says where the collector stands: what it has on disk is released, and history
 * goes on after what it has received. Each history frame then waits in `held` until the
 * window and the output buffer have room, so that at most one frame of it lies between a
 * live reading and the line. What is under way is a ring of (pos, bytes): an ACK takes
 * from its front. Nothing is kept for resending: the owner's cursor is sought back by the
 * next session.
 */
#include "libnhip/session.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/token.h"
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    OUTPUT_LOW = NH_OUTPUT_LOW,
    LOWAT_THIN = 2048, /* TCP_NOTSENT_LOWAT while the line is thin or not known */
    LOWAT_WIDE = 16384,
    THIN_BPS = 256000,
    RATE_BYTES_MIN = 4096, /* a rate is measured over at least this much */
    FLIGHT_MAX = 1024,     /* history frames under way */
    INPUT_MAX = NH_FRAME_MAX,
    DICT_CHUNK = 64,  /* checks in one DICT */
    LIVE_CHUNK = 128, /* readings in one LIVE */
    LIVE_MAX = NH_DICT_MAX,
    HELLO_TIMEOUT_S = 15,
    DRAIN_MS = 1000, /* for our ERROR to leave */
};

struct flight {
    uint64_t pos;
    uint32_t bytes;
};

struct nh_session {
    struct event_base *base; /* borrowed */
    struct bufferevent *bev;
    struct nh_session_owner owner;
    struct nh_timer *timer;
    enum nh_agent_state state;
    struct nh_session_end end;
    bool ending, ended, in_read;
    struct nh_buf out, scratch, held;
    uint64_t held_pos;
    bool have_held, history, live_due;
    int64_t live_upto_ms, heard_ms, said_ms, since_ms;
    uint64_t ping_token;
    int64_t ping_sent_ms;
    int32_t rtt_ms;
    int64_t offset_ms;
    uint32_t dict_said, dict_generation;
    uint32_t boots_said[2]; /* the last epoch named on each lane, 0: none */
    struct flight flight[FLIGHT_MAX];
    uint32_t flight_head, flight_count;
    uint64_t flight_bytes;
    uint32_t window;
    uint64_t recv_pos, durable_pos, sent_records, sent_bytes;
    int64_t rate_from_ms;
    uint64_t rate_bytes;
    uint32_t rate_bps;
    bool wide;
    struct nh_reading *live; /* LIVE_MAX, made on first use */
};

/* --- saying --- */

static void
send_frame(struct nh_session *s, const struct nh_msg *msg)
{
    nh_buf_clear(&s->out);
    if (nh_wire_encode(msg, &s->out) != NH_OK) {
        nh_session_close(s, NH_WIRE_INTERNAL, "a message could not be encoded");
        return;
    }
    bufferevent_write(s->bev, s->out.data, s->out.len);
    s->said_ms = nh_clock_mono_ms();
}

static void
send_hello(struct nh_session *s)
{
    struct nh_msg msg = { .type = NH_HELLO };

    s->owner.hello(s->owner.arg, &msg.u.hello);
    send_frame(s, &msg);
}

static void
send_ping(struct nh_session *s)
{
    struct nh_msg msg = { .type = NH_PING };
    struct nh_msg_ping *p = &msg.u.ping;

    nh_random(&s->ping_token, sizeof(s->ping_token));
    s->ping_sent_ms = nh_clock_mono_ms();
    p->token = s->ping_token;
    p->mono_ms = s->ping_sent_ms;
    p->wall_ms = nh_clock_wall_ms();
    send_frame(s, &msg);
}

/* Name what the other side needs before it can read `epoch` on a lane. */
static void
send_dict(struct nh_session *s, bool history, uint32_t epoch)
{
    uint32_t count = nh_dict_count(s->owner.dict);
    struct nh_boot boot;
    bool say_boot = s->boots_said[history] != epoch && s->boots_said[!history] != epoch &&
                    s->owner.boot(s->owner.arg, epoch, &boot);

    s->boots_said[history] = epoch;
    while (s->dict_said < count || say_boot) {
        struct nh_msg msg = { .type = NH_DICT };
        uint32_t to =
            count - s->dict_said > DICT_CHUNK ? s->dict_said + DICT_CHUNK : count;
        size_t checks;

        nh_buf_clear(&s->scratch);
        if (to > s->dict_said)
            nh_dict_encode(s->owner.dict, s->dict_said + 1, to, &s->scratch);
        checks = s->scratch.len;
        if (say_boot) {
            boot.source = 0;
            nh_boot_encode(&boot, &s->scratch);
        }
        if (nh_buf_err(&s->scratch) != NH_OK) {
            nh_session_close(s, NH_WIRE_INTERNAL, "the dictionary is too big");
            return;
        }
        msg.u.dict.generation = ++s->dict_generation;
        msg.u.dict.checks = nh_slice_of(s->scratch.data, checks);
        msg.u.dict.boots =
            nh_slice_of(s->scratch.data == NULL ? NULL : s->scratch.data + checks,
                s->scratch.len - checks);
        send_frame(s, &msg);
        s->dict_said = to;
        say_boot = false;
    }
}

/* The newest reading of each check since the last time: seen at once, never stored. */
static void
send_live(struct nh_session *s)
{
    uint32_t epoch = nh_pos_epoch(s->owner.next_pos(s->owner.arg));
    size_t count;

    s->live_due = false;
    if (s->live == NULL)
        s->live = calloc(LIVE_MAX, sizeof(*s->live));
    if (s->live == NULL)
        return;
    count = s->owner.newest(s->owner.arg, s->live_upto_ms, s->live, LIVE_MAX);
    if (count > 0)
        send_dict(s, false, epoch);
    for (size_t i = 0; i < count; i++)
        if (s->live[i].mono_ms > s->live_upto_ms)
            s->live_upto_ms = s->live[i].mono_ms;
    for (size_t from = 0; from < count && !s->ending; from += LIVE_CHUNK) {
        size_t n = count - from > LIVE_CHUNK ? LIVE_CHUNK : count - from;
        struct nh_msg msg = { .type = NH_LIVE };

        nh_buf_clear(&s->scratch);
        if (nh_batch_encode(s->owner.dict, s->live + from, n, &s->scratch) != NH_OK)
            return; /* a live picture is not worth a session */
        msg.u.readings.epoch = epoch;
        msg.u.readings.columns = nh_slice_of(s->scratch.data, s->scratch.len);
        send_frame(s, &msg);
    }
}

static bool
hold(struct nh_session *s, uint64_t pos, enum nh_err err)
{
    s->held_pos = pos;
    return err == NH_OK;
}

/* Have the next history frame at hand in `held`, if there is one. */
static void
fetch_history(struct nh_session *s)
{
    struct nh_record rec;
    struct nh_gap gap;

    while (!s->have_held && s->history) {
        enum nh_err err = s->owner.next(s->owner.arg, &rec, &gap);

        if (err == NH_EGAP) {
            s->have_held =
                gap.to > s->recv_pos && hold(s, gap.to, nh_gap_frame(&gap, &s->held));
            continue;
        }
        if (err != NH_OK) {
            s->history = false;
            if (err != NH_EEMPTY)
                nh_log_limited(NH_LOG_WARN,
                    "journal: cannot be read on: %s; tried again "
                    "with the next record",
                    nh_strerror(err));
            return;
        }
        if (rec.preamble || rec.pos <= s->recv_pos)
            continue;
        if (!hold(s, rec.pos, nh_record_frame(&rec, &s->held))) {
            nh_log_limited(NH_LOG_WARN, "journal: record %llu of type %u cannot be sent",
                (unsigned long long)rec.pos, rec.type);
            continue;
        }
        s->have_held = true;
    }
}

static void
send_history(struct nh_session *s)
{
    struct flight *f;

    send_dict(s, true, nh_pos_epoch(s->held_pos));
    if (s->ending)
        return;
    bufferevent_write(s->bev, s->held.data, s->held.len);
    s->said_ms = nh_clock_mono_ms();
    if (s->flight_count == 0) {
        s->rate_from_ms = s->said_ms;
        s->rate_bytes = 0;
    }
    f = &s->flight[(s->flight_head + s->flight_count++) % FLIGHT_MAX];
    *f = (struct flight){ s->held_pos, (uint32_t)s->held.len };
    s->flight_bytes += s->held.len;
    s->sent_records++;
    s->sent_bytes += s->held.len;
    s->have_held = false;
}

static bool
ping_is_due(const struct nh_session *s, int64_t now)
{
    return s->ping_sent_ms == 0 && now - s->heard_ms >= NH_PING_AFTER_S * 1000;
}

static void
arm(struct nh_session *s)
{
    int64_t dead = s->heard_ms + NH_DEAD_AFTER_S * 1000, ping;

    if (s->state == NH_AGENT_HELLO_SENT)
        dead = s->since_ms + HELLO_TIMEOUT_S * 1000;
    ping = s->heard_ms + NH_PING_AFTER_S * 1000;
    nh_timer_at(
        s->timer, s->state == NH_AGENT_STREAMING && s->ping_sent_ms == 0 ? ping : dead);
}

/* Hand over what may go now. */
static void
pump(struct nh_session *s)
{
    struct evbuffer *output = bufferevent_get_output(s->bev);

    while (!s->ending && s->state >= NH_AGENT_LIVE_SENT) {
        struct nh_lanes lanes = { .ping_due = ping_is_due(s, nh_clock_mono_ms()),
            .live_due = s->live_due,
            .output_bytes = evbuffer_get_length(output),
            .flight_bytes = s->flight_bytes,
            .window = s->window };

        if (s->state == NH_AGENT_LIVE_SENT && lanes.output_bytes < OUTPUT_LOW)
            s->state = NH_AGENT_STREAMING;
        if (s->state == NH_AGENT_STREAMING && s->flight_count < FLIGHT_MAX) {
            fetch_history(s);
            lanes.history = s->have_held;
            lanes.frame_bytes = s->have_held ? s->held.len : 0;
        }
        switch (nh_lane_next(&lanes)) {
        case NH_LANE_PING:
            send_ping(s);
            break;
        case NH_LANE_LIVE:
            send_live(s);
            break;
        case NH_LANE_HISTORY:
            send_history(s);
            break;
        case NH_LANE_NONE:
            return;
        }
    }
}

/* --- hearing --- */

static void
set_lowat(struct nh_session *s)
{
    int fd = bufferevent_getfd(s->bev), bytes = s->wide ? LOWAT_WIDE : LOWAT_THIN;

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

/* The line's rate, by what was acknowledged since history began to flow. */
static void
measure(struct nh_session *s, uint64_t bytes)
{
    int64_t ms = nh_clock_mono_ms() - s->rate_from_ms;
    bool wide;

    s->rate_bytes += bytes;
    if (s->rate_bytes < RATE_BYTES_MIN || ms <= 0)
        return;
    s->rate_bps = (uint32_t)(s->rate_bytes * 8000 / (uint64_t)ms > UINT32_MAX
                                 ? UINT32_MAX
                                 : s->rate_bytes * 8000 / (uint64_t)ms);
    wide = s->rate_bps >= THIN_BPS;
    if (wide != s->wide) {
        s->wide = wide;
        set_lowat(s);
    }
}

static void
acked(struct nh_session *s, uint64_t recv_pos, uint64_t durable_pos, uint32_t window)
{
    uint64_t bytes = 0;

    s->window = window;
    while (s->flight_count > 0 && s->flight[s->flight_head].pos <= recv_pos) {
        bytes += s->flight[s->flight_head].bytes;
        s->flight_head = (s->flight_head + 1) % FLIGHT_MAX;
        s->flight_count--;
    }
    s->flight_bytes -= bytes;
    if (recv_pos > s->recv_pos)
        s->recv_pos = recv_pos;
    if (durable_pos > s->durable_pos) {
        s->durable_pos = durable_pos;
        s->owner.release(s->owner.arg, durable_pos);
    }
    measure(s, bytes);
}

static void
on_welcome(struct nh_session *s, const struct nh_msg_welcome *w)
{
    uint64_t next_pos = s->owner.next_pos(s->owner.arg);
    uint32_t chain = 0;
    bool have = w->recv_pos > 0 && w->recv_pos < next_pos &&
                s->owner.chain_at(s->owner.arg, w->recv_pos, &chain);
    int64_t now = nh_clock_mono_ms();

    if (nh_stream_diverged(w, next_pos, have, chain)) {
        nh_session_close(
            s, NH_WIRE_DIVERGED, "the collector has another history of this stream");
        return;
    }
    s->end.welcomed = true;
    s->end.retry_min_s = s->end.retry_max_s = 0;
    s->offset_ms = w->wall_ms - now;
    s->since_ms = now;
    s->recv_pos = w->recv_pos;
    acked(s, w->recv_pos, w->durable_pos, w->window);
    if (s->owner.seek(s->owner.arg, w->recv_pos) != NH_OK) {
        nh_session_close(s, 0, "the journal cannot be read");
        return;
    }
    s->state = NH_AGENT_LIVE_SENT;
    s->history = true;
    s->owner.on_welcome(s->owner.arg, w);
    if (s->ending)
        return;
    s->live_upto_ms = INT64_MIN;
    send_live(s);
}

static void
answer_ping(struct nh_session *s, const struct nh_msg_ping *ping)
{
    struct nh_msg msg = { .type = NH_PONG };

    msg.u.ping = (struct nh_msg_ping){ .token = ping->token,
        .mono_ms = nh_clock_mono_ms(),
        .wall_ms = nh_clock_wall_ms(),
        .echo_mono_ms = ping->mono_ms };
    send_frame(s, &msg);
}

static void
hear_pong(struct nh_session *s, const struct nh_msg_ping *pong)
{
    int64_t now = nh_clock_mono_ms();

    if (s->ping_sent_ms == 0 || pong->token != s->ping_token)
        return;
    s->rtt_ms = (int32_t)(now - s->ping_sent_ms);
    s->offset_ms = pong->wall_ms + s->rtt_ms / 2 - now;
    s->ping_sent_ms = 0;
}

static void
hear_error(struct nh_session *s, const struct nh_msg_error *error)
{
    if (error->code == NH_WIRE_FULL) { /* pause, stay */
        nh_log_limited(NH_LOG_WARN,
            "collector: its storage is full; history waits here (%s)", error->text);
        s->window = 0;
        return;
    }
    s->end.by_peer = true;
    s->end.code = error->code;
    snprintf(s->end.why, sizeof(s->end.why), "collector: %s%s%s",
        nh_wire_error_text(error->code), *error->text ? ": " : "", error->text);
    nh_session_close(s, 0, NULL);
}

static void
hear_goaway(struct nh_session *s, const struct nh_msg_goaway *g)
{
    s->end.by_peer = true;
    s->end.retry_min_s = g->retry_min_s;
    s->end.retry_max_s = g->retry_max_s;
    snprintf(s->end.why, sizeof(s->end.why), "collector: go away (reason %u)", g->reason);
    nh_session_close(s, 0, NULL);
}

static void
hear(struct nh_session *s, const struct nh_msg *msg)
{
    enum nh_wire_error verdict = nh_agent_may_hear(s->state, msg->type, msg->flags);

    if (verdict != 0) {
        nh_session_close(s, verdict, nh_frame_name(msg->type));
        return;
    }
    switch (msg->type) {
    case NH_WELCOME:
        on_welcome(s, &msg->u.welcome);
        break;
    case NH_PING:
        answer_ping(s, &msg->u.ping);
        break;
    case NH_PONG:
        hear_pong(s, &msg->u.ping);
        break;
    case NH_ACK:
        acked(s, msg->u.ack.recv_pos, msg->u.ack.durable_pos, msg->u.ack.window);
        break;
    case NH_REJECT:
        s->owner.on_reject(s->owner.arg, &msg->u.reject);
        break;
    case NH_ASSIGN:
        s->owner.on_assign(s->owner.arg, &msg->u.assign);
        break;
    case NH_TASK:
        s->owner.on_task(s->owner.arg, &msg->u.task);
        break;
    case NH_KEY_OFFER:
        s->owner.on_key_offer(s->owner.arg, &msg->u.key_offer);
        break;
    case NH_GOAWAY:
        hear_goaway(s, &msg->u.goaway);
        break;
    case NH_ERROR:
        hear_error(s, &msg->u.error);
        break;
    default: /* of a newer minor, and not critical */
        break;
    }
}

static void
finish(struct nh_session *s)
{
    if (s->ended)
        return;
    s->ended = true;
    bufferevent_disable(s->bev, EV_READ | EV_WRITE);
    nh_timer_stop(s->timer);
    s->owner.on_end(s->owner.arg, &s->end); /* may free us: nothing may follow */
}

/* Whole frames from the front of the input; what is left waits for more. */
static void
on_session_read(struct bufferevent *bev, void *arg)
{
    struct nh_session *s = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len, used, need;

    s->heard_ms = nh_clock_mono_ms();
    while (!s->ending && (len = evbuffer_get_length(in)) >= NH_FRAME_HEAD) {
        struct nh_msg msg;
        enum nh_wire_error code = 0;
        uint8_t *bytes = evbuffer_pullup(in, -1);
        enum nh_err err;

        if (bytes == NULL)
            break;
        err = nh_wire_decode(
            nh_slice_of(bytes, len), NH_FRAME_MAX, &msg, &used, &need, &code);
        if (err == NH_EAGAIN)
            break;
        if (err != NH_OK) {
            nh_session_close(s, code, "a frame that cannot be read");
            break;
        }
        hear(s, &msg);
        nh_wipe(&msg, sizeof(msg)); /* it may have held a key */
        evbuffer_drain(in, used);
    }
    pump(s);
    if (!s->ending)
        arm(s);
}

static void
on_session_write(struct bufferevent *bev, void *arg)
{
    struct nh_session *s = arg;

    if (s->ending && evbuffer_get_length(bufferevent_get_output(bev)) == 0) {
        finish(s);
        return;
    }
    pump(s);
}

static void
on_session_event(struct bufferevent *bev, short what, void *arg)
{
    struct nh_session *s = arg;

    (void)bev;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0)
        return;
    s->end.line_dead =
        (what & BEV_EVENT_ERROR) != 0 &&
        EVUTIL_SOCKET_ERROR() == ETIMEDOUT; /* TCP_USER_TIMEOUT, keepalive */
    if (s->end.why[0] == '\0')
        snprintf(s->end.why, sizeof(s->end.why), "%s",
            s->end.line_dead ? "nothing comes through" : "connection lost");
    s->ending = true;
    finish(s);
}

static void
on_session_timer(void *arg)
{
    struct nh_session *s = arg;
    int64_t now = nh_clock_mono_ms();

    if (s->ending) {
        finish(s);
        return;
    }
    if (s->state == NH_AGENT_HELLO_SENT) {
        if (now - s->since_ms >= HELLO_TIMEOUT_S * 1000)
            nh_session_close(s, NH_WIRE_TIMEOUT, "no WELCOME");
    } else if (now - s->heard_ms >= NH_DEAD_AFTER_S * 1000) {
        s->end.line_dead = true;
        nh_session_close(s, NH_WIRE_TIMEOUT, "nothing heard for 90 s");
    }
    pump(s);
    if (!s->ending)
        arm(s);
}

/* --- the owner's handles --- */

enum nh_err
nh_session_new(struct nh_session **out, struct event_base *base, struct bufferevent *bev,
    const struct nh_session_owner *owner)
{
    struct nh_session *s = calloc(1, sizeof(*s));
    int one = 1;

    *out = NULL;
    if (s == NULL || nh_timer_new(&s->timer, base, on_session_timer, s) != NH_OK) {
        free(s);
        bufferevent_free(bev);
        return NH_ENOMEM;
    }
    s->base = base;
    s->bev = bev;
    s->owner = *owner;
    s->state = NH_AGENT_HELLO_SENT;
    s->rtt_ms = -1;
    s->since_ms = s->heard_ms = s->said_ms = nh_clock_mono_ms();
    nh_buf_init(&s->out, NH_FRAME_MAX);
    nh_buf_init(&s->held, NH_FRAME_MAX);
    nh_buf_init(&s->scratch, NH_FRAME_MAX);
    if (bufferevent_getfd(bev) >= 0)
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    set_lowat(s);
    bufferevent_setcb(bev, on_session_read, on_session_write, on_session_event, s);
    bufferevent_setwatermark(bev, EV_WRITE, OUTPUT_LOW - 1, 0);
    bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    send_hello(s);
    arm(s);
    *out = s;
    return NH_OK;
}

void
nh_session_free(struct nh_session *s)
{
    if (s == NULL)
        return;
    nh_timer_free(s->timer);
    bufferevent_free(s->bev);
    nh_buf_fini(&s->out);
    nh_buf_fini(&s->held);
    nh_buf_fini(&s->scratch);
    free(s->live);
    free(s);
}

void
nh_session_kick(struct nh_session *s)
{
    if (s->ending || s->state < NH_AGENT_LIVE_SENT)
        return;
    if (s->have_held || s->flight_count == FLIGHT_MAX)
        s->live_due = true; /* history is behind: the new ones overtake it */
    s->history = true;
    pump(s);
}

void
nh_session_say(struct nh_session *s, const struct nh_msg *msg)
{
    if (!s->ending && s->state >= NH_AGENT_LIVE_SENT)
        send_frame(s, msg);
}

void
nh_session_close(struct nh_session *s, enum nh_wire_error code, const char *why)
{
    if (s->ending)
        return;
    if (why != NULL && s->end.why[0] == '\0')
        snprintf(s->end.why, sizeof(s->end.why), "%s", why);
    if (code != 0) {
        struct nh_msg msg = { .type = NH_ERROR };

        s->end.code = code;
        msg.u.error.code = (uint8_t)code;
        snprintf(msg.u.error.text, sizeof(msg.u.error.text), "%.120s", s->end.why);
        nh_buf_clear(&s->out);
        if (nh_wire_encode(&msg, &s->out) == NH_OK)
            bufferevent_write(s->bev, s->out.data, s->out.len);
    }
    s->ending = true;
    bufferevent_setwatermark(s->bev, EV_WRITE, 0, 0);
    nh_timer_after(s->timer, code != 0 ? DRAIN_MS : 0);
}

void
nh_session_facts(const struct nh_session *s, struct nh_session_facts *out)
{
    *out = (struct nh_session_facts){ .state = s->state,
        .backlog = s->have_held || s->flight_count > 0,
        .paused = s->state >= NH_AGENT_LIVE_SENT && s->window == 0,
        .sent_records = s->sent_records,
        .sent_bytes = s->sent_bytes,
        .recv_pos = s->recv_pos,
        .durable_pos = s->durable_pos,
        .since_ms = s->end.welcomed ? s->since_ms : 0,
        .rtt_ms = s->rtt_ms,
        .offset_ms = s->offset_ms,
        .rate_bps = s->rate_bps };
}
