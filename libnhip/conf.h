/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf.h - configuration files: libConfuse behind one schema
 *
 * A schema is a table of rows (name, type, default, unit, range, help): options and
 * sections. From the same table come the parser, the man page's list and the test that
 * compares the two. Nothing is accepted silently: an unknown key, a key given twice, a
 * number with the wrong unit, a missing required key are errors `file:line: what is
 * wrong`. include() takes globs and is relative to the file that says it.
 *
 * Threads: one at a time in the process (the lexer is global).
 */
#ifndef NH_CONF_H
#define NH_CONF_H

#include "libnhip/buf.h"

enum nh_conf_type {
    NH_CONF_STRING,
    NH_CONF_INT,
    NH_CONF_FLOAT,
    NH_CONF_BOOL,
    NH_CONF_LIST,     /* of strings */
    NH_CONF_DURATION, /* "90s", "5min", "2h", "400d" or a plain number of the row's unit;
                         seconds */
    NH_CONF_SECTION,  /* once */
    NH_CONF_TITLED,   /* any number, each with a unique title */
};

struct nh_conf_row {
    const char *name;
    enum nh_conf_type type;
    const char
        *def; /* default as it would be written; NULL: required (sections: optional) */
    double min, max;                /* numbers and durations (s); both 0: unbounded */
    const char *unit;               /* "ms", "" */
    const char *help;               /* one line of the manual */
    const struct nh_conf_row *rows; /* sections: what is inside, ended by a NULL name */
};

struct nh_conf; /* a parsed file, or one section of it */
struct nh_conf_problem {
    char text[512];
}; /* "file:line: what is wrong" */

/* Parse `path` (with its includes). NH_ECONF: *problem says where. *out belongs to the
 * caller. */
enum nh_err nh_conf_load(struct nh_conf **out, const char *path,
    const struct nh_conf_row *schema, struct nh_conf_problem *problem) NH_MUST_CHECK;
/* The same for a program that needs only some of a file that another one checks whole:
 * what is not in the schema is passed over. */
enum nh_err nh_conf_load_part(struct nh_conf **out, const char *path,
    const struct nh_conf_row *schema, struct nh_conf_problem *problem) NH_MUST_CHECK;
void nh_conf_free(struct nh_conf *c); /* the root only */

/* Getters: `name` must be in the schema (asserted). Lent until the root is freed. */
const char *nh_conf_str(const struct nh_conf *c, const char *name);
long nh_conf_int(const struct nh_conf *c, const char *name);
double nh_conf_float(const struct nh_conf *c, const char *name);
bool nh_conf_bool(const struct nh_conf *c, const char *name);
int64_t nh_conf_seconds(const struct nh_conf *c, const char *name);
size_t nh_conf_list_size(const struct nh_conf *c, const char *name);
const char *nh_conf_list(const struct nh_conf *c, const char *name, size_t i);
bool nh_conf_is_set(const struct nh_conf *c, const char *name); /* written in the file */
size_t nh_conf_sections(
    const struct nh_conf *c, const char *name); /* 0 or 1 for SECTION */
const struct nh_conf *nh_conf_section(
    const struct nh_conf *c, const char *name, size_t i);
/* The section that may stand once: when it is not written, one of defaults; NULL when
 * that cannot be because something in it is required. */
const struct nh_conf *nh_conf_only(const struct nh_conf *c, const char *name);
const char *nh_conf_title(const struct nh_conf *c);

/* A problem with option `name` of `c` (NULL: the section itself), at its line. Returns
 * NH_ECONF. */
enum nh_err nh_conf_bad(const struct nh_conf *c, const char *name,
    struct nh_conf_problem *problem, const char *fmt, ...) NH_PRINTF(4, 5);

/*
 * "90s", "5min", "2h", "14d", "2w", "5y" (365 days), or with `plain_unit` a number alone,
 * as seconds. NH_EINVAL for anything else and for what does not fit 100 years.
 */
enum nh_err nh_conf_parse_duration(
    const char *text, const char *plain_unit, int64_t *seconds) NH_MUST_CHECK;

/* Where option `name` of `c` (NULL: the section) is written: "file:line". */
void nh_conf_where(const struct nh_conf *c, const char *name, char *out, size_t size);

/* The option table as mdoc(7) items, for the man page and the test that compares. */
void nh_conf_manual(const struct nh_conf_row *schema, struct nh_buf *out);

#endif
