/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_read.c - the sections of nhip.conf into structs, references resolved
 *
 * Each kind of section has a function for one of its sections; read_each() allots the
 * array, checks the title and files it under its id.
 */
#include "collector/inventory_reader.h"
#include <stdio.h>
#include <string.h>

enum { PARAMS_MAX = 400 /* of the 512 that an assignment holds */ };

/* The causes that a replay's incidents may have. */
#define CAUSES                                                                           \
    "power site_lan last_mile carrier_node carrier_core data_centre service congestion " \
    "monitoring planned unknown"

static enum nh_err
read_province(struct inv_reader *r)
{
    struct inventory *inv = r->inv;
    const struct nh_conf *c;

    if (nh_conf_sections(r->conf, "province") == 0)
        return nh_conf_bad(r->conf, NULL, r->problem, "section 'province' is missing");
    if (nh_conf_sections(r->conf, "province") > 1)
        return nh_conf_bad(nh_conf_section(r->conf, "province", 1), NULL, r->problem,
            "there is one province in a file");
    c = r->province = nh_conf_section(r->conf, "province", 0);
    TRY(inv_title(r, c, &inv->id));
    TRY(inv_str(r, c, "name", &inv->name));
    TRY(inv_str(r, c, "timezone", &inv->timezone));
    if (!inv_is_zone(inv->timezone))
        return nh_conf_bad(c, "timezone", r->problem,
            "\"%.64s\" is not a time zone that this host knows (package tzdata)",
            inv->timezone);
    TRY(inv_choice(r, c, "language", "vi en", &inv->language));
    TRY(inv_str(r, c, "office_hours", &inv->office_hours));
    if (!inv_is_hours(inv->office_hours))
        return nh_conf_bad(c, "office_hours", r->problem,
            "'office_hours' is such as \"mon-fri 07:30-11:30,13:30-17:00\", not "
            "\"%.64s\"",
            inv->office_hours);
    TRY(inv_file(r, c, "outline", false, &inv->outline));
    inv->drill = nh_conf_bool(c, "drill");
    return NH_OK;
}

static enum nh_err
read_collector(struct inv_reader *r)
{
    const struct nh_conf *c = nh_conf_only(r->conf, "collector");
    struct inventory *inv = r->inv;
    char why[128];

    TRY(inv_listen(r, c, "listen", false, &inv->collector.listen));
    TRY(inv_listen(r, c, "reflector", true, &inv->collector.reflector));
    TRY(inv_listen(r, c, "traps", true, &inv->collector.traps));
    TRY(inv_absolute(r, c, "control", &inv->collector.control));
    if (strlen(inv->collector.control) > 107)
        return nh_conf_bad(
            c, "control", r->problem, "'control': a socket's name has at most 107 bytes");
    TRY(inv_absolute(r, c, "data", &inv->collector.data));
    TRY(inv_str(r, c, "user", &inv->collector.user));
    TRY(inv_str(r, c, "agentx", &inv->collector.agentx));
    TRY(inv_url(r, c, "remote_write", "http https", &inv->collector.remote_write));
    inv->collector.journal_s = nh_conf_seconds(c, "journal");
    inv->collector.journal_max_bytes = nh_conf_int(c, "journal_mb") * (int64_t)1000000;
    if (!inv_parse_retention(nh_conf_str(c, "retention"), inv->collector.archives,
            NH_COUNT(inv->collector.archives), &inv->collector.archive_count, why))
        return nh_conf_bad(c, "retention", r->problem, "'retention': %s", why);
    c = nh_conf_only(r->conf, "web");
    TRY(inv_listen(r, c, "listen", false, &inv->web.listen));
    TRY(inv_url(r, c, "base_url", "http https", &inv->web.base_url));
    inv->web.public_page = nh_conf_bool(c, "public");
    return NH_OK;
}

/* ---- limits ---- */

static enum nh_err
read_limits(struct inv_reader *r, const struct nh_conf *c, const char *name,
    struct inv_limit *limits, size_t max, size_t *count)
{
    size_t n = nh_conf_list_size(c, name);
    char why[128];

    if (n > max)
        return nh_conf_bad(c, name, r->problem, "'%s': more than %zu limits", name, max);
    for (size_t i = 0; i < n; i++) {
        if (!inv_parse_limit(nh_conf_list(c, name, i), &limits[i], why))
            return nh_conf_bad(c, name, r->problem, "'%s': %s", name, why);
        for (size_t k = 0; k < i; k++)
            if (strcmp(limits[k].metric, limits[i].metric) == 0)
                return nh_conf_bad(c, name, r->problem, "'%s' has two limits of %s", name,
                    limits[i].metric);
    }
    *count = n;
    return NH_OK;
}

