/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.c - nhip-agent.conf: the schema, and what it cannot say
 *
 * `max_mb` by default: 15 checks of a commune (two links with path, gateway and port
 * every 10 s, host, power and some services every 60 s) are one record of about 150 bytes
 * a round; 8,640 rounds a day for 45 days are 60 MB with the frames of records and
 * segments.
 */
#include "agent/config.h"
#include "libnhip/address.h"
#include "libnhip/sensors/shared.h"
#include "libnhip/snmp_credentials.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
static const struct nh_conf_row collector_rows[] = {
    { .name = "address", .type = NH_CONF_LIST, .def = NULL,
      .help = "host:port of the collector; several are tried in turn" },
    { .name = "key_file", .type = NH_CONF_STRING, .def = "",
      .help = "file of mode 0600 that holds our identity and key; by default NAME.key in data" },
    { 0 },
};
static const struct nh_conf_row journal_rows[] = {
    { .name = "dir", .type = NH_CONF_STRING, .def = "",
      .help = "directory of the journal; by default journal in data" },
    { .name = "memory_dir", .type = NH_CONF_STRING, .def = "/run/nhip",
      .help = "directory in memory where readings stay while the collector answers" },
    { .name = "sync", .type = NH_CONF_STRING, .def = "lag",
      .help = "lag: spare flash, write when the line is gone; always: every record to disk" },
    { .name = "max_mb", .type = NH_CONF_INT, .def = "96", .min = 1, .max = 1048576, .unit = "MiB",
      .help = "bound of the journal; the default holds 45 days at the default rates" },
    { 0 },
};
static const struct nh_conf_row snmp_rows[] = {
    { .name = "version", .type = NH_CONF_INT, .def = "3", .min = 1, .max = 3,
      .help = "1, 2 (v2c) or 3" },
    { .name = "user", .type = NH_CONF_STRING, .def = "", .help = "version 3: the user" },
    { .name = "level", .type = NH_CONF_STRING, .def = "authPriv",
      .help = "version 3: noAuthNoPriv, authNoPriv or authPriv" },
    { .name = "auth", .type = NH_CONF_STRING, .def = "SHA-256",
      .help = "version 3: SHA, SHA-224, SHA-256, SHA-384 or SHA-512" },
    { .name = "auth_key_file", .type = NH_CONF_STRING, .def = "",
      .help = "version 3: file with the authentication key, of mode 0600" },
    { .name = "priv", .type = NH_CONF_STRING, .def = "AES",
      .help = "version 3: AES, AES-192 or AES-256" },
    { .name = "priv_key_file", .type = NH_CONF_STRING, .def = "",
      .help = "version 3: file with the privacy key, of mode 0600" },
    { .name = "community_file", .type = NH_CONF_STRING, .def = "",
      .help = "versions 1 and 2: file with the community, of mode 0600" },
    { 0 },
};
const struct nh_conf_row agent_schema[] = {
    { .name = "user", .type = NH_CONF_STRING, .def = "nhip",
      .help = "privileges are dropped to this user once the sockets are open" },
    { .name = "data", .type = NH_CONF_STRING, .def = "/var/lib/nhip-agent",
      .help = "directory of what the agent keeps: keys, assignments, journal" },
    { .name = "status", .type = NH_CONF_STRING, .def = "/run/nhip/agent.sock",
      .help = "Unix socket where the running agent tells its state" },
    { .name = "agentx", .type = NH_CONF_STRING, .def = "",
      .help = "AgentX socket of the local snmpd, where nhip-agentx answers for this box; empty for none" },
    { .name = "traps", .type = NH_CONF_STRING, .def = "",
      .help = "address and port for SNMP traps and informs of the devices behind this agent, such as 0.0.0.0:162; empty for none" },
    { .name = "plugins", .type = NH_CONF_LIST, .def = "",
      .help = "names of the Nagios plugins that the collector may have run here" },
    { .name = "log", .type = NH_CONF_STRING, .def = "info",
      .help = "error, warning, notice, info or debug" },
    { .name = "journal", .type = NH_CONF_SECTION, .rows = journal_rows,
      .help = "where readings wait for the collector" },
    { .name = "collector", .type = NH_CONF_TITLED, .rows = collector_rows,
      .help = "a collector to report to; each has its own place in the journal" },
    { .name = "snmp", .type = NH_CONF_TITLED, .rows = snmp_rows,
      .help = "credentials for the devices behind this agent, by the name that the collector's inventory has for them: secrets never cross the wire" },
    { 0 },
};
// clang-format on

