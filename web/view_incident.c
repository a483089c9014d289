/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view_incident.c - incidents as people read them
 *
 * The time line is the revisions and what people did, in order of time. A revision says
 * what it changed of the one before, and the reasons that were new with it: why.
 */
#include "web/view_incident.h"
#include "libnhip/clock.h"
#include "libnhip/reading.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    AROUND_S = 1800,       /* of a chart, on each side of what it proves */
    WAITS_LONG_S = 15 * 60 /* for a message: longer than a few tries take */
};

static void
set(json_t *o, const char *key, json_t *value)
{
    json_object_set_new(o, key, value);
}

static const char *
text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static void
set_text(json_t *o, const char *key, const json_t *from, const char *from_key)
{
    const char *s = text_of(from, from_key);

    if (*s != '\0')
        set(o, key, json_string(s));
}

static int64_t
seconds(const json_t *o, const char *key)
{
    return (int64_t)json_number_value(json_object_get(o, key));
}

static int64_t
now_s(void)
{
    return nh_clock_wall_ms() / 1000;
}

static json_t *
taken(struct nh_buf *b)
{
    json_t *s = b->err == NH_OK ? json_stringn((const char *)b->data, b->len) : NULL;

    nh_buf_fini(b);
    return s != NULL ? s : json_null();
}

static json_t *
view_lasting(enum nh_lang lang, int64_t s)
{
    struct nh_buf b;

    nh_buf_init(&b, 128);
    nh_duration(lang, s > 0 ? s : 0, &b);
    return taken(&b);
}

/* The text of PREFIX_word, or the word where there is none: of a newer collector. */
static const char *
word(enum nh_lang lang, const char *prefix, const char *of)
{
    char key[96];

    snprintf(key, sizeof(key), "%s_%s", prefix, of);
    return nh_text_has(key) ? nh_text(lang, key) : of;
}

uint32_t
incident_number(const char *id)
{
    unsigned long long n = 0;
    size_t len;

    if (strncasecmp(id, "sc-", 3) == 0)
        id += 3;
    len = strspn(id, "0123456789");
    if (len > 0 && len <= 10 && id[len] == '\0')
        n = strtoull(id, NULL, 10);
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}

/* ---- one line ---- */

static const json_t *
carrier(const struct web *w, const char *id)
{
    const json_t *all = json_object_get(snapshot_overview(w->snapshot), "carriers");

    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(text_of(json_array_get(all, i), "id"), id) == 0)
            return json_array_get(all, i);
    return NULL;
}

/* A party's name: of the inventory where it is there, else a word. */
static const char *
party_name(const struct web *w, const char *party, enum nh_lang lang)
{
    const char *colon = strchr(party, ':'), *name = "";

    if (colon == NULL)
        return word(lang, "party", *party != '\0' ? party : "unknown");
    if (strncmp(party, "carrier:", 8) == 0)
        name = text_of(carrier(w, colon + 1), "name");
    else
        name = text_of(snapshot_service(w->snapshot, colon + 1), "name");
    return *name != '\0' ? name : colon + 1;
}

static const char *
hotline_of(const struct web *w, const char *party)
{
    return strncmp(party, "carrier:", 8) == 0 ? text_of(carrier(w, party + 8), "hotline")
                                              : "";
}

static bool
is_planned(const json_t *incident)
{
    return strcmp(text_of(incident, "cause"), "planned") == 0;
}

/* Planned work and notes are recorded, and want nobody. */
static bool
is_recorded(const json_t *incident)
{
    return is_planned(incident) || json_is_true(json_object_get(incident, "note"));
}

/* The sign of an incident: a shape for what it does. */
static const char *
sign_of(const json_t *incident)
{
    static const char *const signs[][2] = { { "outage", "down" }, { "service", "down" },
        { "power", "power" }, { "flapping", "flapping" }, { "degraded", "degraded" },
        { "standby_lost", "degraded" } };

    if (!incident_is_open(incident))
        return "up";
    if (is_planned(incident))
        return "maintenance";
    if (is_recorded(incident))
        return "unknown";
    for (size_t i = 0; i < NH_COUNT(signs); i++)
        if (strcmp(signs[i][0], text_of(incident, "kind")) == 0)
            return signs[i][1];
    return "unknown";
}

