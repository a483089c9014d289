/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diagnose_words.c - sentences of incidents: rows of text.c with names and times put in
 */
#include "collector/diagnose_model.h"
#include "libnhip/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
words_fill(struct nh_buf *out, const char *pattern, const char *const *args)
{
    size_t n = 0;

    for (const char *p = pattern; *p != '\0'; p++) {
        if (p[0] == '{' && p[1] == '}') {
            if (args[n] != NULL)
                nh_buf_put(out, args[n], strlen(args[n]));
            n += args[n] != NULL;
            p++;
        } else {
            nh_buf_put_u8(out, (uint8_t)*p);
        }
    }
}

char *
words_dup(const char *pattern, const char *const *args)
{
    struct nh_buf b;
    char *out = NULL;

    nh_buf_init(&b, 2000);
    words_fill(&b, pattern, args);
    if (nh_buf_err(&b) == NH_OK && (out = malloc(b.len + 1)) != NULL) {
        memcpy(out, b.data, b.len);
        out[b.len] = '\0';
    }
    nh_buf_fini(&b);
    return out;
}

static void
clock_of(const struct diagnose *d, int64_t at_ms, char out[32])
{
    struct nh_buf b;

    nh_buf_init(&b, 64);
    nh_when(at_ms / 1000, d->inv->timezone, false, &b);
    snprintf(out, 32, "%.*s", (int)b.len, (const char *)b.data);
    nh_buf_fini(&b);
}

/* Two links of one site have the same evidence: a reader needs it once. */
static bool
is_said_before(const struct group *g, const struct incident_reason *r)
{
    for (const struct incident_reason *o = g->reasons; o < r; o++)
        if (o->vi != NULL && r->vi != NULL && strcmp(o->vi, r->vi) == 0)
            return true;
    return false;
}

/* `args` ends with NULL; its first is the time. */
static void
say(struct group *g, const char *key, const struct track *t, int64_t at_ms,
    const char *const *args)
{
    struct incident_reason *r;

    if (g->reason_count == INCIDENT_REASONS_MAX)
        return;
    r = &g->reasons[g->reason_count++];
    *r = (struct incident_reason){ .vi = words_dup(nh_text(NH_VI, key), args),
        .en = words_dup(nh_text(NH_EN, key), args),
        .at_ms = at_ms };
    if (t != NULL)
        snprintf(r->check, sizeof(r->check), "%s", t->in.id);
    if (is_said_before(g, r)) {
        free(r->vi);
        free(r->en);
        g->reason_count--;
    }
}

void
group_say(struct group *g, const char *key, const struct track *t, int64_t at_ms,
    const char *a, const char *b)
{
    const char *args[4] = { NULL };
    char when[32];
    size_t n = 0;

    clock_of(g->d, at_ms, when);
    args[n++] = when;
    if (a != NULL)
        args[n++] = a;
    if (b != NULL)
        args[n++] = b;
    say(g, key, t, at_ms, args);
}

/* Whole ms: what such a line does between them is noise. */
void
group_say_delay(struct group *g, const struct track *t, const struct episode *e)
{
    const char *args[5] = { NULL };
    char when[32], now[16], usual[16];

    clock_of(g->d, e->from_ms, when);
    snprintf(now, sizeof(now), "%.0f", e->value);
    snprintf(usual, sizeof(usual), "%.0f", e->usual_us / 1e3);
    args[0] = when;
    args[1] = g->d->links[e->link].in->id;
    args[2] = now;
    args[3] = usual;
    say(g, "reason_unusual", t, e->from_ms, args);
}

void
group_blame_carrier(struct group *g, int carrier)
{
    if (carrier < 0) {
        g->party = "unknown";
        return;
    }
    snprintf(
        g->party_buf, sizeof(g->party_buf), "carrier:%s", g->d->carriers[carrier].in->id);
    g->party = g->party_buf;
}

/* "xã Bảo Lạc", or "7 xã": whom it is about. */
static void
about(const struct group *g, enum nh_lang lang, char out[256])
{
    const struct diagnose *d = g->d;

    if (g->service >= 0)
        snprintf(out, 256, "%s", d->services[g->service].in->name);
    else if (g->sites > 1 || g->site < 0)
        snprintf(out, 256, "%zu %s", g->sites,
            nh_text(lang, g->sites == 1 ? "site" : "sites"));
    else if (g->links == 1)
        snprintf(out, 256, "%s, %s", d->sites[g->site].in->name,
            d->links[g->link].in->carrier->name);
    else
        snprintf(out, 256, "%s", d->sites[g->site].in->name);
}

void
group_title(const struct group *g, enum incident_kind kind, char **vi, char **en)
{
    char *out[NH_LANGS], key[64], who[256];

    for (enum nh_lang lang = NH_VI; lang < NH_LANGS; lang++) {
        const char *args[4] = { NULL };
        char what[64];

        about(g, lang, who);
        snprintf(
            key, sizeof(key), "kind_%s", g->note ? "unusual" : incident_kind_name(kind));
        snprintf(what, sizeof(what), "cause_%s", incident_cause_name(g->cause));
        args[0] = nh_text(lang, key);
        args[1] = who;
        args[2] = nh_text(lang, what);
        out[lang] = words_dup("{}: {} - {}", args);
    }
    free(*vi);
    free(*en);
    *vi = out[NH_VI];
    *en = out[NH_EN];
}

/* "Down: Xã Bảo Lạc - power lost": its last part is the cause. */
static void
retitle(char **title, enum nh_lang lang, enum cause cause)
{
    const char *at = NULL, *next = *title;
    const char *args[3] = { NULL };
    char what[64], *head, *out;

    while (next != NULL && (next = strstr(next, " - ")) != NULL)
        at = next++;
    if (at == NULL)
        return;
    head = strndup(*title, (size_t)(at - *title));
    if (head == NULL)
        return;
    snprintf(what, sizeof(what), "cause_%s", incident_cause_name(cause));
    args[0] = head;
    args[1] = nh_text(lang, what);
    out = words_dup("{} - {}", args);
    free(head);
    if (out == NULL)
        return;
    free(*title);
    *title = out;
}

void
words_of_cause(struct incident *in)
{
    retitle(&in->title_vi, NH_VI, in->cause);
    retitle(&in->title_en, NH_EN, in->cause);
    if (in->confidence != CONFIDENCE_FACT)
        return;
    free(in->settle_vi);
    free(in->settle_en);
    in->settle_vi = in->settle_en = NULL;
    in->next_cause = CAUSE_UNKNOWN;
}
