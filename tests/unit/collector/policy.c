/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is told, when and how often: incidents and hours go by in a script, messages come
 * out as "key at-second".
 */
#include "collector/policy.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char conf[] =
    "province \"p\" { name = \"P\" timezone = \"Asia/Ho_Chi_Minh\" }\n"
    "centre { name = \"TT\" tell = { \"truc-ca\" }\n"
    " uplink \"vnpt\" { carrier = \"vnpt\" gateway = \"10.20.0.1\" } }\n"
    "carrier \"vnpt\" { name = \"VNPT Cao Bằng\" tell = { \"noc\" } }\n"
    "carrier \"w\" { name = \"W\" tell = { \"w-noc\", \"w-nms\" } }\n"
    "snmp \"w\" { version = 2 community_file = \"none\" }\n"
    "contact \"w-noc\" { name = \"W\" email = \"noc@example.vn\" }\n"
    "contact \"w-nms\" { name = \"W\" snmp = \"192.0.2.10\" snmp_credential = \"w\" }\n"
    "contact \"kt\" { name = \"KT\" sms = \"0900000000\" }\n"
    "contact \"noc\" { name = \"NOC\" email = \"noc@example.vn\" language = \"en\" }\n"
    "contact \"truc-ca\" { name = \"Trực\" email = \"truc@example.vn\" }\n"
    "contact \"lanh-dao\" { name = \"LD\" sms = \"0911111111\" }\n"
    "contact \"hop\" { name = \"Họp\" sms = \"0922222222\" }\n"
    "alerts { outage_after_s = 120 together = 3 quiet = \"22:00-06:00\"\n"
    " escalate = { \"15min:truc-ca\", \"60min:lanh-dao\" } }\n"
    "service \"hoi-nghi\" { name = \"Hội nghị\" tcp = \"10.0.0.20:5061\""
    " from = { \"sites\" } meeting = true tell = { \"hop\" } }\n"
    "meeting \"giao-ban\" { service = \"hoi-nghi\" sites = { \"s0\", \"s1\" }"
    " at = \"mon 08:00\" length_min = 120 }\n"
    "planned \"w-away\" { sites = { \"s3\" } from = \"2026-11-30 08:00\""
    " to = \"2026-11-30 09:00\" who = \"vnpt\" why = \"khác\" }\n"
    "planned \"w-after\" { sites = { \"s0\" } from = \"2026-11-30 10:00\""
    " to = \"2026-11-30 11:00\" who = \"vnpt\" why = \"sau\" }\n"
    "planned \"w-meets\" { links = { \"s0/vnpt\" } from = \"2026-11-30 07:00\""
    " to = \"2026-11-30 09:00\" who = \"vnpt\" why = \"thay cáp\" }\n";

enum { SITES = 4 };
/* Wednesday 2026-10-28, 12:00 in the province; and 23:00. */
#define NOON INT64_C(1793163600000)
#define NIGHT (NOON + 11 * INT64_C(3600000))
/* Monday 2026-11-30, 08:00, and the Wednesday before it, 12:00. */
#define MEETING INT64_C(1796000400000)
#define BEFORE INT64_C(1795582800000)

static struct inventory *inv;

struct heard {
    size_t count, len, also; /* also: of the last message */
    uint32_t also_first;
    char text[16384]; /* "key at-second;" each */
    char sms[1024], subject[1024], words[8192], channel[32];
    int64_t start_ms;
    const char *only; /* messages of this sort alone; NULL: all */
};

static void
on_message(void *arg, const struct message *m)
{
    struct heard *h = arg;

    if (h->only != NULL && strncmp(m->key, h->only, strlen(h->only)) != 0)
        return;
    h->count++;
    h->len += (size_t)snprintf(h->text + h->len, sizeof(h->text) - h->len, "%s %d;",
        m->key, (int)((m->at_ms - h->start_ms) / 1000));
    h->also = m->also_count;
    h->also_first = m->also_count > 0 ? m->also[0] : 0;
    snprintf(h->sms, sizeof(h->sms), "%s", m->sms);
    snprintf(h->subject, sizeof(h->subject), "%s", m->subject);
    snprintf(h->words, sizeof(h->words), "%s", m->text);
    snprintf(h->channel, sizeof(h->channel), "%s", m->channel);
}

static struct policy *
fresh(struct heard *h, int64_t start_ms)
{
    const struct policy_events events = { h, on_message };
    struct policy *p = NULL;

    *h = (struct heard){ .start_ms = start_ms };
    CHECK_EQ(policy_new(&p, inv, &events), NH_OK, "new");
    return p;
}

/* Saved and loaded into another machine, as after a crash. */
static struct policy *
again(struct policy *p, struct heard *h)
{
    const struct policy_events events = { h, on_message };
    struct policy *next = NULL;
    struct nh_buf state;

    nh_buf_init(&state, 16 << 20);
    policy_save(p, &state);
    CHECK_EQ(policy_new(&next, inv, &events), NH_OK, "new");
    CHECK_EQ(policy_load(next, nh_slice_of(state.data, state.len)), NH_OK, "load");
    nh_buf_fini(&state);
    policy_free(p);
    return next;
}

