/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.c - clients of the control socket and what they are told
 *
 * A connection is a channel of lines. Most requests are answered at once; series and
 * charts when nhip-series has (struct errand); a journal export and the first documents
 * of a follower go out in portions, as fast as the client reads (control_stream.c).
 */
#include "collector/control_model.h"
#include "collector/documents.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include "libnhip/replay_line.h"
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_MAX = 64 << 10, CLIENTS_MAX = 256, ANSWER_MAX = 16 << 20 };

/* ---- answers ---- */

void
client_send(struct client *cl, const struct nh_buf *line)
{
    if (nh_buf_err(line) != NH_OK)
        nh_log_limited(
            NH_LOG_ERROR, "control: an answer does not fit %d bytes", ANSWER_MAX);
    else if (!cl->closed)
        nh_channel_send_text(cl->channel, (const char *)line->data, line->len);
}

void
client_fail(struct client *cl, const char *id, const char *code, const char *error)
{
    struct nh_buf *out = &cl->ctl->out;

    nh_buf_clear(out);
    nh_buf_printf(out, "{\"id\":%s,\"ok\":false,\"code\":\"%s\",\"error\":", id, code);
    nh_json_string(out, error);
    nh_buf_printf(out, "}");
    client_send(cl, out);
}

/* The head of an answer that went well; the result follows, then client_end(). */
struct nh_buf *
client_begin(struct client *cl, const char *id)
{
    struct nh_buf *out = &cl->ctl->out;

    nh_buf_clear(out);
    nh_buf_printf(out, "{\"id\":%s,\"ok\":true,\"result\":", id);
    return out;
}

void
client_end(struct client *cl)
{
    nh_buf_printf(&cl->ctl->out, "}");
    client_send(cl, &cl->ctl->out);
}

void
client_not_found(struct client *cl, const char *id, const char *what, const char *name)
{
    char error[256];

    snprintf(error, sizeof(error), "there is no %s '%s'", what, name);
    client_fail(cl, id, "not_found", error);
}

/* ---- requests ---- */

static void
do_site(struct client *cl, const struct control_request *r)
{
    const struct collector *c = cl->ctl->c;
    const struct judge_site *site = judge_site_find(c->judge, r->site);

    if (site == NULL) {
        client_not_found(cl, r->id, "site", r->site);
        return;
    }
    document_site(c, site, client_begin(cl, r->id));
    client_end(cl);
}

static void
do_sites(struct client *cl, const struct control_request *r)
{
    const struct collector *c = cl->ctl->c;
    struct nh_buf *out = client_begin(cl, r->id);

    nh_buf_printf(out, "{\"sites\":[");
    for (size_t i = 0; i < c->judge->site_count; i++) {
        nh_buf_printf(out, "%s", i > 0 ? "," : "");
        document_site(c, &c->judge->sites[i], out);
    }
    nh_buf_printf(out, "]}");
    client_end(cl);
}

static void
do_services(struct client *cl, const struct control_request *r)
{
    const struct collector *c = cl->ctl->c;
    struct nh_buf *out = client_begin(cl, r->id);

    nh_buf_printf(out, "{\"services\":[");
    for (size_t i = 0; i < c->judge->service_count; i++) {
        nh_buf_printf(out, "%s", i > 0 ? "," : "");
        document_service(&c->judge->services[i], out);
    }
    nh_buf_printf(out, "]}");
    client_end(cl);
}

static bool
has_agent(const struct inventory *inv, const char *site)
{
    const struct inv_site *in = inventory_site(inv, site);

    return in != NULL ? in->agent : inv->drill && strcmp(site, "centre") == 0;
}

static void
do_agent_add(struct client *cl, const struct control_request *r)
{
    struct collector *c = cl->ctl->c;
    const struct key_row *row;
    struct nh_token token = { .port = 0 };
    char line[NH_TOKEN_MAX];
    struct nh_buf *out;
    enum nh_err err;

    if (!has_agent(c->inv, r->site)) {
        client_not_found(cl, r->id, "site with an agent", r->site);
        return;
    }
    token.port = r->port != 0 ? (uint16_t)r->port : intake_port(c->intake);
    snprintf(token.host, sizeof(token.host), "%s", r->host);
    err = keys_invite(c->keys, r->site, nh_clock_wall_ms() / 1000, &row);
    if (err == NH_OK) {
        snprintf(token.identity, sizeof(token.identity), "%s", row->identity);
        memcpy(token.secret, row->key, sizeof(token.secret));
        err = nh_token_format(&token, line);
    }
    if (err != NH_OK) {
        client_fail(
            cl, r->id, err == NH_EINVAL ? "bad_request" : "failed", nh_strerror(err));
    } else {
        nh_log(NH_LOG_NOTICE, "control: a join token for %s was given out", r->site);
        out = client_begin(cl, r->id);
        nh_buf_printf(out, "{\"token\":");
        nh_json_string(out, line);
        nh_buf_printf(out, ",\"expires\":%lld}", (long long)row->expires_s);
        client_end(cl);
        nh_wipe(out->data, out->len);
    }
    nh_wipe(&token, sizeof(token));
    nh_wipe(line, sizeof(line));
}

