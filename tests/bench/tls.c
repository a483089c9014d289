/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.c - what one agent's joining costs the server: CPU per handshake
 *
 * A child process connects over loopback again and again; this process accepts, shakes
 * hands, checks the peer and closes, and counts its own CPU (user and system) only.
 */
#include "libnhip/tls.h"
#include "libnhip/token.h"
#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WARM = 50, ROUNDS = 2000 };

static const uint8_t key[NH_KEY_LEN] = "a key that only a benchmark has";

struct server {
    struct event_base *base;
    struct nh_tls *tls;
    int done, failed;
    double from_us;
};

struct client {
    struct event_base *base;
    struct nh_tls *tls;
    struct sockaddr_in to;
};

static double
cpu_us(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static bool
find_key(void *arg, const char *identity, uint8_t out[NH_KEY_LEN])
{
    (void)arg;
    memcpy(out, key, NH_KEY_LEN);
    return strcmp(identity, "bench") == 0;
}

static void
on_peer_event(struct bufferevent *bev, short what, void *arg)
{
    struct server *server = arg;
    const char *who;

    if ((what & BEV_EVENT_CONNECTED) != 0 && nh_tls_check_peer(bev, &who) == NH_OK)
        server->done++;
    else
        server->failed++;
    bufferevent_free(bev);
    if (server->done == WARM)
        server->from_us = cpu_us();
    if (server->done >= WARM + ROUNDS || server->failed > 0)
        event_base_loopexit(server->base, NULL);
}

static void
on_accept(
    struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
    struct server *server = arg;
    struct bufferevent *bev = NULL;

    (void)l, (void)a, (void)len;
    if (nh_tls_bufferevent(server->tls, server->base, fd, true, &bev) != NH_OK) {
        close(fd);
        return;
    }
    bufferevent_setcb(bev, NULL, NULL, on_peer_event, server);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void dial(struct client *client);

static void
on_client_event(struct bufferevent *bev, short what, void *arg)
{
    struct client *client = arg;

    if ((what & BEV_EVENT_CONNECTED) != 0)
        return; /* the server hangs up */
    bufferevent_free(bev);
    dial(client);
}

static void
dial(struct client *client)
{
    struct bufferevent *bev = NULL;

    if (nh_tls_bufferevent(client->tls, client->base, -1, false, &bev) != NH_OK)
        _exit(1);
    bufferevent_setcb(bev, NULL, NULL, on_client_event, client);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(
            bev, (struct sockaddr *)&client->to, sizeof(client->to)) != 0)
        _exit(1);
}

static void
run_client(struct sockaddr_in to)
{
    struct client client = { .base = event_base_new(), .to = to };

    if (nh_tls_client(&client.tls, "bench", key) != NH_OK)
        _exit(1);
    dial(&client);
    event_base_dispatch(client.base);
    _exit(0);
}

int
main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct server server = { .done = 0 };
    struct evconnlistener *listener;
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    double used_us;
    pid_t child;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return 1;
    child = fork();
    if (child < 0)
        return 1;
    if (child == 0)
        run_client(at);
    server.base = event_base_new();
    if (nh_tls_server(&server.tls, find_key, NULL) != NH_OK)
        return 1;
    listener =
        evconnlistener_new(server.base, on_accept, &server, LEV_OPT_CLOSE_ON_FREE, 0, fd);
    event_base_dispatch(server.base);
    used_us = cpu_us() - server.from_us;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    evconnlistener_free(listener);
    nh_tls_free(server.tls);
    event_base_free(server.base);
    if (server.failed > 0)
        return 1;
    printf("join %.0f us\n", used_us / ROUNDS);
    return 0;
}
