/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.h - run a program, give it its input, hear how it ended; on the loop
 *
 * No shell is involved: `argv` is what it is. The program has a process group of its own,
 * which is killed whole when the time is over or the owner gives up. Threads: the loop's
 * only.
 */
#ifndef NH_PROCESS_H
#define NH_PROCESS_H

#include "libnhip/buf.h"

struct event_base;
struct nh_process;

enum { NH_PROCESS_SAID_MAX = 512, NH_PROCESS_ARGS_MAX = 32 };

struct nh_process_end {
    int status; /* exit status; -1: killed by a signal, or its time was over */
    bool timed_out;
    const char *said; /* the beginning of its output and error output, on one line */
};
/* NH_EIO: it could not be started (see errno). The process frees itself after on_end. */
enum nh_err nh_process_start(struct nh_process **out, struct event_base *base,
    char *const argv[], struct nh_slice input, int64_t timeout_ms,
    void (*on_end)(void *arg, const struct nh_process_end *end), void *arg) NH_MUST_CHECK;
/* Kill it; on_end is not called any more. */
void nh_process_kill(struct nh_process *p);

#endif
