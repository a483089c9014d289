/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_state.c - what the policy knows, as bytes and back */
#include "collector/policy_model.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 2 }; /* 1: without meetings and digests */

void
policy_save(const struct policy *p, struct nh_buf *out)
{
    nh_buf_put_u8(out, VERSION);
    nh_buf_put_zigzag(out, p->now_ms);
    nh_buf_put_varint(out, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const struct casefile *c = &p->cases[i];

        incident_encode(out, &c->in);
        nh_buf_put_u8(out, (uint8_t)(c->opened | c->acknowledged << 1 | c->done << 2 |
                                     c->told_low << 3));
        nh_buf_put_varint(out, c->step);
        nh_buf_put_zigzag(out, c->told_ms);
        nh_buf_put_zigzag(out, c->revised_ms);
        nh_buf_put_varint(out, c->revisions);
        nh_buf_put_u8(out, (uint8_t)c->told_cause);
        nh_buf_put_str(out, c->told_party);
        nh_buf_put_varint(out, c->told_count);
        for (size_t k = 0; k < c->told_count; k++)
            nh_buf_put_str(out, c->told[k]->id);
    }
    nh_buf_put_varint(out, p->clash_count);
    for (size_t i = 0; i < p->clash_count; i++) {
        nh_buf_put_varint(out, p->clashes[i].hash);
        nh_buf_put_zigzag(out, p->clashes[i].until_ms);
    }
    nh_buf_put_varint(out, p->window_count);
    for (size_t i = 0; i < p->window_count; i++) {
        const struct window *w = &p->windows[i];

        nh_buf_put_str(out, w->to->id);
        nh_buf_put_u8(out, (uint8_t)w->about);
        nh_buf_put_zigzag(out, w->from_ms);
        nh_buf_put_varint(out, w->count);
    }
    nh_buf_put_varint(out, p->held_count);
    for (size_t i = 0; i < p->held_count; i++) {
        const struct held *h = &p->held[i];

        nh_buf_put_str(out, h->to->id);
        nh_buf_put_u8(out, (uint8_t)h->about);
        nh_buf_put_varint(out, h->number);
        nh_buf_put_varint(out, h->step);
        nh_buf_put_zigzag(out, h->after_ms);
    }
}

static int64_t
take_time(struct nh_slice *in)
{
    int64_t v = nh_take_zigzag(in);

    in->bad |= v > INCIDENT_TIME_MAX || v < -INCIDENT_TIME_MAX;
    return in->bad ? 0 : v;
}

/* A contact that the inventory no longer has is told no more. */
static const struct inv_contact *
take_contact(const struct policy *p, struct nh_slice *in)
{
    char id[NH_SITE_ID_MAX];

    nh_take_str(in, id, sizeof(id));
    for (size_t k = 0; k < p->inv->contact_count && !in->bad; k++)
        if (strcmp(p->inv->contacts[k].id, id) == 0)
            return &p->inv->contacts[k];
    return NULL;
}

static void
load_told(struct policy *p, struct casefile *c, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > POLICY_TOLD_MAX;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        const struct inv_contact *to = take_contact(p, in);

        if (to != NULL)
            c->told[c->told_count++] = to;
    }
}

static enum message_about
take_about(struct nh_slice *in)
{
    unsigned about = nh_take_u8(in);

    in->bad |= about >= MESSAGE_ABOUTS;
    return in->bad ? MESSAGE_OPENED : (enum message_about)about;
}

static unsigned
take_unsigned(struct nh_slice *in)
{
    uint64_t v = nh_take_varint(in);

    in->bad |= v > UINT32_MAX;
    return (unsigned)v;
}

