/* SPDX-License-Identifier: GPL-3.0-or-later */
/* archives.h - "10s:1d, 1min:14d, 5min:90d:max": the form of collector.retention */
#ifndef ARCHIVES_H
#define ARCHIVES_H

#include "collector/series/series.h"

enum { SERIES_ARCHIVES_MAX = 8 };

/* NH_EINVAL when the text is not of that form, or names none, or too many. */
enum nh_err series_archives(const char *text,
    struct series_archive out[SERIES_ARCHIVES_MAX], size_t *count) NH_MUST_CHECK;

#endif
