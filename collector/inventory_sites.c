/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_sites.c - sites and the centre: their links, devices, and what must agree
 *
 * A link's carrier, its pop's and its contract's are one; where an agent measures, each
 * link has an interface to leave by and something to measure to; no two links share an
 * address or a circuit, as nobody could tell then which of them fell.
 */
#include "collector/inventory_reader.h"
#include "libnhip/log.h"
#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The address of "ADDRESS:PORT", unless it stands for all of them. */
static bool
one_address(const char *listen, char host[64])
{
    int port;

    return inv_split_port(listen, false, host, 64, &port) &&
           strcmp(host, "0.0.0.0") != 0 && strcmp(host, "::") != 0;
}

void
inv_path_target(
    const struct inventory *inv, const struct inv_link *link, char *out, size_t size)
{
    char host[64];

    out[0] = '\0';
    if (*link->reflector != '\0')
        snprintf(out, size, "%s", link->reflector);
    else if (one_address(inv->collector.listen, host) ||
             one_address(inv->collector.reflector, host))
        snprintf(out, size, "%s", host);
}

/* The parts that a site's link and the centre's uplink have in common. */
static enum nh_err
read_line(struct inv_reader *r, const struct nh_conf *c, const char *owner,
    struct inv_link *link)
{
    size_t size = strlen(owner) + strlen(nh_conf_title(c)) + 2;

    TRY(inv_row_title(r, c, INV_ROW_NAME_MAX, &link->name));
    link->id = inv_alloc(r->store, size, 1);
    if (link->id == NULL)
        return NH_ENOMEM;
    snprintf(link->id, size, "%s/%s", owner, link->name);
    TRY(inv_ref_required(r, c, "carrier", INV_CARRIER, &link->carrier));
    TRY(inv_str(r, c, "circuit", &link->circuit));
    TRY(inv_address(r, c, "address", &link->address));
    TRY(inv_address(r, c, "gateway", &link->gateway));
    link->bandwidth_mbps = nh_conf_float(c, "bandwidth_mbps");
    link->quality = r->inv->quality;
    return inv_index_add(r->store, INV_LINK, link->id, link);
}

static enum nh_err
read_link_references(struct inv_reader *r, const struct nh_conf *c, struct inv_link *link)
{
    TRY(inv_ref(r, c, "pop", INV_POP, &link->pop));
    if (link->pop != NULL && link->pop->carrier != link->carrier)
        return nh_conf_bad(c, "pop", r->problem,
            "pop \"%s\" is of carrier \"%s\", not \"%s\"", link->pop->id,
            link->pop->carrier->id, link->carrier->id);
    TRY(inv_ref(r, c, "contract", INV_CONTRACT, &link->contract));
    if (link->contract != NULL && link->contract->carrier != link->carrier)
        return nh_conf_bad(c, "contract", r->problem,
            "contract \"%s\" is of carrier \"%s\", not \"%s\"", link->contract->id,
            link->contract->carrier->id, link->carrier->id);
    if (link->contract != NULL)
        link->quality = link->contract->quality;
    if (nh_conf_sections(c, "quality") > 0)
        return inv_read_quality(r, nh_conf_only(c, "quality"), &link->quality);
    return NH_OK;
}

/* What an agent needs to measure over a link. */
static enum nh_err
check_measurable(
    struct inv_reader *r, const struct nh_conf *c, const struct inv_link *link)
{
    const struct inv_site *site = link->site;
    char target[64], where[256];

    if (*link->interface == '\0')
        return nh_conf_bad(c, NULL, r->problem,
            "link %s wants an 'interface': the site's agent probes by it", link->id);
    inv_path_target(r->inv, link, target, sizeof(target));
    if (*target == '\0') {
        nh_conf_where(c, NULL, where, sizeof(where));
        nh_log(NH_LOG_WARN,
            "%s: link %s has no path probes: it names no 'reflector', and the collector "
            "listens on no one address",
            where, link->id);
    }
    for (const struct inv_link *other = site->links; other < link; other++)
        if (strcmp(other->interface, link->interface) == 0)
            return nh_conf_bad(c, "interface", r->problem,
                "link %s leaves by \"%s\" already: what falls could not be told apart",
                other->id, link->interface);
    return NH_OK;
}

