/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.c - the commands that exist; usage and manual page follow this table */
#include "nhipctl/ctl.h"

// clang-format off
static const struct command commands[] = {
    { "status",         "",                         0, 0, "the province in a few lines",                         ctl_status },
    { "sites",          "",                         0, 0, "every site with the state of its links",              ctl_sites },
    { "site",           "ID",                       1, 1, "one site: agent, links, services, last values",       ctl_site },
    { "agent add",      "SITE HOST [PORT]",         2, 3, "make a key and print the join token of a site's box", ctl_agent_add },
    { "agent revoke",   "SITE",                     1, 1, "take the site's keys back and end its session",       ctl_agent_revoke },
    { "agent rotate",   "SITE",                     1, 1, "hand the site's connected box a fresh key",            ctl_agent_rotate },
    { "agent list",     "",                         0, 0, "keys: invited, joined, revoked",                      ctl_agent_list },
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
