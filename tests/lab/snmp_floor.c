/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_floor.c - net-snmp alone reads ten columns of many devices: the floor of polling
 *
 *   snmp_floor ADDRESS COUNT ROUNDS OBJECTS ROWS NAME|USER:LEVEL:AUTH:KEY:PRIV:KEY
 *
 * The devices are the communities NAME+1, NAME+2 ... of ADDRESS, asked by v2c, or for a
 * user the addresses 127.0.0.1, 127.0.0.2 ... at ADDRESS's port, asked by v3; a session
 * and a socket each, AT_ONCE of them side by side. Engines are found while sessions are
 * opened. A round asks each for ROWS rows of the ten
 * columns, OBJECTS at a time by GETBULK. Of an answer nothing is kept but the last row's
 * number, where the next request goes on. One line: rows, objects, requests, seconds of
 * CPU.
 */
#include "libnhip/snmp_library.h"
#include "tests/lab/snmp_who.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

enum { COLUMNS = 10, AT_ONCE = 200, PATIENCE_S = 20 };

struct asked {
    void *session;
    struct nh_snmp_lent lent; /* v3: the user */
    int fd;
    oid last;
    long rows;
};

static const oid columns[COLUMNS][11] = {
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 7 },
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 8 },
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 13 },
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 14 },
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 19 },
    { 1, 3, 6, 1, 2, 1, 2, 2, 1, 20 },
    { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6 },
    { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10 },
    { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15 },
    { 1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19 },
};

static struct {
    struct asked *devices;
    long rows_wanted, repetitions;
    int count, begun, ended;
    unsigned long long rows, objects, requests;
} all;

static double
cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
fail(const char *why)
{
    fprintf(stderr, "snmp_floor: %s\n", why);
    exit(1);
}

static int on_floor_answer(
    int op, netsnmp_session *ss, int id, netsnmp_pdu *pdu, void *arg);

static void
ask(struct asked *d)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);
    long left = all.rows_wanted - d->rows;

    if (pdu == NULL)
        fail("no memory");
    pdu->non_repeaters = 0;
    pdu->max_repetitions = left < all.repetitions ? left : all.repetitions;
    for (int i = 0; i < COLUMNS; i++) {
        size_t len = columns[i][6] == 31 ? 11 : 10;
        oid at[12];

        memcpy(at, columns[i], len * sizeof(oid));
        at[len] = d->last;
        snmp_add_null_var(pdu, at, len + (d->rows > 0));
    }
    all.requests++;
    nh_snmp_library_lend(&d->lent);
    if (snmp_sess_async_send(d->session, pdu, on_floor_answer, d) == 0)
        fail("a request was not sent");
}

static void
begin_next(void)
{
    struct asked *d;

    if (all.begun == all.count)
        return;
    d = &all.devices[all.begun++];
    d->rows = 0;
    ask(d);
}

