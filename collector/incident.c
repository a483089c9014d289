/* SPDX-License-Identifier: GPL-3.0-or-later */
/* incident.c - names, copies, JSON and bytes of an incident */
#include "collector/incident.h"
#include "libnhip/replay_line.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 2, TEXT_MAX = 4096, LIST_MAX = 100000 };

static const char *const kinds[INCIDENT_KINDS] = {
    [INCIDENT_OUTAGE] = "outage",
    [INCIDENT_DEGRADED] = "degraded",
    [INCIDENT_FLAPPING] = "flapping",
    [INCIDENT_POWER] = "power",
    [INCIDENT_SERVICE] = "service",
    [INCIDENT_STANDBY_LOST] = "standby_lost",
    [INCIDENT_SILENT] = "silent",
};
static const char *const causes[CAUSES] = {
    [CAUSE_UNKNOWN] = "unknown",
    [CAUSE_POWER] = "power",
    [CAUSE_SITE_LAN] = "site_lan",
    [CAUSE_LAST_MILE] = "last_mile",
    [CAUSE_CARRIER_NODE] = "carrier_node",
    [CAUSE_CARRIER_CORE] = "carrier_core",
    [CAUSE_DATA_CENTRE] = "data_centre",
    [CAUSE_SERVICE] = "service",
    [CAUSE_CONGESTION] = "congestion",
    [CAUSE_MONITORING] = "monitoring",
    [CAUSE_PLANNED] = "planned",
};
static const char *const confidences[] = {
    [CONFIDENCE_SUSPECTED] = "suspected",
    [CONFIDENCE_LIKELY] = "likely",
    [CONFIDENCE_FACT] = "fact",
};

const char *
incident_kind_name(enum incident_kind kind)
{
    return kinds[kind];
}

const char *
incident_cause_name(enum cause cause)
{
    return causes[cause];
}

const char *
incident_confidence_name(enum confidence confidence)
{
    return confidences[confidence];
}

static int
find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

bool
incident_cause_of(const char *name, enum cause *out)
{
    int i = find(causes, NH_COUNT(causes), name);

    if (i >= 0)
        *out = (enum cause)i;
    return i >= 0;
}

bool
incident_kind_of(const char *name, enum incident_kind *out)
{
    int i = find(kinds, NH_COUNT(kinds), name);

    if (i >= 0)
        *out = (enum incident_kind)i;
    return i >= 0;
}

bool
incident_confidence_of(const char *name, enum confidence *out)
{
    int i = find(confidences, NH_COUNT(confidences), name);

    if (i >= 0)
        *out = (enum confidence)i;
    return i >= 0;
}

void
incident_id(uint32_t number, char out[16])
{
    if (number == 0)
        out[0] = '\0';
    else
        snprintf(out, 16, "SC-%04u", number);
}

bool
incident_id_of(const char *id, uint32_t *number)
{
    uint64_t n = 0;

    if ((id[0] == 'S' || id[0] == 's') && (id[1] == 'C' || id[1] == 'c') && id[2] == '-')
        id += 3;
    if (*id == '\0' || strlen(id) > 10)
        return false;
    for (; *id != '\0'; id++) {
        if (*id < '0' || *id > '9')
            return false;
        n = n * 10 + (uint64_t)(*id - '0');
    }
    if (n == 0 || n > UINT32_MAX)
        return false;
    *number = (uint32_t)n;
    return true;
}

enum minute_class
incident_minute_class(enum cause cause, bool down, bool excluded)
{
    if (cause == CAUSE_DATA_CENTRE || cause == CAUSE_MONITORING)
        return MINUTE_UNKNOWN; /* the line itself was not seen */
    if (excluded)
        return MINUTE_EXCLUDED;
    return down ? MINUTE_DOWN : MINUTE_DEGRADED;
}

int64_t *
incident_minutes_of(struct incident_minutes *m, enum minute_class class)
{
    switch (class) {
    case MINUTE_DOWN:
        return &m->down_ms;
    case MINUTE_DEGRADED:
        return &m->degraded_ms;
    case MINUTE_UNKNOWN:
        return &m->unknown_ms;
    default:
        return &m->excluded_ms;
    }
}

void
incident_fini(struct incident *in)
{
    for (size_t i = 0; i < in->link_count; i++)
        free(in->links[i].spans);
    for (size_t i = 0; i < in->reason_count; i++) {
        free(in->reasons[i].vi);
        free(in->reasons[i].en);
    }
    free(in->reasons);
    free(in->links);
    free(in->sites);
    free(in->title_vi);
    free(in->title_en);
    free(in->settle_vi);
    free(in->settle_en);
    *in = (struct incident){ 0 };
}

