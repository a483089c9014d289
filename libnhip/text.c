/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.c - the table of words, and how Vietnamese is stripped, sorted and written
 *
 * Keys are found through a hash index that is made once. Letters with marks come from
 * one table (text_letters.h), which serves both the unaccented form and collation: a
 * collation key is the letters first (ă after a, đ after d), then the tones, so that
 * tones decide only between words of the same letters.
 */
#include "libnhip/text.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *key, *vi, *en, *sms;
} rows[] = {
#include "libnhip/text_rows.h"
};

struct letter {
    uint16_t code;
    char plain;
    uint8_t mark, tone;
};
static const struct letter letters[] = {
#include "libnhip/text_letters.h"
};

enum { INDEX_SIZE = 2048 };
_Static_assert(NH_COUNT(rows) < INDEX_SIZE / 2, "the index of texts is too full");
static uint16_t index_of[INDEX_SIZE]; /* row + 1 */
static pthread_once_t index_made = PTHREAD_ONCE_INIT;

static uint32_t
hash(const char *s)
{
    uint32_t h = 2166136261u;

    while (*s != '\0')
        h = (h ^ (uint8_t)*s++) * 16777619u;
    return h % INDEX_SIZE;
}

static void
make_index(void)
{
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        uint32_t at = hash(rows[i].key);

        while (index_of[at] != 0)
            at = (at + 1) % INDEX_SIZE;
        index_of[at] = (uint16_t)(i + 1);
    }
}

/* The row of `key`, or -1. */
static int
find(const char *key)
{
    pthread_once(&index_made, make_index);
    for (uint32_t at = hash(key); index_of[at] != 0; at = (at + 1) % INDEX_SIZE)
        if (strcmp(rows[index_of[at] - 1].key, key) == 0)
            return index_of[at] - 1;
    return -1;
}

const char *
nh_text(enum nh_lang lang, const char *key)
{
    int i = find(key);

    if (i < 0)
        return key;
    return lang == NH_EN ? rows[i].en : rows[i].vi;
}

const char *
nh_text_sms(const char *key)
{
    int i = find(key);

    return i < 0 || rows[i].sms == NULL ? key : rows[i].sms;
}

bool
nh_text_has(const char *key)
{
    return find(key) >= 0;
}

enum nh_lang
nh_lang_of(const char *code)
{
    return code != NULL && strcmp(code, "en") == 0 ? NH_EN : NH_VI;
}

const char *
nh_lang_code(enum nh_lang lang)
{
    return lang == NH_EN ? "en" : "vi";
}

/* The code point at *s, which moves past it; a stray byte stands for itself. */
static uint32_t
next_code(const uint8_t **s)
{
    const uint8_t *p = *s;

    if (p[0] >= 0xc2 && p[0] < 0xe0 && (p[1] & 0xc0) == 0x80) {
        *s += 2;
        return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
    }
    if (p[0] >= 0xe0 && p[0] < 0xf0 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
        *s += 3;
        return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 |
               (p[2] & 0x3f);
    }
    *s += 1;
    return p[0];
}

static int
compare_letter(const void *key, const void *row)
{
    uint32_t code = *(const uint32_t *)key;
    const struct letter *l = row;

    return code < l->code ? -1 : code > l->code;
}

static const struct letter *
letter_of(uint32_t code)
{
    if (code < 0xc0)
        return NULL;
    return bsearch(&code, letters, NH_COUNT(letters), sizeof(letters[0]), compare_letter);
}

/* Marks that text in NFD carries apart: horn, circumflex, breve and the five tones. */
static bool
is_combining(uint32_t code)
{
    return code == 0x300 || code == 0x301 || code == 0x302 || code == 0x303 ||
           code == 0x306 || code == 0x309 || code == 0x31b || code == 0x323;
}

void
nh_unaccent(const char *s, struct nh_buf *out)
{
    const uint8_t *p = (const uint8_t *)s;

    while (*p != '\0') {
        const uint8_t *start = p;
        uint32_t code = next_code(&p);
        const struct letter *l = letter_of(code);

        if (l != NULL)
            nh_buf_put_u8(out, (uint8_t)l->plain);
        else if (!is_combining(code))
            nh_buf_put(out, start, (size_t)(p - start));
    }
}

