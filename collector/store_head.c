/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_head.c - the head of a segment, and a restart that reads it back
 *
 * The head names each source with its watermark, its dictionary and the boots that
 * records to come may name. Reading back, watermarks move on with each record after it.
 */
#include "collector/store_model.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include <string.h>

enum { ANCHOR_ERROR_MAX_MS = 5000 };

void
store_put_dict(
    const struct store_source *src, uint32_t from, uint32_t to, struct nh_buf *out)
{
    nh_buf_clear(out);
    nh_buf_put_varint(out, src->is.source);
    nh_dict_encode(src->dict, from, to, out);
}

static enum nh_err
put_one(store_put_head *put, void *arg, uint8_t type, const struct nh_buf *b)
{
    enum nh_err err = nh_buf_err(b);

    return err != NH_OK ? err : put(arg, type, nh_slice_of(b->data, b->len));
}

/* What is known of a boot's clock goes with it, so that a restart dates as before. */
static struct nh_boot
dated_boot(const struct store_source *src, const struct nh_boot *boot)
{
    struct nh_boot dated = *boot;

    for (size_t i = 0; i < src->dating.count; i++) {
        const struct dating_boot *b = src->dating.boots[i];
        int64_t offset;
        uint32_t error;

        if (memcmp(b->id, boot->boot_id, sizeof(b->id)) == 0 &&
            nh_anchors_offset(&b->anchors, boot->mono_ms, &offset, &error) == NH_OK) {
            dated.wall_ms = boot->mono_ms + offset;
            dated.quality = NH_CLOCK_SYNCHRONISED;
        }
    }
    return dated;
}

static enum nh_err
put_source(struct store_source *src, struct nh_buf *b, store_put_head *put, void *arg)
{
    enum nh_err err;

    nh_buf_clear(b);
    nh_source_encode(&src->is, b);
    err = put_one(put, arg, NH_REC_SOURCE, b);
    for (uint32_t from = 1; err == NH_OK && from <= src->noted; from += DICT_PART) {
        uint32_t left = src->noted - from;

        store_put_dict(
            src, from, left < DICT_PART ? src->noted : from + DICT_PART - 1, b);
        err = put_one(put, arg, NH_REC_DICT, b);
    }
    store_boots_prune(src);
    for (size_t k = 0; err == NH_OK && k < src->boot_count; k++) {
        struct nh_boot boot = dated_boot(src, &src->boots[k]);

        nh_buf_clear(b);
        nh_boot_encode(&boot, b);
        err = put_one(put, arg, NH_REC_BOOT, b);
    }
    return err;
}

/* Everybody, as a segment's head names them. */
enum nh_err
store_put_sources(struct store *s, store_put_head *put, void *arg)
{
    struct nh_buf b;
    enum nh_err err = NH_OK;

    nh_buf_init(&b, SCRATCH_MAX);
    for (size_t i = 0; err == NH_OK && i < s->source_count; i++)
        if (s->sources[i] != NULL && !s->sources[i]->is_old)
            err = put_source(s->sources[i], &b, put, arg);
    nh_buf_fini(&b);
    return err;
}

static enum nh_err
put_to_preamble(void *arg, uint8_t type, struct nh_slice payload)
{
    nh_preamble_put(arg, type, payload);
    return NH_OK;
}

void
store_write_head(void *arg, struct nh_preamble *put)
{
    enum nh_err err = store_put_sources(arg, put_to_preamble, put);

    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "journal: the head of a segment is not whole: %s",
            nh_strerror(err));
}

/* ---- recovery ---- */

static void
recover_source(struct store *s, struct nh_slice in)
{
    struct nh_source is;
    struct store_source *src;

    if (nh_source_decode(&in, &is) != NH_OK)
        return;
    src = store_source_at(s, is.source);
    if (src == NULL && store_source_make(s, &is, &src) != NH_OK)
        return;
    src->is = is;
}

static void
recover_dict(struct store *s, struct nh_slice in)
{
    uint64_t number = nh_take_varint(&in);
    struct store_source *src =
        in.bad || number > UINT32_MAX ? NULL : store_source_at(s, (uint32_t)number);

    if (src == NULL || nh_dict_decode(src->dict, &in) != NH_OK)
        nh_log(NH_LOG_WARN, "journal: a dictionary could not be read back");
    else
        src->noted = nh_dict_count(src->dict);
}

static void
recover_boot(struct store *s, struct nh_slice in)
{
    struct nh_boot boot;
    struct store_source *src;

    if (nh_boot_decode(&in, &boot) != NH_OK)
        return;
    src = store_source_at(s, boot.source);
    if (src != NULL && store_boot_put(src, &boot) != NH_OK)
        nh_log(NH_LOG_WARN, "journal: no memory for a boot of '%s'", src->is.site);
}

/* Where its clock was well known, a record's offset serves as an anchor again. */
static void
recover_anchor(struct store_source *src, const struct nh_origin *o, struct nh_slice in)
{
    const struct nh_boot *boot = store_boot(src, o->epoch);
    int64_t mono;

    if (nh_batch_base(in, &mono) != NH_OK)
        return;
    dating_seen(&src->dating, mono + o->offset_ms);
    if (boot != NULL && o->error_ms <= ANCHOR_ERROR_MAX_MS) {
        struct nh_anchor a = { mono, mono + o->offset_ms, o->error_ms };

        if (dating_anchor(&src->dating, boot->boot_id, a) != NH_OK)
            nh_log(NH_LOG_DEBUG, "journal: an anchor of '%s' is lost", src->is.site);
    }
}

/* The watermark moves as it did when this was appended. */
static void
recover_record(struct store *s, const struct nh_record *rec)
{
    struct nh_slice in = rec->payload;
    struct nh_origin o;
    struct store_source *src;

    if (nh_origin_decode(&in, &o) != NH_OK || o.source == 0)
        return;
    src = store_source_at(s, o.source);
    if (src == NULL || o.agent_pos <= src->is.received_pos)
        return;
    src->is.received_pos = o.agent_pos;
    src->is.chain = o.agent_chain;
    if (rec->type == NH_REC_READINGS)
        recover_anchor(src, &o, in);
}

void
store_recover(void *arg, const struct nh_record *rec)
{
    struct store *s = arg;

    switch (rec->type) {
    case NH_REC_SOURCE:
        recover_source(s, rec->payload);
        break;
    case NH_REC_DICT:
        recover_dict(s, rec->payload);
        break;
    case NH_REC_BOOT:
        recover_boot(s, rec->payload);
        break;
    case NH_REC_READINGS:
    case NH_REC_EVENT:
    case NH_REC_GAP:
        recover_record(s, rec);
        break;
    default:
        break;
    }
    if (s->events.on_recovered != NULL)
        s->events.on_recovered(s->events.arg, rec);
}
