/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metrics.c - /metrics in Prometheus' text format, and /healthz
 */
#include "web/pages/metrics.h"
#include "libnhip/clock.h"
#include "web/view.h"
#include <stdio.h>
#include <string.h>

static const char *const states[] = { "up", "degraded", "down", "unknown", "maintenance",
    "flapping" };

/* A label's value: backslash, quote and newline are escaped. */
static void
put_label(struct nh_buf *b, const char *s)
{
    for (; s != NULL && *s != '\0'; s++) {
        if (*s == '\\' || *s == '"')
            nh_buf_put_u8(b, '\\');
        if (*s == '\n')
            nh_buf_put(b, "\\n", 2);
        else
            nh_buf_put_u8(b, (uint8_t)*s);
    }
}

static const char *
text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static void
put_head(struct nh_buf *b, const char *name, const char *type, const char *help)
{
    nh_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_counts(struct nh_buf *b, const json_t *overview)
{
    static const char *const kinds[] = { "sites", "links", "services" };
    const json_t *count = json_object_get(overview, "count");

    for (size_t k = 0; k < NH_COUNT(kinds); k++) {
        char name[32];

        snprintf(name, sizeof(name), "nhip_%s", kinds[k]);
        put_head(b, name, "gauge", "How many are in each state.");
        for (size_t i = 0; i < NH_COUNT(states); i++)
            nh_buf_printf(b, "%s{state=\"%s\"} %lld\n", name, states[i],
                (long long)json_integer_value(
                    json_object_get(json_object_get(count, kinds[k]), states[i])));
    }
}

static void
put_link_labels(struct nh_buf *b, const json_t *site, const json_t *link)
{
    nh_buf_printf(b, "{site=\"");
    put_label(b, text(site, "id"));
    nh_buf_printf(b, "\",link=\"");
    put_label(b, text(link, "name"));
    nh_buf_printf(b, "\",carrier=\"");
    put_label(b, text(link, "carrier"));
    nh_buf_printf(b, "\"} ");
}

enum link_metric { LINK_UP, LINK_RTT, LINK_LOSS };

static void
put_link(struct nh_buf *b, enum link_metric m, const char *name, const json_t *site,
    const json_t *link)
{
    const json_t *path = json_object_get(json_object_get(link, "checks"), "path");
    const json_t *values = json_object_get(path, "values");
    const json_t *rtt = json_object_get(values, "rtt_avg_ms");
    double sent = json_number_value(json_object_get(values, "sent"));
    const char *state = state_of(link);
    double v;

    if ((m == LINK_UP && strcmp(state, "unknown") == 0) ||
        (m == LINK_LOSS && sent <= 0) || (m == LINK_RTT && !json_is_number(rtt)))
        return; /* not known is not a number */
    v = m == LINK_UP    ? strcmp(state, "down") != 0
        : m == LINK_RTT ? json_number_value(rtt) / 1000
                        : json_number_value(json_object_get(values, "lost")) / sent;
    nh_buf_printf(b, "%s", name);
    put_link_labels(b, site, link);
    nh_buf_printf(b, "%.6g\n", v);
}

static void
put_links(struct nh_buf *b, const struct snapshot *s)
{
    static const struct {
        const char *name, *help;
    } rows[] = {
        [LINK_UP] = { "nhip_link_up",
            "1 while the link carries traffic; absent if unknown." },
        [LINK_RTT] = { "nhip_link_rtt_seconds", "Round-trip time of the newest round." },
        [LINK_LOSS] = { "nhip_link_loss_ratio",
            "Share of lost probes of the newest round." },
    };

    for (size_t m = 0; m < NH_COUNT(rows); m++) {
        put_head(b, rows[m].name, "gauge", rows[m].help);
        for (size_t i = 0; i < snapshot_sites(s); i++) {
            const json_t *site = snapshot_site_at(s, i);
            const json_t *links = json_object_get(site, "links");

            for (size_t k = 0; k < json_array_size(links); k++)
                put_link(
                    b, (enum link_metric)m, rows[m].name, site, json_array_get(links, k));
        }
    }
}

static void
put_agents(struct nh_buf *b, const struct snapshot *s)
{
    put_head(
        b, "nhip_agent_connected", "gauge", "1 while the site's agent is connected.");
    for (size_t i = 0; i < snapshot_sites(s); i++) {
        const json_t *site = snapshot_site_at(s, i),
                     *agent = json_object_get(site, "agent");

        if (!json_is_true(json_object_get(agent, "expected")))
            continue;
        nh_buf_printf(b, "nhip_agent_connected{site=\"");
        put_label(b, text(site, "id"));
        nh_buf_printf(b, "\"} %d\n", json_is_true(json_object_get(agent, "connected")));
    }
}

/* Open incidents by kind, planned work apart; and what the outbox says. */
static void
put_incidents(struct nh_buf *b, struct snapshot *s, const json_t *overview)
{
    static const char *const kinds[] = { "outage", "degraded", "flapping", "power",
        "service", "standby_lost", "silent", "planned" };
    static const char *const boxes[] = { "waiting", "sending", "sent", "failed" };
    const json_t *messages = json_object_get(overview, "messages");
    const json_t *oldest = json_object_get(messages, "oldest");
    long n[NH_COUNT(kinds)] = { 0 };

    for (size_t i = 0; i < snapshot_incidents(s); i++) {
        const json_t *in = snapshot_incident_at(s, i);
        const char *kind =
            strcmp(text(in, "cause"), "planned") == 0 ? "planned" : text(in, "kind");

        for (size_t k = 0; k < NH_COUNT(kinds); k++)
            n[k] += incident_is_open(in) && strcmp(kind, kinds[k]) == 0;
    }
    put_head(b, "nhip_incidents_open", "gauge", "Open incidents by kind.");
    for (size_t k = 0; k < NH_COUNT(kinds); k++)
        nh_buf_printf(b, "nhip_incidents_open{kind=\"%s\"} %ld\n", kinds[k], n[k]);
    if (!json_is_object(messages))
        return;
    put_head(b, "nhip_messages", "gauge", "Messages of the outbox by state.");
    for (size_t k = 0; k < NH_COUNT(boxes); k++)
        nh_buf_printf(b, "nhip_messages{state=\"%s\"} %lld\n", boxes[k],
            (long long)json_integer_value(json_object_get(messages, boxes[k])));
    put_head(b, "nhip_messages_oldest_timestamp_seconds", "gauge",
        "When the message that waits longest was written; absent when none waits.");
    if (json_is_number(oldest))
        nh_buf_printf(b, "nhip_messages_oldest_timestamp_seconds %.0f\n",
            json_number_value(oldest));
}

static void
put_collector(struct nh_buf *b, const json_t *o)
{
    const json_t *journal = json_object_get(o, "journal");
    const json_t *sessions = json_object_get(o, "sessions");
    const json_t *rejected = json_object_get(sessions, "rejected"), *n;
    const char *reason;

    put_head(b, "nhip_journal_bytes", "gauge", "Size of the collector's journal.");
    nh_buf_printf(b, "nhip_journal_bytes %lld\n",
        (long long)json_integer_value(json_object_get(journal, "bytes")));
    put_head(b, "nhip_journal_write_errors_total", "counter", "Writes that failed.");
    nh_buf_printf(b, "nhip_journal_write_errors_total %lld\n",
        (long long)json_integer_value(json_object_get(journal, "write_errors")));
    put_head(b, "nhip_journal_disk_full", "gauge", "1 while readings cannot be stored.");
    nh_buf_printf(b, "nhip_journal_disk_full %d\n",
        json_is_true(json_object_get(journal, "disk_full")));
    put_head(b, "nhip_sessions", "gauge", "Agents connected now.");
    nh_buf_printf(b, "nhip_sessions %lld\n",
        (long long)json_integer_value(json_object_get(sessions, "live")));
    put_head(b, "nhip_sessions_rejected_total", "counter", "Sessions ended by an error.");
    json_object_foreach((json_t *)(uintptr_t)rejected, reason, n)
    {
        nh_buf_printf(b, "nhip_sessions_rejected_total{reason=\"");
        put_label(b, reason);
        nh_buf_printf(b, "\"} %lld\n", (long long)json_integer_value(n));
    }
}

/* Every count of the document, so that one that is added there shows here. */
static void
put_traps(struct nh_buf *b, const json_t *o)
{
    const json_t *traps = json_object_get(o, "traps"), *n;
    const char *what;

    if (!json_is_true(json_object_get(traps, "listening")))
        return;
    put_head(
        b, "nhip_traps_total", "counter", "Traps and informs, by what came of them.");
    json_object_foreach((json_t *)(uintptr_t)traps, what, n)
    {
        if (!json_is_integer(n))
            continue;
        nh_buf_printf(b, "nhip_traps_total{result=\"");
        put_label(b, what);
        nh_buf_printf(b, "\"} %lld\n", (long long)json_integer_value(n));
    }
}

void
metrics_put(struct nh_buf *b, struct snapshot *s, const struct http_counts *c)
{
    const json_t *overview = snapshot_overview(s);

    put_head(b, "nhip_web_contact", "gauge", "1 while nhip-web follows the collector.");
    nh_buf_printf(b, "nhip_web_contact %d\n", snapshot_has_contact(s));
    if (overview != NULL) {
        put_counts(b, overview);
        put_links(b, s);
        put_agents(b, s);
        put_incidents(b, s, overview);
        put_collector(b, overview);
        put_traps(b, overview);
    }
    put_head(b, "nhip_web_requests_total", "counter", "HTTP requests taken.");
    nh_buf_printf(b, "nhip_web_requests_total %llu\n", (unsigned long long)c->requests);
    put_head(b, "nhip_web_slow_cut_total", "counter", "Connections cut for being slow.");
    nh_buf_printf(b, "nhip_web_slow_cut_total %llu\n", (unsigned long long)c->slow_cut);
    put_head(b, "nhip_web_connections", "gauge", "Open HTTP connections.");
    nh_buf_printf(b, "nhip_web_connections %u\n", c->connections);
    put_head(b, "nhip_web_streams", "gauge", "Pages that follow changes.");
    nh_buf_printf(b, "nhip_web_streams %u\n", c->streams);
}

static void
serve(void *arg, struct request *r)
{
    const struct web *w = arg;
    struct http_counts counts = http_counts(w->http);
    struct nh_buf b;

    nh_buf_init(&b, 16 * 1024 * 1024);
    metrics_put(&b, w->snapshot, &counts);
    web_answer_text(r, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
}

static void
serve_healthz(void *arg, struct request *r)
{
    const struct web *w = arg;
    bool contact = snapshot_has_contact(w->snapshot);
    struct nh_buf b;

    nh_buf_init(&b, 256);
    if (contact)
        nh_buf_printf(&b, "ok\n");
    else if (snapshot_lost_s(w->snapshot) > 0)
        nh_buf_printf(&b, "no contact with the collector for %lld s\n",
            (long long)(nh_clock_wall_ms() / 1000 - snapshot_lost_s(w->snapshot)));
    else
        nh_buf_printf(&b, "no contact with the collector yet\n");
    web_answer_text(r, contact ? 200 : 503, "text/plain; charset=utf-8", &b);
}

const struct page page_metrics = { "/metrics", false, serve, NULL };
const struct page page_healthz = { "/healthz", false, serve_healthz, NULL };
