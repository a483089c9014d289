/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series_child.h - nhip-series, started beside us and kept running
 *
 * It reads the journal by itself and is told how far that is durable; requests for series
 * and charts are passed on to it (collector/series/series.h has the lines). When it dies
 * it is started again, 1 s later at first and a minute at most; nothing is lost without
 * it but charts. Threads: the loop's only.
 */
#ifndef SERIES_CHILD_H
#define SERIES_CHILD_H

#include "libnhip/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct collector;
struct series_child;

enum nh_err series_child_open(
    struct series_child **out, struct collector *c) NH_MUST_CHECK;
/* Waits for its last checkpoint, ten seconds at most. */
void series_child_close(struct series_child *sc);
void series_child_durable(struct series_child *sc, uint64_t pos);
void series_child_tick(struct series_child *sc, int64_t mono_ms);

/* result (borrowed) or, when that is NULL, the code and error of docs/CONTROL.md. */
typedef void series_answer(
    void *arg, const json_t *result, const char *code, const char *error);
/* `request` is taken; "id" is set here. The answer comes later, or at once when there is
 * no process. */
void series_child_ask(
    struct series_child *sc, json_t *request, series_answer *answer, void *arg);
/* `arg` is gone: whatever it asked for is dropped. */
void series_child_forget(struct series_child *sc, const void *arg);

struct series_status {
    bool running;
    int64_t lag_s, files, rows, errors, restarts;
};
void series_child_status(const struct series_child *sc, struct series_status *out);

#endif