static json_t *
view_acknowledged(const struct web *w, const json_t *incident)
{
    const json_t *ack = json_object_get(incident, "acknowledged");
    json_t *o;

    if (!json_is_object(ack))
        return NULL;
    o = json_object();
    set_text(o, "who", ack, "who");
    set(o, "at", view_when(w, seconds(ack, "at"), now_s()));
    return o;
}

static void
set_hotline(json_t *o, const char *hotline)
{
    char tel[32];
    size_t n = 0;

    if (*hotline == '\0')
        return;
    for (const char *s = hotline; *s != '\0' && n + 1 < sizeof(tel); s++)
        if ((*s >= '0' && *s <= '9') || (*s == '+' && n == 0))
            tel[n++] = *s;
    tel[n] = '\0';
    set(o, "hotline", json_string(hotline));
    set(o, "tel", json_string(tel));
}

json_t *
view_incident(const struct web *w, const json_t *incident, enum nh_lang lang)
{
    json_t *o = json_object(), *ack = view_acknowledged(w, incident);
    const char *party = text_of(incident, "party");
    bool open = incident_is_open(incident);
    int64_t started = seconds(incident, "started"), closed = seconds(incident, "closed");
    json_int_t sites = (json_int_t)json_array_size(json_object_get(incident, "sites"));

    set_text(o, "id", incident, "incident");
    set_text(o, "title", incident, "title");
    set_text(o, "title", incident, lang == NH_EN ? "title_en" : "title_vi");
    set(o, "sign", json_string(sign_of(incident)));
    set(o, "open", json_boolean(open));
    set(o, "party", json_string(party_name(w, party, lang)));
    set_hotline(o, hotline_of(w, party));
    set(o, "confidence",
        json_string(word(lang, "confidence", text_of(incident, "confidence"))));
    set(o, "cause", json_string(word(lang, "cause", text_of(incident, "cause"))));
    set(o, "kind", json_string(word(lang, "kind", text_of(incident, "kind"))));
    set(o, "since", view_when(w, started, now_s()));
    set(o, "lasted", view_lasting(lang, (open ? now_s() : closed) - started));
    if (!open)
        set(o, "until", view_when(w, closed, now_s()));
    set(o, "sites_n", json_integer(sites));
    set(o, "sites_word", json_string(sites == 1 ? "site" : "sites"));
    if (ack != NULL)
        set(o, "ack", ack);
    set(o, "wanted", json_boolean(open && ack == NULL && !is_recorded(incident)));
    set_text(o, "owner", incident, "owner");
    set_text(o, "ticket", incident, "ticket");
    set_text(o, "estimate", incident, "estimate");
    return o;
}

/* ---- those of a page ---- */

static bool
has(const json_t *list, const char *id)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));

        if (s != NULL && strcmp(s, id) == 0)
            return true;
    }
    return false;
}

bool
incident_covers_site(const json_t *incident, const char *site)
{
    return has(json_object_get(incident, "sites"), site);
}

bool
incident_covers_link(const json_t *incident, const char *link)
{
    return has(json_object_get(incident, "links"), link);
}

bool
incident_covers_service(const json_t *incident, const char *service)
{
    const char *party = text_of(incident, "party");

    return strncmp(party, "service:", 8) == 0 && strcmp(party + 8, service) == 0;
}

/* What is down and has no incident yet: a link shows it at once, its cause takes a while.
 */
static json_int_t
down_now(const struct web *w)
{
    static const char *const kinds[] = { "links", "services" };
    const json_t *count = json_object_get(snapshot_overview(w->snapshot), "count");
    json_int_t n = 0;

    for (size_t i = 0; i < NH_COUNT(kinds); i++)
        n +=
            json_integer_value(json_object_get(json_object_get(count, kinds[i]), "down"));
    return n;
}

