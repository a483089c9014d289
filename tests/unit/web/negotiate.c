/* SPDX-License-Identifier: GPL-3.0-or-later */
/* negotiate.c - gzip and language from what clients really send; bodies and their tags */
#include "tests/unit/check.h"
#include "web/http.h"

static void
gzip_or_not(void)
{
    static const struct {
        const char *value;
        bool want;
    } rows[] = {
        { NULL, false },
        { "", false },
        { "gzip", true },
        { "gzip, deflate, br", true },
        { "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
        { "gzip;q=0", false },
        { "deflate, gzip ; q=0.5", true },
        { "identity", false },
        { "*", true },
        { "x-gzip", false },
        { ",,;q=;,", false },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_NAMED(accepts_gzip(rows[i].value) == rows[i].want,
            rows[i].value != NULL ? rows[i].value : "none");
}

static void
language(void)
{
    static const struct {
        const char *query, *cookie, *accept;
        enum nh_lang fallback, want;
    } rows[] = {
        { NULL, NULL, NULL, NH_VI, NH_VI },
        { NULL, NULL, NULL, NH_EN, NH_EN },
        { "en", "vi", "vi", NH_VI, NH_EN },
        { NULL, "en", "vi", NH_VI, NH_EN },
        { "fr", NULL, "en-GB,en;q=0.9", NH_VI, NH_EN },
        { NULL, NULL, "vi-VN,vi;q=0.9,en;q=0.8", NH_EN, NH_VI },
        { NULL, NULL, "en;q=0.3, vi;q=0.7", NH_EN, NH_VI },
        { NULL, NULL, "fr, de", NH_VI, NH_VI },
        { NULL, NULL, "eng, vie", NH_VI, NH_VI },
        { "", "", "", NH_EN, NH_EN },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_EQ(choose_language(
                     rows[i].query, rows[i].cookie, rows[i].accept, rows[i].fallback),
            rows[i].want, rows[i].accept != NULL ? rows[i].accept : "none");
}

static struct body *
body_of(const char *text, size_t times)
{
    struct nh_buf b;
    struct body *body;

    nh_buf_init(&b, 1024 * 1024);
    for (size_t i = 0; i < times; i++)
        nh_buf_put(&b, text, strlen(text));
    body = body_new("text/plain", &b);
    nh_buf_fini(&b);
    return body;
}

static void
bodies(void)
{
    struct body *a = body_of("the same line again\n", 500), *b = body_of("small", 1);
    struct body *c = body_of("small", 1);
    enum http_gzip form = HTTP_GZIP;
    size_t len;

    CHECK_EQ(body_size(a, HTTP_PLAIN), 10000, "plain");
    CHECK(body_size(a, HTTP_GZIP) < 200);
    CHECK(strcmp(body_tag(a, HTTP_PLAIN), body_tag(a, HTTP_GZIP)) != 0);
    CHECK_STR(body_tag(b, HTTP_PLAIN), body_tag(c, HTTP_PLAIN), "same bytes, same tag");
    CHECK(strcmp(body_tag(a, HTTP_PLAIN), body_tag(b, HTTP_PLAIN)) != 0);
    body_bytes(b, &form, &len);
    CHECK_EQ(form, HTTP_PLAIN, "too small to compress");
    CHECK_EQ(len, 5, "length");
    body_unref(body_ref(a));
    body_unref(a);
    body_unref(b);
    body_unref(c);
}

int
main(void)
{
    RUN(gzip_or_not);
    RUN(language);
    RUN(bodies);
    return check_done();
}
