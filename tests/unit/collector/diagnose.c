/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faults in a small province: what the machine says of them, and that a machine saved and
 * loaded again at any moment says the same to the byte.
 */
#include "collector/diagnose.h"
#include "collector/policy.h"
#include "libnhip/text.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

static const char conf[] =
    "province \"p\" { name = \"P\" }\n"
    "carrier \"vnpt\" { name = \"VNPT\" tell = { \"noc\" } }\n"
    "carrier \"viettel\" { name = \"Viettel\" tell = { \"noc2\" } }\n"
    "pop \"n1\" { carrier = \"vnpt\" name = \"N1\" }\n"
    "pop \"n2\" { carrier = \"vnpt\" name = \"N2\" }\n"
    "pop \"w1\" { carrier = \"viettel\" name = \"W1\" }\n"
    "contact \"noc\" { name = \"NOC\" email = \"noc@example.vn\" }\n"
    "contact \"noc2\" { name = \"NOC 2\" email = \"noc2@example.vn\" }\n"
    "contact \"kt\" { name = \"KT\" sms = \"0900000000\" }\n"
    "alerts { outage_after_s = 120 together = 3 }\n"
    "quality { degraded = { \"rtt_ms>100\", \"loss_pct>1\" } window_s = 300 down_after = "
    "3 }\n";

enum { SITES = 6, ROUNDS = 240, STEP_MS = 10000 };
#define T0 INT64_C(1795000000000)

static struct inventory *inv;

/* What the world does: site -> link -> dead from round a to round b; agents see it too,
 * but tell only while a link is up, the rest later. */
struct world {
    const char *name;
    int first_site, last_site, link, from, to; /* link -1: both */
    bool reboot;
    enum cause cause;
    enum incident_kind kind;
    size_t links;
};

static const struct world worlds[] = {
    { "one line of two", 0, 0, 0, 60, 140, false, CAUSE_LAST_MILE, INCIDENT_OUTAGE, 1 },
    { "the standby", 0, 0, 1, 60, 140, false, CAUSE_LAST_MILE, INCIDENT_STANDBY_LOST, 1 },
    { "a node", 0, 2, 0, 60, 140, false, CAUSE_CARRIER_NODE, INCIDENT_OUTAGE, 3 },
    { "a core", 0, 5, 0, 60, 140, false, CAUSE_CARRIER_CORE, INCIDENT_OUTAGE, 6 },
    { "power", 1, 1, -1, 60, 140, true, CAUSE_POWER, INCIDENT_OUTAGE, 2 },
    { "two rounds are nothing", 0, 0, 0, 60, 62, false, CAUSES, INCIDENT_KINDS, 0 },
};

struct heard {
    size_t count;
    struct nh_buf last; /* of each incident as it stands, encoded */
    struct diagnose *d;
};

static void
on_incident(
    void *arg, const struct incident *in, enum incident_change change, int64_t now)
{
    struct heard *h = arg;

    (void)now;
    h->count += change == INCIDENT_OPENED;
    incident_encode(&h->last, in);
    nh_buf_put_u8(&h->last, (uint8_t)change);
}

static void
reading(struct diagnose *d, int site, const char *link, const char *kind, bool ok,
    int64_t at, int64_t arrived)
{
    struct nh_reading r = { .present = ok ? 11 : 3 };
    char id[NH_CHECK_ID_MAX];

    snprintf(id, sizeof(id), "s%d/%s/%s", site, link, kind);
    r.value[NH_ICMP_SENT] = 10;
    r.value[NH_ICMP_LOST] = ok ? 0 : 10;
    r.value[NH_ICMP_RTT_AVG] = 8000;
    diagnose_reading(d, diagnose_check_find(d, id), &r, at, arrived, NULL, false);
}

static void
session(struct diagnose *d, int site, const char *name, int64_t up_s, int64_t at)
{
    struct nh_event e = { .uptime_s = up_s };
    char id[8];

    snprintf(e.name, sizeof(e.name), "%s", name);
    snprintf(id, sizeof(id), "s%d", site);
    diagnose_event(d, &e, id, NULL, at, at);
}

