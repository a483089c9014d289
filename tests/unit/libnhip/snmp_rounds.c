/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_rounds.c - a device that is as it was, and then is not: what each round costs and
 * what comes of it
 *
 * The session is a stand-in, with a device behind it that answers from its objects in the
 * order of their identifiers. A clock of the test says when; ten seconds lie between two
 * rounds. Interface n moves n times 1000 octets a second.
 */
#include "libnhip/snmp_device.h"
#include "tests/unit/check.h"
#include "tests/unit/libnhip/snmp_stand_in.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTERFACES = 20, OBJECTS_MAX = 512, PACKET = 70, S = 1000000, STEP_S = 10 };

struct object {
    unsigned long oid[16];
    size_t len;
    struct nh_snmp_var is;
};

/* What the device is, and what is wrong with it. */
static struct {
    double uptime_s;
    unsigned long change;
    int boots;
    unsigned first_index; /* of the interfaces; their names do not change */
    int turned;           /* by so many places among them */
    int interfaces;
    int processors;
    bool no_heads;       /* it answers "too big" where anything is asked once */
    bool heads_repeated; /* it does not know what is asked once, and repeats it */
    bool no_uptime;
    bool silent_figures; /* silence to what asks for the processors */
    bool dead;
} is;

static struct object objects[OBJECTS_MAX];
static size_t object_count;
static struct nh_snmp session;
static int64_t now_us;
static bool ended;
static const struct nh_snmp_var end_of_view = { .type = NH_SNMP_END };

/* ---- the device ---- */

static int
order(const unsigned long *a, size_t a_len, const unsigned long *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return a_len < b_len ? -1 : a_len > b_len;
}

static int
by_oid(const void *a, const void *b)
{
    const struct object *x = a, *y = b;

    return order(x->oid, x->len, y->oid, y->len);
}

static struct object *
add(const char *base, unsigned long index)
{
    struct object *o = &objects[object_count++];
    struct nh_oid id;

    if (nh_oid_parse(base, &id) != NH_OK)
        abort();
    *o = (struct object){ .len = id.len + 1U };
    for (size_t i = 0; i < id.len; i++)
        o->oid[i] = id.id[i];
    o->oid[id.len] = index;
    return o;
}

static void
add_number(const char *base, unsigned long index, enum nh_snmp_type type, uint64_t number)
{
    struct object *o = add(base, index);

    o->is.type = type;
    o->is.unsigned_number = number;
    o->is.number = (int64_t)number;
}

static void
add_text(const char *base, unsigned long index, const char *text)
{
    struct object *o = add(base, index);

    o->is.type = NH_SNMP_BYTES;
    o->is.bytes = text;
    o->is.bytes_len = strlen(text);
}

static unsigned long
index_of(int n)
{
    return is.first_index + 1 + (unsigned)((n - 1 + is.turned) % is.interfaces);
}

static void
add_interface(int n)
{
    static char names[INTERFACES + 2][16];
    unsigned long index = index_of(n);
    uint64_t octets = (uint64_t)(is.uptime_s * n * 1000);

    snprintf(names[n], sizeof(names[n]), "port%d", n);
    add_number("1.3.6.1.2.1.2.2.1.3", index, NH_SNMP_SIGNED, 6);
    add_number("1.3.6.1.2.1.2.2.1.5", index, NH_SNMP_UNSIGNED, 100000000);
    add_number("1.3.6.1.2.1.2.2.1.7", index, NH_SNMP_SIGNED, 1);
    add_number("1.3.6.1.2.1.2.2.1.8", index, NH_SNMP_SIGNED, 1);
    add_number("1.3.6.1.2.1.2.2.1.14", index, NH_SNMP_COUNTER32, 0);
    add_number("1.3.6.1.2.1.2.2.1.20", index, NH_SNMP_COUNTER32, 0);
    add_text("1.3.6.1.2.1.31.1.1.1.1", index, names[n]);
    add_number("1.3.6.1.2.1.31.1.1.1.6", index, NH_SNMP_COUNTER64, octets);
    add_number("1.3.6.1.2.1.31.1.1.1.10", index, NH_SNMP_COUNTER64, 2 * octets);
}

static void
make_objects(void)
{
    object_count = 0;
    add_text("1.3.6.1.2.1.1.1", 0, "a device of the test");
    if (!is.no_uptime)
        add_number("1.3.6.1.2.1.1.3", 0, NH_SNMP_TICKS, (uint64_t)(is.uptime_s * 100));
    add_text("1.3.6.1.2.1.1.5", 0, "stand-in");
    for (int n = 1; n <= is.interfaces; n++)
        add_interface(n);
    for (int n = 1; n <= is.processors; n++)
        add_number(
            "1.3.6.1.2.1.25.3.3.1.2", (unsigned long)n, NH_SNMP_SIGNED, 10 * (unsigned)n);
    add_number("1.3.6.1.2.1.31.1.5", 0, NH_SNMP_TICKS, is.change);
    add_number("1.3.6.1.6.3.10.2.1.2", 0, NH_SNMP_SIGNED, (uint64_t)is.boots);
    qsort(objects, object_count, sizeof(objects[0]), by_oid);
    for (size_t i = 0; i < object_count; i++) {
        objects[i].is.oid = objects[i].oid;
        objects[i].is.oid_len = objects[i].len;
    }
}

