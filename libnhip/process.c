/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.c - a program as a child of the loop
 *
 * Its input is a file in memory, so that nothing here waits for its reading; its output
 * is a pipe that is emptied as it comes, the beginning kept. A pidfd tells the end.
 */
#include "libnhip/process.h"
#include "libnhip/loop.h"
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct nh_process {
    pid_t pid;
    int pidfd, out;
    struct event *on_exit, *on_output;
    struct nh_timer *timer;
    bool timed_out;
    char said[NH_PROCESS_SAID_MAX];
    size_t len;
    void (*on_end)(void *arg, const struct nh_process_end *end);
    void *arg;
};

static void
process_free(struct nh_process *p)
{
    if (p->on_exit != NULL)
        event_free(p->on_exit);
    if (p->on_output != NULL)
        event_free(p->on_output);
    nh_timer_free(p->timer);
    if (p->pidfd >= 0)
        close(p->pidfd);
    if (p->out >= 0)
        close(p->out);
    free(p);
}

/* False: nothing more will come. */
static bool
take_output(struct nh_process *p)
{
    char bytes[1024];
    ssize_t n;

    while ((n = read(p->out, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n && p->len + 1 < sizeof(p->said); i++)
            p->said[p->len++] =
                bytes[i] == '\0' || strchr("\r\n\t", bytes[i]) != NULL ? ' ' : bytes[i];
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_process_output(evutil_socket_t fd, short what, void *arg)
{
    struct nh_process *p = arg;

    (void)fd;
    (void)what;
    if (!take_output(p))
        event_del(p->on_output);
}

static void
on_process_exit(evutil_socket_t fd, short what, void *arg)
{
    struct nh_process *p = arg;
    struct nh_process_end end = { .status = -1, .said = p->said };
    void (*on_end)(void *, const struct nh_process_end *) = p->on_end;
    int status = 0;

    (void)fd;
    (void)what;
    if (waitpid(p->pid, &status, WNOHANG) != p->pid)
        return;
    take_output(p);
    while (p->len > 0 && p->said[p->len - 1] == ' ')
        p->len--;
    p->said[p->len] = '\0';
    end.timed_out = p->timed_out;
    if (WIFEXITED(status) && !p->timed_out)
        end.status = WEXITSTATUS(status);
    on_end(p->arg, &end);
    process_free(p);
}

static void
on_process_late(void *arg)
{
    struct nh_process *p = arg;

    p->timed_out = true;
    kill(-p->pid, SIGKILL);
}

/* The input as a file in memory, at its beginning. */
static int
input_file(struct nh_slice input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, input.len > 0 ? (const void *)input.p : "", input.len) !=
                           (ssize_t)input.len ||
                       lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int
spawn(pid_t *pid, char *const argv[], int in, int out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, def;
    int rc;

    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    sigemptyset(&def);
    sigaddset(&def, SIGPIPE);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, out, 2);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &def);
    posix_spawnattr_setflags(
        &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return rc;
}

enum nh_err
nh_process_start(struct nh_process **out, struct event_base *base, char *const argv[],
    struct nh_slice input, int64_t timeout_ms,
    void (*on_end)(void *arg, const struct nh_process_end *end), void *arg)
{
    struct nh_process *p = calloc(1, sizeof(*p));
    int pipes[2] = { -1, -1 }, in = -1, rc;
    enum nh_err err = NH_EIO;

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->pidfd = p->out = -1;
    p->on_end = on_end;
    p->arg = arg;
    in = input_file(input);
    if (in < 0 || pipe2(pipes, O_CLOEXEC) != 0)
        goto out;
    p->out = pipes[0];
    fcntl(p->out, F_SETFL, O_NONBLOCK);
    rc = spawn(&p->pid, argv, in, pipes[1]);
    if (rc != 0) {
        errno = rc;
        goto out;
    }
    p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (p->pidfd >= 0) {
        p->on_exit = event_new(base, p->pidfd, EV_READ | EV_PERSIST, on_process_exit, p);
        p->on_output =
            event_new(base, p->out, EV_READ | EV_PERSIST, on_process_output, p);
    }
    err = nh_timer_new(&p->timer, base, on_process_late, p);
    if (p->on_exit == NULL || p->on_output == NULL || err != NH_OK) {
        err = NH_ENOMEM;
        kill(-p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        goto out;
    }
    event_add(p->on_exit, NULL);
    event_add(p->on_output, NULL);
    nh_timer_after(p->timer, timeout_ms);
out:
    if (in >= 0)
        close(in);
    if (pipes[1] >= 0)
        close(pipes[1]);
    if (err != NH_OK) {
        int why = errno;

        process_free(p);
        errno = why;
        return err;
    }
    *out = p;
    return NH_OK;
}

void
nh_process_kill(struct nh_process *p)
{
    if (p == NULL)
        return;
    kill(-p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    process_free(p);
}
