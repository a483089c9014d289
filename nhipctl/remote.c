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

/* Ask, and print the answer: as it is with --json, else by `print`. */
static int
show(struct ctl *ctl, json_t *ask, void (*print)(struct ctl *ctl, const json_t *is))
{
    int status;
    json_t *is = ctl_ask(ctl, ask, &status);

    if (is == NULL)
        return status;
    if (ctl->json)
        ctl_print_json(is);
    else
        print(ctl, is);
    json_decref(is);
    return CTL_DONE;
}

/* A request about one thing: {"do":verb, key:the first argument}. */
static json_t *
request_of(struct ctl *ctl, const char *verb, const char *key)
{
    return json_pack("{s:s, s:s}", "do", verb, key, ctl->argv[0]);
}

static const char *
str(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

static json_int_t
num(const json_t *object, const char *key)
{
    return (json_int_t)json_number_value(json_object_get(object, key));
}

/* "14:05:30 24/11", or "-" for what is not known. */
static const char *
when(const json_t *object, const char *key, char out[32])
{
    time_t t = (time_t)num(object, key);
    struct tm tm;

    if (t <= 0)
        return "-";
    localtime_r(&t, &tm);
    strftime(out, 32, "%H:%M:%S %d/%m", &tm);
    return out;
}

/* A shape before each word: state is never told by colour alone. */
static const char *
shape(const char *state)
{
    static const struct {
        const char *state, *shape;
    } rows[] = { { "up", "●" }, { "degraded", "▲" }, { "down", "■" },
        { "maintenance", "◆" } };

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
    char at[32];

    (void)ctl;
    printf("%s%s, collector %s since %s\n", str(is, "name"),
        json_is_true(json_object_get(is, "drill")) ? " (DRILL: simulated lines)" : "",
        str(is, "version"), when(is, "started", at));
    print_counts("sites", json_object_get(count, "sites"));
    print_counts("links", json_object_get(count, "links"));
    print_counts("services", json_object_get(count, "services"));
    printf("agents      %" JSON_INTEGER_FORMAT " connected\n",
        num(json_object_get(is, "sessions"), "live"));
    printf("journal     %" JSON_INTEGER_FORMAT " MB, %" JSON_INTEGER_FORMAT
           " %% of its bound, %" JSON_INTEGER_FORMAT " write errors%s\n",
        num(journal, "bytes") / 1000000, num(journal, "fill_pct"),
        num(journal, "write_errors"),
        json_is_true(json_object_get(journal, "disk_full")) ? ", DISK FULL" : "");
    printf("series      %" JSON_INTEGER_FORMAT " files, %s\n", num(series, "files"),
        json_is_true(json_object_get(series, "running")) ? "running" : "NOT RUNNING");
}

int
ctl_status(struct ctl *ctl)
{
    return show(ctl, request("status"), print_status);
}

static void
print_site_row(const json_t *site)
{
    const json_t *link;
    size_t i;

    printf("%s %-8s %-22s %-28s", shape(str(site, "state")), str(site, "state"),
        str(site, "id"), str(site, "name"));
    json_array_foreach(json_object_get(site, "links"), i, link)
        printf("  %s %s", shape(str(link, "state")), str(link, "name"));
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
    return show(ctl, request("sites"), print_sites);
}

static void
print_check(const char *indent, const json_t *check)
{
    const char *metric;
    const json_t *value;
    char at[32];

    if (!json_is_object(check))
        return;
    printf("%s%s %-32s %s ", indent, shape(str(check, "state")), str(check, "id"),
        when(check, "at", at));
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

    printf("%s %s %s (%s, %s%s%s) since %s\n", shape(str(link, "state")), str(link, "id"),
        str(link, "state"), str(link, "carrier_name"), str(link, "role"),
        *str(link, "circuit") ? ", " : "", str(link, "circuit"), when(link, "since", at));
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
    printf("%s %s%s%s%s %s since %s\n", shape(str(is, "state")), str(is, "name"),
        *str(is, "code") ? " (" : "", str(is, "code"), *str(is, "code") ? ")" : "",
        str(is, "state"), when(is, "since", at));
    printf("agent: %s, last seen %s, %" JSON_INTEGER_FORMAT
           " records waiting, clock off by %" JSON_INTEGER_FORMAT " ms\n",
        json_is_true(json_object_get(agent, "connected")) ? "connected" : "not connected",
        when(agent, "last_seen", seen), num(json_object_get(agent, "backlog"), "records"),
        num(agent, "clock_offset_ms"));
    json_array_foreach(json_object_get(is, "links"), i, part) print_link(part);
    json_array_foreach(json_object_get(is, "services"), i, part)
        print_check("", json_object_get(part, "check"));
    print_check("", json_object_get(is, "host"));
}

int
ctl_site(struct ctl *ctl)
{
    return show(ctl, request_of(ctl, "site", "site"), print_site);
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

    printf("%s\n", str(is, "token"));
    if (!isatty(STDOUT_FILENO))
        return;
    print_qr(str(is, "token"));
    printf("On the box at %s:  nhip-agent join TOKEN   (once, before %s)\n", ctl->argv[0],
        when(is, "expires", at));
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
    return show(ctl, ask, print_token);
}

static void
print_revoked(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%" JSON_INTEGER_FORMAT " keys revoked\n", num(is, "revoked"));
}

int
ctl_agent_revoke(struct ctl *ctl)
{
    return show(ctl, request_of(ctl, "agent_revoke", "site"), print_revoked);
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
    return show(ctl, request_of(ctl, "agent_rotate", "site"), print_rotated);
}

static void
print_agents(struct ctl *ctl, const json_t *is)
{
    const json_t *agent;
    char created[32], used[32];
    size_t i;

    (void)ctl;
    json_array_foreach(json_object_get(is, "agents"), i, agent)
        printf("%-22s %-18s %-8s made %s, used %s%s\n", str(agent, "site"),
            str(agent, "identity"), str(agent, "state"), when(agent, "created", created),
            when(agent, "used", used),
            json_is_true(json_object_get(agent, "connected")) ? ", connected" : "");
}

int
ctl_agent_list(struct ctl *ctl)
{
    return show(ctl, request("agent_list"), print_agents);
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
    if (is != NULL && num(is, "lines") == 0)
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
    printf("reloaded: %" JSON_INTEGER_FORMAT " sites\n", num(is, "sites"));
}

int
ctl_reload(struct ctl *ctl)
{
    return show(ctl, request("reload"), print_reloaded);
}

static void
print_rows(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%" JSON_INTEGER_FORMAT " rows\n", num(is, "rows"));
}

int
ctl_series_rebuild(struct ctl *ctl)
{
    return show(ctl, request_of(ctl, "series_rebuild", "check"), print_rows);
}

static void
print_journal(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("%s: %" JSON_INTEGER_FORMAT " MB, %" JSON_INTEGER_FORMAT " %% of its bound\n",
        str(is, "dir"), num(is, "bytes") / 1000000, num(is, "fill_pct"));
}

int
ctl_journal(struct ctl *ctl)
{
    return show(ctl, request("journal"), print_journal);
}
