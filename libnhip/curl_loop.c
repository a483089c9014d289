/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curl_loop.c - curl's sockets and its one timer become events */
#include "libnhip/curl_loop.h"
#include <curl/curl.h>
#include <event2/event.h>
#include <stdlib.h>

struct nh_curl {
    struct event_base *base; /* borrowed */
    CURLM *multi;
    struct event *timer;
};

static void
take_ended(struct nh_curl *c)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(c->multi, &left)) != NULL) {
        CURL *easy = msg->easy_handle;
        CURLcode code = msg->data.result;
        const struct nh_transfer *t;
        char *private = NULL;

        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        t = (const struct nh_transfer *)(const void *)private;
        curl_multi_remove_handle(c->multi, easy);
        t->on_end(t->arg, (int)code);
    }
}

static void
on_curl_socket(evutil_socket_t fd, short what, void *arg)
{
    struct nh_curl *c = arg;
    int running, actions = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
                           ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

    curl_multi_socket_action(c->multi, fd, actions, &running);
    take_ended(c);
}

static void
on_curl_timer(evutil_socket_t fd, short what, void *arg)
{
    struct nh_curl *c = arg;
    int running;

    (void)fd;
    (void)what;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_ended(c);
}

/* curl says what it waits for on a socket; `socketp` is our event of it. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socketp)
{
    struct nh_curl *c = arg;
    struct event *ev = socketp;
    short flags = (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                          ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));

    (void)easy;
    if (ev != NULL)
        event_free(ev);
    ev = NULL;
    if (what != CURL_POLL_REMOVE) {
        ev = event_new(c->base, fd, flags, on_curl_socket, c);
        if (ev != NULL)
            event_add(ev, NULL);
    }
    curl_multi_assign(c->multi, fd, ev);
    return 0;
}

static int
set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct nh_curl *c = arg;
    struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

    (void)multi;
    if (timeout_ms < 0)
        evtimer_del(c->timer);
    else
        evtimer_add(c->timer, &tv);
    return 0;
}

enum nh_err
nh_curl_new(struct nh_curl **out, struct event_base *base)
{
    struct nh_curl *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(c);
        return NH_ENOMEM;
    }
    c->base = base;
    c->timer = evtimer_new(base, on_curl_timer, c);
    c->multi = curl_multi_init();
    if (c->timer == NULL || c->multi == NULL) {
        nh_curl_free(c);
        return NH_ENOMEM;
    }
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    *out = c;
    return NH_OK;
}

void
nh_curl_free(struct nh_curl *c)
{
    if (c == NULL)
        return;
    if (c->multi != NULL)
        curl_multi_cleanup(c->multi);
    if (c->timer != NULL)
        event_free(c->timer);
    free(c);
    curl_global_cleanup();
}

enum nh_err
nh_curl_start(struct nh_curl *c, void *easy, const struct nh_transfer *t)
{
    curl_easy_setopt((CURL *)easy, CURLOPT_PRIVATE, t);
    return curl_multi_add_handle(c->multi, (CURL *)easy) == CURLM_OK ? NH_OK : NH_ENOMEM;
}

void
nh_curl_cancel(struct nh_curl *c, void *easy)
{
    curl_multi_remove_handle(c->multi, (CURL *)easy);
}
