/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_head.c - a careful walk down the first few BER elements
 *
 *   v1, v2c:  SEQUENCE { version, community, PDU }
 *   v3:       SEQUENCE { version, SEQUENCE { id, size, flags, model },
 *                        OCTETS { SEQUENCE { engine, boots, time, user, ... } }, ... }
 *
 * Bytes after the message are left alone, as net-snmp leaves them.
 */
#include "libnhip/snmp_head.h"
#include "libnhip/ber.h"

enum {
    PDU_FIRST = 0xa0, /* GET ... */
    PDU_LAST = 0xa8,  /* ... REPORT */
    MODEL_USM = 3,
};

static enum nh_err
head_v3(struct nh_slice *in, struct nh_snmp_head *out)
{
    struct nh_slice global = nh_ber_take(in, NH_BER_SEQUENCE), flags, outer, usm;

    (void)nh_ber_take_integer(&global); /* the message's number */
    (void)nh_ber_take_integer(&global); /* its greatest size */
    flags = nh_ber_take(&global, NH_BER_OCTETS);
    out->flags = nh_take_u8(&flags);
    if (nh_ber_take_integer(&global) != MODEL_USM || global.bad || flags.bad)
        return NH_EFORMAT;
    outer = nh_ber_take(in, NH_BER_OCTETS);
    usm = nh_ber_take(&outer, NH_BER_SEQUENCE);
    out->engine = nh_ber_take(&usm, NH_BER_OCTETS);
    (void)nh_ber_take_integer(&usm); /* boots */
    (void)nh_ber_take_integer(&usm); /* time */
    out->user = nh_ber_take(&usm, NH_BER_OCTETS);
    if (in->bad || outer.bad || usm.bad || out->engine.len > 32 || out->user.len > 32)
        return NH_EFORMAT;
    return NH_OK;
}

enum nh_err
nh_snmp_head(struct nh_slice message, struct nh_snmp_head *out)
{
    static const int versions[] = { 1, 2, 0, 3 };
    struct nh_slice in = nh_ber_take(&message, NH_BER_SEQUENCE);
    int64_t version = nh_ber_take_integer(&in);

    *out = (struct nh_snmp_head){ 0 };
    if (in.bad || version < 0 || version > 3 || versions[version] == 0)
        return NH_EFORMAT;
    out->version = versions[version];
    if (out->version == 3)
        return head_v3(&in, out);
    out->community = nh_ber_take(&in, NH_BER_OCTETS);
    if (in.bad || in.len == 0 || in.p[0] < PDU_FIRST || in.p[0] > PDU_LAST)
        return NH_EFORMAT;
    return NH_OK;
}
