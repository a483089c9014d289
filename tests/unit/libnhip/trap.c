/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trap: what traps of several makers mean, and their words; the head of a message */
#include "libnhip/trap.h"
#include "libnhip/snmp_head.h"
#include "tests/unit/check.h"

static struct nh_snmp_var
object(struct nh_oid *name, unsigned long ids[32], const char *oid)
{
    struct nh_snmp_var v = { .oid = ids };

    CHECK_EQ(nh_oid_parse(oid, name), NH_OK, oid);
    for (size_t i = 0; i < name->len; i++)
        ids[i] = name->id[i];
    v.oid_len = name->len;
    return v;
}

static void
kinds(void)
{
    static const struct {
        const char *trap, *alarm, *event, *text;
    } rows[] = {
        { "1.3.6.1.6.3.1.1.5.1", NULL, "cold_start", "coldStart" },
        { "1.3.6.1.6.3.1.1.5.2", NULL, "trap", "warmStart" },
        { "1.3.6.1.6.3.1.1.5.3", NULL, "link_down", "linkDown" },
        { "1.3.6.1.6.3.1.1.5.4", NULL, "link_up", "linkUp" },
        { "1.3.6.1.6.3.1.1.5.5", NULL, "trap", "authenticationFailure" },
        { "1.3.6.1.2.1.33.2.1", NULL, "on_battery", "upsTrapOnBattery" },
        { "1.3.6.1.2.1.33.2.3", "1.3.6.1.2.1.33.1.6.3.2", "on_battery",
            "upsTrapAlarmEntryAdded upsAlarmDescr.9=upsAlarmOnBattery" },
        { "1.3.6.1.2.1.33.2.4", "1.3.6.1.2.1.33.1.6.3.2", "on_mains",
            "upsTrapAlarmEntryRemoved upsAlarmDescr.9=upsAlarmOnBattery" },
        { "1.3.6.1.2.1.33.2.3", "1.3.6.1.2.1.33.1.6.3.3", "battery_low",
            "upsTrapAlarmEntryAdded upsAlarmDescr.9=upsAlarmLowBattery" },
        { "1.3.6.1.2.1.33.2.4", "1.3.6.1.2.1.33.1.6.3.3", "trap",
            "upsTrapAlarmEntryRemoved upsAlarmDescr.9=upsAlarmLowBattery" },
        { "1.3.6.1.4.1.318.0.9", NULL, "on_mains", "apc.powerRestored" },
        { "1.3.6.1.4.1.534.1.11.4.1.0.4", NULL, "battery_low", "xupstdLowBattery" },
        { "1.3.6.1.6.3.1.1.5.31", NULL, "trap", "1.3.6.1.6.3.1.1.5.31" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        unsigned long ids[2][32], values[2][32];
        struct nh_oid names[2], oids[2];
        struct nh_trap trap = { 0 };
        struct nh_trap_meaning m;
        struct nh_snmp_var v = object(&names[0], ids[0], "1.3.6.1.6.3.1.1.4.1.0");

        v.type = NH_SNMP_OBJECT;
        v.bytes_len =
            object(&oids[0], values[0], rows[i].trap).oid_len * sizeof(values[0][0]);
        v.bytes = values[0];
        CHECK_NAMED(nh_trap_put(&trap, &v), rows[i].text);
        if (rows[i].alarm != NULL) {
            v = object(&names[1], ids[1], "1.3.6.1.2.1.33.1.6.2.1.2.9");
            v.type = NH_SNMP_OBJECT;
            v.bytes_len =
                object(&oids[1], values[1], rows[i].alarm).oid_len * sizeof(values[1][0]);
            v.bytes = values[1];
            CHECK_NAMED(nh_trap_put(&trap, &v), rows[i].text);
        }
        nh_trap_mean(&trap, &m);
        CHECK_STR(nh_trap_event(m.kind), rows[i].event, rows[i].text);
        CHECK_STR(m.text, rows[i].text, rows[i].trap);
    }
}

static void
ports_and_text(void)
{
    static const unsigned long enterprise[] = { 1, 3, 6, 1, 4, 1, 9 };
    unsigned long ids[3][32];
    struct nh_oid names[3];
    struct nh_trap trap = { 0 };
    struct nh_trap_meaning m;
    struct nh_snmp_var v = object(&names[0], ids[0], "1.3.6.1.2.1.2.2.1.1.4");
    char text[301];

    CHECK(nh_trap_from_v1(&trap, enterprise, NH_COUNT(enterprise), 2, 0));
    v.type = NH_SNMP_SIGNED;
    v.number = 4;
    CHECK(nh_trap_put(&trap, &v));
    v = object(&names[1], ids[1], "1.3.6.1.2.1.31.1.1.1.1.4");
    v.type = NH_SNMP_BYTES;
    v.bytes = "ether1";
    v.bytes_len = 7; /* with its NUL, as some send it */
    CHECK(nh_trap_put(&trap, &v));
    v = object(&names[2], ids[2], "1.3.6.1.2.1.31.1.1.1.18.4");
    v.type = NH_SNMP_BYTES;
    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "ậ", 3);
    v.bytes = text;
    v.bytes_len = 300;
    CHECK(nh_trap_put(&trap, &v));
    nh_trap_mean(&trap, &m);
    CHECK_EQ(m.kind, NH_TRAP_LINK_DOWN, "kind");
    CHECK_EQ(m.if_index, 4, "index");
    CHECK_STR(m.port[0], "ether1", "ifName");
    CHECK_STR(m.port[1], "", "ifDescr");
    CHECK_STR(m.port[2], "", "ifAlias: too long for a name of ours");
    CHECK(strncmp(m.text, "linkDown ifIndex.4=4 ifName.4=\"ether1\" ifAlias.4=\"ậ", 53) ==
          0);
    CHECK(strlen(m.text) > 250 && strlen(m.text) <= NH_EVENT_TEXT_MAX);
    CHECK(nh_utf8_is_valid(m.text, strlen(m.text)));
    CHECK(!nh_trap_from_v1(&trap, enterprise, NH_COUNT(enterprise), 7, 0));
    CHECK(!nh_trap_from_v1(&trap, enterprise, NH_COUNT(enterprise), 6, -1));
}

static void
heads(void)
{
    static const struct {
        const char *name, *hex;
        enum nh_err want;
    } rows[] = {
        { "v2c trap", "300e 020101 0406 7075626c6963 a700 0000", NH_OK },
        { "v2c without PDU", "300b 020101 0406 7075626c6963", NH_EFORMAT },
        { "version of tomorrow", "300d 020104 0406 7075626c6963 a700", NH_EFORMAT },
        { "length over the end", "307f 020101 0406 7075626c6963 a700", NH_EFORMAT },
        { "indefinite length", "3080 020101 0406 7075626c6963 a700", NH_EFORMAT },
        { "no sequence", "310d 020101 0406 7075626c6963 a700", NH_EFORMAT },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_snmp_head head;
        uint8_t raw[64];
        size_t len = unhex(raw, sizeof(raw), rows[i].hex);

        CHECK_EQ(nh_snmp_head(nh_slice_of(raw, len), &head), rows[i].want, rows[i].name);
        if (rows[i].want == NH_OK)
            CHECK_EQ(head.community.len, 6, rows[i].name);
    }
}

int
main(void)
{
    RUN(kinds);
    RUN(ports_and_text);
    RUN(heads);
    return check_done();
}
