/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gsm7.c - counting, the plain form, and cutting by words */
#include "libnhip/gsm7.h"
#include "tests/unit/check.h"

static void
lengths(void)
{
    static const struct {
        const char *text;
        int gsm7, ucs2;
    } rows[] = {
        { "", 0, 0 },
        { "NHIP: 4,5", 9, 9 },
        { "[]{}^~|\\€", 18, 9 },
        { "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ", 29, 29 },
        { "àÀ", -1, 2 }, /* the small one alone is there */
        { "đ", -1, 1 },
        { "Bảo Lạc", -1, 7 },
        { "😀", -1, 2 },
        { "a`b", -1, 3 },
        { "a\tb", -1, 3 },
        { "a\r\nb", 4, 4 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        CHECK_EQ(nh_gsm7_len(rows[i].text), rows[i].gsm7, rows[i].text);
        CHECK_EQ(nh_ucs2_len(rows[i].text), rows[i].ucs2, rows[i].text);
    }
}

static void
repeat(struct nh_buf *out, const char *unit, int n)
{
    nh_buf_clear(out);
    while (n-- > 0)
        nh_buf_put(out, unit, strlen(unit));
    nh_buf_put_u8(out, 0);
}

static void
parts(void)
{
    static const struct {
        const char *unit;
        int n, want;
    } rows[] = { { "a", 0, 0 }, { "a", 160, 1 }, { "a", 161, 2 }, { "a", 306, 2 },
        { "a", 307, 3 }, { "đ", 70, 1 }, { "đ", 71, 2 }, { "đ", 134, 2 }, { "đ", 135, 3 },
        /* an escaped character is not parted: 76 of them in a part of 153 */
        { "€", 80, 1 }, { "€", 81, 2 }, { "€", 152, 2 }, { "€", 153, 3 },
        /* nor is a surrogate pair: 33 in a part of 67 */
        { "😀", 35, 1 }, { "😀", 66, 2 }, { "😀", 67, 3 } };
    struct nh_buf text;

    nh_buf_init(&text, 4096);
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        repeat(&text, rows[i].unit, rows[i].n);
        CHECK_EQ(nh_sms_parts((const char *)text.data), rows[i].want, rows[i].unit);
    }
    nh_buf_fini(&text);
}

static void
plain(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "xã Đàm Thuỷ, đường dây", "xa Dam Thuy, duong day" },
        { "Bả\xcc\x81o", "Bao" }, /* a mark of its own */
        { "12 °C – “cao”…", "12  doC - \"cao\"..." },
        { "5 € [a]", "5 € [a]" },
        { "日本\n\t.", "??\n ." },
        { "ÀÉÌÒÙ ưƯ ơƠ ậẬ", "AEIOU uU oO aA" },
    };
    struct nh_buf out;

    nh_buf_init(&out, 4096);
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        nh_buf_clear(&out);
        nh_gsm7_plain(rows[i].text, &out);
        nh_buf_put_u8(&out, 0);
        CHECK_STR((const char *)out.data, rows[i].want, rows[i].text);
        CHECK_NAMED(nh_gsm7_len((const char *)out.data) >= 0, rows[i].text);
    }
    nh_buf_fini(&out);
}

static void
fits(void)
{
    struct nh_buf text, out;

    nh_buf_init(&text, 4096);
    nh_buf_init(&out, 4096);
    repeat(&text, "mat dien ", 40); /* 360 */
    for (int n = 1; n <= 3; n++) {
        nh_buf_clear(&out);
        nh_sms_fit((const char *)text.data, n, &out);
        nh_buf_put_u8(&out, 0);
        CHECK_EQ(nh_sms_parts((const char *)out.data), n, "as many as may be");
        if (n < 3) {
            const char *end = (const char *)out.data + out.len - 1;

            CHECK_STR(end - 3, "...", "what was left out is said");
            CHECK_NAMED(
                strncmp(end - 6, "mat", 3) == 0 || strncmp(end - 7, "dien", 4) == 0,
                "between words");
        } else {
            CHECK_STR((const char *)out.data, (const char *)text.data, "all of it");
        }
    }
    repeat(&text, "ế", 100); /* no word ends: between characters */
    nh_buf_clear(&out);
    nh_sms_fit((const char *)text.data, 1, &out);
    CHECK_EQ(out.len, 67 * 3 + 3, "whole characters");
    CHECK(nh_utf8_is_valid((const char *)out.data, out.len));
    nh_buf_fini(&text);
    nh_buf_fini(&out);
}

int
main(void)
{
    RUN(lengths);
    RUN(parts);
    RUN(plain);
    RUN(fits);
    return check_done();
}
