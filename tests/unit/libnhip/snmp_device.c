/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_device.c - counters that wrap, restart or lie; object identifiers; the profiles */
#include "libnhip/snmp_device.h"
#include "libnhip/snmp_profiles_data.h"
#include "tests/unit/check.h"
#include <math.h>
#include <string.h>

#define S 1000000 /* a second, in us */

static const struct {
    const char *name;
    struct nh_snmp_sample before, now;
    uint64_t speed_bps;
    double want;
} rates[] = {
    { "as it goes", { 100, S, true }, { 1100, 11 * S, true }, 0, 100 },
    { "the first look", { 0, 0, false }, { 1100, 11 * S, true }, 0, NAN },
    { "32 bits wrap", { 4294967000, S, false }, { 704, 11 * S, false }, 100000000, 100 },
    { "64 bits do not", { 4294967000, S, true }, { 704, 11 * S, true }, 100000000, NAN },
    { "32 bits restarted", { 3000000000, S, false }, { 7, 11 * S, false }, 10000000,
        NAN },
    { "restarted, speed unknown", { 1000, S, false }, { 7, 11 * S, false }, 0, NAN },
    { "32 bits on a line too fast for them", { 5, S, false }, { 6, 61 * S, false },
        1000000000, NAN },
    { "more than the line carries", { 0, S, true }, { UINT64_C(1) << 60, 11 * S, true },
        1000000000, NAN },
    { "another width", { 5, S, false }, { 6, 11 * S, true }, 0, NAN },
    { "no time between", { 5, S, true }, { 6, S, true }, 0, NAN },
};

static void
rate_rows(void)
{
    for (size_t i = 0; i < NH_COUNT(rates); i++) {
        double got = nh_snmp_rate(&rates[i].before, &rates[i].now, rates[i].speed_bps);

        CHECK_NAMED(isnan(got) == isnan(rates[i].want) &&
                        (isnan(got) || fabs(got - rates[i].want) < 1e-9),
            rates[i].name);
    }
}

static void
oid_rows(void)
{
    static const struct {
        const char *text;
        enum nh_err want;
        int len;
    } rows[] = {
        { "1.3.6.1", NH_OK, 4 },
        { ".1.3.6", NH_OK, 3 },
        { "1.4294967295", NH_OK, 2 },
        { "1.4294967296", NH_EFORMAT, 0 },
        { "", NH_EFORMAT, 0 },
        { "1..3", NH_EFORMAT, 0 },
        { "1.3.", NH_EFORMAT, 0 },
        { "1.-3", NH_EFORMAT, 0 },
        { "1.3x", NH_EFORMAT, 0 },
        { "1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9.0.1.2.3", NH_ETOOBIG,
            0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_oid o = { 0 };

        CHECK_EQ(nh_oid_parse(rows[i].text, &o), rows[i].want, rows[i].text);
        CHECK_EQ(o.len, rows[i].len, rows[i].text);
    }
}

static void
profiles_are_sound(void)
{
    const struct nh_snmp_profile_row *rows[NH_WALK_COLUMNS_MAX];
    const char *name;

    for (size_t i = 0; nh_snmp_profiles_data[i].name != NULL; i++) {
        struct nh_snmp_profile *list = NULL;
        char why[256];

        CHECK_EQ(nh_snmp_profile_parse(&list, nh_snmp_profiles_data[i].name,
                     nh_snmp_profiles_data[i].text, nh_snmp_profiles_data[i].len, why),
            NH_OK, why);
        nh_snmp_profile_free(list);
    }
    CHECK_NAMED(nh_snmp_profile_rows(nh_snmp_profiles(), "1.3.6.1.4.1.14988.1", rows,
                    NH_COUNT(rows), &name) > 6,
        "MikroTik's rows and the standard's");
    CHECK_NAMED(name[0] == 'M', "the vendor's name comes before the standard's");
}

static void
mistakes_have_their_place(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "cpu_pct 1.3 first\n", "p:1: a \"device\" line comes first" },
        { "device 1.3 X\n\nspeed 1.3 first", "p:3: there is no metric \"speed\"" },
        { "device 1.3 X\ncpu_pct 1.3 most", "p:2: \"most\" is none of" },
        { "device 1.3 X\ncpu_pct 1.3 first x2k", "p:2: \"x2k\" is no number" },
        { "device 1.3 X\nrx_power_dbm 1.3 first", "p:2: rx_power_dbm, and it alone" },
        { "# nothing\n", "p:1: no \"device\" line" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_snmp_profile *list = NULL;
        char why[256];

        CHECK_EQ(
            nh_snmp_profile_parse(&list, "p", rows[i].text, strlen(rows[i].text), why),
            NH_ECONF, rows[i].text);
        CHECK_NAMED(strncmp(why, rows[i].want, strlen(rows[i].want)) == 0, why);
    }
}

int
main(void)
{
    RUN(rate_rows);
    RUN(oid_rows);
    RUN(profiles_are_sound);
    RUN(mistakes_have_their_place);
    return check_done();
}
