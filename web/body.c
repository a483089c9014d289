/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * body.c - bodies of answers: counted, tagged, compressed once
 *
 * The tag is a hash of the plain bytes; the compressed form is made when it is first
 * asked for, and only when it is smaller.
 */
#include "web/http.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { GZIP_FROM = 400, GZIP_LEVEL = 6 };

struct body {
    const char *type; /* borrowed: a literal */
    uint8_t *plain, *gzip;
    size_t len, gzip_len;
    unsigned refs;
    bool tried;
    char tag[2][28]; /* by form */
};

static uint64_t
hash(const uint8_t *p, size_t len)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

struct body *
body_new(const char *type, struct nh_buf *from)
{
    struct body *b = calloc(1, sizeof(*b));
    unsigned long long h;

    if (b == NULL || from->err != NH_OK) {
        free(b);
        return NULL;
    }
    b->type = type;
    b->refs = 1;
    b->plain = from->data;
    b->len = from->len;
    from->data = NULL;
    from->len = from->cap = 0;
    h = hash(b->plain, b->len);
    snprintf(b->tag[HTTP_PLAIN], sizeof(b->tag[0]), "\"%016llx\"", h);
    snprintf(b->tag[HTTP_GZIP], sizeof(b->tag[0]), "\"%016llx-z\"", h);
    return b;
}

struct body *
body_ref(struct body *b)
{
    b->refs++;
    return b;
}

void
body_unref(struct body *b)
{
    if (b == NULL || --b->refs > 0)
        return;
    free(b->plain);
    free(b->gzip);
    free(b);
}

static void
compress_body(struct body *b)
{
    z_stream z = { 0 };

    b->tried = true;
    if (b->len < GZIP_FROM || strncmp(b->type, "image/png", 9) == 0 ||
        deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    b->gzip = malloc(b->len);
    z.next_in = b->plain;
    z.avail_in = (uInt)b->len;
    z.next_out = b->gzip;
    z.avail_out = (uInt)b->len;
    if (b->gzip == NULL || deflate(&z, Z_FINISH) != Z_STREAM_END) {
        free(b->gzip); /* it does not get smaller */
        b->gzip = NULL;
    } else
        b->gzip_len = z.total_out;
    deflateEnd(&z);
}

void *
body_bytes(struct body *b, enum http_gzip *form, size_t *len)
{
    if (*form == HTTP_GZIP && !b->tried)
        compress_body(b);
    if (*form == HTTP_GZIP && b->gzip != NULL) {
        *len = b->gzip_len;
        return b->gzip;
    }
    *form = HTTP_PLAIN;
    *len = b->len;
    return b->plain;
}

size_t
body_size(struct body *b, enum http_gzip form)
{
    size_t len;

    body_bytes(b, &form, &len);
    return len;
}

const char *
body_type(const struct body *b)
{
    return b->type;
}

const char *
body_tag(const struct body *b, enum http_gzip form)
{
    return b->tag[form];
}
