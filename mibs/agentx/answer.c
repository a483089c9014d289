/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.c - the objects of a request become those of its answer (RFC 2741, 7.2.3)
 *
 * A GetNext says from where, whether that object counts too, and where the search ends:
 * there another sub-agent or snmpd itself goes on, or the view of the one who asks ends.
 */
#include "mibs/agentx/answer.h"
#include <string.h>

enum { /* RFC 2741, 6.1 */
    AGENTX_GET = 5,
    AGENTX_GETNEXT = 6,
    AGENTX_RESPONSE = 18,
    AGENTX_CONTEXT = 0x08,
    AGENTX_BYTE_ORDER = 0x10,
};

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

static void
get(struct rows *rows, netsnmp_variable_list *v)
{
    const struct cell *c = rows_get(rows, v->name, v->name_length);

    if (c != NULL)
        put_value(v, c);
    else
        snmp_set_var_typed_value(v, SNMP_NOSUCHINSTANCE, NULL, 0);
}

/* The object after `v`, or at it with `inclusive`, takes its place; false: there is none
 * before `end`, which is nowhere with a length of 0. */
static bool
get_next(struct rows *rows, netsnmp_variable_list *v, bool inclusive, const oid *end,
    size_t end_len)
{
    static const enum region in_order[] = { REGION_PING, REGION_NHIP };
    unsigned long found[ROWS_OID_MAX];
    const struct cell *c = NULL;
    size_t len = 0;

    for (size_t i = 0; c == NULL && i < NH_COUNT(in_order); i++)
        c = rows_next(rows, in_order[i], v->name, v->name_length, inclusive, found, &len);
    if (c == NULL || (end_len > 0 && snmp_oid_compare(found, len, end, end_len) >= 0))
        return false;
    snmp_set_var_objid(v, found, len);
    put_value(v, c);
    return true;
}

/* The end of the search stands where the value of a varbind would. */
static void
get_next_in_range(struct rows *rows, netsnmp_variable_list *v)
{
    oid end[MAX_OID_LEN];
    size_t len = v->val_len / sizeof(oid);

    if (len > NH_COUNT(end) || snmp_oid_compare(v->val.objid, len, nullOid,
                                   (size_t)nullOidLen / sizeof(oid)) == 0)
        len = 0;
    if (len > 0)
        memcpy(end, v->val.objid, len * sizeof(oid));
    if (!get_next(rows, v, v->type == ASN_PRIV_INCL_RANGE, end, len))
        snmp_set_var_typed_value(v, SNMP_ENDOFMIBVIEW, NULL, 0);
}

bool
answer_request(struct rows *rows, netsnmp_session *ss, netsnmp_pdu *pdu)
{
    netsnmp_pdu *reply;

    if ((pdu->command != AGENTX_GET && pdu->command != AGENTX_GETNEXT) ||
        (pdu->flags & AGENTX_CONTEXT) != 0 ||
        (reply = snmp_pdu_create(AGENTX_RESPONSE)) == NULL)
        return false;
    for (netsnmp_variable_list *v = pdu->variables; v != NULL; v = v->next_variable) {
        if (pdu->command == AGENTX_GET)
            get(rows, v);
        else
            get_next_in_range(rows, v);
    }
    reply->version = ss->version;
    reply->sessid = pdu->sessid;
    reply->transid = pdu->transid;
    reply->reqid = pdu->reqid;
    reply->flags = pdu->flags & AGENTX_BYTE_ORDER;
    reply->errstat = reply->errindex = 0;
    reply->variables = pdu->variables;
    pdu->variables = NULL;
    if (snmp_send(ss, reply) == 0)
        snmp_free_pdu(reply);
    return true;
}

int
answer_by_library(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    struct rows *rows = handler->myvoid;

    (void)reg;
    for (netsnmp_request_info *q = requests; q != NULL; q = q->next) {
        if (q->processed != 0)
            continue;
        if (info->mode == MODE_GET)
            get(rows, q->requestvb);
        else if (info->mode == MODE_GETNEXT) /* the library knows where the search ends */
            (void)get_next(rows, q->requestvb, q->inclusive != 0, NULL, 0);
        else
            netsnmp_set_request_error(info, q, SNMP_ERR_NOTWRITABLE);
    }
    return SNMP_ERR_NOERROR;
}
