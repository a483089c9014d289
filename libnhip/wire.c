/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.c - frames out and frames in
 *
 * One row of `messages` is one message: who may send it, the flags it always carries, how
 * long its payload may be, and the two functions that write and read it. The writers put
 * fields in the order of docs/PROTOCOL.md; the readers take them in the same order,
 * bound what they take and leave what follows alone, so that a newer peer may add fields.
 * Bytes within bytes (columns, dictionary entries) carry their length for that reason.
 *
 * A head is judged before its payload is there: a peer cannot make us wait for, or hold,
 * more than its type may have.
 */
#include "libnhip/wire.h"
#include <assert.h>
#include <string.h>

/* Times further out than this (285,000 years) are refused, so that whoever adds or
 * subtracts two of them cannot overflow. */
#define TIME_MAX_MS (INT64_C(1) << 53)

enum way { TO_COLLECTOR = 1, TO_AGENT = 2, BOTH = 3 };

/* Marks the slice bad, as a take past its end does. */
static void
refuse(struct nh_slice *in)
{
    in->bad = true;
    in->len = 0;
}

static uint32_t
take_u32v(struct nh_slice *in)
{
    uint64_t v = nh_take_varint(in);

    if (v > UINT32_MAX) {
        refuse(in);
        return 0;
    }
    return (uint32_t)v;
}

static bool
is_time(int64_t ms)
{
    return ms <= TIME_MAX_MS && ms >= -TIME_MAX_MS;
}

static int64_t
take_time(struct nh_slice *in)
{
    int64_t v = nh_take_zigzag(in);

    if (!is_time(v)) {
        refuse(in);
        return 0;
    }
    return v;
}

static void
take_bytes(struct nh_slice *in, void *out, size_t n)
{
    struct nh_slice got = nh_take(in, n);

    if (!got.bad)
        memcpy(out, got.p, n);
}

static struct nh_slice
take_slice(struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    if (n > in->len)
        refuse(in);
    return nh_take(in, (size_t)n);
}

static void
put_slice(struct nh_buf *out, struct nh_slice s)
{
    nh_buf_put_varint(out, s.len);
    nh_buf_put(out, s.p, s.len);
}

/* A text cut in the middle of a character would end the session at the peer: the
 * longest valid prefix goes out. */
static void
put_text(struct nh_buf *out, const char *s)
{
    size_t n = strlen(s);

    while (n > 0 && !nh_utf8_is_valid(s, n))
        n--;
    nh_buf_put_varint(out, n);
    nh_buf_put(out, s, n);
}

static void
put_hello(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_hello *m = &msg->u.hello;

    nh_buf_put_varint(out, m->minor);
    nh_buf_put_varint(out, m->features);
    put_text(out, m->agent_id);
    nh_buf_put(out, m->stream_id, NH_STREAM_ID_LEN);
    nh_buf_put(out, m->boot_id, NH_STREAM_ID_LEN);
    nh_buf_put_varint(out, m->oldest_pos);
    nh_buf_put_varint(out, m->next_pos);
    nh_buf_put_varint(out, m->acked_pos);
    nh_buf_put_u32(out, m->acked_chain);
    nh_buf_put_zigzag(out, m->mono_ms);
    nh_buf_put_zigzag(out, m->wall_ms);
    nh_buf_put_u8(out, m->wall_quality);
    nh_buf_put_zigzag(out, m->uptime_s);
    put_text(out, m->version);
    nh_buf_put_u8(out, m->fill_pct);
    nh_buf_put_varint(out, m->assignment);
}

static void
take_hello(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_hello *m = &msg->u.hello;

    m->minor = take_u32v(in);
    m->features = nh_take_varint(in);
    nh_take_str(in, m->agent_id, sizeof(m->agent_id));
    take_bytes(in, m->stream_id, NH_STREAM_ID_LEN);
    take_bytes(in, m->boot_id, NH_STREAM_ID_LEN);
    m->oldest_pos = nh_take_varint(in);
    m->next_pos = nh_take_varint(in);
    m->acked_pos = nh_take_varint(in);
    m->acked_chain = nh_take_u32(in);
    m->mono_ms = take_time(in);
    m->wall_ms = take_time(in);
    m->wall_quality = nh_take_u8(in);
    m->uptime_s = take_time(in);
    nh_take_str(in, m->version, sizeof(m->version));
    m->fill_pct = nh_take_u8(in);
    m->assignment = nh_take_varint(in);
    if (m->oldest_pos > m->next_pos || m->agent_id[0] == '\0')
        refuse(in);
}

