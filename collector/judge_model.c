/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * judge_model.c - the judge's checks, links, sites and services, as the inventory has
 * them
 *
 * Built in one go and never changed: a reload builds another judge, which inherits by id
 * what this one knows.
 */
#include "collector/judge_model.h"
#include "collector/strmap.h"
#include <stdlib.h>
#include <string.h>

struct judge_index {
    struct strmap checks, sites, services, links;
};

struct builder {
    struct judge *j;
    size_t cap;
    enum nh_err err;
};

static void
add_check(void *arg, const struct inv_check *in)
{
    struct builder *b = arg;
    struct judge *j = b->j;

    if (b->err != NH_OK)
        return;
    if (j->check_count == b->cap) {
        size_t cap = b->cap == 0 ? 256 : b->cap * 2;
        struct judge_check *more = realloc(j->checks, cap * sizeof(*more));

        if (more == NULL) {
            b->err = NH_ENOMEM;
            return;
        }
        j->checks = more;
        b->cap = cap;
    }
    j->checks[j->check_count] = (struct judge_check){ .in = *in };
    j->checks[j->check_count++].is.why.text = "why_never";
}

static enum nh_err
links_init(struct judge *j, struct judge_site *s, struct inv_link *links, size_t count)
{
    enum nh_err err = NH_OK;

    s->links = calloc(count + 1, sizeof(s->links[0]));
    if (s->links == NULL)
        return NH_ENOMEM;
    s->link_count = count;
    for (size_t i = 0; err == NH_OK && i < count; i++) {
        s->links[i].in = &links[i];
        s->links[i].site = s;
        s->links[i].is.why.text = "why_never";
        err = strmap_put(&j->index->links, links[i].id, &s->links[i]);
    }
    return err;
}

static enum nh_err
sites_init(struct judge *j)
{
    const struct inventory *inv = j->inv;
    enum nh_err err;

    j->sites = calloc(inv->site_count + 1, sizeof(j->sites[0]));
    j->services = calloc(inv->service_count + 1, sizeof(j->services[0]));
    if (j->sites == NULL || j->services == NULL)
        return NH_ENOMEM;
    j->site_count = inv->site_count;
    j->service_count = inv->service_count;
    err = links_init(j, &j->centre, inv->centre.uplinks, inv->centre.uplink_count);
    for (size_t i = 0; err == NH_OK && i < inv->site_count; i++) {
        struct inv_site *in = &inv->sites[i];

        j->sites[i].in = in;
        err = links_init(j, &j->sites[i], in->links, in->link_count);
        if (err == NH_OK)
            err = strmap_put(&j->index->sites, in->id, &j->sites[i]);
    }
    for (size_t i = 0; err == NH_OK && i < inv->service_count; i++) {
        j->services[i].in = &inv->services[i];
        err = strmap_put(&j->index->services, inv->services[i].id, &j->services[i]);
    }
    return err;
}

static enum nh_err
push(struct judge_check ***list, size_t *count, struct judge_check *c)
{
    struct judge_check **more = *list;

    if ((*count & (*count - 1)) == 0) /* full at each power of two */
        more = realloc(*list, (*count == 0 ? 1 : *count * 2) * sizeof(*more));
    if (more == NULL)
        return NH_ENOMEM;
    *list = more;
    more[(*count)++] = c;
    return NH_OK;
}

static bool
is_centre(const struct inv_check *in)
{
    return in->site == NULL && strncmp(in->id, "centre/", 7) == 0;
}

static void
link_place(struct judge_link *l, struct judge_check *c)
{
    const char *kind = c->in.kind->name;

    c->link = l;
    c->quality = &l->in->quality;
    if (strcmp(kind, "path") == 0)
        l->path = c;
    else if (strcmp(kind, "gateway") == 0)
        l->gateway = c;
    else if (strcmp(kind, "port") == 0)
        l->port = c;
    else if (strcmp(kind, "far") == 0)
        l->far = c;
}

static enum nh_err
place(struct judge *j, struct judge_check *c)
{
    struct judge_link *l =
        c->in.link == NULL ? NULL : strmap_get(&j->index->links, c->in.link->id);
    enum nh_err err = strmap_put(&j->index->checks, c->in.id, c);

    c->quality = &j->inv->quality;
    if (l != NULL)
        link_place(l, c);
    if (c->in.site != NULL)
        c->site = strmap_get(&j->index->sites, c->in.site->id);
    else if (is_centre(&c->in))
        c->site = &j->centre;
    if (err == NH_OK && c->in.service != NULL) {
        c->service = strmap_get(&j->index->services, c->in.service->id);
        err = push(&c->service->checks, &c->service->check_count, c);
        if (err == NH_OK && c->site != NULL)
            err = push(&c->site->services, &c->site->service_count, c);
    } else if (err == NH_OK && c->site != NULL) {
        err = push(&c->site->checks, &c->site->check_count, c);
        if (c->in.link == NULL && strcmp(c->in.kind->name, "power") == 0)
            c->site->power = c;
        if (c->in.link == NULL && strcmp(c->in.kind->name, "host") == 0)
            c->site->host = c;
    }
    return err == NH_OK ? judge_window_init(c) : err;
}

