/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_value.c - what of SNMP is plain data: words, numbers, object identifiers,
 * credentials */
#include "libnhip/buf.h"
#include "libnhip/snmp.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const words[NH_SNMP_RESULTS] = {
    [NH_SNMP_OK] = "it answers",
    [NH_SNMP_TIMEOUT] =
        "no answer: it is off, filtered, or knows no such community or privacy key",
    [NH_SNMP_REFUSED] = "the host is there, but no SNMP agent listens on this port",
    [NH_SNMP_UNREACHABLE] = "the network says that there is no way to this address",
    [NH_SNMP_USER] = "it does not know this user",
    [NH_SNMP_KEY] = "wrong authentication key or protocol for this user",
    [NH_SNMP_PRIV_KEY] = "wrong privacy key or protocol for this user",
    [NH_SNMP_SEC_LEVEL] = "it does not allow this user this security level",
    [NH_SNMP_TIME] = "its engine clock is outside the time window and does not settle",
    [NH_SNMP_VIEW] = "access refused: the view of this community or user is too narrow",
    [NH_SNMP_TOOBIG] = "the answer does not fit into one of its packets",
    [NH_SNMP_NO_SUCH] = "it has no such object",
    [NH_SNMP_GENERR] = "it reports an error of its own",
    [NH_SNMP_NONSENSE] = "its answer makes no sense",
    [NH_SNMP_SLOW] = "it answers, but so slowly that it cannot be read in two minutes",
    [NH_SNMP_LOCAL] = "the request could not be sent from here",
};

const char *
nh_snmp_words(enum nh_snmp_result result)
{
    return (unsigned)result < NH_COUNT(words) ? words[result] : "unknown";
}

const char *
nh_snmp_key(enum nh_snmp_result result)
{
    static const char *const keys[NH_SNMP_RESULTS] = { [NH_SNMP_OK] = "snmp_answers",
        [NH_SNMP_TIMEOUT] = "snmp_silent",
        [NH_SNMP_REFUSED] = "snmp_refused",
        [NH_SNMP_UNREACHABLE] = "snmp_unreachable",
        [NH_SNMP_USER] = "snmp_user",
        [NH_SNMP_KEY] = "snmp_key",
        [NH_SNMP_PRIV_KEY] = "snmp_priv_key",
        [NH_SNMP_SEC_LEVEL] = "snmp_level",
        [NH_SNMP_TIME] = "snmp_time",
        [NH_SNMP_VIEW] = "snmp_view",
        [NH_SNMP_TOOBIG] = "snmp_too_big",
        [NH_SNMP_NO_SUCH] = "snmp_no_such",
        [NH_SNMP_GENERR] = "snmp_general",
        [NH_SNMP_NONSENSE] = "snmp_nonsense",
        [NH_SNMP_SLOW] = "snmp_slow",
        [NH_SNMP_LOCAL] = "snmp_local" };

    return (unsigned)result < NH_COUNT(keys) ? keys[result] : "snmp_nonsense";
}

void
nh_snmp_credential_wipe(struct nh_snmp_credential *c)
{
    explicit_bzero(c, sizeof(*c));
}

enum nh_err
nh_oid_parse(const char *text, struct nh_oid *out)
{
    struct nh_oid o = { 0 };

    if (*text == '.')
        text++;
    do {
        char *end;
        unsigned long v;

        if (*text < '0' || *text > '9')
            return NH_EFORMAT;
        errno = 0;
        v = strtoul(text, &end, 10);
        if (errno != 0 || v > UINT32_MAX)
            return NH_EFORMAT;
        if (o.len == NH_COUNT(o.id))
            return NH_ETOOBIG;
        o.id[o.len++] = (uint32_t)v;
        text = end;
    } while (*text == '.' && *text++ != '\0');
    if (*text != '\0')
        return NH_EFORMAT;
    *out = o;
    return NH_OK;
}

void
nh_oid_text(const unsigned long *id, size_t len, char *out, size_t size)
{
    size_t at = 0;

    *out = '\0';
    for (size_t i = 0; i < len; i++) {
        int n = snprintf(out + at, size - at, "%s%lu", i > 0 ? "." : "", id[i]);

        if (n < 0 || (size_t)n >= size - at)
            return;
        at += (size_t)n;
    }
}

bool
nh_snmp_whole_number(const struct nh_snmp_var *v, uint64_t *out)
{
    switch (v->type) {
    case NH_SNMP_SIGNED:
        if (v->number < 0)
            return false;
        *out = (uint64_t)v->number;
        return true;
    case NH_SNMP_UNSIGNED:
    case NH_SNMP_TICKS:
    case NH_SNMP_COUNTER32:
    case NH_SNMP_COUNTER64:
        *out = v->unsigned_number;
        return true;
    default:
        return false;
    }
}

bool
nh_snmp_number(const struct nh_snmp_var *v, double *out)
{
    uint64_t n;

    if (v->type == NH_SNMP_DECIMAL) {
        *out = v->decimal;
    } else if (v->type == NH_SNMP_SIGNED) {
        *out = (double)v->number;
    } else {
        if (!nh_snmp_whole_number(v, &n))
            return false;
        *out = (double)n;
    }
    return true;
}

/* Year, month, day, hour, minute, second, tenths, and UTC as +0:0. */
bool
nh_snmp_date(int64_t unix_s, uint8_t out[NH_SNMP_DATE_LEN])
{
    time_t at = (time_t)unix_s;
    struct tm tm;

    if (gmtime_r(&at, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 65535 - 1900)
        return false;
    memset(out, 0, NH_SNMP_DATE_LEN);
    out[0] = (uint8_t)((tm.tm_year + 1900) >> 8);
    out[1] = (uint8_t)(tm.tm_year + 1900);
    out[2] = (uint8_t)(tm.tm_mon + 1);
    out[3] = (uint8_t)tm.tm_mday;
    out[4] = (uint8_t)tm.tm_hour;
    out[5] = (uint8_t)tm.tm_min;
    out[6] = (uint8_t)tm.tm_sec;
    out[8] = '+';
    return true;
}

/* How many bytes at the end are the beginning of a letter that was cut. */
static size_t
cut_letter(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)text[len - back];

        if (c >= 0xc0)
            return back < (c >= 0xf0 ? 4U : c >= 0xe0 ? 3U : 2U) ? back : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}

void
nh_snmp_text(const struct nh_snmp_var *v, char *out, size_t size)
{
    const char *from = v->bytes;
    size_t len = v->bytes_len, cut;

    while (len > 0 && (from[len - 1] == '\0' || from[len - 1] == ' '))
        len--;
    if (len >= size)
        len = size - 1;
    while (len > 0 && len < v->bytes_len && ((unsigned char)from[len] & 0xc0) == 0x80)
        len--; /* not through the middle of a letter */
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? ' ' : from[i];
    cut = cut_letter(out, len); /* as devices do that count bytes */
    if (cut > 0 && nh_utf8_is_valid(out, len - cut))
        len -= cut;
    out[len] = '\0';
    if (!nh_utf8_is_valid(out, len))
        for (size_t i = 0; i < len; i++)
            if ((unsigned char)out[i] >= 0x80)
                out[i] = '?';
}
