/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - the errors that libnhip returns
 *
 * A fallible function returns NH_OK or one of these; values leave by out parameters,
 * which stay untouched or become NULL on failure. Where errno says more (NH_EIO,
 * NH_ENOSPC) it is kept. An error is returned or logged, never both: the layer that
 * decides what happens next logs.
 */
#ifndef NH_ERR_H
#define NH_ERR_H

#include <stddef.h>

#define NH_MUST_CHECK __attribute__((warn_unused_result))
#define NH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NH_COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum nh_err {
    NH_OK = 0,
    NH_EAGAIN = -1,    /* not yet: call again when more has come */
    NH_ENOMEM = -2,    /* out of memory, or over a bound given at birth */
    NH_EIO = -3,       /* the system said no: see errno */
    NH_ENOSPC = -4,    /* no space left where it was to be written */
    NH_EFORMAT = -5,   /* bytes that do not follow their format */
    NH_ETOOBIG = -6,   /* over a named limit */
    NH_EEMPTY = -7,    /* nothing there (any more) */
    NH_EINVAL = -8,    /* an argument or a value makes no sense */
    NH_ENOTFOUND = -9, /* no such thing */
    NH_EEXIST = -10,   /* there is one already */
    NH_ELOCKED = -11,  /* another process has it */
    NH_ETIMEOUT = -12, /* the deadline passed */
    NH_ECLOSED = -13,  /* the other side is gone */
    NH_EAUTH = -14,    /* not who it says, or not allowed */
    NH_ECONF =
        -15, /* configuration refused; the reason has been reported with file:line */
    NH_EGAP = -16, /* what was asked for is lost; the hole is described beside it */
};

/* A short English phrase for `err`, never NULL, static. */
const char *nh_strerror(enum nh_err err);

#endif
