/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_library.c - net-snmp as a daemon can bear it
 *
 * The library is used where it is strong (BER, USM) and kept from what would hurt: it
 * reads no configuration, keeps no state, and what it would print goes to our log. Here
 * is what a process has once: its start, the users and their keys, and the library's
 * words in ours.
 */
#include "libnhip/snmp_library.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECRET_MIN = 8, /* RFC 3414: shorter passphrases are refused everywhere */
};

static struct {
    bool started;
    netsnmp_large_fd_set fds;  /* one for the process: large enough for any descriptor */
    struct nh_snmp_lent *lent; /* borrowed from its session */
    struct nh_snmp_clock common; /* of its engine, while its own is in place */
    struct ku {                  /* a passphrase hashed a million times is kept */
        struct ku *next;
        char protocol[8], secret[NH_SNMP_SECRET_MAX];
        u_char key[USM_AUTH_KU_LEN];
        size_t len;
    } * kus;
} lib;

/* ---- its start ---- */

static int
on_snmp_log(int major, int minor, void *message, void *arg)
{
    const struct snmp_log_message *m = message;

    (void)major;
    (void)minor;
    (void)arg;
    nh_log_limited(NH_LOG_DEBUG, "net-snmp: %.*s", (int)strcspn(m->msg, "\n"), m->msg);
    return 0;
}

/* The probe of an engine goes out for a user without a name. */
static bool
add_nameless_user(void)
{
    struct usmUser *u = usm_create_user();

    if (u == NULL)
        return false;
    u->name = strdup("");
    u->secName = strdup("");
    free(u->authProtocol);
    free(u->privProtocol);
    u->authProtocol =
        snmp_duplicate_objid(usmNoAuthProtocol, NH_COUNT(usmNoAuthProtocol));
    u->authProtocolLen = NH_COUNT(usmNoAuthProtocol);
    u->privProtocol =
        snmp_duplicate_objid(usmNoPrivProtocol, NH_COUNT(usmNoPrivProtocol));
    u->privProtocolLen = NH_COUNT(usmNoPrivProtocol);
    u->userStatus = RS_ACTIVE;
    if (u->name == NULL || u->secName == NULL || u->authProtocol == NULL ||
        u->privProtocol == NULL) {
        usm_free_user(u);
        return false;
    }
    usm_add_user(u);
    return true;
}

void
nh_snmp_library_prepare(void)
{
    setenv("MIBS", "", 1);
    setenv("SNMP_PERSISTENT_DIR", "/dev/null/none", 0); /* no folder can be made there */
    snmp_disable_log();
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
    snmp_enable_calllog();
    snmp_register_callback(
        SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_snmp_log, NULL);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
}

bool
nh_snmp_library_start(void)
{
    if (lib.started)
        return true;
    nh_snmp_library_prepare();
    init_snmp("nhip");
    netsnmp_large_fd_set_init(&lib.fds, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&lib.fds);
    lib.started = add_nameless_user();
    return lib.started;
}

bool
nh_snmp_library_is_started(void)
{
    return lib.started;
}

netsnmp_large_fd_set *
nh_snmp_library_fds(void)
{
    return &lib.fds;
}

/* ---- its words ---- */

void
nh_snmp_library_var(const netsnmp_variable_list *v, struct nh_snmp_var *out)
{
    out->oid = v->name;
    out->oid_len = v->name_length;
    out->bytes = v->val.string;
    out->bytes_len = v->val_len;
    switch (v->type) {
    case ASN_INTEGER:
        out->type = NH_SNMP_SIGNED;
        out->number = *v->val.integer;
        break;
    case ASN_GAUGE: /* Unsigned32 too */
    case ASN_UINTEGER:
        out->type = NH_SNMP_UNSIGNED;
        out->unsigned_number = (uint32_t)*v->val.integer;
        break;
    case ASN_TIMETICKS:
        out->type = NH_SNMP_TICKS;
        out->unsigned_number = (uint32_t)*v->val.integer;
        break;
    case ASN_COUNTER:
        out->type = NH_SNMP_COUNTER32;
        out->unsigned_number = (uint32_t)*v->val.integer;
        break;
    case ASN_COUNTER64:
        out->type = NH_SNMP_COUNTER64;
        out->unsigned_number =
            (uint64_t)v->val.counter64->high << 32 | (v->val.counter64->low & 0xffffffff);
        break;
    case ASN_OCTET_STR:
    case ASN_IPADDRESS:
    case ASN_OPAQUE:
        out->type = NH_SNMP_BYTES;
        break;
    case ASN_OBJECT_ID:
        out->type = NH_SNMP_OBJECT;
        break;
    case ASN_OPAQUE_FLOAT:
        out->type = NH_SNMP_DECIMAL;
        out->decimal = (double)*v->val.floatVal;
        break;
    case ASN_OPAQUE_DOUBLE:
        out->type = NH_SNMP_DECIMAL;
        out->decimal = *v->val.doubleVal;
        break;
    case SNMP_NOSUCHOBJECT:
    case SNMP_NOSUCHINSTANCE:
        out->type = NH_SNMP_MISSING;
        break;
    case SNMP_ENDOFMIBVIEW:
        out->type = NH_SNMP_END;
        break;
    default:
        out->type = NH_SNMP_NULL;
        break;
    }
}

