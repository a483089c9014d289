/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snapshot.h - the collector's documents, as they are now or were last known
 *
 * Follows the control socket (docs/CONTROL.md) and holds every document it sends. When
 * the collector goes away the documents stay, `lost_s` says since when, and the socket is
 * tried again until it is back. Questions of one answer (series, graphs) go over the same
 * connection.
 *
 * Threads: the loop's only.
 */
#ifndef WEB_SNAPSHOT_H
#define WEB_SNAPSHOT_H

#include "libnhip/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct snapshot;

struct snapshot_events {
    /* Document `doc` ("overview", "site", "service", "incident") of `key` changed or
     * went. `shown`: something that the province page shows did. */
    void (*on_change)(void *arg, const char *doc, const char *key, bool shown);
    void (*on_contact)(void *arg, bool contact);
    void *arg;
};

enum nh_err snapshot_new(struct snapshot **out, struct event_base *base,
    const char *socket_path, const struct snapshot_events *events) NH_MUST_CHECK;
void snapshot_free(struct snapshot *s);

/* Documents are lent until the next turn of the loop; NULL when there is none. */
const json_t *snapshot_overview(const struct snapshot *s);
size_t snapshot_sites(const struct snapshot *s);
const json_t *snapshot_site_at(const struct snapshot *s, size_t i);
/* Another number whenever what the province page shows of that site has changed; no two
 * sites have the same. */
uint64_t snapshot_site_shown(const struct snapshot *s, size_t i);
const json_t *snapshot_site(const struct snapshot *s, const char *id);
size_t snapshot_services(const struct snapshot *s);
const json_t *snapshot_service_at(const struct snapshot *s, size_t i);
const json_t *snapshot_service(const struct snapshot *s, const char *id);
/* Incidents that are open or ended within a day: open ones first, worst first, then those
 * that ended last. `number` is "412". */
size_t snapshot_incidents(const struct snapshot *s);
const json_t *snapshot_incident_at(struct snapshot *s, size_t i);
const json_t *snapshot_incident(const struct snapshot *s, const char *number);
/* Has no end been seen? */
bool incident_is_open(const json_t *incident);
/* Grows with every change of what the province page shows. */
uint64_t snapshot_shown_revision(const struct snapshot *s);
bool snapshot_has_contact(const struct snapshot *s);
/* Has a whole snapshot ever come? And when was the contact lost (0: it never was). */
bool snapshot_is_ready(const struct snapshot *s);
int64_t snapshot_lost_s(const struct snapshot *s);

/*
 * Ask the collector; takes `request` (its id is set here). `done` is called once, later:
 * with the result, or with NULL and a code of docs/CONTROL.md ("failed" after 10 s or
 * when there is no contact). The result is borrowed for the call.
 */
enum nh_err snapshot_ask(struct snapshot *s, json_t *request,
    void (*done)(void *arg, const json_t *result, const char *code),
    void *arg) NH_MUST_CHECK;

/* One answer line of the socket as if it had come: for tests and benches. */
void snapshot_take(struct snapshot *s, const json_t *line);

#endif
