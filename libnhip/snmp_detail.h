/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_detail.h - what is looked at now and then: sensors, storage, neighbours, pings
 *
 * ENTITY-SENSOR-MIB (and Cisco's own of the same form, and the optical modules of
 * Huawei, which are entities, too), HOST-RESOURCES-MIB, LLDP-MIB,
 * CDP, BRIDGE-MIB and DISMAN-PING-MIB are read between two rounds of a device, table by
 * table. A round that begins meanwhile goes first: the table is read again after it.
 */
#ifndef NH_SNMP_DETAIL_H
#define NH_SNMP_DETAIL_H

#include "libnhip/snmp_walk.h"

enum { NH_SNMP_LABEL_MAX = 80 };

struct nh_snmp_sensor {
    uint32_t index; /* entPhysicalIndex */
    char name[NH_SNMP_LABEL_MAX];
    const char *unit; /* "°C", "V", "A", "W", "rpm", "dBm" ..., static */
    const char *what; /* behind the entity's name, static: "" or " Rx" */
    double value;
};
struct nh_snmp_storage {
    char name[NH_SNMP_LABEL_MAX];
    bool is_memory;
    double size_bytes, used_bytes;
};
struct nh_snmp_neighbour {
    uint32_t local_index; /* ifIndex, or LLDP's own number of the port: often the same;
                             0 unknown */
    uint32_t number;      /* lldpRemIndex */
    char local[NH_SNMP_LABEL_MAX], name[NH_SNMP_LABEL_MAX], port[NH_SNMP_LABEL_MAX];
    /* `local` is an address, a number or a remark: the name of interface local_index is
     * better, where there is one. */
    bool is_vague;
    uint32_t stations; /* 0, or how many addresses the bridge has learnt there */
};
struct nh_snmp_ping { /* the device's own measurement */
    char target[NH_SNMP_LABEL_MAX];
    double rtt_avg_ms, loss_pct; /* NAN not known */
};

struct nh_snmp_details { /* each list is owned by its nh_snmp_detail */
    struct nh_snmp_sensor *sensors;
    struct nh_snmp_storage *storages;
    struct nh_snmp_neighbour *neighbours;
    struct nh_snmp_ping *pings;
    size_t sensor_count, storage_count, neighbour_count, ping_count;
};

struct nh_snmp_detail;

enum nh_err nh_snmp_detail_new(struct nh_snmp_detail **out) NH_MUST_CHECK;
void nh_snmp_detail_free(struct nh_snmp_detail *t);
/* A round has ended well: read on, when it is time. Session and pace are borrowed until
 * the next stop. */
void nh_snmp_detail_go_on(struct nh_snmp_detail *t, struct nh_snmp *s,
    struct nh_snmp_pace *pace, int64_t now_us);
/* A round begins, or the session goes. */
void nh_snmp_detail_stop(struct nh_snmp_detail *t);
/* The device may be another one: read all of it anew. */
void nh_snmp_detail_forget(struct nh_snmp_detail *t);
/* Lent until the loop runs on. */
const struct nh_snmp_details *nh_snmp_detail_get(const struct nh_snmp_detail *t);

#endif
