/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.h - a recorded stream judged in virtual time (nhip-collector --replay)
 *
 * Reads the replay format (docs/DIAGNOSIS.md) from a file, a .gz, or "-", runs the
 * machine and the policy on the stream's clock, and prints what came of it. Nothing else
 * is opened.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "collector/inventory.h"
#include <stdio.h>

/* One line as it stands in the stream. */
struct replay_line {
    int64_t at_ms, arrived_ms; /* at_ms 0: a clock line */
    bool is_reading, is_event;
    char check[NH_CHECK_ID_MAX], boot[40];
    bool has_boot;
    char site[NH_SITE_ID_MAX], link[NH_SITE_ID_MAX];
    struct nh_event event;
    size_t value_count;
    struct {
        char name[NH_NAME_MAX];
        double value;
        bool known;
    } values[24];
};

/* Parse one line of `len` bytes; NULL: it is one, else what is wrong with it. */
const char *replay_parse(const char *line, size_t len, struct replay_line *out);

/* The exit status: 0, or 2 with a sentence on standard error that names the line. */
int replay_run(const struct inventory *inv, const char *path, FILE *out);

#endif
