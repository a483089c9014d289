/* SPDX-License-Identifier: GPL-3.0-or-later */
/* folder.c - mkdir(2) and fsync(2) of the directory above */
#include "libnhip/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

enum nh_err
nh_folder_sync_of(const char *path)
{
    char dir[PATH_BYTES];
    size_t len = strlen(path);
    int fd, bad, why;

    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    if (len >= sizeof(dir)) {
        errno = ENAMETOOLONG;
        return NH_EIO;
    }
    snprintf(dir, sizeof(dir), "%.*s", len > 0 ? (int)len : 1, len > 0 ? path : ".");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NH_EIO;
    bad = fsync(fd);
    why = errno;
    close(fd);
    errno = why;
    return bad == 0 ? NH_OK : NH_EIO;
}

static enum nh_err
make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return nh_folder_sync_of(path);
    return errno == EEXIST ? NH_OK : NH_EIO;
}

enum nh_err
nh_folder_make(const char *path, mode_t mode)
{
    char part[PATH_BYTES];
    size_t len = strlen(path);
    enum nh_err err = NH_OK;
    bool made;

    if (len == 0 || len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return NH_EIO;
    }
    memcpy(part, path, len + 1);
    for (char *p = part + 1; err == NH_OK && (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = '\0';
        err = make_one(part, 0755);
    }
    if (err != NH_OK)
        return err;
    made = mkdir(path, mode) == 0;
    if (!made && errno != EEXIST)
        return NH_EIO;
    err = nh_folder_sync_of(path);
    /* what was there may lie in a folder that we may not open, or that knows no sync */
    return made || (err != NH_OK && errno == EIO) ? err : NH_OK;
}
