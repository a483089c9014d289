/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csrf.h - is this form ours?
 *
 * A page of another site can make a browser post to us. Our forms carry a random token
 * that also stands in a cookie which browsers send from our own pages only; and what the
 * browser says of where the form stood must be this host.
 */
#ifndef WEB_CSRF_H
#define WEB_CSRF_H

#include "web/http.h"

enum { CSRF_TOKEN_MAX = 33 };

/* The token for a form of the answer: the client's own, or a fresh one and its cookie. */
void csrf_token(struct request *r, char out[CSRF_TOKEN_MAX]);
/* Was the form posted from a page of ours? */
bool csrf_is_ours(const struct request *r);
/* The same from its parts, each NULL where missing. */
bool csrf_fits(const char *cookie, const char *field, const char *host,
    const char *origin, const char *fetch_site);

#endif
