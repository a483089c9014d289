/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page.h - the status document as a page of a terminal
 */
#ifndef AGENT_PAGE_H
#define AGENT_PAGE_H

#include "libnhip/text.h"
#include <jansson.h>

void page_render(const json_t *document, enum nh_lang lang, struct nh_buf *out);

#endif