static char sites[SITES][NH_SITE_ID_MAX] = { "s0", "s1", "s2", "s3" };
static char title[] = "t";

static struct incident
fault(uint32_t number, int64_t started_ms, size_t site_count)
{
    return (struct incident){ .number = number,
        .opened_ms = started_ms + 30000,
        .started_ms = started_ms,
        .changed_ms = started_ms + 30000,
        .revision = 1,
        .kind = INCIDENT_OUTAGE,
        .cause = CAUSE_LAST_MILE,
        .confidence = CONFIDENCE_LIKELY,
        .party = "carrier:vnpt",
        .object = "s0",
        .title_vi = title,
        .title_en = title,
        .site_count = site_count,
        .sites = sites,
        .may_be_told = true };
}

/* Second by second to that second of the script. */
static void
until(struct policy *p, struct heard *h, int from_s, int to_s)
{
    for (int s = from_s; s <= to_s; s++)
        policy_clock(p, h->start_ms + s * INT64_C(1000));
}

static void
told_after_a_while(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 1);

    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 119);
    CHECK_EQ(h.count, 0, "shown, and not yet told");
    until(p, &h, 120, 300);
    CHECK_STR(h.text, "7:opened:kt:1 120;7:opened:noc:1 120;", "once, to both");
    policy_free(p);
}

static void
not_told(void)
{
    static const struct {
        const char *name;
        enum cause cause;
        bool may_be_told;
        int ends_s;
        uint32_t merged_into;
    } rows[] = {
        { "planned", CAUSE_PLANNED, true, 0, 0 },
        { "past when found", CAUSE_LAST_MILE, false, 0, 0 },
        { "over before it was told", CAUSE_LAST_MILE, true, 100, 0 },
        { "part of another", CAUSE_LAST_MILE, true, 0, 3 },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct heard h;
        struct policy *p = fresh(&h, NOON);
        struct incident in = fault(7, NOON, 1);

        in.cause = rows[i].cause;
        in.may_be_told = rows[i].may_be_told;
        policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
        if (rows[i].merged_into != 0) {
            in.merged_into = rows[i].merged_into;
            policy_incident(p, &in, INCIDENT_MERGED, NOON + 40000);
        }
        if (rows[i].ends_s != 0) {
            in.closed_ms = NOON + rows[i].ends_s * INT64_C(1000);
            in.told_closed_ms = in.closed_ms + 10000;
            policy_incident(p, &in, INCIDENT_CLOSED, in.told_closed_ms);
        }
        until(p, &h, 110, 7200);
        CHECK_STR(h.text, "", rows[i].name);
        policy_free(p);
    }
}

/* Three sites together are told sooner, to the duty officer too. */
static void
together(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 3);

    in.cause = CAUSE_CARRIER_NODE;
    policy_incident(p, &in, INCIDENT_OPENED, NOON + 20000);
    until(p, &h, 20, 119);
    CHECK_STR(h.text, "7:opened:noc:1 60;7:opened:truc-ca:1 60;", "a minute");
    policy_free(p);
}

static void
escalation(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 1);

    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 4 * 3600);
    CHECK_STR(h.text,
        "7:opened:kt:1 120;7:opened:noc:1 120;7:escalated:truc-ca:0 1020;"
        "7:escalated:lanh-dao:1 3720;",
        "each step once");
    policy_free(p);

    p = fresh(&h, NOON);
    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 1100);
    policy_acknowledged(p, 7, NOON + 1100000);
    until(p, &h, 1101, 4 * 3600);
    CHECK_STR(h.text, "7:opened:kt:1 120;7:opened:noc:1 120;7:escalated:truc-ca:0 1020;",
        "somebody has it");
    policy_free(p);
}

/* The moment at which an older one is forgotten is one like any other. */
static void
acknowledged_while_another_is_forgotten(void)
{
    enum { LATER_S = 13 * 3600 };
    struct heard h;
    struct policy *p = fresh(&h, NIGHT);
    struct incident old = fault(6, NIGHT, 1);
    struct incident in = fault(7, NIGHT + LATER_S * INT64_C(1000), 1);

    policy_incident(p, &old, INCIDENT_OPENED, NIGHT + 30000);
    old.closed_ms = NIGHT + 60000;
    old.told_closed_ms = NIGHT + 70000;
    policy_incident(p, &old, INCIDENT_CLOSED, old.told_closed_ms);
    policy_incident(p, &in, INCIDENT_OPENED, in.opened_ms);
    policy_acknowledged(p, 7, in.opened_ms + 10000);
    until(p, &h, LATER_S + 41, LATER_S + 4 * 3600);
    CHECK_EQ(strstr(h.text, "7:opened") != NULL, true, "told");
    CHECK_EQ(strstr(h.text, "escalated") == NULL, true, h.text);
    policy_free(p);
}

