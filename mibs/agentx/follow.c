/* SPDX-License-Identifier: GPL-3.0-or-later */
/* follow.c - one channel, made again a moment after it has closed */
#include "mibs/agentx/follow.h"
#include "libnhip/jsonl.h"
#include "libnhip/log.h"
#include "libnhip/loop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 16 << 20,
    WAITING_MAX_BYTES = 1 << 16,
    RETRY_MS = 2000,
    AGENT_EVERY_MS = 5000,
    REPORT_ID = 2, /* of the requests on one connection; the other is 1 */
};

struct follow {
    struct event_base *base; /* borrowed */
    struct nh_channel *channel;
    struct nh_timer *timer;
    struct follow_events events;
    struct sockaddr_un addr;
    bool of_agent, away, fresh;
};

static void
on_follow_line(void *arg, json_t *object)
{
    struct follow *f = arg;
    const char *doc = json_string_value(json_object_get(object, "doc"));
    const char *gone = json_string_value(json_object_get(object, "gone"));
    const char *key = json_string_value(json_object_get(object, "key"));

    if (f->away)
        nh_log(NH_LOG_NOTICE, "following %s", f->addr.sun_path);
    f->away = false;
    if (f->of_agent) {
        f->events.on_document(f->events.arg, "agent", object);
        return;
    }
    if (json_integer_value(json_object_get(object, "id")) == REPORT_ID) {
        f->events.on_report(f->events.arg, json_object_get(object, "result"));
        return;
    }
    if (f->fresh)
        f->events.on_snapshot(f->events.arg);
    f->fresh = false;
    if (doc != NULL)
        f->events.on_document(f->events.arg, doc, json_object_get(object, "is"));
    else if (gone != NULL && key != NULL)
        f->events.on_gone(f->events.arg, gone, key);
    else if (json_is_true(json_object_get(object, "ready")))
        f->events.on_ready(f->events.arg);
}

/* From the loop, since the channel itself is what has closed. */
static void
on_follow_closed(void *arg, const char *why)
{
    struct follow *f = arg;

    if (*why != '\0')
        nh_log_limited(NH_LOG_WARN, "%s: %s", f->addr.sun_path, why);
    nh_timer_after(f->timer, f->of_agent ? AGENT_EVERY_MS : RETRY_MS);
    if (!f->of_agent)
        f->away = true;
}

static void
connect_now(struct follow *f)
{
    static const char request[] = "{\"id\":1,\"do\":\"follow\"}";
    const struct nh_channel_events events = { on_follow_line, on_follow_closed, f };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    nh_channel_free(f->channel);
    f->channel = NULL;
    f->fresh = true;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&f->addr, sizeof(f->addr)) == 0 &&
        nh_channel_new(&f->channel, f->base, fd, LINE_MAX_BYTES, WAITING_MAX_BYTES,
            &events) == NH_OK) {
        if (!f->of_agent)
            nh_channel_send_text(f->channel, request, sizeof(request) - 1);
        return;
    }
    if (fd >= 0 && f->channel == NULL)
        close(fd);
    if (!f->away)
        nh_log(NH_LOG_NOTICE, "%s: nobody answers there; tried again", f->addr.sun_path);
    f->away = true;
    nh_timer_after(f->timer, RETRY_MS);
}

static void
on_follow_timer(void *arg)
{
    connect_now(arg);
}

enum nh_err
follow_new(struct follow **out, struct event_base *base, const char *path, bool of_agent,
    const struct follow_events *events)
{
    struct follow *f;
    enum nh_err err;

    *out = NULL;
    if (strlen(path) >= sizeof(f->addr.sun_path))
        return NH_ETOOBIG;
    if ((f = calloc(1, sizeof(*f))) == NULL)
        return NH_ENOMEM;
    f->base = base;
    f->of_agent = of_agent;
    f->events = *events;
    f->addr.sun_family = AF_UNIX;
    memcpy(f->addr.sun_path, path, strlen(path));
    err = nh_timer_new(&f->timer, base, on_follow_timer, f);
    if (err != NH_OK) {
        free(f);
        return err;
    }
    nh_timer_after(f->timer, 0);
    *out = f;
    return NH_OK;
}

void
follow_report(struct follow *f, const char *month)
{
    char request[96];
    int n = snprintf(request, sizeof(request),
        "{\"id\":%d,\"do\":\"report\",\"month\":\"%.7s\"}", REPORT_ID, month);

    if (f->channel != NULL)
        nh_channel_send_text(f->channel, request, (size_t)n);
}

void
follow_free(struct follow *f)
{
    if (f == NULL)
        return;
    nh_channel_free(f->channel);
    nh_timer_free(f->timer);
    free(f);
}
