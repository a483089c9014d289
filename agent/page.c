/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page.c - uplinks, lines, spool, traps, clock: what a technician wants to see in that
 * order
 *
 * Times are ages, so that a box whose clock is wrong shows nothing wrong.
 */
#include "agent/page.h"
#include <stdio.h>
#include <string.h>

/* The page's own words; those it shares with other pages are text.c's. */
enum word {
    LINES,
    SPOOL,
    TRAPS,
    CLOCK,
    UPLINK,
    NO_CHECKS,
    NOT_YET,
    RECORDS,
    OLDEST,
    FULL,
    NOT_WRITTEN,
    LOST,
    IN_MEMORY,
    TAKEN,
    UP_FOR,
    WAITING,
    RETRY,
    OFFSET,
    PAUSED,
    UPTIME,
    WORDS
};
// clang-format off
static const char *const words[WORDS][NH_LANGS] = {
    [LINES]       = { "Kênh truyền và phép đo", "Lines and checks" },
    [SPOOL]       = { "Kho số đo", "Spool" },
    [TRAPS]       = { "Trap và inform của thiết bị", "Traps and informs of devices" },
    [CLOCK]       = { "Đồng hồ", "Clock" },
    [UPLINK]      = { "Kết nối về Trung tâm", "Uplinks" },
    [NO_CHECKS]   = { "chưa được giao phép đo nào", "no checks assigned yet" },
    [NOT_YET]     = { "chưa có số đo", "no reading yet" },
    [RECORDS]     = { "bản ghi", "records" },
    [OLDEST]      = { "cũ nhất", "oldest" },
    [FULL]        = { "đầy", "full" },
    [NOT_WRITTEN] = { "KHÔNG GHI ĐƯỢC, đã mất", "CANNOT BE WRITTEN, lost" },
    [LOST]        = { "đã mất", "lost" },
    [IN_MEMORY]   = { "trong bộ nhớ", "in memory" },
    [TAKEN]       = { "đã nhận", "taken" },
    [UP_FOR]      = { "thông suốt", "up for" },
    [WAITING]     = { "chờ gửi", "waiting" },
    [RETRY]       = { "thử lại sau", "next try in" },
    [OFFSET]      = { "lệch so với Trung tâm", "off the collector's by" },
    [PAUSED]      = { "Trung tâm tạm dừng nhận", "paused by the collector" },
    [UPTIME]      = { "máy chạy được", "host up for" },
};
// clang-format on
static const struct {
    const char *key, *said[NH_LANGS];
} states[] = {
    { "disconnected", { "chưa kết nối", "disconnected" } },
    { "connect", { "đang kết nối", "connecting" } },
    { "tls", { "đang xác thực", "authenticating" } },
    { "hello_sent", { "đang chào", "greeting" } },
    { "live_sent", { "đang gửi", "delivering" } },
    { "streaming", { "đang gửi", "delivering" } },
    { "backoff", { "mất kết nối", "down" } },
    { "unset", { "chưa đặt giờ", "not set" } },
    { "set", { "đã đặt, chưa đồng bộ", "set, not synchronised" } },
    { "synchronised", { "đã đồng bộ", "synchronised" } },
};

/* What came of traps beside what was taken, by the names of the counts. */
static const struct {
    const char *key, *said[NH_LANGS];
} trap_counts[] = {
    { "stranger", { "từ máy lạ", "of strangers" } },
    { "garbage", { "không đọc được", "garbage" } },
    { "auth", { "sai khóa", "with a wrong key" } },
    { "time", { "sai giờ", "outside the time window" } },
    { "limited", { "quá dày", "too many of one device" } },
    { "overflow", { "đến quá nhanh, đã mất", "lost, they came too fast" } },
    { "lost", { "đã mất", "lost" } },
};

static const char *
state_word(const char *key, enum nh_lang lang)
{
    for (size_t i = 0; i < NH_COUNT(states); i++)
        if (strcmp(states[i].key, key) == 0)
            return states[i].said[lang];
    return key;
}

static const char *
str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static json_int_t
num(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void
put_bytes(json_int_t bytes, struct nh_buf *out)
{
    if (bytes < 10240)
        nh_buf_printf(out, "%lld B", (long long)bytes);
    else if (bytes < (10 << 20))
        nh_buf_printf(out, "%lld KiB", (long long)bytes >> 10);
    else
        nh_buf_printf(out, "%lld MiB", (long long)bytes >> 20);
}

static void
put_age(json_int_t ms, enum nh_lang lang, struct nh_buf *out)
{
    nh_duration(lang, ms / 1000, out);
}

static void
put_values(const json_t *values, enum nh_lang lang, struct nh_buf *out)
{
    const char *name;
    json_t *value;
    void *iter = json_object_iter((json_t *)(uintptr_t)values);
    bool first = true;

    for (; iter != NULL;
         iter = json_object_iter_next((json_t *)(uintptr_t)values, iter)) {
        double v;

        name = json_object_iter_key(iter);
        value = json_object_iter_value(iter);
        v = json_number_value(value);
        nh_buf_printf(out, "%s%s ", first ? "" : "  ", name);
        nh_number(lang, v, v == (double)(long long)v ? 0 : 2, out);
        first = false;
    }
}

static void
put_checks(const json_t *checks, enum nh_lang lang, struct nh_buf *out)
{
    nh_buf_printf(out, "%s\n", words[LINES][lang]);
    if (json_array_size(checks) == 0)
        nh_buf_printf(out, "  %s\n", words[NO_CHECKS][lang]);
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *c = json_array_get(checks, i);
        const char *why = str(c, "why");

        nh_buf_printf(out, "  %-32s ", str(c, "id"));
        if (*why != '\0')
            nh_buf_printf(out, "! %s", why);
        else if (json_object_get(c, "age_ms") == NULL)
            nh_buf_printf(out, "%s", words[NOT_YET][lang]);
        else {
            put_values(json_object_get(c, "values"), lang, out);
            nh_buf_printf(out, "  (");
            put_age(num(c, "age_ms"), lang, out);
            nh_buf_printf(out, ")");
        }
        nh_buf_printf(out, "\n");
    }
}

