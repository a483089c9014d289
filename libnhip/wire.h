/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.h - nhip/1: the frames between an agent and its collector
 *
 * type u8 | flags u8 | len u16 BE | payload. docs/PROTOCOL.md describes every message;
 * wire.c has one row a message (code, name, direction, flags, encode, decode). Decoding
 * takes nothing for granted: lengths are checked against the limits below before use,
 * strings are UTF-8, unknown trailing fields are skipped, and nothing is allocated.
 */
#ifndef NH_WIRE_H
#define NH_WIRE_H

#include "libnhip/journal.h"
#include "libnhip/reading.h"
#include "libnhip/record.h"

enum {
    NH_FRAME_HEAD = 4,
    NH_FRAME_MAX = 65535 + NH_FRAME_HEAD,
    NH_FRAME_MAX_BEFORE_HELLO = 512,
    NH_AGENT_ID_MAX = 64,
    NH_ASSIGN_CHECKS_MAX = 4096,
    NH_PARAM_MAX = 512,
    NH_PING_AFTER_S = 45,
    NH_DEAD_AFTER_S = 90,
};

enum nh_frame_flag { NH_FLAG_CRITICAL = 1, NH_FLAG_HISTORY = 2 };

enum nh_frame_type {
    NH_HELLO = 0x01,
    NH_WELCOME = 0x02,
    NH_PING = 0x03,
    NH_PONG = 0x04,
    NH_ACK = 0x05,
    NH_DICT = 0x10,
    NH_READINGS = 0x11,
    NH_LIVE = 0x12,
    NH_EVENT = 0x13,
    NH_GAP = 0x14,
    NH_REJECT = 0x15,
    NH_ASSIGN = 0x20,
    NH_ASSIGNED = 0x21,
    NH_TASK = 0x22,
    NH_RESULT = 0x23,
    NH_KEY_OFFER = 0x30,
    NH_KEY_CONFIRM = 0x31,
    NH_GOAWAY = 0x3e,
    NH_ERROR = 0x3f,
};

enum nh_wire_error {
    NH_WIRE_SYNTAX = 0x01,
    NH_WIRE_TOO_BIG = 0x02,
    NH_WIRE_VERSION = 0x03,
    NH_WIRE_BAD_STATE = 0x04,
    NH_WIRE_UNKNOWN_CRITICAL = 0x05,
    NH_WIRE_NO_DICT = 0x06,
    NH_WIRE_LIMIT = 0x07,
    NH_WIRE_TIMEOUT = 0x08,
    NH_WIRE_IDENTITY = 0x09,
    NH_WIRE_REVOKED = 0x0a,
    NH_WIRE_DUPLICATE = 0x0b,
    NH_WIRE_DIVERGED = 0x0c,
    NH_WIRE_TIME = 0x0d,
    NH_WIRE_FULL = 0x0e,
    NH_WIRE_SHUTDOWN = 0x0f,
    NH_WIRE_INTERNAL = 0x10,
};
const char *nh_wire_error_text(enum nh_wire_error code);
const char *nh_frame_name(uint8_t type); /* "HELLO"; "?" for an unknown one */
/* Who may be sent it; both false for an unknown type. */
bool nh_frame_to_agent(uint8_t type);
bool nh_frame_to_collector(uint8_t type);

struct nh_msg_hello {
    uint32_t minor;
    uint64_t features;
    char agent_id[NH_AGENT_ID_MAX];
    uint8_t stream_id[NH_STREAM_ID_LEN];
    uint8_t boot_id[NH_STREAM_ID_LEN];
    uint64_t oldest_pos, next_pos, acked_pos;
    uint32_t acked_chain;
    int64_t mono_ms, wall_ms;
    uint8_t wall_quality;
    int64_t uptime_s;
    char version[32];
    uint8_t fill_pct;
    uint64_t assignment; /* generation in force at the agent, 0: none */
};
struct nh_msg_welcome {
    uint32_t minor;
    uint64_t features;
    uint64_t durable_pos, recv_pos;
    uint32_t chain;  /* at recv_pos */
    uint32_t window; /* bytes of history that may be under way; 0: pause */
    int64_t wall_ms;
    uint64_t assignment;
    uint32_t retry_min_s, retry_max_s;
};
struct nh_msg_ping { /* and PONG: token echoed, the answerer's clocks, the asker's mono
                        echoed */
    uint64_t token;
    int64_t mono_ms, wall_ms;
    int64_t echo_mono_ms; /* PONG: mono_ms of the PING; PING: 0 */
};
struct nh_msg_ack {
    uint64_t recv_pos, durable_pos;
    uint32_t window;
};
struct nh_msg_dict { /* entries for nh_dict_decode(), then boots */
    uint32_t generation;
    struct nh_slice checks; /* nh_dict_encode() bytes */
    struct nh_slice boots;  /* nh_boot_encode() one after the other, source 0 */
};
struct nh_msg_readings { /* and LIVE, with pos and chain 0 */
    uint64_t pos;
    uint32_t chain;
    uint32_t epoch;          /* the boot reference */
    struct nh_slice columns; /* nh_batch_decode() */
};
struct nh_msg_event {
    uint64_t pos;
    uint32_t chain;
    uint32_t epoch;
    struct nh_event event;
};
struct nh_msg_gap {
    uint64_t pos;
    uint32_t chain;
    struct nh_gap gap;
};
struct nh_msg_reject {
    uint64_t pos;
    uint8_t code;
};
struct nh_msg_assign { /* parts of one generation; the last part has `last` */
    uint64_t generation;
    bool first, last;
    struct nh_slice checks; /* nh_assignment_encode() one after the other */
};
struct nh_msg_assigned {
    uint64_t generation;
    uint32_t accepted, refused;
    char why[128];
};
struct nh_msg_task {
    uint64_t task;
    bool cancel;
    uint32_t deadline_ms;
    char kind[16]; /* trace, train, mtu, dns, service, throughput */
    char params[NH_PARAM_MAX];
};
struct nh_msg_result {
    uint64_t task;
    uint32_t part;
    bool last;
    uint8_t status;
    char text[1024];
};
struct nh_msg_key_offer {
    char identity[NH_AGENT_ID_MAX];
    uint8_t key[32];
};
struct nh_msg_key_confirm {
    char identity[NH_AGENT_ID_MAX];
};
struct nh_msg_goaway {
    uint8_t reason;
    uint32_t retry_min_s, retry_max_s;
};
struct nh_msg_error {
    uint8_t code;
    char text[128];
};

