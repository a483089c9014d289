/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * standing.h - what is said of a link elsewhere than in its site's document
 *
 * The cause is that of the open incident that covers the link; of several the one of the
 * gravest kind, then the oldest. The availability is that of the month's report, which is
 * asked for now and then and kept: it costs too much to be made for a walk.
 *
 * Threads: one owner.
 */
#ifndef AGENTX_STANDING_H
#define AGENTX_STANDING_H

#include "mibs/agentx/rows.h"
#include <jansson.h>

struct standing;

enum nh_err standing_new(struct standing **out) NH_MUST_CHECK;
void standing_free(struct standing *s);
void standing_clear(struct standing *s); /* of incidents: a snapshot names all anew */

/* An incident as it stands now, NULL: it is gone; the rows of its links follow. */
void standing_incident(
    struct standing *s, struct rows *r, const char *number, const json_t *incident);
/* Documents of links have come or gone: where a link is another carrier's now, or none,
 * its troubles are too. */
void standing_moved(const struct standing *s, struct rows *r);
/* A month's report, NULL: none is known; the rows of its links follow. */
void standing_report(struct standing *s, struct rows *r, const json_t *report);
/* Into a link's row, which may be NULL. */
void standing_put(
    const struct standing *s, struct row *row, const char *site, const char *link);

#endif
