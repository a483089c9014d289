/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_device.c - counters that wrap, restart or lie; object identifiers; the profiles */
#include "libnhip/snmp_device.h"
#include "libnhip/snmp_interfaces.h"
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
        { "device 1.3 X\ncpu_pct 1.3 first with=4", "p:2: \"with=4\" is no number" },
        { "device 1.3 X\ncpu_pct 1.3 first with=:4", "p:2: \"with=:4\" is no number" },
        { "device 1.3 X\ncpu_pct 1.3 first percent=0", "p:2: \"percent=0\" is no" },
        { "device 1.3 X\nrx_power_dbm 1.3 port with=4:1", "p:2: with= does not go with" },
        { "device 1.3 X\ncpu_pct *.3.4 first with=4:1", "p:2: with= does not go with *" },
        { "device 1.3 X\ncpu_pct * first", "p:2: \"*\" is no object identifier" },
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

/* What the rows of the profiles make of what devices say: scales, units, and the numbers
 * that stand for "nothing". */
static const struct {
    const char *device, *column, *text; /* text: it says that, else number */
    long number;
    double want; /* NAN: nothing */
} says[] = {
    { "1.3.6.1.4.1.318.1.3.27", "1.3.6.1.4.1.318.1.1.1.2.2.3", NULL, 360000, 3600 },
    { "1.3.6.1.4.1.318.1.3.27", "1.3.6.1.4.1.318.1.1.1.4.1.1", NULL, 3, 1 },
    { "1.3.6.1.4.1.318.1.3.27", "1.3.6.1.4.1.318.1.1.1.4.1.1", NULL, 1, NAN },
    { "1.3.6.1.4.1.318.1.3.27", "1.3.6.1.4.1.318.1.1.1.2.2.2", NULL, -1, NAN },
    { "1.3.6.1.4.1.318.1.3.27", "1.3.6.1.4.1.318.1.1.1.3.3.1", NULL, 2304, 230.4 },
    { "1.3.6.1.4.1.4555.1.1.7", "1.3.6.1.4.1.4555.1.1.7.1.6.3.15", NULL, 1, 1 },
    { "1.3.6.1.4.1.4555.1.1.7", "1.3.6.1.4.1.4555.1.1.7.1.2.3", NULL, 65535, NAN },
    { "1.3.6.1.4.1.4555.1.1.7", "1.3.6.1.4.1.4555.1.1.7.1.2.3", NULL, 14, 840 },
    { "1.3.6.1.4.1.13400.2.54", "1.3.6.1.4.1.13400.2.54.2.1.2", NULL, 0, NAN },
    { "1.3.6.1.4.1.13400.2.54", "1.3.6.1.4.1.13400.2.54.2.1.2", NULL, 2, 1 },
    { "1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.4.1.2011.6.174.1.2.101.1.1", NULL, 3, 0 },
    { "1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.4.1.2011.6.174.1.2.101.1.1", NULL, 7, NAN },
    { "1.3.6.1.4.1.9.6.1.83.28.1", "1.3.6.1.4.1.9.6.1.101.1.8", NULL, 101, NAN },
    { "1.3.6.1.4.1.9.6.1.83.28.1", "1.3.6.1.4.1.9.6.1.101.53.15.1.10", NULL, 1, NAN },
    { "1.3.6.1.4.1.9.1.3240", "1.3.6.1.4.1.9.6.1.101.90.1.2.1.3", NULL, -7431, -7.431 },
    { "1.3.6.1.4.1.534.1", "1.3.6.1.4.1.534.1.4.5", NULL, 5, 1 },
    { "1.3.6.1.4.1.534.1", "1.3.6.1.4.1.534.1.2.1", NULL, 65535, NAN },
    { "1.3.6.1.4.1.705.1", "1.3.6.1.4.1.705.1.7.3", NULL, 2, 0 },
    { "1.3.6.1.4.1.476.1.42", "1.3.6.1.4.1.476.1.42.3.5.1.18", NULL, 12, 720 },
    { "1.3.6.1.4.1.476.1.42", "1.3.6.1.4.1.476.1.42.3.5.1.18", NULL, 65535, NAN },
    { "1.3.6.1.4.1.935.1", "1.3.6.1.4.1.935.1.1.1.3.2.1", NULL, 2390, 239 },
    { "1.3.6.1.4.1.47196.4.1.1.1.303", "1.3.6.1.4.1.47196.4.1.1.3.11.3.1.1.7", NULL,
        27380, 27.38 },
    { "1.3.6.1.4.1.47196.4.1.1.1.303", "1.3.6.1.4.1.47196.4.1.1.3.27.1.2.2.1.12", "0.5",
        0, -3.0103 },
    { "1.3.6.1.4.1.47196.4.1.1.1.303", "1.3.6.1.4.1.47196.4.1.1.3.27.1.2.2.1.12", "0.00",
        0, NAN },
    { "1.3.6.1.4.1.171.10.113", "1.3.6.1.4.1.171.12.72.2.1.1.1.6", "0.0932", 0,
        -10.3058 },
    { "1.3.6.1.4.1.171.10.113", "1.3.6.1.4.1.171.12.72.2.1.1.1.6", "-10.2919", 0,
        -10.2919 },
    { "1.3.6.1.4.1.11863.5.28", "1.3.6.1.4.1.11863.6.96.1.7.1.1.6", "--", 0, NAN },
    { "1.3.6.1.4.1.11.2.3.7.11.84", "1.3.6.1.4.1.11.2.14.11.5.1.82.1.1.1.1.15", NULL,
        -6020, -6.02 },
    { "1.3.6.1.4.1.11.2.3.7.11.84", "1.3.6.1.4.1.11.2.14.11.5.1.82.1.1.1.1.15", NULL,
        -99999999, NAN },
    { "1.3.6.1.4.1.25506.1.612", "1.3.6.1.4.1.25506.2.70.1.1.1.12", NULL, -723, -7.23 },
    { "1.3.6.1.4.1.25506.1.612", "1.3.6.1.4.1.25506.2.70.1.1.1.12", NULL, 2147483647,
        NAN },
    { "1.3.6.1.4.1.25506.1.612", "1.3.6.1.4.1.25506.2.6.1.1.1.1.12", NULL, 65535, NAN },
    { "1.3.6.1.4.1.3320.1.283", "1.3.6.1.4.1.3320.9.63.1.7.1.3", NULL, -65535, NAN },
    { "1.3.6.1.4.1.3320.1.390", "1.3.6.1.4.1.3320.10.3.4.1.2", NULL, -215, -21.5 },
    { "1.3.6.1.4.1.3320.1.390", "1.3.6.1.4.1.3320.10.3.4.1.2", NULL, -65535, NAN },
    { "1.3.6.1.4.1.4881.1", "1.3.6.1.4.1.4881.1.1.10.2.105.1.1.1.76", NULL, -10000, NAN },
    { "1.3.6.1.4.1.3902.1082.1001", "1.3.6.1.4.1.3902.1082.30.40.2.4.1.2", NULL, -18500,
        -18.5 },
    { "1.3.6.1.4.1.2636.1.1.1.2.21", "1.3.6.1.4.1.2636.3.60.1.2.1.1.6", NULL, -512,
        -5.12 },
    { "1.3.6.1.4.1.2011.2.23.276", "1.3.6.1.4.1.2011.5.25.31.1.1.1.1.11", NULL,
        2147483647, NAN },
    { "1.3.6.1.4.1.10002.1", "1.3.6.1.4.1.41112.1.4.8.3", NULL, 606, 6.06 },
    { "1.3.6.1.4.1.41112.1.4", "1.3.6.1.4.1.41112.1.4.8.3", NULL, 1960, 19.6 },
    { "1.3.6.1.4.1.14988.1", "1.3.6.1.4.1.14988.1.1.19.1.1.10", NULL, 0, NAN },
    { "1.3.6.1.4.1.14988.1", "1.3.6.1.4.1.14988.1.1.19.1.1.10", NULL, 512, 0.512 },
    { "1.3.6.1.4.1.4413", "1.3.6.1.4.1.4413.1.1.1.1.4.9",
        "    5 Secs ( 31.1134%)   60 Secs ( 16.7571%)  300 Secs ( 14.3501%)", 0,
        16.7571 },
    { "1.3.6.1.4.1.4413", "1.3.6.1.4.1.4413.1.1.1.1.4.9", "5 Secs ( 31.1%)", 0, NAN },
    { "1.3.6.1.4.1.12356.101.1.648", "1.3.6.1.4.1.12356.101.4.3.2.1.3", "47.4", 0, 47.4 },
    { "1.3.6.1.4.1.12356.101.1.648", "1.3.6.1.4.1.12356.101.4.3.2.1.3", "12.1", 0, NAN },
    { "1.3.6.1.4.1.9999", "1.3.6.1.2.1.33.1.3.3.1.3", NULL, 231, 231 },
    { "1.3.6.1.4.1.9999", "1.3.6.1.2.1.33.1.3.3.1.3", NULL, 2310, 231 },
    { "1.3.6.1.4.1.9999", "1.3.6.1.2.1.33.1.4.1", NULL, 1, NAN },
};

