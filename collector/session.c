/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - one agent's session: HELLO, WELCOME, and everything but the data
 *
 * TLS proves the identity; HELLO says which stream and boot it is about and where it
 * stands. WELCOME answers with the watermark, PING begins to measure the clock, ASSIGN
 * and KEY_OFFER follow when they are due. From then on frames are taken as they come, at
 * most 200 a second; acknowledgements wait for the disk, and a while more when nothing is
 * waiting for them.
 *
 * A session ends by session_end(): the reason is sent, nothing is heard any more (DRAIN),
 * and it is freed when the output is gone or two seconds later, never inside a read.
 */
#include "collector/intake_model.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/tls.h"
#include <stdio.h>
#include <string.h>

enum {
    HELLO_MS = 5000,
    DRAIN_MS = 2000,
    PING_EVERY_MS = 10 * 60 * 1000,
    TAKEOVERS = 4, /* more than three in ten minutes */
    TAKEOVERS_MS = 10 * 60 * 1000,
    THROTTLE_TOKENS = 2 * SESSION_FRAMES_PER_S,
    ASSIGN_PART = 16 << 10,
    RETRY_MIN_S = 0,
    RETRY_MAX_S = 30,
};

/* ---- out ---- */

static void
send_frame(struct session *s, const struct nh_msg *msg, bool now)
{
    struct nh_buf *out = &s->in->out;
    struct evbuffer *output;

    if (s->bev == NULL)
        return;
    output = bufferevent_get_output(s->bev);
    nh_buf_clear(out);
    if (nh_wire_encode(msg, out) != NH_OK) {
        nh_log(NH_LOG_ERROR, "intake: a %s for %s could not be encoded",
            nh_frame_name(msg->type), s->peer);
        return;
    }
    if (evbuffer_get_length(output) + out->len > SESSION_OUTPUT_MAX) {
        if (s->state != NH_COLLECTOR_DRAIN) {
            s->state = NH_COLLECTOR_DRAIN;
            s->deadline_ms = nh_clock_mono_ms();
            intake_count(s->in, NH_WIRE_LIMIT);
        }
        return;
    }
    if (now)
        nh_tls_write(s->bev, out->data, out->len);
    else
        bufferevent_write(s->bev, out->data, out->len);
}

void
session_send(struct session *s, const struct nh_msg *msg)
{
    send_frame(s, msg, false);
}

static void
drain(struct session *s)
{
    s->state = NH_COLLECTOR_DRAIN;
    s->deadline_ms = nh_clock_mono_ms() + DRAIN_MS;
    bufferevent_disable(s->bev, EV_READ);
}

static const char *
name_of(const struct session *s)
{
    return s->agent != NULL ? s->agent->site : s->peer;
}

void
session_end(struct session *s, enum nh_wire_error code, const char *text)
{
    struct nh_msg msg = { .type = NH_ERROR, .flags = NH_FLAG_CRITICAL };

    if (s->state == NH_COLLECTOR_DRAIN || s->bev == NULL)
        return;
    intake_count(s->in, (int)code);
    nh_log_limited(NH_LOG_WARN, "intake: session of %s (%s) ended: %s%s%s", name_of(s),
        s->peer, nh_wire_error_text(code), text[0] != '\0' ? ": " : "", text);
    msg.u.error.code = (uint8_t)code;
    snprintf(msg.u.error.text, sizeof(msg.u.error.text), "%s", text);
    session_send(s, &msg);
    drain(s);
}

void
session_go_away(
    struct session *s, enum nh_wire_error reason, uint32_t min_s, uint32_t max_s)
{
    struct nh_msg msg = { .type = NH_GOAWAY, .flags = NH_FLAG_CRITICAL };

    if (s->state == NH_COLLECTOR_DRAIN || s->bev == NULL)
        return;
    msg.u.goaway.reason = (uint8_t)reason;
    msg.u.goaway.retry_min_s = min_s;
    msg.u.goaway.retry_max_s = max_s;
    session_send(s, &msg);
    drain(s);
}

