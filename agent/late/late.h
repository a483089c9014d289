/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * late.h - libraries that are loaded when somebody first calls into them
 *
 * libcurl brings thirty libraries along, whose tables are private memory of each process:
 * a third of an agent. Most agents ask no web page, so it is not linked into nhip-agent.
 * The files here define its functions that libnhip calls; each finds the real one at its
 * first call. libnhip knows nothing of it, and the collector links libcurl as usual.
 *
 * A library that is missing is said once in the log; its functions then fail as they do
 * when memory is short: the check is refused, the others run.
 */
#ifndef AGENT_LATE_H
#define AGENT_LATE_H

struct late_library {
    const char *soname;
    void *handle;
    int tried;
};

/* The function `name` of the library, NULL: there is none. */
void *late_find(struct late_library *library, const char *name);

/* Set the pointer `real` to the function `name` of `library`, when it is not set. */
#define LATE_FIND(library, name)                                                         \
    static __typeof__(name) *real;                                                       \
    if (real == 0)                                                                       \
    *(void **)&real = late_find(&(library), #name)

/* A function of the library that answers `otherwise` when it cannot be loaded. */
#define LATE(library, type, name, params, args, otherwise)                               \
    type name params                                                                     \
    {                                                                                    \
        LATE_FIND(library, name);                                                        \
        return real != 0 ? real args : (otherwise);                                      \
    }
#define LATE_VOID(library, name, params, args)                                           \
    void name params                                                                     \
    {                                                                                    \
        LATE_FIND(library, name);                                                        \
        if (real != 0)                                                                   \
            real args;                                                                   \
    }

#endif
