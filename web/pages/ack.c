/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ack.c - /ack/TOKEN: the link in a message, good for one thing: to acknowledge
 *
 * Looking never acknowledges: scanners of mail follow links, people press the button. The
 * token is all the authority there is, so the form needs no other; the address must not
 * leak and is not kept: no referrer, no store, no index.
 */
#include "web/view_incident.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct visit {
    struct web *w;
    struct request *r;
    enum nh_lang lang;
};

/* The incident of a token that the collector knows: its first part. */
static const json_t *
incident_of(const struct visit *v)
{
    const char *token = request_rest(v->r);
    char number[16];

    snprintf(number, sizeof(number), "%.*s", (int)strspn(token, "0123456789"), token);
    return snapshot_incident(v->w->snapshot, number);
}

static void
answer(struct visit *v, unsigned status, json_t *view)
{
    request_add_header(v->r, "Referrer-Policy", "no-referrer");
    request_add_header(v->r, "X-Robots-Tag", "noindex, nofollow");
    request_set_no_store(v->r);
    web_answer_page(v->w, v->r, status, "ack", v->lang, view);
    free(v);
}

/* Why not, in words, and whom to ring where that is known. */
static void
answer_refused(struct visit *v, const char *code)
{
    static const struct {
        const char *code, *text;
        unsigned status;
    } rows[] = {
        { "expired", "ack_expired", 410 },
        { "denied", "ack_denied", 404 },
        { "not_found", "ack_gone", 404 },
        { "bad_request", "ack_denied", 404 },
    };
    const char *text = "ack_failed";
    const json_t *incident = NULL;
    unsigned status = 503;
    json_t *view = view_page(v->w, v->r, v->lang, nh_text(v->lang, "acknowledge"));

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        if (strcmp(rows[i].code, code) == 0) {
            text = rows[i].text;
            status = rows[i].status;
        }
    if (strcmp(code, "expired") == 0)
        incident = incident_of(v);
    if (view != NULL) {
        json_object_set_new(view, "refused", json_string(nh_text(v->lang, text)));
        json_object_set_new(view, "again", json_boolean(status == 503));
        if (incident != NULL)
            json_object_set_new(view, "incident", view_incident(v->w, incident, v->lang));
    }
    answer(v, status, view);
}

static void
on_link(void *arg, const json_t *result, const char *code)
{
    struct visit *v = arg;
    const json_t *incident = json_object_get(result, "incident");
    json_t *view, *shown;

    if (result == NULL) {
        answer_refused(v, code);
        return;
    }
    shown = view_incident(v->w, incident, v->lang);
    view = view_page(v->w, v->r, v->lang, nh_text(v->lang, "acknowledge"));
    if (view != NULL) {
        json_object_set(view, "incident", shown);
        json_object_set(view, "contact", json_object_get(result, "contact"));
        json_object_set(view, "thanks", json_object_get(result, "acknowledged"));
        json_object_set_new(view, "ask",
            json_boolean(!json_is_true(json_object_get(result, "acknowledged")) &&
                         json_object_get(shown, "ack") == NULL &&
                         incident_is_open(incident)));
    }
    json_decref(shown);
    answer(v, 200, view);
}

static void
ask(struct web *w, struct request *r, int confirm)
{
    enum nh_lang lang = web_language(w, r);
    struct visit *v = calloc(1, sizeof(*v));
    json_t *question = json_pack("{s:s, s:s, s:i, s:s}", "do", "ack_link", "token",
        request_rest(r), "confirm", confirm, "lang", nh_lang_code(lang));

    if (v == NULL) {
        json_decref(question);
        web_refuse(w, r, 503);
        return;
    }
    *v = (struct visit){ w, r, lang };
    if (question == NULL) /* not UTF-8: no token of ours */
        answer_refused(v, "denied");
    else if (snapshot_ask(w->snapshot, question, on_link, v) != NH_OK)
        answer_refused(v, "failed");
}

static void
serve(void *arg, struct request *r)
{
    ask(arg, r, 0);
}

static void
take(void *arg, struct request *r)
{
    ask(arg, r, 1);
}

const struct page page_ack = { "/ack/", true, serve, take };
