/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_test.c - tests on demand: a client's wish as a TASK, RESULTs back to the client
 *
 * The client names a site, a link and a kind; the check that the agent is to use is found
 * here, among those that the agent has been assigned. A test lives until the agent's last
 * RESULT, its session's end or its deadline and a while, and is cancelled when its client
 * goes away. What an agent says is JSON from outside: it is read and written anew.
 *
 * What an agent has learnt of a device is asked for in the same way; its parts become one
 * document here, and where they do not come the document says why.
 */
#include "collector/control_model.h"
#include "collector/documents.h"
#include "libnhip/clock.h"
#include "libnhip/session.h"
#include "libnhip/snmp_document.h"
#include "libnhip/snmp_polled.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TESTS_MAX = 64,
    TESTS_A_SITE = 2, /* as many as an agent takes */
    DEADLINE_MS = 60000,
    WANTED_MAX = 160, /* of an id; one that long is found nowhere */
    GRACE_MS = 5000,  /* for a deadline's own RESULT to come over a thin line */
};

struct test {
    struct test *next;
    struct client *client; /* borrowed: it takes its tests with it */
    uint64_t number;
    char id[CONTROL_ID_MAX], site[NH_SITE_ID_MAX];
    int64_t until_ms;
    char device[NH_CHECK_ID_MAX]; /* OWNER/ID, "" for a test */
    json_t *learnt;               /* of a device, so far; owned */
};

/* ---- which check ---- */

struct choice {
    const char *sensor;         /* that is wanted, NULL: any */
    char wanted[2][WANTED_MAX]; /* ids, the better one first; "": the first of all */
    char found[2][NH_CHECK_ID_MAX];
};

static void
choose(void *arg, const struct nh_assignment *a)
{
    struct choice *c = arg;

    if (c->sensor != NULL && strcmp(a->sensor, c->sensor) != 0)
        return;
    for (int i = 0; i < 2; i++)
        if (c->found[i][0] == '\0' &&
            (strcmp(c->wanted[i], a->check) == 0 ||
                (c->wanted[i][0] == '\0' && strcmp(a->kind, "service") == 0)))
            memcpy(c->found[i], a->check, sizeof(c->found[i]));
}

/* A check over the link: its path, else its gateway. "": it has neither. */
static void
check_of_link(const struct collector *c, const struct inv_site *site,
    const struct control_request *r, char out[NH_CHECK_ID_MAX])
{
    struct choice choice = { .sensor = "icmp" };

    snprintf(choice.wanted[0], WANTED_MAX, "%s/%s/path", r->site, r->link);
    snprintf(choice.wanted[1], WANTED_MAX, "%s/%s/gateway", r->site, r->link);
    inventory_assign(c->inv, site, choose, &choice);
    memcpy(out, choice.found[choice.found[0][0] == '\0'], NH_CHECK_ID_MAX);
}

static void
check_of_service(const struct collector *c, const struct inv_site *site,
    const struct control_request *r, char out[NH_CHECK_ID_MAX])
{
    struct choice choice = { .sensor = strcmp(r->test, "dns") == 0 ? "dns" : NULL };

    if (r->service[0] != '\0')
        for (int i = 0; i < 2; i++)
            snprintf(choice.wanted[i], WANTED_MAX, "service/%s/%s", r->service, r->site);
    inventory_assign(c->inv, site, choose, &choice);
    memcpy(out, choice.found[0], NH_CHECK_ID_MAX);
}

static bool
has_link(const struct inv_site *site, const char *name)
{
    for (size_t i = 0; i < site->link_count; i++)
        if (strcmp(site->links[i].name, name) == 0)
            return true;
    return false;
}

/* The TASK's parameters. false: `code` and `why` say what is wrong with the wish. */
static bool
make_params(const struct collector *c, const struct control_request *r,
    char params[NH_PARAM_MAX], const char **code, char why[256])
{
    const struct inv_site *site = inventory_site(c->inv, r->site);
    bool of_service = strcmp(r->test, "service") == 0 || strcmp(r->test, "dns") == 0;
    char check[NH_CHECK_ID_MAX], via[NH_CHECK_ID_MAX] = "";
    size_t used;

    *code = "not_found";
    if (site == NULL || !site->agent) {
        snprintf(why, 256, "there is no site with an agent '%s'", r->site);
        return false;
    }
    if (r->link[0] != '\0' && !has_link(site, r->link)) {
        snprintf(why, 256, "there is no link '%s' at %s", r->link, r->site);
        return false;
    }
    if (r->link[0] != '\0')
        check_of_link(c, site, r, via);
    if (!of_service && via[0] == '\0') {
        *code = "bad_request";
        snprintf(why, 256,
            r->link[0] == '\0'
                ? "'link' is missing: this test goes over one"
                : "the link has neither a reflector nor a gateway to measure to");
        return false;
    }
    memcpy(check, via, sizeof(check));
    if (of_service)
        check_of_service(c, site, r, check);
    if (check[0] == '\0') {
        snprintf(why, 256, "%s does not test a service %s%s", r->site,
            strcmp(r->test, "dns") == 0 ? "of kind dns " : "", r->service);
        return false;
    }
    snprintf(params, NH_PARAM_MAX, "check=%s\n", check);
    used = strlen(params);
    if (of_service && via[0] != '\0')
        snprintf(params + used, NH_PARAM_MAX - used, "via=%s\n", via);
    else if (r->count != 0)
        snprintf(params + used, NH_PARAM_MAX - used, "count=%lld\n", (long long)r->count);
    return true;
}

