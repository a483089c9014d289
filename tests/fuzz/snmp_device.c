/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_device.c - a device that answers whatever the input says: every round ends
 *
 * The session is a stand-in: the functions of libnhip/snmp.c are defined here, so that
 * no socket and no clock is between the input and what is learnt. An answer of the input
 * is a byte for its result, a byte for how many objects, and for each object a byte for
 * its identifier (the one asked for, moved on or back, or another), one for its type and
 * some for its value. Where the input ends the device is silent.
 */
#include "libnhip/snmp_device.h"
#include "libnhip/buf.h"
#include <stdlib.h>
#include <string.h>

enum { VARS = 160, ROUNDS = 3, REQUESTS_MAX = 20000 };

struct nh_snmp {
    const uint8_t *at, *end;
    int version;
    bool waiting;
    unsigned asked;
    unsigned long ids[NH_SNMP_VARS_MAX][NH_OID_MAX];
    size_t lens[NH_SNMP_VARS_MAX], count;
    void (*done)(void *arg, struct nh_snmp_answer *a);
    void *arg;
    struct nh_snmp_var vars[VARS];
    unsigned long oids[VARS][NH_OID_MAX + 1], objects[VARS][4];
    size_t var_count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t
take(struct nh_snmp *s)
{
    return s->at < s->end ? *s->at++ : 0;
}

enum nh_err
nh_snmp_ask(struct nh_snmp *s, enum nh_snmp_ask ask, const unsigned long *const *oids,
    const size_t *lens, size_t heads, size_t count, int repetitions,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg)
{
    if (s->waiting || count == 0 || heads > count || count > NH_SNMP_VARS_MAX ||
        repetitions < 0 || repetitions > NH_SNMP_VARS_MAX ||
        (ask == NH_SNMP_GETBULK && s->version == 1) || ++s->asked > REQUESTS_MAX)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (lens[i] < 2 || lens[i] > NH_OID_MAX)
            abort();
        memcpy(s->ids[i], oids[i], lens[i] * sizeof(oids[i][0]));
        s->lens[i] = lens[i];
    }
    s->count = count;
    s->done = done;
    s->arg = arg;
    s->waiting = true;
    return NH_OK;
}

void
nh_snmp_cancel(struct nh_snmp *s, const void *arg)
{
    if (s->arg == arg)
        s->waiting = false;
}

int
nh_snmp_version(const struct nh_snmp *s)
{
    return s->version;
}

void
nh_snmp_speak(struct nh_snmp *s, int version)
{
    if (s->version != 3)
        s->version = version;
}

bool
nh_snmp_next(struct nh_snmp_answer *a, struct nh_snmp_var *out)
{
    const struct nh_snmp *s = a->next;
    size_t left = s == NULL ? 0 : s->var_count - a->error_index;

    if (left == 0)
        return false;
    *out = s->vars[a->error_index++];
    return true;
}

static void
make_oid(struct nh_snmp *s, size_t i)
{
    size_t from = i % s->count, len = s->lens[from];
    unsigned long *id = s->oids[i];
    uint8_t how = take(s);

    memcpy(id, s->ids[from], len * sizeof(*id));
    if (how < 96) /* a row or a few beyond the last that was asked for */
        id[len++] = (unsigned long)(i / s->count) * 2 + (how & 31);
    else if (how < 192)
        id[len - 1] += how - 95U + i / s->count;
    else if (how < 224)
        id[len - 1] -= how & 7;
    else if (how < 240)
        id[how % len] ^= take(s);
    else if (how < 250)
        len -= len > 2;
    if (len > NH_OID_MAX)
        len = NH_OID_MAX;
    s->vars[i].oid = id;
    s->vars[i].oid_len = len;
}

