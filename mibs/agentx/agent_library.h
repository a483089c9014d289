/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent_library.h - net-snmp's headers for those who answer, which are not written for
 * our warnings */
#ifndef AGENTX_AGENT_LIBRARY_H
#define AGENTX_AGENT_LIBRARY_H

#include "libnhip/snmp_library.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <net-snmp/agent/agent_callbacks.h>
#pragma GCC diagnostic pop

#endif
