/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manual.h - a manual page lists a schema as it is */
#ifndef MANUAL_H
#define MANUAL_H

#include "libnhip/conf.h"

/*
 * Checks that the section OPTIONS of the page docs/man/`page`, up to its section FILES,
 * is what `schema` says, that every row has its help, and that mandoc's lint is content
 * (where it is installed). With NHIP_REWRITE in the environment the section is written
 * anew.
 */
void check_manual(const char *page, const struct nh_conf_row *schema);

#endif