struct nh_msg {
    uint8_t type, flags;
    union {
        struct nh_msg_hello hello;
        struct nh_msg_welcome welcome;
        struct nh_msg_ping ping; /* and pong */
        struct nh_msg_ack ack;
        struct nh_msg_dict dict;
        struct nh_msg_readings readings; /* and live */
        struct nh_msg_event event;
        struct nh_msg_gap gap;
        struct nh_msg_reject reject;
        struct nh_msg_assign assign;
        struct nh_msg_assigned assigned;
        struct nh_msg_task task;
        struct nh_msg_result result;
        struct nh_msg_key_offer key_offer;
        struct nh_msg_key_confirm key_confirm;
        struct nh_msg_goaway goaway;
        struct nh_msg_error error;
    } u;
};

/* Append the frame of `msg` to `out`. Errors: NH_ETOOBIG (payload over 65,535), the
 * buffer's. */
enum nh_err nh_wire_encode(const struct nh_msg *msg, struct nh_buf *out) NH_MUST_CHECK;

/*
 * Take one frame from the front of `in`. NH_EAGAIN: not whole yet, *need says how many
 * bytes make it so. NH_OK: *used bytes make up the frame, and *msg holds it; its slices
 * point into `in`. An unknown frame comes back with its type and no content when it is
 * not critical. Otherwise *code is what the session ends with: NH_ETOOBIG (over
 * `max_frame`), NH_EFORMAT.
 */
enum nh_err nh_wire_decode(struct nh_slice in, size_t max_frame, struct nh_msg *msg,
    size_t *used, size_t *need, enum nh_wire_error *code) NH_MUST_CHECK;

/* One check that the collector assigns. `params` is "name=value" lines, by the sensor's
 * table. */
struct nh_assignment {
    char check[NH_CHECK_ID_MAX];
    char kind[NH_NAME_MAX];   /* "path" */
    char sensor[NH_NAME_MAX]; /* "icmp", "http" ... */
    uint32_t every_ms;
    char params[NH_PARAM_MAX];
};
void nh_assignment_encode(const struct nh_assignment *a, struct nh_buf *out);
enum nh_err nh_assignment_decode(
    struct nh_slice *in, struct nh_assignment *a) NH_MUST_CHECK;

/*
 * Who may say what when: both tables are whole, and a test walks state x message. A
 * verdict of 0 is "go on"; else it is the error code that ends the session.
 */
enum nh_agent_state {
    NH_AGENT_DISCONNECTED,
    NH_AGENT_CONNECT,
    NH_AGENT_TLS,
    NH_AGENT_HELLO_SENT,
    NH_AGENT_LIVE_SENT,
    NH_AGENT_STREAMING,
    NH_AGENT_BACKOFF,
    NH_AGENT_STATES
};
enum nh_collector_state {
    NH_COLLECTOR_ACCEPTED,
    NH_COLLECTOR_TLS,
    NH_COLLECTOR_WAIT_HELLO,
    NH_COLLECTOR_READY,
    NH_COLLECTOR_DRAIN,
    NH_COLLECTOR_STATES
};
enum nh_wire_error nh_agent_may_hear(
    enum nh_agent_state state, uint8_t type, uint8_t flags);
enum nh_wire_error nh_collector_may_hear(
    enum nh_collector_state state, uint8_t type, uint8_t flags);

#endif
