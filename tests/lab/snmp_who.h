/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_who.h - how the programs here are told of devices and users
 *
 * A user is USER:LEVEL:AUTH:KEY:PRIV:KEY, cut behind the level or a key where it needs no
 * more; device N of many is the address 127.0.0.0 + N at a port.
 */
#ifndef SNMP_WHO_H
#define SNMP_WHO_H

#include "libnhip/snmp.h"
#include <stdio.h>
#include <string.h>

/* False: it is no user, but the name of a community. */
static inline bool
snmp_who_user(const char *who, struct nh_snmp_credential *c)
{
    int level = 0;

    *c = (struct nh_snmp_credential){ .version = 3 };
    if (sscanf(who, "%32[^:]:%d:%7[^:]:%63[^:]:%7[^:]:%63[^:]", c->user, &level, c->auth,
            c->auth_secret, c->priv, c->priv_secret) < 2)
        return false;
    c->level = (enum nh_snmp_level)level;
    return true;
}

/* Device `number` at the port of `address`. */
static inline void
snmp_who_address(const char *address, int number, char out[32])
{
    const char *port = strrchr(address, ':');

    snprintf(out, 32, "127.%d.%d.%d%s", number >> 16 & 255, number >> 8 & 255,
        number & 255, port != NULL ? port : "");
}

#endif
