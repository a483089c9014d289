/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.c - templates are compiled to a flat list of nodes and walked
 *
 * A section node knows the index of its end, so that rendering is a walk with jumps; the
 * values in force are a stack of JSON objects, looked through from the top.
 */
#include "web/template.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NESTING_MAX = 24, TEMPLATE_MAX = 256 * 1024, NODES_MAX = 4096 };

enum node_type { TEXT, VALUE, RAW, WORD, WORD_OF, SECTION, INVERTED, END, PARTIAL };

struct node {
    enum node_type type;
    char *s; /* owned: text, name, key */
    size_t len, end;
};
struct compiled {
    char *name;
    struct node *nodes;
    size_t count;
};
struct templates {
    struct compiled *all;
    size_t count;
};
struct compiler {
    struct compiled *c;
    struct template_problem *problem;
    const char *text;
    size_t open[NESTING_MAX], depth;
};
struct render {
    const struct templates *set;
    enum nh_lang lang;
    struct nh_buf *out;
    const json_t *stack[NESTING_MAX];
    size_t depth;
    unsigned partials;
};

static enum nh_err
bad(struct compiler *k, const char *at, const char *what)
{
    int line = 1;

    for (const char *p = k->text; p < at; p++)
        line += *p == '\n';
    snprintf(k->problem->text, sizeof(k->problem->text), "%s.html:%d: %s", k->c->name,
        line, what);
    return NH_EFORMAT;
}

