/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * diagnose_track.c - what one check told: runs of answered and missed rounds, and the
 * quality of its last rounds
 *
 * Rounds arrive mostly in order, but a journal's come after the live ones: a run is put
 * where its time belongs, and a round that is there already changes nothing. A hole of
 * more than three rounds ends a run: there nothing is known.
 *
 * Quality leaves out bursts. A line that is dead for ten seconds now and then loses most
 * of a round or two; that is an event. Loss is a quality when the other rounds lose more
 * than chance explains of a line just at the limit.
 */
#include "collector/diagnose_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BURSTS_MAX = 5, BURST_NEAR_MS = 12000, CLEAR_MS = 180000, SAMPLE_ROUNDS = 10 };

static int64_t
gap_ms(const struct track *t)
{
    return (int64_t)t->in.every_ms * 7 / 2;
}

static bool
grow(struct track *t)
{
    uint16_t cap = t->run_cap == 0 ? 4 : (uint16_t)(t->run_cap * 2);
    struct run *more;

    if (t->run_count < t->run_cap)
        return true;
    if (t->run_cap == RUNS_MAX && t->runs != NULL) {
        memmove(t->runs, t->runs + 1, (RUNS_MAX - 1) * sizeof(t->runs[0]));
        t->run_count--;
        return true;
    }
    if (cap > RUNS_MAX)
        cap = RUNS_MAX;
    more = realloc(t->runs, cap * sizeof(*more));
    if (more == NULL)
        return false;
    t->runs = more;
    t->run_cap = cap;
    return true;
}

/* A run of one at `i`, found by the time again when the oldest had to go. */
static void
insert(struct track *t, size_t i, struct run r)
{
    bool full = t->run_count == RUNS_MAX;

    if (full && i == 0)
        return;
    if (!grow(t))
        return;
    if (full)
        i--;
    memmove(t->runs + i + 1, t->runs + i, (t->run_count - i) * sizeof(r));
    t->runs[i] = r;
    t->run_count++;
}

static void
join_next(struct track *t, size_t i)
{
    struct run *a = &t->runs[i], *b = a + 1;

    if (i + 1 >= t->run_count || a->ok != b->ok || b->from_ms - a->to_ms > gap_ms(t))
        return;
    a->to_ms = b->to_ms;
    a->count += b->count;
    memmove(b, b + 1, (t->run_count - i - 2) * sizeof(*b));
    t->run_count--;
}

static uint32_t
rounds_between(const struct track *t, int64_t from_ms, int64_t to_ms)
{
    return (uint32_t)((to_ms - from_ms) / t->in.every_ms) + 1;
}

/* A round that contradicts a run: what is left of it on both sides. */
static void
split(struct track *t, size_t i, int64_t at_ms, bool ok)
{
    struct run *r = &t->runs[i], tail = *r;
    int64_t step = t->in.every_ms;

    tail.from_ms = at_ms + step;
    tail.count =
        tail.from_ms <= tail.to_ms ? rounds_between(t, tail.from_ms, tail.to_ms) : 0;
    r->to_ms = at_ms - step;
    r->count = r->to_ms >= r->from_ms ? rounds_between(t, r->from_ms, r->to_ms) : 0;
    if (r->count == 0) {
        *r = (struct run){ at_ms, at_ms, 1, ok };
    } else {
        insert(t, i + 1, (struct run){ at_ms, at_ms, 1, ok });
        i++;
    }
    if (tail.count > 0)
        insert(t, i + 1, tail);
    join_next(t, i);
    if (i > 0)
        join_next(t, i - 1);
}

static bool
insert_late(struct track *t, int64_t at_ms, bool ok)
{
    size_t i = t->run_count;

    while (i > 0 && t->runs[i - 1].from_ms > at_ms)
        i--;
    if (i > 0 && at_ms <= t->runs[i - 1].to_ms) {
        /* a round is told alike by both lanes: what contradicts an edge was a guess */
        if (t->runs[i - 1].ok == ok || t->runs[i - 1].from_ms == t->runs[i - 1].to_ms)
            return false;
        split(t, i - 1, at_ms, ok);
        return true;
    }
    if (i > 0 && t->runs[i - 1].ok == ok && at_ms - t->runs[i - 1].to_ms <= gap_ms(t)) {
        t->runs[i - 1].to_ms = at_ms;
        t->runs[i - 1].count++;
        join_next(t, i - 1);
        return true;
    }
    if (i < t->run_count && t->runs[i].ok == ok &&
        t->runs[i].from_ms - at_ms <= gap_ms(t)) {
        t->runs[i].from_ms = at_ms;
        t->runs[i].count++;
        return true;
    }
    insert(t, i, (struct run){ at_ms, at_ms, 1, ok });
    return true;
}

