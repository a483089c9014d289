/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query.h - what is asked of the files: rows as a JSON document, pictures by rrd_graph
 *
 * Requests and results are those of docs/CONTROL.md (`series`, `graph`).
 */
#ifndef QUERY_H
#define QUERY_H

#include "collector/series/series.h"
#include <jansson.h>

/* The owned result, or NULL with *code ("bad_request", "not_found", "failed") and `why`.
 */
json_t *query_fetch(
    struct series *s, const json_t *request, const char **code, char why[160]);
json_t *query_graph(
    struct series *s, const json_t *request, const char **code, char why[160]);

#endif
