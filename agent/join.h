/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.h - `nhip-agent join TOKEN`: from one line of text to a box that reports
 */
#ifndef AGENT_JOIN_H
#define AGENT_JOIN_H

#include "libnhip/err.h"

/*
 * Write the configuration to `conf_path` when there is none yet, the token's key beside
 * it as the configuration says, and hold a first session in which the key is exchanged;
 * where an agent runs already, that one is left to do it (SIGHUP). Everything is synced
 * before the next step, so that it may be repeated after a crash at any of them.
 * Returns an exit status: 0 joined, 1 not (yet), 2 the token or the file is wrong; what
 * happened is said on stdout or stderr.
 */
int join(const char *conf_path, const char *token, unsigned wait_s);

#endif
