/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * service.h - what the sensors of services (http, tcp, dns) have in common
 */
#ifndef NH_SENSORS_SERVICE_H
#define NH_SENSORS_SERVICE_H

#include "libnhip/sensors/shared.h"
#include <net/if.h>

enum { SERVICE_TIMEOUT_MS = 5000, SERVICE_NAME_MAX = 256 };

/* timeout_ms and interface, which all of them take. */
struct service_settings {
    long timeout_ms;
    char interface[IF_NAMESIZE]; /* "": any */
};
bool service_settings(struct service_settings *out, const char *params, char why[128]);

/* The round's own timeout: never past the span that it has. */
long service_timeout(const struct service_settings *set, uint32_t span_ms);

/* Bind `fd` to the interface. false: `why` says what is wrong. */
bool service_bind(int fd, const char *interface, char why[128]);

#endif
