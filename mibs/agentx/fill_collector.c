/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fill_collector.c - the collector's documents: the whole province */
#include "libnhip/text.h"
#include "mibs/agentx/fill.h"
#include "mibs/agentx/fill_shared.h"
#include "mibs/agentx/standing.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <string.h>

enum {
    COLUMNS_GENERAL(COLUMN_ID) COLUMNS_CARRIER(COLUMN_ID) COLUMNS_LINK(COLUMN_ID)
        COLUMNS_SITE(COLUMN_ID) COLUMNS_DEVICE(COLUMN_ID) COLUMNS_SERVICE(COLUMN_ID)
            COLUMNS_PROBE(COLUMN_ID) COLUMNS_POWER(COLUMN_ID) COLUMNS_AGENT(COLUMN_ID)
};

enum { STATE_UNKNOWN = 1, STATE_DOWN = 4 }; /* NhipState */

void
fill_key(const char *doc, const char *key, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", doc, key);
}

static int
state_number(const json_t *o)
{
    static const char *const states[] = { "unknown", "up", "degraded", "down",
        "maintenance", "flapping" };
    const char *s = fill_text(o, "state");

    for (size_t i = 0; s != NULL && i < NH_COUNT(states); i++)
        if (strcmp(s, states[i]) == 0)
            return (int)i + 1;
    return STATE_UNKNOWN;
}

/* "packet loss 4.5%": the sentence of `why` with its numbers. */
static void
put_reason(struct row *row, int column, const json_t *o)
{
    static const char *const numbers[] = { "value", "usual" };
    const json_t *why = json_object_get(o, "why");
    const char *key = fill_text(why, "text"), *text, *hole;
    char out[ROWS_TEXT_MAX + 1] = "";
    size_t len = 0;

    if (row == NULL)
        return;
    text = key != NULL ? nh_text(NH_EN, key) : "";
    for (size_t i = 0; i < NH_COUNT(numbers) && (hole = strstr(text, "{}")) != NULL;
         i++) {
        snprintf(out + len, sizeof(out) - len, "%.*s%g", (int)(hole - text), text,
            json_number_value(json_object_get(why, numbers[i])));
        len = strlen(out);
        text = hole + 2;
    }
    snprintf(out + len, sizeof(out) - len, "%s", text);
    row_text(row, column, out);
}

static void
put_verdict(struct row *row, int state, int since, const json_t *o)
{
    if (row == NULL || !json_is_object(o))
        return;
    row_number(row, state, state_number(o));
    fill_date(row, since, o, "since");
}

static const json_t *
values_of(const json_t *check)
{
    return json_object_get(check, "values");
}

static void
put_link(struct rows *r, struct owner *o, const char *site, const char *site_name,
    const json_t *link, const struct standing *s)
{
    const json_t *checks = json_object_get(link, "checks");
    const json_t *path = json_object_get(checks, "path");
    const char *carrier = fill_text(link, "carrier"), *name = fill_text(link, "name");
    const char *role = fill_text(link, "role");
    struct row *row;

    if (carrier == NULL || name == NULL)
        return;
    row = fill_link_row(r, o, carrier, site, name);
    if (row == NULL)
        return;
    row_text(row, COLUMN_LINK_SITE_NAME, site_name);
    row_number(
        row, COLUMN_LINK_ROLE, role != NULL && strcmp(role, "standby") == 0 ? 2 : 1);
    row_text(row, COLUMN_LINK_CIRCUIT, fill_known(link, "circuit"));
    fill_put(row, COLUMN_LINK_BANDWIDTH, link, "bandwidth_mbps", 1000);
    put_verdict(row, COLUMN_LINK_STATE, COLUMN_LINK_SINCE, link);
    put_reason(row, COLUMN_LINK_REASON, link);
    fill_train(row, COLUMN_LINK_PATH_RTT, COLUMN_LINK_PATH_LOSS, COLUMN_LINK_PATH_JITTER,
        values_of(path));
    fill_date(row, COLUMN_LINK_PATH_TIME, path, "at");
    fill_train(row, COLUMN_LINK_GATEWAY_RTT, COLUMN_LINK_GATEWAY_LOSS, 0,
        values_of(json_object_get(checks, "gateway")));
    fill_train(row, COLUMN_LINK_FAR_RTT, COLUMN_LINK_FAR_LOSS, 0,
        values_of(json_object_get(checks, "far")));
    fill_port(row, values_of(json_object_get(checks, "port")));
    standing_put(s, row, site, name);
}