void
session_ack(struct session *s)
{
    struct nh_msg msg = { .type = NH_ACK };

    if (s->state != NH_COLLECTOR_READY || s->src == NULL)
        return;
    msg.u.ack.recv_pos = s->src->is.received_pos;
    msg.u.ack.durable_pos = s->src->durable_pos;
    msg.u.ack.window = s->parked != NULL ? 0 : SESSION_WINDOW;
    s->acked_recv = msg.u.ack.recv_pos;
    s->acked_durable = msg.u.ack.durable_pos;
    s->acked_ms = nh_clock_mono_ms();
    s->unacked_bytes = 0;
    s->ack_due = false;
    send_frame(s, &msg, true);
}

static void
send_ping(struct session *s)
{
    struct nh_msg msg = { .type = NH_PING };

    s->pinged_ms = nh_clock_mono_ms();
    msg.u.ping.token = (uint64_t)s->pinged_ms;
    msg.u.ping.mono_ms = s->pinged_ms;
    msg.u.ping.wall_ms = nh_clock_wall_ms();
    session_send(s, &msg);
}

bool
intake_send(struct intake *in, const char *site, const struct nh_msg *msg)
{
    const struct intake_agent *a = intake_agent(in, site);

    if (a == NULL || a->session == NULL || a->session->state != NH_COLLECTOR_READY)
        return false;
    session_send(a->session, msg);
    return a->session->state == NH_COLLECTOR_READY;
}

/* At once while there is a backlog or a good part of the window is used; else one for two
 * rounds of ten seconds: an ACK costs two packets. It goes when the oldest record that it
 * is about has waited SESSION_ACK_WITH_MS, with the next that is durable, or by itself at
 * SESSION_ACK_LATEST_MS: an agent writes to its flash after NH_JOURNAL_LAG_S. */
void
intake_durable(struct intake *in, struct store_source *src)
{
    struct session *s = src->session;

    (void)in;
    if (s == NULL || s->state != NH_COLLECTOR_READY)
        return;
    if (!s->ack_due)
        s->ack_due_ms = nh_clock_mono_ms();
    s->ack_due = true;
    if (s->catching_up && src->durable_pos + 1 >= s->next_pos)
        s->catching_up = false;
    else if (!s->catching_up && s->unacked_bytes < SESSION_WINDOW / 4 &&
             nh_clock_mono_ms() - s->ack_due_ms < SESSION_ACK_WITH_MS)
        return;
    session_ack(s);
}

/* ---- what to measure ---- */

struct assign_list {
    struct nh_buf *buf;
    size_t cuts[NH_ASSIGN_CHECKS_MAX / 8]; /* where a part may end */
    size_t cut_count, part_from;
};

static void
add_assignment(void *arg, const struct nh_assignment *a)
{
    struct assign_list *l = arg;
    size_t before = l->buf->len;

    if (before - l->part_from > ASSIGN_PART && l->cut_count < NH_COUNT(l->cuts)) {
        l->cuts[l->cut_count++] = before;
        l->part_from = before;
    }
    nh_assignment_encode(a, l->buf);
}

/* A generation is the list's own hash: it stays the same over restarts of either end. */
static uint64_t
generation_of(const struct nh_buf *b)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < b->len; i++)
        h = (h ^ b->data[i]) * UINT64_C(1099511628211);
    h &= UINT64_C(0x7fffffffffffffff);
    return h == 0 ? 1 : h;
}

static void
list_checks(struct session *s, struct assign_list *l)
{
    const struct inv_site *site = inventory_site(s->in->c->inv, s->agent->site);

    *l = (struct assign_list){ .buf = &s->in->parts };
    nh_buf_clear(l->buf);
    if (site !=
        NULL) /* the drill's stand-in for the centre measures on its own account */
        inventory_assign(s->in->c->inv, site, add_assignment, l);
    l->cuts[l->cut_count++] = l->buf->len;
}