static bool
is_dead(const struct world *w, int site, int link, int round)
{
    return site >= w->first_site && site <= w->last_site && round >= w->from &&
           round < w->to && (w->link < 0 || w->link == link);
}

static void
one_round(struct diagnose *d, const struct world *w, int k)
{
    static const char *const links[] = { "vnpt", "viettel" };
    int64_t at = T0 + (int64_t)k * STEP_MS;

    for (int s = 0; s < SITES; s++) {
        bool dark = is_dead(w, s, 0, k) && is_dead(w, s, 1, k);

        if (k == 0)
            session(d, s, "session_up", 1000000, at);
        if (dark && k == w->from + 3)
            session(d, s, "session_down", -1, at);
        if (w->reboot && k == w->to && is_dead(w, s, 0, k - 1))
            session(d, s, "session_up", 60, at);
        for (int l = 0; l < 2; l++) {
            reading(d, s, links[l], "far", !is_dead(w, s, l, k), at + 1200, at + 1200);
            if (dark)
                continue;
            reading(d, s, links[l], "path", !is_dead(w, s, l, k), at + 1300, at + 1300);
            reading(
                d, s, links[l], "gateway", !is_dead(w, s, l, k), at + 1300, at + 1300);
        }
    }
    diagnose_clock(d, at + 5000);
}

static struct diagnose *
fresh(struct heard *h)
{
    const struct diagnose_events events = { h, on_incident };
    struct diagnose *d = NULL;

    CHECK_EQ(diagnose_new(&d, inv, &events), NH_OK, "new");
    return d;
}

/* `every` > 0: saved and loaded into a new machine after so many rounds. */
static struct diagnose *
run_world(const struct world *w, int every, struct heard *h)
{
    struct diagnose *d = fresh(h);

    for (int k = 0; k < ROUNDS; k++) {
        one_round(d, w, k);
        if (every > 0 && k % every == every - 1) {
            struct diagnose *next = fresh(h);
            struct nh_buf state;

            nh_buf_init(&state, 16 << 20);
            diagnose_save(d, &state);
            CHECK_EQ(nh_buf_err(&state), NH_OK, "save");
            CHECK_EQ(
                diagnose_load(next, nh_slice_of(state.data, state.len)), NH_OK, w->name);
            nh_buf_fini(&state);
            diagnose_free(d);
            d = next;
        }
    }
    return d;
}

static void
causes(void)
{
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        const struct world *w = &worlds[i];
        struct heard h = { 0 };
        struct diagnose *d;

        nh_buf_init(&h.last, 16 << 20);
        d = run_world(w, 0, &h);
        CHECK_EQ(diagnose_count(d), w->cause != CAUSES, w->name);
        if (diagnose_count(d) > 0) {
            const struct incident *in = diagnose_at(d, 0);

            CHECK_STR(
                incident_cause_name(in->cause), incident_cause_name(w->cause), w->name);
            CHECK_EQ(in->kind, w->kind, w->name);
            CHECK_EQ(in->link_count, w->links, w->name);
            CHECK_NEAR((double)(in->started_ms - T0) / STEP_MS, w->from, 0.2, w->name);
            CHECK_NEAR((double)(in->closed_ms - T0) / STEP_MS, w->to, 0.2, w->name);
            CHECK_EQ(in->minutes.down_ms + in->minutes.excluded_ms,
                (int64_t)w->links * (w->to - w->from) * STEP_MS, w->name);
            CHECK_NAMED(in->opened_ms - in->started_ms <= 30000, w->name);
        }
        diagnose_free(d);
        nh_buf_fini(&h.last);
    }
}

