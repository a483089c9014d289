/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_request.c - one table of requests, one of keys
 *
 * A key is text or a whole number with its range; a request's row names the keys that it
 * must have and those that it may have. A key that a request does not know is ignored, so
 * that a newer client can talk to an older collector.
 */
#include "collector/control_request.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum key {
    K_SITE = 1 << 0,
    K_CHECK = 1 << 1,
    K_HOST = 1 << 2,
    K_CHART = 1 << 3,
    K_FORMAT = 1 << 4,
    K_LANG = 1 << 5,
    K_PORT = 1 << 6,
    K_FROM = 1 << 7,
    K_TO = 1 << 8,
    K_POINTS = 1 << 9,
    K_SIZE = 1 << 10, /* width and height */
    K_DEVICE = 1 << 11,
    K_LINK = 1 << 12,
    K_SERVICE = 1 << 13,
    K_TEST = 1 << 14,
    K_COUNT = 1 << 15,
    K_NUMBER = 1 << 16,
    K_OPEN = 1 << 17,
    K_CONFIRM = 1 << 18,
    K_ACTION = 1 << 19,
    K_WHO = 1 << 20,
    K_WAY = 1 << 21,
    K_TEXT = 1 << 22,
    K_TOKEN = 1 << 23,
    K_NUMBER_FROM = 1 << 24,
    K_PLANNED = 1 << 25,
    K_PARTY = 1 << 26,
    K_WHY = 1 << 27,
    K_SITES = 1 << 28,
    K_LINKS = 1 << 29,
    K_MONTH = 1 << 30,
};

static const struct {
    const char *name;
    enum control_do what;
    unsigned must, may;
} requests[] = {
    { "status", CONTROL_STATUS, 0, 0 },
    { "sites", CONTROL_SITES, 0, 0 },
    { "site", CONTROL_SITE, K_SITE, 0 },
    { "services", CONTROL_SERVICES, 0, 0 },
    { "follow", CONTROL_FOLLOW, 0, 0 },
    { "tail", CONTROL_TAIL, 0, K_SITE },
    { "series", CONTROL_SERIES, K_CHECK | K_FROM | K_TO, K_POINTS },
    { "graph", CONTROL_GRAPH, K_CHECK | K_FROM | K_TO,
        K_CHART | K_FORMAT | K_SIZE | K_LANG },
    { "export", CONTROL_EXPORT, K_CHECK | K_FROM | K_TO, 0 },
    { "agent_add", CONTROL_AGENT_ADD, K_SITE | K_HOST, K_PORT },
    { "agent_revoke", CONTROL_AGENT_REVOKE, K_SITE, 0 },
    { "agent_rotate", CONTROL_AGENT_ROTATE, K_SITE, 0 },
    { "agent_list", CONTROL_AGENT_LIST, 0, 0 },
    { "reload", CONTROL_RELOAD, 0, 0 },
    { "series_rebuild", CONTROL_SERIES_REBUILD, K_CHECK, 0 },
    { "journal", CONTROL_JOURNAL, 0, 0 },
    { "device", CONTROL_DEVICE, K_DEVICE, 0 },
    { "test", CONTROL_TEST, K_SITE | K_TEST, K_LINK | K_SERVICE | K_COUNT },
    { "incidents", CONTROL_INCIDENTS, 0, K_FROM | K_TO | K_OPEN | K_LANG },
    { "incident", CONTROL_INCIDENT, K_NUMBER, K_LANG },
    { "incident_act", CONTROL_INCIDENT_ACT, K_NUMBER | K_ACTION | K_WHO | K_WAY,
        K_TEXT | K_LANG },
    { "ack_link", CONTROL_ACK_LINK, K_TOKEN, K_CONFIRM | K_LANG },
    { "sms_in", CONTROL_SMS_IN, K_NUMBER_FROM | K_TEXT, 0 },
    { "planned_list", CONTROL_PLANNED_LIST, 0, 0 },
    { "planned_add", CONTROL_PLANNED_ADD, K_PLANNED | K_FROM | K_TO | K_WHO | K_WAY,
        K_SITES | K_LINKS | K_PARTY | K_WHY },
    { "planned_end", CONTROL_PLANNED_END, K_PLANNED | K_WHO | K_WAY, 0 },
    { "report", CONTROL_REPORT, K_MONTH, 0 },
};