static void
send_assignment(struct session *s, const struct assign_list *l, uint64_t generation)
{
    size_t from = 0;

    for (size_t i = 0; i < l->cut_count; i++) {
        struct nh_msg msg = { .type = NH_ASSIGN };

        msg.u.assign.generation = generation;
        msg.u.assign.first = i == 0;
        msg.u.assign.last = i + 1 == l->cut_count;
        msg.u.assign.checks = nh_slice_of(l->buf->data + from, l->cuts[i] - from);
        session_send(s, &msg);
        from = l->cuts[i];
    }
    s->assignment = generation;
}

static bool
is_known_site(const struct inventory *inv, const char *site)
{
    const struct inv_site *in = inventory_site(inv, site);

    return in != NULL ? in->agent : inv->drill && strcmp(site, "centre") == 0;
}

/* After a reload: only what changed is sent. */
void
session_assign(struct session *s)
{
    static struct assign_list list;
    uint64_t generation;

    if (!is_known_site(s->in->c->inv, s->agent->site)) {
        session_end(s, NH_WIRE_IDENTITY, "this site is not in the inventory any more");
        return;
    }
    list_checks(s, &list);
    generation = generation_of(list.buf);
    if (nh_buf_err(list.buf) == NH_OK && generation != s->assignment)
        send_assignment(s, &list, generation);
}

/* ---- HELLO ---- */

/* Somebody with the same key and another boot: is it one box that started again, or two
 * that take the session from each other? */
static bool
may_take_over(struct session *s, struct intake_agent *a)
{
    struct session *old = a->session;
    int64_t now_ms = nh_clock_mono_ms();

    if (old == NULL || memcmp(old->boot_id, s->boot_id, sizeof(s->boot_id)) == 0)
        return true;
    if (now_ms < a->hold_off_ms)
        return false;
    memmove(&a->takeovers_ms[1], &a->takeovers_ms[0],
        (TAKEOVERS - 1) * sizeof(a->takeovers_ms[0]));
    a->takeovers_ms[0] = now_ms;
    if (a->takeovers_ms[TAKEOVERS - 1] == 0 ||
        now_ms - a->takeovers_ms[TAKEOVERS - 1] > TAKEOVERS_MS)
        return true;
    a->hold_off_ms = now_ms + TAKEOVERS_MS;
    nh_log(NH_LOG_ERROR,
        "intake: two boxes use the key of %s (now from %s): revoke it and add it anew",
        a->site, s->peer);
    return false;
}

/* How many records lie after `have` and before `next`: counters run on across epochs. */
static uint64_t
records_between(uint64_t have, uint64_t next)
{
    uint64_t from = nh_pos_counter(have), to = nh_pos_counter(next);

    return to > from + 1 ? to - 1 - from : 0;
}

static void
note_agent(struct session *s, const struct nh_msg_hello *h)
{
    struct intake_agent *a = s->agent;

    a->since_ms = a->last_seen_ms = nh_clock_wall_ms();
    snprintf(a->version, sizeof(a->version), "%s", h->version);
    snprintf(a->via, sizeof(a->via), "%s", s->peer);
    a->uptime_s = h->uptime_s;
    a->fill_pct = h->fill_pct;
    a->clock_offset_ms =
        h->wall_quality == NH_CLOCK_UNSET ? 0 : h->wall_ms - a->last_seen_ms;
    a->backlog = records_between(s->src->is.received_pos, h->next_pos);
}

/* What the stream says must be what we have of it. */
static bool
is_our_stream(const struct nh_msg_hello *h, const struct store_source *src)
{
    if (src->is.received_pos == 0)
        return true;
    if (h->next_pos <= src->is.received_pos)
        return false;
    return h->acked_pos != src->is.received_pos || h->acked_chain == src->is.chain;
}

