/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incident.c - what the pages say of an incident */
#include "tests/unit/check.h"
#include "web/view_incident.h"
#include <stdio.h>
#include <stdlib.h>

static struct web w;

static void
take(const char *text)
{
    json_t *line = json_loads(text, 0, NULL);

    CHECK_NAMED(line != NULL, text);
    snapshot_take(w.snapshot, line);
    json_decref(line);
}

static void
begin(void)
{
    CHECK(snapshot_new(&w.snapshot, NULL, "/nowhere", NULL) == NH_OK);
    take("{\"id\":1,\"doc\":\"overview\",\"is\":{\"carriers\":[{\"id\":\"vnpt\",\"name\":"
         "\"VNPT\",\"hotline\":\"0206 3.800\"}]}}");
    take("{\"id\":1,\"doc\":\"site\",\"is\":{\"id\":\"a\",\"name\":\"Xã "
         "A\",\"devices\":[{\"id\":\"router\"}],\"links\":[{"
         "\"id\":\"a/vnpt\",\"name\":\"vnpt\",\"circuit\":\"C-1\"}]}}");
    take("{\"id\":1,\"doc\":\"service\",\"is\":{\"id\":\"io\",\"name\":\"iOffice\"}}");
}

static void
end(void)
{
    snapshot_free(w.snapshot);
    w.snapshot = NULL;
}

static const char *
text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static json_t *
page(const char *json)
{
    json_t *incident = json_loads(json, 0, NULL), *view;

    CHECK_NAMED(incident != NULL, json);
    view = view_incident_page(&w, incident, NH_EN);
    json_decref(incident);
    return view;
}

static void
numbers(void)
{
    static const struct {
        const char *id;
        uint32_t want;
    } rows[] = {
        { "SC-0412", 412 },
        { "sc-412", 412 },
        { "412", 412 },
        { "SC-", 0 },
        { "", 0 },
        { "412x", 0 },
        { "-1", 0 },
        { "4294967295", 4294967295 },
        { "4294967296", 0 },
        { "99999999999", 0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_EQ(incident_number(rows[i].id), rows[i].want, rows[i].id);
}

static void
parties(void)
{
    static const struct {
        const char *party, *name, *tel;
    } rows[] = {
        { "carrier:vnpt", "VNPT", "02063800" },
        { "carrier:gone", "gone", "" },
        { "service:io", "iOffice", "" },
        { "power_company", "electricity company", "" },
        { "unknown", "not known", "" },
        { "", "not known", "" },
    };

    begin();
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        json_t *in = json_pack("{s:s}", "party", rows[i].party);
        json_t *view = view_incident(&w, in, NH_EN);

        CHECK_STR(text(view, "party"), rows[i].name, rows[i].party);
        CHECK_STR(text(view, "tel"), rows[i].tel, rows[i].party);
        json_decref(view);
        json_decref(in);
    }
    end();
}

/* From a reason to the chart of its reading. */
static void
proofs(void)
{
    static const struct {
        const char *check, *want;
    } rows[] = {
        { "a/vnpt/far", "/link/a/vnpt?from=8200&to=11800" },
        { "service/io/a", "/service/io?site=a&from=8200&to=11800" },
        { "service/io/collector", "/service/io?site=collector&from=8200&to=11800" },
        { "a/router/snmp", "/device/a/router" },
        { "a/ups/snmp", "/site/a" },
        { "a/power", "/site/a" },
        { "b/vnpt/path", "" },
        { "b/power", "" },
        { "service/gone/a", "" },
        { "service/io", "" },
        { "centre/vnpt/port", "" },
        { "nonsense", "" },
        { "", "" },
    };

    begin();
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        json_t *in = json_pack("{s:[s], s:[{s:s, s:i}]}", "reasons", "because",
            "evidence", "check", rows[i].check, "at", 10000);
        json_t *view = view_incident_page(&w, in, NH_EN);

        CHECK_STR(text(json_array_get(json_object_get(view, "reasons"), 0), "proof"),
            rows[i].want, rows[i].check);
        json_decref(view);
        json_decref(in);
    }
    end();
}

