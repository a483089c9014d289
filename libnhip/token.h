/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.h - join tokens, identities and key files
 *
 * nhip1.<host>.<port>.<id>.<secret, 32 bytes base32>.<check characters>: one line that
 * `nhipctl agent add` prints and `nhip-agent join` takes. Host dots are written as they
 * are; the last four fields are split from the right. Letters are read in either case,
 * and the check characters catch a mistyped line before anything is sent. Secrets are
 * wiped by who made them.
 */
#ifndef NH_TOKEN_H
#define NH_TOKEN_H

#include "libnhip/tls.h"

enum { NH_HOST_MAX = 256, NH_TOKEN_MAX = 512, NH_TOKEN_HOURS = 72 };

struct nh_token {
    char host[NH_HOST_MAX];
    uint16_t port;
    char identity[NH_IDENTITY_MAX];
    uint8_t secret[NH_KEY_LEN];
};

enum nh_err nh_token_format(
    const struct nh_token *t, char out[NH_TOKEN_MAX]) NH_MUST_CHECK;
/* NH_EFORMAT; *why (static English) says what is wrong with the line. */
enum nh_err nh_token_parse(
    const char *line, struct nh_token *t, const char **why) NH_MUST_CHECK;

void nh_random(void *out, size_t n); /* getrandom(2); never fails once seeded */
/* A fresh identity: 16 characters of base32 that say nothing about the site. */
void nh_identity_new(char out[NH_IDENTITY_MAX]);
void nh_wipe(void *p, size_t n);

/* Key file: one line "identity base32key", mode 0600, written by rename and synced. A
 * file that others than its owner may read or write is refused: NH_EAUTH. */
enum nh_err nh_key_read(const char *path, char identity[NH_IDENTITY_MAX],
    uint8_t key[NH_KEY_LEN]) NH_MUST_CHECK;
enum nh_err nh_key_write(
    const char *path, const char *identity, const uint8_t key[NH_KEY_LEN]) NH_MUST_CHECK;

#endif
