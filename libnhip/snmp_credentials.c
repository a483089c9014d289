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
    struct nh_snmp_credential credential;
};

static struct named *list;

static struct named *
find(const char *name)
{
    for (struct named *n = list; n != NULL; n = n->next)
        if (strcmp(n->name, name) == 0)
            return n;
    return NULL;
}

enum nh_err
nh_snmp_credentials_put(const char *name, const struct nh_snmp_credential *c)
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
    n->credential = *c;
    return NH_OK;
}

const struct nh_snmp_credential *
nh_snmp_credentials_get(const char *name)
{
    const struct named *n = find(name);

    return n != NULL ? &n->credential : NULL;
}

void
nh_snmp_credentials_clear(void)
{
    while (list != NULL) {
        struct named *n = list;

        list = n->next;
        nh_snmp_credential_wipe(&n->credential);
        free(n->name);
        free(n);
    }
}

enum nh_err
nh_snmp_secret_read(const char *path, char out[NH_SNMP_SECRET_MAX])
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
