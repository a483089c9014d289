/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_device.c - one round after the other
 *
 *   SYSTEM -> (NAMES, when they may have changed) -> COUNTERS -> FIGURES -> done
 *
 * Names cost as much as counters and hardly change. They are read again when the device
 * says so (ifTableLastChange), when it rebooted, when an unknown ifIndex turns up, and
 * every NAMES_EVERY rounds for devices that say nothing. Interfaces are kept by ifIndex;
 * when names have been read, what is known of an interface moves to the ifIndex that now
 * has its name.
 *
 * A device that does not answer v2c at all is tried by v1 in the same round; the version
 * that answers stays. Columns that it does not have are left out for LACKS_EVERY rounds.
 */
#include "libnhip/snmp_device.h"
#include "libnhip/clock.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_EVERY = 10,
    LACKS_EVERY = 30,
    UPTIME_SLACK_S = 30,
    ROUND_MAX_US = 120 * 1000000, /* NH_SNMP_SLOW says it in words */
};

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
static const struct nh_oid name_columns[] = {
    [DESCR] = IF(2),
    [TYPE] = IF(3),
    [SPEED] = IF(5),
    [NAME] = IFX(1),
    [HIGH_SPEED] = IFX(15),
    [ALIAS] = IFX(18),
};

enum { ADMIN = NH_SNMP_COUNTERS, OPER, DISCONTINUITY, IN_32, OUT_32 };
static const struct nh_oid counter_columns[] = {
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

enum { SYS_DESCR, SYS_OBJECT, SYS_UPTIME, SYS_NAME, SYS_V1, LAST_CHANGE = SYS_V1, BOOTS };
static const struct nh_oid system_objects[] = {
    [SYS_DESCR] = { 9, { 1, 3, 6, 1, 2, 1, 1, 1, 0 } },
    [SYS_OBJECT] = { 9, { 1, 3, 6, 1, 2, 1, 1, 2, 0 } },
    [SYS_UPTIME] = { 9, { 1, 3, 6, 1, 2, 1, 1, 3, 0 } },
    [SYS_NAME] = { 9, { 1, 3, 6, 1, 2, 1, 1, 5, 0 } },
    [LAST_CHANGE] = { 10, { 1, 3, 6, 1, 2, 1, 31, 1, 5, 0 } },
    [BOOTS] = { 11, { 1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0 } },
};

struct nh_snmp_device {
    struct nh_snmp *session; /* borrowed */
    struct nh_snmp_pace pace;
    struct nh_snmp_walk *walk; /* under way, freed by its end */
    struct nh_snmp_facts facts;
    struct nh_snmp_interface *rows; /* owned, by ifIndex; facts.interfaces */
    size_t count, cap, at;          /* `at`: where the last cell was put */
    struct nh_snmp_interface *old;  /* owned: before names were read again */
    size_t old_count;
    void (*done)(void *arg);
    void *done_arg;
    bool running, answered, tried_v1, unknown_index, narrow;
    bool has_boots, has_change;
    uint32_t system_lacks; /* bits of system_objects that v1 has no instance of */
    uint64_t counter_lacks, figure_lacks; /* bits of columns without a row */
    uint32_t lacks_round;                 /* when they were last found out */
    int64_t until_us;                     /* of this round */
    uint64_t ticks, boots, last_change;
    int64_t ticks_us;
    const struct nh_snmp_profile_row *figure[NH_WALK_COLUMNS_MAX]; /* of this round */
    struct figure {
        double sum, low, high, first;
        size_t count;
    } figures[NH_WALK_COLUMNS_MAX];
    size_t figure_count;
    struct nh_oid columns[NH_WALK_COLUMNS_MAX]; /* of the walk under way */
    uint8_t column_of[NH_WALK_COLUMNS_MAX];     /* their numbers where they come from */
    size_t column_count;
    uint32_t names_round;          /* when names were last read */
    struct nh_snmp_detail *detail; /* owned */
};

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

static void
interface_fini(struct nh_snmp_interface *i)
{
    free(i->name);
    free(i->alias);
    free(i->descr);
}

static void
free_rows(struct nh_snmp_interface *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        interface_fini(&rows[i]);
    free(rows);
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

/* The row of `index`, or NULL; cells come in order, so the next row is tried first. */
static struct nh_snmp_interface *
find_row(struct nh_snmp_device *d, uint32_t index)
{
    struct nh_snmp_interface key = { .index = index }, *found;

    for (size_t i = d->at; i < d->at + 2 && i < d->count; i++)
        if (d->rows[i].index == index) {
            d->at = i;
            return &d->rows[i];
        }
    if (d->count == 0)
        return NULL;
    found = bsearch(&key, d->rows, d->count, sizeof(key), by_index);
    if (found != NULL)
        d->at = (size_t)(found - d->rows);
    return found;
}

static struct nh_snmp_interface *
add_row(struct nh_snmp_device *d, uint32_t index)
{
    struct nh_snmp_interface row = { .index = index };
    size_t at = d->count;

    if (d->count == NH_SNMP_INTERFACES_MAX) {
        d->facts.bounded = true;
        return NULL;
    }
    if (d->count == d->cap) {
        size_t cap = d->cap == 0 ? 8 : d->cap * 2;
        struct nh_snmp_interface *more = realloc(d->rows, cap * sizeof(*more));

        if (more == NULL)
            return NULL;
        d->rows = more;
        d->cap = cap;
    }
    row.name = strdup("");
    row.alias = strdup("");
    row.descr = strdup("");
    if (row.name == NULL || row.alias == NULL || row.descr == NULL) {
        interface_fini(&row);
        return NULL;
    }
    for (size_t i = 0; i < NH_SNMP_COUNTERS; i++)
        row.rate[i] = NAN;
    row.rx_power_dbm = row.rx_next = NAN;
    while (at > 0 && d->rows[at - 1].index > index)
        at--;
    memmove(&d->rows[at + 1], &d->rows[at], (d->count - at) * sizeof(row));
    d->rows[at] = row;
    d->count++;
    d->at = at;
    return &d->rows[at];
}

static void
replace_text(char **to, char *text)
{
    if (text == NULL)
        return;
    free(*to);
    *to = text;
}

static void
put_name_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;
    struct nh_snmp_interface *i;
    double n = 0;

    (void)mono_us;
    if (index_len != 1 || index[0] > UINT32_MAX)
        return;
    i = find_row(d, (uint32_t)index[0]);
    if (i == NULL && (i = add_row(d, (uint32_t)index[0])) == NULL)
        return;
    if (column == NAME)
        replace_text(&i->name, dup_text(v));
    else if (column == ALIAS)
        replace_text(&i->alias, dup_text(v));
    else if (column == DESCR)
        replace_text(&i->descr, dup_text(v));
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

static void
put_counter_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;
    struct nh_snmp_interface *i;

    if (index_len != 1 || index[0] > UINT32_MAX)
        return;
    column = d->column_of[column];
    i = find_row(d, (uint32_t)index[0]);
    if (i == NULL) {
        d->unknown_index = true;
        if ((i = add_row(d, (uint32_t)index[0])) == NULL)
            return;
    }
    if (column == ADMIN || column == OPER) {
        uint8_t *to = column == ADMIN ? &i->admin : &i->oper;

        *to = v->type == NH_SNMP_SIGNED && v->number > 0 && v->number < 8
                  ? (uint8_t)v->number
                  : 0;
        i->round = d->facts.round;
    } else if (column == DISCONTINUITY) {
        if (v->type == NH_SNMP_TICKS && i->discontinuity != v->unsigned_number) {
            memset(i->before, 0, sizeof(i->before));
            i->discontinuity = (uint32_t)v->unsigned_number;
        }
    } else if (v->type == NH_SNMP_COUNTER32 || v->type == NH_SNMP_COUNTER64) {
        size_t to = column == IN_32    ? NH_SNMP_IN_OCTETS
                    : column == OUT_32 ? NH_SNMP_OUT_OCTETS
                                       : column;

        if (column >= IN_32 && i->now[to].wide)
            return; /* 64 bits are better, and have been read just now */
        i->now[to] = (struct nh_snmp_sample){ v->unsigned_number, mono_us,
            v->type == NH_SNMP_COUNTER64 };
        i->round = d->facts.round;
    }
}

static void
finish_round(struct nh_snmp_device *d, enum nh_snmp_result result)
{
    d->facts.result = result;
    d->facts.version = nh_snmp_version(d->session);
    d->running = false;
    if (result == NH_SNMP_OK)
        nh_snmp_detail_go_on(d->detail, d->session, &d->pace, nh_clock_mono_us());
    d->done(d->done_arg);
}

static void
note_walked(struct nh_snmp_device *d, const struct nh_snmp_walked *what)
{
    d->walk = NULL;
    d->facts.backwards = d->facts.backwards || what->backwards;
    d->facts.bounded = d->facts.bounded || what->bounded;
    d->facts.complained = d->facts.complained || what->complained;
}

/* The columns that the walk found no row of, as bits of what they come from. */
static void
note_lacks(
    const struct nh_snmp_device *d, const struct nh_snmp_walked *what, uint64_t *lacks)
{
    for (size_t i = 0; i < d->column_count && !what->complained; i++)
        if (what->rows[i] == 0)
            *lacks |= UINT64_C(1) << d->column_of[i];
}

/* Rows that the device shows no more go; the others get their rates. */
static void
take_rates(struct nh_snmp_device *d)
{
    size_t kept = 0;

    for (size_t k = 0; k < d->count; k++) {
        struct nh_snmp_interface *i = &d->rows[k];

        if (i->round != d->facts.round) {
            interface_fini(i);
            continue;
        }
        for (size_t c = 0; c < NH_SNMP_COUNTERS; c++)
            i->rate[c] = nh_snmp_rate(
                &i->before[c], &i->now[c], c <= NH_SNMP_OUT_OCTETS ? i->speed_bps : 0);
        d->rows[kept++] = *i;
    }
    d->count = kept;
}

static void
put_figure_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;
    const struct nh_snmp_profile_row *r = d->figure[d->column_of[column]];
    struct figure *f = &d->figures[d->column_of[column]];
    struct nh_snmp_interface *i;
    double n;

    (void)mono_us;
    if ((r->has_at && (index_len != 1 || index[0] != r->at)) ||
        !nh_snmp_profile_value(r, v, &n))
        return;
    if (r->how == NH_SNMP_PORT) {
        i = index_len == 1 && index[0] <= UINT32_MAX ? find_row(d, (uint32_t)index[0])
                                                     : NULL;
        if (i != NULL)
            i->rx_next = n;
        return;
    }
    if (f->count == 0)
        f->first = f->low = f->high = n;
    f->count++;
    f->sum += n;
    f->low = n < f->low ? n : f->low;
    f->high = n > f->high ? n : f->high;
}

