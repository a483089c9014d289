/* SPDX-License-Identifier: GPL-3.0-or-later */
/* form.c - fields of a posted form; and whether the form is ours */
#include "web/form.h"
#include "tests/unit/check.h"
#include "web/csrf.h"
#include <stdlib.h>

static void
fields(void)
{
    static const struct {
        const char *name, *bytes, *field, *want;
    } rows[] = {
        { "plain", "a=1&b=2", "b", "2" },
        { "blank and escape", "who=N%C3%B4ng+V%C4%83n%2BH", "who", "Nông Văn+H" },
        { "blanks at the ends", "who=++Ha%0D%0A", "who", "Ha" },
        { "line ends", "text=a%0D%0Ab", "text", "a\nb" },
        { "an equals sign", "text=a=b", "text", "a=b" },
        { "no value", "text=&x", "text", "" },
        { "the first one", "a=1&a=2", "a", "1" },
        { "empty parts", "&&a=1&&", "a", "1" },
        { "a name with an escape", "%61=1", "a", "1" },
        { "not there", "a=1", "b", NULL },
        { "nothing", "", "a", NULL },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct form *f;

        CHECK_EQ(
            form_read(&f, rows[i].bytes, strlen(rows[i].bytes)), NH_OK, rows[i].name);
        if (rows[i].want == NULL)
            CHECK_NAMED(form_get(f, rows[i].field) == NULL, rows[i].name);
        else
            CHECK_STR(form_get(f, rows[i].field), rows[i].want, rows[i].name);
        form_free(f);
    }
    CHECK(form_get(NULL, "a") == NULL);
}

static void
refuses(void)
{
    static const struct {
        const char *name, *bytes;
        enum nh_err want;
    } rows[] = {
        { "cut escape", "a=%4", NH_EFORMAT },
        { "no hex", "a=%4g", NH_EFORMAT },
        { "a zero", "a=%00", NH_EFORMAT },
        { "a control character", "a=%1b", NH_EFORMAT },
        { "no UTF-8", "a=%C3%28", NH_EFORMAT },
        { "half a letter", "a=%C3", NH_EFORMAT },
        { "a surrogate", "a=%ED%A0%80", NH_EFORMAT },
        { "a bad name", "%=1", NH_EFORMAT },
        { "too many fields", "a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", NH_ETOOBIG },
    };
    char *big = malloc(FORM_BYTES_MAX + 1);
    struct form *f;

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        CHECK_EQ(form_read(&f, rows[i].bytes, strlen(rows[i].bytes)), rows[i].want,
            rows[i].name);
        CHECK_NAMED(f == NULL, rows[i].name);
    }
    CHECK(big != NULL);
    memset(big, 'a', FORM_BYTES_MAX + 1);
    CHECK_EQ(form_read(&f, big, FORM_BYTES_MAX + 1), NH_ETOOBIG, "too long");
    CHECK_EQ(form_read(&f, big, FORM_BYTES_MAX), NH_OK, "as long as may be");
    form_free(f);
    free(big);
}

static void
escapes(void)
{
    struct nh_buf b, back;

    nh_buf_init(&b, 256);
    nh_buf_init(&back, 256);
    url_escape("Hải; a=b~", &b);
    nh_buf_put_u8(&b, 0);
    CHECK_STR((const char *)b.data, "H%E1%BA%A3i%3B%20a%3Db~", "escaped");
    CHECK(url_unescape((const char *)b.data, b.len - 1, false, &back) == NH_OK);
    CHECK_STR((const char *)back.data, "Hải; a=b~", "and back");
    CHECK(url_unescape("a+b", 3, false, &back) == NH_OK);
    CHECK_STR((const char *)back.data, "a+b", "a plus is a plus in a cookie");
    nh_buf_fini(&back);
    nh_buf_fini(&b);
}

#define T "0123456789abcdef0123456789abcdef"

static void
ours(void)
{
    static const struct {
        const char *name, *cookie, *field, *host, *origin, *site;
        bool want;
    } rows[] = {
        { "of our page", T, T, "a.vn:8080", "http://a.vn:8080", "same-origin", true },
        { "behind a proxy with TLS", T, T, "a.vn", "https://A.vn", NULL, true },
        { "of an old browser", T, T, "a.vn", NULL, NULL, true },
        { "no cookie", NULL, T, "a.vn", NULL, NULL, false },
        { "no field", T, NULL, "a.vn", NULL, NULL, false },
        { "neither", NULL, NULL, "a.vn", "http://a.vn", "same-origin", false },
        { "empty ones", "", "", "a.vn", "http://a.vn", "same-origin", false },
        { "another token", T, "1123456789abcdef0123456789abcdef", "a.vn", "http://a.vn",
            "same-origin", false },
        { "another site", T, T, "a.vn", "http://b.vn", NULL, false },
        { "a longer name", T, T, "a.vn", "http://a.vn.b.vn", NULL, false },
        { "another port", T, T, "a.vn", "http://a.vn:81", NULL, false },
        { "a hidden origin", T, T, "a.vn", "null", NULL, false },
        { "from a sister", T, T, "a.vn", "http://a.vn", "same-site", false },
        { "from elsewhere", T, T, "a.vn", NULL, "cross-site", false },
        { "no host", T, T, NULL, "http://a.vn", NULL, false },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_EQ(csrf_fits(rows[i].cookie, rows[i].field, rows[i].host, rows[i].origin,
                     rows[i].site),
            rows[i].want, rows[i].name);
}

int
main(void)
{
    RUN(fields);
    RUN(refuses);
    RUN(escapes);
    RUN(ours);
    return check_done();
}
