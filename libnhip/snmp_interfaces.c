/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_interfaces.c - rows by ifIndex, followed by their names
 *
 * An interface whose number changed is known again by ifName, without one by ifDescr or
 * ifAlias, and only where no other has the same.
 */
#include "libnhip/snmp_interfaces.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ifTable and ifXTable: 1.3.6.1.2.1.2.2.1.N and 1.3.6.1.2.1.31.1.1.1.N */
#define IF(n)                                                                            \
    {                                                                                    \
        10,                                                                              \
        {                                                                                \
            1, 3, 6, 1, 2, 1, 2, 2, 1, n                                                 \
        }                                                                                \
    }
#define IFX(n)                                                                           \
    {                                                                                    \
        11,                                                                              \
        {                                                                                \
            1, 3, 6, 1, 2, 1, 31, 1, 1, 1, n                                             \
        }                                                                                \
    }

enum { DESCR, TYPE, SPEED, NAME, HIGH_SPEED, ALIAS };
const struct nh_oid nh_snmp_name_columns[NH_SNMP_NAME_COLUMNS] = {
    [DESCR] = IF(2),
    [TYPE] = IF(3),
    [SPEED] = IF(5),
    [NAME] = IFX(1),
    [HIGH_SPEED] = IFX(15),
    [ALIAS] = IFX(18),
};

enum { ADMIN = NH_SNMP_COUNTERS, OPER, DISCONTINUITY, IN_32, OUT_32 };
const struct nh_oid nh_snmp_counter_columns[NH_SNMP_COUNTER_COLUMNS] = {
    [NH_SNMP_IN_OCTETS] = IFX(6),
    [NH_SNMP_OUT_OCTETS] = IFX(10),
    [NH_SNMP_IN_ERRORS] = IF(14),
    [NH_SNMP_OUT_ERRORS] = IF(20),
    [NH_SNMP_IN_DISCARDS] = IF(13),
    [NH_SNMP_OUT_DISCARDS] = IF(19),
    [ADMIN] = IF(7),
    [OPER] = IF(8),
    [DISCONTINUITY] = IFX(19),
    [IN_32] = IF(10),
    [OUT_32] = IF(16),
};

_Static_assert((int)IN_32 == (int)NH_SNMP_NARROW_FROM, "the 32-bit octets come last");

double
nh_snmp_rate(const struct nh_snmp_sample *before, const struct nh_snmp_sample *now,
    uint64_t speed_bps)
{
    double seconds = (double)(now->mono_us - before->mono_us) / 1e6;
    double delta, most = (double)speed_bps / 8 * seconds;

    if (before->mono_us == 0 || now->mono_us == 0 || seconds <= 0 ||
        before->wide != now->wide)
        return NAN;
    if (now->value >= before->value)
        delta = (double)(now->value - before->value);
    else if (!now->wide && now->value <= UINT32_MAX && before->value <= UINT32_MAX)
        delta = (double)((uint32_t)now->value - (uint32_t)before->value);
    else
        return NAN;
    if (!now->wide && speed_bps == 0 && now->value < before->value &&
        delta > (double)UINT32_MAX / 2)
        return NAN; /* went back a little: no wrap */
    if (speed_bps > 0 &&
        ((!now->wide && most > (double)UINT32_MAX) || delta > most * 1.5 + 1e6))
        return NAN; /* gone round who knows how often; more than fits through the line */
    return delta / seconds;
}

static char none[] = ""; /* the text of an interface that has none */

enum { TEXTS = 3 };

/* The text number `k` of an interface. */
static char **
text_of(struct nh_snmp_interface *i, size_t k)
{
    return k == 0 ? &i->name : k == 1 ? &i->alias : &i->descr;
}

static void
drop_text(const struct nh_snmp_interfaces *list, char *text)
{
    uintptr_t at = (uintptr_t)text, block = (uintptr_t)list->texts;

    if (text != none && !(at >= block && at < block + list->texts_len))
        free(text);
}

static void
interface_fini(const struct nh_snmp_interfaces *list, struct nh_snmp_interface *i)
{
    for (size_t k = 0; k < TEXTS; k++)
        drop_text(list, *text_of(i, k));
}

void
nh_snmp_interfaces_free(struct nh_snmp_interfaces *list)
{
    for (size_t i = 0; i < list->count; i++)
        interface_fini(list, &list->rows[i]);
    free(list->rows);
    free(list->texts);
    *list = (struct nh_snmp_interfaces){ 0 };
}