static enum nh_err
add_node(struct compiled *c, enum node_type type, const char *s, size_t len)
{
    struct node *grown;

    if (c->count == NODES_MAX)
        return NH_ETOOBIG;
    grown = realloc(c->nodes, (c->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return NH_ENOMEM;
    c->nodes = grown;
    c->nodes[c->count] = (struct node){ .type = type, .s = malloc(len + 1), .len = len };
    if (c->nodes[c->count].s == NULL)
        return NH_ENOMEM;
    memcpy(c->nodes[c->count].s, s, len);
    c->nodes[c->count].s[len] = '\0';
    c->count++;
    return NH_OK;
}

/* Text between tags, without the indentation of its lines. */
static enum nh_err
add_text(struct compiled *c, const char *s, size_t len)
{
    struct nh_buf b;
    enum nh_err err;
    bool at_start = false;

    nh_buf_init(&b, TEMPLATE_MAX);
    for (size_t i = 0; i < len; i++) {
        if (at_start && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n'))
            continue;
        at_start = s[i] == '\n';
        nh_buf_put_u8(&b, (uint8_t)s[i]);
    }
    err = nh_buf_err(&b);
    if (err == NH_OK && b.len > 0)
        err = add_node(c, TEXT, (const char *)b.data, b.len);
    nh_buf_fini(&b);
    return err;
}

static enum nh_err
close_section(struct compiler *k, const char *at, const char *name, size_t len)
{
    struct node *opened;

    if (k->depth == 0)
        return bad(k, at, "a section ends that never began");
    opened = &k->c->nodes[k->open[--k->depth]];
    if (opened->len != len || memcmp(opened->s, name, len) != 0)
        return bad(k, at, "another section is open here");
    opened->end = k->c->count;
    return add_node(k->c, END, name, len);
}

/* One tag: [s, s+len) is what stands between the braces. */
static enum nh_err
add_tag(struct compiler *k, const char *s, size_t len, bool raw)
{
    enum node_type type = raw ? RAW : VALUE;
    size_t skip = 1;

    if (len == 0)
        return bad(k, s, "an empty tag");
    if (*s == '!')
        return NH_OK;
    if (*s == '/')
        return close_section(k, s, s + 1, len - 1);
    if (*s == '#' || *s == '^')
        type = *s == '#' ? SECTION : INVERTED;
    else if (*s == '>')
        type = PARTIAL;
    else if (len > 2 && memcmp(s, "t:", 2) == 0)
        type = WORD, skip = 2;
    else if (len > 2 && memcmp(s, "t=", 2) == 0)
        type = WORD_OF, skip = 2;
    else
        skip = 0;
    if (len == skip)
        return bad(k, s, "a tag without a name");
    if (type == SECTION || type == INVERTED) {
        if (k->depth == NESTING_MAX)
            return bad(k, s, "sections nest too deeply");
        k->open[k->depth++] = k->c->count;
    }
    return add_node(k->c, type, s + skip, len - skip);
}

static enum nh_err
compile(struct compiler *k, size_t len)
{
    const char *p = k->text, *end = k->text + len;
    enum nh_err err = NH_OK;

    while (err == NH_OK && p < end) {
        const char *tag = memmem(p, (size_t)(end - p), "{{", 2), *close;
        bool raw;

        if (tag == NULL)
            return k->depth > 0 ? bad(k, end, "a section does not end")
                                : add_text(k->c, p, (size_t)(end - p));
        err = add_text(k->c, p, (size_t)(tag - p));
        raw = end - tag > 2 && tag[2] == '{';
        tag += raw ? 3 : 2;
        close = memmem(tag, (size_t)(end - tag), raw ? "}}}" : "}}", raw ? 3 : 2);
        if (close == NULL)
            return bad(k, tag, "a tag does not end");
        if (err == NH_OK)
            err = add_tag(k, tag, (size_t)(close - tag), raw);
        p = close + (raw ? 3 : 2);
    }
    if (err == NH_OK && k->depth > 0)
        err = bad(k, end, "a section does not end");
    return err;
}

enum nh_err
templates_add(struct templates **set, const char *name, const char *text, size_t len,
    struct template_problem *problem)
{
    struct compiler k = { .problem = problem, .text = text };
    struct compiled *grown;

    problem->text[0] = '\0';
    if (*set == NULL && (*set = calloc(1, sizeof(**set))) == NULL)
        return NH_ENOMEM;
    grown = realloc((*set)->all, ((*set)->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return NH_ENOMEM;
    (*set)->all = grown;
    k.c = &grown[(*set)->count];
    *k.c = (struct compiled){ .name = strdup(name) };
    if (k.c->name == NULL)
        return NH_ENOMEM;
    (*set)->count++;
    return compile(&k, len);
}

static enum nh_err
load_file(struct templates **set, const char *dir, const char *file,
    struct template_problem *problem)
{
    char path[4096], name[256];
    struct nh_buf b;
    enum nh_err err = NH_EIO;
    size_t got = 0;
    FILE *f = NULL;

    nh_buf_init(&b, TEMPLATE_MAX);
    snprintf(path, sizeof(path), "%s/%s", dir, file);
    snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 5), file);
    f = fopen(path, "re");
    if (f == NULL || nh_buf_reserve(&b, TEMPLATE_MAX) == NULL)
        goto out;
    got = fread(b.data, 1, TEMPLATE_MAX, f);
    if (ferror(f) || got == TEMPLATE_MAX)
        goto out;
    err = templates_add(set, name, (const char *)b.data, got, problem);
out:
    if (err == NH_EIO)
        snprintf(problem->text, sizeof(problem->text), "%.200s: cannot be read", file);
    if (f != NULL)
        fclose(f);
    nh_buf_fini(&b);
    return err;
}

enum nh_err
templates_load(struct templates **out, const char *dir, struct template_problem *problem)
{
    DIR *d = opendir(dir);
    enum nh_err err = NH_OK;
    struct dirent *e;

    *out = NULL;
    if (d == NULL) {
        snprintf(
            problem->text, sizeof(problem->text), "%.120s: %s", dir, strerror(errno));
        return NH_EIO;
    }
    while (err == NH_OK && (e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);

        if (len > 5 && strcmp(e->d_name + len - 5, ".html") == 0)
            err = load_file(out, dir, e->d_name, problem);
    }
    closedir(d);
    if (err == NH_OK && *out == NULL) {
        snprintf(problem->text, sizeof(problem->text), "%.120s: no templates", dir);
        err = NH_EFORMAT;
    }
    if (err != NH_OK) {
        templates_free(*out);
        *out = NULL;
    }
    return err;
}

void
templates_free(struct templates *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        for (size_t n = 0; n < set->all[i].count; n++)
            free(set->all[i].nodes[n].s);
        free(set->all[i].nodes);
        free(set->all[i].name);
    }
    free(set->all);
    free(set);
}

static const struct compiled *
find(const struct templates *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->all[i].name, name) == 0)
            return &set->all[i];
    return NULL;
}

void
html_escape(const char *s, size_t len, struct nh_buf *out)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        const char *with;

        switch (s[i]) {
        case '&':
            with = "&amp;";
            break;
        case '<':
            with = "&lt;";
            break;
        case '>':
            with = "&gt;";
            break;
        case '"':
            with = "&quot;";
            break;
        case '\'':
            with = "&#39;";
            break;
        default:
            continue;
        }
        nh_buf_put(out, s + from, i - from);
        nh_buf_put(out, with, strlen(with));
        from = i + 1;
    }
    nh_buf_put(out, s + from, len - from);
}

