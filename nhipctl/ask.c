/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.c - one request over the control socket, and what comes back */
#include "libnhip/buf.h"
#include "nhipctl/ctl.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORDS_MAX = 4 << 20 }; /* a command line is no longer */

const char *
ctl_str(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

json_int_t
ctl_num(const json_t *object, const char *key)
{
    return (json_int_t)json_number_value(json_object_get(object, key));
}

const char *
ctl_when(const json_t *object, const char *key, char out[32])
{
    time_t t = (time_t)ctl_num(object, key);
    struct tm tm;

    if (t <= 0)
        return "-";
    localtime_r(&t, &tm);
    strftime(out, 32, "%H:%M:%S %d/%m", &tm);
    return out;
}

static struct nh_client *
connect_to(struct ctl *ctl)
{
    struct nh_client *client = NULL;

    if (nh_client_open(&client, ctl->socket) == NH_OK)
        return client;
    fprintf(stderr, "nhipctl: %s: %s\n", ctl->socket, strerror(errno));
    if (errno == ENOENT || errno == ECONNREFUSED)
        fprintf(stderr,
            "nhipctl: is nhip-collector running? -s SOCKET names another socket\n");
    else if (errno == EACCES)
        fprintf(stderr, "nhipctl: join the group of that socket, or use sudo\n");
    return NULL;
}

/* Says why not, and as which exit status: a wrong id is wrong input. */
static int
complain(const json_t *answer)
{
    const char *code = ctl_str(answer, "code");

    fprintf(stderr, "nhipctl: %s\n", ctl_str(answer, "error"));
    return strcmp(code, "not_found") == 0 || strcmp(code, "bad_request") == 0 ? CTL_USAGE
                                                                              : CTL_NO;
}

/* Send, then read up to the answer; lines on the way are printed. Takes `request`. */
static json_t *
exchange(struct ctl *ctl, json_t *request, int *status)
{
    struct nh_client *client = connect_to(ctl);
    json_t *line = NULL, *result = NULL;
    enum nh_err err = NH_ECLOSED;

    *status = CTL_NO;
    if (client == NULL)
        goto out;
    err = nh_client_send(client, request);
    while (err == NH_OK && (err = nh_client_read(client, &line)) == NH_OK) {
        const json_t *passed = json_object_get(line, "line");
        const json_t *part = json_object_get(line, "part");

        if (passed != NULL) {
            ctl_print_json(passed);
            if (fflush(stdout) != 0) /* whoever read us is gone */
                break;
        } else if (part != NULL && ctl->on_part != NULL) {
            ctl->on_part(ctl, part);
        } else {
            break;
        }
        json_decref(line);
        line = NULL;
    }
    if (err != NH_OK) {
        fprintf(stderr, "nhipctl: %s: %s\n", ctl->socket, nh_strerror(err));
    } else if (json_is_true(json_object_get(line, "ok"))) {
        result = json_incref(json_object_get(line, "result"));
        *status = CTL_DONE;
    } else if (json_object_get(line, "ok") != NULL) {
        *status = complain(line);
    }
out:
    json_decref(line);
    json_decref(request);
    nh_client_close(client);
    return result;
}

json_t *
ctl_ask(struct ctl *ctl, json_t *request, int *status)
{
    json_t *result = exchange(ctl, request, status);

    if (result == NULL && *status == CTL_DONE) {
        fprintf(stderr, "nhipctl: the collector's answer has no result\n");
        *status = CTL_NO;
    }
    return result;
}

int
ctl_show(struct ctl *ctl, json_t *ask, void (*print)(struct ctl *ctl, const json_t *is))
{
    int status;
    json_t *is = ctl_ask(ctl, ask, &status);

    if (is == NULL)
        return status;
    if (ctl->json)
        ctl_print_json(is);
    else
        print(ctl, is);
    json_decref(is);
    return CTL_DONE;
}

int
ctl_stream(struct ctl *ctl, json_t *request)
{
    int status;

    json_decref(exchange(ctl, request, &status));
    return status;
}

void
ctl_print_json(const json_t *document)
{
    json_dumpf(document, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
}

bool
ctl_number(const char *what, const char *text, json_int_t *out)
{
    char *end;
    long long n = strtoll(text, &end, 10);

    if (end == text || *end != '\0') {
        fprintf(stderr, "nhipctl: %s: a whole number is wanted, not '%s'\n", what, text);
        return false;
    }
    *out = n;
    return true;
}

/* Takes the words out of argv that begin at `at`. */
static void
take_out(struct ctl *ctl, int at, int count)
{
    for (int i = at; i + count < ctl->argc; i++)
        ctl->argv[i] = ctl->argv[i + count];
    ctl->argc -= count;
}

bool
ctl_flag(struct ctl *ctl, const char *name)
{
    for (int i = 0; i < ctl->argc; i++)
        if (strcmp(ctl->argv[i], name) == 0) {
            take_out(ctl, i, 1);
            return true;
        }
    return false;
}

bool
ctl_value(struct ctl *ctl, const char *name, const char **value)
{
    for (int i = 0; i < ctl->argc; i++)
        if (strcmp(ctl->argv[i], name) == 0) {
            if (i + 1 == ctl->argc) {
                fprintf(stderr, "nhipctl: %s: a value is missing behind it\n", name);
                return false;
            }
            *value = ctl->argv[i + 1];
            take_out(ctl, i, 2);
            return true;
        }
    return true;
}

bool
ctl_no_options(const struct ctl *ctl, int min, int max, const char *usage)
{
    bool ok = ctl->argc >= min && ctl->argc <= max;

    for (int i = 0; ok && i < ctl->argc; i++)
        if (strncmp(ctl->argv[i], "--", 2) == 0) {
            fprintf(stderr, "nhipctl: there is no option '%s' here\n", ctl->argv[i]);
            ok = false;
        }
    if (!ok)
        fprintf(stderr, "usage: nhipctl %s\n", usage);
    return ok;
}

char *
ctl_words(const struct ctl *ctl, int from)
{
    struct nh_buf b;
    char *out = NULL;

    nh_buf_init(&b, WORDS_MAX);
    for (int i = from; i < ctl->argc; i++)
        nh_buf_printf(&b, "%s%s", i > from ? " " : "", ctl->argv[i]);
    nh_buf_put_u8(&b, 0);
    if (nh_buf_err(&b) == NH_OK)
        out = strdup((const char *)b.data);
    nh_buf_fini(&b);
    return out;
}

static bool
time_ago(const char *text, int64_t *wall_s)
{
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
    char *end;
    int64_t n = strtoll(text + 1, &end, 10);

    for (size_t i = 0; i < NH_COUNT(units); i++)
        if (end != text + 1 && n >= 0 && n < 100000000 &&
            strcmp(end, units[i].unit) == 0) {
            *wall_s = (int64_t)time(NULL) - n * units[i].s;
            return true;
        }
    return false;
}

bool
ctl_time(const char *text, int64_t *wall_s)
{
    static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d" };
    char *end;

    if (strcmp(text, "now") == 0) {
        *wall_s = (int64_t)time(NULL);
        return true;
    }
    if (text[0] == '-')
        return time_ago(text, wall_s);
    for (size_t i = 0; i < NH_COUNT(forms); i++) {
        struct tm tm = { .tm_isdst = -1 };
        const char *rest = strptime(text, forms[i], &tm);

        if (rest != NULL && *rest == '\0') {
            *wall_s = (int64_t)mktime(&tm);
            return *wall_s != -1;
        }
    }
    errno = 0;
    *wall_s = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *wall_s >= 0;
}
