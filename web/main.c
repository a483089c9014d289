/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nhip-web - the pages of a collector
 *
 * Follows the collector's control socket and serves what it says; holds no keys, writes
 * no files, and runs as any user that may open the socket.
 */
#include "libnhip/clock.h"
#include "libnhip/conf.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include "libnhip/privilege.h"
#include "web/listen.h"
#include "web/pages/assets.h"
#include "web/pages/events.h"
#include "web/rows.h"
#include "web/web.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *conf, *socket, *listen, *assets;
    char socket_of_conf[256], listen_of_conf[256], base_url[256], user[64];
    bool check, verbose;
};

static const struct nh_conf_row web_rows[] = {
    { "listen", NH_CONF_STRING, "127.0.0.1:8080", 0, 0, "", "where pages are served",
        NULL },
    { "base_url", NH_CONF_STRING, "", 0, 0, "", "the pages' address as people reach it",
        NULL },
    { 0 },
};
static const struct nh_conf_row collector_rows[] = {
    { "control", NH_CONF_STRING, "/run/nhip/control.sock", 0, 0, "",
        "the collector's control socket", NULL },
    { "user", NH_CONF_STRING, "nhip", 0, 0, "", "whom to become when started as root",
        NULL },
    { 0 },
};
static const struct nh_conf_row schema[] = {
    { "collector", NH_CONF_SECTION, NULL, 0, 0, "", "the collector", collector_rows },
    { "web", NH_CONF_SECTION, NULL, 0, 0, "", "the pages", web_rows },
    { 0 },
};

static void
usage(FILE *to)
{
    fprintf(to, "usage: nhip-web [-c FILE] [-s SOCKET] [-l ADDRESS:PORT] [--assets DIR] "
                "[--check] [-v] [--version]\n");
}

