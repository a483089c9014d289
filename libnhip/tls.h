/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.h - TLS 1.3 with one external pre-shared key an agent (RFC 8446 section 4.2.11, RFC
 * 9257)
 *
 * No certificates: nothing to expire, no clock needed. X25519 with the key, ALPN
 * "nhip/1", ChaCha20-Poly1305 or AES-128-GCM with SHA-256; no tickets, no cache, no early
 * data. The agent refuses a server that shows a certificate instead of knowing the key.
 * An unknown identity and a wrong key look the same from outside. Keys are wiped after
 * use.
 *
 * OpenSSL's types stay out of here except as opaque pointers. Threads: the loop's only.
 */
#ifndef NH_TLS_H
#define NH_TLS_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <stdint.h>

enum { NH_KEY_LEN = 32, NH_IDENTITY_MAX = 64 };

struct nh_tls; /* one context: client or server */
struct bufferevent;
struct event_base;
struct ssl_st;

/* Server: `find` copies the key of `identity` to `key` and answers true, or answers
 * false. */
typedef bool nh_tls_find_key(void *arg, const char *identity, uint8_t key[NH_KEY_LEN]);
enum nh_err nh_tls_server(
    struct nh_tls **out, nh_tls_find_key *find, void *arg) NH_MUST_CHECK;
/* Client: copies identity and key. */
enum nh_err nh_tls_client(struct nh_tls **out, const char *identity,
    const uint8_t key[NH_KEY_LEN]) NH_MUST_CHECK;
void nh_tls_free(struct nh_tls *tls);

/* A bufferevent over `fd` (which it then owns; -1: connect later), deferred callbacks. */
enum nh_err nh_tls_bufferevent(struct nh_tls *tls, struct event_base *base, int fd,
    bool server, struct bufferevent **out) NH_MUST_CHECK;
/* Send a few bytes on an open connection now. When others wait before them, or the socket
 * takes no more, they go by the output buffer; only then does the write callback come. */
void nh_tls_write(struct bufferevent *bev, const void *bytes, size_t len);
/* After BEV_EVENT_CONNECTED: is this the peer that knows our key, with the right ALPN and
 * version? Server: the identity it used (lent). NH_EAUTH otherwise. */
enum nh_err nh_tls_check_peer(
    struct bufferevent *bev, const char **identity) NH_MUST_CHECK;
/* Why the last operation failed, for the log. */
const char *nh_tls_error(struct bufferevent *bev, char *out, size_t size);

#endif
