/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crc32c.c - RFC 3720 appendix B.4's values, by instruction and by table */
#include "libnhip/crc32c.h"
#include "tests/unit/check.h"
#include <stdlib.h>

static void
known_values(void)
{
    uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];

    memset(ones, 0xff, sizeof(ones));
    for (int i = 0; i < 32; i++) {
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    CHECK_EQ(nh_crc32c(0, "123456789", 9), 0xE3069283, "check value");
    CHECK_EQ(nh_crc32c(0, zeros, 32), 0x8A9136AA, "zeros");
    CHECK_EQ(nh_crc32c(0, ones, 32), 0x62A8AB43, "ones");
    CHECK_EQ(nh_crc32c(0, up, 32), 0x46DD794E, "ascending");
    CHECK_EQ(nh_crc32c(0, down, 32), 0x113FDB5C, "descending");
    CHECK_EQ(nh_crc32c_table(0, "123456789", 9), 0xE3069283, "table");
}

static void
both_ways_agree(void)
{
    uint8_t bytes[300];

    srandom(7);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)random();
    for (size_t n = 0; n < sizeof(bytes); n++) {
        uint32_t whole = nh_crc32c(0, bytes, n), part = nh_crc32c(0, bytes, n / 3);

        CHECK_EQ(nh_crc32c_table(0, bytes, n), whole, "table");
        CHECK_EQ(nh_crc32c(part, bytes + n / 3, n - n / 3), whole, "in two parts");
    }
}

int
main(void)
{
    RUN(known_values);
    RUN(both_ways_agree);
    return check_done();
}
