/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * series_child.c - one child process on a socket pair
 *
 * The child's end of the pair is its fd 3; it ends when that closes. Its program lies in
 * the directory of our own. Answers find their asker by number.
 */
#include "collector/series_child.h"
#include "collector/collector.h"
#include "libnhip/clock.h"
#include "libnhip/jsonl.h"
#include "libnhip/log.h"
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHILD_FD = 3,
    LINE_MAX_BYTES = 16 << 20,
    WAITING_MAX_BYTES = 4 << 20,
    RESTART_FIRST_MS = 1000,
    RESTART_MAX_MS = 60000,
    STEADY_MS = 60000, /* ran this long: the next restart is quick again */
    ASK_TIMEOUT_MS = 30000,
    STOP_MS = 10000,
};

struct asking {
    struct asking *next;
    int64_t id, deadline_ms;
    series_answer *answer;
    void *arg;
};

struct series_child {
    struct collector *c;
    struct nh_channel *channel;
    pid_t pid; /* 0: none */
    int64_t started_ms, restart_ms, backoff_ms;
    bool closed; /* the channel said so: clean up in the next tick */
    uint64_t durable_pos, told_pos;
    int64_t next_id;
    struct asking *asking; /* owned */
    struct series_status status;
};

static void
fail_all(struct series_child *sc)
{
    struct asking *a;

    while ((a = sc->asking) != NULL) {
        sc->asking = a->next;
        a->answer(a->arg, NULL, "failed", "nhip-series ended before it answered");
        free(a);
    }
}

static void
on_answer(struct series_child *sc, json_t *object)
{
    json_int_t id = json_integer_value(json_object_get(object, "id"));
    const char *code = json_string_value(json_object_get(object, "code"));
    const char *error = json_string_value(json_object_get(object, "error"));

    for (struct asking **at = &sc->asking; *at != NULL; at = &(*at)->next) {
        struct asking *a = *at;
        bool ok = json_is_true(json_object_get(object, "ok"));

        if (a->id != id)
            continue;
        *at = a->next;
        a->answer(a->arg, ok ? json_object_get(object, "result") : NULL,
            code != NULL ? code : "failed", error != NULL ? error : "no reason given");
        free(a);
        return;
    }
}

static void
on_series_line(void *arg, json_t *object)
{
    struct series_child *sc = arg;
    const json_t *at = json_object_get(object, "at");

    if (at == NULL) {
        on_answer(sc, object);
        return;
    }
    sc->status.lag_s = json_integer_value(json_object_get(at, "lag_s"));
    sc->status.files = json_integer_value(json_object_get(at, "files"));
    sc->status.rows = json_integer_value(json_object_get(at, "rows"));
    sc->status.errors = json_integer_value(json_object_get(at, "errors"));
}

static void
on_series_closed(void *arg, const char *why)
{
    struct series_child *sc = arg;

    sc->closed = true;
    if (why[0] != '\0')
        nh_log(NH_LOG_ERROR, "series: the pipe to nhip-series was closed: %s", why);
}

static void
tell_durable(struct series_child *sc)
{
    char line[64];
    int n;

    if (sc->channel == NULL || sc->told_pos == sc->durable_pos)
        return;
    n = snprintf(line, sizeof(line), "{\"durable\":\"%" PRIu64 "\"}", sc->durable_pos);
    nh_channel_send_text(sc->channel, line, (size_t)n);
    sc->told_pos = sc->durable_pos;
}

static void
archives_text(const struct inventory *inv, char *out, size_t size)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < inv->collector.archive_count && n < size; i++) {
        const struct inv_archive *a = &inv->collector.archives[i];

        n += (size_t)snprintf(out + n, size - n, "%s%" PRId64 "s:%" PRId64 "s%s",
            i > 0 ? ", " : "", a->step_s, a->keep_s, a->max ? ":max" : "");
    }
}

static bool
program_path(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    char *slash;

    if (n <= 0)
        return false;
    out[n] = '\0';
    slash = strrchr(out, '/');
    if (slash == NULL || (size_t)(slash - out) + sizeof("/nhip-series") > size)
        return false;
    memcpy(slash, "/nhip-series", sizeof("/nhip-series"));
    return access(out, X_OK) == 0;
}

/* Between fork and exec: only what is safe there. */
static void
become_series(int fd, const char *path, char *const argv[])
{
    sigset_t none;

    if (fd == CHILD_FD)
        fcntl(fd, F_SETFD, 0);
    else if (dup2(fd, CHILD_FD) < 0)
        _exit(127);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(path, argv);
    _exit(127);
}

