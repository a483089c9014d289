/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A month of a small province: rounds and incidents in, minutes out. Most of it is in the
 * first hour of November 2026; the rest of the month nobody measured.
 */
#include "collector/report.h"
#include "tests/unit/check.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char conf[] =
    "province \"p\" { name = \"P\" timezone = \"Asia/Ho_Chi_Minh\""
    " office_hours = \"mon-fri 08:00-12:00\" }\n"
    "carrier \"vnpt\" { name = \"VNPT Cao Bằng\" }\n"
    "carrier \"viettel\" { name = \"Viettel\" }\n"
    "contract \"c1\" { carrier = \"vnpt\" availability_pct = 99.5"
    " source = \"phụ lục 2\" excluded = { \"power\", \"planned\" } }\n"
    "contract \"c2\" { carrier = \"viettel\" hours = \"office_hours\" }\n"
    "site \"a\" { name = \"Xã A\" code = \"01321\"\n"
    " link \"vnpt\" { carrier = \"vnpt\" contract = \"c1\" circuit = \"CBG-1\""
    " role = \"primary\" interface = \"e1\" address = \"10.0.0.2\""
    " gateway = \"10.0.0.1\" reflector = \"10.9.9.9\" }\n"
    " link \"viettel\" { carrier = \"viettel\" contract = \"c2\" role = \"standby\""
    " interface = \"e2\" address = \"10.1.0.2\" gateway = \"10.1.0.1\""
    " reflector = \"10.9.9.9\" } }\n"
    "site \"b\" { name = \"Xã B\"\n"
    " link \"vnpt\" { carrier = \"vnpt\" role = \"primary\" interface = \"e1\""
    " address = \"10.2.0.2\" gateway = \"10.2.0.1\" reflector = \"10.9.9.9\" } }\n";

/* November of the province: from T0, 30 days. */
#define T0 INT64_C(1793466000000)
#define MONTH_MS (30 * 24 * INT64_C(3600000))
enum { ROUND_MS = 10000, MIN_MS = 60000 };
#define MIN(n) (T0 + (n) * (int64_t)MIN_MS)

static struct inventory *inv;

static struct report *
november(int64_t now_ms)
{
    struct report *r = NULL;

    CHECK_EQ(report_new(&r, inv, "2026-11", now_ms), NH_OK, "new");
    if (r == NULL)
        abort();
    CHECK_EQ(report_from(r), T0, "from");
    return r;
}

/* Rounds of one end, each stamped at its end, over (from, to]. */
static void
rounds(struct report *r, const char *check, int64_t from_ms, int64_t to_ms, bool answered)
{
    int end = report_end_find(r, check);

    CHECK_NAMED(end != REPORT_NO_END, check);
    for (int64_t at = from_ms + ROUND_MS; end != REPORT_NO_END && at <= to_ms;
         at += ROUND_MS)
        report_round(r, end, at, answered);
}

struct fault {
    uint32_t number;
    enum cause cause;
    const char *party, *link;
    int64_t from_ms, to_ms;
    bool down;
    uint32_t merged_into;
};

static void
incident(struct report *r, const struct fault *f)
{
    static char title[] = "t";
    struct incident_span span = { f->from_ms, f->to_ms, f->down };
    struct incident_link link = { .span_count = 1, .spans = &span };
    struct incident in = { .number = f->number,
        .revision = 2,
        .started_ms = f->from_ms,
        .closed_ms = f->to_ms,
        .cause = f->cause,
        .confidence = CONFIDENCE_FACT,
        .title_vi = title,
        .title_en = title,
        .link_count = 1,
        .links = &link,
        .merged_into = f->merged_into };

    snprintf(link.id, sizeof(link.id), "%s", f->link);
    snprintf(in.party, sizeof(in.party), "%s", f->party);
    report_incident(r, &in);
}

