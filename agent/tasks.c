/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tasks.c - which test a TASK asks for, and its words on the way back
 *
 * A row of `kinds` is a test: what its check has to be, and how it begins. Each ends in
 * finish(), by itself, by its deadline or by a cancel. What ran is freed from the timer
 * then: the end is called from deep inside of it.
 */
#include "agent/tasks.h"
#include "libnhip/clock.h"
#include "libnhip/loop.h"
#include "libnhip/once.h"
#include "libnhip/snmp_document.h"
#include "libnhip/snmp_polled.h"
#include "libnhip/trace.h"
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRAIN_GAP_MS = 100,
    TRAIN_TIMEOUT_MS = 1000,
    SPAN_MARGIN_MS = 200,
    DEVICE_PIECE_BYTES = 1000, /* of a RESULT's text */
};

struct kind;

struct task {
    struct tasks *tasks; /* borrowed */
    bool used, ended;
    uint64_t number;
    uint32_t part, deadline_ms;
    const struct kind *kind;
    struct nh_assignment check;
    char params[NH_PARAM_MAX];
    struct nh_timer *timer; /* the deadline, then the broom */
    struct nh_trace *trace; /* one of the three; owned */
    struct nh_mtu *mtu;
    struct nh_once *once;
    int hops;
};

struct tasks {
    struct tasks_host host;
    struct task task[TASKS_AT_ONCE];
};

struct kind {
    const char *name;
    const char *sensor;     /* that the check must be of; NULL: any */
    const char *check_kind; /* likewise */
    /* false: `why` says why it cannot begin. */
    bool (*start)(struct task *task, char why[128]);
};

/* ---- saying ---- */

/* `is` is taken. */
static void
say(const struct tasks_host *host, uint64_t number, uint32_t part, bool last,
    enum nh_task_status status, json_t *is)
{
    struct nh_msg_result result = {
        .task = number, .part = part, .last = last, .status = (uint8_t)status
    };
    size_t len = is == NULL ? 0
                            : json_dumpb(is, result.text, sizeof(result.text) - 1,
                                  JSON_COMPACT | JSON_REAL_PRECISION(9));

    if (len == 0 || len >= sizeof(result.text))
        snprintf(result.text, sizeof(result.text), "{}");
    else
        result.text[len] = '\0';
    json_decref(is);
    host->say(host->arg, &result);
}

static void
refuse(struct tasks *t, uint64_t number, enum nh_task_status status, const char *why)
{
    say(&t->host, number, 0, true, status, json_pack("{s:s}", "why", why));
}

static void
finish(struct task *task, enum nh_task_status status, json_t *is)
{
    if (task->ended) {
        json_decref(is);
        return;
    }
    task->ended = true;
    say(&task->tasks->host, task->number, task->part, true, status, is);
    nh_timer_after(task->timer, 0);
}

static void
finish_badly(struct task *task, enum nh_task_status status, const char *why)
{
    finish(task, status, json_pack("{s:s}", "why", why));
}

static void
say_part(struct task *task, json_t *is)
{
    if (task->ended || task->part == TASK_PARTS_MAX) {
        json_decref(is);
        return;
    }
    say(&task->tasks->host, task->number, task->part++, false, NH_TASK_OK, is);
}

static void
free_task(struct task *task)
{
    nh_trace_free(task->trace);
    nh_mtu_free(task->mtu);
    nh_once_free(task->once);
    nh_timer_free(task->timer);
    *task = (struct task){ 0 };
}

static void
on_task_timer(void *arg)
{
    struct task *task = arg;

    if (!task->ended)
        finish_badly(task, NH_TASK_TIMEOUT, "its time is over");
    free_task(task);
}

/* ---- trace ---- */

static bool
target_of(const struct task *task, struct nh_echo_target *out, char why[128])
{
    char text[64];
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out->address;

    memset(out, 0, sizeof(*out));
    if (!nh_param_get(
            task->check.params, "interface", out->interface, sizeof(out->interface)))
        out->interface[0] = '\0';
    if (!nh_param_get(task->check.params, "target", text, sizeof(text)))
        text[0] = '\0';
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        out->address_len = sizeof(*v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        out->address_len = sizeof(*v6);
        return true;
    }
    snprintf(why, 128, "the target of %.60s is no plain address", task->check.check);
    return false;
}

static void
on_task_hop(void *arg, const struct nh_trace_hop *hop)
{
    static const char *const words[] = { "answer", "exceeded", "too_big", "unreachable" };
    struct task *task = arg;
    json_t *rtts = json_array();

    for (int i = 0; i < NH_TRACE_PROBES; i++)
        json_array_append_new(rtts,
            hop->rtt_us[i] < 0 ? json_null() : json_real((double)hop->rtt_us[i] / 1000));
    task->hops = hop->hop;
    say_part(
        task, json_pack("{s:i, s:s, s:s, s:o}", "hop", hop->hop, "address", hop->address,
                  "word", *hop->address ? words[hop->word] : "silent", "rtt_ms", rtts));
}

