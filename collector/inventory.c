/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory.c - loading as a whole or not at all, looking things up, letting go
 *
 * The file is parsed by its schema (inventory_schema.c), then its sections are read in
 * the order that their references need: whom to tell, carriers and their nodes and
 * contracts, sites, the centre, services, plans (inventory_read.c, inventory_sites.c).
 * The first problem ends it with its file and line.
 */
#include "collector/inventory.h"
#include "collector/inventory_reader.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024 };

struct inv_chunk {
    struct inv_chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

void *
inv_alloc(struct inv_store *store, size_t count, size_t size)
{
    size_t align = _Alignof(max_align_t), n;
    struct inv_chunk *chunk = store->chunks;

    if (size > 0 && count > (SIZE_MAX / 2) / size)
        return NULL;
    n = (count * size + align) / align * align; /* never 0: an empty array has a place */
    if (chunk == NULL || chunk->size - chunk->used < n) {
        size_t bytes = n > CHUNK_BYTES ? n : CHUNK_BYTES;

        chunk = calloc(1, sizeof(*chunk) + bytes);
        if (chunk == NULL)
            return NULL;
        chunk->size = bytes;
        chunk->next = store->chunks;
        store->chunks = chunk;
    }
    chunk->used += n;
    return chunk->bytes + chunk->used - n;
}

char *
inv_strdup(struct inv_store *store, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = inv_alloc(store, n, 1);

    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

enum nh_err
inv_index_add(struct inv_store *store, enum inv_kind kind, const char *id, void *thing)
{
    struct inv_index *index = &store->index[kind];
    struct inv_entry *grown;

    if (index->count == index->cap) {
        index->cap = index->cap > 0 ? index->cap * 2 : 16;
        grown = realloc(index->entries, index->cap * sizeof(*grown));
        if (grown == NULL)
            return NH_ENOMEM;
        index->entries = grown;
    }
    index->entries[index->count++] = (struct inv_entry){ id, thing };
    return NH_OK;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct inv_entry *left = a, *right = b;

    return strcmp(left->id, right->id);
}

void
inv_index_sort(struct inv_store *store, enum inv_kind kind)
{
    struct inv_index *index = &store->index[kind];

    if (index->count > 0)
        qsort(index->entries, index->count, sizeof(*index->entries), compare_entries);
}

void *
inv_index_find(const struct inv_store *store, enum inv_kind kind, const char *id)
{
    const struct inv_index *index = &store->index[kind];
    struct inv_entry key = { id, NULL };
    const struct inv_entry *found = NULL;

    if (index->count > 0)
        found = bsearch(
            &key, index->entries, index->count, sizeof(*index->entries), compare_entries);
    return found != NULL ? found->thing : NULL;
}

/* `inv` is the first member of its store. */
static const struct inv_store *
store_of(const struct inventory *inv)
{
    return (const struct inv_store *)inv;
}

struct inv_site *
inventory_site(const struct inventory *inv, const char *id)
{
    return inv_index_find(store_of(inv), INV_SITE, id);
}

const struct inv_device *
inventory_device(
    const struct inventory *inv, const char *id, const struct inv_site **site)
{
    const char *slash = strchr(id, '/');
    size_t len = slash != NULL ? (size_t)(slash - id) : 0;
    const struct inv_device *devices = inv->centre.devices;
    size_t count = inv->centre.device_count;
    char owner[64];

    *site = NULL;
    if (len == 0 || len >= sizeof(owner))
        return NULL;
    memcpy(owner, id, len);
    owner[len] = '\0';
    if (strcmp(owner, "centre") != 0) {
        *site = inventory_site(inv, owner);
        devices = *site != NULL ? (*site)->devices : NULL;
        count = *site != NULL ? (*site)->device_count : 0;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(devices[i].id, slash + 1) == 0)
            return &devices[i];
    return NULL;
}

struct nh_snmp_files
inventory_snmp_files(const struct inv_snmp *s)
{
    return (struct nh_snmp_files){ .version = s->version,
        .user = s->user,
        .level = s->level,
        .auth = s->auth,
        .auth_key_file = s->auth_key_file,
        .priv = s->priv,
        .priv_key_file = s->priv_key_file,
        .community_file = s->community_file };
}

struct inv_link *
inventory_link(const struct inventory *inv, const char *id)
{
    return inv_index_find(store_of(inv), INV_LINK, id);
}

struct inv_service *
inventory_service(const struct inventory *inv, const char *id)
{
    return inv_index_find(store_of(inv), INV_SERVICE, id);
}

static void
free_store(struct inv_store *store)
{
    struct inv_chunk *next;

    if (store == NULL)
        return;
    for (size_t i = 0; i < INV_KINDS; i++)
        free(store->index[i].entries);
    for (struct inv_chunk *chunk = store->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(store);
}

enum nh_err
inventory_load(struct inventory **out, const char *path, struct nh_conf_problem *problem)
{
    struct inv_store *store = NULL;
    struct nh_conf *conf = NULL;
    enum nh_err err;

    *out = NULL;
    err = nh_conf_load(&conf, path, inventory_schema(), problem);
    if (err != NH_OK)
        return err;
    store = calloc(1, sizeof(*store));
    err = NH_ENOMEM;
    if (store != NULL)
        store->inv.path = inv_strdup(store, path);
    if (store != NULL && store->inv.path != NULL) {
        struct inv_reader reader = {
            .store = store, .inv = &store->inv, .conf = conf, .problem = problem
        };

        err = inv_read(&reader);
    }
    nh_conf_free(conf);
    if (err == NH_OK) {
        *out = &store->inv;
        return NH_OK;
    }
    if (problem->text[0] == '\0')
        snprintf(
            problem->text, sizeof(problem->text), "%s:1: %s", path, nh_strerror(err));
    free_store(store);
    return err;
}

void
inventory_free(struct inventory *inv)
{
    free_store((struct inv_store *)inv);
}

static void
put_count(struct nh_buf *out, const char *before, size_t n, const char *one)
{
    nh_buf_printf(out, "%s%zu %s%s", before, n, one, n == 1 ? "" : "s");
}

void
inventory_summary(const struct inventory *inv, struct nh_buf *out)
{
    size_t links = 0, devices = inv->centre.device_count, agents = 0;

    for (size_t i = 0; i < inv->site_count; i++) {
        links += inv->sites[i].link_count;
        devices += inv->sites[i].device_count;
        agents += inv->sites[i].agent ? 1 : 0;
    }
    nh_buf_printf(out, "configuration OK: ");
    put_count(out, "", inv->site_count, "site");
    put_count(out, ", ", links, "link");
    put_count(out, ", ", agents, "agent");
    put_count(out, ", ", devices, "device");
    put_count(out, ", ", inv->carrier_count, "carrier");
    put_count(out, ", ", inv->service_count, "service");
    put_count(out, ", ", inv->contact_count, "contact");
    if (inv->drill)
        nh_buf_printf(out, " (a drill)");
}

bool
inventory_link_excludes(const struct inv_link *link, const char *cause)
{
    for (size_t i = 0; link->contract != NULL && i < link->contract->excluded_count; i++)
        if (strcmp(link->contract->excluded[i], cause) == 0)
            return true;
    return false;
}
