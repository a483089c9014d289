/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * assets.c - style, script, charts and the sign: shared by all answers, kept an hour
 */
#include "web/pages/assets.h"
#include "web/web.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASSETS_MAX = 32, ASSET_MAX_BYTES = 1024 * 1024, KEEP_S = 3600 };

struct assets {
    size_t count;
    struct {
        char name[64];
        struct body *body;
    } all[ASSETS_MAX];
};

static const char *
type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".svg", "image/svg+xml" },
        { ".txt", "text/plain; charset=utf-8" },
    };

    for (size_t i = 0; i < NH_COUNT(types); i++) {
        size_t len = strlen(name), end = strlen(types[i].end);

        if (len > end && strcmp(name + len - end, types[i].end) == 0)
            return types[i].type;
    }
    return NULL;
}

static enum nh_err
load(struct assets *a, const char *dir, const char *name)
{
    enum nh_err err = NH_EIO;
    char path[WEB_PATH_MAX];
    struct nh_buf b;
    FILE *f;

    nh_buf_init(&b, ASSET_MAX_BYTES);
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "re");
    if (f == NULL || nh_buf_reserve(&b, ASSET_MAX_BYTES) == NULL)
        goto out;
    nh_buf_added(&b, fread(b.data, 1, ASSET_MAX_BYTES, f));
    if (ferror(f))
        goto out;
    snprintf(a->all[a->count].name, sizeof(a->all[0].name), "%s", name);
    a->all[a->count].body = body_new(type_of(name), &b);
    err = a->all[a->count].body != NULL ? NH_OK : NH_ENOMEM;
    a->count += err == NH_OK;
out:
    if (f != NULL)
        fclose(f);
    nh_buf_fini(&b);
    return err;
}

enum nh_err
assets_load(struct assets **out, const char *dir)
{
    struct assets *a = calloc(1, sizeof(*a));
    DIR *d = opendir(dir);
    enum nh_err err = d != NULL && a != NULL ? NH_OK : NH_EIO;
    struct dirent *e;

    *out = NULL;
    while (err == NH_OK && (e = readdir(d)) != NULL)
        if (type_of(e->d_name) != NULL && strlen(e->d_name) < sizeof(a->all[0].name) &&
            a->count < ASSETS_MAX)
            err = load(a, dir, e->d_name);
    if (d != NULL)
        closedir(d);
    if (err != NH_OK) {
        assets_free(a);
        return err;
    }
    *out = a;
    return NH_OK;
}

void
assets_free(struct assets *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->count; i++)
        body_unref(a->all[i].body);
    free(a);
}

static void
serve(void *arg, struct request *r)
{
    struct web *w = arg;

    for (size_t i = 0; i < w->assets->count; i++)
        if (strcmp(w->assets->all[i].name, request_rest(r)) == 0) {
            request_set_max_age(r, KEEP_S);
            request_answer(r, 200, body_ref(w->assets->all[i].body));
            return;
        }
    web_refuse(w, r, 404);
}

const struct page page_assets = { "/assets/", true, serve, NULL };
