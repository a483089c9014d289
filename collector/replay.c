/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.c - lines in, incidents out: the machine and the policy as the daemon runs them,
 * on the stream's clock
 *
 * zlib reads plain files as well as compressed ones. What is told is kept until the end,
 * when every incident is printed as it stands.
 */
#include "collector/replay.h"
#include "collector/diagnose.h"
#include "collector/pace.h"
#include "libnhip/replay_line.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { LINE_MAX_BYTES = 1 << 16 };

struct told {
    uint32_t incident;
    char *json; /* owned */
};

struct replay {
    const struct inventory *inv;
    struct pace pace;
    size_t told_count, told_cap, incident_count, incident_cap;
    struct told *told;
    struct incident *incidents; /* owned, by number */
    int64_t from_ms, now_ms;
    uint64_t lines;
    bool failed; /* out of memory */
};

static void
on_incident(
    void *arg, const struct incident *in, enum incident_change change, int64_t now_ms)
{
    struct replay *r = arg;
    struct incident copy;
    size_t i = 0;

    policy_incident(r->pace.p, in, change, now_ms);
    while (i < r->incident_count && r->incidents[i].number != in->number)
        i++;
    if (i == r->incident_cap) {
        size_t cap = r->incident_cap == 0 ? 16 : r->incident_cap * 2;
        struct incident *more = realloc(r->incidents, cap * sizeof(*more));

        if (more == NULL) {
            r->failed = true;
            return;
        }
        r->incidents = more;
        r->incident_cap = cap;
    }
    if (incident_dup(&copy, in) != NH_OK) {
        r->failed = true;
        return;
    }
    if (i == r->incident_count)
        r->incident_count++;
    else
        incident_fini(&r->incidents[i]);
    r->incidents[i] = copy;
}

/* Takes `json`. */
static void
note_told(struct replay *r, uint32_t incident, char *json)
{
    if (r->told_count == r->told_cap) {
        size_t cap = r->told_cap == 0 ? 32 : r->told_cap * 2;
        struct told *more = realloc(r->told, cap * sizeof(*more));

        if (more == NULL) {
            r->failed = true;
            free(json);
            return;
        }
        r->told = more;
        r->told_cap = cap;
    }
    r->failed |= json == NULL;
    if (json != NULL)
        r->told[r->told_count++] = (struct told){ incident, json };
}

/* A digest stands with each incident that it tells of. */
static void
on_message(void *arg, const struct message *m)
{
    struct replay *r = arg;
    struct nh_buf b;

    nh_buf_init(&b, 1 << 20);
    nh_buf_printf(&b, "{\"at\":");
    nh_json_fixed(&b, m->at_ms, 3);
    nh_buf_printf(&b, ",\"to\":");
    nh_json_string(&b, m->to->id);
    nh_buf_printf(&b, ",\"channel\":\"%s\",\"text\":", m->channel);
    nh_json_string(&b, strcmp(m->channel, "sms") == 0 ? m->sms : m->text);
    nh_buf_printf(&b, ",\"about\":\"%s\"}", message_about_name(m->about));
    nh_buf_put_u8(&b, 0);
    if (nh_buf_err(&b) == NH_OK) {
        note_told(r, m->incident, strdup((const char *)b.data));
        for (size_t i = 0; i < m->also_count; i++)
            note_told(r, m->also[i], strdup((const char *)b.data));
    } else {
        r->failed = true;
    }
    nh_buf_fini(&b);
}

/* ---- feeding ---- */

static void
feed_reading(struct replay *r, const struct replay_line *l, int64_t arrived_ms)
{
    int check = diagnose_check_find(r->pace.d, l->check);
    const char *kind = strrchr(l->check, '/');
    const struct nh_kind *k = kind == NULL ? NULL : nh_kind_find(kind + 1);
    struct nh_reading out = { 0 };

    if (strncmp(l->check, "service/", 8) == 0)
        k = nh_kind_find("service");
    for (size_t i = 0; k != NULL && i < l->value_count; i++) {
        int m = l->values[i].known ? nh_kind_metric(k, l->values[i].name) : -1;

        if (m < 0)
            continue;
        out.present |= 1U << m;
        out.value[m] = nh_to_fixed(l->values[i].value, k->metrics[m].decimals);
    }
    diagnose_reading(r->pace.d, k == NULL ? DIAGNOSE_NO_CHECK : check, &out, l->at_ms,
        arrived_ms, l->has_boot ? l->boot : NULL, false);
}

static void
feed(struct replay *r, const struct replay_line *l)
{
    int64_t arrived_ms;

    if (r->from_ms == 0)
        r->from_ms = l->arrived_ms;
    if (l->arrived_ms > r->now_ms)
        r->now_ms = l->arrived_ms;
    if (!l->is_reading && !l->is_event) {
        pace_step(&r->pace, r->now_ms); /* silence, as a daemon would see it */
        return;
    }
    arrived_ms = pace_reach(&r->pace, r->now_ms);
    if (l->is_reading)
        feed_reading(r, l, arrived_ms);
    else
        diagnose_event(r->pace.d, &l->event, l->site[0] != '\0' ? l->site : NULL,
            l->link[0] != '\0' ? l->link : NULL, l->at_ms, arrived_ms);
}

