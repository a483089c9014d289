/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_credentials.c - a short list, wiped when it goes */
#include "libnhip/snmp_credentials.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct named {
    struct named *next;
    char *name;
    uint32_t serial;
    bool marked; /* not named since the last mark */
    struct nh_snmp_credential credential;
};

static struct named *list;
static uint32_t last_serial;

static struct named *
find(const char *name)
{
    for (struct named *n = list; n != NULL; n = n->next)
        if (strcmp(n->name, name) == 0)
            return n;
    return NULL;
}

static bool
is_same(const struct nh_snmp_credential *a, const struct nh_snmp_credential *b)
{
    return a->version == b->version && a->level == b->level &&
           strcmp(a->community, b->community) == 0 && strcmp(a->user, b->user) == 0 &&
           strcmp(a->auth, b->auth) == 0 && strcmp(a->priv, b->priv) == 0 &&
           strcmp(a->auth_secret, b->auth_secret) == 0 &&
           strcmp(a->priv_secret, b->priv_secret) == 0;
}

/* Keep a copy of `c` as `name`, in the place of one of that name. */
static enum nh_err
put(const char *name, const struct nh_snmp_credential *c)
{
    struct named *n = find(name);

    if (n == NULL) {
        n = calloc(1, sizeof(*n));
        if (n == NULL || (n->name = strdup(name)) == NULL) {
            free(n);
            return NH_ENOMEM;
        }
        n->next = list;
        list = n;
    }
    n->marked = false;
    if (n->serial != 0 && is_same(&n->credential, c))
        return NH_OK;
    n->credential = *c;
    n->serial = ++last_serial;
    return NH_OK;
}

const struct nh_snmp_credential *
nh_snmp_credentials_get(const char *name, uint32_t *serial)
{
    const struct named *n = find(name);

    if (n != NULL && serial != NULL)
        *serial = n->serial;
    return n != NULL ? &n->credential : NULL;
}

void
nh_snmp_credentials_mark(void)
{
    for (struct named *n = list; n != NULL; n = n->next)
        n->marked = true;
}

void
nh_snmp_credentials_sweep(void)
{
    for (struct named **at = &list; *at != NULL;) {
        struct named *n = *at;

        if (!n->marked) {
            at = &n->next;
            continue;
        }
        *at = n->next;
        nh_snmp_credential_wipe(&n->credential);
        free(n->name);
        free(n);
    }
}

/* The first line of the file `path`. */
static enum nh_err
read_first_line(const char *path, char out[NH_SNMP_SECRET_MAX])
{
    char text[NH_SNMP_SECRET_MAX + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum nh_err err = NH_OK;
    struct stat st;
    ssize_t got;
    size_t len;

    out[0] = '\0';
    if (fd < 0)
        return NH_EIO;
    got = fstat(fd, &st) == 0 ? read(fd, text, sizeof(text) - 1) : -1;
    close(fd);
    if (got < 0)
        return NH_EIO;
    text[got] = '\0';
    len = strcspn(text, "\r\n");
    if ((st.st_mode & 077) != 0)
        err = NH_EAUTH;
    else if (len == 0)
        err = NH_EEMPTY;
    else if (len >= NH_SNMP_SECRET_MAX)
        err = NH_ETOOBIG;
    else
        memcpy(out, text, len);
    if (err == NH_OK)
        out[len] = '\0';
    explicit_bzero(text, sizeof(text));
    return err;
}

static enum nh_err
read_secret(const char *path, char out[NH_SNMP_SECRET_MAX], char why[256])
{
    enum nh_err err = read_first_line(path, out);

    if (err == NH_EIO)
        snprintf(why, 256, "%.160s: %s", path, strerror(errno));
    else if (err == NH_EAUTH)
        snprintf(why, 256, "%.160s: others may read it: mode 0600 is wanted", path);
    else if (err != NH_OK)
        snprintf(why, 256, "%.160s: a secret is one line of 1 to %d bytes", path,
            NH_SNMP_SECRET_MAX - 1);
    return err;
}

enum nh_err
nh_snmp_credential_read(
    const struct nh_snmp_files *f, struct nh_snmp_credential *out, char why[256])
{
    static const char *const levels[] = { "noAuthNoPriv", "authNoPriv", "authPriv" };
    enum nh_err err = NH_OK;
    size_t level = 0;

    *out = (struct nh_snmp_credential){ .version = f->version };
    why[0] = '\0';
    if (f->version != 3)
        return read_secret(f->community_file, out->community, why);
    while (level < NH_COUNT(levels) && strcmp(levels[level], f->level) != 0)
        level++;
    if (level == NH_COUNT(levels) || *f->user == '\0' ||
        strlen(f->user) >= sizeof(out->user) || strlen(f->auth) >= sizeof(out->auth) ||
        strlen(f->priv) >= sizeof(out->priv)) {
        snprintf(why, 256,
            "version 3 wants a user of 1 to 32 bytes and a level of "
            "noAuthNoPriv, authNoPriv or authPriv");
        return NH_EINVAL;
    }
    out->level = (enum nh_snmp_level)level;
    snprintf(out->user, sizeof(out->user), "%s", f->user);
    snprintf(out->auth, sizeof(out->auth), "%s", f->auth);
    snprintf(out->priv, sizeof(out->priv), "%s", f->priv);
    if (out->level != NH_SNMP_NOAUTH)
        err = read_secret(f->auth_key_file, out->auth_secret, why);
    if (err == NH_OK && out->level == NH_SNMP_PRIV)
        err = read_secret(f->priv_key_file, out->priv_secret, why);
    return err;
}

enum nh_err
nh_snmp_credentials_load(const char *name, const struct nh_snmp_files *f, char why[256])
{
    struct named *before = find(name);
    struct nh_snmp_credential c;
    enum nh_err err = nh_snmp_credential_read(f, &c, why);

    if (before != NULL)
        before->marked = false;
    if (err == NH_OK && (err = put(name, &c)) != NH_OK)
        snprintf(why, 256, "%s", nh_strerror(err));
    nh_snmp_credential_wipe(&c);
    return err;
}
