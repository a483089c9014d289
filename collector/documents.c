/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * documents.c - what is known, said in JSON
 *
 * A member is put by one of the put_ functions, which puts a comma before it unless the
 * last byte opened something.
 */
#include "collector/documents.h"
#include "collector/collector.h"
#include "libnhip/clock.h"
#include "libnhip/replay_line.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

static void
comma(struct nh_buf *out)
{
    uint8_t last = out->len > 0 ? out->data[out->len - 1] : 0;

    if (last != '{' && last != '[' && last != ':' && out->len > 0)
        nh_buf_put_u8(out, ',');
}

static void
put_key(struct nh_buf *out, const char *key)
{
    comma(out);
    nh_buf_printf(out, "\"%s\":", key);
}

static void
put_text(struct nh_buf *out, const char *key, const char *value)
{
    put_key(out, key);
    nh_json_string(out, value != NULL ? value : "");
}

static void
put_int(struct nh_buf *out, const char *key, int64_t value)
{
    put_key(out, key);
    nh_buf_printf(out, "%" PRId64, value);
}

static void
put_bool(struct nh_buf *out, const char *key, bool value)
{
    put_key(out, key);
    nh_buf_printf(out, "%s", value ? "true" : "false");
}

/* Milliseconds as seconds; 0 is not known. */
static void
put_time(struct nh_buf *out, const char *key, int64_t ms)
{
    put_key(out, key);
    if (ms == 0)
        nh_buf_printf(out, "null");
    else
        nh_json_fixed(out, ms, 3);
}

static void
put_number(struct nh_buf *out, const char *key, double value, int decimals)
{
    put_key(out, key);
    if (!isfinite(value))
        nh_buf_printf(out, "null");
    else
        nh_json_fixed(out, nh_to_fixed(value, (uint8_t)decimals), (uint8_t)decimals);
}

static void
open_in(struct nh_buf *out, const char *key, char bracket)
{
    if (key != NULL)
        put_key(out, key);
    else
        comma(out);
    nh_buf_put_u8(out, (uint8_t)bracket);
}

static void
close_with(struct nh_buf *out, char bracket)
{
    nh_buf_put_u8(out, (uint8_t)bracket);
}

static void
put_verdict(struct nh_buf *out, const struct judge_verdict *v)
{
    put_text(out, "state", judge_state_name(v->state));
    put_time(out, "since", v->since_ms);
}

static void
put_why(struct nh_buf *out, const struct judge_verdict *v)
{
    put_key(out, "why");
    if (v->why.text == NULL) {
        nh_buf_printf(out, "null");
        return;
    }
    open_in(out, NULL, '{');
    put_text(out, "text", v->why.text);
    put_number(out, "value", v->why.value, 2);
    if (v->why.usual > 0)
        put_number(out, "usual", v->why.usual, 2);
    close_with(out, '}');
}

static void
put_counts(struct nh_buf *out, const char *key, const size_t n[JUDGE_STATES])
{
    open_in(out, key, '{');
    for (int i = 0; i < JUDGE_STATES; i++)
        if ((i != JUDGE_MAINTENANCE && i != JUDGE_FLAPPING) || n[i] > 0)
            put_int(out, judge_state_name((enum judge_state)i), (int64_t)n[i]);
    close_with(out, '}');
}

/* ---- checks ---- */

void
document_check(const struct judge_check *c, struct nh_buf *out)
{
    if (c == NULL) {
        nh_buf_printf(out, "null");
        return;
    }
    nh_buf_put_u8(out, '{');
    put_text(out, "id", c->in.id);
    put_text(out, "kind", c->in.kind->name);
    put_verdict(out, &c->is);
    put_why(out, &c->is);
    put_time(out, "at", c->at_ms);
    put_bool(out, "live", c->live);
    open_in(out, "values", '{');
    for (int i = 0; c->at_ms != 0 && i < c->in.kind->count; i++) {
        const struct nh_metric *m = &c->in.kind->metrics[i];

        put_key(out, m->name);
        if ((c->last.present >> i & 1) != 0)
            nh_json_fixed(out, c->last.value[i], m->decimals);
        else
            nh_buf_printf(out, "null");
    }
    nh_buf_printf(out, "}}");
}

static void
put_check(struct nh_buf *out, const char *key, const struct judge_check *c)
{
    put_key(out, key);
    document_check(c, out);
}

