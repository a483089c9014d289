/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.c - the heads and small records of the collector's journal, as bytes
 *
 * Plain varints in the order of the struct; ids of 16 bytes as they are. What a later
 * version adds comes at the end.
 */
#include "libnhip/record.h"
#include "libnhip/clock.h"
#include <string.h>

static void
take_id(struct nh_slice *in, uint8_t out[NH_STREAM_ID_LEN])
{
    struct nh_slice id = nh_take(in, NH_STREAM_ID_LEN);

    if (!id.bad)
        memcpy(out, id.p, NH_STREAM_ID_LEN);
}

static uint32_t
take_u32_varint(struct nh_slice *in)
{
    uint64_t v = nh_take_varint(in);

    if (v > UINT32_MAX) {
        in->bad = true;
        in->len = 0;
    }
    return (uint32_t)v;
}

/* A time, or the way between two clocks, within 2^53 ms either way: sums cannot overflow.
 */
static int64_t
take_time(struct nh_slice *in)
{
    int64_t ms = nh_take_zigzag(in);

    if (ms > INT64_C(1) << 53 || ms < -(INT64_C(1) << 53)) {
        in->bad = true;
        in->len = 0;
        return 0;
    }
    return ms;
}

void
nh_origin_encode(const struct nh_origin *o, struct nh_buf *out)
{
    nh_buf_put_varint(out, o->source);
    nh_buf_put_varint(out, o->agent_pos);
    nh_buf_put_u32(out, o->agent_chain);
    nh_buf_put_varint(out, o->epoch);
    nh_buf_put_zigzag(out, o->offset_ms);
    nh_buf_put_varint(out, o->error_ms);
    nh_buf_put_zigzag(out, o->arrived_ms);
}

enum nh_err
nh_origin_decode(struct nh_slice *in, struct nh_origin *o)
{
    o->source = take_u32_varint(in);
    o->agent_pos = nh_take_varint(in);
    o->agent_chain = nh_take_u32(in);
    o->epoch = take_u32_varint(in);
    o->offset_ms = take_time(in);
    o->error_ms = take_u32_varint(in);
    o->arrived_ms = take_time(in);
    return in->bad ? NH_EFORMAT : NH_OK;
}

void
nh_source_encode(const struct nh_source *s, struct nh_buf *out)
{
    nh_buf_put_varint(out, s->source);
    nh_buf_put_str(out, s->site);
    nh_buf_put(out, s->stream_id, NH_STREAM_ID_LEN);
    nh_buf_put_varint(out, s->received_pos);
    nh_buf_put_u32(out, s->chain);
}

enum nh_err
nh_source_decode(struct nh_slice *in, struct nh_source *s)
{
    s->source = take_u32_varint(in);
    nh_take_str(in, s->site, sizeof(s->site));
    take_id(in, s->stream_id);
    s->received_pos = nh_take_varint(in);
    s->chain = nh_take_u32(in);
    return in->bad ? NH_EFORMAT : NH_OK;
}

void
nh_boot_encode(const struct nh_boot *b, struct nh_buf *out)
{
    nh_buf_put_varint(out, b->source);
    nh_buf_put_varint(out, b->epoch);
    nh_buf_put(out, b->boot_id, NH_STREAM_ID_LEN);
    nh_buf_put_zigzag(out, b->mono_ms);
    nh_buf_put_zigzag(out, b->wall_ms);
    nh_buf_put_u8(out, b->quality);
}

enum nh_err
nh_boot_decode(struct nh_slice *in, struct nh_boot *b)
{
    b->source = take_u32_varint(in);
    b->epoch = take_u32_varint(in);
    take_id(in, b->boot_id);
    b->mono_ms = take_time(in);
    b->wall_ms = take_time(in);
    b->quality = nh_take_u8(in);
    return in->bad || b->quality > NH_CLOCK_SYNCHRONISED ? NH_EFORMAT : NH_OK;
}

void
nh_event_encode(const struct nh_event *e, struct nh_buf *out)
{
    nh_buf_put_str(out, e->name);
    nh_buf_put_str(out, e->object);
    nh_buf_put_zigzag(out, e->mono_ms);
    nh_buf_put_zigzag(out, e->uptime_s);
    nh_buf_put_str(out, e->boot);
    nh_buf_put_str(out, e->text);
}

enum nh_err
nh_event_decode(struct nh_slice *in, struct nh_event *e)
{
    nh_take_str(in, e->name, sizeof(e->name));
    nh_take_str(in, e->object, sizeof(e->object));
    e->mono_ms = take_time(in);
    e->uptime_s = nh_take_zigzag(in);
    nh_take_str(in, e->boot, sizeof(e->boot));
    nh_take_str(in, e->text, sizeof(e->text));
    return in->bad || e->name[0] == '\0' ? NH_EFORMAT : NH_OK;
}
