/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp_train.c - round trips, loss and jitter of a train of echo requests */
#include "libnhip/sensors/icmp_train.h"
#include "libnhip/sensors/shared.h"

enum {
    CLOCK_SLACK_NS = 50000, /* the two clocks are not read at the same instant */
    STEP_MIN_NS = 2000000,  /* less is the clock's being slewed */
};

size_t
icmp_ticks(size_t count)
{
    return ICMP_TICKS * ((count + 2 * ICMP_TICKS - 1) / (2 * ICMP_TICKS));
}

size_t
icmp_tick_of(size_t i, size_t count)
{
    return i * icmp_ticks(count) / count;
}

int64_t
icmp_rtt_ns(
    const struct icmp_packet *p, int64_t arrived_ns, int64_t now_us, int64_t wall_us)
{
    int64_t seen_ns = (now_us - p->sent_us) * 1000;
    int64_t step_ns = (wall_us - p->wall_us) * 1000 - seen_ns;
    int64_t left_ns = p->left_ns > 0 ? p->left_ns : p->wall_us * 1000;
    int64_t told_ns = arrived_ns - left_ns, other_ns = told_ns - step_ns;
    bool told = told_ns >= 0 && told_ns <= seen_ns + CLOCK_SLACK_NS;
    bool other = other_ns >= 0 && other_ns <= seen_ns + CLOCK_SLACK_NS &&
                 (step_ns > STEP_MIN_NS || step_ns < -STEP_MIN_NS);

    if (arrived_ns == 0 || (!told && !other))
        return seen_ns;
    return told && (!other || told_ns < other_ns) ? told_ns : other_ns;
}

bool
icmp_summary(const struct nh_kind *kind, const struct icmp_packet *packets, size_t count,
    struct nh_reading *r)
{
    size_t sent = 0, answered = 0, pairs = 0, ticks = icmp_ticks(count);
    size_t apart = (count + ticks - 1) / ticks;
    double min = 0, max = 0, sum = 0, variation = 0;

    for (size_t i = 0; i < count; i++) {
        double ms = (double)packets[i].rtt_ns / 1e6;

        sent += packets[i].state == ICMP_SENT || packets[i].state == ICMP_ANSWERED;
        if (packets[i].state != ICMP_ANSWERED)
            continue;
        min = answered == 0 || ms < min ? ms : min;
        max = answered == 0 || ms > max ? ms : max;
        sum += ms;
        answered++;
        if (i >= apart && packets[i - apart].state == ICMP_ANSWERED) {
            double d = ms - (double)packets[i - apart].rtt_ns / 1e6;

            variation += d < 0 ? -d : d;
            pairs++;
        }
    }
    if (sent == 0)
        return false;
    nh_reading_put(r, kind, NH_ICMP_SENT, (double)sent);
    nh_reading_put(r, kind, NH_ICMP_LOST, (double)(sent - answered));
    if (answered > 0) {
        nh_reading_put(r, kind, NH_ICMP_RTT_MIN, min);
        nh_reading_put(r, kind, NH_ICMP_RTT_AVG, sum / (double)answered);
        nh_reading_put(r, kind, NH_ICMP_RTT_MAX, max);
    }
    if (pairs > 0)
        nh_reading_put(r, kind, NH_ICMP_JITTER, variation / (double)pairs);
    return true;
}