enum nh_err
agent_address_split(const char *address, char host[NH_HOST_MAX], uint16_t *port)
{
    enum nh_err err = nh_address_split(address, 0, host, NH_HOST_MAX, port);

    return err == NH_OK && *port == 0 ? NH_EFORMAT : err;
}

bool
agent_plugin_allowed(const struct agent_config *config, const char *name)
{
    for (size_t i = 0; i < nh_conf_list_size(config->conf, "plugins"); i++)
        if (strcmp(nh_conf_list(config->conf, "plugins", i), name) == 0)
            return true;
    return false;
}

static enum nh_err
put_path(const struct nh_conf *c, const char *name, struct nh_conf_problem *problem,
    char out[AGENT_PATH_MAX], const char *value)
{
    if (strlen(value) >= AGENT_PATH_MAX - 32) /* names are appended to it */
        return nh_conf_bad(c, name, problem, "the path is too long");
    snprintf(out, AGENT_PATH_MAX, "%s", value);
    return NH_OK;
}

static enum nh_err
load_collector(
    struct agent_config *config, const struct nh_conf *c, struct nh_conf_problem *problem)
{
    struct agent_collector *to = &config->collector[config->collector_count];
    const char *title = nh_conf_title(c), *key = nh_conf_str(c, "key_file");
    size_t count = nh_conf_list_size(c, "address");
    char path[2 * AGENT_PATH_MAX], host[NH_HOST_MAX];
    uint16_t port;

    if (config->collector_count == AGENT_COLLECTORS_MAX)
        return nh_conf_bad(
            c, NULL, problem, "more than %d collectors", AGENT_COLLECTORS_MAX);
    if (*title == '\0' || strlen(title) >= sizeof(to->name) ||
        strspn(title, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(title))
        return nh_conf_bad(
            c, NULL, problem, "collector \"%s\": a name is of a-z, 0-9 and -", title);
    if (count == 0 || count > AGENT_ADDRESSES_MAX)
        return nh_conf_bad(
            c, "address", problem, "one to %d addresses", AGENT_ADDRESSES_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *address = nh_conf_list(c, "address", i);

        if (agent_address_split(address, host, &port) != NH_OK ||
            strlen(address) >= sizeof(to->address[i]))
            return nh_conf_bad(c, "address", problem, "\"%s\" is not host:port", address);
        snprintf(to->address[i], sizeof(to->address[i]), "%s", address);
    }
    snprintf(to->name, sizeof(to->name), "%s", title);
    snprintf(path, sizeof(path), "%s/%s.key", config->data, title);
    to->address_count = count;
    config->collector_count++;
    return put_path(c, "key_file", problem, to->key_file, *key ? key : path);
}

static enum nh_err
load_journal(struct agent_config *config, const struct nh_conf *root,
    struct nh_conf_problem *problem)
{
    const struct nh_conf *c = nh_conf_sections(root, "journal") > 0
                                  ? nh_conf_section(root, "journal", 0)
                                  : NULL;
    char path[2 * AGENT_PATH_MAX];
    const char *dir = c != NULL ? nh_conf_str(c, "dir") : "";
    const char *sync = c != NULL ? nh_conf_str(c, "sync") : "lag";
    long mb = c != NULL ? nh_conf_int(c, "max_mb") : 96;
    enum nh_err err;

    snprintf(path, sizeof(path), "%s/journal", config->data);
    err = put_path(c != NULL ? c : root, c != NULL ? "dir" : NULL, problem,
        config->journal_dir, *dir ? dir : path);
    if (err == NH_OK)
        err = put_path(c != NULL ? c : root, c != NULL ? "memory_dir" : NULL, problem,
            config->memory_dir, c != NULL ? nh_conf_str(c, "memory_dir") : "/run/nhip");
    if (err != NH_OK)
        return err;
    if (strcmp(sync, "lag") != 0 && strcmp(sync, "always") != 0)
        return nh_conf_bad(c, "sync", problem, "sync is \"lag\" or \"always\"");
    config->sync_always = strcmp(sync, "always") == 0;
    config->journal_max_bytes = (uint64_t)mb << 20;
    return NH_OK;
}

static enum nh_err
load_level(struct agent_config *config, const struct nh_conf *root,
    struct nh_conf_problem *problem)
{
    static const char *const words[] = { "error", "warning", "notice", "info", "debug" };
    const char *word = nh_conf_str(root, "log");

