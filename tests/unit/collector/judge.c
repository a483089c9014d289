/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge: scripted readings through the states of checks, links, sites and services */
#include "collector/judge.h"
#include "tests/unit/check.h"
#include <stdio.h>

#define START INT64_C(1790000000000)

static const char conf[] =
    "province \"p\" { name = \"P\" }\n"
    "collector { listen = \"127.0.0.1:7443\" control = \"/tmp/c\" data = \"/tmp/d\" }\n"
    "carrier \"vnpt\" { name = \"V\" }\n"
    "carrier \"viettel\" { name = \"T\" }\n"
    "site \"a\" { name = \"A\" kind = \"commune\"\n"
    "  link \"vnpt\" { carrier = \"vnpt\" interface = \"eth1\" address = \"10.0.0.2\"\n"
    "    gateway = \"10.0.0.1\" reflector = \"10.9.9.9\" }\n"
    "  link \"viettel\" { carrier = \"viettel\" role = \"standby\" interface = \"eth2\"\n"
    "    address = \"10.1.0.2\" gateway = \"10.1.0.1\" reflector = \"10.9.9.9\" } }\n"
    "site \"b\" { name = \"B\" kind = \"commune\"\n"
    "  link \"vnpt\" { carrier = \"vnpt\" interface = \"eth1\" address = \"10.0.1.2\"\n"
    "    gateway = \"10.0.1.1\" reflector = \"10.9.9.9\" } }\n"
    "service \"web\" { name = \"W\" url = \"https://w.example.vn/\" slow_ms = 1000\n"
    "  from = { \"sites\", \"collector\" } every_s = 60 }\n"
    "quality { degraded = { \"rtt_ms>100\", \"jitter_ms>30\", \"loss_pct>1\" }\n"
    "  severe = { \"rtt_ms>250\", \"loss_pct>5\" } window_s = 300 down_after = 3 }\n";

static struct inventory *inv;
static struct judge *j;

static void
begin(void)
{
    struct nh_conf_problem problem = { "" };
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/nhip.conf", check_tmpdir());
    f = fopen(path, "w");
    fputs(conf, f);
    fclose(f);
    CHECK_EQ(inventory_load(&inv, path, &problem), NH_OK, problem.text);
    CHECK_EQ(judge_new(&j, inv, 1), NH_OK, "judge_new");
}

static void
end(void)
{
    judge_free(j);
    inventory_free(inv);
    j = NULL;
    inv = NULL;
}

/* One round of an ICMP check at START + s seconds. */
static void
icmp(const char *id, int s, int sent, int lost, double rtt_ms)
{
    struct nh_reading r = { .mono_ms = s * 1000,
        .present = 1 << NH_ICMP_SENT | 1 << NH_ICMP_LOST };
    struct judge_check *c = judge_check_find(j, id);

    CHECK_NAMED(c != NULL, id);
    r.value[NH_ICMP_SENT] = sent;
    r.value[NH_ICMP_LOST] = lost;
    if (lost < sent) {
        r.present |= 1 << NH_ICMP_RTT_AVG;
        r.value[NH_ICMP_RTT_AVG] = nh_to_fixed(rtt_ms, 3);
    }
    judge_take(j, c, &r, START + s * INT64_C(1000), false);
}

static void
service(const char *id, int s, int up, double total_ms)
{
    struct nh_reading r = { .present = 1 << NH_SERVICE_UP | 1 << NH_SERVICE_TOTAL };

    r.value[NH_SERVICE_UP] = up;
    r.value[NH_SERVICE_TOTAL] = nh_to_fixed(total_ms, 3);
    judge_take(j, judge_check_find(j, id), &r, START + s * INT64_C(1000), false);
}

static void
check_is(const char *id, enum judge_state want, const char *name)
{
    CHECK_STR(judge_state_name(judge_check_find(j, id)->is.state), judge_state_name(want),
        name);
}

static struct judge_link *
link_of(const char *site, size_t i)
{
    return &judge_site_find(j, site)->links[i];
}