static void
make_var(struct nh_snmp *s, size_t i)
{
    struct nh_snmp_var *v = &s->vars[i];
    size_t len;

    *v = (struct nh_snmp_var){ 0 };
    make_oid(s, i);
    v->type = (enum nh_snmp_type)(take(s) % (NH_SNMP_DECIMAL + 1));
    len = take(s) & 63;
    v->bytes = s->at;
    v->bytes_len = (size_t)(s->end - s->at) < len ? (size_t)(s->end - s->at) : len;
    s->at += v->bytes_len;
    for (size_t k = 0; k < v->bytes_len && k < 8; k++)
        v->unsigned_number = v->unsigned_number << 8 | ((const uint8_t *)v->bytes)[k];
    v->number = (int64_t)v->unsigned_number;
    memcpy(&v->decimal, &v->unsigned_number, sizeof(v->decimal));
    if (v->type >= NH_SNMP_UNSIGNED && v->type <= NH_SNMP_COUNTER32)
        v->unsigned_number &= UINT32_MAX;
    if (v->type == NH_SNMP_OBJECT) {
        for (size_t k = 0; k < 4; k++)
            s->objects[i][k] = v->unsigned_number >> (16 * k) & 0xffff;
        v->bytes = s->objects[i];
        v->bytes_len = sizeof(s->objects[i]);
    }
}

static void
answer(struct nh_snmp *s, int64_t mono_us)
{
    static const enum nh_snmp_result results[] = { NH_SNMP_TIMEOUT, NH_SNMP_GENERR,
        NH_SNMP_TOOBIG, NH_SNMP_NO_SUCH, NH_SNMP_VIEW, NH_SNMP_NONSENSE };
    struct nh_snmp_answer a = { .mono_us = mono_us };
    bool silent = s->at == s->end;
    uint8_t result = take(s);

    s->waiting = false;
    s->var_count = 0;
    if (silent)
        result = 0;
    if (result < 24) {
        a.result = results[result % 6];
        a.error_index = result / 6;
    } else {
        size_t count = take(s) % VARS;

        for (size_t i = 0; i < count; i++, s->var_count++)
            make_var(s, i);
        a.next = s;
    }
    s->done(s->arg, &a);
}

static void
on_round(void *arg)
{
    ++*(unsigned *)arg;
}

static void
check_facts(const struct nh_snmp_facts *f)
{
    if ((unsigned)f->result >= NH_SNMP_RESULTS || f->profile == NULL ||
        !nh_utf8_is_valid(f->name, strlen(f->name)) ||
        !nh_utf8_is_valid(f->descr, strlen(f->descr)))
        abort();
    for (size_t i = 0; i < f->interface_count; i++) {
        const struct nh_snmp_interface *row = &f->interfaces[i];

        if ((i > 0 && row[-1].index >= row->index) || row->name == NULL ||
            !nh_utf8_is_valid(row->name, strlen(row->name)) ||
            !nh_utf8_is_valid(row->alias, strlen(row->alias)) ||
            !nh_utf8_is_valid(row->descr, strlen(row->descr)))
            abort();
        for (int c = 0; c < NH_SNMP_COUNTERS; c++)
            if (row->rate[c] < 0)
                abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_snmp *s = calloc(1, sizeof(*s));
    struct nh_snmp_device *d = NULL;
    int64_t now_us = 1000000;
    unsigned ended = 0;

    if (s == NULL)
        abort();
    s->at = data;
    s->end = data + size;
    s->version = 1 + take(s) % 3;
    if (nh_snmp_device_new(&d, s) != NH_OK)
        abort();
    for (unsigned round = 1; round <= ROUNDS; round++) {
        if (nh_snmp_device_round(d, on_round, &ended) != NH_OK)
            abort();
        while (s->waiting)
            answer(s, now_us += 1000);
        if (ended != round)
            abort(); /* nothing is asked and the round has not ended, or it has twice */
        check_facts(nh_snmp_device_facts(d));
        now_us += 10 * 1000000;
    }
    nh_snmp_device_free(d);
    free(s);
    return 0;
}
