/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status.h - the running agent's state over a Unix socket: connect, read one JSON line
 *
 * The document holds no key and no address but the collector's; the socket has mode 0660.
 */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "libnhip/err.h"
#include <jansson.h>

struct event_base;
struct status_server;

/* `document` is asked at each connection; what it returns is ours. NH_EIO: see errno. */
enum nh_err status_server_new(struct status_server **out, struct event_base *base,
    const char *path, json_t *(*document)(void *arg), void *arg) NH_MUST_CHECK;
void status_server_free(struct status_server *s);

/* The document of the agent that runs behind `path`; NH_ECLOSED: none does. */
enum nh_err status_ask(const char *path, json_t **document) NH_MUST_CHECK;

#endif
