/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf_get.c - what a parsed configuration answers: values, places, and its own manual
 */
#include "libnhip/conf.h"
#include "libnhip/conf_node.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t
find_row(const struct nh_conf *c, const char *name)
{
    size_t i = 0;

    while (c->rows[i].name != NULL && strcmp(c->rows[i].name, name) != 0)
        i++;
    assert(c->rows[i].name != NULL && "asked for a key that the schema lacks");
    return i;
}

static const struct nh_conf_value *
get(const struct nh_conf *c, const char *name)
{
    return &c->values[find_row(c, name)];
}

const char *
nh_conf_str(const struct nh_conf *c, const char *name)
{
    return get(c, name)->strings[0];
}

long
nh_conf_int(const struct nh_conf *c, const char *name)
{
    assert(c->rows[find_row(c, name)].type == NH_CONF_INT);
    return get(c, name)->number.integer;
}

double
nh_conf_float(const struct nh_conf *c, const char *name)
{
    assert(c->rows[find_row(c, name)].type == NH_CONF_FLOAT);
    return get(c, name)->number.real;
}

bool
nh_conf_bool(const struct nh_conf *c, const char *name)
{
    assert(c->rows[find_row(c, name)].type == NH_CONF_BOOL);
    return get(c, name)->number.truth;
}

int64_t
nh_conf_seconds(const struct nh_conf *c, const char *name)
{
    assert(c->rows[find_row(c, name)].type == NH_CONF_DURATION);
    return get(c, name)->number.seconds;
}

size_t
nh_conf_list_size(const struct nh_conf *c, const char *name)
{
    assert(c->rows[find_row(c, name)].type == NH_CONF_LIST);
    return get(c, name)->count;
}

const char *
nh_conf_list(const struct nh_conf *c, const char *name, size_t i)
{
    assert(i < get(c, name)->count);
    return get(c, name)->strings[i];
}

bool
nh_conf_is_set(const struct nh_conf *c, const char *name)
{
    return get(c, name)->line > 0;
}

size_t
nh_conf_sections(const struct nh_conf *c, const char *name)
{
    return get(c, name)->count;
}

const struct nh_conf *
nh_conf_section(const struct nh_conf *c, const char *name, size_t i)
{
    assert(i < get(c, name)->count);
    return get(c, name)->sections[i];
}

const struct nh_conf *
nh_conf_only(const struct nh_conf *c, const char *name)
{
    const struct nh_conf_value *v = get(c, name);

    assert(c->rows[find_row(c, name)].type == NH_CONF_SECTION);
    return v->count > 0 ? v->sections[0] : v->defaults;
}

const char *
nh_conf_title(const struct nh_conf *c)
{
    return c->title;
}

void
nh_conf_where(const struct nh_conf *c, const char *name, char *out, size_t size)
{
    const char *file = c->file;
    int line = c->line;

    if (name != NULL && nh_conf_is_set(c, name)) {
        line = get(c, name)->line;
        if (c->value_files != NULL)
            file = c->value_files[find_row(c, name)];
    }
    snprintf(out, size, "%s:%d", file, line);
}

enum nh_err
nh_conf_bad(const struct nh_conf *c, const char *name, struct nh_conf_problem *problem,
    const char *fmt, ...)
{
    char *text = problem->text;
    size_t size = sizeof(problem->text), n;
    va_list ap;

    nh_conf_where(c, name, text, size - 3);
    n = strlen(text);
    memcpy(text + n, ": ", 3);
    va_start(ap, fmt);
    vsnprintf(text + n + 2, size - n - 2, fmt, ap);
    va_end(ap);
    return NH_ECONF;
}

/* Text for mdoc: backslashes and leading periods would be read as requests, and a new
 * sentence begins a new line. */
static void
put_text(struct nh_buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        nh_buf_put(out, "\\&", 2);
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            nh_buf_put(out, "\\e", 2);
        } else if (text[0] == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z') {
            nh_buf_put(out, ".\n", 2);
            text++;
        } else {
            nh_buf_put(out, text, 1);
        }
    }
}