/* ---- overview ---- */

static const json_t *
in(const json_t *o, const char *a, const char *b)
{
    return json_object_get(json_object_get(o, a), b);
}

static int64_t
sum(const json_t *counts)
{
    int64_t n = 0;
    const char *key;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)counts, key, v) n += json_integer_value(v);
    return n;
}

static void
put_general(struct rows *r, struct owner *o, const json_t *overview)
{
    static const char *const qualities[] = { "unset", "set", "synchronised" };
    static const char *const refused[] = { "stranger", "garbage", "auth", "time" };
    static const struct row_index none = { .len = 0 };
    struct row *row = rows_put(r, o, TABLE_GENERAL, &none);
    const json_t *sites = in(overview, "count", "sites");
    const json_t *links = in(overview, "count", "links");
    const json_t *clock = json_object_get(overview, "clock");
    const json_t *traps = json_object_get(overview, "traps");
    const char *quality = fill_text(clock, "quality");
    int64_t n = 0;

    if (row == NULL)
        return;
    row_text(row, COLUMN_PROVINCE, fill_text(overview, "province"));
    row_text(row, COLUMN_VERSION, fill_text(overview, "version"));
    row_number(row, COLUMN_SITES, sum(sites));
    fill_put(row, COLUMN_SITES_DOWN, sites, "down", 1);
    row_number(row, COLUMN_LINKS, sum(links));
    fill_put(row, COLUMN_LINKS_DOWN, links, "down", 1);
    fill_put(
        row, COLUMN_AGENTS_CONNECTED, json_object_get(overview, "sessions"), "live", 1);
    for (int i = 0; quality != NULL && i < (int)NH_COUNT(qualities); i++)
        if (strcmp(quality, qualities[i]) == 0)
            row_number(row, COLUMN_CLOCK_QUALITY, i + 1);
    fill_put(row, COLUMN_CLOCK_STEP, clock, "step_ms", 1);
    fill_put(
        row, COLUMN_JOURNAL_FILL, json_object_get(overview, "journal"), "fill_pct", 1);
    fill_put(row, COLUMN_JOURNAL_LOST, json_object_get(overview, "journal"), "lost", 1);
    if (!json_is_true(json_object_get(traps, "listening")))
        return;
    for (size_t i = 0; i < NH_COUNT(refused); i++)
        n += json_integer_value(json_object_get(traps, refused[i]));
    row_number(row, COLUMN_TRAPS_REFUSED, n);
    fill_put(row, COLUMN_TRAPS_TAKEN, traps, "told", 1);
}

static void
put_carrier(struct rows *r, struct owner *o, const json_t *carrier)
{
    const char *id = fill_text(carrier, "id");
    const json_t *links = json_object_get(carrier, "links");
    static const struct {
        const char *state;
        int column;
    } counts[] = { { "up", COLUMN_CARRIER_LINKS_UP },
        { "degraded", COLUMN_CARRIER_LINKS_DEGRADED },
        { "down", COLUMN_CARRIER_LINKS_DOWN },
        { "unknown", COLUMN_CARRIER_LINKS_UNKNOWN },
        { "maintenance", COLUMN_CARRIER_LINKS_MAINTENANCE },
        { "flapping", COLUMN_CARRIER_LINKS_FLAPPING } };
    struct row *row = id == NULL ? NULL : fill_row(r, o, TABLE_CARRIER, id, NULL);

    if (row == NULL)
        return;
    row_text(row, COLUMN_CARRIER_NAME, fill_text(carrier, "name"));
    row_text(row, COLUMN_CARRIER_HOTLINE, fill_known(carrier, "hotline"));
    for (size_t i = 0; i < NH_COUNT(counts); i++)
        row_number(row, counts[i].column,
            json_integer_value(json_object_get(links, counts[i].state)));
}

