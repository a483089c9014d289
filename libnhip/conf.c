/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf.c - from a schema to libConfuse's options, and from its result to a tree of our
 * own
 *
 * A file goes three steps: the sweep (conf_sweep.c) refuses what libConfuse would swallow
 * and takes the includes out; libConfuse parses it, every value as a string, which our
 * callback converts at once so that a wrong one is reported with its line; when all files
 * are in, the result is copied into nodes (conf_node.h), missing keys are found and
 * defaults filled in, and libConfuse's own structure goes.
 *
 * libConfuse keeps no line by option. Each section instance has its own copy of its
 * options, and our options have no defaults, so the place of the default keeps two
 * numbers: def.number which row of the schema this is, def.fpnumber where it was set.
 */
#include "libnhip/conf.h"
#include "libnhip/conf_node.h"
#include "libnhip/conf_sweep.h"
#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1000, LINES_MAX = 1 << 24, ROWS_MAX = 1000 };

struct source {
    char *path;
    dev_t dev;
    ino_t ino;
};

/* What is being loaded. One at a time in the process, as libConfuse's lexer is global:
 * its callbacks have no argument of ours. */
struct loader {
    cfg_t *cfg;
    struct nh_conf_problem *problem;
    struct source files[FILES_MAX];
    size_t file_count, current;
    const struct nh_conf_row *rows[ROWS_MAX];
    size_t row_count;
    const struct nh_conf_row *only; /* sections to read, NULL: all; borrowed */
    struct nh_conf_sweep sweep;     /* of the file being parsed */
    size_t closed;                  /* sections closed in it so far */
};
static struct loader *loading;

static enum nh_err fail_at(struct nh_conf_problem *problem, const char *file, int line,
    const char *fmt, va_list ap) NH_PRINTF(4, 0);
static void on_error(cfg_t *cfg, const char *fmt, va_list ap) NH_PRINTF(2, 0);

static enum nh_err
fail_at(struct nh_conf_problem *problem, const char *file, int line, const char *fmt,
    va_list ap)
{
    int n = snprintf(
        problem->text, sizeof(problem->text), "%s:%d: ", file, line > 0 ? line : 1);

    if (n > 0 && (size_t)n < sizeof(problem->text))
        vsnprintf(problem->text + n, sizeof(problem->text) - (size_t)n, fmt, ap);
    return NH_ECONF;
}

static enum nh_err fail(struct nh_conf_problem *problem, const char *file, int line,
    const char *fmt, ...) NH_PRINTF(4, 5);

static enum nh_err
fail(struct nh_conf_problem *problem, const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fail_at(problem, file, line, fmt, ap);
    va_end(ap);
    return NH_ECONF;
}

size_t
nh_conf_row_count(const struct nh_conf_row *rows)
{
    size_t n = 0;

    while (rows != NULL && rows[n].name != NULL)
        n++;
    return n;
}

/* ---- libConfuse's side: options from rows, callbacks ---- */

static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    if (loading->problem->text[0] == '\0') /* the first is the cause */
        fail_at(
            loading->problem, loading->files[loading->current].path, cfg->line, fmt, ap);
}

/* One value, of a scalar or of a list. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    const struct nh_conf_row *row = loading->rows[opt->def.number];
    union nh_conf_number number;
    char why[256];

    if (opt->def.fpnumber > 0) {
        size_t file = (size_t)opt->def.fpnumber / LINES_MAX;

        if (file != loading->current) { /* within one file the sweep has looked */
            cfg_error(cfg, "'%s' is given twice, first in %s", row->name,
                loading->files[file].path);
            return -1;
        }
    }
    opt->def.fpnumber = (double)loading->current * LINES_MAX + cfg->line;
    if (nh_conf_convert(row, value, &number, why) != NH_OK) {
        cfg_error(cfg, "%s", why);
        return -1;
    }
    *(const char **)result = value;
    return 0;
}

/* A section has closed: put the line of its name where libConfuse left that of its end.
 */
