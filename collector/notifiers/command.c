/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - notifier "command": a program of the house, the message as JSON its input
 *
 * It may come again with the same `id` when nobody knows how it ended.
 */
#include "collector/notifiers/process.h"
#include "libnhip/process.h"
#include <stdio.h>

static bool
serves(const struct inventory *inv, const struct inv_contact *to)
{
    (void)inv;
    return *to->command != '\0';
}

static enum nh_err
start(struct notify_job *job, char why[128])
{
    char *argv[NH_PROCESS_ARGS_MAX];
    struct nh_buf store, body;
    enum nh_err err = NH_EINVAL;
    bool has_text;

    nh_buf_init(&store, 64 << 10);
    nh_buf_init(&body, 256 << 10);
    notify_json(job, &body);
    nh_buf_printf(&body, "\n");
    if (!notify_words(job->to->command, job->to->sms, job->row->text, job->row->key,
            &store, argv, NH_PROCESS_ARGS_MAX, &has_text))
        snprintf(why, 128, "'command' has no words or too many");
    else if ((err = nh_buf_err(&body)) == NH_OK)
        err = notify_program(job, argv, nh_slice_of(body.data, body.len), why);
    nh_buf_fini(&store);
    nh_buf_fini(&body);
    return err;
}

const struct notifier notifier_command = {
    .name = "command",
    .again_if_unclear = true,
    .serves = serves,
    .start = start,
    .cancel = notify_program_cancel,
};
