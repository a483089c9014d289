/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * incident.c - one incident, and what people do about it
 *
 * The page asks the collector for the whole document; while the collector is away it
 * shows what was last known, without time line and forms. A form says who does what: it
 * is taken when it came from a page of ours (web/csrf.h), handed on, and answered with
 * the way back to the page. What was refused is said in words on the page, with the text
 * that was typed still in its field.
 */
#include "web/csrf.h"
#include "web/view_incident.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHO_MAX_BYTES = 63, TEXT_MAX_BYTES = 2000, WHO_KEPT_S = 365 * 24 * 3600 };

/* A request that waits for the collector. */
struct visit {
    struct web *w;
    struct request *r;
    uint32_t number;
    enum nh_lang lang;
    unsigned status;
    const char *error; /* key of the words that say what was wrong; NULL: nothing */
};

static json_t *
question(const struct visit *v, const char *what)
{
    return json_pack("{s:s, s:I, s:s}", "do", what, "number", (json_int_t)v->number,
        "lang", nh_lang_code(v->lang));
}

static const char *
field(const struct visit *v, const char *name)
{
    const char *s = form_get(request_form(v->r), name);

    return s != NULL ? s : "";
}

/* The name that was given last time, from its cookie. */
static json_t *
who_of(const struct visit *v)
{
    const char *given = form_get(request_form(v->r), "who"),
               *cookie = request_cookie(v->r, "who");
    json_t *name = json_null();
    struct nh_buf b;

    if (given != NULL)
        return json_string(given);
    if (cookie == NULL)
        return name;
    nh_buf_init(&b, 4 * WHO_MAX_BYTES);
    if (url_unescape(cookie, strlen(cookie), false, &b) == NH_OK)
        name = json_string((const char *)b.data);
    nh_buf_fini(&b);
    return name;
}

static json_t *
causes(const struct visit *v)
{
    static const char *const names[] = { "power", "site_lan", "last_mile", "carrier_node",
        "carrier_core", "data_centre", "service", "congestion", "monitoring", "planned",
        "unknown" };
    json_t *list = json_array();
    char key[64];

    for (size_t i = 0; i < NH_COUNT(names); i++) {
        snprintf(key, sizeof(key), "cause_%s", names[i]);
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:b}", "cause", names[i], "text", nh_text(v->lang, key),
                "chosen", strcmp(field(v, "cause"), names[i]) == 0));
    }
    return list;
}

/* What people may do, as forms: fields keep what was typed in vain. */
static void
add_forms(json_t *view, const struct visit *v, const json_t *incident)
{
    static const struct {
        const char *action, *field, *hint;
        bool while_open;
    } rows[] = {
        { "own", "who_owns", "did_own_hint", true },
        { "note", "note", "did_note_hint", false },
        { "ticket", "carrier_ref", "did_ticket_hint", false },
        { "estimate", "repair_by", "did_estimate_hint", true },
        { "override", "because", "did_override_hint", false },
        { "close", "because", "did_close_hint", true },
    };
    bool open = incident_is_open(incident);
    json_t *list = json_array();
    char token[CSRF_TOKEN_MAX], key[32];

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        bool tried = strcmp(field(v, "do"), rows[i].action) == 0;
        bool override = strcmp(rows[i].action, "override") == 0;

        if (rows[i].while_open && !open)
            continue;
        snprintf(key, sizeof(key), "do_%s", rows[i].action);
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:o}", "action",
                rows[i].action, "button", nh_text(v->lang, key), "label",
                nh_text(v->lang, rows[i].field), "hint", nh_text(v->lang, rows[i].hint),
                "text", tried ? field(v, "text") : "", "tried", tried, "long",
                strcmp(rows[i].action, "note") == 0, "must",
                strcmp(rows[i].action, "own") != 0, "has_causes", override, "causes",
                override ? causes(v) : json_null()));
    }
    csrf_token(v->r, token);
    json_object_set_new(view, "token", json_string(token));
    json_object_set_new(view, "me", who_of(v));
    json_object_set_new(view, "forms", list);
    json_object_set_new(view, "may_ack",
        json_boolean(open && !json_is_object(json_object_get(incident, "acknowledged"))));
}

/* Answer with the page of `incident`; `whole`: with time line and forms. Ends the visit.
 */
static void
show(struct visit *v, const json_t *incident, bool whole)
{
    json_t *view = view_page(
        v->w, v->r, v->lang, json_string_value(json_object_get(incident, "incident")));
    char live[16];

    if (view != NULL) {
        snprintf(live, sizeof(live), "%lu", (unsigned long)v->number);
        json_object_set_new(view, "live", json_string(live));
        json_object_set_new(
            view, "incident", view_incident_page(v->w, incident, v->lang));
        json_object_set_new(view, "whole", json_boolean(whole));
        if (whole)
            add_forms(view, v, incident);
        if (v->error != NULL)
            json_object_set_new(view, "error", json_string(nh_text(v->lang, v->error)));
    }
    request_set_no_store(v->r);
    web_answer_page(v->w, v->r, v->status, "incident", v->lang, view);
    free(v);
}