static int
on_section(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct nh_conf_row *row = loading->rows[opt->def.number];
    cfg_t *section = opt->values[opt->nvalues - 1]->section;

    section->line = loading->closed < loading->sweep.section_count
                        ? loading->sweep.section_lines[loading->closed]
                        : cfg->line;
    loading->closed++;
    opt->def.fpnumber = (double)loading->current * LINES_MAX + section->line;
    if (row->type == NH_CONF_SECTION && opt->nvalues > 1) {
        cfg->line = section->line;
        cfg_error(cfg, "section '%s' is given twice", row->name);
        return -1;
    }
    if (row->type == NH_CONF_TITLED &&
        (section->title == NULL || section->title[0] == '\0' ||
            strlen(section->title) > NH_CONF_STRING_MAX)) {
        cfg->line = section->line;
        cfg_error(cfg, "section '%s' wants a title", row->name);
        return -1;
    }
    return 0;
}

static void
free_options(cfg_opt_t *opts)
{
    for (size_t i = 0; opts != NULL && opts[i].name != NULL; i++)
        free_options(opts[i].subopts);
    free(opts);
}

/* The options of `rows`; libConfuse makes its own copy of them. */
static cfg_opt_t *
make_options(const struct nh_conf_row *rows)
{
    size_t n = nh_conf_row_count(rows);
    cfg_opt_t *opts = calloc(n + 1, sizeof(*opts));

    for (size_t i = 0; opts != NULL && i < n; i++) {
        cfg_opt_t *opt = &opts[i];
        bool section = rows[i].type == NH_CONF_SECTION || rows[i].type == NH_CONF_TITLED;

        assert(loading->row_count < ROWS_MAX);
        opt->name = rows[i].name;
        opt->type = section ? CFGT_SEC : CFGT_STR;
        opt->flags = section ? CFGF_MULTI : CFGF_NODEFAULT;
        opt->def.number = (long)loading->row_count;
        loading->rows[loading->row_count++] = &rows[i];
        if (rows[i].type == NH_CONF_LIST)
            opt->flags |= CFGF_LIST;
        if (rows[i].type == NH_CONF_TITLED)
            opt->flags |= CFGF_TITLE | CFGF_NO_TITLE_DUPES;
        if (section) {
            opt->validcb = on_section;
            opt->subopts = make_options(rows[i].rows);
            if (opt->subopts == NULL) {
                free_options(opts);
                return NULL;
            }
        } else {
            opt->parsecb = on_value;
        }
    }
    return opts;
}

/* ---- files ---- */

/* Read the whole of a regular file, opened before anyone can swap it. */
static enum nh_err
read_file(struct loader *l, size_t index, char **text, size_t *len)
{
    struct source *file = &l->files[index];
    int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    enum nh_err err = NH_OK;
    struct stat st;
    char *bytes = NULL;
    size_t got = 0;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st) != 0) {
        err = fail(l->problem, file->path, 1, "cannot be read: %s", strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        err = fail(l->problem, file->path, 1, "is not a file");
        goto out;
    }
    if (st.st_size > NH_CONF_TEXT_MAX) {
        err = fail(
            l->problem, file->path, 1, "is larger than %d MiB", NH_CONF_TEXT_MAX >> 20);
        goto out;
    }
    bytes = malloc((size_t)st.st_size + 2);
    if (bytes == NULL) {
        err = NH_ENOMEM;
        goto out;
    }
    while (got < (size_t)st.st_size && n > 0) {
        n = read(fd, bytes + got, (size_t)st.st_size - got);
        if (n > 0)
            got += (size_t)n;
    }
    if (n < 0) {
        err = fail(l->problem, file->path, 1, "cannot be read: %s", strerror(errno));
        goto out;
    }
    bytes[got++] = '\n';
    bytes[got] = '\0';
    file->dev = st.st_dev;
    file->ino = st.st_ino;
    *text = bytes;
    *len = got;
    bytes = NULL;
out:
    free(bytes);
    if (fd >= 0)
        close(fd);
    return err;
}

static enum nh_err
add_file(struct loader *l, const char *path, const char *from, int line)
{
    if (l->file_count == FILES_MAX)
        return fail(l->problem, from, line, "more than %d files", FILES_MAX);
    l->files[l->file_count].path = strdup(path);
    if (l->files[l->file_count].path == NULL)
        return NH_ENOMEM;
    l->file_count++;
    return NH_OK;
}

