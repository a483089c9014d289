/* SPDX-License-Identifier: GPL-3.0-or-later */
/* process.h - for the notifiers that run a program: sms and command */
#ifndef NOTIFIERS_PROCESS_H
#define NOTIFIERS_PROCESS_H

#include "collector/notifiers/notifier.h"

enum nh_err notify_program(struct notify_job *job, char *const argv[],
    struct nh_slice input, char why[128]) NH_MUST_CHECK;
void notify_program_cancel(struct notify_job *job);

#endif