enum nh_err
inv_read_quality(
    struct inv_reader *r, const struct nh_conf *section, struct inv_quality *q)
{
    const struct nh_conf *c = section;

    if (q->window_s == 0 || nh_conf_is_set(c, "degraded"))
        TRY(read_limits(
            r, c, "degraded", q->degraded, NH_COUNT(q->degraded), &q->degraded_count));
    if (q->window_s == 0 || nh_conf_is_set(c, "severe"))
        TRY(read_limits(
            r, c, "severe", q->severe, NH_COUNT(q->severe), &q->severe_count));
    if (q->window_s == 0 || nh_conf_is_set(c, "down_after"))
        q->down_after = (int)nh_conf_int(c, "down_after");
    if (q->window_s == 0 || nh_conf_is_set(c, "window_s"))
        q->window_s = (int)nh_conf_int(c, "window_s");
    for (size_t i = 0; i < q->severe_count; i++)
        for (size_t k = 0; k < q->degraded_count; k++)
            if (strcmp(q->severe[i].metric, q->degraded[k].metric) == 0 &&
                q->severe[i].above < q->degraded[k].above)
                return nh_conf_bad(c, nh_conf_is_set(c, "severe") ? "severe" : "degraded",
                    r->problem, "the severe limit of %s is below the degraded one",
                    q->severe[i].metric);
    return NH_OK;
}

/* ---- one section each ---- */

static enum nh_err
read_contact_snmp(struct inv_reader *r, const struct nh_conf *c, struct inv_contact *to)
{
    static const char *const keys[] = { "snmp_credential", "snmp_trap" };

    TRY(inv_endpoint(r, c, "snmp", 162, &to->snmp));
    TRY(inv_ref(r, c, "snmp_credential", INV_SNMP, &to->snmp_credential));
    to->snmp_trap = nh_conf_bool(c, "snmp_trap");
    for (size_t i = 0; *to->snmp == '\0' && i < NH_COUNT(keys); i++)
        if (nh_conf_is_set(c, keys[i]))
            return nh_conf_bad(
                c, keys[i], r->problem, "'%s' belongs to 'snmp': there is none", keys[i]);
    if (*to->snmp != '\0' && to->snmp_credential == NULL)
        return nh_conf_bad(
            c, "snmp", r->problem, "'snmp' wants a 'snmp_credential' beside it");
    if (to->snmp_trap && to->snmp_credential->version == 3)
        return nh_conf_bad(c, "snmp_trap", r->problem,
            "version 3 goes as informs: 'snmp_trap' is for version 2, and snmp \"%.64s\" "
            "is of version 3",
            to->snmp_credential->id);
    return NH_OK;
}

static enum nh_err
read_contact(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_contact *contact = out;

    TRY(inv_title(r, c, &contact->id));
    TRY(inv_str(r, c, "name", &contact->name));
    TRY(inv_str(r, c, "sms", &contact->sms));
    TRY(inv_str(r, c, "email", &contact->email));
    TRY(inv_url(r, c, "webhook", "http https", &contact->webhook));
    TRY(inv_choice(r, c, "webhook_body", "generic telegram zalo alertmanager",
        &contact->webhook_body));
    TRY(inv_str(r, c, "webhook_chat", &contact->webhook_chat));
    TRY(inv_file(r, c, "secret_file", true, &contact->secret_file));
    TRY(read_contact_snmp(r, c, contact));
    TRY(inv_str(r, c, "command", &contact->command));
    if (*contact->secret_file != '\0' && *contact->webhook == '\0')
        return nh_conf_bad(c, "secret_file", r->problem,
            "'secret_file' is for a webhook: there is none");
    TRY(inv_hours(r, c, "hours", &contact->hours));
    if (nh_conf_str(c, "language")[0] == '\0')
        contact->language = r->inv->language;
    else
        TRY(inv_choice(r, c, "language", "vi en", &contact->language));
    return NH_OK;
}

static enum nh_err
read_carrier(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_carrier *carrier = out;

    TRY(inv_row_title(r, c, INV_ROW_NAME_MAX, &carrier->id));
    TRY(inv_str(r, c, "name", &carrier->name));
    TRY(inv_str(r, c, "hotline", &carrier->hotline));
    return inv_refs(r, c, "tell", INV_CONTACT, &carrier->tell, &carrier->tell_count);
}

