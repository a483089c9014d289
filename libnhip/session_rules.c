/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_rules.c - what goes out next, whose stream it is, and when to come again
 *
 * Plain functions of their arguments, so that the rules of docs/PROTOCOL.md, "Lanes,
 * acknowledgement, flow", are tested as rows.
 */
#include "libnhip/session.h"

enum nh_lane
nh_lane_next(const struct nh_lanes *l)
{
    if (l->ping_due)
        return NH_LANE_PING;
    if (l->live_due)
        return NH_LANE_LIVE;
    if (!l->history || l->window == 0 || l->output_bytes >= NH_OUTPUT_LOW)
        return NH_LANE_NONE;
    if (l->flight_bytes > 0 && l->flight_bytes + l->frame_bytes > l->window)
        return NH_LANE_NONE;
    return NH_LANE_HISTORY;
}

bool
nh_stream_diverged(const struct nh_msg_welcome *w, uint64_t next_pos, bool have_chain,
    uint32_t our_chain)
{
    if (w->recv_pos == 0)
        return false;
    if (w->recv_pos >= next_pos)
        return true;
    return have_chain && w->chain != 0 && our_chain != w->chain;
}

int64_t
nh_backoff_ms(unsigned failures, bool had_session, uint32_t retry_min_s,
    uint32_t retry_max_s, uint32_t random)
{
    enum { FIRST_MS = 30000, BASE_MS = 2000, CAP_MS = 300000 };
    int64_t reach = BASE_MS;

    if (retry_max_s > 0) {
        int64_t span = (int64_t)(retry_max_s - retry_min_s) * 1000;

        return (int64_t)retry_min_s * 1000 + (int64_t)random % (span + 1);
    }
    if (had_session)
        return (int64_t)random % (FIRST_MS + 1);
    for (unsigned i = 1; i < failures && reach < CAP_MS; i++)
        reach *= 2;
    if (reach >= CAP_MS) /* a whole province that failed together spreads out */
        return BASE_MS + (int64_t)random % (CAP_MS - BASE_MS + 1);
    return reach / 2 + (int64_t)random % (reach / 2 + 1);
}

enum nh_err
nh_record_frame(const struct nh_record *rec, struct nh_buf *out)
{
    struct nh_msg msg = { .flags = NH_FLAG_HISTORY };
    struct nh_slice in = rec->payload;
    enum nh_err err = NH_OK;

    nh_buf_clear(out);
    switch (rec->type) {
    case NH_REC_READINGS:
        msg.type = NH_READINGS;
        msg.u.readings = (struct nh_msg_readings){ .pos = rec->pos,
            .chain = rec->chain,
            .epoch = nh_pos_epoch(rec->pos),
            .columns = rec->payload };
        break;
    case NH_REC_EVENT:
        msg.type = NH_EVENT;
        msg.u.event.pos = rec->pos;
        msg.u.event.chain = rec->chain;
        msg.u.event.epoch = nh_pos_epoch(rec->pos);
        err = nh_event_decode(&in, &msg.u.event.event);
        break;
    default:
        return NH_EINVAL;
    }
    return err == NH_OK ? nh_wire_encode(&msg, out) : err;
}

enum nh_err
nh_gap_frame(const struct nh_gap *gap, struct nh_buf *out)
{
    struct nh_msg msg = { .type = NH_GAP, .flags = NH_FLAG_HISTORY };

    msg.u.gap.pos = gap->to;
    msg.u.gap.gap = *gap;
    nh_buf_clear(out);
    return nh_wire_encode(&msg, out);
}
