/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensor.c - parameters, and what an assignment has to be */
#include "libnhip/sensor.h"
#include "libnhip/sensors/shared.h"
#include "tests/unit/check.h"
#include <stdio.h>

static void
params(void)
{
    char out[8];

    CHECK(nh_param_get("a=1\nbc=2=3\n", "bc", out, sizeof(out)));
    CHECK_STR(out, "2=3", "value with =");
    CHECK(nh_param_get("a=\n", "a", out, sizeof(out)));
    CHECK_STR(out, "", "empty value");
    CHECK(!nh_param_get("abc=1\n", "a", out, sizeof(out)));
    CHECK(!nh_param_get("xa=1\n", "a", out, sizeof(out)));
    CHECK(!nh_param_get("a=12345678\n", "a", out, sizeof(out)));
    CHECK(!nh_param_get("", "a", out, sizeof(out)));
    CHECK(nh_param_get("b=2\na=last", "a", out, sizeof(out)));
    CHECK_STR(out, "last", "no newline at the end");
}

static void
numbers(void)
{
    static const struct {
        const char *params;
        bool ok;
        long want;
    } rows[] = {
        { "", true, 7 },
        { "n=1\n", true, 1 },
        { "n=100\n", true, 100 },
        { "n=0\n", false, 0 },
        { "n=101\n", false, 0 },
        { "n=5x\n", false, 0 },
        { "n=\n", false, 0 },
        { "n=99999999999999999999\n", false, 0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        char why[128] = "";
        long got;
        bool ok = nh_param_number(rows[i].params, "n", 1, 100, 7, &got, why);

        CHECK_EQ(ok, rows[i].ok, rows[i].params);
        if (rows[i].ok)
            CHECK_EQ(got, rows[i].want, rows[i].params);
        else
            CHECK_NAMED(strstr(why, "n: not a whole number") != NULL, rows[i].params);
    }
}

static void
assignments(void)
{
    static const struct {
        const char *name;
        struct nh_assignment a;
        const char *why; /* a part of it; NULL: accepted */
    } rows[] = {
        { "good", { "s/l/path", "path", "icmp", 10000, "target=127.0.0.1\n" }, NULL },
        { "no sensor", { "s/l/path", "path", "magic", 10000, "" }, "no sensor" },
        { "kind of another", { "s/host", "host", "icmp", 10000, "target=127.0.0.1\n" },
            "does not measure" },
        { "unknown kind", { "s/x", "x", "icmp", 10000, "" }, "does not measure" },
        { "no id", { "", "path", "icmp", 10000, "target=127.0.0.1\n" }, "an id" },
        { "too often", { "s/l/path", "path", "icmp", 1, "target=127.0.0.1\n" },
            "rounds of" },
        { "unknown param", { "s/l/path", "path", "icmp", 10000, "target=::1\nttl=3\n" },
            "no parameter \"ttl\"" },
        { "no =", { "s/l/path", "path", "icmp", 10000, "target\n" }, "no parameter" },
        { "required missing", { "s/l/path", "path", "icmp", 10000, "count=3\n" },
            "needs target" },
        { "twice", { "s/l/path", "path", "icmp", 10000, "target=::1\ntarget=::1\n" },
            "twice" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        char why[128];
        enum nh_err err = nh_assignment_check(&rows[i].a, why);

        CHECK_EQ(err, rows[i].why == NULL ? NH_OK : NH_EINVAL, rows[i].name);
        if (rows[i].why != NULL)
            CHECK_NAMED(strstr(why, rows[i].why) != NULL, why);
    }
}

static void
table(void)
{
    size_t count;
    const struct nh_sensor *const *all = nh_sensor_all(&count);

    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        CHECK(nh_sensor_find(all[i]->name) == all[i]);
        for (size_t k = 0; all[i]->kinds[k] != NULL; k++)
            CHECK_NAMED(nh_kind_find(all[i]->kinds[k]) != NULL, all[i]->kinds[k]);
        CHECK_NAMED(i == 0 || strcmp(all[i - 1]->name, all[i]->name) < 0, all[i]->name);
    }
    CHECK(nh_sensor_find("icm") == NULL);
}

int
main(void)
{
    RUN(params);
    RUN(numbers);
    RUN(assignments);
    RUN(table);
    return check_done();
}