/* A correction and the end go to those who were told, in any number of restarts once. */
static void
revision_and_end(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 1);

    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 200);
    policy_acknowledged(p, 7, NOON + 201000);
    h.len = h.count = 0;
    h.text[0] = '\0';
    in.cause = CAUSE_POWER;
    in.revision = 2;
    snprintf(in.party, sizeof(in.party), "power_company");
    policy_incident(p, &in, INCIDENT_REVISED, NOON + 210000);
    p = again(p, &h);
    until(p, &h, 211, 800);
    CHECK_STR(h.text, "7:revised:kt:1 211;7:revised:noc:1 211;", "the cause");
    in.revision = 3; /* its scope alone: on the page, not in anybody's pocket */
    in.site_count = 2;
    policy_incident(p, &in, INCIDENT_REVISED, NOON + 810000);
    until(p, &h, 811, 900);
    CHECK_EQ(h.count, 2, "nothing new of cause or party");
    in.closed_ms = NOON + 900000;
    in.told_closed_ms = NOON + 930000;
    p = again(p, &h);
    policy_incident(p, &in, INCIDENT_CLOSED, NOON + 930000);
    p = again(p, &h);
    until(p, &h, 931, 4000);
    CHECK_STR(h.text,
        "7:revised:kt:1 211;7:revised:noc:1 211;7:closed:kt:1 930;7:closed:noc:1 930;",
        "the end, to the same");
    policy_free(p);
}

/* Times of single links change nothing for anybody. */
static void
measured(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 1);

    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 200);
    h.count = 0;
    policy_incident(p, &in, INCIDENT_MEASURED, NOON + 210000);
    until(p, &h, 210, 800);
    CHECK_EQ(h.count, 0, "nothing");
    policy_free(p);
}

/* What merges takes those who were told along: they hear of its end once. */
static void
merged(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident one = fault(7, NOON, 1), node = fault(8, NOON, 3);

    node.cause = CAUSE_CARRIER_NODE;
    policy_incident(p, &one, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 150);
    policy_acknowledged(p, 7, NOON + 150000);
    policy_incident(p, &node, INCIDENT_OPENED, NOON + 160000);
    one.merged_into = 8;
    policy_incident(p, &one, INCIDENT_MERGED, NOON + 160000);
    policy_acknowledged(p, 8, NOON + 161000);
    h.len = 0;
    h.text[0] = '\0';
    node.closed_ms = NOON + 300000;
    node.told_closed_ms = NOON + 330000;
    policy_incident(p, &node, INCIDENT_CLOSED, NOON + 330000);
    until(p, &h, 331, 600);
    CHECK_NAMED(strstr(h.text, "8:closed:kt:1 330;") != NULL, h.text);
    CHECK_NAMED(strstr(h.text, "7:closed") == NULL, h.text);
    policy_free(p);
}

/* At night a line waits until morning, and is told then if it still lasts. */
static void
quiet_hours(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NIGHT);
    struct incident lasting = fault(7, NIGHT, 1), brief = fault(8, NIGHT, 1),
                    centre = fault(9, NIGHT, 3);

    centre.whole_carrier = true;
    centre.cause = CAUSE_CARRIER_CORE;
    policy_incident(p, &lasting, INCIDENT_OPENED, NIGHT + 30000);
    policy_incident(p, &brief, INCIDENT_OPENED, NIGHT + 30000);
    policy_incident(p, &centre, INCIDENT_OPENED, NIGHT + 30000);
    until(p, &h, 30, 300);
    CHECK_STR(h.text, "9:opened:noc:1 60;9:opened:truc-ca:1 60;", "a whole carrier");
    policy_acknowledged(p, 9, NIGHT + 301000);
    h.len = 0;
    h.text[0] = '\0';
    brief.closed_ms = NIGHT + 3600000;
    brief.told_closed_ms = NIGHT + 3630000;
    policy_incident(p, &brief, INCIDENT_CLOSED, NIGHT + 3630000);
    until(p, &h, 3631, 7 * 3600 - 1);
    CHECK_STR(h.text, "", "nothing until six");
    until(p, &h, 7 * 3600, 7 * 3600 + 60);
    CHECK_STR(h.text, "7:opened:kt:1 25200;7:opened:noc:1 25200;", "six in the morning");
    policy_free(p);
}

/* What was told by day and ends at night: a management system still shows it. */
static void
ends_at_night(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NIGHT - 7200000);
    struct incident in = fault(7, NIGHT - 7200000, 1);

    snprintf(in.party, sizeof(in.party), "carrier:w");
    policy_incident(p, &in, INCIDENT_OPENED, in.opened_ms);
    until(p, &h, 30, 150);
    CHECK_NAMED(
        strstr(h.text, "7:opened:w-noc:1 120;7:opened:w-nms:1 120;") != NULL, h.text);
    CHECK_STR(h.channel, "snmp", "of the last one told");
    policy_acknowledged(p, 7, NIGHT - 7000000);
    h.len = 0;
    h.text[0] = '\0';
    in.closed_ms = NIGHT;
    in.told_closed_ms = NIGHT + 30000;
    policy_incident(p, &in, INCIDENT_CLOSED, in.told_closed_ms);
    until(p, &h, 7231, 7300);
    CHECK_STR(h.text, "7:closed:w-nms:1 7230;", "the system alone");
    policy_free(p);
}