/* A proof of power stands however often the site's session comes and goes after it. */
static void
proof_outlives_sessions(void)
{
    const struct world *w = &worlds[4];
    struct heard h = { 0 };
    struct diagnose *d = fresh(&h);

    nh_buf_init(&h.last, 16 << 20);
    for (int k = 0; k < ROUNDS; k++) {
        int64_t at = T0 + (int64_t)k * STEP_MS + 6000;

        one_round(d, w, k);
        if (k > w->to) {
            session(d, w->first_site, "session_down", -1, at);
            session(d, w->first_site, "session_up", 60 + (k - w->to) * 10 + 6, at + 1000);
        }
    }
    CHECK_EQ(diagnose_count(d), 1, "one incident");
    CHECK_EQ(diagnose_at(d, 0)->cause, CAUSE_POWER, "cause");
    CHECK_EQ(diagnose_at(d, 0)->confidence, CONFIDENCE_FACT, "confidence");
    diagnose_free(d);
    nh_buf_fini(&h.last);
}

/* ---- times of links ---- */

/* A line that drops for a minute every ten, for five hours: the evidence of the first
 * drops is long gone when the last one ends, their minutes are not. */
static void
older_than_the_evidence(void)
{
    enum { DROPS = 30, PERIOD = 60, LONG = 6 };
    struct heard h = { 0 };
    struct diagnose *d = fresh(&h);
    const struct incident *in;

    nh_buf_init(&h.last, 256 << 20);
    for (int k = 0; k < (DROPS + 1) * PERIOD; k++) {
        int in_drop = k % PERIOD - PERIOD / 2;
        bool drops = k < DROPS * PERIOD && in_drop >= 0 && in_drop < LONG;
        struct world w = { "drops", 0, 0, 0, drops ? k : -1, drops ? k + 1 : -1, false,
            CAUSES, INCIDENT_KINDS, 0 };

        one_round(d, &w, k);
    }
    CHECK_EQ(h.count, 1, "one incident");
    CHECK_EQ(diagnose_count(d), 1, "one incident");
    in = diagnose_at(d, 0);
    CHECK_EQ(in->kind, INCIDENT_FLAPPING, "kind");
    CHECK_EQ(in->link_count, 1, "links");
    CHECK_EQ(in->links[0].span_count, DROPS, "drops");
    CHECK_EQ(in->minutes.down_ms, DROPS * LONG * STEP_MS, "down");
    CHECK_NEAR((double)(in->started_ms - T0) / STEP_MS, PERIOD / 2, 0.2, "started");
    for (size_t i = 1; i < in->links[0].span_count; i++)
        CHECK_EQ(in->links[0].spans[i].from_ms - in->links[0].spans[i - 1].from_ms,
            PERIOD * STEP_MS, "in order, each once");
    diagnose_free(d);
    nh_buf_fini(&h.last);
}

struct measured {
    int revised, measured;
    bool came_back; /* the first link alone */
};

static void
on_measured(
    void *arg, const struct incident *in, enum incident_change change, int64_t now)
{
    struct measured *m = arg;

    (void)now;
    m->revised += change == INCIDENT_REVISED;
    if (change != INCIDENT_MEASURED)
        return;
    m->measured++;
    m->came_back = in->link_count == 3 && in->closed_ms == 0 &&
                   in->links[0].spans[0].to_ms != 0 && in->links[1].spans[0].to_ms == 0;
}

/* One link of a node comes back before the others: told of by its times alone. */
static void
one_comes_back(void)
{
    struct measured m = { 0 };
    const struct diagnose_events events = { &m, on_measured };
    struct diagnose *d = NULL;
    int revised = 0;

    CHECK_EQ(diagnose_new(&d, inv, &events), NH_OK, "new");
    for (int k = 0; k < 100; k++) {
        struct world w = worlds[2];

        w.first_site = k < 80 ? 0 : 1;
        if (k == 80) {
            revised = m.revised;
            m.measured = 0;
        }
        one_round(d, &w, k);
    }
    CHECK_EQ(m.revised, revised, "no revision");
    CHECK_EQ(m.measured, 1, "told once");
    CHECK(m.came_back);
    diagnose_free(d);
}

