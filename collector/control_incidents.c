/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_incidents.c - incidents and planned work over the control socket: what there
 * is, and what people do
 */
#include "collector/ack_link.h"
#include "collector/control_model.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/replay_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
language_of(const struct client *cl, const struct control_request *r)
{
    return r->lang[0] != '\0' ? r->lang : cl->ctl->c->inv->language;
}

static void
no_incident(struct client *cl, const struct control_request *r, uint32_t number)
{
    char id[16];

    incident_id(number, id);
    client_not_found(cl, r->id, "incident", id);
}

/* What a failure of the database is told as; it has been logged with its reason. */
static void
failed(struct client *cl, const struct control_request *r, enum nh_err err)
{
    char why[160];

    snprintf(why, sizeof(why),
        "the database does not take it: %s; the collector's log says more",
        nh_strerror(err));
    client_fail(cl, r->id, "failed", why);
}

static void
answer_incident(struct client *cl, const struct control_request *r, uint32_t number)
{
    enum nh_err err = incidents_one_json(judging_db(cl->ctl->c->judging), number,
        language_of(cl, r), client_begin(cl, r->id));

    if (err == NH_OK)
        client_end(cl);
    else if (err == NH_ENOTFOUND)
        no_incident(cl, r, number);
    else
        failed(cl, r, err);
}

static void
do_list(struct client *cl, const struct control_request *r)
{
    struct nh_buf *out = client_begin(cl, r->id);
    int64_t to_ms = r->to != 0 ? r->to * 1000 : INT64_MAX;
    enum nh_err err;

    nh_buf_printf(out, "{\"incidents\":");
    err = incidents_list_json(judging_db(cl->ctl->c->judging), r->from * 1000, to_ms,
        r->open != 0, language_of(cl, r), out);
    if (err != NH_OK) {
        failed(cl, r, err);
        return;
    }
    nh_buf_printf(out, "}");
    client_end(cl);
}

static void
do_act(struct client *cl, const struct control_request *r)
{
    enum action action = ACTION_NOTE;
    enum nh_err err = NH_EINVAL;

    if (incidents_action_of(r->action, &action))
        err = judging_act(
            cl->ctl->c->judging, (uint32_t)r->number, action, r->who, r->way, r->text);
    if (err == NH_OK)
        answer_incident(cl, r, (uint32_t)r->number);
    else if (err == NH_ENOTFOUND)
        no_incident(cl, r, (uint32_t)r->number);
    else if (err == NH_EINVAL && action == ACTION_OVERRIDE)
        client_fail(cl, r->id, "bad_request",
            "'text' is a cause and a reason, such as \"power: the meter is off\"; causes "
            "are power, site_lan, last_mile, carrier_node, carrier_core, data_centre, "
            "service, congestion, monitoring, planned and unknown");
    else if (err == NH_EINVAL)
        client_fail(
            cl, r->id, "bad_request", "'text' is missing: say it in up to 2,000 bytes");
    else
        failed(cl, r, err);
}

static void
do_ack_link(struct client *cl, const struct control_request *r)
{
    struct judging *j = cl->ctl->c->judging;
    char contact[NH_SITE_ID_MAX];
    uint32_t number = 0;
    struct nh_buf *out;
    enum nh_err err = ack_token_check(
        judging_secret(j), r->token, nh_clock_wall_ms() / 1000, &number, contact);

    if (err == NH_ETIMEOUT) {
        client_fail(cl, r->id, "expired", "the time of this link is over");
        return;
    }
    if (err != NH_OK) {
        client_fail(cl, r->id, "denied", "this is no link of ours");
        return;
    }
    if (r->confirm != 0) {
        err = judging_act(j, number, ACTION_ACK, contact, "link", "");
        if (err != NH_OK && err != NH_ENOTFOUND) {
            failed(cl, r, err);
            return;
        }
    }
    out = client_begin(cl, r->id);
    nh_buf_printf(out, "{\"contact\":");
    nh_json_string(out, contact);
    nh_buf_printf(
        out, ",\"acknowledged\":%s,\"incident\":", r->confirm != 0 ? "true" : "false");
    err = incidents_one_json(judging_db(j), number, language_of(cl, r), out);
    if (err == NH_ENOTFOUND)
        no_incident(cl, r, number);
    else if (err != NH_OK)
        failed(cl, r, err);
    else {
        nh_buf_printf(out, "}");
        client_end(cl);
    }
}

/* "OK 412" from the number of a contact. */
static void
do_sms_in(struct client *cl, const struct control_request *r)
{
    const struct inventory *inv = cl->ctl->c->inv;
    const struct inv_contact *who = NULL;
    struct nh_buf *out;
    uint32_t number;
    enum nh_err err;

    for (size_t i = 0; i < inv->contact_count && who == NULL; i++)
        if (inv->contacts[i].sms != NULL &&
            ack_same_number(inv->contacts[i].sms, r->number_from))
            who = &inv->contacts[i];
    if (who == NULL) {
        nh_log_limited(NH_LOG_NOTICE,
            "control: a text message from %s, no contact's number, was not taken",
            r->number_from);
        client_fail(cl, r->id, "denied", "this is no number of a contact");
        return;
    }
    if (!ack_reply_read(r->text, &number)) {
        client_fail(cl, r->id, "denied", "a reply is such as \"OK 412\"");
        return;
    }
    err = judging_act(cl->ctl->c->judging, number, ACTION_ACK, who->id, "sms", "");
    if (err == NH_ENOTFOUND)
        no_incident(cl, r, number);
    else if (err != NH_OK)
        failed(cl, r, err);
    else {
        out = client_begin(cl, r->id);
        nh_buf_printf(out, "{\"number\":%lu,\"contact\":", (unsigned long)number);
        nh_json_string(out, who->id);
        nh_buf_printf(out, "}");
        client_end(cl);
    }
}

