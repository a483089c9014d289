/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * columns.h - NHIP-MIB in numbers: its tables, notifications and objects, a row each
 *
 * Of an object: the name in C, the column's number, the type, the name in the MIB.
 * tests/system/test_mib.py compares them with mibs/NHIP-MIB.txt. Its root is
 * NHIP_MIB_ROOT, a build option. Causes, kinds and confidences are the numbers of
 * collector/incident.h, from 1.
 */
#ifndef MIBS_COLUMNS_H
#define MIBS_COLUMNS_H

enum table {
    TABLE_GENERAL = 1, /* nhipGeneral: one row of scalars */
    TABLE_CARRIER,
    TABLE_LINK,
    TABLE_SITE,
    TABLE_DEVICE,
    TABLE_SERVICE,
    TABLE_PROBE,
    TABLE_POWER,
    TABLE_AGENT,
    TABLE_INCIDENT,
    TABLE_TROUBLE,
    TABLE_PING, /* DISMAN-PING-MIB pingResultsTable */
    TABLES
};

/* nhipNotifications, by their numbers. */
enum notification {
    NOTIFY_SILENT = 1,
    NOTIFY_BACK,
    NOTIFY_OPENED,
    NOTIFY_REVISED,
    NOTIFY_CLOSED,
    NOTIFY_ESCALATED,
    NOTIFY_MEETING
};

/* Columns by their numbers. */
#define COLUMN_ID(name, number, type, text) COLUMN_##name = number,

// clang-format off
/* nhipGeneral: scalars */
#define COLUMNS_GENERAL(COLUMN) \
    COLUMN(PROVINCE, 1, STRING, "nhipProvince") \
    COLUMN(VERSION, 2, STRING, "nhipVersion") \
    COLUMN(SITES, 3, GAUGE, "nhipSites") \
    COLUMN(SITES_DOWN, 4, GAUGE, "nhipSitesDown") \
    COLUMN(LINKS, 5, GAUGE, "nhipLinks") \
    COLUMN(LINKS_DOWN, 6, GAUGE, "nhipLinksDown") \
    COLUMN(AGENTS_CONNECTED, 7, GAUGE, "nhipAgentsConnected") \
    COLUMN(CLOCK_QUALITY, 8, INTEGER, "nhipClockQuality") \
    COLUMN(CLOCK_STEP, 9, INTEGER, "nhipClockStep") \
    COLUMN(JOURNAL_FILL, 10, GAUGE, "nhipJournalFill") \
    COLUMN(JOURNAL_LOST, 11, COUNTER64, "nhipJournalLost") \
    COLUMN(TRAPS_TAKEN, 12, COUNTER64, "nhipTrapsTaken") \
    COLUMN(TRAPS_REFUSED, 13, COUNTER64, "nhipTrapsRefused")

/* nhipCarrierTable */
#define COLUMNS_CARRIER(COLUMN) \
    COLUMN(CARRIER_NAME, 2, STRING, "nhipCarrierName") \
    COLUMN(CARRIER_HOTLINE, 3, STRING, "nhipCarrierHotline") \
    COLUMN(CARRIER_LINKS_UP, 4, GAUGE, "nhipCarrierLinksUp") \
    COLUMN(CARRIER_LINKS_DEGRADED, 5, GAUGE, "nhipCarrierLinksDegraded") \
    COLUMN(CARRIER_LINKS_DOWN, 6, GAUGE, "nhipCarrierLinksDown") \
    COLUMN(CARRIER_LINKS_UNKNOWN, 7, GAUGE, "nhipCarrierLinksUnknown") \
    COLUMN(CARRIER_LINKS_MAINTENANCE, 8, GAUGE, "nhipCarrierLinksMaintenance") \
    COLUMN(CARRIER_LINKS_FLAPPING, 9, GAUGE, "nhipCarrierLinksFlapping")