/* What a person says changes what the minutes count as, at once and for good. */
static void
minutes_follow_an_override(void)
{
    struct heard h = { 0 };
    struct diagnose *d;
    const int64_t end = T0 + (int64_t)ROUNDS * STEP_MS;
    int64_t down;

    nh_buf_init(&h.last, 16 << 20);
    d = run_world(&worlds[0], 0, &h);
    down = diagnose_at(d, 0)->minutes.down_ms;
    CHECK(down > 0);
    diagnose_override(d, 1, CAUSE_DATA_CENTRE, "province", end);
    for (int i = 0; i < 2; i++) {
        const struct incident *in = diagnose_at(d, 0);

        CHECK_EQ(in->minutes.down_ms, 0, "no longer down");
        CHECK_EQ(in->minutes.unknown_ms, down, "unknown");
        CHECK_EQ(in->links[0].minutes.unknown_ms, down, "of the link");
        CHECK_STR(in->party, "province", "party");
        CHECK(strstr(in->title_en, nh_text(NH_EN, "cause_data_centre")) != NULL);
        CHECK(strstr(in->title_vi, nh_text(NH_VI, "cause_data_centre")) != NULL);
        CHECK(in->settle_vi == NULL);
        diagnose_clock(d, end + 60000);
    }
    diagnose_free(d);
    nh_buf_fini(&h.last);
}

static void
saved_and_loaded(void)
{
    static const int every[] = { 1, 7, 31 };

    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        struct heard calm = { 0 };

        nh_buf_init(&calm.last, 16 << 20);
        diagnose_free(run_world(&worlds[i], 0, &calm));
        for (size_t k = 0; k < sizeof(every) / sizeof(every[0]); k++) {
            struct heard h = { 0 };

            nh_buf_init(&h.last, 16 << 20);
            diagnose_free(run_world(&worlds[i], every[k], &h));
            CHECK_EQ(h.last.len, calm.last.len, worlds[i].name);
            CHECK_NAMED(h.last.len == calm.last.len &&
                            (calm.last.len == 0 ||
                                memcmp(h.last.data, calm.last.data, calm.last.len) == 0),
                worlds[i].name);
            nh_buf_fini(&h.last);
        }
        nh_buf_fini(&calm.last);
    }
}

static void
state_that_is_cut(void)
{
    struct heard h = { 0 };
    struct diagnose *d, *other = fresh(&h);
    struct nh_buf state;

    nh_buf_init(&h.last, 16 << 20);
    nh_buf_init(&state, 16 << 20);
    d = run_world(&worlds[2], 0, &h);
    diagnose_save(d, &state);
    for (size_t n = 0; n < state.len; n += 13)
        CHECK_EQ(diagnose_load(other, nh_slice_of(state.data, n)), NH_EFORMAT, "cut");
    CHECK_EQ(diagnose_count(other), 0, "as new");
    CHECK_EQ(diagnose_load(other, nh_slice_of(state.data, state.len)), NH_OK, "whole");
    CHECK_EQ(diagnose_count(other), 1, "whole");
    nh_buf_fini(&state);
    nh_buf_fini(&h.last);
    diagnose_free(d);
    diagnose_free(other);
}

/* ---- a line that comes and goes ---- */

struct ends {
    int told;
    int64_t last_ms;
};

static void
on_end(void *arg, const struct incident *in, enum incident_change change, int64_t now)
{
    struct ends *e = arg;

    (void)in;
    if (change != INCIDENT_CLOSED)
        return;
    e->told++;
    e->last_ms = now;
}

/* Site 0 over vnpt: rounds that are missed from `from` to before `to` of each hundred. */
static void
go_through(struct diagnose *d, int from_round, int to_round, int from, int to)
{
    for (int k = from_round; k < to_round; k++) {
        bool missed = k % 100 >= from && k % 100 < to;
        struct world w = { "", 0, 0, 0, missed ? k : -1, missed ? k + 1 : -1, false,
            CAUSES, INCIDENT_KINDS, 0 };

        one_round(d, &w, k);
    }
}

