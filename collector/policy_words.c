/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_words.c - the words of messages: an SMS by the glossary's rules, an e-mail
 *
 * Order of an SMS: product, state in capitals, unit and code, since when, what is known,
 * number. Only plain letters, digits, space and . , : ( ) - / leave it.
 */
#include "collector/policy_words.h"
#include <stdio.h>
#include <string.h>

enum { SMS_MAX = 160 };

static void
put(struct nh_buf *b, const char *s)
{
    nh_buf_put(b, s, strlen(s));
}

static void
put_link(struct nh_buf *text, enum nh_lang lang, const struct inv_link *l)
{
    nh_buf_printf(text, "%s: %s", nh_text(lang, "link"), l->id);
    if (l->circuit != NULL && *l->circuit != '\0')
        nh_buf_printf(text, " (%s)", l->circuit);
    put(text, "\n");
}

static void
when(const struct inventory *inv, int64_t ms, char out[32])
{
    struct nh_buf b;

    nh_buf_init(&b, 64);
    nh_when(ms / 1000, inv->timezone, true, &b);
    snprintf(out, 32, "%.*s", (int)b.len, (const char *)b.data);
    nh_buf_fini(&b);
}

/* "xa Bao Lac (01321)", or "7 diem ket noi". */
static void
put_sites(struct nh_buf *b, const struct inventory *inv, const struct incident *in)
{
    const struct inv_site *s =
        in->site_count == 1 ? inventory_site(inv, in->sites[0]) : NULL;

    if (s != NULL) {
        put(b, s->name);
        if (s->code != NULL && *s->code != '\0')
            nh_buf_printf(b, " (%s)", s->code);
    } else if (in->site_count > 1) {
        nh_buf_printf(b, "%zu %s", in->site_count, nh_text_sms("site"));
    } else {
        put(b, in->object);
    }
}

static const struct inv_link *
only_link(const struct inventory *inv, const struct incident *in)
{
    return in->link_count == 1 ? inventory_link(inv, in->links[0].id) : NULL;
}

/* Where, with its link where it is one: ", kenh chinh vnpt". */
static void
put_place(struct nh_buf *b, const struct inventory *inv, const struct incident *in)
{
    const struct inv_link *l = only_link(inv, in);

    put_sites(b, inv, in);
    if (l != NULL)
        nh_buf_printf(b, ", %s %s",
            nh_text_sms(l->standby ? "link_backup" : "link_primary"), l->carrier->id);
}

/* A pattern of text.c with its one number put in. */
static void
put_with(struct nh_buf *b, const char *pattern, const char *number)
{
    const char *hole = strstr(pattern, "{}");

    if (hole == NULL) {
        put(b, pattern);
        return;
    }
    nh_buf_put(b, pattern, (size_t)(hole - pattern));
    put(b, number);
    put(b, hole + 2);
}

/* One more thing to say: its row and the number that its pattern may want. */
struct says {
    const char *key;
    char number[24];
};
enum { SAYS_MAX = 6 };

static size_t
add_says(struct says *out, size_t n, const char *key, int64_t number)
{
    out[n].key = key;
    snprintf(out[n].number, sizeof(out[n].number), "%lld", (long long)number);
    return n + 1;
}

static bool
is_carriers(const struct inventory *inv, const struct incident *in,
    const struct message_view *view)
{
    for (size_t i = 0; view->to != NULL && i < inv->carrier_count; i++)
        for (size_t k = 0; strncmp(in->party, "carrier:", 8) == 0 &&
                           strcmp(inv->carriers[i].id, in->party + 8) == 0 &&
                           k < inv->carriers[i].tell_count;
             k++)
            if (inv->carriers[i].tell[k] == view->to)
                return true;
    return false;
}

static bool
is_centres_probe(const struct incident *in)
{
    return in->cause == CAUSE_MONITORING && in->site_count > 1;
}