/* By way of its bytes: one place knows all that it owns. */
enum nh_err
incident_dup(struct incident *out, const struct incident *in)
{
    struct nh_buf b;
    struct nh_slice s;
    enum nh_err err;

    *out = (struct incident){ 0 };
    nh_buf_init(&b, 64 << 20);
    incident_encode(&b, in);
    err = nh_buf_err(&b);
    if (err == NH_OK) {
        s = nh_slice_of(b.data, b.len);
        err = incident_decode(&s, out);
    }
    nh_buf_fini(&b);
    return err == NH_OK ? NH_OK : NH_ENOMEM;
}

size_t
incident_drops(const struct incident *in)
{
    enum { HALF_AN_HOUR_MS = 1800000 };
    size_t most = 0;

    for (size_t i = 0; i < in->link_count; i++) {
        const struct incident_link *l = &in->links[i];

        for (size_t a = 0; a < l->span_count; a++) {
            size_t n = 0;

            for (size_t b = a; b < l->span_count; b++)
                n += l->spans[b].down &&
                     l->spans[b].from_ms < l->spans[a].from_ms + HALF_AN_HOUR_MS;
            most = n > most ? n : most;
        }
    }
    return most;
}

/* ---- JSON ---- */

static void
put_minutes(struct nh_buf *out, const struct incident_minutes *m)
{
    nh_buf_printf(out,
        "{\"down\":%.3f,\"degraded\":%.3f,\"unknown\":%.3f,\"excluded\":%.3f}",
        (double)m->down_ms / 60e3, (double)m->degraded_ms / 60e3,
        (double)m->unknown_ms / 60e3, (double)m->excluded_ms / 60e3);
}

void
incident_json_open(struct nh_buf *out, const struct incident *in, const char *language)
{
    bool en = language != NULL && strcmp(language, "en") == 0;
    char id[16];

    incident_id(in->number, id);
    nh_buf_printf(out, "{\"incident\":\"%s\"", id);
    nh_json_more_time(out, "opened", in->opened_ms);
    nh_json_more_time(out, "started", in->started_ms);
    nh_json_more_time(out, "closed", in->closed_ms);
    nh_json_more_text(out, "kind", kinds[in->kind]);
    nh_json_more_text(out, "cause", causes[in->cause]);
    nh_json_more_text(out, "party", in->party);
    nh_json_more_text(out, "confidence", confidences[in->confidence]);
    nh_json_more_text(out, "first_cause", causes[in->first_cause]);
    nh_json_more_text(out, "object", in->object);
    nh_json_more_text(out, "title", en ? in->title_en : in->title_vi);
    nh_buf_printf(out, ",\"note\":%s", in->note ? "true" : "false");
    nh_buf_printf(out, ",\"revision\":%u,\"sites\":[", in->revision);
    for (size_t i = 0; i < in->site_count; i++) {
        nh_buf_printf(out, i > 0 ? "," : "");
        nh_json_string(out, in->sites[i]);
    }
    nh_buf_printf(out, "],\"links\":[");
    for (size_t i = 0; i < in->link_count; i++) {
        nh_buf_printf(out, i > 0 ? "," : "");
        nh_json_string(out, in->links[i].id);
    }
    nh_buf_printf(out, "],\"reasons\":[");
    for (size_t i = 0; i < in->reason_count; i++) {
        nh_buf_printf(out, i > 0 ? "," : "");
        nh_json_string(out, en ? in->reasons[i].en : in->reasons[i].vi);
    }
    nh_buf_printf(out, "],\"next_likeliest\":");
    if (in->settle_vi == NULL) {
        nh_buf_printf(out, "null");
    } else {
        nh_buf_printf(out, "{\"cause\":\"%s\",\"would_settle\":", causes[in->next_cause]);
        nh_json_string(out, en ? in->settle_en : in->settle_vi);
        nh_buf_printf(out, "}");
    }
    nh_buf_printf(out, ",\"minutes\":");
    put_minutes(out, &in->minutes);
}

/* ---- bytes ---- */

enum { FLAG_FIGURES = 8 }; /* older ones have none */

static void
encode_minutes(struct nh_buf *out, const struct incident_minutes *m)
{
    nh_buf_put_zigzag(out, m->down_ms);
    nh_buf_put_zigzag(out, m->degraded_ms);
    nh_buf_put_zigzag(out, m->unknown_ms);
    nh_buf_put_zigzag(out, m->excluded_ms);
}

static void
encode_text(struct nh_buf *out, const char *text)
{
    nh_buf_put_u8(out, text != NULL);
    if (text != NULL)
        nh_buf_put_str(out, text);
}

static bool
has_figures(const struct incident_figures *f)
{
    return f->battery_low || f->rtt_us >= 0 || f->loss_permille >= 0 ||
           f->runtime_s >= 0 || f->charge_pct >= 0;
}

