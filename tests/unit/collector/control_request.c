/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control_request: what the control socket takes, and what it says about the rest */
#include "collector/control_request.h"
#include "tests/unit/check.h"

static const struct {
    const char *line, *why;
} rejects[] = {
    { "{}", "'do' is missing" },
    { "{\"do\":7}", "'do' is missing" },
    { "{\"do\":\"dance\"}", "there is no request 'dance'" },
    { "{\"do\":\"site\"}", "'site' is missing" },
    { "{\"do\":\"site\",\"site\":\"\"}", "'site' must be text of 1 to 63 bytes" },
    { "{\"do\":\"site\",\"site\":5}", "'site' must be text of 1 to 63 bytes" },
    { "{\"do\":\"site\",\"site\":\"a\\u0000b\"}",
        "'site' must be text of 1 to 63 bytes" },
    { "{\"do\":\"series\",\"check\":\"a/b\",\"from\":9}", "'to' is missing" },
    { "{\"do\":\"series\",\"check\":\"a/b\",\"from\":9,\"to\":8}",
        "'to' lies before 'from'" },
    { "{\"do\":\"series\",\"check\":\"a/b\",\"from\":-1,\"to\":8}",
        "'from' must be a number from 0 to 253402300799" },
    { "{\"do\":\"series\",\"check\":\"a/b\",\"from\":1,\"to\":1e300}",
        "'to' must be a number from 0 to 253402300799" },
    { "{\"do\":\"series\",\"check\":\"a/b\",\"from\":1,\"to\":2,\"points\":2001}",
        "'points' must be a number from 1 to 2000" },
    { "{\"do\":\"graph\",\"check\":\"a/b\",\"from\":1,\"to\":2,\"format\":\"gif\"}",
        "'format' is svg or png" },
    { "{\"do\":\"graph\",\"check\":\"a/b\",\"from\":1,\"to\":2,\"chart\":\"pie\"}",
        "'chart' is latency, traffic, service or host" },
    { "{\"do\":\"agent_add\",\"site\":\"a\"}", "'host' is missing" },
    { "{\"do\":\"agent_add\",\"site\":\"a\",\"host\":\"h\",\"port\":70000}",
        "'port' must be a number from 1 to 65535" },
    { "{\"do\":\"agent_add\",\"site\":\"a\",\"host\":\"h h\"}",
        "'host' has spaces in it" },
    { "{\"do\":\"report\"}", "'month' is missing" },
    { "{\"do\":\"report\",\"month\":\"2026-11-01\"}",
        "'month' must be text of 1 to 7 bytes" },
    { "{\"do\":\"test\",\"site\":\"a\"}", "'test' is missing" },
    { "{\"do\":\"test\",\"site\":\"a\",\"test\":\"scan\"}",
        "'test' is trace, train, mtu, dns, service or throughput" },
    { "{\"do\":\"test\",\"site\":\"a\",\"test\":\"service\"}",
        "'service' is missing: which one is to be tested?" },
    { "{\"do\":\"test\",\"site\":\"a\",\"test\":\"train\",\"link\":\"b\\ncheck=c\"}",
        "a name has a line end in it" },
    { "{\"do\":\"test\",\"site\":\"a\",\"test\":\"train\",\"count\":101}",
        "'count' must be a number from 1 to 100" },
};

static enum nh_err
read_line(const char *line, struct control_request *r, char why[160])
{
    json_t *object = json_loads(line, JSON_ALLOW_NUL, NULL);
    enum nh_err err;

    CHECK_NAMED(object != NULL, line);
    err = control_request_read(object, r, why);
    json_decref(object);
    return err;
}

static void
bad_requests(void)
{
    for (size_t i = 0; i < NH_COUNT(rejects); i++) {
        struct control_request r;
        char why[160];

        CHECK_EQ(read_line(rejects[i].line, &r, why), NH_EINVAL, rejects[i].line);
        CHECK_STR(why, rejects[i].why, rejects[i].line);
        CHECK_STR(r.id, "0", rejects[i].line);
    }
}

static void
good_requests(void)
{
    struct control_request r;
    char why[160];

    CHECK_EQ(read_line("{\"id\":7,\"do\":\"status\",\"later\":true}", &r, why), NH_OK,
        "status");
    CHECK_EQ(r.what, CONTROL_STATUS, "status");
    CHECK_STR(r.id, "7", "id");
    CHECK_EQ(read_line("{\"id\":-1.5,\"do\":\"tail\"}", &r, why), NH_OK, "tail");
    CHECK_STR(r.id, "-1.5", "real id");
    CHECK_STR(r.site, "", "no site");
    CHECK_EQ(read_line("{\"id\":\"x\",\"do\":\"series\",\"check\":\"bao-lac/vnpt/path\","
                       "\"from\":1790000000.7,\"to\":1790000600,\"points\":100}",
                 &r, why),
        NH_OK, "series");
    CHECK_STR(r.id, "0", "an id that is no number");
    CHECK_STR(r.check, "bao-lac/vnpt/path", "check");
    CHECK_EQ(r.from, 1790000000, "from");
    CHECK_EQ(r.points, 100, "points");
    CHECK_EQ(
        read_line("{\"do\":\"agent_add\",\"site\":\"a\",\"host\":\"h.vn\",\"port\":7443}",
            &r, why),
        NH_OK, "agent_add");
    CHECK_EQ(r.port, 7443, "port");
}

int
main(void)
{
    RUN(bad_requests);
    RUN(good_requests);
    return check_done();
}
