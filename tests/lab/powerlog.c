/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * powerlog.c - every change that processes make below a directory, in order
 *
 *   LD_PRELOAD=powerlog.so NHIP_POWERLOG=FILE NHIP_POWERLOG_ROOT=DIR program...
 *
 * From this log tests/lab/powerlab.py builds the directory as a power cut could have left
 * it. An entry is one append to FILE, so that the entries of all processes have one
 * order. A change is told after it was made and before its maker learns so; a barrier
 * twice, before and after: what is told before its beginning is safe at its end. Two
 * threads that change names take turns, so that the log has them as the directory does.
 *
 * What is written past us is told whole, and the reader finds out what is new: through
 * a shared mapping, when it is unmapped and at each barrier; through stdio's own buffer,
 * at a barrier and at fclose(). A way to write that is not watched here aborts: silence
 * would make a test that cannot fail.
 *
 * What OpenSSL is given and gives is told too, before it is sent and after it was read: a
 * promise to the other end is a place in the log.
 *
 * Entry, little-endian: u32 length of all, u8 op, u8 zeros (1: data was zeros and is left
 * out), u16 length of path, u16 length of path 2, u16 0, u32 pid, u64 file, u64 offset,
 * u64 length of data, u64 monotonic ns; then path, path 2, data.
 */
#undef _FILE_OFFSET_BITS /* both names of each function are defined here */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Ops. A file is its inode's number; a creation begins a new one under that number. */
enum {
    OP_CREATE = 'C',
    OP_SIZE = 'T',
    OP_ROOM = 'A', /* fallocate: at least this size */
    OP_WRITE = 'W',
    OP_SNAPSHOT = 'M', /* the file from `offset` on is this, however it came to be */
    OP_SYNC = 'S',     /* of a file or directory; offset: a number that both have */
    OP_SYNC_DONE = 's',
    OP_SYNC_ALL = 'Y',
    OP_SYNC_ALL_DONE = 'y',
    OP_RENAME = 'R',
    OP_LINK = 'L',
    OP_UNLINK = 'U',
    OP_MKDIR = 'K',
    OP_SENT = 'N',
    OP_UNSENT = 'X', /* of the last OP_SENT only `offset` bytes were taken */
    OP_HUNG_UP = 'F',
    OP_RECEIVED = 'n',
};

enum { MAPS_MAX = 256, STREAMS_MAX = 64 };

struct head {
    uint32_t length;
    uint8_t op, zeros;
    uint16_t path_len, path2_len, none;
    uint32_t pid;
    uint64_t file, offset, data_len, ns;
};
_Static_assert(sizeof(struct head) == 48, "as powerlab.py reads it");