static void
devices_say(void)
{
    const struct nh_snmp_profile_row *rows[NH_WALK_COLUMNS_MAX];
    const char *name;

    for (size_t i = 0; i < NH_COUNT(says); i++) {
        size_t count = nh_snmp_profile_rows(
            nh_snmp_profiles(), says[i].device, rows, NH_COUNT(rows), &name);
        struct nh_snmp_var v = { .type = NH_SNMP_SIGNED, .number = says[i].number };
        struct nh_oid column;
        double got = NAN;
        size_t found = 0;

        if (says[i].text != NULL)
            v = (struct nh_snmp_var){ .type = NH_SNMP_BYTES,
                .bytes = says[i].text,
                .bytes_len = strlen(says[i].text) };
        CHECK_EQ(nh_oid_parse(says[i].column, &column), NH_OK, says[i].column);
        for (size_t k = 0; k < count; k++)
            if (memcmp(&rows[k]->column, &column, sizeof(column)) == 0) {
                found++;
                if (isnan(got) && !nh_snmp_profile_value(rows[k], &v, &got))
                    got = NAN;
            }
        CHECK_NAMED(found > 0, says[i].column);
        CHECK_NAMED(isnan(got) == isnan(says[i].want) &&
                        (isnan(got) || fabs(got - says[i].want) < 1e-3),
            says[i].column);
    }
}

