/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incidents.c - what is broken, why, and what people do about it */
#include "nhipctl/ctl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* "SC-0412", "sc-412" or "412". */
static bool
number_of(const char *id, json_int_t *number)
{
    const char *digits = strncasecmp(id, "SC-", 3) == 0 ? id + 3 : id;
    size_t len = strspn(digits, "0123456789");
    long long n = len > 0 && len <= 10 && digits[len] == '\0' ? atoll(digits) : 0;

    if (n <= 0) {
        fprintf(stderr,
            "nhipctl: '%s' is no incident: one is such as SC-0412 or 412; 'nhipctl "
            "incidents' lists them\n",
            id);
        return false;
    }
    *number = n;
    return true;
}

static json_t *
with_lang(json_t *ask)
{
    if (ctl_lang() != NULL)
        json_object_set_new(ask, "lang", json_string(ctl_lang()));
    return ask;
}

/* "1 h 15 min" from its start to its end, or to now. */
static const char *
lasted(const json_t *in, char out[32])
{
    json_int_t from = ctl_num(in, "started"), to = ctl_num(in, "closed"), s;

    s = (to != 0 ? to : (json_int_t)time(NULL)) - from;
    if (from == 0 || s < 0)
        return "-";
    if (s < 60)
        snprintf(out, 32, "%d s", (int)s);
    else if (s < 3600)
        snprintf(out, 32, "%d min", (int)(s / 60));
    else if (s < 48 * 3600)
        snprintf(out, 32, "%d h %02d min", (int)(s / 3600), (int)(s / 60 % 60));
    else
        snprintf(out, 32, "%d d %d h", (int)(s / 86400), (int)(s / 3600 % 24));
    return out;
}

static const char *
acknowledged_by(const json_t *in)
{
    const json_t *ack = json_object_get(in, "acknowledged");

    return json_is_object(ack) ? ctl_str(ack, "who") : "-";
}

/* ---- the list ---- */

static void
print_row(const json_t *in)
{
    char at[32], time[32], cause[48];

    snprintf(
        cause, sizeof(cause), "%s, %s", ctl_str(in, "cause"), ctl_str(in, "confidence"));
    printf("%-8s %s %-14s %-12s %-24s %5zu  %-12s %s\n", ctl_str(in, "incident"),
        json_is_null(json_object_get(in, "closed")) ? "■" : "●",
        ctl_when(in, "started", at), lasted(in, time), cause,
        json_array_size(json_object_get(in, "sites")), acknowledged_by(in),
        ctl_str(in, "title"));
}

static void
print_list(struct ctl *ctl, const json_t *is)
{
    const json_t *list = json_object_get(is, "incidents"), *in;
    size_t i;

    (void)ctl;
    if (json_array_size(list) == 0) {
        printf("no incidents\n");
        return;
    }
    printf("%-8s   %-14s %-12s %-24s %5s  %-12s %s\n", "", "since", "lasted", "cause",
        "sites", "acknowledged", "what");
    json_array_foreach(list, i, in) print_row(in);
}

static bool
set_time(json_t *ask, const char *key, const char *text)
{
    int64_t t;

    if (text == NULL)
        return true;
    if (!ctl_time(text, &t)) {
        fprintf(stderr,
            "nhipctl: --%s: a time is Unix seconds, \"2026-11-24 14:05\", \"-90min\" or "
            "\"now\", not '%s'\n",
            key, text);
        return false;
    }
    json_object_set_new(ask, key, json_integer((json_int_t)t));
    return true;
}

/* Without a time: those that are open. */
int
ctl_incidents(struct ctl *ctl)
{
    const char *from = NULL, *to = NULL;
    bool open;
    json_t *ask;

    ctl->json |= ctl_flag(ctl, "--json");
    open = ctl_flag(ctl, "--open");
    if (!ctl_value(ctl, "--from", &from) || !ctl_value(ctl, "--to", &to) ||
        !ctl_no_options(ctl, 0, 0, "incidents [--open] [--from T --to T]"))
        return CTL_USAGE;
    ask = with_lang(json_pack("{s:s}", "do", "incidents"));
    if (open || (from == NULL && to == NULL))
        json_object_set_new(ask, "open", json_integer(1));
    if (!set_time(ask, "from", from) || !set_time(ask, "to", to)) {
        json_decref(ask);
        return CTL_USAGE;
    }
    return ctl_show(ctl, ask, print_list);
}

