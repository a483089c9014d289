/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_stream.c - following and tailing
 *
 * A follower first gets every document, in portions as fast as it reads; then "ready";
 * then once a second those that changed. A document is made once and sent to all that
 * have had it before; whoever is still at its first ones gets the change with them. The
 * pump is a timer that runs while somebody is not ready.
 */
#include "collector/control_model.h"
#include "collector/documents.h"
#include "libnhip/clock.h"
#include "libnhip/replay_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PUMP_MS = 20,
    OVERVIEW_EVERY_MS = 10000,
    PORTION = 64,
    SHOWN_MS = 24 * 3600000, /* incidents are followed for a day after their end */
    GONE_EVERY_MS = 60000
};

/* {"id":1,"doc":"site","is":DOC} with the document that lies in ctl->doc. */
static void
send_doc(struct client *cl, const struct follow *f, const char *kind)
{
    struct control *ctl = cl->ctl;

    nh_buf_clear(&ctl->out);
    nh_buf_printf(&ctl->out, "{\"id\":%s,\"doc\":\"%s\",\"is\":", f->id, kind);
    nh_buf_put(&ctl->out, ctl->doc.data, ctl->doc.len);
    nh_buf_printf(&ctl->out, "}");
    client_send(cl, &ctl->out);
}

static void
make_overview(struct control *ctl, int64_t now_ms)
{
    nh_buf_clear(&ctl->doc);
    document_overview(ctl->c, now_ms, &ctl->doc);
}

static void
make_site(struct control *ctl, size_t i)
{
    nh_buf_clear(&ctl->doc);
    document_site(ctl->c, &ctl->c->judge->sites[i], &ctl->doc);
}

static void
make_service(struct control *ctl, size_t i)
{
    nh_buf_clear(&ctl->doc);
    document_service(&ctl->c->judge->services[i], &ctl->doc);
}

/* {"id":1,"gone":"incident","key":"412"} to all that have had the first ones. */
static void
incident_gone(struct control *ctl, uint32_t number)
{
    for (struct client *cl = ctl->clients; cl != NULL; cl = cl->next)
        for (struct follow *f = cl->follows; f != NULL; f = f->next) {
            if (!f->incidents_sent)
                continue;
            nh_buf_clear(&ctl->out);
            nh_buf_printf(&ctl->out, "{\"id\":%s,\"gone\":\"incident\",\"key\":\"%lu\"}",
                f->id, (unsigned long)number);
            client_send(cl, &ctl->out);
        }
}

static bool
make_incident(struct control *ctl, uint32_t number)
{
    nh_buf_clear(&ctl->doc);
    return incidents_brief_json(judging_db(ctl->c->judging), number,
               ctl->c->inv->language, &ctl->doc) == NH_OK;
}

static void
follow_incidents(struct client *cl, struct follow *f)
{
    struct control *ctl = cl->ctl;
    int64_t now_ms = nh_clock_wall_ms();
    uint32_t *numbers;
    size_t count;

    if (f->incidents_sent || ctl->c->judging == NULL)
        return;
    f->incidents_sent = true;
    if (incidents_numbers(judging_db(ctl->c->judging), true, now_ms - SHOWN_MS, INT64_MAX,
            &numbers, &count) != NH_OK)
        return; /* has been logged */
    for (size_t i = 0; i < count; i++)
        if (make_incident(ctl, numbers[i]))
            send_doc(cl, f, "incident");
    free(numbers);
}

/* One portion of the first documents. */
static void
follow_more(struct client *cl, struct follow *f)
{
    const struct judge *j = cl->ctl->c->judge;
    int left = PORTION;

    if (!f->overview_sent) {
        make_overview(cl->ctl, nh_clock_wall_ms());
        send_doc(cl, f, "overview");
        f->overview_sent = true;
    }
    for (; left > 0 && f->sites_sent < j->site_count; left--) {
        make_site(cl->ctl, f->sites_sent++);
        send_doc(cl, f, "site");
    }
    for (; left > 0 && f->services_sent < j->service_count; left--) {
        make_service(cl->ctl, f->services_sent++);
        send_doc(cl, f, "service");
    }
    if (f->sites_sent < j->site_count || f->services_sent < j->service_count)
        return;
    follow_incidents(cl, f);
    if (!f->ready) {
        f->ready = true;
        nh_buf_clear(&cl->ctl->out);
        nh_buf_printf(&cl->ctl->out, "{\"id\":%s,\"ready\":true}", f->id);
        client_send(cl, &cl->ctl->out);
    }
}

