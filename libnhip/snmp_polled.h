/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_polled.h - what the sensor `snmp` has learnt of the devices that this process asks
 *
 * Threads: the loop's.
 */
#ifndef NH_SNMP_POLLED_H
#define NH_SNMP_POLLED_H

#include "libnhip/snmp_device.h"

/* By the address and credential of an assignment. Lent until the loop runs on; NULL: no
 * check asks this device, or no round has ended yet. *ended_ms, CLOCK_BOOTTIME, is when
 * the last one did. */
const struct nh_snmp_facts *nh_snmp_polled(
    const char *address, const char *credential, int64_t *ended_ms);

#endif