#define TEXT(key, member)                                                                \
    {                                                                                    \
#member, key, offsetof(struct control_request, member),                          \
            sizeof(((struct control_request *)0)->member)                                \
    }
static const struct {
    const char *name;
    unsigned key;
    size_t at, size;
} texts[] = {
    TEXT(K_SITE, site),
    TEXT(K_CHECK, check),
    TEXT(K_HOST, host),
    TEXT(K_CHART, chart),
    TEXT(K_FORMAT, format),
    TEXT(K_LANG, lang),
    TEXT(K_LINK, link),
    TEXT(K_SERVICE, service),
    TEXT(K_TEST, test),
    TEXT(K_ACTION, action),
    TEXT(K_WHO, who),
    TEXT(K_WAY, way),
    TEXT(K_TEXT, text),
    TEXT(K_TOKEN, token),
    TEXT(K_NUMBER_FROM, number_from),
    TEXT(K_PLANNED, planned),
    TEXT(K_PARTY, party),
    TEXT(K_WHY, why),
    TEXT(K_SITES, sites),
    TEXT(K_LINKS, links),
    TEXT(K_MONTH, month),
    TEXT(K_DEVICE, device),
};

#define NUMBER(key, member, min, max)                                                    \
    {                                                                                    \
#member, key, offsetof(struct control_request, member), min, max                 \
    }
static const struct {
    const char *name;
    unsigned key;
    size_t at; /* of an int64_t */
    int64_t min, max;
} numbers[] = {
    NUMBER(K_PORT, port, 1, 65535),
    NUMBER(K_FROM, from, 0, INT64_C(253402300799)),
    NUMBER(K_TO, to, 0, INT64_C(253402300799)),
    NUMBER(K_POINTS, points, 1, CONTROL_POINTS_MAX),
    NUMBER(K_SIZE, width, 50, 4000),
    NUMBER(K_SIZE, height, 50, 4000),
    NUMBER(K_COUNT, count, 1, 100),
    NUMBER(K_NUMBER, number, 1, UINT32_MAX),
    NUMBER(K_OPEN, open, 0, 1),
    NUMBER(K_CONFIRM, confirm, 0, 1),
};

static bool
read_text(struct control_request *r, size_t i, const json_t *value, char why[160])
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);

    if (text == NULL || len == 0 || len >= texts[i].size || strlen(text) != len) {
        snprintf(why, 160, "'%s' must be text of 1 to %zu bytes", texts[i].name,
            texts[i].size - 1);
        return false;
    }
    memcpy((char *)r + texts[i].at, text, len + 1);
    return true;
}

static bool
read_number(struct control_request *r, size_t i, const json_t *value, char why[160])
{
    double d = json_is_number(value) ? floor(json_number_value(value)) : NAN;
    int64_t v;

    if (!(d >= (double)numbers[i].min && d <= (double)numbers[i].max)) {
        snprintf(why, 160, "'%s' must be a number from %lld to %lld", numbers[i].name,
            (long long)numbers[i].min, (long long)numbers[i].max);
        return false;
    }
    v = (int64_t)d;
    memcpy((char *)r + numbers[i].at, &v, sizeof(v));
    return true;
}

/* 0: not there. */
static bool
read_key(struct control_request *r, const json_t *object, const char *name, bool must,
    bool (*read)(struct control_request *, size_t, const json_t *, char[160]), size_t i,
    char why[160])
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL || json_is_null(value)) {
        if (must)
            snprintf(why, 160, "'%s' is missing", name);
        return !must;
    }
    return read(r, i, value, why);
}

