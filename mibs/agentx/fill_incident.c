/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fill_incident.c - the collector's incidents, and the links that each covers
 *
 * A carrier sees the troubles of its own links (the carrier comes first in their index);
 * the incident's title may name others, so that table is the province's. The words are
 * those of docs/DIAGNOSIS.md; one that the MIB does not know is not told.
 */
#include "mibs/agentx/fill.h"
#include "mibs/agentx/fill_shared.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <string.h>

enum { COLUMNS_INCIDENT(COLUMN_ID) COLUMNS_TROUBLE(COLUMN_ID) };

/* In the order of their numbers in the MIB, from 1. */
static const char *const causes[] = { "unknown", "power", "site_lan", "last_mile",
    "carrier_node", "carrier_core", "data_centre", "service", "congestion", "monitoring",
    "planned" };
static const char *const kinds[] = { "outage", "degraded", "flapping", "power", "service",
    "standby_lost", "silent" };
static const char *const confidences[] = { "suspected", "likely", "fact" };

static int
number_of(const json_t *o, const char *key, const char *const *words, size_t count)
{
    const char *word = fill_text(o, key);

    for (size_t i = 0; word != NULL && i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return (int)i + 1;
    return 0;
}

static void
put_word(struct row *row, int column, const json_t *o, const char *key,
    const char *const *words, size_t count)
{
    int number = number_of(o, key, words, count);

    if (row != NULL && number > 0)
        row_number(row, column, number);
}

int
fill_cause(const json_t *incident)
{
    return number_of(incident, "cause", causes, NH_COUNT(causes));
}

int
fill_kind(const json_t *incident)
{
    return number_of(incident, "kind", kinds, NH_COUNT(kinds));
}

static void
put_incident(struct rows *r, struct owner *o, const json_t *incident, uint32_t number)
{
    const json_t *links = json_object_get(incident, "links");
    const json_t *sites = json_object_get(incident, "sites");
    struct row_index index = { .len = 0 };
    struct row *row;

    row_index_number(&index, number);
    row = rows_put(r, o, TABLE_INCIDENT, &index);
    if (row == NULL)
        return;
    row_text(row, COLUMN_INCIDENT_TITLE, fill_text(incident, "title_en"));
    put_word(row, COLUMN_INCIDENT_KIND, incident, "kind", kinds, NH_COUNT(kinds));
    put_word(row, COLUMN_INCIDENT_CAUSE, incident, "cause", causes, NH_COUNT(causes));
    put_word(row, COLUMN_INCIDENT_CONFIDENCE, incident, "confidence", confidences,
        NH_COUNT(confidences));
    row_text(row, COLUMN_INCIDENT_PARTY, fill_text(incident, "party"));
    fill_date(row, COLUMN_INCIDENT_OPENED, incident, "opened");
    fill_date(row, COLUMN_INCIDENT_STARTED, incident, "started");
    fill_date(row, COLUMN_INCIDENT_CLOSED, incident, "closed");
    row_number(row, COLUMN_INCIDENT_ACKNOWLEDGED,
        json_is_object(json_object_get(incident, "acknowledged")) ? 1 : 2);
    row_text(row, COLUMN_INCIDENT_TICKET, fill_text(incident, "ticket"));
    fill_put(row, COLUMN_INCIDENT_REVISION, incident, "revision", 1);
    row_number(row, COLUMN_INCIDENT_LINKS, (int64_t)json_array_size(links));
    row_number(row, COLUMN_INCIDENT_SITES, (int64_t)json_array_size(sites));
}

static void
put_trouble(struct rows *r, struct owner *o, const json_t *incident, uint32_t number,
    const char *link)
{
    const char *slash = strchr(link, '/');
    struct row_index index = { .len = 0 };
    char site[64], carrier[64];
    struct row *row;

    if (slash == NULL || (size_t)(slash - link) >= sizeof(site))
        return;
    snprintf(site, sizeof(site), "%.*s", (int)(slash - link), link);
    if (!rows_link_carrier(r, site, slash + 1, carrier, sizeof(carrier)))
        return;
    row_index_text(&index, carrier, sizeof(carrier));
    row_index_text(&index, site, sizeof(site));
    row_index_text(&index, slash + 1, sizeof(carrier));
    row_index_number(&index, number);
    row = rows_put(r, o, TABLE_TROUBLE, &index);
    put_word(row, COLUMN_TROUBLE_CAUSE, incident, "cause", causes, NH_COUNT(causes));
    put_word(row, COLUMN_TROUBLE_CONFIDENCE, incident, "confidence", confidences,
        NH_COUNT(confidences));
    fill_date(row, COLUMN_TROUBLE_STARTED, incident, "started");
    fill_date(row, COLUMN_TROUBLE_CLOSED, incident, "closed");
    if (row != NULL)
        row_text(row, COLUMN_TROUBLE_TICKET, fill_text(incident, "ticket"));
}

void
fill_incident(struct rows *r, const json_t *incident)
{
    const json_t *links = json_object_get(incident, "links");
    json_int_t number = json_integer_value(json_object_get(incident, "number"));
    char key[64];
    struct owner *o;

    if (number < 1 || number > INT32_MAX)
        return;
    snprintf(key, sizeof(key), "incident/%lld", (long long)number);
    if ((o = rows_begin(r, key)) == NULL)
        return;
    put_incident(r, o, incident, (uint32_t)number);
    for (size_t i = 0; i < json_array_size(links); i++) {
        const char *link = json_string_value(json_array_get(links, i));

        if (link != NULL)
            put_trouble(r, o, incident, (uint32_t)number, link);
    }
    rows_end(r, o);
}
