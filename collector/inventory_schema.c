/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_schema.c - every section and key of nhip.conf, one row each
 *
 * The manual's list is made from these rows, so their help is written for its reader.
 */
#include "collector/inventory.h"

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): values of initialisers need none */
#define STRING(n, d, h)         { .name = n, .type = NH_CONF_STRING, .def = d, .help = h }
#define BOOL(n, d, h)           { .name = n, .type = NH_CONF_BOOL, .def = d, .help = h }
#define LIST(n, d, h)           { .name = n, .type = NH_CONF_LIST, .def = d, .help = h }
#define INT(n, d, lo, hi, u, h) { .name = n, .type = NH_CONF_INT, .def = d, .min = lo, .max = hi, .unit = u, .help = h }
#define REAL(n, d, lo, hi, u, h) { .name = n, .type = NH_CONF_FLOAT, .def = d, .min = lo, .max = hi, .unit = u, .help = h }
#define TIME(n, d, lo, hi, h)   { .name = n, .type = NH_CONF_DURATION, .def = d, .min = lo, .max = hi, .unit = "s", .help = h }
#define SECTION(n, r, h)        { .name = n, .type = NH_CONF_SECTION, .rows = r, .help = h }
#define TITLED(n, r, h)         { .name = n, .type = NH_CONF_TITLED, .rows = r, .help = h }
#define END                     { .name = NULL }
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct nh_conf_row province[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    STRING("timezone", "Asia/Ho_Chi_Minh", "Time zone of all times in this file, by its tz database name."),
    STRING("language", "vi", "Language of pages and messages unless someone chose another: vi or en."),
    STRING("office_hours", "mon-fri 07:30-11:30,13:30-17:00", "What office_hours means elsewhere in this file: days, then times of day."),
    STRING("outline", "", "GeoJSON file with the outlines of the sites by code; without it the page shows tiles."),
    BOOL("drill", "false", "This is a drill: pages say so, and the collector measures nothing by itself."),
    END,
};

static const struct nh_conf_row collector[] = {
    STRING("listen", "0.0.0.0:7443", "Address and port for the agents (TLS 1.3 with pre-shared keys)."),
    STRING("reflector", "0.0.0.0:862", "Address and port of the STAMP reflector (RFC 8762); empty for none."),
    STRING("traps", "0.0.0.0:162", "Address and port for SNMP traps and informs of devices that have an snmp section; empty for none."),
    STRING("control", "/run/nhip/control.sock", "The control socket, for nhip-web and nhipctl."),
    STRING("data", "/var/lib/nhip", "Directory of the journal, the series and the keys."),
    STRING("user", "nhip", "User to become once the ports are open; empty to stay the user that started it."),
    STRING("retention", "10s:1d, 1min:14d, 5min:90d:max, 1h:5y:max", "Archives of each series: step, how long rows are kept, and max where the maximum is kept beside the average."),
    { .name = "journal", .type = NH_CONF_DURATION, .def = "400d", .min = 3600, .max = 3153600000.0, .unit = "d", .help = "How long raw readings are kept." },
    INT("journal_mb", "51200", 16, 100000000, "MB", "Bound on the raw readings on disk: beyond it the oldest go first, counted."),
    STRING("agentx", "", "AgentX master socket, to offer NHIP-MIB to the carriers' management systems; empty for none."),
    BOOL("agentx_notify", "false", "nhip-agentx has snmpd tell of incidents and silent agents too, as snmpd's trapsess lines say. Contacts with snmp are told by the collector itself, whatever this says."),
    STRING("remote_write", "", "URL that is sent all readings by Prometheus remote write; empty for none."),
    END,
};

static const struct nh_conf_row web[] = {
    STRING("listen", "127.0.0.1:8080", "Address and port of the pages."),
    STRING("base_url", "", "The address of the pages as people reach it, used in messages."),
    BOOL("public", "true", "Show the status page without login: names and states only."),
    END,
};

static const struct nh_conf_row device[] = {
    STRING("address", "", "Its IP address."),
    STRING("snmp", "", "The snmp section with its credentials."),
    STRING("kind", "", "What it is: router, switch, ups ..."),
    STRING("from", "", "Who measures it: agent or collector. By default the site's agent where there is one."),
    END,
};

static const struct nh_conf_row quality[] = {
    LIST("degraded", "rtt_ms>100, jitter_ms>30, loss_pct>1", "Limits beyond which a link is degraded; of rtt_ms, jitter_ms and loss_pct."),
    LIST("severe", "rtt_ms>250, loss_pct>5", "Limits beyond which it is severely so."),
    INT("window_s", "300", 10, 86400, "s", "A limit counts when it is passed over this long."),
    INT("down_after", "3", 1, 100, "", "Rounds missed in a row until a link is down."),
    END,
};

