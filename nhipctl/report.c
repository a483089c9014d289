/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c - a month's minutes: a table for the terminal, CSV for a spreadsheet */
#include "nhipctl/ctl.h"
#include <locale.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ---- */

static double
real(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static const char *
pct(const json_t *o, const char *key, char out[16])
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_number(v))
        return "-";
    snprintf(out, 16, "%.3f", json_number_value(v));
    return out;
}

static void
print_sums(const char *name, const json_t *o, size_t incidents)
{
    const char *met = ctl_str(o, "met");
    char low[16], high[16];

    printf("%-30s %9.1f %9.1f %9.1f %9.1f  %8s %8s %5zu  %s\n", name, real(o, "down"),
        real(o, "degraded"), real(o, "unknown"), real(o, "excluded"),
        pct(o, "low_pct", low), pct(o, "high_pct", high), incidents,
        strcmp(met, "not_met") == 0 ? "not met" : met);
}

static void
print_parties(const json_t *o)
{
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(o, "parties"), i, p) printf(
        "    %-26s %9.1f %9.1f %9.1f %9.1f\n", ctl_str(p, "party"), real(p, "down"),
        real(p, "degraded"), real(p, "unknown"), real(p, "excluded"));
}

static void
print_table(struct ctl *ctl, const json_t *is)
{
    const json_t *o, *province = json_object_get(is, "province");
    char until[32];
    size_t i;

    (void)ctl;
    if (!json_is_true(json_object_get(is, "data")))
        printf("%s: no data: nothing was measured in that month\n", ctl_str(is, "month"));
    else if (!json_is_true(json_object_get(is, "complete")))
        printf("%s: still running, up to %s\n", ctl_str(is, "month"),
            ctl_when(is, "until", until));
    else
        printf("%s\n", ctl_str(is, "month"));
    printf("%-30s %9s %9s %9s %9s  %8s %8s %5s\n", "minutes, availability in %", "down",
        "degraded", "unknown", "excluded", "lowest", "highest", "inc.");
    json_array_foreach(json_object_get(is, "links"), i, o)
        print_sums(ctl_str(o, "id"), o, json_array_size(json_object_get(o, "incidents")));
    json_array_foreach(json_object_get(is, "carriers"), i, o)
    {
        print_sums(ctl_str(o, "name"), o, (size_t)ctl_num(o, "incidents"));
        print_parties(o);
    }
    print_sums("all", province, (size_t)ctl_num(province, "incidents"));
    print_parties(province);
}

/* ---- CSV (RFC 4180) ---- */

static void
put_field(const char *text, bool first)
{
    if (!first)
        putchar(',');
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void
put_number(const json_t *o, const char *key, int decimals)
{
    const json_t *v = json_object_get(o, key);

    putchar(',');
    if (json_is_number(v))
        printf("%.*f", decimals, json_number_value(v));
}

/* Of the link, and all parties of the province: the columns are the same in each row. */
static void
put_party_fields(const json_t *link, const json_t *parties)
{
    const json_t *p, *mine, *found;
    size_t i, k;

    json_array_foreach(parties, i, p)
    {
        found = NULL;
        json_array_foreach(json_object_get(link, "parties"), k,
            mine) if (strcmp(ctl_str(mine, "party"), ctl_str(p, "party")) == 0) found =
            mine;
        printf(",%.3f,%.3f", real(found, "down"), real(found, "degraded"));
    }
}

static const char *const words[] = { "id", "site", "site_name", "code", "carrier",
    "carrier_name", "circuit", "role", "contract" };
static const char *const minutes[] = { "total", "down", "degraded", "unknown", "excluded",
    "unmeasured" };
static const char *const shares[] = { "low_pct", "high_pct", "target_pct" };

static void
put_head(const json_t *parties)
{
    const json_t *p;
    char name[160];
    size_t i;

    put_field("month", true);
    for (i = 0; i < NH_COUNT(words); i++)
        put_field(i == 0 ? "link" : words[i], false);
    for (i = 0; i < NH_COUNT(minutes); i++)
        put_field(minutes[i], false);
    for (i = 0; i < NH_COUNT(shares); i++)
        put_field(shares[i], false);
    put_field("met", false);
    put_field("incidents", false);
    json_array_foreach(parties, i, p)
    {
        snprintf(name, sizeof(name), "down %s", ctl_str(p, "party"));
        put_field(name, false);
        snprintf(name, sizeof(name), "degraded %s", ctl_str(p, "party"));
        put_field(name, false);
    }
    fputs("\r\n", stdout);
}

static void
put_incidents(const json_t *link)
{
    const json_t *id;
    size_t i;

    putchar(',');
    json_array_foreach(json_object_get(link, "incidents"), i, id)
        printf("%s%s", i > 0 ? " " : "", json_string_value(id));
}

static void
print_csv(struct ctl *ctl, const json_t *is)
{
    const json_t *parties = json_object_get(json_object_get(is, "province"), "parties");
    const json_t *link;
    size_t i;

    (void)ctl;
    setlocale(LC_NUMERIC, "C"); /* a point, whatever the terminal's numbers look like */
    put_head(parties);
    json_array_foreach(json_object_get(is, "links"), i, link)
    {
        put_field(ctl_str(is, "month"), true);
        for (size_t k = 0; k < NH_COUNT(words); k++)
            put_field(ctl_str(link, words[k]), false);
        for (size_t k = 0; k < NH_COUNT(minutes); k++)
            put_number(link, minutes[k], 3);
        for (size_t k = 0; k < NH_COUNT(shares); k++)
            put_number(link, shares[k], 4);
        put_field(ctl_str(link, "met"), false);
        put_incidents(link);
        put_party_fields(link, parties);
        fputs("\r\n", stdout);
    }
}

int
ctl_report(struct ctl *ctl)
{
    bool csv = ctl_flag(ctl, "--csv");

    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_no_options(ctl, 1, 1, "report MONTH [--csv|--json]   (MONTH: 2026-11)"))
        return CTL_USAGE;
    return ctl_show(ctl, json_pack("{s:s, s:s}", "do", "report", "month", ctl->argv[0]),
        csv ? print_csv : print_table);
}
