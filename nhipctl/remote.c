/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote.c - the commands that ask the collector and print its documents for a terminal
 */
#include "nhipctl/ctl.h"
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_t *
request(const char *verb)
{
    return json_pack("{s:s}", "do", verb);
}

/* A request about one thing: {"do":verb, key:the first argument}. */
static json_t *
request_of(struct ctl *ctl, const char *verb, const char *key)
{
    return json_pack("{s:s, s:s}", "do", verb, key, ctl->argv[0]);
}

/* A shape before each word: state is never told by colour alone. */
static const char *
shape(const char *state)
{
    static const struct {
        const char *state, *shape;
    } rows[] = { { "up", "●" }, { "degraded", "▲" }, { "down", "■" },
        { "maintenance", "◆" }, { "flapping", "◪" } };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        if (strcmp(rows[i].state, state) == 0)
            return rows[i].shape;
    return "○";
}

static void
print_counts(const char *what, const json_t *counts)
{
    const char *state;
    const json_t *n;

    printf("%-10s", what);
    json_object_foreach((json_t *)(uintptr_t)counts, state, n) printf(
        "  %s %s %" JSON_INTEGER_FORMAT, shape(state), state, json_integer_value(n));
    putchar('\n');
}

static void
print_status(struct ctl *ctl, const json_t *is)
{
    const json_t *count = json_object_get(is, "count");
    const json_t *journal = json_object_get(is, "journal");
    const json_t *series = json_object_get(is, "series");
    const json_t *traps = json_object_get(is, "traps");
    char at[32];

    (void)ctl;
    printf("%s%s, collector %s since %s\n", ctl_str(is, "name"),
        json_is_true(json_object_get(is, "drill")) ? " (DRILL: simulated lines)" : "",
        ctl_str(is, "version"), ctl_when(is, "started", at));
    print_counts("sites", json_object_get(count, "sites"));
    print_counts("links", json_object_get(count, "links"));
    print_counts("services", json_object_get(count, "services"));
    printf("agents      %" JSON_INTEGER_FORMAT " connected\n",
        ctl_num(json_object_get(is, "sessions"), "live"));
    printf("journal     %" JSON_INTEGER_FORMAT " MB, %" JSON_INTEGER_FORMAT
           " %% of its bound, %" JSON_INTEGER_FORMAT " write errors%s\n",
        ctl_num(journal, "bytes") / 1000000, ctl_num(journal, "fill_pct"),
        ctl_num(journal, "write_errors"),
        json_is_true(json_object_get(journal, "disk_full")) ? ", DISK FULL" : "");
    printf("series      %" JSON_INTEGER_FORMAT " files, %s\n", ctl_num(series, "files"),
        json_is_true(json_object_get(series, "running")) ? "running" : "NOT RUNNING");
    if (json_is_true(json_object_get(traps, "listening")))
        printf("traps       %" JSON_INTEGER_FORMAT " taken, %" JSON_INTEGER_FORMAT
               " of strangers, %" JSON_INTEGER_FORMAT " garbage, %" JSON_INTEGER_FORMAT
               " with a wrong key\n",
            ctl_num(traps, "told"), ctl_num(traps, "stranger"), ctl_num(traps, "garbage"),
            ctl_num(traps, "auth"));
}

int
ctl_status(struct ctl *ctl)
{
    return ctl_show(ctl, request("status"), print_status);
}

static void
print_site_row(const json_t *site)
{
    const json_t *link;
    size_t i;

    printf("%s %-8s %-22s %-28s", shape(ctl_str(site, "state")), ctl_str(site, "state"),
        ctl_str(site, "id"), ctl_str(site, "name"));
    json_array_foreach(json_object_get(site, "links"), i, link)
        printf("  %s %s", shape(ctl_str(link, "state")), ctl_str(link, "name"));
    putchar('\n');
}

static void
print_sites(struct ctl *ctl, const json_t *is)
{
    const json_t *site;
    size_t i;

    (void)ctl;
    json_array_foreach(json_object_get(is, "sites"), i, site) print_site_row(site);
}

