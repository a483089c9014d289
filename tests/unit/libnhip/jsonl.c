/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jsonl.c - lines whole and in pieces, rules broken, owners that free in a callback */
#include "libnhip/jsonl.h"
#include "tests/unit/check.h"
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct event_base *base;

struct seen {
    struct nh_channel *channel;
    int lines, closed;
    char why[64], last[64];
    bool free_in_line;
};

static void
on_line(void *arg, json_t *object)
{
    struct seen *s = arg;
    const char *verb = json_string_value(json_object_get(object, "do"));

    s->lines++;
    snprintf(s->last, sizeof(s->last), "%s", verb != NULL ? verb : "");
    if (s->free_in_line) {
        nh_channel_free(s->channel);
        s->channel = NULL;
    }
}

static void
on_closed(void *arg, const char *why)
{
    struct seen *s = arg;

    s->closed++;
    snprintf(s->why, sizeof(s->why), "%s", why);
}

static int
start(struct seen *s, size_t max_line, size_t max_waiting)
{
    struct nh_channel_events events = { on_line, on_closed, s };
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) != 0)
        abort();
    CHECK_EQ(nh_channel_new(&s->channel, base, fd[0], max_line, max_waiting, &events),
        NH_OK, "new");
    return fd[1];
}

static void
turn(void)
{
    for (int i = 0; i < 5; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
say(int fd, const char *text)
{
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text), "write");
    turn();
}

static void
lines_in_pieces(void)
{
    struct seen s = { 0 };
    int fd = start(&s, 100, 1000);

    say(fd, "{\"do\":\"a\"}\n{\"do\":");
    CHECK_EQ(s.lines, 1, "one whole");
    say(fd, "\"b\"}\n");
    CHECK_EQ(s.lines, 2, "then the other");
    CHECK_STR(s.last, "b", "last");
    close(fd);
    turn();
    CHECK_EQ(s.closed, 1, "peer left");
    CHECK_STR(s.why, "", "peer left");
    nh_channel_free(s.channel);
}

static void
rules_broken(void)
{
    static const struct {
        const char *name, *text, *why;
    } rows[] = {
        { "no JSON", "hello\n", "a line is not a JSON object" },
        { "an array", "[1]\n", "a line is not a JSON object" },
        { "a key twice", "{\"a\":1,\"a\":2}\n", "a line is not a JSON object" },
        { "a NUL", "{\"a\":\"\\u0000\"}\n", "a line is not a JSON object" },
        { "too long, whole", "{\"do\":\"aaaaaaaaaaaaaaaaaaaa\"}\n",
            "a line is too long" },
        { "too long, without end", "{\"do\":\"aaaaaaaaaaaaaaaaaaaa",
            "a line is too long" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct seen s = { 0 };
        int fd = start(&s, 20, 1000);

        say(fd, rows[i].text);
        CHECK_EQ(s.closed, 1, rows[i].name);
        CHECK_STR(s.why, rows[i].why, rows[i].name);
        say(fd, "{}\n{}\n");
        CHECK_EQ(s.lines, 0, rows[i].name);
        nh_channel_free(s.channel);
        close(fd);
    }
}

static void
owner_frees_in_line(void)
{
    struct seen s = { .free_in_line = true };
    int fd = start(&s, 100, 1000);

    say(fd, "{\"do\":\"a\"}\n{\"do\":\"b\"}\n");
    CHECK_EQ(s.lines, 1, "nothing after the free");
    CHECK(s.channel == NULL);
    close(fd);
}

static void
peer_does_not_read(void)
{
    static const char line[] = "{\"a\":\"0123456789012345678901234567890\"}";
    struct seen s = { 0 };
    int fd = start(&s, 100, 2000), sent = 0;

    while (s.closed == 0 && sent < 100000) {
        nh_channel_send_text(s.channel, line, sizeof(line) - 1);
        sent++;
        if (sent % 32 == 0)
            turn();
    }
    CHECK_EQ(s.closed, 1, "cut off");
    nh_channel_free(s.channel);
    close(fd);
}

int
main(void)
{
    base = event_base_new();
    RUN(lines_in_pieces);
    RUN(rules_broken);
    RUN(owner_frees_in_line);
    RUN(peer_does_not_read);
    event_base_free(base);
    return check_done();
}