/* The object of this identifier, or the one after it; NULL: there is none. */
static const struct object *
find(const struct nh_snmp *s, size_t i, bool next)
{
    for (size_t k = 0; k < object_count; k++) {
        int way = order(objects[k].oid, objects[k].len, s->ids[i], s->lens[i]);

        if (next ? way > 0 : way == 0)
            return &objects[k];
    }
    return NULL;
}

static void
put_vars(struct nh_snmp *s)
{
    size_t heads = is.heads_repeated ? 0 : s->heads;

    for (int r = 0; r < s->repetitions; r++)
        for (size_t i = r == 0 ? 0 : heads; i < s->count && s->var_count < PACKET; i++) {
            const struct object *o = find(s, i, s->ask != NH_SNMP_GET);

            s->vars[s->var_count++] = o != NULL ? o->is : end_of_view;
            if (o == NULL)
                continue;
            memcpy(s->ids[i], o->oid, o->len * sizeof(o->oid[0]));
            s->lens[i] = o->len;
        }
}

static bool
is_asked_for_processors(const struct nh_snmp *s)
{
    static const unsigned long processors[] = { 1, 3, 6, 1, 2, 1, 25, 3, 3 };

    for (size_t i = 0; i < s->count; i++)
        if (s->lens[i] >= NH_COUNT(processors) &&
            memcmp(s->ids[i], processors, sizeof(processors)) == 0)
            return true;
    return false;
}

static void
answer(struct nh_snmp *s)
{
    struct nh_snmp_answer a = { .mono_us = now_us };

    s->waiting = false;
    s->var_count = s->taken = 0;
    make_objects();
    if (is.dead || (is.silent_figures && is_asked_for_processors(s))) {
        a.result = NH_SNMP_TIMEOUT;
    } else if (is.no_heads && s->heads > 0) {
        a.result = NH_SNMP_TOOBIG;
    } else {
        put_vars(s);
        a.next = s;
    }
    s->done(s->arg, &a);
}

/* ---- rounds ---- */

static void
on_round(void *arg)
{
    (void)arg;
    ended = true;
}

/* One round, and after it what is read between two; how many requests the round took. */
static unsigned
play(struct nh_snmp_device *d)
{
    unsigned asked;

    ended = false;
    session.asked = session.asked_once = 0;
    CHECK_EQ(nh_snmp_device_round(d, on_round, NULL), NH_OK, "it begins");
    while (session.waiting && !ended)
        answer(&session);
    CHECK(ended);
    asked = session.asked - session.waiting; /* what is under way is not the round's */
    while (session.waiting)
        answer(&session);
    now_us += STEP_S * (int64_t)S;
    is.uptime_s += STEP_S;
    return asked;
}

/* A device that has been polled twice: it is known. */
static struct nh_snmp_device *
known_device(void)
{
    struct nh_snmp_device *d = NULL;

    memset(&session, 0, sizeof(session));
    session.version = 2;
    memset(&is, 0, sizeof(is));
    now_us = 1000 * (int64_t)S;
    is.uptime_s = 5000;
    is.change = 100;
    is.boots = 3;
    is.interfaces = INTERFACES;
    is.processors = 2;
    CHECK_EQ(nh_snmp_device_new(&d, &session), NH_OK, "a device");
    play(d);
    play(d);
    return d;
}

/* Every interface by its name with its rate; NAN: none has one. */
static void
check_rates(struct nh_snmp_device *d, double share, const char *name)
{
    const struct nh_snmp_facts *f = nh_snmp_device_facts(d);

    CHECK_EQ(f->result, NH_SNMP_OK, name);
    CHECK_EQ(f->interface_count, is.interfaces, name);
    for (int n = 1; n <= is.interfaces; n++) {
        char port[16];
        const struct nh_snmp_interface *i;

        snprintf(port, sizeof(port), "port%d", n);
        i = nh_snmp_device_port(d, port);
        CHECK_NAMED(i != NULL, name);
        if (i == NULL)
            continue;
        CHECK_EQ(i->index, index_of(n), name);
        if (isnan(share)) {
            CHECK_NAMED(isnan(i->rate[NH_SNMP_IN_OCTETS]), name);
            continue;
        }
        CHECK_NEAR(i->rate[NH_SNMP_IN_OCTETS], n * 1000 * share, 0.001, name);
        CHECK_NEAR(i->rate[NH_SNMP_OUT_OCTETS], n * 2000 * share, 0.001, name);
    }
}

static void
as_it_was(void)
{
    struct nh_snmp_device *d = known_device();
    const struct nh_snmp_facts *f = nh_snmp_device_facts(d);

    for (int i = 0; i < 5; i++) {
        /* 6 columns of 20 rows and one for the end, 3 heads, the processors: 70 each */
        CHECK_EQ(play(d), 2, "one walk");
        CHECK_EQ(session.asked_once, 1, "with the uptime in its first request");
        check_rates(d, 1, "as it was");
        CHECK_NEAR(f->value[NH_SNMP_FACT_CPU], 15, 0.001, "the mean of two");
        CHECK_NEAR(f->uptime_s, is.uptime_s - STEP_S, 0.02, "the uptime goes on");
    }
    nh_snmp_device_free(d);
}

