/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.c - one device: what SNMP tells of it, asked of the collector for each page
 *
 * A port without a cable is no trouble; one that a link of ours is plugged into is.
 */
#include "libnhip/kind.h"
#include "web/view.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADMIN_DOWN = 2, OPER_UP = 1, PORTS_MAX = 2000 };

struct waiting { /* for the collector's answer */
    struct web *web;
    struct request *request;
    enum nh_lang lang;
};

static const char *
text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

static void
put_text(json_t *to, const char *key, const char *text)
{
    if (*text != '\0')
        json_object_set_new(to, key, json_string(text));
}

/* {label, value}, when `from` has a number of that name. */
static void
put_value(json_t *list, enum nh_lang lang, const char *label, const json_t *from,
    const char *key, int decimals, const char *unit)
{
    const json_t *v = json_object_get(from, key);

    if (!json_is_number(v))
        return;
    json_array_append_new(
        list, json_pack("{s:s, s:o}", "label", nh_text(lang, label), "value",
                  strcmp(unit, "bit/s") == 0
                      ? view_rate(lang, json_number_value(v))
                      : view_number(lang, json_number_value(v), decimals, unit)));
}

static void
put_duration(json_t *list, enum nh_lang lang, const char *label, const json_t *from,
    const char *key)
{
    const json_t *v = json_object_get(from, key);
    struct nh_buf b;

    if (!json_is_number(v))
        return;
    nh_buf_init(&b, 128);
    nh_duration(lang, (int64_t)json_number_value(v), &b);
    json_array_append_new(list, json_pack("{s:s, s:s%}", "label", nh_text(lang, label),
                                    "value", (const char *)b.data, b.len));
    nh_buf_fini(&b);
}

static json_t *
health(const json_t *learnt, enum nh_lang lang)
{
    const json_t *is = json_object_get(learnt, "health");
    const json_t *battery = json_object_get(is, "on_battery");
    json_t *list = json_array();

    if (json_is_number(battery))
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "label", nh_text(lang, "check_power"), "value",
                      json_number_value(battery) > 0 ? nh_text(lang, "on_battery")
                                                     : nh_text(lang, "on_mains")));
    put_value(list, lang, "battery_charge", is, "charge_pct", 0, "%");
    put_duration(list, lang, "runtime_left", is, "runtime_s");
    put_value(list, lang, "input_voltage", is, "input_v", 0, "V");
    put_value(list, lang, "cpu_used", is, "cpu_pct", 0, "%");
    put_value(list, lang, "memory_used", is, "mem_used_pct", 0, "%");
    put_value(list, lang, "temperature", is, "temp_c", 0, "°C");
    put_value(list, lang, "device_voltage", is, "voltage_v", 1, "V");
    return list;
}

/* The link that is plugged into port `port`, or NULL. */
static const char *
link_at(const json_t *device, const json_t *port)
{
    static const char *const names[] = { "name", "descr", "alias" };
    const json_t *links = json_object_get(device, "links"), *link;
    size_t i;

    json_array_foreach(links, i, link) for (size_t k = 0; k < NH_COUNT(names); k++)
    {
        const char *name = text_of(port, names[k]);

        if (*name != '\0' && strcmp(name, text_of(link, "port")) == 0)
            return text_of(link, "link");
    }
    return NULL;
}

/* ifOperStatus (RFC 2863) in a word; lowerLayerDown(7) is without signal as down(2) is.
 */
static const char *
word_of_port(const json_t *port)
{
    static const char *const words[] = { [OPER_UP] = "up",
        [3] = "port_testing",
        [4] = "port_unknown",
        [5] = "port_dormant",
        [6] = "port_absent" };
    json_int_t oper = json_integer_value(json_object_get(port, "oper"));

    if (oper != OPER_UP &&
        json_integer_value(json_object_get(port, "admin")) == ADMIN_DOWN)
        return "port_off";
    return oper >= 0 && oper < (json_int_t)NH_COUNT(words) && words[oper] != NULL
               ? words[oper]
               : "port_empty";
}

