/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * port_rates.h - an interface's counters, and what two looks at them say; pure functions
 */
#ifndef NH_SENSORS_PORT_RATES_H
#define NH_SENSORS_PORT_RATES_H

#include "libnhip/reading.h"
#include <stdbool.h>

struct port_counters {
    int64_t mono_us; /* when they were read; 0: never */
    int index;       /* of the interface: another one starts from 0 */
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
    uint64_t rx_errors, tx_errors, rx_drops, tx_drops;
};

/*
 * Rates from `before` to `now` into `r`. A counter that went back is a 32-bit one that
 * wrapped when the packets of both ways went on, and has no rate otherwise: the driver
 * was reset, or packets wrapped, and nobody can tell how far it went. Nothing is added
 * when the two looks are not of the same interface.
 */
void port_rates(const struct nh_kind *kind, const struct port_counters *before,
    const struct port_counters *now, struct nh_reading *r);

#endif