/* ---- asking ---- */

static bool
send_task(struct control *ctl, const struct test *t, bool cancel, const char *kind,
    const char *params)
{
    struct nh_msg msg = { .type = NH_TASK };

    msg.u.task.task = t->number;
    msg.u.task.cancel = cancel;
    msg.u.task.deadline_ms = DEADLINE_MS;
    snprintf(msg.u.task.kind, sizeof(msg.u.task.kind), "%s", kind);
    snprintf(msg.u.task.params, sizeof(msg.u.task.params), "%s", params);
    return intake_send(ctl->c->intake, t->site, &msg);
}

static bool
are_too_many(const struct control *ctl, const char *site)
{
    size_t all = 0, here = 0;

    for (const struct test *t = ctl->tests; t != NULL; t = t->next) {
        all++;
        here += strcmp(t->site, site) == 0;
    }
    return all >= TESTS_MAX || here >= TESTS_A_SITE;
}

/* NULL: `code` and `why` say why it did not begin. */
static struct test *
begin(struct client *cl, const struct control_request *r, const char *site,
    const char *kind, const char *params, const char **code, char why[256])
{
    struct control *ctl = cl->ctl;
    struct test *t;

    if (are_too_many(ctl, site)) {
        *code = "busy";
        snprintf(why, 256,
            "other tests run there: ask again when they have ended, within a minute");
        return NULL;
    }
    t = calloc(1, sizeof(*t));
    if (t == NULL) {
        *code = "failed";
        snprintf(why, 256, "out of memory");
        return NULL;
    }
    t->client = cl;
    t->number = ++ctl->test_number;
    t->until_ms = nh_clock_mono_ms() + DEADLINE_MS + GRACE_MS;
    snprintf(t->id, sizeof(t->id), "%s", r->id);
    snprintf(t->site, sizeof(t->site), "%s", site);
    if (!send_task(ctl, t, false, kind, params)) {
        *code = "failed";
        snprintf(why, 256,
            "the agent of %s is not connected: 'nhipctl site %s' says since when", site,
            site);
        free(t);
        return NULL;
    }
    t->next = ctl->tests;
    ctl->tests = t;
    return t;
}

void
client_test(struct client *cl, const struct control_request *r)
{
    char params[NH_PARAM_MAX], why[256];
    const char *code;

    if (!make_params(cl->ctl->c, r, params, &code, why) ||
        begin(cl, r, r->site, r->test, params, &code, why) == NULL)
        client_fail(cl, r->id, code, why);
}

/* ---- devices ---- */

static void
answer_device(struct client *cl, const char *id, const char *device, const json_t *learnt,
    const char *why)
{
    struct control *ctl = cl->ctl;

    nh_buf_clear(&ctl->out);
    nh_buf_printf(&ctl->out, "{\"id\":%s,\"ok\":true,\"result\":", id);
    if (!document_device(ctl->c, device, learnt, why, &ctl->out)) {
        client_fail(cl, id, "not_found", "a reload took the device away meanwhile");
        return;
    }
    nh_buf_printf(&ctl->out, "}");
    client_send(cl, &ctl->out);
}

/* From the collector's own rounds; NULL: none has ended yet. */
static json_t *
own_learnt(const struct inv_device *device)
{
    struct nh_snmp_document_place at = { 0 };
    struct nh_snmp_learnt learnt;
    json_t *whole, *piece;

    if (!nh_snmp_polled(device->address, device->snmp->id, &learnt))
        return NULL;
    whole = json_object();
    while ((piece = nh_snmp_document_next(&learnt, &at, SIZE_MAX)) != NULL) {
        nh_snmp_document_join(whole, piece);
        json_decref(piece);
    }
    return whole;
}

static void
ask_agent(struct client *cl, const struct control_request *r, const char *site)
{
    char params[NH_PARAM_MAX], why[256];
    const char *code;
    struct test *t;

    snprintf(params, sizeof(params), "check=%s/snmp\n", r->device);
    t = begin(cl, r, site, "device", params, &code, why);
    if (t == NULL) {
        answer_device(cl, r->id, r->device, NULL,
            strcmp(code, "busy") == 0 ? "why_device_busy" : "why_device_agent_away");
        return;
    }
    snprintf(t->device, sizeof(t->device), "%s", r->device);
    t->learnt = json_object();
}