int
ctl_sites(struct ctl *ctl)
{
    return ctl_show(ctl, request("sites"), print_sites);
}

static void
print_check(const char *indent, const json_t *check)
{
    const char *metric;
    const json_t *value;
    char at[32];

    if (!json_is_object(check))
        return;
    printf("%s%s %-32s %s ", indent, shape(ctl_str(check, "state")), ctl_str(check, "id"),
        ctl_when(check, "at", at));
    json_object_foreach(
        json_object_get(check, "values"), metric, value) if (json_is_number(value))
        printf(" %s=%.6g", metric, json_number_value(value));
    putchar('\n');
}

static void
print_link(const json_t *link)
{
    const char *kind;
    const json_t *check;
    char at[32];

    printf("%s %s %s (%s, %s%s%s) since %s\n", shape(ctl_str(link, "state")),
        ctl_str(link, "id"), ctl_str(link, "state"), ctl_str(link, "carrier_name"),
        ctl_str(link, "role"), *ctl_str(link, "circuit") ? ", " : "",
        ctl_str(link, "circuit"), ctl_when(link, "since", at));
    json_object_foreach(json_object_get(link, "checks"), kind, check)
        print_check("    ", check);
}

static void
print_site(struct ctl *ctl, const json_t *is)
{
    const json_t *part, *agent = json_object_get(is, "agent");
    char at[32], seen[32];
    size_t i;

    (void)ctl;
    printf("%s %s%s%s%s %s since %s\n", shape(ctl_str(is, "state")), ctl_str(is, "name"),
        *ctl_str(is, "code") ? " (" : "", ctl_str(is, "code"),
        *ctl_str(is, "code") ? ")" : "", ctl_str(is, "state"), ctl_when(is, "since", at));
    printf("agent: %s, last seen %s, %" JSON_INTEGER_FORMAT
           " records waiting, clock off by %" JSON_INTEGER_FORMAT " ms\n",
        json_is_true(json_object_get(agent, "connected")) ? "connected" : "not connected",
        ctl_when(agent, "last_seen", seen),
        ctl_num(json_object_get(agent, "backlog"), "records"),
        ctl_num(agent, "clock_offset_ms"));
    json_array_foreach(json_object_get(is, "links"), i, part) print_link(part);
    json_array_foreach(json_object_get(is, "services"), i, part)
        print_check("", json_object_get(part, "check"));
    print_check("", json_object_get(is, "power"));
    print_check("", json_object_get(is, "host"));
    json_array_foreach(json_object_get(is, "devices"), i, part)
    {
        print_check("", json_object_get(part, "ping"));
        print_check("", json_object_get(part, "snmp"));
    }
}

int
ctl_site(struct ctl *ctl)
{
    return ctl_show(ctl, request_of(ctl, "site", "site"), print_site);
}

/* Two rows of modules to a line of text, dark on light whatever the terminal's colours
 * are. */
static void
print_qr(const char *text)
{
    static const char *const blocks[] = { "█", "▀", "▄",
        " " }; /* upper dark, lower dark */
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);

    if (qr == NULL)
        return;
    for (int y = -2; y < qr->width + 2; y += 2) {
        for (int x = -2; x < qr->width + 2; x++) {
            int dark[2];

            for (int half = 0; half < 2; half++) {
                int at = y + half;
                bool inside = x >= 0 && x < qr->width && at >= 0 && at < qr->width;

                dark[half] = inside && (qr->data[at * qr->width + x] & 1) != 0;
            }
            fputs(blocks[(dark[0] ? 2 : 0) | (dark[1] ? 1 : 0)], stdout);
        }
        putchar('\n');
    }
    QRcode_free(qr);
}

static void
print_token(struct ctl *ctl, const json_t *is)
{
    char at[32];

    printf("%s\n", ctl_str(is, "token"));
    if (!isatty(STDOUT_FILENO))
        return;
    print_qr(ctl_str(is, "token"));
    printf("On the box at %s:  nhip-agent join TOKEN   (once, before %s)\n", ctl->argv[0],
        ctl_when(is, "expires", at));
}

