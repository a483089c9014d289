/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_io.c - the few things the journal does to files, each in one place
 *
 * Every change goes through here, so that a test can watch them all, make the images that
 * a power cut could leave, and have any of them fail.
 */
#include "libnhip/folder.h"
#include "libnhip/journal_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct io_hook *nh_journal_io_hook;

enum nh_err
nhj_io_err(int sys_errno)
{
    errno = sys_errno;
    if (sys_errno == ENOSPC || sys_errno == EDQUOT || sys_errno == EFBIG)
        return NH_ENOSPC;
    return sys_errno == ENOMEM ? NH_ENOMEM : NH_EIO;
}

int
nhj_io_dup(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int
hook_before(enum io_op op, const char *path, size_t len)
{
    if (nh_journal_io_hook == NULL || nh_journal_io_hook->before == NULL)
        return 0;
    return nh_journal_io_hook->before(op, path, len);
}

static void
hook_after(enum io_op op, const char *path, const char *to, uint64_t off,
    const uint8_t *bytes, size_t len)
{
    if (nh_journal_io_hook != NULL && nh_journal_io_hook->after != NULL)
        nh_journal_io_hook->after(op, path, to, off, bytes, len);
}

enum nh_err
nhj_io_make_dir(const char *path)
{
    enum nh_err err = nh_folder_make(path, 0700);

    return err == NH_OK ? NH_OK : nhj_io_err(errno);
}

enum nh_err
nhj_io_create(const char *path, int *fd)
{
    int got, why = hook_before(IO_CREATE, path, 0);

    if (why != 0)
        return nhj_io_err(why);
    got = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (got == -1)
        return nhj_io_err(errno);
    hook_after(IO_CREATE, path, NULL, 0, NULL, 0);
    *fd = got;
    return NH_OK;
}

enum nh_err
nhj_io_write(int fd, const void *bytes, size_t len, uint64_t off, const char *path)
{
    const uint8_t *p = bytes;
    size_t done = 0;
    int why = hook_before(IO_WRITE, path, len);

    if (why != 0)
        return nhj_io_err(why);
    while (done < len) {
        ssize_t n = pwrite(fd, p + done, len - done, (off_t)(off + done));

        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return nhj_io_err(n == 0 ? ENOSPC : errno);
        hook_after(IO_WRITE, path, NULL, off + done, p + done, (size_t)n);
        done += (size_t)n;
    }
    return NH_OK;
}

enum nh_err
nhj_io_sync(int fd, const char *path)
{
    int why = hook_before(IO_SYNC, path, 0);

    if (why != 0)
        return nhj_io_err(why);
    if (fdatasync(fd) == -1)
        return nhj_io_err(errno);
    hook_after(IO_SYNC, path, NULL, 0, NULL, 0);
    return NH_OK;
}

enum nh_err
nhj_io_sync_dir(int fd, const char *path)
{
    int why = hook_before(IO_SYNC_DIR, path, 0);

    if (why != 0)
        return nhj_io_err(why);
    if (fsync(fd) == -1)
        return nhj_io_err(errno);
    hook_after(IO_SYNC_DIR, path, NULL, 0, NULL, 0);
    return NH_OK;
}

enum nh_err
nhj_io_rename(const char *from, const char *to)
{
    int why = hook_before(IO_RENAME, from, 0);

    if (why != 0)
        return nhj_io_err(why);
    if (rename(from, to) == -1)
        return nhj_io_err(errno);
    hook_after(IO_RENAME, from, to, 0, NULL, 0);
    return NH_OK;
}

void
nhj_io_unlink(const char *path)
{
    if (unlink(path) == 0)
        hook_after(IO_UNLINK, path, NULL, 0, NULL, 0);
}

/* Zeros, really written: a sync of records then has no block to allocate. */
enum nh_err
nhj_io_zero_file(const char *path, uint32_t bytes)
{
    enum { CHUNK = 64 * 1024 };
    static const uint8_t zeros[CHUNK];
    enum nh_err err;
    int fd = -1;

    err = nhj_io_create(path, &fd);
    if (err != NH_OK)
        return err;
    /* a full disk is told at once, without writing up to its last block */
    if (fallocate(fd, 0, 0, (off_t)bytes) == -1 && errno != EOPNOTSUPP && errno != EINTR)
        err = nhj_io_err(errno);
    for (uint32_t off = 0; err == NH_OK && off < bytes; off += CHUNK)
        err =
            nhj_io_write(fd, zeros, bytes - off < CHUNK ? bytes - off : CHUNK, off, path);
    if (err == NH_OK)
        err = nhj_io_sync(fd, path);
    if (err != NH_OK) {
        int why = errno;

        nhj_io_unlink(path);
        errno = why;
    }
    close(fd);
    return err;
}

void
nhj_io_path(char out[PATH_BYTES], const char *dir, const char *name)
{
    if (snprintf(out, PATH_BYTES, "%s/%s", dir, name) >= PATH_BYTES)
        out[0] = '\0'; /* opens nothing; the directory was checked to be shorter */
}

void
nhj_io_seg_path(char out[PATH_BYTES], const char *dir, uint64_t first_pos, bool zst)
{
    char name[64];

    snprintf(
        name, sizeof(name), "seg-%016" PRIx64 ".nhj%s", first_pos, zst ? ".zst" : "");
    nhj_io_path(out, dir, name);
}

bool
nhj_io_seg_name(const char *name, uint64_t *first_pos, bool *zst)
{
    uint64_t pos = 0;

    if (strncmp(name, "seg-", 4) != 0)
        return false;
    for (int i = 4; i < 20; i++) {
        const char *hex = "0123456789abcdef",
                   *at = name[i] != '\0' ? strchr(hex, name[i]) : NULL;

        if (at == NULL)
            return false;
        pos = pos << 4 | (uint64_t)(at - hex);
    }
    *zst = strcmp(name + 20, ".nhj.zst") == 0;
    *first_pos = pos;
    return pos != 0 && (*zst || strcmp(name + 20, ".nhj") == 0);
}
