/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ber.h - the elements of which SNMP messages are made (X.690; RFC 3417 section 8)
 *
 * Lengths are definite and of at most four bytes. What is lent lies in the input. Pure.
 */
#ifndef NH_BER_H
#define NH_BER_H

#include "libnhip/buf.h"

enum { NH_BER_INTEGER = 0x02, NH_BER_OCTETS = 0x04, NH_BER_SEQUENCE = 0x30 };

/* The content of the next element, which has to be of this tag; else `in` is bad, and
 * empty. */
struct nh_slice nh_ber_take(struct nh_slice *in, uint8_t tag);
/* An INTEGER of at most five bytes; 0 where it is none, and `in` is bad. */
int64_t nh_ber_take_integer(struct nh_slice *in);

#endif
