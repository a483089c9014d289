/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_state.c - who may say what when
 *
 * One row a message, one column a state: a whole table for each end, so that what is not
 * foreseen is written down as refused instead of being forgotten. A type without a row is
 * skipped where a session is under way, refused when critical, and never the first thing
 * said. Wording of the protocol's errors is here too.
 */
#include "libnhip/wire.h"

enum { OK = 0, NO = NH_WIRE_BAD_STATE };

/* What the agent hears. */
static const struct agent_row {
    uint8_t type;
    uint8_t verdict[NH_AGENT_STATES];
} agent_table[] = {
    /* clang-format off */
    /*                 disc connect tls hello_sent live_sent streaming backoff */
    { NH_HELLO,       { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_WELCOME,     { NO, NO,     NO, OK,        NO,       NO,       NO } },
    { NH_PING,        { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_PONG,        { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_ACK,         { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_DICT,        { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_READINGS,    { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_LIVE,        { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_EVENT,       { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_GAP,         { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_REJECT,      { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_ASSIGN,      { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_ASSIGNED,    { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_TASK,        { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_RESULT,      { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_KEY_OFFER,   { NO, NO,     NO, NO,        OK,       OK,       NO } },
    { NH_KEY_CONFIRM, { NO, NO,     NO, NO,        NO,       NO,       NO } },
    { NH_GOAWAY,      { NO, NO,     NO, OK,        OK,       OK,       NO } },
    { NH_ERROR,       { NO, NO,     NO, OK,        OK,       OK,       NO } },
    /* clang-format on */
};
static const uint8_t agent_unknown[NH_AGENT_STATES] = { NO, NO, NO, OK, OK, OK, NO };

/* What the collector hears. In DRAIN (GOAWAY is said) what is under way still counts. */
static const struct collector_row {
    uint8_t type;
    uint8_t verdict[NH_COLLECTOR_STATES];
} collector_table[] = {
    /* clang-format off */
    /*                 accepted tls wait_hello ready drain */
    { NH_HELLO,       { NO,     NO, OK,        NO,   NO } },
    { NH_WELCOME,     { NO,     NO, NO,        NO,   NO } },
    { NH_PING,        { NO,     NO, NO,        OK,   OK } },
    { NH_PONG,        { NO,     NO, NO,        OK,   OK } },
    { NH_ACK,         { NO,     NO, NO,        NO,   NO } },
    { NH_DICT,        { NO,     NO, NO,        OK,   OK } },
    { NH_READINGS,    { NO,     NO, NO,        OK,   OK } },
    { NH_LIVE,        { NO,     NO, NO,        OK,   OK } },
    { NH_EVENT,       { NO,     NO, NO,        OK,   OK } },
    { NH_GAP,         { NO,     NO, NO,        OK,   OK } },
    { NH_REJECT,      { NO,     NO, NO,        NO,   NO } },
    { NH_ASSIGN,      { NO,     NO, NO,        NO,   NO } },
    { NH_ASSIGNED,    { NO,     NO, NO,        OK,   OK } },
    { NH_TASK,        { NO,     NO, NO,        NO,   NO } },
    { NH_RESULT,      { NO,     NO, NO,        OK,   OK } },
    { NH_KEY_OFFER,   { NO,     NO, NO,        NO,   NO } },
    { NH_KEY_CONFIRM, { NO,     NO, NO,        OK,   OK } },
    { NH_GOAWAY,      { NO,     NO, NO,        NO,   NO } },
    { NH_ERROR,       { NO,     NO, OK,        OK,   OK } },
    /* clang-format on */
};
static const uint8_t collector_unknown[NH_COLLECTOR_STATES] = { NO, NO, NO, OK, OK };

static enum nh_wire_error
unknown(uint8_t verdict, uint8_t flags)
{
    if (verdict == OK && (flags & NH_FLAG_CRITICAL) != 0)
        return NH_WIRE_UNKNOWN_CRITICAL;
    return (enum nh_wire_error)verdict;
}

enum nh_wire_error
nh_agent_may_hear(enum nh_agent_state state, uint8_t type, uint8_t flags)
{
    if (state >= NH_AGENT_STATES)
        return NH_WIRE_BAD_STATE;
    for (size_t i = 0; i < NH_COUNT(agent_table); i++)
        if (agent_table[i].type == type)
            return (enum nh_wire_error)agent_table[i].verdict[state];
    return unknown(agent_unknown[state], flags);
}

enum nh_wire_error
nh_collector_may_hear(enum nh_collector_state state, uint8_t type, uint8_t flags)
{
    if (state >= NH_COLLECTOR_STATES)
        return NH_WIRE_BAD_STATE;
    for (size_t i = 0; i < NH_COUNT(collector_table); i++)
        if (collector_table[i].type == type)
            return (enum nh_wire_error)collector_table[i].verdict[state];
    return unknown(collector_unknown[state], flags);
}

const char *
nh_wire_error_text(enum nh_wire_error code)
{
    static const char *const texts[] = {
        [NH_WIRE_SYNTAX] = "syntax",
        [NH_WIRE_TOO_BIG] = "frame too big",
        [NH_WIRE_VERSION] = "version not spoken",
        [NH_WIRE_BAD_STATE] = "message out of turn",
        [NH_WIRE_UNKNOWN_CRITICAL] = "unknown critical message",
        [NH_WIRE_NO_DICT] = "dictionary missing",
        [NH_WIRE_LIMIT] = "limit exceeded",
        [NH_WIRE_TIMEOUT] = "timeout",
        [NH_WIRE_IDENTITY] = "identity mismatch",
        [NH_WIRE_REVOKED] = "key revoked",
        [NH_WIRE_DUPLICATE] = "duplicate session",
        [NH_WIRE_DIVERGED] = "stream diverged",
        [NH_WIRE_TIME] = "time implausible",
        [NH_WIRE_FULL] = "storage full",
        [NH_WIRE_SHUTDOWN] = "shutdown",
        [NH_WIRE_INTERNAL] = "internal error",
    };

    if ((size_t)code >= NH_COUNT(texts) || texts[code] == NULL)
        return "unknown error";
    return texts[code];
}
