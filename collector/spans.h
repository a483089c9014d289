/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spans.h - sets of time: union, cut and difference of half-open spans [from, to)
 *
 * Spans of a set are in order and none of them touch. Adding near the end is the fast
 * case; anywhere else costs a move of what lies behind.
 *
 * When memory runs out the set keeps what it had and says so for ever (`failed`): whoever
 * makes figures of it asks before he shows them.
 *
 * Threads: one owner.
 */
#ifndef SPANS_H
#define SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    int64_t from_ms, to_ms;
};
struct spans {
    size_t count, cap;
    struct span *at; /* owned */
    bool failed;
};

void spans_fini(struct spans *s);
/* Also joins what lies at most `near_ms` before or behind it; 0: what touches it. */
void spans_add(struct spans *s, int64_t from_ms, int64_t to_ms, int64_t near_ms);
void spans_add_all(struct spans *s, const struct spans *more);
/* What of a..b is in the set, or is not: into `out`, which keeps what it holds. */
void spans_within(
    const struct spans *s, int64_t from_ms, int64_t to_ms, struct spans *out);
void spans_without(
    const struct spans *s, int64_t from_ms, int64_t to_ms, struct spans *out);
/* `out` gains what is in `a` and in `b`, or in `a` and not in `b`. */
void spans_both(const struct spans *a, const struct spans *b, struct spans *out);
void spans_minus(const struct spans *a, const struct spans *b, struct spans *out);
bool spans_cover(const struct spans *s, int64_t from_ms, int64_t to_ms);
int64_t spans_sum(const struct spans *s);

#endif
