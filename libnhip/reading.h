/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reading.h - one check's metrics at one time: the type that flows through the house
 *
 * sensor -> journal -> wire -> journal -> judge / series / export: each stage passes
 * readings on and adds nothing but what it knows better (the collector dates them).
 *
 * A dictionary names the checks of one stream: a small number, the check id and its kind.
 * Its numbers are given once and never change their meaning while the stream lives;
 * readings carry the number. Unknown kinds are kept by the metrics that came with them,
 * so that a newer agent's readings are stored and shown by an older collector.
 */
#ifndef NH_READING_H
#define NH_READING_H

#include "libnhip/buf.h"
#include "libnhip/kind.h"

enum {
    NH_CHECK_ID_MAX = 128, /* bytes of a check id with its NUL: SITE/LINK/kind */
    NH_DICT_MAX = 4096,    /* checks of one agent */
    NH_BATCH_READINGS_MAX = 8192,
};

struct nh_reading {
    uint32_t check;   /* number in the stream's dictionary */
    uint32_t present; /* bit i: value i is known */
    int64_t mono_ms;  /* the round's boundary, on the measuring host's BOOTTIME */
    int64_t value[NH_METRICS_MAX]; /* fixed point, by the kind's decimals */
};

/* One check of a dictionary. */
struct nh_check {
    char id[NH_CHECK_ID_MAX];
    const struct nh_kind *kind; /* a row of kind.c, or one owned by the dictionary */
    uint32_t number;
};

/*
 * A dictionary: numbers 1..NH_DICT_MAX to checks, both ways. Checks are never removed.
 * Threads: one owner.
 */
struct nh_dict;
enum nh_err nh_dict_new(struct nh_dict **out) NH_MUST_CHECK;
void nh_dict_free(struct nh_dict *d);
/* The number of check `id`, given now when it is new. Errors: NH_ENOMEM, NH_ETOOBIG
 * (full), NH_EINVAL (id empty, too long, not UTF-8; or known with another kind). */
enum nh_err nh_dict_add(struct nh_dict *d, const char *id, const struct nh_kind *kind,
    uint32_t *number) NH_MUST_CHECK;
/* Lends until the dictionary is freed; NULL when there is none. */
const struct nh_check *nh_dict_get(const struct nh_dict *d, uint32_t number);
const struct nh_check *nh_dict_find(const struct nh_dict *d, const char *id);
uint32_t nh_dict_count(const struct nh_dict *d); /* numbers run from 1 to this */

/*
 * Dictionary entries as bytes, for DICT frames and journal segments: entries `from`..`to`
 * by number. nh_dict_decode() adds what it reads at the numbers that it names; an entry
 * that contradicts one already there is NH_EFORMAT.
 */
void nh_dict_encode(
    const struct nh_dict *d, uint32_t from, uint32_t to, struct nh_buf *out);
enum nh_err nh_dict_decode(struct nh_dict *d, struct nh_slice *in) NH_MUST_CHECK;

/*
 * Readings as columns (docs/PROTOCOL.md, "Readings"): grouped by kind, one time column
 * and one column a metric. The bytes decode alone, given the dictionary. Encoding sorts
 * `readings`. `mono_base_ms` is the smallest time in it. Errors of encode: NH_EINVAL (a
 * number without a check, none at all), and the buffer's.
 */
enum nh_err nh_batch_encode(const struct nh_dict *d, struct nh_reading *readings,
    size_t count, struct nh_buf *out) NH_MUST_CHECK;

/*
 * Decode columns into at most `max` readings. A check number that the dictionary lacks is
 * NH_ENOTFOUND, anything else that is wrong NH_EFORMAT or NH_ETOOBIG; *count is then 0.
 * Nothing is allocated.
 */
enum nh_err nh_batch_decode(const struct nh_dict *d, struct nh_slice in,
    struct nh_reading *readings, size_t max, size_t *count) NH_MUST_CHECK;

/* The first time in the columns without decoding them; NH_EFORMAT when there is none. */
enum nh_err nh_batch_base(struct nh_slice in, int64_t *mono_base_ms) NH_MUST_CHECK;

#endif
