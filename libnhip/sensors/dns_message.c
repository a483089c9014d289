/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_message.c - the few fields of a DNS message that tell whether a server answers
 *
 *   header 12 | question: name, type 2, class 2 | records: name, type 2, class 2, ttl 4,
 *   length 2, data
 *
 * An answer belongs to a query when it has its id and repeats its question. Names are
 * skipped, never followed: a label of 11 length bits is a pointer and ends the name.
 */
#include "libnhip/sensors/dns_message.h"
#include "libnhip/octets.h"
#include <string.h>

enum { HEADER = 12, LABEL_MAX = 63, NAME_MAX_BYTES = 255, RECORD_FIXED = 10 };

size_t
dns_query(uint8_t out[DNS_MESSAGE_MAX], const char *name, uint16_t type, uint16_t id)
{
    size_t at = HEADER;

    memset(out, 0, HEADER);
    nh_put_be16(out, id);
    nh_put_be16(out + 2, 0x0100); /* recursion desired */
    nh_put_be16(out + 4, 1);
    while (*name != '\0') {
        size_t len = strcspn(name, ".");

        if (len == 0 || len > LABEL_MAX || at + len + 2 > HEADER + NAME_MAX_BYTES)
            return 0;
        out[at] = (uint8_t)len;
        memcpy(out + at + 1, name, len);
        at += len + 1;
        name += len + (name[len] == '.');
    }
    out[at++] = 0;
    nh_put_be16(out + at, type);
    nh_put_be16(out + at + 2, 1); /* IN */
    return at + 4;
}

/* Past the name at `at`; 0: it runs over the end. */
static size_t
skip_name(const uint8_t *p, size_t len, size_t at)
{
    while (at < len) {
        if (p[at] == 0)
            return at + 1;
        if ((p[at] & 0xc0) == 0xc0)
            return at + 2 <= len ? at + 2 : 0;
        if ((p[at] & 0xc0) != 0)
            return 0;
        at += (size_t)p[at] + 1;
    }
    return 0;
}

enum dns_verdict
dns_judge(
    const uint8_t *query, size_t query_len, const uint8_t *answer, size_t len, int *rcode)
{
    uint16_t type = nh_get_be16(query + query_len - 4);
    size_t at = query_len;

    /* names are compared without case, and so are the type and class: those of a query
     * hold no letters */
    if (len < query_len || nh_get_be16(answer) != nh_get_be16(query) ||
        (answer[2] & 0x80) == 0 || nh_get_be16(answer + 4) != 1)
        return DNS_NOT_OURS;
    for (size_t i = HEADER; i < query_len; i++) {
        uint8_t a = answer[i], q = query[i];

        a = a >= 'A' && a <= 'Z' ? (uint8_t)(a + 32) : a;
        q = q >= 'A' && q <= 'Z' ? (uint8_t)(q + 32) : q;
        if (a != q)
            return DNS_NOT_OURS;
    }
    *rcode = answer[3] & 15;
    if (*rcode != 0)
        return DNS_FAILED;
    for (unsigned left = nh_get_be16(answer + 6); left > 0; left--) {
        at = skip_name(answer, len, at);
        if (at == 0 || at + RECORD_FIXED > len)
            return DNS_FAILED;
        if (nh_get_be16(answer + at) == type)
            return DNS_ANSWERED;
        at += RECORD_FIXED + nh_get_be16(answer + at + 8);
    }
    return DNS_FAILED;
}
