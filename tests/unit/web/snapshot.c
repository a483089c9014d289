/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snapshot.c - documents come, change, go; what is shown and what is not; metrics */
#include "web/snapshot.h"
#include "tests/unit/check.h"
#include "web/pages/metrics.h"
#include "web/view.h"
#include <stdio.h>

static unsigned changes, shown_changes;

static void
on_change(void *arg, const char *doc, const char *key, bool shown)
{
    (void)arg;
    (void)doc;
    (void)key;
    changes++;
    shown_changes += shown;
}

static struct snapshot *
made(void)
{
    struct snapshot_events events = { on_change, NULL, NULL };
    struct snapshot *s;

    changes = shown_changes = 0;
    CHECK(snapshot_new(&s, NULL, "/nowhere", &events) == NH_OK);
    return s;
}

static void
take(struct snapshot *s, const char *text)
{
    json_t *line = json_loads(text, 0, NULL);

    CHECK_NAMED(line != NULL, text);
    snapshot_take(s, line);
    json_decref(line);
}

#define SITE(id, state, rtt)                                                             \
    "{\"id\":1,\"doc\":\"site\",\"is\":{\"id\":\"" id "\",\"name\":\"Xã " id             \
    "\",\"code\":\"01\",\"state\":\"" state "\",\"since\":5,\"links\":[{\"id\":\"" id    \
    "/vnpt\",\"name\":\"vnpt\",\"state\":\"" state                                       \
    "\",\"carrier\":\"vn\\\"pt\",\"checks\":{\"path\":{\"state\":\"up\",\"values\":"     \
    "{\"sent\":5,\"lost\":1,\"rtt_avg_ms\":" rtt "}}}}]}}"

/* Its own number for each look of each site: what is kept of it by that number is right.
 */
static void
looks(void)
{
    struct snapshot *s = made();
    uint64_t a, b;

    take(s, SITE("a", "up", "3"));
    take(s, SITE("b", "up", "3"));
    a = snapshot_site_shown(s, 0);
    b = snapshot_site_shown(s, 1);
    CHECK(a != b && a != 0 && b != 0);
    take(s, SITE("a", "up", "9"));
    CHECK_EQ(snapshot_site_shown(s, 0), a, "only a number that is not shown has moved");
    take(s, SITE("a", "down", "9"));
    CHECK(snapshot_site_shown(s, 0) != a && snapshot_site_shown(s, 0) != b);
    CHECK_EQ(snapshot_site_shown(s, 1), b, "the other site");
    take(s, "{\"id\":1,\"gone\":\"site\",\"key\":\"a\"}");
    CHECK_EQ(snapshot_site_shown(s, 0), b, "the other site has moved up");
    snapshot_free(s);
}

static void
documents(void)
{
    struct snapshot *s = made();

    CHECK(!snapshot_is_ready(s));
    take(s, SITE("a", "up", "3"));
    take(s, SITE("b", "up", "3"));
    take(s, SITE("c", "up", "3"));
    take(s, "{\"id\":1,\"ready\":true}");
    CHECK(snapshot_is_ready(s) && snapshot_has_contact(s));
    CHECK_EQ(snapshot_sites(s), 3, "sites");
    take(s, "{\"id\":1,\"gone\":\"site\",\"key\":\"a\"}");
    CHECK_EQ(snapshot_sites(s), 2, "one went");
    CHECK(snapshot_site(s, "a") == NULL && snapshot_site(s, "c") != NULL);
    CHECK_STR(json_string_value(json_object_get(snapshot_site(s, "c"), "id")), "c",
        "places after one went");
    take(s, "{\"id\":1,\"doc\":\"site\",\"is\":{\"name\":\"no id\"}}");
    take(s, "{\"id\":1,\"doc\":\"something new\",\"is\":{\"id\":\"x\"}}");
    take(s, "{\"id\":77,\"ok\":true,\"result\":{}}");
    take(s, "{}");
    CHECK_EQ(snapshot_sites(s), 2, "what is not known is passed over");
    snapshot_free(s);
}

static void
what_is_shown(void)
{
    struct snapshot *s = made();
    uint64_t before;

    take(s, SITE("a", "up", "3"));
    before = snapshot_shown_revision(s);
    take(s, SITE("a", "up", "4"));
    CHECK_EQ(snapshot_shown_revision(s), before, "a reading moved");
    take(s, SITE("a", "down", "4"));
    CHECK_EQ(snapshot_shown_revision(s), before + 1, "a state changed");
    CHECK_EQ(changes, 3, "changes");
    CHECK_EQ(shown_changes, 2, "shown");
    snapshot_free(s);
}

#define INCIDENT(n, rest)                                                                \
    "{\"id\":1,\"doc\":\"incident\",\"is\":{\"number\":" n ",\"incident\":\"SC-" n       \
    "\"," rest "}}"

