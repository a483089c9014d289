/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_segment.c - the bytes of one segment
 *
 *   header, 192 bytes, big-endian:
 *     "nhjournl" | version u16 | header length u16 | epoch u32 | stream id 16 | boot id
 * 16 | first pos u64 | mono ms u64 | wall ms u64 | of the segment before: SHA-256 32,
 *     first pos u64, last pos u64, length u32, records u32 | chain u32 | salt 8 | zeros
 *     | crc32c u32
 *   record:
 *     crc32c u32 | len u16 | type u8 | flags u8 | pos u64 | chain u32 | payload
 *
 * The CRC of a record is seeded with the segment's salt. A recycled file is full of whole
 * records of its former life; under the new salt none of them validates, so what follows
 * a torn write can never come back as a ghost. Type 0 is never written: zeros are no
 * record. Where a segment ends its successor says (length before it); only the newest has
 * to be scanned for its end.
 *
 * In the newest, a bad record is either a write that never reached the disk, and then the
 * segment ends there, or damage to what was safe, and then reading goes on behind it.
 * Marks tell the two apart: each sync leaves the next one a record saying how far the
 * last one came.
 */
#include "libnhip/crc32c.h"
#include "libnhip/journal_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum { VERSION = 1, CHUNK = 16 * 1024, CRC_AT = SEG_HEADER_LEN - 4 };
static const char magic[8] = { 'n', 'h', 'j', 'o', 'u', 'r', 'n', 'l' };

void
nhj_seg_header_encode(const struct seg_header *h, uint8_t out[SEG_HEADER_LEN])
{
    struct nh_buf b;

    nh_buf_init(&b, SEG_HEADER_LEN);
    nh_buf_put(&b, magic, sizeof(magic));
    nh_buf_put_u16(&b, VERSION);
    nh_buf_put_u16(&b, SEG_HEADER_LEN);
    nh_buf_put_u32(&b, h->epoch);
    nh_buf_put(&b, h->stream_id, sizeof(h->stream_id));
    nh_buf_put(&b, h->boot_id, sizeof(h->boot_id));
    nh_buf_put_u64(&b, h->first_pos);
    nh_buf_put_u64(&b, (uint64_t)h->mono_ms);
    nh_buf_put_u64(&b, (uint64_t)h->wall_ms);
    nh_buf_put(&b, h->prev_sha, sizeof(h->prev_sha));
    nh_buf_put_u64(&b, h->prev_first);
    nh_buf_put_u64(&b, h->prev_last);
    nh_buf_put_u32(&b, h->prev_len);
    nh_buf_put_u32(&b, h->prev_records);
    nh_buf_put_u32(&b, h->chain);
    nh_buf_put(&b, h->salt, sizeof(h->salt));
    memset(out, 0, SEG_HEADER_LEN);
    if (b.data != NULL)
        memcpy(out, b.data, b.len);
    nh_buf_fini(&b);
    nh_buf_init(&b, 4);
    nh_buf_put_u32(&b, nh_crc32c(0, out, CRC_AT));
    if (b.data != NULL)
        memcpy(out + CRC_AT, b.data, 4);
    nh_buf_fini(&b);
}

static void
take_bytes(struct nh_slice *in, uint8_t *out, size_t n)
{
    struct nh_slice part = nh_take(in, n);

    if (part.len == n)
        memcpy(out, part.p, n);
}

enum nh_err
nhj_seg_header_decode(const uint8_t *in, size_t len, struct seg_header *h)
{
    struct nh_slice s = nh_slice_of(in, len), crc;
    struct seg_header got = { 0 };

    if (len < SEG_HEADER_LEN || memcmp(in, magic, sizeof(magic)) != 0)
        return NH_EFORMAT;
    crc = nh_slice_of(in + CRC_AT, 4);
    if (nh_take_u32(&crc) != nh_crc32c(0, in, CRC_AT))
        return NH_EFORMAT;
    nh_take(&s, sizeof(magic));
    if (nh_take_u16(&s) != VERSION || nh_take_u16(&s) != SEG_HEADER_LEN)
        return NH_EFORMAT;
    got.epoch = nh_take_u32(&s);
    take_bytes(&s, got.stream_id, sizeof(got.stream_id));
    take_bytes(&s, got.boot_id, sizeof(got.boot_id));
    got.first_pos = nh_take_u64(&s);
    got.mono_ms = (int64_t)nh_take_u64(&s);
    got.wall_ms = (int64_t)nh_take_u64(&s);
    take_bytes(&s, got.prev_sha, sizeof(got.prev_sha));
    got.prev_first = nh_take_u64(&s);
    got.prev_last = nh_take_u64(&s);
    got.prev_len = nh_take_u32(&s);
    got.prev_records = nh_take_u32(&s);
    got.chain = nh_take_u32(&s);
    take_bytes(&s, got.salt, sizeof(got.salt));
    *h = got;
    return NH_OK;
}