static enum nh_err
read_pop(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_pop *pop = out;

    TRY(inv_title(r, c, &pop->id));
    if (inv_is_one_of(pop->id, "centre service collector"))
        return nh_conf_bad(c, NULL, r->problem,
            "\"%s\" has another meaning and is no pop's id", pop->id);
    TRY(inv_str(r, c, "name", &pop->name));
    TRY(inv_address(r, c, "address", &pop->address));
    return inv_ref_required(r, c, "carrier", INV_CARRIER, &pop->carrier);
}

static enum nh_err
read_feeder(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_feeder *feeder = out;

    TRY(inv_title(r, c, &feeder->id));
    return inv_str(r, c, "name", &feeder->name);
}

static enum nh_err
read_snmp(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    static const char *const v3_keys[] = { "user", "level", "auth", "auth_key_file",
        "priv", "priv_key_file" };
    struct inv_snmp *snmp = out;
    bool v3;

    TRY(inv_title(r, c, &snmp->id));
    snmp->version = (int)nh_conf_int(c, "version");
    v3 = snmp->version == 3;
    TRY(inv_str(r, c, "user", &snmp->user));
    TRY(inv_choice(r, c, "level", "noAuthNoPriv authNoPriv authPriv", &snmp->level));
    TRY(inv_choice(r, c, "auth", "SHA SHA-224 SHA-256 SHA-384 SHA-512", &snmp->auth));
    TRY(inv_choice(r, c, "priv", "AES AES-192 AES-256", &snmp->priv));
    TRY(inv_file(r, c, "auth_key_file", true, &snmp->auth_key_file));
    TRY(inv_file(r, c, "priv_key_file", true, &snmp->priv_key_file));
    TRY(inv_file(r, c, "community_file", true, &snmp->community_file));
    if (v3 && *snmp->community_file != '\0')
        return nh_conf_bad(
            c, "community_file", r->problem, "'community_file' belongs to version 2");
    if (v3 && *snmp->user == '\0')
        return nh_conf_bad(c, NULL, r->problem, "version 3 wants a 'user'");
    if (v3 && strcmp(snmp->level, "noAuthNoPriv") != 0 && *snmp->auth_key_file == '\0')
        return nh_conf_bad(
            c, NULL, r->problem, "level %s wants an 'auth_key_file'", snmp->level);
    if (v3 && strcmp(snmp->level, "authPriv") == 0 && *snmp->priv_key_file == '\0')
        return nh_conf_bad(c, NULL, r->problem, "level authPriv wants a 'priv_key_file'");
    for (size_t i = 0; !v3 && i < NH_COUNT(v3_keys); i++)
        if (nh_conf_is_set(c, v3_keys[i]))
            return nh_conf_bad(
                c, v3_keys[i], r->problem, "'%s' belongs to version 3", v3_keys[i]);
    if (!v3 && *snmp->community_file == '\0')
        return nh_conf_bad(c, NULL, r->problem, "version 2 wants a 'community_file'");
    return NH_OK;
}

static enum nh_err
read_contract(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_contract *contract = out;
    size_t n = nh_conf_list_size(c, "excluded");

    TRY(inv_title(r, c, &contract->id));
    TRY(inv_ref_required(r, c, "carrier", INV_CARRIER, &contract->carrier));
    TRY(inv_str(r, c, "number", &contract->number));
    TRY(inv_str(r, c, "source", &contract->source));
    TRY(inv_hours(r, c, "hours", &contract->hours));
    contract->availability_pct = nh_conf_float(c, "availability_pct");
    contract->rtt_ms = nh_conf_float(c, "rtt_ms");
    contract->loss_pct = nh_conf_float(c, "loss_pct");
    contract->jitter_ms = nh_conf_float(c, "jitter_ms");
    contract->claim_days = (int)nh_conf_int(c, "claim_days");
    contract->excluded = inv_alloc(r->store, n, sizeof(*contract->excluded));
    if (contract->excluded == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *cause = nh_conf_list(c, "excluded", i);

        if (!inv_is_one_of(cause, CAUSES))
            return nh_conf_bad(c, "excluded", r->problem,
                "\"%.64s\" is no cause; there are: %s", cause, CAUSES);
        contract->excluded[i] = inv_strdup(r->store, cause);
        if (contract->excluded[i] == NULL)
            return NH_ENOMEM;
    }
    contract->excluded_count = n;
    contract->quality = r->inv->quality;
    if (nh_conf_sections(c, "quality") > 0)
        return inv_read_quality(r, nh_conf_only(c, "quality"), &contract->quality);
    return NH_OK;
}

