/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_reader.h - how the inventory's files work together while one is loaded
 *
 * Internal to inventory*.c. Everything an inventory holds lies in one arena and goes with
 * it. A function that finds something wrong says so in reader.problem and returns
 * NH_ECONF.
 */
#ifndef INVENTORY_READER_H
#define INVENTORY_READER_H

#include "collector/inventory.h"

enum { INV_ID_MAX = 48 /* so that check ids stay below NH_CHECK_ID_MAX */ };

enum inv_kind {
    INV_CARRIER,
    INV_POP,
    INV_CONTRACT,
    INV_FEEDER,
    INV_CONTACT,
    INV_SNMP,
    INV_SITE,
    INV_LINK, /* by SITE/LINK; uplinks by centre/UPLINK */
    INV_SERVICE,
    INV_KINDS
};
struct inv_entry {
    const char *id;
    void *thing;
};
struct inv_index {
    size_t count, cap;
    struct inv_entry *entries; /* sorted by id once filled */
};

struct inv_chunk;
struct inv_store { /* what *out of inventory_load() really is */
    struct inventory inv;
    struct inv_chunk *chunks;
    struct inv_index index[INV_KINDS];
};

struct inv_reader {
    struct inv_store *store;
    struct inventory *inv;
    const struct nh_conf *conf, *province;
    struct nh_conf_problem *problem;
};

/* Zeroed memory that lasts as long as the inventory; NULL: out of memory. */
void *inv_alloc(struct inv_store *store, size_t count, size_t size);
char *inv_strdup(struct inv_store *store, const char *text);

enum nh_err inv_index_add(struct inv_store *store, enum inv_kind kind, const char *id,
    void *thing) NH_MUST_CHECK;
void inv_index_sort(struct inv_store *store, enum inv_kind kind);
void *inv_index_find(const struct inv_store *store, enum inv_kind kind, const char *id);

/* inventory_values.c: words with a form of their own. False: not that. */
bool inv_is_id(const char *text);
bool inv_is_address(const char *text);
bool inv_is_interface(const char *text);
bool inv_is_url(const char *text, const char *schemes); /* "http https" */
bool inv_is_hours(const char *text); /* "mon-fri 07:30-11:30,13:30-17:00" */
bool inv_is_span(const char *text);  /* "22:00-06:00" */
bool inv_is_at(const char *text);    /* "mon 08:00" */
/* "ADDRESS:PORT" or "[ADDRESS]:PORT"; host: a numeric address, or any name. */
bool inv_split_port(
    const char *text, bool any_name, char *host, size_t host_size, int *port);
/* "2026-11-30 22:00" in `zone`. NH_EINVAL: no such time; NH_ENOTFOUND: no such zone. */
enum nh_err inv_parse_time(const char *text, const char *zone, int64_t *wall_s);
bool inv_is_zone(const char *zone);
bool inv_parse_limit(const char *text, struct inv_limit *out, char why[128]);
bool inv_parse_retention(
    const char *text, struct inv_archive *out, size_t max, size_t *count, char why[128]);

/* Leave with the error, if there is one. */
#define TRY(call)                                                                        \
    do {                                                                                 \
        enum nh_err try_ = (call);                                                       \
        if (try_ != NH_OK)                                                               \
            return try_;                                                                 \
    } while (0)

/* inventory_read.c: sections into structs, in the order that references need. */
enum nh_err inv_read(struct inv_reader *r) NH_MUST_CHECK;
/* Keys that `section` does not set keep what *q holds, once it holds something. */
enum nh_err inv_read_quality(struct inv_reader *r, const struct nh_conf *section,
    struct inv_quality *q) NH_MUST_CHECK;

/* inventory_field.c: the value of key `name` of `c`, copied. */
enum nh_err inv_str(struct inv_reader *r, const struct nh_conf *c, const char *name,
    char **out) NH_MUST_CHECK;
/* The thing that `name` of `c` refers to; *out is NULL when it is empty. */
enum nh_err inv_ref(struct inv_reader *r, const struct nh_conf *c, const char *name,
    enum inv_kind kind, void *out) NH_MUST_CHECK;
enum nh_err inv_ref_required(struct inv_reader *r, const struct nh_conf *c,
    const char *name, enum inv_kind kind, void *out) NH_MUST_CHECK;
enum nh_err inv_refs(struct inv_reader *r, const struct nh_conf *c, const char *name,
    enum inv_kind kind, void *array, size_t *count) NH_MUST_CHECK;
enum nh_err inv_address(struct inv_reader *r, const struct nh_conf *c, const char *name,
    char **out) NH_MUST_CHECK;
enum nh_err inv_choice(struct inv_reader *r, const struct nh_conf *c, const char *name,
    const char *words, char **out) NH_MUST_CHECK;
enum nh_err inv_hours(struct inv_reader *r, const struct nh_conf *c, const char *name,
    char **out) NH_MUST_CHECK;
/* A file's name, relative to nhip.conf; `secret`: warn when others may read it. */
enum nh_err inv_file(struct inv_reader *r, const struct nh_conf *c, const char *name,
    bool secret, char **out) NH_MUST_CHECK;
enum nh_err inv_url(struct inv_reader *r, const struct nh_conf *c, const char *name,
    const char *schemes, char **out) NH_MUST_CHECK;
enum nh_err inv_listen(struct inv_reader *r, const struct nh_conf *c, const char *name,
    bool may_be_empty, char **out) NH_MUST_CHECK;
/* "ADDRESS" or "ADDRESS:PORT", always with a port in *out; "" stays "". */
enum nh_err inv_endpoint(struct inv_reader *r, const struct nh_conf *c, const char *name,
    int default_port, char **out) NH_MUST_CHECK;
enum nh_err inv_absolute(struct inv_reader *r, const struct nh_conf *c, const char *name,
    char **out) NH_MUST_CHECK;
/* Is `text` one of the words in `words`, which single spaces part? */
bool inv_is_one_of(const char *text, const char *words);
enum nh_err inv_title(
    struct inv_reader *r, const struct nh_conf *c, char **out) NH_MUST_CHECK;
/* The title of what has a row in NHIP-MIB: one of more than `max` letters is warned of.
 */
enum { INV_ROW_ID_MAX = 40, INV_ROW_NAME_MAX = 24 };
enum nh_err inv_row_title(
    struct inv_reader *r, const struct nh_conf *c, size_t max, char **out) NH_MUST_CHECK;

/* inventory_sites.c: sites, the centre, their links and devices. */
enum nh_err inv_read_sites(struct inv_reader *r) NH_MUST_CHECK;
enum nh_err inv_read_centre(struct inv_reader *r) NH_MUST_CHECK;
/* The far end of a link's path probes, or "" when nothing says it. */
void inv_path_target(
    const struct inventory *inv, const struct inv_link *link, char *out, size_t size);

#endif