static double
figure_value(const struct nh_snmp_profile_row *r, const struct figure *f)
{
    switch (r->how) {
    case NH_SNMP_SUM:
        return f->sum;
    case NH_SNMP_AVERAGE:
        return f->sum / (double)f->count;
    case NH_SNMP_HIGHEST:
        return f->high;
    case NH_SNMP_LOWEST:
        return f->low;
    default:
        return f->first;
    }
}

static void
note_memory(double *value)
{
    double used = value[NH_SNMP_FACT_MEM_USED], free_ = value[NH_SNMP_FACT_MEM_FREE];
    double total = value[NH_SNMP_FACT_MEM_TOTAL];

    if (!isnan(value[NH_SNMP_FACT_MEM_PCT]))
        return;
    if (isnan(total))
        total = used + free_;
    if (isnan(used))
        used = total - free_;
    if (total > 0 && used >= 0 && used <= total)
        value[NH_SNMP_FACT_MEM_PCT] = 100 * used / total;
}

/* The optical power that an entity's sensor tells, at the interface that its name begins
 * with: "Te1/1/1 Receive Power Sensor". */
static void
place_power(struct nh_snmp_device *d, const struct nh_snmp_sensor *sensor)
{
    struct nh_snmp_interface *best = NULL;
    size_t longest = 0;

    if (strcmp(sensor->unit, "dBm") != 0 ||
        (strstr(sensor->name, "eceive") == NULL && strstr(sensor->name, "Rx") == NULL &&
            strstr(sensor->name, "RX") == NULL))
        return;
    for (size_t i = 0; i < d->count; i++) {
        const char *const names[] = { d->rows[i].name, d->rows[i].descr };

        for (size_t k = 0; k < NH_COUNT(names); k++) {
            size_t len = strlen(names[k]);

            if (len > longest && strncmp(sensor->name, names[k], len) == 0 &&
                (sensor->name[len] < '0' || sensor->name[len] > '9')) {
                best = &d->rows[i];
                longest = len;
            }
        }
    }
    if (best != NULL && isnan(best->rx_power_dbm))
        best->rx_power_dbm = sensor->value;
}

