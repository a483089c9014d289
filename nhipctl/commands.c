/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.c - the commands that exist; usage and manual page follow this table */
#include "nhipctl/ctl.h"

enum { ARGS_MAX = 1000 };

// clang-format off
static const struct command commands[] = {
    { "status",         "",                         0, 0, "the province in a few lines",                         ctl_status },
    { "sites",          "",                         0, 0, "every site with the state of its links",              ctl_sites },
    { "site",           "ID",                       1, 1, "one site: agent, links, services, last values",       ctl_site },
    { "device",         "SITE/ID",                  1, 1, "one device: ports, traffic, health, as SNMP tells",   ctl_device },
    { "snmp test",      "ADDRESS [KEY=VALUE...]",   1, 8, "ask a device from here, and say in words what fails", ctl_snmp_test },
    { "agent add",      "SITE HOST [PORT]",         2, 3, "make a key and print the join token of a site's box", ctl_agent_add },
    { "agent revoke",   "SITE",                     1, 1, "take the site's keys back and end its session",       ctl_agent_revoke },
    { "agent rotate",   "SITE",                     1, 1, "hand the site's connected box a fresh key",            ctl_agent_rotate },
    { "agent list",     "",                         0, 0, "keys: invited, joined, revoked",                      ctl_agent_list },
    { "incidents",      "[--open] [--from T --to T]", 0, 6, "what is broken, or was: open ones, or those of a time", ctl_incidents },
    { "incident",       "ID",                       1, 2, "one incident: why, whom it hits, what was done",      ctl_incident },
    { "ack",            "ID",                       1, 2, "you have it in hand: nobody else is called",          ctl_ack },
    { "own",            "ID WHO",                   2, ARGS_MAX, "who works on it",                              ctl_own },
    { "note",           "ID TEXT",                  2, ARGS_MAX, "put down what is known",                       ctl_note },
    { "ticket",         "ID TEXT",                  2, ARGS_MAX, "the carrier's number for it",                  ctl_ticket },
    { "estimate",       "ID TEXT",                  2, ARGS_MAX, "when it is said to be mended",                 ctl_estimate },
    { "override",       "ID CAUSE REASON",          3, ARGS_MAX, "the cause is another one, and why",            ctl_override },
    { "close",          "ID REASON",                2, ARGS_MAX, "it is over, or was nothing, and why",          ctl_close },
    { "planned list",   "",                         0, 1, "planned work, of the file and added",                 ctl_planned_list },
    { "planned add",    "ID FROM TO SITE|SITE/LINK...", 4, ARGS_MAX, "announce work: recorded, not alerted",     ctl_planned_add },
    { "planned end",    "ID",                       1, 2, "it ends now, or is taken back before it begins",      ctl_planned_end },
    { "report",         "MONTH [--csv|--json]",     1, 3, "minutes of a month by link and who answers",          ctl_report },
    { "sms-in",         "[NUMBER TEXT]",            0, ARGS_MAX, "a text message has come: \"OK 412\" acknowledges", ctl_sms_in },
    { "tail",           "[SITE]",                   0, 1, "readings and events as they arrive",                  ctl_tail },
    { "trace",          "SITE/LINK",                1, 1, "the way over a link now, hop by hop",                 ctl_trace },
    { "test",           "SITE/LINK [KIND [NAME]]",  1, 3, "test now: train, mtu, dns or service NAME",           ctl_test },
    { "export",         "CHECK FROM TO",            3, 3, "readings of a time, from the journal",                ctl_export },
    { "reload",         "",                         0, 0, "take the changed inventory, whole or not at all",     ctl_reload },
    { "series rebuild", "CHECK",                    1, 1, "make a check's RRD file again from the journal",      ctl_series_rebuild },
    { "journal",        "",                         0, 0, "where the journal is and how full",                   ctl_journal },
    { "journal verify", "[DIR]",                    0, 1, "check every record and the chain of segments",        ctl_journal_verify },
    { "journal cat",    "[DIR [FROM [TO]]]",        0, 3, "the journal as lines that --replay accepts",          ctl_journal_cat },
    { 0 },
};
// clang-format on

const struct command *
ctl_commands(void)
{
    return commands;
}
