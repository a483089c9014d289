/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shared.h - what the probes of one schedule share, and small helpers of the sensors
 *
 * Each sensor hangs its own shared state (sockets, resolver, curl multi) here when its
 * first probe opens, and takes it down when its last one closes: a sensor nobody uses
 * costs nothing. Only sensors and the schedule include this.
 */
#ifndef NH_SENSORS_SHARED_H
#define NH_SENSORS_SHARED_H

#include "libnhip/record.h"
#include "libnhip/sensor.h"
#include <stdint.h>
#include <sys/socket.h>

struct nh_sensor_host {
    struct event_base *base; /* borrowed */
    /* An event to be told at once; mono_ms is filled in by the schedule. */
    void (*on_event)(void *arg, struct nh_event *event);
    void *event_arg;
    struct icmp_shared *icmp; /* each owned by its sensor, NULL while unused */
    struct port_shared *port;
    struct http_shared *http;
    struct snmp_shared *snmp;      /* a list: one a device */
    struct tcp_resolver *resolver; /* shared with the questions under way */
};

/* The number of param `name`, or `def` when it is absent. false: not a whole number from
 * `min` to `max`; `why` then says so. */
bool nh_param_number(const char *params, const char *name, long min, long max, long def,
    long *out, char why[128]);

/* A numeric IPv4 or IPv6 address (a %scope may follow) with `port`, into `out`. */
bool nh_literal_address(
    const char *text, uint16_t port, struct sockaddr_storage *out, socklen_t *len);

/* Value `i` of `r` is `value`, in the metric's own unit. */
void nh_reading_put(
    struct nh_reading *r, const struct nh_kind *kind, int i, double value);

#endif
