/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensing.h - the collector is its own first agent: far, pop, centre and services
 *
 * The same sensors and the same journal as everyone else's readings, as source 0. In a
 * drill it measures nothing. Threads: the loop's only.
 */
#ifndef SENSING_H
#define SENSING_H

#include "libnhip/err.h"
#include <stdint.h>

struct collector;
struct sensing;

enum nh_err sensing_open(struct sensing **out, struct collector *c) NH_MUST_CHECK;
void sensing_close(struct sensing *s);
/* Measure what the inventory says now. */
void sensing_assign(struct sensing *s);
/* Readings of our own that were made while the disk was full, and are lost. */
uint64_t sensing_lost(const struct sensing *s);

#endif
