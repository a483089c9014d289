/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_device.c - one round after the other
 *
 *   the long way:  SYSTEM -> (NAMES) -> COUNTERS -> FIGURES -> done
 *   the short way: uptime, counters and figures in one walk -> done
 *
 * A request costs more than what it asks for, and most rounds find the device as it was:
 * they go the short way. Its first answer begins with the uptime and what else would tell
 * of a change; then, and whenever the walk finds other interfaces than the last one, the
 * round goes the long way all the same. So it does for a device that is new, odd (it
 * repeats itself, complains, speaks v1) or failed last time.
 *
 * Names cost as much as counters and hardly change. They are read again when the device
 * says so (ifTableLastChange), when it rebooted, when an unknown ifIndex turns up, when a
 * counter goes back for no reason, and every NAMES_EVERY rounds for devices that say
 * nothing.
 *
 * A device that does not answer v2c at all is tried by v1 in the same round; the version
 * that answers stays. Columns that it does not have are left out for LACKS_EVERY rounds.
 * So are, for a few, figures that it was silent to in two rounds in which it answered all
 * else: once is a line that was cut just then.
 */
#include "libnhip/snmp_device.h"
#include "libnhip/clock.h"
#include "libnhip/snmp_figures.h"
#include "libnhip/snmp_interfaces.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_EVERY = 15,
    LACKS_EVERY = 30,
    SILENT_EVERY = 5, /* rounds that what it was silent to is left alone */
    UPTIME_SLACK_S = 30,
    ROUND_MAX_US = 120 * 1000000, /* NH_SNMP_SLOW says it in words */
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
    struct nh_snmp_interfaces list;
    struct nh_snmp_interfaces old; /* while names are read: those of before */
    bool reading_names;
    void (*done)(void *arg);
    void *done_arg;
    bool running, answered, tried_v1, unknown_index, narrow;
    bool is_known;        /* the last round went well: the next may go the short way */
    bool begun;           /* the short way has come as far as the counters */
    uint32_t apart_until; /* round; the short way did not work: the long one till then */
    bool was_silent;      /* to figures, in the last round */
    bool has_boots, has_change;
    uint32_t system_lacks;  /* bits of system_objects that v1 has no instance of */
    uint32_t counter_lacks; /* bits of nh_snmp_counter_columns without a row */
    uint32_t lacks_round;   /* when they were last found out */
    uint32_t names_round;   /* when names were last read; 0: they are to be */
    uint32_t back_round;    /* when they last were because a counter went back */
    int64_t until_us;       /* of this round */
    uint64_t ticks, boots, last_change;
    int64_t ticks_us;
    struct nh_snmp_figures figures;
    struct nh_oid columns[NH_WALK_COLUMNS_MAX]; /* of the walk under way */
    uint32_t likely[NH_WALK_COLUMNS_MAX];       /* rows of each */
    uint8_t
        number_of[NH_WALK_COLUMNS_MAX]; /* of a counter's column, or FIGURE_0 and on */
    size_t column_count;
    struct nh_snmp_detail *detail; /* owned */
};

enum { FIGURE_0 = NH_SNMP_COUNTER_COLUMNS };

static void
finish_round(struct nh_snmp_device *d, enum nh_snmp_result result)
{
    d->facts.result = result;
    d->facts.version = nh_snmp_version(d->session);
    d->facts.bounded = d->facts.bounded || d->list.bounded;
    d->running = false;
    if (result != NH_SNMP_OK) {
        d->is_known = d->was_silent = false;
        d->apart_until = 0; /* it was the device, not the way */
    } else {
        nh_snmp_detail_go_on(d->detail, d->session, &d->pace, nh_clock_mono_us());
    }
    d->done(d->done_arg);
}

/* ---- walks ---- */

/* Put column `number` on the list of the next walk. */
static void
plan_column(struct nh_snmp_device *d, const struct nh_oid *column, size_t number,
    size_t likely_rows)
{
    d->columns[d->column_count] = *column;
    d->likely[d->column_count] = (uint32_t)likely_rows;
    d->number_of[d->column_count++] = (uint8_t)number;
}

static void
plan_counters(struct nh_snmp_device *d)
{
    size_t count = d->narrow ? NH_SNMP_COUNTER_COLUMNS : NH_SNMP_NARROW_FROM;

    d->unknown_index = false;
    for (size_t c = 0; c < count; c++)
        if ((d->counter_lacks & 1U << c) == 0)
            plan_column(d, &nh_snmp_counter_columns[c], c, d->list.count);
}

