/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - every word that people read, once: Vietnamese, English, SMS
 *
 * Keys are the glossary's. A row of text.c has the key, the Vietnamese (NFC), the
 * English, and where it can go into an SMS the unaccented form. A key without a row is a
 * bug: the key itself comes back, and a test finds it.
 */
#ifndef NH_TEXT_H
#define NH_TEXT_H

#include "libnhip/buf.h"
#include <stdbool.h>

enum nh_lang { NH_VI, NH_EN, NH_LANGS };

const char *nh_text(enum nh_lang lang, const char *key);
const char *nh_text_sms(const char *key);
bool nh_text_has(const char *key);
/* "vi" or "en" -> the language; NH_VI for anything else. */
enum nh_lang nh_lang_of(const char *code);
const char *nh_lang_code(enum nh_lang lang);

/* Vietnamese without diacritics, đ and Đ too; other text unchanged. */
void nh_unaccent(const char *s, struct nh_buf *out);
/* Sort key of Vietnamese collation: compare with strcmp. */
void nh_collate(const char *s, struct nh_buf *out);
/* Number with the language's separators: 1197.5 -> "1.197,5" (vi), "1,197.5" (en). */
void nh_number(enum nh_lang lang, double v, int decimals, struct nh_buf *out);
/* "1 giờ 15 phút", "1 h 15 min". */
void nh_duration(enum nh_lang lang, int64_t seconds, struct nh_buf *out);
/* Seconds east of UTC in `zone` (NULL: Asia/Ho_Chi_Minh) at that time. */
int nh_zone_offset_s(const char *zone, int64_t wall_s);
/* "14:05 22/11/2026" in the zone (NULL: Asia/Ho_Chi_Minh); with_date false: "14:05". */
void nh_when(int64_t wall_s, const char *zone, bool with_date, struct nh_buf *out);

#endif
