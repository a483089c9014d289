/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serve.h - nhip-series under its parent: JSON lines on a socket (series.h has the
 * messages) */
#ifndef SERVE_H
#define SERVE_H

#include "collector/series/series.h"

struct nh_loop;

/* Serve until the parent closes `fd` or the loop is stopped. */
enum nh_err serve(struct series *s, struct nh_loop *loop, int fd) NH_MUST_CHECK;

#endif
