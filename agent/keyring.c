/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyring.c - two files, one rename
 */
#include "agent/keyring.h"
#include "libnhip/folder.h"
#include "libnhip/log.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
next_of(const char *key_file, char out[AGENT_PATH_MAX + 8])
{
    snprintf(out, AGENT_PATH_MAX + 8, "%s.next", key_file);
}

enum nh_err
keyring_get(const char *key_file, unsigned attempt, struct agent_key *out)
{
    char next[AGENT_PATH_MAX + 8];
    bool next_first = attempt % 2 == 0;

    next_of(key_file, next);
    for (int turn = 0; turn < 2; turn++) {
        bool use_next = (turn == 0) == next_first;
        const char *path = use_next ? next : key_file;
        enum nh_err err = nh_key_read(path, out->identity, out->key);

        if (err == NH_OK) {
            out->next = use_next;
            return NH_OK;
        }
        if (err == NH_EAUTH)
            nh_log_limited(NH_LOG_ERROR,
                "key %s may be read by others and is not used: chmod 600 it, and join "
                "again with a new token if they may have",
                path);
    }
    return NH_ENOTFOUND;
}

enum nh_err
keyring_put_next(
    const char *key_file, const char *identity, const uint8_t key[NH_KEY_LEN])
{
    char next[AGENT_PATH_MAX + 8];

    next_of(key_file, next);
    return nh_key_write(next, identity, key);
}

/* The rename has to be on the disk before the other side may forget the old key; until
 * then the next start finds both files, and tries both. */
enum nh_err
keyring_promote(const char *key_file)
{
    char next[AGENT_PATH_MAX + 8];

    next_of(key_file, next);
    if (rename(next, key_file) != 0)
        return NH_EIO;
    return nh_folder_sync_of(key_file);
}