static bool
flaps(const struct diagnose *d)
{
    struct learnt is;

    diagnose_learnt(d, 0, &is);
    return is.flapping;
}

/* Three drops within half an hour: the state, until ten minutes were calm, and then the
 * end of the incident is told, once. */
static void
flapping_and_calm(void)
{
    struct ends e = { 0 };
    const struct diagnose_events events = { &e, on_end };
    struct diagnose *d = NULL;
    struct learnt is;
    int64_t end_ms = T0 + INT64_C(226) * STEP_MS;

    CHECK_EQ(diagnose_new(&d, inv, &events), NH_OK, "new");
    go_through(d, 0, 100, 50, 56);
    CHECK_EQ(e.told, 1, "a drop and its end");
    go_through(d, 100, 160, 10, 16);
    CHECK(!flaps(d));
    CHECK_EQ(e.told, 2, "the second as well");
    CHECK_EQ(diagnose_at(d, 0)->kind, INCIDENT_OUTAGE, "two are two");
    go_through(d, 160, 200, 60, 66);
    CHECK(flaps(d));
    diagnose_learnt(d, 0, &is);
    CHECK_EQ(is.drops, 3, "drops");
    CHECK_NEAR((double)(is.flapping_since_ms - T0) / STEP_MS, 50, 0.2, "since the first");
    CHECK_EQ(diagnose_at(d, 0)->kind, INCIDENT_FLAPPING, "the incident as well");
    go_through(d, 200, 285, 20, 26);
    CHECK_EQ(e.told, 2, "no end while it may come again");
    CHECK(flaps(d));
    go_through(d, 285, 288, 99, 99);
    CHECK(!flaps(d));
    CHECK_EQ(e.told, 3, "calm");
    CHECK_NEAR((double)(e.last_ms - end_ms), 600000, 3000, "after ten minutes");
    diagnose_free(d);
}

/* A long outage after many drops is an outage. */
static void
down_at_last(void)
{
    struct ends e = { 0 };
    const struct diagnose_events events = { &e, on_end };
    struct diagnose *d = NULL;

    CHECK_EQ(diagnose_new(&d, inv, &events), NH_OK, "new");
    go_through(d, 0, 30, 20, 25);
    go_through(d, 30, 50, 35, 40);
    go_through(d, 50, 100, 55, 100);
    go_through(d, 100, 110, 0, 100);
    CHECK(flaps(d));
    go_through(d, 110, 120, 0, 100);
    CHECK(!flaps(d));
    diagnose_free(d);
}

/* The line misses rounds again as its end is about to be told: it is not told. */
static void
no_end_in_the_next_drop(void)
{
    struct ends e = { 0 };
    const struct diagnose_events events = { &e, on_end };
    struct diagnose *d = NULL;

    CHECK_EQ(diagnose_new(&d, inv, &events), NH_OK, "new");
    go_through(d, 0, 59, 50, 57);
    go_through(d, 59, 80, 59, 66); /* the end of 57 would be told at 60 */
    CHECK_EQ(e.told, 1, "one end");
    CHECK_NEAR((double)(e.last_ms - T0) / STEP_MS, 69, 1, "that of the second");
    CHECK_EQ(diagnose_count(d), 1, "one incident");
    diagnose_free(d);
}

/* The live lane skips rounds while the journal drains; those rounds, come later, are what
 * they are and not what was between the others. */