static enum nh_err
read_link(struct inv_reader *r, const struct nh_conf *c, struct inv_link *link)
{
    char *role = NULL;

    TRY(read_line(r, c, link->site->id, link));
    TRY(read_link_references(r, c, link));
    TRY(inv_choice(r, c, "role", "primary standby", &role));
    link->standby = strcmp(role, "standby") == 0;
    TRY(inv_str(r, c, "interface", &link->interface));
    if (*link->interface != '\0' && !inv_is_interface(link->interface))
        return nh_conf_bad(c, "interface", r->problem,
            "\"%.64s\" is not the name of an interface", link->interface);
    TRY(inv_address(r, c, "reflector", &link->reflector));
    TRY(inv_str(r, c, "device", &link->device));
    TRY(inv_str(r, c, "port", &link->port));
    if ((*link->device == '\0') != (*link->port == '\0'))
        return nh_conf_bad(c, *link->device != '\0' ? "device" : "port", r->problem,
            "'device' and 'port' go together");
    return link->site->agent ? check_measurable(r, c, link) : NH_OK;
}

/* `agent`: there is an agent that could measure it. */
static enum nh_err
read_device(
    struct inv_reader *r, const struct nh_conf *c, bool agent, struct inv_device *device)
{
    const char *from = nh_conf_str(c, "from");

    TRY(inv_row_title(r, c, INV_ROW_ID_MAX, &device->id));
    TRY(inv_address(r, c, "address", &device->address));
    TRY(inv_ref(r, c, "snmp", INV_SNMP, &device->snmp));
    if (device->snmp != NULL && *device->address == '\0')
        return nh_conf_bad(c, "snmp", r->problem, "'snmp' wants an 'address' beside it");
    TRY(inv_str(r, c, "kind", &device->kind));
    if (*device->kind != '\0' && !inv_is_id(device->kind))
        return nh_conf_bad(
            c, "kind", r->problem, "'kind' is one word, not \"%.64s\"", device->kind);
    device->from_agent = *from != '\0' ? strcmp(from, "agent") == 0 : agent;
    if (*from != '\0' && strcmp(from, "agent") != 0 && strcmp(from, "collector") != 0)
        return nh_conf_bad(c, "from", r->problem,
            "'from' is one of: agent collector; not \"%.64s\"", from);
    if (device->from_agent && !agent)
        return nh_conf_bad(
            c, "from", r->problem, "there is no agent here to measure it from");
    return NH_OK;
}

static enum nh_err
read_devices(struct inv_reader *r, const struct nh_conf *c, bool agent,
    struct inv_device **devices, size_t *count)
{
    size_t n = nh_conf_sections(c, "device");

