/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.c - the line that joins an agent, and the file that keeps its key
 *
 * Base32 of RFC 4648 in lower case without padding: no 0, 1, 8 or 9 to take for a letter,
 * and the case may be lost on the way. The check characters are the CRC-32C of all that
 * stands before them: seven characters that notice any one mistyped character, any two
 * neighbours swapped, and all but one in four thousand million of everything else.
 */
#include "libnhip/token.h"
#include "libnhip/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
enum {
    KEY_CHARS = 52, /* 32 bytes */
    CRC_CHARS = 7,  /* 4 bytes */
    ID_BYTES = 10,  /* 16 characters */
    KEY_LINE = 160, /* identity, a space, the key, a line end */
};

static void
base32(const uint8_t *bytes, size_t n, char *out)
{
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < n; i++) {
        held = (held << 8 | bytes[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            *out++ = alphabet[held >> (bits - 5) & 31];
    }
    if (bits > 0)
        *out++ = alphabet[held << (5 - bits) & 31];
    *out = '\0';
}

static int
digit(char c)
{
    const char *at;

    if (c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

/* `len` characters to exactly `n` bytes; the bits left over have to be 0. */
static bool
unbase32(const char *s, size_t len, uint8_t *out, size_t n)
{
    uint32_t held = 0;
    unsigned bits = 0;
    size_t done = 0;

    if (len != (n * 8 + 4) / 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        int d = digit(s[i]);

        if (d < 0)
            return false;
        held = (held << 5 | (uint32_t)d) & 0xfff;
        bits += 5;
        if (bits >= 8 && done < n) {
            bits -= 8;
            out[done++] = (uint8_t)(held >> bits);
        }
    }
    return done == n && (held & ((1u << bits) - 1)) == 0;
}

static void
check_chars(const char *s, size_t len, char out[CRC_CHARS + 1])
{
    uint32_t crc = UINT32_MAX;
    uint8_t be[4];

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)s[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
    }
    for (size_t i = 0; i < 4; i++)
        be[i] = (uint8_t)(crc >> (8 * (3 - i)));
    base32(be, sizeof(be), out);
}

/* Letters, digits and `more`: what a host or an identity consists of. */
static bool
made_of(const char *s, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++) {
        char c = s[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            (c == '\0' || strchr(more, c) == NULL))
            return false;
    }
    return len > 0;
}

static void
lower(char *s)
{
    for (; *s != '\0'; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
}

enum nh_err
nh_token_format(const struct nh_token *t, char out[NH_TOKEN_MAX])
{
    char host[NH_HOST_MAX], secret[KEY_CHARS + 1];
    int n;

    snprintf(host, sizeof(host), "%s", t->host);
    lower(host);
    if (t->port == 0 || !made_of(host, strlen(host), ".-:_") ||
        !made_of(t->identity, strlen(t->identity), "-_"))
        return NH_EINVAL;
    base32(t->secret, NH_KEY_LEN, secret);
    n = snprintf(
        out, NH_TOKEN_MAX, "nhip1.%s.%u.%s.%s.", host, t->port, t->identity, secret);
    nh_wipe(secret, sizeof(secret));
    check_chars(out, (size_t)n - 1, out + n); /* without the last dot; the lengths fit */
    return NH_OK;
}

/* The last dot before `end`, or NULL. */
static char *
last_dot(char *line)
{
    char *dot = strrchr(line, '.');

    if (dot != NULL)
        *dot = '\0';
    return dot;
}

static bool
parse_port(const char *s, uint16_t *port)
{
    unsigned v = 0;
    size_t len = strlen(s);

    if (len == 0 || len > 5 || s[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *port = (uint16_t)v;
    return v >= 1 && v <= 65535;
}

/* `line` is ours to cut up; the fields are split from the right. */
static const char *
parse(char *line, struct nh_token *t)
{
    char check[CRC_CHARS + 1], *dot;

    if (strncmp(line, "nhip1.", 6) != 0)
        return "it does not begin with nhip1.";
    if ((dot = last_dot(line)) == NULL || strlen(line) < 6)
        return "it is too short";
    check_chars(line, strlen(line), check);
    if (strcmp(dot + 1, check) != 0)
        return "mistyped or cut short: its check characters do not agree";
    if ((dot = last_dot(line)) == NULL ||
        !unbase32(dot + 1, strlen(dot + 1), t->secret, NH_KEY_LEN))
        return "its secret is malformed";
    if ((dot = last_dot(line)) == NULL || strlen(dot + 1) >= sizeof(t->identity) ||
        !made_of(dot + 1, strlen(dot + 1), "-_"))
        return "its identity is malformed";
    memcpy(t->identity, dot + 1, strlen(dot + 1) + 1);
    if ((dot = last_dot(line)) == NULL || !parse_port(dot + 1, &t->port))
        return "its port is malformed";
    if (strlen(line) < 6 || strlen(line + 6) >= sizeof(t->host) ||
        !made_of(line + 6, strlen(line + 6), ".-:_"))
        return "its host is malformed";
    memcpy(t->host, line + 6, strlen(line + 6) + 1);
    return NULL;
}

enum nh_err
nh_token_parse(const char *line, struct nh_token *t, const char **why)
{
    char copy[NH_TOKEN_MAX];
    struct nh_token got = { .port = 0 };
    const char *wrong = "it is too long";
    size_t len;

    line += strspn(line, " \t\r\n");
    len = strlen(line);
    while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
        len--;
    if (len < sizeof(copy)) {
        memcpy(copy, line, len);
        copy[len] = '\0';
        lower(copy);
        wrong = parse(copy, &got);
        nh_wipe(copy, sizeof(copy));
    }
    if (wrong == NULL)
        *t = got;
    else if (why != NULL)
        *why = wrong;
    nh_wipe(&got, sizeof(got));
    return wrong == NULL ? NH_OK : NH_EFORMAT;
}

void
nh_random(void *out, size_t n)
{
    uint8_t *to = out;

    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort(); /* a kernel without randomness: no key may be made */
        to += got;
        n -= (size_t)got;
    }
}

void
nh_identity_new(char out[NH_IDENTITY_MAX])
{
    uint8_t bytes[ID_BYTES];

    nh_random(bytes, sizeof(bytes));
    base32(bytes, sizeof(bytes), out);
}

void
nh_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

enum nh_err
nh_key_read(const char *path, char identity[NH_IDENTITY_MAX], uint8_t key[NH_KEY_LEN])
{
    char line[KEY_LINE], *space;
    uint8_t got[NH_KEY_LEN];
    enum nh_err err = NH_EFORMAT;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return errno == ENOENT ? NH_ENOTFOUND : NH_EIO;
    if (fstat(fd, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        close(fd);
        return NH_EAUTH;
    }
    n = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (n < 0)
        return NH_EIO;
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    space = strchr(line, ' ');
    if (space != NULL) {
        *space = '\0';
        if (space - line < NH_IDENTITY_MAX && made_of(line, strlen(line), "-_") &&
            unbase32(space + 1, strlen(space + 1), got, NH_KEY_LEN)) {
            memcpy(identity, line, strlen(line) + 1);
            memcpy(key, got, NH_KEY_LEN);
            err = NH_OK;
        }
    }
    nh_wipe(line, sizeof(line));
    nh_wipe(got, sizeof(got));
    return err;
}

enum nh_err
nh_key_write(const char *path, const char *identity, const uint8_t key[NH_KEY_LEN])
{
    char line[KEY_LINE], temporary[4096], secret[KEY_CHARS + 1];
    bool ok;
    int fd, len, saved;

    if (strlen(identity) >= NH_IDENTITY_MAX ||
        !made_of(identity, strlen(identity), "-_") ||
        (size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
            sizeof(temporary))
        return NH_EINVAL;
    fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0)
        return errno == ENOSPC ? NH_ENOSPC : NH_EIO;
    base32(key, NH_KEY_LEN, secret);
    len = snprintf(line, sizeof(line), "%s %s\n", identity, secret);
    ok = write(fd, line, (size_t)len) == len && fsync(fd) == 0;
    saved = errno;
    nh_wipe(line, sizeof(line));
    nh_wipe(secret, sizeof(secret));
    close(fd);
    if (ok) {
        ok = rename(temporary, path) == 0 && nh_folder_sync_of(path) == NH_OK;
        saved = errno;
    }
    if (ok)
        return NH_OK;
    unlink(temporary);
    errno = saved;
    return saved == ENOSPC ? NH_ENOSPC : NH_EIO;
}