static void
rounds_that_come_later(void)
{
    struct nh_conf_problem problem = { "" };
    struct inventory *two = NULL;
    struct heard h = { 0 };
    struct diagnose_events events = { &h, on_incident };
    struct diagnose *d = NULL;
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/two.conf", check_tmpdir());
    f = fopen(path, "w");
    fprintf(f, "province \"p\" { name = \"P\" }\n"
               "carrier \"vnpt\" { name = \"VNPT\" }\n"
               "site \"s0\" { name = \"S\" kind = \"commune\" link \"vnpt\" { carrier = "
               "\"vnpt\" interface = \"e1\" address = \"10.0.0.2\" gateway = \"10.0.0.1\""
               " reflector = \"10.9.9.9\" quality { down_after = 2 } } }\n");
    fclose(f);
    CHECK_EQ(inventory_load(&two, path, &problem), NH_OK, problem.text);
    nh_buf_init(&h.last, 1 << 20);
    CHECK_EQ(diagnose_new(&d, two, &events), NH_OK, "");
    for (int k = 0; k <= 23; k++) { /* 21 and 22 wait in the journal */
        int64_t at = T0 + (int64_t)k * STEP_MS;

        if (k < 21 || k > 22)
            reading(d, 0, "vnpt", "far", true, at, at);
        diagnose_clock(d, at);
    }
    for (int k = 21; k < 23; k++)
        reading(d, 0, "vnpt", "far", false, T0 + k * STEP_MS, T0 + 24 * STEP_MS);
    diagnose_clock(d, T0 + 25 * STEP_MS);
    CHECK_EQ(h.count, 1, "a drop of two rounds");
    CHECK_EQ(diagnose_count(d), 1, "one");
    if (diagnose_count(d) == 1) {
        CHECK_EQ(diagnose_at(d, 0)->started_ms, T0 + 21 * STEP_MS, "start");
        CHECK_EQ(diagnose_at(d, 0)->closed_ms, T0 + 23 * STEP_MS, "end");
    }
    diagnose_free(d);
    inventory_free(two);
    nh_buf_fini(&h.last);
}

/* ---- a line that is not itself ---- */

/* Rounds of the lines of sites 0..2 over vnpt, two a minute, for `minutes`. */
static int64_t
live_at(struct diagnose *d, int64_t at, int minutes, const double ms[3])
{
    for (int k = 0; k < 2 * minutes; k++, at += 30000) {
        for (int s = 0; s < 3; s++) {
            struct nh_reading r = { .present = 11 };
            char id[NH_CHECK_ID_MAX];

            snprintf(id, sizeof(id), "s%d/vnpt/path", s);
            r.value[NH_ICMP_SENT] = 10;
            r.value[NH_ICMP_RTT_AVG] = nh_to_fixed(ms[s], 3);
            diagnose_reading(d, diagnose_check_find(d, id), &r, at, at, NULL, false);
        }
        for (int t = 0; t < 30000; t += 5000)
            diagnose_clock(d, at + t);
    }
    return at;
}

static const double usual[] = { 8, 12, 20 };

static struct diagnose *
two_days_old(struct heard *h, int64_t *at)
{
    struct diagnose *d = fresh(h), *next = fresh(h);
    struct nh_buf state;

    *at = live_at(d, T0, 1441, usual);
    nh_buf_init(&state, 16 << 20);
    diagnose_save(d, &state); /* what was learned outlives a start */
    CHECK_EQ(diagnose_load(next, nh_slice_of(state.data, state.len)), NH_OK, "load");
    nh_buf_fini(&state);
    diagnose_free(d);
    *at = live_at(next, *at, 1440, usual);
    CHECK_EQ(h->count, 0, "nothing happened");
    return next;
}