static enum nh_err
load_gathering(struct policy *p, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > in->len;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        const struct inv_contact *to = take_contact(p, in);
        enum message_about about = take_about(in);
        int64_t from_ms = take_time(in);
        unsigned count = take_unsigned(in);
        struct window *w = to == NULL || in->bad ? NULL : policy_window(p, to, about);

        if (w != NULL)
            *w = (struct window){ to, about, from_ms, count };
        else if (to != NULL && !in->bad)
            return NH_ENOMEM;
    }
    n = nh_take_varint(in);
    in->bad |= n > in->len || n > POLICY_HELD_MAX;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        struct held h = { .to = take_contact(p, in) };

        h.about = take_about(in);
        h.number = take_unsigned(in);
        h.step = take_unsigned(in);
        h.after_ms = take_time(in);
        if (h.to != NULL && !in->bad && !policy_hold(p, &h))
            return NH_ENOMEM;
    }
    return in->bad ? NH_EFORMAT : NH_OK;
}

static enum nh_err
load_case(struct policy *p, struct nh_slice *in)
{
    struct incident incident;
    enum nh_err err = incident_decode(in, &incident);
    struct casefile *c;
    unsigned flags, cause;

    if (err != NH_OK)
        return err;
    c = policy_case(p, incident.number, true);
    if (c == NULL) {
        incident_fini(&incident);
        return NH_ENOMEM;
    }
    incident_fini(&c->in);
    c->in = incident;
    flags = nh_take_u8(in);
    c->opened = (flags & 1) != 0;
    c->acknowledged = (flags & 2) != 0;
    c->done = (flags & 4) != 0;
    c->told_low = (flags & 8) != 0;
    c->step = (size_t)nh_take_varint(in);
    c->told_ms = take_time(in);
    c->revised_ms = take_time(in);
    c->revisions = (unsigned)nh_take_varint(in);
    cause = nh_take_u8(in);
    in->bad |= cause >= CAUSES;
    c->told_cause = in->bad ? CAUSE_UNKNOWN : (enum cause)cause;
    nh_take_str(in, c->told_party, sizeof(c->told_party));
    load_told(p, c, in);
    return in->bad ? NH_EFORMAT : NH_OK;
}

static enum nh_err
load_clashes(struct policy *p, struct nh_slice *in)
{
    uint64_t n = nh_take_varint(in);

    in->bad |= n > POLICY_CLASHES_MAX || n > in->len;
    if (in->bad || n == 0)
        return in->bad ? NH_EFORMAT : NH_OK;
    p->clashes = calloc((size_t)n, sizeof(p->clashes[0]));
    if (p->clashes == NULL)
        return NH_ENOMEM;
    p->clash_cap = (size_t)n;
    while (p->clash_count < n) {
        struct clash *c = &p->clashes[p->clash_count++];
        uint64_t hash = nh_take_varint(in);

        in->bad |= hash > UINT32_MAX;
        c->hash = (uint32_t)hash;
        c->until_ms = take_time(in);
    }
    return in->bad ? NH_EFORMAT : NH_OK;
}

static void
renew(struct policy *p)
{
    free(p->clashes);
    p->clashes = NULL;
    p->clash_count = p->clash_cap = p->window_count = p->held_count = 0;
    p->looked_minute = 0;
    for (size_t i = 0; i < p->count; i++)
        incident_fini(&p->cases[i].in);
    p->count = 0;
    p->now_ms = 0;
}

enum nh_err
policy_load(struct policy *p, struct nh_slice in)
{
    enum nh_err err = NH_OK;
    unsigned version;
    uint64_t n;

    renew(p);
    version = nh_take_u8(&in);
    in.bad |= version < 1 || version > VERSION;
    p->now_ms = take_time(&in);
    n = nh_take_varint(&in);
    for (uint64_t i = 0; i < n && err == NH_OK && !in.bad; i++)
        err = load_case(p, &in);
    if (err == NH_OK && version > 1)
        err = load_clashes(p, &in);
    if (err == NH_OK && version > 1)
        err = load_gathering(p, &in);
    if (err == NH_OK && (in.bad || in.len != 0))
        err = NH_EFORMAT;
    if (err != NH_OK)
        renew(p);
    return err;
}
