/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_line.c - numbers in their shortest form, strings escaped, whole lines */
#include "libnhip/replay_line.h"
#include "tests/unit/check.h"

static const char *
text(struct nh_buf *b)
{
    nh_buf_put_u8(b, 0);
    return nh_buf_err(b) == NH_OK ? (const char *)b->data : "(failed)";
}

static void
numbers(void)
{
    static const struct {
        int64_t fixed;
        uint8_t decimals;
        const char *want;
    } rows[] = {
        { 0, 0, "0" },
        { 0, 3, "0" },
        { 12300, 3, "12.3" },
        { 12345, 3, "12.345" },
        { -5, 3, "-0.005" },
        { -27, 0, "-27" },
        { 100, 2, "1" },
        { 1000, 0, "1000" },
        { INT64_MIN, 0, "-9223372036854775808" },
        { INT64_MAX, 3, "9223372036854775.807" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct nh_buf b;

        nh_buf_init(&b, 100);
        nh_json_fixed(&b, rows[i].fixed, rows[i].decimals);
        CHECK_STR(text(&b), rows[i].want, rows[i].want);
        nh_buf_fini(&b);
    }
}

static void
strings(void)
{
    struct nh_buf b;

    nh_buf_init(&b, 100);
    nh_json_string(&b, "Xã \"Bảo\\Lạc\"\n");
    CHECK_STR(text(&b), "\"Xã \\\"Bảo\\\\Lạc\\\"\\u000a\"", "escapes");
    nh_buf_fini(&b);
}

static void
lines(void)
{
    struct nh_origin origin = { .offset_ms = 1793602800000, .arrived_ms = 1793602801300 };
    struct nh_check check = { .id = "bao-lac/vnpt/far", .kind = nh_kind_find("far") };
    struct nh_reading r = { .present = 1 << NH_ICMP_SENT | 1 << NH_ICMP_RTT_AVG,
        .mono_ms = 1200 };
    struct nh_event event = {
        .name = "link_down", .object = "bao-lac/vnpt", .mono_ms = 1300, .uptime_s = -1
    };
    struct nh_buf b;

    r.value[NH_ICMP_SENT] = 5;
    r.value[NH_ICMP_RTT_AVG] = 13000;
    nh_buf_init(&b, 1000);
    nh_replay_reading(&b, &check, &origin, &r, NULL);
    CHECK_STR(text(&b),
        "{\"at\":1793602801.2,\"arrived\":1793602801.3,\"check\":\"bao-lac/vnpt/far\","
        "\"values\":{\"sent\":5,\"rtt_avg_ms\":13}}",
        "reading");
    nh_buf_clear(&b);
    nh_replay_event(&b, &origin, &event, "6ee9");
    CHECK_STR(text(&b),
        "{\"at\":1793602801.3,\"boot\":\"6ee9\",\"event\":\"link_down\",\"site\":\"bao-"
        "lac\","
        "\"link\":\"vnpt\"}",
        "event of an earlier boot");
    event = (struct nh_event){ .name = "session_up",
        .object = "bao-lac",
        .mono_ms = 1300,
        .uptime_s = 77,
        .boot = "ab12" };
    nh_buf_clear(&b);
    nh_replay_event(&b, &origin, &event, NULL);
    CHECK_STR(text(&b),
        "{\"at\":1793602801.3,\"event\":\"session_up\",\"site\":\"bao-lac\",\"boot\":"
        "\"ab12\","
        "\"uptime_s\":77}",
        "session");
    nh_buf_fini(&b);
}

int
main(void)
{
    RUN(numbers);
    RUN(strings);
    RUN(lines);
    return check_done();
}
