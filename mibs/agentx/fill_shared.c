/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fill_shared.c - units of the readings to units of the MIB */
#include "mibs/agentx/fill_shared.h"
#include "mibs/columns.h"
#include <math.h>
#include <string.h>

enum { ID_MAX = 40, NAME_MAX_LEN = 24 }; /* sizes of the index objects */

enum {
    COLUMNS_LINK(COLUMN_ID) COLUMNS_DEVICE(COLUMN_ID) COLUMNS_PROBE(COLUMN_ID)
        COLUMNS_POWER(COLUMN_ID) COLUMNS_AGENT(COLUMN_ID)
};

const char *
fill_text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

const char *
fill_known(const json_t *o, const char *key)
{
    const char *text = fill_text(o, key);

    return text != NULL && *text != '\0' ? text : NULL;
}

bool
fill_number(const json_t *o, const char *key, double scale, int64_t *out)
{
    const json_t *v = json_object_get(o, key);
    double d = json_number_value(v) * scale;

    if (!json_is_number(v) || !isfinite(d) || fabs(d) > 9e18)
        return false;
    *out = (int64_t)llround(d);
    return true;
}

void
fill_put(struct row *row, int column, const json_t *o, const char *key, double scale)
{
    int64_t n;

    if (row != NULL && fill_number(o, key, scale, &n))
        row_number(row, column, n);
}

void
fill_date(struct row *row, int column, const json_t *o, const char *key)
{
    int64_t s;

    if (row != NULL && fill_number(o, key, 1, &s))
        row_date(row, column, s);
}

void
fill_train(
    struct row *row, int rtt_column, int loss_column, int jitter, const json_t *values)
{
    int64_t sent, lost;

    fill_put(row, rtt_column, values, "rtt_avg_ms", 1000);
    if (jitter > 0)
        fill_put(row, jitter, values, "jitter_ms", 1000);
    if (row != NULL && fill_number(values, "sent", 1, &sent) &&
        fill_number(values, "lost", 1, &lost) && sent > 0)
        row_number(row, loss_column, lost * 10000 / sent);
}

void
fill_port(struct row *row, const json_t *values)
{
    int64_t oper;

    if (row != NULL && fill_number(values, "oper", 1, &oper))
        row_number(row, COLUMN_LINK_PORT_UP, oper != 0 ? 1 : 2);
    fill_put(row, COLUMN_LINK_PORT_IN_RATE, values, "rx_bps", 0.001);
    fill_put(row, COLUMN_LINK_PORT_OUT_RATE, values, "tx_bps", 0.001);
    fill_put(row, COLUMN_LINK_PORT_RX_POWER, values, "rx_power_dbm", 100);
}

void
fill_power(struct row *row, const json_t *values)
{
    int64_t on;

    if (row != NULL && fill_number(values, "on_battery", 1, &on))
        row_number(row, COLUMN_POWER_ON_BATTERY, on != 0 ? 1 : 2);
    fill_put(row, COLUMN_POWER_CHARGE, values, "charge_pct", 100);
    fill_put(row, COLUMN_POWER_RUNTIME, values, "runtime_s", 1);
    fill_put(row, COLUMN_POWER_INPUT_VOLTAGE, values, "input_v", 10);
}

void
fill_host(struct row *row, const json_t *values)
{
    fill_put(row, COLUMN_AGENT_LOAD, values, "load1", 100);
    fill_put(row, COLUMN_AGENT_MEMORY, values, "mem_used_pct", 100);
    fill_put(row, COLUMN_AGENT_DISK, values, "disk_used_pct", 100);
    fill_put(row, COLUMN_AGENT_TEMPERATURE, values, "temp_c", 10);
    fill_put(row, COLUMN_AGENT_UP_TIME, values, "uptime_s", 1);
}

void
fill_snmp(struct row *row, const json_t *values)
{
    fill_put(row, COLUMN_DEVICE_UP_TIME, values, "uptime_s", 1);
    fill_put(row, COLUMN_DEVICE_CPU, values, "cpu_pct", 100);
    fill_put(row, COLUMN_DEVICE_MEMORY, values, "mem_used_pct", 100);
    fill_put(row, COLUMN_DEVICE_TEMPERATURE, values, "temp_c", 10);
}

void
fill_probe(struct row *row, const json_t *values)
{
    fill_put(row, COLUMN_PROBE_TIME, values, "total_ms", 1000);
    fill_put(row, COLUMN_PROBE_STATUS, values, "status", 1);
    fill_put(row, COLUMN_PROBE_CERTIFICATE_DAYS, values, "cert_days", 1);
}

struct row *
fill_link_row(struct rows *r, struct owner *o, const char *carrier, const char *site,
    const char *name)
{
    struct row_index index = { .len = 0 };

    row_index_text(&index, carrier, NAME_MAX_LEN);
    row_index_text(&index, site, ID_MAX);
    row_index_text(&index, name, NAME_MAX_LEN);
    return rows_put(r, o, TABLE_LINK, &index);
}

struct row *
fill_row(struct rows *r, struct owner *o, enum table table, const char *first,
    const char *second)
{
    struct row_index index = { .len = 0 };

    row_index_text(&index, first, table == TABLE_CARRIER ? NAME_MAX_LEN : ID_MAX);
    if (second != NULL)
        row_index_text(&index, second, ID_MAX);
    return rows_put(r, o, table, &index);
}
