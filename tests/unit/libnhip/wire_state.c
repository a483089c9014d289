/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire_state.c - every state x every type x every flag, against the protocol's text
 *
 * What may be heard is written here once more, from docs/PROTOCOL.md, as lists of what is
 * let through; all that is not listed has to be refused.
 */
#include "libnhip/wire.h"
#include "tests/unit/check.h"
#include <stdio.h>

static const uint8_t known[] = { NH_HELLO, NH_WELCOME, NH_PING, NH_PONG, NH_ACK, NH_DICT,
    NH_READINGS, NH_LIVE, NH_EVENT, NH_GAP, NH_REJECT, NH_ASSIGN, NH_ASSIGNED, NH_TASK,
    NH_RESULT, NH_KEY_OFFER, NH_KEY_CONFIRM, NH_GOAWAY, NH_ERROR };

/* Types let through, ended by 0; NULL: none, and nothing unknown either. */
static const uint8_t agent_first[] = { NH_WELCOME, NH_GOAWAY, NH_ERROR, 0 };
static const uint8_t agent_running[] = { NH_PING, NH_PONG, NH_ACK, NH_REJECT, NH_ASSIGN,
    NH_TASK, NH_KEY_OFFER, NH_GOAWAY, NH_ERROR, 0 };
static const uint8_t collector_first[] = { NH_HELLO, NH_ERROR, 0 };
static const uint8_t collector_running[] = { NH_PING, NH_PONG, NH_DICT, NH_READINGS,
    NH_LIVE, NH_EVENT, NH_GAP, NH_ASSIGNED, NH_RESULT, NH_KEY_CONFIRM, NH_ERROR, 0 };

struct state {
    const char *name;
    const uint8_t *hears;
    bool skips_unknown;
};
static const struct state agent_states[NH_AGENT_STATES] = {
    [NH_AGENT_DISCONNECTED] = { "disconnected", NULL, false },
    [NH_AGENT_CONNECT] = { "connect", NULL, false },
    [NH_AGENT_TLS] = { "tls", NULL, false },
    [NH_AGENT_HELLO_SENT] = { "hello_sent", agent_first, true },
    [NH_AGENT_LIVE_SENT] = { "live_sent", agent_running, true },
    [NH_AGENT_STREAMING] = { "streaming", agent_running, true },
    [NH_AGENT_BACKOFF] = { "backoff", NULL, false },
};
static const struct state collector_states[NH_COLLECTOR_STATES] = {
    [NH_COLLECTOR_ACCEPTED] = { "accepted", NULL, false },
    [NH_COLLECTOR_TLS] = { "tls", NULL, false },
    [NH_COLLECTOR_WAIT_HELLO] = { "wait_hello", collector_first, false },
    [NH_COLLECTOR_READY] = { "ready", collector_running, true },
    [NH_COLLECTOR_DRAIN] = { "drain", collector_running, true },
};

static bool
is_in(const uint8_t *list, uint8_t type)
{
    for (; list != NULL && *list != 0; list++)
        if (*list == type)
            return true;
    return false;
}

static bool
is_known(uint8_t type)
{
    for (size_t i = 0; i < NH_COUNT(known); i++)
        if (known[i] == type)
            return true;
    return false;
}

static int
expected(const struct state *s, uint8_t type, uint8_t flags)
{
    if (is_known(type))
        return is_in(s->hears, type) ? 0 : NH_WIRE_BAD_STATE;
    if (!s->skips_unknown)
        return NH_WIRE_BAD_STATE;
    return (flags & NH_FLAG_CRITICAL) != 0 ? NH_WIRE_UNKNOWN_CRITICAL : 0;
}

static void
walk(const struct state *states, int count, bool agent)
{
    for (int s = 0; s < count; s++) {
        for (int at = 0; at < 256 * 4; at++) {
            uint8_t type = (uint8_t)(at / 4), flags = (uint8_t)(at % 4);
            int got = agent ? (int)nh_agent_may_hear((enum nh_agent_state)s, type, flags)
                            : (int)nh_collector_may_hear(
                                  (enum nh_collector_state)s, type, flags);
            char name[64];

            snprintf(name, sizeof(name), "%s hears %02x flags %d", states[s].name, type,
                flags);
            CHECK_EQ(got, expected(&states[s], type, flags), name);
        }
    }
}

static void
agent_hears(void)
{
    walk(agent_states, NH_AGENT_STATES, true);
    CHECK_EQ(nh_agent_may_hear(NH_AGENT_STATES, NH_PING, 0), NH_WIRE_BAD_STATE, "none");
}

static void
collector_hears(void)
{
    walk(collector_states, NH_COLLECTOR_STATES, false);
    CHECK_EQ(nh_collector_may_hear(NH_COLLECTOR_STATES, NH_PING, 0), NH_WIRE_BAD_STATE,
        "none");
}

/* An end never hears what only it may say. */
static void
one_way(void)
{
    for (size_t i = 0; i < NH_COUNT(known); i++) {
        bool both = known[i] == NH_PING || known[i] == NH_PONG || known[i] == NH_ERROR;
        bool at_agent = false, at_collector = false;

        for (int s = 0; s < NH_AGENT_STATES; s++)
            at_agent |= nh_agent_may_hear((enum nh_agent_state)s, known[i], 0) == 0;
        for (int s = 0; s < NH_COLLECTOR_STATES; s++)
            at_collector |=
                nh_collector_may_hear((enum nh_collector_state)s, known[i], 0) == 0;
        CHECK(at_agent || at_collector);
        CHECK_EQ(at_agent && at_collector, both, "one way only");
    }
}

static void
error_texts(void)
{
    for (int code = NH_WIRE_SYNTAX; code <= NH_WIRE_INTERNAL; code++)
        CHECK(strcmp(nh_wire_error_text((enum nh_wire_error)code), "unknown error") != 0);
    CHECK_STR(nh_wire_error_text((enum nh_wire_error)0), "unknown error", "0");
    CHECK_STR(nh_wire_error_text((enum nh_wire_error)0x11), "unknown error", "11");
}

int
main(void)
{
    RUN(agent_hears);
    RUN(collector_hears);
    RUN(one_way);
    RUN(error_texts);
    return check_done();
}
