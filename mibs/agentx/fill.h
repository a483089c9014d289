/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fill.h - rows out of the documents that are there
 *
 *   overview (docs/CONTROL.md)  nhipGeneral, carriers, the centre's uplinks
 *   site                        the site, its links, devices, services, power, agent
 *   service                     the service
 *   incident                    the incident, and the links that it covers
 *   the agent's status          what that box measures, and its path results
 *
 * A document of the wrong shape gives the rows that it can.
 */
#ifndef AGENTX_FILL_H
#define AGENTX_FILL_H

#include "mibs/agentx/rows.h"
#include <jansson.h>

/* `s`: what else is said of their links. */
struct standing;
void fill_overview(struct rows *r, const json_t *overview, const struct standing *s);
void fill_site(struct rows *r, const json_t *site, const struct standing *s);
void fill_service(struct rows *r, const json_t *service);
void fill_incident(struct rows *r, const json_t *incident);
void fill_agent(struct rows *r, const json_t *status, int64_t now_s);
/* The name that a document's rows are kept under. */
void fill_key(const char *doc, const char *key, char *out, size_t size);

#endif
