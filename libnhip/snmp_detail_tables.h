/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_detail_tables.h - what becomes of the tables that snmp_detail.c reads
 *
 * A table is handed over whole, in the order of snmp_detail.c's list: later ones complete
 * what earlier ones told. Pure, and only for snmp_detail.c.
 */
#ifndef NH_SNMP_DETAIL_TABLES_H
#define NH_SNMP_DETAIL_TABLES_H

#include "libnhip/snmp_detail.h"

enum {
    NH_SNMP_DETAIL_COLUMNS_MAX = 6,
    NH_SNMP_DETAIL_INDEX_MAX = 40, /* rows with a longer index are left out */
    NH_SNMP_DETAIL_ROWS_MAX = 1024,
    NH_SNMP_DETAIL_SENSORS_MAX = 512,
};

struct nh_snmp_detail_cell {
    bool has;
    double number; /* NAN: it is no number */
    char text[NH_SNMP_LABEL_MAX];
};

struct nh_snmp_detail_row {
    uint32_t index[NH_SNMP_DETAIL_INDEX_MAX];
    size_t index_len;
    struct nh_snmp_detail_cell cell[NH_SNMP_DETAIL_COLUMNS_MAX];
};

/* Room for one more in the list that `list` points to, of at most `max`; NULL: there is
 * none. */
void *nh_snmp_detail_add(void *list, size_t size, size_t *count, size_t max);
void nh_snmp_detail_label(char to[NH_SNMP_LABEL_MAX], const char *text);

/* RFC 3433's entPhySensorTable, and then Cisco's of the same form: type, scale,
 * precision, value, status. */
void nh_snmp_sensors_begin(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
void nh_snmp_sensors_take(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
/* hwOpticalModuleInfoTable: bias current, power, lanes. */
void nh_snmp_sensors_take_optics(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
bool nh_snmp_sensors_are_there(const struct nh_snmp_details *is);
/* entPhysicalTable: name, description. */
void nh_snmp_sensors_take_names(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);

/* lldpRemTable: chassis, port, port's description, system's name. */
void nh_snmp_neighbours_take_lldp(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
bool nh_snmp_neighbours_lack_ports(const struct nh_snmp_details *is);
/* mtxrNeighborTable: ifIndex. */
void nh_snmp_neighbours_take_mikrotik_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
bool nh_snmp_neighbours_are_there(const struct nh_snmp_details *is);
/* lldpLocPortTable: name, description. */
void nh_snmp_neighbours_take_lldp_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
/* cdpCacheTable: device, port. */
void nh_snmp_neighbours_take_cdp(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
/* dot1dTpFdbTable: the bridge's port. */
void nh_snmp_neighbours_take_stations(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);
/* dot1dBasePortTable: ifIndex; the last one: they come to stand by their ports. */
void nh_snmp_neighbours_take_bridge_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count);

#endif
