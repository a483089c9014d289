/* SPDX-License-Identifier: GPL-3.0-or-later */
/* process.c - one message by a program: exit status 0 is sent, everything else is worth
 * another try */
#include "collector/notifiers/process.h"
#include "libnhip/process.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PROGRAM_MS = 60000 };

static void
on_program_end(void *arg, const struct nh_process_end *end)
{
    struct notify_job *job = arg;
    char why[NH_PROCESS_SAID_MAX + 64];

    job->state = NULL;
    if (end->timed_out)
        snprintf(
            why, sizeof(why), "not ended after %d s: %s", PROGRAM_MS / 1000, end->said);
    else
        snprintf(why, sizeof(why), "exit status %d: %s", end->status, end->said);
    job->ended(
        job, end->status == 0 ? NOTIFY_SENT : NOTIFY_AGAIN, end->status == 0 ? "" : why);
}

enum nh_err
notify_program(
    struct notify_job *job, char *const argv[], struct nh_slice input, char why[128])
{
    struct nh_process *p;
    enum nh_err err =
        nh_process_start(&p, job->base, argv, input, PROGRAM_MS, on_program_end, job);

    if (err == NH_EIO)
        snprintf(why, 128, "%.60s: %s", argv[0], strerror(errno));
    job->state = p;
    return err;
}

void
notify_program_cancel(struct notify_job *job)
{
    nh_process_kill(job->state);
    job->state = NULL;
}