/* The figures and the advice of a message, the same on every channel. */
static size_t
says_of(
    const struct incident *in, const struct message_view *view, struct says out[SAYS_MAX])
{
    const struct incident_figures *f = &in->figures;
    bool ends = view->about == MESSAGE_CLOSED;
    size_t n = 0;

    if (ends)
        return 0;
    if (f->battery_low) {
        if (f->charge_pct > 0)
            n = add_says(out, n, "says_battery", f->charge_pct);
        if (f->runtime_s > 0)
            n = add_says(out, n, "says_minutes_left", f->runtime_s / 60);
        return add_says(out, n, "says_generator", 0);
    }
    if (in->kind == INCIDENT_POWER && f->runtime_s > 0)
        n = add_says(out, n, "says_runtime", f->runtime_s / 60);
    if (in->kind == INCIDENT_POWER && in->link_count == 0)
        n = add_says(out, n, "says_line_well", 0);
    if (in->kind == INCIDENT_POWER)
        n = add_says(out, n, "says_tell_power", 0);
    if (in->kind == INCIDENT_DEGRADED && f->rtt_us > 0)
        n = add_says(out, n, "says_delay", (f->rtt_us + 500) / 1000);
    if (in->kind == INCIDENT_DEGRADED && f->loss_permille > 0) {
        n = add_says(out, n, "says_loss", 0);
        snprintf(out[n - 1].number, sizeof(out[n - 1].number), "%d,%d",
            f->loss_permille / 10, f->loss_permille % 10);
    }
    if (in->kind == INCIDENT_FLAPPING && incident_drops(in) > 0)
        n = add_says(out, n, "says_drops", (int64_t)incident_drops(in));
    if (is_centres_probe(in))
        n = add_says(out, n, "says_no_conclusion", (int64_t)in->site_count);
    if (view->on_backup)
        n = add_says(out, n, "says_backup_well", 0);
    return n;
}

/* Advice begins a sentence, a figure goes on in it. */
static bool
is_sentence(const char *key)
{
    return strcmp(key, "says_generator") == 0 || strcmp(key, "says_tell_power") == 0 ||
           strcmp(key, "says_no_conclusion") == 0;
}

static void
put_says(struct nh_buf *b, const struct says *says, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(b, is_sentence(says[i].key) ? ". " : i == 0 ? ": " : ", ");
        put_with(b, nh_text_sms(says[i].key), says[i].number);
    }
}

static const char *
headline(const struct incident *in, const struct message_view *view, char key[64])
{
    if (view->about == MESSAGE_CLOSED)
        return "sms_restored";
    if (in->figures.battery_low)
        return "sms_battery_low";
    if (is_centres_probe(in))
        return "sms_probe";
    if (view->on_backup && in->kind == INCIDENT_OUTAGE)
        return "sms_on_backup";
    if (in->kind == INCIDENT_OUTAGE && in->site_count > 1)
        return "sms_mass";
    snprintf(key, 64, "sms_%s", incident_kind_name(in->kind));
    return key;
}

static void
put_cause(struct nh_buf *b, const struct incident *in)
{
    char key[64];

    snprintf(key, sizeof(key), "cause_%s", incident_cause_name(in->cause));
    nh_buf_printf(b, ". %s: %s",
        in->confidence == CONFIDENCE_FACT ? "Nguyen nhan" : "Nghi", nh_text_sms(key));
}

/* "De nghi VNPT kiem tra kenh CBG-VNPT-01321, mat tu 14:05 22/11, ..." */
static void
put_request(struct nh_buf *b, const struct inventory *inv, const struct incident *in,
    const char *at)
{
    const struct inv_link *l = only_link(inv, in);
    const char *carrier = in->party + strlen("carrier:");

    for (size_t i = 0; i < inv->carrier_count; i++)
        if (strcmp(inv->carriers[i].id, carrier) == 0)
            carrier = inv->carriers[i].name;
    put_with(b, nh_text_sms("says_request"), carrier);
    if (l != NULL)
        nh_buf_printf(b, " kenh %s", *l->circuit != '\0' ? l->circuit : l->id);
    else
        nh_buf_printf(b, " %zu kenh", in->link_count);
    nh_buf_printf(b, ", %s tu %s", in->kind == INCIDENT_DEGRADED ? "kem" : "mat", at);
    if (in->kind == INCIDENT_OUTAGE || in->kind == INCIDENT_STANDBY_LOST)
        nh_buf_printf(b, ", %s", nh_text_sms("says_end_silent"));
    if (in->confidence == CONFIDENCE_FACT && in->cause == CAUSE_LAST_MILE)
        nh_buf_printf(b, ", %s", nh_text_sms("says_power_well")); /* its agent told so */
}

