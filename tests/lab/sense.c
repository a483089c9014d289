/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sense.c - run the assignments named on the command line, readings as JSON lines
 *
 *   sense [-n READINGS] CHECK,KIND,SENSOR,EVERY_MS,name=value,name=value ...
 *
 * Ends after READINGS readings, or when it is told to (SIGTERM).
 */
#include "libnhip/loop.h"
#include "libnhip/sensor.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sense {
    struct nh_loop *loop;
    struct nh_dict *dict;
    struct nh_schedule *schedule;
    unsigned long left; /* readings still to print; 0: no end */
};

static void
print_why(void *arg, const struct nh_probe_status *status)
{
    (void)arg;
    if (*status->why != '\0')
        printf("{\"check\":\"%s\",\"why\":\"%s\"}\n", status->assignment->check,
            status->why);
}

static void
on_readings(void *arg, struct nh_reading *readings, size_t count)
{
    struct sense *se = arg;

    for (size_t i = 0; i < count; i++) {
        const struct nh_check *c = nh_dict_get(se->dict, readings[i].check);

        printf("{\"check\":\"%s\",\"mono_ms\":%" PRId64, c->id, readings[i].mono_ms);
        for (int m = 0; m < c->kind->count; m++)
            if ((readings[i].present >> m & 1) != 0)
                printf(",\"%s\":%.*f", c->kind->metrics[m].name,
                    c->kind->metrics[m].decimals,
                    nh_from_fixed(readings[i].value[m], c->kind->metrics[m].decimals));
        printf("}\n");
        if (se->left > 0 && --se->left == 0)
            nh_loop_stop(se->loop);
    }
    nh_schedule_each(se->schedule, print_why, NULL);
    fflush(stdout);
}

static void
on_event(void *arg, const struct nh_event *event)
{
    (void)arg;
    printf("{\"event\":\"%s\",\"object\":\"%s\",\"text\":\"%s\"}\n", event->name,
        event->object, event->text);
    fflush(stdout);
}

/* The next field of `*at` up to a comma, into `out`. */
static bool
take(const char **at, char *out, size_t size)
{
    size_t len = strcspn(*at, ",");

    if (len >= size)
        return false;
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len + ((*at)[len] == ',');
    return true;
}

static bool
parse(const char *text, struct nh_assignment *a)
{
    char every[16], param[NH_PARAM_MAX];
    size_t used = 0;

    memset(a, 0, sizeof(*a));
    if (!take(&text, a->check, sizeof(a->check)) ||
        !take(&text, a->kind, sizeof(a->kind)) ||
        !take(&text, a->sensor, sizeof(a->sensor)) || !take(&text, every, sizeof(every)))
        return false;
    a->every_ms = (uint32_t)strtoul(every, NULL, 10);
    while (*text != '\0' && take(&text, param, sizeof(param))) {
        int n = snprintf(a->params + used, sizeof(a->params) - used, "%s\n", param);

        if (n < 0 || (size_t)n >= sizeof(a->params) - used)
            return false;
        used += (size_t)n;
    }
    return true;
}

int
main(int argc, char **argv)
{
    struct sense se = { 0 };
    const struct nh_schedule_events events = { on_readings, on_event, &se };
    struct nh_assignment *list = calloc((size_t)argc, sizeof(*list));
    size_t count = 0, refused;
    char why[128];
    int opt, status = 1;

    while ((opt = getopt(argc, argv, "n:")) != -1)
        if (opt == 'n')
            se.left = strtoul(optarg, NULL, 10);
    for (; list != NULL && optind < argc; optind++)
        if (!parse(argv[optind], &list[count++])) {
            fprintf(stderr, "sense: what is %s?\n", argv[optind]);
            goto out;
        }
    if (list == NULL || nh_loop_new(&se.loop) != NH_OK ||
        nh_dict_new(&se.dict) != NH_OK ||
        nh_schedule_new(&se.schedule, nh_loop_base(se.loop), se.dict, &events) != NH_OK ||
        nh_schedule_set(se.schedule, list, count, &refused, why) != NH_OK)
        goto out;
    if (refused > 0)
        printf("{\"refused\":%zu,\"why\":\"%s\"}\n", refused, why);
    printf("{\"running\":%zu}\n", count - refused);
    fflush(stdout);
    status = nh_loop_run(se.loop) == NH_OK ? 0 : 1;
out:
    nh_schedule_free(se.schedule);
    nh_dict_free(se.dict);
    nh_loop_free(se.loop);
    free(list);
    return status;
}
