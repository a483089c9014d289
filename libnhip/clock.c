/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * clock.c - CLOCK_BOOTTIME and CLOCK_REALTIME, or whatever a test puts in their place
 */
#include "libnhip/clock.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>

static const struct nh_clock_source *replaced;

static int64_t
read_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
nh_clock_mono_us(void)
{
    return replaced != NULL ? replaced->mono_us(replaced->arg) : read_us(CLOCK_BOOTTIME);
}

int64_t
nh_clock_mono_ms(void)
{
    return nh_clock_mono_us() / 1000;
}

int64_t
nh_clock_wall_us(void)
{
    return replaced != NULL ? replaced->wall_us(replaced->arg) : read_us(CLOCK_REALTIME);
}

int64_t
nh_clock_wall_ms(void)
{
    return nh_clock_wall_us() / 1000;
}

enum nh_clock_quality
nh_clock_wall_quality(void)
{
    static const int64_t year_2025_s = 1735689600;
    struct timex tx = { 0 };

    if (nh_clock_wall_us() / 1000000 < year_2025_s)
        return NH_CLOCK_UNSET;
    if (adjtimex(&tx) == -1 || (tx.status & STA_UNSYNC) != 0)
        return NH_CLOCK_SET;
    return NH_CLOCK_SYNCHRONISED;
}

void
nh_clock_replace(const struct nh_clock_source *source)
{
    replaced = source;
}

/* The kernel writes it as a UUID: 8-4-4-4-12 hex digits. */
static bool
read_boot_id(uint8_t out[NH_BOOT_ID_LEN])
{
    char text[64] = { 0 };
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    size_t digits = 0;

    if (f == NULL)
        return false;
    if (fgets(text, sizeof(text), f) == NULL)
        text[0] = '\0';
    fclose(f);
    memset(out, 0, NH_BOOT_ID_LEN);
    for (const char *p = text; *p != '\0' && digits < 2 * NH_BOOT_ID_LEN; p++) {
        const char *hex = "0123456789abcdef",
                   *at = strchr(hex, tolower((unsigned char)*p));

        if (at == NULL)
            continue;
        out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | (uint8_t)(at - hex));
        digits++;
    }
    return digits == 2 * NH_BOOT_ID_LEN;
}

const uint8_t *
nh_clock_boot_id(void)
{
    static uint8_t id[NH_BOOT_ID_LEN];
    static bool known;

    if (!known && !read_boot_id(id) &&
        getrandom(id, sizeof(id), 0) != (ssize_t)sizeof(id))
        abort(); /* no entropy device: nothing here can be safe */
    known = true;
    return id;
}