static json_t *
port_row(const json_t *device, const json_t *port, enum nh_lang lang)
{
    const char *word = word_of_port(port);
    bool up = strcmp(word, "up") == 0, moves = up || strcmp(word, "port_unknown") == 0;
    const char *link = link_at(device, port);
    const char *name = text_of(port, "name"), *alias = text_of(port, "alias");
    json_t *o = json_object(), *values = json_array();

    put_text(o, "name", name);
    put_text(o, "alias", strcmp(alias, name) != 0 ? alias : "");
    put_text(o, "link", link != NULL ? link : "");
    put_text(o, "state", up ? "up" : link != NULL ? "down" : "unknown");
    put_text(o, "word", word);
    if (up)
        put_value(values, lang, "port_speed", port, "speed_bps", 0, "bit/s");
    if (moves || link != NULL) {
        put_value(values, lang, "rx", port, "rx_bps", 0, "bit/s");
        put_value(values, lang, "tx", port, "tx_bps", 0, "bit/s");
    }
    for (size_t i = 0; i < 4; i++) {
        static const char *const of[][2] = { { "rx_errors_ps", "rx_errors" },
            { "tx_errors_ps", "tx_errors" }, { "rx_drops_ps", "rx_drops" },
            { "tx_drops_ps", "tx_drops" } };

        if (json_number_value(json_object_get(port, of[i][0])) > 0)
            put_value(values, lang, of[i][1], port, of[i][0], 2, "/s");
    }
    put_value(values, lang, "rx_power", port, "rx_power_dbm", 1, "dBm");
    json_object_set_new(o, "values", values);
    return o;
}

static json_t *
ports(const json_t *device, const json_t *learnt, enum nh_lang lang)
{
    const json_t *all = json_object_get(learnt, "interfaces"), *port;
    json_t *list = json_array();
    size_t i;

    json_array_foreach(all, i, port) if (i < PORTS_MAX)
        json_array_append_new(list, port_row(device, port, lang));
    return list;
}

static json_t *
line_of(const char *name, const char *value)
{
    json_t *o = json_object();

    put_text(o, "name", name);
    put_text(o, "value", value);
    return o;
}

/* 1560 rpm, 34,6 °C, 1,35 V, 0,022 A: as fine as a reader can use it. */
static json_t *
sensor_line(const json_t *row, enum nh_lang lang)
{
    double v = json_number_value(json_object_get(row, "value"));
    int decimals = v == 0 || fabs(v) >= 100 ? 0
                   : fabs(v) >= 10          ? 1
                   : fabs(v) >= 1           ? 2
                                            : 3;
    json_t *value = view_number(lang, v, decimals, text_of(row, "unit"));
    json_t *o = line_of(text_of(row, "name"), json_string_value(value));

    json_decref(value);
    return o;
}

static json_t *
storage_line(const json_t *row, enum nh_lang lang)
{
    double size = json_number_value(json_object_get(row, "size_mb"));
    double used = json_number_value(json_object_get(row, "used_mb"));
    json_t *value = size > 0 ? view_number(lang, 100 * used / size, 0, "%") : json_null();
    json_t *o = line_of(
        text_of(row, "name"), json_is_string(value) ? json_string_value(value) : "");

    json_decref(value);
    return o;
}

static json_t *
neighbour_line(const json_t *row, enum nh_lang lang)
{
    char text[300];

    const json_t *stations = json_object_get(row, "stations");

    if (json_is_integer(stations)) {
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " %s",
            json_integer_value(stations), nh_text(lang, "stations"));
        return line_of(text_of(row, "local"), text);
    }
    snprintf(text, sizeof(text), "%s%s%s", text_of(row, "name"),
        *text_of(row, "port") != '\0' ? ", " : "", text_of(row, "port"));
    return line_of(text_of(row, "local"), text);
}

static json_t *
ping_line(const json_t *row, enum nh_lang lang)
{
    json_t *rtt =
        view_number(lang, json_number_value(json_object_get(row, "rtt_avg_ms")), 1, "ms");
    json_t *loss =
        view_number(lang, json_number_value(json_object_get(row, "loss_pct")), 1, "%");
    char text[128];
    json_t *o;

    snprintf(text, sizeof(text), "%s %s, %s %s", nh_text(lang, "rtt"),
        json_string_value(rtt), nh_text(lang, "loss"), json_string_value(loss));
    o = line_of(text_of(row, "target"), text);
    json_decref(rtt);
    json_decref(loss);
    return o;
}

/* The other tables, each row as a line; those without rows are not shown. */
static json_t *
tables(const json_t *learnt, enum nh_lang lang)
{
    static const struct {
        const char *section, *title;
        json_t *(*line)(const json_t *row, enum nh_lang lang);
    } of[] = {
        { "sensors", "device_sensors", sensor_line },
        { "storage", "device_storage", storage_line },
        { "neighbours", "device_neighbours", neighbour_line },
        { "pings", "device_pings", ping_line },
    };
    json_t *list = json_array();

    for (size_t t = 0; t < NH_COUNT(of); t++) {
        json_t *rows = json_array();
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(learnt, of[t].section), i, row)
            json_array_append_new(rows, of[t].line(row, lang));
        if (json_array_size(rows) > 0)
            json_array_append_new(
                list, json_pack("{s:s, s:O}", "title", of[t].title, "rows", rows));
        json_decref(rows);
    }
    return list;
}