/* What no profile tells is taken from the standard tables that are read now and then. */
static void
note_details(struct nh_snmp_device *d)
{
    const struct nh_snmp_details *is = nh_snmp_detail_get(d->detail);
    double *temp = &d->facts.value[NH_SNMP_FACT_TEMP], largest = 0;
    bool has_temp = !isnan(*temp), has_mem = !isnan(d->facts.value[NH_SNMP_FACT_MEM_PCT]);

    for (size_t i = 0; i < is->sensor_count; i++) {
        const struct nh_snmp_sensor *s = &is->sensors[i];

        if (!has_temp && strcmp(s->unit, "°C") == 0 && s->value > 0 && s->value < 150 &&
            !(*temp >= s->value))
            *temp = s->value;
        place_power(d, s);
    }
    for (size_t i = 0; i < is->storage_count && !has_mem; i++)
        if (is->storages[i].is_memory && is->storages[i].size_bytes > largest &&
            is->storages[i].used_bytes <= is->storages[i].size_bytes) {
            largest = is->storages[i].size_bytes;
            d->facts.value[NH_SNMP_FACT_MEM_PCT] =
                100 * is->storages[i].used_bytes / largest;
        }
}

/* A device that knows none of the figures is a device all the same. */
static void
on_device_figures(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    if (what->result == NH_SNMP_OK)
        note_lacks(d, what, &d->figure_lacks);
    for (size_t i = 0; i < NH_SNMP_FACTS; i++)
        d->facts.value[i] = NAN;
    for (size_t k = 0; k < d->figure_count; k++) {
        double *to = &d->facts.value[d->figure[k]->metric];

        if (isnan(*to) && d->figures[k].count > 0)
            *to = figure_value(d->figure[k], &d->figures[k]);
    }
    note_memory(d->facts.value);
    for (size_t i = 0; i < d->count; i++)
        d->rows[i].rx_power_dbm = d->rows[i].rx_next;
    note_details(d);
    finish_round(d, NH_SNMP_OK);
}

