/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap.c - any objects as a trap: its text is UTF-8 and fits
 *
 * Input: generic, specific, then objects: length of the name, its bytes (one an id), the
 * type, length of the value, its bytes.
 */
#include "libnhip/trap.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned long enterprise[] = { 1, 3, 6, 1, 4, 1, 8072, 9999 };

static void
take_ids(struct nh_slice from, unsigned long *to, size_t *len)
{
    for (*len = 0; from.len > 0 && *len < NH_OID_MAX; (*len)++)
        to[*len] = nh_take_u8(&from);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct {
        unsigned long name[NH_OID_MAX], value[NH_OID_MAX];
    } store[NH_TRAP_VARS_MAX + 8];
    struct nh_slice in = nh_slice_of(data, size);
    struct nh_trap trap = { 0 };
    struct nh_trap_meaning m;
    int8_t generic = (int8_t)nh_take_u8(&in), specific = (int8_t)nh_take_u8(&in);

    (void)nh_trap_from_v1(&trap, enterprise, NH_COUNT(enterprise), generic, specific);
    for (size_t i = 0; in.len > 0 && i < NH_COUNT(store); i++) {
        struct nh_snmp_var v = { .oid = store[i].name };
        struct nh_slice value;
        size_t ids;

        take_ids(nh_take(&in, nh_take_u8(&in)), store[i].name, &v.oid_len);
        v.type = nh_take_u8(&in) % (NH_SNMP_DECIMAL + 1);
        value = nh_take(&in, nh_take_u8(&in));
        v.bytes = value.p;
        v.bytes_len = value.len;
        if (v.type == NH_SNMP_OBJECT) {
            take_ids(value, store[i].value, &ids);
            v.bytes = store[i].value;
            v.bytes_len = ids * sizeof(store[i].value[0]);
        }
        v.number = (int64_t)value.len - 100;
        v.unsigned_number = value.len;
        v.decimal = (double)value.len / 3;
        (void)nh_trap_put(&trap, &v);
    }
    if (trap.oid_len > NH_OID_MAX || trap.var_count > NH_TRAP_VARS_MAX)
        abort();
    nh_trap_mean(&trap, &m);
    if ((unsigned)m.kind >= NH_TRAP_KINDS || strlen(m.text) > NH_EVENT_TEXT_MAX ||
        !nh_utf8_is_valid(m.text, strlen(m.text)))
        abort();
    return 0;
}
