/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_document.c - one section after the other, rows as far as they fit */
#include "libnhip/snmp_document.h"
#include "libnhip/buf.h"
#include "libnhip/kind.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 64, DESCR_MAX = 160, ROWS_MAX = 20000, DECIMALS = 2 };

/* Text of a device's, cut between two letters. */
static void
put_text(json_t *to, const char *key, const char *text, size_t max)
{
    size_t len = strlen(text);

    if (len > max)
        for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80;)
            len--;
    if (len > 0)
        json_object_set_new(to, key, json_stringn(text, len));
}

/* What is not known is left out. */
static void
put_number(json_t *to, const char *key, double value)
{
    if (!isfinite(value))
        return;
    value = nh_from_fixed(nh_to_fixed(value, DECIMALS), DECIMALS);
    json_object_set_new(to, key,
        value == floor(value) && fabs(value) < 9e15 ? json_integer((json_int_t)value)
                                                    : json_real(value));
}

static json_t *
system_section(const struct nh_snmp_learnt *learnt)
{
    const struct nh_snmp_facts *f = learnt->facts;
    json_t *is = json_object(), *notes = json_array();

    json_object_set_new(is, "says", json_string(nh_snmp_key(f->result)));
    json_object_set_new(is, "words", json_string(nh_snmp_words(f->result)));
    json_object_set_new(is, "age_s", json_integer(learnt->age_ms / 1000));
    json_object_set_new(is, "version", json_integer(f->version));
    put_text(is, "profile", f->profile, TEXT_MAX);
    put_text(is, "object_id", f->object_id, TEXT_MAX);
    put_text(is, "name", f->name, TEXT_MAX);
    put_text(is, "descr", f->descr, DESCR_MAX);
    put_number(is, "uptime_s", f->has_uptime ? floor(f->uptime_s) : NAN);
    json_object_set_new(is, "reboots", json_integer(f->reboots));
    if (f->backwards)
        json_array_append_new(notes, json_string("snmp_backwards"));
    if (f->bounded)
        json_array_append_new(notes, json_string("snmp_bounded"));
    if (f->complained)
        json_array_append_new(notes, json_string("snmp_complained"));
    if (learnt->has_twin)
        json_array_append_new(notes, json_string("snmp_twin"));
    json_object_set_new(is, "notes", notes);
    return is;
}

static json_t *
health_section(const struct nh_snmp_facts *f)
{
    json_t *is = json_object();

    for (int i = 0; i < NH_SNMP_FACTS; i++)
        put_number(is, nh_snmp_metric_name((enum nh_snmp_metric_id)i), f->value[i]);
    return json_pack("{s:o}", "health", is);
}

static json_t *
interface_row(const struct nh_snmp_facts *f, size_t row)
{
    static const char *const rates[NH_SNMP_COUNTERS] = { "rx_bps", "tx_bps",
        "rx_errors_ps", "tx_errors_ps", "rx_drops_ps", "tx_drops_ps" };
    const struct nh_snmp_interface *i = &f->interfaces[row];
    json_t *is = json_object();
    char number[16];

    snprintf(number, sizeof(number), "#%u", i->index); /* a port that has no name */
    json_object_set_new(is, "index", json_integer(i->index));
    put_text(is, "name",
        *i->name != '\0'    ? i->name
        : *i->descr != '\0' ? i->descr
                            : number,
        TEXT_MAX);
    if (*i->name != '\0' && strcmp(i->name, i->descr) != 0)
        put_text(is, "descr", i->descr, TEXT_MAX);
    put_text(is, "alias", i->alias, TEXT_MAX);
    if (i->type != 0)
        json_object_set_new(is, "type", json_integer(i->type));
    if (i->speed_bps != 0)
        json_object_set_new(is, "speed_bps", json_integer((json_int_t)i->speed_bps));
    json_object_set_new(is, "admin", json_integer(i->admin));
    json_object_set_new(is, "oper", json_integer(i->oper));
    for (int c = 0; c < NH_SNMP_COUNTERS; c++)
        put_number(is, rates[c], i->rate[c] * (c <= NH_SNMP_OUT_OCTETS ? 8 : 1));
    put_number(is, "rx_power_dbm", i->rx_power_dbm);
    return is;
}

static size_t
interface_count(const struct nh_snmp_facts *f)
{
    return f->interface_count;
}

static json_t *
sensor_row(const struct nh_snmp_facts *f, size_t row)
{
    const struct nh_snmp_sensor *s = &f->details->sensors[row];
    json_t *is = json_object();

    put_text(is, "name", s->name, TEXT_MAX);
    put_text(is, "unit", s->unit, TEXT_MAX);
    put_number(is, "value", s->value);
    return is;
}

