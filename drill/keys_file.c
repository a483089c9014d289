/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys_file.c - lines to keys (base32 of RFC 4648, in either case, without padding)
 */
#include "drill/keys_file.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 1 << 17, BASE32_LEN = 52 };

bool
drill_base32(const char *text, uint8_t out[NH_KEY_LEN])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    if (strlen(text) != BASE32_LEN)
        return false;
    for (; *text != '\0'; text++) {
        const char *at = strchr(alphabet, tolower((unsigned char)*text));

        if (at == NULL)
            return false;
        bits = (bits << 5 | (uint32_t)(at - alphabet)) & 0xfff;
        have += 5;
        if (have >= 8 && n < NH_KEY_LEN) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == NH_KEY_LEN;
}

/* One line into `k`; NULL, or what is wrong with it. */
static const char *
read_line(char *line, struct drill_key *k)
{
    char *save = NULL, *site = strtok_r(line, " \t\r\n", &save);
    char *identity = strtok_r(NULL, " \t\r\n", &save);
    char *key = strtok_r(NULL, " \t\r\n", &save);
    struct nh_token token;
    const char *why = "";

    if (identity == NULL || strlen(site) >= sizeof(k->site))
        return "not `site identity key`";
    snprintf(k->site, sizeof(k->site), "%s", site);
    if (key == NULL) {
        if (nh_token_parse(identity, &token, &why) != NH_OK)
            return why;
        memcpy(k->identity, token.identity, sizeof(k->identity));
        memcpy(k->key, token.secret, NH_KEY_LEN);
        nh_wipe(&token, sizeof(token));
        return NULL;
    }
    if (strlen(identity) >= sizeof(k->identity))
        return "the identity is too long";
    snprintf(k->identity, sizeof(k->identity), "%s", identity);
    return drill_base32(key, k->key) ? NULL : "the key is not 32 bytes of base32";
}

enum nh_err
drill_keys_read(const char *path, struct drill_key **out, size_t *count)
{
    struct drill_key *keys = NULL;
    char line[NH_TOKEN_MAX + NH_SITE_ID_MAX + 8];
    const char *why = NULL;
    size_t n = 0, room = 0, number = 0;
    FILE *f = fopen(path, "r");

    *out = NULL;
    *count = 0;
    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return NH_EIO;
    }
    while (why == NULL && n < KEYS_MAX && fgets(line, sizeof(line), f) != NULL) {
        number++;
        if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
            continue;
        if (n == room) {
            struct drill_key *more = realloc(keys, (room + 256) * sizeof(*keys));

            if (more == NULL) {
                why = "out of memory";
                break;
            }
            keys = more;
            room += 256;
        }
        why = read_line(line, &keys[n]);
        n += why == NULL;
    }
    fclose(f);
    nh_wipe(line, sizeof(line));
    if (why == NULL && n == 0)
        why = "no key is in it";
    if (why != NULL) {
        fprintf(stderr, "%s:%zu: %s\n", path, number, why);
        drill_keys_free(keys, n);
        return NH_EFORMAT;
    }
    *out = keys;
    *count = n;
    return NH_OK;
}

void
drill_keys_cut(struct drill_key **keys, size_t *count, size_t want)
{
    for (size_t i = want; i < *count; i++) {
        if (strcmp((*keys)[i].site, "centre") == 0)
            (*keys)[want++] = (*keys)[i];
        if (i >= want)
            nh_wipe(&(*keys)[i], sizeof(**keys));
    }
    *count = want;
}

void
drill_keys_free(struct drill_key *keys, size_t count)
{
    if (keys != NULL)
        nh_wipe(keys, count * sizeof(*keys));
    free(keys);
}
