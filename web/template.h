/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.h - HTML from templates and JSON values
 *
 * A small mustache: {{name}} is escaped, {{{name}}} is not, {{#name}}..{{/name}} is a
 * section (once for a true value, for each member of an array, inside an object),
 * {{^name}} its opposite, {{>file}} a partial, {{! a comment}}, {{.}} the member itself,
 * a.b goes into objects. Beside it two of our own: {{t:key}} is the text of `key` in the
 * page's language, {{t=name}} the text whose key is the value of `name`. Blank space at
 * the ends of a template's lines is not sent.
 *
 * Templates are read and checked once; rendering does not fail but for memory.
 */
#ifndef WEB_TEMPLATE_H
#define WEB_TEMPLATE_H

#include "libnhip/text.h"
#include <jansson.h>

struct templates;
struct template_problem {
    char text[256];
}; /* "home.html:12: what is wrong" */

/* Every *.html of `dir`. Errors: NH_EIO (see errno), NH_EFORMAT; *problem says more. */
enum nh_err templates_load(struct templates **out, const char *dir,
    struct template_problem *problem) NH_MUST_CHECK;
/* A set with one template from memory, for tests; add more with the same set. */
enum nh_err templates_add(struct templates **set, const char *name, const char *text,
    size_t len, struct template_problem *problem) NH_MUST_CHECK;
void templates_free(struct templates *set);

/* Append `name` (without .html) rendered with `view`. NH_ENOTFOUND, or the buffer's. */
enum nh_err template_render(const struct templates *set, const char *name,
    const json_t *view, enum nh_lang lang, struct nh_buf *out) NH_MUST_CHECK;
/* Call `each` with every key of a {{t:key}}: the test that no text is missing. */
void templates_keys(
    const struct templates *set, void (*each)(void *arg, const char *key), void *arg);
void html_escape(const char *s, size_t len, struct nh_buf *out);

#endif
