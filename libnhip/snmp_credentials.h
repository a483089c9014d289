/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_credentials.h - the credentials of this process, by name
 *
 * Assignments name a credential, and no more: secrets stay in the files of the machine
 * that uses them and never cross the wire. The program that knows the files fills this
 * table when it starts and when it reloads; the sensor `snmp` looks names up in it.
 *
 * Threads: the loop's.
 */
#ifndef NH_SNMP_CREDENTIALS_H
#define NH_SNMP_CREDENTIALS_H

#include "libnhip/snmp.h"

/* Lent until the next load of this name or sweep; NULL when there is none. *serial, which
 * may be NULL, is another number when the credential is another one: a session that was
 * opened with the old one is to be opened again. */
const struct nh_snmp_credential *nh_snmp_credentials_get(
    const char *name, uint32_t *serial);
/* A reload: mark, load each that the configuration names, sweep. The sweep wipes those
 * that it names no more; one whose file cannot be read now stays as it was. */
void nh_snmp_credentials_mark(void);
void nh_snmp_credentials_sweep(void);

/* A credential as configuration files write it: words and names of files. */
struct nh_snmp_files {
    int version;
    const char *user, *level; /* noAuthNoPriv, authNoPriv, authPriv */
    const char *auth, *auth_key_file, *priv, *priv_key_file;
    const char *community_file;
};
/* Read what it needs into *out, which the caller wipes. `why` says in words what is
 * wrong. Errors: NH_EINVAL; of the files NH_EIO, NH_EAUTH (others may read one),
 * NH_ETOOBIG, NH_EEMPTY. */
enum nh_err nh_snmp_credential_read(const struct nh_snmp_files *f,
    struct nh_snmp_credential *out, char why[256]) NH_MUST_CHECK;
/* The same, kept as `name`. Errors: NH_ENOMEM too. */
enum nh_err nh_snmp_credentials_load(
    const char *name, const struct nh_snmp_files *f, char why[256]) NH_MUST_CHECK;

#endif