static char *
dup_text(const struct nh_snmp_var *v)
{
    char text[NH_SNMP_TEXT_MAX];

    if (v->type != NH_SNMP_BYTES)
        return NULL;
    nh_snmp_text(v, text, sizeof(text));
    return strdup(text);
}

static int
by_index(const void *a, const void *b)
{
    const struct nh_snmp_interface *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

struct nh_snmp_interface *
nh_snmp_interfaces_find(struct nh_snmp_interfaces *list, uint32_t index)
{
    struct nh_snmp_interface key = { .index = index }, *found;

    for (size_t i = list->at; i < list->at + 2 && i < list->count; i++)
        if (list->rows[i].index == index) {
            list->at = i;
            return &list->rows[i];
        }
    if (list->count == 0)
        return NULL;
    found = bsearch(&key, list->rows, list->count, sizeof(key), by_index);
    if (found != NULL)
        list->at = (size_t)(found - list->rows);
    return found;
}

static struct nh_snmp_interface *
add_row(struct nh_snmp_interfaces *list, uint32_t index)
{
    struct nh_snmp_interface row = { .index = index };
    size_t at = list->count;

    if (list->count == NH_SNMP_INTERFACES_MAX) {
        list->bounded = true;
        return NULL;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 8 : list->cap * 2;
        struct nh_snmp_interface *more = realloc(list->rows, cap * sizeof(*more));

        if (more == NULL)
            return NULL;
        list->rows = more;
        list->cap = cap;
    }
    row.name = row.alias = row.descr = none;
    for (size_t i = 0; i < NH_SNMP_COUNTERS; i++)
        row.rate[i] = NAN;
    row.rx_power_dbm = row.rx_next = NAN;
    while (at > 0 && list->rows[at - 1].index > index)
        at--;
    memmove(&list->rows[at + 1], &list->rows[at], (list->count - at) * sizeof(row));
    list->rows[at] = row;
    list->count++;
    list->at = at;
    return &list->rows[at];
}

void
nh_snmp_interfaces_reserve(struct nh_snmp_interfaces *list, size_t count)
{
    if (list->cap > 0 || count == 0)
        return;
    list->rows = malloc(count * sizeof(*list->rows));
    list->cap = list->rows != NULL ? count : 0;
}

static void
replace_text(const struct nh_snmp_interfaces *list, char **to, char *text)
{
    if (text == NULL)
        return;
    drop_text(list, *to);
    *to = text;
}

void
nh_snmp_interfaces_put_name(struct nh_snmp_interfaces *list, size_t column,
    uint32_t index, const struct nh_snmp_var *v)
{
    struct nh_snmp_interface *i = nh_snmp_interfaces_find(list, index);
    double n = 0;

    if (i == NULL && (i = add_row(list, index)) == NULL)
        return;
    if (column == NAME)
        replace_text(list, &i->name, dup_text(v));
    else if (column == ALIAS)
        replace_text(list, &i->alias, dup_text(v));
    else if (column == DESCR)
        replace_text(list, &i->descr, dup_text(v));
    else if (!nh_snmp_number(v, &n) || !(n >= 0 && n <= (double)UINT32_MAX))
        return;
    else if (column == TYPE)
        i->type = (uint32_t)n;
    else if (column == SPEED && i->speed_bps == 0 && n < (double)UINT32_MAX)
        i->speed_bps = (uint64_t)n;
    else if (column == HIGH_SPEED && n > 0 && n < 1e7 &&
             ((double)i->speed_bps > n * 1e6 + 5e5 ||
                 (double)i->speed_bps < n * 1e6 - 5e5))
        i->speed_bps = (uint64_t)(n * 1e6); /* else ifSpeed is finer */
}

_Static_assert(NH_SNMP_COUNTERS <= 8, "is_read has a bit for each");

static bool
is_read(
    const struct nh_snmp_interfaces *list, const struct nh_snmp_interface *i, size_t c)
{
    return i->pass == list->pass && (i->is_read >> c & 1) != 0;
}

/* What was counted last is what was before. */
static void
keep_last(struct nh_snmp_interface *i, size_t c)
{
    if (i->now[c].mono_us != 0)
        i->before[c] = i->now[c];
}

/* No rate spans what was counted until now. */
static void
note_discontinuity(const struct nh_snmp_interfaces *list, struct nh_snmp_interface *i)
{
    for (size_t c = 0; c < NH_SNMP_COUNTERS; c++) {
        i->before[c] = (struct nh_snmp_sample){ 0 };
        if (!is_read(list, i, c))
            i->now[c] = (struct nh_snmp_sample){ 0 };
    }
}

static void
put_sample(struct nh_snmp_interfaces *list, struct nh_snmp_interface *i, size_t c,
    struct nh_snmp_sample sample)
{
    if (i->pass != list->pass) {
        i->pass = list->pass;
        i->is_read = 0;
    }
    if (!is_read(list, i, c))
        keep_last(i, c);
    i->is_read |= (uint8_t)(1U << c);
    i->now[c] = sample;
    if (sample.wide && i->before[c].wide && sample.value < i->before[c].value)
        list->went_back = true;
}

bool
nh_snmp_interfaces_put_counter(struct nh_snmp_interfaces *list, size_t column,
    uint32_t index, const struct nh_snmp_var *v, int64_t mono_us, uint32_t round)
{
    struct nh_snmp_interface *i = nh_snmp_interfaces_find(list, index);
    bool known = i != NULL;
    uint64_t n = 0;

    if (i == NULL && (i = add_row(list, index)) == NULL)
        return false;
    if (column == ADMIN || column == OPER) {
        uint8_t *to = column == ADMIN ? &i->admin : &i->oper;

        *to = nh_snmp_whole_number(v, &n) && n > 0 && n < 8 ? (uint8_t)n : 0;
        i->round = round;
    } else if (column == DISCONTINUITY) {
        if (v->type == NH_SNMP_TICKS && i->discontinuity != v->unsigned_number) {
            note_discontinuity(list, i);
            i->discontinuity = (uint32_t)v->unsigned_number;
        }
    } else if (nh_snmp_whole_number(v, &n)) {
        size_t to = column == IN_32    ? NH_SNMP_IN_OCTETS
                    : column == OUT_32 ? NH_SNMP_OUT_OCTETS
                                       : column;

        if (column >= IN_32 && is_read(list, i, to) && i->now[to].wide)
            return known; /* 64 bits are better, and have been read just now */
        put_sample(list, i, to,
            (struct nh_snmp_sample){
                n, mono_us & (INT64_MAX >> 1), v->type == NH_SNMP_COUNTER64 });
        i->round = round;
    }
    return known;
}

void
nh_snmp_interfaces_begin(struct nh_snmp_interfaces *list)
{
    list->pass++;
    list->at = 0;
    list->went_back = false;
}

void
nh_snmp_interfaces_undo(struct nh_snmp_interfaces *list)
{
    for (size_t k = 0; k < list->count; k++)
        for (size_t c = 0; c < NH_SNMP_COUNTERS; c++)
            if (is_read(list, &list->rows[k], c))
                list->rows[k].now[c] = list->rows[k].before[c];
    list->pass++;
}

void
nh_snmp_interfaces_forget(struct nh_snmp_interfaces *list)
{
    for (size_t k = 0; k < list->count; k++) {
        memset(list->rows[k].now, 0, sizeof(list->rows[k].now));
        memset(list->rows[k].before, 0, sizeof(list->rows[k].before));
    }
}

bool
nh_snmp_interfaces_are_same(const struct nh_snmp_interfaces *list, uint32_t round)
{
    for (size_t k = 0; k < list->count; k++)
        if (list->rows[k].round != round)
            return false;
    return true;
}

static void
work_out(const struct nh_snmp_interfaces *list, struct nh_snmp_interface *i)
{
    for (size_t c = 0; c < NH_SNMP_COUNTERS; c++) {
        if (!is_read(list, i, c)) {
            keep_last(i, c);
            i->now[c] = (struct nh_snmp_sample){ 0 };
        }
        i->rate[c] = nh_snmp_rate(
            &i->before[c], &i->now[c], c <= NH_SNMP_OUT_OCTETS ? i->speed_bps : 0);
    }
}

void
nh_snmp_interfaces_end(struct nh_snmp_interfaces *list, uint32_t round)
{
    size_t kept = 0;

    for (size_t k = 0; k < list->count; k++) {
        struct nh_snmp_interface *i = &list->rows[k];

        if (i->round != round) {
            interface_fini(list, i);
            continue;
        }
        work_out(list, i);
        if (kept != k)
            list->rows[kept] = *i;
        kept++;
    }
    list->count = kept;
}

/* What an interface is followed by when its number changes. */
static const char *
identity(const struct nh_snmp_interface *i)
{
    return *i->name != '\0' ? i->name : *i->descr != '\0' ? i->descr : i->alias;
}

static int
by_identity(const void *a, const void *b)
{
    const struct nh_snmp_interface *const *x = a, *const *y = b;

    return strcmp(identity(*x), identity(*y));
}

/* The interface of before that is `i` now: of the same number and name, else the one of
 * that name, when no other has it. `sorted` are those of before by name. */
static const struct nh_snmp_interface *
find_old(const struct nh_snmp_interfaces *old,
    const struct nh_snmp_interface *const *sorted, const struct nh_snmp_interface *i)
{
    const struct nh_snmp_interface *same =
        old->count > 0 ? bsearch(i, old->rows, old->count, sizeof(*old->rows), by_index)
                       : NULL;
    const struct nh_snmp_interface *const *found;

    if (same != NULL && strcmp(identity(same), identity(i)) == 0)
        return same;
    if (*identity(i) == '\0' || old->count == 0)
        return NULL;
    found = bsearch(&i, sorted, old->count, sizeof(*sorted), by_identity);
    if (found == NULL || (found > sorted && by_identity(found - 1, found) == 0) ||
        (found + 1 < sorted + old->count && by_identity(found, found + 1) == 0))
        return NULL;
    return *found;
}

/* What is known of interface `from` goes on as `to`. */
static void
inherit(struct nh_snmp_interface *to, const struct nh_snmp_interface *from)
{
    memcpy(to->now, from->now, sizeof(to->now));
    memcpy(to->before, from->before, sizeof(to->before));
    to->discontinuity = from->discontinuity;
    to->rx_power_dbm = from->rx_power_dbm;
    memcpy(to->rate, from->rate, sizeof(to->rate));
    to->admin = from->admin;
    to->oper = from->oper;
}

/* An interface that counts but is in no column of names stays without one. */
static void
keep_nameless(struct nh_snmp_interfaces *list, const struct nh_snmp_interfaces *old)
{
    for (size_t k = 0; k < old->count; k++) {
        const struct nh_snmp_interface *is = &old->rows[k];
        struct nh_snmp_interface *i;

        if (*identity(is) == '\0' && nh_snmp_interfaces_find(list, is->index) == NULL &&
            (i = add_row(list, is->index)) != NULL)
            inherit(i, is);
    }
}

void
nh_snmp_interfaces_follow(
    struct nh_snmp_interfaces *list, const struct nh_snmp_interfaces *old)
{
    const struct nh_snmp_interface **sorted = calloc(old->count + 1, sizeof(*sorted));

    if (sorted == NULL)
        return; /* they begin anew: no rates for a round */
    for (size_t k = 0; k < old->count; k++)
        sorted[k] = &old->rows[k];
    qsort(sorted, old->count, sizeof(*sorted), by_identity);
    for (size_t k = 0; k < list->count; k++) {
        const struct nh_snmp_interface *is = find_old(old, sorted, &list->rows[k]);

        if (is != NULL)
            inherit(&list->rows[k], is);
    }
    free(sorted);
    keep_nameless(list, old);
}

/* Are the texts, one after the other, those of `old`? `*len` is how long they are. */
static bool
are_texts_of(
    struct nh_snmp_interfaces *list, const struct nh_snmp_interfaces *old, size_t *len)
{
    bool same = true;

    *len = 0;
    for (size_t i = 0; i < list->count * TEXTS; i++) {
        const char *text = *text_of(&list->rows[i / TEXTS], i % TEXTS);
        size_t size = strlen(text) + 1;

        same = same && *len + size <= old->texts_len &&
               memcmp(old->texts + *len, text, size) == 0;
        *len += size;
    }
    return same && *len == old->texts_len;
}

void
nh_snmp_interfaces_pack(struct nh_snmp_interfaces *list, struct nh_snmp_interfaces *old)
{
    size_t len = 0;
    bool same = are_texts_of(list, old, &len);
    char *block, *to;

    if (len == 0 || list->texts != NULL)
        return;
    block = to = same ? old->texts : malloc(len);
    if (block == NULL)
        return; /* each stays where it is */
    for (size_t i = 0; i < list->count * TEXTS; i++) {
        char **text = text_of(&list->rows[i / TEXTS], i % TEXTS);
        size_t size = strlen(*text) + 1;

        if (!same)
            memcpy(to, *text, size);
        drop_text(list, *text);
        *text = to;
        to += size;
    }
    list->texts = block;
    list->texts_len = len;
    if (!same)
        return;
    for (size_t i = 0; i < old->count * TEXTS; i++)
        *text_of(&old->rows[i / TEXTS], i % TEXTS) = none;
    old->texts = NULL;
    old->texts_len = 0;
}
