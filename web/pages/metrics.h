/* SPDX-License-Identifier: GPL-3.0-or-later */
/* metrics.h - the text of /metrics, for the page and its test */
#ifndef WEB_PAGES_METRICS_H
#define WEB_PAGES_METRICS_H

#include "web/http.h"
#include "web/snapshot.h"

void metrics_put(struct nh_buf *b, struct snapshot *s, const struct http_counts *counts);

#endif
