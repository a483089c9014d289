/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * batch.c - what a reading costs as columns: bytes and nanoseconds a value
 *
 * The default round of an agent with two links (path, gateway, port on each: 40 values),
 * and ten of them. Values wander as measured ones do; the seed is fixed.
 */
#include "libnhip/reading.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LINKS = 2, CHECKS = 3 * LINKS, VALUES = LINKS * (6 + 6 + 8), ROUNDS_MAX = 10 };

static uint64_t state = 20261124;

static int64_t
wander(int64_t span)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)span);
}

static double
now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static struct nh_dict *
house(void)
{
    static const char *const kinds[] = { "path", "gateway", "port" };
    struct nh_dict *d = NULL;

    if (nh_dict_new(&d) != NH_OK)
        exit(1);
    for (uint32_t i = 0; i < CHECKS; i++) {
        char id[NH_CHECK_ID_MAX];
        uint32_t number;

        snprintf(id, sizeof(id), "tra-linh/link%u/%s", i / 3, kinds[i % 3]);
        if (nh_dict_add(d, id, nh_kind_find(kinds[i % 3]), &number) != NH_OK)
            exit(1);
    }
    return d;
}

static void
fill(struct nh_reading *r, int rounds)
{
    for (int i = 0; i < rounds * CHECKS; i++) {
        int check = i % CHECKS;
        int64_t rtt = check % 3 == 0 ? 14000 + wander(900) : 420 + wander(60);
        struct nh_reading icmp = { .present = 0x3f,
            .value = {
                5, 0, rtt, rtt + wander(120), rtt + 120 + wander(400), wander(80) } };
        struct nh_reading port = { .present = 0xff,
            .value = { 1, 2000000 + wander(400000), 700000 + wander(90000), 0, 0, 0, 0,
                -1830 + wander(8) } };

        r[i] = check % 3 == 2 ? port : icmp;
        r[i].check = (uint32_t)check + 1;
        r[i].mono_ms = 86400000 + 10000 * (int64_t)(i / CHECKS);
    }
}

static void
measure(const struct nh_dict *d, int rounds)
{
    static struct nh_reading r[ROUNDS_MAX * CHECKS], got[ROUNDS_MAX * CHECKS];
    int turns = 200000 / rounds;
    double from, encode_ns = 0, decode_ns = 0, values = (double)VALUES * rounds;
    struct nh_buf b;
    size_t n = 0;

    nh_buf_init(&b, 65536);
    fill(r, rounds);
    from = now_ns();
    for (int i = 0; i < turns; i++) {
        nh_buf_clear(&b);
        if (nh_batch_encode(d, r, (size_t)(rounds * CHECKS), &b) != NH_OK)
            exit(1);
    }
    encode_ns = (now_ns() - from) / turns / values;
    from = now_ns();
    for (int i = 0; i < turns; i++)
        if (nh_batch_decode(d, nh_slice_of(b.data, b.len), got, NH_COUNT(got), &n) !=
            NH_OK)
            exit(1);
    decode_ns = (now_ns() - from) / turns / values;
    printf("rounds=%-2d values=%-3.0f bytes=%-3zu bytes_per_value=%.2f encode_ns=%.1f "
           "decode_ns=%.1f\n",
        rounds, values, b.len, (double)b.len / values, encode_ns, decode_ns);
    nh_buf_fini(&b);
}

int
main(void)
{
    struct nh_dict *d = house();

    measure(d, 1);
    measure(d, ROUNDS_MAX);
    nh_dict_free(d);
    return 0;
}
