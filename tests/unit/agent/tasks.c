/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tasks: what is run, what is refused, and how it ends */
#include "agent/tasks.h"
#include "libnhip/loop.h"
#include "libnhip/once.h"
#include "libnhip/trace.h"
#include "tests/unit/check.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SAID_MAX = 32 };

static struct nh_loop *loop;
static struct nh_msg_result said[SAID_MAX];
static size_t said_count, wanted;
static uint16_t silent_port;

static bool
find(void *arg, const char *check, struct nh_assignment *out)
{
    (void)arg;
    *out = (struct nh_assignment){ .every_ms = 1000 };
    snprintf(out->check, sizeof(out->check), "%s", check);
    if (strcmp(check, "a/vnpt/path") == 0) {
        snprintf(out->kind, sizeof(out->kind), "path");
        snprintf(out->sensor, sizeof(out->sensor), "icmp");
        snprintf(out->params, sizeof(out->params), "target=127.0.0.1\ninterface=lo\n");
        return true;
    }
    snprintf(out->kind, sizeof(out->kind), "service");
    snprintf(out->sensor, sizeof(out->sensor), "dns");
    snprintf(out->params, sizeof(out->params),
        "server=127.0.0.1:%u\nquery=a.vn\ntimeout_ms=60000\n", silent_port);
    return strcmp(check, "service/dns/a") == 0;
}

static void
on_said(void *arg, const struct nh_msg_result *result)
{
    (void)arg;
    if (said_count < SAID_MAX)
        said[said_count] = *result;
    said_count++;
    if (result->last && --wanted == 0)
        nh_loop_stop(loop);
}

static struct tasks *
begin(void)
{
    const struct tasks_host host = { nh_loop_base(loop), find, on_said, NULL };
    struct tasks *t = NULL;

    said_count = 0;
    wanted = 1000;
    CHECK_EQ(tasks_new(&t, &host), NH_OK, "");
    return t;
}

static void
ask(struct tasks *t, uint64_t number, const char *kind, const char *params)
{
    struct nh_msg_task task = { .task = number, .deadline_ms = 50000 };

    snprintf(task.kind, sizeof(task.kind), "%s", kind);
    snprintf(task.params, sizeof(task.params), "%s", params);
    tasks_take(t, &task);
}

static const struct {
    const char *kind, *params;
    enum nh_task_status want;
} refused[] = {
    { "trace", "", NH_TASK_REFUSED },
    { "trace", "check=b/vnpt/path\n", NH_TASK_REFUSED },
    { "trace", "target=10.0.0.1\n", NH_TASK_REFUSED },
    { "trace", "check=service/dns/a\n", NH_TASK_REFUSED },
    { "service", "check=a/vnpt/path\n", NH_TASK_REFUSED },
    { "dns", "check=service/dns/a\nvia=b/vnpt/path\n", NH_TASK_REFUSED },
    { "dns", "check=service/dns/a\nvia=service/dns/a\n", NH_TASK_REFUSED },
    { "train", "check=a/vnpt/path\ncount=101\n", NH_TASK_FAILED },
    { "train", "check=a/vnpt/path\ncount=0\n", NH_TASK_FAILED },
    { "throughput", "check=a/vnpt/path\n", NH_TASK_UNSUPPORTED },
    { "dance", "", NH_TASK_UNSUPPORTED },
};

static void
refuses_with_a_reason(void)
{
    for (size_t i = 0; i < NH_COUNT(refused); i++) {
        struct tasks *t = begin();

        ask(t, 7, refused[i].kind, refused[i].params);
        CHECK_EQ(said_count, 1, refused[i].params);
        CHECK_EQ(said[0].status, refused[i].want, refused[i].params);
        CHECK_NAMED(said[0].last && said[0].task == 7, refused[i].params);
        CHECK_NAMED(strncmp(said[0].text, "{\"why\":\"", 8) == 0, said[0].text);
        tasks_free(t);
    }
}

/* Two wait for a name server that says nothing; a third has no place, until one is
 * cancelled. */
static void
runs_two_at_once(void)
{
    struct tasks *t = begin();
    struct nh_msg_task cancel = { .task = 1, .cancel = true };

    ask(t, 1, "dns", "check=service/dns/a\n");
    ask(t, 2, "dns", "check=service/dns/a\nvia=a/vnpt/path\n");
    CHECK_EQ(said_count, 0, "both run");
    ask(t, 3, "dns", "check=service/dns/a\n");
    CHECK_EQ(said[0].status, NH_TASK_REFUSED, said[0].text);
    CHECK_EQ(said[0].task, 3, "");
    wanted = 1;
    tasks_take(t, &cancel);
    CHECK_EQ(said[1].status, NH_TASK_CANCELLED, said[1].text);
    CHECK_EQ(said[1].task, 1, "");
    tasks_take(t, &cancel);
    CHECK_EQ(said_count, 2, "cancelled once");
    tasks_free(t);
}

static void
ends_by_its_deadline(void)
{
    struct tasks *t = begin();
    struct nh_msg_task task = {
        .task = 9, .deadline_ms = 30, .kind = "dns", .params = "check=service/dns/a\n"
    };

    wanted = 1;
    tasks_take(t, &task);
    CHECK_EQ(nh_loop_run(loop), NH_OK, "");
    CHECK_EQ(said_count, 1, "");
    CHECK_NAMED(said[0].last && said[0].task == 9, said[0].text);
    /* the sensor's own time is no longer than the deadline: either may be first */
    CHECK_NAMED(
        said[0].status == NH_TASK_TIMEOUT || said[0].status == NH_TASK_OK, said[0].text);
    tasks_free(t);
}

static void
sets_parameters(void)
{
    char params[NH_PARAM_MAX] = "a=1\ncount=5\nab=2";
    char full[NH_PARAM_MAX];

    CHECK_EQ(nh_param_set(params, "count", "20"), NH_OK, "");
    CHECK_STR(params, "a=1\nab=2\ncount=20\n", "in place of what it was");
    CHECK_EQ(nh_param_set(params, "a", ""), NH_OK, "");
    CHECK_STR(params, "ab=2\ncount=20\na=\n", "a name is not another's beginning");
    memset(full, 'x', sizeof(full) - 1);
    full[sizeof(full) - 1] = '\0';
    CHECK_EQ(nh_param_set(full, "a", "1"), NH_ETOOBIG, "no room");
    CHECK_EQ(strlen(full), sizeof(full) - 1, "left as it was");
}

static void
halves_sizes(void)
{
    static const struct {
        unsigned fits, too_big, says, want;
    } rows[] = { { 576, 1501, 0, 1038 }, { 576, 1500, 1400, 1400 },
        { 576, 1400, 1400, 988 }, { 1400, 1500, 1300, 1450 }, { 1400, 1401, 0, 1400 },
        { 1400, 1402, 0, 1401 } };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        CHECK_EQ(nh_mtu_next(rows[i].fits, rows[i].too_big, rows[i].says), rows[i].want,
            "next size");
}

int
main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM, 0), status;

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0 || nh_loop_new(&loop) != NH_OK)
        return 1;
    silent_port = ntohs(at.sin_port);
    RUN(refuses_with_a_reason);
    RUN(runs_two_at_once);
    RUN(ends_by_its_deadline);
    RUN(sets_parameters);
    RUN(halves_sizes);
    status = check_done();
    nh_loop_free(loop);
    close(fd);
    return status;
}
