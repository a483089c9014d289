/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.h - the agent's own file: where the collectors are, who we are, where things lie
 *
 * What to measure is not in it: that is handed down. nhip-agent.conf(5) has the options.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "libnhip/conf.h"
#include "libnhip/log.h"
#include "libnhip/token.h"

enum { AGENT_PATH_MAX = 512, AGENT_COLLECTORS_MAX = 8, AGENT_ADDRESSES_MAX = 8 };

struct agent_collector {
    char name[64];
    size_t address_count;
    char address[AGENT_ADDRESSES_MAX][NH_HOST_MAX + 8]; /* "host:port" */
    char key_file[AGENT_PATH_MAX];
};

struct agent_config {
    struct nh_conf *conf; /* owned: the plugin list is lent from it */
    char user[64];
    char data[AGENT_PATH_MAX], status[AGENT_PATH_MAX];
    char journal_dir[AGENT_PATH_MAX], memory_dir[AGENT_PATH_MAX];
    char traps[64]; /* "0.0.0.0:162", "" none */
    bool sync_always;
    uint64_t journal_max_bytes;
    enum nh_log_level log_level;
    size_t collector_count;
    struct agent_collector collector[AGENT_COLLECTORS_MAX];
};

extern const struct nh_conf_row agent_schema[];

/* Load and validate. NH_ECONF: *problem is "file:line: what is wrong". Caller:
 * agent_config_free(). */
enum nh_err agent_config_load(struct agent_config **out, const char *path,
    struct nh_conf_problem *problem) NH_MUST_CHECK;
void agent_config_free(struct agent_config *config);
/* Read the files of credentials into libnhip/snmp_credentials.h: for who runs or checks,
 * as root; who asks for the status may not read them. NH_ECONF and *problem as above. */
enum nh_err agent_config_secrets(
    const struct agent_config *config, struct nh_conf_problem *problem) NH_MUST_CHECK;

/* SIGHUP: the credentials as the file at `path` names them now, in place of those before.
 * One that cannot be read (as the user who runs) stays as it was; so do all of them when
 * the file is wrong. What went wrong is logged. */
void agent_config_reread_secrets(const char *path);

/* May the plugin of that name run here? Only what this file lists. */
bool agent_plugin_allowed(const struct agent_config *config, const char *name);

/* "host:port" or "[v6]:port" in two; NH_EFORMAT. */
enum nh_err agent_address_split(
    const char *address, char host[NH_HOST_MAX], uint16_t *port) NH_MUST_CHECK;

#endif
