/* SPDX-License-Identifier: GPL-3.0-or-later */
/* planned.c - planned work: what is announced, and announcing more */
#include "libnhip/buf.h"
#include "nhipctl/ctl.h"
#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 1 << 20 };

static void
print_ids(const json_t *list)
{
    const json_t *id;
    size_t i;

    json_array_foreach(list, i, id) printf(" %s", json_string_value(id));
}

static void
print_planned(struct ctl *ctl, const json_t *is)
{
    const json_t *list = json_object_get(is, "planned"), *p;
    char from[32], to[32];
    size_t i;

    (void)ctl;
    if (json_array_size(list) == 0)
        printf("no planned work\n");
    json_array_foreach(list, i, p)
    {
        printf("%s %-22s %s to %s  %s%s, %s:",
            json_is_true(json_object_get(p, "now")) ? "◆" : "○", ctl_str(p, "id"),
            ctl_when(p, "from", from), ctl_when(p, "to", to), ctl_str(p, "party"),
            strcmp(ctl_str(p, "source"), "inventory") == 0 ? " (of the file)" : "",
            *ctl_str(p, "why") ? ctl_str(p, "why") : "no reason given");
        print_ids(json_object_get(p, "sites"));
        print_ids(json_object_get(p, "links"));
        putchar('\n');
    }
}

int
ctl_planned_list(struct ctl *ctl)
{
    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_no_options(ctl, 0, 0, "planned list"))
        return CTL_USAGE;
    return ctl_show(ctl, json_pack("{s:s}", "do", "planned_list"), print_planned);
}

/* Links are named SITE/LINK, sites by their id: each list parted by spaces. */
static bool
set_ids(json_t *ask, const struct ctl *ctl, int from, const char *key, bool links)
{
    struct nh_buf list;
    bool ok;

    nh_buf_init(&list, LIST_MAX);
    for (int i = from; i < ctl->argc; i++)
        if ((strchr(ctl->argv[i], '/') != NULL) == links)
            nh_buf_printf(&list, "%s%s", list.len > 0 ? " " : "", ctl->argv[i]);
    ok = nh_buf_err(&list) == NH_OK;
    if (ok && list.len > 0)
        ok = json_object_set_new(
                 ask, key, json_stringn((const char *)list.data, list.len)) == 0;
    nh_buf_fini(&list);
    return ok;
}

int
ctl_planned_add(struct ctl *ctl)
{
    static const char usage[] = "planned add ID FROM TO SITE|SITE/LINK... [--party "
                                "CARRIER] [--why TEXT]";
    const char *party = NULL, *why = NULL;
    int64_t from, to;
    json_t *ask;

    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_value(ctl, "--party", &party) || !ctl_value(ctl, "--why", &why) ||
        !ctl_no_options(ctl, 4, ctl->argc, usage))
        return CTL_USAGE;
    if (!ctl_time(ctl->argv[1], &from) || !ctl_time(ctl->argv[2], &to) || from >= to) {
        fprintf(stderr,
            "nhipctl: FROM and TO are times in order: \"2026-11-30 22:00\" or Unix "
            "seconds\n");
        return CTL_USAGE;
    }
    ask = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s*, s:s*}", "do", "planned_add",
        "planned", ctl->argv[0], "from", (json_int_t)from, "to", (json_int_t)to, "who",
        ctl_who(), "way", "nhipctl", "party", party, "why", why);
    if (ask == NULL || !set_ids(ask, ctl, 3, "sites", false) ||
        !set_ids(ask, ctl, 3, "links", true)) {
        fprintf(stderr, "nhipctl: a word of it is not UTF-8\n");
        json_decref(ask);
        return CTL_USAGE;
    }
    return ctl_show(ctl, ask, print_planned);
}

int
ctl_planned_end(struct ctl *ctl)
{
    ctl->json |= ctl_flag(ctl, "--json");
    if (!ctl_no_options(ctl, 1, 1, "planned end ID"))
        return CTL_USAGE;
    return ctl_show(ctl,
        json_pack("{s:s, s:s, s:s, s:s}", "do", "planned_end", "planned", ctl->argv[0],
            "who", ctl_who(), "way", "nhipctl"),
        print_planned);
}