void
client_incidents(struct client *cl, const struct control_request *r)
{
    if (cl->ctl->c->judging == NULL)
        client_fail(cl, r->id, "busy", "the collector is starting: ask again");
    else if (r->what == CONTROL_INCIDENTS)
        do_list(cl, r);
    else if (r->what == CONTROL_INCIDENT)
        answer_incident(cl, r, (uint32_t)r->number);
    else if (r->what == CONTROL_INCIDENT_ACT)
        do_act(cl, r);
    else if (r->what == CONTROL_ACK_LINK)
        do_ack_link(cl, r);
    else
        do_sms_in(cl, r);
}

/* ---- planned work ---- */

static void
put_ids(struct nh_buf *out, const char *key, size_t count,
    const char *(*id)(const struct inv_planned *p, size_t i), const struct inv_planned *p)
{
    nh_buf_printf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        nh_buf_printf(out, "%s", i > 0 ? "," : "");
        nh_json_string(out, id(p, i));
    }
    nh_buf_printf(out, "]");
}

static const char *
site_id(const struct inv_planned *p, size_t i)
{
    return p->sites[i]->id;
}

static const char *
link_id(const struct inv_planned *p, size_t i)
{
    return p->links[i]->id;
}

static void
answer_planned(struct client *cl, const struct control_request *r)
{
    const struct inventory *inv = cl->ctl->c->inv;
    struct nh_buf *out = client_begin(cl, r->id);
    int64_t now_s = nh_clock_wall_ms() / 1000;
    const char *comma = "";

    nh_buf_printf(out, "{\"planned\":[");
    for (size_t i = 0; i < inv->planned_count; i++) {
        const struct inv_planned *p = &inv->planned[i];
        char party[NH_SITE_ID_MAX + 16];

        if (p->to_s <= p->from_s)
            continue; /* taken back before it began */
        snprintf(party, sizeof(party), "%s%s",
            p->who[0] != '\0' ? "carrier:" : "province", p->who);
        nh_buf_printf(out, "%s{\"id\":", comma);
        comma = ",";
        nh_json_string(out, p->id);
        nh_buf_printf(out, ",\"from\":%lld,\"to\":%lld,\"party\":", (long long)p->from_s,
            (long long)p->to_s);
        nh_json_string(out, party);
        nh_buf_printf(out, ",\"why\":");
        nh_json_string(out, p->why);
        put_ids(out, "sites", p->site_count, site_id, p);
        put_ids(out, "links", p->link_count, link_id, p);
        nh_buf_printf(out, ",\"source\":\"%s\",\"now\":%s}",
            p->added ? "added" : "inventory",
            p->from_s <= now_s && now_s < p->to_s ? "true" : "false");
    }
    nh_buf_printf(out, "]}");
    client_end(cl);
}

/* `party` is a carrier's id, with or without "carrier:"; "province" or none: ours. */
static const char *
carrier_of(const char *party)
{
    if (strncmp(party, "carrier:", 8) == 0)
        return party + 8;
    return strcmp(party, "province") == 0 ? "" : party;
}

static void
do_plan(struct client *cl, const struct control_request *r)
{
    struct planned_row row = { .links = (char *)(uintptr_t)r->links,
        .sites = (char *)(uintptr_t)r->sites,
        .why = (char *)(uintptr_t)r->why,
        .from_s = r->from,
        .to_s = r->to };
    char unknown[NH_CHECK_ID_MAX], why[256];
    enum nh_err err;

    snprintf(row.id, sizeof(row.id), "%s", r->planned);
    snprintf(row.who, sizeof(row.who), "%s", carrier_of(r->party));
    err = judging_plan(cl->ctl->c->judging, &row, r->who, r->way, unknown);
    if (err == NH_OK) {
        answer_planned(cl, r);
    } else if (err == NH_ENOTFOUND) {
        client_not_found(cl, r->id, "site, link or carrier", unknown);
    } else if (err == NH_EEXIST) {
        snprintf(why, sizeof(why), "there is planned work '%s' already", r->planned);
        client_fail(cl, r->id, "bad_request", why);
    } else if (err == NH_EINVAL) {
        client_fail(cl, r->id, "bad_request",
            "planned work has an id of letters, digits and '-', names 'sites' or "
            "'links', "
            "and ends after it begins");
    } else {
        failed(cl, r, err);
    }
}

static void
do_plan_end(struct client *cl, const struct control_request *r)
{
    enum nh_err err = judging_plan_end(cl->ctl->c->judging, r->planned, r->who, r->way);

    if (err == NH_OK)
        answer_planned(cl, r);
    else if (err == NH_ENOTFOUND)
        client_not_found(cl, r->id, "planned work", r->planned);
    else if (err == NH_EAUTH)
        client_fail(cl, r->id, "denied",
            "it stands in the configuration: change the file and reload");
    else
        failed(cl, r, err);
}

void
client_planned(struct client *cl, const struct control_request *r)
{
    if (cl->ctl->c->judging == NULL)
        client_fail(cl, r->id, "busy", "the collector is starting: ask again");
    else if (r->what == CONTROL_PLANNED_ADD)
        do_plan(cl, r);
    else if (r->what == CONTROL_PLANNED_END)
        do_plan_end(cl, r);
    else
        answer_planned(cl, r);
}
