/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_stand_in.h - a session without a socket: the functions of libnhip/snmp.h, for one
 * test program
 *
 * What is asked is kept; the test puts what comes of it in `vars` and calls `done`.
 */
#ifndef SNMP_STAND_IN_H
#define SNMP_STAND_IN_H

#include "libnhip/snmp.h"
#include <string.h>

enum { STAND_IN_VARS = 512 };

struct nh_snmp {
    int version;
    enum nh_snmp_ask ask;
    unsigned long ids[NH_SNMP_VARS_MAX][NH_OID_MAX];
    size_t lens[NH_SNMP_VARS_MAX], heads, count;
    int repetitions;
    bool waiting;
    unsigned asked, asked_once; /* requests; those with heads */
    void (*done)(void *arg, struct nh_snmp_answer *a);
    void *arg;
    struct nh_snmp_var
        vars[STAND_IN_VARS]; /* of the answer, whose `next` is the session */
    size_t var_count, taken;
};

enum nh_err
nh_snmp_ask(struct nh_snmp *s, enum nh_snmp_ask ask, const unsigned long *const *oids,
    const size_t *lens, size_t heads, size_t count, int repetitions,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg)
{
    s->ask = ask;
    s->heads = heads;
    s->count = count;
    s->repetitions = ask == NH_SNMP_GETBULK ? repetitions : 1;
    for (size_t i = 0; i < count; i++) {
        memcpy(s->ids[i], oids[i], lens[i] * sizeof(oids[i][0]));
        s->lens[i] = lens[i];
    }
    s->done = done;
    s->arg = arg;
    s->waiting = true;
    s->asked++;
    s->asked_once += heads > 0;
    return NH_OK;
}

void
nh_snmp_cancel(struct nh_snmp *s, const void *arg)
{
    s->waiting = s->waiting && s->arg != arg;
}

int
nh_snmp_version(const struct nh_snmp *s)
{
    return s->version;
}

void
nh_snmp_speak(struct nh_snmp *s, int version)
{
    s->version = version;
}

bool
nh_snmp_next(struct nh_snmp_answer *a, struct nh_snmp_var *out)
{
    struct nh_snmp *s = (struct nh_snmp *)(uintptr_t)a->next;

    if (s == NULL || s->taken == s->var_count)
        return false;
    *out = s->vars[s->taken++];
    return true;
}

#endif
