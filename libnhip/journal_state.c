/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_state.c - two small files beside the segments
 *
 * `head` is the journal's name and the number of times it was opened: stream id and
 * epoch. It is synced before the first record of each open, in both modes; without
 * segments on disk (lag mode) it alone keeps a position from being used twice.
 *
 * `state` is where the readers are. It is never synced: an old one costs a resend.
 *
 * Both have two slots of 8 KiB that are written in turn; the one with the higher number
 * and a good CRC counts, so a torn write leaves the one before.
 */
#include "libnhip/crc32c.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOT = 8192, STATE_EVERY_MS = 60 * 1000 };

/* slot: "nhjs" | crc32c of the rest u32 | number u64 | len u32 | body */
static bool
slot_decode(const uint8_t *raw, size_t size, uint64_t *number, struct nh_slice *body)
{
    struct nh_slice s = nh_slice_of(raw, size);
    uint32_t crc, len;

    if (size < 20 || memcmp(raw, "nhjs", 4) != 0)
        return false;
    nh_take(&s, 4);
    crc = nh_take_u32(&s);
    *number = nh_take_u64(&s);
    len = nh_take_u32(&s);
    if (len > size - 20 || crc != nh_crc32c(0, raw + 8, 12 + len))
        return false;
    *body = nh_take(&s, len);
    return true;
}

/* The newer good slot of a file; `raw` holds both. Empty when there is none. */
static struct nh_slice
slots_load(const char *path, uint8_t raw[2 * SLOT], uint64_t *number)
{
    struct nh_slice best = nh_slice_of(NULL, 0);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? pread(fd, raw, 2 * SLOT, 0) : -1;

    if (fd >= 0)
        close(fd);
    for (ssize_t at = 0; at < n; at += SLOT) {
        struct nh_slice body;
        uint64_t got;
        ssize_t size = n - at < SLOT ? n - at : SLOT;

        if (slot_decode(raw + at, (size_t)size, &got, &body) && got >= *number) {
            *number = got;
            best = body;
        }
    }
    return best;
}

static enum nh_err
slots_store(const char *path, uint64_t number, const struct nh_buf *body, bool sync)
{
    struct nh_buf out;
    enum nh_err err;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

    if (fd == -1) {
        err = nhj_io_create(path, &fd);
        if (err != NH_OK)
            return err;
    }
    nh_buf_init(&out, SLOT);
    nh_buf_put(&out, "nhjs", 4);
    nh_buf_put_u32(&out, 0);
    nh_buf_put_u64(&out, number);
    nh_buf_put_u32(&out, (uint32_t)body->len);
    nh_buf_put(&out, body->data, body->len);
    err = nh_buf_err(body) != NH_OK ? nh_buf_err(body) : nh_buf_err(&out);
    if (err == NH_OK) {
        uint32_t crc = nh_crc32c(0, out.data + 8, out.len - 8);

        for (int i = 0; i < 4; i++)
            out.data[4 + i] = (uint8_t)(crc >> (24 - 8 * i));
        err = nhj_io_write(fd, out.data, out.len, number % 2 * SLOT, path);
    }
    if (err == NH_OK && sync)
        err = nhj_io_sync(fd, path);
    nh_buf_fini(&out);
    close(fd);
    return err;
}

/* NH_EEMPTY: there is none, or none that is whole. */
enum nh_err
nhj_state_head_load(struct nh_journal *j)
{
    char path[PATH_BYTES];
    uint8_t *raw = malloc(2 * SLOT);
    struct nh_slice body, id;
    uint64_t number = 0;
    enum nh_err err = NH_EEMPTY;

    if (raw == NULL)
        return NH_ENOMEM;
    nhj_io_path(path, j->dir, "head");
    body = slots_load(path, raw, &number);
    id = nh_take(&body, NH_STREAM_ID_LEN);
    if (id.len == NH_STREAM_ID_LEN) {
        uint32_t epoch = nh_take_u32(&body), chain = nh_take_u32(&body);
        uint64_t counter = nh_take_u64(&body);

        if (!body.bad) {
            memcpy(j->stream_id, id.p, NH_STREAM_ID_LEN);
            j->epoch = epoch;
            j->chain = chain;
            j->next_pos = NH_POS(epoch, counter);
            err = NH_OK;
        }
    }
    free(raw);
    return err;
}

