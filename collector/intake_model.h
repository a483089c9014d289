/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake_model.h - what intake.c (the door), session.c (the talk) and session_data.c (the
 * records) share
 */
#ifndef INTAKE_MODEL_H
#define INTAKE_MODEL_H

#include "collector/collector.h"
#include "collector/strmap.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

enum {
    SESSION_WINDOW = 64 << 10,
    SESSION_OUTPUT_MAX = 256 << 10,
    SESSION_FRAMES_PER_S = 200,
    SESSION_ACK_WITH_MS = 9500, /* since the oldest durable record not acknowledged */
    SESSION_ACK_LATEST_MS = 11000,
    SESSION_PARKED_MAX = 2 * SESSION_WINDOW,
};

struct session {
    struct intake *in;
    struct session *next, *prev;
    struct event *first_bytes; /* before TLS; owned */
    int fd;                    /* before TLS; owned, else -1 */
    struct bufferevent *bev;   /* owned */
    enum nh_collector_state state;
    uint32_t source_hash; /* of the peer's address */
    bool charged;         /* holds a token of the door */
    bool got_dict, catching_up, ack_due, told_full;
    int64_t accepted_ms, deadline_ms, heard_ms, acked_ms, pinged_ms; /* mono */
    int64_t ack_due_ms; /* since when `ack_due`; mono */
    char peer[64];
    char identity[NH_IDENTITY_MAX];
    struct intake_agent *agent; /* from HELLO on */
    struct store_source *src;
    uint8_t boot_id[NH_STREAM_ID_LEN];
    uint64_t next_pos;   /* of the agent's journal at HELLO */
    uint64_t assignment; /* generation sent */
    uint64_t acked_recv, acked_durable;
    size_t unacked_bytes;
    int32_t frame_tokens;
    int64_t frames_at_ms;
    bool throttled;
    struct evbuffer *parked; /* history that waits for the disk; owned, mostly NULL */
};

struct source_limit {
    uint32_t hash;
    float tokens;
    int64_t at_ms;
};
enum { SOURCE_LIMITS = 1024 };

struct intake {
    struct collector *c;
    struct nh_tls *tls;
    struct evconnlistener *listener;
    struct nh_timer *rest; /* the listener's */
    struct session *sessions;
    size_t half_open, live;
    double door_tokens;
    int64_t door_at_ms;
    struct source_limit limits[SOURCE_LIMITS];
    struct strmap agents;             /* site -> struct intake_agent */
    struct intake_agent **agent_list; /* owned */
    size_t agent_count;
    size_t rotate_next; /* in agent_list: whose key's age is looked at next */
    uint64_t counts[INTAKE_COUNTS];
    struct nh_buf out, parts;                          /* scratch */
    struct nh_reading readings[NH_BATCH_READINGS_MAX]; /* scratch */
    uint16_t port;
    bool closing;
};

/* intake.c */
void intake_count(struct intake *in, int count);
/* The peer has shown who it is: it is a stranger no longer. */
void intake_admit(struct session *s);
struct intake_agent *intake_agent_make(struct intake *in, const char *site);
void session_free(struct session *s); /* at once; ends what was live */

/* session.c */
void session_start(struct session *s, struct bufferevent *bev);
void session_send(struct session *s, const struct nh_msg *msg);
/* Say why, then close once that is sent. Nothing of the peer is heard any more. */
void session_end(struct session *s, enum nh_wire_error code, const char *text);
void session_go_away(
    struct session *s, enum nh_wire_error reason, uint32_t min_s, uint32_t max_s);
void session_ack(struct session *s);
void session_tick(struct session *s, int64_t mono_ms);
void session_assign(struct session *s);
/* Offer a fresh key where this one's is old enough; false: it is not. */
bool session_rotate_aged(struct session *s, int64_t now_s);
/* Frame by frame until the input is used up or the session ends. */
void session_read(struct session *s);

/* session_data.c: frames of the data lanes; the session may have ended on return */
void session_take_dict(struct session *s, const struct nh_msg_dict *dict);
void session_take_record(
    struct session *s, const struct nh_msg *msg, struct nh_slice raw);
void session_take_live(struct session *s, const struct nh_msg_readings *live);
void session_unpark(struct session *s);
/* May the agent of `site` speak for this check? */
bool session_may_speak(const struct inventory *inv, const char *site,
    const char *check_id, const char *kind);

#endif