int
ctl_agent_add(struct ctl *ctl)
{
    json_int_t port = 0;
    json_t *ask;

    if (ctl->argc > 2 && !ctl_number("PORT", ctl->argv[2], &port))
        return CTL_USAGE;
    ask = request_of(ctl, "agent_add", "site");
    if (ctl->argc > 1)
        json_object_set_new(ask, "host", json_string(ctl->argv[1]));
    if (ctl->argc > 2)
        json_object_set_new(ask, "port", json_integer(port));
    return ctl_show(ctl, ask, print_token);
}

static void
print_revoked(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%" JSON_INTEGER_FORMAT " keys revoked\n", ctl_num(is, "revoked"));
}

int
ctl_agent_revoke(struct ctl *ctl)
{
    return ctl_show(ctl, request_of(ctl, "agent_revoke", "site"), print_revoked);
}

static void
print_rotated(struct ctl *ctl, const json_t *is)
{
    (void)is;
    printf("a fresh key was offered; 'nhipctl agent list' shows when %s uses it\n",
        ctl->argv[0]);
}

int
ctl_agent_rotate(struct ctl *ctl)
{
    return ctl_show(ctl, request_of(ctl, "agent_rotate", "site"), print_rotated);
}

static void
print_agents(struct ctl *ctl, const json_t *is)
{
    const json_t *agent;
    char created[32], used[32];
    size_t i;

    (void)ctl;
    json_array_foreach(json_object_get(is, "agents"), i, agent)
        printf("%-22s %-18s %-8s made %s, used %s%s\n", ctl_str(agent, "site"),
            ctl_str(agent, "identity"), ctl_str(agent, "state"),
            ctl_when(agent, "created", created), ctl_when(agent, "used", used),
            json_is_true(json_object_get(agent, "connected")) ? ", connected" : "");
}

int
ctl_agent_list(struct ctl *ctl)
{
    return ctl_show(ctl, request("agent_list"), print_agents);
}

int
ctl_tail(struct ctl *ctl)
{
    json_t *ask = request("tail");

    if (ctl->argc > 0)
        json_object_set_new(ask, "site", json_string(ctl->argv[0]));
    return ctl_stream(ctl, ask);
}

int
ctl_export(struct ctl *ctl)
{
    int64_t from, to;
    json_t *is;
    int status;

    if (!ctl_time(ctl->argv[1], &from) || !ctl_time(ctl->argv[2], &to) || from > to) {
        fprintf(stderr, "nhipctl: FROM and TO are times in order: Unix seconds, "
                        "\"2026-11-24 14:05\", \"-90min\" or \"now\"\n");
        return CTL_USAGE;
    }
    is = ctl_ask(ctl,
        json_pack("{s:s, s:s, s:I, s:I}", "do", "export", "check", ctl->argv[0], "from",
            (json_int_t)from, "to", (json_int_t)to),
        &status);
    if (is != NULL && ctl_num(is, "lines") == 0)
        fprintf(stderr,
            "nhipctl: the journal has no reading of '%s' in that time; 'nhipctl site ID' "
            "names a site's checks\n",
            ctl->argv[0]);
    json_decref(is);
    return status;
}

static void
print_reloaded(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("reloaded: %" JSON_INTEGER_FORMAT " sites\n", ctl_num(is, "sites"));
}

int
ctl_reload(struct ctl *ctl)
{
    return ctl_show(ctl, request("reload"), print_reloaded);
}

static void
print_rows(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%" JSON_INTEGER_FORMAT " rows\n", ctl_num(is, "rows"));
}

int
ctl_series_rebuild(struct ctl *ctl)
{
    return ctl_show(ctl, request_of(ctl, "series_rebuild", "check"), print_rows);
}

static void
print_journal(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%s: %" JSON_INTEGER_FORMAT " MB, %" JSON_INTEGER_FORMAT " %% of its bound\n",
        ctl_str(is, "dir"), ctl_num(is, "bytes") / 1000000, ctl_num(is, "fill_pct"));
}

int
ctl_journal(struct ctl *ctl)
{
    return ctl_show(ctl, request("journal"), print_journal);
}