static void
put_not_acknowledged(struct nh_buf *b, const struct inventory *inv,
    const struct incident *in, const struct message_view *view, const char *id)
{
    char minutes[24], key[64];

    snprintf(minutes, sizeof(minutes), "%lld",
        (long long)((view->now_ms - in->opened_ms) / 60000));
    nh_buf_printf(b, "%s %s ", nh_text_sms("sms_not_acknowledged"), id);
    put_with(b, nh_text_sms("says_waited"), minutes);
    nh_buf_printf(b, ". %s. ", nh_text_sms("says_escalated"));
    snprintf(key, sizeof(key), "sms_%s", incident_kind_name(in->kind));
    nh_buf_printf(b, "%s ", nh_text_sms(key));
    put_place(b, inv, in);
    nh_buf_printf(b, " %s", nh_text_sms("says_still"));
}

static void
put_sms_body(struct nh_buf *b, const struct inventory *inv, const struct incident *in,
    const struct message_view *view)
{
    bool ends = view->about == MESSAGE_CLOSED;
    char key[64], at[32], id[16];
    struct says says[SAYS_MAX];

    incident_id(in->number, id);
    put(b, "NHIP: ");
    when(inv, ends ? in->closed_ms : in->started_ms, at);
    at[11] = '\0'; /* "14:05 22/11" */
    if (view->about == MESSAGE_ESCALATED) {
        put_not_acknowledged(b, inv, in, view, id);
    } else if (!ends && is_carriers(inv, in, view) && in->link_count > 0) {
        put_request(b, inv, in, at);
        put_says(b, says, says_of(in, view, says));
    } else if (!ends && is_centres_probe(in)) {
        nh_buf_printf(b, "%s %s tu %s", nh_text_sms("sms_probe"), "mat ket noi", at);
        put_says(b, says, says_of(in, view, says));
    } else {
        nh_buf_printf(b, "%s ", nh_text_sms(headline(in, view, key)));
        put_place(b, inv, in);
        nh_buf_printf(b, ends ? " luc %s" : " tu %s", at);
        if (ends) {
            put(b, ". Gian doan ");
            nh_duration(NH_VI, (in->closed_ms - in->started_ms) / 1000, b);
        }
        put_says(b, says, says_of(in, view, says));
        if (in->kind != INCIDENT_POWER || ends)
            put_cause(b, in);
    }
    nh_buf_printf(b, ". Ma %s.", id);
}

/* Unaccented, by the letters that pass every gateway, and cut between words to leave
 * place for `id`. Ends `raw`. */
static void
fit_sms(struct nh_buf *raw, const char *id, struct nh_buf *out)
{
    nh_buf_clear(out);
    nh_buf_put_u8(raw, 0);
    if (nh_buf_err(raw) == NH_OK)
        nh_unaccent((const char *)raw->data, out);
    nh_buf_fini(raw);
    for (size_t i = 0; i < out->len; i++) {
        uint8_t c = out->data[i];

        if (!(c == ' ' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                (c >= 'a' && c <= 'z') || strchr(".,:()-/", c) != NULL))
            out->data[i] = ' ';
    }
    if (out->len <= SMS_MAX)
        return;
    out->len = SMS_MAX - strlen("Ma .") - strlen(id);
    while (out->len > 0 && out->data[out->len - 1] != ' ')
        out->len--; /* between words */
    nh_buf_printf(out, "Ma %s.", id);
}

void
policy_sms(const struct inventory *inv, const struct incident *in,
    const struct message_view *view, struct nh_buf *out)
{
    struct nh_buf raw;
    char id[16];

    incident_id(in->number, id);
    nh_buf_init(&raw, 2000);
    put_sms_body(&raw, inv, in, view);
    fit_sms(&raw, id, out);
}

void
policy_text(const struct inventory *inv, const struct incident *in,
    const struct message_view *view, struct nh_buf *subject, struct nh_buf *text)
{
    enum message_about about = view->about;
    const char *language = view->to != NULL ? view->to->language : NULL;
    enum nh_lang lang =
        nh_lang_of(language != NULL && *language != '\0' ? language : inv->language);
    struct says says[SAYS_MAX];
    size_t said = says_of(in, view, says);
    char key[64], id[16], at[32];

    nh_buf_clear(subject);
    nh_buf_clear(text);
    incident_id(in->number, id);
    snprintf(key, sizeof(key), "about_%s", message_about_name(about));
    nh_buf_printf(subject, "[Nhip] %s: ", id);
    put(subject, lang == NH_EN ? in->title_en : in->title_vi);
    put(text, nh_text(lang, key));
    put(text, ": ");
    put(text, lang == NH_EN ? in->title_en : in->title_vi);
    when(inv, in->started_ms, at);
    nh_buf_printf(text, "\n%s: %s", nh_text(lang, "incident_since"), at);
    if (in->closed_ms != 0) {
        when(inv, in->closed_ms, at);
        nh_buf_printf(text, "\n%s: %s", nh_text(lang, "restored"), at);
    }
    for (size_t i = 0; i < said; i++) {
        put(text, "\n");
        put_with(text, nh_text(lang, says[i].key), says[i].number);
    }
    put(text, "\n\n");
    for (size_t i = 0; i < in->reason_count; i++)
        nh_buf_printf(
            text, "- %s\n", lang == NH_EN ? in->reasons[i].en : in->reasons[i].vi);
    for (size_t i = 0; i < in->link_count; i++) {
        const struct inv_link *l = inventory_link(inv, in->links[i].id);

        if (l != NULL)
            put_link(text, lang, l);
    }
    nh_buf_printf(text, "\n%s\n", id);
}