void
fill_overview(struct rows *r, const json_t *overview, const struct standing *s)
{
    const json_t *carriers = json_object_get(overview, "carriers");
    const json_t *centre = json_object_get(overview, "centre");
    const json_t *uplinks = json_object_get(centre, "uplinks");
    struct owner *o = rows_begin(r, "overview/");

    if (o == NULL)
        return;
    put_general(r, o, overview);
    for (size_t i = 0; i < json_array_size(carriers); i++)
        put_carrier(r, o, json_array_get(carriers, i));
    for (size_t i = 0; i < json_array_size(uplinks); i++)
        put_link(
            r, o, "centre", fill_text(centre, "name"), json_array_get(uplinks, i), s);
    rows_end(r, o);
}

/* ---- sites ---- */

static void
put_device(struct rows *r, struct owner *o, const char *site, const json_t *device)
{
    const json_t *ping = json_object_get(device, "ping");
    const json_t *snmp = json_object_get(device, "snmp");
    const char *id = fill_text(device, "id");
    struct row *row = id == NULL ? NULL : fill_row(r, o, TABLE_DEVICE, site, id);

    if (row == NULL)
        return;
    row_text(row, COLUMN_DEVICE_KIND, fill_text(device, "kind"));
    row_text(row, COLUMN_DEVICE_ADDRESS, fill_text(device, "address"));
    if (json_is_object(ping))
        row_number(row, COLUMN_DEVICE_PING_STATE, state_number(ping));
    if (json_is_object(snmp))
        row_number(row, COLUMN_DEVICE_SNMP_STATE, state_number(snmp));
    fill_train(row, COLUMN_DEVICE_PING_RTT, COLUMN_DEVICE_PING_LOSS, 0, values_of(ping));
    fill_snmp(row, values_of(snmp));
}

static void
put_probe(struct rows *r, struct owner *o, const char *site, const json_t *service)
{
    const char *id = fill_text(service, "id");
    const json_t *check = json_object_get(service, "check");
    struct row *row = id == NULL ? NULL : fill_row(r, o, TABLE_PROBE, id, site);

    put_verdict(row, COLUMN_PROBE_STATE, COLUMN_PROBE_SINCE, check);
    fill_probe(row, values_of(check));
}

static void
put_agent(struct rows *r, struct owner *o, const char *site, const json_t *doc)
{
    const json_t *agent = json_object_get(doc, "agent");
    const json_t *backlog = json_object_get(agent, "backlog");
    struct row *row;

    if (!json_is_true(json_object_get(agent, "expected")))
        return;
    row = fill_row(r, o, TABLE_AGENT, site, NULL);
    if (row == NULL)
        return;
    row_number(row, COLUMN_AGENT_CONNECTED,
        json_is_true(json_object_get(agent, "connected")) ? 1 : 2);
    fill_date(row, COLUMN_AGENT_SINCE, agent, "since");
    fill_date(row, COLUMN_AGENT_LAST_SEEN, agent, "last_seen");
    row_text(row, COLUMN_AGENT_VERSION, fill_text(agent, "version"));
    fill_put(row, COLUMN_AGENT_SPOOL_RECORDS, backlog, "records", 1);
    fill_date(row, COLUMN_AGENT_SPOOL_OLDEST, backlog, "oldest");
    fill_put(row, COLUMN_AGENT_SPOOL_FILL, backlog, "fill_pct", 1);
    fill_put(row, COLUMN_AGENT_LOST, agent, "lost", 1);
    fill_put(row, COLUMN_AGENT_CLOCK_ERROR, agent, "clock_offset_ms", 1);
    fill_host(row, values_of(json_object_get(doc, "host")));
}

