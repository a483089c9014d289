/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ber.c - tag, length, content */
#include "libnhip/ber.h"

struct nh_slice
nh_ber_take(struct nh_slice *in, uint8_t tag)
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

int64_t
nh_ber_take_integer(struct nh_slice *in)
{
    struct nh_slice v = nh_ber_take(in, NH_BER_INTEGER);
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
