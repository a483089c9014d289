/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trap.c - rows of what traps mean
 *
 * UPS-MIB (RFC 1628) says with alarms that come and go what other makers say with a trap
 * of its own, so those two traps are read by the alarm that they bring.
 */
#include "libnhip/trap.h"
#include "libnhip/snmp_names.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// clang-format off
static const unsigned long snmp_traps[]    = { 1, 3, 6, 1, 6, 3, 1, 1, 5 };
static const unsigned long trap_oid[]      = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
static const unsigned long trap_enterprise[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 3, 0 };
static const unsigned long uptime[]        = { 1, 3, 6, 1, 2, 1, 1, 3, 0 };
static const unsigned long proxy_address[] = { 1, 3, 6, 1, 6, 3, 18, 1, 3, 0 };
static const unsigned long proxy_community[] = { 1, 3, 6, 1, 6, 3, 18, 1, 4, 0 };
static const unsigned long if_index[]      = { 1, 3, 6, 1, 2, 1, 2, 2, 1, 1 };
static const unsigned long alarm_descr[]   = { 1, 3, 6, 1, 2, 1, 33, 1, 6, 2, 1, 2 };
static const unsigned long alarms[]        = { 1, 3, 6, 1, 2, 1, 33, 1, 6, 3 };

static const char *const events[NH_TRAP_KINDS] = {
    [NH_TRAP_LINK_DOWN]    = "link_down",
    [NH_TRAP_LINK_UP]      = "link_up",
    [NH_TRAP_COLD_START]   = "cold_start",
    [NH_TRAP_AUTH_FAILURE] = "trap",
    [NH_TRAP_ON_BATTERY]   = "on_battery",
    [NH_TRAP_ON_MAINS]     = "on_mains",
    [NH_TRAP_BATTERY_LOW]  = "battery_low",
    [NH_TRAP_OTHER]        = "trap",
};

static const struct {
    const char *oid;
    enum nh_trap_kind kind;
} traps[] = {
    { "1.3.6.1.6.3.1.1.5.1", NH_TRAP_COLD_START },
    { "1.3.6.1.6.3.1.1.5.3", NH_TRAP_LINK_DOWN },
    { "1.3.6.1.6.3.1.1.5.4", NH_TRAP_LINK_UP },
    { "1.3.6.1.6.3.1.1.5.5", NH_TRAP_AUTH_FAILURE },
    { "1.3.6.1.2.1.33.2.1",  NH_TRAP_ON_BATTERY },     /* UPS-MIB upsTrapOnBattery */
    { "1.3.6.1.2.1.33.2.0.1", NH_TRAP_ON_BATTERY },    /* the same, out of a v1 trap */
    { "1.3.6.1.4.1.318.0.5", NH_TRAP_ON_BATTERY },     /* PowerNet-MIB */
    { "1.3.6.1.4.1.318.0.9", NH_TRAP_ON_MAINS },
    { "1.3.6.1.4.1.318.0.7", NH_TRAP_BATTERY_LOW },
    { "1.3.6.1.4.1.534.1.11.4.1.0.3", NH_TRAP_ON_BATTERY }, /* XUPS-MIB */
    { "1.3.6.1.4.1.534.1.11.4.1.0.5", NH_TRAP_ON_MAINS },
    { "1.3.6.1.4.1.534.1.11.4.1.0.4", NH_TRAP_BATTERY_LOW },
};

/* UPS-MIB: which alarm has come (0) or gone (1). */
static const struct {
    unsigned long alarm;
    int gone;
    enum nh_trap_kind kind;
} ups_alarms[] = {
    { 2, 0, NH_TRAP_ON_BATTERY }, { 2, 1, NH_TRAP_ON_MAINS },
    { 3, 0, NH_TRAP_BATTERY_LOW }, { 4, 0, NH_TRAP_BATTERY_LOW },
};

static const struct { /* columns of names, in the order of nh_trap_meaning.port */
    unsigned long id[11];
    size_t len;
} names[] = {
    { { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1 }, 11 },
    { { 1, 3, 6, 1, 2, 1, 2, 2, 1, 2 }, 10 },
    { { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18 }, 11 },
};
// clang-format on

enum { GENERIC_ENTERPRISE = 6 };

const char *
nh_trap_event(enum nh_trap_kind kind)
{
    return events[kind];
}

static bool
begins(const unsigned long *id, size_t len, const unsigned long *head, size_t head_len)
{
    return len >= head_len && memcmp(id, head, head_len * sizeof(*id)) == 0;
}

