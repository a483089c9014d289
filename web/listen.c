/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listen.c - numeric addresses only: nothing is looked up before the pages are there */
#include "web/listen.h"
#include "libnhip/address.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* freeaddrinfo() what it gives. */
static enum nh_err
address_of(const char *where, struct addrinfo **found)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV };
    char host[128], service[8];
    uint16_t port;

    if (nh_address_split(where, 0, host, sizeof(host), &port) != NH_OK)
        return NH_EINVAL;
    snprintf(service, sizeof(service), "%u", port);
    return getaddrinfo(host, service, &hints, found) == 0 ? NH_OK : NH_EINVAL;
}

bool
listen_is_address(const char *where)
{
    struct addrinfo *found = NULL;

    if (address_of(where, &found) != NH_OK)
        return false;
    freeaddrinfo(found);
    return true;
}

enum nh_err
listen_open(const char *where, int *out)
{
    struct addrinfo *found = NULL;
    int fd = -1, on = 1;

    if (address_of(where, &found) != NH_OK)
        return NH_EINVAL;
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
        listen(fd, 512) != 0) {
        int saved = errno;

        if (fd >= 0)
            close(fd);
        freeaddrinfo(found);
        errno = saved;
        return NH_EIO;
    }
    freeaddrinfo(found);
    *out = fd;
    return NH_OK;
}

unsigned
listen_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = { .v6 = { .sin6_port = 0 } };
    socklen_t len = sizeof(a);

    if (getsockname(fd, &a.any, &len) != 0)
        return 0;
    return a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : ntohs(a.v4.sin_port);
}
