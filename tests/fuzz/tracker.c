/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tracker.c - a journal of any records: type u8, length u8, payload, and so on
 *
 * What is called back is touched to its end, so that a sanitizer sees it.
 */
#include "libnhip/record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sum;

static void
on_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    (void)arg;
    (void)pos;
    sum += strlen(source->site);
    for (size_t i = 0; i < count; i++) {
        int64_t wall_ms = readings[i].mono_ms + origin->offset_ms; /* cannot overflow */

        sum += strlen(nh_dict_get(dict, readings[i].check)->id) + (size_t)wall_ms;
    }
}

static void
on_event(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_event *event)
{
    (void)arg;
    (void)pos;
    sum += strlen(source->site) + strlen(event->text) +
           (size_t)(event->mono_ms + origin->offset_ms);
}

static void
on_gap(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_gap *gap)
{
    (void)arg;
    sum +=
        pos + origin->source + (source != NULL ? strlen(source->site) : 0) + gap->count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct nh_tracker_events events = { on_readings, on_event, on_gap,
        NULL };
    struct nh_slice in = nh_slice_of(data, size);
    struct nh_tracker *t = NULL;

    if (nh_tracker_new(&t, &events) != NH_OK)
        abort();
    for (uint64_t pos = 1; in.len > 0; pos++) {
        struct nh_record rec = { .pos = pos, .type = nh_take_u8(&in) };

        rec.payload = nh_take(&in, nh_take_u8(&in));
        (void)!nh_tracker_feed(t, &rec);
    }
    (void)nh_tracker_find(t, "a");
    (void)nh_tracker_source_count(t);
    nh_tracker_free(t);
    return 0;
}
