/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_head.h - the outside of an SNMP message, before anything is believed
 *
 * Version and community, or with SNMPv3 flags, engine and user (RFC 3412 section 6, RFC
 * 3414 section 2.4): what a listener has to know before it can decide whether a message
 * is worth its library's time, and with which key. Pure.
 */
#ifndef NH_SNMP_HEAD_H
#define NH_SNMP_HEAD_H

#include "libnhip/buf.h"

struct nh_snmp_head {
    int version;                  /* 1, 2 (v2c) or 3 */
    struct nh_slice community;    /* v1, v2c */
    uint8_t flags;                /* v3: 1 authenticated, 2 encrypted, 4 reportable */
    struct nh_slice engine, user; /* v3 */
};

/* What `out` lends lies in `message`. NH_EFORMAT: no SNMP message. */
enum nh_err nh_snmp_head(struct nh_slice message, struct nh_snmp_head *out) NH_MUST_CHECK;

#endif