/* False: not all found room beside what is planned already. */
static bool
plan_figures(struct nh_snmp_device *d)
{
    bool all = true;

    d->facts.profile = nh_snmp_figures_begin(&d->figures, d->facts.object_id);
    for (size_t i = 0; i < d->list.count; i++)
        d->list.rows[i].rx_next = NAN;
    for (size_t i = 0; i < d->figures.count; i++) {
        const struct nh_snmp_profile_row *r = d->figures.rows[i];
        struct nh_oid column;

        if ((d->figures.lacks & UINT64_C(1) << i) != 0 ||
            !nh_snmp_profile_column(r, d->facts.object_id, &column))
            continue;
        if (d->column_count + (r->has_with ? 2 : 1) > NH_WALK_COLUMNS_MAX) {
            all = false;
            continue;
        }
        plan_column(d, &column, FIGURE_0 + i, d->figures.cells[i]);
        if (r->has_with) {
            column = nh_snmp_profile_beside(r);
            plan_column(d, &column, FIGURE_0 + NH_SNMP_BESIDE + i, d->figures.cells[i]);
        }
    }
    return all;
}

static void
put_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;
    size_t number = d->number_of[column];
    struct nh_snmp_interface *port;
    double power;

    if (number >= FIGURE_0) {
        if (!nh_snmp_figures_put(
                &d->figures, number - FIGURE_0, index, index_len, v, &power))
            return;
        port = nh_snmp_interfaces_find(&d->list, (uint32_t)index[0]);
        if (port != NULL && isnan(port->rx_next))
            port->rx_next =
                power; /* the first row counts, and of a module the first lane */
    } else if (index_len == 1 && index[0] <= UINT32_MAX &&
               !nh_snmp_interfaces_put_counter(
                   &d->list, number, (uint32_t)index[0], v, mono_us, d->facts.round)) {
        d->unknown_index = true;
    }
}

static void
put_name_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;

    (void)mono_us;
    if (index_len == 1 && index[0] <= UINT32_MAX)
        nh_snmp_interfaces_put_name(&d->list, column, (uint32_t)index[0], v);
}

static struct nh_snmp_walk_plan
walk_plan(struct nh_snmp_device *d,
    void (*on_cell)(void *, size_t, const unsigned long *, size_t,
        const struct nh_snmp_var *, int64_t),
    void (*on_done)(void *, const struct nh_snmp_walked *))
{
    return (struct nh_snmp_walk_plan){ .columns = d->columns,
        .likely_rows = d->likely,
        .count = d->column_count,
        .max_rows = NH_SNMP_INTERFACES_MAX,
        .until_us = d->until_us,
        .on_cell = on_cell,
        .on_done = on_done,
        .arg = d };
}

static void
start_walk(struct nh_snmp_device *d, const struct nh_snmp_walk_plan *plan)
{
    d->list.at = 0;
    if (nh_snmp_walk_start(&d->walk, d->session, &d->pace, plan) != NH_OK)
        finish_round(d, NH_SNMP_LOCAL);
}

static void
note_walked(struct nh_snmp_device *d, const struct nh_snmp_walked *what)
{
    d->walk = NULL;
    d->facts.backwards = d->facts.backwards || what->backwards;
    d->facts.bounded = d->facts.bounded || what->bounded;
    d->facts.complained = d->facts.complained || what->complained;
}

/* What the walk found of each column: none of some, and how many figures. */
static void
note_rows(struct nh_snmp_device *d, const struct nh_snmp_walked *what)
{
    for (size_t i = 0; i < d->column_count; i++) {
        size_t number = d->number_of[i];

        if (number >= FIGURE_0 + NH_SNMP_BESIDE)
            continue; /* as many as the column that it is beside */
        if (number >= FIGURE_0)
            d->figures.cells[number - FIGURE_0] = what->rows[i];
        if (what->rows[i] > 0 || what->complained)
            continue;
        if (number >= FIGURE_0)
            d->figures.lacks |= UINT64_C(1) << (number - FIGURE_0);
        else
            d->counter_lacks |= 1U << number;
    }
}

