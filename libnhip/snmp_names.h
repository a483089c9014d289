/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_names.h - names of the objects and notifications that devices send most
 *
 * Daemons load no MIB files. What a trap brings is named from this table; what is not in
 * it is printed as numbers.
 */
#ifndef NH_SNMP_NAMES_H
#define NH_SNMP_NAMES_H

#include <stddef.h>

/* "ifIndex.3" for 1.3.6.1.2.1.2.2.1.1.3, or the numbers; cut where it does not fit. */
void nh_snmp_name(const unsigned long *id, size_t len, char *out, size_t size);

#endif