enum nh_err
nhj_state_head_store(struct nh_journal *j)
{
    char path[PATH_BYTES];
    struct nh_buf body;
    enum nh_err err;

    nhj_io_path(path, j->dir, "head");
    nh_buf_init(&body, SLOT);
    nh_buf_put(&body, j->stream_id, NH_STREAM_ID_LEN);
    nh_buf_put_u32(&body, j->epoch);
    nh_buf_put_u32(&body, j->chain);
    nh_buf_put_u64(&body, nh_pos_counter(j->next_pos));
    err = slots_store(path, j->epoch, &body, true);
    nh_buf_fini(&body);
    if (err == NH_OK)
        err = nhj_io_sync_dir(j->dir_fd, j->dir);
    return err;
}

struct place *
nhj_state_place(struct nh_journal *j, const char *name)
{
    struct place *unused = NULL;

    if (name[0] == '\0' || strlen(name) >= CURSOR_NAME_MAX)
        return NULL;
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        struct place *p = &j->places[i];

        if (p->known && strcmp(p->name, name) == 0)
            return p;
        if (!p->known && unused == NULL)
            unused = p;
    }
    if (unused != NULL) {
        *unused = (struct place){ .known = false };
        memcpy(unused->name, name, strlen(name) + 1);
    }
    return unused;
}

static void
load_from(struct nh_journal *j, const char *dir, uint8_t *raw, uint64_t *number)
{
    char path[PATH_BYTES], name[CURSOR_NAME_MAX];
    struct nh_slice body;

    nhj_io_path(path, dir, "state");
    body = slots_load(path, raw, number);
    if (nh_take(&body, NH_STREAM_ID_LEN).len != NH_STREAM_ID_LEN)
        return;
    while (body.len > 0 && !body.bad) {
        struct place *p;
        uint64_t released;
        bool holding;

        nh_take_str(&body, name, sizeof(name));
        released = nh_take_u64(&body);
        holding = nh_take_u8(&body) != 0;
        p = body.bad ? NULL : nhj_state_place(j, name);
        if (p == NULL)
            continue;
        if (!p->known || released > p->released)
            p->released = released;
        p->known = true;
        p->holding = holding;
    }
}

void
nhj_state_load(struct nh_journal *j)
{
    uint8_t *raw = malloc(2 * SLOT);

    if (raw == NULL)
        return; /* costs a resend */
    load_from(j, j->dir, raw, &j->disk_state_seq);
    if (j->lag)
        load_from(j, j->memory_dir, raw, &j->state_seq);
    free(raw);
}

static void
store_to(struct nh_journal *j, const char *dir, uint64_t number)
{
    char path[PATH_BYTES];
    struct nh_buf body;
    enum nh_err err;

    nhj_io_path(path, dir, "state");
    nh_buf_init(&body, SLOT - 20);
    nh_buf_put(&body, j->stream_id, NH_STREAM_ID_LEN);
    for (size_t i = 0; i < CURSORS_MAX; i++) {
        const struct place *p = &j->places[i];

        if (!p->known)
            continue;
        nh_buf_put_str(&body, p->name);
        nh_buf_put_u64(&body, p->released);
        nh_buf_put_u8(&body, p->holding);
    }
    err = slots_store(path, number, &body, false);
    if (err != NH_OK)
        nh_log_limited(NH_LOG_WARN,
            "journal %s: readers' places not written (%s), a restart will send again",
            dir, strerror(errno));
    nh_buf_fini(&body);
}

/* In lag mode the memory's copy is kept up, the flash's once a minute. */
void
nhj_state_store(struct nh_journal *j, int64_t mono_ms, bool all)
{
    if (!j->state_dirty && !(all && j->lag))
        return;
    if (j->lag)
        store_to(j, j->memory_dir, ++j->state_seq);
    if (!j->lag || all || mono_ms - j->disk_state_ms >= STATE_EVERY_MS) {
        if (!j->lag || all || j->disk.count > 0)
            store_to(j, j->dir, ++j->disk_state_seq);
        j->disk_state_ms = mono_ms;
    }
    j->state_dirty = false;
}