/* What the night held back is one message in the morning. */
static void
digest_of_the_night(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NIGHT);

    for (uint32_t n = 1; n <= 4; n++) {
        struct incident in = fault(n, NIGHT + n * INT64_C(600000), 1);

        in.confidence = CONFIDENCE_SUSPECTED; /* the carrier does not hear of it */
        policy_incident(p, &in, INCIDENT_OPENED, in.opened_ms);
        if (n == 3) { /* over before morning */
            in.closed_ms = in.opened_ms + 60000;
            in.told_closed_ms = in.closed_ms + 30000;
            policy_incident(p, &in, INCIDENT_CLOSED, in.told_closed_ms);
        }
    }
    for (int s = 3600; s < 7 * 3600; s += 60)
        policy_clock(p, NIGHT + s * INT64_C(1000));
    p = again(p, &h);
    until(p, &h, 7 * 3600, 7 * 3600 + 120);
    CHECK_STR(h.text, "1:opened:kt:1 25200;", "one message");
    CHECK_EQ(h.also, 2, "of three");
    CHECK_EQ(h.also_first, 2, "the others");
    CHECK_STR(h.sms,
        "NHIP: 3 SU CO: Xa Bao Lac 0 (01320), Xa Bao Lac 0 (01320), Xa Bao Lac 0 "
        "(01320). Ma SC-0001.",
        "SMS");
    CHECK_STR(h.subject, "[Nhip] SC-0001: Sự cố mới: 3", "subject");
    CHECK(strstr(h.words, "- SC-0004  23:40 28/10/2026  t\n") != NULL);
    CHECK(strstr(h.words, "SC-0003") == NULL);
    policy_free(p);
}

static char far_site[1][NH_SITE_ID_MAX] = { "s9" };

static struct incident
far_fault(uint32_t number, int64_t started_ms)
{
    struct incident in = fault(number, started_ms, 1);

    in.sites = far_site;
    in.confidence = CONFIDENCE_SUSPECTED;
    return in;
}

/* At noon the technician is not on: the duty officer stands in, and what still lasts as
 * his hours begin reaches him then, in one message. */
static void
hours_of_a_contact(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident one = far_fault(1, NOON), two = far_fault(2, NOON + 600000),
                    brief = far_fault(3, NOON + 1200000);

    policy_incident(p, &one, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 630);
    CHECK_STR(h.text, "1:opened:truc-ca:1 120;", "the duty officer");
    policy_incident(p, &two, INCIDENT_OPENED, NOON + 631000);
    until(p, &h, 631, 1230);
    policy_incident(p, &brief, INCIDENT_OPENED, NOON + 1231000);
    until(p, &h, 1231, 1500);
    brief.closed_ms = NOON + 1500000;
    brief.told_closed_ms = NOON + 1530000;
    policy_incident(p, &brief, INCIDENT_CLOSED, NOON + 1530000);
    policy_acknowledged(p, 1, NOON + 1531000);
    policy_acknowledged(p, 2, NOON + 1531000);
    p = again(p, &h);
    h.len = 0;
    h.text[0] = '\0';
    until(p, &h, 1532, 5399);
    CHECK_STR(h.text, "", "nothing before half past one");
    until(p, &h, 5400, 5500);
    CHECK_STR(h.text, "1:opened:kt-gio:1 5400;", "one message");
    CHECK_EQ(h.also, 1, "of two: the third is over");
    /* its end comes after his hours: he hears of it in the morning */
    one.closed_ms = NOON + 6 * INT64_C(3600000);
    one.told_closed_ms = one.closed_ms + 30000;
    h.len = 0;
    h.text[0] = '\0';
    policy_incident(p, &one, INCIDENT_CLOSED, one.told_closed_ms);
    CHECK_STR(h.text, "1:closed:truc-ca:1 21630;", "the one who is on");
    h.len = 0;
    h.text[0] = '\0';
    for (int s = 21631; s < 19 * 3600 + 1800; s += 59)
        policy_clock(p, NOON + s * INT64_C(1000));
    CHECK_STR(h.text, "", "nothing before half past seven");
    until(p, &h, 19 * 3600 + 1800, 19 * 3600 + 1860);
    CHECK_STR(h.text, "1:closed:kt-gio:1 70200;", "half past seven");
    policy_free(p);
}

/* A whole carrier is told at any hour. */
static void
critical_at_any_hour(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = far_fault(1, NOON);

    in.whole_carrier = true;
    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 200);
    CHECK_STR(h.text, "1:opened:kt-gio:1 120;", "at noon");
    policy_free(p);
}

/* ---- words ---- */

static struct incident_span down_spans[] = { { NOON, NOON + 60000, true },
    { NOON + 120000, NOON + 180000, true }, { NOON + 240000, NOON + 300000, true },
    { NOON + 4000000, NOON + 4060000, true } };
