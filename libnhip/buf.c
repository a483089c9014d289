/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buf.c - bytes out and bytes in
 *
 * Both sides fail sticky: a writer's buffer remembers its first error, a reader's slice
 * goes empty and bad, so that encoders and decoders read straight down and check once.
 */
#include "libnhip/buf.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nh_buf_init(struct nh_buf *b, size_t max_bytes)
{
    *b = (struct nh_buf){ .max = max_bytes };
}

void
nh_buf_fini(struct nh_buf *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}

void
nh_buf_clear(struct nh_buf *b)
{
    b->len = 0;
    b->err = NH_OK;
}

enum nh_err
nh_buf_err(const struct nh_buf *b)
{
    return b->err;
}

uint8_t *
nh_buf_reserve(struct nh_buf *b, size_t n)
{
    size_t cap = b->cap;
    uint8_t *data;

    if (b->err != NH_OK)
        return NULL;
    if (n > b->max || b->len > b->max - n) {
        b->err = NH_ETOOBIG;
        return NULL;
    }
    if (b->cap - b->len >= n && b->data != NULL)
        return b->data + b->len;
    while (cap < b->len + n)
        cap = cap < 64 ? 64 : cap * 2;
    if (cap > b->max)
        cap = b->max;
    data = realloc(b->data, cap > 0 ? cap : 1);
    if (data == NULL) {
        b->err = NH_ENOMEM;
        return NULL;
    }
    b->data = data;
    b->cap = cap;
    return b->data + b->len;
}

void
nh_buf_added(struct nh_buf *b, size_t n)
{
    assert(n <= b->cap - b->len);
    b->len += n;
}

void
nh_buf_put(struct nh_buf *b, const void *bytes, size_t n)
{
    uint8_t *to = nh_buf_reserve(b, n);

    if (to == NULL || n == 0)
        return;
    memcpy(to, bytes, n);
    b->len += n;
}

void
nh_buf_put_u8(struct nh_buf *b, uint8_t v)
{
    nh_buf_put(b, &v, 1);
}

static void
put_be(struct nh_buf *b, uint64_t v, size_t n)
{
    uint8_t *to = nh_buf_reserve(b, n);

    if (to == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    b->len += n;
}

void
nh_buf_put_u16(struct nh_buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void
nh_buf_put_u32(struct nh_buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void
nh_buf_put_u64(struct nh_buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void
nh_buf_put_varint(struct nh_buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;

    while (v >= 0x80) {
        bytes[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    nh_buf_put(b, bytes, n);
}

void
nh_buf_put_zigzag(struct nh_buf *b, int64_t v)
{
    nh_buf_put_varint(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void
nh_buf_put_str(struct nh_buf *b, const char *s)
{
    size_t n = s != NULL ? strlen(s) : 0;

    nh_buf_put_varint(b, n);
    nh_buf_put(b, s, n);
}

void
nh_buf_printf(struct nh_buf *b, const char *fmt, ...)
{
    va_list args;
    uint8_t *to;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        if (b->err == NH_OK)
            b->err = NH_EINVAL;
        return;
    }
    to = nh_buf_reserve(b, (size_t)n + 1); /* vsnprintf wants room for its NUL */
    if (to == NULL)
        return;
    va_start(args, fmt);
    vsnprintf((char *)to, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
}

struct nh_slice
nh_slice_of(const void *bytes, size_t len)
{
    return (struct nh_slice){ .p = bytes, .len = len };
}

struct nh_slice
nh_take(struct nh_slice *s, size_t n)
{
    struct nh_slice got = { .p = s->p, .len = n, .bad = s->bad };

    if (s->bad || n > s->len) {
        s->bad = true;
        s->len = 0;
        return (struct nh_slice){ .p = s->p, .bad = true };
    }
    if (n > 0) {
        s->p += n;
        s->len -= n;
    }
    return got;
}

static uint64_t
take_be(struct nh_slice *s, size_t n)
{
    struct nh_slice got = nh_take(s, n);
    uint64_t v = 0;

    for (size_t i = 0; i < got.len; i++)
        v = v << 8 | got.p[i];
    return v;
}

uint8_t
nh_take_u8(struct nh_slice *s)
{
    return (uint8_t)take_be(s, 1);
}

uint16_t
nh_take_u16(struct nh_slice *s)
{
    return (uint16_t)take_be(s, 2);
}

uint32_t
nh_take_u32(struct nh_slice *s)
{
    return (uint32_t)take_be(s, 4);
}

uint64_t
nh_take_u64(struct nh_slice *s)
{
    return take_be(s, 8);
}

uint64_t
nh_take_varint(struct nh_slice *s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s->len && i < 10; i++) {
        uint8_t byte = s->p[i];

        /* the tenth byte has room for one bit; a last byte of 0 would be a longer form */
        if ((i == 9 && byte > 1) || (i > 0 && byte == 0))
            break;
        v |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            (void)nh_take(s, i + 1);
            return v;
        }
    }
    s->bad = true;
    s->len = 0;
    return 0;
}

int64_t
nh_take_zigzag(struct nh_slice *s)
{
    uint64_t v = nh_take_varint(s);

    return (int64_t)(v >> 1) ^ ((v & 1) != 0 ? -1 : 0);
}

void
nh_take_str(struct nh_slice *s, char *out, size_t size)
{
    uint64_t n = nh_take_varint(s);
    struct nh_slice got;

    out[0] = '\0';
    if (s->bad)
        return;
    if (n >= size) {
        s->bad = true;
        s->len = 0;
        return;
    }
    got = nh_take(s, (size_t)n);
    if (got.bad)
        return;
    if (n > 0 && (memchr(got.p, 0, got.len) != NULL ||
                     !nh_utf8_is_valid((const char *)got.p, got.len))) {
        s->bad = true;
        s->len = 0;
        return;
    }
    if (n > 0)
        memcpy(out, got.p, got.len);
    out[n] = '\0';
}

/* RFC 3629 section 4: the second byte's range is what rules out overlong forms and
 * surrogates. */
bool
nh_utf8_is_valid(const char *text, size_t len)
{
    const uint8_t *s = (const uint8_t *)text;

    for (size_t i = 0; i < len;) {
        uint8_t c = s[i], low = 0x80, high = 0xbf;
        size_t more;

        if (c < 0x80) {
            i++;
            continue;
        }
        if (c < 0xc2 || c > 0xf4)
            return false;
        more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if (c == 0xe0)
            low = 0xa0;
        else if (c == 0xed)
            high = 0x9f;
        else if (c == 0xf0)
            low = 0x90;
        else if (c == 0xf4)
            high = 0x8f;
        if (len - i <= more || s[i + 1] < low || s[i + 1] > high)
            return false;
        for (size_t k = 2; k <= more; k++)
            if (s[i + k] < 0x80 || s[i + k] > 0xbf)
                return false;
        i += more + 1;
    }
    return true;
}
