/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judging.c - from the journal through the machine into the database
 *
 * A view of our own journal follows what is durable, in portions, so that catching up
 * after a start never holds up the sessions. What the machine says waits in a list until
 * the second's transaction has taken it; when that fails, it waits for the next.
 */
#include "collector/judging.h"
#include "collector/ack_link.h"
#include "collector/collector.h"
#include "collector/diagnose.h"
#include "collector/outbox.h"
#include "collector/pace.h"
#include "libnhip/clock.h"
#include "libnhip/log.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SETTLE_MS = 500, /* what has arrived is durable, and fed, by then */
    SAVE_EVERY_MS = 60000,
    SECOND_BYTES = 8 << 20, /* of state: each takes the loop some 100 ms to put away */
    PORTION_RECORDS = 2000,
    STATE_MAX = 512 << 20,
    STALE_MS = 3600000, /* older records are for the reports, not to be told */
    URL_MAX = 512,
    NOT_LOOKED_UP = -2,
    DIGEST_MAX = 1000, /* incidents that one answer acknowledges */
    FOREIGN = -3,      /* a check that this source may not fill */
};

/* What the machine said and the database does not have yet. */
struct saying {
    struct saying *next;
    bool is_message;
    enum incident_change change;
    int64_t now_ms;
    struct incident in; /* owned */
    struct message m;   /* its texts owned */
    uint32_t *also;     /* owned: those of a digest */
};

struct place { /* checks of one source, by their number in its dictionary */
    size_t count;
    int *checks; /* owned */
    char boot[2 * NH_STREAM_ID_LEN + 1];
};

struct judging {
    struct collector *c;
    struct incidents *db;
    struct outbox *outbox;
    struct ack_secret secret;
    struct pace pace; /* the machine, its policy and their time */
    struct nh_view *view;
    struct nh_tracker *tracker;
    struct nh_timer *pump;
    uint64_t pos, upto; /* fed; durable */
    uint32_t epoch;     /* of the journal in this run */
    bool present;       /* a record of this run has been fed */
    int64_t clock_ms;   /* at the last tick: the wall clock's, but never backwards */
    int64_t mono_ms;    /* at the last tick */
    int64_t saved_ms;   /* mono: when the last transaction ended */
    struct saying *first, **last;
    size_t place_count;
    struct place *places; /* owned, by source */
    size_t changed_count, changed_cap;
    uint32_t *changed; /* owned */
    bool changed_read;
    struct nh_buf diagnose_state, policy_state;
};

/* ---- what the machine says ---- */

static void
free_saying(struct saying *s)
{
    incident_fini(&s->in);
    free((char *)(uintptr_t)s->m.sms);
    free((char *)(uintptr_t)s->m.subject);
    free((char *)(uintptr_t)s->m.text);
    free(s->also);
    free(s);
}

static void
push(struct judging *j, struct saying *s)
{
    *j->last = s;
    j->last = &s->next;
}

static void
note_changed(struct judging *j, uint32_t number)
{
    if (j->changed_read) {
        j->changed_count = 0;
        j->changed_read = false;
    }
    for (size_t i = 0; i < j->changed_count; i++)
        if (j->changed[i] == number)
            return;
    if (j->changed_count == j->changed_cap) {
        size_t cap = j->changed_cap == 0 ? 16 : j->changed_cap * 2;
        uint32_t *more = realloc(j->changed, cap * sizeof(*more));

        if (more == NULL)
            return;
        j->changed = more;
        j->changed_cap = cap;
    }
    j->changed[j->changed_count++] = number;
}

static void
on_incident(
    void *arg, const struct incident *in, enum incident_change change, int64_t now_ms)
{
    struct judging *j = arg;
    struct saying *s = calloc(1, sizeof(*s));

    if (s == NULL || incident_dup(&s->in, in) != NH_OK) {
        free(s);
        nh_log(NH_LOG_ERROR, "judging: out of memory: a version of an incident is lost");
    } else {
        s->change = change;
        s->now_ms = now_ms;
        push(j, s);
    }
    policy_incident(j->pace.p, in, change, now_ms);
}