static void
put_welcome(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_welcome *m = &msg->u.welcome;

    nh_buf_put_varint(out, m->minor);
    nh_buf_put_varint(out, m->features);
    nh_buf_put_varint(out, m->durable_pos);
    nh_buf_put_varint(out, m->recv_pos);
    nh_buf_put_u32(out, m->chain);
    nh_buf_put_varint(out, m->window);
    nh_buf_put_zigzag(out, m->wall_ms);
    nh_buf_put_varint(out, m->assignment);
    nh_buf_put_varint(out, m->retry_min_s);
    nh_buf_put_varint(out, m->retry_max_s);
}

static void
take_welcome(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_welcome *m = &msg->u.welcome;

    m->minor = take_u32v(in);
    m->features = nh_take_varint(in);
    m->durable_pos = nh_take_varint(in);
    m->recv_pos = nh_take_varint(in);
    m->chain = nh_take_u32(in);
    m->window = take_u32v(in);
    m->wall_ms = take_time(in);
    m->assignment = nh_take_varint(in);
    m->retry_min_s = take_u32v(in);
    m->retry_max_s = take_u32v(in);
    if (m->durable_pos > m->recv_pos || m->retry_min_s > m->retry_max_s)
        refuse(in);
}

static void
put_ping(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_ping *m = &msg->u.ping;

    nh_buf_put_varint(out, m->token);
    nh_buf_put_zigzag(out, m->mono_ms);
    nh_buf_put_zigzag(out, m->wall_ms);
    nh_buf_put_zigzag(out, m->echo_mono_ms);
}

static void
take_ping(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_ping *m = &msg->u.ping;

    m->token = nh_take_varint(in);
    m->mono_ms = take_time(in);
    m->wall_ms = take_time(in);
    m->echo_mono_ms = take_time(in);
}

static void
put_ack(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_varint(out, msg->u.ack.recv_pos);
    nh_buf_put_varint(out, msg->u.ack.durable_pos);
    nh_buf_put_varint(out, msg->u.ack.window);
}

static void
take_ack(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_ack *m = &msg->u.ack;

    m->recv_pos = nh_take_varint(in);
    m->durable_pos = nh_take_varint(in);
    m->window = take_u32v(in);
    if (m->durable_pos > m->recv_pos)
        refuse(in);
}

static void
put_dict(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_varint(out, msg->u.dict.generation);
    put_slice(out, msg->u.dict.checks);
    put_slice(out, msg->u.dict.boots);
}

static void
take_dict(struct nh_slice *in, struct nh_msg *msg)
{
    msg->u.dict.generation = take_u32v(in);
    msg->u.dict.checks = take_slice(in);
    msg->u.dict.boots = take_slice(in);
}

static void
put_readings(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_readings *m = &msg->u.readings;

    nh_buf_put_varint(out, m->pos);
    nh_buf_put_u32(out, m->chain);
    nh_buf_put_varint(out, m->epoch);
    put_slice(out, m->columns);
}

static void
take_readings(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_readings *m = &msg->u.readings;

    m->pos = nh_take_varint(in);
    m->chain = nh_take_u32(in);
    m->epoch = take_u32v(in);
    m->columns = take_slice(in);
}

static void
put_event(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_event *m = &msg->u.event;

    nh_buf_put_varint(out, m->pos);
    nh_buf_put_u32(out, m->chain);
    nh_buf_put_varint(out, m->epoch);
    nh_event_encode(&m->event, out);
}

static void
take_event(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_event *m = &msg->u.event;

    m->pos = nh_take_varint(in);
    m->chain = nh_take_u32(in);
    m->epoch = take_u32v(in);
    if (!in->bad &&
        (nh_event_decode(in, &m->event) != NH_OK || !is_time(m->event.mono_ms)))
        refuse(in);
}