/* The sentences of `notes`, those that are known here. */
static json_t *
notes(const json_t *learnt)
{
    const json_t *note;
    json_t *list = json_array();
    size_t i;

    json_array_foreach(json_object_get(learnt, "notes"), i, note)
    {
        const char *key = json_string_value(note);

        if (key != NULL && nh_text_has(key))
            json_array_append_new(list, json_pack("{s:s}", "text", key));
    }
    return list;
}

static json_t *
system_view(const json_t *learnt, enum nh_lang lang)
{
    json_t *list = json_array();

    if (*text_of(learnt, "profile") != '\0')
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "label", nh_text(lang, "device_profile"),
                      "value", text_of(learnt, "profile")));
    put_duration(list, lang, "uptime", learnt, "uptime_s");
    if (json_integer_value(json_object_get(learnt, "reboots")) > 0)
        put_value(list, lang, "device_reboots", learnt, "reboots", 0, "");
    put_duration(list, lang, "device_asked", learnt, "age_s");
    return list;
}

static void
add_learnt(json_t *view, const json_t *device, enum nh_lang lang)
{
    const json_t *learnt = json_object_get(device, "learnt");
    const char *says = text_of(learnt, "says");
    json_t *list;

    if (!json_is_object(learnt))
        return;
    if (strcmp(says, "snmp_answers") != 0)
        put_text(view, "says", nh_text_has(says) ? says : "snmp_nonsense");
    json_object_set_new(view, "system", system_view(learnt, lang));
    put_text(view, "descr", text_of(learnt, "descr"));
    put_text(view, "system_name", text_of(learnt, "name"));
    json_object_set_new(view, "notes", notes(learnt));
    list = health(learnt, lang);
    if (json_array_size(list) > 0)
        json_object_set_new(view, "health", json_pack("{s:O}", "values", list));
    json_decref(list);
    list = ports(device, learnt, lang);
    if (json_array_size(list) > 0)
        json_object_set_new(view, "ports", json_pack("{s:O}", "rows", list));
    json_decref(list);
    json_object_set_new(view, "tables", tables(learnt, lang));
}

static json_t *
checks(const struct web *w, const json_t *device, enum nh_lang lang)
{
    static const char *const keys[] = { "ping", "snmp" };
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(keys); i++) {
        json_t *o = view_check(w, json_object_get(device, keys[i]), lang);

        if (o != NULL)
            json_array_append_new(list, o);
    }
    return list;
}

static json_t *
device_view(const struct web *w, const json_t *device, enum nh_lang lang)
{
    json_t *o = json_object();
    const char *kind = text_of(device, "kind"), *why = text_of(device, "why");
    const json_t *ping = json_object_get(device, "ping");

    put_text(o, "id", text_of(device, "id"));
    put_text(o, "name", text_of(device, "name"));
    put_text(o, "kind", nh_text_has(kind) ? nh_text(lang, kind) : kind);
    put_text(o, "address", text_of(device, "address"));
    if (snapshot_site(w->snapshot, text_of(device, "site")) != NULL)
        put_text(o, "site", text_of(device, "site"));
    put_text(o, "site_name", text_of(device, "site_name"));
    put_text(o, "state",
        state_of(json_is_object(ping) ? ping : json_object_get(device, "snmp")));
    if (*why != '\0' && nh_text_has(why))
        put_text(o, "why", why);
    json_object_set_new(o, "checks", checks(w, device, lang));
    add_learnt(o, device, lang);
    return o;
}

static void
on_device(void *arg, const json_t *result, const char *code)
{
    struct waiting *wait = arg;
    struct web *w = wait->web;
    struct request *r = wait->request;
    enum nh_lang lang = wait->lang;
    json_t *view;

    free(wait);
    if (!json_is_object(result)) {
        web_refuse(w, r, web_status_of(code));
        return;
    }
    view = view_page(w, r, lang, text_of(result, "name"));
    if (view != NULL)
        json_object_set_new(view, "device", device_view(w, result, lang));
    web_answer_page(w, r, 200, "device", lang, view);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;
    struct waiting *wait = calloc(1, sizeof(*wait));
    json_t *ask = json_pack("{s:s, s:s}", "do", "device", "device", request_rest(r));

    if (ask == NULL || wait == NULL) { /* the path is not UTF-8 */
        json_decref(ask);
        free(wait);
        web_refuse(w, r, 404);
        return;
    }
    *wait = (struct waiting){ w, r, web_language(w, r) };
    if (snapshot_ask(w->snapshot, ask, on_device, wait) != NH_OK) {
        free(wait);
        web_refuse(w, r, 503);
    }
}

const struct page page_device = { "/device/", true, serve, NULL };