/* ---- one ---- */

/* Lines of the time line, put in order before they are printed. */
struct event {
    double at;
    size_t order;
    char text[512];
};
struct events {
    size_t count;
    struct event *at; /* owned */
};

static void
add_event(struct events *e, const json_t *from, const char *text)
{
    struct event *more = realloc(e->at, (e->count + 1) * sizeof(*more));

    if (more == NULL)
        return;
    e->at = more;
    e->at[e->count] =
        (struct event){ json_number_value(json_object_get(from, "at")), e->count, "" };
    snprintf(e->at[e->count++].text, sizeof(more->text), "%s", text);
}

static int
by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void
add_revision(struct events *e, const json_t *r)
{
    const json_t *was = json_object_get(r, "was");
    char text[512];

    snprintf(text, sizeof(text), "%s: %s (%s, %s, %s)", ctl_str(r, "change"),
        ctl_str(r, "title"), ctl_str(was, "cause"), ctl_str(was, "party"),
        ctl_str(was, "confidence"));
    add_event(e, r, text);
}

static void
add_action(struct events *e, const json_t *a)
{
    char text[512];

    snprintf(text, sizeof(text), "%s by %s (%s)%s%s", ctl_str(a, "action"),
        ctl_str(a, "who"), ctl_str(a, "way"), *ctl_str(a, "text") ? ": " : "",
        ctl_str(a, "text"));
    add_event(e, a, text);
}

static void
add_told(struct events *e, const json_t *n)
{
    const char *error = ctl_str(n, "error");
    char text[512];

    snprintf(text, sizeof(text), "%s to %s by %s: %s%s%s", ctl_str(n, "about"),
        ctl_str(n, "to"), ctl_str(n, "channel"), ctl_str(n, "state"), *error ? ", " : "",
        error);
    add_event(e, n, text);
}

static void
print_time_line(const json_t *is)
{
    struct events e = { 0 };
    const json_t *part;
    size_t i;

    json_array_foreach(json_object_get(is, "revisions"), i, part) add_revision(&e, part);
    json_array_foreach(json_object_get(is, "actions"), i, part) add_action(&e, part);
    json_array_foreach(json_object_get(is, "notifications"), i, part) add_told(&e, part);
    if (e.count > 1)
        qsort(e.at, e.count, sizeof(e.at[0]), by_time);
    for (i = 0; i < e.count; i++) {
        time_t t = (time_t)e.at[i].at;
        struct tm tm;
        char at[32];

        localtime_r(&t, &tm);
        strftime(at, sizeof(at), "%H:%M:%S %d/%m", &tm);
        printf("  %s  %s\n", at, e.at[i].text);
    }
    free(e.at);
}

static void
print_names(const char *what, const json_t *list)
{
    const json_t *name;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    printf("%-14s", what);
    json_array_foreach(list, i, name)
        printf("%s%s", i > 0 ? ", " : "", json_string_value(name));
    putchar('\n');
}

static void
print_text(const char *what, const char *text)
{
    if (*text != '\0')
        printf("%-14s%s\n", what, text);
}

static void
print_minutes(const json_t *is)
{
    const json_t *m = json_object_get(is, "minutes");

    printf("%-14s%.1f down, %.1f degraded, %.1f unknown, %.1f excluded (of all links)\n",
        "minutes", json_number_value(json_object_get(m, "down")),
        json_number_value(json_object_get(m, "degraded")),
        json_number_value(json_object_get(m, "unknown")),
        json_number_value(json_object_get(m, "excluded")));
}