/* The gap is a slice of one byte's length, filled in afterwards. */
static void
put_gap(const struct nh_msg *msg, struct nh_buf *out)
{
    size_t at, len;

    nh_buf_put_varint(out, msg->u.gap.pos);
    nh_buf_put_u32(out, msg->u.gap.chain);
    at = out->len;
    nh_buf_put_u8(out, 0);
    nh_gap_encode(&msg->u.gap.gap, out);
    if (nh_buf_err(out) != NH_OK)
        return;
    len = out->len - at - 1;
    assert(len < 0x80); /* six integers */
    out->data[at] = (uint8_t)len;
}

static void
take_gap(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_gap *m = &msg->u.gap;
    struct nh_slice gap;

    m->pos = nh_take_varint(in);
    m->chain = nh_take_u32(in);
    gap = take_slice(in);
    if (!in->bad && nh_gap_decode(gap, &m->gap) != NH_OK)
        refuse(in);
}

static void
put_reject(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_varint(out, msg->u.reject.pos);
    nh_buf_put_u8(out, msg->u.reject.code);
}

static void
take_reject(struct nh_slice *in, struct nh_msg *msg)
{
    msg->u.reject.pos = nh_take_varint(in);
    msg->u.reject.code = nh_take_u8(in);
}

enum { PART_FIRST = 1, PART_LAST = 2 };

static void
put_assign(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_assign *m = &msg->u.assign;

    nh_buf_put_varint(out, m->generation);
    nh_buf_put_u8(
        out, (uint8_t)((m->first ? PART_FIRST : 0) | (m->last ? PART_LAST : 0)));
    put_slice(out, m->checks);
}

static void
take_assign(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_assign *m = &msg->u.assign;
    uint8_t part;

    m->generation = nh_take_varint(in);
    part = nh_take_u8(in);
    m->first = (part & PART_FIRST) != 0;
    m->last = (part & PART_LAST) != 0;
    m->checks = take_slice(in);
}

static void
put_assigned(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_varint(out, msg->u.assigned.generation);
    nh_buf_put_varint(out, msg->u.assigned.accepted);
    nh_buf_put_varint(out, msg->u.assigned.refused);
    put_text(out, msg->u.assigned.why);
}

static void
take_assigned(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_assigned *m = &msg->u.assigned;

    m->generation = nh_take_varint(in);
    m->accepted = take_u32v(in);
    m->refused = take_u32v(in);
    nh_take_str(in, m->why, sizeof(m->why));
}

static void
put_task(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_task *m = &msg->u.task;

    nh_buf_put_varint(out, m->task);
    nh_buf_put_u8(out, m->cancel ? 1 : 0);
    nh_buf_put_varint(out, m->deadline_ms);
    put_text(out, m->kind);
    put_text(out, m->params);
}

static void
take_task(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_task *m = &msg->u.task;

    m->task = nh_take_varint(in);
    m->cancel = (nh_take_u8(in) & 1) != 0;
    m->deadline_ms = take_u32v(in);
    nh_take_str(in, m->kind, sizeof(m->kind));
    nh_take_str(in, m->params, sizeof(m->params));
}

static void
put_result(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct nh_msg_result *m = &msg->u.result;

    nh_buf_put_varint(out, m->task);
    nh_buf_put_varint(out, m->part);
    nh_buf_put_u8(out, m->last ? 1 : 0);
    nh_buf_put_u8(out, m->status);
    put_text(out, m->text);
}

static void
take_result(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_result *m = &msg->u.result;

    m->task = nh_take_varint(in);
    m->part = take_u32v(in);
    m->last = (nh_take_u8(in) & 1) != 0;
    m->status = nh_take_u8(in);
    nh_take_str(in, m->text, sizeof(m->text));
}

static void
put_key_offer(const struct nh_msg *msg, struct nh_buf *out)
{
    put_text(out, msg->u.key_offer.identity);
    nh_buf_put(out, msg->u.key_offer.key, sizeof(msg->u.key_offer.key));
}

static void
take_key_offer(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_key_offer *m = &msg->u.key_offer;

    nh_take_str(in, m->identity, sizeof(m->identity));
    take_bytes(in, m->key, sizeof(m->key));
    if (m->identity[0] == '\0')
        refuse(in);
}