/* Put column `number` on the list of the next walk. */
static void
plan_column(struct nh_snmp_device *d, const struct nh_oid *column, size_t number)
{
    d->columns[d->column_count] = *column;
    d->column_of[d->column_count++] = (uint8_t)number;
}

static void
walk_planned(struct nh_snmp_device *d, size_t likely_rows,
    void (*on_cell)(void *, size_t, const unsigned long *, size_t,
        const struct nh_snmp_var *, int64_t),
    void (*on_done)(void *, const struct nh_snmp_walked *))
{
    const struct nh_snmp_walk_plan plan = { .columns = d->columns,
        .count = d->column_count,
        .max_rows = NH_SNMP_INTERFACES_MAX,
        .likely_rows = likely_rows,
        .until_us = d->until_us,
        .on_cell = on_cell,
        .on_done = on_done,
        .arg = d };

    d->at = 0;
    if (nh_snmp_walk_start(&d->walk, d->session, &d->pace, &plan) != NH_OK)
        finish_round(d, NH_SNMP_LOCAL);
}

static void
walk_figures(struct nh_snmp_device *d)
{
    d->figure_count = nh_snmp_profile_rows(nh_snmp_profiles(), d->facts.object_id,
        d->figure, NH_COUNT(d->figure), &d->facts.profile);
    memset(d->figures, 0, sizeof(d->figures));
    for (size_t i = 0; i < d->count; i++)
        d->rows[i].rx_next = NAN;
    d->column_count = 0;
    for (size_t i = 0; i < d->figure_count; i++)
        if ((d->figure_lacks & UINT64_C(1) << i) == 0)
            plan_column(d, &d->figure[i]->column, i);
    if (d->column_count == 0)
        finish_round(d, NH_SNMP_OK);
    else
        walk_planned(d, 0, put_figure_cell, on_device_figures);
}