/* ---- many at once ---- */

static void
put_name(struct nh_buf *b, const struct inventory *inv, const struct incident *in)
{
    const struct inv_site *s =
        in->site_count == 1 ? inventory_site(inv, in->sites[0]) : NULL;

    if (s == NULL) {
        put(b, in->object);
        return;
    }
    put(b, s->name);
    if (s->code != NULL && *s->code != '\0')
        nh_buf_printf(b, " (%s)", s->code);
}

void
policy_digest_sms(const struct inventory *inv, const struct incident *const *in,
    size_t count, enum message_about about, struct nh_buf *out)
{
    char id[16];
    struct nh_buf raw;

    incident_id(in[0]->number, id);
    nh_buf_init(&raw, 2000);
    nh_buf_printf(&raw, "NHIP: %zu %s: ", count,
        nh_text_sms(about == MESSAGE_CLOSED ? "sms_many_restored" : "sms_many"));
    for (size_t i = 0; i < count && raw.len < 2 * (size_t)SMS_MAX; i++) {
        put(&raw, i > 0 ? ", " : ""); /* what is more would be cut off */
        put_name(&raw, inv, in[i]);
    }
    nh_buf_printf(&raw, ". Ma %s.", id);
    fit_sms(&raw, id, out);
}

void
policy_digest_text(const struct inventory *inv, const struct incident *const *in,
    size_t count, enum message_about about, const char *language, struct nh_buf *subject,
    struct nh_buf *text)
{
    enum nh_lang lang =
        nh_lang_of(language != NULL && *language != '\0' ? language : inv->language);
    char key[64], id[16], at[32];

    nh_buf_clear(subject);
    nh_buf_clear(text);
    incident_id(in[0]->number, id);
    snprintf(key, sizeof(key), "about_%s", message_about_name(about));
    nh_buf_printf(subject, "[Nhip] %s: %s: %zu", id, nh_text(lang, key), count);
    nh_buf_printf(text, "%s: %zu\n\n", nh_text(lang, key), count);
    for (size_t i = 0; i < count; i++) {
        incident_id(in[i]->number, id);
        when(inv, about == MESSAGE_CLOSED ? in[i]->closed_ms : in[i]->started_ms, at);
        nh_buf_printf(text, "- %s  %s  ", id, at);
        put(text, lang == NH_EN ? in[i]->title_en : in[i]->title_vi);
        put(text, "\n");
    }
}

/* ---- planned work that meets a meeting ---- */

/* Who works: a carrier by its name, else the province itself. */
static const char *
worker(const struct inventory *inv, const struct inv_planned *p, enum nh_lang lang)
{
    for (size_t i = 0; p->who != NULL && i < inv->carrier_count; i++)
        if (strcmp(inv->carriers[i].id, p->who) == 0)
            return inv->carriers[i].name;
    return nh_text(lang, "province");
}

void
policy_meeting_sms(
    const struct inventory *inv, const struct meeting_clash *c, struct nh_buf *out)
{
    const struct inv_planned *p = c->planned;
    char at[32], from[32], to[32], id[32];
    struct nh_buf raw;

    snprintf(id, sizeof(id), "%.31s", p->id);
    when(inv, c->start_ms, at);
    when(inv, p->from_s * 1000, from);
    when(inv, p->to_s * 1000, to);
    at[11] = from[11] = to[11] = '\0'; /* "14:05 22/11" */
    nh_buf_init(&raw, 2000);
    nh_buf_printf(
        &raw, "NHIP: %s %s luc %s, ", nh_text_sms("sms_meeting"), c->meeting->id, at);
    if (c->site_count == 1) {
        put(&raw, c->first->name);
        if (c->first->code != NULL && *c->first->code != '\0')
            nh_buf_printf(&raw, " (%s)", c->first->code);
    } else {
        nh_buf_printf(&raw, "%zu %s", c->site_count, nh_text_sms("site"));
    }
    nh_buf_printf(
        &raw, ". %s lam %s den %s. Ma %s.", worker(inv, p, NH_VI), from, to, id);
    fit_sms(&raw, id, out);
}