static bool
is(const struct nh_snmp_var *v, const unsigned long *id, size_t len)
{
    return v->oid_len == len && begins(v->oid, v->oid_len, id, len);
}

bool
nh_trap_from_v1(struct nh_trap *t, const unsigned long *enterprise, size_t enterprise_len,
    long generic, long specific)
{
    if (generic >= 0 && generic < GENERIC_ENTERPRISE) {
        memcpy(t->oid, snmp_traps, sizeof(snmp_traps));
        t->oid[NH_COUNT(snmp_traps)] = (unsigned long)generic + 1;
        t->oid_len = NH_COUNT(snmp_traps) + 1;
        return true;
    }
    if (generic != GENERIC_ENTERPRISE || specific < 0 || enterprise_len == 0 ||
        enterprise_len + 2 > NH_OID_MAX)
        return false;
    memcpy(t->oid, enterprise, enterprise_len * sizeof(*enterprise));
    t->oid[enterprise_len] = 0;
    t->oid[enterprise_len + 1] = (unsigned long)specific;
    t->oid_len = enterprise_len + 2;
    return true;
}

bool
nh_trap_put(struct nh_trap *t, const struct nh_snmp_var *v)
{
    if (is(v, trap_oid, NH_COUNT(trap_oid))) {
        size_t len = v->bytes_len / sizeof(unsigned long);

        if (v->type != NH_SNMP_OBJECT || len == 0 || len > NH_OID_MAX)
            return false;
        memcpy(t->oid, v->bytes, len * sizeof(unsigned long));
        t->oid_len = len;
        return true;
    }
    if (is(v, uptime, NH_COUNT(uptime)) ||
        is(v, trap_enterprise, NH_COUNT(trap_enterprise)) ||
        is(v, proxy_community, NH_COUNT(proxy_community)))
        return true;
    if (is(v, proxy_address, NH_COUNT(proxy_address))) {
        if (v->type == NH_SNMP_BYTES && v->bytes_len == sizeof(t->address)) {
            memcpy(t->address, v->bytes, sizeof(t->address));
            t->has_address = true;
        }
        return true;
    }
    if (t->var_count == NH_TRAP_VARS_MAX)
        return false;
    t->vars[t->var_count++] = *v;
    return true;
}

/* ---- kind ---- */

static enum nh_trap_kind
alarm_kind(const struct nh_trap *t, int gone)
{
    for (size_t i = 0; i < t->var_count; i++) {
        const struct nh_snmp_var *v = &t->vars[i];
        unsigned long id[NH_OID_MAX];
        size_t len = v->bytes_len / sizeof(id[0]);

        if (v->type != NH_SNMP_OBJECT || len > NH_OID_MAX ||
            !begins(v->oid, v->oid_len, alarm_descr, NH_COUNT(alarm_descr)))
            continue;
        memcpy(id, v->bytes, len * sizeof(id[0]));
        if (len <= NH_COUNT(alarms) || !begins(id, len, alarms, NH_COUNT(alarms)))
            continue;
        for (size_t k = 0; k < NH_COUNT(ups_alarms); k++)
            if (ups_alarms[k].alarm == id[NH_COUNT(alarms)] && ups_alarms[k].gone == gone)
                return ups_alarms[k].kind;
    }
    return NH_TRAP_OTHER;
}

static enum nh_trap_kind
kind_of(const struct nh_trap *t)
{
    char text[NH_OID_MAX * 11 + 1];

    nh_oid_text(t->oid, t->oid_len, text, sizeof(text));
    for (size_t i = 0; i < NH_COUNT(traps); i++)
        if (strcmp(text, traps[i].oid) == 0)
            return traps[i].kind;
    if (strcmp(text, "1.3.6.1.2.1.33.2.3") == 0 ||
        strcmp(text, "1.3.6.1.2.1.33.2.0.3") == 0)
        return alarm_kind(t, 0);
    if (strcmp(text, "1.3.6.1.2.1.33.2.4") == 0 ||
        strcmp(text, "1.3.6.1.2.1.33.2.0.4") == 0)
        return alarm_kind(t, 1);
    return NH_TRAP_OTHER;
}

/* ---- words ---- */

static bool
is_text(const uint8_t *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] < 0x20 || s[i] == 0x7f)
            return false;
    return nh_utf8_is_valid((const char *)s, len);
}

