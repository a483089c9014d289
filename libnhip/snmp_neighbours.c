/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_neighbours.c - who is behind which port: LLDP, CDP, and what a bridge has learnt
 *
 * Each of them counts ports its own way; a port ends with its ifIndex or with the name
 * that people know it by, where the device tells either.
 */
#include "libnhip/snmp_detail_tables.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct nh_snmp_neighbour *
add_neighbour(struct nh_snmp_details *is, uint32_t local)
{
    struct nh_snmp_neighbour *n = nh_snmp_detail_add(
        &is->neighbours, sizeof(*n), &is->neighbour_count, NH_SNMP_DETAIL_ROWS_MAX);

    if (n != NULL)
        n->local_index = local;
    return n;
}

enum { LLDP_CHASSIS, LLDP_PORT, LLDP_PORT_DESCR, LLDP_NAME };

/* An address or a number of a port says less than its description. */
static bool
names_port(const char *id)
{
    size_t len = strlen(id);

    return strspn(id, "0123456789") < len &&
           !(len == 17 && id[2] == ':' && strspn(id, "0123456789abcdefABCDEF:") == len);
}

static const char *
port_label(const struct nh_snmp_detail_cell *id, const struct nh_snmp_detail_cell *descr)
{
    return names_port(id->text) || *descr->text == '\0' || strcmp(descr->text, "-") == 0
               ? id->text
               : descr->text;
}

/*
 * lldpRemTable, by time mark, local port and number: chassisId, portId, portDesc,
 * sysName. MikroTik has it by the number alone, or with a local port 0.
 */
void
nh_snmp_neighbours_take_lldp(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    struct nh_snmp_neighbour *n;

    is->neighbour_count = 0;
    free(is->neighbours);
    is->neighbours = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct nh_snmp_detail_cell *c = rows[i].cell;
        size_t len = rows[i].index_len;

        if ((len != 3 && len != 1) ||
            (n = add_neighbour(is, len == 3 ? rows[i].index[1] : 0)) == NULL)
            continue;
        n->number = rows[i].index[len - 1];
        nh_snmp_detail_label(n->name,
            *c[LLDP_NAME].text != '\0' ? c[LLDP_NAME].text : c[LLDP_CHASSIS].text);
        nh_snmp_detail_label(n->port, port_label(&c[LLDP_PORT], &c[LLDP_PORT_DESCR]));
    }
}

static bool
is_portless(const struct nh_snmp_neighbour *n)
{
    return n->local_index == 0 && n->number != 0;
}

bool
nh_snmp_neighbours_lack_ports(const struct nh_snmp_details *is)
{
    for (size_t k = 0; k < is->neighbour_count; k++)
        if (is_portless(&is->neighbours[k]))
            return true;
    return false;
}

/* mtxrNeighborTable, by the same number: mtxrNeighborInterfaceID, an ifIndex. */
void
nh_snmp_neighbours_take_mikrotik_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t k = 0; k < is->neighbour_count; k++)
        for (size_t i = 0; i < count && is_portless(&is->neighbours[k]); i++)
            if (rows[i].index_len == 1 && rows[i].index[0] == is->neighbours[k].number &&
                rows[i].cell[0].number > 0 && rows[i].cell[0].number <= (double)INT32_MAX)
                is->neighbours[k].local_index = (uint32_t)rows[i].cell[0].number;
}

bool
nh_snmp_neighbours_are_there(const struct nh_snmp_details *is)
{
    return is->neighbour_count > 0;
}

/* lldpLocPortTable: portId, portDesc of the ports that LLDP counts its own way. */
void
nh_snmp_neighbours_take_lldp_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t k = 0; k < is->neighbour_count; k++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].index_len == 1 &&
                rows[i].index[0] == is->neighbours[k].local_index) {
                const struct nh_snmp_detail_cell *c = rows[i].cell;

                nh_snmp_detail_label(is->neighbours[k].local, port_label(&c[0], &c[1]));
                is->neighbours[k].is_vague = !names_port(c[0].text);
                break;
            }
}

/* "0/1" of "Gi0/1" */
static const char *
number_of(const char *port)
{
    return port + strcspn(port, "0123456789");
}

/*
 * Is it a neighbour that LLDP has told of? CDP adds to its name ("sw-1.xa.vn",
 * "sw-1(SN)") and shortens its port in another way ("Gi0/1", "GigabitEthernet0/1"). Some
 * have LLDP's neighbours in CDP's table by their address.
 */