static void
print_one(struct ctl *ctl, const json_t *is)
{
    const json_t *reason, *next = json_object_get(is, "next_likeliest");
    bool open = json_is_null(json_object_get(is, "closed"));
    char from[32], to[32], time[32];
    size_t i;

    (void)ctl;
    printf("%s %s %s\n", ctl_str(is, "incident"), open ? "■" : "●", ctl_str(is, "title"));
    printf("%-14s%s to %s, %s\n", "time", ctl_when(is, "started", from),
        open ? "now" : ctl_when(is, "closed", to), lasted(is, time));
    printf("%-14s%s (%s), answered for by %s\n", "cause", ctl_str(is, "cause"),
        ctl_str(is, "confidence"), ctl_str(is, "party"));
    if (*ctl_str(is, "merged_into") != '\0')
        print_text("now part of", ctl_str(is, "merged_into"));
    json_array_foreach(json_object_get(is, "reasons"), i, reason)
        printf("%-14s%s\n", i == 0 ? "because" : "", json_string_value(reason));
    if (json_is_object(next))
        printf("%-14s%s; it would be settled by: %s\n", "or else", ctl_str(next, "cause"),
            ctl_str(next, "would_settle"));
    print_names("sites", json_object_get(is, "sites"));
    print_names("links", json_object_get(is, "links"));
    print_minutes(is);
    print_text("acknowledged", acknowledged_by(is));
    print_text("owner", ctl_str(is, "owner"));
    print_text("ticket", ctl_str(is, "ticket"));
    print_text("estimate", ctl_str(is, "estimate"));
    print_time_line(is);
}

int
ctl_incident(struct ctl *ctl)
{
    json_int_t number;

    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_no_options(ctl, 1, 1, "incident ID") || !number_of(ctl->argv[0], &number))
        return CTL_USAGE;
    return ctl_show(ctl,
        with_lang(json_pack("{s:s, s:I}", "do", "incident", "number", number)),
        print_one);
}

/* ---- what people do ---- */

static void
print_done(struct ctl *ctl, const json_t *is)
{
    char time[32];

    (void)ctl;
    printf("%s %s %s\n", ctl_str(is, "incident"),
        json_is_null(json_object_get(is, "closed")) ? "■" : "●", ctl_str(is, "title"));
    printf("  %s, %s (%s), %s\n", lasted(is, time), ctl_str(is, "cause"),
        ctl_str(is, "confidence"), ctl_str(is, "party"));
    printf("  acknowledged by %s%s%s%s%s%s%s\n", acknowledged_by(is),
        *ctl_str(is, "owner") ? ", owner " : "", ctl_str(is, "owner"),
        *ctl_str(is, "ticket") ? ", ticket " : "", ctl_str(is, "ticket"),
        *ctl_str(is, "estimate") ? ", mended by " : "", ctl_str(is, "estimate"));
}

/* Takes `text`; NULL: out of memory, "" none. */
static int
act(struct ctl *ctl, const char *action, char *text)
{
    json_int_t number;
    json_t *ask;

    if (text == NULL || !number_of(ctl->argv[0], &number)) {
        free(text);
        return text == NULL ? CTL_NO : CTL_USAGE;
    }
    ask = with_lang(json_pack("{s:s, s:I, s:s, s:s, s:s}", "do", "incident_act", "number",
        number, "action", action, "who", ctl_who(), "way", "nhipctl"));
    if (*text != '\0' && json_object_set_new(ask, "text", json_string(text)) != 0) {
        fprintf(stderr, "nhipctl: the text is not UTF-8\n");
        json_decref(ask);
        free(text);
        return CTL_USAGE;
    }
    free(text);
    return ctl_show(ctl, ask, print_done);
}

int
ctl_ack(struct ctl *ctl)
{
    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_no_options(ctl, 1, 1, "ack ID"))
        return CTL_USAGE;
    return act(ctl, "ack", strdup(""));
}

static int
act_with_words(struct ctl *ctl, const char *action)
{
    return act(ctl, action, ctl_words(ctl, 1));
}

int
ctl_own(struct ctl *ctl)
{
    return act_with_words(ctl, "own");
}

int
ctl_note(struct ctl *ctl)
{
    return act_with_words(ctl, "note");
}

int
ctl_ticket(struct ctl *ctl)
{
    return act_with_words(ctl, "ticket");
}

int
ctl_estimate(struct ctl *ctl)
{
    return act_with_words(ctl, "estimate");
}

int
ctl_close(struct ctl *ctl)
{
    return act_with_words(ctl, "close");
}

/* The collector takes "CAUSE: REASON". */
int
ctl_override(struct ctl *ctl)
{
    char *reason = ctl_words(ctl, 2), *text = NULL;
    size_t room;

    if (reason == NULL)
        return CTL_NO;
    room = strlen(ctl->argv[1]) + strlen(reason) + 3;
    text = malloc(room);
    if (text != NULL)
        snprintf(text, room, "%s: %s", ctl->argv[1], reason);
    free(reason);
    return act(ctl, "override", text);
}
