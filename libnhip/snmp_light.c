/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_light.c - at which interface a sensor of optical power is, by what it is called */
#include "libnhip/snmp_interfaces.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a router counts its modules, "subslot 0/1 transceiver 3 Rx Power Sensor" is at
 * GigabitEthernet0/1/3, and "power Rx 0/1/CPU0/3", or "power Rx 0/1/0/3", at
 * TenGigE0/1/0/3: that number, or "". */
static void
read_module(const char *sensor, char out[48])
{
    unsigned rack, slot, subslot, module;

    out[0] = '\0';
    if (sscanf(sensor, "subslot %u/%u transceiver %u", &slot, &subslot, &module) == 3)
        snprintf(out, 48, "%u/%u/%u", slot, subslot, module);
    else if (sscanf(sensor, "power Rx %u/%u/%u/%u", &rack, &slot, &subslot, &module) ==
                 4 ||
             sscanf(sensor, "power Rx %u/%u/CPU%u/%u", &rack, &slot, &subslot, &module) ==
                 4)
        snprintf(out, 48, "%u/%u/%u/%u", rack, slot, subslot, module);
}

/* How much of the name of a sensor is that of the port: "Te1/1/1 Receive Power Sensor",
 * or of a port whose name ends with the number of the module. */
static size_t
port_in_name(const char *sensor, const char *module, const char *port)
{
    size_t len = strlen(port), tail_len = strlen(module);

    if (len > 0 && strncmp(sensor, port, len) == 0 &&
        (sensor[len] < '0' || sensor[len] > '9'))
        return len;
    return tail_len > 0 && len > tail_len && strcmp(port + len - tail_len, module) == 0 &&
                   (port[len - tail_len - 1] < '/' || port[len - tail_len - 1] > '9')
               ? len
               : 0;
}

void
nh_snmp_interfaces_put_light(
    struct nh_snmp_interfaces *list, const struct nh_snmp_sensor *sensor)
{
    struct nh_snmp_interface *best = NULL;
    size_t longest = 0;
    char module[48];

    if (strcmp(sensor->unit, "dBm") != 0 ||
        (strstr(sensor->name, "eceive") == NULL && strstr(sensor->name, "Rx") == NULL &&
            strstr(sensor->name, "RX") == NULL))
        return;
    read_module(sensor->name, module);
    for (size_t i = 0; i < list->count; i++) {
        const char *const names[] = { list->rows[i].name, list->rows[i].descr };

        for (size_t k = 0; k < NH_COUNT(names); k++) {
            size_t len = port_in_name(sensor->name, module, names[k]);

            if (len > longest) {
                best = &list->rows[i];
                longest = len;
            }
        }
    }
    if (best != NULL && isnan(best->rx_power_dbm))
        best->rx_power_dbm = sensor->value;
}
