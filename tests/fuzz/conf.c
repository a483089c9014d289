/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a configuration file: loaded or refused with a place, never a crash. */
#include "libnhip/conf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct nh_conf_row inner[] = {
    { .name = "n", .type = NH_CONF_INT, .def = "1", .min = 0, .max = 9, .help = "" },
    { .name = "f", .type = NH_CONF_FLOAT, .def = "1.5", .help = "" },
    { .name = "d", .type = NH_CONF_DURATION, .def = "1s", .unit = "s", .help = "" },
    { .name = "l", .type = NH_CONF_LIST, .def = "x", .help = "" },
    { .name = NULL },
};
static const struct nh_conf_row outer[] = {
    { .name = "s", .type = NH_CONF_STRING, .help = "" },
    { .name = "b", .type = NH_CONF_BOOL, .def = "no", .help = "" },
    { .name = "in", .type = NH_CONF_TITLED, .rows = inner, .help = "" },
    { .name = NULL },
};
static const struct nh_conf_row schema[] = {
    { .name = "s", .type = NH_CONF_STRING, .def = "", .help = "" },
    { .name = "one", .type = NH_CONF_SECTION, .rows = inner, .help = "" },
    { .name = "out", .type = NH_CONF_TITLED, .rows = outer, .help = "" },
    { .name = NULL },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_conf_problem problem;
    struct nh_conf *c = NULL;
    char path[64];
    int fd;

    /* Files of this machine are no input. */
    if (size > 65536 || memmem(data, size, "include", 7) != NULL)
        return 0;
    fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (nh_conf_load(&c, path, schema, &problem) != NH_OK &&
        (c != NULL || strncmp(problem.text, path, strlen(path)) != 0))
        abort();
    if (c != NULL && strlen(nh_conf_str(c, "s")) > 1024)
        abort();
    nh_conf_free(c);
    close(fd);
    return 0;
}
