/* SPDX-License-Identifier: GPL-3.0-or-later */
/* profile.c - any text as an SNMP profile: taken whole, or refused with its place */
#include "libnhip/snmp_profile.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char object_id[] = "1.3.6.1.4.1.14988.1";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a device says may be any text, too. */
static void
try_row(const struct nh_snmp_profile_row *r, const uint8_t *data, size_t size)
{
    const struct nh_snmp_var v = {
        .type = NH_SNMP_BYTES, .bytes = data, .bytes_len = size
    };
    struct nh_oid column;
    double n = 0;

    if (nh_snmp_profile_column(r, object_id, &column) && column.len > NH_COUNT(column.id))
        abort();
    if (nh_snmp_profile_value(r, &v, &n) && isnan(n))
        abort();
}

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
        size_t count = nh_snmp_profile_rows(list, object_id, rows, 8, &name);

        if (count > 8)
            abort();
        for (size_t i = 0; i < count; i++)
            try_row(rows[i], data, size);
    } else if (list != NULL || strncmp(why, "fuzz:", 5) != 0) {
        abort();
    }
    nh_snmp_profile_free(list);
    return 0;
}
