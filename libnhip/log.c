/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.c - one line an event
 *
 * systemd sets JOURNAL_STREAM for a service whose stderr is its journal; lines then carry
 * the kernel's <N> prefix (sd-daemon(3)), which keeps their priority without linking
 * libsystemd.
 */
#include "libnhip/log.h"
#include "libnhip/clock.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, BURST = 5, REFILL_MS = 60000 };

static const char *log_program = "nhip";
static enum nh_log_level log_max = NH_LOG_INFO;
static bool log_syslog, log_under_systemd;
static nh_log_sink *log_sink;
static void *log_sink_arg;
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct {
    const char *word;
    int priority;
} levels[] = {
    [NH_LOG_ERROR] = { "error", LOG_ERR },
    [NH_LOG_WARN] = { "warning", LOG_WARNING },
    [NH_LOG_NOTICE] = { "notice", LOG_NOTICE },
    [NH_LOG_INFO] = { "info", LOG_INFO },
    [NH_LOG_DEBUG] = { "debug", LOG_DEBUG },
};

void
nh_log_open(const char *program, enum nh_log_level max, bool use_syslog)
{
    log_program = program;
    log_max = max;
    log_under_systemd = getenv("JOURNAL_STREAM") != NULL;
    log_syslog = use_syslog && !log_under_systemd;
    if (log_syslog)
        openlog(program, LOG_PID, LOG_DAEMON);
}

void
nh_log_capture(nh_log_sink *sink, void *arg)
{
    log_sink = sink;
    log_sink_arg = arg;
}

/* A line break or another control character from outside must not forge a second line. */
static void
blank_controls(char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = ' ';
}

static void
write_stderr(enum nh_log_level level, const char *text)
{
    char line[LINE_MAX_BYTES + 128];
    time_t now = (time_t)(nh_clock_wall_us() / 1000000);
    struct tm tm;
    int n;

    if (log_under_systemd) {
        n = snprintf(line, sizeof(line), "<%d>%s\n", levels[level].priority, text);
    } else {
        localtime_r(&now, &tm);
        n = snprintf(line, sizeof(line), "%02d:%02d:%02d %s: %s%s%s\n", tm.tm_hour,
            tm.tm_min, tm.tm_sec, log_program,
            level <= NH_LOG_WARN ? levels[level].word : "",
            level <= NH_LOG_WARN ? ": " : "", text);
    }
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nobody is left to tell */
}

void
nh_log(enum nh_log_level level, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    if (level > log_max)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    blank_controls(text);
    if (log_sink != NULL) {
        log_sink(log_sink_arg, level, text);
        return;
    }
    write_stderr(level, text);
    if (log_syslog)
        syslog(levels[level].priority, "%s", text);
}

bool
nh_log_limit_pass(struct nh_log_limit *limit, uint32_t *held_back)
{
    int64_t now = nh_clock_mono_ms();
    bool pass;

    pthread_mutex_lock(&limit_lock);
    if (limit->last_ms != 0 && now - limit->last_ms >= REFILL_MS) {
        int64_t back = (now - limit->last_ms) / REFILL_MS;

        limit->tokens_used -=
            back > limit->tokens_used ? limit->tokens_used : (uint32_t)back;
        limit->last_ms = now;
    }
    if (limit->last_ms == 0)
        limit->last_ms = now;
    pass = limit->tokens_used < BURST;
    if (pass) {
        limit->tokens_used++;
        *held_back = limit->held_back;
        limit->held_back = 0;
    } else {
        limit->held_back++;
    }
    pthread_mutex_unlock(&limit_lock);
    return pass;
}
