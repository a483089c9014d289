/* SPDX-License-Identifier: GPL-3.0-or-later */
/* late.c - load a library, once, and find its functions */
#include "agent/late/late.h"
#include "libnhip/log.h"
#include <dlfcn.h>
#include <stddef.h>

void *
late_find(struct late_library *library, const char *name)
{
    void *at;

    if (!library->tried) {
        library->tried = 1;
        library->handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
        if (library->handle == NULL)
            nh_log(NH_LOG_ERROR, "%s: checks that need it do not run", dlerror());
    }
    if (library->handle == NULL)
        return NULL;
    at = dlsym(library->handle, name);
    if (at == NULL)
        nh_log_limited(NH_LOG_ERROR, "%s: has no function %s", library->soname, name);
    return at;
}