/* Queue the files of one include(), in the order of their names. */
static enum nh_err
add_include(struct loader *l, const struct nh_conf_include *include)
{
    const char *from = l->files[l->current].path;
    const char *slash = strrchr(from, '/');
    int folder =
        slash != NULL && include->pattern[0] != '/' ? (int)(slash - from) + 1 : 0;
    enum nh_err err = NH_OK;
    char *pattern = NULL;
    glob_t found = { 0 };
    int rc;

    if (asprintf(&pattern, "%.*s%s", folder, from, include->pattern) < 0)
        return NH_ENOMEM;
    rc = glob(pattern, 0, NULL, &found);
    if (rc == GLOB_NOMATCH && strpbrk(include->pattern, "*?[") == NULL)
        err = fail(l->problem, from, include->line, "include(\"%s\"): no such file",
            include->pattern);
    else if (rc != 0 && rc != GLOB_NOMATCH)
        err = fail(l->problem, from, include->line, "include(\"%s\") cannot be read",
            include->pattern);
    for (size_t i = 0; err == NH_OK && i < found.gl_pathc; i++)
        err = add_file(l, found.gl_pathv[i], from, include->line);
    globfree(&found);
    free(pattern);
    return err;
}

static enum nh_err
parse_text(struct loader *l, char *text, size_t len)
{
    const char *path = l->files[l->current].path;
    FILE *stream;
    int rc;

    free(l->cfg->filename);
    l->cfg->filename = strdup(path);
    stream = fmemopen(text, len, "r");
    if (l->cfg->filename == NULL || stream == NULL) {
        if (stream != NULL)
            fclose(stream);
        return NH_ENOMEM;
    }
    l->closed = 0;
    rc = cfg_parse_fp(l->cfg, stream);
    fclose(stream);
    if (rc == CFG_SUCCESS)
        return NH_OK;
    if (l->problem->text[0] == '\0')
        fail(l->problem, path, l->cfg->line, "cannot be understood");
    return NH_ECONF;
}

static enum nh_err
load_file(struct loader *l)
{
    const struct source *file = &l->files[l->current];
    char *text = NULL;
    size_t len = 0;
    enum nh_err err = read_file(l, l->current, &text, &len);

    if (err != NH_OK)
        return err;
    for (size_t i = 0; err == NH_OK && i < l->current; i++)
        if (l->files[i].dev == file->dev && l->files[i].ino == file->ino)
            err = fail(l->problem, file->path, 1, "is included twice");
    l->sweep = (struct nh_conf_sweep){ .text = text, .len = len, .only = l->only };
    if (err == NH_OK) {
        err = nh_conf_sweep(&l->sweep);
        if (err == NH_ECONF)
            fail(l->problem, file->path, l->sweep.bad_line, "%s", l->sweep.bad);
    }
    if (err == NH_OK)
        err = parse_text(l, text, len);
    for (size_t i = 0; err == NH_OK && i < l->sweep.include_count; i++)
        err = add_include(l, &l->sweep.includes[i]);
    nh_conf_sweep_fini(&l->sweep);
    free(text);
    return err;
}

/* ---- our side: nodes from libConfuse's result ---- */

static enum nh_err
set_strings(struct nh_conf_value *v, size_t count)
{
    v->strings = calloc(count > 0 ? count : 1, sizeof(*v->strings));
    if (v->strings == NULL)
        return NH_ENOMEM;
    v->count = count;
    return NH_OK;
}

/* A list's default is written "a, b". */
static enum nh_err
set_default_list(struct nh_conf_value *v, const char *text)
{
    size_t count = 0, i = 0;
    enum nh_err err;

    for (const char *p = text; *p != '\0'; p++)
        count += *p == ',' || p == text;
    err = set_strings(v, count);
    for (const char *p = text; err == NH_OK && i < count; i++) {
        size_t len = strcspn(p, ",");

        v->strings[i] = strndup(p, len);
        if (v->strings[i] == NULL)
            return NH_ENOMEM;
        p += len;
        p += strspn(p, ", ");
    }
    return err;
}

static enum nh_err
set_default(struct loader *l, const struct nh_conf *node, const struct nh_conf_row *row,
    struct nh_conf_value *v)
{
    char why[256];
    enum nh_err err;