/* ---- what comes of them ---- */

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
        nh_snmp_interfaces_put_light(&d->list, s);
    }
    for (size_t i = 0; i < is->storage_count && !has_mem; i++)
        if (is->storages[i].is_memory && is->storages[i].size_bytes > largest &&
            is->storages[i].used_bytes <= is->storages[i].size_bytes) {
            largest = is->storages[i].size_bytes;
            d->facts.value[NH_SNMP_FACT_MEM_PCT] =
                100 * is->storages[i].used_bytes / largest;
        }
}

static void
take_figures(struct nh_snmp_device *d)
{
    nh_snmp_figures_end(&d->figures, d->facts.value);
    for (size_t i = 0; i < d->list.count; i++)
        d->list.rows[i].rx_power_dbm = d->list.rows[i].rx_next;
    note_details(d);
}

static bool
is_due(const struct nh_snmp_device *d, uint32_t last_round, uint32_t every)
{
    return last_round == 0 || d->facts.round - last_round >= every;
}

/* Numbers may have been dealt anew among the same interfaces. A device whose counters
 * just go back is not asked for its names each time. */
static bool
may_be_others(struct nh_snmp_device *d)
{
    if (!is_due(d, d->back_round, NAMES_EVERY) || !d->list.went_back)
        return false;
    d->back_round = d->facts.round;
    return true;
}

static void
take_counters(struct nh_snmp_device *d)
{
    if (d->unknown_index || may_be_others(d))
        d->names_round = 0; /* read them in the next round */
    nh_snmp_interfaces_end(&d->list, d->facts.round);
    d->narrow = false;
    for (size_t i = 0; i < d->list.count && !d->narrow; i++)
        d->narrow = !d->list.rows[i].now[NH_SNMP_IN_OCTETS].wide;
}

/* ---- the long way ---- */

/* A device that knows none of the figures is a device all the same. */
static void
on_device_figures(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    if (what->result == NH_SNMP_TIMEOUT && d->was_silent) {
        note_rows(d, what); /* it is alive, and silent to these again */
        d->lacks_round = d->facts.round - (LACKS_EVERY - SILENT_EVERY);
    } else if (what->result == NH_SNMP_OK) {
        note_rows(d, what);
    }
    d->was_silent = what->result == NH_SNMP_TIMEOUT;
    take_figures(d);
    d->is_known = what->result == NH_SNMP_OK && !d->facts.backwards &&
                  !d->facts.bounded && !d->facts.complained;
    finish_round(d, NH_SNMP_OK);
}

static void
walk_figures(struct nh_snmp_device *d)
{
    const struct nh_snmp_walked none = { .result = NH_SNMP_OK };
    struct nh_snmp_walk_plan plan;

    d->column_count = 0;
    (void)plan_figures(d);
    plan = walk_plan(d, put_cell, on_device_figures);
    if (d->column_count == 0)
        on_device_figures(d, &none);
    else
        start_walk(d, &plan);
}

static void
on_device_counters(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    if (what->result != NH_SNMP_OK) {
        finish_round(d, what->result);
        return;
    }
    note_rows(d, what);
    take_counters(d);
    walk_figures(d);
}

static void
walk_counters(struct nh_snmp_device *d)
{
    struct nh_snmp_walk_plan plan;

    nh_snmp_interfaces_begin(&d->list);
    d->column_count = 0;
    plan_counters(d);
    plan = walk_plan(d, put_cell, on_device_counters);
    if (d->column_count == 0) { /* there is no interface any more */
        nh_snmp_interfaces_end(&d->list, d->facts.round);
        walk_figures(d);
        return;
    }
    start_walk(d, &plan);
}

static void
on_device_names(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    note_walked(d, what);
    d->reading_names = false;
    if (what->result != NH_SNMP_OK) { /* those of before serve on */
        nh_snmp_interfaces_free(&d->list);
        d->list = d->old;
        d->old = (struct nh_snmp_interfaces){ 0 };
        finish_round(d, what->result);
        return;
    }
    if (d->list.count != d->old.count)
        d->counter_lacks = 0;
    nh_snmp_interfaces_follow(&d->list, &d->old);
    nh_snmp_interfaces_pack(&d->list, &d->old);
    nh_snmp_interfaces_free(&d->old);
    d->names_round = d->facts.round;
    walk_counters(d);
}

