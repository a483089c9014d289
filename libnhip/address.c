/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address.c - the last colon parts host and port, unless it is inside an IPv6 address */
#include "libnhip/address.h"
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool
take_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    long v = strtol(text, NULL, 10);

    if (digits == 0 || digits > 5 || text[digits] != '\0' || v > 65535)
        return false;
    *port = (uint16_t)v;
    return true;
}

enum nh_err
nh_address_split(
    const char *text, uint16_t def_port, char *host, size_t host_size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    uint16_t got = def_port;
    struct in6_addr bare;
    size_t len;

    if (inet_pton(AF_INET6, text, &bare) == 1)
        colon = NULL;
    if (*text == '[') {
        const char *end = strchr(text, ']');

        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return NH_EFORMAT;
        colon = end[1] == ':' ? end + 1 : NULL;
        text++;
        len = (size_t)(end - text);
    } else {
        len = colon != NULL ? (size_t)(colon - text) : strlen(text);
    }
    if (len == 0 || (colon == NULL && def_port == 0))
        return NH_EFORMAT;
    if (colon != NULL && !take_port(colon + 1, &got))
        return NH_EFORMAT;
    if (len >= host_size)
        return NH_ETOOBIG;
    memcpy(host, text, len);
    host[len] = '\0';
    *port = got;
    return NH_OK;
}