static bool
is_known(
    const struct nh_snmp_details *is, uint32_t local, const char *name, const char *port)
{
    for (size_t k = 0; k < is->neighbour_count; k++) {
        const struct nh_snmp_neighbour *n = &is->neighbours[k];
        size_t len = strlen(n->name);

        if (n->number == 0 || len == 0)
            continue;
        if (strncasecmp(n->name, name, len) == 0 &&
            (name[len] == '\0' || name[len] == '.' || name[len] == '(') &&
            strcmp(number_of(n->port), number_of(port)) == 0)
            return true;
        if (n->local_index == local && !names_port(name) && strcmp(n->port, port) == 0)
            return true;
    }
    return false;
}

/* cdpCacheTable, by ifIndex and number: device, port. */
void
nh_snmp_neighbours_take_cdp(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    struct nh_snmp_neighbour *n;

    for (size_t i = 0; i < count; i++) {
        const struct nh_snmp_detail_cell *c = rows[i].cell;

        if (rows[i].index_len != 2 ||
            is_known(is, rows[i].index[0], c[0].text, c[1].text) ||
            (n = add_neighbour(is, rows[i].index[0])) == NULL)
            continue;
        nh_snmp_detail_label(n->name, c[0].text);
        nh_snmp_detail_label(n->port, c[1].text);
    }
}

/* dot1dTpFdbPort: the bridge port of each address. A row a port is enough. */
void
nh_snmp_neighbours_take_stations(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t port = rows[i].cell[0].number > 0 && rows[i].cell[0].number < 65536
                            ? (uint32_t)rows[i].cell[0].number
                            : 0;
        struct nh_snmp_neighbour *n = NULL;

        for (size_t k = 0; k < is->neighbour_count && port != 0 && n == NULL; k++)
            if (is->neighbours[k].stations > 0 && is->neighbours[k].local_index == port)
                n = &is->neighbours[k];
        if (port != 0 && n == NULL && (n = add_neighbour(is, port)) != NULL)
            snprintf(n->local, sizeof(n->local), "bridge port %u", port);
        if (n != NULL)
            n->stations++;
    }
}

/* The bridge's port `port`, or NULL. */
static const struct nh_snmp_detail_row *
find_bridge_port(const struct nh_snmp_detail_row *rows, size_t count, uint32_t port)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].index_len == 1 && rows[i].index[0] == port &&
            rows[i].cell[0].number > 0 && rows[i].cell[0].number <= (double)INT32_MAX)
            return &rows[i];
    return NULL;
}

/* Port by port, and of each those with a name before addresses that were learnt there. */
static int
by_port(const void *a, const void *b)
{
    const struct nh_snmp_neighbour *x = a, *y = b;

    if (x->local_index != y->local_index)
        return x->local_index < y->local_index ? -1 : 1;
    if ((x->stations > 0) != (y->stations > 0))
        return x->stations > 0 ? 1 : -1;
    return strcmp(x->name, y->name);
}

/*
 * dot1dBasePortIfIndex: the bridge's ports are counted its own way, too. RouterOS names
 * an ifIndex where the port of the bridge should be: most of them are then no bridge's
 * port.
 */
void
nh_snmp_neighbours_take_bridge_ports(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    size_t known = 0, unknown = 0;

    for (size_t k = 0; k < is->neighbour_count; k++)
        if (is->neighbours[k].stations > 0)
            *(find_bridge_port(rows, count, is->neighbours[k].local_index) != NULL
                    ? &known
                    : &unknown) += 1;
    for (size_t k = 0; k < is->neighbour_count; k++) {
        struct nh_snmp_neighbour *n = &is->neighbours[k];
        const struct nh_snmp_detail_row *port =
            n->stations > 0 && unknown <= known
                ? find_bridge_port(rows, count, n->local_index)
                : NULL;

        if (port != NULL)
            n->local_index = (uint32_t)port->cell[0].number;
        if (port != NULL || (n->stations > 0 && count > 0 && unknown > known))
            *n->local = '\0'; /* the device knows its name */
    }
    if (is->neighbour_count > 0)
        qsort(is->neighbours, is->neighbour_count, sizeof(is->neighbours[0]), by_port);
}