static json_t *
storage_row(const struct nh_snmp_facts *f, size_t row)
{
    const struct nh_snmp_storage *s = &f->details->storages[row];
    json_t *is = json_object();

    put_text(is, "name", s->name, TEXT_MAX);
    put_number(is, "size_mb", s->size_bytes / 1e6);
    put_number(is, "used_mb", s->used_bytes / 1e6);
    return is;
}

/* A port by the name that the interfaces' table has for it, where it has one. */
static json_t *
neighbour_row(const struct nh_snmp_facts *f, size_t row)
{
    const struct nh_snmp_neighbour *n = &f->details->neighbours[row];
    const char *local = "";
    json_t *is = json_object();
    char number[16] = "";

    for (size_t i = 0; (*n->local == '\0' || n->is_vague) && i < f->interface_count; i++)
        if (f->interfaces[i].index == n->local_index)
            local = *f->interfaces[i].name != '\0' ? f->interfaces[i].name
                                                   : f->interfaces[i].descr;
    if (*local == '\0')
        local = n->local;
    if (n->local_index != 0)
        snprintf(number, sizeof(number), "#%u", n->local_index);
    put_text(is, "local", *local != '\0' ? local : number, TEXT_MAX);
    put_text(is, "name", n->name, TEXT_MAX);
    if (strcmp(n->port, n->name) != 0)
        put_text(is, "port", n->port, TEXT_MAX);
    if (n->stations > 0)
        json_object_set_new(is, "stations", json_integer(n->stations));
    return is;
}

static json_t *
ping_row(const struct nh_snmp_facts *f, size_t row)
{
    const struct nh_snmp_ping *p = &f->details->pings[row];
    json_t *is = json_object();

    put_text(is, "target", p->target, TEXT_MAX);
    put_number(is, "rtt_avg_ms", p->rtt_avg_ms);
    put_number(is, "loss_pct", p->loss_pct);
    return is;
}

static size_t
sensor_count(const struct nh_snmp_facts *f)
{
    return f->details->sensor_count;
}

static size_t
storage_count(const struct nh_snmp_facts *f)
{
    return f->details->storage_count;
}

static size_t
neighbour_count(const struct nh_snmp_facts *f)
{
    return f->details->neighbour_count;
}

static size_t
ping_count(const struct nh_snmp_facts *f)
{
    return f->details->ping_count;
}

static const struct section {
    const char *name;
    size_t (*count)(const struct nh_snmp_facts *f);
    json_t *(*row)(const struct nh_snmp_facts *f, size_t row);
} sections[] = {
    { "interfaces", interface_count, interface_row },
    { "neighbours", neighbour_count, neighbour_row },
    { "pings", ping_count, ping_row },
    { "sensors", sensor_count, sensor_row },
    { "storage", storage_count, storage_row },
};

enum { SYSTEM, HEALTH, SECTIONS };

static size_t
text_len(const json_t *is)
{
    return json_dumpb(is, NULL, 0, JSON_COMPACT | JSON_REAL_PRECISION(9));
}

/* As many rows as fit; the place moves on. */
static json_t *
rows_piece(const struct section *s, const struct nh_snmp_facts *f,
    struct nh_snmp_document_place *at, size_t max_bytes)
{
    json_t *list = json_array();
    size_t used = strlen(s->name) + 8, count = s->count(f);

    for (; at->row < count; at->row++) {
        json_t *row = s->row(f, at->row);
        size_t len = text_len(row) + 1;

        if (used + len > max_bytes && json_array_size(list) > 0) {
            json_decref(row);
            return json_pack("{s:o}", s->name, list);
        }
        if (used + len > max_bytes) {
            json_decref(row);
            continue;
        }
        used += len;
        json_array_append_new(list, row);
    }
    at->section++;
    at->row = 0;
    return json_pack("{s:o}", s->name, list);
}

json_t *
nh_snmp_document_next(const struct nh_snmp_learnt *learnt,
    struct nh_snmp_document_place *at, size_t max_bytes)
{
    if (at->section == SYSTEM) {
        at->section++;
        return system_section(learnt);
    }
    if (at->section == HEALTH) {
        at->section++;
        return health_section(learnt->facts);
    }
    if ((size_t)at->section - SECTIONS >= NH_COUNT(sections))
        return NULL;
    return rows_piece(&sections[at->section - SECTIONS], learnt->facts, at, max_bytes);
}

bool
nh_snmp_document_join(json_t *whole, const json_t *piece)
{
    const char *key;
    json_t *value, *list;

    if (!json_is_object(piece))
        return false;
    json_object_foreach((json_t *)(uintptr_t)piece, key, value)
    {
        list = json_object_get(whole, key);
        if (!json_is_array(list) || !json_is_array(value)) {
            if (list == NULL && json_object_set(whole, key, value) != 0)
                return false;
            continue;
        }
        if (json_array_size(list) + json_array_size(value) > ROWS_MAX ||
            json_array_extend(list, value) != 0)
            return false;
    }
    return true;
}