static void
on_device_counters(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    if (what->result == NH_SNMP_OK) {
        note_lacks(d, what, &d->counter_lacks);
        take_rates(d);
        if (d->unknown_index)
            d->names_round = 0; /* read them in the next round */
        d->narrow = false;
        for (size_t i = 0; i < d->count && !d->narrow; i++)
            d->narrow = !d->rows[i].now[NH_SNMP_IN_OCTETS].wide;
        walk_figures(d);
        return;
    }
    finish_round(d, what->result);
}

/* Those of a round that broke off are not lost: a rate may span two rounds. */
static void
walk_counters(struct nh_snmp_device *d)
{
    size_t count = d->narrow ? NH_COUNT(counter_columns) : (size_t)IN_32;

    d->unknown_index = false;
    for (size_t k = 0; k < d->count; k++) {
        struct nh_snmp_interface *i = &d->rows[k];

        for (size_t c = 0; c < NH_SNMP_COUNTERS; c++)
            if (i->now[c].mono_us != 0)
                i->before[c] = i->now[c];
        memset(i->now, 0, sizeof(i->now));
    }
    d->column_count = 0;
    for (size_t c = 0; c < count; c++)
        if ((d->counter_lacks & UINT64_C(1) << c) == 0)
            plan_column(d, &counter_columns[c], c);
    if (d->column_count == 0) {
        take_rates(d); /* there is no interface any more */
        walk_figures(d);
        return;
    }
    walk_planned(d, d->count, put_counter_cell, on_device_counters);
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
find_old(const struct nh_snmp_device *d, const struct nh_snmp_interface *const *sorted,
    const struct nh_snmp_interface *i)
{
    const struct nh_snmp_interface *same =
        d->old_count > 0 ? bsearch(i, d->old, d->old_count, sizeof(*d->old), by_index)
                         : NULL;
    const struct nh_snmp_interface *const *found;

    if (same != NULL && strcmp(identity(same), identity(i)) == 0)
        return same;
    if (*identity(i) == '\0' || d->old_count == 0)
        return NULL;
    found = bsearch(&i, sorted, d->old_count, sizeof(*sorted), by_identity);
    if (found == NULL || (found > sorted && by_identity(found - 1, found) == 0) ||
        (found + 1 < sorted + d->old_count && by_identity(found, found + 1) == 0))
        return NULL;
    return *found;
}

static void
follow_names(struct nh_snmp_device *d)
{
    const struct nh_snmp_interface **sorted = calloc(d->old_count + 1, sizeof(*sorted));

    if (sorted == NULL)
        return; /* they begin anew: no rates for a round */
    for (size_t k = 0; k < d->old_count; k++)
        sorted[k] = &d->old[k];
    qsort(sorted, d->old_count, sizeof(*sorted), by_identity);
    for (size_t k = 0; k < d->count; k++) {
        struct nh_snmp_interface *i = &d->rows[k];
        const struct nh_snmp_interface *old = find_old(d, sorted, i);

        if (old == NULL)
            continue;
        memcpy(i->now, old->now, sizeof(i->now));
        memcpy(i->before, old->before, sizeof(i->before));
        i->discontinuity = old->discontinuity;
        i->rx_power_dbm = old->rx_power_dbm;
        memcpy(i->rate, old->rate, sizeof(i->rate));
        i->admin = old->admin;
        i->oper = old->oper;
    }
    free(sorted);
}

static void
on_device_names(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    if (what->result != NH_SNMP_OK) { /* those of before serve on */
        free_rows(d->rows, d->count);
        d->rows = d->old;
        d->count = d->cap = d->old_count;
        d->old = NULL;
        d->old_count = 0;
        finish_round(d, what->result);
        return;
    }
    if (d->count != d->old_count)
        d->counter_lacks = 0;
    follow_names(d);
    free_rows(d->old, d->old_count);
    d->old = NULL;
    d->old_count = 0;
    d->names_round = d->facts.round;
    walk_counters(d);
}

static void
walk_names(struct nh_snmp_device *d)
{
    d->old = d->rows;
    d->old_count = d->count;
    d->rows = NULL;
    d->count = d->cap = 0;
    d->column_count = 0;
    for (size_t c = 0; c < NH_COUNT(name_columns); c++)
        plan_column(d, &name_columns[c], c);
    walk_planned(d, d->old_count, put_name_cell, on_device_names);
}

/* Did the device start anew since the last round? sysUpTime goes round after 497 days:
 * then it is where it would be without that. */
static bool
has_rebooted(struct nh_snmp_device *d, uint64_t ticks, int64_t mono_us, bool boots_moved)
{
    double expected =
        (double)d->ticks + (double)(mono_us - d->ticks_us) / 1e4 - 4294967296.0;

    if (boots_moved)
        return true;
    if (!d->facts.has_uptime || ticks >= d->ticks)
        return false;
    return fabs(expected - (double)ticks) > UPTIME_SLACK_S * 100;
}

static void
forget_counters(struct nh_snmp_device *d)
{
    for (size_t k = 0; k < d->count; k++) {
        memset(d->rows[k].now, 0, sizeof(d->rows[k].now));
        memset(d->rows[k].before, 0, sizeof(d->rows[k].before));
    }
}

static void
put_uptime(struct nh_snmp_device *d, uint64_t ticks, int64_t mono_us, bool boots_moved)
{
    if (has_rebooted(d, ticks, mono_us, boots_moved)) {
        d->facts.reboots++;
        d->names_round = d->lacks_round = 0;
        forget_counters(d);
    }
    d->ticks = ticks;
    d->ticks_us = mono_us;
    d->facts.uptime_s = (double)ticks / 100;
    d->facts.has_uptime = true;
}

static enum nh_err ask_system(struct nh_snmp_device *d);

/* Which of system_objects `v` is: a device may answer in any order, or something else. */
static size_t
system_object(const struct nh_snmp_var *v)
{
    for (size_t i = 0; i < NH_COUNT(system_objects); i++) {
        size_t k = 0;

        while (k < system_objects[i].len && k < v->oid_len &&
               v->oid[k] == system_objects[i].id[k])
            k++;
        if (k == system_objects[i].len && k == v->oid_len)
            return i;
    }
    return NH_COUNT(system_objects);
}

static void
put_object_id(struct nh_snmp_device *d, const struct nh_snmp_var *v)
{
    char text[sizeof(d->facts.object_id)];

    nh_oid_text(v->bytes, v->bytes_len / sizeof(unsigned long), text, sizeof(text));
    if (strcmp(text, d->facts.object_id) == 0)
        return;
    memcpy(d->facts.object_id, text, sizeof(text));
    d->names_round = d->lacks_round = 0; /* another device, perhaps */
    nh_snmp_detail_forget(d->detail);
}

/* False: nothing of what it says was asked for. */
static bool
take_system(struct nh_snmp_device *d, struct nh_snmp_answer *a)
{
    struct nh_snmp_var v;
    bool boots_moved = false, has_ticks = false;
    uint64_t ticks = 0;
    size_t known = 0, i;

    while (nh_snmp_next(a, &v)) {
        i = system_object(&v);
        known += i < NH_COUNT(system_objects);
        if (i == SYS_DESCR && v.type == NH_SNMP_BYTES) {
            nh_snmp_text(&v, d->facts.descr, sizeof(d->facts.descr));
        } else if (i == SYS_NAME && v.type == NH_SNMP_BYTES) {
            nh_snmp_text(&v, d->facts.name, sizeof(d->facts.name));
        } else if (i == SYS_OBJECT && v.type == NH_SNMP_OBJECT) {
            put_object_id(d, &v);
        } else if (i == SYS_UPTIME && v.type == NH_SNMP_TICKS) {
            ticks = v.unsigned_number;
            has_ticks = true;
        } else if (i == LAST_CHANGE && v.type == NH_SNMP_TICKS) {
            if (d->has_change && d->last_change != v.unsigned_number)
                d->names_round = 0;
            d->has_change = true;
            d->last_change = v.unsigned_number;
        } else if (i == BOOTS && v.type == NH_SNMP_SIGNED) {
            boots_moved = d->has_boots && d->boots != (uint64_t)v.number;
            d->has_boots = true;
            d->boots = (uint64_t)v.number;
        }
    }
    if (has_ticks)
        put_uptime(d, ticks, a->mono_us, boots_moved);
    return known > 0;
}

static bool
is_asked(const struct nh_snmp_device *d, size_t object)
{
    return (object < SYS_V1 || nh_snmp_version(d->session) != 1) &&
           (d->system_lacks & 1U << object) == 0;
}

/* v1 answers nothing at all when one object is not there: it is left out from now on. */
static bool
leave_out(struct nh_snmp_device *d, size_t error_index)
{
    for (size_t i = 0; i < NH_COUNT(system_objects); i++)
        if (is_asked(d, i) && --error_index == 0) {
            d->system_lacks |= 1U << i;
            return true;
        }
    return false;
}

/* Ask for the system group again, as it is to be asked now. */
static void
ask_again(struct nh_snmp_device *d)
{
    enum nh_err err = ask_system(d);

    if (err == NH_EINVAL)
        d->system_lacks = 0; /* all of it is asked for again in the next round */
    if (err != NH_OK)
        finish_round(d, err == NH_EINVAL ? NH_SNMP_NO_SUCH : NH_SNMP_LOCAL);
}

static void
on_device_system(void *arg, struct nh_snmp_answer *a)
{
    struct nh_snmp_device *d = arg;
    int version = nh_snmp_version(d->session);

    if (a->result == NH_SNMP_TIMEOUT && version != 3 && !d->tried_v1 && !d->answered) {
        d->tried_v1 = true;
        nh_snmp_speak(d->session, 3 - version);
        ask_again(d);
        return;
    }
    if (a->result == NH_SNMP_NO_SUCH && a->error_index > 0 &&
        leave_out(d, a->error_index)) {
        ask_again(d);
        return;
    }
    if (a->result != NH_SNMP_OK || !take_system(d, a)) {
        if (d->tried_v1 && !d->answered)
            nh_snmp_speak(d->session, 3 - version); /* neither answers */
        finish_round(d, a->result != NH_SNMP_OK ? a->result : NH_SNMP_NONSENSE);
        return;
    }
    d->answered = true;
    d->narrow = d->narrow || nh_snmp_version(d->session) == 1;
    if (d->lacks_round == 0 || d->facts.round - d->lacks_round >= LACKS_EVERY) {
        d->counter_lacks = d->figure_lacks = 0;
        d->lacks_round = d->facts.round;
    }
    if (d->names_round == 0 || d->facts.round - d->names_round >= NAMES_EVERY)
        walk_names(d);
    else
        walk_counters(d);
}

/* NH_EINVAL: there is nothing of it that the device has. */
static enum nh_err
ask_system(struct nh_snmp_device *d)
{
    unsigned long ids[NH_COUNT(system_objects)][16];
    const unsigned long *at[NH_COUNT(system_objects)];
    size_t lens[NH_COUNT(system_objects)];
    size_t count = 0;

    for (size_t i = 0; i < NH_COUNT(system_objects); i++) {
        if (!is_asked(d, i))
            continue;
        lens[count] = system_objects[i].len;
        at[count] = ids[i];
        for (size_t k = 0; k < system_objects[i].len; k++)
            ids[i][k] = system_objects[i].id[k];
        count++;
    }
    if (count == 0)
        return NH_EINVAL;
    return nh_snmp_ask(d->session, NH_SNMP_GET, at, lens, count, 0, on_device_system, d);
}

enum nh_err
nh_snmp_device_new(struct nh_snmp_device **out, struct nh_snmp *s)
{
    struct nh_snmp_device *d = calloc(1, sizeof(*d));

    *out = NULL;
    if (d == NULL || nh_snmp_detail_new(&d->detail) != NH_OK) {
        free(d);
        return NH_ENOMEM;
    }
    d->session = s;
    d->facts.details = nh_snmp_detail_get(d->detail);
    d->narrow = true;
    d->facts.profile = "";
    for (size_t i = 0; i < NH_SNMP_FACTS; i++)
        d->facts.value[i] = NAN;
    *out = d;
    return NH_OK;
}

void
nh_snmp_device_free(struct nh_snmp_device *d)
{
    if (d == NULL)
        return;
    nh_snmp_detail_free(d->detail);
    nh_snmp_walk_stop(d->walk);
    nh_snmp_cancel(d->session, d);
    free_rows(d->rows, d->count);
    free_rows(d->old, d->old_count);
    free(d);
}

void
nh_snmp_device_use(struct nh_snmp_device *d, struct nh_snmp *s)
{
    nh_snmp_detail_stop(d->detail);
    d->session = s;
    d->answered = false;
    d->pace = (struct nh_snmp_pace){ 0 };
    d->system_lacks = 0;
}

enum nh_err
nh_snmp_device_round(struct nh_snmp_device *d, void (*done)(void *arg), void *arg)
{
    enum nh_err err;

    if (d->running)
        return NH_EEXIST;
    d->done = done;
    d->done_arg = arg;
    nh_snmp_detail_stop(d->detail);
    d->tried_v1 = false;
    d->until_us = nh_clock_mono_us() + ROUND_MAX_US;
    d->facts.round++;
    d->facts.backwards = d->facts.bounded = d->facts.complained = false;
    if ((err = ask_system(d)) == NH_OK)
        d->running = true;
    return err;
}

const struct nh_snmp_facts *
nh_snmp_device_facts(struct nh_snmp_device *d)
{
    bool reading_names = d->old != NULL;

    d->facts.interfaces = reading_names ? d->old : d->rows;
    d->facts.interface_count = reading_names ? d->old_count : d->count;
    return &d->facts;
}

const struct nh_snmp_interface *
nh_snmp_device_port(const struct nh_snmp_device *d, const char *port)
{
    for (int by = 0; by < 3; by++)
        for (size_t i = 0; i < d->count; i++) {
            const struct nh_snmp_interface *row = &d->rows[i];
            const char *text = by == 0 ? row->name : by == 1 ? row->descr : row->alias;

            if (strcmp(text, port) == 0)
                return row;
        }
    return NULL;
}