struct map {
    char *at;
    size_t len;
    uint64_t file, offset;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t begun = PTHREAD_ONCE_INIT;
static int log_fd = -1;
static char root[PATH_MAX];
static size_t root_len;
static dev_t root_dev;
static atomic_uint_fast64_t barriers;
static struct map maps[MAPS_MAX];
static uint64_t streams[STREAMS_MAX]; /* files that stdio writes */
static size_t stream_count;

/* ---- the log ---- */

static _Noreturn void
give_up(const char *why)
{
    fprintf(stderr, "powerlog: %s\n", why);
    abort();
}

static void
before_fork(void)
{
    pthread_mutex_lock(&turn);
}

static void
after_fork(void)
{
    pthread_mutex_unlock(&turn);
}

static void
begin(void)
{
    const char *file = getenv("NHIP_POWERLOG"), *dir = getenv("NHIP_POWERLOG_ROOT");
    struct stat st;

    if (file == NULL || dir == NULL)
        return;
    if (realpath(dir, root) == NULL || stat(root, &st) != 0)
        give_up("NHIP_POWERLOG_ROOT is no directory");
    root_len = strlen(root);
    root_dev = st.st_dev;
    log_fd = (int)syscall(
        SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log_fd < 0)
        give_up("NHIP_POWERLOG cannot be opened");
    log_fd = fcntl(log_fd, F_DUPFD_CLOEXEC, 900); /* out of everybody's way */
    pthread_atfork(before_fork, after_fork, after_fork);
}

static bool
is_on(void)
{
    pthread_once(&begun, begin);
    return log_fd >= 0;
}

static bool
all_zero(const char *p, size_t n)
{
    return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static void
tell(uint8_t op, uint64_t file, uint64_t offset, const char *path, const char *path2,
    const void *data, size_t len)
{
    struct timespec now;
    bool zeros = len >= 512 && all_zero(data, len);
    struct head h = { .op = op,
        .zeros = zeros,
        .path_len = (uint16_t)(path != NULL ? strlen(path) : 0),
        .path2_len = (uint16_t)(path2 != NULL ? strlen(path2) : 0),
        .pid = (uint32_t)getpid(),
        .file = file,
        .offset = offset,
        .data_len = len };
    struct iovec v[4] = { { &h, sizeof(h) } };
    size_t all = sizeof(h);
    int saved = errno;

    clock_gettime(CLOCK_MONOTONIC, &now);
    h.ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
    v[1] = (struct iovec){ (void *)(uintptr_t)path, h.path_len };
    v[2] = (struct iovec){ (void *)(uintptr_t)path2, h.path2_len };
    v[3] = (struct iovec){ (void *)(uintptr_t)data, zeros ? 0 : len };
    for (int i = 1; i < 4; i++)
        all += v[i].iov_len;
    if (all > UINT32_MAX)
        give_up("an entry of 4 GB");
    h.length = (uint32_t)all;
    if (syscall(SYS_writev, log_fd, v, 4) != (ssize_t)all)
        give_up("the log cannot be written");
    errno = saved;
}

/* ---- what is below the root ---- */

static bool
is_below(const char *path)
{
    return strncmp(path, root, root_len) == 0 && path[root_len] == '/';
}

/* Is `fd` a file or directory below the root? Its number and present name. */
static bool
watched(int fd, uint64_t *file, char path[PATH_MAX])
{
    char link[32];
    struct stat st;
    int saved = errno;
    ssize_t n;

    if (!is_on() || fstat(fd, &st) != 0 || st.st_dev != root_dev ||
        (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        errno = saved;
        return false;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (n < 0)
        return false;
    path[n] = '\0';
    *file = st.st_ino;
    return is_below(path) || (S_ISDIR(st.st_mode) && strcmp(path, root) == 0);
}

/* `path` below directory `at` without links in its folders, whether it is there or not.
 */
static bool
watched_name(int at, const char *path, char out[PATH_MAX])
{
    char dir[PATH_MAX], link[64];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    int saved = errno;
    bool ok;

    if (!is_on())
        return false;
    if (slash != NULL)
        snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    else
        snprintf(dir, sizeof(dir), ".");
    if (at != AT_FDCWD && path[0] != '/') {
        char rest[PATH_MAX];

        snprintf(rest, sizeof(rest), "%s", dir);
        snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
        if (snprintf(dir, sizeof(dir), "%s/%.4000s", link, rest) >= PATH_MAX)
            give_up("a path is too long");
    }
    ok = realpath(dir, out) != NULL && strlen(out) + strlen(name) + 2 < PATH_MAX;
    errno = saved;
    if (!ok)
        return false;
    snprintf(out + strlen(out), PATH_MAX - strlen(out), "/%s", name);
    return is_below(out);
}

static uint64_t
number_of(const char *path)
{
    struct stat st;
    int saved = errno;
    uint64_t file = lstat(path, &st) == 0 ? st.st_ino : 0;

    errno = saved;
    return file;
}

/* The function that ours stands before. */
static void
next_of(const char *name, void *fn)
{
    void *p = dlsym(RTLD_NEXT, name);

    if (p == NULL)
        give_up(name);
    memcpy(fn, &p, sizeof(p));
}

#define NEXT(type, name, ...)                                                            \
    static type (*next)(__VA_ARGS__);                                                    \
    if (next == NULL)                                                                    \
    next_of(name, &next)

/* Whole, as it is now. */
static void
tell_whole(int fd, uint64_t file, const char *path)
{
    struct stat st;
    char *bytes = NULL;
    ssize_t n;
    char self[32];
    int in;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd); /* it may be write-only */
    in = (int)syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC, 0);
    if (in < 0 || fstat(in, &st) != 0 || (bytes = malloc((size_t)st.st_size + 1)) == NULL)
        give_up("a file cannot be read back");
    n = pread(in, bytes, (size_t)st.st_size, 0);
    if (n != (ssize_t)st.st_size)
        give_up("a file cannot be read back");
    tell(OP_SIZE, file, (uint64_t)n, path, NULL, NULL, 0);
    tell(OP_SNAPSHOT, file, 0, path, NULL, bytes, (size_t)n);
    free(bytes);
    syscall(SYS_close, in);
}

static bool
is_stream(uint64_t file)
{
    for (size_t i = 0; i < stream_count; i++)
        if (streams[i] == file)
            return true;
    return false;
}

/* With the turn: what mappings of `file` (0: of any) have become. */
static void
tell_maps(uint64_t file)
{
    for (size_t i = 0; i < MAPS_MAX; i++)
        if (maps[i].at != NULL && (file == 0 || maps[i].file == file))
            tell(OP_SNAPSHOT, maps[i].file, maps[i].offset, NULL, NULL, maps[i].at,
                maps[i].len);
}

/* ---- opening ---- */

/* What has been opened at `path`: `was` is what had the name before. */
static void
opened(int fd, int flags, uint64_t was)
{
    char path[PATH_MAX];
    uint64_t file;

    if (fd < 0 || !watched(fd, &file, path))
        return;
    if ((flags & O_CREAT) != 0 && was == 0)
        tell(OP_CREATE, file, 0, path, NULL, NULL, 0);
    else if ((flags & O_TRUNC) != 0)
        tell(OP_SIZE, file, 0, path, NULL, NULL, 0);
}

static int
open_at(int at, const char *path, int flags, mode_t mode)
{
    char full[PATH_MAX];
    uint64_t was = 0;
    int fd;
    bool changes = (flags & (O_CREAT | O_TRUNC)) != 0 && watched_name(at, path, full);

    if ((flags & O_TMPFILE) == O_TMPFILE && watched_name(at, path, full))
        give_up("O_TMPFILE is not watched");
    if (changes) {
        pthread_mutex_lock(&turn);
        was = number_of(full);
    }
    fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (changes) {
        opened(fd, flags, was);
        pthread_mutex_unlock(&turn);
    }
    return fd;
}

static mode_t
mode_of(int flags, va_list ap)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                       \
    int name(const char *path, int flags, ...)                                           \
    {                                                                                    \
        va_list ap;                                                                      \
        mode_t mode;                                                                     \
                                                                                         \
        va_start(ap, flags);                                                             \
        mode = mode_of(flags, ap);                                                       \
        va_end(ap);                                                                      \
        return open_at(AT_FDCWD, path, flags, mode);                                     \
    }
#define OPENAT(name)                                                                     \
    int name(int at, const char *path, int flags, ...)                                   \
    {                                                                                    \
        va_list ap;                                                                      \
        mode_t mode;                                                                     \
                                                                                         \
        va_start(ap, flags);                                                             \
        mode = mode_of(flags, ap);                                                       \
        va_end(ap);                                                                      \
        return open_at(at, path, flags, mode);                                           \
    }
#define OPEN_2(name)                                                                     \
    int name(const char *path, int flags);                                               \
    int name(const char *path, int flags)                                                \
    {                                                                                    \
        return open_at(AT_FDCWD, path, flags, 0);                                        \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2) /* what a fortified open() becomes */
OPEN_2(__open64_2)

int
creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

#define MKSTEMP(name)                                                                    \
    int name(char *template)                                                             \
    {                                                                                    \
        int fd;                                                                          \
                                                                                         \
        NEXT(int, #name, char *);                                                        \
        pthread_mutex_lock(&turn);                                                       \
        fd = next(template);                                                             \
        opened(fd, O_CREAT, 0);                                                          \
        pthread_mutex_unlock(&turn);                                                     \
        return fd;                                                                       \
    }
#define MKOSTEMP(name)                                                                   \
    int name(char *template, int flags)                                                  \
    {                                                                                    \
        int fd;                                                                          \
                                                                                         \
        NEXT(int, #name, char *, int);                                                   \
        pthread_mutex_lock(&turn);                                                       \
        fd = next(template, flags);                                                      \
        opened(fd, O_CREAT, 0);                                                          \
        pthread_mutex_unlock(&turn);                                                     \
        return fd;                                                                       \
    }
MKSTEMP(mkstemp)
MKSTEMP(mkstemp64)
MKOSTEMP(mkostemp)
MKOSTEMP(mkostemp64)

/* ---- stdio ---- */

FILE *
fdopen(int fd, const char *mode)
{
    char path[PATH_MAX];
    uint64_t file;

    NEXT(FILE *, "fdopen", int, const char *);
    if (strpbrk(mode, "wa+") != NULL && watched(fd, &file, path)) {
        pthread_mutex_lock(&turn);
        if (!is_stream(file)) {
            if (stream_count == STREAMS_MAX)
                stream_count = 0; /* as long ago as to be closed */
            streams[stream_count++] = file;
        }
        pthread_mutex_unlock(&turn);
    }
    return next(fd, mode);
}

#define FOPEN(name)                                                                      \
    FILE *name(const char *path, const char *mode)                                       \
    {                                                                                    \
        char full[PATH_MAX];                                                             \
                                                                                         \
        NEXT(FILE *, #name, const char *, const char *);                                 \
        if (strpbrk(mode, "wa+") != NULL && watched_name(AT_FDCWD, path, full))          \
            give_up("fopen() for writing is not watched");                               \
        return next(path, mode);                                                         \
    }
FOPEN(fopen)
FOPEN(fopen64)

int
fclose(FILE *f)
{
    char path[PATH_MAX];
    uint64_t file;
    int fd = fileno(f);

    NEXT(int, "fclose", FILE *);
    if (fd >= 0 && stream_count > 0 && watched(fd, &file, path) && is_stream(file)) {
        fflush(f);
        pthread_mutex_lock(&turn);
        tell_whole(fd, file, path);
        pthread_mutex_unlock(&turn);
    }
    return next(f);
}

/* ---- writing ---- */

static ssize_t
wrote(int fd, uint64_t file, const char *path, const void *bytes, ssize_t n, int64_t off)
{
    if (n > 0) {
        if (off < 0)
            off = lseek(fd, 0, SEEK_CUR) - n;
        tell(OP_WRITE, file, (uint64_t)off, path, NULL, bytes, (size_t)n);
    }
    return n;
}

static ssize_t
write_at(int fd, const void *bytes, size_t len, int64_t off)
{
    char path[PATH_MAX];
    uint64_t file;
    ssize_t n;

    if (!watched(fd, &file, path))
        return off < 0 ? syscall(SYS_write, fd, bytes, len)
                       : syscall(SYS_pwrite64, fd, bytes, len, off);
    pthread_mutex_lock(&turn);
    n = off < 0 ? syscall(SYS_write, fd, bytes, len)
                : syscall(SYS_pwrite64, fd, bytes, len, off);
    n = wrote(fd, file, path, bytes, n, off);
    pthread_mutex_unlock(&turn);
    return n;
}

ssize_t
write(int fd, const void *bytes, size_t len)
{
    return write_at(fd, bytes, len, -1);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t off)
{
    return write_at(fd, bytes, len, off);
}

ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t off)
{
    return write_at(fd, bytes, len, off);
}

/* Piece by piece: which of them came through is then known. */
static ssize_t
writev_at(int fd, const struct iovec *v, int count, int64_t off)
{
    ssize_t all = 0;

    for (int i = 0; i < count; i++) {
        ssize_t n = write_at(fd, v[i].iov_base, v[i].iov_len, off < 0 ? -1 : off + all);

        if (n < 0)
            return all > 0 ? all : n;
        all += n;
        if ((size_t)n < v[i].iov_len)
            break;
    }
    return all;
}

ssize_t
writev(int fd, const struct iovec *v, int count)
{
    char path[PATH_MAX];
    uint64_t file;

    return watched(fd, &file, path) ? writev_at(fd, v, count, -1)
                                    : syscall(SYS_writev, fd, v, count);
}

ssize_t
pwritev(int fd, const struct iovec *v, int count, off_t off)
{
    return writev_at(fd, v, count, off);
}

ssize_t
pwritev64(int fd, const struct iovec *v, int count, off64_t off)
{
    return writev_at(fd, v, count, off);
}

static int
set_size(int fd, int64_t size, bool room, int got)
{
    char path[PATH_MAX];
    uint64_t file;

    if (got == 0 && watched(fd, &file, path))
        tell(room ? OP_ROOM : OP_SIZE, file, (uint64_t)size, path, NULL, NULL, 0);
    return got;
}

int
ftruncate(int fd, off_t size)
{
    return set_size(fd, size, false, (int)syscall(SYS_ftruncate, fd, size));
}

int
ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int
fallocate(int fd, int mode, off_t off, off_t len)
{
    char path[PATH_MAX];
    uint64_t file;

    if (mode != 0 && watched(fd, &file, path))
        give_up("a hole made by fallocate() is not watched");
    return set_size(fd, off + len, true, (int)syscall(SYS_fallocate, fd, mode, off, len));
}

int
fallocate64(int fd, int mode, off64_t off, off64_t len)
{
    return fallocate(fd, mode, off, len);
}

int
posix_fallocate(int fd, off_t off, off_t len)
{
    NEXT(int, "posix_fallocate", int, off_t, off_t);
    return set_size(fd, off + len, true, next(fd, off, len));
}

int
posix_fallocate64(int fd, off64_t off, off64_t len)
{
    return posix_fallocate(fd, off, len);
}

/* ---- mappings ---- */

static void *
map_at(void *at, size_t len, int prot, int flags, int fd, int64_t off)
{
    char path[PATH_MAX];
    uint64_t file;
    void *got = (void *)syscall(SYS_mmap, at, len, prot, flags, fd, off);
    size_t i = 0;

    if (got == MAP_FAILED || fd < 0 || (flags & MAP_SHARED) == 0 ||
        (prot & PROT_WRITE) == 0 || !watched(fd, &file, path))
        return got;
    pthread_mutex_lock(&turn);
    while (i < MAPS_MAX && maps[i].at != NULL)
        i++;
    if (i == MAPS_MAX)
        give_up("too many mappings");
    maps[i] = (struct map){ got, len, file, (uint64_t)off };
    pthread_mutex_unlock(&turn);
    return got;
}

void *
mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
    return map_at(at, len, prot, flags, fd, off);
}

void *
mmap64(void *at, size_t len, int prot, int flags, int fd, off64_t off)
{
    return map_at(at, len, prot, flags, fd, off);
}

int
munmap(void *at, size_t len)
{
    pthread_mutex_lock(&turn);
    for (size_t i = 0; i < MAPS_MAX; i++)
        if (maps[i].at != NULL && maps[i].at < (char *)at + len &&
            maps[i].at + maps[i].len > (char *)at) {
            tell(OP_SNAPSHOT, maps[i].file, maps[i].offset, NULL, NULL, maps[i].at,
                maps[i].len);
            maps[i].at = NULL;
        }
    pthread_mutex_unlock(&turn);
    return (int)syscall(SYS_munmap, at, len);
}

/* ---- barriers ---- */

static int
sync_one(int fd, long call)
{
    char path[PATH_MAX];
    uint64_t file, id;
    int got;

    if (!watched(fd, &file, path))
        return (int)syscall(call, fd);
    pthread_mutex_lock(&turn);
    if (is_stream(file))
        tell_whole(fd, file, path);
    tell_maps(file);
    id = (uint64_t)getpid() << 32 | atomic_fetch_add(&barriers, 1);
    tell(OP_SYNC, file, id, path, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    got = (int)syscall(call, fd);
    if (got == 0)
        tell(OP_SYNC_DONE, file, id, path, NULL, NULL, 0);
    return got;
}

int
fsync(int fd)
{
    return sync_one(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
    return sync_one(fd, SYS_fdatasync);
}

int
syncfs(int fd)
{
    char path[PATH_MAX];
    uint64_t file, id;
    int got;

    if (!watched(fd, &file, path))
        return (int)syscall(SYS_syncfs, fd);
    pthread_mutex_lock(&turn);
    tell_maps(0);
    id = (uint64_t)getpid() << 32 | atomic_fetch_add(&barriers, 1);
    tell(OP_SYNC_ALL, 0, id, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    got = (int)syscall(SYS_syncfs, fd);
    if (got == 0)
        tell(OP_SYNC_ALL_DONE, 0, id, NULL, NULL, NULL, 0);
    return got;
}

/* Without MS_SYNC nothing is promised; with it, of a file that has one mapping, what
 * fsync() promises of its bytes. */
int
msync(void *at, size_t len, int flags)
{
    uint64_t file = 0, id;
    int got;

    pthread_mutex_lock(&turn);
    for (size_t i = 0; i < MAPS_MAX; i++)
        if (maps[i].at != NULL && maps[i].at == (char *)at && maps[i].len <= len)
            file = maps[i].file;
    id = (uint64_t)getpid() << 32 | atomic_fetch_add(&barriers, 1);
    if (file != 0 && (flags & MS_SYNC) != 0) {
        tell_maps(file);
        tell(OP_SYNC, file, id, NULL, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    got = (int)syscall(SYS_msync, at, len, flags);
    if (got == 0 && file != 0 && (flags & MS_SYNC) != 0)
        tell(OP_SYNC_DONE, file, id, NULL, NULL, NULL, 0);
    return got;
}

/* sync_file_range() promises nothing that a power cut would leave: it is let through. */

/* ---- names ---- */

static int
rename_at(int from_at, const char *from, int to_at, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX];
    bool one = watched_name(from_at, from, a), two = watched_name(to_at, to, b);
    int got;

    if (one != two)
        give_up("a rename into or out of the directory");
    if (one)
        pthread_mutex_lock(&turn);
    got = (int)syscall(SYS_renameat, from_at, from, to_at, to);
    if (one && got == 0)
        tell(OP_RENAME, 0, 0, a, b, NULL, 0);
    if (one)
        pthread_mutex_unlock(&turn);
    return got;
}

int
rename(const char *from, const char *to)
{
    return rename_at(AT_FDCWD, from, AT_FDCWD, to);
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
    return rename_at(from_at, from, to_at, to);
}

int
renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char a[PATH_MAX];

    if (flags != 0 && watched_name(from_at, from, a))
        give_up("renameat2() with flags is not watched");
    return flags == 0 ? rename_at(from_at, from, to_at, to)
                      : (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
}

static int
unlink_at(int at, const char *path, int flags)
{
    char full[PATH_MAX];
    bool is = watched_name(at, path, full);
    int got;

    if (is)
        pthread_mutex_lock(&turn);
    got = (int)syscall(SYS_unlinkat, at, path, flags);
    if (is && got == 0)
        tell(OP_UNLINK, 0, 0, full, NULL, NULL, 0);
    if (is)
        pthread_mutex_unlock(&turn);
    return got;
}

int
unlink(const char *path)
{
    return unlink_at(AT_FDCWD, path, 0);
}

int
unlinkat(int at, const char *path, int flags)
{
    return unlink_at(at, path, flags);
}

int
rmdir(const char *path)
{
    return unlink_at(AT_FDCWD, path, AT_REMOVEDIR);
}

int
remove(const char *path)
{
    int got = unlink_at(AT_FDCWD, path, 0);

    return got != 0 && errno == EISDIR ? rmdir(path) : got;
}

static int
mkdir_at(int at, const char *path, mode_t mode)
{
    char full[PATH_MAX];
    bool is = watched_name(at, path, full);
    int got;

    if (is)
        pthread_mutex_lock(&turn);
    got = (int)syscall(SYS_mkdirat, at, path, mode);
    if (is && got == 0)
        tell(OP_MKDIR, number_of(full), 0, full, NULL, NULL, 0);
    if (is)
        pthread_mutex_unlock(&turn);
    return got;
}

int
mkdir(const char *path, mode_t mode)
{
    return mkdir_at(AT_FDCWD, path, mode);
}

int
mkdirat(int at, const char *path, mode_t mode)
{
    return mkdir_at(at, path, mode);
}

static int
link_at(int from_at, const char *from, int to_at, const char *to, int flags)
{
    char a[PATH_MAX], b[PATH_MAX];
    bool one = watched_name(from_at, from, a), two = watched_name(to_at, to, b);
    int got;

    if (one != two)
        give_up("a link into or out of the directory");
    if (one)
        pthread_mutex_lock(&turn);
    got = (int)syscall(SYS_linkat, from_at, from, to_at, to, flags);
    if (one && got == 0)
        tell(OP_LINK, 0, 0, a, b, NULL, 0);
    if (one)
        pthread_mutex_unlock(&turn);
    return got;
}

int
link(const char *from, const char *to)
{
    return link_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    return link_at(from_at, from, to_at, to, flags);
}

int
symlink(const char *to, const char *path)
{
    char full[PATH_MAX];

    if (watched_name(AT_FDCWD, path, full))
        give_up("symlink() is not watched");
    return (int)syscall(SYS_symlinkat, to, AT_FDCWD, path);
}

/* ---- what the other end is told ---- */

typedef struct ssl_st SSL;
int SSL_write(SSL *ssl, const void *bytes, int len);
int SSL_read(SSL *ssl, void *bytes, int len);
void SSL_free(SSL *ssl);

int
SSL_write(SSL *ssl, const void *bytes, int len)
{
    uint64_t id = (uint64_t)(uintptr_t)ssl;
    int n;

    NEXT(int, "SSL_write", SSL *, const void *, int);
    if (is_on() && len > 0)
        tell(OP_SENT, id, 0, NULL, NULL, bytes, (size_t)len);
    n = next(ssl, bytes, len);
    if (is_on() && n < len)
        tell(OP_UNSENT, id, n > 0 ? (uint64_t)n : 0, NULL, NULL, NULL, 0);
    return n;
}

int
SSL_read(SSL *ssl, void *bytes, int len)
{
    int n;

    NEXT(int, "SSL_read", SSL *, void *, int);
    n = next(ssl, bytes, len);
    if (is_on() && n > 0)
        tell(OP_RECEIVED, (uint64_t)(uintptr_t)ssl, 0, NULL, NULL, bytes, (size_t)n);
    return n;
}

void
SSL_free(SSL *ssl)
{
    NEXT(void, "SSL_free", SSL *);
    if (is_on() && ssl != NULL)
        tell(OP_HUNG_UP, (uint64_t)(uintptr_t)ssl, 0, NULL, NULL, NULL, 0);
    next(ssl);
}
