/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session_data.c - an agent's dictionary and records: dated, stored once, judged
 *
 * A record at or below the watermark has been here before and is dropped. One that can
 * never be taken (columns that do not decode, another site's event, a time in the future)
 * is rejected by its position and passed over, so that it cannot block what comes after
 * it. One that finds the disk full waits, with everything behind it, until there is room.
 */
#include "collector/intake_model.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include <string.h>

/* ---- who may say what ---- */

static bool
begins_with(const char *s, const char *word)
{
    size_t n = strlen(word);

    return strncmp(s, word, n) == 0 && s[n] == '/';
}

static bool
ends_with(const char *s, const char *word)
{
    const char *slash = strrchr(s, '/');

    return slash != NULL && strcmp(slash + 1, word) == 0;
}

/* In a drill the stand-in of the centre speaks for what the collector would measure. */
bool
session_may_speak(
    const struct inventory *inv, const char *site, const char *id, const char *kind)
{
    bool far = strcmp(kind, "far") == 0 || strcmp(kind, "pop") == 0;

    if (inventory_site(inv, site) == NULL && inv->drill && strcmp(site, "centre") == 0)
        return far || begins_with(id, "centre") ||
               (begins_with(id, "service") && ends_with(id, "collector"));
    if (far)
        return false;
    if (strcmp(kind, "service") == 0 && begins_with(id, "service"))
        return ends_with(id, site);
    return begins_with(id, site);
}

void
session_take_dict(struct session *s, const struct nh_msg_dict *dict)
{
    struct store_source *src = s->src;
    struct nh_slice checks = dict->checks;
    enum nh_err err = NH_OK;

    while (err == NH_OK && checks.len > 0) {
        size_t before = checks.len;

        err = nh_dict_decode(src->dict, &checks);
        if (err == NH_OK && checks.len == before)
            err = NH_EFORMAT;
    }
    if (err != NH_OK) {
        session_end(s, err == NH_ETOOBIG ? NH_WIRE_LIMIT : NH_WIRE_SYNTAX,
            "the dictionary does not fit what was said before");
        return;
    }
    for (uint32_t n = src->noted + 1; n <= nh_dict_count(src->dict); n++) {
        const struct nh_check *c = nh_dict_get(src->dict, n);

        if (c != NULL &&
            !session_may_speak(s->in->c->inv, s->agent->site, c->id, c->kind->name)) {
            session_end(s, NH_WIRE_IDENTITY, c->id);
            return;
        }
    }
    s->got_dict = true;
    err = store_note_dict(s->in->c->store, src);
    if (err == NH_OK)
        err = store_take_boots(s->in->c->store, src, dict->boots);
    if (err == NH_EFORMAT)
        session_end(s, NH_WIRE_SYNTAX, "a boot in the dictionary");
    else if (err != NH_OK) /* it comes again with the next session */
        session_go_away(s, NH_WIRE_FULL, 5, 60);
}

/* ---- records ---- */

static void
reject(struct session *s, uint64_t pos, uint32_t chain, enum nh_wire_error code)
{
    struct nh_msg msg = { .type = NH_REJECT };

    intake_count(s->in, (int)code);
    nh_log_limited(NH_LOG_WARN, "intake: a record of %s is refused: %s", s->agent->site,
        nh_wire_error_text(code));
    if (store_skip(s->in->c->store, s->src, pos, chain) != NH_OK) {
        session_go_away(s, NH_WIRE_FULL, 5, 60);
        return;
    }
    msg.u.reject.pos = pos;
    msg.u.reject.code = (uint8_t)code;
    session_send(s, &msg);
}

/* The disk is full: keep it and all that follows, and let the agent wait. */
static void
park(struct session *s, struct nh_slice raw)
{
    struct nh_msg msg = { .type = NH_ERROR };

    if (s->parked == NULL)
        s->parked = evbuffer_new();
    if (s->parked == NULL || evbuffer_get_length(s->parked) > SESSION_PARKED_MAX ||
        evbuffer_add(s->parked, raw.p, raw.len) != 0) {
        session_go_away(s, NH_WIRE_FULL, 5, 60);
        return;
    }
    if (s->told_full)
        return;
    s->told_full = true;
    intake_count(s->in, NH_WIRE_FULL);
    msg.u.error.code = NH_WIRE_FULL;
    session_send(s, &msg);
    session_ack(s); /* with a window of 0 */
}

static void
append(struct session *s, struct store_record *rec, struct nh_slice raw,
    struct nh_origin *origin)
{
    uint64_t journal_pos;
    enum nh_err err = store_append(s->in->c->store, s->src, rec, &journal_pos);

    origin->source = UINT32_MAX; /* not appended */
    if (err == NH_ENOSPC || err == NH_EIO) {
        park(s, raw);
        return;
    }
    if (err == NH_ETOOBIG) {
        reject(s, rec->pos, rec->chain, NH_WIRE_TOO_BIG);
        return;
    }
    if (err != NH_OK) {
        session_go_away(s, NH_WIRE_INTERNAL, 5, 60);
        return;
    }
    *origin = (struct nh_origin){ s->src->is.source, rec->pos, rec->chain, rec->epoch,
        rec->offset_ms, rec->error_ms, rec->arrived_ms };
}

/* The boot that a record is of, and its offset; false: the session or record is over. */
static bool
date(struct session *s, struct store_record *rec, int64_t first_ms, int64_t last_ms)
{
    const struct nh_boot *boot = store_boot(s->src, rec->epoch);

    if (boot == NULL) {
        if (s->got_dict)
            reject(s, rec->pos, rec->chain, NH_WIRE_NO_DICT);
        else
            session_end(s, NH_WIRE_NO_DICT, "a boot that nobody named");
        return false;
    }
    rec->arrived_ms = nh_clock_wall_ms();
    if (dating_offset(&s->src->dating, boot, first_ms, rec->arrived_ms, &rec->offset_ms,
            &rec->error_ms) != NH_OK ||
        dating_is_future(last_ms, rec->offset_ms, rec->arrived_ms)) {
        reject(s, rec->pos, rec->chain, NH_WIRE_TIME);
        return false;
    }
    return true;
}

static void
span_of(const struct nh_reading *readings, size_t count, int64_t *first, int64_t *last)
{
    *first = *last = readings[0].mono_ms;
    for (size_t i = 1; i < count; i++) {
        if (readings[i].mono_ms < *first)
            *first = readings[i].mono_ms;
        if (readings[i].mono_ms > *last)
            *last = readings[i].mono_ms;
    }
}

static void
take_readings(struct session *s, const struct nh_msg_readings *m, struct nh_slice raw)
{
    struct store_record rec = { .type = NH_REC_READINGS,
        .pos = m->pos,
        .chain = m->chain,
        .epoch = m->epoch,
        .body = m->columns };
    struct nh_reading *readings = s->in->readings;
    struct nh_origin origin;
    int64_t first_ms, last_ms;
    size_t count = 0;
    enum nh_err err = nh_batch_decode(
        s->src->dict, m->columns, readings, NH_BATCH_READINGS_MAX, &count);

    if (err == NH_ENOTFOUND && !s->got_dict) {
        session_end(s, NH_WIRE_NO_DICT, "");
        return;
    }
    if (err != NH_OK || count == 0) {
        reject(
            s, m->pos, m->chain, err == NH_ENOTFOUND ? NH_WIRE_NO_DICT : NH_WIRE_SYNTAX);
        return;
    }
    span_of(readings, count, &first_ms, &last_ms);
    if (!date(s, &rec, first_ms, last_ms))
        return;
    append(s, &rec, raw, &origin);
    if (origin.source == UINT32_MAX)
        return;
    dating_seen(&s->src->dating, last_ms + rec.offset_ms);
    collector_readings(s->in->c, s->src, &origin, readings, count, false);
}

/* What only the collector can know is not an agent's to tell. */
static bool
is_agents_event(const struct nh_event *e, const char *site)
{
    static const char *const names[] = { "on_battery", "on_mains", "battery_low",
        "last_gasp", "shutdown", "link_down", "link_up", "cold_start", "trap" };

    if (strcmp(e->object, site) != 0 && !begins_with(e->object, site))
        return false;
    for (size_t i = 0; i < NH_COUNT(names); i++)
        if (strcmp(e->name, names[i]) == 0)
            return true;
    return false;
}

static void
take_event(struct session *s, const struct nh_msg_event *m, struct nh_slice raw)
{
    struct store_record rec = {
        .type = NH_REC_EVENT, .pos = m->pos, .chain = m->chain, .epoch = m->epoch
    };
    struct nh_origin origin;
    struct nh_buf body;

    if (!is_agents_event(&m->event, s->agent->site)) {
        reject(s, m->pos, m->chain, NH_WIRE_IDENTITY);
        return;
    }
    if (!date(s, &rec, m->event.mono_ms, m->event.mono_ms))
        return;
    nh_buf_init(&body, NH_JOURNAL_PAYLOAD_MAX);
    nh_event_encode(&m->event, &body);
    if (nh_buf_err(&body) == NH_OK) {
        rec.body = nh_slice_of(body.data, body.len);
        append(s, &rec, raw, &origin);
        if (origin.source != UINT32_MAX)
            collector_took_event(s->in->c, &origin, &m->event);
    } else {
        reject(s, m->pos, m->chain, NH_WIRE_SYNTAX);
    }
    nh_buf_fini(&body);
}

static void
take_gap(struct session *s, const struct nh_msg_gap *m, struct nh_slice raw)
{
    struct store_record rec = { .type = NH_REC_GAP,
        .pos = m->pos,
        .chain = m->chain,
        .epoch = nh_pos_epoch(m->pos),
        .arrived_ms = nh_clock_wall_ms() };
    struct nh_origin origin;
    struct nh_buf body;

    nh_buf_init(&body, NH_JOURNAL_PAYLOAD_MAX);
    nh_gap_encode(&m->gap, &body);
    if (nh_buf_err(&body) == NH_OK) {
        rec.body = nh_slice_of(body.data, body.len);
        append(s, &rec, raw, &origin);
        if (origin.source != UINT32_MAX) {
            s->agent->lost += m->gap.count;
            nh_log_limited(NH_LOG_WARN, "intake: %s has lost %llu records",
                s->agent->site, (unsigned long long)m->gap.count);
        }
    }
    nh_buf_fini(&body);
}

static void
duplicate(struct session *s, uint64_t pos, uint32_t chain)
{
    if (pos == s->src->is.received_pos && chain != s->src->is.chain) {
        session_end(
            s, NH_WIRE_DIVERGED, "another record at a position that was received");
        return;
    }
    s->ack_due = true; /* it does not know how far we are */
    if (nh_clock_mono_ms() - s->acked_ms > 200)
        session_ack(s);
}

static void
take_record(struct session *s, const struct nh_msg *msg, struct nh_slice raw)
{
    /* all three begin with pos and chain */
    uint64_t pos = msg->u.readings.pos;
    uint32_t chain = msg->u.readings.chain;

    if (pos <= s->src->is.received_pos) {
        duplicate(s, pos, chain);
        return;
    }
    if (pos != s->src->is.received_pos + 1 && msg->type != NH_GAP &&
        nh_pos_epoch(pos) == nh_pos_epoch(s->src->is.received_pos))
        nh_log_limited(NH_LOG_WARN, "intake: %s left out positions %llu to %llu",
            s->agent->site, (unsigned long long)s->src->is.received_pos + 1,
            (unsigned long long)pos - 1);
    if (msg->type == NH_READINGS)
        take_readings(s, &msg->u.readings, raw);
    else if (msg->type == NH_EVENT)
        take_event(s, &msg->u.event, raw);
    else
        take_gap(s, &msg->u.gap, raw);
    if (s->agent->backlog > 0)
        s->agent->backlog--;
}

void
session_take_record(struct session *s, const struct nh_msg *msg, struct nh_slice raw)
{
    s->unacked_bytes += raw.len;
    if (s->parked != NULL)
        park(s, raw);
    else
        take_record(s, msg, raw);
}

/* There is room again: what waited goes first, then the agent may go on. */
void
session_unpark(struct session *s)
{
    struct evbuffer *parked = s->parked;

    s->parked = NULL;
    s->told_full = false;
    while (parked != NULL && s->state == NH_COLLECTOR_READY && s->parked == NULL &&
           evbuffer_get_length(parked) > 0) {
        struct nh_slice raw =
            nh_slice_of(evbuffer_pullup(parked, -1), evbuffer_get_length(parked));
        enum nh_wire_error code = 0;
        size_t used = 0, need = 0;
        struct nh_msg msg;

        if (nh_wire_decode(raw, NH_FRAME_MAX, &msg, &used, &need, &code) != NH_OK)
            break; /* it was decoded before */
        raw.len = used;
        take_record(s, &msg, raw);
        evbuffer_drain(parked, used);
    }
    if (parked != NULL && s->parked != NULL) /* full again: the rest stays behind it */
        evbuffer_add_buffer(s->parked, parked);
    if (parked != NULL)
        evbuffer_free(parked);
    session_ack(s);
}

/* ---- live ---- */

/* Shown and judged at once, not stored: it comes again by the other lane. */
void
session_take_live(struct session *s, const struct nh_msg_readings *m)
{
    struct nh_reading *readings = s->in->readings;
    struct nh_boot boot = { .epoch = m->epoch };
    struct nh_origin origin = { .source = s->src->is.source, .epoch = m->epoch };
    int64_t first_ms, last_ms;
    size_t count = 0;
    enum nh_err err = nh_batch_decode(
        s->src->dict, m->columns, readings, NH_BATCH_READINGS_MAX, &count);

    if (err == NH_ENOTFOUND) {
        session_end(s, NH_WIRE_NO_DICT, "");
        return;
    }
    if (err != NH_OK) {
        session_end(s, NH_WIRE_SYNTAX, "LIVE");
        return;
    }
    if (count == 0)
        return;
    memcpy(boot.boot_id, s->boot_id, sizeof(boot.boot_id));
    span_of(readings, count, &first_ms, &last_ms);
    origin.arrived_ms = nh_clock_wall_ms();
    if (dating_offset(&s->src->dating, &boot, first_ms, origin.arrived_ms,
            &origin.offset_ms, &origin.error_ms) != NH_OK ||
        dating_is_future(last_ms, origin.offset_ms, origin.arrived_ms)) {
        intake_count(s->in, NH_WIRE_TIME);
        return;
    }
    collector_readings(s->in->c, s->src, &origin, readings, count, true);
}
