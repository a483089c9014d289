/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keys.c - the table of keys in memory, sorted by identity, and its file
 *
 * A line of the file: identity site state created used expires from key. "-" stands for
 * no predecessor, the key is 64 hex digits. A change is made in a copy of the table, the
 * copy is written, and only then takes the table's place: a full disk changes nothing.
 */
#include "collector/keys.h"
#include "libnhip/folder.h"
#include "libnhip/log.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS_MAX = 1 << 20, KEY_LINE_MAX = 512 };

static const int64_t DAY_S = 86400;

struct table {
    struct key_row *rows;  /* owned, sorted by identity */
    size_t count, offered; /* offered: rows of that state */
};
struct keys {
    char *path;
    struct table table;
};

static const char *const state_names[] = {
    [KEY_INVITED] = "invited",
    [KEY_OFFERED] = "offered",
    [KEY_JOINED] = "joined",
    [KEY_REVOKED] = "revoked",
    [KEY_BURNT] = "burnt",
};

const char *
key_state_name(enum key_state state)
{
    return state_names[state];
}

static void
table_fini(struct table *t)
{
    if (t->rows != NULL)
        nh_wipe(t->rows, t->count * sizeof(t->rows[0]));
    free(t->rows);
    *t = (struct table){ 0 };
}

/* A copy with room for one more. */
static enum nh_err
table_copy(struct table *out, const struct table *t)
{
    out->rows = calloc(t->count + 1, sizeof(out->rows[0]));
    if (out->rows == NULL)
        return NH_ENOMEM;
    if (t->count > 0)
        memcpy(out->rows, t->rows, t->count * sizeof(t->rows[0]));
    out->count = t->count;
    return NH_OK;
}

static int
compare_rows(const void *a, const void *b)
{
    return strcmp(
        ((const struct key_row *)a)->identity, ((const struct key_row *)b)->identity);
}

