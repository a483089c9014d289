/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agentx.h - follow, fill and serve put together. Threads: the loop's only. */
#ifndef AGENTX_AGENTX_H
#define AGENTX_AGENTX_H

#include "libnhip/err.h"
#include <stdbool.h>

struct agentx;
struct event_base;

/* `socket`: the collector's control socket, or the agent's status socket. `address`:
 * snmpd's. `notify`: have it tell of incidents and silent agents. Errors: NH_ETOOBIG (a
 * path), NH_EIO, NH_ENOMEM. */
enum nh_err agentx_new(struct agentx **out, struct event_base *base, const char *socket,
    const char *address, bool of_agent, bool notify) NH_MUST_CHECK;
void agentx_free(struct agentx *a);

#endif
