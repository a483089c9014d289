/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory.h - the province as nhip.conf describes it, parsed and validated whole
 *
 * Plain data, read-only once loaded: whoever holds it may read it from any thread.
 * References are resolved to pointers; ids are unique; arrays keep the file's order.
 * Sections that no code uses yet (contracts, alerts, meetings ...) are checked just as
 * hard and kept.
 */
#ifndef INVENTORY_H
#define INVENTORY_H

#include "libnhip/conf.h"
#include "libnhip/snmp_credentials.h"
#include "libnhip/wire.h"

struct inv_carrier {
    char *id, *name, *hotline;
    size_t tell_count;
    struct inv_contact **tell;
};
struct inv_pop {
    char *id, *name, *address;
    struct inv_carrier *carrier;
};
struct inv_feeder {
    char *id, *name;
};
struct inv_snmp {
    char *id, *user, *level, *auth, *auth_key_file, *priv, *priv_key_file,
        *community_file;
    int version;
};
struct inv_contact {
    char *id, *name, *sms, *email, *webhook, *webhook_body, *webhook_chat, *secret_file,
        *snmp, *command, *language, *hours; /* snmp: "192.0.2.10:162" */
    struct inv_snmp *snmp_credential;       /* NULL: no snmp */
    bool snmp_trap;
};

/* One comparison of `quality`: metric and limit. A link is passed over when the value is
 * above. */
struct inv_limit {
    char metric[NH_NAME_MAX];
    double above;
};
struct inv_quality {
    size_t degraded_count, severe_count;
    struct inv_limit degraded[8], severe[8];
    int window_s, down_after;
};
struct inv_contract {
    char *id, *number, *source, *hours;
    struct inv_carrier *carrier;
    double availability_pct, rtt_ms, loss_pct, jitter_ms; /* 0: not named */
    size_t excluded_count;
    char **excluded; /* causes */
    int claim_days;
    struct inv_quality quality; /* its own, or a copy of the province's */
};

struct inv_site;
struct inv_device {
    char *id, *address, *kind;
    struct inv_snmp *snmp;
    bool from_agent;
};
struct inv_link {
    struct inv_site *site; /* NULL: an uplink of the centre */
    char *name, *id;       /* "vnpt", "bao-lac/vnpt" */
    struct inv_carrier *carrier;
    struct inv_pop *pop;                                       /* NULL: not named */
    struct inv_contract *contract;                             /* NULL: none */
    char *circuit, *interface, *address, *gateway, *reflector; /* "" where not named */
    char *device, *port; /* the port on a device, "" none */
    bool standby;
    double bandwidth_mbps;      /* 0: not named */
    struct inv_quality quality; /* resolved: link, else contract, else province */
};
struct inv_site {
    char *id, *name, *kind, *code;
    double lat, lon; /* NAN: not named */
    struct inv_feeder *feeder;
    bool agent;
    size_t link_count, device_count, technician_count;
    struct inv_link *links;
    struct inv_device *devices;
    struct inv_contact **technicians;
};
enum inv_service_kind { INV_HTTP, INV_TCP, INV_DNS, INV_PLUGIN };
struct inv_service {
    char *id, *name, *owner, *target, *query,
        *expect_text; /* target: url, host:port, server, command */
    enum inv_service_kind kind;
    bool from_sites, from_collector, meeting;
    size_t from_count; /* named sites, when `from` lists some */
    struct inv_site **from;
    int every_s, timeout_ms, slow_ms, expect_status;
    size_t tell_count;
    struct inv_contact **tell;
};
struct inv_planned {
    char *id, *who, *why;
    bool added; /* at run time; else it stands in the file */
    int64_t from_s, to_s;
    size_t link_count, site_count;
    struct inv_link **links;
    struct inv_site **sites;
};
struct inv_meeting {
    char *id, *at;
    struct inv_service *service;
    bool all_sites;
    size_t site_count;
    struct inv_site **sites;
    int length_min, check_before_min;
};
struct inv_step {
    int64_t after_s;
    struct inv_contact *contact;
}; /* escalate */
struct inv_alerts {
    int64_t outage_after_s;
    int together;
    size_t step_count;
    struct inv_step *steps;
    char *quiet, *smtp, *from, *sms_command, *sms_url;
};
/* One archive of `retention`: rows of step_s kept for keep_s, with MAX beside AVERAGE or
 * not. */
struct inv_archive {
    int64_t step_s, keep_s;
    bool max;
};