static void
encode_figures(struct nh_buf *out, const struct incident_figures *f)
{
    nh_buf_put_zigzag(out, f->rtt_us);
    nh_buf_put_zigzag(out, f->loss_permille);
    nh_buf_put_zigzag(out, f->runtime_s);
    nh_buf_put_zigzag(out, f->charge_pct);
    nh_buf_put_u8(out, f->battery_low);
}

void
incident_encode(struct nh_buf *out, const struct incident *in)
{
    bool figures = has_figures(&in->figures);

    nh_buf_put_u8(out, VERSION);
    nh_buf_put_varint(out, in->number);
    nh_buf_put_zigzag(out, in->opened_ms);
    nh_buf_put_zigzag(out, in->started_ms);
    nh_buf_put_zigzag(out, in->closed_ms);
    nh_buf_put_zigzag(out, in->told_closed_ms);
    nh_buf_put_zigzag(out, in->changed_ms);
    nh_buf_put_varint(out, in->revision);
    nh_buf_put_u8(out, (uint8_t)in->kind);
    nh_buf_put_u8(out, (uint8_t)in->cause);
    nh_buf_put_u8(out, (uint8_t)in->first_cause);
    nh_buf_put_u8(out, (uint8_t)in->confidence);
    nh_buf_put_u8(out, (uint8_t)in->next_cause);
    nh_buf_put_u8(out, (uint8_t)(in->may_be_told | in->whole_carrier << 1 |
                                 in->note << 2 | (figures ? FLAG_FIGURES : 0)));
    if (figures)
        encode_figures(out, &in->figures);
    nh_buf_put_varint(out, in->merged_into);
    nh_buf_put_str(out, in->party);
    nh_buf_put_str(out, in->object);
    encode_text(out, in->title_vi);
    encode_text(out, in->title_en);
    encode_text(out, in->settle_vi);
    encode_text(out, in->settle_en);
    encode_minutes(out, &in->minutes);
    nh_buf_put_varint(out, in->link_count);
    for (size_t i = 0; i < in->link_count; i++) {
        const struct incident_link *l = &in->links[i];

        nh_buf_put_str(out, l->id);
        nh_buf_put_u8(out, l->standby);
        nh_buf_put_zigzag(out, l->from_ms);
        nh_buf_put_zigzag(out, l->to_ms);
        encode_minutes(out, &l->minutes);
        nh_buf_put_varint(out, l->span_count);
        for (size_t k = 0; k < l->span_count; k++) {
            nh_buf_put_zigzag(out, l->spans[k].from_ms);
            nh_buf_put_zigzag(out, l->spans[k].to_ms);
            nh_buf_put_u8(out, l->spans[k].down);
        }
    }
    nh_buf_put_varint(out, in->site_count);
    for (size_t i = 0; i < in->site_count; i++)
        nh_buf_put_str(out, in->sites[i]);
    nh_buf_put_varint(out, in->reason_count);
    for (size_t i = 0; i < in->reason_count; i++) {
        encode_text(out, in->reasons[i].vi);
        encode_text(out, in->reasons[i].en);
        nh_buf_put_str(out, in->reasons[i].check);
        nh_buf_put_zigzag(out, in->reasons[i].at_ms);
    }
}

static int64_t
take_within(struct nh_slice *in, int64_t max)
{
    int64_t v = nh_take_zigzag(in);

    in->bad |= v > max || v < -max;
    return in->bad ? 0 : v;
}

static int64_t
take_time(struct nh_slice *in)
{
    return take_within(in, INCIDENT_TIME_MAX);
}

/* Sums over all links: much longer than any time, and no overflow either. */
static void
decode_minutes(struct nh_slice *in, struct incident_minutes *m)
{
    m->down_ms = take_within(in, INT64_C(1) << 61);
    m->degraded_ms = take_within(in, INT64_C(1) << 61);
    m->unknown_ms = take_within(in, INT64_C(1) << 61);
    m->excluded_ms = take_within(in, INT64_C(1) << 61);
}

static unsigned
take_below(struct nh_slice *in, unsigned end)
{
    unsigned v = nh_take_u8(in);

    in->bad |= v >= end;
    return v < end ? v : 0;
}

/* false: out of memory. */
static bool
decode_text(struct nh_slice *in, char **out)
{
    char text[TEXT_MAX];
    size_t len;

    if (take_below(in, 2) == 0)
        return true;
    nh_take_str(in, text, sizeof(text));
    len = strlen(text);
    *out = malloc(len + 1);
    if (*out == NULL)
        return false;
    memcpy(*out, text, len + 1);
    return true;
}

static uint32_t
take_u32(struct nh_slice *in)
{
    uint64_t v = nh_take_varint(in);

    in->bad |= v > UINT32_MAX;
    return (uint32_t)v;
}