static struct incident_link one_link[] = {
    { .id = "s0/vnpt", .span_count = 4, .spans = down_spans }
};

static const struct {
    const char *name;
    enum message_about about;
    const char *to;
    enum incident_kind kind;
    enum cause cause;
    enum confidence confidence;
    size_t sites;
    bool link, on_backup;
    struct incident_figures figures;
    const char *want;
} texts[] = {
    { "a link", MESSAGE_OPENED, "kt", INCIDENT_OUTAGE, CAUSE_LAST_MILE, CONFIDENCE_LIKELY,
        1, true, false, { 0 },
        "NHIP: MAT KET NOI Xa Bao Lac 0 (01320), kenh chinh vnpt tu 12:00 28/10. Nghi: "
        "duong truyen den don vi. Ma SC-0412." },
    { "the other link carries it", MESSAGE_OPENED, "kt", INCIDENT_OUTAGE, CAUSE_LAST_MILE,
        CONFIDENCE_LIKELY, 1, true, true, { 0 },
        "NHIP: DA CHUYEN KENH DU PHONG Xa Bao Lac 0 (01320), kenh chinh vnpt tu 12:00 "
        "28/10: kenh du phong van thong. Nghi: duong truyen den don vi. Ma SC-0412." },
    { "power, on the UPS", MESSAGE_OPENED, "kt", INCIDENT_POWER, CAUSE_POWER,
        CONFIDENCE_FACT, 1, false, false, { -1, -1, 1520, 80, false },
        "NHIP: MAT DIEN Xa Bao Lac 0 (01320) tu 12:00 28/10: UPS con khoang 25 phut, "
        "kenh "
        "truyen van thong. Bao Dien luc. Ma SC-0412." },
    { "the UPS ends", MESSAGE_REVISED, "kt", INCIDENT_POWER, CAUSE_POWER, CONFIDENCE_FACT,
        1, false, false, { -1, -1, 250, 12, true },
        "NHIP: UPS SAP HET Xa Bao Lac 0 (01320) tu 12:00 28/10: ac quy 12 phan tram, con "
        "4 "
        "phut. Can chay may phat hoac tat thiet bi. Ma SC-0412." },
    { "a bad link", MESSAGE_OPENED, "kt", INCIDENT_DEGRADED, CAUSE_CONGESTION,
        CONFIDENCE_LIKELY, 1, true, false, { 210400, 45, -1, -1, false },
        "NHIP: KENH KEM Xa Bao Lac 0 (01320), kenh chinh vnpt tu 12:00 28/10: do tre 210 "
        "ms, mat goi 4,5 phan tram. Nghi: kenh day luu luong. Ma SC-0412." },
    { "it flaps", MESSAGE_OPENED, "kt", INCIDENT_FLAPPING, CAUSE_LAST_MILE,
        CONFIDENCE_LIKELY, 1, true, false, { 0 },
        "NHIP: CHAP CHON Xa Bao Lac 0 (01320), kenh chinh vnpt tu 12:00 28/10: 3 lan mat "
        "ket noi trong 30 phut. Nghi: duong truyen den don vi. Ma SC-0412." },
    { "many sites", MESSAGE_OPENED, "truc-ca", INCIDENT_OUTAGE, CAUSE_CARRIER_CORE,
        CONFIDENCE_LIKELY, 3, false, false, { 0 },
        "NHIP: SU CO DIEN RONG 3 diem ket noi tu 12:00 28/10. Nghi: tuyen truc cua nha "
        "mang. Ma SC-0412." },
    { "nobody has it", MESSAGE_ESCALATED, "truc-ca", INCIDENT_OUTAGE, CAUSE_LAST_MILE,
        CONFIDENCE_LIKELY, 1, true, false, { 0 },
        "NHIP: CHUA CO NGUOI NHAN SC-0412 sau 15 phut. Chuyen cap xu ly. MAT KET NOI Xa "
        "Bao Lac 0 (01320), kenh chinh vnpt van chua khoi phuc. Ma SC-0412." },
    { "to the carrier", MESSAGE_OPENED, "noc", INCIDENT_OUTAGE, CAUSE_LAST_MILE,
        CONFIDENCE_FACT, 1, true, false, { 0 },
        "NHIP: De nghi VNPT Cao Bang kiem tra kenh s0/vnpt, mat tu 12:00 28/10, diem "
        "cuoi "
        "khong phan hoi, dien van co. Ma SC-0412." },
    { "the probe of the centre", MESSAGE_OPENED, "truc-ca", INCIDENT_SILENT,
        CAUSE_MONITORING, CONFIDENCE_LIKELY, 3, false, false, { 0 },
        "NHIP: MAY DO tai Trung tam du lieu mat ket noi tu 12:00 28/10. So lieu 3 diem "
        "ket "
        "noi tam dung, chua ket luan su co. Ma SC-0412." },
    { "restored", MESSAGE_CLOSED, "kt", INCIDENT_OUTAGE, CAUSE_LAST_MILE, CONFIDENCE_FACT,
        1, true, false, { 0 },
        "NHIP: DA KHOI PHUC Xa Bao Lac 0 (01320), kenh chinh vnpt luc 13:15 28/10. Gian "
        "doan 1 gio 15 phut. Nguyen nhan: duong truyen den don vi. Ma SC-0412." },
};