static void
walk_names(struct nh_snmp_device *d)
{
    struct nh_snmp_walk_plan plan;

    d->old = d->list;
    d->list = (struct nh_snmp_interfaces){ 0 };
    nh_snmp_interfaces_reserve(&d->list, d->old.count);
    d->reading_names = true;
    d->column_count = 0;
    for (size_t c = 0; c < NH_SNMP_NAME_COLUMNS; c++)
        plan_column(d, &nh_snmp_name_columns[c], c, d->old.count);
    plan = walk_plan(d, put_name_cell, on_device_names);
    start_walk(d, &plan);
}

/* ---- the system group ---- */

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
put_uptime(struct nh_snmp_device *d, uint64_t ticks, int64_t mono_us, bool boots_moved)
{
    if (has_rebooted(d, ticks, mono_us, boots_moved)) {
        d->facts.reboots++;
        d->names_round = d->lacks_round = 0;
        nh_snmp_interfaces_forget(&d->list);
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
    nh_snmp_figures_forget(&d->figures);
    nh_snmp_detail_forget(d->detail);
}

/* What an answer says of the system group. */
struct heard {
    size_t known; /* objects that were asked for */
    bool boots_moved, has_ticks;
    uint64_t ticks;
};

static void
take_object(struct nh_snmp_device *d, const struct nh_snmp_var *v, struct heard *heard)
{
    size_t i = system_object(v);

    heard->known += i < NH_COUNT(system_objects);
    if (i == SYS_DESCR && v->type == NH_SNMP_BYTES) {
        nh_snmp_text(v, d->facts.descr, sizeof(d->facts.descr));
    } else if (i == SYS_NAME && v->type == NH_SNMP_BYTES) {
        nh_snmp_text(v, d->facts.name, sizeof(d->facts.name));
    } else if (i == SYS_OBJECT && v->type == NH_SNMP_OBJECT) {
        put_object_id(d, v);
    } else if (i == SYS_UPTIME) {
        heard->has_ticks = nh_snmp_whole_number(v, &heard->ticks);
    } else if (i == LAST_CHANGE && v->type == NH_SNMP_TICKS) {
        if (d->has_change && d->last_change != v->unsigned_number)
            d->names_round = 0;
        d->has_change = true;
        d->last_change = v->unsigned_number;
    } else if (i == BOOTS && v->type == NH_SNMP_SIGNED) {
        heard->boots_moved = d->has_boots && d->boots != (uint64_t)v->number;
        d->has_boots = true;
        d->boots = (uint64_t)v->number;
    }
}

/* False: nothing of what it says was asked for. */
static bool
take_system(struct nh_snmp_device *d, struct nh_snmp_answer *a)
{
    struct heard heard = { 0 };
    struct nh_snmp_var v;

    while (nh_snmp_next(a, &v))
        take_object(d, &v, &heard);
    if (heard.has_ticks)
        put_uptime(d, heard.ticks, a->mono_us, heard.boots_moved);
    return heard.known > 0;
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

/* Ask for the system group, as it is to be asked now: the long way begins. */
static void
go_long_way(struct nh_snmp_device *d)
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
        go_long_way(d);
        return;
    }
    if (a->result == NH_SNMP_NO_SUCH && a->error_index > 0 &&
        leave_out(d, a->error_index)) {
        go_long_way(d);
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
    if (is_due(d, d->lacks_round, LACKS_EVERY)) {
        d->counter_lacks = 0;
        d->figures.lacks = 0;
        d->lacks_round = d->facts.round;
    }
    if (is_due(d, d->names_round, NAMES_EVERY))
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
    return nh_snmp_ask(
        d->session, NH_SNMP_GET, at, lens, 0, count, 0, on_device_system, d);
}

/* ---- the short way ---- */

static bool
on_device_heads(void *arg, const struct nh_snmp_var *vars, size_t count, int64_t mono_us)
{
    struct nh_snmp_device *d = arg;
    struct heard heard = { 0 };

    for (size_t i = 0; i < count; i++)
        take_object(d, &vars[i], &heard);
    if (!heard.has_ticks) {
        d->apart_until = d->facts.round + LACKS_EVERY;
        return false;
    }
    put_uptime(d, heard.ticks, mono_us, heard.boots_moved);
    if (d->names_round == 0)
        return false;
    nh_snmp_interfaces_begin(&d->list);
    d->begun = true;
    return true;
}

/* Did the walk find what the last one did? */
static bool
is_as_before(const struct nh_snmp_device *d, const struct nh_snmp_walked *what)
{
    if (what->backwards || what->bounded || what->complained || d->unknown_index)
        return false;
    for (size_t i = 0; i < d->column_count; i++)
        if (d->number_of[i] < FIGURE_0 && what->rows[i] == 0)
            return false;
    return nh_snmp_interfaces_are_same(&d->list, d->facts.round);
}

static void
on_device_whole(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_device *d = arg;

    d->walk = NULL;
    if (what->result != NH_SNMP_OK)
        d->apart_until = d->facts.round + LACKS_EVERY;
    else if (d->begun && (!is_as_before(d, what) || may_be_others(d)))
        d->names_round = 0;
    if (what->result == NH_SNMP_OK && d->begun && d->names_round != 0) {
        take_counters(d);
        take_figures(d);
        finish_round(d, NH_SNMP_OK);
        return;
    }
    if (d->begun)
        nh_snmp_interfaces_undo(&d->list);
    go_long_way(d);
}

static bool
may_go_short_way(const struct nh_snmp_device *d)
{
    return d->is_known && d->facts.has_uptime && d->list.count > 0 && !d->pace.no_bulk &&
           nh_snmp_version(d->session) != 1 && d->facts.round >= d->apart_until &&
           !is_due(d, d->names_round, NAMES_EVERY) &&
           !is_due(d, d->lacks_round, LACKS_EVERY);
}

/* False: it cannot be walked so, by what it bears. */
static bool
go_short_way(struct nh_snmp_device *d)
{
    static const size_t numbers[] = { SYS_UPTIME, LAST_CHANGE, BOOTS };
    struct nh_oid heads[NH_COUNT(numbers)];
    struct nh_snmp_walk_plan plan;
    size_t count = 0;

    for (size_t i = 0; i < NH_COUNT(numbers); i++) {
        if ((numbers[i] == LAST_CHANGE && !d->has_change) ||
            (numbers[i] == BOOTS && !d->has_boots))
            continue;
        heads[count] = system_objects[numbers[i]];
        heads[count++].len--; /* what comes next is its ".0" */
    }
    d->begun = false;
    d->column_count = 0;
    plan_counters(d);
    if (!plan_figures(d) || (size_t)d->pace.objects < count + d->column_count)
        return false;
    plan = walk_plan(d, put_cell, on_device_whole);
    plan.heads = heads;
    plan.head_count = count;
    plan.on_heads = on_device_heads;
    d->list.at = 0;
    return nh_snmp_walk_start(&d->walk, d->session, &d->pace, &plan) == NH_OK;
}

/* ---- life ---- */

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
    nh_snmp_interfaces_free(&d->list);
    nh_snmp_interfaces_free(&d->old);
    nh_snmp_figures_free(&d->figures);
    free(d);
}