/* Revisions and actions in one line by time; a revision says what it changed, and why. */
static void
time_line(void)
{
    static const char *const whats[] = { "Opened", "Acknowledged", "Revised",
        "Restored" };
    static const char *const changes[][2] = { { "cause", "power lost" },
        { "side of the cause", "electricity company" }, { "confidence", "likely" },
        { "began", "07:00:07 01/01/1970" }, { "Sites", "2" } };
    const json_t *line, *revised, *list;
    json_t *view;

    begin();
    view = page(
        "{\"revisions\":["
        "{\"at\":30,\"change\":\"opened\",\"was\":{\"cause\":\"last_mile\",\"party\":"
        "\"carrier:vnpt\",\"confidence\":\"suspected\",\"started\":9,\"sites\":[\"a\"],"
        "\"reasons\":[\"one\"]}},"
        "{\"at\":90.5,\"change\":\"revised\",\"was\":{\"cause\":\"power\",\"party\":"
        "\"power_company\",\"confidence\":\"likely\",\"started\":7,\"sites\":[\"a\","
        "\"b\"],"
        "\"reasons\":[\"one\",\"two\"]}},"
        "{\"at\":99,\"change\":\"closed\",\"was\":{\"cause\":\"power\",\"party\":"
        "\"power_company\",\"confidence\":\"likely\",\"started\":7,\"closed\":95,"
        "\"sites\":[\"a\",\"b\"],\"reasons\":[\"one\",\"two\"]}}],"
        "\"actions\":[{\"at\":60,\"action\":\"ack\",\"who\":\"truc-ca\",\"way\":\"sms\"}]"
        "}");
    line = json_object_get(view, "line");
    CHECK_EQ(json_array_size(line), NH_COUNT(whats), "entries");
    for (size_t i = 0; i < NH_COUNT(whats); i++)
        CHECK_STR(text(json_array_get(line, i), "what"), whats[i], whats[i]);
    revised = json_array_get(line, 2);
    list = json_object_get(revised, "changes");
    CHECK_EQ(json_array_size(list), NH_COUNT(changes), "changes");
    for (size_t i = 0; i < NH_COUNT(changes); i++) {
        CHECK_STR(text(json_array_get(list, i), "label"), changes[i][0], "label");
        CHECK_STR(text(json_array_get(list, i), "is"), changes[i][1], changes[i][0]);
    }
    list = json_object_get(revised, "why");
    CHECK_EQ(json_array_size(list), 1, "only the new reason");
    CHECK_STR(json_string_value(json_array_get(list, 0)), "two", "why");
    list = json_object_get(json_array_get(line, 3), "changes");
    CHECK_EQ(json_array_size(list), 1, "its end");
    CHECK_STR(text(json_array_get(list, 0), "was"), "–", "no end before");
    CHECK(json_is_null(json_object_get(revised, "who"))); /* not the page's */
    json_decref(view);
    end();
}

/* Its end was seen, and is told once it has held a while. */
static void
ends(void)
{
    static const struct {
        const char *json;
        bool watched, open;
    } rows[] = {
        { "{\"closed\":null,\"told_closed\":null}", false, true },
        { "{\"closed\":9,\"told_closed\":null}", true, false },
        { "{\"closed\":9,\"told_closed\":60}", false, false },
    };

    begin();
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        json_t *view = page(rows[i].json);

        CHECK_EQ(json_is_true(json_object_get(view, "watched")), rows[i].watched,
            rows[i].json);
        CHECK_EQ(json_is_true(json_object_get(view, "open")), rows[i].open, rows[i].json);
        json_decref(view);
    }
    end();
}

static void
told(void)
{
    const json_t *row;
    json_t *view;

    begin();
    view =
        page("{\"notifications\":[{\"at\":5,\"to\":\"x\",\"channel\":\"sms\",\"about\":"
             "\"opened\",\"state\":\"waiting\",\"tries\":3,\"next\":600,\"done\":null,"
             "\"error\":\"no signal\",\"text\":\"NHIP\"}]}");
    row = json_array_get(json_object_get(view, "told"), 0);
    CHECK_STR(text(row, "word"), "Waiting", "state");
    CHECK_STR(text(row, "channel"), "text message", "channel");
    CHECK_STR(text(row, "next"), "07:10 01/01/1970", "next try");
    CHECK_STR(text(row, "error"), "no signal", "error");
    CHECK(json_is_null(json_object_get(row, "done")));
    CHECK_EQ(json_integer_value(json_object_get(row, "tries")), 3, "tries");
    json_decref(view);
    end();
}

