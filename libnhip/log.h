/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log.h - what a daemon says, to the journal or syslog and to stderr
 *
 * One line an event: what happened, to what, and what is done about it. Under systemd
 * (JOURNAL_STREAM names our stderr) lines go to stderr with a <N> priority prefix, on a
 * terminal they go there with the time of day, elsewhere to syslog(3) as well when
 * nh_log_open() asked.
 *
 * Lines that an outsider can cause go through nh_log_limited(): each call site lets a
 * burst of 5 pass and then one a minute, and says how many it kept back.
 *
 * Threads: any; a line is written with one write(2).
 */
#ifndef NH_LOG_H
#define NH_LOG_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <stdint.h>

enum nh_log_level { NH_LOG_ERROR, NH_LOG_WARN, NH_LOG_NOTICE, NH_LOG_INFO, NH_LOG_DEBUG };

/* Where lines go from now on. `program` is borrowed for the life of the process. */
void nh_log_open(const char *program, enum nh_log_level max, bool use_syslog);

void nh_log(enum nh_log_level level, const char *fmt, ...) NH_PRINTF(2, 3);

/* The state of one call site's limit; zeroed at birth. */
struct nh_log_limit {
    int64_t last_ms;
    uint32_t tokens_used, held_back;
};

bool nh_log_limit_pass(struct nh_log_limit *limit, uint32_t *held_back);

#define nh_log_limited(level, fmt, ...)                                                  \
    do {                                                                                 \
        static struct nh_log_limit nh_limit_;                                            \
        uint32_t nh_held_ = 0;                                                           \
        if (nh_log_limit_pass(&nh_limit_, &nh_held_)) {                                  \
            if (nh_held_ > 0)                                                            \
                nh_log(                                                                  \
                    level, fmt " (%u more like it not shown)", __VA_ARGS__, nh_held_);   \
            else                                                                         \
                nh_log(level, fmt, __VA_ARGS__);                                         \
        }                                                                                \
    } while (0)

/* Tests read what was said: `sink` gets each line instead; NULL restores. */
typedef void nh_log_sink(void *arg, enum nh_log_level level, const char *line);
void nh_log_capture(nh_log_sink *sink, void *arg);

#endif
