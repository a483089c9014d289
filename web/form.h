/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * form.h - what a form sends: application/x-www-form-urlencoded, decoded
 *
 * Names and values are UTF-8 without control characters; line ends of a text box become
 * '\n'. The bounds are those of our own forms.
 */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include "libnhip/buf.h"

enum { FORM_BYTES_MAX = 16 * 1024, FORM_FIELDS_MAX = 16 };

struct form;

/* NH_ETOOBIG: over a bound; NH_EFORMAT: a bad escape, or no text; NH_ENOMEM. */
enum nh_err form_read(struct form **out, const void *bytes, size_t len) NH_MUST_CHECK;
void form_free(struct form *f);
/* The first field of that name, without blanks at its ends; NULL: there is none. */
const char *form_get(const struct form *f, const char *name);

/* Text as it stands in a cookie or a path: all but letters, digits and "-._~" escaped. */
void url_escape(const char *s, struct nh_buf *out);
/* Back again, in place of `out`, which ends with a zero. `plus`: a '+' is a blank. */
enum nh_err url_unescape(
    const char *s, size_t len, bool plus, struct nh_buf *out) NH_MUST_CHECK;

#endif