static void
a_note_and_no_more(void)
{
    static const double now[] = { 60, 12, 20 }, bad[] = { 150, 12, 20 };
    struct heard h = { 0 };
    struct diagnose *d;
    const struct incident *in;
    struct learnt is;
    int64_t at;

    nh_buf_init(&h.last, 64 << 20);
    d = two_days_old(&h, &at);
    at = live_at(d, at, 10, now);
    CHECK_EQ(h.count, 0, "not yet");
    at = live_at(d, at, 15, now);
    CHECK_EQ(h.count, 1, "opened");
    in = diagnose_at(d, 0);
    CHECK_EQ(in->kind, INCIDENT_DEGRADED, "kind");
    CHECK_EQ(in->cause, CAUSE_UNKNOWN, "nobody is blamed");
    CHECK_STR(in->party, "unknown", "nobody is blamed");
    CHECK(!in->may_be_told);
    CHECK_EQ(in->link_count, 1, "the line");
    CHECK_EQ(in->reason_count, 1, "reason");
    CHECK_NAMED(
        strstr(in->reasons[0].en, "60 ms, normally 8 ms") != NULL, in->reasons[0].en);
    CHECK_NAMED(strstr(in->title_en, "Unusual delay") != NULL, in->title_en);
    CHECK_EQ(in->minutes.degraded_ms, 0, "it costs no minutes");
    at = live_at(d, at, 60, bad);
    CHECK_EQ(h.count, 2, "over a limit: an incident of its own");
    CHECK(diagnose_at(d, 0)->closed_ms != 0);
    in = diagnose_at(d, 1);
    CHECK(in->may_be_told);
    CHECK_EQ(in->cause, CAUSE_LAST_MILE, "cause");
    CHECK_EQ(
        diagnose_at(d, 0)->closed_ms, in->started_ms, "one ends as the other begins");
    at = live_at(d, at, 60, usual);
    CHECK_EQ(h.count, 2, "no more");
    CHECK(diagnose_at(d, 1)->closed_ms != 0);
    diagnose_learnt(d, 0, &is);
    CHECK_NEAR(is.usual_us / 1e3, 8, 0.5, "still the same line");
    CHECK(!is.unusual);
    diagnose_free(d);
    nh_buf_fini(&h.last);
}

/* A longer way through the carrier is one note for all lines that take it. */
static void
one_note_for_a_node(void)
{
    static const double now[] = { 60, 64, 90 };
    struct heard h = { 0 };
    struct diagnose *d;
    int64_t at;

    nh_buf_init(&h.last, 64 << 20);
    d = two_days_old(&h, &at);
    at = live_at(d, at, 30, now);
    CHECK_EQ(h.count, 1, "one");
    CHECK_EQ(diagnose_at(d, 0)->link_count, 3, "of all");
    CHECK_EQ(diagnose_at(d, 0)->cause, CAUSE_CARRIER_NODE, "cause");
    CHECK(!diagnose_at(d, 0)->may_be_told);
    live_at(d, at, 60, usual);
    CHECK(diagnose_at(d, 0)->closed_ms != 0);
    CHECK_EQ(h.count, 1, "one");
    diagnose_free(d);
    nh_buf_fini(&h.last);
}

/* ---- words ---- */

static void
short_messages(void)
{
    struct heard h = { 0 };
    struct nh_buf sms;

    nh_buf_init(&h.last, 16 << 20);
    nh_buf_init(&sms, 1000);
    for (size_t i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        struct diagnose *d = run_world(&worlds[i], 0, &h);

        for (int about = 0; about < MESSAGE_ABOUTS && diagnose_count(d) > 0; about++) {
            const struct message_view view = { .about = (enum message_about)about,
                .now_ms = T0 };

            policy_sms(inv, diagnose_at(d, 0), &view, &sms);
            CHECK_NAMED(sms.len > 40 && sms.len <= 160, worlds[i].name);
            CHECK_NAMED(memcmp(sms.data, "NHIP: ", 6) == 0, worlds[i].name);
            CHECK_NAMED(memcmp(sms.data + sms.len - 12, "Ma SC-0001.", 11) == 0 ||
                            memcmp(sms.data + sms.len - 11, "Ma SC-0001.", 11) == 0,
                worlds[i].name);
            for (size_t k = 0; k < sms.len; k++)
                CHECK_NAMED(sms.data[k] >= ' ' && sms.data[k] < 127, worlds[i].name);
        }
        diagnose_free(d);
    }
    nh_buf_fini(&sms);
    nh_buf_fini(&h.last);
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
    for (int s = 0; s < SITES; s++)
        fprintf(f,
            "site \"s%d\" { name = \"Xã Bảo Lạc %d\" code = \"0132%d\" technicians = { "
            "\"kt\" }\n"
            "link \"vnpt\" { carrier = \"vnpt\" pop = \"%s\" role = \"primary\" "
            "interface = \"e1\" address = \"10.0.%d.2\" gateway = \"10.0.%d.1\" "
            "reflector = \"10.9.9.9\" }\n"
            "link \"viettel\" { carrier = \"viettel\" pop = \"w1\" role = \"standby\" "
            "interface = \"e2\" address = \"10.1.%d.2\" gateway = \"10.1.%d.1\" "
            "reflector = \"10.9.9.9\" } }\n",
            s, s, s, s < 3 ? "n1" : "n2", s, s, s, s);
    fclose(f);
    CHECK_EQ(inventory_load(&inv, path, &problem), NH_OK, problem.text);
}