static void
do_agent_revoke(struct client *cl, const struct control_request *r)
{
    struct collector *c = cl->ctl->c;
    size_t count;
    enum nh_err err = keys_revoke(c->keys, r->site, &count);

    if (err != NH_OK) {
        client_fail(cl, r->id, "failed", nh_strerror(err));
        return;
    }
    if (count == 0) {
        client_not_found(cl, r->id, "key of site", r->site);
        return;
    }
    intake_revoke(c->intake, r->site);
    nh_log(NH_LOG_NOTICE, "control: %zu keys of %s were revoked", count, r->site);
    nh_buf_printf(client_begin(cl, r->id), "{\"revoked\":%zu}", count);
    client_end(cl);
}

/* The connected agent gets a fresh key; the old one ends when that has been used. */
static void
do_agent_rotate(struct client *cl, const struct control_request *r)
{
    enum nh_err err;
    char why[256];

    if (!has_agent(cl->ctl->c->inv, r->site)) {
        client_not_found(cl, r->id, "site with an agent", r->site);
        return;
    }
    err = intake_rotate(cl->ctl->c->intake, r->site);
    if (err == NH_ENOTFOUND) {
        snprintf(why, sizeof(why),
            "the agent of %s is not connected: ask again once it is ('nhipctl site %s'), "
            "or revoke its key now",
            r->site, r->site);
        client_fail(cl, r->id, "failed", why);
        return;
    }
    if (err != NH_OK) {
        client_fail(cl, r->id, "failed", nh_strerror(err));
        return;
    }
    nh_log(NH_LOG_NOTICE, "control: a fresh key was offered to %s", r->site);
    nh_buf_printf(client_begin(cl, r->id), "{\"offered\":true}");
    client_end(cl);
}

static void
do_reload(struct client *cl, const struct control_request *r)
{
    struct collector *c = cl->ctl->c;
    struct nh_conf_problem problem = { "" };
    enum nh_err err = collector_reload(c, &problem);
    struct nh_buf *out;

    if (err != NH_OK) {
        client_fail(cl, r->id, "failed",
            problem.text[0] != '\0' ? problem.text : nh_strerror(err));
        return;
    }
    out = client_begin(cl, r->id);
    nh_buf_printf(out,
        "{\"sites\":%zu,\"services\":%zu,\"carriers\":%zu,\"generation\":%llu}",
        c->inv->site_count, c->inv->service_count, c->inv->carrier_count,
        (unsigned long long)c->generation);
    client_end(cl);
}

/* ---- errands: what nhip-series answers ---- */

static void
on_errand_done(void *arg, const json_t *result, const char *code, const char *error)
{
    struct errand *e = arg;
    struct client *cl = e->client;
    char *text = NULL;

    for (struct errand **at = &cl->errands; *at != NULL; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            break;
        }
    if (result != NULL)
        text = json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(10));
    if (text != NULL) {
        nh_buf_printf(client_begin(cl, e->id), "%s", text);
        client_end(cl);
    } else {
        client_fail(cl, e->id, result != NULL ? "failed" : code,
            result != NULL ? "out of memory" : error);
    }
    free(text);
    free(e);
}

static void
do_errand(struct client *cl, const struct control_request *r, json_t *ask)
{
    struct errand *e = ask == NULL ? NULL : calloc(1, sizeof(*e));

    if (judge_check_find(cl->ctl->c->judge, r->check) == NULL) {
        client_not_found(cl, r->id, "check", r->check);
    } else if (e != NULL) {
        e->client = cl;
        snprintf(e->id, sizeof(e->id), "%s", r->id);
        e->next = cl->errands;
        cl->errands = e;
        series_child_ask(cl->ctl->c->series, ask, on_errand_done, e);
        return;
    } else {
        client_fail(cl, r->id, "failed", "out of memory");
    }
    free(e);
    json_decref(ask);
}

