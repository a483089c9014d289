/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay_parse.c - one line of the replay format, read by hand
 *
 * A month of a province is millions of lines of a fixed form; no tree is built. Keys may
 * come in any order, unknown ones are passed over with whatever value they have.
 */
#include "collector/replay.h"
#include <math.h>
#include <string.h>

struct cursor {
    const char *p, *end;
    const char *wrong;
};

enum { DEPTH_MAX = 8 };

static void
blank(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r'))
        c->p++;
}

static bool
fail(struct cursor *c, const char *why)
{
    if (c->wrong == NULL)
        c->wrong = why;
    return false;
}

static bool
want(struct cursor *c, char ch)
{
    blank(c);
    if (c->p >= c->end || *c->p != ch)
        return fail(c, "not a JSON object as it should be");
    c->p++;
    return true;
}

static bool
at(struct cursor *c, char ch)
{
    blank(c);
    return c->p < c->end && *c->p == ch;
}

/* Ids and names hold no escapes; a string with one is taken without it. */
static bool
string(struct cursor *c, char *out, size_t size)
{
    size_t n = 0;

    if (!want(c, '"'))
        return false;
    while (c->p < c->end && *c->p != '"') {
        char ch = *c->p++;

        if ((unsigned char)ch < 0x20)
            return fail(c, "a control character in a string");
        if (ch == '\\') {
            if (c->p >= c->end)
                break;
            ch = *c->p++;
        }
        if (out != NULL && n + 1 < size)
            out[n] = ch;
        else if (out != NULL)
            return fail(c, "a name that is too long");
        n++;
    }
    if (out != NULL)
        out[n] = '\0';
    if (c->p >= c->end)
        return fail(c, "a string without end");
    c->p++;
    return true;
}

static bool
number(struct cursor *c, double *out)
{
    double v = 0, scale = 1;
    bool minus = false, digits = false;
    int exponent = 0, sign = 1;

    blank(c);
    if (c->p < c->end && *c->p == '-') {
        minus = true;
        c->p++;
    }
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, digits = true)
        v = v * 10 + (*c->p - '0');
    if (c->p < c->end && *c->p == '.') {
        for (c->p++; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
            v = v * 10 + (*c->p - '0');
            scale *= 10;
        }
    }
    if (!digits)
        return fail(c, "not a number where one belongs");
    v /= scale;
    if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
        c->p++;
        if (c->p < c->end && (*c->p == '-' || *c->p == '+'))
            sign = *c->p++ == '-' ? -1 : 1;
        for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
            exponent = exponent > 300 ? exponent : exponent * 10 + (*c->p - '0');
        v *= pow(10, sign * exponent);
    }
    if (!isfinite(v))
        return fail(c, "a number out of all range");
    *out = minus ? -v : v;
    return true;
}

static bool
word(struct cursor *c, const char *w)
{
    size_t n = strlen(w);

    blank(c);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, w, n) != 0)
        return false;
    c->p += n;
    return true;
}

static bool
skip(struct cursor *c, int depth)
{
    char open;
    double v;

    blank(c);
    if (depth > DEPTH_MAX || c->p >= c->end)
        return fail(c, "not JSON");
    open = *c->p;
    if (open == '"')
        return string(c, NULL, 0);
    if (open != '{' && open != '[')
        return word(c, "null") || word(c, "true") || word(c, "false") || number(c, &v);
    c->p++;
    if (at(c, open == '{' ? '}' : ']')) {
        c->p++;
        return true;
    }
    for (;;) {
        if (open == '{' && (!string(c, NULL, 0) || !want(c, ':')))
            return false;
        if (!skip(c, depth + 1))
            return false;
        if (at(c, ',')) {
            c->p++;
            continue;
        }
        return want(c, open == '{' ? '}' : ']');
    }
}

static bool
values(struct cursor *c, struct replay_line *out)
{
    if (!want(c, '{'))
        return false;
    if (at(c, '}'))
        return want(c, '}');
    for (;;) {
        size_t n = out->value_count;
        char name[64];

        if (!string(c, name, sizeof(name)) || !want(c, ':'))
            return false;
        if (n < NH_COUNT(out->values) && strlen(name) < NH_NAME_MAX) {
            memcpy(out->values[n].name, name, strlen(name) + 1);
            out->values[n].known = !word(c, "null");
            if (out->values[n].known && !number(c, &out->values[n].value))
                return false;
            out->value_count++;
        } else if (!skip(c, 0)) {
            return false;
        }
        if (at(c, ',')) {
            c->p++;
            continue;
        }
        return want(c, '}');
    }
}

static bool
time_ms(struct cursor *c, int64_t *out)
{
    double v;

    if (!number(c, &v))
        return false;
    if (v <= 0 || v > 1e11)
        return fail(c, "a time out of all range");
    *out = (int64_t)llround(v * 1000);
    return true;
}

static bool
member(struct cursor *c, const char *key, struct replay_line *out)
{
    double v;

    if (strcmp(key, "at") == 0)
        return time_ms(c, &out->at_ms);
    if (strcmp(key, "arrived") == 0)
        return time_ms(c, &out->arrived_ms);
    if (strcmp(key, "check") == 0) {
        out->is_reading = true;
        return string(c, out->check, sizeof(out->check));
    }
    if (strcmp(key, "event") == 0) {
        out->is_event = true;
        return string(c, out->event.name, sizeof(out->event.name));
    }
    if (strcmp(key, "site") == 0)
        return string(c, out->site, sizeof(out->site));
    if (strcmp(key, "link") == 0)
        return string(c, out->link, sizeof(out->link));
    if (strcmp(key, "values") == 0)
        return values(c, out);
    if (strcmp(key, "uptime_s") == 0) {
        if (!number(c, &v))
            return false;
        out->event.uptime_s = v < 0 || v > 1e12 ? -1 : (int64_t)v;
        return true;
    }
    if (strcmp(key, "boot") == 0) {
        out->has_boot = true;
        return string(c, out->boot, sizeof(out->boot));
    }
    return skip(c, 0);
}

const char *
replay_parse(const char *line, size_t len, struct replay_line *out)
{
    struct cursor c = { line, line + len, NULL };
    char key[64];

    out->at_ms = out->arrived_ms = 0;
    out->is_reading = out->is_event = out->has_boot = false;
    out->check[0] = out->site[0] = out->link[0] = out->boot[0] = '\0';
    out->value_count = 0;
    out->event = (struct nh_event){ .uptime_s = -1 };
    if (!want(&c, '{'))
        return c.wrong;
    if (at(&c, '}'))
        return "neither a time nor anything else";
    for (;;) {
        if (!string(&c, key, sizeof(key)) || !want(&c, ':') || !member(&c, key, out))
            return c.wrong == NULL ? "not JSON" : c.wrong;
        if (at(&c, ',')) {
            c.p++;
            continue;
        }
        break;
    }
    if (!want(&c, '}'))
        return c.wrong;
    blank(&c);
    if (c.p != c.end)
        return "something after the object";
    if (out->at_ms == 0 && out->arrived_ms == 0)
        return "no time: neither \"at\" nor \"arrived\"";
    if (out->is_reading && out->is_event)
        return "both a reading and an event";
    if ((out->is_reading || out->is_event) && out->at_ms == 0)
        return "no \"at\"";
    if (out->arrived_ms == 0 || out->arrived_ms < out->at_ms)
        out->arrived_ms = out->at_ms;
    return NULL;
}