/* At home the line ends at the collector's own host: nothing measures a way over it. */
static void
first_hop_alone(void)
{
    struct nh_conf_problem problem = { "" };
    struct inventory *home = NULL;
    struct heard h = { 0 };
    struct diagnose_events events = { &h, on_incident };
    struct diagnose *d = NULL;
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/home.conf", check_tmpdir());
    f = fopen(path, "w");
    fprintf(f, "province \"p\" { name = \"P\" }\n"
               "collector { reflector = \"\" }\n"
               "carrier \"isp\" { name = \"ISP\" }\n"
               "site \"s0\" { name = \"Home\" kind = \"home\" link \"line\" { carrier = "
               "\"isp\" interface = \"e1\" gateway = \"10.0.0.1\" } }\n");
    fclose(f);
    CHECK_EQ(inventory_load(&home, path, &problem), NH_OK, problem.text);
    nh_buf_init(&h.last, 1 << 20);
    CHECK_EQ(diagnose_new(&d, home, &events), NH_OK, "");
    CHECK_EQ(
        diagnose_check_find(d, "s0/line/path"), DIAGNOSE_NO_CHECK, "no way is measured");
    session(d, 0, "session_up", 1000000, T0);
    for (int k = 0; k < 60; k++) {
        int64_t at = T0 + (int64_t)k * STEP_MS;

        reading(d, 0, "line", "gateway", k < 20 || k >= 40, at, at);
        diagnose_clock(d, at + 5000);
        if (k == 23)
            CHECK_EQ(h.count, 1, "opened");
    }
    CHECK_EQ(h.count, 1, "one");
    CHECK_EQ(diagnose_count(d), 1, "one");
    CHECK_EQ(diagnose_at(d, 0)->kind, INCIDENT_OUTAGE, "");
    CHECK_EQ(diagnose_at(d, 0)->cause, CAUSE_LAST_MILE, "its host has power: it told");
    CHECK_EQ(diagnose_at(d, 0)->started_ms, T0 + INT64_C(20) * STEP_MS, "start");
    CHECK_EQ(diagnose_at(d, 0)->closed_ms, T0 + INT64_C(40) * STEP_MS, "end");
    diagnose_free(d);
    inventory_free(home);
    nh_buf_fini(&h.last);
}

int
main(void)
{
    RUN(load_inventory);
    if (inv == NULL)
        return check_done();
    RUN(causes);
    RUN(proof_outlives_sessions);
    RUN(older_than_the_evidence);
    RUN(one_comes_back);
    RUN(minutes_follow_an_override);
    RUN(saved_and_loaded);
    RUN(state_that_is_cut);
    RUN(first_hop_alone);
    RUN(flapping_and_calm);
    RUN(down_at_last);
    RUN(no_end_in_the_next_drop);
    RUN(rounds_that_come_later);
    RUN(a_note_and_no_more);
    RUN(one_note_for_a_node);
    RUN(short_messages);
    inventory_free(inv);
    return check_done();
}
