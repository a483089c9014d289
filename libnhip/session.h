/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - the agent's side of one nhip/1 session, from HELLO to its end
 *
 * Takes over a TLS connection that has met the right peer, and carries the owner's
 * records across in order: HELLO, the live snapshot, then history within the collector's
 * window, live readings beside a backlog. The owner keeps the records (the agent in its
 * journal, the drill in memory) and is told what may be forgotten: never before the
 * collector has it on its disk. docs/PROTOCOL.md, "Lanes, acknowledgement, flow".
 *
 * Threads: the loop's only.
 */
#ifndef NH_SESSION_H
#define NH_SESSION_H

#include "libnhip/wire.h"

struct bufferevent;
struct event_base;
struct nh_session;

/* Status of a RESULT. */
enum nh_task_status {
    NH_TASK_OK = 0,
    NH_TASK_FAILED = 1,
    NH_TASK_UNSUPPORTED = 2, /* this agent has no such test */
    NH_TASK_REFUSED = 3,     /* no assignment of this collector, or too many at once */
    NH_TASK_TIMEOUT = 4,     /* the deadline passed */
    NH_TASK_CANCELLED = 5,
};

/* Why a session ended. */
struct nh_session_end {
    bool welcomed;                     /* it had come as far as WELCOME */
    enum nh_wire_error code;           /* that either side ended it with, 0: none */
    bool by_peer;                      /* the code came from the collector */
    bool line_dead;                    /* nothing came through any more: another way out
                                          may be the better one */
    uint32_t retry_min_s, retry_max_s; /* GOAWAY: when to come again; both 0: no word */
    char why[160];
};

/* What the owner answers and hears. None may free the session but on_end. */
struct nh_session_owner {
    void *arg;
    /* Fill in who and where we are: all of HELLO. */
    void (*hello)(void *arg, struct nh_msg_hello *out);
    const struct nh_dict *dict; /* borrowed; may grow */
    /* The boot of an epoch; false: not known. */
    bool (*boot)(void *arg, uint32_t epoch, struct nh_boot *out);
    /* The chain value at `pos`; false: that record is gone. */
    bool (*chain_at)(void *arg, uint64_t pos, uint32_t *chain);
    /* As nh_cursor_seek(), nh_cursor_next(), nh_cursor_release(). */
    enum nh_err (*seek)(void *arg, uint64_t after_pos);
    enum nh_err (*next)(void *arg, struct nh_record *rec, struct nh_gap *gap);
    void (*release)(void *arg, uint64_t pos);
    uint64_t (*next_pos)(void *arg);
    /* The newest reading of each check that is newer than `since_ms`, at most `max`. */
    size_t (*newest)(void *arg, int64_t since_ms, struct nh_reading *out, size_t max);
    void (*on_welcome)(void *arg, const struct nh_msg_welcome *welcome);
    void (*on_assign)(void *arg, const struct nh_msg_assign *part);
    void (*on_task)(void *arg, const struct nh_msg_task *task);
    void (*on_key_offer)(void *arg, const struct nh_msg_key_offer *offer);
    void (*on_reject)(void *arg, const struct nh_msg_reject *reject);
    /* The owner frees the session, in here or later. */
    void (*on_end)(void *arg, const struct nh_session_end *end);
};

/* What is known of a running session, for status pages. */
struct nh_session_facts {
    enum nh_agent_state state;
    bool backlog; /* history is behind */
    bool paused;  /* the collector's window is 0 */
    uint64_t sent_records, sent_bytes, recv_pos, durable_pos;
    int64_t since_ms;  /* mono, of WELCOME */
    int32_t rtt_ms;    /* of the last PING; -1: none yet */
    int64_t offset_ms; /* collector's wall minus our mono, 0: none yet */
    uint32_t rate_bps; /* measured while a backlog drained, 0: not yet */
};

/* `bev` is connected, checked, and owned from now on; HELLO goes out at once. `owner` is
 * copied. *out belongs to the caller: nh_session_free(), which closes. */
enum nh_err nh_session_new(struct nh_session **out, struct event_base *base,
    struct bufferevent *bev, const struct nh_session_owner *owner) NH_MUST_CHECK;
void nh_session_free(struct nh_session *s);

/* There are new records (and readings): call after each append. */
void nh_session_kick(struct nh_session *s);
/* Say `msg` (ASSIGNED, RESULT, KEY_CONFIRM) ahead of history. */
void nh_session_say(struct nh_session *s, const struct nh_msg *msg);
/* End it soon, from the loop: with ERROR `code` said before, or 0 without a word. */
void nh_session_close(struct nh_session *s, enum nh_wire_error code, const char *why);
void nh_session_facts(const struct nh_session *s, struct nh_session_facts *out);

/*
 * The plain functions beneath. What goes out next, given what waits: liveness first, then
 * the live lane, then history while the window and the output buffer have room.
 */
enum { NH_OUTPUT_LOW = 2048 }; /* bytes of output below which history goes on */
enum nh_lane { NH_LANE_NONE, NH_LANE_PING, NH_LANE_LIVE, NH_LANE_HISTORY };
struct nh_lanes {
    bool ping_due, live_due, history;
    size_t output_bytes;   /* not yet taken by TLS */
    uint64_t flight_bytes; /* history sent and not received */
    size_t frame_bytes;    /* of the history frame at hand */
    uint32_t window;
};
enum nh_lane nh_lane_next(const struct nh_lanes *l);

/*
 * A record as its frame, and a hole in the journal as a GAP: it takes the place of the
 * hole's last record, whose chain value is lost with it. `out` is cleared first.
 * NH_EINVAL: a type that does not travel.
 */
enum nh_err nh_record_frame(
    const struct nh_record *rec, struct nh_buf *out) NH_MUST_CHECK;
enum nh_err nh_gap_frame(const struct nh_gap *gap, struct nh_buf *out) NH_MUST_CHECK;

/* Is the stream that the collector knows ours? By HELLO's positions and chains. */
bool nh_stream_diverged(const struct nh_msg_welcome *w, uint64_t next_pos,
    bool have_chain, uint32_t our_chain);

/*
 * When to try again (ms): after a lost session first within 30 s, then the n-th failure
 * waits 2 s doubled to 300 s, with full jitter from half the cap's reach on; `random` is
 * any 32 bits. GOAWAY's bounds override.
 */
int64_t nh_backoff_ms(unsigned failures, bool had_session, uint32_t retry_min_s,
    uint32_t retry_max_s, uint32_t random);

#endif
