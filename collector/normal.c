/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * normal.c - a running median in steps of a thousandth, and the bounds around it
 */
#include "collector/normal.h"
#include <stdlib.h>

enum { STEP = 1024, UNUSUAL_STEP = 2 * STEP, SIXTEENTHS = 16, US_MAX = 100000000 };

bool
normal_is_due(const struct normal *n, int64_t at_ms)
{
    return at_ms / NORMAL_SAMPLE_MS > n->sampled_ms / NORMAL_SAMPLE_MS;
}

bool
normal_is_known(const struct normal *n)
{
    return n->samples >= NORMAL_SAMPLES;
}

int32_t
normal_usual_us(const struct normal *n)
{
    return n->usual / SIXTEENTHS;
}

/* A thousandth; the nth sample of the first day an nth: what is learned is soon near. */
static void
learn(struct normal *n, int32_t us)
{
    int32_t is = us > US_MAX ? US_MAX * SIXTEENTHS : us * SIXTEENTHS;
    int32_t away = is - n->usual, parts = n->unusual ? UNUSUAL_STEP : STEP, step;

    if (n->samples < NORMAL_SAMPLES)
        n->samples++;
    if (!normal_is_known(n))
        parts = n->samples;
    step = n->usual / parts > 0 ? n->usual / parts : 1;
    if (n->samples > 1 && away > step)
        n->usual += step;
    else if (n->samples > 1 && away < -step)
        n->usual -= step;
    else
        n->usual = is;
}

/* It ends where it is clearly nearer: at two thirds of the bounds. */
static bool
is_beyond(const struct normal *n, int32_t us)
{
    int64_t times = NORMAL_TIMES, more = NORMAL_MORE_US, usual = normal_usual_us(n);

    if (n->unusual) {
        times = 2;
        more = NORMAL_MORE_US / 2;
    }
    return us > times * usual && us > usual + more;
}

bool
normal_sample(struct normal *n, int32_t median_us, int64_t at_ms)
{
    bool known = normal_is_known(n);

    if (at_ms - n->sampled_ms > 2 * (int64_t)NORMAL_SAMPLE_MS)
        n->turned = 0; /* not in a row */
    n->sampled_ms = at_ms;
    n->now_us = median_us;
    if (known && is_beyond(n, median_us) != n->unusual) {
        if (n->turned++ == 0)
            n->turned_ms = at_ms - NORMAL_SAMPLE_MS;
    } else {
        n->turned = 0;
    }
    learn(n, median_us);
    if (n->turned < NORMAL_IN_A_ROW)
        return false;
    n->turned = 0;
    n->unusual = !n->unusual;
    n->since_ms = n->turned_ms;
    return true;
}

static int
by_value(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int32_t
normal_median(int32_t *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), by_value);
    return values[count / 2];
}
