/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csrf.c - a token in a cookie and in the form, the same; and where the form stood
 *
 * Browsers tell the origin of every form that they post (Fetch standard, section 3.2) and
 * newer ones its relation to us (Sec-Fetch-Site). The scheme is not compared: a proxy may
 * speak TLS for us. What tells neither is no browser that another site can use unless it
 * also sent it our cookie, which it does not have.
 */
#include "web/csrf.h"
#include "libnhip/token.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_LEN = CSRF_TOKEN_MAX - 1 };

static const char name[] = "form";

static bool
is_token(const char *s)
{
    return s != NULL && strlen(s) == TOKEN_LEN &&
           strspn(s, "0123456789abcdef") == TOKEN_LEN;
}

void
csrf_token(struct request *r, char out[CSRF_TOKEN_MAX])
{
    const char *have = request_cookie(r, name),
               *scheme = request_header(r, "X-Forwarded-Proto");
    uint8_t raw[TOKEN_LEN / 2];
    char cookie[128];

    if (is_token(have)) {
        memcpy(out, have, CSRF_TOKEN_MAX);
        return;
    }
    nh_random(raw, sizeof(raw));
    for (size_t i = 0; i < sizeof(raw); i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
    snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s", name,
        out, scheme != NULL && strcasecmp(scheme, "https") == 0 ? "; Secure" : "");
    request_add_header(r, "Set-Cookie", cookie);
}

/* "https://status.example.vn" and "status.example.vn". */
static bool
is_host(const char *origin, const char *host)
{
    const char *s = strstr(origin, "://");

    return s != NULL && strcasecmp(s + 3, host) == 0;
}

bool
csrf_fits(const char *cookie, const char *field, const char *host, const char *origin,
    const char *fetch_site)
{
    if (!is_token(cookie) || !is_token(field) ||
        CRYPTO_memcmp(cookie, field, TOKEN_LEN) != 0)
        return false;
    if (fetch_site != NULL && strcmp(fetch_site, "same-origin") != 0)
        return false;
    return origin == NULL || (host != NULL && is_host(origin, host));
}

bool
csrf_is_ours(const struct request *r)
{
    return csrf_fits(request_cookie(r, name), form_get(request_form(r), name),
        request_header(r, "Host"), request_header(r, "Origin"),
        request_header(r, "Sec-Fetch-Site"));
}
