/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensing.c - the collector's own schedule
 *
 * Its dictionary is source 0's, so a batch is encoded as an agent would, and appended
 * instead of sent. A batch that finds the disk full waits, up to a megabyte of them; what
 * is beyond that is lost and counted.
 */
#include "collector/sensing.h"
#include "collector/collector.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/sensor.h"
#include "libnhip/snmp_credentials.h"
#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 1 << 20, BATCH_MAX = NH_JOURNAL_PAYLOAD_MAX - 256 };

struct sensing {
    struct collector *c;
    struct nh_schedule *schedule;
    struct nh_buf batch;
    struct nh_buf waiting; /* u16 length and bytes, one batch after the other */
    uint64_t lost;
};

struct list {
    struct nh_assignment *rows; /* owned */
    size_t count, cap;
    bool failed;
};

static void
add_row(void *arg, const struct nh_assignment *a)
{
    struct list *l = arg;

    if (l->count == l->cap) {
        size_t cap = l->cap == 0 ? 64 : l->cap * 2;
        struct nh_assignment *more = realloc(l->rows, cap * sizeof(*more));

        if (more == NULL) {
            l->failed = true;
            return;
        }
        l->rows = more;
        l->cap = cap;
    }
    l->rows[l->count++] = *a;
}

/* What the collector's own checks may need; agents have files of their own. They are read
 * as the user who runs: a reload could not read them otherwise. */
static void
load_credentials(const struct inventory *inv)
{
    nh_snmp_credentials_mark();
    for (size_t i = 0; i < inv->snmp_count; i++) {
        const struct inv_snmp *s = &inv->snmps[i];
        const struct nh_snmp_files files = inventory_snmp_files(s);
        char why[256];

        if (nh_snmp_credentials_load(s->id, &files, why) != NH_OK)
            nh_log(NH_LOG_NOTICE, "snmp \"%s\": %s: the collector %s", s->id, why,
                nh_snmp_credentials_get(s->id, NULL) != NULL ? "uses what it was before"
                                                             : "cannot use it");
    }
    nh_snmp_credentials_sweep();
}

void
sensing_assign(struct sensing *s)
{
    struct list l = { 0 };
    size_t refused = 0;
    char why[128] = "";
    enum nh_err err = NH_ENOMEM;

    if (!s->c->inv->drill)
        load_credentials(s->c->inv);
    inventory_assign(s->c->inv, NULL, add_row, &l);
    if (!l.failed)
        err = nh_schedule_set(s->schedule, l.rows, l.count, &refused, why);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "sensing: %s: the collector measures what it did before",
            nh_strerror(err));
    else if (refused > 0)
        nh_log(NH_LOG_WARN, "sensing: %zu of %zu checks cannot be measured: %s", refused,
            l.count, why);
    free(l.rows);
}

static enum nh_err
append(struct sensing *s, struct nh_slice columns, struct nh_origin *origin)
{
    enum nh_err err = store_note_dict(s->c->store, store_own(s->c->store));
    uint64_t pos;

    if (err == NH_OK)
        err = collector_append_own(s->c, NH_REC_READINGS, columns, origin, &pos);
    return err;
}

static void
keep_waiting(struct sensing *s, size_t count)
{
    if (s->waiting.len + s->batch.len + 2 > WAITING_MAX) {
        s->lost += count;
        nh_log_limited(NH_LOG_ERROR, "sensing: %zu readings of our own are lost", count);
        return;
    }
    nh_buf_put_u16(&s->waiting, (uint16_t)s->batch.len);
    nh_buf_put(&s->waiting, s->batch.data, s->batch.len);
}

/* What waited goes before what is new. */
static bool
append_waiting(struct sensing *s)
{
    struct nh_slice in = nh_slice_of(s->waiting.data, s->waiting.len);
    struct nh_origin origin;
    size_t done = 0;

    while (in.len > 0) {
        struct nh_slice batch = nh_take(&in, nh_take_u16(&in));

        if (append(s, batch, &origin) != NH_OK)
            break;
        done = s->waiting.len - in.len;
    }
    memmove(s->waiting.data, s->waiting.data + done, s->waiting.len - done);
    s->waiting.len -= done;
    return s->waiting.len == 0;
}

static void
on_sensing_readings(void *arg, struct nh_reading *readings, size_t count)
{
    struct sensing *s = arg;
    struct store_source *own = store_own(s->c->store);
    struct nh_origin origin = { .arrived_ms = nh_clock_wall_ms() };

    nh_buf_clear(&s->batch);
    if (nh_batch_encode(own->dict, readings, count, &s->batch) != NH_OK) {
        s->lost += count;
        nh_log_limited(NH_LOG_ERROR, "sensing: %zu readings do not fit a batch", count);
        return;
    }
    origin.offset_ms = origin.arrived_ms - nh_clock_mono_ms();
    if ((s->waiting.len > 0 && !append_waiting(s)) ||
        append(s, nh_slice_of(s->batch.data, s->batch.len), &origin) != NH_OK)
        keep_waiting(s, count);
    collector_readings(s->c, own, &origin, readings, count, false);
}

static void
on_sensing_event(void *arg, const struct nh_event *event)
{
    struct sensing *s = arg;

    collector_say(s->c, event->name, event->object, event->uptime_s, NULL, event->text);
}

enum nh_err
sensing_open(struct sensing **out, struct collector *c)
{
    struct sensing *s = calloc(1, sizeof(*s));
    struct nh_schedule_events events = { on_sensing_readings, on_sensing_event, s };
    enum nh_err err;

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->c = c;
    nh_buf_init(&s->batch, BATCH_MAX);
    nh_buf_init(&s->waiting, WAITING_MAX);
    err = nh_schedule_new(&s->schedule, c->base, store_own(c->store)->dict, &events);
    if (err != NH_OK) {
        sensing_close(s);
        return err;
    }
    sensing_assign(s);
    *out = s;
    return NH_OK;
}

void
sensing_close(struct sensing *s)
{
    if (s == NULL)
        return;
    nh_schedule_free(s->schedule);
    nh_buf_fini(&s->batch);
    nh_buf_fini(&s->waiting);
    free(s);
}

uint64_t
sensing_lost(const struct sensing *s)
{
    return s == NULL ? 0 : s->lost;
}
