/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyring.h - the key in use and the one that is to follow it
 *
 * KEY_FILE holds the key in use, KEY_FILE.next the one offered (or a join token's) that
 * has not been used yet. Both are written by rename and synced. A key moves from next to
 * in use once a session ran on it, so that a crash at any step leaves at least one key
 * that the collector takes.
 */
#ifndef AGENT_KEYRING_H
#define AGENT_KEYRING_H

#include "agent/config.h"

struct agent_key {
    char identity[NH_IDENTITY_MAX];
    uint8_t key[NH_KEY_LEN];
    bool next; /* from KEY_FILE.next */
};

/* The key for the n-th try: next first when there is one, then by turns. NH_ENOTFOUND:
 * none at all. The caller wipes it. */
enum nh_err keyring_get(
    const char *key_file, unsigned attempt, struct agent_key *out) NH_MUST_CHECK;
enum nh_err keyring_put_next(const char *key_file, const char *identity,
    const uint8_t key[NH_KEY_LEN]) NH_MUST_CHECK;
/* A session ran on the next one: it is the key in use. */
enum nh_err keyring_promote(const char *key_file) NH_MUST_CHECK;

#endif
