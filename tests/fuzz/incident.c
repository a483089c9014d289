/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* incident: bytes of the database as an incident: what is taken comes back the same */
#include "collector/incident.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_slice in = nh_slice_of(data, size);
    struct incident got, copy;
    struct nh_buf first, second;

    if (incident_decode(&in, &got) != NH_OK)
        return 0;
    nh_buf_init(&first, 2 * size + 256);
    nh_buf_init(&second, 2 * size + 256);
    if (incident_dup(&copy, &got) != NH_OK)
        abort();
    incident_encode(&first, &got);
    incident_encode(&second, &copy);
    if (nh_buf_err(&first) != NH_OK || first.len != size - in.len ||
        memcmp(first.data, data, first.len) != 0 || second.len != first.len ||
        memcmp(first.data, second.data, first.len) != 0)
        abort();
    nh_buf_fini(&first);
    nh_buf_fini(&second);
    incident_fini(&got);
    incident_fini(&copy);
    return 0;
}