static void
first_anchor(struct session *s, const struct nh_msg_hello *h)
{
    int64_t half_ms = (nh_clock_mono_ms() - s->accepted_ms) / 2 + 1;
    struct nh_anchor a = { h->mono_ms, nh_clock_wall_ms() - half_ms, (uint32_t)half_ms };

    if (dating_anchor(&s->src->dating, s->boot_id, a) != NH_OK)
        nh_log_limited(NH_LOG_WARN, "intake: %s has an impossible clock", s->agent->site);
}

static void
welcome(struct session *s, const struct nh_msg_hello *h)
{
    static struct assign_list list;
    struct nh_msg msg = { .type = NH_WELCOME, .flags = NH_FLAG_CRITICAL };
    struct nh_msg_welcome *w = &msg.u.welcome;
    uint64_t generation;

    list_checks(s, &list);
    generation = generation_of(list.buf);
    w->durable_pos = s->src->durable_pos;
    w->recv_pos = s->src->is.received_pos;
    w->chain = s->src->is.chain;
    w->window = store_is_full(s->in->c->store) ? 0 : SESSION_WINDOW;
    w->wall_ms = nh_clock_wall_ms();
    w->assignment = generation;
    w->retry_min_s = RETRY_MIN_S;
    w->retry_max_s = RETRY_MAX_S;
    session_send(s, &msg);
    send_ping(s);
    s->told_full = w->window == 0;
    s->assignment = h->assignment;
    if (generation != h->assignment)
        send_assignment(s, &list, generation);
}

static enum nh_err
offer_key(struct session *s, int64_t now_s)
{
    struct nh_msg msg = { .type = NH_KEY_OFFER, .flags = NH_FLAG_CRITICAL };
    const struct key_row *offered;
    enum nh_err err = keys_offer(s->in->c->keys, s->identity, now_s, &offered);

    if (err != NH_OK)
        return err;
    snprintf(msg.u.key_offer.identity, sizeof(msg.u.key_offer.identity), "%s",
        offered->identity);
    memcpy(msg.u.key_offer.key, offered->key, NH_KEY_LEN);
    session_send(s, &msg);
    nh_wipe(&msg, sizeof(msg));
    nh_wipe(s->in->out.data, s->in->out.len);
    return NH_OK;
}

/* The first session by a token is given a key of its own, and one whose new key was lost
 * on its way that one again; the first session by that ends what was before. */
static void
settle_key(struct session *s)
{
    struct keys *keys = s->in->c->keys;
    const struct key_row *row = keys_get(keys, s->identity);
    int64_t now_s = nh_clock_wall_ms() / 1000;
    enum nh_err err = NH_OK;

    if (row == NULL)
        return;
    if (row->state == KEY_OFFERED) {
        err = keys_confirm(keys, s->identity, now_s);
        if (err == NH_OK)
            nh_log(NH_LOG_NOTICE, "intake: the agent of %s uses its new key",
                s->agent->site);
    } else if (keys_offer_is_due(keys, row)) {
        err = offer_key(s, now_s);
    }
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "intake: the key of %s could not be written: %s",
            s->agent->site, nh_strerror(err));
}

bool
session_rotate_aged(struct session *s, int64_t now_s)
{
    const struct key_row *row = keys_get(s->in->c->keys, s->identity);
    enum nh_err err;

    if (s->state != NH_COLLECTOR_READY || row == NULL ||
        !keys_is_aged(s->in->c->keys, row, now_s))
        return false;
    err = offer_key(s, now_s);
    if (err != NH_OK)
        nh_log_limited(NH_LOG_ERROR, "intake: the key of %s could not be written: %s",
            s->agent->site, nh_strerror(err));
    return true;
}

enum nh_err
intake_rotate(struct intake *in, const char *site)
{
    const struct intake_agent *a = intake_agent(in, site);

    if (a == NULL || a->session == NULL || a->session->state != NH_COLLECTOR_READY)
        return NH_ENOTFOUND;
    return offer_key(a->session, nh_clock_wall_ms() / 1000);
}

