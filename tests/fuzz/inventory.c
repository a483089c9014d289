/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* Any bytes as nhip.conf: an inventory whose checks can be walked, or a place and a
 * reason. */
#include "collector/inventory.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_check(void *arg, const struct inv_check *check)
{
    (void)arg;
    if (check->kind == NULL || check->id[0] == '\0' || check->every_ms == 0)
        abort();
}

static void
on_assignment(void *arg, const struct nh_assignment *a)
{
    (void)arg;
    if (a->check[0] == '\0' || nh_kind_find(a->kind) == NULL ||
        a->params[strlen(a->params) - 1] != '\n')
        abort();
}

static void
drop_line(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;
    char path[64];
    int fd;

    /* Files of this machine are no input. */
    if (size > 65536 || memmem(data, size, "include", 7) != NULL)
        return 0;
    nh_log_capture(drop_line, NULL);
    fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (inventory_load(&inv, path, &problem) != NH_OK &&
        (inv != NULL || strncmp(problem.text, path, strlen(path)) != 0))
        abort();
    if (inv != NULL) {
        inventory_checks(inv, on_check, NULL);
        inventory_assign(inv, NULL, on_assignment, NULL);
        for (size_t i = 0; i < inv->site_count; i++)
            inventory_assign(inv, &inv->sites[i], on_assignment, NULL);
    }
    inventory_free(inv);
    close(fd);
    return 0;
}