const struct run *
track_last(const struct track *t)
{
    return t == NULL || t->run_count == 0 ? NULL : &t->runs[t->run_count - 1];
}

bool
track_ok(struct track *t, int64_t at_ms, bool ok)
{
    struct run *last = t->run_count == 0 ? NULL : &t->runs[t->run_count - 1];

    if (last != NULL && at_ms <= last->to_ms)
        return insert_late(t, at_ms, ok);
    t->seen_ms = at_ms;
    if (last != NULL && last->ok == ok && at_ms - last->to_ms <= gap_ms(t)) {
        last->to_ms = at_ms;
        last->count++;
        return !ok && last->count <= 3;
    }
    if (grow(t) && t->runs != NULL)
        t->runs[t->run_count++] = (struct run){ at_ms, at_ms, 1, ok };
    return true;
}

bool
track_ever_ok(const struct track *t)
{
    for (size_t i = 0; t != NULL && i < t->run_count; i++)
        if (t->runs[i].ok)
            return true;
    return false;
}

bool
track_has(const struct track *t, bool ok, int64_t from_ms, int64_t to_ms, uint32_t least,
    int64_t *first)
{
    for (size_t i = 0; t != NULL && i < t->run_count; i++) {
        const struct run *r = &t->runs[i];
        int64_t a = r->from_ms > from_ms ? r->from_ms : from_ms;
        int64_t b = r->to_ms < to_ms ? r->to_ms : to_ms;

        if (r->ok != ok || a > b || rounds_between(t, a, b) < least)
            continue;
        if (first != NULL)
            *first = a;
        return true;
    }
    return false;
}

bool
track_missing_now(const struct track *t, uint32_t least)
{
    const struct run *r = track_last(t);

    return r != NULL && !r->ok && r->count >= least;
}

/* ---- readings ---- */

static bool
has(const struct nh_reading *r, int metric)
{
    return (r->present >> metric & 1) != 0;
}

static int32_t
small(const struct nh_reading *r, int metric)
{
    if (!has(r, metric) || r->value[metric] < 0)
        return -1;
    return r->value[metric] > INT32_MAX ? INT32_MAX : (int32_t)r->value[metric];
}

static void
learn(struct track *t, int32_t us)
{
    int32_t weight = t->normal_count < 256 ? t->normal_count + 1 : 256;

    t->normal_us += (us - t->normal_us) / weight;
    if (t->normal_count < 256)
        t->normal_count++;
}

/* Of the last five minutes, where at least ten rounds were answered in them. */
static void
sample(struct track *t, int64_t at_ms)
{
    int32_t rtts[ROUNDS_MAX];
    int n = 0;

    if (!normal_is_due(&t->normal, at_ms))
        return;
    for (size_t i = 0; i < t->round_count; i++)
        if (t->rounds[i].rtt_us >= 0 && t->rounds[i].at_ms > at_ms - NORMAL_SAMPLE_MS)
            rtts[n++] = t->rounds[i].rtt_us;
    if (n >= SAMPLE_ROUNDS)
        normal_sample(&t->normal, normal_median(rtts, n), at_ms);
}

static bool
add_icmp(struct track *t, const struct nh_reading *r, int64_t at_ms)
{
    int32_t sent = small(r, NH_ICMP_SENT), lost = small(r, NH_ICMP_LOST);
    int32_t rtt = small(r, NH_ICMP_RTT_AVG);

    if (sent <= 0 || lost < 0)
        return false;
    if (t->rounds != NULL && at_ms > t->seen_ms) {
        t->rounds[t->round_next] = (struct round){ at_ms, rtt, small(r, NH_ICMP_JITTER),
            (uint16_t)(sent > 1000 ? 1000 : sent),
            (uint16_t)(lost > 1000 ? 1000 : lost) };
        t->round_next = (uint16_t)((t->round_next + 1) % ROUNDS_MAX);
        if (t->round_count < ROUNDS_MAX)
            t->round_count++;
        sample(t, at_ms);
    }
    return track_ok(t, at_ms, lost < sent);
}

