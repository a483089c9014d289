/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensor.c - the table of sensors, and the parameters that assignments bring
 *
 * Parameters are "name=value" lines. A value ends at its line; what a line without `=`
 * or with a name the sensor does not know would mean is not guessed: it is refused.
 */
#include "libnhip/sensor.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/sensors/table.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE(name) extern const struct nh_sensor nh_sensor_##name;
SENSORS(DECLARE)

#define ADDRESS(name) &nh_sensor_##name,
static const struct nh_sensor *const sensors[] = { SENSORS(ADDRESS) };

const struct nh_sensor *
nh_sensor_find(const char *name)
{
    for (size_t i = 0; i < NH_COUNT(sensors); i++)
        if (strcmp(sensors[i]->name, name) == 0)
            return sensors[i];
    return NULL;
}

const struct nh_sensor *const *
nh_sensor_all(size_t *count)
{
    *count = NH_COUNT(sensors);
    return sensors;
}

/* The next line of `*at` as name and value, both lent with their lengths; false at the
 * end. A line without `=` has *value NULL. */
static bool
next_param(const char **at, const char **name, size_t *name_len, const char **value,
    size_t *value_len)
{
    const char *line, *eq;
    size_t len;

    while (**at == '\n')
        ++*at;
    if (**at == '\0')
        return false;
    line = *at;
    len = strcspn(line, "\n");
    *at += len;
    eq = memchr(line, '=', len);
    *name = line;
    *name_len = eq != NULL ? (size_t)(eq - line) : len;
    *value = eq != NULL ? eq + 1 : NULL;
    *value_len = eq != NULL ? len - *name_len - 1 : 0;
    return true;
}

bool
nh_param_get(const char *params, const char *name, char *out, size_t size)
{
    const char *at = params, *key, *value;
    size_t key_len, len;

    while (next_param(&at, &key, &key_len, &value, &len)) {
        if (value == NULL || key_len != strlen(name) || memcmp(key, name, key_len) != 0)
            continue;
        if (len >= size)
            return false;
        memcpy(out, value, len);
        out[len] = '\0';
        return true;
    }
    return false;
}

bool
nh_param_number(const char *params, const char *name, long min, long max, long def,
    long *out, char why[128])
{
    char text[32], *end;
    long v;

    *out = def;
    if (!nh_param_get(params, name, text, sizeof(text)))
        return true;
    errno = 0;
    v = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || v < min || v > max) {
        snprintf(why, 128, "%s: not a whole number from %ld to %ld", name, min, max);
        return false;
    }
    *out = v;
    return true;
}

static bool
takes_kind(const struct nh_sensor *sensor, const char *kind)
{
    for (size_t i = 0; sensor->kinds[i] != NULL; i++)
        if (strcmp(sensor->kinds[i], kind) == 0)
            return true;
    return false;
}

static int
param_row(const struct nh_sensor *sensor, const char *name, size_t len)
{
    for (int i = 0; sensor->params[i].name != NULL; i++)
        if (strlen(sensor->params[i].name) == len &&
            memcmp(sensor->params[i].name, name, len) == 0)
            return i;
    return -1;
}

static enum nh_err
check_params(const struct nh_sensor *sensor, const char *params, char why[128])
{
    const char *at = params, *name, *value;
    size_t name_len, value_len;
    uint64_t seen = 0;

    while (next_param(&at, &name, &name_len, &value, &value_len)) {
        int row = param_row(sensor, name, name_len);

        if (value == NULL || row < 0) {
            snprintf(why, 128, "sensor %s has no parameter \"%.*s\"", sensor->name,
                name_len < 40 ? (int)name_len : 40, name);
            return NH_EINVAL;
        }
        if ((seen & UINT64_C(1) << row) != 0) {
            snprintf(why, 128, "%s is given twice", sensor->params[row].name);
            return NH_EINVAL;
        }
        seen |= UINT64_C(1) << row;
    }
    for (int i = 0; sensor->params[i].name != NULL; i++)
        if (sensor->params[i].required && (seen & UINT64_C(1) << i) == 0) {
            snprintf(
                why, 128, "sensor %s needs %s", sensor->name, sensor->params[i].name);
            return NH_EINVAL;
        }
    return NH_OK;
}

enum nh_err
nh_assignment_check(const struct nh_assignment *a, char why[128])
{
    const struct nh_sensor *sensor = nh_sensor_find(a->sensor);

    why[0] = '\0';
    if (sensor == NULL) {
        snprintf(why, 128, "there is no sensor \"%s\"", a->sensor);
        return NH_EINVAL;
    }
    if (!takes_kind(sensor, a->kind) || nh_kind_find(a->kind) == NULL) {
        snprintf(why, 128, "sensor %s does not measure \"%s\"", a->sensor, a->kind);
        return NH_EINVAL;
    }
    if (a->check[0] == '\0' || a->every_ms < NH_EVERY_MIN_MS ||
        a->every_ms > NH_EVERY_MAX_MS) {
        snprintf(why, 128, "a check needs an id and rounds of %d ms to %d ms",
            NH_EVERY_MIN_MS, NH_EVERY_MAX_MS);
        return NH_EINVAL;
    }
    return check_params(sensor, a->params, why);
}

bool
nh_literal_address(
    const char *text, uint16_t port, struct sockaddr_storage *out, socklen_t *len)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_DGRAM };
    struct addrinfo *found = NULL;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(text, service, &hints, &found) != 0)
        return false;
    memset(out, 0, sizeof(*out));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *len = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

void
nh_reading_put(struct nh_reading *r, const struct nh_kind *kind, int i, double value)
{
    r->value[i] = nh_to_fixed(value, kind->metrics[i].decimals);
    r->present |= UINT32_C(1) << i;
}