static void
on_message(void *arg, const struct message *m)
{
    struct judging *j = arg;
    struct saying *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        nh_log(NH_LOG_ERROR, "judging: out of memory: the message %s is lost", m->key);
        return;
    }
    s->is_message = true;
    s->m = *m;
    s->m.sms = strdup(m->sms);
    s->m.subject = strdup(m->subject);
    s->m.text = strdup(m->text);
    s->m.also = NULL;
    if (m->also_count > 0) {
        s->also = calloc(m->also_count, sizeof(*s->also));
        s->m.also_count = s->also == NULL ? 0 : m->also_count;
        for (size_t i = 0; i < s->m.also_count; i++)
            s->also[i] = m->also[i];
        s->m.also = s->also;
    }
    if (s->m.sms != NULL && s->m.subject != NULL && s->m.text != NULL) {
        push(j, s);
        return;
    }
    nh_log(NH_LOG_ERROR, "judging: out of memory: the message %s is lost", m->key);
    free_saying(s);
}

/* ---- into the database ---- */

static enum nh_err
put_sayings(struct judging *j)
{
    enum nh_err err = NH_OK;

    for (const struct saying *s = j->first; s != NULL && err == NH_OK; s = s->next)
        err = s->is_message ? incidents_message(j->db, &s->m)
                            : incidents_put(j->db, &s->in, s->change, s->now_ms);
    return err;
}

static void
forget_sayings(struct judging *j)
{
    struct saying *s;

    while ((s = j->first) != NULL) {
        j->first = s->next;
        if (!s->is_message)
            note_changed(j, s->in.number);
        else
            note_changed(j, s->m.incident);
        for (size_t i = 0; s->is_message && i < s->m.also_count; i++)
            note_changed(j, s->m.also[i]);
        free_saying(s);
    }
    j->last = &j->first;
}

static void
take_state(struct judging *j)
{
    nh_buf_clear(&j->diagnose_state);
    nh_buf_clear(&j->policy_state);
    diagnose_save(j->pace.d, &j->diagnose_state);
    policy_save(j->pace.p, &j->policy_state);
}

/* Ends the transaction that incidents_begin() began with what waits, the machine's state
 * and the position. */
static enum nh_err
commit(struct judging *j, enum nh_err err)
{
    if (err == NH_OK)
        err = put_sayings(j);
    if (err == NH_OK)
        take_state(j);
    if (err == NH_OK)
        err = nh_buf_err(&j->diagnose_state);
    if (err == NH_OK)
        err = nh_buf_err(&j->policy_state);
    if (err == NH_OK)
        err = incidents_commit(j->db, j->pos,
            nh_slice_of(j->diagnose_state.data, j->diagnose_state.len),
            nh_slice_of(j->policy_state.data, j->policy_state.len));
    if (err != NH_OK) {
        nh_log_limited(NH_LOG_ERROR,
            "judging: the database does not take what happened: %s; it is tried "
            "again",
            nh_strerror(err));
        return err;
    }
    forget_sayings(j);
    return NH_OK;
}

/* A failure has been logged; incidents_begin() takes back what it left, and what waits is
 * tried again with the next tick. */
static void
save(struct judging *j)
{
    (void)commit(j, incidents_begin(j->db));
    j->saved_ms = nh_clock_mono_ms();
}

/* ---- feeding ---- */

static struct place *
place_of(struct judging *j, uint32_t source, size_t checks)
{
    struct place *p;
    int *more;

    if (source >= j->place_count) {
        size_t count = source + (size_t)64;
        struct place *places = realloc(j->places, count * sizeof(*places));

        if (places == NULL)
            return NULL;
        memset(places + j->place_count, 0, (count - j->place_count) * sizeof(*places));
        j->places = places;
        j->place_count = count;
    }
    p = &j->places[source];
    if (p->count >= checks)
        return p;
    more = realloc(p->checks, checks * sizeof(*more));
    if (more == NULL)
        return NULL;
    for (size_t i = p->count; i < checks; i++)
        more[i] = NOT_LOOKED_UP;
    p->checks = more;
    p->count = checks;
    return p;
}

