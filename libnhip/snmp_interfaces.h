/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_interfaces.h - the interfaces of one device, as ifTable and ifXTable tell of them
 *
 * Rows are kept by ifIndex (RFC 2863). A round reads counters into `now`; what was there
 * becomes `before` as each is read, and the two make rates. Pure: what comes and when is
 * told by the caller, snmp_device.c.
 */
#ifndef NH_SNMP_INTERFACES_H
#define NH_SNMP_INTERFACES_H

#include "libnhip/snmp_device.h"

/*
 * The rate between two samples of one counter, or NAN: not the same width, no time
 * between them, a 64-bit counter that went back, a 32-bit one that may have gone round
 * more than once at `speed_bps` (for octets; 0: not checked) or that went back without a
 * plausible wrap. Pure.
 */
double nh_snmp_rate(const struct nh_snmp_sample *before, const struct nh_snmp_sample *now,
    uint64_t speed_bps);

struct nh_snmp_interfaces {
    struct nh_snmp_interface *rows; /* owned, by ifIndex */
    size_t count, cap, at;          /* `at`: where the last cell was put */
    uint32_t pass;                  /* of reading counters; the first is 1 */
    bool bounded;                   /* there were more than are kept */
    bool went_back; /* in this pass a counter of 64 bits did: with nothing that would say
                       why, another interface may have its number */
    char *texts;    /* owned: names and descriptions, once all have been read */
    size_t texts_len;
};

enum { NH_SNMP_NAME_COLUMNS = 6, NH_SNMP_COUNTER_COLUMNS = 11 };
/* The 32-bit octets come last: a device with 64-bit ones is not asked for them. */
enum { NH_SNMP_NARROW_FROM = 9 };
extern const struct nh_oid nh_snmp_name_columns[NH_SNMP_NAME_COLUMNS];
extern const struct nh_oid nh_snmp_counter_columns[NH_SNMP_COUNTER_COLUMNS];

void nh_snmp_interfaces_free(struct nh_snmp_interfaces *list);
/* The row of `index`, or NULL; cells come in order, so the next row is tried first. */
struct nh_snmp_interface *nh_snmp_interfaces_find(
    struct nh_snmp_interfaces *list, uint32_t index);

/* A cell of nh_snmp_name_columns; a row that is not there yet is added. */
void nh_snmp_interfaces_put_name(struct nh_snmp_interfaces *list, size_t column,
    uint32_t index, const struct nh_snmp_var *v);
/* A cell of nh_snmp_counter_columns, read in `round`. False: of a new row. */
bool nh_snmp_interfaces_put_counter(struct nh_snmp_interfaces *list, size_t column,
    uint32_t index, const struct nh_snmp_var *v, int64_t mono_us, uint32_t round);

/* Counters are about to be read. Those of a round that broke off are not lost: a rate may
 * span two rounds. */
void nh_snmp_interfaces_begin(struct nh_snmp_interfaces *list);
/* What was read since then counts for nothing. */
void nh_snmp_interfaces_undo(struct nh_snmp_interfaces *list);
/* No rate spans this moment: the device started anew. */
void nh_snmp_interfaces_forget(struct nh_snmp_interfaces *list);
/* Did the round find these interfaces and no others? */
bool nh_snmp_interfaces_are_same(const struct nh_snmp_interfaces *list, uint32_t round);
/* Those that the round did not find go; the others get their rates. */
void nh_snmp_interfaces_end(struct nh_snmp_interfaces *list, uint32_t round);
/* Names were read into `list` anew: what is known of an interface of `old` moves to the
 * ifIndex that now has its name. */
void nh_snmp_interfaces_follow(
    struct nh_snmp_interfaces *list, const struct nh_snmp_interfaces *old);
/* All names have been read: their texts go into one place, that of `old` where they are
 * the same. Many small ones that stay, each allocated among the objects of an answer,
 * would leave the heap in pieces. */
void nh_snmp_interfaces_pack(
    struct nh_snmp_interfaces *list, struct nh_snmp_interfaces *old);
/* The optical power that an entity's sensor tells, at the interface that its name says;
 * what is no such sensor, or at none, is left (snmp_light.c). */
void nh_snmp_interfaces_put_light(
    struct nh_snmp_interfaces *list, const struct nh_snmp_sensor *sensor);
/* There will be about `count` rows. */
void nh_snmp_interfaces_reserve(struct nh_snmp_interfaces *list, size_t count);

#endif
