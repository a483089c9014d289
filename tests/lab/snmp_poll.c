/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_poll.c - poll devices and print what was learnt, a JSON line each
 *
 *   snmp_poll ROUNDS GAP_MS ADDRESS VERSION COMMUNITY|USER:LEVEL:AUTH:KEY:PRIV:KEY ...
 *
 * Each further word is one more device at ADDRESS, told apart by its community or user,
 * or one somewhere else: WHO@ADDRESS.
 * A device's rounds lie GAP_MS apart; its line is printed after the last one. The first
 * line says how long the loop stood still at most (stall_ms).
 */
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/snmp_document.h"
#include "tests/lab/snmp_who.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct polled {
    const char *who;
    struct nh_snmp *session;
    struct nh_snmp_device *device;
    struct nh_timer *again;
    int rounds_left;
    bool over;
};

static struct {
    struct nh_loop *loop;
    struct nh_timer *beat;
    struct polled *devices;
    int count, left, gap_ms;
    int64_t last_ms, stall_ms;
} poll_;

enum { BEAT_MS = 20 };

static void
on_poll_beat(void *arg)
{
    int64_t now = nh_clock_mono_ms();

    (void)arg;
    if (poll_.last_ms != 0 && now - poll_.last_ms - BEAT_MS > poll_.stall_ms)
        poll_.stall_ms = now - poll_.last_ms - BEAT_MS;
    poll_.last_ms = now;
    nh_timer_after(poll_.beat, BEAT_MS);
}