/* nhipLinkTable */
#define COLUMNS_LINK(COLUMN) \
    COLUMN(LINK_SITE_NAME, 4, STRING, "nhipLinkSiteName") \
    COLUMN(LINK_ROLE, 5, INTEGER, "nhipLinkRole") \
    COLUMN(LINK_CIRCUIT, 6, STRING, "nhipLinkCircuit") \
    COLUMN(LINK_BANDWIDTH, 7, GAUGE, "nhipLinkBandwidth") \
    COLUMN(LINK_STATE, 8, INTEGER, "nhipLinkState") \
    COLUMN(LINK_SINCE, 9, DATE, "nhipLinkSince") \
    COLUMN(LINK_REASON, 10, STRING, "nhipLinkReason") \
    COLUMN(LINK_PATH_RTT, 11, GAUGE, "nhipLinkPathRtt") \
    COLUMN(LINK_PATH_JITTER, 12, GAUGE, "nhipLinkPathJitter") \
    COLUMN(LINK_PATH_LOSS, 13, GAUGE, "nhipLinkPathLoss") \
    COLUMN(LINK_PATH_TIME, 14, DATE, "nhipLinkPathTime") \
    COLUMN(LINK_GATEWAY_RTT, 15, GAUGE, "nhipLinkGatewayRtt") \
    COLUMN(LINK_GATEWAY_LOSS, 16, GAUGE, "nhipLinkGatewayLoss") \
    COLUMN(LINK_FAR_RTT, 17, GAUGE, "nhipLinkFarRtt") \
    COLUMN(LINK_FAR_LOSS, 18, GAUGE, "nhipLinkFarLoss") \
    COLUMN(LINK_PORT_UP, 19, INTEGER, "nhipLinkPortUp") \
    COLUMN(LINK_PORT_IN_RATE, 20, GAUGE, "nhipLinkPortInRate") \
    COLUMN(LINK_PORT_OUT_RATE, 21, GAUGE, "nhipLinkPortOutRate") \
    COLUMN(LINK_PORT_RX_POWER, 22, INTEGER, "nhipLinkPortRxPower") \
    COLUMN(LINK_CAUSE, 23, INTEGER, "nhipLinkCause") \
    COLUMN(LINK_AVAILABILITY_LOW, 24, GAUGE, "nhipLinkAvailabilityLow") \
    COLUMN(LINK_AVAILABILITY_HIGH, 25, GAUGE, "nhipLinkAvailabilityHigh") \
    COLUMN(LINK_AVAILABILITY_TIME, 26, DATE, "nhipLinkAvailabilityTime")

/* nhipSiteTable */
#define COLUMNS_SITE(COLUMN) \
    COLUMN(SITE_NAME, 2, STRING, "nhipSiteName") \
    COLUMN(SITE_CODE, 3, STRING, "nhipSiteCode") \
    COLUMN(SITE_STATE, 4, INTEGER, "nhipSiteState") \
    COLUMN(SITE_SINCE, 5, DATE, "nhipSiteSince") \
    COLUMN(SITE_REASON, 6, STRING, "nhipSiteReason") \
    COLUMN(SITE_LINKS, 7, GAUGE, "nhipSiteLinks") \
    COLUMN(SITE_LINKS_DOWN, 8, GAUGE, "nhipSiteLinksDown")

/* nhipDeviceTable */
#define COLUMNS_DEVICE(COLUMN) \
    COLUMN(DEVICE_KIND, 3, STRING, "nhipDeviceKind") \
    COLUMN(DEVICE_ADDRESS, 4, STRING, "nhipDeviceAddress") \
    COLUMN(DEVICE_PING_STATE, 5, INTEGER, "nhipDevicePingState") \
    COLUMN(DEVICE_PING_RTT, 6, GAUGE, "nhipDevicePingRtt") \
    COLUMN(DEVICE_PING_LOSS, 7, GAUGE, "nhipDevicePingLoss") \
    COLUMN(DEVICE_SNMP_STATE, 8, INTEGER, "nhipDeviceSnmpState") \
    COLUMN(DEVICE_UP_TIME, 9, GAUGE, "nhipDeviceUpTime") \
    COLUMN(DEVICE_CPU, 10, GAUGE, "nhipDeviceCpu") \
    COLUMN(DEVICE_MEMORY, 11, GAUGE, "nhipDeviceMemory") \
    COLUMN(DEVICE_TEMPERATURE, 12, INTEGER, "nhipDeviceTemperature")

/* nhipServiceTable */
#define COLUMNS_SERVICE(COLUMN) \
    COLUMN(SERVICE_NAME, 2, STRING, "nhipServiceName") \
    COLUMN(SERVICE_OWNER, 3, STRING, "nhipServiceOwner") \
    COLUMN(SERVICE_STATE, 4, INTEGER, "nhipServiceState") \
    COLUMN(SERVICE_SINCE, 5, DATE, "nhipServiceSince") \
    COLUMN(SERVICE_REASON, 6, STRING, "nhipServiceReason") \
    COLUMN(SERVICE_FROM_UP, 7, GAUGE, "nhipServiceFromUp") \
    COLUMN(SERVICE_FROM_DOWN, 8, GAUGE, "nhipServiceFromDown")

/* nhipProbeTable */
#define COLUMNS_PROBE(COLUMN) \
    COLUMN(PROBE_STATE, 3, INTEGER, "nhipProbeState") \
    COLUMN(PROBE_SINCE, 4, DATE, "nhipProbeSince") \
    COLUMN(PROBE_TIME, 5, GAUGE, "nhipProbeTime") \
    COLUMN(PROBE_STATUS, 6, GAUGE, "nhipProbeStatus") \
    COLUMN(PROBE_CERTIFICATE_DAYS, 7, INTEGER, "nhipProbeCertificateDays")

/* nhipPowerTable */
#define COLUMNS_POWER(COLUMN) \
    COLUMN(POWER_STATE, 2, INTEGER, "nhipPowerState") \
    COLUMN(POWER_ON_BATTERY, 3, INTEGER, "nhipPowerOnBattery") \
    COLUMN(POWER_CHARGE, 4, GAUGE, "nhipPowerCharge") \
    COLUMN(POWER_RUNTIME, 5, GAUGE, "nhipPowerRuntime") \
    COLUMN(POWER_INPUT_VOLTAGE, 6, GAUGE, "nhipPowerInputVoltage")

