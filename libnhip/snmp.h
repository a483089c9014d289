/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp.h - asking one device by SNMP, or telling it, never blocking
 *
 * A session is one device: one UDP socket, connected, so that the kernel drops answers
 * from any other address and reports a closed port at once. Requests queue; one is
 * outstanding, so a slow device delays nobody but itself. SNMPv3 engines are discovered
 * on the loop, and discovered again when a device answers nothing any more (its engine
 * may have been replaced).
 *
 * An answer always comes, from the loop and never from inside the call that asked.
 *
 * Threads: one thread of the process may use this module, and no other may touch
 * net-snmp.
 */
#ifndef NH_SNMP_H
#define NH_SNMP_H

#include "libnhip/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NH_OID_MAX = 128,        /* sub-identifiers of an object identifier */
    NH_SNMP_SECRET_MAX = 64, /* a community or a passphrase with its NUL */
    NH_SNMP_VARS_MAX = 128,  /* objects of one request */
};

/* An object identifier of ours: known at compile time or read from text. */
struct nh_oid {
    uint16_t len;
    uint32_t id[32];
};

/* "1.3.6.1.2.1" or ".1.3.6.1"; NH_EFORMAT, NH_ETOOBIG (more than 32 parts). */
enum nh_err nh_oid_parse(const char *text, struct nh_oid *out) NH_MUST_CHECK;
/* Dotted text of any length, cut where it does not fit. */
void nh_oid_text(const unsigned long *id, size_t len, char *out, size_t size);

enum nh_snmp_level { NH_SNMP_NOAUTH, NH_SNMP_AUTH, NH_SNMP_PRIV };

/* How to be let in. Wipe it with nh_snmp_credential_wipe(). */
struct nh_snmp_credential {
    int version; /* 1, 2 (v2c) or 3 */
    char community[NH_SNMP_SECRET_MAX];
    char user[33];
    enum nh_snmp_level level;
    char auth[8]; /* "SHA", "SHA-224" ... "SHA-512" */
    char priv[8]; /* "AES", "AES-192", "AES-256" */
    char auth_secret[NH_SNMP_SECRET_MAX];
    char priv_secret[NH_SNMP_SECRET_MAX];
};
void nh_snmp_credential_wipe(struct nh_snmp_credential *c);

/* What came of a request. nh_snmp_words() says it to a person. */
enum nh_snmp_result {
    NH_SNMP_OK,
    NH_SNMP_TIMEOUT, /* silence: not there, filtered, or a community it does not know */
    NH_SNMP_REFUSED, /* the host is there, no agent listens on the port */
    NH_SNMP_UNREACHABLE, /* no way there, says the network */
    NH_SNMP_USER,        /* v3: unknown user */
    NH_SNMP_KEY,         /* v3: wrong authentication key */
    NH_SNMP_PRIV_KEY,    /* v3: the device could not decrypt */
    NH_SNMP_SEC_LEVEL,   /* v3: the user may not use this level */
    NH_SNMP_TIME,        /* v3: outside its time window, after resynchronising */
    NH_SNMP_VIEW,        /* it refuses access to the object */
    NH_SNMP_TOOBIG,      /* the answer does not fit its packets */
    NH_SNMP_NO_SUCH,     /* v1: one of the objects is not there, see error_index */
    NH_SNMP_GENERR,      /* it says that something went wrong inside it */
    NH_SNMP_NONSENSE,    /* an answer that is none */
    NH_SNMP_SLOW,        /* it answers, but a round does not end in its time */
    NH_SNMP_LOCAL,       /* not sent: out of memory or sockets */
    NH_SNMP_RESULTS
};
/* A sentence in English, and the key of its row in libnhip/text_rows.h; static. */
const char *nh_snmp_words(enum nh_snmp_result result);
const char *nh_snmp_key(enum nh_snmp_result result);

enum nh_snmp_type {
    NH_SNMP_NULL,     /* a type of no use here */
    NH_SNMP_MISSING,  /* noSuchObject, noSuchInstance */
    NH_SNMP_END,      /* endOfMibView */
    NH_SNMP_SIGNED,   /* INTEGER */
    NH_SNMP_UNSIGNED, /* Gauge32, Unsigned32 */
    NH_SNMP_TICKS,    /* TimeTicks, 1/100 s */
    NH_SNMP_COUNTER32,
    NH_SNMP_COUNTER64,
    NH_SNMP_BYTES,   /* OCTET STRING, IpAddress, Opaque */
    NH_SNMP_OBJECT,  /* OBJECT IDENTIFIER: `bytes` are unsigned longs */
    NH_SNMP_DECIMAL, /* net-snmp's opaque float and double */
};