void
view_add_incidents(json_t *view, const struct web *w, enum nh_lang lang, size_t most,
    bool (*covers)(const json_t *incident, const char *id), const char *id)
{
    json_t *open = json_array(), *planned = json_array();
    json_int_t more = 0, n = 0;

    for (size_t i = 0; i < snapshot_incidents(w->snapshot); i++) {
        const json_t *incident = snapshot_incident_at(w->snapshot, i);
        bool recorded = is_recorded(incident);
        json_t *list = recorded ? planned : open;

        if (!incident_is_open(incident))
            break; /* those that are over come last */
        if (covers != NULL && !covers(incident, id))
            continue;
        n += !recorded;
        if (json_array_size(list) < most)
            json_array_append_new(list, view_incident(w, incident, lang));
        else
            more++;
    }
    set(view, "incidents", open);
    set(view, "incidents_n", json_integer(n));
    set(view, "planned_work", planned);
    set(view, "more", json_integer(more));
    if (n == 0)
        set(view, "looked_at", json_integer(down_now(w)));
}

/* ---- a list ---- */

static int
compare_changed(const void *a, const void *b)
{
    double x = json_number_value(json_object_get(*(const json_t *const *)a, "changed")),
           y = json_number_value(json_object_get(*(const json_t *const *)b, "changed"));

    return x < y ? 1 : -(x > y);
}

const json_t **
incidents_newest_first(const json_t *list, size_t *count)
{
    const json_t **all = calloc(json_array_size(list) + 1, sizeof(*all));

    *count = 0;
    for (size_t i = 0; all != NULL && i < json_array_size(list); i++) {
        const json_t *incident = json_array_get(list, i);

        if (*text_of(incident, "merged_into") == '\0')
            all[(*count)++] = incident;
    }
    if (*count > 1)
        qsort(all, *count, sizeof(*all), compare_changed);
    return all;
}

/* ---- one alone ---- */

static const json_t *
member(const json_t *site, const char *list, const char *id)
{
    const json_t *all = json_object_get(site, list);

    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(text_of(json_array_get(all, i), "id"), id) == 0)
            return json_array_get(all, i);
    return NULL;
}

static const json_t *
link_of(const json_t *site, const char *id)
{
    return member(site, "links", id);
}

/* Parts of a check's id: "bao-lac/vnpt/far", "service/kho/bao-lac", "bao-lac/power". */
static size_t
split(char *id, char *part[3])
{
    size_t n = 0;

    for (char *s = id; s != NULL && n < 3; n++) {
        part[n] = s;
        s = strchr(s, '/');
        if (s != NULL)
            *s++ = '\0';
    }
    return n;
}

/* The page that shows the readings of a check around a moment; NULL: there is none. */
static json_t *
view_proof(const struct web *w, const char *check, int64_t at_s)
{
    char id[NH_CHECK_ID_MAX], *part[3] = { NULL }, link[NH_CHECK_ID_MAX];
    struct nh_buf b;
    size_t n;

    if (strlen(check) >= sizeof(id))
        return NULL;
    memcpy(id, check, strlen(check) + 1);
    n = split(id, part);
    nh_buf_init(&b, 1024);
    if (n == 3 && strcmp(part[0], "service") == 0) {
        if (snapshot_service(w->snapshot, part[1]) != NULL)
            nh_buf_printf(&b, "/service/%s?site=%s&", part[1], part[2]);
    } else if (n >= 2) {
        const json_t *site = snapshot_site(w->snapshot, part[0]);

        snprintf(link, sizeof(link), "%s/%s", part[0], part[1]);
        if (link_of(site, link) != NULL)
            nh_buf_printf(&b, "/link/%s?", link);
        else if (member(site, "devices", part[1]) != NULL)
            return json_sprintf("/device/%s", link);
        else if (site != NULL)
            return json_sprintf("/site/%s", part[0]);
    }
    if (b.len == 0)
        return NULL;
    if (at_s > 0)
        nh_buf_printf(&b, "from=%lld&to=%lld", (long long)(at_s - AROUND_S),
            (long long)(at_s + AROUND_S));
    return taken(&b);
}