static int
on_floor_answer(int op, netsnmp_session *ss, int id, netsnmp_pdu *pdu, void *arg)
{
    struct asked *d = arg;
    const netsnmp_variable_list *v;
    long came = 0;
    oid last = 0;

    (void)ss;
    (void)id;
    if (op != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
        return 1;
    for (v = pdu->variables; v != NULL; v = v->next_variable) {
        if (came % COLUMNS == 0)
            last = v->name[v->name_length - 1];
        if (++came % COLUMNS == 0)
            d->last = last; /* a row that the packet cut is asked for again */
    }
    if (came < COLUMNS)
        fail("an answer without a whole row");
    d->rows += came / COLUMNS;
    all.objects += (unsigned long long)came;
    all.rows += (unsigned long long)(came / COLUMNS);
    return 1;
}

/* Fill `ss` with the user `who`; false: it is a community's name. `c` is used by it. */
static bool
read_user(const char *who, struct nh_snmp_credential *c, netsnmp_session *ss)
{
    char why[128];

    if (!snmp_who_user(who, c))
        return false;
    if (nh_snmp_library_user(ss, c, why) != NH_OK)
        fail(why);
    ss->flags &= ~(u_long)SNMP_FLAGS_DONT_PROBE;
    return true;
}

static void
open_one(struct asked *d, const char *address, const char *who, int number, int ep)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = d };
    struct nh_snmp_credential user;
    char peer[64], own[32], community[96];
    netsnmp_session ss;

    snmp_sess_init(&ss);
    ss.peername = peer;
    if (read_user(who, &user, &ss)) {
        snmp_who_address(address, number, own);
        snprintf(peer, sizeof(peer), "udp:%s", own);
        ss.version = SNMP_VERSION_3;
    } else {
        snprintf(peer, sizeof(peer), "udp:%s", address);
        snprintf(community, sizeof(community), "%s+%d", who, number);
        ss.version = SNMP_VERSION_2c;
        ss.community = (u_char *)community;
        ss.community_len = strlen(community);
    }
    ss.timeout = PATIENCE_S * 1000000L;
    ss.rcvMsgMaxSize = 65507;
    d->session = snmp_sess_open(&ss);
    if (d->session == NULL)
        fail("no session");
    if (ss.version == SNMP_VERSION_3 && nh_snmp_library_make_user(&d->lent, false,
                                            snmp_sess_session(d->session)) != NH_OK)
        fail("no user");
    d->fd = snmp_sess_transport(d->session)->sock;
    if (epoll_ctl(ep, EPOLL_CTL_ADD, d->fd, &event) != 0)
        fail("epoll_ctl");
}

static void
run_round(int ep, netsnmp_large_fd_set *fds)
{
    struct epoll_event ready[64];

    all.begun = all.ended = 0;
    for (int i = 0; i < AT_ONCE; i++)
        begin_next();
    while (all.ended < all.count) {
        int n = epoll_wait(ep, ready, 64, PATIENCE_S * 1000);

        if (n <= 0)
            fail("no answer");
        for (int i = 0; i < n; i++) {
            struct asked *d = ready[i].data.ptr;

            NETSNMP_LARGE_FD_SET(d->fd, fds);
            nh_snmp_library_lend(&d->lent);
            snmp_sess_read2(d->session, fds);
            NETSNMP_LARGE_FD_CLR(d->fd, fds);
            if (d->rows < all.rows_wanted) {
                ask(d);
            } else {
                all.ended++;
                begin_next();
            }
        }
    }
}

int
main(int argc, char **argv)
{
    netsnmp_large_fd_set fds;
    struct rlimit files;
    int rounds, ep = epoll_create1(EPOLL_CLOEXEC);
    double cpu;

    if (argc != 7 || ep < 0)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (!nh_snmp_library_start())
        fail("no library");
    netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&fds);
    all.count = atoi(argv[2]);
    rounds = atoi(argv[3]);
    all.repetitions = atol(argv[4]) / COLUMNS;
    all.rows_wanted = atol(argv[5]);
    all.devices = calloc((size_t)all.count, sizeof(*all.devices));
    if (all.devices == NULL)
        fail("no memory");
    for (int i = 0; i < all.count; i++)
        open_one(&all.devices[i], argv[1], argv[6], i + 1, ep);
    run_round(ep, &fds); /* not counted: sockets and heap grow */
    all.rows = all.objects = all.requests = 0;
    cpu = cpu_s();
    for (int i = 0; i < rounds; i++)
        run_round(ep, &fds);
    cpu = cpu_s() - cpu;
    printf("%llu %llu %llu %.6f\n", all.rows, all.objects, all.requests, cpu);
    for (int i = 0; i < all.count; i++) {
        snmp_sess_close(all.devices[i].session);
        nh_snmp_library_free_user(&all.devices[i].lent);
    }
    netsnmp_large_fd_set_cleanup(&fds);
    free(all.devices);
    return 0;
}
