/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, numbers and bytes of incidents. */
#include "collector/incident.h"
#include "tests/unit/check.h"
#include <stdlib.h>

static char *
copy(const char *s)
{
    char *out = malloc(strlen(s) + 1);

    memcpy(out, s, strlen(s) + 1);
    return out;
}

static struct incident
sample(void)
{
    struct incident in = { .number = 412,
        .opened_ms = 1795000000123,
        .revision = 3,
        .started_ms = 1794999990000,
        .kind = INCIDENT_OUTAGE,
        .cause = CAUSE_CARRIER_NODE,
        .first_cause = CAUSE_LAST_MILE,
        .confidence = CONFIDENCE_LIKELY,
        .party = "carrier:vnpt",
        .object = "vnpt-bao-lac",
        .link_count = 1,
        .site_count = 1,
        .reason_count = 1,
        .next_cause = CAUSE_LAST_MILE,
        .minutes = { 60000, 0, 0, 0 },
        .may_be_told = true };

    in.title_vi = copy("Mất kết nối");
    in.title_en = copy("Down");
    in.settle_vi = copy("kênh khác");
    in.settle_en = copy("other \"links\"");
    in.links = calloc(1, sizeof(in.links[0]));
    in.sites = calloc(1, sizeof(in.sites[0]));
    in.reasons = calloc(1, sizeof(in.reasons[0]));
    in.links[0] = (struct incident_link){ "bao-lac/vnpt", false, 1, 2, { 60000, 0, 0, 0 },
        0, NULL };
    in.links[0].spans = calloc(2, sizeof(in.links[0].spans[0]));
    in.links[0].spans[0] = (struct incident_span){ 1, 2, true };
    in.links[0].spans[1] = (struct incident_span){ 3, 0, false };
    in.links[0].span_count = 2;
    memcpy(in.sites[0], "bao-lac", 8);
    in.reasons[0].vi = copy("vì");
    in.reasons[0].en = copy("because");
    in.reasons[0].at_ms = 5;
    return in;
}

static void
names(void)
{
    static const struct {
        const char *id;
        uint32_t number; /* 0: refused */
    } rows[] = { { "SC-0412", 412 }, { "412", 412 }, { "sc-412", 412 },
        { "SC-12345", 12345 }, { "SC-", 0 }, { "", 0 }, { "0", 0 }, { "SC-1x", 0 },
        { "4294967296", 0 }, { "99999999999", 0 } };
    char id[16];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t n = 0;

        CHECK_EQ(incident_id_of(rows[i].id, &n), rows[i].number != 0, rows[i].id);
        CHECK_EQ(n, rows[i].number, rows[i].id);
    }
    incident_id(412, id);
    CHECK_STR(id, "SC-0412", "id");
    for (enum cause c = CAUSE_UNKNOWN; c < CAUSES; c++) {
        enum cause back = CAUSES;

        CHECK(incident_cause_of(incident_cause_name(c), &back) && back == c);
    }
    for (enum incident_kind k = INCIDENT_OUTAGE; k < INCIDENT_KINDS; k++) {
        enum incident_kind back = INCIDENT_KINDS;

        CHECK(incident_kind_of(incident_kind_name(k), &back) && back == k);
    }
}

static void
round_trip(void)
{
    struct incident in = sample(), dup, part;
    struct nh_buf a, b;

    nh_buf_init(&a, 1 << 20);
    nh_buf_init(&b, 1 << 20);
    CHECK_EQ(incident_dup(&dup, &in), NH_OK, "dup");
    incident_encode(&a, &in);
    incident_encode(&b, &dup);
    CHECK_EQ(a.len, b.len, "length");
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    CHECK_STR(dup.settle_en, "other \"links\"", "text");
    CHECK_EQ(dup.links[0].span_count, 2, "spans");
    CHECK(dup.links[0].spans != in.links[0].spans && dup.links[0].spans[0].down &&
          !dup.links[0].spans[1].down && dup.links[0].spans[1].from_ms == 3);
    for (size_t n = 0; n < a.len; n++) {
        struct nh_slice s = nh_slice_of(a.data, n);

        CHECK_EQ(incident_decode(&s, &part), NH_EFORMAT, "cut short");
        CHECK(part.links == NULL && part.title_vi == NULL);
    }
    nh_buf_clear(&b);
    incident_json_open(&b, &in, "en");
    nh_buf_put_u8(&b, 0);
    CHECK(
        strstr((const char *)b.data, "\"would_settle\":\"other \\\"links\\\"\"") != NULL);
    CHECK(strstr((const char *)b.data, "\"opened\":1795000000.123,") != NULL);
    CHECK(strstr((const char *)b.data, "\"closed\":null,") != NULL);
    CHECK(strstr((const char *)b.data, "\"minutes\":{\"down\":1.000,") != NULL);
    nh_buf_fini(&a);
    nh_buf_fini(&b);
    incident_fini(&in);
    incident_fini(&dup);
}

static void
classes(void)
{
    static const struct {
        enum cause cause;
        bool down, excluded;
        enum minute_class want;
    } rows[] = { { CAUSE_LAST_MILE, true, false, MINUTE_DOWN },
        { CAUSE_LAST_MILE, false, false, MINUTE_DEGRADED },
        { CAUSE_POWER, true, true, MINUTE_EXCLUDED },
        { CAUSE_PLANNED, false, true, MINUTE_EXCLUDED },
        { CAUSE_PLANNED, true, false, MINUTE_DOWN },
        { CAUSE_DATA_CENTRE, true, false, MINUTE_UNKNOWN },
        { CAUSE_DATA_CENTRE, true, true, MINUTE_UNKNOWN },
        { CAUSE_MONITORING, false, false, MINUTE_UNKNOWN } };
    struct incident_minutes m = { 1, 2, 3, 4 };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CHECK_EQ(incident_minute_class(rows[i].cause, rows[i].down, rows[i].excluded),
            rows[i].want, incident_cause_name(rows[i].cause));
    CHECK_EQ(*incident_minutes_of(&m, MINUTE_DOWN), 1, "down");
    CHECK_EQ(*incident_minutes_of(&m, MINUTE_DEGRADED), 2, "degraded");
    CHECK_EQ(*incident_minutes_of(&m, MINUTE_UNKNOWN), 3, "unknown");
    CHECK_EQ(*incident_minutes_of(&m, MINUTE_EXCLUDED), 4, "excluded");
}

int
main(void)
{
    RUN(classes);
    RUN(names);
    RUN(round_trip);
    return check_done();
}