static json_t *
view_reasons(const struct web *w, const json_t *incident)
{
    const json_t *reasons = json_object_get(incident, "reasons");
    const json_t *evidence = json_object_get(incident, "evidence");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(reasons); i++) {
        const json_t *e = json_array_get(evidence, i);
        json_t *proof = view_proof(w, text_of(e, "check"), seconds(e, "at"));
        json_t *o = json_object();

        json_object_set(o, "text", json_array_get(reasons, i));
        if (proof != NULL) {
            set(o, "proof", proof);
            set_text(o, "check", e, "check");
        }
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *
view_doubt(const json_t *incident, enum nh_lang lang)
{
    const json_t *next = json_object_get(incident, "next_likeliest");
    json_t *o;

    if (!json_is_object(next))
        return NULL;
    o = json_object();
    set(o, "cause", json_string(word(lang, "cause", text_of(next, "cause"))));
    set_text(o, "settle", next, "would_settle");
    return o;
}

static json_t *
view_minutes(const json_t *incident, enum nh_lang lang)
{
    static const char *const keys[] = { "down", "degraded", "unknown", "excluded" };
    const json_t *minutes = json_object_get(incident, "minutes");
    json_t *list = json_array();

    for (size_t i = 0; i < NH_COUNT(keys); i++) {
        double v = json_number_value(json_object_get(minutes, keys[i]));

        if (v > 0)
            json_array_append_new(list,
                json_pack("{s:s, s:o}", "label", nh_text(lang, keys[i]), "value",
                    view_number(lang, v, v < 10 ? 1 : 0, nh_text(lang, "min_short"))));
    }
    return list;
}

/* The sites, each with those of its links that are part of it. */
static json_t *
view_places(const struct web *w, const json_t *incident, enum nh_lang lang)
{
    const json_t *sites = json_object_get(incident, "sites");
    const json_t *links = json_object_get(incident, "links");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(sites); i++) {
        const char *id = json_string_value(json_array_get(sites, i));
        const json_t *site = id != NULL ? snapshot_site(w->snapshot, id) : NULL;
        json_t *of, *o;

        if (id == NULL)
            continue;
        o = json_object();
        of = json_array();
        set(o, "name", json_string(id));
        set_text(o, "name", site, "name");
        set(o, "code", json_null());
        set_text(o, "code", site, "code");
        set(o, "id", site != NULL ? json_string(id) : json_null());
        set(o, "state", json_string(state_of(site)));
        set(o, "word", json_string(state_word(state_of(site))));
        for (size_t k = 0; k < json_array_size(links); k++) {
            const char *link_id = json_string_value(json_array_get(links, k));
            const json_t *link = link_id != NULL ? link_of(site, link_id) : NULL;

            if (link != NULL)
                json_array_append_new(of, view_link(w, link, lang));
        }
        set(o, "links", of);
        json_array_append_new(list, o);
    }
    return list;
}

/* ---- its time line ---- */

static void
add_change(
    json_t *list, enum nh_lang lang, const char *label, const char *was, const char *is)
{
    if (strcmp(was, is) != 0)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "label",
                                        nh_text(lang, label), "was", was, "is", is));
}

/* With seconds: a correction may be smaller than a minute. */
static void
exact(const struct web *w, const json_t *o, const char *key, char out[48])
{
    int64_t at = seconds(o, key);
    struct nh_buf b;

    snprintf(out, 48, "–");
    if (at <= 0)
        return;
    nh_buf_init(&b, 64);
    nh_when(at, web_zone(w), true, &b);
    if (b.err == NH_OK && b.len > 5 && b.len < 40)
        snprintf(out, 48, "%.5s:%02d%.*s", (const char *)b.data, (int)(at % 60),
            (int)b.len - 5, (const char *)b.data + 5);
    nh_buf_fini(&b);
}