/* A macro's argument: quoted, so that no word of it is taken for a macro. */
static void
put_argument(struct nh_buf *out, const char *text)
{
    nh_buf_put_u8(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            nh_buf_put(out, "\\(dq", 4);
        else if (*text == '\\')
            nh_buf_put(out, "\\e", 2);
        else
            nh_buf_put(out, text, 1);
    }
    nh_buf_put_u8(out, '"');
}

/* A row's help as sentences of its own. */
static void
put_help(const struct nh_conf_row *row, struct nh_buf *out)
{
    size_t n = strlen(row->help);

    put_text(out, row->help);
    nh_buf_put(out, ".\n", n > 0 && row->help[n - 1] == '.' ? 0 : 1);
    nh_buf_put(out, "\n", 1);
}

static void
put_option(const struct nh_conf_row *row, struct nh_buf *out)
{
    static const char *const types[] = {
        [NH_CONF_STRING] = "text",
        [NH_CONF_INT] = "number",
        [NH_CONF_FLOAT] = "number",
        [NH_CONF_BOOL] = "true | false",
        [NH_CONF_LIST] = "{ list }",
        [NH_CONF_DURATION] = "duration",
    };
    const char *unit = row->type == NH_CONF_DURATION ? "s" : row->unit;
    bool is_number = row->type == NH_CONF_INT || row->type == NH_CONF_FLOAT ||
                     row->type == NH_CONF_DURATION;

    nh_buf_printf(out, ".It Ic %s No = Ar ", row->name);
    put_argument(out, types[row->type]);
    nh_buf_put(out, "\n", 1);
    put_help(row, out);
    if (is_number && (row->min != 0 || row->max != 0))
        nh_buf_printf(out, "From %.10g to %.10g%s%s.\n", row->min, row->max,
            unit != NULL && *unit != '\0' ? " " : "", unit != NULL ? unit : "");
    if (row->def == NULL) {
        nh_buf_printf(out, "Required.\n");
    } else if (*row->def != '\0') {
        nh_buf_printf(out, "The default is\n.Ql ");
        put_argument(out, row->def);
        nh_buf_printf(out, " .\n");
    }
}

static void
put_section(const struct nh_conf_row *row, const char *within, struct nh_buf *out)
{
    bool listed = false;
    char path[128];

    snprintf(path, sizeof(path), "%s%s%s%s", within, *within != '\0' ? ", " : "",
        row->name, row->type == NH_CONF_TITLED ? " \\(dqID\\(dq" : "");
    nh_buf_printf(out, ".Ss %s\n", path);
    put_help(row, out);
    for (const struct nh_conf_row *r = row->rows; r->name != NULL; r++) {
        if (r->type == NH_CONF_SECTION || r->type == NH_CONF_TITLED)
            continue;
        if (!listed)
            nh_buf_printf(out, ".Bl -tag -width Ds\n");
        listed = true;
        put_option(r, out);
    }
    if (listed)
        nh_buf_printf(out, ".El\n");
    for (const struct nh_conf_row *r = row->rows; r->name != NULL; r++)
        if (r->type == NH_CONF_SECTION || r->type == NH_CONF_TITLED)
            put_section(r, path, out);
}

void
nh_conf_manual(const struct nh_conf_row *schema, struct nh_buf *out)
{
    bool listed = false;

    for (const struct nh_conf_row *r = schema; r->name != NULL; r++) {
        if (r->type == NH_CONF_SECTION || r->type == NH_CONF_TITLED)
            continue;
        if (!listed)
            nh_buf_printf(out, ".Bl -tag -width Ds\n");
        listed = true;
        put_option(r, out);
    }
    if (listed)
        nh_buf_printf(out, ".El\n");
    for (const struct nh_conf_row *r = schema; r->name != NULL; r++)
        if (r->type == NH_CONF_SECTION || r->type == NH_CONF_TITLED)
            put_section(r, "", out);
}