static bool
take_line(struct replay *r, const char *text, size_t len)
{
    static struct replay_line line; /* too big for the stack, used by one thread */
    const char *wrong;

    r->lines++;
    if (len == 0)
        return true;
    wrong = replay_parse(text, len, &line);
    if (wrong != NULL) {
        fprintf(stderr, "line %llu: %s\n", (unsigned long long)r->lines, wrong);
        return false;
    }
    if (line.is_event)
        snprintf(line.event.boot, sizeof(line.event.boot), "%.32s", line.boot);
    if (line.arrived_ms < r->now_ms)
        line.arrived_ms = r->now_ms;
    feed(r, &line);
    return true;
}

static int
read_all(struct replay *r, gzFile in)
{
    static char buf[LINE_MAX_BYTES];
    size_t have = 0;
    int n;

    while ((n = gzread(in, buf + have, (unsigned)(sizeof(buf) - have))) > 0) {
        char *line = buf, *end = buf + have + n, *nl;

        while ((nl = memchr(line, '\n', (size_t)(end - line))) != NULL) {
            if (!take_line(r, line, (size_t)(nl - line)))
                return 2;
            line = nl + 1;
        }
        have = (size_t)(end - line);
        if (have == sizeof(buf)) {
            fprintf(stderr, "line %llu: longer than %d bytes\n",
                (unsigned long long)r->lines + 1, LINE_MAX_BYTES);
            return 2;
        }
        memmove(buf, line, have);
    }
    if (n < 0) {
        fprintf(stderr, "line %llu: cannot be read on: %s\n",
            (unsigned long long)r->lines + 1, gzerror(in, &n));
        return 2;
    }
    return have == 0 || take_line(r, buf, have) ? 0 : 2;
}

/* ---- printing ---- */

static uint32_t
root_of(const struct replay *r, uint32_t number)
{
    for (size_t hops = 0; hops < r->incident_count; hops++) {
        uint32_t next = 0;

        for (size_t i = 0; i < r->incident_count; i++)
            if (r->incidents[i].number == number)
                next = r->incidents[i].merged_into;
        if (next == 0)
            break;
        number = next;
    }
    return number;
}

static void
print(struct replay *r, FILE *out)
{
    struct nh_buf b;
    size_t shown = 0;

    nh_buf_init(&b, 256 << 20);
    for (size_t i = 0; i < r->incident_count; i++) {
        const struct incident *in = &r->incidents[i];
        bool first = true;

        if (in->merged_into != 0)
            continue;
        shown++;
        incident_json_open(&b, in, r->inv->language);
        nh_buf_printf(&b, ",\"notifications\":[");
        for (size_t k = 0; k < r->told_count; k++) {
            if (root_of(r, r->told[k].incident) != in->number)
                continue;
            nh_buf_printf(&b, first ? "" : ",");
            nh_buf_put(&b, r->told[k].json, strlen(r->told[k].json));
            first = false;
        }
        nh_buf_printf(&b, "]}\n");
    }
    nh_buf_printf(&b,
        "{\"summary\":{\"lines\":%llu,\"incidents\":%zu,\"notifications\":%zu,\"from\":",
        (unsigned long long)r->lines, shown, r->told_count);
    nh_json_fixed(&b, r->from_ms, 3);
    nh_buf_printf(&b, ",\"to\":");
    nh_json_fixed(&b, r->now_ms, 3);
    nh_buf_printf(&b, "}}\n");
    if (nh_buf_err(&b) != NH_OK || fwrite(b.data, 1, b.len, out) != b.len)
        r->failed = true;
    nh_buf_fini(&b);
}

static void
refresh(struct replay *r)
{
    for (size_t i = 0; i < r->incident_count; i++) {
        const struct incident *now = diagnose_find(r->pace.d, r->incidents[i].number);
        struct incident copy;

        if (now == NULL || now->told_closed_ms != 0 || now->merged_into != 0 ||
            incident_dup(&copy, now) != NH_OK)
            continue;
        incident_fini(&r->incidents[i]);
        r->incidents[i] = copy;
    }
}

int
replay_run(const struct inventory *inv, const char *path, FILE *out)
{
    struct replay r = { .inv = inv };
    const struct diagnose_events de = { &r, on_incident };
    const struct policy_events pe = { &r, on_message };
    gzFile in =
        strcmp(path, "-") == 0 ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path, "rb");
    int status = 2;

    if (in == NULL)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    else if (policy_new(&r.pace.p, inv, &pe) == NH_OK &&
             diagnose_new(&r.pace.d, inv, &de) == NH_OK)
        status = read_all(&r, in);
    if (status == 0) {
        diagnose_clock(r.pace.d, r.now_ms);
        refresh(&r); /* minutes of what is open, up to now */
        print(&r, out);
        status = r.failed || fflush(out) != 0 ? 1 : 0;
    }
    if (in != NULL)
        gzclose(in);
    for (size_t i = 0; i < r.told_count; i++)
        free(r.told[i].json);
    for (size_t i = 0; i < r.incident_count; i++)
        incident_fini(&r.incidents[i]);
    free(r.told);
    free(r.incidents);
    diagnose_free(r.pace.d);
    policy_free(r.pace.p);
    return status;
}