/* A count of items of `size` bytes at least: never more than what is left can hold. */
static size_t
take_count(struct nh_slice *in, size_t size)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > LIST_MAX || n * size > in->len;
    return in->bad ? 0 : (size_t)n;
}

static enum nh_err
decode_spans(struct nh_slice *in, struct incident_link *l)
{
    size_t n = take_count(in, 3);

    if (n == 0)
        return NH_OK;
    l->spans = calloc(n, sizeof(l->spans[0]));
    if (l->spans == NULL)
        return NH_ENOMEM;
    for (; l->span_count < n; l->span_count++) {
        l->spans[l->span_count].from_ms = take_time(in);
        l->spans[l->span_count].to_ms = take_time(in);
        l->spans[l->span_count].down = take_below(in, 2) != 0;
    }
    return NH_OK;
}

static enum nh_err
decode_lists(struct nh_slice *in, struct incident *out)
{
    size_t n = take_count(in, 9);

    out->links = calloc(n + 1, sizeof(out->links[0]));
    if (out->links == NULL)
        return NH_ENOMEM;
    while (out->link_count < n) {
        struct incident_link *l = &out->links[out->link_count++];

        nh_take_str(in, l->id, sizeof(l->id));
        l->standby = take_below(in, 2) != 0;
        l->from_ms = take_time(in);
        l->to_ms = take_time(in);
        decode_minutes(in, &l->minutes);
        if (decode_spans(in, l) != NH_OK)
            return NH_ENOMEM;
    }
    n = take_count(in, 1);
    out->sites = calloc(n + 1, sizeof(out->sites[0]));
    if (out->sites == NULL)
        return NH_ENOMEM;
    for (; out->site_count < n; out->site_count++)
        nh_take_str(in, out->sites[out->site_count], sizeof(out->sites[0]));
    n = take_count(in, 4);
    out->reasons = calloc(n + 1, sizeof(out->reasons[0]));
    if (out->reasons == NULL)
        return NH_ENOMEM;
    while (out->reason_count < n) {
        struct incident_reason *r = &out->reasons[out->reason_count++];

        if (!decode_text(in, &r->vi) || !decode_text(in, &r->en))
            return NH_ENOMEM;
        nh_take_str(in, r->check, sizeof(r->check));
        r->at_ms = take_time(in);
    }
    return NH_OK;
}

static int32_t
take_figure(struct nh_slice *in)
{
    int64_t v = nh_take_zigzag(in);

    in->bad |= v < -1 || v > INT32_MAX;
    return in->bad ? -1 : (int32_t)v;
}

static void
decode_figures(struct nh_slice *in, struct incident_figures *f)
{
    f->rtt_us = take_figure(in);
    f->loss_permille = take_figure(in);
    f->runtime_s = take_figure(in);
    f->charge_pct = take_figure(in);
    f->battery_low = take_below(in, 2) != 0;
    in->bad |= !has_figures(f);
}

static enum nh_err
decode(struct nh_slice *in, struct incident *out)
{
    unsigned flags;

    in->bad |= nh_take_u8(in) != VERSION;
    out->number = take_u32(in);
    out->opened_ms = take_time(in);
    out->started_ms = take_time(in);
    out->closed_ms = take_time(in);
    out->told_closed_ms = take_time(in);
    out->changed_ms = take_time(in);
    out->revision = take_u32(in);
    out->kind = (enum incident_kind)take_below(in, INCIDENT_KINDS);
    out->cause = (enum cause)take_below(in, CAUSES);
    out->first_cause = (enum cause)take_below(in, CAUSES);
    out->confidence = (enum confidence)take_below(in, CONFIDENCE_FACT + 1);
    out->next_cause = (enum cause)take_below(in, CAUSES);
    flags = take_below(in, 2 * FLAG_FIGURES);
    out->figures = (struct incident_figures){ -1, -1, -1, -1, false };
    if ((flags & FLAG_FIGURES) != 0)
        decode_figures(in, &out->figures);
    out->may_be_told = (flags & 1) != 0;
    out->note = (flags & 4) != 0;
    out->whole_carrier = (flags & 2) != 0;
    out->merged_into = take_u32(in);
    nh_take_str(in, out->party, sizeof(out->party));
    nh_take_str(in, out->object, sizeof(out->object));
    if (!decode_text(in, &out->title_vi) || !decode_text(in, &out->title_en) ||
        !decode_text(in, &out->settle_vi) || !decode_text(in, &out->settle_en))
        return NH_ENOMEM;
    decode_minutes(in, &out->minutes);
    return decode_lists(in, out);
}

enum nh_err
incident_decode(struct nh_slice *in, struct incident *out)
{
    enum nh_err err;

    *out = (struct incident){ 0 };
    err = decode(in, out);
    if (err == NH_OK && in->bad)
        err = NH_EFORMAT;
    if (err != NH_OK)
        incident_fini(out);
    return err;
}