static void
started_anew(void)
{
    struct nh_snmp_device *d = known_device();

    is.uptime_s = 20; /* counters begin at 0 as well */
    is.first_index = 100;
    CHECK(play(d) > 2);
    check_rates(d, NAN, "no rate over a reboot");
    CHECK_EQ(nh_snmp_device_facts(d)->reboots, 1, "seen once");
    play(d);
    check_rates(d, 1, "and then again");
    is.boots++;
    play(d);
    check_rates(d, NAN, "the engine's boots tell it, too");
    CHECK_EQ(nh_snmp_device_facts(d)->reboots, 2, "seen twice");
    nh_snmp_device_free(d);
}

static void
other_interfaces(void)
{
    struct nh_snmp_device *d = known_device();

    is.interfaces++;
    play(d);
    CHECK_EQ(nh_snmp_device_facts(d)->interface_count, INTERFACES + 1, "one more");
    CHECK(isnan(nh_snmp_device_port(d, "port21")->rate[NH_SNMP_IN_OCTETS]));
    CHECK_NEAR(nh_snmp_device_port(d, "port7")->rate[NH_SNMP_IN_OCTETS], 7000, 0.001,
        "the others lose nothing by it");
    play(d);
    check_rates(d, 1, "one more");
    is.interfaces -= 2;
    play(d);
    check_rates(d, 1, "two less");
    is.first_index = 40;
    is.change++;
    play(d);
    check_rates(d, 1, "other numbers, told by ifTableLastChange");
    is.first_index = 80;
    play(d);
    check_rates(d, 1, "other numbers, told by nothing");
    play(d);
    is.turned = 1;
    play(d);
    check_rates(d, 1, "the same numbers dealt anew, told by nothing");
    CHECK_EQ(play(d), 2, "and known again");
    nh_snmp_device_free(d);
}

static void
heads_that_do_not_work(void)
{
    struct nh_snmp_device *d = known_device();
    unsigned asked;

    is.no_heads = true;
    asked = play(d);
    CHECK_EQ(session.asked_once, 1, "tried");
    check_rates(d, 1, "nothing is lost where the short way does not work");
    CHECK(play(d) < asked);
    CHECK_EQ(session.asked_once, 0, "not tried again at once");
    check_rates(d, 1, "the long way");
    nh_snmp_device_free(d);
    d = known_device();
    is.heads_repeated = true;
    play(d);
    check_rates(d, 1, "columns in others' places");
    nh_snmp_device_free(d);
    d = known_device();
    is.no_uptime = true;
    play(d);
    CHECK_EQ(session.asked_once, 1, "tried");
    check_rates(d, 1, "no uptime any more");
    play(d);
    CHECK_EQ(session.asked_once, 0, "not tried again at once");
    nh_snmp_device_free(d);
}

/* A line that is cut while figures are read: they come again with the device. */
static void
silence_once(void)
{
    struct nh_snmp_device *d = known_device();

    is.no_heads = is.silent_figures = true;
    play(d);
    is.silent_figures = false;
    is.dead = true;
    play(d);
    is.dead = false;
    play(d);
    CHECK_NEAR(nh_snmp_device_facts(d)->value[NH_SNMP_FACT_CPU], 15, 0.001,
        "the figures are there again");
    nh_snmp_device_free(d);
}

static void
silence(void)
{
    struct nh_snmp_device *d = known_device();

    is.silent_figures = true;
    play(d);
    CHECK_NAMED(isnan(nh_snmp_device_facts(d)->value[NH_SNMP_FACT_CPU]),
        "figures that do not come");
    check_rates(d, 1, "take nothing else with them");
    play(d);
    CHECK_EQ(session.asked_once, 0, "and are asked for apart");
    check_rates(d, 1, "the long way");
    CHECK_EQ(play(d), 3, "with nothing that it was silent to twice, at the pace it had");
    is.silent_figures = false;
    for (int i = 0; i < 5; i++)
        play(d);
    CHECK_NEAR(nh_snmp_device_facts(d)->value[NH_SNMP_FACT_CPU], 15, 0.001,
        "after some rounds they are tried again");
    is.dead = true;
    play(d);
    CHECK_EQ(nh_snmp_device_facts(d)->result, NH_SNMP_TIMEOUT, "dead");
    is.dead = false;
    play(d);
    check_rates(d, 1, "the rate spans the gap");
    play(d);
    CHECK_EQ(session.asked_once, 1, "known again");
    is.dead = true;
    play(d);
    CHECK_EQ(nh_snmp_device_facts(d)->result, NH_SNMP_TIMEOUT, "dead on the short way");
    nh_snmp_device_free(d);
}

int
main(void)
{
    RUN(as_it_was);
    RUN(started_anew);
    RUN(other_interfaces);
    RUN(heads_that_do_not_work);
    RUN(silence_once);
    RUN(silence);
    return check_done();
}
