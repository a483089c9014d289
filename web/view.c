/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view.c - sites, links and checks as people read them
 */
#include "web/view.h"
#include "libnhip/clock.h"
#include "libnhip/kind.h"
#include "web/rows.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const states[] = { "down", "flapping", "degraded", "unknown",
    "maintenance", "up" };

int
state_order(const char *state)
{
    for (size_t i = 0; i < NH_COUNT(states); i++)
        if (strcmp(states[i], state) == 0)
            return (int)i;
    return 3;
}

const char *
state_word(const char *state)
{
    return strcmp(state, "maintenance") == 0 ? "maintenance_state" : state;
}

const char *
state_of(const json_t *object)
{
    const char *s = json_string_value(json_object_get(object, "state"));

    return states[state_order(s != NULL ? s : "unknown")];
}

void
fold(const char *s, struct nh_buf *out)
{
    size_t from = out->len;

    nh_unaccent(s, out);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] >= 'A' && out->data[i] <= 'Z')
            out->data[i] = (uint8_t)(out->data[i] - 'A' + 'a');
}

static json_t *
taken(struct nh_buf *b)
{
    json_t *s = b->err == NH_OK && b->len > 0
                    ? json_stringn((const char *)b->data, b->len)
                    : json_null();

    nh_buf_fini(b);
    return s;
}

json_t *
view_when(const struct web *w, int64_t wall_s, int64_t now_s)
{
    const char *zone = web_zone(w);
    int64_t offset_s = nh_zone_offset_s(zone, now_s);
    struct nh_buf b;

    if (wall_s <= 0)
        return json_null();
    nh_buf_init(&b, 64);
    nh_when(wall_s, zone, (wall_s + offset_s) / 86400 != (now_s + offset_s) / 86400, &b);
    return taken(&b);
}

json_t *
view_number(enum nh_lang lang, double v, int decimals, const char *unit)
{
    struct nh_buf b;

    nh_buf_init(&b, 96);
    nh_number(lang, v, decimals, &b);
    if (*unit != '\0')
        nh_buf_printf(&b, strcmp(unit, "%") == 0 ? "%s" : " %s", unit);
    return taken(&b);
}

json_t *
view_rate(enum nh_lang lang, double bps)
{
    if (bps >= 1e6)
        return view_number(lang, bps / 1e6, bps < 1e8 ? 1 : 0, "Mbps");
    return view_number(lang, bps / 1e3, bps < 1e5 ? 1 : 0, "kbps");
}

static int64_t
now_of(const struct web *w)
{
    (void)w;
    return nh_clock_wall_ms() / 1000;
}

static int64_t
seconds(const json_t *object, const char *key)
{
    return (int64_t)json_number_value(json_object_get(object, key));
}

static void
put_hole(struct nh_buf *b, enum nh_lang lang, const char **text, double v)
{
    const char *hole = strstr(*text, "{}");

    if (hole == NULL)
        return;
    nh_buf_put(b, *text, (size_t)(hole - *text));
    nh_number(lang, v, v >= 100 || v == (double)(long long)v ? 0 : 1, b);
    *text = hole + 2;
}

/* "packet loss 4.5%": the sentence of `why` with its numbers. */
static json_t *
view_why(const json_t *why, enum nh_lang lang)
{
    const char *key = json_string_value(json_object_get(why, "text")), *text;
    struct nh_buf b;

    if (key == NULL)
        return json_null();
    text = nh_text(lang, key);
    nh_buf_init(&b, 512);
    put_hole(&b, lang, &text, json_number_value(json_object_get(why, "value")));
    put_hole(&b, lang, &text, json_number_value(json_object_get(why, "usual")));
    nh_buf_put(&b, text, strlen(text));
    return taken(&b);
}

static void
set(json_t *o, const char *key, json_t *value)
{
    json_object_set_new(o, key, value);
}

static void
set_text(json_t *o, const char *key, const json_t *from, const char *from_key)
{
    const char *s = json_string_value(json_object_get(from, from_key));

    if (s != NULL && *s != '\0')
        set(o, key, json_string(s));
}

static void
set_state(json_t *o, const struct web *w, const json_t *from)
{
    const char *state = state_of(from);

    set(o, "state", json_string(state));
    set(o, "word", json_string(state_word(state)));
    if (strcmp(state, "up") == 0)
        set(o, "is_up", json_true());
    set(o, "since", view_when(w, seconds(from, "since"), now_of(w)));
}

