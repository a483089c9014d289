/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * events.h - /events: pages hear what has changed
 *
 * Changes are gathered for a second and sent as one event: the ids of changed documents,
 * whether the province page looks different, and the counts. A comment every 15 s finds
 * clients that have gone.
 */
#ifndef WEB_PAGES_EVENTS_H
#define WEB_PAGES_EVENTS_H

#include "web/web.h"

struct events;
enum nh_err events_new(
    struct events **out, struct event_base *base, struct web *w) NH_MUST_CHECK;
void events_end_all(struct events *e); /* before the server stops */
void events_free(struct events *e);
void events_changed(struct events *e, const char *doc, const char *key, bool shown);

#endif