static bool
is_whole(const struct follow *f, const struct judge *j)
{
    return f->ready && f->sites_sent >= j->site_count &&
           f->services_sent >= j->service_count;
}

static bool
pump_client(struct client *cl)
{
    bool more = client_exports_pump(cl);

    for (struct follow *f = cl->follows; f != NULL && !cl->closed; f = f->next) {
        if (is_whole(f, cl->ctl->c->judge))
            continue;
        if (nh_channel_waiting(cl->channel) < CLIENT_BUSY_BYTES)
            follow_more(cl, f);
        more = more || !is_whole(f, cl->ctl->c->judge);
    }
    return more;
}

void
control_pump(void *arg)
{
    struct control *ctl = arg;
    struct client *cl, *next;
    bool more = false;

    for (cl = ctl->clients; cl != NULL; cl = next) {
        next = cl->next;
        if (cl->closed)
            client_free(cl);
        else
            more = pump_client(cl) || more;
    }
    if (more)
        nh_timer_after(ctl->pump, PUMP_MS);
}

void
client_follow(struct client *cl, const struct control_request *r)
{
    struct follow *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        client_fail(cl, r->id, "failed", "out of memory");
        return;
    }
    snprintf(f->id, sizeof(f->id), "%s", r->id);
    f->next = cl->follows;
    cl->follows = f;
    cl->ctl->follow_count++;
    nh_timer_after(cl->ctl->pump, 0);
}

/* ---- changes ---- */

enum doc_kind { DOC_OVERVIEW, DOC_SITE, DOC_SERVICE, DOC_INCIDENT };
static const char *const doc_names[] = { "overview", "site", "service", "incident" };

static bool
had_before(const struct follow *f, enum doc_kind kind, size_t i)
{
    if (kind == DOC_OVERVIEW)
        return f->overview_sent;
    if (kind == DOC_INCIDENT)
        return f->incidents_sent;
    return kind == DOC_SITE ? i < f->sites_sent : i < f->services_sent;
}

static void
send_to_all(struct control *ctl, enum doc_kind kind, size_t i)
{
    for (struct client *cl = ctl->clients; cl != NULL; cl = cl->next)
        for (struct follow *f = cl->follows; f != NULL; f = f->next)
            if (had_before(f, kind, i))
                send_doc(cl, f, doc_names[kind]);
}

static void
incidents_tick(struct control *ctl, int64_t now_ms)
{
    size_t count, gone = 0;
    const uint32_t *changed = judging_changed(ctl->c->judging, &count);
    uint32_t *numbers = NULL;

    if (ctl->follow_count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (!make_incident(ctl, changed[i]))
            continue;
        if (incidents_is_merged(judging_db(ctl->c->judging), changed[i]))
            incident_gone(ctl, changed[i]);
        else
            send_to_all(ctl, DOC_INCIDENT, 0);
    }
    if (now_ms - ctl->gone_ms < GONE_EVERY_MS || ctl->c->judging == NULL)
        return;
    if (ctl->gone_ms != 0 &&
        incidents_numbers(judging_db(ctl->c->judging), false, ctl->gone_ms - SHOWN_MS,
            now_ms - SHOWN_MS, &numbers, &gone) == NH_OK)
        for (size_t i = 0; i < gone; i++)
            incident_gone(ctl, numbers[i]);
    free(numbers);
    ctl->gone_ms = now_ms;
}

void
control_tick(struct control *ctl, int64_t now_ms)
{
    struct judge *j = ctl->c->judge;

    control_tests_tick(ctl);
    incidents_tick(ctl, now_ms);
    if (ctl->follow_count > 0 &&
        (j->changed || now_ms - ctl->overview_ms >= OVERVIEW_EVERY_MS)) {
        ctl->overview_ms = now_ms;
        make_overview(ctl, now_ms);
        send_to_all(ctl, DOC_OVERVIEW, 0);
        j->changed = false;
    }
    for (size_t i = 0; i < j->site_count; i++) {
        if (!j->sites[i].dirty)
            continue;
        j->sites[i].dirty = false;
        if (ctl->follow_count == 0)
            continue;
        make_site(ctl, i);
        send_to_all(ctl, DOC_SITE, i);
    }
    for (size_t i = 0; i < j->service_count; i++) {
        if (!j->services[i].dirty)
            continue;
        j->services[i].dirty = false;
        if (ctl->follow_count == 0)
            continue;
        make_service(ctl, i);
        send_to_all(ctl, DOC_SERVICE, i);
    }
}

