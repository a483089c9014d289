/* SPDX-License-Identifier: GPL-3.0-or-later */
/* port_rates.c - counters become rates where they are read, wraps and resets known */
#include "libnhip/sensors/port_rates.h"
#include "libnhip/sensors/shared.h"

static bool
delta(uint64_t before, uint64_t now, bool was_reset, double *out)
{
    if (was_reset)
        return false;
    if (now < before) {
        if (before > UINT32_MAX)
            return false; /* no 32-bit counter, and 64 bits do not wrap */
        now += UINT64_C(1) << 32;
    }
    *out = (double)(now - before);
    return true;
}

void
port_rates(const struct nh_kind *kind, const struct port_counters *before,
    const struct port_counters *now, struct nh_reading *r)
{
    const struct {
        int metric;
        uint64_t before, now;
        double factor;
    } rows[] = {
        { NH_PORT_RX_BPS, before->rx_bytes, now->rx_bytes, 8 },
        { NH_PORT_TX_BPS, before->tx_bytes, now->tx_bytes, 8 },
        { NH_PORT_RX_ERRORS, before->rx_errors, now->rx_errors, 1 },
        { NH_PORT_TX_ERRORS, before->tx_errors, now->tx_errors, 1 },
        { NH_PORT_RX_DROPS, before->rx_drops, now->rx_drops, 1 },
        { NH_PORT_TX_DROPS, before->tx_drops, now->tx_drops, 1 },
    };
    bool was_reset =
        now->rx_packets < before->rx_packets || now->tx_packets < before->tx_packets;
    double seconds = (double)(now->mono_us - before->mono_us) / 1e6;

    if (before->mono_us == 0 || before->index != now->index || seconds <= 0)
        return;
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        double d;

        if (delta(rows[i].before, rows[i].now, was_reset, &d))
            nh_reading_put(r, kind, rows[i].metric, d * rows[i].factor / seconds);
    }
}