/* ---- links and sites ---- */

static void
put_link(const struct judge_link *l, struct nh_buf *out)
{
    const struct inv_link *in = l->in;

    open_in(out, NULL, '{');
    put_text(out, "id", in->id);
    put_text(out, "name", in->name);
    put_text(out, "carrier", in->carrier != NULL ? in->carrier->id : "");
    put_text(out, "carrier_name", in->carrier != NULL ? in->carrier->name : "");
    put_text(out, "role", in->standby ? "standby" : "primary");
    put_text(out, "circuit", in->circuit);
    put_number(
        out, "bandwidth_mbps", in->bandwidth_mbps > 0 ? in->bandwidth_mbps : NAN, 3);
    put_text(out, "pop", in->pop != NULL ? in->pop->id : "");
    put_verdict(out, &l->is);
    put_why(out, &l->is);
    put_number(
        out, "usual_ms", l->learnt.usual_us > 0 ? l->learnt.usual_us / 1e3 : NAN, 1);
    open_in(out, "checks", '{');
    put_check(out, "path", l->path);
    put_check(out, "gateway", l->gateway);
    put_check(out, "port", l->port);
    put_check(out, "far", l->far);
    nh_buf_printf(out, "}}");
}

struct joined {
    const char *site;
    bool is;
};

static void
look_joined(void *arg, const struct key_row *row)
{
    struct joined *j = arg;

    if (row->state == KEY_JOINED && strcmp(row->site, j->site) == 0)
        j->is = true;
}

static void
put_backlog(const struct intake_agent *a, struct nh_buf *out)
{
    open_in(out, "backlog", '{');
    put_int(out, "records", a == NULL ? 0 : (int64_t)a->backlog);
    put_time(out, "oldest", a == NULL ? 0 : a->oldest_ms);
    put_int(out, "fill_pct", a == NULL ? 0 : (int64_t)a->fill_pct);
    close_with(out, '}');
}

static void
put_agent(const struct collector *c, const struct inv_site *in, struct nh_buf *out)
{
    const struct intake_agent *a = intake_agent(c->intake, in->id);
    struct joined joined = { in->id, a != NULL && a->session != NULL };

    if (!joined.is)
        keys_each(c->keys, look_joined, &joined);
    open_in(out, "agent", '{');
    put_bool(out, "expected", in->agent);
    put_bool(out, "joined", joined.is);
    put_bool(out, "connected", a != NULL && a->session != NULL);
    put_time(out, "since", a == NULL ? 0 : a->since_ms);
    put_time(out, "last_seen", a == NULL ? 0 : a->last_seen_ms);
    put_text(out, "version", a == NULL ? "" : a->version);
    put_key(out, "uptime_s");
    if (a == NULL || a->session == NULL)
        nh_buf_printf(out, "null");
    else
        nh_buf_printf(
            out, "%" PRId64, a->uptime_s + (nh_clock_wall_ms() - a->since_ms) / 1000);
    put_backlog(a, out);
    put_int(out, "lost", a == NULL ? 0 : (int64_t)a->lost);
    put_key(out, "clock_offset_ms");
    if (a == NULL)
        nh_buf_printf(out, "null");
    else
        nh_buf_printf(out, "%" PRId64, a->clock_offset_ms);
    put_text(out, "via", a == NULL ? "" : a->via);
    close_with(out, '}');
}

static const struct judge_check *
device_check(const struct judge_site *s, const struct inv_device *d, const char *kind)
{
    for (size_t i = 0; i < s->check_count; i++)
        if (s->checks[i]->in.device == d &&
            strcmp(s->checks[i]->in.kind->name, kind) == 0)
            return s->checks[i];
    return NULL;
}

static void
put_devices(const struct judge_site *s, struct nh_buf *out)
{
    open_in(out, "devices", '[');
    for (size_t i = 0; i < s->in->device_count; i++) {
        const struct inv_device *d = &s->in->devices[i];

        open_in(out, NULL, '{');
        put_text(out, "id", d->id);
        put_text(out, "kind", d->kind);
        put_text(out, "address", d->address);
        put_check(out, "ping", device_check(s, d, "ping"));
        put_check(out, "snmp", device_check(s, d, "snmp"));
        close_with(out, '}');
    }
    close_with(out, ']');
}