/* What tests a service: exactly one of these keys. */
static enum nh_err
read_target(struct inv_reader *r, const struct nh_conf *c, struct inv_service *s)
{
    static const char *const keys[] = { "url", "tcp", "dns", "plugin" };
    const char *given = NULL;
    char host[256];
    int port;

    for (size_t i = 0; i < NH_COUNT(keys); i++) {
        if (nh_conf_str(c, keys[i])[0] == '\0')
            continue;
        if (given != NULL)
            return nh_conf_bad(c, keys[i], r->problem,
                "a service has one of url, tcp, dns and plugin; there is a '%s' already",
                given);
        given = keys[i];
        s->kind = (enum inv_service_kind)i;
    }
    if (given == NULL)
        return nh_conf_bad(
            c, NULL, r->problem, "a service has one of url, tcp, dns and plugin");
    if (s->kind == INV_HTTP)
        TRY(inv_url(r, c, "url", "http https", &s->target));
    else
        TRY(inv_str(r, c, given, &s->target));
    if (s->kind == INV_TCP && !inv_split_port(s->target, true, host, sizeof(host), &port))
        return nh_conf_bad(
            c, "tcp", r->problem, "'tcp': \"%.64s\" is not host:port", s->target);
    if (s->kind == INV_DNS && !inv_is_address(s->target))
        return nh_conf_bad(
            c, "dns", r->problem, "'dns': \"%.64s\" is not an IP address", s->target);
    if (s->kind == INV_DNS && nh_conf_str(c, "query")[0] == '\0')
        return nh_conf_bad(c, "dns", r->problem, "'dns' wants a 'query' beside it");
    if (s->kind != INV_DNS && nh_conf_is_set(c, "query"))
        return nh_conf_bad(c, "query", r->problem, "'query' belongs to 'dns'");
    for (const char *key = "expect_status"; s->kind != INV_HTTP && key != NULL;
         key = key[7] == 's' ? "expect_text" : NULL)
        if (nh_conf_is_set(c, key))
            return nh_conf_bad(c, key, r->problem, "'%s' belongs to 'url'", key);
    return NH_OK;
}

static enum nh_err
read_testers(struct inv_reader *r, const struct nh_conf *c, struct inv_service *s)
{
    size_t n = nh_conf_list_size(c, "from");

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    s->from = inv_alloc(r->store, n, sizeof(*s->from));
    if (s->from == NULL)
        return NH_ENOMEM;
    if (n == 0)
        return nh_conf_bad(c, "from", r->problem, "nobody tests this service");
    for (size_t i = 0; i < n; i++) {
        const char *who = nh_conf_list(c, "from", i);
        struct inv_site *site = inv_index_find(r->store, INV_SITE, who);

        if (strcmp(who, "sites") == 0) {
            s->from_sites = true;
        } else if (strcmp(who, "collector") == 0) {
            s->from_collector = true;
        } else if (site == NULL) {
            return nh_conf_bad(c, "from", r->problem,
                "'from' is of sites, collector and ids of sites; there is no site "
                "\"%.64s\"",
                who);
        } else if (!site->agent) {
            return nh_conf_bad(c, "from", r->problem,
                "site \"%.64s\" has no agent to test it from", who);
        } else {
            s->from[s->from_count++] = site;
        }
    }
    return NH_OK;
}

