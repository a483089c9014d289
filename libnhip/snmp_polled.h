/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_polled.h - what the sensor `snmp` has learnt of the devices that this process asks
 *
 * Threads: the loop's.
 */
#ifndef NH_SNMP_POLLED_H
#define NH_SNMP_POLLED_H

#include "libnhip/snmp_device.h"

struct nh_snmp_learnt {
    const struct nh_snmp_facts *facts; /* lent until the loop runs on */
    int64_t age_ms;                    /* since the last round ended */
    bool has_twin; /* v3: another device that is asked from here has its engine's id */
};

/* By the address and credential of an assignment. False: no check asks this device, or no
 * round has ended yet. */
bool nh_snmp_polled(
    const char *address, const char *credential, struct nh_snmp_learnt *out);

#endif
