/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_listen.h - traps and informs, v1, v2c and v3, on the loop
 *
 * net-snmp decodes, and enforces nothing: who may speak is decided here. A datagram from
 * an address that nobody vouches for is dropped before it is decoded; a community, user
 * or level that is not the sender's own ends there too. What is left is told as a trap.
 *
 * An inform is answered when its taker says that it is safe. One that is repeated in the
 * meantime, or because the answer was lost, is not told again.
 *
 * Senders of v3 traps are engines of their own and senders of v3 informs speak to ours:
 * its id and its count of boots are kept in a file.
 *
 * Threads: the thread of snmp.h, the loop's.
 */
#ifndef NH_SNMP_LISTEN_H
#define NH_SNMP_LISTEN_H

#include "libnhip/snmp.h"
#include "libnhip/trap.h"

struct event_base;
struct nh_snmp_listen;

enum nh_listen_verdict {
    NH_LISTEN_REFUSE, /* an inform gets no answer, and will be sent again */
    NH_LISTEN_ANSWER, /* an inform is answered at once */
    NH_LISTEN_LATER,  /* an inform is answered by nh_snmp_listen_answer() */
};

struct nh_listen_events {
    /* What `address` ("192.0.2.1") has to show to be heard; NULL: it is nobody we know.
     */
    const struct nh_snmp_credential *(*credential)(void *arg, const char *address);
    /* `trap` is lent for the call. `inform`: its number, 0 for a trap. */
    enum nh_listen_verdict (*on_trap)(
        void *arg, const char *address, const struct nh_trap *trap, uint64_t inform);
    void *arg;
};

/* Bind "host:port" (port 162 wants root or CAP_NET_BIND_SERVICE); nothing is read yet.
 * Errors: NH_EINVAL (not a numeric address), NH_EIO (see errno), NH_ENOMEM. */
enum nh_err nh_snmp_listen_open(
    struct nh_snmp_listen **out, const char *address) NH_MUST_CHECK;
/*
 * Read from now on. `engine_file` holds our engine's id and boots; it is made when
 * missing, and written anew at each start, for its boots must rise. To be called before
 * the first nh_snmp_open() of the process, which starts the library. Errors: NH_EIO,
 * NH_EFORMAT (the file), NH_EEXIST (the library has started), NH_ENOMEM.
 */
enum nh_err nh_snmp_listen_start(struct nh_snmp_listen *l, struct event_base *base,
    const char *engine_file, const struct nh_listen_events *events) NH_MUST_CHECK;
void nh_snmp_listen_close(struct nh_snmp_listen *l);

void nh_snmp_listen_answer(struct nh_snmp_listen *l, uint64_t inform);
/* It could not be kept: no answer, and when it comes again it is told again. */
void nh_snmp_listen_forget(struct nh_snmp_listen *l, uint64_t inform);

/* What came of the datagrams. */
enum nh_listen_count {
    NH_LISTEN_RECEIVED,
    NH_LISTEN_TOLD,     /* to on_trap() */
    NH_LISTEN_STRANGER, /* from an address that nobody vouches for */
    NH_LISTEN_GARBAGE,  /* no SNMP message, or none that is sent to such a port */
    NH_LISTEN_AUTH,     /* wrong community, user, key or level */
    NH_LISTEN_TIME,     /* v3: outside the time window */
    NH_LISTEN_ENGINE,   /* v3: asked for our engine's id, and told it */
    NH_LISTEN_REPEATED, /* informs sent again */
    NH_LISTEN_BUSY,     /* informs while too many wait for their answer */
    NH_LISTEN_OVERFLOW, /* dropped by the kernel: they came faster than they were read */
    NH_LISTEN_COUNTS
};
const char *nh_snmp_listen_count_name(int count);
uint64_t nh_snmp_listen_counted(const struct nh_snmp_listen *l, int count);

#endif