void
client_device(struct client *cl, const struct control_request *r)
{
    const struct inv_site *site;
    const struct inv_device *device = inventory_device(cl->ctl->c->inv, r->device, &site);
    json_t *learnt;
    char why[256];

    if (device == NULL) {
        snprintf(why, sizeof(why),
            "there is no device '%.100s': it is called SITE/ID, or centre/ID", r->device);
        client_fail(cl, r->id, "not_found", why);
    } else if (device->snmp == NULL) {
        answer_device(cl, r->id, r->device, NULL, "why_device_no_snmp");
    } else if (device->from_agent && !cl->ctl->c->inv->drill) {
        ask_agent(cl, r, site->id);
    } else {
        learnt = own_learnt(device);
        answer_device(
            cl, r->id, r->device, learnt, learnt != NULL ? "" : "why_device_not_asked");
        json_decref(learnt);
    }
}

/* ---- answers ---- */

static void
forget(struct control *ctl, struct test *t)
{
    struct test **at = &ctl->tests;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    json_decref(t->learnt);
    free(t);
}

static void
fail_test(struct control *ctl, struct test *t, const char *why)
{
    if (t->learnt != NULL)
        answer_device(t->client, t->id, t->device, NULL, "why_device_unsaid");
    else
        client_fail(t->client, t->id, "failed", why);
    forget(ctl, t);
}

static void
pass_on(struct control *ctl, const struct test *t, const char *head, const json_t *is)
{
    char *text = json_dumps(is, JSON_COMPACT | JSON_REAL_PRECISION(9));

    if (text == NULL)
        return;
    nh_buf_clear(&ctl->out);
    nh_buf_printf(&ctl->out, "{\"id\":%s,%s:%s}", t->id, head, text);
    client_send(t->client, &ctl->out);
    free(text);
}

static void
end_test(struct control *ctl, struct test *t, uint8_t status, const json_t *is)
{
    const char *words = json_string_value(json_object_get(is, "why"));
    char why[400];

    if (status == NH_TASK_OK && t->learnt != NULL) {
        answer_device(t->client, t->id, t->device, t->learnt,
            json_is_false(json_object_get(is, "whole")) ? "why_device_partly" : "");
        forget(ctl, t);
        return;
    }
    if (status == NH_TASK_OK) {
        pass_on(ctl, t, "\"ok\":true,\"result\"", is);
        forget(ctl, t);
        return;
    }
    snprintf(why, sizeof(why), "the agent of %s %s: %.160s%s", t->site,
        status == NH_TASK_UNSUPPORTED ? "cannot do that"
        : status == NH_TASK_REFUSED   ? "refuses"
                                      : "could not finish",
        words != NULL ? words : "it does not say why",
        status == NH_TASK_REFUSED
            ? "; it takes new assignments within seconds of a reload: ask again then"
        : status == NH_TASK_TIMEOUT
            ? "; the line may be cut or full: look at its page, then ask again"
            : "");
    fail_test(ctl, t, why);
}

static struct test *
find_test(struct control *ctl, const char *site, uint64_t number)
{
    for (struct test *t = ctl->tests; t != NULL; t = t->next)
        if (t->number == number && strcmp(t->site, site) == 0)
            return t;
    return NULL;
}

void
control_test_result(
    struct control *ctl, const char *site, const struct nh_msg_result *result)
{
    struct test *t = ctl == NULL ? NULL : find_test(ctl, site, result->task);
    json_t *is;

    if (t == NULL)
        return; /* cancelled, or given up: nobody waits for it */
    is = json_loads(result->text, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(is) ||
        (!result->last && t->learnt != NULL && !nh_snmp_document_join(t->learnt, is)))
        fail_test(ctl, t, "the agent's answer cannot be read");
    else if (result->last)
        end_test(ctl, t, result->status, is);
    else if (t->learnt == NULL)
        pass_on(ctl, t, "\"part\"", is);
    json_decref(is);
}

void
control_tests_lost(struct control *ctl, const char *site)
{
    struct test *next;
    char why[256];

    if (ctl == NULL)
        return;
    for (struct test *t = ctl->tests; t != NULL; t = next) {
        next = t->next;
        if (strcmp(t->site, site) != 0)
            continue;
        snprintf(why, sizeof(why),
            "the session of %s ended meanwhile: ask again once it is back", site);
        fail_test(ctl, t, why);
    }
}

void
control_tests_tick(struct control *ctl)
{
    int64_t now_ms = nh_clock_mono_ms();
    struct test *next;
    char why[256];

    for (struct test *t = ctl->tests; t != NULL; t = next) {
        next = t->next;
        if (now_ms < t->until_ms)
            continue;
        send_task(ctl, t, true, "", "");
        snprintf(why, sizeof(why),
            "no answer from %s within %d s: its line may be cut or full; "
            "'nhipctl site %s' shows both links",
            t->site, (DEADLINE_MS + GRACE_MS) / 1000, t->site);
        fail_test(ctl, t, why);
    }
}

void
client_tests_fini(struct client *cl)
{
    struct test *next;

    for (struct test *t = cl->ctl->tests; t != NULL; t = next) {
        next = t->next;
        if (t->client != cl)
            continue;
        send_task(cl->ctl, t, true, "", "");
        forget(cl->ctl, t);
    }
}
