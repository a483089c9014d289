/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/*
 * deliver.c - the outbox alone: NHIP.CONF DIR [KEY CONTACT CHANNEL ABOUT ...]
 *
 * Puts the messages in the database of DIR, then runs the outbox until none waits within
 * the next seconds or is under way. Prints one line a message: key, state, channel,
 * tries. ABOUT is opened, closed, revised (another carrier answers for it now), or
 * digest: of incident 412 and of 413, which has closed since.
 */
#include "collector/outbox.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct deliver {
    struct nh_loop *loop;
    struct nh_timer *tick;
    struct incidents *db;
    struct outbox *o;
    int64_t ahead_ms; /* of the clock: waiting costs nothing here */
};

static void
link_of(void *arg, uint32_t incident, const char *contact, struct nh_buf *out)
{
    (void)arg;
    nh_buf_printf(
        out, "https://status.example.vn/ack/%u.%s", (unsigned)incident, contact);
}

static void
on_tick(void *arg)
{
    struct deliver *d = arg;
    struct outbox_stats stats;
    struct outbox_counts counts;

    outbox_stats(d->o, &stats);
    if (incidents_outbox_counts(d->db, &counts) != NH_OK)
        exit(1);
    if (stats.under_way == 0) {
        if (counts.in[OUTBOX_WAITING] == 0) {
            nh_loop_stop(d->loop);
            return;
        }
        d->ahead_ms += 60 * 1000;
    }
    outbox_tick(d->o, nh_clock_wall_ms() + d->ahead_ms);
    nh_timer_after(d->tick, 20);
}

static void
put(struct deliver *d, const struct inventory *inv, char **arg, int64_t at_ms)
{
    static char title[] = "VNPT node: 6 sites without their line";
    static struct incident_link links[] = { { .id = "x/a" }, { .id = "x/b" } };
    struct incident in = { .number = 412,
        .opened_ms = at_ms,
        .started_ms = 1790000000000,
        .revision = 1,
        .cause = CAUSE_LAST_MILE,
        .confidence = CONFIDENCE_LIKELY,
        .party = "carrier:vnpt",
        .title_en = title,
        .links = links,
        .link_count = NH_COUNT(links) };
    static const uint32_t also[] = { 413 };
    bool is_digest = strcmp(arg[3], "digest") == 0;
    bool is_revised = strcmp(arg[3], "revised") == 0;
    struct incident other = in;
    struct message m = { .incident = 412,
        .also_count = is_digest ? NH_COUNT(also) : 0,
        .also = also,
        .channel = arg[2],
        .at_ms = at_ms,
        .about = strcmp(arg[3], "closed") == 0 ? MESSAGE_CLOSED
                 : is_revised                  ? MESSAGE_REVISED
                                               : MESSAGE_OPENED,
        .sms = "NHIP: MAT KET NOI xã Bảo Lạc (01321). Ma SC-0412.",
        .subject =
            "SC-0412: Trạm Bảo Lạc mất kết nối, 6 xã, phường bị ảnh hưởng từ 14:05",
        .text = "Mất kết nối từ 14:05.\n.dòng có dấu chấm = đầu\nHết." };

    if (is_revised)
        snprintf(in.party, sizeof(in.party), "carrier:viettel");
    snprintf(m.key, sizeof(m.key), "%s", arg[0]);
    for (size_t i = 0; i < inv->contact_count; i++)
        if (strcmp(inv->contacts[i].id, arg[1]) == 0)
            m.to = &inv->contacts[i];
    other.number = also[0];
    other.closed_ms = at_ms;
    if (m.to == NULL || incidents_begin(d->db) != NH_OK ||
        incidents_put(d->db, &in, INCIDENT_OPENED, at_ms) != NH_OK ||
        (is_digest && incidents_put(d->db, &other, INCIDENT_CLOSED, at_ms) != NH_OK) ||
        incidents_message(d->db, &m) != NH_OK ||
        incidents_commit(d->db, 1, nh_slice_of("x", 1), nh_slice_of("x", 1)) != NH_OK)
        exit(1);
}

static void
print_states(struct deliver *d)
{
    struct nh_buf out;
    json_t *got, *told;
    size_t i;

    nh_buf_init(&out, 16 << 20);
    if (incidents_one_json(d->db, 412, "vi", &out) != NH_OK)
        exit(1);
    got = json_loadb((const char *)out.data, out.len, 0, NULL);
    json_array_foreach(json_object_get(got, "notifications"), i, told)
        printf("%s %s %s %d %s\n", json_string_value(json_object_get(told, "key")),
            json_string_value(json_object_get(told, "state")),
            json_string_value(json_object_get(told, "channel")),
            (int)json_integer_value(json_object_get(told, "tries")),
            json_string_value(json_object_get(told, "error")));
    json_decref(got);
    nh_buf_fini(&out);
}

int
main(int argc, char **argv)
{
    struct deliver d = { 0 };
    struct nh_conf_problem problem = { "" };
    struct inventory *inv = NULL;
    struct outbox_options options = { .link = link_of };

    if (argc < 3 || argc % 4 != 3)
        return 2;
    nh_log_open("deliver", NH_LOG_DEBUG, false);
    if (inventory_load(&inv, argv[1], &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return 1;
    }
    if (nh_loop_new(&d.loop) != NH_OK || incidents_open(&d.db, argv[2]) != NH_OK)
        return 1;
    for (int i = 3; i < argc; i += 4)
        put(&d, inv, argv + i, nh_clock_wall_ms());
    options.base = nh_loop_base(d.loop);
    options.db = d.db;
    options.inv = inv;
    if (outbox_open(&d.o, &options) != NH_OK ||
        nh_timer_new(&d.tick, options.base, on_tick, &d) != NH_OK)
        return 1;
    nh_timer_after(d.tick, 0);
    if (nh_loop_run(d.loop) != NH_OK)
        return 1;
    print_states(&d);
    outbox_close(d.o);
    nh_timer_free(d.tick);
    incidents_close(d.db);
    nh_loop_free(d.loop);
    inventory_free(inv);
    return 0;
}