/* Who may fill a check: its own site's agent, or the collector (in a drill the centre's
 * stand-in). */
static int
look_up(const struct judging *j, const char *site, const struct nh_check *check)
{
    const struct judge_check *known = judge_check_find(j->c->judge, check->id);
    bool collector = site[0] == '\0' || strcmp(site, "centre") == 0;

    if (known != NULL && (known->in.by_collector != collector ||
                             strcmp(known->in.kind->name, check->kind->name) != 0))
        return FOREIGN;
    return diagnose_check_find(j->pace.d, check->id);
}

static int
check_of(const struct judging *j, struct place *p, const char *site,
    const struct nh_dict *dict, uint32_t number)
{
    const struct nh_check *check = nh_dict_get(dict, number);

    if (check == NULL || number >= p->count)
        return DIAGNOSE_NO_CHECK;
    if (p->checks[number] == NOT_LOOKED_UP)
        p->checks[number] = look_up(j, site, check);
    return p->checks[number];
}

static void
boot_hex(const struct nh_boot *boot, char hex[2 * NH_STREAM_ID_LEN + 1])
{
    for (size_t i = 0; i < NH_STREAM_ID_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", boot->boot_id[i]);
}

static void
on_judged_readings(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_dict *dict,
    const struct nh_reading *readings, size_t count)
{
    struct judging *j = arg;
    struct place *p = place_of(j, source->source, nh_dict_count(dict) + (size_t)1);
    const struct nh_boot *boot =
        nh_tracker_boot(j->tracker, source->source, origin->epoch);
    char hex[2 * NH_STREAM_ID_LEN + 1] = "";
    const char *older = NULL;
    int64_t arrived_ms;

    (void)pos;
    if (p == NULL || (!j->present && origin->arrived_ms < nh_clock_wall_ms() - STALE_MS))
        return;
    if (boot != NULL && p->boot[0] != '\0') { /* made before the host started again? */
        boot_hex(boot, hex);
        older = strcmp(hex, p->boot) == 0 ? NULL : hex;
    }
    arrived_ms = pace_reach(&j->pace, origin->arrived_ms);
    for (size_t i = 0; i < count; i++) {
        int check = check_of(j, p, source->site, dict, readings[i].check);

        if (check != FOREIGN)
            diagnose_reading(j->pace.d, check, &readings[i],
                readings[i].mono_ms + origin->offset_ms, arrived_ms, older, false);
    }
}

static void
on_judged_event(void *arg, uint64_t pos, const struct nh_origin *origin,
    const struct nh_source *source, const struct nh_event *event)
{
    struct judging *j = arg;
    const char *slash = strchr(event->object, '/');
    size_t len = slash != NULL ? (size_t)(slash - event->object) : strlen(event->object);
    char site[NH_CHECK_ID_MAX];

    (void)pos, (void)source;
    if (!j->present && origin->arrived_ms < nh_clock_wall_ms() - STALE_MS)
        return;
    memcpy(site, event->object, len);
    site[len] = '\0';
    if (strcmp(event->name, "session_up") == 0) {
        const struct nh_source *of = nh_tracker_find(j->tracker, site);
        struct place *p = of == NULL ? NULL : place_of(j, of->source, 1);

        if (p != NULL)
            memcpy(p->boot, event->boot, sizeof(p->boot));
    }
    diagnose_event(j->pace.d, event, len > 0 ? site : NULL,
        slash != NULL ? slash + 1 : NULL, event->mono_ms + origin->offset_ms,
        pace_reach(&j->pace, origin->arrived_ms));
}

/* One portion of what is durable; is there more? */
static bool
feed(struct judging *j)
{
    struct nh_record rec;
    struct nh_gap gap;

    for (int i = 0; i < PORTION_RECORDS; i++) {
        enum nh_err err = nh_view_next(j->view, j->upto, &rec, &gap);

        if (err == NH_EGAP)
            continue;
        if (err == NH_EEMPTY)
            return false;
        if (err != NH_OK) {
            nh_log_limited(NH_LOG_ERROR, "judging: the journal cannot be read: %s",
                nh_strerror(err));
            return false;
        }
        if (!rec.preamble && rec.pos <= j->pos)
            continue; /* fed before: only its dictionary is wanted */
        if (!j->present && !rec.preamble && nh_pos_epoch(rec.pos) >= j->epoch)
            j->present = true;
        err = nh_tracker_feed(j->tracker, &rec);
        if (err != NH_OK)
            nh_log_limited(
                NH_LOG_WARN, "judging: a record cannot be read: %s", nh_strerror(err));
        if (rec.pos > j->pos)
            j->pos = rec.pos;
    }
    return true;
}

static void
on_pump(void *arg)
{
    struct judging *j = arg;

    if (feed(j))
        nh_timer_after(j->pump, 0);
}

void
judging_durable(struct judging *j, uint64_t pos)
{
    if (j == NULL)
        return;
    j->upto = pos;
    nh_timer_after(j->pump, 0);
}

void
judging_live(struct judging *j, const struct store_source *src,
    const struct nh_origin *origin, const struct nh_reading *readings, size_t count)
{
    struct place *p;
    int64_t arrived_ms;

    if (j == NULL || !j->present || store_is_full(j->c->store))
        return; /* full: time stands still until records can come */
    p = place_of(j, src->is.source, nh_dict_count(src->dict) + (size_t)1);
    if (p == NULL ||
        (j->pace.now_ms != 0 && origin->arrived_ms - j->pace.now_ms > PACE_JUMP_MS))
        return;
    arrived_ms = pace_reach(&j->pace, origin->arrived_ms);
    for (size_t i = 0; i < count; i++) {
        int check = check_of(j, p, src->is.site, src->dict, readings[i].check);

        if (check >= 0)
            diagnose_reading(j->pace.d, check, &readings[i],
                readings[i].mono_ms + origin->offset_ms, arrived_ms, NULL, true);
    }
}

/* A transaction writes the machine's whole state and syncs. A province's is some hundred
 * KB; where it is many MB, it is written in longer steps, so that sessions have the
 * loop. */
static bool
save_is_due(const struct judging *j)
{
    int64_t steps = (int64_t)(j->diagnose_state.len / SECOND_BYTES);
    int64_t every_ms =
        j->first != NULL ? steps * 1000 : SAVE_EVERY_MS * (steps > 0 ? steps : 1);

    return j->mono_ms - j->saved_ms >= every_ms;
}

void
judging_tick(struct judging *j, int64_t wall_ms, int64_t mono_ms)
{
    int64_t now_ms;

    if (j == NULL)
        return;
    /* a clock that was set back: the machine goes on at the pace of the other one */
    now_ms = wall_ms >= j->clock_ms ? wall_ms : j->clock_ms + (mono_ms - j->mono_ms);
    j->clock_ms = now_ms;
    j->mono_ms = mono_ms;
    if (j->present && now_ms - j->pace.now_ms <= PACE_JUMP_MS &&
        !store_is_full(j->c->store))
        pace_step(&j->pace, now_ms - SETTLE_MS);
    if (save_is_due(j))
        save(j);
    outbox_tick(j->outbox, wall_ms);
}

/* ---- what people do ---- */

/* Whose it is by the cause alone: a carrier's where all its links are of one. */
static void
party_of(const struct inventory *inv, const struct incident *in, enum cause cause,
    char out[INCIDENT_PARTY_MAX])
{
    static const char *const parties[CAUSES] = {
        [CAUSE_UNKNOWN] = "unknown",
        [CAUSE_POWER] = "power_company",
        [CAUSE_SITE_LAN] = "commune",
        [CAUSE_CONGESTION] = "commune",
        [CAUSE_DATA_CENTRE] = "province",
        [CAUSE_MONITORING] = "province",
        [CAUSE_PLANNED] = "province",
    };
    const struct inv_carrier *carrier = NULL;
    bool one = true;

    snprintf(out, INCIDENT_PARTY_MAX, "%s",
        parties[cause] != NULL ? parties[cause] : "unknown");
    if (cause == CAUSE_SERVICE) {
        snprintf(out, INCIDENT_PARTY_MAX, "service:%s", in->object);
        return;
    }
    for (size_t i = 0; parties[cause] == NULL && i < in->link_count; i++) {
        const struct inv_link *l = inventory_link(inv, in->links[i].id);

        one = one && l != NULL && (carrier == NULL || carrier == l->carrier);
        carrier = l == NULL ? carrier : l->carrier;
    }
    if (one && carrier != NULL)
        snprintf(out, INCIDENT_PARTY_MAX, "carrier:%s", carrier->id);
}

/* One that is so long over that the machine has forgotten it: the report of its month is
 * what this is for. Nobody is told. */
static enum nh_err
override_old(struct judging *j, uint32_t number, enum cause cause)
{
    int64_t now_ms = nh_clock_wall_ms();
    struct incident in;
    enum nh_err err = incidents_get(j->db, number, &in);

    if (err != NH_OK)
        return err;
    party_of(j->c->inv, &in, cause, in.party);
    in.cause = cause;
    in.confidence = CONFIDENCE_FACT;
    words_of_cause(&in);
    in.changed_ms = now_ms;
    in.revision++;
    diagnose_count_minutes(j->c->inv, &in, now_ms);
    err = incidents_put(j->db, &in, INCIDENT_REVISED, now_ms);
    incident_fini(&in);
    return err;
}

static enum nh_err
put_override(struct judging *j, uint32_t number, const char *text)
{
    const struct incident *in = diagnose_find(j->pace.d, number);
    char party[INCIDENT_PARTY_MAX];
    const char *colon = strchr(text, ':');
    char name[32];
    enum cause cause;

    snprintf(name, sizeof(name), "%.*s", colon == NULL ? 0 : (int)(colon - text), text);
    if (!incident_cause_of(name, &cause))
        return NH_EINVAL;
    if (in == NULL)
        return override_old(j, number, cause);
    party_of(j->c->inv, in, cause, party);
    diagnose_override(j->pace.d, number, cause, party, j->pace.now_ms);
    return NH_OK;
}

static bool
names_a_cause(const char *text)
{
    const char *colon = text == NULL ? NULL : strchr(text, ':');
    char name[32];
    enum cause cause;

    if (colon == NULL || colon[1 + strspn(colon + 1, " ")] == '\0')
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
    return incident_cause_of(name, &cause);
}

/* Who answers a digest has read all of it: each of its incidents is his. */
static enum nh_err
ack_digest(struct judging *j, uint32_t number, const char *who, const char *way)
{
    uint32_t others[DIGEST_MAX];
    size_t count = 0;
    enum nh_err err = NH_OK;

    if (strcmp(way, "sms") == 0 || strcmp(way, "link") == 0)
        err = incidents_digest(j->db, number, who, others, DIGEST_MAX, &count);
    for (size_t i = 0; i < count && err == NH_OK; i++) {
        err =
            incidents_act(j->db, others[i], ACTION_ACK, who, way, "", nh_clock_wall_ms());
        if (err == NH_ENOTFOUND) {
            err = NH_OK;
            continue;
        }
        policy_acknowledged(j->pace.p, others[i], j->pace.now_ms);
        note_changed(j, others[i]);
    }
    return err;
}

enum nh_err
judging_act(struct judging *j, uint32_t number, enum action action, const char *who,
    const char *way, const char *text)
{
    enum nh_err err;

    if (action == ACTION_OVERRIDE && !names_a_cause(text))
        return NH_EINVAL;
    if (j->first != NULL)
        save(j); /* what it is about may have been said just now */
    err = incidents_begin(j->db);
    if (err == NH_OK)
        err = incidents_act(j->db, number, action, who, way, text, nh_clock_wall_ms());
    if (err == NH_ENOTFOUND || err == NH_EINVAL)
        return err;
    if (err == NH_OK && action == ACTION_ACK) {
        policy_acknowledged(j->pace.p, number, j->pace.now_ms);
        err = ack_digest(j, number, who, way);
    } else if (err == NH_OK && action == ACTION_OVERRIDE)
        err = put_override(j, number, text);
    else if (err == NH_OK && action == ACTION_CLOSE)
        diagnose_close(j->pace.d, number, j->pace.now_ms);
    err = commit(j, err);
    if (err == NH_OK)
        note_changed(j, number);
    return err;
}

/* ---- planned work that was added at run time ---- */

struct planning {
    struct inventory *inv;
    enum nh_err err;
};

static void
plan_row(void *arg, const struct planned_row *row)
{
    struct planning *w = arg;
    char unknown[NH_CHECK_ID_MAX];
    enum nh_err err = inventory_plan(w->inv,
        &(struct inv_plan){
            row->id, row->who, row->why, row->links, row->sites, row->from_s, row->to_s },
        unknown);

    if (err == NH_ENOTFOUND || err == NH_EEXIST)
        nh_log(NH_LOG_WARN,
            "judging: the planned work '%s' that was added is left out: %s%s", row->id,
            err == NH_EEXIST ? "the configuration has one of that name"
                             : "the configuration has no ",
            err == NH_EEXIST ? "" : unknown);
    else if (err != NH_OK)
        w->err = err;
}

static enum nh_err
plan_all(struct incidents *db, struct inventory *inv)
{
    struct planning w = { inv, NH_OK };
    enum nh_err err = incidents_planned_each(db, plan_row, &w);

    return err == NH_OK ? w.err : err;
}

enum nh_err
judging_plan(struct judging *j, const struct planned_row *row, const char *by,
    const char *way, char unknown[NH_CHECK_ID_MAX])
{
    const struct inv_plan plan = { row->id, row->who, row->why, row->links, row->sites,
        row->from_s, row->to_s };
    enum nh_err err = inventory_plan_check(j->c->inv, &plan, unknown);

    if (err == NH_OK)
        err = incidents_planned_add(j->db, row, by, way, nh_clock_wall_ms());
    if (err == NH_OK)
        err = inventory_plan(j->c->inv, &plan, unknown);
    return err;
}

enum nh_err
judging_plan_end(struct judging *j, const char *id, const char *by, const char *way)
{
    int64_t now_ms = nh_clock_wall_ms();
    struct inv_planned *p = inventory_planned(j->c->inv, id);
    enum nh_err err;

    if (p == NULL)
        return NH_ENOTFOUND;
    if (!p->added)
        return NH_EAUTH;
    err = incidents_planned_end(j->db, id, by, way, now_ms);
    if (err == NH_OK && p->to_s > now_ms / 1000)
        p->to_s = now_ms / 1000 > p->from_s ? now_ms / 1000 : p->from_s;
    return err;
}

/* ---- start and end ---- */

static void
put_link(void *arg, uint32_t incident, const char *contact, struct nh_buf *out)
{
    const struct judging *j = arg;
    const char *base = j->c->inv->web.base_url;
    char token[ACK_TOKEN_MAX];
    size_t len = base == NULL ? 0 : strlen(base);

    if (len == 0)
        return;
    ack_token_make(
        &j->secret, incident, contact, nh_clock_wall_ms() / 1000 + ACK_LINK_S, token);
    nh_buf_printf(
        out, "%.*s/ack/%s", (int)(base[len - 1] == '/' ? len - 1 : len), base, token);
}

static enum nh_err
machine_new(struct judging *j, const struct inventory *inv, struct diagnose **d,
    struct policy **p)
{
    const struct diagnose_events de = { j, on_incident };
    const struct policy_events pe = { j, on_message };
    enum nh_err err = diagnose_new(d, inv, &de);

    return err == NH_OK ? policy_new(p, inv, &pe) : err;
}

/* A state that cannot be read is damage or of a newer program: the machine begins anew,
 * and what lasts is opened again. */
static void
load_state(struct judging *j, struct diagnose *d, struct policy *p)
{
    enum nh_err err =
        diagnose_load(d, nh_slice_of(j->diagnose_state.data, j->diagnose_state.len));

    if (err == NH_OK)
        err = policy_load(p, nh_slice_of(j->policy_state.data, j->policy_state.len));
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR,
            "judging: the saved state is not of use: %s; what is open "
            "is found again from new readings",
            nh_strerror(err));
}

