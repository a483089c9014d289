/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf_sweep.h - reads a configuration file's text once before libConfuse does
 *
 * Internal to conf.c. What the sweep lets through is what libConfuse's lexer reads right:
 * comments are blanked, include()s taken out and listed, and everything that the lexer
 * would drop or misread in silence is an error with its line.
 */
#ifndef NH_CONF_SWEEP_H
#define NH_CONF_SWEEP_H

#include "libnhip/conf.h"

enum { NH_CONF_TEXT_MAX = 8 << 20, NH_CONF_NESTING_MAX = 8 };

struct nh_conf_include {
    int line;
    char *pattern; /* owned */
};
struct nh_conf_sweep {
    char *text; /* borrowed: `len` bytes and a NUL, changed in place */
    size_t len;
    /* Sections by other names than these rows' are blanked; NULL: none are. */
    const struct nh_conf_row *only; /* borrowed */
    size_t include_count, section_count;
    struct nh_conf_include *includes; /* owned */
    /* The line of the name of each section, in the order in which sections close. */
    int *section_lines; /* owned */
    int bad_line;       /* NH_ECONF: where, and what is wrong */
    char bad[256];
};

enum nh_err nh_conf_sweep(struct nh_conf_sweep *s) NH_MUST_CHECK;
void nh_conf_sweep_fini(struct nh_conf_sweep *s);

#endif
