/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_line.c - printed by hand, not through a JSON tree: a month of a province is
 * millions of lines, and a line has a fixed form
 */
#include "libnhip/replay_line.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
nh_json_string(struct nh_buf *out, const char *s)
{
    const char *from = s;

    nh_buf_put_u8(out, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        nh_buf_put(out, from, (size_t)(s - from));
        from = s + 1;
        if (c == '"' || c == '\\')
            nh_buf_printf(out, "\\%c", c);
        else
            nh_buf_printf(out, "\\u%04x", c);
    }
    nh_buf_put(out, from, (size_t)(s - from));
    nh_buf_put_u8(out, '"');
}

void
nh_json_fixed(struct nh_buf *out, int64_t fixed, uint8_t decimals)
{
    uint64_t v = fixed < 0 ? ~(uint64_t)fixed + 1 : (uint64_t)fixed;
    char digits[24];
    int n, point;

    while (decimals > 0 && v % 10 == 0) { /* 12.300 is 12.3 */
        v /= 10;
        decimals--;
    }
    n = snprintf(digits, sizeof(digits), "%0*" PRIu64, decimals + 1, v);
    point = n - decimals;
    nh_buf_printf(out, "%s%.*s%s%s", fixed < 0 && v != 0 ? "-" : "", point, digits,
        decimals > 0 ? "." : "", digits + point);
}

void
nh_json_more_text(struct nh_buf *out, const char *key, const char *text)
{
    nh_buf_printf(out, ",\"%s\":", key);
    nh_json_string(out, text != NULL ? text : "");
}

void
nh_json_more_time(struct nh_buf *out, const char *key, int64_t ms)
{
    nh_buf_printf(out, ",\"%s\":", key);
    if (ms == 0)
        nh_buf_printf(out, "null");
    else
        nh_json_fixed(out, ms, 3);
}

/* {"at":…,"arrived":…,"boot":… : what both kinds of line begin with. */
static void
put_head(
    struct nh_buf *out, const struct nh_origin *origin, int64_t mono_ms, const char *boot)
{
    int64_t at_ms = mono_ms + origin->offset_ms;

    nh_buf_printf(out, "{\"at\":");
    nh_json_fixed(out, at_ms, 3);
    if (origin->arrived_ms > at_ms) {
        nh_buf_printf(out, ",\"arrived\":");
        nh_json_fixed(out, origin->arrived_ms, 3);
    }
    if (boot != NULL) {
        nh_buf_printf(out, ",\"boot\":");
        nh_json_string(out, boot);
    }
}

void
nh_replay_reading(struct nh_buf *out, const struct nh_check *check,
    const struct nh_origin *origin, const struct nh_reading *r, const char *boot)
{
    put_head(out, origin, r->mono_ms, boot);
    nh_buf_printf(out, ",\"check\":");
    nh_json_string(out, check->id);
    nh_buf_printf(out, ",\"values\":{");
    for (uint8_t i = 0, first = 1; i < check->kind->count; i++) {
        if ((r->present >> i & 1) == 0)
            continue;
        nh_buf_printf(out, "%s\"%s\":", first ? "" : ",", check->kind->metrics[i].name);
        nh_json_fixed(out, r->value[i], check->kind->metrics[i].decimals);
        first = 0;
    }
    nh_buf_printf(out, "}}");
}

void
nh_replay_event(struct nh_buf *out, const struct nh_origin *origin,
    const struct nh_event *event, const char *boot)
{
    const char *slash = strchr(event->object, '/');

    put_head(out, origin, event->mono_ms, event->boot[0] != '\0' ? NULL : boot);
    nh_buf_printf(out, ",\"event\":");
    nh_json_string(out, event->name);
    if (event->object[0] != '\0') {
        char site[NH_CHECK_ID_MAX];
        size_t len =
            slash != NULL ? (size_t)(slash - event->object) : strlen(event->object);

        memcpy(site, event->object, len);
        site[len] = '\0';
        nh_buf_printf(out, ",\"site\":");
        nh_json_string(out, site);
    }
    if (slash != NULL) {
        nh_buf_printf(out, ",\"link\":");
        nh_json_string(out, slash + 1);
    }
    if (event->boot[0] != '\0') {
        nh_buf_printf(out, ",\"boot\":");
        nh_json_string(out, event->boot);
    }
    if (event->uptime_s >= 0)
        nh_buf_printf(out, ",\"uptime_s\":%" PRId64, event->uptime_s);
    if (event->text[0] != '\0') {
        nh_buf_printf(out, ",\"text\":");
        nh_json_string(out, event->text);
    }
    nh_buf_put_u8(out, '}');
}