static enum nh_err
restore(struct judging *j)
{
    uint64_t durable = store_durable_pos(j->c->store);
    enum nh_err err =
        incidents_state(j->db, &j->pos, &j->diagnose_state, &j->policy_state);

    if (err != NH_OK)
        return err;
    if (j->diagnose_state.len > 0)
        load_state(j, j->pace.d, j->pace.p);
    j->pace.now_ms = diagnose_now(j->pace.d);
    if (j->pos > durable)
        nh_log(NH_LOG_WARN, "judging: the journal is another one than the incidents were "
                            "found in; it is read from now on");
    if (j->pos == 0 || j->pos > durable)
        j->pos = durable;
    j->upto = durable;
    return nh_view_seek(j->view, j->pos);
}

/* What is open in the database and unknown to the machine, because the inventory has it
 * no more or the saved state was lost, is closed: nobody watches it. */
static enum nh_err
close_orphans(struct judging *j)
{
    int64_t now_ms = nh_clock_wall_ms();
    uint32_t *numbers, last = 0;
    size_t count;
    enum nh_err err =
        incidents_numbers(j->db, true, INT64_MAX, INT64_MAX, &numbers, &count);

    for (size_t i = 0; i < count && err == NH_OK; i++) {
        struct incident in;

        if (diagnose_find(j->pace.d, numbers[i]) != NULL)
            continue;
        err = incidents_get(j->db, numbers[i], &in);
        if (err != NH_OK)
            break;
        in.closed_ms = in.told_closed_ms = in.changed_ms = now_ms;
        in.revision++;
        on_incident(j, &in, INCIDENT_CLOSED, now_ms);
        incident_fini(&in);
        nh_log(NH_LOG_NOTICE,
            "judging: SC-%04lu is closed: what it was about is watched no more",
            (unsigned long)numbers[i]);
    }
    free(numbers);
    if (err == NH_OK)
        err = incidents_last_number(j->db, &last);
    diagnose_numbers_after(j->pace.d, last);
    return err;
}

