/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.c - words, plain letters, order, numbers and times */
#include "libnhip/text.h"
#include "tests/unit/check.h"
#include <stdlib.h>

static const char *
taken(struct nh_buf *b)
{
    nh_buf_put_u8(b, '\0');
    CHECK(nh_buf_err(b) == NH_OK);
    return (const char *)b->data;
}

#define WITH(call, want, name)                                                           \
    do {                                                                                 \
        struct nh_buf b;                                                                 \
        nh_buf_init(&b, 4096);                                                           \
        call;                                                                            \
        CHECK_STR(taken(&b), want, name);                                                \
        nh_buf_fini(&b);                                                                 \
    } while (0)

static void
words(void)
{
    CHECK_STR(nh_text(NH_VI, "down"), "Mất kết nối", "vi");
    CHECK_STR(nh_text(NH_EN, "down"), "down", "en");
    CHECK_STR(nh_text_sms("power_lost"), "Mat dien", "sms");
    CHECK_STR(nh_text(NH_VI, "no such key"), "no such key", "a missing key");
    CHECK(!nh_text_has("no such key"));
    CHECK(nh_lang_of("en") == NH_EN && nh_lang_of("fr") == NH_VI);
}

/* The SMS form of a row is its Vietnamese without diacritics; of a few that would fill
 * half a message it is a shorter word. */
static void
sms_is_unaccented(void)
{
    static const struct {
        const char *key, *vi, *en, *sms;
    } rows[] = {
#include "libnhip/text_rows.h"
    };
    static const char *const shorter[] = { "cause_last_mile" };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        bool own = false;

        CHECK_NAMED(nh_text(NH_VI, rows[i].key) == rows[i].vi ||
                        strcmp(nh_text(NH_VI, rows[i].key), rows[i].vi) == 0,
            rows[i].key); /* a key given twice would find the first row */
        CHECK_NAMED(nh_utf8_is_valid(rows[i].vi, strlen(rows[i].vi)), rows[i].key);
        for (size_t k = 0; k < NH_COUNT(shorter); k++)
            own |= strcmp(rows[i].key, shorter[k]) == 0;
        if (own)
            CHECK_NAMED(strlen(rows[i].sms) < strlen(rows[i].vi), rows[i].key);
        else if (rows[i].sms != NULL)
            WITH(nh_unaccent(rows[i].vi, &b), rows[i].sms, rows[i].key);
    }
}

static void
plain_letters(void)
{
    WITH(nh_unaccent("Đàm Thuỷ, Thục Phán, Nùng Trí Cao, xã Cốc Pàng", &b),
        "Dam Thuy, Thuc Phan, Nung Tri Cao, xa Coc Pang", "NFC");
    WITH(nh_unaccent("Hoa\xcc\x80 An", &b), "Hoa An", "NFD");
    WITH(nh_unaccent("ưỡệ 中 \xff", &b), "uoe 中 \xff", "what is not Vietnamese stays");
}

static void
order(void)
{
    static const char *const sorted[] = { "An Lạc", "Ăn", "Ân", "Bảo Lạc", "Bảo Lâm",
        "Ca", "Cà", "Cả", "Cã", "Cá", "Cạ", "Can", "Cần Yên", "Dân Chủ", "Đàm Thuỷ", "Ea",
        "Ê", "Hạ Lang", "Hà Quảng", "Oa", "Ô", "Ơ", "Ua", "Ư" };

    for (size_t i = 0; i + 1 < NH_COUNT(sorted); i++) {
        struct nh_buf a, b;

        nh_buf_init(&a, 256);
        nh_buf_init(&b, 256);
        nh_collate(sorted[i], &a);
        nh_collate(sorted[i + 1], &b);
        CHECK_NAMED(strcmp(taken(&a), taken(&b)) < 0, sorted[i]);
        nh_buf_fini(&a);
        nh_buf_fini(&b);
    }
}

static void
numbers(void)
{
    WITH(nh_number(NH_VI, 1197.5, 1, &b), "1.197,5", "vi");
    WITH(nh_number(NH_EN, 1197.5, 1, &b), "1,197.5", "en");
    WITH(nh_number(NH_VI, 99.95, 2, &b), "99,95", "pct");
    WITH(nh_number(NH_VI, -1234567, 0, &b), "-1.234.567", "negative");
    WITH(nh_number(NH_VI, -0.04, 1, &b), "0,0", "small negative");
    WITH(nh_number(NH_VI, 1e300 * 1e300, 1, &b), "–", "infinity");
}

static void
times(void)
{
    WITH(nh_duration(NH_VI, 4500, &b), "1 giờ 15 phút", "vi");
    WITH(nh_duration(NH_EN, 4500, &b), "1 h 15 min", "en");
    WITH(nh_duration(NH_EN, 45, &b), "45 s", "seconds");
    WITH(nh_duration(NH_EN, 0, &b), "0 s", "nothing");
    WITH(nh_duration(NH_VI, 3 * 86400 + 7200, &b), "3 ngày 2 giờ", "days");
    WITH(nh_duration(NH_EN, 125, &b), "2 min", "minutes");
    WITH(nh_when(1795331100, NULL, true, &b), "14:05 22/11/2026", "province time");
    WITH(nh_when(1795331100, "UTC", false, &b), "07:05", "UTC");
    WITH(nh_when(1795331100, "Europe/Paris", false, &b), "08:05", "any zone");
}

int
main(void)
{
    RUN(words);
    RUN(sms_is_unaccented);
    RUN(plain_letters);
    RUN(order);
    RUN(numbers);
    RUN(times);
    return check_done();
}