static const struct inv_contact *
contact(const char *id)
{
    for (size_t i = 0; i < inv->contact_count; i++)
        if (strcmp(inv->contacts[i].id, id) == 0)
            return &inv->contacts[i];
    return NULL;
}

static void
words_of_messages(void)
{
    struct nh_buf sms, subject, text;

    nh_buf_init(&sms, 1000);
    nh_buf_init(&subject, 1000);
    nh_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < NH_COUNT(texts); i++) {
        struct incident in = fault(412, NOON, texts[i].sites);
        const struct message_view view = { texts[i].about, contact(texts[i].to),
            in.opened_ms + 15 * INT64_C(60000) + 5000, texts[i].on_backup };

        in.kind = texts[i].kind;
        in.cause = texts[i].cause;
        in.confidence = texts[i].confidence;
        in.figures = texts[i].figures;
        in.links = texts[i].link ? one_link : NULL;
        in.link_count = texts[i].link;
        in.closed_ms = texts[i].about == MESSAGE_CLOSED ? NOON + 4500000 : 0;
        policy_sms(inv, &in, &view, &sms);
        nh_buf_put_u8(&sms, 0);
        CHECK_STR((const char *)sms.data, texts[i].want, texts[i].name);
        CHECK_NAMED(sms.len - 1 <= 160, texts[i].name);
    }
    for (size_t i = 0; i < 2; i++) { /* the letter says the same */
        struct incident in = fault(412, NOON, 1);
        const struct message_view view = { MESSAGE_OPENED, contact(i == 0 ? "kt" : "noc"),
            NOON, false };

        in.kind = INCIDENT_POWER;
        in.figures = (struct incident_figures){ -1, -1, 1520, 80, false };
        policy_text(inv, &in, &view, &subject, &text);
        nh_buf_put_u8(&text, 0);
        CHECK_NAMED(
            strstr((const char *)text.data, i == 0 ? "\nUPS còn khoảng 25 phút\n"
                                                   : "\nthe UPS lasts for some 25 min\n"),
            (const char *)text.data);
    }
    nh_buf_fini(&sms);
    nh_buf_fini(&subject);
    nh_buf_fini(&text);
}

/* The battery that runs low is told of at once, once, to those who know of the power. */
static void
battery_low(void)
{
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in = fault(7, NOON, 1);

    in.kind = INCIDENT_POWER;
    in.cause = CAUSE_POWER;
    snprintf(in.party, sizeof(in.party), "power_company");
    policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
    until(p, &h, 30, 300);
    in.figures = (struct incident_figures){ -1, -1, 240, 9, true };
    policy_incident(p, &in, INCIDENT_REVISED, NOON + 301000);
    p = again(p, &h);
    until(p, &h, 302, 400);
    CHECK_STR(h.text, "7:opened:kt:1 120;7:revised:kt:1 302;", "once");
    CHECK(strstr(h.sms, "UPS SAP HET") != NULL);
    p = again(p, &h);
    until(p, &h, 401, 500);
    CHECK_EQ(h.count, 2, "once");
    policy_free(p);
}

/* A hundred faults in a minute: three messages, then one; their ends as well. */
static void
storm(void)
{
    enum { FAULTS = 100 };
    struct heard h;
    struct policy *p = fresh(&h, NOON);
    struct incident in[FAULTS];

    for (uint32_t n = 0; n < FAULTS; n++) {
        in[n] = fault(n + 1, NOON + n * INT64_C(500), 1);
        in[n].confidence = CONFIDENCE_SUSPECTED;
        in[n].opened_ms = NOON + 60000;
        policy_incident(p, &in[n], INCIDENT_OPENED, NOON + 60000);
    }
    until(p, &h, 60, 150);
    p = again(p, &h);
    in[50].closed_ms = NOON + 150000; /* while it waited */
    in[50].told_closed_ms = NOON + 160000;
    policy_incident(p, &in[50], INCIDENT_CLOSED, NOON + 160000);
    until(p, &h, 160, 300);
    CHECK_STR(h.text,
        "1:opened:kt:1 120;2:opened:kt:1 121;3:opened:kt:1 121;4:opened:kt:1 180;",
        "three, then one");
    CHECK_EQ(h.also, FAULTS - 3 - 1 - 1, "the rest, less the one that ended");
    CHECK(strlen(h.sms) <= 160 && strstr(h.sms, "NHIP: 96 SU CO: ") == h.sms);
    CHECK(strstr(h.sms, "Ma SC-0004.") != NULL);
    for (uint32_t n = 0; n < FAULTS; n++)
        policy_acknowledged(p, n + 1, NOON + 300000);
    h.len = 0;
    for (uint32_t n = 0; n < FAULTS; n++) {
        if (n == 50)
            continue;
        in[n].closed_ms = NOON + 400000;
        in[n].told_closed_ms = NOON + 430000;
        policy_incident(p, &in[n], INCIDENT_CLOSED, NOON + 430000);
    }
    p = again(p, &h);
    until(p, &h, 430, 900);
    CHECK_STR(h.text,
        "1:closed:kt:1 430;2:closed:kt:1 430;3:closed:kt:1 430;4:closed:kt:1 490;",
        "and their ends");
    CHECK_EQ(h.also, FAULTS - 3 - 1 - 1, "the rest");
    policy_free(p);
}