static const struct nh_conf_row uplink[] = {
    STRING("carrier", NULL, "The carrier that it leads to."),
    STRING("gateway", "", "The carrier's first hop at the data centre."),
    STRING("address", "", "Our own end of it."),
    STRING("device", "", "The device of the centre that it is plugged into."),
    STRING("interface", "", "The port of that device."),
    STRING("circuit", "", "The circuit's number as the carrier writes it."),
    REAL("bandwidth_mbps", "0", 0, 1000000, "Mbit/s", "Its contracted bandwidth."),
    END,
};

static const struct nh_conf_row centre[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    LIST("tell", "", "Contacts told of incidents of the centre and of the monitoring itself."),
    TITLED("uplink", uplink, "A line from the data centre to a carrier."),
    TITLED("device", device, "A device of the data centre."),
    END,
};

static const struct nh_conf_row carrier[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    STRING("hotline", "", "The telephone number to ring."),
    LIST("tell", "", "Contacts told of incidents that are the carrier's."),
    END,
};

static const struct nh_conf_row pop[] = {
    STRING("carrier", NULL, "The carrier whose node it is."),
    STRING("name", NULL, "The name that pages and messages print."),
    STRING("address", "", "Its IP address, when the collector may ping it."),
    END,
};

static const struct nh_conf_row contract[] = {
    STRING("carrier", NULL, "The carrier who signed it."),
    STRING("number", "", "The contract's number."),
    REAL("availability_pct", "0", 0, 100, "%", "Availability promised; 0 where none is."),
    REAL("rtt_ms", "0", 0, 60000, "ms", "Round-trip time promised; 0 where none is."),
    REAL("loss_pct", "0", 0, 100, "%", "Packet loss promised; 0 where none is."),
    REAL("jitter_ms", "0", 0, 60000, "ms", "Jitter promised; 0 where none is."),
    STRING("source", "", "Where the figures come from; printed in every report."),
    STRING("hours", "always", "When they hold: always, office_hours, or days and times."),
    LIST("excluded", "", "Causes whose minutes the contract leaves out."),
    INT("claim_days", "0", 0, 3650, "d", "Days in which a claim has to be made; 0 where none are named."),
    SECTION("quality", quality, "Limits for the links of this contract in place of the province's."),
    END,
};

static const struct nh_conf_row feeder[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    END,
};

static const struct nh_conf_row link[] = {
    STRING("carrier", NULL, "The carrier of the circuit."),
    STRING("pop", "", "The carrier's node that serves it."),
    STRING("circuit", "", "The circuit's number as the carrier writes it."),
    STRING("contract", "", "The contract that it is under."),
    STRING("role", "primary", "primary or standby."),
    STRING("interface", "", "Interface of the agent's host: probes leave by it whatever the routes say. Required where the site has an agent."),
    STRING("address", "", "The site's end, as the data centre sees it."),
    STRING("gateway", "", "The carrier's first hop."),
    STRING("device", "", "The device of the site that it is plugged into."),
    STRING("port", "", "The port of that device: its readings are then the device's, by SNMP."),
    STRING("reflector", "", "Far end of path probes; by default the collector, where it listens on one address."),
    REAL("bandwidth_mbps", "0", 0, 1000000, "Mbit/s", "Its contracted bandwidth."),
    SECTION("quality", quality, "Limits for this link in place of the contract's and the province's."),
    END,
};

static const struct nh_conf_row site[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    STRING("kind", "commune", "What it is: commune, ward ..."),
    STRING("code", "", "The administrative unit's official code."),
    REAL("lat", "0", -90, 90, "degrees", "Latitude."),
    REAL("lon", "0", -180, 180, "degrees", "Longitude."),
    STRING("feeder", "", "The power line that feeds it."),
    LIST("technicians", "", "Contacts who look after it."),
    BOOL("agent", "true", "An agent reports from here."),
    TITLED("link", link, "A circuit that reaches the site."),
    TITLED("device", device, "A device at the site."),
    END,
};

static const struct nh_conf_row snmp[] = {
    INT("version", "3", 2, 3, "", "2 (v2c) or 3."),
    STRING("user", "", "Version 3: the user."),
    STRING("level", "authPriv", "Version 3: noAuthNoPriv, authNoPriv or authPriv."),
    STRING("auth", "SHA-256", "Version 3: SHA, SHA-224, SHA-256, SHA-384 or SHA-512."),
    STRING("auth_key_file", "", "Version 3: file with the authentication key, of mode 0600."),
    STRING("priv", "AES", "Version 3: AES, AES-192 or AES-256."),
    STRING("priv_key_file", "", "Version 3: file with the privacy key, of mode 0600."),
    STRING("community_file", "", "Version 2: file with the community, of mode 0600."),
    END,
};