void
nh_snmp_device_use(struct nh_snmp_device *d, struct nh_snmp *s)
{
    nh_snmp_detail_stop(d->detail);
    d->session = s;
    d->answered = d->is_known = false;
    d->pace = (struct nh_snmp_pace){ 0 };
    d->system_lacks = 0;
}

enum nh_err
nh_snmp_device_round(struct nh_snmp_device *d, void (*done)(void *arg), void *arg)
{
    enum nh_err err = NH_OK;

    if (d->running)
        return NH_EEXIST;
    d->done = done;
    d->done_arg = arg;
    nh_snmp_detail_stop(d->detail);
    d->tried_v1 = false;
    d->until_us = nh_clock_mono_us() + ROUND_MAX_US;
    d->facts.round++;
    d->facts.backwards = d->facts.bounded = d->facts.complained = false;
    if (!may_go_short_way(d) || !go_short_way(d))
        err = ask_system(d);
    d->running = err == NH_OK;
    return err;
}

const struct nh_snmp_facts *
nh_snmp_device_facts(struct nh_snmp_device *d)
{
    const struct nh_snmp_interfaces *shown = d->reading_names ? &d->old : &d->list;

    d->facts.interfaces = shown->rows;
    d->facts.interface_count = shown->count;
    return &d->facts;
}

const struct nh_snmp_interface *
nh_snmp_device_port(const struct nh_snmp_device *d, const char *port)
{
    for (int by = 0; by < 3; by++)
        for (size_t i = 0; i < d->list.count; i++) {
            const struct nh_snmp_interface *row = &d->list.rows[i];
            const char *text = by == 0 ? row->name : by == 1 ? row->descr : row->alias;

            if (strcmp(text, port) == 0)
                return row;
        }
    return NULL;
}