struct inventory {
    char *path; /* of the file */
    char *id, *name, *timezone, *language, *office_hours, *outline;
    bool drill; /* `drill = true`: pages say so, and the collector measures nothing by
                   itself */
    struct {
        char *listen, *reflector, *traps, *control, *data, *user, *agentx, *remote_write;
        int64_t journal_s, journal_max_bytes;
        size_t archive_count;
        struct inv_archive archives[8];
    } collector;
    struct {
        char *listen, *base_url;
        bool public_page;
    } web;
    bool has_centre;
    struct {
        char *name;
        size_t tell_count, uplink_count, device_count;
        struct inv_contact **tell;
        struct inv_link *uplinks;
        struct inv_device *devices;
    } centre;
    size_t carrier_count, pop_count, contract_count, feeder_count, contact_count,
        snmp_count, site_count, service_count, planned_count, meeting_count;
    struct inv_carrier *carriers;
    struct inv_pop *pops;
    struct inv_contract *contracts;
    struct inv_feeder *feeders;
    struct inv_contact *contacts;
    struct inv_snmp *snmps;
    struct inv_site *sites;
    struct inv_service *services;
    struct inv_planned *planned;
    struct inv_meeting *meetings;
    struct inv_alerts alerts;
    struct inv_quality quality;
};

/* Load and validate. NH_ECONF: *problem is "file:line: what is wrong". Caller:
 * inventory_free(). */
enum nh_err inventory_load(struct inventory **out, const char *path,
    struct nh_conf_problem *problem) NH_MUST_CHECK;
void inventory_free(struct inventory *inv);
const struct nh_conf_row *inventory_schema(void);

/* By binary search over an index made at load; NULL when there is none. */
struct inv_site *inventory_site(const struct inventory *inv, const char *id);
/* The device "SITE/ID" or "centre/ID", or NULL; *site is NULL for one of the centre's. */
const struct inv_device *inventory_device(
    const struct inventory *inv, const char *id, const struct inv_site **site);
/* Where the secrets of a credential are. Lent of it. */
struct nh_snmp_files inventory_snmp_files(const struct inv_snmp *s);
struct inv_link *inventory_link(
    const struct inventory *inv, const char *id); /* SITE/LINK */
struct inv_service *inventory_service(const struct inventory *inv, const char *id);

/* Planned work that was added at run time; lists are ids parted by spaces, "" for none.
 */
struct inv_plan {
    const char *id, *who, *why, *links, *sites;
    int64_t from_s, to_s;
};
/* Put it beside that of the file. Pointers to elements of `planned` end here. NH_EEXIST;
 * NH_EINVAL: it names nothing, ends before it begins, or its id is none; NH_ENOTFOUND: a
 * site, link or carrier that is not there is in `unknown`. inventory_plan_check() says so
 * without doing it. */
enum nh_err inventory_plan(struct inventory *inv, const struct inv_plan *plan,
    char unknown[NH_CHECK_ID_MAX]) NH_MUST_CHECK;
enum nh_err inventory_plan_check(const struct inventory *inv, const struct inv_plan *plan,
    char unknown[NH_CHECK_ID_MAX]) NH_MUST_CHECK;
struct inv_planned *inventory_planned(const struct inventory *inv, const char *id);

/* Does the link's contract leave out what this cause takes? */
bool inventory_link_excludes(const struct inv_link *link, const char *cause);

/* "configuration OK: 56 sites, 95 links, ..." */
void inventory_summary(const struct inventory *inv, struct nh_buf *out);

/*
 * The checks that follow from the inventory (replay format, "Check ids"): those that the
 * agent of `site` measures, or with NULL those of the collector. `out` is called for
 * each; what it lends lasts for the call. With `drill` the collector has none.
 */
void inventory_assign(const struct inventory *inv, const struct inv_site *site,
    void (*out)(void *arg, const struct nh_assignment *a), void *arg);

/*
 * Every check there is, by whom: for the judge and the documents. `site` and `link` are
 * NULL where they do not apply, `service` where it is none; `by_collector` says who
 * measures.
 */
struct inv_check {
    char id[NH_CHECK_ID_MAX];
    const struct nh_kind *kind;
    struct inv_site *site;
    struct inv_link *link;
    struct inv_service *service;
    struct inv_device *device;
    struct inv_pop *pop;
    bool by_collector;
    uint32_t every_ms;
};
void inventory_checks(const struct inventory *inv,
    void (*out)(void *arg, const struct inv_check *check), void *arg);

#endif
