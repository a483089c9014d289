/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agentx_floor.c - the least sub-agent that net-snmp makes: the floor of a walk
 *
 *   agentx_floor ADDRESS ROWS COLUMNS INDEX
 *
 * At snmpd's AgentX socket ADDRESS, below 848 of net-snmp's playpen, is a table of
 * numbers that never change, its identifiers sorted beforehand; an index has INDEX
 * sub-identifiers, so that packets are as long as those that this is compared with. The
 * loop is the library's own. Ends when it is killed.
 */
/* links: netsnmpagent */
#include "mibs/agentx/agent_library.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_MAX = 40 };

static const oid root[] = { 1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 848 };

static struct object {
    oid id[NH_COUNT(root) + 3 + INDEX_MAX];
} * objects;
static size_t count, id_len;

/* The place of the first object at or after this one. */
static size_t
lower(const oid *id, size_t len)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (snmp_oid_compare(objects[middle].id, id_len, id, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int
answer(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    (void)handler;
    (void)reg;
    for (netsnmp_request_info *q = requests; q != NULL; q = q->next) {
        netsnmp_variable_list *v = q->requestvb;
        size_t at = lower(v->name, v->name_length);
        bool same = at < count && snmp_oid_compare(objects[at].id, id_len, v->name,
                                      v->name_length) == 0;
        long value;

        if (info->mode == MODE_GETNEXT && same && q->inclusive == 0)
            at++;
        if (at == count || (info->mode == MODE_GET && !same))
            continue;
        value = (long)at;
        snmp_set_var_objid(v, objects[at].id, id_len);
        snmp_set_var_typed_value(v, ASN_INTEGER, &value, sizeof(value));
    }
    return SNMP_ERR_NOERROR;
}

int
main(int argc, char **argv)
{
    netsnmp_handler_registration *reg;
    size_t rows, columns, index;

    if (argc != 5) {
        fputs("usage: agentx_floor ADDRESS ROWS COLUMNS INDEX\n", stderr);
        return 2;
    }
    rows = strtoul(argv[2], NULL, 10);
    columns = strtoul(argv[3], NULL, 10);
    index = strtoul(argv[4], NULL, 10);
    if (index == 0 || index > INDEX_MAX ||
        (objects = calloc(rows * columns, sizeof(*objects))) == NULL)
        return 1;
    id_len = NH_COUNT(root) + 3 + index;
    for (size_t c = 1; c <= columns; c++) {
        for (size_t r = 0; r < rows; r++) {
            struct object *o = &objects[count++];

            memcpy(o->id, root, sizeof(root));
            o->id[NH_COUNT(root)] = o->id[NH_COUNT(root) + 1] = 1;
            o->id[NH_COUNT(root) + 2] = c;
            o->id[id_len - 1] = r;
        }
    }
    nh_snmp_library_prepare();
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
    init_agent("agentx_floor");
    reg = netsnmp_create_handler_registration(
        "floor", answer, root, NH_COUNT(root), HANDLER_CAN_RONLY);
    if (reg == NULL || netsnmp_register_handler(reg) != MIB_REGISTERED_OK)
        return 1;
    init_snmp("agentx_floor");
    for (;;)
        agent_check_and_process(1);
}