void
policy_meeting_text(const struct inventory *inv, const struct meeting_clash *c,
    const char *language, struct nh_buf *subject, struct nh_buf *text)
{
    enum nh_lang lang =
        nh_lang_of(language != NULL && *language != '\0' ? language : inv->language);
    const struct inv_planned *p = c->planned;
    char at[32], to[32];

    nh_buf_clear(subject);
    nh_buf_clear(text);
    when(inv, c->start_ms, at);
    nh_buf_printf(
        subject, "[Nhip] %s: %s, %s", nh_text(lang, "about_meeting"), c->meeting->id, at);
    nh_buf_printf(text, "%s\n", nh_text(lang, "meeting_meets"));
    when(inv, c->end_ms, to);
    nh_buf_printf(text, "\n%s: %s (%s), %s - %s\n", nh_text(lang, "meeting"),
        c->meeting->id, c->meeting->service->name, at, to);
    when(inv, p->from_s * 1000, at);
    when(inv, p->to_s * 1000, to);
    nh_buf_printf(text, "%s: %s, %s, %s - %s%s%s\n", nh_text(lang, "maintenance"), p->id,
        worker(inv, p, lang), at, to, p->why != NULL && *p->why != '\0' ? ": " : "",
        p->why != NULL ? p->why : "");
    for (size_t i = 0; i < inv->site_count; i++)
        if (meetings_touches(c, &inv->sites[i]))
            nh_buf_printf(text, "- %s%s%s%s\n", inv->sites[i].name,
                *inv->sites[i].code ? " (" : "", inv->sites[i].code,
                *inv->sites[i].code ? ")" : "");
    nh_buf_printf(text, "\n%s\n", nh_text(lang, "meeting_move"));
}

/* ---- planned work, to those at whose place it is ---- */

/* "22:00-23:30 25/11"; over midnight both dates. */
static void
put_times(struct nh_buf *b, const struct inventory *inv, const struct inv_planned *p)
{
    char from[32], to[32];

    when(inv, p->from_s * 1000, from);
    when(inv, p->to_s * 1000, to);
    from[11] = to[11] = '\0'; /* "14:05 22/11" */
    if (strcmp(from + 5, to + 5) == 0)
        nh_buf_printf(b, "%.5s-%s", from, to);
    else
        nh_buf_printf(b, "%s - %s", from, to);
}

static bool
is_power_cut(const struct inv_planned *p)
{
    static const char *const names[] = { "dien luc", "evn", "power" };
    struct nh_buf b;
    bool is = false;

    nh_buf_init(&b, 1000);
    nh_unaccent(p->who != NULL ? p->who : "", &b);
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] >= 'A' && b.data[i] <= 'Z')
            b.data[i] = (uint8_t)(b.data[i] - 'A' + 'a');
    nh_buf_put_u8(&b, 0);
    for (size_t i = 0; i < NH_COUNT(names) && nh_buf_err(&b) == NH_OK; i++)
        is |= strstr((const char *)b.data, names[i]) != NULL;
    nh_buf_fini(&b);
    return is && p->site_count > 0;
}

static void
put_work_place(struct nh_buf *b, const struct inv_planned *p)
{
    const struct inv_site *s = p->site_count == 1   ? p->sites[0]
                               : p->link_count == 1 ? p->links[0]->site
                                                    : NULL;

    if (p->link_count == 1 && p->site_count == 0)
        nh_buf_printf(b, "kenh %s ", p->links[0]->carrier->id);
    if (s == NULL || p->site_count + p->link_count != 1) {
        nh_buf_printf(b, "%zu %s", p->site_count + p->link_count,
            p->site_count > 0 ? nh_text_sms("site") : nh_text_sms("link"));
        return;
    }
    put(b, s->name);
    if (s->code != NULL && *s->code != '\0')
        nh_buf_printf(b, " (%s)", s->code);
}