static struct key_row *
table_find(const struct table *t, const char *identity)
{
    size_t low = 0, high = t->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(t->rows[mid].identity, identity);

        if (order == 0)
            return &t->rows[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static void
table_drop(struct table *t, size_t i)
{
    nh_wipe(&t->rows[i], sizeof(t->rows[i]));
    memmove(&t->rows[i], &t->rows[i + 1], (t->count - i - 1) * sizeof(t->rows[0]));
    t->count--;
}

/* Put `row` at its place; the table was copied with room for it. */
static void
table_add(struct table *t, const struct key_row *row)
{
    size_t i = t->count;

    while (i > 0 && compare_rows(&t->rows[i - 1], row) > 0)
        i--;
    memmove(&t->rows[i + 1], &t->rows[i], (t->count - i) * sizeof(t->rows[0]));
    t->rows[i] = *row;
    t->count++;
}

static void
end_row(struct key_row *row, enum key_state state)
{
    row->state = state;
    nh_wipe(row->key, sizeof(row->key));
}

static void
row_format(const struct key_row *row, FILE *f)
{
    fprintf(f, "%s %s %s %" PRId64 " %" PRId64 " %" PRId64 " %s ", row->identity,
        row->site, state_names[row->state], row->created_s, row->used_s, row->expires_s,
        row->from[0] == '\0' ? "-" : row->from);
    for (size_t i = 0; i < sizeof(row->key); i++)
        fprintf(f, "%02x", row->key[i]);
    fputc('\n', f);
}

static bool
state_of(const char *name, enum key_state *state)
{
    for (size_t i = 0; i < NH_COUNT(state_names); i++)
        if (strcmp(name, state_names[i]) == 0) {
            *state = (enum key_state)i;
            return true;
        }
    return false;
}

static bool
key_of(const char *hex, uint8_t key[NH_KEY_LEN])
{
    for (size_t i = 0; i < NH_KEY_LEN; i++) {
        unsigned byte;

        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            return false;
        key[i] = (uint8_t)byte;
    }
    return hex[2 * NH_KEY_LEN] == '\0';
}

static bool
row_parse(const char *line, struct key_row *row)
{
    char state[16], hex[2 * NH_KEY_LEN + 2];
    bool ok;

    *row = (struct key_row){ 0 };
    ok = sscanf(line,
             "%63s %63s %15s %" SCNd64 " %" SCNd64 " %" SCNd64 " %63s %65[0-9a-f]",
             row->identity, row->site, state, &row->created_s, &row->used_s,
             &row->expires_s, row->from, hex) == 8 &&
         strlen(hex) == (size_t)2 * NH_KEY_LEN && state_of(state, &row->state) &&
         key_of(hex, row->key);
    if (strcmp(row->from, "-") == 0)
        row->from[0] = '\0';
    nh_wipe(hex, sizeof(hex));
    return ok;
}

static enum nh_err
table_save(const struct table *t, const char *path)
{
    char tmp[4096];
    int fd;
    FILE *f;
    bool ok;

    if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
        return NH_ETOOBIG;
    fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == ENOSPC ? NH_ENOSPC : NH_EIO;
    f = fdopen(fd, "w");
    if (f == NULL) {
        close(fd);
        return NH_ENOMEM;
    }
    for (size_t i = 0; i < t->count; i++)
        row_format(&t->rows[i], f);
    ok = fflush(f) == 0 && fchmod(fd, 0600) == 0 && fsync(fd) == 0;
    ok = fclose(f) == 0 && ok;
    if (!ok || rename(tmp, path) != 0) {
        enum nh_err err = errno == ENOSPC ? NH_ENOSPC : NH_EIO;

        unlink(tmp);
        return err;
    }
    return nh_folder_sync_of(path);
}

static void
count_offered(struct table *t)
{
    t->offered = 0;
    for (size_t i = 0; i < t->count; i++)
        t->offered += t->rows[i].state == KEY_OFFERED;
}

/* The changed copy takes over once it is on disk; it is consumed either way. */
static enum nh_err
take_over(struct keys *k, struct table *changed)
{
    enum nh_err err = table_save(changed, k->path);

    if (err != NH_OK) {
        table_fini(changed);
        return err;
    }
    table_fini(&k->table);
    k->table = *changed;
    count_offered(&k->table);
    return NH_OK;
}

static enum nh_err
load(struct keys *k, FILE *f)
{
    char line[KEY_LINE_MAX];
    struct key_row row;
    size_t cap = 0;
    enum nh_err err = NH_OK;

    for (unsigned n = 1; err == NH_OK && fgets(line, sizeof(line), f) != NULL; n++) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        if (!row_parse(line, &row) || k->table.count >= KEYS_MAX) {
            nh_log(NH_LOG_ERROR, "%s:%u: not a line of the key file", k->path, n);
            err = NH_EFORMAT;
        } else if (k->table.count == cap) {
            struct key_row *more;

            cap = cap == 0 ? 64 : cap * 2;
            more = realloc(k->table.rows, cap * sizeof(*more));
            if (more == NULL)
                err = NH_ENOMEM;
            else
                k->table.rows = more;
        }
        if (err == NH_OK)
            k->table.rows[k->table.count++] = row;
    }
    nh_wipe(line, sizeof(line));
    nh_wipe(&row, sizeof(row));
    if (k->table.count > 0)
        qsort(k->table.rows, k->table.count, sizeof(row), compare_rows);
    count_offered(&k->table);
    return err;
}

enum nh_err
keys_open(struct keys **out, const char *path)
{
    struct keys *k = calloc(1, sizeof(*k));
    struct stat st;
    enum nh_err err = NH_ENOMEM;
    FILE *f = NULL;

    *out = NULL;
    if (k == NULL || (k->path = strdup(path)) == NULL)
        goto out;
    f = fopen(path, "re");
    if (f == NULL) {
        err = errno == ENOENT ? NH_OK : NH_EIO;
    } else if (fstat(fileno(f), &st) != 0 || (st.st_mode & 077) != 0) {
        nh_log(NH_LOG_ERROR, "%s must not be open to others: chmod 600", path);
        err = NH_EAUTH;
    } else {
        err = load(k, f);
    }
    if (err == NH_OK) {
        *out = k;
        k = NULL;
    }
out:
    if (f != NULL)
        fclose(f);
    keys_close(k);
    return err;
}

void
keys_close(struct keys *k)
{
    if (k == NULL)
        return;
    table_fini(&k->table);
    free(k->path);
    free(k);
}

const struct key_row *
keys_get(const struct keys *k, const char *identity)
{
    return table_find(&k->table, identity);
}

bool
key_is_good(const struct key_row *row, int64_t now_s)
{
    if (row->state == KEY_REVOKED || row->state == KEY_BURNT)
        return false;
    return row->expires_s == 0 || now_s < row->expires_s;
}

void
keys_each(
    const struct keys *k, void (*each)(void *arg, const struct key_row *row), void *arg)
{
    for (size_t i = 0; i < k->table.count; i++)
        each(arg, &k->table.rows[i]);
}

static void
fresh_row(struct key_row *row, const char *site, enum key_state state, int64_t now_s)
{
    *row = (struct key_row){ .state = state, .created_s = now_s };
    nh_identity_new(row->identity);
    nh_random(row->key, sizeof(row->key));
    snprintf(row->site, sizeof(row->site), "%s", site);
}

/* Add `row` (wiped here) and lend the table's own copy. */
static enum nh_err
add_row(struct keys *k, struct table *changed, struct key_row *row,
    const struct key_row **lent)
{
    char identity[NH_IDENTITY_MAX];
    enum nh_err err;

    memcpy(identity, row->identity, sizeof(identity));
    table_add(changed, row);
    nh_wipe(row, sizeof(*row));
    err = take_over(k, changed);
    if (err == NH_OK)
        *lent = table_find(&k->table, identity);
    return err;
}

/* A token that was given out before and not used is replaced, with what it offered. */
enum nh_err
keys_invite(struct keys *k, const char *site, int64_t now_s, const struct key_row **row)
{
    struct table changed = { 0 };
    struct key_row fresh;
    enum nh_err err = table_copy(&changed, &k->table);

    if (err != NH_OK)
        return err;
    for (size_t i = changed.count; i-- > 0;)
        if (strcmp(changed.rows[i].site, site) == 0 &&
            (changed.rows[i].state == KEY_INVITED ||
                changed.rows[i].state == KEY_OFFERED))
            table_drop(&changed, i);
    fresh_row(&fresh, site, KEY_INVITED, now_s);
    fresh.expires_s = now_s + (int64_t)NH_TOKEN_HOURS * 3600;
    return add_row(k, &changed, &fresh, row);
}

static const struct key_row *
offer_of(const struct keys *k, const char *identity)
{
    for (size_t i = 0; k->table.offered > 0 && i < k->table.count; i++)
        if (k->table.rows[i].state == KEY_OFFERED &&
            strcmp(k->table.rows[i].from, identity) == 0)
            return &k->table.rows[i];
    return NULL;
}

bool
keys_offer_is_due(const struct keys *k, const struct key_row *row)
{
    return row->state == KEY_INVITED ||
           (row->state == KEY_JOINED && offer_of(k, row->identity) != NULL);
}

bool
keys_is_aged(const struct keys *k, const struct key_row *row, int64_t now_s)
{
    return row->state == KEY_JOINED &&
           now_s - row->created_s >= KEYS_ROTATE_DAYS * DAY_S &&
           offer_of(k, row->identity) == NULL;
}

/* The week of a key that is to be replaced begins with each offer: an agent that is heard
 * by it has it still, and shall not be locked out by an offer lost on its way. Written
 * once a day at most. */
static bool
has_week_left(const struct key_row *from, int64_t now_s)
{
    return from->state != KEY_JOINED ||
           (from->expires_s != 0 &&
               from->expires_s - now_s > (KEYS_OLD_DAYS - 1) * DAY_S);
}

enum nh_err
keys_offer(
    struct keys *k, const char *identity, int64_t now_s, const struct key_row **offered)
{
    const struct key_row *from = table_find(&k->table, identity);
    const struct key_row *before = offer_of(k, identity);
    struct table changed = { 0 };
    struct key_row fresh;
    enum nh_err err;

    if (from == NULL || !key_is_good(from, now_s))
        return NH_ENOTFOUND;
    if (before != NULL && has_week_left(from, now_s)) {
        *offered = before; /* the agent lost it on its way */
        return NH_OK;
    }
    err = table_copy(&changed, &k->table);
    if (err != NH_OK)
        return err;
    if (from->state == KEY_JOINED)
        table_find(&changed, identity)->expires_s = now_s + KEYS_OLD_DAYS * DAY_S;
    if (before != NULL) {
        err = take_over(k, &changed);
        if (err == NH_OK)
            *offered = offer_of(k, identity);
        return err;
    }
    fresh_row(&fresh, from->site, KEY_OFFERED, now_s);
    memcpy(fresh.from, from->identity, sizeof(fresh.from));
    return add_row(k, &changed, &fresh, offered);
}

enum nh_err
keys_confirm(struct keys *k, const char *identity, int64_t now_s)
{
    const struct key_row *row = table_find(&k->table, identity);
    struct table changed = { 0 };
    enum nh_err err;

    if (row == NULL || row->state == KEY_REVOKED || row->state == KEY_BURNT)
        return NH_ENOTFOUND;
    if (row->state == KEY_JOINED)
        return NH_OK;
    err = table_copy(&changed, &k->table);
    if (err != NH_OK)
        return err;
    for (size_t i = 0; i < changed.count; i++) {
        struct key_row *r = &changed.rows[i];

        if (strcmp(r->identity, identity) == 0) {
            r->state = KEY_JOINED;
            r->used_s = now_s;
            r->expires_s = 0;
        } else if (strcmp(r->site, row->site) == 0) {
            if (r->state == KEY_INVITED) {
                r->used_s = now_s;
                end_row(r, KEY_BURNT);
            } else if (r->state == KEY_JOINED || r->state == KEY_OFFERED) {
                end_row(r, KEY_REVOKED);
            }
        }
    }
    return take_over(k, &changed);
}

enum nh_err
keys_revoke(struct keys *k, const char *site, size_t *count)
{
    struct table changed = { 0 };
    enum nh_err err = table_copy(&changed, &k->table);

    *count = 0;
    if (err != NH_OK)
        return err;
    for (size_t i = 0; i < changed.count; i++) {
        struct key_row *r = &changed.rows[i];

        if (strcmp(r->site, site) != 0 || r->state == KEY_REVOKED ||
            r->state == KEY_BURNT)
            continue;
        end_row(r, KEY_REVOKED);
        ++*count;
    }
    if (*count == 0) {
        table_fini(&changed);
        return NH_OK;
    }
    err = take_over(k, &changed);
    if (err != NH_OK)
        *count = 0;
    return err;
}