static void
put_spool(const json_t *s, enum nh_lang lang, struct nh_buf *out)
{
    nh_buf_printf(out, "%s\n  %lld %s, ", words[SPOOL][lang],
        (long long)num(s, "records"), words[RECORDS][lang]);
    put_bytes(num(s, "bytes"), out);
    if (num(s, "memory_bytes") > 0) {
        nh_buf_printf(out, " (%s ", words[IN_MEMORY][lang]);
        put_bytes(num(s, "memory_bytes"), out);
        nh_buf_printf(out, ")");
    }
    nh_buf_printf(out, ", %lld %% %s", (long long)num(s, "fill_pct"), words[FULL][lang]);
    if (num(s, "records") > 0) {
        nh_buf_printf(out, ", %s ", words[OLDEST][lang]);
        put_age(num(s, "oldest_ms"), lang, out);
    }
    if (num(s, "lost") > 0)
        nh_buf_printf(out, ", %s %lld", words[LOST][lang], (long long)num(s, "lost"));
    nh_buf_printf(out, "\n");
    if (json_is_true(json_object_get(s, "failing")) || num(s, "unwritten") > 0)
        nh_buf_printf(out, "  %s: %lld\n", words[NOT_WRITTEN][lang],
            (long long)num(s, "unwritten"));
}

static void
put_traps(const json_t *t, enum nh_lang lang, struct nh_buf *out)
{
    if (!json_is_true(json_object_get(t, "listening")))
        return;
    nh_buf_printf(out, "%s\n  %lld %s", words[TRAPS][lang], (long long)num(t, "told"),
        words[TAKEN][lang]);
    for (size_t i = 0; i < NH_COUNT(trap_counts); i++)
        if (num(t, trap_counts[i].key) > 0)
            nh_buf_printf(out, ", %lld %s", (long long)num(t, trap_counts[i].key),
                trap_counts[i].said[lang]);
    nh_buf_printf(out, "\n");
}

static void
put_uplink(const json_t *u, enum nh_lang lang, struct nh_buf *out)
{
    const char *interface = str(u, "interface");

    nh_buf_printf(out, "  %s %s%s%s: %s", str(u, "name"), str(u, "address"),
        *interface ? " " : "", interface, state_word(str(u, "state"), lang));
    if (json_object_get(u, "up_ms") != NULL) {
        nh_buf_printf(out, ", %s ", words[UP_FOR][lang]);
        put_age(num(u, "up_ms"), lang, out);
    }
    nh_buf_printf(out, ", %s %lld %s", words[WAITING][lang], (long long)num(u, "waiting"),
        words[RECORDS][lang]);
    if (json_is_true(json_object_get(u, "paused")))
        nh_buf_printf(out, ", %s", words[PAUSED][lang]);
    if (*str(u, "why") != '\0')
        nh_buf_printf(out, " (%s)", str(u, "why"));
    if (json_object_get(u, "retry_ms") != NULL) {
        nh_buf_printf(out, ", %s ", words[RETRY][lang]);
        put_age(num(u, "retry_ms"), lang, out);
    }
    nh_buf_printf(out, "\n");
}

void
page_render(const json_t *document, enum nh_lang lang, struct nh_buf *out)
{
    const json_t *uplinks = json_object_get(document, "uplinks");
    const json_t *clock = json_object_get(document, "clock");

    nh_buf_printf(out, "nhip-agent %s\n", str(document, "version"));
    nh_buf_printf(out, "%s\n", words[UPLINK][lang]);
    for (size_t i = 0; i < json_array_size(uplinks); i++)
        put_uplink(json_array_get(uplinks, i), lang, out);
    put_checks(json_object_get(document, "checks"), lang, out);
    put_spool(json_object_get(document, "spool"), lang, out);
    put_traps(json_object_get(document, "traps"), lang, out);
    nh_buf_printf(out, "%s\n  %s, %s ", words[CLOCK][lang],
        state_word(str(clock, "quality"), lang), words[UPTIME][lang]);
    put_age(num(clock, "uptime_ms"), lang, out);
    for (size_t i = 0; i < json_array_size(uplinks); i++) {
        const json_t *u = json_array_get(uplinks, i);

        if (json_object_get(u, "offset_ms") != NULL)
            nh_buf_printf(out, ", %s %s %lld ms", words[OFFSET][lang], str(u, "name"),
                (long long)num(u, "offset_ms"));
    }
    nh_buf_printf(out, "\n");
}