/* One object of an answer; all of it is lent until the answer's callback returns. */
struct nh_snmp_var {
    const unsigned long *oid;
    size_t oid_len;
    enum nh_snmp_type type;
    int64_t number;           /* SIGNED */
    uint64_t unsigned_number; /* UNSIGNED, TICKS, COUNTER32, COUNTER64 */
    double decimal;           /* DECIMAL */
    const void *bytes;        /* BYTES, OBJECT */
    size_t bytes_len;
};
/* Any of the number types as one; false for the others. */
bool nh_snmp_number(const struct nh_snmp_var *v, double *out);
/* What counts and what lasts: a whole number from 0 on, of whatever type a device makes
 * it. */
bool nh_snmp_whole_number(const struct nh_snmp_var *v, uint64_t *out);
/* DateAndTime of RFC 2579, in UTC; false: no such time. */
enum { NH_SNMP_DATE_LEN = 11 };
bool nh_snmp_date(int64_t unix_s, uint8_t out[NH_SNMP_DATE_LEN]);
/* BYTES as text: what is no UTF-8 becomes '?', control characters blanks; NULs, blanks
 * and half a letter at the end go, and what does not fit. "" for the other types. */
void nh_snmp_text(const struct nh_snmp_var *v, char *out, size_t size);

struct nh_snmp_answer {
    enum nh_snmp_result result;
    size_t error_index; /* 1 is the first object; 0 unknown */
    int64_t mono_us;    /* when it came */
    const void *next;   /* opaque: the place of nh_snmp_next() */
};
/* Take the next object of an answer; false at the end. */
bool nh_snmp_next(struct nh_snmp_answer *a, struct nh_snmp_var *out);

enum nh_snmp_ask { NH_SNMP_GET, NH_SNMP_GETNEXT, NH_SNMP_GETBULK };

struct event_base;
struct nh_snmp;

struct nh_snmp_options {
    int timeout_ms;        /* [1500] of one try */
    int retries;           /* [1] tries after the first */
    const char *interface; /* leave by this interface; "" or NULL: as routed */
};

/*
 * A session with the device at `address` ("192.0.2.1", "192.0.2.1:1161",
 * "[2001:db8::1]"), a numeric address always. Nothing is sent. `why` says what is wrong.
 * Errors: NH_EINVAL (address or credential), NH_ENOMEM, NH_EIO.
 */
enum nh_err nh_snmp_open(struct nh_snmp **out, struct event_base *base,
    const char *address, const struct nh_snmp_credential *credential,
    const struct nh_snmp_options *options, char why[128]) NH_MUST_CHECK;
/* What waits is dropped without an answer. May be called from an answer's callback. */
void nh_snmp_close(struct nh_snmp *s);

/* Ask for `count` objects (1 to NH_SNMP_VARS_MAX); `oids` and `lens` are copied. GETBULK
 * asks `repetitions` times for all but the first `heads` (RFC 3416 section 4.2.3 calls
 * them non-repeaters); to the others both are nothing. Errors: NH_ENOMEM, NH_EINVAL;
 * `done` is then not called. */
enum nh_err nh_snmp_ask(struct nh_snmp *s, enum nh_snmp_ask ask,
    const unsigned long *const *oids, const size_t *lens, size_t heads, size_t count,
    int repetitions, void (*done)(void *arg, struct nh_snmp_answer *a),
    void *arg) NH_MUST_CHECK;
/*
 * Tell: the notification `trap` with `count` objects (types SIGNED, UNSIGNED, BYTES and
 * OBJECT; all of it is copied). `confirmed` makes it an inform, which has an answer once
 * the other end has taken it; a trap's answer is NH_SNMP_OK when it has left. In v3 only
 * informs are sent: the receiver of a trap has to know the sender's engine beforehand.
 * Errors: NH_ENOMEM; NH_EINVAL (a v1 session, a trap of v3, an object that is none).
 */
enum nh_err nh_snmp_tell(struct nh_snmp *s, bool confirmed, const unsigned long *trap,
    size_t trap_len, const struct nh_snmp_var *vars, size_t count,
    void (*done)(void *arg, struct nh_snmp_answer *a), void *arg) NH_MUST_CHECK;
/* Forget what `arg` has asked: its callback comes no more. */
void nh_snmp_cancel(struct nh_snmp *s, const void *arg);

int nh_snmp_version(const struct nh_snmp *s); /* 1, 2 or 3 as now spoken */
/* Speak v1 (1) or v2c (2) from the next request on; a v3 session stays as it is. */
void nh_snmp_speak(struct nh_snmp *s, int version);

/* How many answers came, how many requests ended without one, and messages dropped
 * because nothing had asked for them. */
struct nh_snmp_counts {
    uint64_t requests, answers, timeouts, resent, reprobed, unasked;
};
void nh_snmp_counts(const struct nh_snmp *s, struct nh_snmp_counts *out);
/* What v3 learnt of the engine: its id (empty before), and whether another device of
 * this process answers with the same one: each is asked by its own clock, but others who
 * ask them confuse the two. */
size_t nh_snmp_engine(const struct nh_snmp *s, uint8_t out[32], bool *shared);

#endif