static enum nh_err
read_service(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_service *s = out;

    TRY(inv_row_title(r, c, INV_ROW_ID_MAX, &s->id));
    TRY(inv_str(r, c, "name", &s->name));
    TRY(inv_str(r, c, "owner", &s->owner));
    TRY(inv_str(r, c, "query", &s->query));
    TRY(inv_str(r, c, "expect_text", &s->expect_text));
    TRY(read_target(r, c, s));
    TRY(read_testers(r, c, s));
    if (strlen(s->target) + strlen(s->expect_text) + strlen(s->query) > PARAMS_MAX)
        return nh_conf_bad(c, NULL, r->problem,
            "what is asked and what is expected have more than %d bytes together",
            PARAMS_MAX);
    s->meeting = nh_conf_bool(c, "meeting");
    s->every_s = (int)nh_conf_int(c, "every_s");
    s->timeout_ms = (int)nh_conf_int(c, "timeout_ms");
    s->slow_ms = (int)nh_conf_int(c, "slow_ms");
    s->expect_status = (int)nh_conf_int(c, "expect_status");
    if (s->timeout_ms >= s->every_s * 1000)
        return nh_conf_bad(c, nh_conf_is_set(c, "timeout_ms") ? "timeout_ms" : "every_s",
            r->problem, "'timeout_ms' has to be shorter than 'every_s'");
    if (nh_conf_is_set(c, "slow_ms") && s->slow_ms > s->timeout_ms)
        return nh_conf_bad(
            c, "slow_ms", r->problem, "'slow_ms' is longer than 'timeout_ms'");
    return inv_refs(r, c, "tell", INV_CONTACT, &s->tell, &s->tell_count);
}

/* ---- plans ---- */

/* A list of sites in which "*" alone means all. */
static enum nh_err
read_site_list(struct inv_reader *r, const struct nh_conf *c, bool *all,
    struct inv_site ***sites, size_t *count)
{
    struct inventory *inv = r->inv;

    *all = nh_conf_list_size(c, "sites") == 1 &&
           strcmp(nh_conf_list(c, "sites", 0), "*") == 0;
    if (!*all)
        return inv_refs(r, c, "sites", INV_SITE, sites, count);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    *sites = inv_alloc(r->store, inv->site_count, sizeof(**sites));
    if (*sites == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < inv->site_count; i++)
        (*sites)[i] = &inv->sites[i];
    *count = inv->site_count;
    return NH_OK;
}

static enum nh_err
read_time(struct inv_reader *r, const struct nh_conf *c, const char *name, int64_t *out)
{
    const char *text = nh_conf_str(c, name);
    enum nh_err err = inv_parse_time(text, r->inv->timezone, out);

    if (err == NH_EINVAL)
        return nh_conf_bad(c, name, r->problem,
            "'%s': \"%.64s\" is not a time such as \"2026-11-30 22:00\"", name, text);
    return err;
}

static enum nh_err
read_planned(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_planned *p = out;
    bool all;

    TRY(inv_title(r, c, &p->id));
    TRY(inv_str(r, c, "who", &p->who));
    TRY(inv_str(r, c, "why", &p->why));
    TRY(read_time(r, c, "from", &p->from_s));
    TRY(read_time(r, c, "to", &p->to_s));
    if (p->to_s <= p->from_s)
        return nh_conf_bad(c, "to", r->problem, "'to' is not after 'from'");
    TRY(inv_refs(r, c, "links", INV_LINK, &p->links, &p->link_count));
    TRY(read_site_list(r, c, &all, &p->sites, &p->site_count));
    if (p->link_count + p->site_count == 0)
        return nh_conf_bad(c, NULL, r->problem, "planned work names 'links' or 'sites'");
    return NH_OK;
}

static enum nh_err
read_meeting(struct inv_reader *r, const struct nh_conf *c, void *out)
{
    struct inv_meeting *m = out;

    TRY(inv_title(r, c, &m->id));
    TRY(inv_ref_required(r, c, "service", INV_SERVICE, &m->service));
    TRY(read_site_list(r, c, &m->all_sites, &m->sites, &m->site_count));
    TRY(inv_str(r, c, "at", &m->at));
    if (!inv_is_at(m->at))
        return nh_conf_bad(c, "at", r->problem,
            "'at' is such as \"mon 08:00\", \"daily 08:00\" or \"2026-11-30 08:00\", not "
            "\"%.64s\"",
            m->at);
    m->length_min = (int)nh_conf_int(c, "length_min");
    m->check_before_min = (int)nh_conf_int(c, "check_before_min");
    return NH_OK;
}

/* "15min:truc-ca" */
static enum nh_err
read_step(struct inv_reader *r, const struct nh_conf *c, size_t i, struct inv_step *step)
{
    const char *text = nh_conf_list(c, "escalate", i);
    const char *colon = strchr(text, ':');
    char after[32] = "";

    if (colon != NULL)
        snprintf(after, sizeof(after), "%.*s", (int)(colon - text), text);
    if (colon == NULL || nh_conf_parse_duration(after, NULL, &step->after_s) != NH_OK)
        return nh_conf_bad(c, "escalate", r->problem,
            "'escalate': \"%.64s\" is not such as \"15min:CONTACT\"", text);
    step->contact = inv_index_find(r->store, INV_CONTACT, colon + 1);
    if (step->contact == NULL)
        return nh_conf_bad(
            c, "escalate", r->problem, "there is no contact \"%.64s\"", colon + 1);
    return NH_OK;
}

