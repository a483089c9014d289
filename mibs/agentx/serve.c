/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * serve.c - what is offered to snmpd; net-snmp's descriptors become events
 *
 * net-snmp has one list of descriptors and one deadline, asked for after each of its
 * turns (turn()). It opens the session with snmpd, registers the subtrees and tries
 * again; what snmpd then asks for is answered by answer.h, before the library passes it
 * on.
 */
#include "mibs/agentx/serve.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "mibs/agentx/answer.h"
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
    PING_INTERVAL_S = 5, /* how soon an snmpd that has gone is noticed, and tried again */
    FDS_MAX = 8,
    TURN_MAX_MS = 1000,
};

struct serve {
    struct event_base *base; /* borrowed */
    struct rows *rows;       /* borrowed */
    struct event *fds[FDS_MAX];
    int fd_of[FDS_MAX];
    size_t fd_count;
    struct nh_timer *timer;
};

static struct { /* the library's callbacks of connection carry no owner */
    struct serve *serve;
    snmp_callback library; /* what it does with all that snmpd sends */
} the_one;

static void turn(struct serve *s);

/* ---- requests ---- */

static int
on_serve_request(int op, netsnmp_session *ss, int reqid, netsnmp_pdu *pdu, void *magic)
{
    if (the_one.serve != NULL && op == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE &&
        answer_request(the_one.serve->rows, ss, pdu))
        return 1;
    return the_one.library(op, ss, reqid, pdu, magic);
}

static enum nh_err
offer(struct serve *s, enum region region, const char *name)
{
    netsnmp_handler_registration *reg;
    size_t len;
    const uint32_t *root = rows_root(region, &len);
    oid id[ROWS_OID_MAX];

    for (size_t i = 0; i < len; i++)
        id[i] = root[i];
    reg = netsnmp_create_handler_registration(
        name, answer_by_library, id, len, HANDLER_CAN_RONLY);
    if (reg == NULL)
        return NH_ENOMEM;
    reg->handler->myvoid = s->rows;
    return netsnmp_register_handler(reg) == MIB_REGISTERED_OK ? NH_OK : NH_EIO;
}

/* ---- notifications ---- */

static bool
add_object(
    struct serve *s, netsnmp_variable_list **list, const struct serve_object *object)
{
    oid id[ROWS_OID_MAX];
    size_t len, n;
    const uint32_t *root = rows_root(REGION_NHIP, &len);
    const struct cell *c;
    long number;

    for (n = 0; n < len; n++)
        id[n] = root[n];
    id[n++] = object->table;
    id[n++] = 1;
    id[n++] = (oid)object->column;
    for (size_t i = 0; i < object->index->len && n < ROWS_OID_MAX; i++)
        id[n++] = object->index->id[i];
    c = rows_get(s->rows, id, n);
    if (c == NULL)
        return false;
    number = (long)c->number;
    return (c->type == INTEGER ? snmp_varlist_add_variable(
                                     list, id, n, ASN_INTEGER, &number, sizeof(number))
                               : snmp_varlist_add_variable(list, id, n, ASN_OCTET_STR,
                                     c->text, c->len)) != NULL;
}

void
serve_notify(struct serve *s, enum notification number,
    const struct serve_object *objects, size_t count)
{
    static const oid trap_oid[] = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 };
    static const oid root[] = { NHIP_MIB_ROOT };
    oid kind[NH_COUNT(root) + 2];
    netsnmp_variable_list *list = NULL;
    bool ok;

    memcpy(kind, root, sizeof(root));
    kind[NH_COUNT(root)] = 0;
    kind[NH_COUNT(root) + 1] = number;
    ok = snmp_varlist_add_variable(&list, trap_oid, NH_COUNT(trap_oid), ASN_OBJECT_ID,
             kind, sizeof(kind)) != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = add_object(s, &list, &objects[i]);
    if (ok)
        send_v2trap(list);
    snmp_free_varbind(list);
    turn(s);
}

/* ---- the loop ---- */

static void
on_serve_readable(evutil_socket_t fd, short what, void *arg)
{
    netsnmp_large_fd_set set;

    (void)what;
    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&set);
    NETSNMP_LARGE_FD_SET(fd, &set);
    snmp_read2(&set);
    netsnmp_large_fd_set_cleanup(&set);
    turn(arg);
}

