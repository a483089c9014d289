/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * negotiate.c - what the client takes: gzip, and which of our languages (RFC 9110, 12.5)
 */
#include "web/http.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One member of an Accept list: [*name, *name + *len) and its weight; then the next. */
static const char *
next_member(const char *p, const char **name, size_t *len, double *weight)
{
    const char *q;

    p += strspn(p, " \t,");
    if (*p == '\0')
        return NULL;
    *name = p;
    *len = strcspn(p, " \t,;");
    *weight = 1;
    p += *len;
    q = p + strspn(p, " \t;");
    if (*p != ',' && (strncasecmp(q, "q=", 2) == 0))
        *weight = strtod(q + 2, NULL);
    return p + strcspn(p, ",");
}

bool
accepts_gzip(const char *accept_encoding)
{
    const char *name, *p = accept_encoding;
    double weight;
    size_t len;

    while (p != NULL && (p = next_member(p, &name, &len, &weight)) != NULL)
        if (((len == 4 && strncasecmp(name, "gzip", 4) == 0) ||
                (len == 1 && *name == '*')))
            return weight > 0;
    return false;
}

static bool
is_language(const char *code)
{
    return code != NULL && (strcmp(code, "vi") == 0 || strcmp(code, "en") == 0);
}

enum nh_lang
choose_language(const char *query, const char *cookie, const char *accept_language,
    enum nh_lang fallback)
{
    const char *name, *p = accept_language;
    enum nh_lang best = fallback;
    double weight, best_weight = 0;
    size_t len;

    if (is_language(query))
        return nh_lang_of(query);
    if (is_language(cookie))
        return nh_lang_of(cookie);
    while (p != NULL && (p = next_member(p, &name, &len, &weight)) != NULL) {
        bool vi = strncasecmp(name, "vi", 2) == 0, en = strncasecmp(name, "en", 2) == 0;

        if ((vi || en) && (len == 2 || name[2] == '-') && weight > best_weight) {
            best = vi ? NH_VI : NH_EN;
            best_weight = weight;
        }
    }
    return best;
}
