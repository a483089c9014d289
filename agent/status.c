/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * status.c - one document a connection
 *
 * A socket left behind by an agent that was killed is replaced: the journal's lock, taken
 * before, says that no other runs.
 */
#include "agent/status.h"
#include "libnhip/jsonl.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_TIMEOUT_S = 5 };

struct status_server {
    struct event_base *base; /* borrowed */
    struct evconnlistener *listener;
    json_t *(*document)(void *arg);
    void *arg;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static void
on_status_written(struct bufferevent *bev, void *arg)
{
    (void)arg;
    bufferevent_free(bev);
}

static void
on_status_event(struct bufferevent *bev, short what, void *arg)
{
    (void)what;
    (void)arg;
    bufferevent_free(bev);
}

static void
on_status_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *addr, int len, void *arg)
{
    static const struct timeval patience = { READ_TIMEOUT_S, 0 };
    struct status_server *s = arg;
    struct bufferevent *bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
    json_t *document = s->document(s->arg);
    char *line = document != NULL ? json_dumps(document, JSON_COMPACT) : NULL;

    (void)listener;
    (void)addr;
    (void)len;
    json_decref(document);
    if (bev == NULL || line == NULL) {
        if (bev != NULL)
            bufferevent_free(bev);
        else
            close(fd);
        free(line);
        return;
    }
    evbuffer_add_printf(bufferevent_get_output(bev), "%s\n", line);
    free(line);
    bufferevent_setcb(bev, NULL, on_status_written, on_status_event, NULL);
    bufferevent_set_timeouts(bev, NULL, &patience);
    bufferevent_enable(bev, EV_WRITE);
}

enum nh_err
status_server_new(struct status_server **out, struct event_base *base, const char *path,
    json_t *(*document)(void *arg), void *arg)
{
    struct status_server *s = calloc(1, sizeof(*s));
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    *out = NULL;
    if (s == NULL)
        return NH_ENOMEM;
    if (strlen(path) >= sizeof(addr.sun_path)) {
        free(s);
        errno = ENAMETOOLONG;
        return NH_EIO;
    }
    memcpy(addr.sun_path, path, strlen(path));
    memcpy(s->path, addr.sun_path, sizeof(s->path));
    s->base = base;
    s->document = document;
    s->arg = arg;
    unlink(path);
    s->listener = evconnlistener_new_bind(base, on_status_accept, s,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 8, (struct sockaddr *)&addr,
        sizeof(addr));
    if (s->listener == NULL) {
        free(s);
        return NH_EIO;
    }
    (void)chmod(path, 0660);
    *out = s;
    return NH_OK;
}

void
status_server_free(struct status_server *s)
{
    if (s == NULL)
        return;
    evconnlistener_free(s->listener);
    unlink(s->path);
    free(s);
}

enum nh_err
status_ask(const char *path, json_t **document)
{
    struct nh_client *client = NULL;
    enum nh_err err;

    *document = NULL;
    if (nh_client_open(&client, path) != NH_OK)
        return NH_ECLOSED;
    err = nh_client_read(client, document);
    nh_client_close(client);
    return err;
}