static void
on_task_trace_end(void *arg, const char *why)
{
    struct task *task = arg;

    if (*why == '\0')
        finish(
            task, NH_TASK_OK, json_pack("{s:i, s:b}", "hops", task->hops, "reached", 1));
    else if (task->hops == 0)
        finish_badly(task, NH_TASK_FAILED, why);
    else /* where the way ends is what was asked for */
        finish(task, NH_TASK_OK,
            json_pack("{s:i, s:b, s:s}", "hops", task->hops, "reached", 0, "why", why));
}

static bool
start_trace(struct task *task, char why[128])
{
    const struct nh_trace_events events = { on_task_hop, on_task_trace_end, task };
    struct nh_echo_target target;

    return target_of(task, &target, why) &&
           nh_trace_start(&task->trace, task->tasks->host.base, &target, &events, why) ==
               NH_OK;
}

/* ---- mtu ---- */

static void
on_task_size(void *arg, const struct nh_mtu_try *one)
{
    json_t *is =
        json_pack("{s:i, s:b}", "bytes", (int)one->bytes, "fits", (int)one->fits);

    if (one->by[0] != '\0')
        json_object_set_new(is, "by", json_string(one->by));
    if (one->says != 0)
        json_object_set_new(is, "says", json_integer(one->says));
    say_part(arg, is);
}

static void
on_task_mtu_end(void *arg, unsigned bytes, const char *why)
{
    if (bytes == 0)
        finish_badly(arg, NH_TASK_FAILED, why);
    else
        finish(arg, NH_TASK_OK, json_pack("{s:i}", "mtu", (int)bytes));
}

static bool
start_mtu(struct task *task, char why[128])
{
    const struct nh_mtu_events events = { on_task_size, on_task_mtu_end, task };
    struct nh_echo_target target;

    return target_of(task, &target, why) &&
           nh_mtu_start(&task->mtu, task->tasks->host.base, &target, &events, why) ==
               NH_OK;
}

/* ---- one round by the sensor of the rounds: train, dns, service ---- */

static void
on_task_round(
    void *arg, const struct nh_kind *kind, const struct nh_reading *r, const char *why)
{
    struct task *task = arg;
    json_t *values;

    if (r == NULL) {
        finish_badly(task, NH_TASK_FAILED, why);
        return;
    }
    values = json_object();
    for (int i = 0; i < kind->count; i++)
        if ((r->present >> i & 1) != 0)
            json_object_set_new(values, kind->metrics[i].name,
                json_real(nh_from_fixed(r->value[i], kind->metrics[i].decimals)));
    finish(task, NH_TASK_OK,
        json_pack("{s:s, s:o}", "check", task->check.check, "values", values));
}

static bool
start_round(struct task *task, uint32_t span_ms, char why[128])
{
    return nh_once_start(&task->once, task->tasks->host.base, &task->check, span_ms,
               on_task_round, task, why) == NH_OK;
}

static bool
start_train(struct task *task, char why[128])
{
    char text[16];
    long count = TASK_TRAIN_PACKETS;

    if (nh_param_get(task->params, "count", text, sizeof(text)))
        count = strtol(text, NULL, 10);
    if (count < 1 || count > TASK_TRAIN_PACKETS_MAX) {
        snprintf(why, 128, "count: 1 to %d packets", TASK_TRAIN_PACKETS_MAX);
        return false;
    }
    snprintf(text, sizeof(text), "%ld", count);
    if (nh_param_set(task->check.params, "count", text) != NH_OK)
        return false;
    snprintf(text, sizeof(text), "%d", TRAIN_TIMEOUT_MS);
    if (nh_param_set(task->check.params, "timeout_ms", text) != NH_OK)
        return false;
    return start_round(task, (uint32_t)(count * TRAIN_GAP_MS + TRAIN_TIMEOUT_MS), why);
}

static bool
start_service(struct task *task, char why[128])
{
    return start_round(task,
        task->deadline_ms > 2 * SPAN_MARGIN_MS ? task->deadline_ms - SPAN_MARGIN_MS
                                               : task->deadline_ms,
        why);
}

/* ---- device: what the rounds have learnt of one, nothing is asked anew ---- */

static bool
start_device(struct task *task, char why[128])
{
    struct nh_snmp_document_place at = { 0 };
    struct nh_snmp_learnt learnt;
    char address[64], credential[64];
    json_t *piece;

    if (!nh_param_get(task->check.params, "address", address, sizeof(address)) ||
        !nh_param_get(task->check.params, "credential", credential, sizeof(credential)) ||
        !nh_snmp_polled(address, credential, &learnt)) {
        snprintf(why, 128, "it has not asked the device yet");
        return false;
    }
    while ((piece = nh_snmp_document_next(&learnt, &at, DEVICE_PIECE_BYTES)) != NULL)
        say_part(task, piece);
    finish(task, NH_TASK_OK,
        json_pack("{s:b}", "whole", task->part < TASK_PARTS_MAX ? 1 : 0));
    return true;
}

