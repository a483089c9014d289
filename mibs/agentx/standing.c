/* SPDX-License-Identifier: GPL-3.0-or-later */
/* standing.c - two objects of documents: incidents by number, the report's links by id */
#include "mibs/agentx/standing.h"
#include "libnhip/buf.h"
#include "mibs/agentx/fill.h"
#include "mibs/agentx/fill_shared.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_LINK(COLUMN_ID) };

enum { ID_SIZE = 128 };

struct standing {
    json_t *incidents; /* owned: number -> document */
    json_t *links;     /* owned: "site/link" -> the report's */
    json_t *until;     /* owned: the report's time, NULL: there is none */
};

/* ---- rows ---- */

static bool
covers(const json_t *incident, const char *id)
{
    const json_t *links = json_object_get(incident, "links");

    for (size_t i = 0; i < json_array_size(links); i++) {
        const char *link = json_string_value(json_array_get(links, i));

        if (link != NULL && strcmp(link, id) == 0)
            return true;
    }
    return false;
}

static const json_t *
gravest(const struct standing *s, const char *id)
{
    const json_t *best = NULL;
    const char *key;
    json_t *incident;

    json_object_foreach(s->incidents, key, incident)
    {
        int kind = fill_kind(incident), than = best != NULL ? fill_kind(best) : 0;

        if (json_is_number(json_object_get(incident, "closed")) ||
            fill_cause(incident) == 0 || !covers(incident, id))
            continue;
        if (best == NULL || kind < than ||
            (kind == than && json_integer_value(json_object_get(incident, "number")) <
                                 json_integer_value(json_object_get(best, "number"))))
            best = incident;
    }
    return best;
}

static void
put(const struct standing *s, struct row *row, const char *id)
{
    const json_t *incident, *link = json_object_get(s->links, id);

    if (row == NULL)
        return;
    incident = gravest(s, id);
    row_none(row, COLUMN_LINK_CAUSE);
    row_none(row, COLUMN_LINK_AVAILABILITY_LOW);
    row_none(row, COLUMN_LINK_AVAILABILITY_HIGH);
    row_none(row, COLUMN_LINK_AVAILABILITY_TIME);
    if (incident != NULL)
        row_number(row, COLUMN_LINK_CAUSE, fill_cause(incident));
    if (!json_is_number(json_object_get(link, "high_pct")))
        return;
    fill_put(row, COLUMN_LINK_AVAILABILITY_LOW, link, "low_pct", 1000);
    fill_put(row, COLUMN_LINK_AVAILABILITY_HIGH, link, "high_pct", 1000);
    row_date(row, COLUMN_LINK_AVAILABILITY_TIME, (int64_t)json_number_value(s->until));
}

void
standing_put(
    const struct standing *s, struct row *row, const char *site, const char *link)
{
    char id[ID_SIZE];

    snprintf(id, sizeof(id), "%s/%s", site, link);
    put(s, row, id);
}

/* The row of "site/link", where there is one. */
static struct row *
row_of(struct rows *r, const char *id)
{
    const char *slash = strchr(id, '/');
    struct row_index index = { .len = 0 };
    char site[ID_SIZE], carrier[ID_SIZE];

    if (slash == NULL || (size_t)(slash - id) >= sizeof(site))
        return NULL;
    snprintf(site, sizeof(site), "%.*s", (int)(slash - id), id);
    if (!rows_link_carrier(r, site, slash + 1, carrier, sizeof(carrier)))
        return NULL;
    row_index_text(&index, carrier, ROWS_INDEX_MAX);
    row_index_text(&index, site, ROWS_INDEX_MAX);
    row_index_text(&index, slash + 1, ROWS_INDEX_MAX);
    return rows_find(r, TABLE_LINK, &index);
}

static void
put_covered(const struct standing *s, struct rows *r, const json_t *incident)
{
    const json_t *links = json_object_get(incident, "links");

    for (size_t i = 0; i < json_array_size(links); i++) {
        const char *id = json_string_value(json_array_get(links, i));

        if (id != NULL)
            put(s, row_of(r, id), id);
    }
}

/* ---- documents ---- */

void
standing_incident(
    struct standing *s, struct rows *r, const char *number, const json_t *incident)
{
    json_t *before = json_incref(json_object_get(s->incidents, number));

    if (incident == NULL)
        json_object_del(s->incidents, number);
    else
        json_object_set(s->incidents, number, (json_t *)(uintptr_t)incident);
    put_covered(s, r, before);
    put_covered(s, r, incident);
    json_decref(before);
}

void
standing_moved(const struct standing *s, struct rows *r)
{
    const char *number;
    json_t *incident;

    if (!rows_have_moved(r, TABLE_LINK))
        return;
    json_object_foreach(s->incidents, number, incident) fill_incident(r, incident);
}

void
standing_report(struct standing *s, struct rows *r, const json_t *report)
{
    const json_t *links = json_object_get(report, "links");
    json_t *before = s->links;
    const char *id;
    json_t *link;

    s->links = json_object();
    for (size_t i = 0; i < json_array_size(links); i++) {
        link = json_array_get(links, i);
        id = fill_text(link, "id");
        if (id != NULL)
            json_object_set(s->links, id, link);
    }
    json_decref(s->until);
    s->until = json_incref(json_object_get(report, "until"));
    json_object_foreach(before, id, link) if (json_object_get(s->links, id) == NULL)
        put(s, row_of(r, id), id);
    json_object_foreach(s->links, id, link) put(s, row_of(r, id), id);
    json_decref(before);
}

/* ---- life ---- */

void
standing_clear(struct standing *s)
{
    json_object_clear(s->incidents);
}

enum nh_err
standing_new(struct standing **out)
{
    struct standing *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s != NULL) {
        s->incidents = json_object();
        s->links = json_object();
    }
    if (s == NULL || s->incidents == NULL || s->links == NULL) {
        standing_free(s);
        return NH_ENOMEM;
    }
    *out = s;
    return NH_OK;
}

void
standing_free(struct standing *s)
{
    if (s == NULL)
        return;
    json_decref(s->incidents);
    json_decref(s->links);
    json_decref(s->until);
    free(s);
}