enum nh_err
judging_open(struct judging **out, struct collector *c)
{
    struct judging *j = calloc(1, sizeof(*j));
    struct nh_tracker_events events = { on_judged_readings, on_judged_event, NULL, j };
    enum nh_err err;

    *out = NULL;
    if (j == NULL)
        return NH_ENOMEM;
    j->c = c;
    j->last = &j->first;
    j->epoch = store_epoch(c->store);
    nh_buf_init(&j->diagnose_state, STATE_MAX);
    nh_buf_init(&j->policy_state, STATE_MAX);
    err = incidents_open(&j->db, c->inv->collector.data);
    if (err == NH_OK)
        err = plan_all(j->db, c->inv);
    if (err == NH_OK)
        err = ack_secret_open(&j->secret, c->inv->collector.data);
    if (err == NH_OK)
        err = machine_new(j, c->inv, &j->pace.d, &j->pace.p);
    if (err == NH_OK)
        err = nh_tracker_new(&j->tracker, &events);
    if (err == NH_OK)
        err = nh_view_open(&j->view, store_dir(c->store));
    if (err == NH_OK)
        err = nh_timer_new(&j->pump, c->base, on_pump, j);
    if (err == NH_OK)
        err = restore(j);
    if (err == NH_OK)
        err = close_orphans(j);
    if (err == NH_OK) {
        err = outbox_open(
            &j->outbox, &(struct outbox_options){ c->base, j->db, c->inv, put_link, j });
        if (err != NH_OK)
            nh_log(
                NH_LOG_ERROR, "judging: messages cannot be sent: %s", nh_strerror(err));
    }
    if (err != NH_OK) {
        judging_close(j);
        return err;
    }
    save(j); /* from here on the journal is read, whatever becomes of this run */
    *out = j;
    nh_timer_after(j->pump, 0);
    return NH_OK;
}

