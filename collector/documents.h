/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * documents.h - the JSON documents of docs/CONTROL.md, as text
 *
 * Written by hand into a buffer: at a province's size they are made by the thousand.
 * Threads: the loop's only.
 */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include "libnhip/buf.h"
#include <jansson.h>

struct collector;
struct judge_check;
struct judge_site;
struct judge_service;

void document_overview(const struct collector *c, int64_t now_ms, struct nh_buf *out);
void document_site(
    const struct collector *c, const struct judge_site *site, struct nh_buf *out);
void document_service(const struct judge_service *service, struct nh_buf *out);
void document_check(const struct judge_check *check, struct nh_buf *out); /* NULL: null */
/* The device "OWNER/ID" with what was learnt of it by SNMP (NULL: nothing, and `why` says
 * why in words, "" where nothing is amiss); false, and nothing put: there is none. */
bool document_device(const struct collector *c, const char *id, const json_t *learnt,
    const char *why, struct nh_buf *out);
void document_agents(const struct collector *c, struct nh_buf *out);
void document_journal(const struct collector *c, struct nh_buf *out);

#endif
