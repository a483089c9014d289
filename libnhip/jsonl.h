/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jsonl.h - JSON lines over a stream: the control socket and the pipe to nhip-series
 *
 * A channel wraps a connected socket: whole lines come up as parsed objects, objects go
 * down as lines. A line over the bound or one that is not a JSON object ends the channel
 * with a reason. Threads: the loop's only.
 */
#ifndef NH_JSONL_H
#define NH_JSONL_H

#include "libnhip/err.h"
#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct nh_channel;
struct nh_channel_events {
    void (*on_line)(void *arg, json_t *object); /* borrowed for the call */
    /* The peer left (why "") or broke the rules; the owner frees the channel, here or
     * later. */
    void (*on_closed)(void *arg, const char *why);
    void *arg;
};

/* `fd` is owned from now on. max_line: bytes; max_waiting: bytes of unread output, above
 * which the channel closes ("does not read"). */
enum nh_err nh_channel_new(struct nh_channel **out, struct event_base *base, int fd,
    size_t max_line, size_t max_waiting,
    const struct nh_channel_events *events) NH_MUST_CHECK;
void nh_channel_free(struct nh_channel *c);
void nh_channel_send(struct nh_channel *c, const json_t *object); /* copies */
void nh_channel_send_text(
    struct nh_channel *c, const char *line, size_t len); /* without newline */
size_t nh_channel_waiting(
    const struct nh_channel *c); /* bytes not yet taken by the peer */

/* A blocking client for command lines: connect, send one request, read lines. */
struct nh_client;
enum nh_err nh_client_open(struct nh_client **out, const char *path) NH_MUST_CHECK;
void nh_client_close(struct nh_client *c);
enum nh_err nh_client_send(struct nh_client *c, const json_t *object) NH_MUST_CHECK;
/* The next line as an object that the caller owns; NH_ECLOSED at the end, NH_EFORMAT. */
enum nh_err nh_client_read(struct nh_client *c, json_t **object) NH_MUST_CHECK;

#endif
