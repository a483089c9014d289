/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_values.c - words of nhip.conf that have a form: addresses, hours, limits
 *
 * Times are the province's. Viet Nam has had one time since 1975 (UTC+7), so it needs no
 * time zone database, which a small Debian lacks; other zones are read by the C library.
 */
#include "collector/inventory_reader.h"
#include "libnhip/address.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ZONE_VN "Asia/Ho_Chi_Minh"

bool
inv_is_id(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                            "0123456789-_.");

    return n > 0 && n <= INV_ID_MAX && text[n] == '\0' && text[0] != '.' &&
           text[0] != '-';
}

bool
inv_is_address(const char *text)
{
    unsigned char raw[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

bool
inv_is_interface(const char *text)
{
    size_t n = strlen(text);

    return n > 0 && n < 16 && strpbrk(text, "/ \t:") == NULL && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

bool
inv_is_url(const char *text, const char *schemes)
{
    size_t n = strcspn(text, ":");
    const char *at = schemes;

    if (strncmp(text + n, "://", 3) != 0 || strpbrk(text, " \t") != NULL)
        return false;
    if (text[n + 3] == '\0' || strchr("/:?#@", text[n + 3]) != NULL)
        return false;
    while (*at != '\0') {
        size_t word = strcspn(at, " ");

        if (word == n && strncmp(at, text, n) == 0)
            return true;
        at += word + strspn(at + word, " ");
    }
    return false;
}

bool
inv_split_port(const char *text, bool any_name, char *host, size_t host_size, int *port)
{
    static const char name_letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    unsigned char raw[sizeof(struct in6_addr)];
    uint16_t got;

    if (nh_address_split(text, 0, host, host_size, &got) != NH_OK || got == 0)
        return false;
    *port = got;
    if (*text == '[')
        return inet_pton(AF_INET6, host, raw) == 1;
    if (inet_pton(AF_INET, host, raw) == 1)
        return true;
    return any_name && host[strspn(host, name_letters)] == '\0' && host[0] != '-' &&
           host[0] != '.';
}

/* "07:30" -> minutes, moving *at on; -1 when it is none. */
static int
take_clock(const char **at)
{
    const char *p = *at;
    int hour, minute;

    if (!isdigit((unsigned char)p[0]) || !isdigit((unsigned char)p[1]) || p[2] != ':' ||
        !isdigit((unsigned char)p[3]) || !isdigit((unsigned char)p[4]))
        return -1;
    hour = (p[0] - '0') * 10 + p[1] - '0';
    minute = (p[3] - '0') * 10 + p[4] - '0';
    *at = p + 5;
    return minute < 60 && hour * 60 + minute <= 24 * 60 ? hour * 60 + minute : -1;
}

/* "mon", "mon-fri", "mon,wed-fri" and the space after it. */
static bool
take_days(const char **at)
{
    static const char days[] = "mon tue wed thu fri sat sun";
    const char *p = *at;

    for (;;) {
        char day[4] = { 0 };

        memcpy(day, p, strnlen(p, 3));
        if (strlen(day) != 3 || strchr(day, ' ') != NULL || strstr(days, day) == NULL)
            return false;
        p += 3;
        if (*p == '-' || *p == ',') {
            if (*p == '-' && p[1] != '\0' && strnlen(p, 5) == 5 && p[4] == '-')
                return false; /* mon-wed-fri */
            p++;
            continue;
        }
        if (*p != ' ')
            return false;
        *at = p + 1;
        return true;
    }
}

static bool
take_span(const char **at, bool overnight)
{
    int from = take_clock(at), to;

    if (from < 0 || **at != '-')
        return false;
    (*at)++;
    to = take_clock(at);
    return to >= 0 && (overnight ? from != to : from < to);
}

bool
inv_is_span(const char *text)
{
    return take_span(&text, true) && *text == '\0';
}

bool
inv_is_hours(const char *text)
{
    for (;;) {
        if (!take_days(&text))
            return false;
        while (take_span(&text, false) && *text == ',')
            text++;
        if (*text == '\0')
            return isdigit((unsigned char)text[-1]) != 0;
        if (text[0] != ';' || text[1] != ' ')
            return false;
        text += 2;
    }
}

/* "2026-11-30 22:00" as if it were UTC. */
static bool
take_date(const char *text, int64_t *wall_s)
{
    struct tm tm = { 0 }, back;
    int used = 0, year, month, day;
    const char *p = text;
    time_t t;
    int minutes;

    if (strspn(p, "0123456789") != 4 ||
        sscanf(p, "%4d-%2d-%2d %n", &year, &month, &day, &used) != 3 || used != 11 ||
        p[4] != '-' || p[7] != '-' || p[10] != ' ')
        return false;
    p += used;
    minutes = take_clock(&p);
    if (minutes < 0 || *p != '\0')
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = minutes / 60;
    tm.tm_min = minutes % 60;
    t = timegm(&tm);
    if (gmtime_r(&t, &back) == NULL || year < 2000 || year > 2200)
        return false;
    if (minutes < 24 * 60 && (back.tm_mon != month - 1 || back.tm_mday != day))
        return false; /* the 30th of February */
    *wall_s = t;
    return true;
}

bool
inv_is_at(const char *text)
{
    int64_t wall_s;

    if (take_date(text, &wall_s))
        return true;
    if (strncmp(text, "daily ", 6) == 0)
        text += 6;
    else if (!take_days(&text))
        return false;
    return take_clock(&text) >= 0 && *text == '\0' && strncmp(text - 5, "24", 2) != 0;
}

bool
inv_is_zone(const char *zone)
{
    char path[256];
    struct stat st;

    if (strcmp(zone, ZONE_VN) == 0)
        return true;
    if (zone[0] == '\0' || zone[0] == '/' || zone[0] == ':' ||
        strstr(zone, "..") != NULL ||
        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone) >= (int)sizeof(path))
        return false;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

enum nh_err
inv_parse_time(const char *text, const char *zone, int64_t *wall_s)
{
    const char *before = getenv("TZ");
    char *saved = NULL;
    int64_t utc;
    struct tm tm;
    time_t t;

    if (!take_date(text, &utc))
        return NH_EINVAL;
    if (strcmp(zone, ZONE_VN) == 0) {
        *wall_s = utc - 7 * 3600;
        return NH_OK;
    }
    if (!inv_is_zone(zone))
        return NH_ENOTFOUND;
    if (before != NULL && (saved = strdup(before)) == NULL)
        return NH_ENOMEM;
    t = (time_t)utc;
    gmtime_r(&t, &tm);
    tm.tm_isdst = -1;
    setenv("TZ", zone, 1);
    tzset();
    *wall_s = mktime(&tm);
    if (saved != NULL)
        setenv("TZ", saved, 1);
    else
        unsetenv("TZ");
    tzset();
    free(saved);
    return NH_OK;
}

bool
inv_parse_limit(const char *text, struct inv_limit *out, char why[128])
{
    static const char *const metrics[] = { "rtt_ms", "jitter_ms", "loss_pct" };
    size_t n = strcspn(text, ">");
    size_t digits = text[n] == '>' ? strspn(text + n + 1, "0123456789.") : 0;
    char *end = NULL;

    if (digits == 0 || digits > 12 || text[n + 1 + digits] != '\0') {
        snprintf(why, 128, "\"%.40s\" is not METRIC>NUMBER", text);
        return false;
    }
    out->above = strtod(text + n + 1, &end);
    if (end != text + n + 1 + digits) {
        snprintf(why, 128, "\"%.40s\" is not METRIC>NUMBER", text);
        return false;
    }
    for (size_t i = 0; i < NH_COUNT(metrics); i++) {
        if (strlen(metrics[i]) != n || strncmp(metrics[i], text, n) != 0)
            continue;
        if (i == 2 && out->above > 100) {
            snprintf(why, 128, "\"%.40s\" is more than everything", text);
            return false;
        }
        snprintf(out->metric, sizeof(out->metric), "%s", metrics[i]);
        return true;
    }
    snprintf(
        why, 128, "\"%.40s\": there are limits of rtt_ms, jitter_ms and loss_pct", text);
    return false;
}

static bool
take_archive(const char *word, struct inv_archive *out)
{
    char copy[64], *keep, *max;

    if (strlen(word) >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), "%s", word);
    keep = strchr(copy, ':');
    if (keep == NULL)
        return false;
    *keep++ = '\0';
    max = strchr(keep, ':');
    if (max != NULL)
        *max++ = '\0';
    out->max = max != NULL;
    return (max == NULL || strcmp(max, "max") == 0) &&
           nh_conf_parse_duration(copy, NULL, &out->step_s) == NH_OK &&
           nh_conf_parse_duration(keep, NULL, &out->keep_s) == NH_OK;
}

bool
inv_parse_retention(
    const char *text, struct inv_archive *out, size_t max, size_t *count, char why[128])
{
    const char *at = text;

    for (*count = 0; *at != '\0'; (*count)++) {
        const struct inv_archive *before = *count > 0 ? &out[*count - 1] : NULL;
        struct inv_archive *a = &out[*count];
        size_t n = strcspn(at, ",");
        char word[64];

        snprintf(word, sizeof(word), "%.*s", (int)(n < 60 ? n : 60), at);
        if (*count == max) {
            snprintf(why, 128, "more than %zu archives", max);
            return false;
        }
        if (!take_archive(word, a)) {
            snprintf(
                why, 128, "\"%.60s\" is not STEP:HOW-LONG or STEP:HOW-LONG:max", word);
            return false;
        }
        if (a->step_s < 1 || a->keep_s < a->step_s || a->keep_s % a->step_s != 0) {
            snprintf(
                why, 128, "\"%.60s\": how long has to be a multiple of the step", word);
            return false;
        }
        if (a->keep_s / a->step_s > 1000000) {
            snprintf(why, 128, "\"%.60s\" has more than a million rows", word);
            return false;
        }
        if (before != NULL &&
            (a->step_s <= before->step_s || a->step_s % before->step_s != 0 ||
                a->keep_s <= before->keep_s)) {
            snprintf(why, 128,
                "\"%.60s\" has to be coarser and longer than the one before it", word);
            return false;
        }
        at += n;
        at += strspn(at, ", ");
    }
    if (*count == 0)
        snprintf(why, 128, "it is empty");
    return *count > 0;
}
