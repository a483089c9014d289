/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf_value.c - words of a configuration file as numbers, truths and durations
 *
 * Every refusal says what was wanted and what was there.
 */
#include "libnhip/conf_node.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CENTURY_S_DAYS = 36500 };

/* A number of at most 18 digits with a decimal point, nothing else: no "nan", "0x", "1e9"
 * and no locale's comma. *end is the first character after it. */
static bool
take_number(const char *text, double *out, const char **end)
{
    size_t sign = text[0] == '-' ? 1 : 0;
    size_t digits = strspn(text + sign, "0123456789");
    size_t len = sign + digits, decimals = 0;
    double value = 0, scale = 1;

    if (digits == 0 || digits > 15)
        return false;
    if (text[len] == '.') {
        decimals = strspn(text + len + 1, "0123456789");
        if (decimals == 0 || decimals > 12)
            return false;
    }
    for (size_t i = sign; i < len; i++)
        value = value * 10 + (text[i] - '0');
    for (size_t i = len + 1; i <= len + decimals; i++) {
        scale *= 10;
        value += (text[i] - '0') / scale;
    }
    *end = text + len + (decimals > 0 ? decimals + 1 : 0);
    *out = sign ? -value : value;
    return true;
}

enum nh_err
nh_conf_parse_duration(const char *text, const char *plain_unit, int64_t *seconds)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 },
        { "w", 604800 }, { "y", 365 * (int64_t)86400 } };
    const char *unit;
    double number;

    if (!take_number(text, &number, &unit) || number < 0)
        return NH_EINVAL;
    if (*unit == '\0' && plain_unit != NULL)
        unit = plain_unit;
    for (size_t i = 0; i < NH_COUNT(units); i++) {
        double total = number * (double)units[i].seconds;

        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (total > CENTURY_S_DAYS * 86400.0 || total != floor(total))
            return NH_EINVAL;
        *seconds = (int64_t)total;
        return NH_OK;
    }
    return NH_EINVAL;
}

static enum nh_err
check_range(const struct nh_conf_row *row, double value, const char *text, char why[256])
{
    const char *unit = row->unit != NULL ? row->unit : "";

    if (row->min == 0 && row->max == 0)
        return NH_OK;
    if (value >= row->min && value <= row->max)
        return NH_OK;
    if (row->type == NH_CONF_DURATION)
        unit = "s";
    snprintf(why, 256, "'%s' may be from %.10g to %.10g%s%s, not %s", row->name, row->min,
        row->max, *unit != '\0' ? " " : "", unit, text);
    return NH_EINVAL;
}

static enum nh_err
convert_number(const struct nh_conf_row *row, const char *text, union nh_conf_number *out,
    char why[256])
{
    bool whole = row->type == NH_CONF_INT;
    const char *end = "";
    double value;

    if (!take_number(text, &value, &end) || *end != '\0' ||
        (whole && value != floor(value))) {
        snprintf(why, 256, "'%s' wants a %snumber%s%s, not \"%.64s\"", row->name,
            whole ? "whole " : "", row->unit != NULL && *row->unit != '\0' ? " of " : "",
            row->unit != NULL ? row->unit : "", text);
        return NH_EINVAL;
    }
    if (whole)
        out->integer = (long)value;
    else
        out->real = value;
    return check_range(row, value, text, why);
}

static enum nh_err
convert_bool(const struct nh_conf_row *row, const char *text, union nh_conf_number *out,
    char why[256])
{
    static const char *const words[] = { "false", "no", "off", "true", "yes", "on" };

    for (size_t i = 0; i < NH_COUNT(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            out->truth = i >= 3;
            return NH_OK;
        }
    }
    snprintf(why, 256, "'%s' wants true or false, not \"%.64s\"", row->name, text);
    return NH_EINVAL;
}

static enum nh_err
convert_duration(const struct nh_conf_row *row, const char *text,
    union nh_conf_number *out, char why[256])
{
    const char *plain = row->unit != NULL && *row->unit != '\0' ? row->unit : NULL;

    if (nh_conf_parse_duration(text, plain, &out->seconds) != NH_OK) {
        snprintf(why, 256,
            "'%s' wants a duration such as \"90s\", \"5min\", \"2h\" or \"400d\", not "
            "\"%.64s\"",
            row->name, text);
        return NH_EINVAL;
    }
    return check_range(row, (double)out->seconds, text, why);
}

static enum nh_err
check_string(const struct nh_conf_row *row, const char *text, char why[256])
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            snprintf(why, 256, "'%s' has a control character in it", row->name);
            return NH_EINVAL;
        }
    }
    if (len > NH_CONF_STRING_MAX) {
        snprintf(why, 256, "'%s' is longer than %d bytes", row->name, NH_CONF_STRING_MAX);
        return NH_EINVAL;
    }
    if (!nh_utf8_is_valid(text, len)) { /* by way of an environment variable */
        snprintf(why, 256, "'%s' is not UTF-8 text", row->name);
        return NH_EINVAL;
    }
    return NH_OK;
}

enum nh_err
nh_conf_convert(const struct nh_conf_row *row, const char *text,
    union nh_conf_number *out, char why[256])
{
    enum nh_err err = check_string(row, text, why);

    if (err != NH_OK)
        return err;
    switch (row->type) {
    case NH_CONF_INT:
    case NH_CONF_FLOAT:
        return convert_number(row, text, out, why);
    case NH_CONF_BOOL:
        return convert_bool(row, text, out, why);
    case NH_CONF_DURATION:
        return convert_duration(row, text, out, why);
    default:
        return NH_OK;
    }
}