void
fill_site(struct rows *r, const json_t *site, const struct standing *s)
{
    const json_t *links = json_object_get(site, "links");
    const json_t *devices = json_object_get(site, "devices");
    const json_t *services = json_object_get(site, "services");
    const json_t *power = json_object_get(site, "power");
    const char *id = fill_text(site, "id"), *name = fill_text(site, "name");
    char key[128];
    struct owner *o;
    struct row *row;
    int64_t down = 0;

    if (id == NULL)
        return;
    fill_key("site", id, key, sizeof(key));
    if ((o = rows_begin(r, key)) == NULL)
        return;
    for (size_t i = 0; i < json_array_size(links); i++) {
        put_link(r, o, id, name, json_array_get(links, i), s);
        down += state_number(json_array_get(links, i)) == STATE_DOWN;
    }
    row = fill_row(r, o, TABLE_SITE, id, NULL);
    if (row != NULL) {
        row_text(row, COLUMN_SITE_NAME, name);
        row_text(row, COLUMN_SITE_CODE, fill_known(site, "code"));
        put_verdict(row, COLUMN_SITE_STATE, COLUMN_SITE_SINCE, site);
        put_reason(row, COLUMN_SITE_REASON, site);
        row_number(row, COLUMN_SITE_LINKS, (int64_t)json_array_size(links));
        row_number(row, COLUMN_SITE_LINKS_DOWN, down);
    }
    for (size_t i = 0; i < json_array_size(devices); i++)
        put_device(r, o, id, json_array_get(devices, i));
    for (size_t i = 0; i < json_array_size(services); i++)
        put_probe(r, o, id, json_array_get(services, i));
    if (json_is_object(power) && (row = fill_row(r, o, TABLE_POWER, id, NULL)) != NULL) {
        row_number(row, COLUMN_POWER_STATE, state_number(power));
        fill_power(row, values_of(power));
    }
    put_agent(r, o, id, site);
    rows_end(r, o);
}

/* ---- services ---- */

void
fill_service(struct rows *r, const json_t *service)
{
    const json_t *from = json_object_get(service, "from");
    const json_t *count = json_object_get(service, "count");
    const char *id = fill_text(service, "id");
    char key[128];
    struct owner *o;
    struct row *row;

    if (id == NULL)
        return;
    fill_key("service", id, key, sizeof(key));
    if ((o = rows_begin(r, key)) == NULL)
        return;
    row = fill_row(r, o, TABLE_SERVICE, id, NULL);
    if (row != NULL) {
        row_text(row, COLUMN_SERVICE_NAME, fill_text(service, "name"));
        row_text(row, COLUMN_SERVICE_OWNER, fill_known(service, "owner"));
        put_verdict(row, COLUMN_SERVICE_STATE, COLUMN_SERVICE_SINCE, service);
        put_reason(row, COLUMN_SERVICE_REASON, service);
        fill_put(row, COLUMN_SERVICE_FROM_UP, count, "up", 1);
        fill_put(row, COLUMN_SERVICE_FROM_DOWN, count, "down", 1);
    }
    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *f = json_array_get(from, i);
        const char *site = fill_text(f, "site");

        if (site == NULL || strcmp(site, "collector") != 0)
            continue; /* the others come with their sites */
        row = fill_row(r, o, TABLE_PROBE, id, "collector");
        put_verdict(
            row, COLUMN_PROBE_STATE, COLUMN_PROBE_SINCE, json_object_get(f, "check"));
        fill_probe(row, values_of(json_object_get(f, "check")));
    }
    rows_end(r, o);
}