enum nh_err
judge_new(struct judge **out, const struct inventory *inv, uint64_t generation)
{
    struct builder b = { .j = calloc(1, sizeof(*b.j)) };

    *out = NULL;
    if (b.j == NULL)
        return NH_ENOMEM;
    b.j->inv = inv;
    b.j->generation = generation;
    b.j->changed = true;
    b.j->index = calloc(1, sizeof(*b.j->index));
    if (b.j->index == NULL)
        b.err = NH_ENOMEM;
    if (b.err == NH_OK)
        b.err = sites_init(b.j);
    if (b.err == NH_OK)
        inventory_checks(inv, add_check, &b);
    for (size_t i = 0; b.err == NH_OK && i < b.j->check_count; i++)
        b.err = place(b.j, &b.j->checks[i]);
    if (b.err != NH_OK) {
        judge_free(b.j);
        return b.err;
    }
    *out = b.j;
    return NH_OK;
}

static void
site_fini(struct judge_site *s)
{
    free(s->links);
    free(s->checks);
    free(s->services);
}

void
judge_free(struct judge *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->check_count; i++)
        judge_window_fini(&j->checks[i]);
    for (size_t i = 0; j->sites != NULL && i < j->site_count; i++)
        site_fini(&j->sites[i]);
    for (size_t i = 0; j->services != NULL && i < j->service_count; i++)
        free(j->services[i].checks);
    site_fini(&j->centre);
    if (j->index != NULL) {
        strmap_fini(&j->index->checks);
        strmap_fini(&j->index->sites);
        strmap_fini(&j->index->services);
        strmap_fini(&j->index->links);
    }
    free(j->index);
    free(j->checks);
    free(j->sites);
    free(j->services);
    free(j);
}

struct judge_check *
judge_check_find(const struct judge *j, const char *id)
{
    return strmap_get(&j->index->checks, id);
}

struct judge_site *
judge_site_find(const struct judge *j, const char *id)
{
    return strmap_get(&j->index->sites, id);
}

struct judge_service *
judge_service_find(const struct judge *j, const char *id)
{
    return strmap_get(&j->index->services, id);
}

/* A check of the same kind goes on where it was; its window does too when it is as long.
 */
static void
inherit_check(struct judge_check *c, const struct judge_check *old)
{
    if (c->in.kind != old->in.kind)
        return;
    c->is = old->is;
    c->last = old->last;
    c->at_ms = old->at_ms;
    c->live = old->live;
    c->ever_up = old->ever_up;
    c->missed = old->missed;
    c->missed_since_ms = old->missed_since_ms;
    if (c->round_cap == old->round_cap && c->round_cap > 0) {
        memcpy(c->rounds, old->rounds, c->round_cap * sizeof(c->rounds[0]));
        c->round_count = old->round_count;
        c->round_next = old->round_next;
    }
}

void
judge_inherit(struct judge *j, const struct judge *before)
{
    for (size_t i = 0; i < j->check_count; i++) {
        const struct judge_check *old = judge_check_find(before, j->checks[i].in.id);

        if (old != NULL)
            inherit_check(&j->checks[i], old);
    }
    for (size_t i = 0; i < j->site_count; i++) {
        const struct judge_site *old = judge_site_find(before, j->sites[i].in->id);

        if (old != NULL)
            j->sites[i].is = old->is;
        for (size_t k = 0; k < j->sites[i].link_count; k++) {
            struct judge_link *l = &j->sites[i].links[k];
            const struct judge_link *was = strmap_get(&before->index->links, l->in->id);

            if (was != NULL)
                l->is = was->is;
            if (was != NULL)
                l->learnt = was->learnt;
        }
    }
    for (size_t i = 0; i < j->centre.link_count; i++) {
        struct judge_link *l = &j->centre.links[i];
        const struct judge_link *was = strmap_get(&before->index->links, l->in->id);

        if (was != NULL)
            l->is = was->is;
    }
    for (size_t i = 0; i < j->service_count; i++) {
        const struct judge_service *old =
            judge_service_find(before, j->services[i].in->id);

        if (old != NULL)
            j->services[i].is = old->is;
    }
}
