/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns.c - any bytes as the answer of a name server, and as an ICMP message that a test on
 * demand hears: nothing is read outside of them, and the same bytes mean the same */
#include "libnhip/echo.h"
#include "libnhip/sensors/dns_message.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
judge(const uint8_t *answer, size_t size, uint16_t type)
{
    uint8_t query[DNS_MESSAGE_MAX];
    size_t len = dns_query(query, "ioffice.caobang.gov.vn", type, 0x1234);
    int rcode = -1, again = -1;
    enum dns_verdict verdict = dns_judge(query, len, answer, size, &rcode);

    if (verdict != dns_judge(query, len, answer, size, &again) || again != rcode)
        abort();
    if (verdict == DNS_NOT_OURS ? rcode != -1 : rcode < 0 || rcode > 15)
        abort();
    if (verdict == DNS_ANSWERED && (rcode != 0 || size < len))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t cookie[NH_ECHO_COOKIE] = "cookies";
    uint8_t *exact = malloc(size > 0 ? size : 1); /* so that a byte too far is seen */
    uint16_t number = 0;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    judge(exact, size, DNS_A);
    judge(exact, size, DNS_AAAA);
    for (int v6 = 0; v6 < 2; v6++) {
        if (nh_echo_read_answer(exact, size, v6, -1, cookie, &number) &&
            size < NH_ECHO_HEADER + NH_ECHO_COOKIE)
            abort();
        if (nh_echo_read_quote(exact, size, v6, 0x1234, &number) && size < NH_ECHO_HEADER)
            abort();
    }
    free(exact);
    return 0;
}
