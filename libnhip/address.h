/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address.h - "host:port" as people write it
 *
 * "host:port" and "[v6]:port"; with a default port also "host", "[v6]" and a bare IPv6
 * address (RFC 3986 section 3.2.2 for the brackets). Pure; nothing is looked up.
 */
#ifndef NH_ADDRESS_H
#define NH_ADDRESS_H

#include "libnhip/err.h"
#include <stdint.h>

/* `def_port` 0: a port must be written. Port 0 comes back only where it is written: who
 * listens may want it, who connects refuses it. Errors: NH_EFORMAT, NH_ETOOBIG (host). */
enum nh_err nh_address_split(const char *text, uint16_t def_port, char *host,
    size_t host_size, uint16_t *port) NH_MUST_CHECK;

#endif