/* nhipAgentTable */
#define COLUMNS_AGENT(COLUMN) \
    COLUMN(AGENT_CONNECTED, 2, INTEGER, "nhipAgentConnected") \
    COLUMN(AGENT_SINCE, 3, DATE, "nhipAgentSince") \
    COLUMN(AGENT_LAST_SEEN, 4, DATE, "nhipAgentLastSeen") \
    COLUMN(AGENT_VERSION, 5, STRING, "nhipAgentVersion") \
    COLUMN(AGENT_SPOOL_RECORDS, 6, GAUGE, "nhipAgentSpoolRecords") \
    COLUMN(AGENT_SPOOL_OLDEST, 7, DATE, "nhipAgentSpoolOldest") \
    COLUMN(AGENT_SPOOL_FILL, 8, GAUGE, "nhipAgentSpoolFill") \
    COLUMN(AGENT_LOST, 9, COUNTER64, "nhipAgentLost") \
    COLUMN(AGENT_CLOCK_ERROR, 10, INTEGER, "nhipAgentClockError") \
    COLUMN(AGENT_LOAD, 11, GAUGE, "nhipAgentLoad") \
    COLUMN(AGENT_MEMORY, 12, GAUGE, "nhipAgentMemory") \
    COLUMN(AGENT_DISK, 13, GAUGE, "nhipAgentDisk") \
    COLUMN(AGENT_TEMPERATURE, 14, INTEGER, "nhipAgentTemperature") \
    COLUMN(AGENT_UP_TIME, 15, GAUGE, "nhipAgentUpTime")

/* nhipIncidentTable */
#define COLUMNS_INCIDENT(COLUMN) \
    COLUMN(INCIDENT_TITLE, 2, STRING, "nhipIncidentTitle") \
    COLUMN(INCIDENT_KIND, 3, INTEGER, "nhipIncidentKind") \
    COLUMN(INCIDENT_CAUSE, 4, INTEGER, "nhipIncidentCause") \
    COLUMN(INCIDENT_CONFIDENCE, 5, INTEGER, "nhipIncidentConfidence") \
    COLUMN(INCIDENT_PARTY, 6, STRING, "nhipIncidentParty") \
    COLUMN(INCIDENT_OPENED, 7, DATE, "nhipIncidentOpened") \
    COLUMN(INCIDENT_STARTED, 8, DATE, "nhipIncidentStarted") \
    COLUMN(INCIDENT_CLOSED, 9, DATE, "nhipIncidentClosed") \
    COLUMN(INCIDENT_ACKNOWLEDGED, 10, INTEGER, "nhipIncidentAcknowledged") \
    COLUMN(INCIDENT_TICKET, 11, STRING, "nhipIncidentTicket") \
    COLUMN(INCIDENT_REVISION, 12, GAUGE, "nhipIncidentRevision") \
    COLUMN(INCIDENT_LINKS, 13, GAUGE, "nhipIncidentLinks") \
    COLUMN(INCIDENT_SITES, 14, GAUGE, "nhipIncidentSites")

/* nhipTroubleTable */
#define COLUMNS_TROUBLE(COLUMN) \
    COLUMN(TROUBLE_CAUSE, 5, INTEGER, "nhipTroubleCause") \
    COLUMN(TROUBLE_CONFIDENCE, 6, INTEGER, "nhipTroubleConfidence") \
    COLUMN(TROUBLE_STARTED, 7, DATE, "nhipTroubleStarted") \
    COLUMN(TROUBLE_CLOSED, 8, DATE, "nhipTroubleClosed") \
    COLUMN(TROUBLE_TICKET, 9, STRING, "nhipTroubleTicket")

/* nhipNotices: scalars that come in notifications and cannot be asked for */
enum { NOTICE_ARC = 12 };
#define COLUMNS_NOTICE(COLUMN) \
    COLUMN(NOTICE_KEY, 1, STRING, "nhipNoticeKey") \
    COLUMN(NOTICE_TEXT, 2, STRING, "nhipNoticeText")

/* DISMAN-PING-MIB (RFC 4560) pingResultsTable: not of our MIB */
#define COLUMNS_PING(COLUMN) \
    COLUMN(PING_OPER_STATUS, 1, INTEGER, pingResultsOperStatus) \
    COLUMN(PING_ADDRESS_TYPE, 2, INTEGER, pingResultsIpTargetAddressType) \
    COLUMN(PING_ADDRESS, 3, STRING, pingResultsIpTargetAddress) \
    COLUMN(PING_MIN_RTT, 4, GAUGE, pingResultsMinRtt) \
    COLUMN(PING_MAX_RTT, 5, GAUGE, pingResultsMaxRtt) \
    COLUMN(PING_AVERAGE_RTT, 6, GAUGE, pingResultsAverageRtt) \
    COLUMN(PING_RESPONSES, 7, GAUGE, pingResultsProbeResponses) \
    COLUMN(PING_SENT, 8, GAUGE, pingResultsSentProbes) \
    COLUMN(PING_LAST_GOOD, 10, DATE, pingResultsLastGoodProbe)
// clang-format on

#endif
