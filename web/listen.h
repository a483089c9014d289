/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listen.h - the socket that pages are served on */
#ifndef LISTEN_H
#define LISTEN_H

#include "libnhip/err.h"
#include <stdbool.h>

/* Is `where` "address:port" or "[address]:port"? Port 0 is any free one. */
bool listen_is_address(const char *where);
/* A listening socket, the caller's. Errors: NH_EINVAL (no address), NH_EIO (see errno).
 */
enum nh_err listen_open(const char *where, int *fd) NH_MUST_CHECK;
unsigned listen_port(int fd); /* 0 when it has none */

#endif
