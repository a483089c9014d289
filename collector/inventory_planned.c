/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inventory_planned.c - planned work that comes at run time, put beside the file's */
#include "collector/inventory_reader.h"
#include <stdio.h>
#include <string.h>

struct names { /* what a list of ids names */
    size_t count;
    void **found; /* NULL: only counted */
};

/* Each id of the list, by `kind`. */
static enum nh_err
find_names(const struct inv_store *store, enum inv_kind kind, const char *list,
    struct names *out, char unknown[NH_CHECK_ID_MAX])
{
    out->count = 0;
    while (*(list += strspn(list, " ")) != '\0') {
        size_t len = strcspn(list, " ");
        void *thing;

        snprintf(unknown, NH_CHECK_ID_MAX, "%.*s", (int)len, list);
        thing = len < NH_CHECK_ID_MAX ? inv_index_find(store, kind, unknown) : NULL;
        if (thing == NULL)
            return NH_ENOTFOUND;
        if (out->found != NULL)
            out->found[out->count] = thing;
        out->count++;
        list += len;
    }
    return NH_OK;
}

struct inv_planned *
inventory_planned(const struct inventory *inv, const char *id)
{
    for (size_t i = 0; i < inv->planned_count; i++)
        if (strcmp(inv->planned[i].id, id) == 0)
            return &inv->planned[i];
    return NULL;
}

enum nh_err
inventory_plan_check(const struct inventory *inv, const struct inv_plan *plan,
    char unknown[NH_CHECK_ID_MAX])
{
    const struct inv_store *store = (const struct inv_store *)inv;
    struct names links = { 0 }, sites = { 0 };
    enum nh_err err;

    unknown[0] = '\0';
    if (!inv_is_id(plan->id) || plan->to_s <= plan->from_s)
        return NH_EINVAL;
    if (inventory_planned(inv, plan->id) != NULL)
        return NH_EEXIST;
    snprintf(unknown, NH_CHECK_ID_MAX, "%.60s", plan->who);
    if (plan->who[0] != '\0' && inv_index_find(store, INV_CARRIER, plan->who) == NULL)
        return NH_ENOTFOUND;
    err = find_names(store, INV_LINK, plan->links, &links, unknown);
    if (err == NH_OK)
        err = find_names(store, INV_SITE, plan->sites, &sites, unknown);
    if (err != NH_OK)
        return err;
    unknown[0] = '\0';
    return links.count + sites.count == 0 ? NH_EINVAL : NH_OK;
}

enum nh_err
inventory_plan(
    struct inventory *inv, const struct inv_plan *plan, char unknown[NH_CHECK_ID_MAX])
{
    struct inv_store *store = (struct inv_store *)inv;
    /* an id and its space are two bytes at least */
    struct names links = { 0,
        inv_alloc(store, strlen(plan->links) / 2 + 1, sizeof(void *)) };
    struct names sites = { 0,
        inv_alloc(store, strlen(plan->sites) / 2 + 1, sizeof(void *)) };
    struct inv_planned *all =
        inv_alloc(store, inv->planned_count + 1, sizeof(inv->planned[0]));
    struct inv_planned p = { .id = inv_strdup(store, plan->id),
        .who = inv_strdup(store, plan->who),
        .why = inv_strdup(store, plan->why),
        .from_s = plan->from_s,
        .to_s = plan->to_s,
        .added = true };
    enum nh_err err = inventory_plan_check(inv, plan, unknown);

    if (err != NH_OK)
        return err;
    if (links.found == NULL || sites.found == NULL || all == NULL || p.id == NULL ||
        p.who == NULL || p.why == NULL)
        return NH_ENOMEM;
    if (find_names(store, INV_LINK, plan->links, &links, unknown) != NH_OK ||
        find_names(store, INV_SITE, plan->sites, &sites, unknown) != NH_OK)
        return NH_ENOTFOUND;
    p.links = (struct inv_link **)links.found;
    p.link_count = links.count;
    p.sites = (struct inv_site **)sites.found;
    p.site_count = sites.count;
    if (inv->planned_count > 0)
        memcpy(all, inv->planned, inv->planned_count * sizeof(all[0]));
    all[inv->planned_count] = p;
    inv->planned = all;
    inv->planned_count++;
    return NH_OK;
}
