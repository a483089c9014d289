/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_field.c - one key of a section at a time: checked, copied, resolved
 */
#include "collector/inventory_reader.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum nh_err
inv_str(struct inv_reader *r, const struct nh_conf *c, const char *name, char **out)
{
    *out = inv_strdup(r->store, nh_conf_str(c, name));
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

static const char *const kind_names[] = {
    [INV_CARRIER] = "carrier",
    [INV_POP] = "pop",
    [INV_CONTRACT] = "contract",
    [INV_FEEDER] = "feeder",
    [INV_CONTACT] = "contact",
    [INV_SNMP] = "snmp section",
    [INV_SITE] = "site",
    [INV_LINK] = "link",
    [INV_SERVICE] = "service",
};

enum nh_err
inv_ref(struct inv_reader *r, const struct nh_conf *c, const char *name,
    enum inv_kind kind, void *out)
{
    const char *id = nh_conf_str(c, name);
    void *thing = inv_index_find(r->store, kind, id);

    if (thing == NULL && *id != '\0')
        return nh_conf_bad(
            c, name, r->problem, "there is no %s \"%.64s\"", kind_names[kind], id);
    *(void **)out = thing;
    return NH_OK;
}

enum nh_err
inv_ref_required(struct inv_reader *r, const struct nh_conf *c, const char *name,
    enum inv_kind kind, void *out)
{
    if (*nh_conf_str(c, name) == '\0')
        return nh_conf_bad(c, name, r->problem, "'%s' is empty", name);
    return inv_ref(r, c, name, kind, out);
}

enum nh_err
inv_refs(struct inv_reader *r, const struct nh_conf *c, const char *name,
    enum inv_kind kind, void *array, size_t *count)
{
    size_t n = nh_conf_list_size(c, name);
    void **things = inv_alloc(r->store, n, sizeof(*things));

    if (things == NULL)
        return NH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = nh_conf_list(c, name, i);

        things[i] = inv_index_find(r->store, kind, id);
        if (things[i] == NULL)
            return nh_conf_bad(
                c, name, r->problem, "there is no %s \"%.64s\"", kind_names[kind], id);
        for (size_t k = 0; k < i; k++)
            if (things[k] == things[i])
                return nh_conf_bad(
                    c, name, r->problem, "'%s' names \"%.64s\" twice", name, id);
    }
    *(void ***)array = things;
    *count = n;
    return NH_OK;
}

enum nh_err
inv_address(struct inv_reader *r, const struct nh_conf *c, const char *name, char **out)
{
    const char *text = nh_conf_str(c, name);

    if (*text != '\0' && !inv_is_address(text))
        return nh_conf_bad(
            c, name, r->problem, "'%s': \"%.64s\" is not an IP address", name, text);
    return inv_str(r, c, name, out);
}

bool
inv_is_one_of(const char *text, const char *words)
{
    size_t len = strlen(text);

    while (*words != '\0') {
        size_t n = strcspn(words, " ");

        if (n == len && strncmp(words, text, n) == 0)
            return true;
        words += n + (words[n] == ' ' ? 1 : 0);
    }
    return false;
}

enum nh_err
inv_choice(struct inv_reader *r, const struct nh_conf *c, const char *name,
    const char *words, char **out)
{
    const char *text = nh_conf_str(c, name);

    if (!inv_is_one_of(text, words))
        return nh_conf_bad(
            c, name, r->problem, "'%s' is one of: %s; not \"%.64s\"", name, words, text);
    return inv_str(r, c, name, out);
}

enum nh_err
inv_hours(struct inv_reader *r, const struct nh_conf *c, const char *name, char **out)
{
    const char *text = nh_conf_str(c, name);

    if (strcmp(text, "always") != 0 && strcmp(text, "office_hours") != 0 &&
        !inv_is_hours(text))
        return nh_conf_bad(c, name, r->problem,
            "'%s' is always, office_hours or such as \"mon-fri "
            "07:30-11:30,13:30-17:00\", "
            "not \"%.64s\"",
            name, text);
    return inv_str(r, c, name, out);
}

