/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kind.h - the kinds of reading there are, and what each measures
 *
 * A kind is a row of kind.c: its name is the last word of a check id (the outside
 * contract of these names and metrics is the replay format), its metrics are columns on
 * the wire and data sources in an RRD file, in this order. A metric only ever joins at
 * the end of its kind, so that old journals stay readable.
 *
 * Values travel as integers: the number times 10^decimals, rounded half away from zero.
 */
#ifndef NH_KIND_H
#define NH_KIND_H

#include "libnhip/err.h"
#include <stdint.h>

enum { NH_METRICS_MAX = 16, NH_NAME_MAX = 20 /* DS names have 19 characters */ };

struct nh_metric {
    const char *name; /* "rtt_avg_ms" */
    const char *unit; /* "ms", "%", "bit/s", "" */
    uint8_t decimals; /* resolution: 3 is one thousandth */
    double min, max;  /* plausible range for the series; NAN is unbounded */
};

struct nh_kind {
    const char *name;                /* "path" */
    const struct nh_metric *metrics; /* `count` rows */
    uint8_t count;
    uint16_t default_every_s;
};

/* What a kind's metrics are called in code: indexes into the values of a reading. */
enum nh_icmp_metric { /* gateway, far, pop, ping; path has four more */
    NH_ICMP_SENT,
    NH_ICMP_LOST,
    NH_ICMP_RTT_MIN,
    NH_ICMP_RTT_AVG,
    NH_ICMP_RTT_MAX,
    NH_ICMP_JITTER,
    NH_PATH_LOST_OUT,
    NH_PATH_LOST_BACK,
    NH_PATH_DELAY_OUT,
    NH_PATH_DELAY_BACK
};
enum nh_port_metric {
    NH_PORT_OPER,
    NH_PORT_RX_BPS,
    NH_PORT_TX_BPS,
    NH_PORT_RX_ERRORS,
    NH_PORT_TX_ERRORS,
    NH_PORT_RX_DROPS,
    NH_PORT_TX_DROPS,
    NH_PORT_RX_POWER
};
enum nh_power_metric {
    NH_POWER_ON_BATTERY,
    NH_POWER_CHARGE,
    NH_POWER_RUNTIME,
    NH_POWER_INPUT
};
enum nh_host_metric {
    NH_HOST_LOAD1,
    NH_HOST_MEM,
    NH_HOST_DISK,
    NH_HOST_TEMP,
    NH_HOST_UPTIME
};
enum nh_snmp_metric { NH_SNMP_UPTIME, NH_SNMP_CPU, NH_SNMP_MEM, NH_SNMP_TEMP };
enum nh_service_metric {
    NH_SERVICE_UP,
    NH_SERVICE_TOTAL,
    NH_SERVICE_DNS,
    NH_SERVICE_CONNECT,
    NH_SERVICE_TLS,
    NH_SERVICE_FIRST_BYTE,
    NH_SERVICE_STATUS,
    NH_SERVICE_CERT_DAYS
};

/* The kind of that name, or NULL. */
const struct nh_kind *nh_kind_find(const char *name);
/* All of them; *count rows. */
const struct nh_kind *nh_kind_all(size_t *count);
/* The metric's index in its kind, or -1. */
int nh_kind_metric(const struct nh_kind *kind, const char *metric);

/* Between a number and its fixed-point form. to_fixed saturates at the ends of int64_t.
 */
int64_t nh_to_fixed(double value, uint8_t decimals);
double nh_from_fixed(int64_t fixed, uint8_t decimals);

#endif
