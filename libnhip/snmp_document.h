/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_document.h - what was learnt of a device, as JSON (docs/CONTROL.md, "device")
 *
 * It is made in pieces, because an agent says it in RESULTs of a kilobyte. Each piece is
 * an object; put together, members of the same name that are lists are joined.
 */
#ifndef NH_SNMP_DOCUMENT_H
#define NH_SNMP_DOCUMENT_H

#include "libnhip/snmp_polled.h"
#include <jansson.h>

struct nh_snmp_document_place { /* zeroed to begin */
    int section;
    size_t row;
};

/* The next piece, of at most `max_bytes` of text (512 and more), owned by the caller;
 * NULL at the end. A row that is larger is left out. */
json_t *nh_snmp_document_next(const struct nh_snmp_learnt *learnt,
    struct nh_snmp_document_place *at, size_t max_bytes);
/* Put a piece, which may come from outside, into the whole; false: it is no piece, or
 * the whole would have more than some thousand rows. */
bool nh_snmp_document_join(json_t *whole, const json_t *piece);

#endif