static const struct judge_check *
check_of_device(const struct collector *c, const char *device, const char *kind)
{
    char id[NH_CHECK_ID_MAX];

    return snprintf(id, sizeof(id), "%s/%s", device, kind) < (int)sizeof(id)
               ? judge_check_find(c->judge, id)
               : NULL;
}

/* The links that are plugged into it, with their ports. */
static void
put_plugged(const struct inv_link *links, size_t count, const struct inv_device *d,
    struct nh_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(links[i].device, d->id) != 0)
            continue;
        open_in(out, NULL, '{');
        put_text(out, "link", links[i].id);
        put_text(out, "port", links[i].port);
        close_with(out, '}');
    }
}

bool
document_device(const struct collector *c, const char *id, const json_t *learnt,
    const char *why, struct nh_buf *out)
{
    const struct inv_site *site;
    const struct inv_device *d = inventory_device(c->inv, id, &site);
    char *text;

    if (d == NULL)
        return false;
    nh_buf_put_u8(out, '{');
    put_text(out, "id", id);
    put_text(out, "site", site != NULL ? site->id : "centre");
    put_text(out, "site_name", site != NULL ? site->name : c->inv->centre.name);
    put_text(out, "name", d->id);
    put_text(out, "kind", d->kind);
    put_text(out, "address", d->address);
    put_text(out, "asked_by", d->from_agent ? "agent" : "collector");
    put_check(out, "ping", check_of_device(c, id, "ping"));
    put_check(out, "snmp", check_of_device(c, id, "snmp"));
    open_in(out, "links", '[');
    put_plugged(site != NULL ? site->links : c->inv->centre.uplinks,
        site != NULL ? site->link_count : c->inv->centre.uplink_count, d, out);
    close_with(out, ']');
    put_text(out, "why", why);
    put_key(out, "learnt");
    text =
        learnt != NULL ? json_dumps(learnt, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    nh_buf_printf(out, "%s}", text != NULL ? text : "null");
    free(text);
    return true;
}

void
document_site(const struct collector *c, const struct judge_site *s, struct nh_buf *out)
{
    const struct inv_site *in = s->in;

    nh_buf_put_u8(out, '{');
    put_text(out, "id", in->id);
    put_text(out, "name", in->name);
    put_text(out, "kind", in->kind);
    put_text(out, "code", in->code);
    put_number(out, "lat", in->lat, 6);
    put_number(out, "lon", in->lon, 6);
    put_verdict(out, &s->is);
    put_why(out, &s->is);
    put_int(out, "order", s - c->judge->sites);
    put_agent(c, in, out);
    open_in(out, "links", '[');
    for (size_t i = 0; i < s->link_count; i++)
        put_link(&s->links[i], out);
    close_with(out, ']');
    open_in(out, "services", '[');
    for (size_t i = 0; i < s->service_count; i++) {
        open_in(out, NULL, '{');
        put_text(out, "id", s->services[i]->in.service->id);
        put_text(out, "name", s->services[i]->in.service->name);
        put_check(out, "check", s->services[i]);
        close_with(out, '}');
    }
    close_with(out, ']');
    put_check(out, "power", s->power);
    put_check(out, "host", s->host);
    put_devices(s, out);
    close_with(out, '}');
}

/* ---- services ---- */

static const char *const service_kinds[] = {
    [INV_HTTP] = "http",
    [INV_TCP] = "tcp",
    [INV_DNS] = "dns",
    [INV_PLUGIN] = "plugin",
};

void
document_service(const struct judge_service *s, struct nh_buf *out)
{
    size_t n[JUDGE_STATES] = { 0 };

    nh_buf_put_u8(out, '{');
    put_text(out, "id", s->in->id);
    put_text(out, "name", s->in->name);
    put_text(out, "owner", s->in->owner);
    put_text(out, "kind", service_kinds[s->in->kind]);
    put_verdict(out, &s->is);
    put_why(out, &s->is);
    open_in(out, "from", '[');
    for (size_t i = 0; i < s->check_count; i++) {
        const struct judge_check *c = s->checks[i];

        n[c->is.state]++;
        open_in(out, NULL, '{');
        put_text(out, "site", c->in.site != NULL ? c->in.site->id : "collector");
        put_check(out, "check", c);
        close_with(out, '}');
    }
    close_with(out, ']');
    put_counts(out, "count", n);
    close_with(out, '}');
}

/* ---- the overview ---- */

static void
put_count(const struct judge *j, struct nh_buf *out)
{
    size_t sites[JUDGE_STATES] = { 0 }, links[JUDGE_STATES] = { 0 },
           services[JUDGE_STATES] = { 0 };

    for (size_t i = 0; i < j->site_count; i++) {
        sites[j->sites[i].is.state]++;
        for (size_t k = 0; k < j->sites[i].link_count; k++)
            links[j->sites[i].links[k].is.state]++;
    }
    for (size_t i = 0; i < j->service_count; i++)
        services[j->services[i].is.state]++;
    open_in(out, "count", '{');
    put_counts(out, "sites", sites);
    put_counts(out, "links", links);
    put_counts(out, "services", services);
    close_with(out, '}');
}

static void
put_carriers(const struct judge *j, struct nh_buf *out)
{
    open_in(out, "carriers", '[');
    for (size_t c = 0; c < j->inv->carrier_count; c++) {
        const struct inv_carrier *carrier = &j->inv->carriers[c];
        size_t n[JUDGE_STATES] = { 0 };

        for (size_t i = 0; i < j->site_count; i++)
            for (size_t k = 0; k < j->sites[i].link_count; k++)
                if (j->sites[i].links[k].in->carrier == carrier)
                    n[j->sites[i].links[k].is.state]++;
        open_in(out, NULL, '{');
        put_text(out, "id", carrier->id);
        put_text(out, "name", carrier->name);
        put_text(out, "hotline", carrier->hotline);
        put_counts(out, "links", n);
        close_with(out, '}');
    }
    close_with(out, ']');
}

static void
put_centre(const struct judge *j, struct nh_buf *out)
{
    put_key(out, "centre");
    if (!j->inv->has_centre) {
        nh_buf_printf(out, "null");
        return;
    }
    open_in(out, NULL, '{');
    put_text(out, "name", j->inv->centre.name);
    open_in(out, "uplinks", '[');
    for (size_t i = 0; i < j->centre.link_count; i++)
        put_link(&j->centre.links[i], out);
    nh_buf_printf(out, "]}");
}

static void
put_pos(struct nh_buf *out, const char *key, uint64_t pos)
{
    put_key(out, key);
    nh_buf_printf(out, "\"%" PRIu64 "\"", pos);
}

static void
put_journal(const struct collector *c, struct nh_buf *out)
{
    struct nh_journal_stats st;

    store_stats(c->store, &st);
    open_in(out, "journal", '{');
    put_int(out, "fill_pct", st.fill_pct);
    put_pos(out, "durable_pos", store_durable_pos(c->store));
    put_int(out, "bytes", (int64_t)st.bytes);
    put_int(out, "write_errors", (int64_t)(st.write_errors + st.sync_errors));
    put_bool(out, "disk_full", store_is_full(c->store));
    put_int(out, "disk_pct", store_disk_pct(c->store));
    put_int(out, "lost", (int64_t)(st.lost_overflow + st.lost_damaged));
    put_int(out, "own_lost", (int64_t)sensing_lost(c->sensing));
    close_with(out, '}');
}

static void
put_series(const struct collector *c, struct nh_buf *out)
{
    struct series_status st;

    series_child_status(c->series, &st);
    open_in(out, "series", '{');
    put_bool(out, "running", st.running);
    put_int(out, "lag_s", st.lag_s);
    put_int(out, "files", st.files);
    put_int(out, "errors", st.errors);
    put_int(out, "restarts", st.restarts);
    close_with(out, '}');
}

static void
put_sessions(const struct collector *c, struct nh_buf *out)
{
    open_in(out, "sessions", '{');
    put_int(out, "live", (int64_t)intake_live(c->intake));
    open_in(out, "rejected", '{');
    for (int i = 1; i < INTAKE_COUNTS; i++)
        put_int(out, intake_count_name(i), (int64_t)intake_counted(c->intake, i));
    nh_buf_printf(out, "}}");
}

static void
put_traps(const struct collector *c, struct nh_buf *out)
{
    const struct nh_trap_desk *d = traps_desk(c->traps);

    open_in(out, "traps", '{');
    put_bool(out, "listening", d != NULL);
    for (int i = 0; d != NULL && i < NH_LISTEN_COUNTS; i++)
        put_int(out, nh_snmp_listen_count_name(i),
            (int64_t)nh_snmp_listen_counted(nh_trap_desk_listener(d), i));
    for (int i = 0; d != NULL && i < NH_TRAPS_COUNTS; i++)
        put_int(out, nh_trap_count_name(i), (int64_t)nh_trap_desk_counted(d, i));
    close_with(out, '}');
}

enum { DAY_MS = 86400000 };

static const char *const qualities[] = {
    [NH_CLOCK_UNSET] = "unset",
    [NH_CLOCK_SET] = "set",
    [NH_CLOCK_SYNCHRONISED] = "synchronised",
};

static void
put_messages(const struct collector *c, int64_t now_ms, struct nh_buf *out)
{
    struct outbox_counts n = { { 0 }, 0 };
    int64_t failed = 0;

    if (c->judging != NULL &&
        (incidents_outbox_counts(judging_db(c->judging), &n) != NH_OK ||
            incidents_outbox_failed(judging_db(c->judging), now_ms - DAY_MS, &failed) !=
                NH_OK))
        return; /* has been logged; better none than a wrong number */
    open_in(out, "messages", '{');
    put_int(out, "waiting", n.in[OUTBOX_WAITING]);
    put_int(out, "sending", n.in[OUTBOX_SENDING]);
    put_int(out, "sent", n.in[OUTBOX_SENT]);
    put_int(out, "failed", failed);
    put_time(out, "oldest", n.oldest_ms);
    close_with(out, '}');
}

void
document_overview(const struct collector *c, int64_t now_ms, struct nh_buf *out)
{
    nh_buf_put_u8(out, '{');
    put_text(out, "province", c->inv->id);
    put_text(out, "name", c->inv->name);
    put_text(out, "timezone", c->inv->timezone);
    put_text(out, "language", c->inv->language);
    put_bool(out, "drill", c->inv->drill);
    put_text(out, "version", NHIP_VERSION);
    put_time(out, "started", c->started_ms);
    put_time(out, "now", now_ms);
    put_int(out, "generation", (int64_t)c->generation);
    put_count(c->judge, out);
    put_carriers(c->judge, out);
    put_centre(c->judge, out);
    put_journal(c, out);
    put_series(c, out);
    put_sessions(c, out);
    put_messages(c, now_ms, out);
    put_traps(c, out);
    open_in(out, "clock", '{');
    put_text(out, "quality", qualities[nh_clock_wall_quality()]);
    put_int(out, "step_ms", c->clock_step_ms);
    nh_buf_printf(out, "}}");
}

/* ---- agents and journal ---- */

struct agents {
    const struct collector *c;
    struct nh_buf *out;
};

static void
put_key_row(void *arg, const struct key_row *row)
{
    struct agents *w = arg;
    const struct intake_agent *a = intake_agent(w->c->intake, row->site);
    struct nh_buf *out = w->out;

    if (row->state == KEY_OFFERED || row->state == KEY_BURNT)
        return;
    open_in(out, NULL, '{');
    put_text(out, "site", row->site);
    put_text(out, "identity", row->identity);
    put_text(out, "state", key_state_name(row->state));
    put_int(out, "created", row->created_s);
    put_time(out, "used", row->used_s * 1000);
    put_time(out, "expires", row->expires_s * 1000);
    put_bool(
        out, "connected", row->state == KEY_JOINED && a != NULL && a->session != NULL);
    close_with(out, '}');
}

void
document_agents(const struct collector *c, struct nh_buf *out)
{
    struct agents w = { c, out };

    nh_buf_printf(out, "{\"agents\":[");
    keys_each(c->keys, put_key_row, &w);
    nh_buf_printf(out, "]}");
}

void
document_journal(const struct collector *c, struct nh_buf *out)
{
    struct nh_journal_stats st;

    store_stats(c->store, &st);
    nh_buf_put_u8(out, '{');
    put_text(out, "dir", store_dir(c->store));
    put_pos(out, "oldest_pos", store_oldest_pos(c->store));
    put_pos(out, "durable_pos", store_durable_pos(c->store));
    put_int(out, "bytes", (int64_t)st.bytes);
    put_int(out, "fill_pct", st.fill_pct);
    put_int(out, "segments", st.segments);
    put_int(out, "records", (int64_t)st.records);
    put_int(out, "lost", (int64_t)(st.lost_overflow + st.lost_damaged));
    put_int(out, "write_errors", (int64_t)(st.write_errors + st.sync_errors));
    put_int(out, "disk_pct", store_disk_pct(c->store));
    close_with(out, '}');
}