uint32_t
nhj_seg_seed(const uint8_t salt[8])
{
    return nh_crc32c(0, salt, 8);
}

static void
put_be32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
put_be64(uint8_t *to, uint64_t v)
{
    put_be32(to, (uint32_t)(v >> 32));
    put_be32(to + 4, (uint32_t)v);
}

static uint32_t
get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
get_be64(const uint8_t *p)
{
    return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

void
nhj_seg_put_record(struct nh_buf *out, uint32_t seed, uint8_t type, uint8_t flags,
    uint64_t pos, uint32_t chain, struct nh_slice payload)
{
    uint8_t *to = nh_buf_reserve(out, REC_HEAD_LEN + payload.len);

    if (to == NULL)
        return;
    to[4] = (uint8_t)(payload.len >> 8);
    to[5] = (uint8_t)payload.len;
    to[6] = type;
    to[7] = flags;
    put_be64(to + 8, pos);
    put_be32(to + 16, chain);
    if (payload.len > 0)
        memcpy(to + REC_HEAD_LEN, payload.p, payload.len);
    put_be32(to, nh_crc32c(seed, to + 4, REC_HEAD_LEN - 4 + payload.len));
    nh_buf_added(out, REC_HEAD_LEN + payload.len);
}

uint32_t
nh_chain_next(uint32_t chain, uint64_t pos, uint8_t type, struct nh_slice payload)
{
    uint8_t head[13];

    put_be32(head, chain);
    put_be64(head + 4, pos);
    head[12] = type;
    return nh_crc32c(nh_crc32c(0, head, sizeof(head)), payload.p, payload.len);
}

static ssize_t
read_at(int fd, uint8_t *to, size_t len, uint64_t off)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = pread(fd, to + done, len - done, (off_t)(off + done));

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return done > 0 ? (ssize_t)done : -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Up to `limit` bytes of what a compressed segment holds. */
static enum nh_err
inflate(int fd, uint32_t limit, uint8_t **out, uint32_t *out_len)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();
    uint8_t in[CHUNK], *to = NULL;
    size_t cap = 0, len = 0, off = 0, left = 1;
    enum nh_err err = z != NULL ? NH_OK : NH_ENOMEM;

    while (err == NH_OK && len < limit && left > 0) {
        ssize_t n = read_at(fd, in, sizeof(in), off);
        ZSTD_inBuffer zin = { in, n > 0 ? (size_t)n : 0, 0 };

        if (n <= 0)
            err = n == 0 ? NH_EFORMAT : nhj_io_err(errno);
        off += zin.size;
        while (err == NH_OK && len < limit && left > 0) {
            ZSTD_outBuffer zout;

            if (len == cap) {
                size_t more =
                    cap == 0 ? (limit < 4 * CHUNK ? limit : 4 * CHUNK) : 2 * cap;
                uint8_t *grown = realloc(to, more > limit ? limit : more);

                if (grown == NULL) {
                    err = NH_ENOMEM;
                    break;
                }
                to = grown;
                cap = more > limit ? limit : more;
            }
            zout = (ZSTD_outBuffer){ to, cap, len };
            left = ZSTD_decompressStream(z, &zout, &zin);
            if (ZSTD_isError(left))
                err = NH_EFORMAT;
            len = zout.pos;
            if (zin.pos == zin.size && len < cap)
                break;
        }
    }
    ZSTD_freeDCtx(z);
    /* what came out before the damage still counts: each record has its own CRC */
    if (err == NH_EFORMAT && len >= SEG_HEADER_LEN)
        err = NH_OK;
    if (err != NH_OK) {
        free(to);
        return err;
    }
    *out = to;
    *out_len = (uint32_t)len;
    return NH_OK;
}

