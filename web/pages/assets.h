/* SPDX-License-Identifier: GPL-3.0-or-later */
/* assets.h - the files below /assets/, read once at start */
#ifndef WEB_PAGES_ASSETS_H
#define WEB_PAGES_ASSETS_H

#include "web/http.h"

struct assets;
enum nh_err assets_load(struct assets **out, const char *dir) NH_MUST_CHECK;
void assets_free(struct assets *a);

#endif