static void
add_count(json_t *list, enum nh_lang lang, const char *label, const json_t *a,
    const json_t *b, const char *key)
{
    char was[16], is[16];

    snprintf(was, sizeof(was), "%zu", json_array_size(json_object_get(a, key)));
    snprintf(is, sizeof(is), "%zu", json_array_size(json_object_get(b, key)));
    add_change(list, lang, label, was, is);
}

static json_t *
view_changes(const struct web *w, const json_t *was, const json_t *is, enum nh_lang lang)
{
    json_t *list = json_array();
    char a[48], b[48];

    add_change(list, lang, "cause", word(lang, "cause", text_of(was, "cause")),
        word(lang, "cause", text_of(is, "cause")));
    add_change(list, lang, "cause_side", party_name(w, text_of(was, "party"), lang),
        party_name(w, text_of(is, "party"), lang));
    add_change(list, lang, "confidence",
        word(lang, "confidence", text_of(was, "confidence")),
        word(lang, "confidence", text_of(is, "confidence")));
    exact(w, was, "started", a);
    exact(w, is, "started", b);
    add_change(list, lang, "began", a, b);
    exact(w, was, "closed", a);
    exact(w, is, "closed", b);
    add_change(list, lang, "ended", a, b);
    add_count(list, lang, "site_plural", was, is, "sites");
    add_count(list, lang, "link_plural", was, is, "links");
    return list;
}

/* The reasons that came with this revision. */
static json_t *
new_reasons(const json_t *was, const json_t *is)
{
    const json_t *all = json_object_get(is, "reasons"),
                 *before = json_object_get(was, "reasons");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(all); i++) {
        const char *s = json_string_value(json_array_get(all, i));

        if (s != NULL && !has(before, s))
            json_array_append(list, json_array_get(all, i));
    }
    return list;
}

/* What it does not have is null, so that no name of the page around shows through. */
static json_t *
entry(const struct web *w, const json_t *from, const char *what)
{
    json_t *o = json_pack("{s:n, s:n, s:n, s:n}", "who", "text", "error", "tries");

    set(o, "time", json_real(json_number_value(json_object_get(from, "at"))));
    set(o, "at", view_when(w, seconds(from, "at"), now_s()));
    set(o, "what", json_string(what));
    return o;
}

static void
add_revisions(
    json_t *list, const struct web *w, const json_t *incident, enum nh_lang lang)
{
    const json_t *all = json_object_get(incident, "revisions"), *was = NULL;

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *r = json_array_get(all, i), *is = json_object_get(r, "was");
        json_t *o = entry(w, r, word(lang, "change", text_of(r, "change")));

        set_text(o, "text", r, "title");
        if (was != NULL)
            set(o, "changes", view_changes(w, was, is, lang));
        set(o, "why", new_reasons(was, is));
        set(o, "machine", json_true());
        json_array_append_new(list, o);
        was = is;
    }
}

static void
add_actions(json_t *list, const struct web *w, const json_t *incident, enum nh_lang lang)
{
    const json_t *all = json_object_get(incident, "actions");

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *a = json_array_get(all, i);
        json_t *o = entry(w, a, word(lang, "did", text_of(a, "action")));

        set_text(o, "who", a, "who");
        set(o, "way", json_string(word(lang, "way", text_of(a, "way"))));
        set_text(o, "text", a, "text");
        json_array_append_new(list, o);
    }
}

static int
compare_entries(const void *a, const void *b)
{
    double x = json_number_value(json_object_get(*(json_t *const *)a, "time"));
    double y = json_number_value(json_object_get(*(json_t *const *)b, "time"));

    if (x != y)
        return x < y ? -1 : 1;
    return (int)(json_integer_value(json_object_get(*(json_t *const *)a, "place")) -
                 json_integer_value(json_object_get(*(json_t *const *)b, "place")));
}

