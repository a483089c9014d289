/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_head.c - any datagram as an SNMP message: what is lent lies inside it */
#include "libnhip/snmp_head.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct nh_slice part, const uint8_t *data, size_t size)
{
    if (part.len > 0 && (part.p < data || part.p + part.len > data + size))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_snmp_head head;

    if (nh_snmp_head(nh_slice_of(data, size), &head) != NH_OK)
        return 0;
    if (head.version < 1 || head.version > 3 || head.engine.len > 32 ||
        head.user.len > 32)
        abort();
    inside(head.community, data, size);
    inside(head.engine, data, size);
    inside(head.user, data, size);
    return 0;
}