static void
texts_of_devices(void)
{
    static const struct {
        const char *bytes, *want;
    } rows[] = {
        { "ether1", "ether1" },
        { "eth0  ", "eth0" },
        { "a\nb\x7f", "a b " },
        { "Tr\xe1\xbb\xa5 s\xe1\xbb\x9f", "Tr\xe1\xbb\xa5 s\xe1\xbb\x9f" },
        { "Tr\xe1\xbb\xa5 s\xe1\xbb", "Tr\xe1\xbb\xa5 s" }, /* 64 bytes and no more */
        { "Tr\xe1\xbb\xa5 s\xe1", "Tr\xe1\xbb\xa5 s" },
        { "\xf0\x9f\x93", "" },
        { "\xd6\xd0\xb9\xfa", "????" }, /* GBK */
        { "caf\xe9", "caf" },           /* Latin-1, or the same thing cut */
        { "caf\xe9s", "caf?s" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        const struct nh_snmp_var v = { .type = NH_SNMP_BYTES,
            .bytes = rows[i].bytes,
            .bytes_len = strlen(rows[i].bytes) };
        char text[64];

        nh_snmp_text(&v, text, sizeof(text));
        CHECK_NAMED(strcmp(text, rows[i].want) == 0, text);
    }
}

static void
a_row_looks_beside(void)
{
    static const char text[] = "device 1.3 X\nvoltage_v 1.3.100.1.3 first with=4:3\n";
    struct nh_snmp_profile *list = NULL;
    struct nh_oid beside;
    char why[256], told[64];
    unsigned long ids[8];

    CHECK_EQ(nh_snmp_profile_parse(&list, "p", text, sizeof(text) - 1, why), NH_OK, why);
    beside = nh_snmp_profile_beside(&list->rows[0]);
    for (size_t i = 0; i < beside.len; i++)
        ids[i] = beside.id[i];
    nh_oid_text(ids, beside.len, told, sizeof(told));
    CHECK_NAMED(strcmp(told, "1.3.100.1.4") == 0, told);
    CHECK_NAMED(list->rows[0].with == 3, "and wants 3 there");
    nh_snmp_profile_free(list);
}

static void
a_column_below_the_device(void)
{
    static const char text[] = "device 1.3.6.1.4.1.171 D\ncpu_pct *.100.1.2 first\n";
    static const char object[] = "1.3.6.1.4.1.171.10.76.28.1";
    struct nh_snmp_profile *list = NULL;
    struct nh_oid column, want;
    char why[256];

    CHECK_EQ(nh_snmp_profile_parse(&list, "p", text, sizeof(text) - 1, why), NH_OK, why);
    CHECK_EQ(nh_oid_parse("1.3.6.1.4.1.171.10.76.28.1.100.1.2", &want), NH_OK, object);
    CHECK_NAMED(nh_snmp_profile_column(&list->rows[0], object, &column), object);
    CHECK_NAMED(column.len == want.len &&
                    memcmp(column.id, want.id, want.len * sizeof(want.id[0])) == 0,
        "below its own number");
    CHECK_NAMED(!nh_snmp_profile_column(&list->rows[0], "", &column), "it tells none");
    CHECK_NAMED(
        !nh_snmp_profile_column(&list->rows[0],
            "1.3.6.1.4.1.171.1.2.3.4.5.6.7.8.9.1.2.3.4.5.6.7.8.9.1.2.3.4.5", &column),
        "it is too long");
    nh_snmp_profile_free(list);
}

/* Every device asks for all its rows in one walk. */
static void
no_profile_is_too_long(void)
{
    const struct nh_snmp_profile_row *rows[NH_WALK_COLUMNS_MAX];
    const char *name;

    for (const struct nh_snmp_profile *p = nh_snmp_profiles(); p != NULL; p = p->next) {
        unsigned long ids[32];
        size_t count, columns = 0;
        char id[128];

        for (size_t i = 0; i < p->device.len; i++)
            ids[i] = p->device.id[i];
        nh_oid_text(ids, p->device.len, id, sizeof(id));
        count = nh_snmp_profile_rows(nh_snmp_profiles(), id, rows, NH_COUNT(rows), &name);
        for (size_t i = 0; i < count; i++)
            columns += rows[i]->has_with ? 2 : 1;
        CHECK_NAMED(count < NH_COUNT(rows) && columns <= NH_WALK_COLUMNS_MAX, p->name);
    }
}

int
main(void)
{
    RUN(rate_rows);
    RUN(oid_rows);
    RUN(profiles_are_sound);
    RUN(mistakes_have_their_place);
    RUN(devices_say);
    RUN(texts_of_devices);
    RUN(a_row_looks_beside);
    RUN(a_column_below_the_device);
    RUN(no_profile_is_too_long);
    return check_done();
}