static void
do_series(struct client *cl, const struct control_request *r)
{
    do_errand(cl, r,
        json_pack("{s:s,s:s,s:I,s:I,s:I}", "do", "fetch", "check", r->check, "from",
            (json_int_t)r->from, "to", (json_int_t)r->to, "points",
            (json_int_t)(r->points != 0 ? r->points : 500)));
}

static const char *
chart_of(const struct control_request *r)
{
    const char *kind = strrchr(r->check, '/');

    if (r->chart[0] != '\0')
        return r->chart;
    if (strncmp(r->check, "service/", 8) == 0)
        return "service";
    if (kind != NULL && strcmp(kind, "/port") == 0)
        return "traffic";
    return kind != NULL && strcmp(kind, "/host") == 0 ? "host" : "latency";
}

static void
do_graph(struct client *cl, const struct control_request *r)
{
    do_errand(cl, r,
        json_pack("{s:s,s:s,s:I,s:I,s:s,s:s,s:I,s:I,s:s,s:s}", "do", "graph", "check",
            r->check, "from", (json_int_t)r->from, "to", (json_int_t)r->to, "chart",
            chart_of(r), "format", r->format[0] != '\0' ? r->format : "svg", "width",
            (json_int_t)(r->width != 0 ? r->width : 800), "height",
            (json_int_t)(r->height != 0 ? r->height : 250), "lang",
            r->lang[0] != '\0' ? r->lang : cl->ctl->c->inv->language, "timezone",
            cl->ctl->c->inv->timezone));
}

static void
do_rebuild(struct client *cl, const struct control_request *r)
{
    do_errand(cl, r, json_pack("{s:s,s:s}", "do", "rebuild", "check", r->check));
}

static void
do_tail(struct client *cl, const struct control_request *r)
{
    if (r->site[0] != '\0' && judge_site_find(cl->ctl->c->judge, r->site) == NULL &&
        strcmp(r->site, "centre") != 0)
        client_not_found(cl, r->id, "site", r->site);
    else
        client_tail(cl, r);
}

static void
answer(struct client *cl, const struct control_request *r)
{
    const struct collector *c = cl->ctl->c;

    switch (r->what) {
    case CONTROL_STATUS:
        document_overview(c, nh_clock_wall_ms(), client_begin(cl, r->id));
        client_end(cl);
        break;
    case CONTROL_SITES:
        do_sites(cl, r);
        break;
    case CONTROL_SITE:
        do_site(cl, r);
        break;
    case CONTROL_SERVICES:
        do_services(cl, r);
        break;
    case CONTROL_FOLLOW:
        client_follow(cl, r);
        break;
    case CONTROL_TAIL:
        do_tail(cl, r);
        break;
    case CONTROL_SERIES:
        do_series(cl, r);
        break;
    case CONTROL_GRAPH:
        do_graph(cl, r);
        break;
    case CONTROL_EXPORT:
        client_export(cl, r);
        break;
    case CONTROL_AGENT_ADD:
        do_agent_add(cl, r);
        break;
    case CONTROL_AGENT_REVOKE:
        do_agent_revoke(cl, r);
        break;
    case CONTROL_AGENT_ROTATE:
        do_agent_rotate(cl, r);
        break;
    case CONTROL_AGENT_LIST:
        document_agents(c, client_begin(cl, r->id));
        client_end(cl);
        break;
    case CONTROL_RELOAD:
        do_reload(cl, r);
        break;
    case CONTROL_SERIES_REBUILD:
        do_rebuild(cl, r);
        break;
    case CONTROL_JOURNAL:
        document_journal(c, client_begin(cl, r->id));
        client_end(cl);
        break;
    case CONTROL_TEST:
        client_test(cl, r);
        break;
    case CONTROL_INCIDENTS:
    case CONTROL_INCIDENT:
    case CONTROL_INCIDENT_ACT:
    case CONTROL_ACK_LINK:
    case CONTROL_SMS_IN:
        client_incidents(cl, r);
        break;
    case CONTROL_PLANNED_LIST:
    case CONTROL_PLANNED_ADD:
    case CONTROL_PLANNED_END:
        client_planned(cl, r);
        break;
    case CONTROL_REPORT:
        client_report(cl, r);
        break;
    case CONTROL_DEVICE:
        client_device(cl, r);
        break;
    }
}

/* ---- connections ---- */