static void
down_after_three_missed_rounds(void)
{
    begin();
    check_is("b/vnpt/path", JUDGE_UNKNOWN, "at first");
    for (int s = 0; s < 100; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    check_is("b/vnpt/path", JUDGE_UP, "answers");
    icmp("b/vnpt/path", 100, 5, 5, 0);
    icmp("b/vnpt/path", 110, 5, 5, 0);
    check_is("b/vnpt/path", JUDGE_UP, "two missed");
    icmp("b/vnpt/path", 120, 5, 5, 0);
    check_is("b/vnpt/path", JUDGE_DOWN, "three missed");
    CHECK_EQ(judge_check_find(j, "b/vnpt/path")->is.since_ms, START + 100000,
        "since the first of them");
    CHECK_EQ(link_of("b", 0)->is.state, JUDGE_DOWN, "its link");
    CHECK_EQ(judge_site_find(j, "b")->is.state, JUDGE_DOWN, "its site: the only link");
    icmp("b/vnpt/path", 130, 5, 1, 20);
    check_is("b/vnpt/path", JUDGE_UP, "one answer is enough");
    CHECK_EQ(judge_site_find(j, "b")->is.state, JUDGE_UP, "its site");
    for (int s = 140; s < 400; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    check_is("b/vnpt/path", JUDGE_UP, "the outage's rounds are no loss of quality");
    end();
}

static void
a_stray_loss_or_lost_round_is_not_degraded(void)
{
    begin();
    for (int s = 0; s < 3000; s += 10) {
        int lost = s == 500 ? 5 : s % 300 == 50 ? 1 : 0; /* 0.7 %, and one whole round */

        icmp("b/vnpt/path", s, 5, lost, 20);
        check_is("b/vnpt/path", JUDGE_UP, "chance");
    }
    end();
}

static void
steady_loss_is_degraded_and_ends(void)
{
    int when = 0;

    begin();
    for (int s = 0; s < 600; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    for (int s = 600; s < 1200; s += 10) {
        icmp("b/vnpt/path", s, 5, s % 20 == 0, 20); /* 10 % */
        if (when == 0 && judge_check_find(j, "b/vnpt/path")->is.state == JUDGE_DEGRADED)
            when = s;
    }
    CHECK(when > 600 && when <= 800);
    check_is("b/vnpt/path", JUDGE_DEGRADED, "10 % loss");
    CHECK_STR(judge_check_find(j, "b/vnpt/path")->is.why.text, "why_loss", "reason");
    CHECK_NEAR(judge_check_find(j, "b/vnpt/path")->is.why.value, 10, 1.5, "its number");
    CHECK_EQ(judge_site_find(j, "b")->is.state, JUDGE_DEGRADED, "its site");
    for (int s = 1200; s < 1600; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    check_is("b/vnpt/path", JUDGE_UP, "clean again");
    end();
}

static void
latency_is_judged_over_the_window(void)
{
    begin();
    for (int s = 0; s < 600; s += 10)
        icmp("b/vnpt/path", s, 5, 0, s == 300 ? 2900 : 20);
    check_is("b/vnpt/path", JUDGE_UP, "one slow round");
    for (int s = 600; s < 1000; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 140);
    check_is("b/vnpt/path", JUDGE_DEGRADED, "140 ms");
    CHECK_STR(judge_check_find(j, "b/vnpt/path")->is.why.text, "why_rtt", "reason");
    for (int s = 1000; s < 1400; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 95);
    check_is("b/vnpt/path", JUDGE_DEGRADED, "95 ms: not clearly below 100");
    for (int s = 1400; s < 1800; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 60);
    check_is("b/vnpt/path", JUDGE_UP, "60 ms");
    end();
}

static void
silence_is_unknown_not_down(void)
{
    begin();
    for (int s = 0; s <= 100; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    judge_tick(j, START + 130000);
    check_is("b/vnpt/path", JUDGE_UP, "three rounds are not over yet");
    judge_tick(j, START + 150000);
    check_is("b/vnpt/path", JUDGE_UNKNOWN, "silent");
    CHECK_EQ(judge_site_find(j, "b")->is.state, JUDGE_UNKNOWN, "its site");
    CHECK_STR(link_of("b", 0)->is.why.text, "why_silent", "reason");
    icmp("b/vnpt/path", 110, 5, 0, 20);
    check_is("b/vnpt/path", JUDGE_UP, "back");
    end();
}

/* A link is up while either end sees the other over it. */
static void
either_end_is_enough(void)
{
    static const struct {
        const char *name;
        int path, far; /* lost of 5; -1: nothing measured */
        enum judge_state want;
    } rows[] = {
        { "both", 0, 0, JUDGE_UP },
        { "far filtered", 0, 5, JUDGE_UP },
        { "path unanswered", 5, 0, JUDGE_UP },
        { "neither", 5, 5, JUDGE_DOWN },
        { "no agent", -1, 0, JUDGE_UP },
        { "no agent and a far that never answered", -1, 5, JUDGE_UNKNOWN },
        { "nothing", -1, -1, JUDGE_UNKNOWN },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        begin();
        for (int s = 0; s <= 60; s += 10) {
            if (rows[i].path >= 0)
                icmp("b/vnpt/path", s, 5, rows[i].path, 20);
            if (rows[i].far >= 0)
                icmp("b/vnpt/far", s, 5, rows[i].far, 20);
        }
        CHECK_STR(judge_state_name(link_of("b", 0)->is.state),
            judge_state_name(rows[i].want), rows[i].name);
        end();
    }
}

static void
cut_off_site_is_down_by_the_centres_view(void)
{
    begin();
    for (int s = 0; s <= 60; s += 10) {
        icmp("b/vnpt/path", s, 5, 0, 20);
        icmp("b/vnpt/far", s, 5, 0, 20);
    }
    for (int s = 70; s <= 150; s += 10) {
        icmp("b/vnpt/far", s, 5, 5, 0);
        judge_tick(j, START + s * INT64_C(1000));
    }
    CHECK_EQ(link_of("b", 0)->is.state, JUDGE_DOWN, "agent silent, far down");
    CHECK_STR(link_of("b", 0)->is.why.text, "why_no_answer_far", "reason");
    end();
}

static void
both_links_are_judged(void)
{
    begin();
    for (int s = 0; s <= 60; s += 10) {
        icmp("a/vnpt/path", s, 5, 0, 20);
        icmp("a/viettel/path", s, 5, 5, 0);
    }
    CHECK_EQ(link_of("a", 1)->is.state, JUDGE_DOWN, "the standby");
    CHECK_EQ(judge_site_find(j, "a")->is.state, JUDGE_DEGRADED, "a link is missing");
    for (int s = 70; s <= 100; s += 10)
        icmp("a/vnpt/path", s, 5, 5, 0);
    CHECK_EQ(judge_site_find(j, "a")->is.state, JUDGE_DOWN, "no link is left");
    end();
}

static void
told_events_are_faster_than_rounds(void)
{
    struct judge_link *l;

    begin();
    l = link_of("b", 0);
    judge_event(j, "link_down", "b/vnpt", START);
    CHECK_EQ(l->port->is.state, JUDGE_DOWN, "port");
    CHECK_EQ(l->is.state, JUDGE_DOWN, "link");
    judge_event(j, "link_up", "b/vnpt", START + 1000);
    CHECK_EQ(l->port->is.state, JUDGE_UP, "port again");
    judge_event(j, "link_down", "nowhere/vnpt", START + 2000); /* not ours: ignored */
    judge_event(j, "session_up", "b", START + 2000);
    CHECK_EQ(l->port->is.state, JUDGE_UP, "unchanged");
    end();
}

static void
services_are_judged_by_who_can_reach_them(void)
{
    struct judge_service *web;

    begin();
    web = judge_service_find(j, "web");
    for (int s = 0; s <= 60; s += 10) {
        icmp("a/vnpt/path", s, 5, 0, 20);
        icmp("a/viettel/path", s, 5, 0, 20);
        icmp("b/vnpt/path", s, 5, 0, 20);
    }
    for (int s = 0; s <= 240; s += 60) {
        service("service/web/collector", s, 1, 200);
        service("service/web/a", s, 1, 200);
        service("service/web/b", s, 1, 200);
    }
    CHECK_EQ(web->is.state, JUDGE_UP, "everybody");
    for (int s = 300; s <= 420; s += 60)
        service("service/web/b", s, 0, 0);
    CHECK_EQ(web->is.state, JUDGE_DEGRADED, "one cannot");
    for (int s = 70; s <= 100; s += 10)
        icmp("b/vnpt/path", s, 5, 5, 0);
    CHECK_EQ(judge_site_find(j, "b")->is.state, JUDGE_DOWN, "b is cut off");
    CHECK_EQ(web->is.state, JUDGE_UP, "who is cut off is no witness");
    for (int s = 300; s <= 420; s += 60) {
        service("service/web/collector", s, 0, 0);
        service("service/web/a", s, 0, 0);
    }
    CHECK_EQ(web->is.state, JUDGE_DOWN, "nobody");
    end();
}

static void
late_readings_change_nothing(void)
{
    begin();
    for (int s = 100; s <= 200; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 20);
    for (int s = 0; s < 100; s += 10)
        icmp("b/vnpt/path", s, 5, 5, 0);
    check_is("b/vnpt/path", JUDGE_UP, "the past");
    CHECK_EQ(judge_check_find(j, "b/vnpt/path")->at_ms, START + 200000, "newest");
    end();
}

static void
reload_inherits(void)
{
    struct judge *next = NULL;

    begin();
    for (int s = 0; s <= 100; s += 10)
        icmp("b/vnpt/path", s, 5, 5, 0);
    CHECK_EQ(judge_new(&next, inv, 2), NH_OK, "next");
    judge_inherit(next, j);
    CHECK_EQ(judge_check_find(next, "b/vnpt/path")->is.state, JUDGE_DOWN, "check");
    CHECK_EQ(judge_site_find(next, "b")->is.state, JUDGE_DOWN, "site");
    CHECK_EQ(judge_site_find(next, "b")->is.since_ms,
        judge_site_find(j, "b")->is.since_ms, "since");
    judge_free(next);
    end();
}

/* What the machine has learnt of a link stands in its state, and in the site's. */
static void
flapping_and_unusual(void)
{
    static const struct learnt flaps = {
        .flapping = true, .drops = 4, .flapping_since_ms = START + 5000
    };
    static const struct learnt far = {
        .usual_us = 8000, .now_us = 60000, .unusual = true
    };
    static const struct learnt nothing = { 0 };
    struct judge_site *b;
    struct judge_link *l;

    begin();
    b = judge_site_find(j, "b");
    l = &b->links[0];
    judge_learn(j, l, &flaps, START);
    CHECK_EQ(l->is.state, JUDGE_UNKNOWN, "no reading is not flapping");
    for (int s = 0; s < 100; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 8);
    CHECK_EQ(l->is.state, JUDGE_FLAPPING, "seen, and flaps");
    CHECK_EQ(l->is.since_ms, START + 5000, "since its first drop");
    CHECK_STR(l->is.why.text, "why_flapping", "");
    CHECK_EQ((long long)l->is.why.value, 4, "drops");
    CHECK_EQ(b->is.state, b->link_count == 1 ? JUDGE_FLAPPING : JUDGE_DEGRADED, "site");
    for (int s = 100; s < 150; s += 10)
        icmp("b/vnpt/path", s, 5, 5, 0);
    CHECK_EQ(l->is.state, JUDGE_FLAPPING, "in a drop as well");
    judge_learn(j, l, &nothing, START + 150000);
    CHECK_EQ(l->is.state, JUDGE_DOWN, "one that lasts is down");
    for (int s = 150; s < 200; s += 10)
        icmp("b/vnpt/path", s, 5, 0, 60);
    judge_learn(j, l, &far, START + 200000);
    CHECK_EQ(l->is.state, JUDGE_UP, "a note is no trouble");
    CHECK_STR(l->is.why.text, "why_unusual", "");
    CHECK_NEAR(l->is.why.usual, 8, 0.01, "normally");
    judge_learn(j, l, &nothing, START + 210000);
    CHECK(l->is.why.text == NULL);
}

int
main(void)
{
    RUN(down_after_three_missed_rounds);
    RUN(a_stray_loss_or_lost_round_is_not_degraded);
    RUN(steady_loss_is_degraded_and_ends);
    RUN(latency_is_judged_over_the_window);
    RUN(silence_is_unknown_not_down);
    RUN(either_end_is_enough);
    RUN(cut_off_site_is_down_by_the_centres_view);
    RUN(both_links_are_judged);
    RUN(told_events_are_faster_than_rounds);
    RUN(services_are_judged_by_who_can_reach_them);
    RUN(late_readings_change_nothing);
    RUN(reload_inherits);
    RUN(flapping_and_unusual);
    return check_done();
}
