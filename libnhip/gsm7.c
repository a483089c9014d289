/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gsm7.c - the alphabet of text messages, counting and cutting
 *
 * The tables follow 3GPP TS 23.038, 6.2.1 (default alphabet) and 6.2.1.1 (extension).
 * Only the characters beyond ASCII are listed: of ASCII the alphabet has all but the
 * grave accent and the control characters (line feed and carriage return are there).
 */
#include "libnhip/gsm7.h"
#include "libnhip/text.h"
#include <string.h>

static const uint16_t beyond_ascii[] = { 0xa1, 0xa3, 0xa4, 0xa5, 0xa7, 0xbf, 0xc4, 0xc5,
    0xc6, 0xc7, 0xc9, 0xd1, 0xd6, 0xd8, 0xdc, 0xdf, 0xe0, 0xe4, 0xe5, 0xe6, 0xe8, 0xe9,
    0xec, 0xf1, 0xf2, 0xf6, 0xf8, 0xf9, 0xfc, 0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0,
    0x3a3, 0x3a6, 0x3a8, 0x3a9 };

enum { EURO = 0x20ac };

/* The code point at *s, which moves past it; a stray byte is U+FFFD. */
static uint32_t
next_code(const char **s)
{
    const uint8_t *p = (const uint8_t *)*s;
    int more = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t code = p[0] & (0x3fu >> more);

    if (p[0] < 0x80 || p[0] < 0xc2 || p[0] > 0xf4) {
        *s += 1;
        return p[0] < 0x80 ? p[0] : 0xfffd;
    }
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *s += i;
            return 0xfffd;
        }
        code = code << 6 | (p[i] & 0x3f);
    }
    *s += more + 1;
    return code;
}

/* 1, 2 with an escape before it, 0: not in the alphabet. */
static int
septets(uint32_t code)
{
    if (code == EURO || (code < 0x80 && code != 0 && strchr("[]{}^~|\\", (int)code)))
        return 2;
    if (code < 0x80)
        return (code >= 0x20 && code != 0x7f && code != '`') || code == '\n' ||
               code == '\r';
    for (size_t i = 0; i < NH_COUNT(beyond_ascii); i++)
        if (beyond_ascii[i] == code)
            return 1;
    return 0;
}

int
nh_gsm7_len(const char *s)
{
    int len = 0;

    while (*s != '\0') {
        int n = septets(next_code(&s));

        if (n == 0)
            return -1;
        len += n;
    }
    return len;
}

int
nh_ucs2_len(const char *s)
{
    int len = 0;

    while (*s != '\0')
        len += next_code(&s) > 0xffff ? 2 : 1;
    return len;
}

/* How far a part of `room` units goes: no character is parted. */
static const char *
end_of_part(const char *s, int room, bool ucs2)
{
    while (*s != '\0') {
        const char *next = s;
        uint32_t code = next_code(&next);

        room -= ucs2 ? (code > 0xffff ? 2 : 1) : septets(code);
        if (room < 0)
            break;
        s = next;
    }
    return s;
}

int
nh_sms_parts(const char *s)
{
    int len = nh_gsm7_len(s), parts = 0;
    bool ucs2 = len < 0;

    if (ucs2)
        len = nh_ucs2_len(s);
    if (len <= (ucs2 ? NH_UCS2_ONE : NH_GSM7_ONE))
        return len > 0;
    for (; *s != '\0'; parts++)
        s = end_of_part(s, ucs2 ? NH_UCS2_PART : NH_GSM7_PART, ucs2);
    return parts;
}

/* ---- into the alphabet ---- */

static const struct {
    uint16_t code;
    const char *plain;
} plain_forms[] = {
    { '\t', " " },
    { '`', "'" },
    { 0xa0, " " },
    { 0xb0, " do" },
    { 0xb7, "." },
    { 0xd7, "x" },
    { 0x2010, "-" },
    { 0x2011, "-" },
    { 0x2013, "-" },
    { 0x2014, "-" },
    { 0x2018, "'" },
    { 0x2019, "'" },
    { 0x201c, "\"" },
    { 0x201d, "\"" },
    { 0x2022, "-" },
    { 0x2026, "..." },
    { 0x202f, " " },
    { 0x2192, "->" },
    { 0x2212, "-" },
    { 0x2264, "<=" },
    { 0x2265, ">=" },
};

/* A combining mark of decomposed text: the letter before it stands without. */
static bool
is_mark(uint32_t code)
{
    return code >= 0x300 && code <= 0x36f;
}

static const char *
plain_form(uint32_t code)
{
    for (size_t i = 0; i < NH_COUNT(plain_forms); i++)
        if (plain_forms[i].code == code)
            return plain_forms[i].plain;
    return "?";
}

void
nh_gsm7_plain(const char *s, struct nh_buf *out)
{
    struct nh_buf bare;

    nh_buf_init(&bare, 2 * strlen(s) + 16);
    nh_unaccent(s, &bare);
    nh_buf_put_u8(&bare, 0);
    if (nh_buf_err(&bare) != NH_OK) {
        nh_buf_printf(out, "?");
        nh_buf_fini(&bare);
        return;
    }
    s = (const char *)bare.data;
    while (*s != '\0') {
        const char *at = s;
        uint32_t code = next_code(&s);

        if (septets(code) > 0)
            nh_buf_put(out, at, (size_t)(s - at));
        else if (!is_mark(code))
            nh_buf_printf(out, "%s", plain_form(code));
    }
    nh_buf_fini(&bare);
}

/* ---- cutting ---- */

/* The end of the last word that is whole at `end`, if it lies in the last half. */
static const char *
back_to_word(const char *s, const char *end)
{
    const char *at = end;

    if (*end == ' ' || *end == '\n')
        return end;
    while (at > s && at[-1] != ' ' && at[-1] != '\n')
        at--;
    while (at > s && (at[-1] == ' ' || at[-1] == '\n'))
        at--;
    return at - s > (end - s) / 2 ? at : end;
}

void
nh_sms_fit(const char *s, int parts, struct nh_buf *out)
{
    bool ucs2 = nh_gsm7_len(s) < 0;
    int one = ucs2 ? NH_UCS2_ONE : NH_GSM7_ONE, part = ucs2 ? NH_UCS2_PART : NH_GSM7_PART;
    const char *end = s;

    if (nh_sms_parts(s) <= parts) {
        nh_buf_put(out, s, strlen(s));
        return;
    }
    for (int i = 1; i < parts; i++)
        end = end_of_part(end, part, ucs2);
    end = end_of_part(end, (parts > 1 ? part : one) - 3, ucs2); /* room for the dots */
    end = back_to_word(s, end);
    nh_buf_put(out, s, (size_t)(end - s));
    nh_buf_printf(out, "...");
}
