/* SPDX-License-Identifier: GPL-3.0-or-later */
/* port_rates.c - rates from counters that go on, wrap and are reset */
#include "libnhip/sensors/port_rates.h"
#include "tests/unit/check.h"

enum { NONE = -1 };

static void
rates(void)
{
    static const struct {
        const char *name;
        struct port_counters before, now;
        long long rx_bps, tx_bps, rx_errors; /* errors in hundredths; NONE: absent */
    } rows[] = {
        { "going on", { 1000000, 2, 10, 10, 1000, 2000, 5, 0, 0, 0 },
            { 11000000, 2, 20, 20, 11000, 2000, 10, 0, 0, 0 }, 8000, 0, 50 },
        { "32 bits wrapped", { 1000000, 2, 10, 10, 4294967290, 0, 0, 0, 0, 0 },
            { 2000000, 2, 11, 10, 4, 0, 0, 0, 0, 0 }, 80, 0, 0 },
        { "64 bits went back", { 1000000, 2, 10, 10, 5000000000, 10, 0, 0, 0, 0 },
            { 2000000, 2, 11, 10, 4, 20, 0, 0, 0, 0 }, NONE, 80, 0 },
        { "driver was reset", { 1000000, 2, 1000, 1000, 3000000000, 500, 9, 0, 0, 0 },
            { 2000000, 2, 1, 0, 60, 0, 0, 0, 0, 0 }, NONE, NONE, NONE },
        { "another interface", { 1000000, 2, 10, 10, 1000, 2000, 0, 0, 0, 0 },
            { 2000000, 3, 20, 20, 2000, 3000, 0, 0, 0, 0 }, NONE, NONE, NONE },
        { "first look", { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
            { 2000000, 2, 20, 20, 2000, 3000, 0, 0, 0, 0 }, NONE, NONE, NONE },
    };
    const struct nh_kind *kind = nh_kind_find("port");

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_reading r = { 0 };
        const struct {
            int metric;
            long long want;
        } wants[] = { { NH_PORT_RX_BPS, rows[i].rx_bps },
            { NH_PORT_TX_BPS, rows[i].tx_bps },
            { NH_PORT_RX_ERRORS, rows[i].rx_errors } };

        port_rates(kind, &rows[i].before, &rows[i].now, &r);
        for (size_t k = 0; k < NH_COUNT(wants); k++) {
            CHECK_EQ(
                r.present >> wants[k].metric & 1, wants[k].want != NONE, rows[i].name);
            if (wants[k].want != NONE)
                CHECK_EQ(r.value[wants[k].metric], wants[k].want, rows[i].name);
        }
    }
}

int
main(void)
{
    RUN(rates);
    return check_done();
}
