/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * serve.c - one handler a subtree; net-snmp's descriptors become events
 *
 * net-snmp has one list of descriptors and one deadline, asked for after each of its
 * turns (turn()). Both subtrees are answered by the same function from the same rows.
 */
#include "mibs/agentx/serve.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/snmp_library.h"
#include "mibs/columns.h"
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

/* net-snmp's headers are not written for these warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#pragma GCC diagnostic pop

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
    netsnmp_handler_registration *registrations[REGIONS];
};

static struct serve *the_one; /* the library's callbacks of connection carry no owner */

static void turn(struct serve *s);

/* ---- answers ---- */

static void
put_value(netsnmp_variable_list *v, const struct cell *c)
{
    struct counter64 wide = { .high = (u_long)((uint64_t)c->number >> 32),
        .low = (u_long)((uint64_t)c->number & 0xffffffff) };
    u_long gauge = (u_long)c->number;
    long integer = (long)c->number;

    switch (c->type) {
    case INTEGER:
        snmp_set_var_typed_value(v, ASN_INTEGER, &integer, sizeof(integer));
        break;
    case GAUGE:
        snmp_set_var_typed_value(v, ASN_GAUGE, &gauge, sizeof(gauge));
        break;
    case COUNTER64:
        snmp_set_var_typed_value(v, ASN_COUNTER64, &wide, sizeof(wide));
        break;
    default:
        snmp_set_var_typed_value(v, ASN_OCTET_STR, c->text, c->len);
        break;
    }
}

static int
answer(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    struct serve *s = handler->myvoid;
    enum region region =
        reg == s->registrations[REGION_NHIP] || strcmp(reg->handlerName, "nhip") == 0
            ? REGION_NHIP
            : REGION_PING;
    unsigned long found[ROWS_OID_MAX];
    size_t len;

    for (netsnmp_request_info *q = requests; q != NULL; q = q->next) {
        netsnmp_variable_list *v = q->requestvb;
        const struct cell *c;

        if (q->processed != 0)
            continue;
        if (info->mode == MODE_GET) {
            c = rows_get(s->rows, v->name, v->name_length);
            if (c != NULL)
                put_value(v, c);
            else
                netsnmp_set_request_error(info, q, SNMP_NOSUCHINSTANCE);
        } else if (info->mode == MODE_GETNEXT) {
            c = rows_next(
                s->rows, region, v->name, v->name_length, q->inclusive != 0, found, &len);
            if (c == NULL)
                continue; /* the agent looks in what follows */
            snmp_set_var_objid(v, found, len);
            put_value(v, c);
        } else {
            netsnmp_set_request_error(info, q, SNMP_ERR_NOTWRITABLE);
        }
    }
    return SNMP_ERR_NOERROR;
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
    reg = netsnmp_create_handler_registration(name, answer, id, len, HANDLER_CAN_RONLY);
    if (reg == NULL)
        return NH_ENOMEM;
    reg->handler->myvoid = s;
    if (netsnmp_register_handler(reg) != MIB_REGISTERED_OK)
        return NH_EIO; /* the library has freed it */
    s->registrations[region] = reg;
    return NH_OK;
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
    (void)major;
    (void)server;
    (void)client;
    if (the_one == NULL)
        return 0;
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
    the_one = s;
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
    the_one = NULL;
    snmp_shutdown("nhip-agentx");
    for (size_t i = 0; i < s->fd_count; i++)
        event_free(s->fds[i]);
    nh_timer_free(s->timer);
    free(s);
}
