/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.c - libevent's base with precise timers, and the signals of a daemon
 */
#include "libnhip/loop.h"
#include "libnhip/clock.h"
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
    HEAP_TOP_BYTES = 64 << 20
}; /* ten thousand sessions with something to read at once */

struct nh_loop {
    struct event_base *base;
    struct event *sigterm, *sigint, *sighup;
    void (*on_hup)(void *arg);
    void *on_hup_arg;
};

struct nh_timer {
    struct event *event;
    void (*on_fire)(void *arg);
    void *arg;
};

static void
on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
    (void)sig;
    (void)what;
    nh_loop_stop(arg);
}

static void
on_hup_signal(evutil_socket_t sig, short what, void *arg)
{
    struct nh_loop *loop = arg;

    (void)sig;
    (void)what;
    if (loop->on_hup != NULL)
        loop->on_hup(loop->on_hup_arg);
}

static struct event *
watch_signal(struct nh_loop *loop, int sig, event_callback_fn fn)
{
    struct event *ev = evsignal_new(loop->base, sig, fn, loop);

    if (ev != NULL && evsignal_add(ev, NULL) == 0)
        return ev;
    if (ev != NULL)
        event_free(ev);
    return NULL;
}

enum nh_err
nh_loop_new(struct nh_loop **out)
{
    struct nh_loop *loop = calloc(1, sizeof(*loop));
    struct event_config *config = event_config_new();
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (loop == NULL || config == NULL)
        goto out;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) != 0)
        goto out;
    loop->base = event_base_new_with_config(config);
    if (loop->base == NULL)
        goto out;
    sigaction(SIGPIPE, &ignore, NULL);
    loop->sigterm = watch_signal(loop, SIGTERM, on_stop_signal);
    loop->sigint = watch_signal(loop, SIGINT, on_stop_signal);
    loop->sighup = watch_signal(loop, SIGHUP, on_hup_signal);
    if (loop->sigterm == NULL || loop->sigint == NULL || loop->sighup == NULL)
        goto out;
    *out = loop;
    loop = NULL;
    err = NH_OK;
out:
    if (config != NULL)
        event_config_free(config);
    nh_loop_free(loop);
    return err;
}

void
nh_loop_free(struct nh_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->sighup != NULL)
        event_free(loop->sighup);
    if (loop->sigint != NULL)
        event_free(loop->sigint);
    if (loop->sigterm != NULL)
        event_free(loop->sigterm);
    if (loop->base != NULL)
        event_base_free(loop->base);
    free(loop);
}

struct event_base *
nh_loop_base(struct nh_loop *loop)
{
    return loop->base;
}

void
nh_loop_on_hup(struct nh_loop *loop, void (*on_hup)(void *arg), void *arg)
{
    loop->on_hup = on_hup;
    loop->on_hup_arg = arg;
}

enum nh_err
nh_loop_run(struct nh_loop *loop)
{
    return event_base_dispatch(loop->base) < 0 ? NH_EIO : NH_OK;
}

void
nh_loop_stop(struct nh_loop *loop)
{
    event_base_loopbreak(loop->base);
}

static void
on_timer_fire(evutil_socket_t fd, short what, void *arg)
{
    struct nh_timer *t = arg;

    (void)fd;
    (void)what;
    t->on_fire(t->arg);
}

enum nh_err
nh_timer_new(
    struct nh_timer **out, struct event_base *base, void (*on_fire)(void *arg), void *arg)
{
    struct nh_timer *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (t == NULL)
        return NH_ENOMEM;
    t->on_fire = on_fire;
    t->arg = arg;
    t->event = evtimer_new(base, on_timer_fire, t);
    if (t->event == NULL) {
        free(t);
        return NH_ENOMEM;
    }
    *out = t;
    return NH_OK;
}

void
nh_timer_free(struct nh_timer *t)
{
    if (t == NULL)
        return;
    event_free(t->event);
    free(t);
}

void
nh_timer_after(struct nh_timer *t, int64_t ms)
{
    struct timeval tv;

    if (ms < 0)
        ms = 0;
    tv.tv_sec = (time_t)(ms / 1000);
    tv.tv_usec = (suseconds_t)(ms % 1000 * 1000);
    evtimer_add(t->event, &tv);
}

void
nh_timer_at(struct nh_timer *t, int64_t mono_ms)
{
    nh_timer_after(t, mono_ms - nh_clock_mono_ms());
}

void
nh_timer_stop(struct nh_timer *t)
{
    evtimer_del(t->event);
}

void
nh_loop_raise_nofile(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void
nh_loop_keep_heap(void)
{
    mallopt(M_TRIM_THRESHOLD, HEAP_TOP_BYTES);
    mallopt(M_TOP_PAD, HEAP_TOP_BYTES / 64);
}