void
judging_close(struct judging *j)
{
    if (j == NULL)
        return;
    if (j->outbox != NULL)
        save(j);
    outbox_close(j->outbox);
    forget_sayings(j);
    nh_timer_free(j->pump);
    nh_view_close(j->view);
    nh_tracker_free(j->tracker);
    diagnose_free(j->pace.d);
    policy_free(j->pace.p);
    incidents_close(j->db);
    for (size_t i = 0; i < j->place_count; i++)
        free(j->places[i].checks);
    free(j->places);
    free(j->changed);
    nh_buf_fini(&j->diagnose_state);
    nh_buf_fini(&j->policy_state);
    nh_wipe(&j->secret, sizeof(j->secret));
    free(j);
}

/* ---- reload ---- */

struct judging_next {
    struct diagnose *d;
    struct policy *p;
    const struct inventory *inv;
};

enum nh_err
judging_prepare(struct judging *j, struct inventory *next, struct judging_next **out)
{
    struct judging_next *n = calloc(1, sizeof(*n));
    enum nh_err err = n == NULL ? NH_ENOMEM : plan_all(j->db, next);

    *out = n;
    if (err == NH_OK) {
        n->inv = next;
        err = machine_new(j, next, &n->d, &n->p);
    }
    if (err == NH_OK) {
        take_state(j);
        err = nh_buf_err(&j->diagnose_state);
    }
    if (err == NH_OK)
        err = nh_buf_err(&j->policy_state);
    if (err == NH_OK)
        load_state(j, n->d, n->p);
    if (err != NH_OK) {
        judging_refuse(n);
        *out = NULL;
    }
    return err;
}

