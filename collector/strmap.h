/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strmap.h - from a string to a pointer, by hash
 *
 * Keys are borrowed and must outlive the map; a key is given once. Open addressing, never
 * more than half full. Threads: one owner.
 */
#ifndef STRMAP_H
#define STRMAP_H

#include "libnhip/err.h"

struct strmap_entry {
    const char *key; /* borrowed; NULL: free */
    void *value;
};
struct strmap {
    struct strmap_entry *entries; /* owned */
    size_t size, used;
};

void strmap_fini(struct strmap *m); /* a zeroed struct is an empty map */
/* Errors: NH_ENOMEM. A key that is there gets the new value. */
enum nh_err strmap_put(struct strmap *m, const char *key, void *value) NH_MUST_CHECK;
void *strmap_get(const struct strmap *m, const char *key); /* NULL when there is none */

#endif