json_t *
view_link(const struct web *w, const json_t *link, enum nh_lang lang)
{
    json_t *o = json_object();
    const json_t *mbps = json_object_get(link, "bandwidth_mbps");
    const char *role = json_string_value(json_object_get(link, "role"));

    set_text(o, "id", link, "id");
    set_text(o, "link", link, "name");
    set_text(o, "name", link, "name");
    set_text(o, "name", link, "carrier_name");
    set_text(o, "circuit", link, "circuit");
    if (role != NULL)
        set(o, "role",
            json_string(strcmp(role, "standby") == 0 ? "role_standby" : "role_primary"));
    set_state(o, w, link);
    set(o, "why", view_why(json_object_get(link, "why"), lang)); /* up: of a note */
    if (json_number_value(mbps) > 0)
        set(o, "capacity", view_number(lang, json_number_value(mbps), 0, "Mbps"));
    return o;
}

static json_t *
view_links(const struct web *w, const json_t *links, enum nh_lang lang)
{
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(links); i++)
        json_array_append_new(list, view_link(w, json_array_get(links, i), lang));
    return list;
}

static json_t *
view_site_services(const struct web *w, const json_t *services, bool only_trouble)
{
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *s = json_array_get(services, i);
        const json_t *check = json_object_get(s, "check");
        json_t *o;

        if (only_trouble && strcmp(state_of(check), "up") == 0)
            continue;
        o = json_object();
        set_text(o, "id", s, "id");
        set_text(o, "name", s, "name");
        set_state(o, w, check);
        json_array_append_new(list, o);
    }
    return list;
}

json_t *
view_site(const struct web *w, const json_t *site, enum nh_lang lang)
{
    json_t *o = json_object();
    const json_t *agent = json_object_get(site, "agent");

    set_text(o, "id", site, "id");
    set_text(o, "name", site, "name");
    set_text(o, "code", site, "code");
    set_state(o, w, site);
    set(o, "links", view_links(w, json_object_get(site, "links"), lang));
    set(o, "services", view_site_services(w, json_object_get(site, "services"), true));
    if (json_is_true(json_object_get(agent, "expected")) &&
        !json_is_true(json_object_get(agent, "connected")))
        set(o, "agent_away",
            json_string(json_is_true(json_object_get(agent, "joined"))
                            ? "agent_away"
                            : "agent_invited"));
    return o;
}

json_t *
view_sites(struct web *w, enum nh_lang lang)
{
    json_t *list = json_array();
    size_t n;
    const struct row *const *rows = rows_find(w, NULL, &n);

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, view_site(w, rows[i]->site, lang));
    return list;
}

json_t *
view_counts(const json_t *count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(states); i++) {
        json_int_t n = json_integer_value(json_object_get(count, states[i]));

        if (n > 0)
            json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "state", states[i],
                                            "word", state_word(states[i]), "n", n));
    }
    return list;
}

static void
add_value(json_t *list, const char *label, json_t *value)
{
    json_array_append_new(list, json_pack("{s:s, s:o}", "label", label, "value", value));
}

static json_t *
metric_value(const struct nh_metric *m, double v, enum nh_lang lang)
{
    int decimals = m->decimals > 1 ? 1 : m->decimals;
    struct nh_buf b;

    if (strcmp(m->unit, "bit/s") == 0)
        return view_rate(lang, v);
    if (strcmp(m->unit, "s") == 0) {
        nh_buf_init(&b, 128);
        nh_duration(lang, (int64_t)v, &b);
        return taken(&b);
    }
    if (strcmp(m->unit, "d") == 0)
        return view_number(lang, v, 0, nh_text(lang, "days"));
    if (strcmp(m->unit, "ms") == 0 && v > 0 && v < 0.1)
        decimals = 3; /* on a local network "0.0 ms" says nothing */
    return view_number(lang, v, m->name[0] == 'l' ? 2 : decimals, m->unit);
}

/* A metric with a name for people; what only says the state again is left out. */
static void
add_metric(json_t *list, const struct nh_metric *m, double v, enum nh_lang lang)
{
    static const struct {
        const char *metric, *key;
    } labels[] = {
        { "rtt_avg_ms", "rtt" },
        { "jitter_ms", "jitter" },
        { "delay_out_ms", "delay_out" },
        { "delay_back_ms", "delay_back" },
        { "rx_bps", "rx" },
        { "tx_bps", "tx" },
        { "rx_errors_ps", "rx_errors" },
        { "tx_errors_ps", "tx_errors" },
        { "rx_drops_ps", "rx_drops" },
        { "tx_drops_ps", "tx_drops" },
        { "rx_power_dbm", "rx_power" },
        { "charge_pct", "battery_charge" },
        { "runtime_s", "runtime_left" },
        { "input_v", "input_voltage" },
        { "load1", "load" },
        { "mem_used_pct", "memory_used" },
        { "disk_used_pct", "disk_used" },
        { "temp_c", "temperature" },
        { "uptime_s", "uptime" },
        { "cpu_pct", "cpu_used" },
        { "total_ms", "response_time" },
        { "dns_ms", "time_dns" },
        { "connect_ms", "time_connect" },
        { "tls_ms", "time_tls" },
        { "first_byte_ms", "time_first_byte" },
        { "status", "status_code" },
        { "cert_days", "cert_days" },
    };

    for (size_t i = 0; i < NH_COUNT(labels); i++)
        if (strcmp(labels[i].metric, m->name) == 0)
            add_value(list, nh_text(lang, labels[i].key), metric_value(m, v, lang));
}