static void
become_ready(struct session *s, const struct nh_msg_hello *h)
{
    struct intake_agent *a = s->agent;
    struct session *old = a->session;
    char boot[2 * NH_STREAM_ID_LEN + 1];

    if (old == NULL)
        s->in->live++;
    a->session = s;
    s->src->session = s;
    if (old != NULL) {
        control_tests_lost(s->in->c->control, a->site);
        session_end(old, NH_WIRE_DUPLICATE, "a newer session has taken over");
    }
    s->state = NH_COLLECTOR_READY;
    s->next_pos = h->next_pos;
    s->catching_up = h->next_pos > s->src->is.received_pos + 1;
    s->acked_recv = s->src->is.received_pos;
    s->acked_durable = s->src->durable_pos;
    s->heard_ms = s->acked_ms = s->frames_at_ms = nh_clock_mono_ms();
    s->frame_tokens = THROTTLE_TOKENS;
    intake_admit(s);
    first_anchor(s, h);
    note_agent(s, h);
    welcome(s, h);
    settle_key(s);
    for (size_t i = 0; i < sizeof(s->boot_id); i++)
        snprintf(boot + 2 * i, 3, "%02x", s->boot_id[i]);
    collector_say(s->in->c, "session_up", a->site, h->uptime_s, boot, NULL);
    nh_log(NH_LOG_INFO, "intake: %s is connected from %s, %llu records behind", a->site,
        s->peer, (unsigned long long)a->backlog);
}

static void
take_hello(struct session *s, const struct nh_msg_hello *h)
{
    const struct key_row *row = keys_get(s->in->c->keys, s->identity);
    struct store_source *src;
    struct intake_agent *a;

    if (row == NULL || !key_is_good(row, nh_clock_wall_ms() / 1000)) {
        session_end(s, NH_WIRE_REVOKED, "");
        return;
    }
    if (strcmp(h->agent_id, s->identity) != 0) {
        session_end(s, NH_WIRE_IDENTITY, "HELLO names another agent than the key");
        return;
    }
    if (!is_known_site(s->in->c->inv, row->site)) {
        session_end(s, NH_WIRE_IDENTITY, "this site has no agent in the inventory");
        return;
    }
    memcpy(s->boot_id, h->boot_id, sizeof(s->boot_id));
    a = intake_agent_make(s->in, row->site);
    if (a == NULL) {
        session_end(s, NH_WIRE_INTERNAL, "");
        return;
    }
    if (!may_take_over(s, a)) {
        session_end(s, NH_WIRE_DUPLICATE, "another box uses this key");
        return;
    }
    if (store_source(s->in->c->store, row->site, h->stream_id, &src) != NH_OK) {
        session_end(s, NH_WIRE_INTERNAL, "the journal takes no new stream now");
        return;
    }
    if (!is_our_stream(h, src)) {
        nh_log(NH_LOG_ERROR,
            "intake: the stream of %s is not what was received of it before (a cloned "
            "disk, a restored backup?): a new one must begin",
            row->site);
        session_end(s, NH_WIRE_DIVERGED, "");
        return;
    }
    s->agent = a;
    s->src = src;
    become_ready(s, h);
}

/* ---- PING and PONG ---- */

static void
take_ping(struct session *s, const struct nh_msg_ping *ping)
{
    struct nh_msg msg = { .type = NH_PONG };

    msg.u.ping.token = ping->token;
    msg.u.ping.mono_ms = nh_clock_mono_ms();
    msg.u.ping.wall_ms = nh_clock_wall_ms();
    msg.u.ping.echo_mono_ms = ping->mono_ms;
    session_send(s, &msg);
    if (s->ack_due || s->acked_recv != s->src->is.received_pos)
        session_ack(s); /* it asks */
}

static void
take_pong(struct session *s, const struct nh_msg_ping *pong)
{
    int64_t now_ms = nh_clock_mono_ms(), half_ms = (now_ms - pong->echo_mono_ms) / 2;
    struct nh_anchor a = { pong->mono_ms, nh_clock_wall_ms() - half_ms,
        (uint32_t)half_ms + 1 };

    if (pong->token != (uint64_t)s->pinged_ms || pong->echo_mono_ms != s->pinged_ms)
        return; /* late, or not ours */
    if (dating_anchor(&s->src->dating, s->boot_id, a) == NH_OK)
        s->agent->clock_offset_ms = pong->wall_ms - a.wall_ms;
}

