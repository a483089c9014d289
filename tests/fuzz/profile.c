/* SPDX-License-Identifier: GPL-3.0-or-later */
/* profile.c - any text as an SNMP profile: taken whole, or refused with its place */
#include "libnhip/snmp_profile.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct nh_snmp_profile_row *rows[8];
    struct nh_snmp_profile *list = NULL;
    const char *name;
    char why[256];

    if (nh_snmp_profile_parse(&list, "fuzz", (const char *)data, size, why) == NH_OK) {
        if (list == NULL || list->device.len == 0 || *list->name == '\0')
            abort();
        if (nh_snmp_profile_rows(list, "1.3.6.1.4.1.14988.1", rows, 8, &name) > 8)
            abort();
    } else if (list != NULL || strncmp(why, "fuzz:", 5) != 0) {
        abort();
    }
    nh_snmp_profile_free(list);
    return 0;
}
