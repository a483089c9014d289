/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent.h - the running agent: sensors, spool and uplinks put together
 *
 *   schedule --readings--> spool (journal) --cursor--> uplink of each collector
 *
 * Threads: the loop's only.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/config.h"
#include <jansson.h>

struct agent;
struct nh_loop;
struct traps;

/* Directories that the agent writes, made while still root and given to its user. */
enum nh_err agent_make_dirs(const struct agent_config *config) NH_MUST_CHECK;

/*
 * Open the journal and start. `measure`: run the checks, and tell the status; false: only
 * the uplinks (for `join`), until all of them run on a key of their own, then the loop
 * stops. `traps`: bound already, NULL for none; stays the caller's. Errors are logged
 * here. *out belongs to the caller: agent_stop().
 */
enum nh_err agent_start(struct agent **out, struct nh_loop *loop,
    const struct agent_config *config, struct traps *traps, bool measure) NH_MUST_CHECK;
void agent_stop(struct agent *a);
void agent_reconnect(struct agent *a); /* SIGHUP: keys may have changed */
bool agent_joined(const struct agent *a);
/* Why the first uplink is not up, "" when it is. Lent. */
const char *agent_trouble(const struct agent *a);

/* The status document; the caller owns it. NULL: out of memory. */
json_t *agent_status(const struct agent *a);

#endif