static bool
read_keys(struct control_request *r, const json_t *object, unsigned must, unsigned may,
    char why[160])
{
    for (size_t i = 0; i < NH_COUNT(texts); i++)
        if (((must | may) & texts[i].key) != 0 &&
            !read_key(
                r, object, texts[i].name, (must & texts[i].key) != 0, read_text, i, why))
            return false;
    for (size_t i = 0; i < NH_COUNT(numbers); i++)
        if (((must | may) & numbers[i].key) != 0 &&
            !read_key(r, object, numbers[i].name, (must & numbers[i].key) != 0,
                read_number, i, why))
            return false;
    return true;
}

static void
read_id(struct control_request *r, const json_t *id)
{
    int n = -1;

    if (json_is_integer(id))
        n = snprintf(
            r->id, sizeof(r->id), "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    else if (json_is_real(id) && isfinite(json_real_value(id)))
        n = snprintf(r->id, sizeof(r->id), "%.17g", json_real_value(id));
    if (n < 0 || (size_t)n >= sizeof(r->id))
        snprintf(r->id, sizeof(r->id), "0");
}

static bool
is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return word[0] == '\0';
}

static bool
fits_together(const struct control_request *r, char why[160])
{
    static const char *const
        charts[] = { "latency", "traffic", "service", "host" },
        *const formats[] = { "svg", "png" }, *const langs[] = { "vi", "en" },
        *const actions[] = { "ack", "own", "note", "ticket", "estimate", "override",
            "close" },
        *const ways[] = { "page", "nhipctl" },
        *const tests[] = { "trace", "train", "mtu", "dns", "service", "throughput" };
    const char *wrong = NULL;

    if (r->to < r->from && !(r->what == CONTROL_INCIDENTS && r->to == 0))
        wrong = "'to' lies before 'from'";
    else if (!is_one_of(r->chart, charts, NH_COUNT(charts)))
        wrong = "'chart' is latency, traffic, service or host";
    else if (!is_one_of(r->format, formats, NH_COUNT(formats)))
        wrong = "'format' is svg or png";
    else if (!is_one_of(r->lang, langs, NH_COUNT(langs)))
        wrong = "'lang' is vi or en";
    else if (!is_one_of(r->test, tests, NH_COUNT(tests)))
        wrong = "'test' is trace, train, mtu, dns, service or throughput";
    else if (strcmp(r->test, "service") == 0 && r->service[0] == '\0')
        wrong = "'service' is missing: which one is to be tested?";
    else if (strpbrk(r->link, "\r\n") != NULL || strpbrk(r->service, "\r\n") != NULL)
        wrong = "a name has a line end in it";
    else if (!is_one_of(r->action, actions, NH_COUNT(actions)))
        wrong = "'action' is ack, own, note, ticket, estimate, override or close";
    else if (!is_one_of(r->way, ways, NH_COUNT(ways)))
        wrong = "'way' is page or nhipctl";
    else if (strpbrk(r->host, " \t\r\n") != NULL)
        wrong = "'host' has spaces in it";
    if (wrong != NULL)
        snprintf(why, 160, "%s", wrong);
    return wrong == NULL;
}

enum nh_err
control_request_read(const json_t *object, struct control_request *r, char why[160])
{
    const char *what = json_string_value(json_object_get(object, "do"));

    *r = (struct control_request){ 0 };
    why[0] = '\0';
    read_id(r, json_object_get(object, "id"));
    if (what == NULL) {
        snprintf(why, 160, "'do' is missing");
        return NH_EINVAL;
    }
    for (size_t i = 0; i < NH_COUNT(requests); i++)
        if (strcmp(what, requests[i].name) == 0) {
            r->what = requests[i].what;
            return read_keys(r, object, requests[i].must, requests[i].may, why) &&
                           fits_together(r, why)
                       ? NH_OK
                       : NH_EINVAL;
        }
    snprintf(why, 160, "there is no request '%.60s'", what);
    return NH_EINVAL;
}
