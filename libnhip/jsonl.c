/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * jsonl.c - one JSON object a line, over a libevent stream or a blocking socket
 *
 * Both ends hold their peer to the same rules: a line has a bound, it is an object, and
 * whoever does not read is cut off instead of being buffered without end.
 */
#include "libnhip/jsonl.h"
#include "libnhip/buf.h"
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLIENT_LINE_MAX = 64 * 1024 * 1024 };

struct nh_channel {
    struct bufferevent *bev;
    struct nh_channel_events events;
    size_t max_line, max_waiting;
    bool closed;
    bool *freed; /* set while a callback runs: tells the reader that its owner freed us */
};

struct nh_client {
    int fd;
    struct nh_buf in; /* what has come; lines before `taken` are done with */
    size_t taken;
};

/* Tell the owner once; it may free the channel, so nothing may follow this call. */
static void
channel_close(struct nh_channel *c, const char *why)
{
    if (c->closed)
        return;
    c->closed = true;
    bufferevent_disable(c->bev, EV_READ | EV_WRITE);
    c->events.on_closed(c->events.arg, why);
}

/* Returns false when the channel is gone or closed. */
static bool
channel_line(struct nh_channel *c, const char *line, size_t len)
{
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    bool freed = false;

    if (!json_is_object(object)) {
        json_decref(object);
        channel_close(c, "a line is not a JSON object");
        return false;
    }
    c->freed = &freed;
    c->events.on_line(c->events.arg, object);
    json_decref(object);
    if (freed)
        return false;
    c->freed = NULL;
    return !c->closed;
}

static void
on_channel_read(struct bufferevent *bev, void *arg)
{
    struct nh_channel *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = 0;
    char *line;

    while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
        bool go_on;

        if (len > c->max_line) {
            free(line);
            channel_close(c, "a line is too long");
            return;
        }
        go_on = channel_line(c, line, len);
        free(line);
        if (!go_on)
            return;
    }
    if (evbuffer_get_length(in) > c->max_line)
        channel_close(c, "a line is too long");
}

static void
on_channel_event(struct bufferevent *bev, short what, void *arg)
{
    struct nh_channel *c = arg;

    (void)bev;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
        channel_close(c, (what & BEV_EVENT_EOF) != 0 ? "" : strerror(errno));
}

enum nh_err
nh_channel_new(struct nh_channel **out, struct event_base *base, int fd, size_t max_line,
    size_t max_waiting, const struct nh_channel_events *events)
{
    struct nh_channel *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (c == NULL || evutil_make_socket_nonblocking(fd) != 0)
        goto fail;
    c->events = *events;
    c->max_line = max_line;
    c->max_waiting = max_waiting;
    c->bev =
        bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (c->bev == NULL)
        goto fail;
    bufferevent_setcb(c->bev, on_channel_read, NULL, on_channel_event, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    *out = c;
    return NH_OK;
fail:
    free(c);
    close(fd); /* it was ours from the call on */
    return NH_ENOMEM;
}

void
nh_channel_free(struct nh_channel *c)
{
    if (c == NULL)
        return;
    if (c->freed != NULL)
        *c->freed = true;
    bufferevent_free(c->bev);
    free(c);
}

size_t
nh_channel_waiting(const struct nh_channel *c)
{
    return evbuffer_get_length(bufferevent_get_output(c->bev));
}

void
nh_channel_send_text(struct nh_channel *c, const char *line, size_t len)
{
    struct evbuffer *to = bufferevent_get_output(c->bev);

    if (c->closed)
        return;
    evbuffer_add(to, line, len);
    evbuffer_add(to, "\n", 1);
    if (evbuffer_get_length(to) > c->max_waiting) {
        /* the owner is in the middle of sending: it must learn of this from the loop */
        evbuffer_drain(to, evbuffer_get_length(to));
        bufferevent_trigger_event(c->bev, BEV_EVENT_EOF, BEV_TRIG_DEFER_CALLBACKS);
    }
}

void
nh_channel_send(struct nh_channel *c, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    if (text == NULL)
        return;
    nh_channel_send_text(c, text, strlen(text));
    free(text);
}

enum nh_err
nh_client_open(struct nh_client **out, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct nh_client *c;

    *out = NULL;
    if (strlen(path) >= sizeof(address.sun_path))
        return NH_ETOOBIG;
    memcpy(address.sun_path, path, strlen(path));
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NH_ENOMEM;
    nh_buf_init(&c->in, CLIENT_LINE_MAX);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 ||
        connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int saved = errno;

        nh_client_close(c);
        errno = saved;
        return NH_EIO;
    }
    *out = c;
    return NH_OK;
}

void
nh_client_close(struct nh_client *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0)
        close(c->fd);
    nh_buf_fini(&c->in);
    free(c);
}

enum nh_err
nh_client_send(struct nh_client *c, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    struct nh_buf line;
    size_t sent = 0;
    enum nh_err err;

    if (text == NULL)
        return NH_ENOMEM;
    nh_buf_init(&line, CLIENT_LINE_MAX);
    nh_buf_put(&line, text, strlen(text));
    nh_buf_put_u8(&line, '\n');
    free(text);
    err = nh_buf_err(&line);
    while (err == NH_OK && sent < line.len) {
        ssize_t n = send(c->fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);

        if (n >= 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            err = errno == EPIPE ? NH_ECLOSED : NH_EIO;
    }
    nh_buf_fini(&line);
    return err;
}

/* The next whole line in c->in, or NULL. */
static const char *
client_line(struct nh_client *c, size_t *len)
{
    const char *from = (const char *)c->in.data + c->taken, *end;

    if (c->in.len == c->taken)
        return NULL;
    end = memchr(from, '\n', c->in.len - c->taken);
    if (end == NULL)
        return NULL;
    *len = (size_t)(end - from);
    c->taken += *len + 1;
    return from;
}

enum nh_err
nh_client_read(struct nh_client *c, json_t **object)
{
    const char *line;
    size_t len;

    *object = NULL;
    while ((line = client_line(c, &len)) == NULL) {
        uint8_t *to;
        ssize_t n;

        if (c->taken > 0) {
            memmove(c->in.data, c->in.data + c->taken, c->in.len - c->taken);
            c->in.len -= c->taken;
            c->taken = 0;
        }
        to = nh_buf_reserve(&c->in, 65536);
        if (to == NULL)
            return nh_buf_err(&c->in);
        n = read(c->fd, to, 65536);
        if (n == 0)
            return NH_ECLOSED;
        if (n < 0 && errno != EINTR)
            return NH_EIO;
        if (n > 0)
            nh_buf_added(&c->in, (size_t)n);
    }
    *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(*object))
        return NH_OK;
    json_decref(*object);
    *object = NULL;
    return NH_EFORMAT;
}