void
nh_collate(const char *s, struct nh_buf *out)
{
    const uint8_t *p = (const uint8_t *)s;

    while (*p != '\0') {
        const uint8_t *start = p;
        uint32_t code = next_code(&p);
        const struct letter *l = letter_of(code);
        uint8_t c = l != NULL ? (uint8_t)l->plain : *start;

        if (c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        if (l == NULL && code >= 0x80) {
            nh_buf_put(out, start, (size_t)(p - start));
            continue;
        }
        nh_buf_put_u8(out, c);
        if (c >= 'a' && c <= 'z')
            nh_buf_put_u8(out, (uint8_t)(2 + (l != NULL ? l->mark : 0)));
    }
    nh_buf_put_u8(out, 1);
    for (p = (const uint8_t *)s; *p != '\0';) {
        const struct letter *l = letter_of(next_code(&p));

        nh_buf_put_u8(out, (uint8_t)('0' + (l != NULL ? l->tone : 0)));
    }
}

void
nh_number(enum nh_lang lang, double v, int decimals, struct nh_buf *out)
{
    char digits[64];
    const char *p = digits;
    size_t whole;

    if (!isfinite(v) || fabs(v) >= 1e15) {
        nh_buf_printf(out, "–");
        return;
    }
    snprintf(digits, sizeof(digits), "%.*f", decimals, v);
    if (*p == '-') {
        if (strtod(p, NULL) < 0)
            nh_buf_printf(out, "-");
        p++;
    }
    whole = strcspn(p, ".");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            nh_buf_put_u8(out, lang == NH_EN ? ',' : '.');
        nh_buf_put_u8(out, (uint8_t)p[i]);
    }
    if (p[whole] == '.') {
        nh_buf_put_u8(out, lang == NH_EN ? '.' : ',');
        nh_buf_put(out, p + whole + 1, strlen(p + whole + 1));
    }
}

void
nh_duration(enum nh_lang lang, int64_t seconds, struct nh_buf *out)
{
    static const struct {
        int64_t s;
        const char *word[NH_LANGS];
    } units[] = {
        { 86400, { "ngày", "d" } },
        { 3600, { "giờ", "h" } },
        { 60, { "phút", "min" } },
        { 1, { "giây", "s" } },
    };

    if (seconds < 0)
        seconds = 0;
    for (size_t i = 0; i < NH_COUNT(units); i++) {
        int64_t n = seconds / units[i].s, rest = seconds % units[i].s;

        if (n == 0 && i + 1 < NH_COUNT(units))
            continue;
        nh_buf_printf(out, "%lld %s", (long long)n, units[i].word[lang]);
        /* seconds are not said beside minutes */
        if (i + 2 < NH_COUNT(units) && rest >= units[i + 1].s)
            nh_buf_printf(out, " %lld %s", (long long)(rest / units[i + 1].s),
                units[i + 1].word[lang]);
        return;
    }
}

/* Offset of any zone by the C library, which knows one zone at a time. */
static int
library_offset(const char *zone, int64_t wall_s)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    time_t t = (time_t)wall_s;
    struct tm tm = { 0 };
    char *was;

    pthread_mutex_lock(&lock);
    was = getenv("TZ");
    if (was != NULL)
        was = strdup(was);
    setenv("TZ", zone, 1);
    tzset();
    localtime_r(&t, &tm);
    if (was != NULL)
        setenv("TZ", was, 1);
    else
        unsetenv("TZ");
    tzset();
    free(was);
    pthread_mutex_unlock(&lock);
    return (int)tm.tm_gmtoff;
}

int
nh_zone_offset_s(const char *zone, int64_t wall_s)
{
    if (zone == NULL || *zone == '\0' || strcmp(zone, "Asia/Ho_Chi_Minh") == 0)
        return 7 * 3600; /* no daylight saving */
    if (strcmp(zone, "UTC") == 0)
        return 0;
    return library_offset(zone, wall_s);
}

void
nh_when(int64_t wall_s, const char *zone, bool with_date, struct nh_buf *out)
{
    time_t t = (time_t)(wall_s + nh_zone_offset_s(zone, wall_s));
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL) {
        nh_buf_printf(out, "–");
        return;
    }
    nh_buf_printf(out, "%02d:%02d", tm.tm_hour, tm.tm_min);
    if (with_date)
        nh_buf_printf(
            out, " %02d/%02d/%04d", tm.tm_mday, tm.tm_mon + 1, tm.tm_year + 1900);
}
