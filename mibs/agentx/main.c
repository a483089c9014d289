/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nhip-agentx - NHIP-MIB for the local snmpd
 *
 * Follows the collector's control socket, or with --agent asks the agent's status socket,
 * and answers snmpd over AgentX. Holds nothing of its own.
 */
#include "libnhip/conf.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/privilege.h"
#include "mibs/agentx/agentx.h"
#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct options {
    const char *conf;
    char socket[256], agentx[256], user[64];
    bool of_agent, notify, check, verbose;
};

static const struct nh_conf_row collector_rows[] = {
    { "control", NH_CONF_STRING, "/run/nhip/control.sock", 0, 0, "", "", NULL },
    { "user", NH_CONF_STRING, "nhip", 0, 0, "", "", NULL },
    { "agentx", NH_CONF_STRING, "", 0, 0, "", "", NULL },
    { "agentx_notify", NH_CONF_BOOL, "false", 0, 0, "", "", NULL },
    { 0 },
};
static const struct nh_conf_row collector_schema[] = {
    { "collector", NH_CONF_SECTION, NULL, 0, 0, "", "", collector_rows },
    { 0 },
};
static const struct nh_conf_row agent_schema[] = {
    { "status", NH_CONF_STRING, "/run/nhip/agent.sock", 0, 0, "", "", NULL },
    { "user", NH_CONF_STRING, "nhip", 0, 0, "", "", NULL },
    { "agentx", NH_CONF_STRING, "", 0, 0, "", "", NULL },
    { 0 },
};

static int
usage(FILE *to)
{
    fputs(
        "usage: nhip-agentx [--agent] [-c FILE] [-s SOCKET] [-x ADDRESS] [--check] [-v] "
        "[--version]\n",
        to);
    return to == stdout ? 0 : 2;
}

static void
copy(char *to, size_t size, const char *from)
{
    if (*to == '\0')
        snprintf(to, size, "%s", from);
}

/* What the options do not say is taken from the file. */
static enum nh_err
read_conf(struct options *o, struct nh_conf_problem *problem)
{
    struct nh_conf *conf = NULL;
    const struct nh_conf *c;
    enum nh_err err = nh_conf_load_part(
        &conf, o->conf, o->of_agent ? agent_schema : collector_schema, problem);

    if (err != NH_OK)
        return err;
    c = o->of_agent                               ? conf
        : nh_conf_sections(conf, "collector") > 0 ? nh_conf_section(conf, "collector", 0)
                                                  : NULL;
    copy(o->socket, sizeof(o->socket),
        c != NULL ? nh_conf_str(c, o->of_agent ? "status" : "control")
                  : collector_rows[0].def);
    copy(o->user, sizeof(o->user),
        c != NULL ? nh_conf_str(c, "user") : collector_rows[1].def);
    copy(o->agentx, sizeof(o->agentx), c != NULL ? nh_conf_str(c, "agentx") : "");
    o->notify = !o->of_agent && c != NULL && nh_conf_bool(c, "agentx_notify");
    nh_conf_free(conf);
    return NH_OK;
}

static int
run(const struct options *o)
{
    struct nh_loop *loop = NULL;
    struct agentx *a = NULL;
    enum nh_err err = nh_drop_privileges(o->user, false);

    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "user %s: %s", o->user, nh_strerror(err));
        return 1;
    }
    err = nh_loop_new(&loop);
    if (err == NH_OK)
        err = agentx_new(
            &a, nh_loop_base(loop), o->socket, o->agentx, o->of_agent, o->notify);
    if (err == NH_OK)
        err = nh_loop_run(loop);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "%s", nh_strerror(err));
    agentx_free(a);
    nh_loop_free(loop);
    return err == NH_OK ? 0 : 1;
}

int
main(int argc, char **argv)
{
    static const struct option longs[] = { { "agent", no_argument, NULL, 'a' },
        { "check", no_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' }, { 0 } };
    struct options o = { .conf = NULL };
    struct nh_conf_problem problem = { "" };
    int c;

    while ((c = getopt_long(argc, argv, "c:s:x:vh", longs, NULL)) != -1) {
        if (c == 'a')
            o.of_agent = true;
        else if (c == 'k')
            o.check = true;
        else if (c == 'v')
            o.verbose = true;
        else if (c == 'c')
            o.conf = optarg;
        else if (c == 's')
            snprintf(o.socket, sizeof(o.socket), "%s", optarg);
        else if (c == 'x')
            snprintf(o.agentx, sizeof(o.agentx), "%s", optarg);
        else if (c == 'V')
            return puts("nhip-agentx " NHIP_VERSION) == EOF;
        else
            return usage(c == 'h' ? stdout : stderr);
    }
    if (optind != argc)
        return usage(stderr);
    nh_log_open("nhip-agentx", o.verbose ? NH_LOG_DEBUG : NH_LOG_INFO, !o.verbose);
    if (o.conf == NULL && (o.socket[0] == '\0' || o.agentx[0] == '\0'))
        o.conf = o.of_agent ? "/etc/nhip/nhip-agent.conf" : "/etc/nhip/nhip.conf";
    if (o.conf != NULL && read_conf(&o, &problem) != NH_OK) {
        fprintf(stderr, "nhip-agentx: %s\n", problem.text);
        return 1;
    }
    if (o.agentx[0] == '\0') {
        printf("nhip-agentx: 'agentx' is empty in %s: there is nothing to do\n", o.conf);
        return 0;
    }
    if (o.check)
        return puts("configuration OK") == EOF;
    return run(&o);
}