static bool
add_port(struct track *t, const struct nh_reading *r, int64_t at_ms)
{
    double limit = t->in.link->bandwidth_mbps * 1e6 * 0.9;
    double most = fmax(has(r, NH_PORT_RX_BPS) ? (double)r->value[NH_PORT_RX_BPS] : 0,
        has(r, NH_PORT_TX_BPS) ? (double)r->value[NH_PORT_TX_BPS] : 0);

    if (!has(r, NH_PORT_OPER))
        return false;
    if (has(r, NH_PORT_RX_POWER)) {
        t->has_optics = true;
        t->dark = nh_from_fixed(r->value[NH_PORT_RX_POWER], 2) < -35;
    }
    if (has(r, NH_PORT_RX_ERRORS) && r->value[NH_PORT_RX_ERRORS] > 0 &&
        at_ms > t->errors_ms)
        t->errors_ms = at_ms;
    if (limit > 0 && at_ms > t->seen_ms) {
        if (most >= limit) {
            t->full_ms = at_ms;
            t->full_count++;
        } else if (t->full_count > 0) {
            t->full_count--;
        }
    }
    return track_ok(t, at_ms, r->value[NH_PORT_OPER] != 0);
}

/* Slow: beyond the service's own limit, else five times its usual and over a second. */
static bool
is_slow(const struct track *t, int32_t us)
{
    int64_t limit = t->in.service->slow_ms > 0 ? (int64_t)t->in.service->slow_ms * 1000
                                               : 5 * (int64_t)t->normal_us;

    if (t->in.service->slow_ms <= 0 && (t->normal_count < 3 || limit < 1000000))
        limit = t->normal_count < 3 ? INT32_MAX : 1000000;
    return us > limit;
}

static bool
add_service(struct track *t, const struct nh_reading *r, int64_t at_ms)
{
    int32_t us = small(r, NH_SERVICE_TOTAL);
    bool up = has(r, NH_SERVICE_UP) && r->value[NH_SERVICE_UP] != 0;
    bool slow = up && us >= 0 && is_slow(t, us);

    if (!has(r, NH_SERVICE_UP))
        return false;
    if (up && !slow && us >= 0 && at_ms > t->seen_ms)
        learn(t, us);
    if (!up || slow) {
        t->slow = slow;
        t->expired =
            !up && has(r, NH_SERVICE_CERT_DAYS) && r->value[NH_SERVICE_CERT_DAYS] <= 0;
        t->status = has(r, NH_SERVICE_STATUS) ? small(r, NH_SERVICE_STATUS) : -1;
    }
    track_ok(t, at_ms, up && !slow);
    return true; /* services are looked at with each test: there are few */
}

int
track_add(struct track *t, const struct nh_reading *r, int64_t at_ms)
{
    bool changed = false;

    switch (t->class) {
    case TRACK_PATH:
    case TRACK_GATEWAY:
    case TRACK_FAR:
    case TRACK_POP:
    case TRACK_PING:
        changed = add_icmp(t, r, at_ms);
        break;
    case TRACK_PORT:
        changed = add_port(t, r, at_ms);
        break;
    case TRACK_POWER:
        if (has(r, NH_POWER_ON_BATTERY))
            changed = track_ok(t, at_ms, r->value[NH_POWER_ON_BATTERY] == 0);
        break;
    case TRACK_SERVICE:
        changed = add_service(t, r, at_ms);
        break;
    case TRACK_HOST:
    case TRACK_SNMP:
    case TRACK_OTHER:
        if (at_ms > t->seen_ms)
            t->seen_ms = at_ms;
        break;
    }
    return changed ? TRACK_CHANGED : TRACK_SAME;
}

/* ---- quality ---- */

static bool
is_burst(const struct round *r)
{
    return r->lost * 5 >= r->sent * 2;
}

/* Near a round that lost nearly all; with `many` of those, only near one that lost all:
 * that is down, not lossy. */
static bool
is_near_burst(const struct round *rounds, size_t n, size_t i, bool many)
{
    for (size_t k = 0; k < n; k++)
        if ((many ? rounds[k].lost >= rounds[k].sent : is_burst(&rounds[k])) &&
            llabs(rounds[k].at_ms - rounds[i].at_ms) <= BURST_NEAR_MS)
            return true;
    return false;
}

struct sums {
    double sent, lost, recent_sent, recent_lost, rtt, jitter, recent_rtt, recent_jitter;
    int rounds, rtts, jitters, recent_rtts, lossy;
    int64_t first_loss_ms;
};

/* The rounds of the window in order of time; how many. */
static size_t
window(const struct track *t, int64_t window_ms, struct round out[ROUNDS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < t->round_count; i++) {
        size_t k = ((size_t)t->round_next + ROUNDS_MAX - t->round_count + i) % ROUNDS_MAX;

        if (t->rounds[k].at_ms > t->seen_ms - window_ms)
            out[n++] = t->rounds[k];
    }
    return n;
}

