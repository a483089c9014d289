/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * octets.h - 16 bits in network order, and the Internet checksum (RFC 1071)
 *
 * For packets that are written by hand: ICMP and DNS. Pure.
 */
#ifndef NH_OCTETS_H
#define NH_OCTETS_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t
nh_get_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void
nh_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Of `len` bytes, an even number below 64 KiB; zeros behind them add nothing. */
static inline uint16_t
nh_internet_checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2)
        sum += nh_get_be16(p + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

#endif