enum nh_snmp_result
nh_snmp_library_report(const netsnmp_pdu *pdu)
{
    static const oid stats[] = { 1, 3, 6, 1, 6, 3, 15, 1, 1 };
    const netsnmp_variable_list *v = pdu->variables;

    if (v == NULL || v->name_length < NH_COUNT(stats) + 1 ||
        memcmp(v->name, stats, sizeof(stats)) != 0)
        return NH_SNMP_NONSENSE;
    switch (v->name[NH_COUNT(stats)]) {
    case 1:
        return NH_SNMP_SEC_LEVEL;
    case 2:
        return NH_SNMP_TIME;
    case 3:
        return NH_SNMP_USER;
    case 4:
        return NH_SNMP_TIMEOUT; /* another engine than the one we know */
    case 5:
        return NH_SNMP_KEY;
    case 6:
        return NH_SNMP_PRIV_KEY;
    default:
        return NH_SNMP_NONSENSE;
    }
}

enum nh_snmp_result
nh_snmp_library_error(const netsnmp_pdu *pdu)
{
    switch (pdu->errstat) {
    case SNMP_ERR_NOERROR:
        return NH_SNMP_OK;
    case SNMP_ERR_TOOBIG:
        return NH_SNMP_TOOBIG;
    case SNMP_ERR_NOSUCHNAME:
        return NH_SNMP_NO_SUCH;
    case SNMP_ERR_NOACCESS:
    case SNMP_ERR_AUTHORIZATIONERROR:
        return NH_SNMP_VIEW;
    case SNMP_ERR_GENERR:
    case SNMP_ERR_RESOURCEUNAVAILABLE:
        return NH_SNMP_GENERR;
    default:
        return NH_SNMP_NONSENSE;
    }
}

/* ---- users and keys ---- */

/* Put the clock `in` in the place of the one that the library has for the engine. */
static void
exchange_clock(
    const struct usmUser *u, struct nh_snmp_clock *out, const struct nh_snmp_clock *in)
{
    unsigned now_s = (unsigned)snmpv3_local_snmpEngineTime();
    unsigned boots = 0, time_s = 0;

    (void)get_enginetime(u->engineID, (u_int)u->engineIDLen, &boots, &time_s, TRUE);
    (void)set_enginetime(u->engineID, (u_int)u->engineIDLen, in->boots,
        in->boots == 0 ? in->time_s : in->time_s + (now_s - in->at_s), TRUE);
    *out = (struct nh_snmp_clock){ .boots = boots, .time_s = time_s, .at_s = now_s };
}

static void
take_user_out(struct usmUser *u)
{
    usm_remove_user(u);
    u->next = u->prev = NULL;
}

void
nh_snmp_library_lend(struct nh_snmp_lent *lent)
{
    struct nh_snmp_lent *old = lib.lent;

    if (lent != NULL && lent->user == NULL)
        lent = NULL;
    if (lent == old)
        return;
    if (old != NULL && old->own_clock)
        exchange_clock(old->user, &old->clock, &lib.common);
    if (old != NULL)
        take_user_out(old->user);
    lib.lent = lent;
    if (lent != NULL)
        usm_add_user(lent->user);
    if (lent != NULL && lent->own_clock)
        exchange_clock(lent->user, &lib.common, &lent->clock);
}

void
nh_snmp_library_free_user(struct nh_snmp_lent *lent)
{
    if (lent == lib.lent)
        nh_snmp_library_lend(NULL);
    if (lent->user != NULL)
        usm_free_user(lent->user);
    *lent = (struct nh_snmp_lent){ 0 };
}

bool
nh_snmp_library_has_user(const char *user, const uint8_t *engine, size_t engine_len)
{
    nh_snmp_library_lend(NULL);
    return usm_get_user(engine, engine_len, user) != NULL;
}

void
nh_snmp_library_remove_user(const char *user, const uint8_t *engine, size_t engine_len)
{
    struct usmUser *old;

    nh_snmp_library_lend(NULL);
    old = usm_get_user(engine, engine_len, user);
    if (old == NULL)
        return;
    take_user_out(old);
    usm_free_user(old);
}

/* A user of this engine and name in the list would win silently, with keys of before. */
enum nh_err
nh_snmp_library_make_user(struct nh_snmp_lent *lent, bool own_clock, netsnmp_session *ss)
{
    nh_snmp_library_remove_user(
        ss->securityName, ss->securityEngineID, ss->securityEngineIDLen);
    ss->flags &= ~(u_long)SNMP_FLAGS_USER_CREATED;
    *lent = (struct nh_snmp_lent){ .own_clock = own_clock };
    if (usm_create_user_from_session(ss) != SNMPERR_SUCCESS)
        return NH_ENOMEM;
    lent->user =
        usm_get_user(ss->securityEngineID, ss->securityEngineIDLen, ss->securityName);
    take_user_out(lent->user);
    nh_snmp_library_lend(lent);
    return NH_OK;
}

