/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.c - echo requests with a rising hop limit
 *
 * One hop after the other, three requests each, so that what is printed comes in order
 * and no router meets its limit of ICMP errors. A hop is over when all three have been
 * answered or a second after the last one left. It ends at the target, where somebody
 * says that there is no way on, after thirty hops, or after six silent ones.
 */
#include "libnhip/trace.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA = 32 };

struct nh_trace {
    struct nh_echo *echo;
    struct nh_timer *timer;
    struct nh_trace_events events;
    struct nh_trace_hop hop; /* being asked */
    int64_t sent_us[NH_TRACE_PROBES];
    int answered, silent;
    bool ended;
};

static void
end(struct nh_trace *t, const char *why)
{
    t->ended = true;
    nh_timer_stop(t->timer);
    t->events.on_end(t->events.arg, why);
}

static void
ask_hop(struct nh_trace *t)
{
    t->hop = (struct nh_trace_hop){ .hop = t->hop.hop + 1 };
    t->answered = 0;
    for (int i = 0; i < NH_TRACE_PROBES; i++)
        t->hop.rtt_us[i] = -1;
    for (int i = 0; i < NH_TRACE_PROBES; i++) {
        int error;

        t->sent_us[i] = nh_clock_mono_us();
        error = nh_echo_send(
            t->echo, (uint16_t)(t->hop.hop * NH_TRACE_PROBES + i), t->hop.hop, DATA);
        if (error != 0) {
            char why[128];

            snprintf(why, sizeof(why), "not sent: %s", strerror(error));
            end(t, why);
            return;
        }
    }
    nh_timer_after(t->timer, NH_TRACE_HOP_MS);
}

/* This hop is over; from the timer, so that no caller is left in the middle of one. */
static void
on_trace_timer(void *arg)
{
    struct nh_trace *t = arg;

    if (t->ended)
        return;
    if (t->hop.hop > 0) {
        t->silent = t->answered > 0 ? 0 : t->silent + 1;
        t->events.on_hop(t->events.arg, &t->hop);
        if (t->hop.last) {
            end(t, t->hop.word == NH_ECHO_ANSWER ? "" : "no way on from there");
            return;
        }
        if (t->silent == NH_TRACE_SILENT_MAX || t->hop.hop == NH_TRACE_HOPS_MAX) {
            end(t, t->silent == NH_TRACE_SILENT_MAX
                       ? "nobody answers from there on"
                       : "the target is farther than 30 hops");
            return;
        }
    }
    ask_hop(t);
}

static void
on_trace_reply(void *arg, const struct nh_echo_reply *reply)
{
    struct nh_trace *t = arg;
    int i = reply->number - t->hop.hop * NH_TRACE_PROBES;

    if (t->ended || i < 0 || i >= NH_TRACE_PROBES || t->hop.rtt_us[i] >= 0)
        return; /* late, or doubled */
    t->hop.rtt_us[i] = nh_clock_mono_us() - t->sent_us[i];
    if (t->answered++ == 0) {
        t->hop.word = reply->word;
        nh_echo_name(&reply->from, t->hop.address);
    }
    if (reply->word != NH_ECHO_EXCEEDED)
        t->hop.last = true;
    if (t->answered == NH_TRACE_PROBES)
        nh_timer_after(t->timer, 0);
}

enum nh_err
nh_trace_start(struct nh_trace **out, struct event_base *base,
    const struct nh_echo_target *target, const struct nh_trace_events *events,
    char why[128])
{
    struct nh_trace *t = calloc(1, sizeof(*t));
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    snprintf(why, 128, "out of memory");
    if (t == NULL)
        return NH_ENOMEM;
    t->events = *events;
    if ((err = nh_timer_new(&t->timer, base, on_trace_timer, t)) == NH_OK)
        err = nh_echo_open(&t->echo, base, target, on_trace_reply, t, why);
    if (err != NH_OK) {
        nh_trace_free(t);
        return err;
    }
    nh_timer_after(t->timer, 0);
    *out = t;
    return NH_OK;
}

void
nh_trace_free(struct nh_trace *t)
{
    if (t == NULL)
        return;
    nh_echo_close(t->echo);
    nh_timer_free(t->timer);
    free(t);
}