    if (row->def == NULL)
        return fail(l->problem, node->file, node->line, "%s%s%s%s'%s' is missing",
            node->row != NULL ? node->row->name : "", node->title[0] != '\0' ? " " : "",
            node->title, node->row != NULL ? ": " : "", row->name);
    if (row->type == NH_CONF_LIST)
        return set_default_list(v, row->def);
    err = set_strings(v, 1);
    if (err != NH_OK)
        return err;
    v->strings[0] = strdup(row->def);
    if (v->strings[0] == NULL)
        return NH_ENOMEM;
    err = nh_conf_convert(row, row->def, &v->number, why);
    assert(err == NH_OK && "a default of the schema breaks its own rules");
    return err;
}

static enum nh_err
set_written(const struct nh_conf_row *row, const cfg_opt_t *opt, struct nh_conf_value *v)
{
    char why[256];
    enum nh_err err = set_strings(v, opt->nvalues);

    for (size_t i = 0; err == NH_OK && i < v->count; i++) {
        v->strings[i] = strdup(opt->values[i]->string);
        if (v->strings[i] == NULL)
            return NH_ENOMEM;
        err = nh_conf_convert(row, v->strings[i], &v->number, why);
    }
    return err;
}

static enum nh_err build_node(struct loader *l, struct nh_conf **out, cfg_t *cfg,
    const struct nh_conf_row *row, const struct nh_conf_row *rows, const char *file);

static enum nh_err
build_sections(struct loader *l, const struct nh_conf_row *row, const cfg_opt_t *opt,
    struct nh_conf_value *v)
{
    enum nh_err err = NH_OK;

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): it is an array of pointers */
    v->sections = calloc(opt->nvalues > 0 ? opt->nvalues : 1, sizeof(*v->sections));
    if (v->sections == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; err == NH_OK && i < opt->nvalues; i++) {
        cfg_t *section = opt->values[i]->section;
        const char *file = l->files[0].path;

        for (size_t f = 0; f < l->file_count; f++)
            if (strcmp(l->files[f].path, section->filename) == 0)
                file = l->files[f].path;
        err = build_node(l, &v->sections[i], section, row, row->rows, file);
        if (v->sections[i] != NULL)
            v->count++;
    }
    return err;
}

static bool
has_required(const struct nh_conf_row *rows)
{
    for (; rows->name != NULL; rows++)
        if (rows->def == NULL && rows->type != NH_CONF_SECTION &&
            rows->type != NH_CONF_TITLED)
            return true;
    return false;
}

/* The value of row `i` of `node`; `opt` is NULL in a section that is not written. */
static enum nh_err
build_value(struct loader *l, struct nh_conf *node, size_t i, const cfg_opt_t *opt)
{
    const struct nh_conf_row *row = &node->rows[i];
    struct nh_conf_value *v = &node->values[i];
    int64_t at = opt != NULL ? (int64_t)opt->def.fpnumber : 0;
    enum nh_err err = NH_OK;

    v->line = (int)(at % LINES_MAX);
    if (node->value_files != NULL)
        node->value_files[i] = l->files[at / LINES_MAX].path;
    if (row->type == NH_CONF_TITLED || row->type == NH_CONF_SECTION) {
        if (opt != NULL)
            err = build_sections(l, row, opt, v);
        if (err == NH_OK && row->type == NH_CONF_SECTION && v->count == 0 &&
            !has_required(row->rows))
            err = build_node(l, &v->defaults, NULL, row, row->rows, node->file);
        return err;
    }
    /* `= {}` has no value and thus no place */
    if (at > 0 || (opt != NULL && (opt->flags & CFGF_MODIFIED) != 0))
        return set_written(row, opt, v);
    return set_default(l, node, row, v);
}

