/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge_window.c - one check over its window: is a limit passed by more than chance?
 *
 * Loss: k lost of n sent against a limit p. With a line just at the limit, k is about
 * Poisson with mean np; more than np + 3 sqrt(np) + 1 is not chance, and the worst single
 * round is left out first: one lost round is an event, not a quality. Times: the mean of
 * the rounds without the slowest one against the limit. Nothing is said before half a
 * window has been seen. Once degraded, a check stays so until it is clearly (a tenth, and
 * for loss without the allowance) below the limit.
 */
#include "collector/judge_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_ROUNDS_MAX = 120, WINDOW_DEFAULT_S = 300, FEW_ROUNDS = 3 };

static bool
is_icmp(const struct judge_check *c)
{
    const char *k = c->in.kind->name;

    return strcmp(k, "path") == 0 || strcmp(k, "gateway") == 0 || strcmp(k, "far") == 0 ||
           strcmp(k, "pop") == 0 || strcmp(k, "ping") == 0;
}

static bool
is_kind(const struct judge_check *c, const char *name)
{
    return strcmp(c->in.kind->name, name) == 0;
}

static int64_t
window_ms(const struct judge_check *c)
{
    int s = c->quality != NULL && c->quality->window_s > 0 ? c->quality->window_s
                                                           : WINDOW_DEFAULT_S;

    return (int64_t)s * 1000;
}

enum nh_err
judge_window_init(struct judge_check *c)
{
    int64_t rounds = c->in.every_ms > 0 ? window_ms(c) / c->in.every_ms + 1 : 1;

    if (!is_icmp(c) && !is_kind(c, "service"))
        return NH_OK;
    if (rounds < FEW_ROUNDS)
        rounds = FEW_ROUNDS;
    if (rounds > WINDOW_ROUNDS_MAX)
        rounds = WINDOW_ROUNDS_MAX;
    c->rounds = calloc((size_t)rounds, sizeof(c->rounds[0]));
    c->round_cap = (uint16_t)rounds;
    return c->rounds == NULL ? NH_ENOMEM : NH_OK;
}

void
judge_window_fini(struct judge_check *c)
{
    free(c->rounds);
    c->rounds = NULL;
}

void
judge_window_clear(struct judge_check *c)
{
    c->round_count = c->round_next = 0;
}

static void
push(struct judge_check *c, const struct judge_round *round)
{
    if (c->round_cap == 0)
        return;
    c->rounds[c->round_next] = *round;
    c->round_next = (uint16_t)((c->round_next + 1) % c->round_cap);
    if (c->round_count < c->round_cap)
        c->round_count++;
}

static bool
has(const struct nh_reading *r, int metric)
{
    return (r->present >> metric & 1) != 0;
}

/* Thousandths of the unit: every time metric has three decimals. */
static int32_t
time_of(const struct nh_reading *r, int metric)
{
    if (!has(r, metric) || r->value[metric] < 0)
        return -1;
    return r->value[metric] > INT32_MAX ? INT32_MAX : (int32_t)r->value[metric];
}

static uint16_t
count_of(const struct nh_reading *r, int metric)
{
    if (!has(r, metric) || r->value[metric] < 0)
        return 0;
    return r->value[metric] > UINT16_MAX ? UINT16_MAX : (uint16_t)r->value[metric];
}

/* Rounds of an outage are no losses of a line that works again: its window starts anew.
 */
static enum judge_round_kind
add_icmp(struct judge_check *c, const struct nh_reading *r, int64_t at_ms)
{
    struct judge_round round = { at_ms, time_of(r, NH_ICMP_RTT_AVG),
        time_of(r, NH_ICMP_JITTER), count_of(r, NH_ICMP_SENT),
        count_of(r, NH_ICMP_LOST) };

    if (round.sent == 0)
        return JUDGE_ROUND_EMPTY;
    if (round.lost >= round.sent) {
        push(c, &round);
        return JUDGE_ROUND_MISSED;
    }
    if (c->is.state == JUDGE_DOWN)
        judge_window_clear(c);
    push(c, &round);
    return JUDGE_ROUND_ANSWERED;
}

static enum judge_round_kind
add_service(struct judge_check *c, const struct nh_reading *r, int64_t at_ms)
{
    struct judge_round round = { at_ms, time_of(r, NH_SERVICE_TOTAL), -1, 1, 0 };

    if (!has(r, NH_SERVICE_UP))
        return JUDGE_ROUND_EMPTY;
    if (r->value[NH_SERVICE_UP] == 0)
        return JUDGE_ROUND_MISSED;
    if (c->is.state == JUDGE_DOWN)
        judge_window_clear(c);
    push(c, &round);
    return JUDGE_ROUND_ANSWERED;
}

enum judge_round_kind
judge_window_add(struct judge_check *c, const struct nh_reading *r, int64_t at_ms)
{
    if (is_icmp(c))
        return add_icmp(c, r, at_ms);
    if (is_kind(c, "service"))
        return add_service(c, r, at_ms);
    if (is_kind(c, "port")) {
        if (!has(r, NH_PORT_OPER))
            return JUDGE_ROUND_EMPTY;
        return r->value[NH_PORT_OPER] == 0 ? JUDGE_ROUND_DOWN : JUDGE_ROUND_ANSWERED;
    }
    return r->present != 0 ? JUDGE_ROUND_ANSWERED : JUDGE_ROUND_EMPTY;
}

