/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_message.c - questions as bytes, and answers of all sorts to one */
#include "libnhip/sensors/dns_message.h"
#include "libnhip/err.h"
#include "tests/unit/check.h"

static void
queries(void)
{
    uint8_t got[DNS_MESSAGE_MAX], want[64];
    size_t len = dns_query(got, "ab.vn.", DNS_AAAA, 0x1234);
    char label[80];

    CHECK_EQ(len,
        unhex(want, sizeof(want),
            "1234 0100 0001 0000 0000 0000 02 6162 02 766e 00 001c 0001"),
        "length");
    CHECK(memcmp(got, want, len) == 0);
    CHECK_EQ(dns_query(got, "a..b", DNS_A, 1), 0, "empty label");
    CHECK_EQ(dns_query(got, ".", DNS_A, 1), 0, "only a dot");
    memset(label, 'x', sizeof(label));
    label[64] = '\0';
    CHECK_EQ(dns_query(got, label, DNS_A, 1), 0, "label of 64");
    label[63] = '\0';
    CHECK(dns_query(got, label, DNS_A, 1) > 0);
}

#define QUESTION "02 6162 02 766e 00 0001 0001"
#define RECORD_A "c00c 0001 0001 0000003c 0004 0a000001"
#define RECORD_CNAME "c00c 0005 0001 0000003c 0002 c00c"

static const struct {
    const char *name, *hex;
    enum dns_verdict want;
    int rcode;
} rows[] = {
    { "address", "1234 8180 0001 0001 0000 0000" QUESTION RECORD_A, DNS_ANSWERED, 0 },
    { "alias, then address",
        "1234 8180 0001 0002 0000 0000" QUESTION RECORD_CNAME RECORD_A, DNS_ANSWERED, 0 },
    { "other case", "1234 8180 0001 0001 0000 0000 02 4162 02 566e 00 0001 0001" RECORD_A,
        DNS_ANSWERED, 0 },
    { "alias only", "1234 8180 0001 0001 0000 0000" QUESTION RECORD_CNAME, DNS_FAILED,
        0 },
    { "no record", "1234 8180 0001 0000 0000 0000" QUESTION, DNS_FAILED, 0 },
    { "no such name", "1234 8183 0001 0000 0000 0000" QUESTION, DNS_FAILED, 3 },
    { "record cut off", "1234 8180 0001 0001 0000 0000" QUESTION "c00c 0001", DNS_FAILED,
        0 },
    { "data past the end",
        "1234 8180 0001 0002 0000 0000" QUESTION "c00c 0005 0001 0000003c ffff c00c",
        DNS_FAILED, 0 },
    { "another id", "1235 8180 0001 0001 0000 0000" QUESTION RECORD_A, DNS_NOT_OURS, 0 },
    { "a query", "1234 0100 0001 0000 0000 0000" QUESTION, DNS_NOT_OURS, 0 },
    { "another question", "1234 8180 0001 0001 0000 0000 02 6163 02 766e 00 0001 0001",
        DNS_NOT_OURS, 0 },
    { "short", "1234 8180", DNS_NOT_OURS, 0 },
};

static void
answers(void)
{
    uint8_t query[DNS_MESSAGE_MAX], answer[128];
    size_t query_len = dns_query(query, "ab.vn", DNS_A, 0x1234);

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        size_t len = unhex(answer, sizeof(answer), rows[i].hex);
        int rcode = -1;

        CHECK_EQ(
            dns_judge(query, query_len, answer, len, &rcode), rows[i].want, rows[i].name);
        if (rows[i].want != DNS_NOT_OURS)
            CHECK_EQ(rcode, rows[i].rcode, rows[i].name);
    }
}

int
main(void)
{
    RUN(queries);
    RUN(answers);
    return check_done();
}
