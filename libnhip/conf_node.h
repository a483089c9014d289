/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf_node.h - a parsed file as conf.c keeps it: a tree of sections and typed values
 *
 * Internal to conf*.c.
 */
#ifndef NH_CONF_NODE_H
#define NH_CONF_NODE_H

#include "libnhip/conf.h"

enum { NH_CONF_STRING_MAX = 1024 };

union nh_conf_number {
    long integer;
    double real;
    bool truth;
    int64_t seconds;
};

struct nh_conf_value {
    int line; /* 0: not written, the default stands */
    size_t count;
    char **strings; /* owned: the one string, or the list */
    union nh_conf_number number;
    struct nh_conf **sections; /* owned, `count` of them */
    struct nh_conf *defaults;  /* owned: stands for a section that is not written */
};

struct nh_conf {
    const struct nh_conf_row *row, *rows; /* this section's own row; what is inside */
    char *title;                          /* owned, "" without one */
    const char *file;                     /* borrowed from the root's files */
    int line;
    struct nh_conf_value *values; /* owned, one a row */
    const char **value_files;     /* owned; root only: the file of each value */
    char **files;                 /* owned; root only */
    size_t file_count;
};

size_t nh_conf_row_count(const struct nh_conf_row *rows);

/* `text` as a value of `row`; else NH_EINVAL with the reason. Lists and strings: checks.
 */
enum nh_err nh_conf_convert(const struct nh_conf_row *row, const char *text,
    union nh_conf_number *out, char why[256]) NH_MUST_CHECK;

#endif