static void
send_gone(struct control *ctl, const char *kind, const char *key)
{
    for (struct client *cl = ctl->clients; cl != NULL; cl = cl->next)
        for (struct follow *f = cl->follows; f != NULL; f = f->next) {
            nh_buf_clear(&ctl->out);
            nh_buf_printf(&ctl->out, "{\"id\":%s,\"gone\":\"%s\",\"key\":", f->id, kind);
            nh_json_string(&ctl->out, key);
            nh_buf_printf(&ctl->out, "}");
            client_send(cl, &ctl->out);
        }
}

void
control_reloaded(struct control *ctl, const struct inventory *before)
{
    const struct judge *j = ctl->c->judge;

    for (size_t i = 0; i < before->site_count; i++)
        if (judge_site_find(j, before->sites[i].id) == NULL)
            send_gone(ctl, "site", before->sites[i].id);
    for (size_t i = 0; i < before->service_count; i++)
        if (judge_service_find(j, before->services[i].id) == NULL)
            send_gone(ctl, "service", before->services[i].id);
    for (struct client *cl = ctl->clients; cl != NULL; cl = cl->next)
        for (struct follow *f = cl->follows; f != NULL; f = f->next) {
            f->overview_sent = false;
            f->sites_sent = f->services_sent = 0;
        }
    nh_timer_after(ctl->pump, 0);
}

/* ---- tail ---- */

void
client_tail(struct client *cl, const struct control_request *r)
{
    struct tail *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        client_fail(cl, r->id, "failed", "out of memory");
        return;
    }
    snprintf(t->id, sizeof(t->id), "%s", r->id);
    snprintf(t->site, sizeof(t->site), "%s", r->site);
    t->next = cl->tails;
    cl->tails = t;
    cl->ctl->tail_count++;
}

bool
control_has_tails(const struct control *ctl)
{
    return ctl != NULL && ctl->tail_count > 0;
}

/* SITE/..., or service/NAME/SITE; an event's object is SITE itself or SITE/... */
static bool
is_of_site(const char *site, const char *what)
{
    size_t n = strlen(site);
    const char *last = strrchr(what, '/');

    if (strncmp(what, site, n) == 0 && (what[n] == '/' || what[n] == '\0'))
        return true;
    return strncmp(what, "service/", 8) == 0 && last != NULL &&
           strcmp(last + 1, site) == 0;
}

/* The line lies in ctl->doc, `what` is its check or object. */
static void
send_line(struct control *ctl, const char *what)
{
    for (struct client *cl = ctl->clients; cl != NULL; cl = cl->next)
        for (struct tail *t = cl->tails; t != NULL; t = t->next) {
            if (t->site[0] != '\0' && !is_of_site(t->site, what))
                continue;
            nh_buf_clear(&ctl->out);
            nh_buf_printf(&ctl->out, "{\"id\":%s,\"line\":", t->id);
            nh_buf_put(&ctl->out, ctl->doc.data, ctl->doc.len);
            nh_buf_printf(&ctl->out, "}");
            client_send(cl, &ctl->out);
        }
}

void
control_tail_reading(struct control *ctl, const struct nh_check *check,
    const struct nh_origin *origin, const struct nh_reading *r, const char *boot)
{
    nh_buf_clear(&ctl->doc);
    nh_replay_reading(&ctl->doc, check, origin, r, boot);
    send_line(ctl, check->id);
}

void
control_tail_event(
    struct control *ctl, const struct nh_origin *origin, const struct nh_event *event)
{
    nh_buf_clear(&ctl->doc);
    nh_replay_event(&ctl->doc, origin, event, NULL);
    send_line(ctl, event->object);
}

void
client_streams_fini(struct client *cl)
{
    struct follow *f;
    struct tail *t;

    while ((f = cl->follows) != NULL) {
        cl->follows = f->next;
        cl->ctl->follow_count--;
        free(f);
    }
    while ((t = cl->tails) != NULL) {
        cl->tails = t->next;
        cl->ctl->tail_count--;
        free(t);
    }
    client_exports_fini(cl);
}