static enum nh_err
read_alerts(struct inv_reader *r)
{
    const struct nh_conf *c = nh_conf_only(r->conf, "alerts");
    struct inv_alerts *a = &r->inv->alerts;
    size_t n = nh_conf_list_size(c, "escalate");

    a->outage_after_s = nh_conf_int(c, "outage_after_s");
    a->together = (int)nh_conf_int(c, "together");
    a->steps = inv_alloc(r->store, n, sizeof(*a->steps));
    if (a->steps == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        TRY(read_step(r, c, i, &a->steps[i]));
        if (i > 0 && a->steps[i].after_s < a->steps[i - 1].after_s)
            return nh_conf_bad(
                c, "escalate", r->problem, "'escalate': later ones stand last");
    }
    a->step_count = n;
    TRY(inv_str(r, c, "quiet", &a->quiet));
    if (*a->quiet != '\0' && !inv_is_span(a->quiet))
        return nh_conf_bad(c, "quiet", r->problem,
            "'quiet' is such as \"22:00-06:00\", not \"%.64s\"", a->quiet);
    TRY(inv_url(r, c, "smtp", "smtp smtps", &a->smtp));
    TRY(inv_str(r, c, "from", &a->from));
    if (*a->smtp != '\0' && *a->from == '\0')
        return nh_conf_bad(c, "smtp", r->problem, "'smtp' wants a 'from' beside it");
    TRY(inv_str(r, c, "sms_command", &a->sms_command));
    TRY(inv_url(r, c, "sms_url", "http https", &a->sms_url));
    if (*a->sms_command != '\0' && *a->sms_url != '\0')
        return nh_conf_bad(
            c, "sms_url", r->problem, "there is a 'sms_command' already: one of the two");
    return NH_OK;
}

/* ---- all of it ---- */

/* Every section `name`, into an array of `size` bytes each, indexed by id. */
static enum nh_err
read_each(struct inv_reader *r, const char *name, int kind, size_t size, void *array,
    size_t *count,
    enum nh_err (*read)(struct inv_reader *r, const struct nh_conf *c, void *out))
{
    size_t n = nh_conf_sections(r->conf, name);
    unsigned char *things = inv_alloc(r->store, n, size);

    if (things == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct nh_conf *c = nh_conf_section(r->conf, name, i);

        TRY(read(r, c, things + i * size));
        if (kind >= 0)
            TRY(inv_index_add(r->store, (enum inv_kind)kind,
                *(const char *const *)(const void *)(things + i * size),
                things + i * size));
    }
    if (kind >= 0)
        inv_index_sort(r->store, (enum inv_kind)kind);
    *(void **)array = things;
    *count = n;
    return NH_OK;
}

#define READ_EACH(name, kind, field, count, read)                                        \
    TRY(read_each(                                                                       \
        r, name, kind, sizeof(*r->inv->field), &r->inv->field, &r->inv->count, read))

enum nh_err
inv_read(struct inv_reader *r)
{
    TRY(read_province(r));
    TRY(read_collector(r));
    TRY(inv_read_quality(r, nh_conf_only(r->conf, "quality"), &r->inv->quality));
    READ_EACH("snmp", INV_SNMP, snmps, snmp_count, read_snmp);
    READ_EACH("contact", INV_CONTACT, contacts, contact_count, read_contact);
    READ_EACH("carrier", INV_CARRIER, carriers, carrier_count, read_carrier);
    READ_EACH("pop", INV_POP, pops, pop_count, read_pop);
    READ_EACH("feeder", INV_FEEDER, feeders, feeder_count, read_feeder);
    READ_EACH("contract", INV_CONTRACT, contracts, contract_count, read_contract);
    TRY(inv_read_sites(r));
    TRY(inv_read_centre(r));
    inv_index_sort(r->store, INV_LINK);
    READ_EACH("service", INV_SERVICE, services, service_count, read_service);
    READ_EACH("planned", -1, planned, planned_count, read_planned);
    READ_EACH("meeting", -1, meetings, meeting_count, read_meeting);
    return read_alerts(r);
}