static void
on_client_line(void *arg, json_t *object)
{
    struct client *cl = arg;
    static struct control_request r; /* too big for the stack, used by one thread */
    char why[160];

    if (control_request_read(object, &r, why) == NH_OK)
        answer(cl, &r);
    else
        client_fail(cl, r.id, "bad_request", why);
}

/* Freed by the next round of the pump: we may be deep in a call of its channel. */
static void
on_client_closed(void *arg, const char *why)
{
    struct client *cl = arg;

    cl->closed = true;
    if (why[0] != '\0')
        nh_log_limited(NH_LOG_WARN, "control: a client was cut off: %s", why);
    nh_timer_after(cl->ctl->pump, 0);
}

void
client_free(struct client *cl)
{
    struct errand *e;

    for (struct client **at = &cl->ctl->clients; *at != NULL; at = &(*at)->next)
        if (*at == cl) {
            *at = cl->next;
            break;
        }
    cl->ctl->client_count--;
    while ((e = cl->errands) != NULL) {
        cl->errands = e->next;
        series_child_forget(cl->ctl->c->series, e);
        free(e);
    }
    client_tests_fini(cl);
    client_reports_fini(cl);
    client_streams_fini(cl);
    nh_channel_free(cl->channel);
    free(cl);
}

static void
on_control_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
    struct control *ctl = arg;
    struct client *cl = ctl->client_count < CLIENTS_MAX ? calloc(1, sizeof(*cl)) : NULL;
    struct nh_channel_events events = { on_client_line, on_client_closed, cl };

    (void)listener, (void)sa, (void)len;
    if (cl == NULL) {
        nh_log_limited(NH_LOG_WARN, "control: more than %d clients", (int)CLIENTS_MAX);
        close(fd);
        return;
    }
    cl->ctl = ctl;
    if (nh_channel_new(&cl->channel, ctl->c->base, fd, REQUEST_MAX, CLIENT_WAITING_MAX,
            &events) != NH_OK) {
        free(cl);
        return;
    }
    cl->next = ctl->clients;
    ctl->clients = cl;
    ctl->client_count++;
}

static enum nh_err
listen_at(struct control *ctl, const char *path)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd, probe;
    mode_t before;

    if (strlen(path) >= sizeof(sun.sun_path)) {
        nh_log(NH_LOG_ERROR, "control: the path '%s' is too long for a socket", path);
        return NH_EINVAL;
    }
    strncpy(sun.sun_path, path, sizeof(sun.sun_path) - 1);
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe >= 0 && connect(probe, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
        close(probe);
        nh_log(NH_LOG_ERROR, "control: another collector listens at %s", path);
        return NH_ELOCKED;
    }
    if (probe >= 0)
        close(probe);
    unlink(path); /* of one that was killed */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    before = umask(0117);
    if (fd < 0 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
        nh_log(NH_LOG_ERROR, "control: cannot listen at %s: %s", path, strerror(errno));
        umask(before);
        if (fd >= 0)
            close(fd);
        return NH_EIO;
    }
    umask(before);
    ctl->listener = evconnlistener_new(ctl->c->base, on_control_accept, ctl,
        LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 64, fd);
    if (ctl->listener == NULL) {
        close(fd);
        return NH_ENOMEM;
    }
    ctl->path = strdup(path);
    return ctl->path == NULL ? NH_ENOMEM : NH_OK;
}

enum nh_err
control_open(struct control **out, struct collector *c)
{
    struct control *ctl = calloc(1, sizeof(*ctl));
    enum nh_err err;

    *out = NULL;
    if (ctl == NULL)
        return NH_ENOMEM;
    ctl->c = c;
    nh_buf_init(&ctl->out, ANSWER_MAX);
    nh_buf_init(&ctl->doc, ANSWER_MAX);
    err = nh_timer_new(&ctl->pump, c->base, control_pump, ctl);
    if (err == NH_OK)
        err = listen_at(ctl, c->inv->collector.control);
    if (err != NH_OK) {
        control_close(ctl);
        return err;
    }
    *out = ctl;
    return NH_OK;
}

void
control_close(struct control *ctl)
{
    if (ctl == NULL)
        return;
    if (ctl->listener != NULL)
        evconnlistener_free(ctl->listener);
    for (struct client *cl = ctl->clients, *next; cl != NULL; cl = next) {
        next = cl->next;
        client_free(cl);
    }
    control_reports_fini(ctl);
    if (ctl->path != NULL)
        unlink(ctl->path);
    free(ctl->path);
    nh_timer_free(ctl->pump);
    nh_buf_fini(&ctl->out);
    nh_buf_fini(&ctl->doc);
    free(ctl);
}
