/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traps.h - traps and informs of the devices behind this box, by libnhip/trap_desk.h
 *
 * Who may send are the devices that the collectors have assigned to be asked by SNMP,
 * with the credential that they are asked with. An inform is answered when its event is
 * safe from a power cut in the agent's journal.
 *
 * Threads: the loop's only.
 */
#ifndef AGENT_TRAPS_H
#define AGENT_TRAPS_H

#include "agent/assignments.h"
#include "agent/spool.h"
#include <jansson.h>

struct traps;

struct traps_host {
    struct event_base *base;
    struct spool *spool;
    struct assignments *assignments;
    void (*told)(void *arg); /* an event is in the journal */
    void *arg;
};

/* Bind the port of the configuration, while privileges last; nothing is made where none
 * is named. One that cannot be had is logged, and the agent runs on without. */
enum nh_err traps_open(
    struct traps **out, const struct agent_config *config) NH_MUST_CHECK;
/* Read from now on, before the first device is asked. `t` may be NULL. */
void traps_start(struct traps *t, const struct traps_host *host);
void traps_stop(struct traps *t); /* what it was given goes */
void traps_close(struct traps *t);

/* What came, for the status; the caller owns it. */
json_t *traps_json(const struct traps *t);

#endif