/* Ends the report. */
static json_t *
document(struct report *r)
{
    struct nh_buf out;
    json_t *got;

    nh_buf_init(&out, 1 << 20);
    CHECK_EQ(report_json(r, T0 + MONTH_MS, &out), NH_OK, "json");
    got = json_loadb((const char *)out.data, out.len, 0, NULL);
    CHECK_NAMED(got != NULL, "is JSON");
    nh_buf_fini(&out);
    report_free(r);
    return got;
}

static double
num(const json_t *o, const char *key)
{
    return json_is_number(json_object_get(o, key))
               ? json_number_value(json_object_get(o, key))
               : -1;
}

static const char *
str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "(none)";
}

static const json_t *
row(const json_t *list, const char *key, const char *value)
{
    const json_t *o;
    size_t i;

    json_array_foreach(list, i, o) if (strcmp(str(o, key), value) == 0) return o;
    CHECK_NAMED(false, value);
    return NULL;
}

static const json_t *
link_of(const json_t *doc, const char *id)
{
    return row(json_object_get(doc, "links"), "id", id);
}

static void
minutes(const json_t *o, double down, double degraded, double unknown, double excluded,
    const char *name)
{
    CHECK_NEAR(num(o, "down"), down, 0.0005, name);
    CHECK_NEAR(num(o, "degraded"), degraded, 0.0005, name);
    CHECK_NEAR(num(o, "unknown"), unknown, 0.0005, name);
    CHECK_NEAR(num(o, "excluded"), excluded, 0.0005, name);
}

enum { TOTAL = 30 * 24 * 60 };

/* Each row measures a/vnpt over the first hour, all answered but what the faults say was
 * missed; what the rest of the month adds to unknown is TOTAL - 60. */