static void
put_key_confirm(const struct nh_msg *msg, struct nh_buf *out)
{
    put_text(out, msg->u.key_confirm.identity);
}

static void
take_key_confirm(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_key_confirm *m = &msg->u.key_confirm;

    nh_take_str(in, m->identity, sizeof(m->identity));
    if (m->identity[0] == '\0')
        refuse(in);
}

static void
put_goaway(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_u8(out, msg->u.goaway.reason);
    nh_buf_put_varint(out, msg->u.goaway.retry_min_s);
    nh_buf_put_varint(out, msg->u.goaway.retry_max_s);
}

static void
take_goaway(struct nh_slice *in, struct nh_msg *msg)
{
    struct nh_msg_goaway *m = &msg->u.goaway;

    m->reason = nh_take_u8(in);
    m->retry_min_s = take_u32v(in);
    m->retry_max_s = take_u32v(in);
    if (m->retry_min_s > m->retry_max_s)
        refuse(in);
}

static void
put_error(const struct nh_msg *msg, struct nh_buf *out)
{
    nh_buf_put_u8(out, msg->u.error.code);
    put_text(out, msg->u.error.text);
}

static void
take_error(struct nh_slice *in, struct nh_msg *msg)
{
    msg->u.error.code = nh_take_u8(in);
    nh_take_str(in, msg->u.error.text, sizeof(msg->u.error.text));
}

enum {
    C = NH_FLAG_CRITICAL,
    H = NH_FLAG_CRITICAL | NH_FLAG_HISTORY,
    SMALL = NH_FRAME_MAX_BEFORE_HELLO - NH_FRAME_HEAD,
    MIDDLE = 2048, /* a text of 1,024 bytes and room for fields to come */
    BULK = 65535,
};

static const struct message {
    const char *name;
    uint8_t code;
    uint8_t way;        /* enum way */
    uint8_t flags;      /* always sent with it */
    uint32_t max_bytes; /* of payload */
    void (*put)(const struct nh_msg *msg, struct nh_buf *out);
    void (*take)(struct nh_slice *in, struct nh_msg *msg);
} messages[] = {
    /* clang-format off */
    { "HELLO",       NH_HELLO,       TO_COLLECTOR, C, SMALL,  put_hello,       take_hello },
    { "WELCOME",     NH_WELCOME,     TO_AGENT,     C, SMALL,  put_welcome,     take_welcome },
    { "PING",        NH_PING,        BOTH,         0, SMALL,  put_ping,        take_ping },
    { "PONG",        NH_PONG,        BOTH,         0, SMALL,  put_ping,        take_ping },
    { "ACK",         NH_ACK,         TO_AGENT,     C, SMALL,  put_ack,         take_ack },
    { "DICT",        NH_DICT,        TO_COLLECTOR, C, BULK,   put_dict,        take_dict },
    { "READINGS",    NH_READINGS,    TO_COLLECTOR, H, BULK,   put_readings,    take_readings },
    { "LIVE",        NH_LIVE,        TO_COLLECTOR, 0, BULK,   put_readings,    take_readings },
    { "EVENT",       NH_EVENT,       TO_COLLECTOR, C, MIDDLE, put_event,       take_event },
    { "GAP",         NH_GAP,         TO_COLLECTOR, H, SMALL,  put_gap,         take_gap },
    { "REJECT",      NH_REJECT,      TO_AGENT,     C, SMALL,  put_reject,      take_reject },
    { "ASSIGN",      NH_ASSIGN,      TO_AGENT,     C, BULK,   put_assign,      take_assign },
    { "ASSIGNED",    NH_ASSIGNED,    TO_COLLECTOR, 0, SMALL,  put_assigned,    take_assigned },
    { "TASK",        NH_TASK,        TO_AGENT,     0, MIDDLE, put_task,        take_task },
    { "RESULT",      NH_RESULT,      TO_COLLECTOR, 0, MIDDLE, put_result,      take_result },
    { "KEY_OFFER",   NH_KEY_OFFER,   TO_AGENT,     C, SMALL,  put_key_offer,   take_key_offer },
    { "KEY_CONFIRM", NH_KEY_CONFIRM, TO_COLLECTOR, C, SMALL,  put_key_confirm, take_key_confirm },
    { "GOAWAY",      NH_GOAWAY,      TO_AGENT,     C, SMALL,  put_goaway,      take_goaway },
    { "ERROR",       NH_ERROR,       BOTH,         C, SMALL,  put_error,       take_error },
    /* clang-format on */
};