static json_t *
view_values(const json_t *check, enum nh_lang lang)
{
    const char *kind_name = json_string_value(json_object_get(check, "kind"));
    const struct nh_kind *kind = kind_name != NULL ? nh_kind_find(kind_name) : NULL;
    const json_t *values = json_object_get(check, "values");
    json_t *list = json_array();
    double sent = json_number_value(json_object_get(values, "sent"));

    if (sent > 0)
        add_value(list, nh_text(lang, "loss"),
            view_number(lang,
                100 * json_number_value(json_object_get(values, "lost")) / sent, 1, "%"));
    for (size_t i = 0; kind != NULL && i < kind->count; i++) {
        const json_t *v = json_object_get(values, kind->metrics[i].name);

        if (json_is_number(v))
            add_metric(list, &kind->metrics[i], json_number_value(v), lang);
    }
    return list;
}

json_t *
view_check(const struct web *w, const json_t *check, enum nh_lang lang)
{
    json_t *o;
    const char *kind = json_string_value(json_object_get(check, "kind"));
    char key[64];

    if (!json_is_object(check))
        return NULL;
    o = json_object();
    set_text(o, "id", check, "id");
    snprintf(key, sizeof(key), "check_%s", kind != NULL ? kind : "");
    set(o, "label",
        json_string(nh_text_has(key) || kind == NULL ? nh_text(lang, key) : kind));
    set_state(o, w, check);
    set(o, "at", view_when(w, seconds(check, "at"), now_of(w)));
    set(o, "values", view_values(check, lang));
    return o;
}

json_t *
view_checks_of_link(const struct web *w, const json_t *link, enum nh_lang lang)
{
    static const char *const order[] = { "path", "gateway", "port", "far" };
    const json_t *checks = json_object_get(link, "checks");
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(order); i++) {
        json_t *check = view_check(w, json_object_get(checks, order[i]), lang);

        if (check != NULL)
            json_array_append_new(list, check);
    }
    return list;
}

static void
notice(json_t *list, const char *level, json_t *text)
{
    json_array_append_new(list, json_pack("{s:s, s:o}", "level", level, "text", text));
}

/* What stands above every page: drill, no contact, disk full. */
static json_t *
view_notices(const struct web *w, enum nh_lang lang)
{
    const json_t *overview = snapshot_overview(w->snapshot);
    const json_t *series = json_object_get(overview, "series");
    json_t *list = json_array();

    if (json_is_true(json_object_get(overview, "drill")))
        notice(list, "drill", json_string(nh_text(lang, "drill_banner")));
    if (!snapshot_is_ready(w->snapshot))
        notice(list, "bad", json_string(nh_text(lang, "no_contact_yet")));
    else if (!snapshot_has_contact(w->snapshot)) {
        struct nh_buf b;

        nh_buf_init(&b, 512);
        nh_buf_printf(&b, "%s ", nh_text(lang, "no_contact_since"));
        nh_when(snapshot_lost_s(w->snapshot), web_zone(w), true, &b);
        nh_buf_printf(&b, ". %s", nh_text(lang, "shown_as_last_known"));
        notice(list, "bad", taken(&b));
    }
    if (json_is_true(json_object_get(json_object_get(overview, "journal"), "disk_full")))
        notice(list, "bad", json_string(nh_text(lang, "disk_full_notice")));
    if (json_is_false(json_object_get(series, "running")))
        notice(list, "warn", json_string(nh_text(lang, "series_stopped")));
    return list;
}

json_t *
view_page(const struct web *w, struct request *r, enum nh_lang lang, const char *title)
{
    const json_t *overview = snapshot_overview(w->snapshot);
    json_t *o = json_object();
    struct nh_buf b;

    if (o == NULL)
        return NULL;
    set(o, "lang", json_string(nh_lang_code(lang)));
    set(o, "other", json_string(nh_lang_code(lang == NH_EN ? NH_VI : NH_EN)));
    set(o, "here", json_string(r != NULL ? request_path(r) : "/"));
    if (title != NULL)
        set(o, "title", json_string(title));
    set_text(o, "province", overview, "name");
    set_text(o, "version", overview, "version");
    set(o, "notices", view_notices(w, lang));
    nh_buf_init(&b, 64);
    nh_when(now_of(w), web_zone(w), true, &b);
    set(o, "updated", taken(&b));
    set(o, "offset", json_integer(nh_zone_offset_s(web_zone(w), now_of(w))));
    return o;
}
