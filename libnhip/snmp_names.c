/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_names.c - a row a name; the longest that is a head of the identifier counts */
#include "libnhip/snmp_names.h"
#include "libnhip/snmp.h"
#include <stdio.h>
#include <string.h>

// clang-format off
static const struct {
    const char *oid, *name;
} rows[] = {
    /* SNMPv2-MIB */
    { "1.3.6.1.2.1.1.1",          "sysDescr" },
    { "1.3.6.1.2.1.1.2",          "sysObjectID" },
    { "1.3.6.1.2.1.1.3",          "sysUpTime" },
    { "1.3.6.1.2.1.1.5",          "sysName" },
    { "1.3.6.1.2.1.1.6",          "sysLocation" },
    { "1.3.6.1.6.3.1.1.4.1",      "snmpTrapOID" },
    { "1.3.6.1.6.3.1.1.4.3",      "snmpTrapEnterprise" },
    { "1.3.6.1.6.3.1.1.5.1",      "coldStart" },
    { "1.3.6.1.6.3.1.1.5.2",      "warmStart" },
    { "1.3.6.1.6.3.1.1.5.3",      "linkDown" },
    { "1.3.6.1.6.3.1.1.5.4",      "linkUp" },
    { "1.3.6.1.6.3.1.1.5.5",      "authenticationFailure" },
    { "1.3.6.1.6.3.1.1.5.6",      "egpNeighborLoss" },
    { "1.3.6.1.6.3.18.1.3",       "snmpTrapAddress" },
    { "1.3.6.1.6.3.18.1.4",       "snmpTrapCommunity" },
    /* IF-MIB */
    { "1.3.6.1.2.1.2.2.1.1",      "ifIndex" },
    { "1.3.6.1.2.1.2.2.1.2",      "ifDescr" },
    { "1.3.6.1.2.1.2.2.1.3",      "ifType" },
    { "1.3.6.1.2.1.2.2.1.5",      "ifSpeed" },
    { "1.3.6.1.2.1.2.2.1.7",      "ifAdminStatus" },
    { "1.3.6.1.2.1.2.2.1.8",      "ifOperStatus" },
    { "1.3.6.1.2.1.31.1.1.1.1",   "ifName" },
    { "1.3.6.1.2.1.31.1.1.1.15",  "ifHighSpeed" },
    { "1.3.6.1.2.1.31.1.1.1.18",  "ifAlias" },
    /* BRIDGE-MIB, RSTP, LLDP, ENTITY */
    { "1.3.6.1.2.1.17.0.1",       "newRoot" },
    { "1.3.6.1.2.1.17.0.2",       "topologyChange" },
    { "1.0.8802.1.1.2.0.0.1",     "lldpRemTablesChange" },
    { "1.3.6.1.2.1.47.2.0.1",     "entConfigChange" },
    { "1.3.6.1.2.1.47.1.1.1.1.2", "entPhysicalDescr" },
    { "1.3.6.1.2.1.47.1.1.1.1.7", "entPhysicalName" },
    { "1.3.6.1.2.1.131.0.1",      "entStateOperEnabled" },
    { "1.3.6.1.2.1.131.0.2",      "entStateOperDisabled" },
    /* BGP4-MIB, OSPF-TRAP-MIB, VRRP-MIB */
    { "1.3.6.1.2.1.15.7.1",       "bgpEstablished" },
    { "1.3.6.1.2.1.15.7.2",       "bgpBackwardTransition" },
    { "1.3.6.1.2.1.15.0.1",       "bgpEstablishedNotification" },
    { "1.3.6.1.2.1.15.0.2",       "bgpBackwardTransNotification" },
    { "1.3.6.1.2.1.15.3.1.2",     "bgpPeerState" },
    { "1.3.6.1.2.1.15.3.1.7",     "bgpPeerRemoteAddr" },
    { "1.3.6.1.2.1.15.3.1.14",    "bgpPeerLastError" },
    { "1.3.6.1.2.1.14.16.2.2",    "ospfNbrStateChange" },
    { "1.3.6.1.2.1.14.16.2.16",   "ospfIfStateChange" },
    { "1.3.6.1.2.1.14.1.1",       "ospfRouterId" },
    { "1.3.6.1.2.1.14.10.1.1",    "ospfNbrIpAddr" },
    { "1.3.6.1.2.1.14.10.1.3",    "ospfNbrRtrId" },
    { "1.3.6.1.2.1.14.10.1.6",    "ospfNbrState" },
    { "1.3.6.1.2.1.68.0.1",       "vrrpTrapNewMaster" },
    { "1.3.6.1.2.1.68.0.2",       "vrrpTrapAuthFailure" },
    /* DISMAN-PING-MIB, DISMAN-EVENT-MIB */
    { "1.3.6.1.2.1.80.0.1",       "pingProbeFailed" },
    { "1.3.6.1.2.1.80.0.2",       "pingTestFailed" },
    { "1.3.6.1.2.1.80.0.3",       "pingTestCompleted" },
    { "1.3.6.1.2.1.88.2.0.1",     "mteTriggerFired" },
    { "1.3.6.1.2.1.88.2.0.2",     "mteTriggerRising" },
    { "1.3.6.1.2.1.88.2.0.3",     "mteTriggerFalling" },
    { "1.3.6.1.2.1.88.2.1.1",     "mteHotTrigger" },
    { "1.3.6.1.2.1.88.2.1.4",     "mteHotOID" },
    { "1.3.6.1.2.1.88.2.1.5",     "mteHotValue" },
    /* UPS-MIB */
    { "1.3.6.1.2.1.33.2.1",       "upsTrapOnBattery" },
    { "1.3.6.1.2.1.33.2.2",       "upsTrapTestCompleted" },
    { "1.3.6.1.2.1.33.2.3",       "upsTrapAlarmEntryAdded" },
    { "1.3.6.1.2.1.33.2.4",       "upsTrapAlarmEntryRemoved" },
    { "1.3.6.1.2.1.33.1.2.1",     "upsBatteryStatus" },
    { "1.3.6.1.2.1.33.1.2.2",     "upsSecondsOnBattery" },
    { "1.3.6.1.2.1.33.1.2.3",     "upsEstimatedMinutesRemaining" },
    { "1.3.6.1.2.1.33.1.2.4",     "upsEstimatedChargeRemaining" },
    { "1.3.6.1.2.1.33.1.6.2.1.1", "upsAlarmId" },
    { "1.3.6.1.2.1.33.1.6.2.1.2", "upsAlarmDescr" },
    { "1.3.6.1.2.1.33.1.6.3.1",   "upsAlarmBatteryBad" },
    { "1.3.6.1.2.1.33.1.6.3.2",   "upsAlarmOnBattery" },
    { "1.3.6.1.2.1.33.1.6.3.3",   "upsAlarmLowBattery" },
    { "1.3.6.1.2.1.33.1.6.3.4",   "upsAlarmDepletedBattery" },
    { "1.3.6.1.2.1.33.1.6.3.5",   "upsAlarmTempBad" },
    { "1.3.6.1.2.1.33.1.6.3.6",   "upsAlarmInputBad" },
    { "1.3.6.1.2.1.33.1.6.3.8",   "upsAlarmOutputOverload" },
    { "1.3.6.1.2.1.33.1.6.3.9",   "upsAlarmOnBypass" },
    { "1.3.6.1.2.1.33.1.6.3.20",  "upsAlarmCommunicationsLost" },
    { "1.3.6.1.2.1.33.1.9.7",     "upsConfigLowBattTime" },
    /* makers */
    { "1.3.6.1.4.1.318.0.5",      "apc.upsOnBattery" },
    { "1.3.6.1.4.1.318.0.7",      "apc.lowBattery" },
    { "1.3.6.1.4.1.318.0.9",      "apc.powerRestored" },
    { "1.3.6.1.4.1.318.0.11",     "apc.returnFromLowBattery" },
    { "1.3.6.1.4.1.318.2.3.3",    "apc.mtrapargsString" },
    { "1.3.6.1.4.1.534.1.11.4.1.0.3", "xupstdOnBattery" },
    { "1.3.6.1.4.1.534.1.11.4.1.0.4", "xupstdLowBattery" },
    { "1.3.6.1.4.1.534.1.11.4.1.0.5", "xupstdUtilityPowerRestored" },
    { "1.3.6.1.4.1.534.1.11.4.1.0.6", "xupstdReturnFromLowBattery" },
    { "1.3.6.1.4.1.9.9.43.2.0.1", "ciscoConfigManEvent" },
    { "1.3.6.1.4.1.9.9.13.3.0.1", "ciscoEnvMonShutdownNotification" },
    { "1.3.6.1.4.1.8072.4.0.1",   "nsNotifyStart" },
    { "1.3.6.1.4.1.8072.4.0.2",   "nsNotifyShutdown" },
    { "1.3.6.1.4.1.8072.4.0.3",   "nsNotifyRestart" },
    { "1.3.6.1.4.1.14988.1.1.0.1", "mtxrTemperatureException" },
};
// clang-format on

void
nh_snmp_name(const unsigned long *id, size_t len, char *out, size_t size)
{
    char text[NH_OID_MAX * 11 + 1];
    size_t best = 0;
    const char *name = NULL;

    nh_oid_text(id, len < NH_OID_MAX ? len : NH_OID_MAX, text, sizeof(text));
    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        size_t n = strlen(rows[i].oid);

        if (n > best && strncmp(text, rows[i].oid, n) == 0 &&
            (text[n] == '.' || text[n] == '\0')) {
            best = n;
            name = rows[i].name;
        }
    }
    if (name == NULL)
        snprintf(out, size, "%s", text);
    else
        snprintf(out, size, "%s%s", name, text + best);
}