/* ---- in ---- */

static void
take(struct session *s, const struct nh_msg *msg, struct nh_slice raw)
{
    switch (msg->type) {
    case NH_HELLO:
        take_hello(s, &msg->u.hello);
        break;
    case NH_PING:
        take_ping(s, &msg->u.ping);
        break;
    case NH_PONG:
        take_pong(s, &msg->u.ping);
        break;
    case NH_DICT:
        session_take_dict(s, &msg->u.dict);
        break;
    case NH_READINGS:
    case NH_EVENT:
    case NH_GAP:
        session_take_record(s, msg, raw);
        break;
    case NH_LIVE:
        session_take_live(s, &msg->u.readings);
        break;
    case NH_ASSIGNED:
        if (msg->u.assigned.refused > 0)
            nh_log(NH_LOG_WARN, "intake: %s refuses %u of its checks: %s", s->agent->site,
                msg->u.assigned.refused, msg->u.assigned.why);
        break;
    case NH_KEY_CONFIRM: /* HELLO by the new key has said as much */
        if (strcmp(msg->u.key_confirm.identity, s->identity) != 0)
            session_end(s, NH_WIRE_IDENTITY, "KEY_CONFIRM names another key");
        break;
    case NH_ERROR:
        nh_log_limited(NH_LOG_WARN, "intake: %s says: %s %s", name_of(s),
            nh_wire_error_text((enum nh_wire_error)msg->u.error.code), msg->u.error.text);
        if (msg->u.error.code != NH_WIRE_FULL)
            drain(s);
        break;
    case NH_RESULT:
        control_test_result(s->in->c->control, s->agent->site, &msg->u.result);
        break;
    default: /* a frame of a later version */
        break;
    }
}

/* A frame more? Out of tokens the rest waits in the buffer, and TCP tells the peer. */
static bool
take_token(struct session *s)
{
    int64_t now_ms;

    if (s->state != NH_COLLECTOR_READY)
        return true;
    if (s->frame_tokens <= 0) {
        now_ms = nh_clock_mono_ms();
        s->frame_tokens +=
            (int32_t)((now_ms - s->frames_at_ms) * SESSION_FRAMES_PER_S / 1000);
        if (s->frame_tokens > THROTTLE_TOKENS)
            s->frame_tokens = THROTTLE_TOKENS;
        s->frames_at_ms = now_ms;
    }
    if (s->frame_tokens <= 0) {
        s->throttled = true;
        bufferevent_disable(s->bev, EV_READ);
        return false;
    }
    s->frame_tokens--;
    return true;
}

/* The next frame lies in one piece at the front; NH_EAGAIN: it is not whole. */
static enum nh_err
next_frame(struct evbuffer *in, size_t max_frame, struct nh_msg *msg, size_t *used,
    struct nh_slice *raw, enum nh_wire_error *code)
{
    size_t have = evbuffer_get_length(in), need = 0,
           near = evbuffer_get_contiguous_space(in);
    enum nh_err err;

    if (near > have)
        near = have;
    if (near < NH_FRAME_HEAD && have >= NH_FRAME_HEAD)
        near = have < max_frame ? have : max_frame;
    *raw = nh_slice_of(evbuffer_pullup(in, (ssize_t)near), near);
    err = nh_wire_decode(*raw, max_frame, msg, used, &need, code);
    if (err != NH_EAGAIN || need > have || need <= near)
        return err;
    *raw = nh_slice_of(evbuffer_pullup(in, (ssize_t)need), need);
    return nh_wire_decode(*raw, max_frame, msg, used, &need, code);
}