/* RFC 3414's hash of a megabyte of passphrase costs milliseconds: once each. */
static const struct ku *
make_ku(const char *protocol, const oid *hash, size_t hash_len, const char *secret)
{
    struct ku *k;

    for (k = lib.kus; k != NULL; k = k->next)
        if (strcmp(k->protocol, protocol) == 0 && strcmp(k->secret, secret) == 0)
            return k;
    k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    snprintf(k->protocol, sizeof(k->protocol), "%s", protocol);
    snprintf(k->secret, sizeof(k->secret), "%s", secret);
    k->len = sizeof(k->key);
    if (generate_Ku(hash, (u_int)hash_len, (const u_char *)secret, strlen(secret), k->key,
            &k->len) != SNMPERR_SUCCESS) {
        explicit_bzero(k, sizeof(*k));
        free(k);
        return NULL;
    }
    k->next = lib.kus;
    lib.kus = k;
    return k;
}

static bool
is_secret(const char *secret, const char *what, char why[128])
{
    if (strlen(secret) >= SECRET_MIN)
        return true;
    snprintf(why, 128, "the %s key is shorter than %d characters", what, SECRET_MIN);
    return false;
}

enum nh_err
nh_snmp_library_user(netsnmp_session *ss, struct nh_snmp_credential *c, char why[128])
{
    static const int levels[] = { SNMP_SEC_LEVEL_NOAUTH, SNMP_SEC_LEVEL_AUTHNOPRIV,
        SNMP_SEC_LEVEL_AUTHPRIV };
    int auth = c->level == NH_SNMP_NOAUTH ? NETSNMP_USMAUTH_NOAUTH
                                          : usm_lookup_auth_type(c->auth);
    int priv = c->level == NH_SNMP_PRIV ? usm_lookup_priv_type(c->priv) : 0;
    const struct ku *k;

    ss->securityName = c->user;
    ss->securityNameLen = strlen(c->user);
    ss->securityModel = SNMP_SEC_MODEL_USM;
    ss->securityLevel = levels[c->level];
    ss->flags |= SNMP_FLAGS_DONT_PROBE;
    if (c->level == NH_SNMP_NOAUTH)
        return NH_OK;
    if (auth <= NETSNMP_USMAUTH_HMACMD5 || (c->level == NH_SNMP_PRIV && priv <= 1)) {
        snprintf(why, 128,
            "no such protocols: auth is SHA or SHA-224 to SHA-512, priv is "
            "AES, AES-192 or AES-256");
        return NH_EINVAL;
    }
    ss->securityAuthProto = sc_get_auth_oid(auth, &ss->securityAuthProtoLen);
    if (!is_secret(c->auth_secret, "authentication", why))
        return NH_EINVAL;
    k = make_ku(c->auth, ss->securityAuthProto, ss->securityAuthProtoLen, c->auth_secret);
    if (k == NULL)
        return NH_ENOMEM;
    memcpy(ss->securityAuthKey, k->key, k->len);
    ss->securityAuthKeyLen = k->len;
    if (c->level != NH_SNMP_PRIV)
        return NH_OK;
    ss->securityPrivProto = sc_get_priv_oid(priv, &ss->securityPrivProtoLen);
    if (!is_secret(c->priv_secret, "privacy", why))
        return NH_EINVAL;
    k = make_ku(c->auth, ss->securityAuthProto, ss->securityAuthProtoLen, c->priv_secret);
    if (k == NULL)
        return NH_ENOMEM;
    memcpy(ss->securityPrivKey, k->key, k->len);
    ss->securityPrivKeyLen = k->len;
    return NH_OK;
}

enum nh_err
nh_snmp_library_add_user(const struct nh_snmp_credential *c, const uint8_t *engine,
    size_t engine_len, char why[128])
{
    struct nh_snmp_credential copy = *c;
    netsnmp_session ss;
    enum nh_err err;

    snmp_sess_init(&ss);
    err = nh_snmp_library_user(&ss, &copy, why);
    if (err == NH_OK) {
        ss.version = SNMP_VERSION_3;
        ss.securityEngineID = netsnmp_memdup(engine, engine_len);
        ss.securityEngineIDLen = engine_len;
        nh_snmp_library_remove_user(copy.user, engine, engine_len);
        if (ss.securityEngineID == NULL ||
            usm_create_user_from_session(&ss) != SNMPERR_SUCCESS) {
            snprintf(why, 128, "no user \"%s\" can be made", copy.user);
            err = NH_ENOMEM;
        }
        free(ss.securityEngineID);
    }
    explicit_bzero(ss.securityAuthKey, sizeof(ss.securityAuthKey));
    explicit_bzero(ss.securityPrivKey, sizeof(ss.securityPrivKey));
    nh_snmp_credential_wipe(&copy);
    return err;
}
