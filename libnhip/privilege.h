/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * privilege.h - becoming nobody in particular once the ports are open
 *
 * Both daemons start with what they need, open their sockets, and then call this once.
 */
#ifndef NH_PRIVILEGE_H
#define NH_PRIVILEGE_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <sys/types.h>

/*
 * As root with a `user`: become that user with its groups, for good, keeping of all
 * capabilities only CAP_NET_RAW, and that only with `keep_net_raw`. Not root, or `user`
 * NULL or "": nothing to drop, NH_OK. In every case nothing started from here can gain
 * privileges any more. Errors: NH_ENOTFOUND (no such user), NH_EIO (see errno): the
 * caller must exit, for it may be half way.
 */
enum nh_err nh_drop_privileges(const char *user, bool keep_net_raw) NH_MUST_CHECK;

/*
 * Make the directory `path` with its parents when it is missing (mode as given, the
 * parents 0755; nh_folder_make()), and as root with a `user` give it to that user.
 * NH_ENOTFOUND (no such user), NH_EIO.
 */
enum nh_err nh_private_dir(const char *path, mode_t mode, const char *user) NH_MUST_CHECK;

#endif