static json_t *
number(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

/* The lists of its document beside the interfaces. */
static void
put_details(json_t *doc, const struct nh_snmp_facts *f)
{
    static const char *const lists[] = { "neighbours", "pings", "sensors", "storage" };
    const struct nh_snmp_learnt learnt = { .facts = f };
    struct nh_snmp_document_place at = { 0 };
    json_t *whole = json_object();

    for (json_t *piece; (piece = nh_snmp_document_next(&learnt, &at, 65536)) != NULL;
         json_decref(piece))
        if (!nh_snmp_document_join(whole, piece))
            exit(1);
    for (size_t i = 0; i < NH_COUNT(lists); i++)
        json_object_set(doc, lists[i], json_object_get(whole, lists[i]));
    json_decref(whole);
}

static void
print(const struct polled *p)
{
    const struct nh_snmp_facts *f = nh_snmp_device_facts(p->device);
    json_t *list = json_array(), *doc;
    struct nh_snmp_counts counts;
    uint8_t engine[32];
    bool shared;
    int powers = 0, engine_len = (int)nh_snmp_engine(p->session, engine, &shared);

    nh_snmp_counts(p->session, &counts);
    for (size_t k = 0; k < f->interface_count; k++) {
        const struct nh_snmp_interface *i = &f->interfaces[k];
        json_t *rates = json_array();

        if (!isnan(i->rx_power_dbm))
            powers++;
        for (int c = 0; c < NH_SNMP_COUNTERS; c++)
            json_array_append_new(rates, number(i->rate[c]));
        json_array_append_new(
            list, json_pack("{s:I,s:s,s:s,s:s,s:I,s:I,s:i,s:i,s:b,s:o,s:o}", "index",
                      (json_int_t)i->index, "name", i->name, "alias", i->alias, "descr",
                      i->descr, "type", (json_int_t)i->type, "speed",
                      (json_int_t)i->speed_bps, "admin", i->admin, "oper", i->oper,
                      "wide", i->now[NH_SNMP_IN_OCTETS].wide, "rates", rates,
                      "rx_power_dbm", number(i->rx_power_dbm)));
    }
    doc =
        json_pack("{s:s,s:i,s:s,s:i,s:i,s:s,s:s,s:s,s:o,s:I,s:b,s:b,s:I,s:I,s:i,s:b,s:o}",
            "who", p->who, "result", f->result, "words", nh_snmp_words(f->result),
            "rounds", (int)f->round, "version", f->version, "object_id", f->object_id,
            "name", f->name, "descr", f->descr, "uptime_s",
            number(f->has_uptime ? f->uptime_s : NAN), "reboots", (json_int_t)f->reboots,
            "backwards", f->backwards, "bounded", f->bounded, "requests",
            (json_int_t)counts.requests, "reprobed", (json_int_t)counts.reprobed,
            "engine", engine_len, "shared", shared, "interfaces", list);
    json_object_set_new(doc, "ports_with_power", json_integer(powers));
    put_details(doc, f);
    json_object_set_new(doc, "profile", json_string(f->profile));
    for (int i = 0; i < NH_SNMP_FACTS; i++)
        if (!isnan(f->value[i]))
            json_object_set_new(doc, nh_snmp_metric_name((enum nh_snmp_metric_id)i),
                json_real(f->value[i]));
    json_dumpf(doc, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(doc);
}

static void
on_polled(void *arg)
{
    struct polled *p = arg;

    if (--p->rounds_left > 0) {
        nh_timer_after(p->again, poll_.gap_ms);
        return;
    }
    p->over = true;
    if (--poll_.left == 0)
        nh_loop_stop(poll_.loop);
}

static void
on_poll_again(void *arg)
{
    struct polled *p = arg;

    if (nh_snmp_device_round(p->device, on_polled, p) != NH_OK)
        exit(1);
}

int
main(int argc, char **argv)
{
    if (argc < 6 || nh_loop_new(&poll_.loop) != NH_OK)
        return 2;
    nh_loop_raise_nofile();
    poll_.count = poll_.left = argc - 5;
    poll_.gap_ms = atoi(argv[2]);
    poll_.devices = calloc((size_t)poll_.count, sizeof(*poll_.devices));
    for (int i = 0; i < poll_.count; i++) {
        struct nh_snmp_credential c = { .version = atoi(argv[4]) };
        struct nh_snmp_options options = { .timeout_ms = 700, .retries = 2 };
        struct polled *p = &poll_.devices[i];
        const char *at = strrchr(argv[5 + i], '@');
        char who[256], why[128];

        p->who = argv[5 + i];
        snprintf(who, sizeof(who), "%.*s",
            (int)(at != NULL ? (size_t)(at - p->who) : strlen(p->who)), p->who);
        p->rounds_left = atoi(argv[1]);
        if (c.version == 3 && !snmp_who_user(who, &c))
            return 2;
        if (c.version != 3)
            memcpy(c.community, who, strnlen(who, sizeof(c.community) - 1));
        if (nh_snmp_open(&p->session, nh_loop_base(poll_.loop),
                at != NULL ? at + 1 : argv[3], &c, &options, why) != NH_OK) {
            fprintf(stderr, "%s: %s\n", p->who, why);
            return 1;
        }
        if (nh_snmp_device_new(&p->device, p->session) != NH_OK ||
            nh_timer_new(&p->again, nh_loop_base(poll_.loop), on_poll_again, p) != NH_OK)
            return 1;
        nh_timer_after(p->again, 0);
    }
    if (nh_timer_new(&poll_.beat, nh_loop_base(poll_.loop), on_poll_beat, NULL) != NH_OK)
        return 1;
    on_poll_beat(NULL);
    if (nh_loop_run(poll_.loop) != NH_OK)
        return 1;
    printf("{\"stall_ms\":%lld}\n", (long long)poll_.stall_ms);
    for (int i = 0; i < poll_.count; i++)
        print(&poll_.devices[i]);
    for (int i = 0; i < poll_.count; i++) {
        nh_snmp_device_free(poll_.devices[i].device);
        nh_snmp_close(poll_.devices[i].session);
        nh_timer_free(poll_.devices[i].again);
    }
    nh_timer_free(poll_.beat);
    nh_loop_free(poll_.loop);
    free(poll_.devices);
    return 0;
}