/* In order of time; what is of one moment stays as it came. Takes `list`. */
static json_t *
by_time(json_t *list)
{
    size_t count = json_array_size(list);
    json_t **all = calloc(count + 1, sizeof(json_t *)), *sorted = json_array();

    for (size_t i = 0; all != NULL && i < count; i++) {
        all[i] = json_array_get(list, i);
        set(all[i], "place", json_integer((json_int_t)i));
    }
    if (all != NULL)
        qsort(all, count, sizeof(json_t *), compare_entries);
    for (size_t i = 0; all != NULL && i < count; i++)
        json_array_append(sorted, all[i]);
    free(all);
    json_decref(list);
    return sorted;
}

/* ---- who was told ---- */

static json_t *
view_told(const struct web *w, const json_t *incident, enum nh_lang lang)
{
    static const char *const signs[][2] = { { "sent", "up" }, { "failed", "down" },
        { "waiting", "unknown" }, { "sending", "unknown" } };
    const json_t *all = json_object_get(incident, "notifications");
    json_t *list = json_array();

    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *n = json_array_get(all, i);
        json_t *o = entry(w, n, word(lang, "about", text_of(n, "about")));
        const char *state = text_of(n, "state");
        json_int_t tries = json_integer_value(json_object_get(n, "tries"));

        set_text(o, "to", n, "to");
        set(o, "channel", json_string(word(lang, "channel", text_of(n, "channel"))));
        set(o, "word", json_string(word(lang, "message", state)));
        for (size_t k = 0; k < NH_COUNT(signs); k++)
            if (strcmp(signs[k][0], state) == 0)
                set(o, "sign", json_string(signs[k][1]));
        set_text(o, "text", n, "text");
        set_text(o, "error", n, "error");
        set(o, "done", view_when(w, seconds(n, "done"), now_s()));
        set(o, "next", view_when(w, seconds(n, "next"), now_s()));
        if (tries > 1)
            set(o, "tries", json_integer(tries));
        json_array_append_new(list, o);
    }
    return list;
}

json_t *
view_incident_page(const struct web *w, const json_t *incident, enum nh_lang lang)
{
    json_t *o = view_incident(w, incident, lang), *doubt = view_doubt(incident, lang);
    json_t *line = json_array();

    set(o, "reasons", view_reasons(w, incident));
    if (doubt != NULL)
        set(o, "doubt", doubt);
    if (strcmp(text_of(incident, "first_cause"), text_of(incident, "cause")) != 0)
        set(o, "first_cause",
            json_string(word(lang, "cause", text_of(incident, "first_cause"))));
    if (!incident_is_open(incident)) /* until then they stand as at its last change */
        set(o, "minutes", view_minutes(incident, lang));
    set(o, "watched",
        json_boolean(!incident_is_open(incident) &&
                     json_is_null(json_object_get(incident, "told_closed"))));
    set(o, "places", view_places(w, incident, lang));
    set_text(o, "merged", incident, "merged_into");
    add_revisions(line, w, incident, lang);
    add_actions(line, w, incident, lang);
    set(o, "line", by_time(line));
    set(o, "told", view_told(w, incident, lang));
    return o;
}

json_t *
view_messages(const struct web *w)
{
    const json_t *m = json_object_get(snapshot_overview(w->snapshot), "messages");
    json_int_t failed = json_integer_value(json_object_get(m, "failed"));
    int64_t oldest = seconds(m, "oldest");
    bool waits = oldest > 0 && now_s() - oldest > WAITS_LONG_S;
    json_t *o;

    if (failed == 0 && !waits)
        return NULL;
    o = json_object();
    if (failed > 0) {
        set(o, "failed", json_integer(failed));
        set(o, "failed_word",
            json_string(failed == 1 ? "message_failed_one" : "messages_failed"));
    }
    if (waits) {
        json_int_t waiting = json_integer_value(json_object_get(m, "waiting"));

        set(o, "waiting", json_integer(waiting));
        set(o, "waiting_word",
            json_string(waiting == 1 ? "message_wait" : "messages_wait"));
        set(o, "oldest", view_when(w, oldest, now_s()));
    }
    return o;
}