static void
on_serve_timer(void *arg)
{
    snmp_timeout();
    run_alarms();
    turn(arg);
}

/* The library's descriptors as they are now. */
static void
watch(struct serve *s, netsnmp_large_fd_set *set, int count)
{
    for (size_t i = 0; i < s->fd_count;) {
        if (s->fd_of[i] < count && NETSNMP_LARGE_FD_ISSET(s->fd_of[i], set)) {
            NETSNMP_LARGE_FD_CLR(s->fd_of[i], set);
            i++;
            continue;
        }
        event_free(s->fds[i]);
        s->fd_count--;
        s->fds[i] = s->fds[s->fd_count];
        s->fd_of[i] = s->fd_of[s->fd_count];
    }
    for (int fd = 0; fd < count && s->fd_count < FDS_MAX; fd++) {
        struct event *e;

        if (!NETSNMP_LARGE_FD_ISSET(fd, set))
            continue;
        e = event_new(s->base, fd, EV_READ | EV_PERSIST, on_serve_readable, s);
        if (e == NULL || event_add(e, NULL) != 0) {
            if (e != NULL)
                event_free(e);
            continue;
        }
        s->fds[s->fd_count] = e;
        s->fd_of[s->fd_count++] = fd;
    }
}

static void
turn(struct serve *s)
{
    struct timeval wait = { 1, 0 };
    netsnmp_large_fd_set set;
    int count = 0, block = 0;
    int64_t wait_ms;

    netsnmp_check_outstanding_agent_requests();
    netsnmp_large_fd_set_init(&set, FD_SETSIZE);
    NETSNMP_LARGE_FD_ZERO(&set);
    snmp_select_info2(&count, &set, &wait, &block);
    watch(s, &set, count);
    netsnmp_large_fd_set_cleanup(&set);
    wait_ms = (int64_t)wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1;
    nh_timer_after(s->timer, block != 0 || wait_ms > TURN_MAX_MS ? TURN_MAX_MS : wait_ms);
}

/* ---- life ---- */

static int
on_serve_connection(int major, int minor, void *server, void *client)
{
    netsnmp_session *ss = server;

    (void)major;
    (void)client;
    if (the_one.serve == NULL)
        return 0;
    if (minor == SNMPD_CALLBACK_INDEX_START) { /* of a session that is new each time */
        the_one.library = ss->callback;
        ss->callback = on_serve_request;
    }
    nh_log(NH_LOG_NOTICE, minor == SNMPD_CALLBACK_INDEX_START
                              ? "agentx: snmpd takes our answers"
                              : "agentx: snmpd is away, tried again every few s");
    return 0;
}

static void
start_library(const char *address)
{
    nh_snmp_library_prepare();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
    /* a hung snmpd holds us one second a call, and not six */
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, 1);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, 0);
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, address);
    snmp_register_callback(
        SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START, on_serve_connection, NULL);
    snmp_register_callback(
        SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP, on_serve_connection, NULL);
    init_agent("nhip-agentx");
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
        PING_INTERVAL_S); /* init_agent() sets another */
}

enum nh_err
serve_new(struct serve **out, struct event_base *base, const char *address,
    struct rows *rows, bool with_ping)
{
    struct serve *s = calloc(1, sizeof(*s));
    enum nh_err err;

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    s->base = base;
    s->rows = rows;
    the_one.serve = s;
    start_library(address);
    err = nh_timer_new(&s->timer, base, on_serve_timer, s);
    if (err == NH_OK)
        err = offer(s, REGION_NHIP, "nhip");
    if (err == NH_OK && with_ping)
        err = offer(s, REGION_PING, "ping");
    if (err != NH_OK) {
        serve_free(s);
        return err;
    }
    init_snmp("nhip-agentx");
    turn(s);
    *out = s;
    return NH_OK;
}

void
serve_free(struct serve *s)
{
    if (s == NULL)
        return;
    the_one.serve = NULL;
    snmp_shutdown("nhip-agentx");
    for (size_t i = 0; i < s->fd_count; i++)
        event_free(s->fds[i]);
    nh_timer_free(s->timer);
    free(s);
}
