/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_profiles_data.h - the files of mibs/profiles as they were at the build */
#ifndef NH_SNMP_PROFILES_DATA_H
#define NH_SNMP_PROFILES_DATA_H

#include <stddef.h>

struct nh_snmp_profile_file {
    const char *name, *text; /* a NULL name ends the list */
    size_t len;
};
extern const struct nh_snmp_profile_file nh_snmp_profiles_data[];

#endif
