/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route.c - strict reverse-path filtering against a route question over rtnetlink
 *
 * rp_filter (RFC 3704) is the larger of conf/all and conf/INTERFACE. With 1 the kernel
 * takes a packet only from where it would itself send to its source: a probe that was
 * bound to the standby line then never sees its answers. Asked only after a round without
 * any answer; netlink answers within the system call, so nothing waits.
 */
#include "libnhip/sensors/route.h"
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

const void *
nh_rtattr_find(const void *attrs, size_t len, unsigned type, size_t min_len)
{
    const char *at = attrs;

    while (len >= sizeof(struct rtattr)) {
        struct rtattr a;
        size_t step;

        memcpy(&a, at, sizeof(a));
        if (a.rta_len < sizeof(a) || a.rta_len > len)
            return NULL;
        if (a.rta_type == type && a.rta_len >= sizeof(a) + min_len)
            return at + sizeof(a);
        step = RTA_ALIGN(a.rta_len);
        if (step >= len)
            return NULL;
        at += step;
        len -= step;
    }
    return NULL;
}

static int
read_rp_filter(const char *interface)
{
    char path[80];
    FILE *f;
    int v = 0;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", interface);
    f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%d", &v) != 1)
        v = 0;
    fclose(f);
    return v;
}

static bool
is_running(int fd, const char *interface, int *index)
{
    struct ifreq req = { 0 };
    bool running;

    snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", interface);
    if (ioctl(fd, SIOCGIFFLAGS, &req) != 0)
        return false;
    running = (req.ifr_flags & IFF_UP) != 0 && (req.ifr_flags & IFF_RUNNING) != 0;
    if (ioctl(fd, SIOCGIFINDEX, &req) != 0)
        return false;
    *index = req.ifr_ifindex;
    return running;
}

/* Where the best route to `target` goes out; 0: there is none. */
static int
route_index(int fd, const struct sockaddr_in *target)
{
    struct {
        struct nlmsghdr h;
        struct rtmsg rt;
        struct rtattr attr;
        struct in_addr dst;
    } ask = { 0 };
    alignas(struct nlmsghdr) char answer[4096];
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    const void *found;
    ssize_t got;
    int index = 0;

    ask.h.nlmsg_len = sizeof(ask);
    ask.h.nlmsg_type = RTM_GETROUTE;
    ask.h.nlmsg_flags = NLM_F_REQUEST;
    ask.rt.rtm_family = AF_INET;
    ask.rt.rtm_dst_len = 32;
    ask.attr.rta_type = RTA_DST;
    ask.attr.rta_len = RTA_LENGTH(sizeof(ask.dst));
    ask.dst = target->sin_addr;
    if (send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
        return 0;
    got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
    if (got < (ssize_t)sizeof(*h) || !NLMSG_OK(h, (size_t)got) ||
        h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(ask.rt)))
        return 0;
    found = nh_rtattr_find((const char *)nh_nlmsg_data(h) + NLMSG_ALIGN(sizeof(ask.rt)),
        h->nlmsg_len - NLMSG_LENGTH(sizeof(ask.rt)), RTA_OIF, sizeof(index));
    if (found != NULL)
        memcpy(&index, found, sizeof(index));
    return index;
}

bool
nh_route_drops_answers(const char *interface, const struct sockaddr_in *target)
{
    int all = read_rp_filter("all"), own = read_rp_filter(interface), index = 0;
    bool drops = false;
    int fd;

    if ((all > own ? all : own) != 1)
        return false;
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return false;
    if (is_running(fd, interface, &index))
        drops = route_index(fd, target) != index;
    close(fd);
    return drops;
}
