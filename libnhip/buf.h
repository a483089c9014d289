/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * buf.h - bytes that grow to a bound, and a careful reader of bytes
 *
 * A writer of a message never checks each put: a buffer that ran over its bound or out of
 * memory stays failed, and nh_buf_err() says so at the end. A reader is a slice that
 * shrinks from the front; a take that would run past the end returns false and leaves the
 * slice empty, so one check at the end of a decoder is enough, and lengths are checked
 * before anything is allocated.
 *
 * Integers: unsigned LEB128 varints in their shortest form (a longer one is refused, so
 * that every value has one encoding), signed ones zigzag; fixed ones big-endian.
 */
#ifndef NH_BUF_H
#define NH_BUF_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <stdint.h>

struct nh_buf {
    uint8_t *data; /* owned */
    size_t len, cap, max;
    enum nh_err err; /* the first failure, sticky */
};

void nh_buf_init(struct nh_buf *b, size_t max_bytes);
void nh_buf_fini(struct nh_buf *b);
void nh_buf_clear(struct nh_buf *b); /* empty, keeps the memory, forgets the failure */
enum nh_err nh_buf_err(const struct nh_buf *b) NH_MUST_CHECK;

/* Room for `n` more bytes at the end (to be counted with nh_buf_added), or NULL. */
uint8_t *nh_buf_reserve(struct nh_buf *b, size_t n);
void nh_buf_added(struct nh_buf *b, size_t n);
void nh_buf_put(struct nh_buf *b, const void *bytes, size_t n);
void nh_buf_put_u8(struct nh_buf *b, uint8_t v);
void nh_buf_put_u16(struct nh_buf *b, uint16_t v);
void nh_buf_put_u32(struct nh_buf *b, uint32_t v);
void nh_buf_put_u64(struct nh_buf *b, uint64_t v);
void nh_buf_put_varint(struct nh_buf *b, uint64_t v);
void nh_buf_put_zigzag(struct nh_buf *b, int64_t v);
void nh_buf_put_str(
    struct nh_buf *b, const char *s); /* varint length, then the bytes; NULL is "" */
void nh_buf_printf(struct nh_buf *b, const char *fmt, ...) NH_PRINTF(2, 3);

/* Borrowed bytes. */
struct nh_slice {
    const uint8_t *p;
    size_t len;
    bool bad; /* a take has failed */
};

struct nh_slice nh_slice_of(const void *bytes, size_t len);
uint8_t nh_take_u8(struct nh_slice *s);
uint16_t nh_take_u16(struct nh_slice *s);
uint32_t nh_take_u32(struct nh_slice *s);
uint64_t nh_take_u64(struct nh_slice *s);
uint64_t nh_take_varint(struct nh_slice *s);
int64_t nh_take_zigzag(struct nh_slice *s);
/* The next `n` bytes as a slice of their own; empty and bad when there are fewer. */
struct nh_slice nh_take(struct nh_slice *s, size_t n);
/* A string of at most `size` - 1 bytes into `out`, terminated. A longer one, one with a
 * NUL or one that is not UTF-8 marks the slice bad; `out` is then "". */
void nh_take_str(struct nh_slice *s, char *out, size_t size);

/* Is [s, s+len) well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool nh_utf8_is_valid(const char *s, size_t len);

#endif
