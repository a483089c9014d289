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
