/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tasks.h - tests on demand: TASK in, RESULTs out (docs/PROTOCOL.md, "Tests on demand")
 *
 * A test goes over a check that the asking collector has assigned, never to an address
 * that came with the task: whoever takes a collector over can measure its own lines
 * sooner, and scan nothing. Two run at once, each within its deadline and a bounded
 * number of parts. They belong to a session and end with it.
 *
 * Threads: the loop's only.
 */
#ifndef AGENT_TASKS_H
#define AGENT_TASKS_H

#include "libnhip/session.h"

enum {
    TASKS_AT_ONCE = 2,
    TASK_PARTS_MAX = 64,
    TASK_DEADLINE_MS = 60000, /* when the task names none */
    TASK_DEADLINE_MAX_MS = 120000,
    TASK_TRAIN_PACKETS = 20,
    TASK_TRAIN_PACKETS_MAX = 100,
};

struct event_base;
struct tasks;

struct tasks_host {
    struct event_base *base;
    /* The check of that id as this collector assigned it. */
    bool (*find)(void *arg, const char *check, struct nh_assignment *out);
    void (*say)(void *arg, const struct nh_msg_result *result);
    void *arg;
};

enum nh_err tasks_new(struct tasks **out, const struct tasks_host *host) NH_MUST_CHECK;
void tasks_free(struct tasks *t); /* ends what runs, and says nothing */
/* Begin, refuse or cancel. */
void tasks_take(struct tasks *t, const struct nh_msg_task *task);

#endif
