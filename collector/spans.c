/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spans.c - sorted arrays; a place is found from the end, then by halves */
#include "collector/spans.h"
#include <stdlib.h>
#include <string.h>

void
spans_fini(struct spans *s)
{
    free(s->at);
    *s = (struct spans){ 0 };
}

/* The first span that ends at or after the moment. */
static size_t
first_ending(const struct spans *s, int64_t at_ms)
{
    size_t lo = 0, hi = s->count;

    if (s->count > 0 && s->at[s->count - 1].to_ms < at_ms)
        return s->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (s->at[mid].to_ms < at_ms)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool
grow(struct spans *s)
{
    size_t cap = s->cap == 0 ? 8 : s->cap * 2;
    struct span *more;

    if (s->count < s->cap)
        return true;
    more = realloc(s->at, cap * sizeof(*more));
    if (more == NULL) {
        s->failed = true;
        return false;
    }
    s->at = more;
    s->cap = cap;
    return true;
}

void
spans_add(struct spans *s, int64_t from_ms, int64_t to_ms, int64_t near_ms)
{
    size_t first, last;

    if (to_ms <= from_ms)
        return;
    first = last = first_ending(s, from_ms - near_ms);
    while (last < s->count && s->at[last].from_ms <= to_ms + near_ms) {
        if (s->at[last].from_ms < from_ms)
            from_ms = s->at[last].from_ms;
        if (s->at[last].to_ms > to_ms)
            to_ms = s->at[last].to_ms;
        last++;
    }
    if (last == first) { /* a place of its own */
        if (!grow(s))
            return;
        memmove(s->at + first + 1, s->at + first, (s->count - first) * sizeof(*s->at));
        s->count++;
    } else {
        memmove(s->at + first + 1, s->at + last, (s->count - last) * sizeof(*s->at));
        s->count -= last - first - 1;
    }
    s->at[first] = (struct span){ from_ms, to_ms };
}

void
spans_add_all(struct spans *s, const struct spans *more)
{
    s->failed |= more->failed;
    for (size_t i = 0; i < more->count; i++)
        spans_add(s, more->at[i].from_ms, more->at[i].to_ms, 0);
}

void
spans_within(const struct spans *s, int64_t from_ms, int64_t to_ms, struct spans *out)
{
    out->failed |= s->failed;
    for (size_t i = first_ending(s, from_ms); i < s->count; i++) {
        const struct span *x = &s->at[i];

        if (x->from_ms >= to_ms)
            return;
        spans_add(out, x->from_ms > from_ms ? x->from_ms : from_ms,
            x->to_ms < to_ms ? x->to_ms : to_ms, 0);
    }
}

void
spans_without(const struct spans *s, int64_t from_ms, int64_t to_ms, struct spans *out)
{
    out->failed |= s->failed;
    for (size_t i = first_ending(s, from_ms); i < s->count && from_ms < to_ms; i++) {
        const struct span *x = &s->at[i];

        if (x->from_ms >= to_ms)
            break;
        spans_add(out, from_ms, x->from_ms, 0);
        if (x->to_ms > from_ms)
            from_ms = x->to_ms;
    }
    spans_add(out, from_ms, to_ms, 0);
}

void
spans_both(const struct spans *a, const struct spans *b, struct spans *out)
{
    out->failed |= a->failed;
    for (size_t i = 0; i < a->count; i++)
        spans_within(b, a->at[i].from_ms, a->at[i].to_ms, out);
}

void
spans_minus(const struct spans *a, const struct spans *b, struct spans *out)
{
    out->failed |= a->failed;
    for (size_t i = 0; i < a->count; i++)
        spans_without(b, a->at[i].from_ms, a->at[i].to_ms, out);
}

bool
spans_cover(const struct spans *s, int64_t from_ms, int64_t to_ms)
{
    size_t i = first_ending(s, to_ms);

    return to_ms <= from_ms || (i < s->count && s->at[i].from_ms <= from_ms);
}

int64_t
spans_sum(const struct spans *s)
{
    int64_t sum = 0;

    for (size_t i = 0; i < s->count; i++)
        sum += s->at[i].to_ms - s->at[i].from_ms;
    return sum;
}
