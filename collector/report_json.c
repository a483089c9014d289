/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_json.c - the document of a month (docs/CONTROL.md, "report") */
#include "collector/report_model.h"
#include "libnhip/replay_line.h"
#include "libnhip/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
report_link_head(const struct inv_link *in)
{
    const struct inv_contract *c = in->contract;
    struct nh_buf b;
    char *text = NULL;

    nh_buf_init(&b, 64 << 10);
    nh_buf_printf(&b, "{\"id\":");
    nh_json_string(&b, in->id);
    nh_json_more_text(&b, "site", in->site->id);
    nh_json_more_text(&b, "site_name", in->site->name);
    nh_json_more_text(&b, "code", in->site->code);
    nh_json_more_text(&b, "link", in->name);
    nh_json_more_text(&b, "role", in->standby ? "standby" : "primary");
    nh_json_more_text(&b, "carrier", in->carrier->id);
    nh_json_more_text(&b, "carrier_name", in->carrier->name);
    nh_json_more_text(&b, "circuit", in->circuit);
    nh_json_more_text(&b, "contract", c == NULL ? "" : c->id);
    nh_json_more_text(&b, "source", c == NULL ? "" : c->source);
    nh_json_more_text(&b, "hours", c == NULL ? "always" : c->hours);
    nh_buf_put_u8(&b, 0);
    if (nh_buf_err(&b) == NH_OK)
        text = strdup((const char *)b.data);
    nh_buf_fini(&b);
    return text;
}

static void
put_minutes(struct nh_buf *out, const struct incident_minutes *m)
{
    nh_buf_printf(out,
        ",\"down\":%.3f,\"degraded\":%.3f,\"unknown\":%.3f,\"excluded\":%.3f",
        (double)m->down_ms / 60e3, (double)m->degraded_ms / 60e3,
        (double)m->unknown_ms / 60e3, (double)m->excluded_ms / 60e3);
}

/* All that is unknown was down, or all of it was up; NAN: nothing is known at all. */
static void
availability(const struct sums *s, double *low, double *high)
{
    int64_t base = s->total_ms - s->m.excluded_ms;

    *low = *high = NAN;
    if (base <= 0 || s->unmeasured_ms == s->total_ms)
        return;
    *high = 100.0 * (double)(base - s->m.down_ms) / (double)base;
    *low = 100.0 * (double)(base - s->m.down_ms - s->m.unknown_ms) / (double)base;
}

static void
put_pct(struct nh_buf *out, const char *key, double pct)
{
    if (isnan(pct))
        nh_buf_printf(out, ",\"%s\":null", key);
    else
        nh_buf_printf(out, ",\"%s\":%.4f", key, pct);
}

static void
put_sums(struct nh_buf *out, const struct sums *s, double target)
{
    double low, high;

    availability(s, &low, &high);
    nh_buf_printf(out, ",\"total\":%.3f", (double)s->total_ms / 60e3);
    put_minutes(out, &s->m);
    nh_buf_printf(out, ",\"unmeasured\":%.3f", (double)s->unmeasured_ms / 60e3);
    put_pct(out, "low_pct", low);
    put_pct(out, "high_pct", high);
    if (target <= 0)
        return;
    put_pct(out, "target_pct", target);
    if (isnan(low))
        nh_buf_printf(out, ",\"met\":null");
    else
        nh_json_more_text(out, "met",
            low >= target   ? "met"
            : high < target ? "not_met"
                            : "open");
}

/* "carrier:vnpt" as its name in the inventory, other parties by their words. */
static const char *
party_name(const struct report *r, const char *party, enum nh_lang lang)
{
    const char *colon = strchr(party, ':');
    const struct named *list = r->carriers;
    size_t count = r->carrier_count;
    char key[INCIDENT_PARTY_MAX + 8];

    if (colon == NULL) {
        snprintf(key, sizeof(key), "party_%s", party);
        return nh_text_has(key) ? nh_text(lang, key) : party;
    }
    if (strncmp(party, "service:", 8) == 0) {
        list = r->services;
        count = r->service_count;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].id, colon + 1) == 0)
            return list[i].name;
    return colon + 1;
}

static int
by_party(const void *a, const void *b)
{
    const struct share *x = a, *y = b;

    return strcmp(x->party, y->party);
}

static void
put_party(const struct report *r, struct nh_buf *out, const char *party)
{
    nh_json_string(out, party);
    nh_json_more_text(out, "name_vi", party_name(r, party, NH_VI));
    nh_json_more_text(out, "name_en", party_name(r, party, NH_EN));
}