/* What wants somebody, what is only recorded, and what a page is not about. */
static void
of_a_page(void)
{
    json_t *view = json_object();

    begin();
    take("{\"id\":1,\"doc\":\"incident\",\"is\":{\"number\":1,\"sites\":[\"a\"],"
         "\"links\":["
         "\"a/vnpt\"]}}");
    take(
        "{\"id\":1,\"doc\":\"incident\",\"is\":{\"number\":2,\"sites\":[\"a\"],\"cause\":"
        "\"planned\"}}");
    take(
        "{\"id\":1,\"doc\":\"incident\",\"is\":{\"number\":3,\"sites\":[\"b\"],\"party\":"
        "\"service:io\"}}");
    take("{\"id\":1,\"doc\":\"incident\",\"is\":{\"number\":4,\"sites\":[\"a\"],"
         "\"closed\":"
         "9}}");
    view_add_incidents(view, &w, NH_EN, 9, NULL, NULL);
    CHECK_EQ(json_array_size(json_object_get(view, "incidents")), 2, "open");
    CHECK_EQ(json_array_size(json_object_get(view, "planned_work")), 1, "planned");
    view_add_incidents(view, &w, NH_EN, 1, NULL, NULL);
    CHECK_EQ(json_integer_value(json_object_get(view, "more")), 1, "left out");
    CHECK_EQ(json_integer_value(json_object_get(view, "incidents_n")), 2, "counted");
    view_add_incidents(view, &w, NH_EN, 9, incident_covers_site, "a");
    CHECK_EQ(json_array_size(json_object_get(view, "incidents")), 1, "of the site");
    view_add_incidents(view, &w, NH_EN, 9, incident_covers_link, "a/viettel");
    CHECK_EQ(json_array_size(json_object_get(view, "incidents")), 0, "of no link");
    view_add_incidents(view, &w, NH_EN, 9, incident_covers_service, "io");
    CHECK_EQ(json_array_size(json_object_get(view, "incidents")), 1, "of the service");
    json_decref(view);
    end();
}

static void
newest_first(void)
{
    json_t *list = json_pack("[{s:i,s:i},{s:i,s:i},{s:i,s:s}]", "number", 1, "changed", 5,
        "number", 2, "changed", 9, "number", 3, "merged_into", "SC-0001");
    size_t count;
    const json_t **all = incidents_newest_first(list, &count);

    CHECK_EQ(count, 2, "what was merged stands elsewhere");
    CHECK(all != NULL && all[0] == json_array_get(list, 1) &&
          all[1] == json_array_get(list, 0));
    free(all);
    json_decref(list);
}

/* The outbox speaks only when something is wrong. */
static void
messages(void)
{
    static const struct {
        const char *name, *json;
        int failed, waiting;
    } rows[] = {
        { "well", "{\"waiting\":0,\"sent\":4,\"failed\":0,\"oldest\":null}", 0, 0 },
        { "failed", "{\"waiting\":0,\"sent\":4,\"failed\":2,\"oldest\":null}", 2, 0 },
        { "long", "{\"waiting\":3,\"sent\":4,\"failed\":0,\"oldest\":1000000}", 0, 3 },
        { "just now", "{\"waiting\":3,\"sent\":4,\"failed\":0,\"oldest\":99999999999}", 0,
            0 },
    };

    begin();
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        char line[256];
        json_t *m;

        snprintf(line, sizeof(line),
            "{\"id\":1,\"doc\":\"overview\",\"is\":{\"messages\":%s}}", rows[i].json);
        take(line);
        m = view_messages(&w);
        CHECK_NAMED((m != NULL) == (rows[i].failed + rows[i].waiting > 0), rows[i].name);
        CHECK_EQ(json_integer_value(json_object_get(m, "failed")), rows[i].failed,
            rows[i].name);
        CHECK_EQ(json_integer_value(json_object_get(m, "waiting")), rows[i].waiting,
            rows[i].name);
        json_decref(m);
    }
    end();
}

int
main(void)
{
    RUN(numbers);
    RUN(parties);
    RUN(proofs);
    RUN(time_line);
    RUN(ends);
    RUN(told);
    RUN(of_a_page);
    RUN(newest_first);
    RUN(messages);
    return check_done();
}