static void
one_link(void)
{
    static const struct {
        const char *name;
        struct fault faults[2];
        double down, degraded, unknown, excluded;
    } rows[] = {
        { "nothing", { { 0 } }, 0, 0, 0, 0 },
        { "down",
            { { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true,
                0 } },
            10, 0, 0, 0 },
        { "degraded",
            { { 1, CAUSE_CONGESTION, "commune", "a/vnpt", MIN(10), MIN(20), false, 0 } },
            0, 10, 0, 0 },
        { "the contract leaves it out",
            { { 1, CAUSE_POWER, "power_company", "a/vnpt", MIN(10), MIN(20), true, 0 } },
            0, 0, 0, 10 },
        { "planned work",
            { { 1, CAUSE_PLANNED, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true, 0 } },
            0, 0, 0, 10 },
        { "the centre broke",
            { { 1, CAUSE_DATA_CENTRE, "province", "a/vnpt", MIN(10), MIN(20), true, 0 } },
            0, 0, 10, 0 },
        { "before the month",
            { { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(-60), MIN(7), true,
                0 } },
            7, 0, 0, 0 },
        { "down in degraded",
            { { 1, CAUSE_CONGESTION, "commune", "a/vnpt", MIN(10), MIN(30), false, 0 },
                { 2, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(15), MIN(20), true,
                    0 } },
            5, 15, 0, 0 },
        { "two of one time",
            { { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true, 0 },
                { 2, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(15), MIN(25), true,
                    0 } },
            15, 0, 0, 0 },
        { "in doubt it charges less",
            { { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true, 0 },
                { 2, CAUSE_POWER, "power_company", "a/vnpt", MIN(15), MIN(25), true,
                    0 } },
            5, 0, 0, 10 },
        { "merged",
            { { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true,
                2 } },
            0, 0, 10, 0 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report *r = november(T0 + 2 * MONTH_MS);
        int64_t at = T0;
        json_t *doc;
        const json_t *l;

        for (int k = 0; k < 2 && rows[i].faults[k].link != NULL; k++) {
            const struct fault *f = &rows[i].faults[k];

            incident(r, f);
            if (f->from_ms > at) /* episodes run from stamp to stamp */
                rounds(r, "a/vnpt/path", at, f->from_ms - ROUND_MS, true);
            if (f->from_ms > at)
                at = f->from_ms - ROUND_MS;
            if (f->to_ms - ROUND_MS > at)
                rounds(r, "a/vnpt/path", at, f->to_ms - ROUND_MS, !f->down);
            at = f->to_ms - ROUND_MS > at ? f->to_ms - ROUND_MS : at;
        }
        rounds(r, "a/vnpt/path", at, MIN(60), true);
        doc = document(r);
        l = link_of(doc, "a/vnpt");
        minutes(l, rows[i].down, rows[i].degraded, rows[i].unknown + TOTAL - 60,
            rows[i].excluded, rows[i].name);
        CHECK_NEAR(num(l, "total"), TOTAL, 0.0005, rows[i].name);
        json_decref(doc);
    }
}

/* Who answers, by the latest version; the sums of carriers; both languages. */
static void
parties(void)
{
    static const struct fault faults[] = {
        { 3, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(10), MIN(20), true, 0 },
        { 4, CAUSE_SITE_LAN, "commune", "a/vnpt", MIN(30), MIN(34), true, 0 },
        { 7, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", MIN(40), MIN(41), true, 0 },
        { 8, CAUSE_LAST_MILE, "carrier:vnpt", "b/vnpt", MIN(40), MIN(45), true, 0 },
        { 9, CAUSE_LAST_MILE, "carrier:vnpt", "gone/vnpt", MIN(40), MIN(45), true, 0 },
    };
    struct report *r = november(T0 + 2 * MONTH_MS);
    const json_t *l, *c, *list;
    json_t *doc;

    rounds(r, "a/vnpt/path", T0, T0 + MONTH_MS, true);
    rounds(r, "b/vnpt/far", T0, T0 + MONTH_MS, true);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        incident(r, &faults[i]);
    doc = document(r);
    l = link_of(doc, "a/vnpt");
    minutes(l, 15, 0, 0, 0, "a/vnpt");
    CHECK_EQ(json_array_size(json_object_get(l, "incidents")), 3, "incidents");
    list = json_object_get(l, "parties");
    CHECK_EQ(json_array_size(list), 2, "parties");
    minutes(row(list, "party", "carrier:vnpt"), 11, 0, 0, 0, "the carrier's");
    minutes(row(list, "party", "commune"), 4, 0, 0, 0, "the commune's");
    CHECK_STR(
        str(row(list, "party", "carrier:vnpt"), "name_vi"), "VNPT Cao Bằng", "name");
    CHECK_STR(str(row(list, "party", "commune"), "name_vi"), "đơn vị cấp xã", "vi");
    CHECK_STR(str(row(list, "party", "commune"), "name_en"), "commune", "en");
    CHECK_STR(str(l, "source"), "phụ lục 2", "where the figures come from");
    CHECK_STR(str(l, "circuit"), "CBG-1", "circuit");
    CHECK_NEAR(num(l, "high_pct"), 100.0 * (TOTAL - 15) / TOTAL, 0.0001, "high");
    CHECK_NEAR(num(l, "low_pct"), num(l, "high_pct"), 0.0001, "nothing is unknown");
    CHECK_STR(str(l, "met"), "met", "99.5");
    c = row(json_object_get(doc, "carriers"), "id", "vnpt");
    CHECK_EQ(num(c, "links"), 2, "links");
    CHECK_EQ(num(c, "incidents"), 4, "incidents");
    minutes(c, 20, 0, 0, 0, "sums");
    CHECK_NEAR(num(c, "total"), 2 * TOTAL, 0.001, "total");
    minutes(row(json_object_get(c, "parties"), "party", "carrier:vnpt"), 16, 0, 0, 0,
        "sum of the party");
    CHECK_EQ(num(json_object_get(doc, "province"), "incidents"), 4, "province");
    list = json_object_get(doc, "incidents");
    CHECK_EQ(json_array_size(list), 4, "the incidents it rests on");
    minutes(row(list, "incident", "SC-0003"), 10, 0, 0, 0, "SC-0003");
    CHECK(json_is_true(json_object_get(doc, "complete")));
    CHECK(json_is_true(json_object_get(doc, "data")));
    json_decref(doc);
}

/* Time in which nobody measured is unknown, in an incident or not. */
static void
nobody_measured(void)
{
    static const struct fault down = { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt",
        MIN(10), MIN(40), true, 0 };
    struct report *r = november(T0 + 2 * MONTH_MS);
    json_t *doc;
    const json_t *l;

    rounds(r, "a/vnpt/path", T0, MIN(10) - ROUND_MS, true);
    rounds(r, "a/vnpt/path", MIN(10) - ROUND_MS, MIN(20), false);
    rounds(r, "a/vnpt/path", MIN(35), MIN(40) - ROUND_MS, false);
    rounds(r, "a/vnpt/path", MIN(40) - ROUND_MS, MIN(50), true);
    rounds(r, "a/vnpt/path", MIN(55), MIN(60), true);
    incident(r, &down);
    doc = document(r);
    l = link_of(doc, "a/vnpt");
    minutes(l, 15, 0, 15 + 5 + TOTAL - 60, 0, "holes");
    CHECK_NEAR(num(l, "unmeasured"), 15 + 5 + TOTAL - 60, 0.0005, "unmeasured");
    CHECK_NEAR(num(l, "low_pct"), 100.0 * (40 - 15 + 0) / TOTAL, 0.001, "low");
    CHECK_NEAR(num(l, "high_pct"), 100.0 * (TOTAL - 15) / TOTAL, 0.001, "high");
    CHECK_STR(str(l, "met"), "open", "nobody can say");
    json_decref(doc);
}

/* The same rounds in any order and from both ends: late journals change nothing. */
static void
late_and_twice(void)
{
    struct report *r = november(T0 + 2 * MONTH_MS);
    json_t *doc;

    rounds(r, "a/vnpt/path", MIN(40), MIN(60), true);
    rounds(r, "a/vnpt/far", T0 + 3000, MIN(25) + 3000, true);
    rounds(r, "a/vnpt/path", MIN(20), MIN(40), true);
    rounds(r, "a/vnpt/path", MIN(20), MIN(40), true);
    doc = document(r);
    minutes(link_of(doc, "a/vnpt"), 0, 0, TOTAL - 60 + 3.0 / 60, 0, "whole");
    json_decref(doc);
}

/* Two missed rounds are no outage; three without an incident are nobody's knowledge; an
 * end that was never answered says nothing. */
static void
missed_rounds(void)
{
    static const struct {
        int missed;
        double unknown;
    } rows[] = { { 1, 0 }, { 2, 0 }, { 3, 0.5 }, { 30, 5 } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report *r = november(T0 + 2 * MONTH_MS);
        int64_t end = MIN(10) + rows[i].missed * (int64_t)ROUND_MS;
        json_t *doc;

        rounds(r, "a/vnpt/path", T0, MIN(10), true);
        rounds(r, "a/vnpt/path", MIN(10), end, false);
        rounds(r, "a/vnpt/path", end, MIN(60), true);
        rounds(r, "a/vnpt/far", MIN(60), MIN(90), false);
        doc = document(r);
        minutes(link_of(doc, "a/vnpt"), 0, 0, rows[i].unknown + TOTAL - 60, 0, "missed");
        json_decref(doc);
    }
}

/* Down from the month before into the next: no round of it was ever answered. */
static void
all_month(void)
{
    static const struct fault f = { 1, CAUSE_LAST_MILE, "carrier:vnpt", "a/vnpt", T0 - 1,
        0, true, 0 };
    struct report *r = november(T0 + 2 * MONTH_MS);
    json_t *doc;

    rounds(r, "a/vnpt/path", T0 - MIN_MS, T0 + MONTH_MS + MIN_MS, false);
    incident(r, &f);
    doc = document(r);
    minutes(link_of(doc, "a/vnpt"), TOTAL, 0, 0, 0, "all of it");
    CHECK_STR(str(link_of(doc, "a/vnpt"), "met"), "not_met", "99.5");
    json_decref(doc);
}

/* Only the contract's hours count: 21 mornings of four hours. */
static void
contract_hours(void)
{
    /* Monday the 2nd, 07:00 to 09:00 */
    static const struct fault f = { 1, CAUSE_LAST_MILE, "carrier:viettel", "a/viettel",
        MIN(31 * 60), MIN(33 * 60), true, 0 };
    struct report *r = november(T0 + 2 * MONTH_MS);
    json_t *doc;
    const json_t *l;

    rounds(r, "a/viettel/far", T0, T0 + MONTH_MS, true);
    incident(r, &f);
    doc = document(r);
    l = link_of(doc, "a/viettel");
    CHECK_NEAR(num(l, "total"), 21 * 240, 0.0005, "total");
    minutes(l, 60, 0, 0, 0, "eight to nine");
    CHECK_STR(str(l, "role"), "standby", "role");
    CHECK(json_object_get(l, "met") == NULL); /* no figure was promised */
    json_decref(doc);
}

/* A month that runs ends with the newest round; an open incident lasts until then. */
static void
still_running(void)
{
    static const struct fault open = { 1, CAUSE_LAST_MILE, "carrier:vnpt", "b/vnpt",
        MIN(30), 0, true, 0 };
    struct report *r = november(MIN(60) + 7000);
    json_t *doc;

    rounds(r, "a/vnpt/path", T0, MIN(60), true);
    rounds(r, "b/vnpt/path", T0, MIN(30) - ROUND_MS, true);
    rounds(r, "b/vnpt/path", MIN(30) - ROUND_MS, MIN(60) - 4000, false);
    incident(r, &open);
    doc = document(r);
    CHECK(json_is_false(json_object_get(doc, "complete")));
    CHECK_EQ(num(doc, "until"), MIN(60) / 1000, "until");
    minutes(link_of(doc, "a/vnpt"), 0, 0, 0, 0, "up");
    minutes(link_of(doc, "b/vnpt"), 30, 0, 0, 0, "down");
    CHECK_NEAR(num(link_of(doc, "b/vnpt"), "low_pct"), 50, 0.0001, "half of it");
    json_decref(doc);
}

/* Before Nhip ran, and a month to come: no figure at all. */
static void
no_data(void)
{
    struct report *r = november(T0 + 2 * MONTH_MS);
    json_t *doc = document(r);
    const json_t *l = link_of(doc, "a/vnpt");

    CHECK(json_is_false(json_object_get(doc, "data")));
    minutes(l, 0, 0, TOTAL, 0, "all unknown");
    CHECK(json_is_null(json_object_get(l, "low_pct")));
    CHECK(json_is_null(json_object_get(l, "high_pct")));
    CHECK(json_is_null(json_object_get(l, "met")));
    json_decref(doc);
    doc = document(november(T0 - MONTH_MS));
    CHECK_NEAR(num(link_of(doc, "a/vnpt"), "total"), 0, 0, "to come");
    CHECK(json_is_null(json_object_get(link_of(doc, "a/vnpt"), "high_pct")));
    json_decref(doc);
}

static void
refused(void)
{
    static const char *const months[] = { "2026-13", "2026", "november", "2026-11-01" };

    for (size_t i = 0; i < sizeof(months) / sizeof(months[0]); i++) {
        struct report *r = NULL;

        CHECK_EQ(report_new(&r, inv, months[i], T0), NH_EINVAL, months[i]);
        CHECK(r == NULL);
    }
}

static void
load_inventory(void)
{
    struct nh_conf_problem problem = { 0 };
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/nhip.conf", check_tmpdir());
    f = fopen(path, "w");
    if (f == NULL)
        return;
    fputs(conf, f);
    fclose(f);
    CHECK_EQ(inventory_load(&inv, path, &problem), NH_OK, problem.text);
}

int
main(void)
{
    RUN(load_inventory);
    if (inv == NULL)
        return check_done();
    RUN(one_link);
    RUN(parties);
    RUN(nobody_measured);
    RUN(late_and_twice);
    RUN(missed_rounds);
    RUN(all_month);
    RUN(contract_hours);
    RUN(still_running);
    RUN(no_data);
    RUN(refused);
    inventory_free(inv);
    return check_done();
}