void
judging_refuse(struct judging_next *next)
{
    if (next == NULL)
        return;
    diagnose_free(next->d);
    policy_free(next->p);
    free(next);
}

void
judging_adopt(struct judging *j, struct judging_next *next)
{
    save(j); /* messages borrow contacts of the inventory that goes */
    for (struct saying **at = &j->first; *at != NULL;) {
        struct saying *s = *at;

        if (!s->is_message) {
            at = &s->next;
            continue;
        }
        nh_log(NH_LOG_ERROR, "judging: the message %s is lost: the database took it not",
            s->m.key);
        *at = s->next;
        free_saying(s);
    }
    for (j->last = &j->first; *j->last != NULL; j->last = &(*j->last)->next)
        continue;
    diagnose_free(j->pace.d);
    policy_free(j->pace.p);
    j->pace.d = next->d;
    j->pace.p = next->p;
    outbox_reload(j->outbox, next->inv);
    for (size_t i = 0; i < j->place_count; i++)
        for (size_t k = 0; k < j->places[i].count; k++)
            j->places[i].checks[k] = NOT_LOOKED_UP;
    free(next);
    if (close_orphans(j) != NH_OK)
        nh_log(NH_LOG_WARN, "judging: incidents of what is gone may stay open");
}

/* ---- looking on ---- */

void
judging_learnt(const struct judging *j, size_t link, struct learnt *out)
{
    if (j != NULL)
        diagnose_learnt(j->pace.d, link, out);
    else
        *out = (struct learnt){ 0 };
}

struct incidents *
judging_db(struct judging *j)
{
    return j->db;
}

const struct ack_secret *
judging_secret(const struct judging *j)
{
    return &j->secret;
}

const uint32_t *
judging_changed(struct judging *j, size_t *count)
{
    if (j == NULL || j->changed_read) {
        *count = 0;
        return NULL;
    }
    j->changed_read = true;
    *count = j->changed_count;
    return j->changed;
}