enum nh_err
nhj_seg_read_header(const char *path, bool zst, struct seg_header *h)
{
    struct seg_reader r;
    enum nh_err err;
    uint8_t raw[SEG_HEADER_LEN], *out = NULL;
    uint32_t len = 0;
    int fd;

    if (!zst) {
        err = nhj_seg_open(&r, path, false, SEG_HEADER_LEN);
        if (err == NH_OK)
            *h = r.header;
        nhj_seg_close(&r);
        return err;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return errno == ENOENT ? NH_ENOTFOUND : nhj_io_err(errno);
    err = inflate(fd, SEG_HEADER_LEN, &out, &len);
    close(fd);
    if (err != NH_OK)
        return err;
    memset(raw, 0, sizeof(raw));
    memcpy(raw, out, len < sizeof(raw) ? len : sizeof(raw));
    free(out);
    return nhj_seg_header_decode(raw, sizeof(raw), h);
}

static enum nh_err
open_file(struct seg_reader *r, const char *path, bool zst, uint32_t end)
{
    struct stat st;
    uint8_t raw[SEG_HEADER_LEN];
    enum nh_err err;
    ssize_t n;

    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (r->fd == -1)
        return errno == ENOENT ? NH_ENOTFOUND : nhj_io_err(errno);
    if (fstat(r->fd, &st) == -1)
        return nhj_io_err(errno);
    if (!S_ISREG(st.st_mode))
        return NH_EFORMAT;
    if (zst) {
        err = inflate(r->fd, end > 0 ? end : SEG_BYTES_MAX, &r->buf, &r->buf_len);
        if (err != NH_OK)
            return err;
        r->image = true;
        r->cap = r->file_len = r->buf_len;
        return nhj_seg_header_decode(r->buf, r->buf_len, &r->header);
    }
    r->file_len = st.st_size > SEG_BYTES_MAX ? SEG_BYTES_MAX : (uint32_t)st.st_size;
    n = read_at(r->fd, raw, sizeof(raw), 0);
    if (n < 0)
        return nhj_io_err(errno);
    return nhj_seg_header_decode(raw, (size_t)n, &r->header);
}

enum nh_err
nhj_seg_open(struct seg_reader *r, const char *path, bool zst, uint32_t end)
{
    enum nh_err err;

    *r = (struct seg_reader){ .fd = -1 };
    err = open_file(r, path, zst, end);
    if (err != NH_OK) {
        nhj_seg_close(r);
        return err;
    }
    r->off = SEG_HEADER_LEN;
    r->end = end > 0 ? end : r->file_len;
    r->seed = nhj_seg_seed(r->header.salt);
    return NH_OK;
}

void
nhj_seg_close(struct seg_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    free(r->buf);
    r->fd = -1;
    r->buf = NULL;
    r->buf_len = 0;
    r->cap = 0;
}

/* `n` bytes at `off` of the segment, lent; NULL when the file has no more. */
static const uint8_t *
bytes_at(struct seg_reader *r, uint32_t off, uint32_t n)
{
    uint32_t want;
    ssize_t got;

    if (off >= r->buf_off && off + (uint64_t)n <= r->buf_off + (uint64_t)r->buf_len)
        return r->buf + (off - r->buf_off);
    if (r->image || off + (uint64_t)n > r->end)
        return NULL;
    want = n > CHUNK ? n : CHUNK;
    if (want > r->end - off)
        want = r->end - off;
    if (want > r->cap) {
        uint8_t *grown = realloc(r->buf, want);

        if (grown == NULL)
            return NULL;
        r->buf = grown;
        r->cap = want;
    }
    got = read_at(r->fd, r->buf, want, off);
    r->buf_off = off;
    r->buf_len = got > 0 ? (uint32_t)got : 0;
    return r->buf_len >= n ? r->buf : NULL;
}

/* Is there a record at `off`? Cheap tests first: a resync asks at every byte. */
static const uint8_t *
record_at(struct seg_reader *r, uint32_t off, uint32_t *len)
{
    const uint8_t *p;
    uint32_t n;
    uint64_t pos;

    if (r->end < REC_HEAD_LEN || off > r->end - REC_HEAD_LEN)
        return NULL;
    p = bytes_at(r, off, REC_HEAD_LEN);
    if (p == NULL || p[6] == 0 || (p[7] & ~REC_PREAMBLE) != 0)
        return NULL;
    pos = get_be64(p + 8);
    if ((p[7] & REC_PREAMBLE) != 0 ? pos != 0 : pos <= r->last_pos)
        return NULL;
    n = (uint32_t)p[4] << 8 | p[5];
    if (off + (uint64_t)REC_HEAD_LEN + n > r->end)
        return NULL;
    p = bytes_at(r, off, REC_HEAD_LEN + n);
    if (p == NULL || get_be32(p) != nh_crc32c(r->seed, p + 4, REC_HEAD_LEN - 4 + n))
        return NULL;
    *len = REC_HEAD_LEN + n;
    return p;
}

enum scan
nhj_seg_next(struct seg_reader *r, struct nh_record *rec)
{
    const uint8_t *p;
    uint32_t len = 0;

    if (r->off >= r->end)
        return SCAN_END;
    p = record_at(r, r->off, &len);
    if (p == NULL)
        return SCAN_BAD;
    *rec = (struct nh_record){
        .pos = get_be64(p + 8),
        .chain = get_be32(p + 16),
        .type = p[6],
        .preamble = (p[7] & REC_PREAMBLE) != 0,
        .payload = nh_slice_of(p + REC_HEAD_LEN, len - REC_HEAD_LEN),
    };
    r->off += len;
    if (!rec->preamble)
        r->last_pos = rec->pos;
    return SCAN_OK;
}

bool
nhj_seg_resync(struct seg_reader *r)
{
    uint32_t len;

    for (uint32_t off = r->off + 1; off < r->end; off++) {
        if (record_at(r, off, &len) == NULL)
            continue;
        r->off = off;
        return true;
    }
    return false;
}

/* How far the marks say that this segment was synced. */
static uint32_t
find_mark(struct seg_reader *r)
{
    struct nh_record rec;
    uint32_t marked = 0;

    r->off = SEG_HEADER_LEN;
    r->last_pos = 0;
    for (;;) {
        enum scan got = nhj_seg_next(r, &rec);

        if (got == SCAN_END || (got == SCAN_BAD && !nhj_seg_resync(r)))
            return marked;
        if (got == SCAN_OK && rec.type == TYPE_MARK && rec.payload.len == 4) {
            uint32_t to = get_be32(rec.payload.p);

            if (to > marked && to <= r->off)
                marked = to;
        }
    }
}

/* What still validates behind the cut is lost with it, and counted. */
static void
count_cut(struct seg_reader *r, struct seg_scan *out)
{
    struct nh_record rec;

    while (nhj_seg_resync(r)) {
        while (nhj_seg_next(r, &rec) == SCAN_OK) {
            if (rec.preamble)
                continue;
            out->cut_last = rec.pos;
            out->cut_records++;
        }
    }
}

void
nhj_seg_scan(struct seg_reader *r, bool newest, struct seg_scan *out,
    void (*on_record)(void *arg, const struct nh_record *rec), void *arg)
{
    struct nh_record rec;
    bool looked = false;

    *out = (struct seg_scan){ .end = SEG_HEADER_LEN, .chain = r->header.chain };
    r->off = SEG_HEADER_LEN;
    r->last_pos = 0;
    for (;;) {
        enum scan got = nhj_seg_next(r, &rec);

        if (got == SCAN_END)
            return;
        if (got == SCAN_BAD) {
            uint32_t off = r->off;
            uint64_t last = r->last_pos;

            if (newest && !looked) {
                looked = true;
                out->marked = find_mark(r);
                r->off = off;
                r->last_pos = last;
            }
            if (newest && off >= out->marked) {
                count_cut(r, out);
                return;
            }
            if (!nhj_seg_resync(r))
                return;
            out->damaged = true;
            continue;
        }
        out->end = r->off;
        out->any = true;
        if (!rec.preamble) {
            out->chain = rec.chain;
            out->last_pos = rec.pos;
            out->records++;
        }
        if (on_record != NULL)
            on_record(arg, &rec);
    }
}

enum nh_err
nhj_seg_sha(const char *path, bool zst, uint32_t len, uint8_t out[NH_SHA256_LEN])
{
    struct seg_reader r;
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    enum nh_err err = sha != NULL ? NH_OK : NH_ENOMEM;

    if (err == NH_OK)
        err = nhj_seg_open(&r, path, zst, len);
    else
        r = (struct seg_reader){ .fd = -1 };
    if (err == NH_OK && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1)
        err = NH_ENOMEM;
    for (uint32_t off = 0; err == NH_OK && off < len;) {
        uint32_t n = len - off < CHUNK ? len - off : CHUNK;
        const uint8_t *p = bytes_at(&r, off, n);

        if (p == NULL)
            err = NH_EFORMAT;
        else if (EVP_DigestUpdate(sha, p, n) != 1)
            err = NH_ENOMEM;
        off += n;
    }
    if (err == NH_OK && EVP_DigestFinal_ex(sha, out, NULL) != 1)
        err = NH_ENOMEM;
    nhj_seg_close(&r);
    EVP_MD_CTX_free(sha);
    return err;
}
