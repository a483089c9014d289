/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * assignments.c - lists of checks: received in parts, kept by rename, merged, handed on
 *
 * The file assignments-NAME holds the generation and nh_assignment_encode() one after the
 * other, behind a magic number and a CRC: a file that does not add up is as good as none.
 */
#include "agent/assignments.h"
#include "libnhip/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MAGIC = 0x4e484131, /* "NHA1" */
    FILE_MAX = 4 << 20,
    INTERFACES_MAX = 16,
    INTERFACE_MAX = 16,
};

struct list {
    uint64_t generation, coming;
    bool receiving;
    struct nh_buf bytes; /* of the list in force */
    struct nh_buf parts; /* of the one that is coming */
};

struct assignments {
    const struct agent_config *config;
    struct nh_schedule *schedule;
    struct list lists[AGENT_COLLECTORS_MAX];
    struct nh_assignment *merged;
    size_t merged_count;
    char interfaces[INTERFACES_MAX][INTERFACE_MAX];
    size_t interface_count;
    void (*changed)(void *arg); /* NULL: nobody wants to know */
    void *changed_arg;
};

static uint32_t
sum(const uint8_t *p, size_t len)
{
    uint32_t h = 2166136261u; /* FNV-1a: against a torn file, not against an enemy */

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

static void
path_of(const struct assignments *a, size_t collector, char out[2 * AGENT_PATH_MAX])
{
    snprintf(out, (size_t)2 * AGENT_PATH_MAX, "%s/assignments-%s", a->config->data,
        a->config->collector[collector].name);
}

/* Is every byte of it an assignment? */
static bool
is_whole(struct nh_slice in)
{
    size_t count = 0;

    while (in.len > 0) {
        struct nh_assignment one;

        if (nh_assignment_decode(&in, &one) != NH_OK || ++count > NH_ASSIGN_CHECKS_MAX)
            return false;
    }
    return true;
}

static void
load(struct assignments *a, size_t collector)
{
    struct list *list = &a->lists[collector];
    char path[2 * AGENT_PATH_MAX];
    struct nh_buf raw;
    struct nh_slice in;
    uint64_t generation;
    uint32_t want;
    uint8_t *room;
    ssize_t got = 0;
    int fd;

    path_of(a, collector, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    nh_buf_init(&raw, FILE_MAX);
    while (
        (room = nh_buf_reserve(&raw, 65536)) != NULL && (got = read(fd, room, 65536)) > 0)
        nh_buf_added(&raw, (size_t)got);
    close(fd);
    in = nh_slice_of(raw.data, raw.len);
    if (room == NULL || got < 0 || nh_take_u32(&in) != FILE_MAGIC)
        in = nh_slice_of(NULL, 0), in.bad = true;
    want = nh_take_u32(&in);
    if (!in.bad && want != sum(in.p, in.len))
        in.bad = true;
    generation = nh_take_u64(&in);
    if (in.bad || !is_whole(in)) {
        nh_log(NH_LOG_WARN, "%s: damaged, not used: the collector hands down a new one",
            path);
    } else {
        nh_buf_put(&list->bytes, in.p, in.len);
        list->generation = generation;
    }
    nh_buf_fini(&raw);
}

static enum nh_err
write_whole(int fd, const struct nh_buf *b)
{
    if (write(fd, b->data, b->len) != (ssize_t)b->len)
        return NH_EIO;
    return fsync(fd) == 0 ? NH_OK : NH_EIO;
}

static void
save(struct assignments *a, size_t collector)
{
    struct list *list = &a->lists[collector];
    char path[2 * AGENT_PATH_MAX], temp[2 * AGENT_PATH_MAX + 8];
    struct nh_buf body, raw;
    int fd = -1;

    path_of(a, collector, path);
    snprintf(temp, sizeof(temp), "%s.new", path);
    nh_buf_init(&body, FILE_MAX);
    nh_buf_init(&raw, FILE_MAX);
    nh_buf_put_u64(&body, list->generation);
    nh_buf_put(&body, list->bytes.data, list->bytes.len);
    nh_buf_put_u32(&raw, FILE_MAGIC);
    nh_buf_put_u32(&raw, sum(body.data, body.len));
    nh_buf_put(&raw, body.data, body.len);
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (nh_buf_err(&raw) != NH_OK || fd < 0 || write_whole(fd, &raw) != NH_OK ||
        rename(temp, path) != 0 || nh_folder_sync_of(path) != NH_OK)
        nh_log(NH_LOG_WARN,
            "%s: cannot be written: %s; measured all the same, asked for again at the "
            "next start",
            path, strerror(errno));
    if (fd >= 0)
        close(fd);
    nh_buf_fini(&body);
    nh_buf_fini(&raw);
}

static bool
has_check(const struct assignments *a, const char *check)
{
    for (size_t i = 0; i < a->merged_count; i++)
        if (strcmp(a->merged[i].check, check) == 0)
            return true;
    return false;
}

static void
add_interface(struct assignments *a, const struct nh_assignment *one)
{
    char name[INTERFACE_MAX];

    if (!nh_param_get(one->params, "interface", name, sizeof(name)) || name[0] == '\0')
        return;
    for (size_t i = 0; i < a->interface_count; i++)
        if (strcmp(a->interfaces[i], name) == 0)
            return;
    if (a->interface_count < INTERFACES_MAX)
        memcpy(a->interfaces[a->interface_count++], name, sizeof(name));
}

/* May it run here? Commands only when this box's own file says so. */
static bool
is_allowed(const struct assignments *a, const struct nh_assignment *one)
{
    char command[NH_PARAM_MAX];

    if (strcmp(one->sensor, "plugin") != 0)
        return true;
    if (!nh_param_get(one->params, "command", command, sizeof(command)))
        return false;
    command[strcspn(command, " \t")] = '\0';
    return agent_plugin_allowed(a->config, command);
}

/* The union into `merged`. Returns how many of `mine` were not allowed. */
static size_t
merge(struct assignments *a, size_t mine, char why[128])
{
    size_t refused = 0;

    a->merged_count = a->interface_count = 0;
    for (size_t c = 0; c < a->config->collector_count; c++) {
        struct nh_slice in = nh_slice_of(a->lists[c].bytes.data, a->lists[c].bytes.len);
        struct nh_assignment one;

        while (in.len > 0 && nh_assignment_decode(&in, &one) == NH_OK) {
            if (!is_allowed(a, &one)) {
                if (c == mine && refused++ == 0)
                    snprintf(
                        why, 128, "%.60s: this plugin is not allowed here", one.check);
                continue;
            }
            add_interface(a, &one);
            if (a->merged_count < NH_ASSIGN_CHECKS_MAX && !has_check(a, one.check))
                a->merged[a->merged_count++] = one;
        }
    }
    return refused;
}

enum nh_err
assignments_new(struct assignments **out, const struct agent_config *config,
    struct nh_schedule *schedule)
{
    struct assignments *a = calloc(1, sizeof(*a));

    *out = NULL;
    if (a == NULL)
        return NH_ENOMEM;
    a->config = config;
    a->schedule = schedule;
    a->merged = calloc(NH_ASSIGN_CHECKS_MAX, sizeof(*a->merged));
    if (a->merged == NULL) {
        free(a);
        return NH_ENOMEM;
    }
    for (size_t i = 0; i < config->collector_count; i++) {
        nh_buf_init(&a->lists[i].bytes, FILE_MAX);
        nh_buf_init(&a->lists[i].parts, FILE_MAX);
        load(a, i);
    }
    *out = a;
    return NH_OK;
}

void
assignments_free(struct assignments *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < AGENT_COLLECTORS_MAX; i++) {
        nh_buf_fini(&a->lists[i].bytes);
        nh_buf_fini(&a->lists[i].parts);
    }
    free(a->merged);
    free(a);
}

static size_t
measure(struct assignments *a, size_t mine, char why[128])
{
    size_t refused = merge(a, mine, why), not_run = 0;
    char reason[128] = "";
    enum nh_err err;

    if (a->changed != NULL)
        a->changed(a->changed_arg);
    if (a->schedule == NULL)
        return refused;
    err = nh_schedule_set(a->schedule, a->merged, a->merged_count, &not_run, reason);
    if (err != NH_OK)
        nh_log(
            NH_LOG_ERROR, "schedule: %s: the checks of before go on", nh_strerror(err));
    if (not_run > 0)
        nh_log(NH_LOG_WARN, "schedule: %zu checks cannot be run, the first: %s", not_run,
            reason);
    if (not_run > 0 && refused == 0)
        memcpy(why, reason, sizeof(reason));
    return refused + not_run;
}

void
assignments_apply(struct assignments *a)
{
    char why[128] = "";

    measure(a, SIZE_MAX, why);
}

bool
assignments_part(struct assignments *a, size_t collector,
    const struct nh_msg_assign *part, struct nh_msg_assigned *answer)
{
    struct list *list = &a->lists[collector];
    size_t refused;

    if (part->first) {
        nh_buf_clear(&list->parts);
        list->coming = part->generation;
        list->receiving = true;
    }
    if (!list->receiving || list->coming != part->generation) {
        list->receiving = false;
        return false;
    }
    nh_buf_put(&list->parts, part->checks.p, part->checks.len);
    if (!part->last)
        return false;
    list->receiving = false;
    *answer = (struct nh_msg_assigned){ .generation = part->generation };
    if (nh_buf_err(&list->parts) != NH_OK ||
        !is_whole(nh_slice_of(list->parts.data, list->parts.len))) {
        snprintf(answer->why, sizeof(answer->why), "the list cannot be read");
        return true; /* the one of before goes on */
    }
    nh_buf_clear(&list->bytes);
    nh_buf_put(&list->bytes, list->parts.data, list->parts.len);
    list->generation = part->generation;
    save(a, collector);
    refused = measure(a, collector, answer->why);
    answer->refused = (uint32_t)refused;
    answer->accepted =
        (uint32_t)(a->merged_count > refused ? a->merged_count - refused : 0);
    return true;
}

const struct nh_assignment *
assignments_all(const struct assignments *a, size_t *count)
{
    *count = a->merged_count;
    return a->merged;
}

void
assignments_watch(struct assignments *a, void (*changed)(void *arg), void *arg)
{
    a->changed = changed;
    a->changed_arg = arg;
    if (changed != NULL)
        changed(arg);
}

uint64_t
assignments_generation(const struct assignments *a, size_t collector)
{
    return a->lists[collector].generation;
}

bool
assignments_find(const struct assignments *a, size_t collector, const char *check,
    struct nh_assignment *out)
{
    const struct nh_buf *bytes = &a->lists[collector].bytes;
    struct nh_slice in = nh_slice_of(bytes->data, bytes->len);

    while (in.len > 0 && nh_assignment_decode(&in, out) == NH_OK)
        if (strcmp(out->check, check) == 0)
            return is_allowed(a, out);
    return false;
}

const char *
assignments_interface(const struct assignments *a, size_t i)
{
    return i < a->interface_count ? a->interfaces[i] : NULL;
}
