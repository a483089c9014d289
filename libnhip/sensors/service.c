/* SPDX-License-Identifier: GPL-3.0-or-later */
/* service.c - settings that http, tcp and dns share */
#include "libnhip/sensors/service.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
service_settings(struct service_settings *out, const char *params, char why[128])
{
    memset(out, 0, sizeof(*out));
    if (strstr(params, "interface=") != NULL &&
        !nh_param_get(params, "interface", out->interface, sizeof(out->interface))) {
        snprintf(why, 128, "interface: longer than a name can be");
        return false;
    }
    return nh_param_number(
        params, "timeout_ms", 10, 600000, SERVICE_TIMEOUT_MS, &out->timeout_ms, why);
}

long
service_timeout(const struct service_settings *set, uint32_t span_ms)
{
    return set->timeout_ms < (long)span_ms ? set->timeout_ms : (long)span_ms;
}

bool
service_bind(int fd, const char *interface, char why[128])
{
    if (*interface == '\0' || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                                  (socklen_t)strlen(interface) + 1) == 0)
        return true;
    if (errno == ENODEV)
        snprintf(why, 128, "interface %s is missing", interface);
    else
        snprintf(why, 128, "cannot bind to interface %s: %s", interface, strerror(errno));
    return false;
}
