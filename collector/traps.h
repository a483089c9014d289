/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traps.h - traps and informs of the inventory's devices, by libnhip/trap_desk.h
 *
 * An inform is answered when its event is on the disk. In a drill nobody may send.
 * Threads: the loop's only.
 */
#ifndef TRAPS_H
#define TRAPS_H

#include "libnhip/trap_desk.h"

struct collector;
struct traps;

/* Bind the port of the configuration, while privileges last; nothing is made where none
 * is named. A port that cannot be had is logged, and the collector runs on without. */
enum nh_err traps_open(struct traps **out, struct collector *c) NH_MUST_CHECK;
/* Read from now on, before the first device is asked. */
void traps_start(struct traps *t);
void traps_close(struct traps *t);
void traps_reloaded(struct traps *t); /* the inventory is another one */

/* From the store: what is on the disk, and that what is not is lost. */
void traps_durable(struct traps *t, uint64_t pos);
void traps_lost(struct traps *t);

/* NULL: nothing listens. Lent. */
const struct nh_trap_desk *traps_desk(const struct traps *t);

#endif
