/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer.h - what snmpd asks for, out of the rows
 *
 * snmpd makes of each GETBULK one AgentX request after another, an object each. So a
 * request is answered where it arrives (answer_request()); net-snmp would first pass it,
 * by two pipes, to an agent of its own in this process, which costs twice as much again.
 * That way remains for what arrives while the library waits for snmpd's word on
 * something else: answer_by_library(), with the same answers.
 *
 * Knows net-snmp's types: for serve.c alone.
 */
#ifndef AGENTX_ANSWER_H
#define AGENTX_ANSWER_H

#include "mibs/agentx/agent_library.h"
#include "mibs/agentx/rows.h"

/* Answer a Get or GetNext of the session; false: it is neither, the library's to handle.
 * The objects of `pdu` are used up. */
bool answer_request(struct rows *rows, netsnmp_session *ss, netsnmp_pdu *pdu);

/* A handler of net-snmp, whose `myvoid` are the rows. */
int answer_by_library(netsnmp_mib_handler *handler, netsnmp_handler_registration *reg,
    netsnmp_agent_request_info *info, netsnmp_request_info *requests);

#endif
