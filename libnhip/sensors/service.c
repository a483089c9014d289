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

static bool
parse_port(const char *text, uint16_t *port)
{
    char *end;
    long v = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || v < 1 || v > 65535)
        return false;
    *port = (uint16_t)v;
    return true;
}

bool
service_host_port(
    const char *text, uint16_t def_port, char host[SERVICE_NAME_MAX], uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    struct in6_addr bare;
    size_t len;

    *port = def_port;
    if (inet_pton(AF_INET6, text, &bare) == 1)
        colon = NULL;
    if (*text == '[') {
        const char *close = strchr(text, ']');

        if (close == NULL || (close[1] != '\0' && close[1] != ':'))
            return false;
        colon = close[1] == ':' ? close + 1 : NULL;
        text++;
        len = (size_t)(close - text);
    } else {
        len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    }
    if (len == 0 || len >= SERVICE_NAME_MAX)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    return colon != NULL ? parse_port(colon + 1, port) : def_port != 0;
}