static void
start(struct series_child *sc)
{
    struct nh_channel_events events = { on_series_line, on_series_closed, sc };
    char path[4096], archives[512], opt[6][16] = { "--journal", "--data", "--archives" };
    const char *data = sc->c->inv->collector.data;
    char journal[4096], program[] = "nhip-series";
    char *dir = strdup(data);
    int pair[2] = { -1, -1 };

    snprintf(journal, sizeof(journal), "%s", store_dir(sc->c->store));
    archives_text(sc->c->inv, archives, sizeof(archives));
    if (dir == NULL || !program_path(path, sizeof(path)) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        goto failed;
    {
        char *argv[] = { program, opt[0], journal, opt[1], dir, opt[2], archives, NULL };

        sc->pid = fork();
        if (sc->pid == 0)
            become_series(pair[1], path, argv);
    }
    close(pair[1]);
    free(dir);
    if (sc->pid < 0) {
        close(pair[0]);
        sc->pid = 0;
        return;
    }
    sc->closed = false;
    sc->told_pos = 0;
    sc->started_ms = nh_clock_mono_ms();
    if (nh_channel_new(&sc->channel, sc->c->base, pair[0], LINE_MAX_BYTES,
            WAITING_MAX_BYTES, &events) != NH_OK)
        sc->closed = true;
    sc->status.running = sc->channel != NULL;
    tell_durable(sc);
    return;
failed:
    free(dir);
    sc->started_ms = nh_clock_mono_ms();
    if (sc->status.restarts == 0)
        nh_log(NH_LOG_WARN,
            "series: nhip-series cannot be started: no charts, nothing else is missing");
}

static void
plan_restart(struct series_child *sc, int64_t mono_ms)
{
    if (mono_ms - sc->started_ms > STEADY_MS || sc->backoff_ms == 0)
        sc->backoff_ms = RESTART_FIRST_MS;
    else if (sc->backoff_ms < RESTART_MAX_MS)
        sc->backoff_ms *= 2;
    sc->restart_ms = mono_ms + sc->backoff_ms;
    sc->status.restarts++;
}

/* It is gone, or its pipe is: both go, and another one comes. */
static void
clean_up(struct series_child *sc, int64_t mono_ms)
{
    int status = 0;

    sc->status.running = false;
    nh_channel_free(sc->channel);
    sc->channel = NULL;
    fail_all(sc);
    if (sc->pid > 0 && waitpid(sc->pid, &status, WNOHANG) == 0) {
        kill(sc->pid, SIGKILL);
        waitpid(sc->pid, &status, 0);
    }
    sc->pid = 0;
    sc->closed = false;
    plan_restart(sc, mono_ms);
    nh_log_limited(NH_LOG_ERROR,
        "series: nhip-series ended (%s %d), next start in %" PRId64 " s",
        WIFSIGNALED(status) ? "signal" : "exit",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
        sc->backoff_ms / 1000);
}

static void
time_out(struct series_child *sc, int64_t mono_ms)
{
    struct asking **at = &sc->asking;

    while (*at != NULL) {
        struct asking *a = *at;

        if (mono_ms < a->deadline_ms) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        a->answer(a->arg, NULL, "failed", "nhip-series did not answer in time");
        free(a);
    }
}

void
series_child_tick(struct series_child *sc, int64_t mono_ms)
{
    if (sc == NULL)
        return;
    if (sc->closed)
        clean_up(sc, mono_ms);
    else if (sc->pid == 0 && mono_ms >= sc->restart_ms) {
        start(sc);
        if (sc->pid == 0)
            plan_restart(sc, mono_ms);
    }
    time_out(sc, mono_ms);
    tell_durable(sc);
}

enum nh_err
series_child_open(struct series_child **out, struct collector *c)
{
    struct series_child *sc = calloc(1, sizeof(*sc));

    *out = NULL;
    if (sc == NULL)
        return NH_ENOMEM;
    sc->c = c;
    sc->durable_pos = store_durable_pos(c->store);
    *out = sc; /* started by the first tick */
    return NH_OK;
}

void
series_child_close(struct series_child *sc)
{
    int64_t until_ms = nh_clock_mono_ms() + STOP_MS;
    int status;

    if (sc == NULL)
        return;
    tell_durable(sc);
    for (int i = 0; sc->channel != NULL && nh_channel_waiting(sc->channel) > 0 && i < 10;
         i++)
        if (event_base_loop(sc->c->base, EVLOOP_ONCE | EVLOOP_NONBLOCK) != 0)
            break;
    nh_channel_free(sc->channel);
    event_base_loop(sc->c->base, EVLOOP_NONBLOCK); /* libevent closes it on its loop */
    fail_all(sc);
    while (sc->pid > 0 && waitpid(sc->pid, &status, WNOHANG) == 0) {
        if (nh_clock_mono_ms() > until_ms) {
            kill(sc->pid, SIGKILL);
            waitpid(sc->pid, &status, 0);
            break;
        }
        usleep(10000);
    }
    free(sc);
}

void
series_child_durable(struct series_child *sc, uint64_t pos)
{
    if (sc != NULL)
        sc->durable_pos = pos;
}

void
series_child_ask(
    struct series_child *sc, json_t *request, series_answer *answer, void *arg)
{
    struct asking *a = NULL;

    if (sc != NULL && sc->channel != NULL && !sc->closed)
        a = calloc(1, sizeof(*a));
    if (a == NULL) {
        json_decref(request);
        answer(arg, NULL, "busy", "nhip-series is not running just now");
        return;
    }
    a->id = ++sc->next_id;
    a->answer = answer;
    a->arg = arg;
    a->deadline_ms = nh_clock_mono_ms() + ASK_TIMEOUT_MS;
    a->next = sc->asking;
    sc->asking = a;
    tell_durable(sc); /* so that what it reads is fresh */
    json_object_set_new(request, "id", json_integer(a->id));
    nh_channel_send(sc->channel, request);
    json_decref(request);
}

void
series_child_forget(struct series_child *sc, const void *arg)
{
    struct asking **at;

    if (sc == NULL)
        return;
    for (at = &sc->asking; *at != NULL;) {
        struct asking *a = *at;

        if (a->arg != arg) {
            at = &a->next;
            continue;
        }
        *at = a->next;
        free(a);
    }
}

void
series_child_status(const struct series_child *sc, struct series_status *out)
{
    *out = sc == NULL ? (struct series_status){ 0 } : sc->status;
}