static const struct nh_conf_row service[] = {
    STRING("name", NULL, "The name that pages and messages print."),
    STRING("owner", "", "Who runs it."),
    STRING("url", "", "Tested by HTTP: an http:// or https:// address."),
    STRING("tcp", "", "Tested by TCP connection: host:port."),
    STRING("dns", "", "Tested by DNS: the server's IP address."),
    STRING("plugin", "", "Tested by a Nagios plugin: its command line."),
    STRING("query", "", "With dns: the name to ask for."),
    LIST("from", "sites, collector", "Who tests it: sites, collector, or the ids of sites."),
    INT("every_s", "60", 10, 86400, "s", "How often."),
    INT("timeout_ms", "5000", 10, 60000, "ms", "An answer later than this is none."),
    INT("slow_ms", "2000", 1, 60000, "ms", "An answer later than this is slow."),
    INT("expect_status", "200", 100, 599, "", "With url: the HTTP status expected."),
    STRING("expect_text", "", "With url: text that the answer has to contain."),
    LIST("tell", "", "Contacts told when it fails."),
    BOOL("meeting", "false", "Meetings run on it."),
    END,
};

static const struct nh_conf_row contact[] = {
    STRING("name", NULL, "The name that pages print."),
    STRING("sms", "", "Telephone number for text messages."),
    STRING("email", "", "Mail address."),
    STRING("webhook", "", "URL to post to."),
    STRING("webhook_body", "generic", "Form of what is posted: generic, telegram, zalo or alertmanager."),
    STRING("webhook_chat", "", "With telegram and zalo: the chat's id."),
    STRING("secret_file", "", "File with the key that signs posts to the webhook, of mode 0600."),
    STRING("snmp", "", "A management system that takes SNMP notifications: its IP address, with a port if that is not 162."),
    STRING("snmp_credential", "", "With snmp: the snmp section with its credentials."),
    BOOL("snmp_trap", "false", "With snmp and version 2: send traps, which nobody acknowledges, in place of informs."),
    STRING("command", "", "Program that is given each message as JSON on its input; %n and %k are the number and the message's key."),
    STRING("language", "", "vi or en; by default the province's."),
    STRING("hours", "always", "When to be told: always, office_hours, or days and times."),
    END,
};

static const struct nh_conf_row alerts[] = {
    INT("outage_after_s", "120", 0, 86400, "s", "An outage is shown at once and told after this long ..."),
    INT("together", "3", 1, 10000, "", "... or as soon as this many sites fall together."),
    LIST("escalate", "", "Whom else to tell while nobody has acknowledged: \"15min:CONTACT\", later ones last."),
    STRING("quiet", "", "Time of night in which messages are held until morning, unless a whole carrier or the centre is down; \"22:00-06:00\"."),
    STRING("smtp", "", "Mail server, smtp:// or smtps://; empty for no mail."),
    STRING("from", "", "Sender of mail."),
    STRING("sms_command", "", "Command that sends a text message: %n is the number, the text is its input."),
    STRING("sms_url", "", "Or a URL that does."),
    END,
};

static const struct nh_conf_row planned[] = {
    LIST("links", "", "Links worked on, as SITE/LINK."),
    LIST("sites", "", "Sites worked on: every link of theirs, and their power."),
    STRING("from", NULL, "Begin, \"2026-11-30 22:00\" in the province's time."),
    STRING("to", NULL, "End."),
    STRING("who", "", "Who does it: a carrier's id, else the province answers."),
    STRING("why", "", "What for."),
    END,
};

static const struct nh_conf_row meeting[] = {
    STRING("service", NULL, "The service that it runs on."),
    LIST("sites", NULL, "The sites that take part; \"*\" for all."),
    STRING("at", NULL, "When: \"mon 08:00\", \"mon-fri 08:00\", \"daily 08:00\" or \"2026-11-30 08:00\"."),
    INT("length_min", "60", 1, 1440, "min", "How long it lasts."),
    INT("check_before_min", "30", 0, 1440, "min", "How long before it the lines are tested."),
    END,
};

static const struct nh_conf_row schema[] = {
    TITLED("province", province, "The province. Required, once."),
    SECTION("collector", collector, "The collector: ports, places and how long things are kept."),
    SECTION("web", web, "The pages."),
    SECTION("centre", centre, "The data centre itself, so that no carrier answers for its faults."),
    TITLED("carrier", carrier, "A carrier."),
    TITLED("pop", pop, "A carrier's node that serves several sites."),
    TITLED("contract", contract, "What a carrier has promised."),
    TITLED("feeder", feeder, "A power line that several sites share."),
    TITLED("site", site, "A commune, or another place with equipment of its own."),
    TITLED("snmp", snmp, "Credentials for devices."),
    TITLED("service", service, "A service that people use over the network. Exactly one of url, tcp, dns and plugin says how it is tested."),
    TITLED("contact", contact, "Someone to tell."),
    SECTION("alerts", alerts, "When and how people are told."),
    SECTION("quality", quality, "When a link is degraded, and when it is down."),
    TITLED("planned", planned, "Work that was announced. What falls during it is recorded, and nobody is alerted."),
    TITLED("meeting", meeting, "A meeting, before which lines and service are tested."),
    END,
};
/* clang-format on */

const struct nh_conf_row *
inventory_schema(void)
{
    return schema;
}
