/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * normal.h - the usual delay of a line, learned, and whether today's is far from it
 *
 * The fixed limits say when a line breaks its promise; this says when it is not itself: a
 * line that lives at 8 ms and now sits at 60 ms. Every five minutes the median of what
 * was measured is one sample. The usual delay goes a small step towards each sample, as a
 * running median does: however wild a sample is, it moves it by a thousandth, and by a
 * quarter of that while the delay counts as unusual. So an hour of trouble teaches
 * nothing, and a line that moved for good is at home there within two weeks or so. The
 * first samples weigh more; before a whole day of them nothing is said.
 *
 * Pure arithmetic on integers: knows no clock, the same live and in a replay.
 */
#ifndef NORMAL_H
#define NORMAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    NORMAL_SAMPLE_MS = 300000,
    NORMAL_SAMPLES = 288,  /* a day of them: before that nothing is said */
    NORMAL_IN_A_ROW = 3,   /* a quarter of an hour begins it, and ends it */
    NORMAL_TIMES = 3,      /* unusual: more than this many times the usual ... */
    NORMAL_MORE_US = 20000 /* ... and more than this above it */
};

struct normal {
    int64_t sampled_ms; /* when the last sample was taken; 0: none */
    int64_t turned_ms;  /* first sample of those that disagree with `unusual` in a row */
    int64_t since_ms;   /* unusual: since then */
    int32_t usual;      /* learned so far, in sixteenths of a us */
    int32_t now_us;     /* the last sample */
    uint16_t samples;   /* up to NORMAL_SAMPLES */
    uint8_t turned;     /* how many in a row disagree with `unusual` */
    bool unusual;
};

/* Is it time for a sample? They are taken once in each five minutes of the clock. */
bool normal_is_due(const struct normal *n, int64_t at_ms);
/* The median of the last five minutes; true: `unusual` changed. */
bool normal_sample(struct normal *n, int32_t median_us, int64_t at_ms);
int32_t normal_usual_us(const struct normal *n);
/* Has enough been seen to speak of a usual delay? */
bool normal_is_known(const struct normal *n);
/* The median of `count` values, which are put in order. */
int32_t normal_median(int32_t *values, int count);

#endif
