/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fill_shared.h - a check's values into the columns of its row, for both sides */
#ifndef AGENTX_FILL_SHARED_H
#define AGENTX_FILL_SHARED_H

#include "mibs/agentx/rows.h"
#include <jansson.h>

const char *fill_text(const json_t *o, const char *key); /* NULL: none */
/* Of what the inventory may leave open: NULL where it is empty. */
const char *fill_known(const json_t *o, const char *key);
/* A number of `o` times `scale`, rounded; false: not known. */
bool fill_number(const json_t *o, const char *key, double scale, int64_t *out);
void fill_put(
    struct row *row, int column, const json_t *o, const char *key, double scale);

/* `values` of a train of probes: mean round trip and loss; jitter where column > 0. */
void fill_train(
    struct row *row, int rtt_column, int loss_column, int jitter, const json_t *values);
void fill_port(struct row *row, const json_t *values);
void fill_power(struct row *row, const json_t *values);
void fill_host(struct row *row, const json_t *values);
void fill_snmp(struct row *row, const json_t *values);
void fill_probe(struct row *row, const json_t *values);
struct row *fill_link_row(struct rows *r, struct owner *o, const char *carrier,
    const char *site, const char *name);
/* Of an incident, as the MIB numbers them; 0: a word that it does not know. */
int fill_cause(const json_t *incident);
int fill_kind(const json_t *incident);
void fill_date(struct row *row, int column, const json_t *o, const char *key);
struct row *fill_row(struct rows *r, struct owner *o, enum table table, const char *first,
    const char *second);

#endif
