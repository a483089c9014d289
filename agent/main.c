/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - nhip-agent: options, configuration, start, drop privileges, run
 */
#include "agent/agent.h"
#include "agent/join.h"
#include "agent/page.h"
#include "agent/status.h"
#include "agent/traps.h"
#include "libnhip/loop.h"
#include "libnhip/privilege.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONF_PATH "/etc/nhip/nhip-agent.conf"

enum { JOIN_WAIT_S = 30, RETRY_MS = 10000 };

struct retry {
    struct nh_loop *loop;
    bool due;
};

static int
usage(FILE *to)
{
    fprintf(to, "usage: nhip-agent [-c FILE] [--check]\n"
                "       nhip-agent [-c FILE] [--json] status\n"
                "       nhip-agent [-c FILE] join TOKEN\n");
    return to == stdout ? 0 : 2;
}

struct hup {
    struct agent *agent;
    const char *path; /* of the configuration */
};

static void
on_hup(void *arg)
{
    struct hup *h = arg;

    agent_config_reread_secrets(h->path);
    agent_reconnect(h->agent);
}

static void
on_retry(void *arg)
{
    struct retry *r = arg;

    r->due = true;
    nh_loop_stop(r->loop);
}

/* A disk without room for the first segment is waited for; a signal ends the wait. */
static enum nh_err
start(struct agent **agent, struct nh_loop *loop, const struct agent_config *config,
    struct traps *traps)
{
    struct retry r = { .loop = loop };
    struct nh_timer *timer = NULL;
    enum nh_err err = nh_timer_new(&timer, nh_loop_base(loop), on_retry, &r);

    while (err == NH_OK) {
        err = agent_start(agent, loop, config, traps, true);
        if (err != NH_ENOSPC)
            break;
        nh_log(NH_LOG_ERROR, "%s: no room to begin; tried again in %d s",
            config->journal_dir, RETRY_MS / 1000);
        r.due = false;
        nh_timer_after(timer, RETRY_MS);
        err = nh_loop_run(loop);
        if (err == NH_OK && !r.due)
            err = NH_ENOSPC;
    }
    nh_timer_free(timer);
    return err;
}

static int
run(const struct agent_config *config, const char *path)
{
    struct nh_loop *loop = NULL;
    struct agent *agent = NULL;
    struct traps *traps = NULL;
    struct hup hup = { .path = path };
    enum nh_err err;

    nh_log_open("nhip-agent", config->log_level, true);
    nh_loop_raise_nofile();
    if ((err = agent_make_dirs(config)) != NH_OK) {
        nh_log(NH_LOG_ERROR, "%s: %s", config->data,
            err == NH_EIO ? strerror(errno) : "there is no user of that name");
        return 1;
    }
    if ((err = traps_open(&traps, config)) == NH_OK)
        err = nh_drop_privileges(config->user, true);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "user %s: %s", config->user, nh_strerror(err));
        traps_close(traps);
        return 1;
    }
    if ((err = nh_loop_new(&loop)) == NH_OK)
        err = start(&agent, loop, config, traps);
    if (err == NH_OK) {
        hup.agent = agent;
        nh_loop_on_hup(loop, on_hup, &hup);
        nh_log(NH_LOG_NOTICE, "nhip-agent %s started", NHIP_VERSION);
        err = nh_loop_run(loop);
        nh_log(NH_LOG_NOTICE, "stopping");
    }
    agent_stop(agent);
    traps_close(traps);
    nh_loop_free(loop);
    return err == NH_OK ? 0 : 1;
}

static enum nh_lang
terminal_lang(void)
{
    const char *lang = getenv("LC_ALL");

    if (lang == NULL || *lang == '\0')
        lang = getenv("LANG");
    return lang != NULL && strncmp(lang, "vi", 2) != 0 && *lang != '\0' ? NH_EN : NH_VI;
}

static int
show_status(const struct agent_config *config, bool json)
{
    json_t *document = NULL;
    struct nh_buf text;

    if (status_ask(config->status, &document) != NH_OK) {
        fprintf(stderr, "nhip-agent: nothing answers at %s: the agent does not run\n",
            config->status);
        return 1;
    }
    nh_buf_init(&text, 1 << 22);
    if (json) {
        json_dumpf(document, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        page_render(document, terminal_lang(), &text);
        fwrite(text.data, 1, text.len, stdout);
    }
    nh_buf_fini(&text);
    json_decref(document);
    return 0;
}

static int
with_config(const char *path, const char *command, bool check, bool json)
{
    struct nh_conf_problem problem;
    struct agent_config *config = NULL;
    int status;

    if (agent_config_load(&config, path, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        return 1;
    }
    if ((check || command == NULL) && agent_config_secrets(config, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        status = 1;
    } else if (check) {
        printf("configuration OK: %zu collector%s\n", config->collector_count,
            config->collector_count == 1 ? "" : "s");
        status = 0;
    } else if (command == NULL)
        status = run(config, path);
    else
        status = show_status(config, json);
    agent_config_free(config);
    return status;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = { { "check", no_argument, NULL, 'C' },
        { "json", no_argument, NULL, 'j' }, { "wait", required_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
        { 0 } };
    const char *path = CONF_PATH, *command;
    bool check = false, json = false;
    unsigned wait_s = JOIN_WAIT_S;
    int c;

    while ((c = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'C':
            check = true;
            break;
        case 'j':
            json = true;
            break;
        case 'w':
            wait_s = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            return usage(stdout);
        case 'V':
            printf("nhip-agent %s\n", NHIP_VERSION);
            return 0;
        default:
            return usage(stderr);
        }
    }
    command = optind < argc ? argv[optind] : NULL;
    if (command != NULL && strcmp(command, "join") == 0 && optind + 2 == argc)
        return join(path, argv[optind + 1], wait_s);
    if (command != NULL && (strcmp(command, "status") != 0 || optind + 1 != argc))
        return usage(stderr);
    return with_config(path, command, check, json);
}