    for (size_t i = 0; i < NH_COUNT(words); i++) {
        if (strcmp(words[i], word) == 0) {
            config->log_level = (enum nh_log_level)i;
            return NH_OK;
        }
    }
    return nh_conf_bad(root, "log", problem, "\"%s\" is no log level", word);
}

static enum nh_err
load_traps(struct agent_config *config, const struct nh_conf *root,
    struct nh_conf_problem *problem)
{
    const char *text = nh_conf_str(root, "traps");
    struct sockaddr_storage addr;
    char host[NH_HOST_MAX];
    socklen_t len;
    uint16_t port;

    if (*text != '\0' &&
        (strlen(text) >= sizeof(config->traps) ||
            nh_address_split(text, 0, host, sizeof(host), &port) != NH_OK ||
            !nh_literal_address(host, port, &addr, &len)))
        return nh_conf_bad(root, "traps", problem,
            "\"%.60s\" is not an IP address and a port, as \"0.0.0.0:162\"", text);
    snprintf(config->traps, sizeof(config->traps), "%.63s", text);
    return NH_OK;
}

static enum nh_err
load_snmp(const struct nh_conf *c, struct nh_conf_problem *problem)
{
    const struct nh_snmp_files files = { .version = (int)nh_conf_int(c, "version"),
        .user = nh_conf_str(c, "user"),
        .level = nh_conf_str(c, "level"),
        .auth = nh_conf_str(c, "auth"),
        .auth_key_file = nh_conf_str(c, "auth_key_file"),
        .priv = nh_conf_str(c, "priv"),
        .priv_key_file = nh_conf_str(c, "priv_key_file"),
        .community_file = nh_conf_str(c, "community_file") };
    char why[256];

    if (nh_snmp_credentials_load(nh_conf_title(c), &files, why) != NH_OK)
        return nh_conf_bad(c, NULL, problem, "snmp \"%.60s\": %s", nh_conf_title(c), why);
    return NH_OK;
}

enum nh_err
agent_config_load(
    struct agent_config **out, const char *path, struct nh_conf_problem *problem)
{
    struct agent_config *config = calloc(1, sizeof(*config));
    const char *user;
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (config == NULL)
        return NH_ENOMEM;
    if ((err = nh_conf_load(&config->conf, path, agent_schema, problem)) != NH_OK)
        goto out;
    user = nh_conf_str(config->conf, "user");
    if (strlen(user) >= sizeof(config->user)) {
        err = nh_conf_bad(config->conf, "user", problem, "the name is too long");
        goto out;
    }
    snprintf(config->user, sizeof(config->user), "%s", user);
    if ((err = put_path(config->conf, "data", problem, config->data,
             nh_conf_str(config->conf, "data"))) != NH_OK ||
        (err = put_path(config->conf, "status", problem, config->status,
             nh_conf_str(config->conf, "status"))) != NH_OK ||
        (err = load_traps(config, config->conf, problem)) != NH_OK ||
        (err = load_level(config, config->conf, problem)) != NH_OK ||
        (err = load_journal(config, config->conf, problem)) != NH_OK)
        goto out;
    for (size_t i = 0; i < nh_conf_sections(config->conf, "collector"); i++)
        if ((err = load_collector(config, nh_conf_section(config->conf, "collector", i),
                 problem)) != NH_OK)
            goto out;
    if (config->collector_count == 0) {
        err = nh_conf_bad(config->conf, NULL, problem, "no collector is named");
        goto out;
    }
    *out = config;
    config = NULL;
out:
    agent_config_free(config);
    return err;
}

enum nh_err
agent_config_secrets(const struct agent_config *config, struct nh_conf_problem *problem)
{
    enum nh_err err = NH_OK;

    for (size_t i = 0; err == NH_OK && i < nh_conf_sections(config->conf, "snmp"); i++)
        err = load_snmp(nh_conf_section(config->conf, "snmp", i), problem);
    return err;
}

void
agent_config_reread_secrets(const char *path)
{
    struct nh_conf_problem problem;
    struct agent_config *config = NULL;

    if (agent_config_load(&config, path, &problem) != NH_OK || config == NULL) {
        nh_log(NH_LOG_ERROR, "%s: SNMP credentials stay as they were", problem.text);
        return;
    }
    nh_snmp_credentials_mark();
    for (size_t i = 0; i < nh_conf_sections(config->conf, "snmp"); i++)
        if (load_snmp(nh_conf_section(config->conf, "snmp", i), &problem) != NH_OK)
            nh_log(NH_LOG_ERROR, "%s: it stays as it was", problem.text);
    nh_snmp_credentials_sweep();
    agent_config_free(config);
}

void
agent_config_free(struct agent_config *config)
{
    if (config == NULL)
        return;
    nh_conf_free(config->conf);
    free(config);
}
