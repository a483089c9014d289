/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loop.h - the one event base of a daemon, its signals and its timers
 *
 * Made with precise timers (libevent's default wakes only every 4 ms). SIGTERM and SIGINT
 * stop the loop, SIGHUP calls on_hup, SIGPIPE is ignored.
 */
#ifndef NH_LOOP_H
#define NH_LOOP_H

#include "libnhip/err.h"
#include <stdint.h>

struct event_base;
struct event;
struct nh_loop;

enum nh_err nh_loop_new(struct nh_loop **out) NH_MUST_CHECK;
void nh_loop_free(struct nh_loop *loop);
struct event_base *nh_loop_base(struct nh_loop *loop);
void nh_loop_on_hup(struct nh_loop *loop, void (*on_hup)(void *arg), void *arg);
enum nh_err nh_loop_run(struct nh_loop *loop) NH_MUST_CHECK; /* until stopped */
void nh_loop_stop(struct nh_loop *loop);

/* A timer that its owner arms again each time; ms from now. */
struct nh_timer;
enum nh_err nh_timer_new(struct nh_timer **out, struct event_base *base,
    void (*on_fire)(void *arg), void *arg) NH_MUST_CHECK;
void nh_timer_free(struct nh_timer *t);
void nh_timer_after(struct nh_timer *t, int64_t ms);
void nh_timer_at(struct nh_timer *t, int64_t mono_ms); /* now, when that is past */
void nh_timer_stop(struct nh_timer *t);

/* Raise the soft limit of open files to the hard one (thousands of sessions and probes).
 */
void nh_loop_raise_nofile(void);
/* For a process with thousands of sessions: each that is read takes some KB and gives
 * them back. By default the heap's end then goes back to the kernel, and coming back
 * costs a page fault for every page. */
void nh_loop_keep_heap(void);

#endif