struct judge_why
judge_model_down_why(const struct judge_check *c)
{
    const struct nh_reading *r = &c->last;

    if (is_kind(c, "port"))
        return (struct judge_why){ "why_port_down", 0, 0 };
    if (!is_kind(c, "service"))
        return (struct judge_why){ "why_no_answer", 0, 0 };
    if (has(r, NH_SERVICE_STATUS) && r->value[NH_SERVICE_STATUS] >= 100)
        return (struct judge_why){ "why_status", (double)r->value[NH_SERVICE_STATUS], 0 };
    return (struct judge_why){ "why_failed", 0, 0 };
}

/* ---- limits ---- */

struct window {
    int64_t sent, lost, worst_lost, worst_sent;      /* worst: the round that lost most */
    double rtt_sum, jitter_sum, rtt_top, jitter_top; /* ms */
    int rounds, rtts, jitters;
};

static void
sum_up(const struct judge_check *c, int64_t from_ms, struct window *w)
{
    *w = (struct window){ 0 };
    for (uint16_t i = 0; i < c->round_count; i++) {
        const struct judge_round *r = &c->rounds[i];

        if (r->at_ms <= from_ms)
            continue;
        w->rounds++;
        w->sent += r->sent;
        w->lost += r->lost;
        if (r->lost > w->worst_lost) {
            w->worst_lost = r->lost;
            w->worst_sent = r->sent;
        }
        if (r->rtt_us >= 0) {
            w->rtts++;
            w->rtt_sum += r->rtt_us / 1e3;
            w->rtt_top = fmax(w->rtt_top, r->rtt_us / 1e3);
        }
        if (r->jitter_us >= 0) {
            w->jitters++;
            w->jitter_sum += r->jitter_us / 1e3;
            w->jitter_top = fmax(w->jitter_top, r->jitter_us / 1e3);
        }
    }
}

static bool
is_over_time(double sum, double top, int n, double limit, bool was, double *mean)
{
    if (n < FEW_ROUNDS)
        return false;
    *mean = (sum - top) / (n - 1);
    return *mean > (was ? limit * 0.9 : limit);
}

static bool
is_over_loss(const struct window *w, double limit_pct, bool was, double *pct)
{
    double n = (double)(w->sent - w->worst_sent), k = (double)(w->lost - w->worst_lost);
    double expected = n * limit_pct / 100;

    if (n <= 0)
        return false;
    *pct = 100.0 * (double)w->lost / (double)w->sent;
    return was ? k > expected : k > expected + 3 * sqrt(expected) + 1;
}

static bool
is_over(const struct judge_check *c, const struct inv_limit *limit,
    const struct window *w, struct judge_why *why)
{
    bool was = c->is.state == JUDGE_DEGRADED;

    if (strcmp(limit->metric, "rtt_ms") == 0) {
        why->text = "why_rtt";
        return is_over_time(
            w->rtt_sum, w->rtt_top, w->rtts, limit->above, was, &why->value);
    }
    if (strcmp(limit->metric, "jitter_ms") == 0) {
        why->text = "why_jitter";
        return is_over_time(
            w->jitter_sum, w->jitter_top, w->jitters, limit->above, was, &why->value);
    }
    if (strcmp(limit->metric, "loss_pct") == 0) {
        why->text = "why_loss";
        return is_over_loss(w, limit->above, was, &why->value);
    }
    return false;
}

static bool
is_over_any(const struct judge_check *c, const struct inv_limit *limits, size_t count,
    const struct window *w, struct judge_why *why)
{
    for (size_t i = 0; i < count; i++)
        if (is_over(c, &limits[i], w, why))
            return true;
    return false;
}

static struct judge_verdict
by_value(const struct judge_check *c)
{
    struct judge_verdict v = { .state = JUDGE_UP };
    const struct nh_reading *r = &c->last;

    if (is_kind(c, "power") && has(r, NH_POWER_ON_BATTERY) &&
        r->value[NH_POWER_ON_BATTERY] != 0) {
        v.state = JUDGE_DEGRADED;
        v.why = (struct judge_why){ "why_on_battery",
            has(r, NH_POWER_CHARGE) ? nh_from_fixed(r->value[NH_POWER_CHARGE], 2) : 0,
            0 };
    } else if (is_kind(c, "host") && has(r, NH_HOST_DISK) &&
               nh_from_fixed(r->value[NH_HOST_DISK], 2) > 95) {
        v.state = JUDGE_DEGRADED;
        v.why =
            (struct judge_why){ "why_disk", nh_from_fixed(r->value[NH_HOST_DISK], 2), 0 };
    }
    return v;
}

/* The severe limits come first: their reason is the one to say. */
struct judge_verdict
judge_quality(const struct judge_check *c)
{
    struct judge_verdict v = { .state = JUDGE_UP };
    struct judge_why why = { NULL, 0, 0 };
    struct window w;
    bool over = false;

    if (c->round_cap == 0)
        return by_value(c);
    sum_up(c, c->at_ms - window_ms(c), &w);
    if (w.rounds < FEW_ROUNDS || (w.rounds * 2 < c->round_cap - 1))
        return v;
    if (is_kind(c, "service")) {
        if (c->in.service != NULL && c->in.service->slow_ms > 0)
            over = is_over_time(w.rtt_sum, w.rtt_top, w.rtts, c->in.service->slow_ms,
                c->is.state == JUDGE_DEGRADED, &why.value);
        why.text = "why_slow";
    } else if (c->quality != NULL && c->in.link != NULL) {
        over = is_over_any(c, c->quality->severe, c->quality->severe_count, &w, &why) ||
               is_over_any(c, c->quality->degraded, c->quality->degraded_count, &w, &why);
    }
    if (over) {
        v.state = JUDGE_DEGRADED;
        v.why = why;
    }
    return v;
}