static const struct message *
find(uint8_t type)
{
    for (size_t i = 0; i < NH_COUNT(messages); i++)
        if (messages[i].code == type)
            return &messages[i];
    return NULL;
}

const char *
nh_frame_name(uint8_t type)
{
    const struct message *row = find(type);

    return row != NULL ? row->name : "?";
}

bool
nh_frame_to_agent(uint8_t type)
{
    const struct message *row = find(type);

    return row != NULL && (row->way & TO_AGENT) != 0;
}

bool
nh_frame_to_collector(uint8_t type)
{
    const struct message *row = find(type);

    return row != NULL && (row->way & TO_COLLECTOR) != 0;
}

enum nh_err
nh_wire_encode(const struct nh_msg *msg, struct nh_buf *out)
{
    const struct message *row = find(msg->type);
    size_t start = out->len, len;
    enum nh_err err;

    if (row == NULL)
        return NH_EINVAL;
    nh_buf_put_u8(out, msg->type);
    nh_buf_put_u8(out, (uint8_t)(msg->flags | row->flags));
    nh_buf_put_u16(out, 0);
    row->put(msg, out);
    err = nh_buf_err(out);
    len = out->len - start - NH_FRAME_HEAD;
    if (err == NH_OK && len > row->max_bytes)
        err = NH_ETOOBIG;
    if (err != NH_OK) {
        out->len = start;
        return err;
    }
    out->data[start + 2] = (uint8_t)(len >> 8);
    out->data[start + 3] = (uint8_t)len;
    return NH_OK;
}

enum nh_err
nh_wire_decode(struct nh_slice in, size_t max_frame, struct nh_msg *msg, size_t *used,
    size_t *need, enum nh_wire_error *code)
{
    struct nh_slice payload = in;
    const struct message *row;
    uint8_t type, flags;
    size_t len;

    *need = NH_FRAME_HEAD;
    if (in.len < NH_FRAME_HEAD)
        return NH_EAGAIN;
    type = nh_take_u8(&payload);
    flags = nh_take_u8(&payload);
    len = nh_take_u16(&payload);
    row = find(type);
    if (row == NULL && (flags & NH_FLAG_CRITICAL) != 0) {
        *code = NH_WIRE_UNKNOWN_CRITICAL;
        return NH_EFORMAT;
    }
    if (len + NH_FRAME_HEAD > max_frame || (row != NULL && len > row->max_bytes)) {
        *code = NH_WIRE_TOO_BIG;
        return NH_ETOOBIG;
    }
    *need = len + NH_FRAME_HEAD;
    if (in.len < *need)
        return NH_EAGAIN;
    payload.len = len;
    memset(msg, 0, sizeof(*msg));
    msg->type = type;
    msg->flags = flags;
    if (row != NULL)
        row->take(&payload, msg);
    if (payload.bad) {
        *code = NH_WIRE_SYNTAX;
        return NH_EFORMAT;
    }
    *used = len + NH_FRAME_HEAD;
    return NH_OK;
}

void
nh_assignment_encode(const struct nh_assignment *a, struct nh_buf *out)
{
    put_text(out, a->check);
    put_text(out, a->kind);
    put_text(out, a->sensor);
    nh_buf_put_varint(out, a->every_ms);
    put_text(out, a->params);
}

enum nh_err
nh_assignment_decode(struct nh_slice *in, struct nh_assignment *a)
{
    memset(a, 0, sizeof(*a));
    nh_take_str(in, a->check, sizeof(a->check));
    nh_take_str(in, a->kind, sizeof(a->kind));
    nh_take_str(in, a->sensor, sizeof(a->sensor));
    a->every_ms = take_u32v(in);
    nh_take_str(in, a->params, sizeof(a->params));
    if (in->bad || a->check[0] == '\0' || a->kind[0] == '\0' || a->sensor[0] == '\0' ||
        a->every_ms == 0)
        return NH_EFORMAT;
    return NH_OK;
}
