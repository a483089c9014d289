/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * folder.h - directories, and names in them, that outlive a power cut
 *
 * A file's bytes are safe when the file is synced; its name is when the directory is that
 * has it. The same goes for a directory's own name.
 */
#ifndef NH_FOLDER_H
#define NH_FOLDER_H

#include "libnhip/err.h"
#include <sys/types.h>

/*
 * Make `path` and the folders before it where they are missing (mode as given, those
 * before it 0755); each new name is synced. That of `path` is also when it was there: who
 * made it may have been killed before. NH_EIO: see errno.
 */
enum nh_err nh_folder_make(const char *path, mode_t mode) NH_MUST_CHECK;

/* Sync the directory that has the name `path`: what was made, renamed or removed in it.
 * NH_EIO: see errno. */
enum nh_err nh_folder_sync_of(const char *path) NH_MUST_CHECK;

#endif
