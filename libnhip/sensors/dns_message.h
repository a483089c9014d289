/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dns_message.h - one question to a name server and the judgement of its answer (RFC
 * 1035); pure functions
 */
#ifndef NH_SENSORS_DNS_MESSAGE_H
#define NH_SENSORS_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DNS_MESSAGE_MAX = 512, DNS_A = 1, DNS_AAAA = 28 };

/* A recursive query for `name` into `out`; its length, 0 when it is no domain name. */
size_t dns_query(
    uint8_t out[DNS_MESSAGE_MAX], const char *name, uint16_t type, uint16_t id);

enum dns_verdict {
    DNS_NOT_OURS, /* no answer to this query: wait on */
    DNS_FAILED,   /* an error, or no record of the type asked for */
    DNS_ANSWERED,
};

/* What `answer` says to `query`. *rcode is its response code unless DNS_NOT_OURS. */
enum dns_verdict dns_judge(const uint8_t *query, size_t query_len, const uint8_t *answer,
    size_t len, int *rcode);

#endif