static struct sums
sum_up(const struct track *t, const struct round *rounds, size_t n)
{
    struct sums s = { 0 };
    size_t bursts = 0;

    for (size_t i = 0; i < n; i++)
        bursts += is_burst(&rounds[i]) ? 1U : 0U;
    for (size_t i = 0; i < n; i++) {
        const struct round *r = &rounds[i];
        bool recent = r->at_ms > t->seen_ms - CLEAR_MS;

        if (is_near_burst(rounds, n, i, bursts >= BURSTS_MAX))
            continue;
        s.rounds++;
        s.sent += r->sent;
        s.lost += r->lost;
        s.recent_sent += recent ? r->sent : 0;
        s.recent_lost += recent ? r->lost : 0;
        if (r->lost > 0) {
            s.lossy++;
            if (s.first_loss_ms == 0)
                s.first_loss_ms = r->at_ms;
        }
        if (r->rtt_us >= 0) {
            s.rtts++;
            s.rtt += r->rtt_us / 1e3;
            if (r->at_ms > t->seen_ms - 60000) {
                s.recent_rtts++;
                s.recent_rtt += r->rtt_us / 1e3;
            }
        }
        if (r->jitter_us >= 0) {
            s.jitters++;
            s.jitter += r->jitter_us / 1e3;
            if (r->at_ms > t->seen_ms - 60000)
                s.recent_jitter += r->jitter_us / 1e3;
        }
    }
    return s;
}

static void
judge_time(const struct round *rounds, size_t n, double sum, int count, double recent,
    int recent_count, double limit, bool jitter, struct quality *q)
{
    double mean = count == 0 ? 0 : sum / count;

    if (count < 10)
        return;
    if (recent_count > 0 && recent / recent_count > limit * 0.9)
        q->clear = false;
    if (mean <= limit)
        return;
    q->over = q->suspect = true;
    q->value = mean;
    q->loss = false;
    for (size_t i = 0; i < n; i++) {
        int32_t us = jitter ? rounds[i].jitter_us : rounds[i].rtt_us;

        if (us < 0 || us / 1e3 <= limit)
            continue;
        if (q->since_ms == 0)
            q->since_ms = rounds[i].at_ms;
        q->slow_ms = rounds[i].at_ms;
    }
}

static void
judge_loss(const struct sums *s, double limit_pct, struct quality *q)
{
    double expected = s->sent * limit_pct / 100;

    if (s->sent <= 0)
        return;
    q->loss_pct = 100 * s->lost / s->sent;
    if (s->recent_lost > fmax(1, s->recent_sent * limit_pct / 100))
        q->clear = false;
    if (s->lost > 1.6 * expected + 1 && s->lossy >= 4)
        q->suspect = true;
    if (s->lost <= expected + 3 * sqrt(expected) + 1 || s->lossy < 4)
        return;
    q->over = true;
    q->loss = true;
    q->value = q->loss_pct;
}

struct quality
track_quality(const struct track *t, const struct inv_quality *q)
{
    struct quality out = { .clear = true };
    struct round rounds[ROUNDS_MAX];
    struct sums s;
    size_t n;

    if (t->rounds == NULL)
        return out;
    n = window(t, (int64_t)(q->window_s > 0 ? q->window_s : 300) * 1000, rounds);
    if (n < 6)
        return out;
    s = sum_up(t, rounds, n);
    for (size_t i = 0; i < q->degraded_count; i++) {
        const struct inv_limit *l = &q->degraded[i];

        if (strcmp(l->metric, "rtt_ms") == 0)
            judge_time(rounds, n, s.rtt, s.rtts, s.recent_rtt, s.recent_rtts, l->above,
                false, &out);
        else if (strcmp(l->metric, "jitter_ms") == 0)
            judge_time(rounds, n, s.jitter, s.jitters, s.recent_jitter, s.recent_rtts,
                l->above, true, &out);
        else if (strcmp(l->metric, "loss_pct") == 0)
            judge_loss(&s, l->above, &out);
    }
    if (out.since_ms == 0)
        out.since_ms = s.first_loss_ms;
    return out;
}

void
track_figures(const struct track *t, int32_t *rtt_us, int32_t *loss_permille)
{
    int64_t sent = 0, lost = 0, rtt = 0, answered = 0;
    struct round rounds[ROUNDS_MAX];
    size_t n = t == NULL || t->rounds == NULL ? 0 : window(t, NORMAL_SAMPLE_MS, rounds);

    for (size_t i = 0; i < n; i++) {
        sent += rounds[i].sent;
        lost += rounds[i].lost;
        rtt += rounds[i].rtt_us >= 0 ? rounds[i].rtt_us : 0;
        answered += rounds[i].rtt_us >= 0;
    }
    *rtt_us = answered > 0 ? (int32_t)(rtt / answered) : -1;
    *loss_permille = sent > 0 ? (int32_t)(lost * 1000 / sent) : -1;
}