static enum nh_err
build_node(struct loader *l, struct nh_conf **out, cfg_t *cfg,
    const struct nh_conf_row *row, const struct nh_conf_row *rows, const char *file)
{
    size_t n = nh_conf_row_count(rows);
    struct nh_conf *node = calloc(1, sizeof(*node));
    enum nh_err err = NH_OK;

    *out = node;
    if (node == NULL)
        return NH_ENOMEM;
    node->row = row;
    node->rows = rows;
    node->file = file;
    node->line = row != NULL && cfg != NULL ? cfg->line : 1;
    node->title = strdup(cfg != NULL && cfg->title != NULL ? cfg->title : "");
    node->values = calloc(n + 1, sizeof(*node->values));
    if (row == NULL)
        node->value_files = calloc(n + 1, sizeof(*node->value_files));
    if (node->title == NULL || node->values == NULL ||
        (row == NULL && node->value_files == NULL))
        return NH_ENOMEM;
    for (size_t i = 0; err == NH_OK && i < n; i++)
        err = build_value(l, node, i, cfg != NULL ? &cfg->opts[i] : NULL);
    return err;
}

static void
free_node(struct nh_conf *node)
{
    size_t n;

    if (node == NULL)
        return;
    n = nh_conf_row_count(node->rows);
    for (size_t i = 0; node->values != NULL && i < n; i++) {
        struct nh_conf_value *v = &node->values[i];

        for (size_t k = 0; v->strings != NULL && k < v->count; k++)
            free(v->strings[k]);
        for (size_t k = 0; v->sections != NULL && k < v->count; k++)
            free_node(v->sections[k]);
        free_node(v->defaults);
        free(v->strings);
        free(v->sections);
    }
    for (size_t i = 0; i < node->file_count; i++)
        free(node->files[i]);
    free(node->files);
    free(node->value_files);
    free(node->values);
    free(node->title);
    free(node);
}

/* The root keeps the names of the files: sections point at them. */
static enum nh_err
give_files(struct loader *l, struct nh_conf *root)
{
    root->files = calloc(l->file_count, sizeof(*root->files));
    if (root->files == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < l->file_count; i++) {
        root->files[i] = l->files[i].path;
        l->files[i].path = NULL;
    }
    root->file_count = l->file_count;
    return NH_OK;
}

static enum nh_err
load_all(struct loader *l, struct nh_conf **root, const struct nh_conf_row *schema)
{
    enum nh_err err = NH_OK;

    for (; err == NH_OK && l->current < l->file_count; l->current++)
        err = load_file(l);
    if (err != NH_OK)
        return err;
    l->current = 0;
    err = build_node(l, root, l->cfg, NULL, schema, l->files[0].path);
    return err == NH_OK ? give_files(l, *root) : err;
}

static enum nh_err
load_with(struct nh_conf **out, const char *path, const struct nh_conf_row *schema,
    bool part, struct nh_conf_problem *problem)
{
    struct loader *l = calloc(1, sizeof(*l));
    struct nh_conf *root = NULL;
    cfg_opt_t *opts = NULL;
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    problem->text[0] = '\0';
    if (l == NULL)
        goto out;
    assert(loading == NULL);
    loading = l;
    l->problem = problem;
    l->only = part ? schema : NULL;
    opts = make_options(schema);
    l->cfg = opts != NULL ? cfg_init(opts, part ? CFGF_IGNORE_UNKNOWN : CFGF_NONE) : NULL;
    if (l->cfg == NULL)
        goto out;
    cfg_set_error_function(l->cfg, on_error);
    err = add_file(l, path, path, 1);
    if (err == NH_OK)
        err = load_all(l, &root, schema);
    if (err == NH_OK) {
        *out = root;
        root = NULL;
    }
out:
    if (err != NH_OK && problem->text[0] == '\0')
        fail(problem, path, 1, "%s", nh_strerror(err));
    free_node(root);
    if (l != NULL && l->cfg != NULL)
        cfg_free(l->cfg);
    free_options(opts);
    for (size_t i = 0; l != NULL && i < l->file_count; i++)
        free(l->files[i].path);
    free(l);
    loading = NULL;
    return err;
}

enum nh_err
nh_conf_load(struct nh_conf **out, const char *path, const struct nh_conf_row *schema,
    struct nh_conf_problem *problem)
{
    return load_with(out, path, schema, false, problem);
}

enum nh_err
nh_conf_load_part(struct nh_conf **out, const char *path,
    const struct nh_conf_row *schema, struct nh_conf_problem *problem)
{
    return load_with(out, path, schema, true, problem);
}

void
nh_conf_free(struct nh_conf *c)
{
    free_node(c);
}
