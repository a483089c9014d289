/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ack_link.c - tokens that acknowledge, and replies that do */
#include "collector/ack_link.h"
#include "libnhip/folder.h"
#include "libnhip/text.h"
#include "libnhip/token.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAC_LEN = 16, REPLY_MAX = 480 };

/* ---- the secret ---- */

static enum nh_err
read_secret(const char *path, struct ack_secret *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum nh_err err = NH_OK;
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? NH_ENOTFOUND : NH_EIO;
    if (fstat(fd, &st) != 0)
        err = NH_EIO;
    else if ((st.st_mode & 077) != 0)
        err = NH_EAUTH;
    else if (st.st_size != ACK_SECRET_LEN ||
             read(fd, out->key, ACK_SECRET_LEN) != ACK_SECRET_LEN)
        err = NH_EFORMAT;
    close(fd);
    return err;
}

/* Whole under its name, or not there. */
static enum nh_err
write_secret(const char *path, const struct ack_secret *secret)
{
    char tmp[4096];
    int fd;
    bool ok;

    if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
        return NH_ETOOBIG;
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NH_EIO;
    ok = fchmod(fd, 0600) == 0 &&
         write(fd, secret->key, ACK_SECRET_LEN) == ACK_SECRET_LEN && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && rename(tmp, path) == 0;
    return ok ? nh_folder_sync_of(path) : NH_EIO;
}

enum nh_err
ack_secret_open(struct ack_secret *out, const char *dir)
{
    char path[4000];
    enum nh_err err;

    if (snprintf(path, sizeof(path), "%s/ack.key", dir) >= (int)sizeof(path))
        return NH_ETOOBIG;
    err = read_secret(path, out);
    if (err != NH_ENOTFOUND)
        return err;
    nh_random(out->key, sizeof(out->key));
    return write_secret(path, out);
}

/* ---- tokens ---- */

static void
put_mac(const struct ack_secret *secret, uint32_t incident, const char *contact,
    int64_t expiry_s, char out[2 * MAC_LEN + 1])
{
    uint8_t mac[EVP_MAX_MD_SIZE] = { 0 };
    char text[ACK_TOKEN_MAX + 32];
    int n = snprintf(text, sizeof(text), "nhip acknowledge 1 %" PRIu32 " %" PRId64 " %s",
        incident, expiry_s, contact);

    HMAC(EVP_sha256(), secret->key, ACK_SECRET_LEN, (const uint8_t *)text, (size_t)n, mac,
        NULL);
    for (int i = 0; i < MAC_LEN; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

void
ack_token_make(const struct ack_secret *secret, uint32_t incident, const char *contact,
    int64_t expiry_s, char out[ACK_TOKEN_MAX])
{
    char mac[2 * MAC_LEN + 1];

    put_mac(secret, incident, contact, expiry_s, mac);
    snprintf(out, ACK_TOKEN_MAX, "%" PRIu32 ".%" PRId64 ".%s.%s", incident, expiry_s,
        contact, mac);
}

/* Digits up to a dot: at most ten, the first no zero. */
static bool
take_number(const char **s, int64_t *out)
{
    size_t n = strspn(*s, "0123456789");

    if (n == 0 || n > 10 || **s == '0' || (*s)[n] != '.')
        return false;
    *out = strtoll(*s, NULL, 10);
    *s += n + 1;
    return true;
}

enum nh_err
ack_token_check(const struct ack_secret *secret, const char *token, int64_t now_s,
    uint32_t *incident, char contact[NH_SITE_ID_MAX])
{
    char want[2 * MAC_LEN + 1];
    int64_t number, expiry_s;
    const char *dot;
    size_t len;

    contact[0] = '\0';
    if (strlen(token) >= ACK_TOKEN_MAX || !take_number(&token, &number) ||
        number > UINT32_MAX || !take_number(&token, &expiry_s))
        return NH_EFORMAT;
    dot = strrchr(token, '.');
    len = dot != NULL ? (size_t)(dot - token) : 0;
    if (len == 0 || len >= NH_SITE_ID_MAX || strlen(dot + 1) != 2 * (size_t)MAC_LEN)
        return NH_EFORMAT;
    memcpy(contact, token, len);
    contact[len] = '\0';
    put_mac(secret, (uint32_t)number, contact, expiry_s, want);
    if (CRYPTO_memcmp(want, dot + 1, 2 * (size_t)MAC_LEN) != 0) {
        contact[0] = '\0';
        return NH_EAUTH;
    }
    *incident = (uint32_t)number;
    return now_s > expiry_s ? NH_ETIMEOUT : NH_OK;
}

/* ---- replies ---- */

static const char *
skip_marks(const char *s)
{
    return s + strspn(s, " \t\r\n.,:;-#()\"'");
}

static bool
take_word(const char **s, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)(*s)[i]) != word[i])
            return false;
    *s += n;
    return true;
}

bool
ack_reply_read(const char *text, uint32_t *incident)
{
    struct nh_buf bare;
    char digits[16];
    bool ok = false;
    const char *s;
    size_t n;

    nh_buf_init(&bare, REPLY_MAX + 1);
    nh_unaccent(text, &bare);
    nh_buf_put_u8(&bare, 0);
    if (nh_buf_err(&bare) != NH_OK)
        goto out;
    s = skip_marks((const char *)bare.data);
    if (!take_word(&s, "ok"))
        goto out;
    s = skip_marks(s);
    if (take_word(&s, "sc"))
        s = skip_marks(s);
    n = strspn(s, "0123456789");
    if (n == 0 || n >= sizeof(digits) || isalpha((unsigned char)s[n]))
        goto out;
    memcpy(digits, s, n);
    digits[n] = '\0';
    ok = incident_id_of(digits, incident);
out:
    nh_buf_fini(&bare);
    return ok;
}

/* Digits alone, the country's 84 for a leading 0. */
static void
bare_number(const char *s, char out[24])
{
    size_t n = 0;

    for (; *s != '\0' && n + 3 < 24; s++)
        if (isdigit((unsigned char)*s)) {
            if (n == 0 && *s == '0') {
                out[n++] = '8';
                out[n++] = '4';
            } else {
                out[n++] = *s;
            }
        }
    out[n] = '\0';
}

bool
ack_same_number(const char *a, const char *b)
{
    char one[24], other[24];

    bare_number(a, one);
    bare_number(b, other);
    return strlen(one) >= 3 && strcmp(one, other) == 0;
}