static bool
start_throughput(struct task *task, char why[128])
{
    (void)task;
    snprintf(why, 128,
        "it would fill the very line that people work over, and needs a far end of its "
        "own");
    return false;
}

static const struct kind kinds[] = {
    { "device", "snmp", "snmp", start_device },
    { "dns", "dns", "service", start_service },
    { "mtu", "icmp", NULL, start_mtu },
    { "service", NULL, "service", start_service },
    { "throughput", NULL, NULL, start_throughput },
    { "trace", "icmp", NULL, start_trace },
    { "train", "icmp", NULL, start_train },
};

/* ---- taking ---- */

static const struct kind *
kind_of(const char *name)
{
    for (size_t i = 0; i < NH_COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* The check that it is about, as it is assigned, and "via" another check's interface. */
static bool
take_check(struct task *task, char why[128])
{
    const struct tasks_host *host = &task->tasks->host;
    struct nh_assignment via;
    char id[NH_CHECK_ID_MAX], interface[16];

    if (!nh_param_get(task->params, "check", id, sizeof(id)) ||
        !host->find(host->arg, id, &task->check)) {
        snprintf(why, 128, "the check is none of those assigned to this agent");
        return false;
    }
    if ((task->kind->sensor != NULL &&
            strcmp(task->kind->sensor, task->check.sensor) != 0) ||
        (task->kind->check_kind != NULL &&
            strcmp(task->kind->check_kind, task->check.kind) != 0)) {
        snprintf(why, 128, "%.60s is no check for the test %s", id, task->kind->name);
        return false;
    }
    if (!nh_param_get(task->params, "via", id, sizeof(id)))
        return true;
    if (!host->find(host->arg, id, &via) ||
        !nh_param_get(via.params, "interface", interface, sizeof(interface)) ||
        nh_param_set(task->check.params, "interface", interface) != NH_OK) {
        snprintf(why, 128, "via: %.60s is no check over a link of this agent", id);
        return false;
    }
    return true;
}

static struct task *
find_task(struct tasks *t, uint64_t number)
{
    for (size_t i = 0; i < TASKS_AT_ONCE; i++)
        if (t->task[i].used && t->task[i].number == number)
            return &t->task[i];
    return NULL;
}

static struct task *
free_place(struct tasks *t)
{
    for (size_t i = 0; i < TASKS_AT_ONCE; i++)
        if (!t->task[i].used)
            return &t->task[i];
    return NULL;
}

static void
begin(struct tasks *t, struct task *task, const struct kind *kind,
    const struct nh_msg_task *msg)
{
    char why[128] = "out of memory";

    *task = (struct task){ .tasks = t, .kind = kind, .number = msg->task };
    snprintf(task->params, sizeof(task->params), "%s", msg->params);
    task->deadline_ms = msg->deadline_ms == 0 ? TASK_DEADLINE_MS : msg->deadline_ms;
    if (task->deadline_ms > TASK_DEADLINE_MAX_MS)
        task->deadline_ms = TASK_DEADLINE_MAX_MS;
    if (kind->start == start_throughput) {
        start_throughput(task, why);
        refuse(t, msg->task, NH_TASK_UNSUPPORTED, why);
        return;
    }
    if (!take_check(task, why)) {
        refuse(t, msg->task, NH_TASK_REFUSED, why);
        return;
    }
    if (nh_timer_new(&task->timer, t->host.base, on_task_timer, task) != NH_OK ||
        !kind->start(task, why)) {
        refuse(t, msg->task, NH_TASK_FAILED, why);
        free_task(task);
        return;
    }
    task->used = true;
    if (!task->ended)
        nh_timer_after(task->timer, task->deadline_ms);
}

void
tasks_take(struct tasks *t, const struct nh_msg_task *msg)
{
    const struct kind *kind = kind_of(msg->kind);
    struct task *task = find_task(t, msg->task);
    char why[128];

    if (msg->cancel) {
        if (task != NULL)
            finish_badly(task, NH_TASK_CANCELLED, "cancelled");
        return;
    }
    if (kind == NULL) {
        snprintf(why, sizeof(why), "this agent (%s) knows no test \"%s\"", NHIP_VERSION,
            msg->kind);
        refuse(t, msg->task, NH_TASK_UNSUPPORTED, why);
    } else if (task != NULL || (task = free_place(t)) == NULL) {
        snprintf(why, sizeof(why), "%d tests run here already", TASKS_AT_ONCE);
        refuse(t, msg->task, NH_TASK_REFUSED, why);
    } else {
        begin(t, task, kind, msg);
    }
}

enum nh_err
tasks_new(struct tasks **out, const struct tasks_host *host)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return NH_ENOMEM;
    (*out)->host = *host;
    return NH_OK;
}

void
tasks_free(struct tasks *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < TASKS_AT_ONCE; i++)
        free_task(&t->task[i]);
    free(t);
}
