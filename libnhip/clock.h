/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.h - the only reader of clocks
 *
 * `mono` is CLOCK_BOOTTIME: milliseconds since the host started, never stepped, running
 * through sleep; every reading carries it. `wall` is CLOCK_REALTIME in Unix milliseconds:
 * a hint on an agent, the truth on the collector. nh_clock_replace() puts a virtual clock
 * in for tests and for --replay.
 *
 * Threads: any; nh_clock_replace() before threads start.
 */
#ifndef NH_CLOCK_H
#define NH_CLOCK_H

#include "libnhip/err.h"
#include <stdint.h>

enum nh_clock_quality {
    NH_CLOCK_UNSET = 0, /* the year says that nobody has set it (before 2025) */
    NH_CLOCK_SET = 1,   /* plausible, but the kernel is not told that it is disciplined */
    NH_CLOCK_SYNCHRONISED = 2, /* adjtimex(2) without STA_UNSYNC */
};

struct nh_clock_source {
    int64_t (*mono_us)(void *arg);
    int64_t (*wall_us)(void *arg);
    void *arg;
};

int64_t nh_clock_mono_us(void);
int64_t nh_clock_mono_ms(void);
int64_t nh_clock_wall_us(void);
int64_t nh_clock_wall_ms(void);
enum nh_clock_quality nh_clock_wall_quality(void);

/* NULL puts the real clocks back. `source` is borrowed until replaced. */
void nh_clock_replace(const struct nh_clock_source *source);

enum { NH_BOOT_ID_LEN = 16 };

/* This boot's id, from /proc/sys/kernel/random/boot_id, read once; random where there is
 * none. */
const uint8_t *nh_clock_boot_id(void);

#endif
