/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys_file.h - who the drill's agents are: one a line, `site identity base32key` or
 * `site nhip1.…` (a join token)
 */
#ifndef DRILL_KEYS_FILE_H
#define DRILL_KEYS_FILE_H

#include "libnhip/record.h"
#include "libnhip/token.h"

struct drill_key {
    char site[NH_SITE_ID_MAX];
    char identity[NH_IDENTITY_MAX];
    uint8_t key[NH_KEY_LEN];
};

/* Errors have been printed as `file:line: what`. The caller: drill_keys_free(). */
enum nh_err drill_keys_read(
    const char *path, struct drill_key **out, size_t *count) NH_MUST_CHECK;
/* Keep the first `want`, and the centre when it is among the rest. */
void drill_keys_cut(struct drill_key **keys, size_t *count, size_t want);
void drill_keys_free(struct drill_key *keys, size_t count); /* wipes */
bool drill_base32(const char *text, uint8_t out[NH_KEY_LEN]);

#endif