/* 0: go on; else the exit status, less one. */
static int
read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = { { "assets", required_argument, NULL, 'a' },
        { "check", no_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' }, { 0 } };
    int c;

    while ((c = getopt_long(argc, argv, "c:s:l:vh", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->conf = optarg;
            break;
        case 's':
            o->socket = optarg;
            break;
        case 'l':
            o->listen = optarg;
            break;
        case 'a':
            o->assets = optarg;
            break;
        case 'k':
            o->check = true;
            break;
        case 'v':
            o->verbose = true;
            break;
        case 'V':
            printf("nhip-web %s\n", NHIP_VERSION);
            return 1;
        case 'h':
            usage(stdout);
            return 1;
        default:
            usage(stderr);
            return 3;
        }
    }
    if (optind == argc && (o->conf != NULL || (o->socket != NULL && o->listen != NULL)))
        return 0;
    usage(stderr);
    return 3;
}

static void
copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* What the options do not say is taken from the file, else from its defaults. */
static enum nh_err
read_conf(struct options *o, struct nh_conf_problem *problem)
{
    struct nh_conf *conf = NULL;
    const struct nh_conf *section;
    enum nh_err err;

    copy(o->listen_of_conf, sizeof(o->listen_of_conf), web_rows[0].def);
    copy(o->socket_of_conf, sizeof(o->socket_of_conf), collector_rows[0].def);
    copy(o->user, sizeof(o->user), o->conf != NULL ? collector_rows[1].def : "");
    if (o->conf != NULL) {
        err = nh_conf_load_part(&conf, o->conf, schema, problem);
        if (err != NH_OK)
            return err;
        if (nh_conf_sections(conf, "web") > 0) {
            section = nh_conf_section(conf, "web", 0);
            copy(o->listen_of_conf, sizeof(o->listen_of_conf),
                nh_conf_str(section, "listen"));
            copy(o->base_url, sizeof(o->base_url), nh_conf_str(section, "base_url"));
        }
        if (nh_conf_sections(conf, "collector") > 0) {
            section = nh_conf_section(conf, "collector", 0);
            copy(o->socket_of_conf, sizeof(o->socket_of_conf),
                nh_conf_str(section, "control"));
            copy(o->user, sizeof(o->user), nh_conf_str(section, "user"));
        }
        nh_conf_free(conf);
    }
    if (o->listen == NULL)
        o->listen = o->listen_of_conf;
    if (o->socket == NULL)
        o->socket = o->socket_of_conf;
    return NH_OK;
}

/* Templates and assets: as told, else beside the build's bin/, else where installed. */
static void
find_data(const struct options *o, char *dir, size_t size)
{
    char self[WEB_PATH_MAX] = "", *slash;
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (o->assets != NULL) {
        snprintf(dir, size, "%s", o->assets);
        return;
    }
    self[len > 0 ? len : 0] = '\0';
    if ((slash = strrchr(self, '/')) != NULL)
        *slash = '\0';
    if (snprintf(dir, size, "%.3000s/../share/nhip", self) > 0 && access(dir, R_OK) == 0)
        return;
    snprintf(dir, size, "%s", NHIP_DATADIR);
}

static bool
load_data(struct web *w, const struct options *o)
{
    struct template_problem problem = { "" };
    char dir[WEB_PATH_MAX - 32], path[WEB_PATH_MAX];

    find_data(o, dir, sizeof(dir));
    snprintf(path, sizeof(path), "%s/templates", dir);
    if (templates_load(&w->templates, path, &problem) != NH_OK) {
        fprintf(stderr, "nhip-web: %s\n", problem.text);
        return false;
    }
    snprintf(path, sizeof(path), "%s/assets", dir);
    if (assets_load(&w->assets, path) != NH_OK) {
        fprintf(stderr, "nhip-web: %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

static void
on_snapshot_change(void *arg, const char *doc, const char *key, bool shown)
{
    struct web *w = arg;

    events_changed(w->events, doc, key, shown);
}

static void
on_snapshot_contact(void *arg, bool contact)
{
    struct web *w = arg;

    nh_log(NH_LOG_NOTICE, contact ? "following the collector" : "the collector is away");
    events_changed(w->events, "", "", true);
}

static bool
open_all(struct web *w, struct nh_loop *loop, const struct options *o)
{
    struct http_options http = { .listen = o->listen,
        .pages = web_pages,
        .page_count = web_page_count,
        .refuse = web_refuse,
        .arg = w };
    struct snapshot_events events = { on_snapshot_change, on_snapshot_contact, w };
    enum nh_err err;

    err = events_new(&w->events, nh_loop_base(loop), w);
    if (err == NH_OK)
        err = http_new(&w->http, nh_loop_base(loop), &http);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "%s: %s", o->listen,
            err == NH_EIO ? strerror(errno) : nh_strerror(err));
        return false;
    }
    err = nh_drop_privileges(o->user, false);
    if (err != NH_OK) {
        nh_log(NH_LOG_ERROR, "user %s: %s", o->user, nh_strerror(err));
        return false;
    }
    err = snapshot_new(&w->snapshot, nh_loop_base(loop), o->socket, &events);
    if (err != NH_OK)
        nh_log(NH_LOG_ERROR, "%s: %s", o->socket, nh_strerror(err));
    return err == NH_OK;
}

static void
close_all(struct web *w)
{
    snapshot_free(w->snapshot); /* answers every request that still waits for it */
    if (w->events != NULL)
        events_end_all(w->events);
    http_free(w->http);
    events_free(w->events);
    for (int lang = 0; lang < NH_LANGS; lang++)
        for (int form = 0; form < 2; form++)
            body_unref(w->home[lang][form].body);
    rows_free(w->rows);
    assets_free(w->assets);
    templates_free(w->templates);
}

int
main(int argc, char **argv)
{
    struct options o = { 0 };
    struct web w = { 0 };
    struct nh_loop *loop = NULL;
    struct nh_conf_problem problem = { "" };
    int status = read_options(argc, argv, &o);

    if (status != 0)
        return status - 1;
    status = 1;
    nh_log_open("nhip-web", o.verbose ? NH_LOG_DEBUG : NH_LOG_INFO, true);
    if (read_conf(&o, &problem) != NH_OK) {
        fprintf(stderr, "nhip-web: %s\n", problem.text);
        return 1;
    }
    if (!listen_is_address(o.listen)) {
        fprintf(stderr,
            "nhip-web: \"%s\" is not an IP address and a port, as \"127.0.0.1:8080\"\n",
            o.listen);
        return 1;
    }
    if (!load_data(&w, &o))
        goto out;
    if (o.check) {
        printf("configuration OK\n");
        status = 0;
        goto out;
    }
    nh_loop_raise_nofile();
    w.started_s = nh_clock_wall_ms() / 1000;
    copy(w.base_url, sizeof(w.base_url), o.base_url);
    while (w.base_url[0] != '\0' && w.base_url[strlen(w.base_url) - 1] == '/')
        w.base_url[strlen(w.base_url) - 1] = '\0';
    if (nh_loop_new(&loop) != NH_OK || !open_all(&w, loop, &o))
        goto out;
    nh_log(NH_LOG_NOTICE, "serving pages on port %u, following %s", http_port(w.http),
        o.socket);
    status = nh_loop_run(loop) == NH_OK ? 0 : 1;
out:
    close_all(&w);
    nh_loop_free(loop);
    return status;
}
