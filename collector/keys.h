/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys.h - who may speak for which site: join tokens and agents' keys
 *
 * One file of mode 0600, a line a key, rewritten by rename and synced before any change
 * counts. The way of a key: keys_invite() makes a token's secret (one use, 72 h);
 * keys_offer() makes the key that the first session by that token hands over, the same
 * one again until it was used; keys_confirm(), once a session used it, burns the token
 * and ends every older key of the site. keys_revoke() ends all of a site's at once.
 * Rotation is the same way from a key that is in use: it stays good until the new one was
 * used, and for a week at most after it was offered.
 * Secrets are wiped when they end and at close.
 *
 * Threads: the loop's only.
 */
#ifndef KEYS_H
#define KEYS_H

#include "libnhip/record.h"
#include "libnhip/token.h"

enum key_state {
    KEY_INVITED, /* a join token that has not been used up */
    KEY_OFFERED, /* handed over, but no session has used it yet */
    KEY_JOINED,
    KEY_REVOKED,
    KEY_BURNT, /* a token that was used; kept so that a second use is seen */
};
const char *key_state_name(enum key_state state);

struct key_row {
    char identity[NH_IDENTITY_MAX];
    char site[NH_SITE_ID_MAX];
    uint8_t key[NH_KEY_LEN]; /* zero when revoked or burnt */
    enum key_state state;
    int64_t created_s, used_s, expires_s; /* used 0: never; expires 0: never */
    char from[NH_IDENTITY_MAX];           /* OFFERED: the key it is to replace */
};

enum {
    KEYS_ROTATE_DAYS = 90, /* a key that old is replaced */
    KEYS_OLD_DAYS = 7,     /* how long the one before stays good beside an offer */
};

struct keys;

/* Read `path`, or begin empty when it is missing. NH_EFORMAT: a line makes no sense (its
 * number has been logged); NH_EAUTH: others can read the file; NH_EIO, NH_ENOMEM. */
enum nh_err keys_open(struct keys **out, const char *path) NH_MUST_CHECK;
void keys_close(struct keys *k);

/* All of these save before they return NH_OK, and change nothing when that fails (NH_EIO,
 * NH_ENOSPC). Rows are lent until the next change. */
enum nh_err keys_invite(struct keys *k, const char *site, int64_t now_s,
    const struct key_row **row) NH_MUST_CHECK;
enum nh_err keys_offer(struct keys *k, const char *identity, int64_t now_s,
    const struct key_row **offered) NH_MUST_CHECK;
/* Is a fresh key due at once to whoever opens a session by this one: a token, or a key
 * whose replacement was offered and not taken? */
bool keys_offer_is_due(const struct keys *k, const struct key_row *row);
/* Is it so old that a replacement is to be offered? */
bool keys_is_aged(const struct keys *k, const struct key_row *row, int64_t now_s);
enum nh_err keys_confirm(
    struct keys *k, const char *identity, int64_t now_s) NH_MUST_CHECK;
enum nh_err keys_revoke(struct keys *k, const char *site, size_t *count) NH_MUST_CHECK;

/* The row of an identity, NULL when there is none. */
const struct key_row *keys_get(const struct keys *k, const char *identity);
/* May this row open a session now? */
bool key_is_good(const struct key_row *row, int64_t now_s);
void keys_each(
    const struct keys *k, void (*each)(void *arg, const struct key_row *row), void *arg);

#endif
