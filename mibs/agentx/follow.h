/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * follow.h - the documents that rows are made of, from a Unix socket
 *
 * The collector's control socket is followed (docs/CONTROL.md): documents as they change.
 * The agent's status socket gives one document a connection: it is asked every few
 * seconds. A socket that is away is tried again; what was known stays.
 * Threads: the loop's only.
 */
#ifndef AGENTX_FOLLOW_H
#define AGENTX_FOLLOW_H

#include "libnhip/err.h"
#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct follow;

struct follow_events {
    /* A document; borrowed for the call. `doc`: "overview", "site", "service",
     * "incident", "agent".
     */
    void (*on_document)(void *arg, const char *doc, const json_t *is);
    void (*on_gone)(void *arg, const char *doc, const char *key);
    /* A snapshot begins: what it does not name is no more. And it has ended. */
    void (*on_snapshot)(void *arg);
    void (*on_ready)(void *arg);
    /* The answer to follow_report(); NULL: there is none, ask again later. */
    void (*on_report)(void *arg, const json_t *report);
    void *arg;
};

enum nh_err follow_new(struct follow **out, struct event_base *base, const char *path,
    bool of_agent, const struct follow_events *events) NH_MUST_CHECK;
/* Ask the collector for the report of `month` ("2026-11"). Nothing comes of it when the
 * connection ends meanwhile: on_snapshot() tells that. */
void follow_report(struct follow *f, const char *month);
void follow_free(struct follow *f);

#endif
