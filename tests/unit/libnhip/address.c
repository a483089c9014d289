/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c - rows of what people write, and what is no address */
#include "libnhip/address.h"
#include "tests/unit/check.h"

static void
splits(void)
{
    static const struct {
        const char *text, *host;
        uint16_t def, port;
        enum nh_err want;
    } rows[] = {
        { "a.vn:7443", "a.vn", 0, 7443, NH_OK },
        { "10.0.0.2", "10.0.0.2", 53, 53, NH_OK },
        { "[2001:db8::1]:53", "2001:db8::1", 0, 53, NH_OK },
        { "[2001:db8::1]", "2001:db8::1", 53, 53, NH_OK },
        { "2001:db8::1", "2001:db8::1", 53, 53, NH_OK },
        { "a:0", "a", 0, 0, NH_OK },
        { "a", "", 0, 0, NH_EFORMAT },
        { "2001:db8::1", "", 0, 0, NH_EFORMAT },
        { ":80", "", 0, 0, NH_EFORMAT },
        { "", "", 53, 0, NH_EFORMAT },
        { "[]:80", "", 0, 0, NH_EFORMAT },
        { "[::1", "", 53, 0, NH_EFORMAT },
        { "[::1]x", "", 53, 0, NH_EFORMAT },
        { "a:", "", 0, 0, NH_EFORMAT },
        { "a:65536", "", 0, 0, NH_EFORMAT },
        { "a:-1", "", 0, 0, NH_EFORMAT },
        { "a: 1", "", 0, 0, NH_EFORMAT },
        { "a:000080", "", 0, 0, NH_EFORMAT },
        { "0123456789abcdefghij:1", "", 0, 0, NH_ETOOBIG },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        char host[20] = "";
        uint16_t port = 0;

        CHECK_EQ(nh_address_split(rows[i].text, rows[i].def, host, sizeof(host), &port),
            rows[i].want, rows[i].text);
        CHECK_STR(host, rows[i].host, rows[i].text);
        CHECK_EQ(port, rows[i].port, rows[i].text);
    }
}

int
main(void)
{
    RUN(splits);
    return check_done();
}
