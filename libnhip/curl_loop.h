/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * curl_loop.h - libcurl's multi interface on the event loop
 *
 * The caller makes and sets up an easy handle (but for CURLOPT_PRIVATE, which is taken)
 * and frees it. Threads: the loop's only, but for the one that libcurl makes while it
 * resolves a name.
 */
#ifndef NH_CURL_LOOP_H
#define NH_CURL_LOOP_H

#include "libnhip/err.h"

struct event_base;
struct nh_curl;

enum nh_err nh_curl_new(struct nh_curl **out, struct event_base *base) NH_MUST_CHECK;
void nh_curl_free(struct nh_curl *c); /* no transfer may be under way */

struct nh_transfer { /* the caller's, as long as the transfer goes on */
    /* It has ended with a CURLcode: the easy handle is the caller's again. */
    void (*on_end)(void *arg, int code);
    void *arg;
};
enum nh_err nh_curl_start(
    struct nh_curl *c, void *easy, const struct nh_transfer *t) NH_MUST_CHECK;
/* on_end is not called any more. */
void nh_curl_cancel(struct nh_curl *c, void *easy);

#endif