static void
put_shares(const struct report *r, struct nh_buf *out, struct shares *s)
{
    nh_buf_printf(out, ",\"parties\":[");
    if (s->count > 1)
        qsort(s->at, s->count, sizeof(s->at[0]), by_party);
    for (size_t i = 0; i < s->count; i++) {
        nh_buf_printf(out, "%s{\"party\":", i > 0 ? "," : "");
        put_party(r, out, s->at[i].party);
        put_minutes(out, &s->at[i].m);
        nh_buf_printf(out, "}");
    }
    nh_buf_printf(out, "]");
}

static void
put_link(struct report *r, struct rlink *l, struct nh_buf *out)
{
    char id[16];

    nh_buf_printf(out, "%s", l->head);
    put_sums(out, &l->sums, l->target_pct);
    nh_buf_printf(out, ",\"incidents\":[");
    for (size_t i = 0; i < l->incident_count; i++) {
        incident_id(r->incidents[l->incidents[i]].number, id);
        nh_buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", id);
    }
    nh_buf_printf(out, "]");
    put_shares(r, out, &l->shares);
    nh_buf_printf(out, "}");
}

static void
put_whole(struct report *r, struct whole *w, struct nh_buf *out)
{
    nh_buf_printf(out, "\"links\":%zu,\"incidents\":%zu", w->links, w->incidents);
    put_sums(out, &w->sums, 0);
    put_shares(r, out, &w->shares);
    nh_buf_printf(out, "}");
}

static void
put_incident(const struct report *r, const struct rincident *in, struct nh_buf *out)
{
    char id[16];

    incident_id(in->number, id);
    nh_buf_printf(
        out, "{\"incident\":\"%s\",\"number\":%lu", id, (unsigned long)in->number);
    nh_json_more_text(out, "title_vi", in->title_vi);
    nh_json_more_text(out, "title_en", in->title_en);
    nh_json_more_time(out, "started", in->started_ms);
    nh_json_more_time(out, "closed", in->closed_ms);
    nh_json_more_text(out, "cause", incident_cause_name(in->cause));
    nh_json_more_text(out, "confidence", incident_confidence_name(in->confidence));
    nh_buf_printf(out, ",\"revision\":%lu,\"party\":", (unsigned long)in->revision);
    put_party(r, out, in->party);
    nh_buf_printf(out, ",\"links\":%zu", in->links);
    put_minutes(out, &in->m);
    nh_buf_printf(out, "}");
}

enum nh_err
report_json(struct report *r, int64_t generated_ms, struct nh_buf *out)
{
    const char *comma = "";

    if (!r->done && !report_work_out(r))
        return NH_ENOMEM;
    r->done = true;
    nh_buf_printf(out, "{\"month\":\"%s\"", r->month);
    nh_json_more_text(out, "timezone", r->zone);
    nh_json_more_time(out, "from", r->from_ms);
    nh_json_more_time(out, "to", r->end_ms);
    nh_json_more_time(out, "until", r->to_ms);
    nh_json_more_time(out, "generated", generated_ms);
    nh_buf_printf(out, ",\"complete\":%s,\"data\":%s,\"links\":[",
        r->complete ? "true" : "false", r->newest_ms != 0 ? "true" : "false");
    for (size_t i = 0; i < r->link_count; i++) {
        nh_buf_printf(out, "%s", i > 0 ? "," : "");
        put_link(r, &r->links[i], out);
    }
    nh_buf_printf(out, "],\"carriers\":[");
    for (size_t i = 0; i < r->carrier_count; i++) {
        nh_buf_printf(out, "%s{\"id\":", i > 0 ? "," : "");
        nh_json_string(out, r->carriers[i].id);
        nh_json_more_text(out, "name", r->carriers[i].name);
        nh_buf_printf(out, ",");
        put_whole(r, &r->by_carrier[i], out);
    }
    nh_buf_printf(out, "],\"province\":{");
    put_whole(r, &r->province, out);
    nh_buf_printf(out, ",\"incidents\":[");
    for (size_t i = 0; i < r->incident_count; i++)
        if (r->incidents[i].links > 0) {
            nh_buf_printf(out, "%s", comma);
            put_incident(r, &r->incidents[i], out);
            comma = ",";
        }
    nh_buf_printf(out, "]}");
    return nh_buf_err(out);
}