void
session_read(struct session *s)
{
    struct evbuffer *in = bufferevent_get_input(s->bev);

    while (s->state != NH_COLLECTOR_DRAIN && evbuffer_get_length(in) >= NH_FRAME_HEAD) {
        size_t max = s->state == NH_COLLECTOR_READY ? (size_t)NH_FRAME_MAX
                                                    : (size_t)NH_FRAME_MAX_BEFORE_HELLO;
        enum nh_wire_error code = 0;
        struct nh_slice raw;
        struct nh_msg msg;
        size_t used = 0;
        enum nh_err err = next_frame(in, max, &msg, &used, &raw, &code);

        if (err == NH_EAGAIN)
            return;
        if (err == NH_OK)
            code = nh_collector_may_hear(s->state, msg.type, msg.flags);
        if (code != 0) {
            session_end(s, code, "");
            return;
        }
        if (!take_token(s))
            return;
        raw.len = used;
        take(s, &msg, raw);
        evbuffer_drain(in, used);
    }
}

static void
on_session_read(struct bufferevent *bev, void *arg)
{
    struct session *s = arg;

    (void)bev;
    s->heard_ms = nh_clock_mono_ms();
    if (s->agent != NULL)
        s->agent->last_seen_ms = nh_clock_wall_ms();
    session_read(s);
}

static void
on_session_written(struct bufferevent *bev, void *arg)
{
    struct session *s = arg;

    if (s->state == NH_COLLECTOR_DRAIN &&
        evbuffer_get_length(bufferevent_get_output(bev)) == 0)
        session_free(s);
}

static void
on_session_event(struct bufferevent *bev, short what, void *arg)
{
    struct session *s = arg;
    const char *identity;
    char why[128];

    if ((what & BEV_EVENT_CONNECTED) != 0) {
        if (nh_tls_check_peer(bev, &identity) != NH_OK) {
            intake_count(s->in, INTAKE_HANDSHAKE);
            session_free(s);
            return;
        }
        snprintf(s->identity, sizeof(s->identity), "%s", identity);
        s->state = NH_COLLECTOR_WAIT_HELLO;
        s->deadline_ms = nh_clock_mono_ms() + HELLO_MS;
        return;
    }
    if (s->state == NH_COLLECTOR_TLS) {
        intake_count(s->in, INTAKE_HANDSHAKE);
        nh_log_limited(NH_LOG_WARN, "intake: %s: TLS handshake failed (%s)", s->peer,
            nh_tls_error(bev, why, sizeof(why)));
    }
    session_free(s);
}

void
session_start(struct session *s, struct bufferevent *bev)
{
    s->bev = bev;
    s->state = NH_COLLECTOR_TLS;
    bufferevent_setcb(bev, on_session_read, on_session_written, on_session_event, s);
    bufferevent_setwatermark(bev, EV_READ, 0, 2 * SESSION_WINDOW);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

/* ---- time ---- */

void
session_tick(struct session *s, int64_t mono_ms)
{
    switch (s->state) {
    case NH_COLLECTOR_READY:
        if (s->throttled) {
            s->throttled = false;
            bufferevent_enable(s->bev, EV_READ);
            session_read(s);
        }
        if (mono_ms - s->heard_ms > NH_DEAD_AFTER_S * INT64_C(1000))
            session_end(s, NH_WIRE_TIMEOUT, "silent for 90 seconds");
        else if (s->ack_due && mono_ms - s->ack_due_ms >= SESSION_ACK_LATEST_MS)
            session_ack(s);
        else if (mono_ms - s->pinged_ms >= PING_EVERY_MS) {
            send_ping(s);
            settle_key(s); /* it may have grown old in a long session */
        }
        break;
    case NH_COLLECTOR_WAIT_HELLO:
        if (mono_ms >= s->deadline_ms)
            session_end(s, NH_WIRE_TIMEOUT, "no HELLO");
        break;
    default:
        if (mono_ms < s->deadline_ms)
            break;
        if (s->state != NH_COLLECTOR_DRAIN)
            intake_count(s->in, NH_WIRE_TIMEOUT);
        session_free(s);
        break;
    }
}
