/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test.c - tests on demand: what the box says is printed as it comes */
#include "nhipctl/ctl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_values(const json_t *values)
{
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *)(uintptr_t)values, name, value)
        printf("  %-14s %.6g\n", name, json_number_value(value));
}

static void
print_hop(const json_t *hop)
{
    const char *word = json_string_value(json_object_get(hop, "word"));
    const char *address = json_string_value(json_object_get(hop, "address"));
    const json_t *rtt;
    size_t i;

    printf("%3" JSON_INTEGER_FORMAT "  %-39s",
        json_integer_value(json_object_get(hop, "hop")),
        address != NULL && *address != '\0' ? address : "(no answer)");
    json_array_foreach(json_object_get(hop, "rtt_ms"), i, rtt)
    {
        if (json_is_number(rtt))
            printf("  %8.3f ms", json_number_value(rtt));
        else
            printf("  %8s   ", "*");
    }
    if (word != NULL && strcmp(word, "unreachable") == 0)
        printf("  no way on");
    putchar('\n');
}

static void
print_size(const json_t *size)
{
    const char *by = json_string_value(json_object_get(size, "by"));

    printf("  %5" JSON_INTEGER_FORMAT " bytes  %s",
        json_integer_value(json_object_get(size, "bytes")),
        json_is_true(json_object_get(size, "fits")) ? "comes through" : "does not fit");
    if (by != NULL)
        printf(" (says %s)", by);
    putchar('\n');
}

static void
print_part(struct ctl *ctl, const json_t *part)
{
    if (ctl->json)
        ctl_print_json(part);
    else if (json_object_get(part, "hop") != NULL)
        print_hop(part);
    else if (json_object_get(part, "bytes") != NULL)
        print_size(part);
    fflush(stdout);
}

static int
print_end(struct ctl *ctl, const json_t *is)
{
    const json_t *reached = json_object_get(is, "reached"), *mtu;
    const char *why = json_string_value(json_object_get(is, "why"));

    if (ctl->json)
        ctl_print_json(is);
    else if ((mtu = json_object_get(is, "mtu")) != NULL)
        printf("packets of up to %" JSON_INTEGER_FORMAT " bytes come through\n",
            json_integer_value(mtu));
    else if (json_is_true(reached))
        printf("reached\n");
    else if (reached != NULL)
        printf("not reached: %s\n", why != NULL ? why : "");
    else
        print_values(json_object_get(is, "values"));
    return json_is_false(reached) ? CTL_NO : CTL_DONE;
}

/* `place` is SITE/LINK, or SITE alone. */
static int
run(struct ctl *ctl, const char *place, const char *kind, const char *service)
{
    size_t len = strcspn(place, "/");
    bool is_train = service != NULL && strcmp(kind, "train") == 0;
    json_int_t packets = 0;
    json_t *ask, *is;
    int status;

    if (is_train && !ctl_number("train", service, &packets))
        return CTL_USAGE;
    ask = json_pack("{s:s, s:s, s:s%}", "do", "test", "test", kind, "site", place, len);
    if (place[len] == '/')
        json_object_set_new(ask, "link", json_string(place + len + 1));
    if (is_train)
        json_object_set_new(ask, "count", json_integer(packets));
    else if (service != NULL)
        json_object_set_new(ask, "service", json_string(service));
    ctl->on_part = print_part;
    is = ctl_ask(ctl, ask, &status);
    if (is == NULL)
        return status;
    status = print_end(ctl, is);
    json_decref(is);
    return status;
}

int
ctl_trace(struct ctl *ctl)
{
    return run(ctl, ctl->argv[0], "trace", NULL);
}

int
ctl_test(struct ctl *ctl)
{
    return run(ctl, ctl->argv[0], ctl->argc > 1 ? ctl->argv[1] : "train",
        ctl->argc > 2 ? ctl->argv[2] : NULL);
}