enum nh_err
inv_file(struct inv_reader *r, const struct nh_conf *c, const char *name, bool secret,
    char **out)
{
    const char *text = nh_conf_str(c, name), *path = r->inv->path;
    const char *slash = strrchr(path, '/');
    int folder =
        slash != NULL && *text != '/' && *text != '\0' ? (int)(slash - path) + 1 : 0;
    size_t size = (size_t)folder + strlen(text) + 1;
    char where[256];
    struct stat st;

    *out = inv_alloc(r->store, size, 1);
    if (*out == NULL)
        return NH_ENOMEM;
    snprintf(*out, size, "%.*s%s", folder, path, text);
    if (secret && *text != '\0' && stat(*out, &st) == 0 &&
        (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        nh_conf_where(c, name, where, sizeof(where));
        nh_log(NH_LOG_WARN, "%s: others may read the secret in %s: chmod 600 it", where,
            *out);
    }
    return NH_OK;
}

enum nh_err
inv_title(struct inv_reader *r, const struct nh_conf *c, char **out)
{
    const char *title = nh_conf_title(c);

    if (!inv_is_id(title))
        return nh_conf_bad(c, NULL, r->problem,
            "\"%.64s\" is not an id: letters, digits, \"-\", \"_\" and \".\", at most %d",
            title, INV_ID_MAX);
    *out = inv_strdup(r->store, title);
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

enum nh_err
inv_row_title(struct inv_reader *r, const struct nh_conf *c, size_t max, char **out)
{
    char where[256];

    TRY(inv_title(r, c, out));
    if (strlen(*out) <= max)
        return NH_OK;
    nh_conf_where(c, NULL, where, sizeof(where));
    nh_log(NH_LOG_WARN,
        "%s: \"%s\" has more than %zu letters: NHIP-MIB has no row for it, and who looks "
        "by SNMP does not see it",
        where, *out, max);
    return NH_OK;
}

enum nh_err
inv_url(struct inv_reader *r, const struct nh_conf *c, const char *name,
    const char *schemes, char **out)
{
    const char *text = nh_conf_str(c, name);

    if (*text != '\0' && !inv_is_url(text, schemes))
        return nh_conf_bad(c, name, r->problem, "'%s': \"%.64s\" is not an address of %s",
            name, text, schemes);
    return inv_str(r, c, name, out);
}

enum nh_err
inv_listen(struct inv_reader *r, const struct nh_conf *c, const char *name,
    bool may_be_empty, char **out)
{
    const char *text = nh_conf_str(c, name);
    char host[64];
    int port;

    if ((*text != '\0' || !may_be_empty) &&
        !inv_split_port(text, false, host, sizeof(host), &port))
        return nh_conf_bad(c, name, r->problem,
            "'%s': \"%.64s\" is not an IP address and a port, as \"127.0.0.1:7443\"",
            name, text);
    return inv_str(r, c, name, out);
}

enum nh_err
inv_endpoint(struct inv_reader *r, const struct nh_conf *c, const char *name,
    int default_port, char **out)
{
    const char *text = nh_conf_str(c, name);
    char host[64], whole[80];
    int port = default_port;

    if (*text == '\0')
        return inv_str(r, c, name, out);
    if (inv_is_address(text))
        snprintf(host, sizeof(host), "%s", text);
    else if (!inv_split_port(text, false, host, sizeof(host), &port))
        return nh_conf_bad(c, name, r->problem,
            "'%s': \"%.64s\" is not an IP address, nor one with a port as "
            "\"192.0.2.10:%d\"",
            name, text, default_port);
    snprintf(whole, sizeof(whole), strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host,
        port);
    *out = inv_strdup(r->store, whole);
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

enum nh_err
inv_absolute(struct inv_reader *r, const struct nh_conf *c, const char *name, char **out)
{
    const char *text = nh_conf_str(c, name);

    if (*text != '/')
        return nh_conf_bad(
            c, name, r->problem, "'%s': \"%.64s\" does not begin with \"/\"", name, text);
    return inv_str(r, c, name, out);
}
