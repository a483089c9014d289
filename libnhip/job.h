/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.h - work that blocks, done by worker threads, its end told on the loop
 *
 * A job owns its inputs; run() touches no daemon state, done() is called on the loop's
 * thread in the order in which jobs end. nh_jobs_free() waits for what is running, and
 * calls done() for everything, with `cancelled` for what never ran.
 */
#ifndef NH_JOB_H
#define NH_JOB_H

#include "libnhip/err.h"
#include <stdbool.h>

struct event_base;
struct nh_jobs;

enum nh_err nh_jobs_new(
    struct nh_jobs **out, struct event_base *base, unsigned threads) NH_MUST_CHECK;
void nh_jobs_free(struct nh_jobs *jobs);
enum nh_err nh_jobs_add(struct nh_jobs *jobs, void (*run)(void *arg),
    void (*done)(void *arg, bool cancelled), void *arg) NH_MUST_CHECK;

#endif
