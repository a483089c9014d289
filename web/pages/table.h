/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - the pages that exist, in alphabetical order: page_<name> of <file>.c */
#ifndef WEB_PAGES_TABLE_H
#define WEB_PAGES_TABLE_H

// clang-format off
#define PAGES(ROW)      \
    ROW(ack)            \
    ROW(api_incident)   \
    ROW(api_incidents)  \
    ROW(api_links)      \
    ROW(api_overview)   \
    ROW(api_series)     \
    ROW(api_services)   \
    ROW(api_site)       \
    ROW(api_sites)      \
    ROW(assets)         \
    ROW(device)         \
    ROW(events)         \
    ROW(feed)           \
    ROW(graph)          \
    ROW(healthz)        \
    ROW(home)           \
    ROW(incident)       \
    ROW(incidents)      \
    ROW(link)           \
    ROW(metrics)        \
    ROW(plain)          \
    ROW(service)        \
    ROW(site)
// clang-format on

#endif
