/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * view_incident.h - incidents made ready for templates: whose, since when, why, what next
 */
#ifndef WEB_VIEW_INCIDENT_H
#define WEB_VIEW_INCIDENT_H

#include "web/view.h"

/* "SC-0412", "sc-412" or "412" -> 412; 0: neither. */
uint32_t incident_number(const char *id);
/* As one line: title, party and its hotline, since, how many sites, acknowledged by. */
json_t *view_incident(const struct web *w, const json_t *incident, enum nh_lang lang);
/*
 * Into `view`: "incidents", what is open and wants somebody, and "planned_work", what is
 * open and only recorded; `most` of them each, "more" the number left out. With `covers`
 * only those that it says yes to.
 */
void view_add_incidents(json_t *view, const struct web *w, enum nh_lang lang, size_t most,
    bool (*covers)(const json_t *incident, const char *id), const char *id);
bool incident_covers_site(const json_t *incident, const char *site);
bool incident_covers_link(const json_t *incident, const char *link);
bool incident_covers_service(const json_t *incident, const char *service);
/* Those of a list that stand for themselves, the newest change first. The array is the
 * caller's, what it points to the list's; NULL: out of memory. */
const json_t **incidents_newest_first(const json_t *list, size_t *count);
/* The whole of one: view_incident() and its reasons, doubt, minutes, links, time line,
 * and who was told. */
json_t *view_incident_page(
    const struct web *w, const json_t *incident, enum nh_lang lang);
/* What the outbox says of itself when some of it failed or waits long; NULL: all is well.
 */
json_t *view_messages(const struct web *w);

#endif