/* The same script with a crash after every second of it: the same keys. */
static void
keys_are_stable(void)
{
    struct heard calm, h;

    for (int every = 0; every <= 61; every += 61) {
        struct heard *now = every == 0 ? &calm : &h;
        struct policy *p = fresh(now, NOON);
        struct incident in = fault(7, NOON, 1), other = fault(9, NOON + 50000, 3);

        other.cause = CAUSE_CARRIER_NODE;
        policy_incident(p, &in, INCIDENT_OPENED, NOON + 30000);
        for (int s = 30; s < 4000; s++) {
            policy_clock(p, NOON + s * INT64_C(1000));
            if (s == 70)
                policy_incident(p, &other, INCIDENT_OPENED, NOON + 70000);
            if (s == 2000) {
                in.cause = CAUSE_SITE_LAN;
                snprintf(in.party, sizeof(in.party), "commune");
                policy_incident(p, &in, INCIDENT_REVISED, NOON + 2000000);
            }
            if (every != 0 && s % every == 0)
                p = again(p, now);
        }
        policy_free(p);
    }
    CHECK(calm.count >= 8);
    CHECK_STR(h.text, calm.text, "keys and times");
}

static void
state_that_is_cut(void)
{
    struct heard h;
    struct policy *p = fresh(&h, BEFORE), *other = fresh(&h, BEFORE);
    struct incident in = fault(7, BEFORE, 1);
    struct nh_buf state;

    nh_buf_init(&state, 1 << 20);
    policy_incident(p, &in, INCIDENT_OPENED, BEFORE + 30000);
    until(p, &h, 30, 130); /* has a clash of a meeting, too */
    policy_save(p, &state);
    for (size_t n = 0; n < state.len; n++)
        CHECK_EQ(policy_load(other, nh_slice_of(state.data, n)), NH_EFORMAT, "cut");
    CHECK_EQ(policy_load(other, nh_slice_of(state.data, state.len)), NH_OK, "whole");
    nh_buf_fini(&state);
    policy_free(p);
    policy_free(other);
}

/* ---- meetings ---- */

static void
meeting_is_told_once(void)
{
    int64_t start = MEETING - 8 * 24 * INT64_C(3600000);
    struct heard h;
    struct policy *p = fresh(&h, start); /* a Sunday */
    int told_s = 24 * 3600 + 1;

    h.only = "meeting:";
    for (int s = 0; s < told_s - 1; s += 10)
        policy_clock(p, start + s * INT64_C(1000));
    CHECK_STR(h.text, "", "more than a week before");
    for (int s = told_s - 1; s < 9 * 24 * 3600; s += 60) {
        policy_clock(p, start + s * INT64_C(1000));
        if (s % 7200 == 0)
            p = again(p, &h);
    }
    CHECK_EQ(h.count, 2, h.text);
    CHECK_NAMED(strstr(h.text, ":hop:1796000400 ") != NULL, h.text);
    CHECK_NAMED(strstr(h.text, ":truc-ca:1796000400 ") != NULL, h.text);
    CHECK_NAMED(strncmp(h.text, "meeting:", 8) == 0, h.text);
    policy_free(p);
}

static void
meeting_words(void)
{
    struct heard h;
    struct policy *p = fresh(&h, BEFORE);

    policy_clock(p, BEFORE);
    CHECK_EQ(h.count, 2, "told at once");
    CHECK_STR(h.sms,
        "NHIP: BAO TRI TRUNG CUOC HOP giao-ban luc 08:00 30/11, Xa Bao Lac 0 (01320). "
        "VNPT "
        "Cao Bang lam 07:00 30/11 den 09:00 30/11. Ma w-meets.",
        "SMS");
    CHECK(strlen(h.sms) <= 160);
    CHECK_STR(h.subject, "[Nhip] Bảo trì trùng cuộc họp: giao-ban, 08:00 30/11/2026",
        "subject");
    CHECK(strstr(h.words, "- Xã Bảo Lạc 0 (01320)\n") != NULL);
    CHECK(strstr(h.words, "thay cáp") != NULL && strstr(h.words, "sau") == NULL);
    policy_free(p);
}

