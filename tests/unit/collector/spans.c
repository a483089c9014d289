/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of time: by hand, and against a plain array of ms. */
#include "collector/spans.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

static const char *
text(const struct spans *s)
{
    static char out[512];
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < s->count; i++)
        n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%d-%d", i > 0 ? " " : "",
            (int)s->at[i].from_ms, (int)s->at[i].to_ms);
    return out;
}

static void
adding(void)
{
    struct spans s = { 0 };

    spans_add(&s, 10, 20, 0);
    spans_add(&s, 40, 50, 0);
    spans_add(&s, 30, 30, 0); /* nothing */
    CHECK_STR(text(&s), "10-20 40-50", "apart");
    spans_add(&s, 20, 25, 0);
    CHECK_STR(text(&s), "10-25 40-50", "touches");
    spans_add(&s, 0, 5, 4);
    CHECK_STR(text(&s), "0-5 10-25 40-50", "too far");
    spans_add(&s, 60, 70, 10);
    CHECK_STR(text(&s), "0-5 10-25 40-70", "near the end");
    spans_add(&s, 30, 36, 5);
    CHECK_STR(text(&s), "0-5 10-70", "fills a hole, both sides near");
    spans_add(&s, -5, 100, 0);
    CHECK_STR(text(&s), "-5-100", "over all");
    CHECK_EQ(spans_sum(&s), 105, "sum");
    spans_fini(&s);
}

static void
parts(void)
{
    struct spans a = { 0 }, b = { 0 }, out = { 0 };

    spans_add(&a, 0, 10, 0);
    spans_add(&a, 20, 30, 0);
    spans_add(&b, 5, 22, 0);
    spans_add(&b, 24, 26, 0);
    spans_both(&a, &b, &out);
    CHECK_STR(text(&out), "5-10 20-22 24-26", "both");
    spans_fini(&out);
    spans_minus(&a, &b, &out);
    CHECK_STR(text(&out), "0-5 22-24 26-30", "minus");
    spans_fini(&out);
    spans_without(&a, -3, 40, &out);
    CHECK_STR(text(&out), "-3-0 10-20 30-40", "without");
    CHECK(spans_cover(&a, 20, 30) && spans_cover(&a, 22, 23) && spans_cover(&a, 7, 7));
    CHECK(
        !spans_cover(&a, 9, 11) && !spans_cover(&a, 19, 21) && !spans_cover(&a, 40, 41));
    spans_fini(&a);
    spans_fini(&b);
    spans_fini(&out);
}

enum { RANGE = 200, CASES = 400 };

static void
mark(bool *at, int from, int to)
{
    for (int i = from; i < to; i++)
        at[i] = true;
}

static void
as_an_array_has_it(void)
{
    srand(7);
    for (int n = 0; n < CASES; n++) {
        struct spans s[2] = { { 0 }, { 0 } }, both = { 0 }, minus = { 0 };
        bool at[2][RANGE] = { { false } };

        for (int k = 0; k < 12; k++) {
            int from = rand() % RANGE, to = from + rand() % 20, which = rand() % 2;

            to = to > RANGE ? RANGE : to;
            spans_add(&s[which], from, to, 0);
            mark(at[which], from, to);
        }
        spans_both(&s[0], &s[1], &both);
        spans_minus(&s[0], &s[1], &minus);
        for (int i = 0; i < RANGE; i++) {
            CHECK_EQ(spans_cover(&both, i, i + 1), at[0][i] && at[1][i], "both");
            CHECK_EQ(spans_cover(&minus, i, i + 1), at[0][i] && !at[1][i], "minus");
        }
        for (size_t i = 1; i < s[0].count; i++)
            CHECK(s[0].at[i].from_ms > s[0].at[i - 1].to_ms);
        spans_fini(&s[0]);
        spans_fini(&s[1]);
        spans_fini(&both);
        spans_fini(&minus);
    }
}

int
main(void)
{
    RUN(adding);
    RUN(parts);
    RUN(as_an_array_has_it);
    return check_done();
}