void
policy_planned_sms(
    const struct inventory *inv, const struct inv_planned *p, struct nh_buf *out)
{
    bool cut = is_power_cut(p);
    char id[32];
    struct nh_buf raw;

    snprintf(id, sizeof(id), "%.31s", p->id);
    nh_buf_init(&raw, 2000);
    nh_buf_printf(&raw, "NHIP: %s ", nh_text_sms(cut ? "sms_power_cut" : "sms_planned"));
    put_work_place(&raw, p);
    put(&raw, " ");
    put_times(&raw, inv, p);
    nh_buf_printf(&raw, ". %s. Ma %s.",
        nh_text_sms(cut ? "says_check_ups" : "says_interruption"), id);
    fit_sms(&raw, id, out);
}

void
policy_planned_text(const struct inventory *inv, const struct inv_planned *p,
    const char *language, struct nh_buf *subject, struct nh_buf *text)
{
    enum nh_lang lang =
        nh_lang_of(language != NULL && *language != '\0' ? language : inv->language);
    const char *about =
        nh_text(lang, is_power_cut(p) ? "planned_power_cut" : "about_planned");
    char at[32], to[32];

    nh_buf_clear(subject);
    nh_buf_clear(text);
    when(inv, p->from_s * 1000, at);
    when(inv, p->to_s * 1000, to);
    nh_buf_printf(subject, "[Nhip] %s: %s, %s", about, p->id, at);
    nh_buf_printf(text, "%s: %s, %s, %s - %s%s%s\n\n", about, p->id, worker(inv, p, lang),
        at, to, p->why != NULL && *p->why != '\0' ? ": " : "",
        p->why != NULL ? p->why : "");
    for (size_t i = 0; i < p->site_count; i++)
        nh_buf_printf(text, "- %s\n", p->sites[i]->name);
    for (size_t i = 0; i < p->link_count; i++) {
        put(text, "- ");
        put_link(text, lang, p->links[i]);
    }
    nh_buf_printf(text, "\n%s.\n",
        nh_text(lang, is_power_cut(p) ? "says_check_ups" : "says_interruption"));
}

/* ---- before a meeting ---- */

static void
put_ready(struct nh_buf *b, const char *pattern, const struct meeting_check *c)
{
    char ready[48];

    snprintf(ready, sizeof(ready), "%zu/%zu", c->count - c->not_ready_count, c->count);
    put_with(b, pattern, ready);
}

void
policy_check_sms(
    const struct inventory *inv, const struct meeting_check *c, struct nh_buf *out)
{
    char at[32], id[32];
    struct nh_buf raw;

    snprintf(id, sizeof(id), "%.31s", c->meeting->id);
    when(inv, c->start_ms, at);
    at[11] = '\0';
    nh_buf_init(&raw, 2000);
    nh_buf_printf(&raw, "NHIP: %s %s: ", nh_text_sms("sms_pre_meeting"), at);
    put_ready(&raw, nh_text_sms("says_ready"), c);
    for (size_t i = 0; i < c->not_ready_count && raw.len < 2 * (size_t)SMS_MAX; i++) {
        const struct inv_site *s = c->not_ready[i];

        nh_buf_printf(&raw, "%s%s", i == 0 ? ". " : ", ",
            i == 0 ? nh_text_sms("says_not_ready") : "");
        nh_buf_printf(&raw, "%s%s", i == 0 ? ": " : "", s->name);
        if (s->code != NULL && *s->code != '\0')
            nh_buf_printf(&raw, " (%s)", s->code);
    }
    nh_buf_printf(&raw, ". Ma %s.", id);
    fit_sms(&raw, id, out);
}

void
policy_check_text(const struct inventory *inv, const struct meeting_check *c,
    const char *language, struct nh_buf *subject, struct nh_buf *text)
{
    enum nh_lang lang =
        nh_lang_of(language != NULL && *language != '\0' ? language : inv->language);
    char at[32];

    nh_buf_clear(subject);
    nh_buf_clear(text);
    when(inv, c->start_ms, at);
    nh_buf_printf(
        subject, "[Nhip] %s: %s, %s", nh_text(lang, "pre_meeting"), c->meeting->id, at);
    nh_buf_printf(text, "%s: %s (%s), %s\n", nh_text(lang, "pre_meeting"), c->meeting->id,
        c->meeting->service->name, at);
    put_ready(text, nh_text(lang, "says_ready"), c);
    put(text, "\n");
    for (size_t i = 0; i < c->not_ready_count; i++)
        nh_buf_printf(
            text, "- %s: %s\n", nh_text(lang, "says_not_ready"), c->not_ready[i]->name);
}
