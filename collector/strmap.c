/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * strmap.c - FNV-1a and linear probing
 *
 * Ids come from the inventory or from an agent of ours, so a keyed hash is not needed.
 */
#include "collector/strmap.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t
hash_of(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (; *key != '\0'; key++)
        h = (h ^ (uint8_t)*key) * UINT64_C(1099511628211);
    return (size_t)(h ^ (h >> 29));
}

/* The entry of `key`, or the free one where it would go. */
static struct strmap_entry *
entry_of(struct strmap_entry *entries, size_t size, const char *key)
{
    size_t i = hash_of(key) & (size - 1);

    while (entries[i].key != NULL && strcmp(entries[i].key, key) != 0)
        i = (i + 1) & (size - 1);
    return &entries[i];
}

static enum nh_err
grow(struct strmap *m)
{
    size_t size = m->size == 0 ? 64 : m->size * 2;
    struct strmap_entry *entries = calloc(size, sizeof(*entries));

    if (entries == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < m->size; i++)
        if (m->entries[i].key != NULL)
            *entry_of(entries, size, m->entries[i].key) = m->entries[i];
    free(m->entries);
    m->entries = entries;
    m->size = size;
    return NH_OK;
}

void
strmap_fini(struct strmap *m)
{
    free(m->entries);
    *m = (struct strmap){ 0 };
}

enum nh_err
strmap_put(struct strmap *m, const char *key, void *value)
{
    struct strmap_entry *e;

    if (m->used * 2 >= m->size) {
        enum nh_err err = grow(m);

        if (err != NH_OK)
            return err;
    }
    e = entry_of(m->entries, m->size, key);
    if (e->key == NULL) {
        e->key = key;
        m->used++;
    }
    e->value = value;
    return NH_OK;
}

void *
strmap_get(const struct strmap *m, const char *key)
{
    return m->size == 0 ? NULL : entry_of(m->entries, m->size, key)->value;
}