/* The value of `name`: its first part by the stack, the rest inside of it. */
static const json_t *
lookup(const struct render *r, const char *name)
{
    const char *dot = strchr(name, '.');
    const json_t *v = NULL;

    if (strcmp(name, ".") == 0)
        return r->stack[r->depth - 1];
    for (size_t i = r->depth; i > 0 && v == NULL; i--)
        v = dot == NULL ? json_object_get(r->stack[i - 1], name)
                        : json_object_getn(r->stack[i - 1], name, (size_t)(dot - name));
    while (dot != NULL && v != NULL) {
        name = dot + 1;
        dot = strchr(name, '.');
        v = dot == NULL ? json_object_get(v, name)
                        : json_object_getn(v, name, (size_t)(dot - name));
    }
    return v;
}

static bool
is_true(const json_t *v)
{
    switch (v == NULL ? JSON_NULL : json_typeof(v)) {
    case JSON_NULL:
    case JSON_FALSE:
        return false;
    case JSON_STRING:
        return json_string_length(v) > 0;
    case JSON_INTEGER:
        return json_integer_value(v) != 0;
    case JSON_ARRAY:
        return json_array_size(v) > 0;
    default:
        return true;
    }
}

static void
put_value(struct render *r, const json_t *v, bool raw)
{
    if (json_is_string(v) && raw)
        nh_buf_put(r->out, json_string_value(v), json_string_length(v));
    else if (json_is_string(v))
        html_escape(json_string_value(v), json_string_length(v), r->out);
    else if (json_is_integer(v))
        nh_buf_printf(r->out, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        nh_buf_printf(r->out, "%.6g", json_real_value(v));
}

static void walk(struct render *r, const struct compiled *c, size_t from, size_t to);

static void
walk_with(
    struct render *r, const json_t *top, const struct compiled *c, size_t from, size_t to)
{
    if (r->depth == NESTING_MAX)
        return;
    r->stack[r->depth++] = top;
    walk(r, c, from, to);
    r->depth--;
}

static void
section(struct render *r, const struct compiled *c, size_t at)
{
    const struct node *n = &c->nodes[at];
    const json_t *v = lookup(r, n->s);

    if (is_true(v) != (n->type == SECTION))
        return;
    if (n->type == SECTION && json_is_array(v))
        for (size_t i = 0; i < json_array_size(v); i++)
            walk_with(r, json_array_get(v, i), c, at + 1, n->end);
    else if (n->type == SECTION && json_is_object(v))
        walk_with(r, v, c, at + 1, n->end);
    else
        walk(r, c, at + 1, n->end);
}

static void
put_word(struct render *r, const char *key)
{
    const char *word = nh_text(r->lang, key);

    html_escape(word, strlen(word), r->out);
}

static void
walk(struct render *r, const struct compiled *c, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct node *n = &c->nodes[i];
        const struct compiled *partial;
        const json_t *v;

        switch (n->type) {
        case TEXT:
            nh_buf_put(r->out, n->s, n->len);
            break;
        case VALUE:
        case RAW:
            put_value(r, lookup(r, n->s), n->type == RAW);
            break;
        case WORD:
            put_word(r, n->s);
            break;
        case WORD_OF:
            if ((v = lookup(r, n->s)) != NULL && json_is_string(v))
                put_word(r, json_string_value(v));
            break;
        case PARTIAL:
            partial = find(r->set, n->s);
            if (partial != NULL && r->partials < NESTING_MAX) {
                r->partials++;
                walk(r, partial, 0, partial->count);
                r->partials--;
            }
            break;
        case SECTION:
        case INVERTED:
            section(r, c, i);
            i = n->end;
            break;
        case END:
            break;
        }
    }
}

enum nh_err
template_render(const struct templates *set, const char *name, const json_t *view,
    enum nh_lang lang, struct nh_buf *out)
{
    struct render r = { .set = set, .lang = lang, .out = out };
    const struct compiled *c = find(set, name);

    if (c == NULL)
        return NH_ENOTFOUND;
    walk_with(&r, view, c, 0, c->count);
    return nh_buf_err(out);
}

void
templates_keys(
    const struct templates *set, void (*each)(void *arg, const char *key), void *arg)
{
    for (size_t i = 0; i < set->count; i++)
        for (size_t n = 0; n < set->all[i].count; n++)
            if (set->all[i].nodes[n].type == WORD)
                each(arg, set->all[i].nodes[n].s);
}