static void
put_bytes(struct nh_buf *b, const struct nh_snmp_var *v)
{
    const uint8_t *s = v->bytes;
    size_t len = v->bytes_len;

    while (len > 0 && s[len - 1] == 0)
        len--;
    if (len > 0 && is_text(s, len)) {
        nh_buf_put_u8(b, '"');
        nh_buf_put(b, s, len);
        nh_buf_put_u8(b, '"');
        return;
    }
    nh_buf_printf(b, "0x");
    for (size_t i = 0; i < v->bytes_len && i < 64; i++)
        nh_buf_printf(b, "%02x", s[i]);
}

static void
put_value(struct nh_buf *b, const struct nh_snmp_var *v)
{
    char name[NH_OID_MAX * 11 + 1];
    unsigned long id[NH_OID_MAX];
    size_t len;

    switch (v->type) {
    case NH_SNMP_SIGNED:
        nh_buf_printf(b, "%" PRId64, v->number);
        break;
    case NH_SNMP_UNSIGNED:
    case NH_SNMP_TICKS:
    case NH_SNMP_COUNTER32:
    case NH_SNMP_COUNTER64:
        nh_buf_printf(b, "%" PRIu64, v->unsigned_number);
        break;
    case NH_SNMP_DECIMAL:
        nh_buf_printf(b, "%g", v->decimal);
        break;
    case NH_SNMP_BYTES:
        put_bytes(b, v);
        break;
    case NH_SNMP_OBJECT:
        len = v->bytes_len / sizeof(id[0]);
        if (len > NH_OID_MAX)
            len = NH_OID_MAX;
        memcpy(id, v->bytes, len * sizeof(id[0]));
        nh_snmp_name(id, len, name, sizeof(name));
        nh_buf_printf(b, "%s", name);
        break;
    case NH_SNMP_NULL:
    case NH_SNMP_MISSING:
    case NH_SNMP_END:
        nh_buf_put_u8(b, '-');
        break;
    }
}

/* Into `out`, cut between two characters. */
static void
cut(const struct nh_buf *b, char out[NH_EVENT_TEXT_MAX + 1])
{
    size_t len = b->len < NH_EVENT_TEXT_MAX ? b->len : NH_EVENT_TEXT_MAX;

    while (len < b->len && len > 0 && (b->data[len] & 0xc0) == 0x80)
        len--;
    if (len > 0)
        memcpy(out, b->data, len);
    out[len] = '\0';
}

static void
put_words(const struct nh_trap *t, char out[NH_EVENT_TEXT_MAX + 1])
{
    char name[NH_OID_MAX * 11 + 1];
    struct nh_buf b;

    nh_buf_init(&b, 1 << 20);
    nh_snmp_name(t->oid, t->oid_len, name, sizeof(name));
    nh_buf_printf(&b, "%s", name);
    for (size_t i = 0; i < t->var_count && b.len <= NH_EVENT_TEXT_MAX; i++) {
        nh_snmp_name(t->vars[i].oid, t->vars[i].oid_len, name, sizeof(name));
        nh_buf_printf(&b, " %s=", name);
        put_value(&b, &t->vars[i]);
    }
    cut(&b, out);
    nh_buf_fini(&b);
}

/* ---- ports ---- */

static void
take_port(const struct nh_snmp_var *v, struct nh_trap_meaning *out)
{
    double number;

    if (begins(v->oid, v->oid_len, if_index, NH_COUNT(if_index)) &&
        nh_snmp_number(v, &number) && number > 0 && number <= UINT32_MAX)
        out->if_index = (uint32_t)number;
    for (size_t i = 0; i < NH_COUNT(names); i++) {
        const uint8_t *s = v->bytes;
        size_t len = v->bytes_len;

        if (v->type != NH_SNMP_BYTES ||
            !begins(v->oid, v->oid_len, names[i].id, names[i].len))
            continue;
        while (len > 0 && s[len - 1] == 0)
            len--;
        if (len > 0 && len < NH_TRAP_PORT_MAX && is_text(s, len)) {
            memcpy(out->port[i], s, len);
            out->port[i][len] = '\0';
        }
    }
}

void
nh_trap_mean(const struct nh_trap *t, struct nh_trap_meaning *out)
{
    *out = (struct nh_trap_meaning){ .kind = kind_of(t) };
    put_words(t, out->text);
    if (out->kind == NH_TRAP_LINK_DOWN || out->kind == NH_TRAP_LINK_UP)
        for (size_t i = 0; i < t->var_count; i++)
            take_port(&t->vars[i], out);
}
