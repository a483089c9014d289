/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route.h - rtnetlink: attributes, and would answers by an interface be thrown away?
 */
#ifndef NH_SENSORS_ROUTE_H
#define NH_SENSORS_ROUTE_H

#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* What follows the head of a message; NLMSG_DATA would cast const away. */
static inline const void *
nh_nlmsg_data(const struct nlmsghdr *h)
{
    return (const char *)h + NLMSG_HDRLEN;
}

/* The content of the first attribute of `type` that has `min_len` bytes, or NULL. */
const void *nh_rtattr_find(const void *attrs, size_t len, unsigned type, size_t min_len);

/*
 * The interface is running, its rp_filter is strict (1), and the best route to `target`
 * leaves by another one: every answer from there is dropped without a word.
 */
bool nh_route_drops_answers(const char *interface, const struct sockaddr_in *target);

#endif
