/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_request.h - one request of the control socket, read and checked
 *
 * A pure function of a JSON object: everything a handler uses has its type and its range.
 */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "libnhip/record.h"
#include <jansson.h>

enum control_do {
    CONTROL_STATUS,
    CONTROL_SITES,
    CONTROL_SITE,
    CONTROL_SERVICES,
    CONTROL_FOLLOW,
    CONTROL_TAIL,
    CONTROL_SERIES,
    CONTROL_GRAPH,
    CONTROL_EXPORT,
    CONTROL_AGENT_ADD,
    CONTROL_AGENT_REVOKE,
    CONTROL_AGENT_ROTATE,
    CONTROL_AGENT_LIST,
    CONTROL_RELOAD,
    CONTROL_SERIES_REBUILD,
    CONTROL_JOURNAL,
    CONTROL_TEST,
    CONTROL_INCIDENTS,
    CONTROL_INCIDENT,
    CONTROL_INCIDENT_ACT,
    CONTROL_ACK_LINK,
    CONTROL_SMS_IN,
    CONTROL_PLANNED_LIST,
    CONTROL_PLANNED_ADD,
    CONTROL_PLANNED_END,
    CONTROL_REPORT,
    CONTROL_DEVICE,
};

enum {
    CONTROL_ID_MAX = 40,
    CONTROL_POINTS_MAX = 2000,
    CONTROL_TEXT_MAX = 2001,
    CONTROL_LIST_MAX = 8192
};

struct control_request {
    char id[CONTROL_ID_MAX]; /* a number as JSON text, "0" when none was given */
    enum control_do what;
    char site[NH_SITE_ID_MAX], check[NH_CHECK_ID_MAX], host[256];
    char device[NH_CHECK_ID_MAX]; /* OWNER/ID */
    char link[NH_SITE_ID_MAX], service[NH_SITE_ID_MAX], test[16];
    char chart[16], format[8], lang[8];
    int64_t port; /* 0: the collector's */
    int64_t from, to, points, width, height, count;
    /* of incidents and planned work; `to` 0: now */
    int64_t number, open, confirm;
    char action[16], who[NH_SITE_ID_MAX], way[16], text[CONTROL_TEXT_MAX];
    char token[192], number_from[32], planned[NH_SITE_ID_MAX], party[NH_SITE_ID_MAX];
    char month[8], why[256], sites[CONTROL_LIST_MAX], links[CONTROL_LIST_MAX];
};

/* NH_EINVAL: `why` says what is wrong in words; `id` is filled in either way. */
enum nh_err control_request_read(
    const json_t *object, struct control_request *r, char why[160]) NH_MUST_CHECK;

#endif