    *devices = inv_alloc(r->store, n, sizeof(**devices));
    if (*devices == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(read_device(r, nh_conf_section(c, "device", i), agent, &(*devices)[i]));
    *count = n;
    return NH_OK;
}

/* A link's port is on a device of the site that can be asked. */
static enum nh_err
check_ports(struct inv_reader *r, const struct nh_conf *c, const struct inv_site *site)
{
    for (size_t i = 0; i < site->link_count; i++) {
        const struct inv_link *link = &site->links[i];
        bool found = *link->device == '\0';

        for (size_t k = 0; k < site->device_count; k++)
            found = found || (strcmp(site->devices[k].id, link->device) == 0 &&
                                 site->devices[k].snmp != NULL);
        if (!found)
            return nh_conf_bad(nh_conf_section(c, "link", i), "device", r->problem,
                "the site has no device \"%.64s\" with 'snmp'", link->device);
    }
    return NH_OK;
}

/* Events name links and devices alike by OWNER/NAME. */
static enum nh_err
check_names(struct inv_reader *r, const struct nh_conf *c, const struct inv_link *links,
    size_t link_count, const struct inv_device *devices, size_t device_count)
{
    for (size_t i = 0; i < device_count; i++)
        for (size_t k = 0; k < link_count; k++)
            if (strcmp(devices[i].id, links[k].name) == 0)
                return nh_conf_bad(nh_conf_section(c, "device", i), NULL, r->problem,
                    "there is a link of the name \"%s\" here", devices[i].id);
    return NH_OK;
}

static enum nh_err
read_links(struct inv_reader *r, const struct nh_conf *c, struct inv_site *site)
{
    size_t n = nh_conf_sections(c, "link");

    site->links = inv_alloc(r->store, n, sizeof(*site->links));
    if (site->links == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        site->links[i].site = site;
        TRY(read_link(r, nh_conf_section(c, "link", i), &site->links[i]));
        site->link_count++;
    }
    return NH_OK;
}

static enum nh_err
read_site(struct inv_reader *r, const struct nh_conf *c, struct inv_site *site)
{
    bool lat = nh_conf_is_set(c, "lat"), lon = nh_conf_is_set(c, "lon");

    TRY(inv_row_title(r, c, INV_ROW_ID_MAX, &site->id));
    if (strcmp(site->id, "centre") == 0 || strcmp(site->id, "service") == 0 ||
        strcmp(site->id, "sites") == 0 || strcmp(site->id, "collector") == 0)
        return nh_conf_bad(c, NULL, r->problem,
            "\"%s\" has another meaning and is no site's id", site->id);
    TRY(inv_str(r, c, "name", &site->name));
    TRY(inv_str(r, c, "kind", &site->kind));
    if (!inv_is_id(site->kind))
        return nh_conf_bad(
            c, "kind", r->problem, "'kind' is one word, not \"%.64s\"", site->kind);
    TRY(inv_str(r, c, "code", &site->code));
    if (lat != lon)
        return nh_conf_bad(
            c, lat ? "lat" : "lon", r->problem, "'lat' and 'lon' go together");
    site->lat = lat ? nh_conf_float(c, "lat") : (double)NAN;
    site->lon = lon ? nh_conf_float(c, "lon") : (double)NAN;
    TRY(inv_ref(r, c, "feeder", INV_FEEDER, &site->feeder));
    TRY(inv_refs(
        r, c, "technicians", INV_CONTACT, &site->technicians, &site->technician_count));
    site->agent = nh_conf_bool(c, "agent");
    TRY(read_links(r, c, site));
    TRY(read_devices(r, c, site->agent, &site->devices, &site->device_count));
    TRY(check_ports(r, c, site));
    return check_names(
        r, c, site->links, site->link_count, site->devices, site->device_count);
}

/* ---- what two may not share ---- */

struct claim { /* that this section has this address (circuit, code) */
    const char *text;
    const struct nh_conf *section;
    const char *owner;
};

static int
compare_claims(const void *a, const void *b)
{
    const struct claim *left = a, *right = b;

    return strcmp(left->text, right->text);
}

static enum nh_err
check_claims(struct inv_reader *r, struct claim *claims, size_t n, const char *key)
{
    if (n > 0)
        qsort(claims, n, sizeof(*claims), compare_claims);
    for (size_t i = 1; i < n; i++)
        if (strcmp(claims[i].text, claims[i - 1].text) == 0)
            return nh_conf_bad(claims[i].section, key, r->problem,
                "'%s' \"%.64s\" is that of %s and of %s", key, claims[i].text,
                claims[i - 1].owner, claims[i].owner);
    return NH_OK;
}

static enum nh_err
check_shared(struct inv_reader *r)
{
    static const char *const keys[] = { "address", "circuit", "code" };
    const struct inventory *inv = r->inv;
    size_t links = r->store->index[INV_LINK].count;
    struct claim *claims = calloc(links + inv->site_count + 1, sizeof(*claims));
    enum nh_err err = claims != NULL ? NH_OK : NH_ENOMEM;

    for (size_t k = 0; err == NH_OK && k < NH_COUNT(keys); k++) {
        size_t n = 0;

        for (size_t i = 0; i < inv->site_count; i++) {
            const struct inv_site *site = &inv->sites[i];
            const struct nh_conf *c = nh_conf_section(r->conf, "site", i);

            if (k == 2 && *site->code != '\0')
                claims[n++] = (struct claim){ site->code, c, site->id };
            for (size_t j = 0; k < 2 && j < site->link_count; j++) {
                const struct inv_link *link = &site->links[j];
                const char *text = k == 0 ? link->address : link->circuit;

                if (*text != '\0')
                    claims[n++] =
                        (struct claim){ text, nh_conf_section(c, "link", j), link->id };
            }
        }
        err = check_claims(r, claims, n, keys[k]);
    }
    free(claims);
    return err;
}

enum nh_err
inv_read_sites(struct inv_reader *r)
{
    struct inventory *inv = r->inv;
    size_t n = nh_conf_sections(r->conf, "site");

    inv->sites = inv_alloc(r->store, n, sizeof(*inv->sites));
    if (inv->sites == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct inv_site *site = &inv->sites[i];

        TRY(read_site(r, nh_conf_section(r->conf, "site", i), site));
        TRY(inv_index_add(r->store, INV_SITE, site->id, site));
    }
    inv->site_count = n;
    inv_index_sort(r->store, INV_SITE);
    return check_shared(r);
}

/* ---- the centre ---- */

static enum nh_err
read_uplink(struct inv_reader *r, const struct nh_conf *c, struct inv_link *link)
{
    const struct inventory *inv = r->inv;
    bool found = false;

    TRY(read_line(r, c, "centre", link));
    TRY(inv_str(r, c, "device", &link->device));
    TRY(inv_str(r, c, "interface", &link->port));
    link->interface = link->reflector = inv_strdup(r->store, "");
    if (link->interface == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < inv->centre.device_count; i++)
        found = found || strcmp(inv->centre.devices[i].id, link->device) == 0;
    if (*link->device != '\0' && !found)
        return nh_conf_bad(
            c, "device", r->problem, "the centre has no device \"%.64s\"", link->device);
    if ((*link->device == '\0') != (*link->port == '\0'))
        return nh_conf_bad(c, *link->device != '\0' ? "device" : "interface", r->problem,
            "'device' and 'interface' go together");
    return NH_OK;
}

enum nh_err
inv_read_centre(struct inv_reader *r)
{
    struct inventory *inv = r->inv;
    const struct nh_conf *c;
    size_t n;

    inv->centre.name = inv_strdup(r->store, "");
    if (inv->centre.name == NULL)
        return NH_ENOMEM;
    if (nh_conf_sections(r->conf, "centre") == 0)
        return NH_OK;
    c = nh_conf_section(r->conf, "centre", 0);
    n = nh_conf_sections(c, "uplink");
    inv->has_centre = true;
    TRY(inv_str(r, c, "name", &inv->centre.name));
    TRY(inv_refs(r, c, "tell", INV_CONTACT, &inv->centre.tell, &inv->centre.tell_count));
    TRY(read_devices(r, c, false, &inv->centre.devices, &inv->centre.device_count));
    inv->centre.uplinks = inv_alloc(r->store, n, sizeof(*inv->centre.uplinks));
    if (inv->centre.uplinks == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(read_uplink(r, nh_conf_section(c, "uplink", i), &inv->centre.uplinks[i]));
    inv->centre.uplink_count = n;
    return check_names(
        r, c, inv->centre.uplinks, n, inv->centre.devices, inv->centre.device_count);
}