/* The collector does not answer: what was last known, else that it is away. */
static void
show_last_known(struct visit *v)
{
    const json_t *incident;
    char number[16];

    snprintf(number, sizeof(number), "%lu", (unsigned long)v->number);
    incident = snapshot_incident(v->w->snapshot, number);
    if (incident != NULL) {
        show(v, incident, false);
        return;
    }
    web_refuse(v->w, v->r, 503);
    free(v);
}

static void
on_incident(void *arg, const json_t *incident, const char *code)
{
    struct visit *v = arg;

    if (incident != NULL) {
        show(v, incident, true);
    } else if (strcmp(code, "not_found") == 0) {
        web_refuse(v->w, v->r, 404);
        free(v);
    } else {
        show_last_known(v);
    }
}

static void
ask_and_show(struct visit *v)
{
    if (snapshot_ask(v->w->snapshot, question(v, "incident"), on_incident, v) != NH_OK)
        show_last_known(v);
}

static struct visit *
visit_new(struct web *w, struct request *r)
{
    uint32_t number = incident_number(request_rest(r));
    enum nh_lang lang = web_language(w, r);
    struct visit *v = number != 0 ? calloc(1, sizeof(*v)) : NULL;

    if (v == NULL)
        web_refuse(w, r, 404);
    else
        *v = (struct visit){ w, r, number, lang, 200, NULL };
    return v;
}

static void
serve(void *arg, struct request *r)
{
    struct visit *v = visit_new(arg, r);

    if (v != NULL)
        ask_and_show(v);
}

/* ---- what people do ---- */

static void
refuse(struct visit *v, unsigned status, const char *error)
{
    v->status = status;
    v->error = error;
    ask_and_show(v);
}

static void
keep_name(const struct visit *v)
{
    struct nh_buf b;

    nh_buf_init(&b, 512);
    nh_buf_printf(&b, "who=");
    url_escape(field(v, "who"), &b);
    nh_buf_printf(&b, "; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict", WHO_KEPT_S);
    nh_buf_put_u8(&b, 0);
    if (nh_buf_err(&b) == NH_OK)
        request_add_header(v->r, "Set-Cookie", (const char *)b.data);
    nh_buf_fini(&b);
}

static void
on_acted(void *arg, const json_t *incident, const char *code)
{
    struct visit *v = arg;
    char there[64];

    if (incident != NULL) {
        keep_name(v);
        snprintf(there, sizeof(there), "/incident/SC-%04lu", (unsigned long)v->number);
        request_redirect(v->r, there);
        free(v);
    } else if (strcmp(code, "not_found") == 0) {
        web_refuse(v->w, v->r, 404);
        free(v);
    } else if (strcmp(code, "bad_request") == 0) {
        refuse(v, 400, "act_refused");
    } else {
        refuse(v, 503, "act_not_kept");
    }
}

/* NULL: the form is whole; else the key of what is wrong with it. */
static const char *
wrong_with(const struct visit *v)
{
    static const char *const actions[] = { "ack", "own", "note", "ticket", "estimate",
        "override", "close" };
    const char *action = field(v, "do"), *text = field(v, "text");
    size_t i = 0;

    while (i < NH_COUNT(actions) && strcmp(actions[i], action) != 0)
        i++;
    if (i == NH_COUNT(actions))
        return "act_refused";
    if (*field(v, "who") == '\0')
        return "act_who_missing";
    if (strlen(field(v, "who")) > WHO_MAX_BYTES || strchr(field(v, "who"), '\n') != NULL)
        return "act_who_long";
    if (*text == '\0' && strcmp(action, "ack") != 0 && strcmp(action, "own") != 0)
        return "act_text_missing";
    if (strlen(text) + strlen(field(v, "cause")) + 2 > TEXT_MAX_BYTES)
        return "act_text_long";
    return NULL;
}

/* An own cause is said as "power: the meter is off"; who names nobody takes it himself.
 */
static json_t *
act_question(const struct visit *v)
{
    const char *action = field(v, "do"), *text = field(v, "text");
    json_t *o = question(v, "incident_act");

    json_object_set_new(o, "action", json_string(action));
    json_object_set_new(o, "way", json_string("page"));
    json_object_set_new(o, "who", json_string(field(v, "who")));
    if (strcmp(action, "override") == 0)
        json_object_set_new(o, "text", json_sprintf("%s: %s", field(v, "cause"), text));
    else if (strcmp(action, "own") == 0 && *text == '\0')
        json_object_set_new(o, "text", json_string(field(v, "who")));
    else if (*text != '\0')
        json_object_set_new(o, "text", json_string(text));
    return o;
}

static void
take(void *arg, struct request *r)
{
    struct visit *v = visit_new(arg, r);
    const char *wrong;

    if (v == NULL)
        return;
    wrong = csrf_is_ours(r) ? NULL : "act_not_ours";
    if (wrong != NULL)
        refuse(v, 403, wrong);
    else if ((wrong = wrong_with(v)) != NULL)
        refuse(v, 400, wrong);
    else if (snapshot_ask(v->w->snapshot, act_question(v), on_acted, v) != NH_OK)
        refuse(v, 503, "act_not_kept");
}

const struct page page_incident = { "/incident/", true, serve, take };