/* At night it waits, unless the meeting is near; nobody is told of one that is over. */
static void
meeting_at_night(void)
{
    struct heard h;
    struct policy *p = fresh(&h, BEFORE + 11 * INT64_C(3600000));

    h.only = "meeting:";
    until(p, &h, 0, 7 * 3600 - 1);
    CHECK_STR(h.text, "", "held");
    until(p, &h, 7 * 3600, 7 * 3600 + 60);
    CHECK_EQ(h.count, 2, "six in the morning");
    policy_free(p);

    p = fresh(&h, MEETING + 2 * INT64_C(3600000));
    until(p, &h, 0, 3600);
    CHECK_EQ(h.count, 0, "it is over");
    policy_free(p);

    p = fresh(&h, MEETING + INT64_C(1800000));
    h.only = "meeting:";
    until(p, &h, 0, 60);
    CHECK_EQ(h.count, 2, "both go on");
    policy_free(p);
}

/* Planned work is told of a day before, once, in no quiet hours. */
static void
work_of_tomorrow(void)
{
    int64_t start = MEETING - 30 * INT64_C(3600000); /* Sunday, two in the morning */
    struct heard h;
    struct policy *p = fresh(&h, start);

    h.only = "planned:";
    for (int s = 0; s < 48 * 3600; s += 60) {
        policy_clock(p, start + s * INT64_C(1000));
        if (s % 7200 == 0)
            p = again(p, &h);
        if (s == 5 * 3600 + 60) {
            CHECK_EQ(h.count, 2, "w-meets, at seven: a day before");
            CHECK_NAMED(strstr(h.text, ":kt:1795996800 18000;") != NULL, h.text);
            CHECK_NAMED(strstr(h.text, ":truc-ca:1795996800 18000;") != NULL, h.text);
            CHECK_STR(h.sms,
                "NHIP: BAO TRI kenh vnpt Xa Bao Lac 0 (01320) 07:00-09:00 30/11. Du kien "
                "gian doan. Ma w-meets.",
                "SMS");
            CHECK_NAMED(strstr(h.words, "thay cáp") != NULL, h.words);
        }
    }
    CHECK_EQ(h.count, 6, "three works, two people, once");
    policy_free(p);
}

/* Half an hour before a meeting: who is ready for it. */
static void
check_before_a_meeting(void)
{
    int64_t start = MEETING - INT64_C(3600000);
    struct heard h;
    struct policy *p = fresh(&h, start);
    struct incident in = fault(7, start, 1);

    h.only = "check:";
    in.links = one_link;
    in.link_count = 1;
    policy_incident(p, &in, INCIDENT_OPENED, start + 30000);
    for (int s = 60; s < 7200; s += 60) {
        policy_clock(p, start + s * INT64_C(1000));
        p = again(p, &h);
    }
    CHECK_EQ(h.count, 2, h.text);
    CHECK_NAMED(strstr(h.text, ":hop:1796000400 1800;") != NULL, h.text);
    CHECK_STR(h.sms,
        "NHIP: KIEM TRA TRUOC HOP 08:00 30/11: 1/2 diem cau dat. Khong dat: Xa Bao Lac 0 "
        "(01320). Ma giao-ban.",
        "SMS");
    CHECK_NAMED(strstr(h.words, "- Không đạt: Xã Bảo Lạc 0\n") != NULL, h.words);
    policy_free(p);
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
            "site \"s%d\" { name = \"Xã Bảo Lạc %d\" code = \"0132%d\""
            " technicians = { \"kt\" }\n"
            "link \"vnpt\" { carrier = \"vnpt\" role = \"primary\" interface = \"e1\""
            " address = \"10.0.%d.2\" gateway = \"10.0.%d.1\""
            " reflector = \"10.9.9.9\" } }\n",
            s, s, s, s, s);
    fprintf(f, "contact \"kt-gio\" { name = \"KT\" sms = \"0933333333\""
               " hours = \"office_hours\" }\n"
               "site \"s9\" { name = \"Xã Cốc Pàng\" code = \"01324\""
               " technicians = { \"kt-gio\" }\n"
               "link \"vnpt\" { carrier = \"vnpt\" role = \"primary\" interface = \"e1\""
               " address = \"10.1.1.2\" gateway = \"10.1.1.1\""
               " reflector = \"10.9.9.9\" } }\n");
    fclose(f);
    CHECK_EQ(inventory_load(&inv, path, &problem), NH_OK, problem.text);
}

int
main(void)
{
    RUN(load_inventory);
    if (inv == NULL)
        return check_done();
    RUN(told_after_a_while);
    RUN(not_told);
    RUN(together);
    RUN(escalation);
    RUN(acknowledged_while_another_is_forgotten);
    RUN(revision_and_end);
    RUN(measured);
    RUN(merged);
    RUN(quiet_hours);
    RUN(ends_at_night);
    RUN(digest_of_the_night);
    RUN(hours_of_a_contact);
    RUN(critical_at_any_hour);
    RUN(words_of_messages);
    RUN(battery_low);
    RUN(storm);
    RUN(keys_are_stable);
    RUN(state_that_is_cut);
    RUN(meeting_is_told_once);
    RUN(meeting_words);
    RUN(meeting_at_night);
    RUN(work_of_tomorrow);
    RUN(check_before_a_meeting);
    inventory_free(inv);
    return check_done();
}
