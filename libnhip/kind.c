/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kind.c - the table of kinds
 *
 * Names and metrics are those of the replay format. Round-trip times resolve to 1 us,
 * shares to 0.01 %, rates to 1 unit, optical power to 0.01 dBm.
 */
#include "libnhip/kind.h"
#include <math.h>
#include <string.h>

#define RTT_MAX_MS 60000

// clang-format off
#define ICMP_METRICS                                          \
    /* name          unit  decimals  min  max */              \
    { "sent",        "",    0, 0, 1000 },                     \
    { "lost",        "",    0, 0, 1000 },                     \
    { "rtt_min_ms",  "ms",  3, 0, RTT_MAX_MS },               \
    { "rtt_avg_ms",  "ms",  3, 0, RTT_MAX_MS },               \
    { "rtt_max_ms",  "ms",  3, 0, RTT_MAX_MS },               \
    { "jitter_ms",   "ms",  3, 0, RTT_MAX_MS }

static const struct nh_metric icmp_metrics[] = { ICMP_METRICS };
static const struct nh_metric path_metrics[] = {
    ICMP_METRICS,
    { "lost_out",      "",    0, 0, 1000 },
    { "lost_back",     "",    0, 0, 1000 },
    { "delay_out_ms",  "ms",  3, -RTT_MAX_MS, RTT_MAX_MS }, /* clocks may disagree */
    { "delay_back_ms", "ms",  3, -RTT_MAX_MS, RTT_MAX_MS },
};
static const struct nh_metric port_metrics[] = {
    { "oper",         "",      0, 0, 1 },
    { "rx_bps",       "bit/s", 0, 0, 1e12 },
    { "tx_bps",       "bit/s", 0, 0, 1e12 },
    { "rx_errors_ps", "1/s",   2, 0, 1e10 },
    { "tx_errors_ps", "1/s",   2, 0, 1e10 },
    { "rx_drops_ps",  "1/s",   2, 0, 1e10 },
    { "tx_drops_ps",  "1/s",   2, 0, 1e10 },
    { "rx_power_dbm", "dBm",   2, -100, 50 },
};
static const struct nh_metric power_metrics[] = {
    { "on_battery", "",   0, 0, 1 },
    { "charge_pct", "%",  2, 0, 100 },
    { "runtime_s",  "s",  0, 0, 1e7 },
    { "input_v",    "V",  1, 0, 1000 },
};
static const struct nh_metric host_metrics[] = {
    { "load1",         "",   2, 0, 1e5 },
    { "mem_used_pct",  "%",  2, 0, 100 },
    { "disk_used_pct", "%",  2, 0, 100 },
    { "temp_c",        "°C", 1, -60, 200 },
    { "uptime_s",      "s",  0, 0, 1e10 },
};
static const struct nh_metric snmp_metrics[] = {
    { "uptime_s",     "s",  0, 0, 1e10 },
    { "cpu_pct",      "%",  2, 0, 100 },
    { "mem_used_pct", "%",  2, 0, 100 },
    { "temp_c",       "°C", 1, -60, 200 },
};
static const struct nh_metric service_metrics[] = {
    { "up",            "",   0, 0, 1 },
    { "total_ms",      "ms", 3, 0, 600000 },
    { "dns_ms",        "ms", 3, 0, 600000 },
    { "connect_ms",    "ms", 3, 0, 600000 },
    { "tls_ms",        "ms", 3, 0, 600000 },
    { "first_byte_ms", "ms", 3, 0, 600000 },
    { "status",        "",   0, 0, 10000 },
    { "cert_days",     "d",  1, -36500, 36500 },
};

#define ROW(name, metrics, every_s) { name, metrics, NH_COUNT(metrics), every_s }
static const struct nh_kind kinds[] = {
    ROW("far",     icmp_metrics,    10),
    ROW("gateway", icmp_metrics,    10),
    ROW("host",    host_metrics,    60),
    ROW("path",    path_metrics,    10),
    ROW("ping",    icmp_metrics,    10),
    ROW("pop",     icmp_metrics,    10),
    ROW("port",    port_metrics,    10),
    ROW("power",   power_metrics,   10),
    ROW("service", service_metrics, 60),
    ROW("snmp",    snmp_metrics,    60),
};
// clang-format on

_Static_assert(NH_COUNT(path_metrics) <= NH_METRICS_MAX, "a kind has too many metrics");
_Static_assert(
    NH_COUNT(path_metrics) == NH_PATH_DELAY_BACK + 1, "path's enum and table differ");
_Static_assert(
    NH_COUNT(icmp_metrics) == NH_ICMP_JITTER + 1, "icmp's enum and table differ");
_Static_assert(
    NH_COUNT(port_metrics) == NH_PORT_RX_POWER + 1, "port's enum and table differ");
_Static_assert(
    NH_COUNT(power_metrics) == NH_POWER_INPUT + 1, "power's enum and table differ");
_Static_assert(
    NH_COUNT(host_metrics) == NH_HOST_UPTIME + 1, "host's enum and table differ");
_Static_assert(
    NH_COUNT(snmp_metrics) == NH_SNMP_TEMP + 1, "snmp's enum and table differ");
_Static_assert(NH_COUNT(service_metrics) == NH_SERVICE_CERT_DAYS + 1,
    "service's enum and table differ");

const struct nh_kind *
nh_kind_find(const char *name)
{
    for (size_t i = 0; i < NH_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const struct nh_kind *
nh_kind_all(size_t *count)
{
    *count = NH_COUNT(kinds);
    return kinds;
}

int
nh_kind_metric(const struct nh_kind *kind, const char *metric)
{
    for (int i = 0; i < kind->count; i++)
        if (strcmp(kind->metrics[i].name, metric) == 0)
            return i;
    return -1;
}

static double
power_of_ten(uint8_t decimals)
{
    static const double table[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };

    return decimals < NH_COUNT(table) ? table[decimals] : pow(10, decimals);
}

int64_t
nh_to_fixed(double value, uint8_t decimals)
{
    double scaled = value * power_of_ten(decimals);

    if (!(scaled > -9.2e18)) /* NAN too: the caller should not have asked */
        return INT64_MIN;
    if (scaled > 9.2e18)
        return INT64_MAX;
    return (int64_t)llround(scaled);
}

double
nh_from_fixed(int64_t fixed, uint8_t decimals)
{
    return (double)fixed / power_of_ten(decimals);
}
