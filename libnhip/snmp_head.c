/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_head.c - a careful walk down the first few BER elements
 *
 *   v1, v2c:  SEQUENCE { version, community, PDU }
 *   v3:       SEQUENCE { version, SEQUENCE { id, size, flags, model },
 *                        OCTETS { SEQUENCE { engine, boots, time, user, ... } }, ... }
 *
 * Lengths are definite and of at most four bytes (RFC 3417 section 8). Bytes after the
 * message are left alone, as net-snmp leaves them.
 */
#include "libnhip/snmp_head.h"

enum {
    INTEGER = 0x02,
    OCTETS = 0x04,
    SEQUENCE = 0x30,
    PDU_FIRST = 0xa0, /* GET ... */
    PDU_LAST = 0xa8,  /* ... REPORT */
    MODEL_USM = 3,
};

/* The content of the next element, which has to be of this tag; else `in` is bad. */
static struct nh_slice
element(struct nh_slice *in, uint8_t tag)
{
    uint8_t got = nh_take_u8(in), first = nh_take_u8(in);
    size_t len = first & 0x7f;

    if (got != tag || (first & 0x80 && (len == 0 || len > 4)))
        in->bad = true;
    if (!in->bad && (first & 0x80) != 0) {
        size_t count = len;

        len = 0;
        while (count-- > 0)
            len = len << 8 | nh_take_u8(in);
    }
    if (in->bad) {
        in->len = 0;
        return (struct nh_slice){ .bad = true };
    }
    return nh_take(in, len);
}

static int64_t
integer(struct nh_slice *in)
{
    struct nh_slice v = element(in, INTEGER);
    int64_t n;

    if (v.len == 0 || v.len > 5) {
        in->bad = true;
        return 0;
    }
    n = nh_take_u8(&v);
    if (n >= 0x80)
        n -= 0x100;
    while (v.len > 0)
        n = n * 256 + nh_take_u8(&v);
    return n;
}

static enum nh_err
head_v3(struct nh_slice *in, struct nh_snmp_head *out)
{
    struct nh_slice global = element(in, SEQUENCE), flags, outer, usm;

    (void)integer(&global); /* the message's number */
    (void)integer(&global); /* its greatest size */
    flags = element(&global, OCTETS);
    out->flags = nh_take_u8(&flags);
    if (integer(&global) != MODEL_USM || global.bad || flags.bad)
        return NH_EFORMAT;
    outer = element(in, OCTETS);
    usm = element(&outer, SEQUENCE);
    out->engine = element(&usm, OCTETS);
    (void)integer(&usm); /* boots */
    (void)integer(&usm); /* time */
    out->user = element(&usm, OCTETS);
    if (in->bad || outer.bad || usm.bad || out->engine.len > 32 || out->user.len > 32)
        return NH_EFORMAT;
    return NH_OK;
}

enum nh_err
nh_snmp_head(struct nh_slice message, struct nh_snmp_head *out)
{
    static const int versions[] = { 1, 2, 0, 3 };
    struct nh_slice in = element(&message, SEQUENCE);
    int64_t version = integer(&in);

    *out = (struct nh_snmp_head){ 0 };
    if (in.bad || version < 0 || version > 3 || versions[version] == 0)
        return NH_EFORMAT;
    out->version = versions[version];
    if (out->version == 3)
        return head_v3(&in, out);
    out->community = element(&in, OCTETS);
    if (in.bad || in.len == 0 || in.p[0] < PDU_FIRST || in.p[0] > PDU_LAST)
        return NH_EFORMAT;
    return NH_OK;
}
