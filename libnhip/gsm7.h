/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gsm7.h - what fits into a text message (3GPP TS 23.038)
 *
 * The default alphabet has 7 bits a character: 160 septets in one message, 153 in each
 * part of a longer one. The extension table's characters ([ ] { } ^ ~ | \ and the euro
 * sign) take two. One character outside of both turns the whole message into UCS-2: 70
 * units, 67 in each part; beyond the basic plane a character takes two.
 */
#ifndef NH_GSM7_H
#define NH_GSM7_H

#include "libnhip/buf.h"

enum {
    NH_GSM7_ONE = 160,
    NH_GSM7_PART = 153,
    NH_UCS2_ONE = 70,
    NH_UCS2_PART = 67,
    NH_SMS_PARTS_MAX = 8,
};

/* Septets that `s` takes, or -1 when a character of it is outside the alphabet. */
int nh_gsm7_len(const char *s);
/* UTF-16 units that `s` takes. */
int nh_ucs2_len(const char *s);
/* How many messages `s` becomes, either way; 0: nothing to send. */
int nh_sms_parts(const char *s);

/*
 * `s` in the default alphabet: marks taken off, đ as d, other characters that have a
 * plain form by it, the rest as "?". Line ends stay.
 */
void nh_gsm7_plain(const char *s, struct nh_buf *out);

/*
 * Cut `s` so that it takes at most `parts` messages, between words where one ends in the
 * last half of what fits, else between characters, with "..." where something was left
 * out.
 */
void nh_sms_fit(const char *s, int parts, struct nh_buf *out);

#endif