/* Open ones first, the worst of them first; then what ended last. */
static void
incidents(void)
{
    static const char *const want[] = { "6", "3", "1", "4", "2", "7", "5", "8" };
    struct snapshot *s = made();
    uint64_t before;

    take(s, INCIDENT("1", "\"kind\":\"outage\",\"started\":90,\"sites\":[\"a\"]"));
    take(s, INCIDENT("2", "\"kind\":\"degraded\",\"started\":10,\"sites\":[\"a\"]"));
    take(s, INCIDENT("3", "\"kind\":\"outage\",\"started\":50,\"sites\":[\"a\"],"
                          "\"closed\":null"));
    take(s, INCIDENT("4", "\"kind\":\"power\",\"started\":5,\"sites\":[\"a\",\"b\"]"));
    take(s, INCIDENT("5", "\"kind\":\"outage\",\"started\":1,\"closed\":200"));
    take(s, INCIDENT("6", "\"kind\":\"outage\",\"started\":99,\"sites\":[\"a\",\"b\"]"));
    take(s, INCIDENT("7", "\"kind\":\"outage\",\"cause\":\"planned\",\"started\":1,"
                          "\"sites\":[\"a\",\"b\",\"c\"]"));
    take(s, INCIDENT("8", "\"kind\":\"outage\",\"started\":1,\"closed\":100.5"));
    CHECK_EQ(snapshot_incidents(s), NH_COUNT(want), "all");
    for (size_t i = 0; i < NH_COUNT(want); i++)
        CHECK_EQ(
            json_integer_value(json_object_get(snapshot_incident_at(s, i), "number")),
            want[i][0] - '0', want[i]);
    before = snapshot_shown_revision(s);
    take(s, INCIDENT("2", "\"kind\":\"degraded\",\"started\":10,\"sites\":[\"a\"],"
                          "\"minutes\":{\"down\":4}"));
    CHECK_EQ(snapshot_shown_revision(s), before, "its minutes grow");
    take(s, INCIDENT("2", "\"kind\":\"degraded\",\"started\":10,\"sites\":[\"a\"],"
                          "\"acknowledged\":{\"who\":\"x\"}"));
    CHECK_EQ(snapshot_shown_revision(s), before + 1, "acknowledged");
    take(s, "{\"id\":1,\"gone\":\"incident\",\"key\":\"6\"}");
    take(s, "{\"id\":1,\"gone\":\"something new\",\"key\":\"3\"}");
    CHECK_EQ(json_integer_value(json_object_get(snapshot_incident_at(s, 0), "number")), 3,
        "the worst one went");
    CHECK(snapshot_incident(s, "6") == NULL && snapshot_incident(s, "3") != NULL);
    CHECK(!incident_is_open(snapshot_incident(s, "8")));
    CHECK(incident_is_open(snapshot_incident(s, "3")));
    snapshot_free(s);
}

static void
metrics(void)
{
    struct snapshot *s = made();
    struct http_counts counts = { .requests = 9 };
    struct nh_buf b;
    const char *text;

    nh_buf_init(&b, 65536);
    take(s, SITE("a", "up", "3"));
    take(s, SITE("b", "unknown", "null"));
    take(s,
        "{\"id\":1,\"doc\":\"overview\",\"is\":{\"count\":{\"sites\":{\"up\":1}},"
        "\"sessions\":{\"live\":1,\"rejected\":{\"syntax\":2}},"
        "\"messages\":{\"waiting\":1,\"sent\":9,\"failed\":3,\"oldest\":1700000000.5}}}");
    take(s, INCIDENT("1", "\"kind\":\"outage\",\"started\":90"));
    take(s, INCIDENT("2", "\"kind\":\"outage\",\"started\":90,\"closed\":95"));
    take(s, INCIDENT("3", "\"kind\":\"outage\",\"cause\":\"planned\",\"started\":90"));
    metrics_put(&b, s, &counts);
    nh_buf_put_u8(&b, '\0');
    text = (const char *)b.data;
    CHECK(strstr(text, "nhip_sites{state=\"up\"} 1\n") != NULL);
    CHECK(
        strstr(text, "nhip_link_up{site=\"a\",link=\"vnpt\",carrier=\"vn\\\"pt\"} 1\n"));
    CHECK(strstr(text, "nhip_link_up{site=\"b\"") == NULL); /* unknown is not down */
    CHECK(strstr(text,
        "nhip_link_rtt_seconds{site=\"a\",link=\"vnpt\",carrier=\"vn\\\"pt\"} "
        "0.003\n"));
    CHECK(strstr(text,
        "nhip_link_loss_ratio{site=\"a\",link=\"vnpt\",carrier=\"vn\\\"pt\"} "
        "0.2\n"));
    CHECK(strstr(text, "nhip_sessions_rejected_total{reason=\"syntax\"} 2\n"));
    CHECK(strstr(text, "nhip_web_requests_total 9\n"));
    CHECK(strstr(text, "nhip_incidents_open{kind=\"outage\"} 1\n"));
    CHECK(strstr(text, "nhip_incidents_open{kind=\"planned\"} 1\n"));
    CHECK(strstr(text, "nhip_messages{state=\"failed\"} 3\n"));
    CHECK(strstr(text, "nhip_messages_oldest_timestamp_seconds 1700000000\n"));
    nh_buf_fini(&b);
    snapshot_free(s);
}

static void
search(void)
{
    static const char *const names[][2] = { { "Xã Đàm Thuỷ", "xa dam thuy" },
        { "XÃ HOÀ AN", "xa hoa an" }, { "", "" } };

    for (size_t i = 0; i < NH_COUNT(names); i++) {
        struct nh_buf b;

        nh_buf_init(&b, 256);
        fold(names[i][0], &b);
        nh_buf_put_u8(&b, 0);
        CHECK_STR((const char *)b.data, names[i][1], names[i][0]);
        nh_buf_fini(&b);
    }
    CHECK(state_order("down") < state_order("degraded"));
    CHECK(state_order("nonsense") == state_order("unknown"));
}

int
main(void)
{
    RUN(documents);
    RUN(looks);
    RUN(what_is_shown);
    RUN(incidents);
    RUN(metrics);
    RUN(search);
    return check_done();
}
