/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * join.c - token to key (docs/PROTOCOL.md, "Joining and keys")
 *
 *   1 configuration file, when there is none: by rename, synced
 *   2 the token's identity and secret as the next key (keyring.h): by rename, synced
 *   3 a session on it: the collector offers a fresh key, which is kept the same way
 *   4 a session on the fresh key: only now is the token burnt
 *
 * A crash before 4 leaves a key with which 3 or 4 can be done again, by the agent itself
 * or by running this once more.
 */
#include "agent/join.h"
#include "agent/agent.h"
#include "agent/keyring.h"
#include "libnhip/folder.h"
#include "libnhip/loop.h"
#include "libnhip/privilege.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum nh_err
write_conf(const char *path, const struct nh_token *t)
{
    char temp[AGENT_PATH_MAX + 8];
    struct nh_buf text;
    enum nh_err err = NH_EIO;
    char *slash;
    int fd;

    if (strlen(path) >= AGENT_PATH_MAX)
        return NH_ETOOBIG;
    snprintf(temp, sizeof(temp), "%s", path);
    slash = strrchr(temp, '/');
    if (slash != NULL && slash != temp) {
        *slash = '\0';
        if ((err = nh_private_dir(temp, 0755, NULL)) != NH_OK)
            return err;
        err = NH_EIO;
    }
    snprintf(temp, sizeof(temp), "%s.new", path);
    nh_buf_init(&text, 4096);
    nh_buf_printf(&text,
        "# Written by nhip-agent join. nhip-agent.conf(5) has the options; what to "
        "measure is\n# handed down by the collector.\n\ncollector \"main\" {\n"
        "    address = { \"%s%s%s:%u\" }\n}\n",
        strchr(t->host, ':') ? "[" : "", t->host, strchr(t->host, ':') ? "]" : "",
        t->port);
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len &&
        fsync(fd) == 0 && rename(temp, path) == 0)
        err = nh_folder_sync_of(path);
    if (fd >= 0)
        close(fd);
    nh_buf_fini(&text);
    return err;
}

/* The collector of the file that the token is for: that of its address, else the only
 * one. */
static const struct agent_collector *
collector_of(const struct agent_config *config, const struct nh_token *t)
{
    char host[NH_HOST_MAX];
    uint16_t port;

    for (size_t i = 0; i < config->collector_count; i++)
        for (size_t k = 0; k < config->collector[i].address_count; k++)
            if (agent_address_split(config->collector[i].address[k], host, &port) ==
                    NH_OK &&
                strcmp(host, t->host) == 0 && port == t->port)
                return &config->collector[i];
    return config->collector_count == 1 ? &config->collector[0] : NULL;
}

static int
give_to_user(const char *path, const char *user)
{
    struct passwd *pw;

    if (geteuid() != 0 || *user == '\0')
        return 0;
    pw = getpwnam(user);
    return pw == NULL ? -1 : chown(path, pw->pw_uid, pw->pw_gid);
}

static void
on_join_timeout(void *arg)
{
    nh_loop_stop(arg);
}

/* Sessions until the fresh key is in use. */
static int
first_session(const struct agent_config *config, unsigned wait_s)
{
    struct nh_loop *loop = NULL;
    struct nh_timer *timer = NULL;
    struct agent *agent = NULL;
    enum nh_err err = nh_loop_new(&loop);
    int status = 1;

    if (err == NH_OK)
        err = nh_timer_new(&timer, nh_loop_base(loop), on_join_timeout, loop);
    if (err == NH_OK)
        err = agent_start(&agent, loop, config, NULL, false);
    if (err == NH_ELOCKED) {
        printf("The key is in place; the running agent takes it when it connects next "
               "(kill -HUP makes it so now).\n");
        status = 0;
    } else if (err == NH_OK) {
        nh_timer_after(timer, (int64_t)wait_s * 1000);
        err = nh_loop_run(loop);
        status = err == NH_OK && agent_joined(agent) ? 0 : 1;
        if (status == 0)
            printf("Joined. Start the agent now (systemctl start nhip-agent).\n");
        else
            fprintf(stderr,
                "nhip-agent: not joined yet: %s. The token is kept; the agent goes on "
                "trying when it runs.\nA token is good once and for 72 hours: for a new "
                "one, 'nhipctl agent add' at the centre.\n",
                *agent_trouble(agent) ? agent_trouble(agent) : "no key was handed over");
    }
    agent_stop(agent);
    nh_timer_free(timer);
    nh_loop_free(loop);
    return status;
}

static int
join_by(const struct agent_config *config, const struct nh_token *t, unsigned wait_s)
{
    const struct agent_collector *c = collector_of(config, t);
    char next[AGENT_PATH_MAX + 8];
    enum nh_err err;

    if (c == NULL) {
        fprintf(stderr,
            "nhip-agent: the token is for %s:%u, which no collector of the "
            "configuration has\n",
            t->host, t->port);
        return 2;
    }
    err = agent_make_dirs(config);
    if (err == NH_ENOTFOUND) {
        fprintf(stderr,
            "nhip-agent: there is no user '%s': make it (useradd --system %s), or name "
            "another one in 'user'\n",
            config->user, config->user);
        return 1;
    }
    if (err == NH_OK)
        err = keyring_put_next(c->key_file, t->identity, t->secret);
    if (err != NH_OK) {
        fprintf(stderr, "nhip-agent: %s: %s\n", c->key_file,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
        return 1;
    }
    snprintf(next, sizeof(next), "%s.next", c->key_file);
    if (give_to_user(next, config->user) != 0 ||
        nh_drop_privileges(config->user, false) != NH_OK) {
        fprintf(stderr, "nhip-agent: cannot become user %s\n", config->user);
        return 1;
    }
    nh_log_open("nhip-agent", NH_LOG_ERROR, false);
    return first_session(config, wait_s);
}

int
join(const char *conf_path, const char *token, unsigned wait_s)
{
    struct nh_conf_problem problem;
    struct agent_config *config = NULL;
    struct nh_token t;
    const char *why = "";
    int status = 2;

    if (nh_token_parse(token, &t, &why) != NH_OK) {
        fprintf(stderr, "nhip-agent: this is no join token: %s\n", why);
        goto out;
    }
    if (access(conf_path, F_OK) != 0 && write_conf(conf_path, &t) != NH_OK) {
        fprintf(stderr, "nhip-agent: %s: %s\n", conf_path, strerror(errno));
        status = 1;
        goto out;
    }
    if (agent_config_load(&config, conf_path, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        goto out;
    }
    status = join_by(config, &t, wait_s);
out:
    agent_config_free(config);
    nh_wipe(&t, sizeof(t));
    return status;
}
